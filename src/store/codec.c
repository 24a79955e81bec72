/* SPDX-License-Identifier: Apache-2.0 */
#include "store/codec.h"

#include <string.h>

/* Of auctions and their entries; the directory's format goes up with it. */
enum { ROW_VERSION = 1, LOT_ROW_VERSION = 2 };

/* ---------------------------------------------------------------- cursors */

struct writer {
    uint8_t *at;
    uint8_t *end;
};

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool is_broken; /* latches; reads then give zeros */
};

static void
put_bytes(struct writer *w, const void *bytes, size_t size)
{
    CHECK((size_t)(w->end - w->at) >= size);
    memcpy(w->at, bytes, size);
    w->at += size;
}

static void
put_u8(struct writer *w, unsigned value)
{
    uint8_t byte = (uint8_t)value;

    CHECK(value <= UINT8_MAX);
    put_bytes(w, &byte, 1);
}

static void
put_u64(struct writer *w, uint64_t value)
{
    uint8_t bytes[8];

    codec_put_u64(bytes, value);
    put_bytes(w, bytes, sizeof(bytes));
}

static void
put_i64(struct writer *w, int64_t value)
{
    put_u64(w, (uint64_t)value);
}

static void
get_bytes(struct reader *r, void *out, size_t size)
{
    if (r->is_broken || (size_t)(r->end - r->at) < size) {
        r->is_broken = true;
        memset(out, 0, size);
        return;
    }
    memcpy(out, r->at, size);
    r->at += size;
}

/** A byte below `count`. */
static unsigned
get_u8(struct reader *r, unsigned count)
{
    uint8_t byte;

    get_bytes(r, &byte, 1);
    if (byte < count)
        return byte;
    r->is_broken = true;
    return 0;
}

static bool
get_flag(struct reader *r)
{
    return get_u8(r, 2) == 1;
}

static uint64_t
get_u64(struct reader *r)
{
    uint8_t bytes[8];

    get_bytes(r, bytes, sizeof(bytes));
    return codec_get_u64(bytes);
}

/** A number of 64 bits that must fit into 32. */
static uint32_t
get_u32(struct reader *r)
{
    uint64_t value = get_u64(r);

    if (value <= UINT32_MAX)
        return (uint32_t)value;
    r->is_broken = true;
    return 0;
}

static int64_t
get_i64(struct reader *r)
{
    return (int64_t)get_u64(r);
}

static struct money
get_money(struct reader *r)
{
    return money_of(get_i64(r));
}

static struct instant
get_instant(struct reader *r)
{
    return instant_of(get_i64(r));
}

static struct reader
begin_row_of(unsigned version, const uint8_t *bytes, size_t size)
{
    struct reader r = {bytes, bytes + size, false};

    if (get_u8(&r, UINT8_MAX) != version)
        r.is_broken = true;
    return r;
}

static struct reader
begin_row(const uint8_t *bytes, size_t size)
{
    return begin_row_of(ROW_VERSION, bytes, size);
}

static bool
end_row(const struct reader *r)
{
    return !r->is_broken && r->at == r->end;
}

void
codec_put_u64(uint8_t out[8], uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (56 - 8 * i));
}

uint64_t
codec_get_u64(const uint8_t in[8])
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | in[i];
    return value;
}

/* --------------------------------------------------------------------- lot */

static void
put_increments(struct writer *w, const struct rules *rules)
{
    CHECK(rules->increment_count <= RULES_INCREMENTS_MAX);
    put_u8(w, (unsigned)rules->increment_count);
    for (size_t i = 0; i < rules->increment_count; i++) {
        put_i64(w, rules->increments[i].from.minor);
        put_i64(w, rules->increments[i].step.minor);
    }
}

static void
put_rules(struct writer *w, const struct rules *rules)
{
    put_u8(w, rules->format);
    put_bytes(w, rules->currency, RULES_CURRENCY_BYTES);
    put_i64(w, rules->start_price.minor);
    put_i64(w, rules->reserve.minor);
    put_i64(w, rules->buy_now.minor);
    put_i64(w, rules->opens.ms);
    put_i64(w, rules->closes.ms);
    put_i64(w, rules->hard_end.ms);
    put_i64(w, rules->window_ms);
    put_i64(w, rules->extension_ms);
    put_increments(w, rules);
    put_u8(w, rules->proxy);
    put_u8(w, rules->retraction);
    put_u8(w, rules->signed_only);
    put_u64(w, rules->quantity);
    put_i64(w, rules->floor.minor);
    put_i64(w, rules->drop.minor);
    put_i64(w, rules->interval_ms);
    put_i64(w, rules->reveal_ends.ms);
    put_i64(w, rules->bond.minor);
    put_u8(w, rules->rationing);
    put_u8(w, rules->pricing);
    put_u8(w, rules->is_sealed);
    put_i64(w, rules->withdraw_until.ms);
    put_u8(w, rules->is_restricted);
    put_u64(w, rules->relist_of);
    put_u64(w, rules->premium_bp);
    put_u64(w, rules->tax_bp);
    put_i64(w, rules->pay_within_ms);
    put_i64(w, rules->outage_grace_ms);
}

static void
get_increments(struct reader *r, struct rules *rules)
{
    rules->increment_count = get_u8(r, RULES_INCREMENTS_MAX + 1);
    for (size_t i = 0; i < rules->increment_count; i++) {
        rules->increments[i].from = get_money(r);
        rules->increments[i].step = get_money(r);
    }
}

static void
get_rules(struct reader *r, struct rules *rules)
{
    rules->format = (enum format_id)get_u8(r, FORMAT_COUNT);
    get_bytes(r, rules->currency, RULES_CURRENCY_BYTES);
    rules->start_price = get_money(r);
    rules->reserve = get_money(r);
    rules->buy_now = get_money(r);
    rules->opens = get_instant(r);
    rules->closes = get_instant(r);
    rules->hard_end = get_instant(r);
    rules->window_ms = get_i64(r);
    rules->extension_ms = get_i64(r);
    get_increments(r, rules);
    rules->proxy = get_flag(r);
    rules->retraction = get_flag(r);
    rules->signed_only = get_flag(r);
    rules->quantity = get_u64(r);
    rules->floor = get_money(r);
    rules->drop = get_money(r);
    rules->interval_ms = get_i64(r);
    rules->reveal_ends = get_instant(r);
    rules->bond = get_money(r);
    rules->rationing = (enum rationing)get_u8(r, RATIONING_PRORATA + 1);
    rules->pricing = (enum pricing)get_u8(r, PRICING_HRB + 1);
    rules->is_sealed = get_flag(r);
    rules->withdraw_until = get_instant(r);
    rules->is_restricted = get_flag(r);
    rules->relist_of = get_u64(r);
    rules->premium_bp = get_u32(r);
    rules->tax_bp = get_u32(r);
    rules->pay_within_ms = get_i64(r);
    rules->outage_grace_ms = get_i64(r);
}

static void
put_state(struct writer *w, const struct lot *lot)
{
    put_u8(w, lot->state);
    put_u64(w, lot->version);
    put_bytes(w, lot->reserve_nonce, LOT_NONCE_BYTES);
    put_i64(w, lot->published.ms);
    put_i64(w, lot->closes.ms);
    put_i64(w, lot->reveal_ends.ms);
    put_i64(w, lot->hard_end.ms);
    put_i64(w, lot->ended.ms);
    put_u64(w, lot->leader);
    put_i64(w, lot->maximum.minor);
    put_i64(w, lot->price.minor);
    put_u64(w, lot->bid_count);
    put_u8(w, lot->buy_now_is_gone);
    put_u8(w, lot->outcome);
    put_u64(w, lot->sold);
    put_u64(w, lot->due_first);
    put_u64(w, lot->due_count);
    put_u64(w, lot->awards);
    put_u64(w, lot->awards_unpaid);
    put_u64(w, lot->awards_paid);
    put_u64(w, lot->forfeits_unpaid);
    put_u64(w, lot->invoiced);
    put_u64(w, lot->overdue);
}

static void
get_state(struct reader *r, struct lot *lot)
{
    lot->state = (enum lot_state)get_u8(r, LOT_CANCELLED + 1);
    lot->version = get_u64(r);
    get_bytes(r, lot->reserve_nonce, LOT_NONCE_BYTES);
    lot->published = get_instant(r);
    lot->closes = get_instant(r);
    lot->reveal_ends = get_instant(r);
    lot->hard_end = get_instant(r);
    lot->ended = get_instant(r);
    lot->leader = get_u64(r);
    lot->maximum = get_money(r);
    lot->price = get_money(r);
    lot->bid_count = get_u64(r);
    lot->buy_now_is_gone = get_flag(r);
    lot->outcome = (enum outcome)get_u8(r, OUTCOME_UNSOLD_RESERVE_NOT_MET + 1);
    lot->sold = get_u64(r);
    lot->due_first = get_u32(r);
    lot->due_count = get_u32(r);
    lot->awards = get_u32(r);
    lot->awards_unpaid = get_u32(r);
    lot->awards_paid = get_u32(r);
    lot->forfeits_unpaid = get_u32(r);
    lot->invoiced = get_u32(r);
    lot->overdue = get_u32(r);
}

size_t
codec_lot(uint8_t *out, const struct store_lot *row)
{
    struct writer w = {out, out + CODEC_LOT_BYTES_MAX};

    put_u8(&w, LOT_ROW_VERSION);
    put_u64(&w, row->lot.id);
    put_u64(&w, row->lot.seller);
    put_rules(&w, &row->lot.rules);
    put_state(&w, &row->lot);
    put_bytes(&w, row->terms, STORE_HASH_BYTES);
    put_bytes(&w, row->alias_salt, STORE_SALT_BYTES);
    put_u64(&w, row->aseq);
    put_u64(&w, row->seq);
    return (size_t)(w.at - out);
}

bool
codec_read_lot(struct store_lot *out, const uint8_t *bytes, size_t size)
{
    struct reader r = begin_row_of(LOT_ROW_VERSION, bytes, size);

    memset(out, 0, sizeof(*out));
    out->lot.id = get_u64(&r);
    out->lot.seller = get_u64(&r);
    get_rules(&r, &out->lot.rules);
    get_state(&r, &out->lot);
    get_bytes(&r, out->terms, STORE_HASH_BYTES);
    get_bytes(&r, out->alias_salt, STORE_SALT_BYTES);
    out->aseq = get_u64(&r);
    out->seq = get_u64(&r);
    return end_row(&r) && out->lot.rules.currency[3] == '\0';
}

/* ----------------------------------------------------------------- entries */

size_t
codec_entry(uint8_t *out, const struct entry *entry)
{
    struct writer w = {out, out + CODEC_ENTRY_BYTES};

    put_u8(&w, LOT_ROW_VERSION);
    put_u8(&w, entry->kind);
    put_u8(&w, entry->state);
    put_u64(&w, entry->id);
    put_u64(&w, entry->user);
    put_u64(&w, entry->quantity);
    put_i64(&w, entry->amount.minor);
    put_i64(&w, entry->cap.minor);
    put_u64(&w, entry->invoice);
    put_u64(&w, entry->credit_note);
    put_bytes(&w, entry->c, BOOK_C_BYTES);
    return (size_t)(w.at - out);
}

bool
codec_read_entry(struct entry *out, const uint8_t *bytes, size_t size)
{
    struct reader r = begin_row_of(LOT_ROW_VERSION, bytes, size);

    memset(out, 0, sizeof(*out));
    out->kind = (enum entry_kind)get_u8(&r, ENTRY_FORFEIT + 1);
    out->state = (enum entry_state)get_u8(&r, ENTRY_CREDITED + 1);
    out->id = get_u64(&r);
    out->user = get_u64(&r);
    out->quantity = get_u64(&r);
    out->amount = get_money(&r);
    out->cap = get_money(&r);
    out->invoice = get_u64(&r);
    out->credit_note = get_u64(&r);
    get_bytes(&r, out->c, BOOK_C_BYTES);
    return end_row(&r) && out->user != 0;
}

void
codec_entry_key(uint8_t *out, uint64_t auction, uint32_t place)
{
    codec_put_u64(out, auction);
    for (int i = 0; i < 4; i++)
        out[8 + i] = (uint8_t)(place >> (24 - 8 * i));
}

bool
codec_read_entry_key(const uint8_t *bytes, size_t size, uint64_t *auction_out,
                     uint32_t *place_out)
{
    if (size != CODEC_ENTRY_KEY_BYTES)
        return false;
    *auction_out = codec_get_u64(bytes);
    *place_out = 0;
    for (int i = 0; i < 4; i++)
        *place_out = *place_out << 8 | bytes[8 + i];
    return true;
}

/* ------------------------------------------------------------- other rows */

static void
put_text(struct writer *w, const char *text, size_t bytes_max)
{
    size_t size = strnlen(text, bytes_max);

    CHECK(size < bytes_max);
    put_u64(w, size);
    put_bytes(w, text, size);
}

static void
get_text(struct reader *r, char *out, size_t bytes_max)
{
    uint64_t size = get_u64(r);

    if (size >= bytes_max) {
        r->is_broken = true;
        size = 0;
    }
    get_bytes(r, out, (size_t)size);
    out[size] = '\0';
}

size_t
codec_account(uint8_t *out, const struct store_account *row)
{
    struct writer w = {out, out + CODEC_ACCOUNT_BYTES_MAX};

    put_u8(&w, ROW_VERSION);
    put_u64(&w, row->uid);
    put_text(&w, row->name, STORE_NAME_BYTES);
    put_u64(&w, row->role);
    put_i64(&w, row->limit.minor);
    put_u8(&w, row->blocked);
    put_u64(&w, row->strikes);
    put_u64(&w, row->useq);
    return (size_t)(w.at - out);
}

bool
codec_read_account(struct store_account *out, const uint8_t *bytes, size_t size)
{
    struct reader r = begin_row(bytes, size);

    memset(out, 0, sizeof(*out));
    out->uid = get_u64(&r);
    get_text(&r, out->name, STORE_NAME_BYTES);
    out->role = get_u32(&r);
    out->limit = get_money(&r);
    out->blocked = get_flag(&r);
    out->strikes = get_u32(&r);
    out->useq = get_u64(&r);
    return end_row(&r);
}

size_t
codec_head(uint8_t *out, const struct store_head *head)
{
    struct writer w = {out, out + CODEC_HEAD_BYTES_MAX};

    put_u8(&w, ROW_VERSION);
    put_u64(&w, head->size);
    put_u64(&w, head->tx);
    put_i64(&w, head->t.ms);
    put_u64(&w, head->auction_last);
    put_u64(&w, head->uid_last);
    put_u64(&w, head->invoice_last);
    put_text(&w, head->checkpoint, STORE_CHECKPOINT_BYTES_MAX);
    return (size_t)(w.at - out);
}

bool
codec_read_head(struct store_head *out, const uint8_t *bytes, size_t size)
{
    struct reader r = begin_row(bytes, size);

    memset(out, 0, sizeof(*out));
    out->size = get_u64(&r);
    out->tx = get_u64(&r);
    out->t = get_instant(&r);
    out->auction_last = get_u64(&r);
    out->uid_last = get_u64(&r);
    out->invoice_last = get_u64(&r);
    get_text(&r, out->checkpoint, STORE_CHECKPOINT_BYTES_MAX);
    return end_row(&r);
}

size_t
codec_cert(uint8_t *out, const struct store_cert *row)
{
    struct writer w = {out, out + CODEC_CERT_BYTES};

    put_u8(&w, ROW_VERSION);
    put_u64(&w, row->uid);
    return (size_t)(w.at - out);
}

bool
codec_read_cert(struct store_cert *out, const uint8_t *bytes, size_t size)
{
    struct reader r = begin_row(bytes, size);

    out->uid = get_u64(&r);
    return end_row(&r);
}

size_t
codec_request(uint8_t *out, const struct store_request *row)
{
    struct writer w = {out, out + CODEC_REQUEST_BYTES};

    put_u8(&w, ROW_VERSION);
    put_bytes(&w, row->digest, STORE_HASH_BYTES);
    put_u64(&w, row->seq);
    put_u64(&w, row->size);
    return (size_t)(w.at - out);
}

bool
codec_read_request(struct store_request *out, const uint8_t *bytes, size_t size)
{
    struct reader r = begin_row(bytes, size);

    get_bytes(&r, out->digest, STORE_HASH_BYTES);
    out->seq = get_u64(&r);
    out->size = get_u64(&r);
    return end_row(&r);
}

void
codec_request_key(uint8_t *out, uint64_t uid,
                  const uint8_t request[STORE_REQUEST_BYTES])
{
    codec_put_u64(out, uid);
    memcpy(out + 8, request, STORE_REQUEST_BYTES);
}

void
codec_tile_key(uint8_t *out, unsigned level, uint64_t index)
{
    CHECK(level <= UINT8_MAX);
    out[0] = (uint8_t)level;
    codec_put_u64(out + 1, index);
}
