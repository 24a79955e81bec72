/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/history.h"

#include "audit/record.h"

#include <stdlib.h>

struct reading {
    struct past_bid *bids;
    size_t count;
    size_t capacity;
    struct record record;
    struct record_text text;
    enum err err;
};

static enum err
add_bid(struct reading *in, const struct past_bid *bid)
{
    if (in->count == HISTORY_BIDS_MAX)
        return err_set(ERR_TOO_LARGE, "more bids than a retraction replays");
    if (in->count == in->capacity) {
        size_t capacity = in->capacity == 0 ? 64 : in->capacity * 2;
        struct past_bid *bids = realloc(in->bids, capacity * sizeof(*bids));
        if (bids == NULL)
            return err_set(ERR_NOMEM, "no memory for an auction's bids");
        in->bids = bids;
        in->capacity = capacity;
    }
    in->bids[in->count++] = *bid;
    return ERR_OK;
}

/** What a retraction took, by the end that its record shows. */
static void
take_retracted(struct reading *in)
{
    const struct record *r = &in->record;

    lot_retract_bids(in->bids, in->count, (uint64_t)r->actor.uid,
                     instant_of(r->close), instant_of(r->t));
}

static enum err
take_record(struct reading *in)
{
    const struct record *r = &in->record;

    switch ((int)r->type) {
    case RECORD_BID_ACCEPTED:
        if (!RECORD_HAS(r, max)) /* it is in the book */
            return ERR_OK;
        return add_bid(in, &(struct past_bid){.seq = (uint64_t)r->seq,
                                              .uid = (uint64_t)r->actor.uid,
                                              .max = money_of(r->max),
                                              .t = instant_of(r->t)});
    case RECORD_RETRACT_ACCEPTED:
        take_retracted(in);
        return ERR_OK;
    case RECORD_VOID_ACCEPTED:
        lot_void_bids(in->bids, in->count, (uint64_t)r->uid);
        return ERR_OK;
    default:
        return ERR_OK;
    }
}

static bool
visit(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct reading *in = context;

    in->err = record_decode(bytes, size, &in->record, &in->text);
    if (in->err != ERR_OK)
        in->err = err_set(ERR_DAMAGED, "record %llu cannot be read",
                          (unsigned long long)seq);
    else
        in->err = take_record(in);
    return in->err == ERR_OK;
}

enum err
history_read(const struct store_port *store, uint64_t auction, uint64_t size,
             struct past_bid **bids_out, size_t *count_out)
{
    struct reading *in = calloc(1, sizeof(*in));
    enum err err;

    if (in == NULL)
        return err_set(ERR_NOMEM, "no memory for an auction's bids");
    err = store->each_of_auction(store->context, auction, 0, size, false, visit,
                                 in);
    if (err == ERR_OK)
        err = in->err;
    if (err == ERR_OK) {
        *bids_out = in->bids;
        *count_out = in->count;
    } else {
        free(in->bids);
    }
    free(in);
    return err;
}
