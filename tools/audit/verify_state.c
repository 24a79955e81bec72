/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --state: the tables that the server works from hold what the records say,
 * row by row: auctions, accounts and certificates, none more and none less.
 */
#include "verify.h"

#include "store/codec.h"

#include <string.h>

struct comparing {
    struct verifying *verifying;
    struct world *world;
    uint64_t auctions, accounts, certs;
    bool is_wrong;
};

static bool
differ(struct comparing *c, const char *what, uint64_t id)
{
    findings_add(&c->verifying->findings, CHECK_STATE, FINDING_NO_SEQ,
                 "the table of %s, row %llu, is not what the records give",
                 what, (unsigned long long)id);
    c->is_wrong = true;
    return false; /* one is enough */
}

static bool
compare_lot(void *context, const struct store_lot *row)
{
    struct comparing *c = context;
    struct auction *auction = world_auction(c->world, row->lot.id);
    uint8_t live[CODEC_LOT_BYTES_MAX], ours[CODEC_LOT_BYTES_MAX];
    size_t size;

    if (auction == NULL)
        return differ(c, "auctions", row->lot.id);
    size = codec_lot(live, row);
    if (codec_lot(ours, &auction->row) != size || memcmp(live, ours, size) != 0)
        return differ(c, "auctions", row->lot.id);
    c->auctions++;
    return true;
}

static bool
compare_account(void *context, const struct store_account *row)
{
    struct comparing *c = context;
    struct account *account = world_account(c->world, row->uid);
    uint8_t live[CODEC_ACCOUNT_BYTES_MAX], ours[CODEC_ACCOUNT_BYTES_MAX];
    size_t size;

    if (account == NULL)
        return differ(c, "accounts", row->uid);
    size = codec_account(live, row);
    if (codec_account(ours, &account->row) != size ||
        memcmp(live, ours, size) != 0)
        return differ(c, "accounts", row->uid);
    c->accounts++;
    return true;
}

static bool
compare_cert(void *context, const struct store_cert *row)
{
    struct comparing *c = context;
    struct hash fp;

    memcpy(fp.bytes, row->fp, sizeof(fp.bytes));
    if (!world_knows_cert(c->world, &fp))
        return differ(c, "certificates", row->uid);
    c->certs++;
    return true;
}

static void
compare_counts(struct comparing *c)
{
    if (!c->is_wrong && (c->auctions != world_auction_last(c->world) ||
                         c->accounts != world_uid_last(c->world)))
        findings_add(&c->verifying->findings, CHECK_STATE, FINDING_NO_SEQ,
                     "the tables hold %llu auctions and %llu accounts, the "
                     "records give %llu and %llu",
                     (unsigned long long)c->auctions,
                     (unsigned long long)c->accounts,
                     (unsigned long long)world_auction_last(c->world),
                     (unsigned long long)world_uid_last(c->world));
}

void
verify_state(struct verifying *v)
{
    struct comparing c = {.verifying = v, .world = replay_world(v->replay)};
    struct store *store = v->source->store;
    enum err err;

    if (!v->options->wants_state)
        return;
    if (store == NULL || v->withheld > 0) {
        findings_add_missing(&v->findings, CHECK_STATE, FINDING_NO_SEQ,
                             store == NULL
                                 ? "--state needs --data: only there are the "
                                   "tables"
                                 : "records are withheld");
        return;
    }
    err = store_each_lot(store, compare_lot, &c);
    if (err == ERR_OK && !c.is_wrong)
        err = store_each_account(store, compare_account, &c);
    if (err == ERR_OK && !c.is_wrong)
        err = store_each_cert(store, compare_cert, &c);
    findings_add_err(&v->findings, CHECK_STATE, FINDING_NO_SEQ, err);
    if (err == ERR_OK)
        compare_counts(&c);
    v->state_rows = c.auctions + c.accounts + c.certs;
}
