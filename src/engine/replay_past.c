/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay_past.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

enum { REQUESTS_FIRST = 1024 };

void
past_release(struct replay_past *past)
{
    for (size_t i = 0; i < past->tally_count; i++)
        free(past->tallies[i].bids);
    free(past->tallies);
    free(past->requests);
    *past = (struct replay_past){.tallies = NULL};
}

/* ------------------------------------------------------------------ tallies */

static enum err
tally_of(struct replay_past *past, uint64_t auction, struct tally **out)
{
    CHECK(auction > 0);
    if (auction > past->tally_count) {
        size_t count = (size_t)auction * 2;
        struct tally *tallies =
            realloc(past->tallies, count * sizeof(*tallies));
        if (tallies == NULL)
            return err_set(ERR_NOMEM, "no memory for the replay");
        memset(tallies + past->tally_count, 0,
               (count - past->tally_count) * sizeof(*tallies));
        past->tallies = tallies;
        past->tally_count = count;
    }
    *out = &past->tallies[auction - 1];
    return ERR_OK;
}

static enum err
add_bid(struct tally *tally, const struct record *record)
{
    if (tally->bid_count == tally->bid_capacity) {
        size_t capacity =
            tally->bid_capacity == 0 ? 16 : tally->bid_capacity * 2;
        struct past_bid *bids = realloc(tally->bids, capacity * sizeof(*bids));
        if (bids == NULL)
            return err_set(ERR_NOMEM, "no memory for the replay");
        tally->bids = bids;
        tally->bid_capacity = capacity;
    }
    tally->bids[tally->bid_count++] =
        (struct past_bid){.seq = (uint64_t)record->seq,
                          .uid = (uint64_t)record->actor.uid,
                          .max = money_of(record->max),
                          .t = instant_of(record->t)};
    return ERR_OK;
}

enum err
past_note(struct replay_past *past, const struct record *record)
{
    struct tally *tally = NULL;
    enum err err;

    /* Without aseq the number is whatever somebody asked for. */
    if (!RECORD_HAS(record, aseq) || !RECORD_HAS(record, auction))
        return ERR_OK;
    if ((err = tally_of(past, (uint64_t)record->auction, &tally)) != ERR_OK)
        return err;
    tally->refused += record->type == RECORD_BID_REFUSED ||
                      record->type == RECORD_TAKE_REFUSED ||
                      record->type == RECORD_COMMIT_REFUSED;
    switch ((int)record->type) {
    case RECORD_BID_ACCEPTED:
        tally->accepted++;
        return RECORD_HAS(record, max) ? add_bid(tally, record) : ERR_OK;
    case RECORD_TAKE_ACCEPTED:
    case RECORD_COMMIT_ACCEPTED:
        tally->accepted++;
        return ERR_OK;
    case RECORD_AUCTION_EXTENDED:
        tally->extensions++;
        return ERR_OK;
    case RECORD_RETRACT_ACCEPTED:
        lot_retract_bids(tally->bids, tally->bid_count,
                         (uint64_t)record->actor.uid, instant_of(record->close),
                         instant_of(record->t));
        return ERR_OK;
    case RECORD_VOID_ACCEPTED:
        lot_void_bids(tally->bids, tally->bid_count, (uint64_t)record->uid);
        return ERR_OK;
    default:
        return ERR_OK;
    }
}

const struct tally *
past_tally(const struct replay_past *past, uint64_t auction)
{
    return auction == 0 || auction > past->tally_count
               ? NULL
               : &past->tallies[auction - 1];
}

/* ----------------------------------------------------------------- requests */

/**
 * The slot of a request, or the empty one where it belongs. Ids are chosen by
 * callers, so they are hashed: nobody can make an audit slow.
 */
static struct past_request *
slot_of(struct past_request *slots, size_t capacity, uint64_t uid,
        const struct bytes16 *request)
{
    uint8_t key[sizeof(uid) + sizeof(*request)];
    struct hash hash;
    size_t at;

    CHECK(uid > 0);
    memcpy(key, &uid, sizeof(uid));
    memcpy(key + sizeof(uid), request, sizeof(*request));
    hash = hash_of(key, sizeof(key));
    memcpy(&at, hash.bytes, sizeof(at));
    for (at &= capacity - 1; slots[at].uid != 0; at = (at + 1) & (capacity - 1))
        if (slots[at].uid == uid &&
            memcmp(&slots[at].request, request, sizeof(*request)) == 0)
            break;
    return &slots[at];
}

static enum err
grow_requests(struct replay_past *past)
{
    size_t capacity = past->request_capacity == 0 ? REQUESTS_FIRST
                                                  : past->request_capacity * 2;
    struct past_request *slots = calloc(capacity, sizeof(*slots));

    if (slots == NULL)
        return err_set(ERR_NOMEM, "no memory for the replay");
    for (size_t i = 0; i < past->request_capacity; i++) {
        const struct past_request *old = &past->requests[i];
        if (old->uid != 0)
            *slot_of(slots, capacity, old->uid, &old->request) = *old;
    }
    free(past->requests);
    past->requests = slots;
    past->request_capacity = capacity;
    return ERR_OK;
}

bool
past_has_request(const struct replay_past *past, uint64_t uid,
                 const struct bytes16 *request)
{
    return past->request_capacity > 0 &&
           slot_of(past->requests, past->request_capacity, uid, request)->uid !=
               0;
}

enum err
past_add_request(struct replay_past *past, uint64_t uid,
                 const struct bytes16 *request)
{
    struct past_request *slot;
    enum err err;

    if (past->request_count * 2 >= past->request_capacity &&
        (err = grow_requests(past)) != ERR_OK)
        return err;
    slot = slot_of(past->requests, past->request_capacity, uid, request);
    past->request_count += slot->uid == 0;
    *slot = (struct past_request){.uid = uid, .request = *request};
    return ERR_OK;
}
