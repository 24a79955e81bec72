/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "fixture.h"
#include "store/hooks.h"
#include "tap.h"

#include <string.h>

static void
what_was_committed_is_there_after_closing(void)
{
    struct fixture f;
    struct store *store;

    fixture_init(&f, 300, 10);
    fixture_fill(&f, 5);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    CU_ASSERT(fixture_is_whole(&f, store, 50, 50));
    store_close(&store);
    CU_ASSERT_PTR_NULL(store);
    fixture_release(&f);
}

static void
an_acknowledged_batch_survives_an_abrupt_end(void)
{
    uint64_t batches = 7;
    struct fixture f;
    struct store *store;

    fixture_init(&f, 300, 10);
    CU_ASSERT_EQUAL(fixture_child(&f, fixture_run_batches, &batches), 0);
    CU_ASSERT_EQUAL(f.report->acknowledged, 70);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    CU_ASSERT(fixture_is_whole(&f, store, 70, 70));
    store_close(&store);
    fixture_release(&f);
}

static void
an_empty_store_has_no_head_and_no_rows(void)
{
    uint8_t tile[STORE_TILE_BYTES], hash[STORE_HASH_BYTES] = {0};
    struct fixture f;
    struct store *store;
    struct store_head head;
    struct buf bytes;

    fixture_init(&f, 300, 10);
    buf_init(&bytes, 100);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    CU_ASSERT_EQUAL(store_read_head(store, &head), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(store_read_record(store, 0, &bytes), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(store_read_tile(store, 0, 0, tile), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(store_read_blob(store, hash, &bytes), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(store_read_head_file(store, &bytes), ERR_NOT_FOUND);
    store_close(&store);
    buf_release(&bytes);
    fixture_release(&f);
}

static void
batches_of_1_to_256_large_records_fit(void)
{
    struct fixture f;
    struct store *store;
    uint64_t size = 0;

    fixture_init(&f, 16 << 10, 1);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    for (size_t count = 1; count <= 256; count *= 2) {
        CU_ASSERT_EQUAL(fixture_commit(&f, store, size, count), ERR_OK);
        size += count;
    }
    CU_ASSERT_EQUAL(size, 511);
    CU_ASSERT(fixture_is_whole(&f, store, size, size));
    store_close(&store);
    fixture_release(&f);
}

/* Memory for a value of every kind of row that a batch may carry. */
struct others {
    struct store_account account;
    struct store_cert cert;
    uint8_t hashes[STORE_TILE_BYTES];
    struct store_blob blob;
    unsigned seen;
};

static bool
see_account(void *context, const struct store_account *row)
{
    struct others *o = context;

    CU_ASSERT_EQUAL(memcmp(row, &o->account, sizeof(*row)), 0);
    o->seen++;
    return true;
}

static bool
see_cert(void *context, const struct store_cert *row)
{
    struct others *o = context;

    CU_ASSERT_EQUAL(memcmp(row, &o->cert, sizeof(*row)), 0);
    o->seen++;
    return true;
}

static bool
see_text(void *context, uint64_t number, const void *bytes, size_t size)
{
    struct others *o = context;

    CU_ASSERT_EQUAL(number, 9);
    CU_ASSERT(size == 5 && memcmp(bytes, "title", 5) == 0);
    o->seen++;
    return true;
}

static bool
see_blob(void *context, const uint8_t hash[STORE_HASH_BYTES], const void *bytes,
         size_t size)
{
    struct others *o = context;

    CU_ASSERT_EQUAL(memcmp(hash, o->blob.hash, STORE_HASH_BYTES), 0);
    CU_ASSERT(size == o->blob.size && memcmp(bytes, o->blob.bytes, size) == 0);
    o->seen++;
    return true;
}

static void
fill_others(struct others *o, const void *blob, size_t blob_size)
{
    memset(o, 0, sizeof(*o));
    o->account.uid = UINT64_MAX;
    memset(o->account.name, 'n', STORE_NAME_BYTES - 1);
    o->account.limit = money_of(INT64_MAX);
    o->cert.uid = 17;
    memset(o->cert.fp, 0xfe, sizeof(o->cert.fp));
    for (size_t i = 0; i < sizeof(o->hashes); i++)
        o->hashes[i] = (uint8_t)(i * 7);
    memset(o->blob.hash, 0xab, sizeof(o->blob.hash));
    o->blob.bytes = blob;
    o->blob.size = blob_size;
}

static void
see_others(struct store *store, struct others *o)
{
    uint8_t hashes[STORE_TILE_BYTES];
    struct buf bytes;

    buf_init(&bytes, o->blob.size);
    CU_ASSERT_EQUAL(store_each_account(store, see_account, o), ERR_OK);
    CU_ASSERT_EQUAL(store_each_cert(store, see_cert, o), ERR_OK);
    CU_ASSERT_EQUAL(store_each_text(store, see_text, o), ERR_OK);
    CU_ASSERT_EQUAL(store_each_blob(store, see_blob, o), ERR_OK);
    CU_ASSERT_EQUAL(o->seen, 4);
    CU_ASSERT_EQUAL(store_read_tile(store, 2, UINT64_MAX, hashes), ERR_OK);
    CU_ASSERT_EQUAL(memcmp(hashes, o->hashes, sizeof(hashes)), 0);
    CU_ASSERT_EQUAL(store_read_tile(store, 1, UINT64_MAX, hashes),
                    ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(store_read_blob(store, o->blob.hash, &bytes), ERR_OK);
    CU_ASSERT_EQUAL(bytes.size, o->blob.size);
    buf_release(&bytes);
}

static void
every_kind_of_row_comes_back(void)
{
    static char blob[400000];
    struct fixture f;
    struct store *store;
    struct others o;
    struct store_head head = {.size = 0, .tx = UINT64_MAX};
    const struct store_account *accounts[] = {&o.account};
    struct store_bytes text = {9, "title", 5};
    struct store_tile tile = {2, UINT64_MAX, o.hashes};
    struct store_batch batch = {.head = &head,
                                .accounts = accounts,
                                .account_count = 1,
                                .certs = &o.cert,
                                .cert_count = 1,
                                .texts = &text,
                                .text_count = 1,
                                .blobs = &o.blob,
                                .blob_count = 1,
                                .tiles = &tile,
                                .tile_count = 1};

    fixture_init(&f, 300, 1);
    fill_others(&o, blob, sizeof(blob));
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    CU_ASSERT_EQUAL(store_commit(store, &batch), ERR_OK);
    store_close(&store);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    see_others(store, &o);
    store_close(&store);
    fixture_release(&f);
}

static bool
stop_at_third(void *context, uint64_t seq, const void *bytes, size_t size)
{
    (void)bytes, (void)size;
    ++*(unsigned *)context;
    return seq < 2;
}

static void
a_walk_ends_at_its_bound_or_when_the_visitor_says(void)
{
    struct fixture f;
    struct store *store;
    unsigned seen = 0;

    fixture_init(&f, 300, 10);
    fixture_fill(&f, 1);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    CU_ASSERT_EQUAL(store_each_record(store, 0, 10, stop_at_third, &seen),
                    ERR_OK);
    CU_ASSERT_EQUAL(seen, 3);
    seen = 0;
    CU_ASSERT_EQUAL(store_each_record(store, 0, 2, stop_at_third, &seen),
                    ERR_OK);
    CU_ASSERT_EQUAL(seen, 2);
    seen = 0;
    CU_ASSERT_EQUAL(store_each_record(store, 5, 5, stop_at_third, &seen),
                    ERR_OK);
    CU_ASSERT_EQUAL(store_each_record(store, 10, 20, stop_at_third, &seen),
                    ERR_OK);
    CU_ASSERT_EQUAL(seen, 0);
    store_close(&store);
    fixture_release(&f);
}

static void
one_batch_is_one_sync(void)
{
    struct fixture f;
    struct store *store;
    long before;

    fixture_init(&f, 300, 64);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    CU_ASSERT_EQUAL(fixture_commit(&f, store, 0, 64), ERR_OK);
    before = hooks_calls(HOOK_SYNC);
    CU_ASSERT_EQUAL(fixture_commit(&f, store, 64, 64), ERR_OK);
    CU_ASSERT_EQUAL(hooks_calls(HOOK_SYNC) - before, 1);
    store_close(&store);
    fixture_release(&f);
}

static void
the_head_file_is_replaced_whole(void)
{
    struct fixture f;
    struct store *store;
    struct buf bytes;

    fixture_init(&f, 300, 10);
    buf_init(&bytes, STORE_CHECKPOINT_BYTES_MAX);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    CU_ASSERT_EQUAL(store_write_head_file(store, "first, and longer\n"),
                    ERR_OK);
    CU_ASSERT_EQUAL(store_write_head_file(store, "second\n"), ERR_OK);
    CU_ASSERT_EQUAL(store_read_head_file(store, &bytes), ERR_OK);
    CU_ASSERT(bytes.size == 7 && memcmp(bytes.bytes, "second\n", 7) == 0);
    store_close(&store);
    buf_release(&bytes);
    fixture_release(&f);
}

SUITE("commit", NULL, NULL, TEST(what_was_committed_is_there_after_closing),
      TEST(an_acknowledged_batch_survives_an_abrupt_end),
      TEST(an_empty_store_has_no_head_and_no_rows),
      TEST(batches_of_1_to_256_large_records_fit),
      TEST(every_kind_of_row_comes_back),
      TEST(a_walk_ends_at_its_bound_or_when_the_visitor_says),
      TEST(one_batch_is_one_sync), TEST(the_head_file_is_replaced_whole))
