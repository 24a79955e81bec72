/* SPDX-License-Identifier: Apache-2.0 */
#include "store/codec.h"

#include "tap.h"

#include <string.h>

enum { ROW_BYTES_MAX = 4096 };

static void
numbers_are_big_endian(void)
{
    static const uint8_t expected[] = {0x01, 0x23, 0x45, 0x67,
                                       0x89, 0xab, 0xcd, 0xef};
    uint8_t bytes[8];

    codec_put_u64(bytes, 0x0123456789abcdefU);
    CU_ASSERT_EQUAL(memcmp(bytes, expected, 8), 0);
    CU_ASSERT_EQUAL(codec_get_u64(bytes), 0x0123456789abcdefU);
}

static void
rows_and_keys_have_the_bytes_worked_out_by_hand(void)
{
    static const uint8_t cert[] = {1, 0, 0, 0, 0, 0, 0, 2, 1};
    static const uint8_t tile[] = {3, 0, 0, 0, 0, 0, 0, 0, 5};
    struct store_cert row = {.uid = 513};
    struct store_request request = {.seq = 7, .size = 8};
    uint8_t bytes[ROW_BYTES_MAX];

    CU_ASSERT_EQUAL(codec_cert(bytes, &row), sizeof(cert));
    CU_ASSERT_EQUAL(memcmp(bytes, cert, sizeof(cert)), 0);
    codec_tile_key(bytes, 3, 5);
    CU_ASSERT_EQUAL(memcmp(bytes, tile, sizeof(tile)), 0);
    memset(request.digest, 0xd1, sizeof(request.digest));
    CU_ASSERT_EQUAL(codec_request(bytes, &request), 49);
    CU_ASSERT(bytes[0] == 1 && bytes[1] == 0xd1 && bytes[32] == 0xd1);
    CU_ASSERT(bytes[33] == 0 && bytes[40] == 7 && bytes[48] == 8);
}

/* A kind of row: reads it into `row`, writes it from there. */
typedef bool read_row(void *row, const uint8_t *bytes, size_t size);
typedef size_t write_row(uint8_t *bytes, const void *row);

static bool
read_lot(void *row, const uint8_t *bytes, size_t size)
{
    return codec_read_lot(row, bytes, size);
}

static size_t
write_lot(uint8_t *bytes, const void *row)
{
    return codec_lot(bytes, row);
}

static bool
read_account(void *row, const uint8_t *bytes, size_t size)
{
    return codec_read_account(row, bytes, size);
}

static size_t
write_account(uint8_t *bytes, const void *row)
{
    return codec_account(bytes, row);
}

static bool
read_head(void *row, const uint8_t *bytes, size_t size)
{
    return codec_read_head(row, bytes, size);
}

static size_t
write_head(uint8_t *bytes, const void *row)
{
    return codec_head(bytes, row);
}

static bool
read_request(void *row, const uint8_t *bytes, size_t size)
{
    return codec_read_request(row, bytes, size);
}

static size_t
write_request(uint8_t *bytes, const void *row)
{
    return codec_request(bytes, row);
}

/**
 * The row survives; no cut, no longer and no newer one is read; and with any
 * byte changed it is refused or reads as a row that is written the same.
 */
static void
check_row(const void *row, void *back, write_row *write, read_row *read)
{
    uint8_t bytes[ROW_BYTES_MAX] = {0}, again[ROW_BYTES_MAX];
    size_t size = write(bytes, row);

    CU_ASSERT_FATAL(size < ROW_BYTES_MAX && read(back, bytes, size));
    CU_ASSERT(write(again, back) == size && memcmp(bytes, again, size) == 0);
    for (size_t cut = 0; cut < size; cut++)
        CU_ASSERT_FALSE(read(back, bytes, cut));
    CU_ASSERT_FALSE(read(back, bytes, size + 1));
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0xff;
        CU_ASSERT(!read(back, bytes, size) ||
                  (i > 0 && write(again, back) == size &&
                   memcmp(bytes, again, size) == 0));
        bytes[i] ^= 0xff;
    }
    bytes[0]++;
    CU_ASSERT_FALSE(read(back, bytes, size));
}

/** Every field at its limit. */
static struct store_lot
largest_lot(void)
{
    struct store_lot row;
    struct rules *rules = &row.lot.rules;

    memset(&row, 0xff, sizeof(row));
    rules->format = FORMAT_ENGLISH;
    memcpy(rules->currency, "EUR", 4);
    rules->start_price = rules->reserve = money_of(MONEY_MAX);
    rules->opens = instant_of(INSTANT_MS_MAX);
    rules->window_ms = INT64_MIN;
    rules->extension_ms = INT64_MAX;
    rules->increment_count = RULES_INCREMENTS_MAX;
    rules->proxy = rules->retraction = rules->signed_only = true;
    rules->is_sealed = rules->is_restricted = true;
    rules->rationing = RATIONING_PRORATA;
    rules->pricing = PRICING_HRB;
    rules->premium_bp = rules->tax_bp = UINT32_MAX;
    row.lot.state = LOT_CANCELLED;
    row.lot.outcome = OUTCOME_UNSOLD_RESERVE_NOT_MET;
    row.lot.buy_now_is_gone = true;
    return row;
}

static void
a_lot_comes_back_with_every_field(void)
{
    struct store_lot row = largest_lot(), back;
    uint8_t bytes[ROW_BYTES_MAX];
    size_t size;

    check_row(&row, &back, write_lot, read_lot);
    size = codec_lot(bytes, &row);
    CU_ASSERT_FATAL(codec_read_lot(&back, bytes, size));
    CU_ASSERT_EQUAL(back.lot.id, UINT64_MAX);
    CU_ASSERT_EQUAL(back.lot.rules.increments[31].step.minor, -1);
    CU_ASSERT_EQUAL(back.lot.rules.window_ms, INT64_MIN);
    CU_ASSERT_EQUAL(back.lot.rules.tax_bp, UINT32_MAX);
    CU_ASSERT_EQUAL(back.lot.state, LOT_CANCELLED);
    CU_ASSERT(back.lot.rules.is_restricted && back.lot.rules.signed_only);
    CU_ASSERT_EQUAL(back.lot.overdue, UINT32_MAX);
    CU_ASSERT_EQUAL(back.lot.rules.relist_of, UINT64_MAX);
    CU_ASSERT_EQUAL(memcmp(back.alias_salt, row.alias_salt, 16), 0);
    CU_ASSERT_EQUAL(back.seq, UINT64_MAX);
    row.lot.rules.increment_count = 0;
    check_row(&row, &back, write_lot, read_lot);
}

static void
an_account_comes_back_with_every_field(void)
{
    struct store_account row = {.uid = UINT64_MAX,
                                .role = UINT32_MAX,
                                .limit = {INT64_MAX},
                                .blocked = true,
                                .strikes = UINT32_MAX,
                                .useq = UINT64_MAX},
                         back;

    check_row(&row, &back, write_account, read_account); /* empty name */
    memset(row.name, 'n', STORE_NAME_BYTES - 1);
    check_row(&row, &back, write_account, read_account);
}

static void
a_head_comes_back_with_every_field(void)
{
    static struct store_head row, back;

    row = (struct store_head){.size = UINT64_MAX, .t = {INT64_MIN}};
    memset(row.checkpoint, 'c', STORE_CHECKPOINT_BYTES_MAX - 1);
    check_row(&row, &back, write_head, read_head);
}

static void
a_request_comes_back_with_every_field(void)
{
    struct store_request row = {.seq = UINT64_MAX, .size = 1}, back;

    memset(row.digest, 0x5a, sizeof(row.digest));
    check_row(&row, &back, write_request, read_request);
}

static void
keys_sort_as_their_numbers_do(void)
{
    static const uint64_t numbers[] = {
        0, 1, 255, 256, 1 << 24, UINT32_MAX, 1ULL << 32, UINT64_MAX};
    uint8_t lower[8], higher[8];

    for (size_t i = 0; i + 1 < sizeof(numbers) / sizeof(numbers[0]); i++) {
        codec_put_u64(lower, numbers[i]);
        codec_put_u64(higher, numbers[i + 1]);
        CU_ASSERT(memcmp(lower, higher, 8) < 0);
    }
}

SUITE("codec", NULL, NULL, TEST(numbers_are_big_endian),
      TEST(rows_and_keys_have_the_bytes_worked_out_by_hand),
      TEST(a_lot_comes_back_with_every_field),
      TEST(an_account_comes_back_with_every_field),
      TEST(a_head_comes_back_with_every_field),
      TEST(a_request_comes_back_with_every_field),
      TEST(keys_sort_as_their_numbers_do))
