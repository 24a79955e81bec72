/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from a change of a lot: credit, timer, and the records of the
 * effects, in the transaction of their cause.
 */
#include "engine/books.h"
#include "engine/settle.h"
#include "engine/world_internal.h"

#include "auction/format.h"

#include <string.h>

const struct actor actor_system = {.account = NULL};

enum err
effect_record(struct world *world, struct record *record,
              struct auction *auction, const struct actor *actor,
              uint64_t *seq_out)
{
    struct record_actor who = {.kind = RECORD_ACTOR_SYSTEM};
    uint64_t seq;
    enum err err;

    if (actor->account != NULL) {
        who.kind =
            actor->role == ROLE_ADMIN ? RECORD_ACTOR_ADMIN : RECORD_ACTOR_USER;
        who.has_uid = who.has_fp = true;
        who.uid = (int64_t)actor->account->row.uid;
        who.fp = actor->fp;
        if ((err = world_touch_account(world, actor->account)) != ERR_OK)
            return err;
        RECORD_SET(record, useq, (int64_t)++actor->account->row.useq);
    }
    RECORD_SET(record, actor, who);
    if (auction != NULL) {
        if ((err = world_touch_auction(world, auction)) != ERR_OK)
            return err;
        RECORD_SET(record, auction, (int64_t)auction->row.lot.id);
        RECORD_SET(record, aseq, (int64_t)++auction->row.aseq);
    }
    err = world->ports.record(world->ports.context, record, &seq);
    if (err == ERR_OK && auction != NULL)
        auction->row.seq = seq;
    if (err == ERR_OK && seq_out != NULL)
        *seq_out = seq;
    return err;
}

/** Standing of bids that are played against each other. */
static void
set_leader(struct record *record, const struct lot *lot)
{
    if (lot->leader != 0) {
        RECORD_SET(record, leader, (int64_t)lot->leader);
        RECORD_SET(record, price, lot->price.minor);
    }
    RECORD_SET(record, min_next, lot_min_next(lot, lot->closes).minor);
    if (lot->rules.reserve.minor > 0)
        RECORD_SET(record, reserve_met, lot_reserve_met(lot));
}

void
effect_standing(struct record *record, const struct lot *lot,
                const struct lot *before)
{
    if (format_of(lot->rules.format)->replay != NULL)
        set_leader(record, lot);
    RECORD_SET(record, close, lot->closes.ms);
    if (lot->version != before->version) {
        RECORD_SET(record, revision, (int64_t)lot->version);
        RECORD_SET(record, bid_count, (int64_t)lot->bid_count);
    }
}

/* --------------------------------------------------------------- credit */

/** The lot's holds on credit move from what they were to what they are. */
static enum err
follow_holds(struct world *world, struct auction *auction,
             const struct lot *before)
{
    struct hold old, new;
    enum err err;

    lot_hold(before, &old);
    lot_hold(&auction->row.lot, &new);
    if ((err = world_change_held(world, old.user, -old.amount.minor)) !=
            ERR_OK ||
        (err = world_change_held(world, new.user, new.amount.minor)) != ERR_OK)
        return err;
    return books_follow_holds(world, auction, before);
}

/* -------------------------------------------------------------- effects */

/** An end that has moved: the close, or with `what` that of revealing. */
static enum err
record_extended(struct world *world, struct auction *auction,
                const struct instant *from, const struct instant *to,
                const char *what, const char *cause, const struct actor *actor)
{
    struct record record;

    record_init(&record, RECORD_AUCTION_EXTENDED);
    RECORD_SET(&record, old, from->ms);
    RECORD_SET(&record, new, to->ms);
    RECORD_SET_TEXT(&record, cause, cause);
    if (what != NULL)
        RECORD_SET_TEXT(&record, what, what);
    RECORD_SET(&record, revision, (int64_t)auction->row.lot.version);
    return effect_record(world, &record, auction, actor, NULL);
}

static enum err
follow_ends(struct world *world, struct auction *auction,
            const struct lot *before, const char *cause,
            const struct actor *actor)
{
    const struct lot *after = &auction->row.lot;
    enum err err = ERR_OK;

    if (after->closes.ms != before->closes.ms)
        err = record_extended(world, auction, &before->closes, &after->closes,
                              NULL, cause, actor);
    if (err == ERR_OK && after->reveal_ends.ms != before->reveal_ends.ms)
        err = record_extended(world, auction, &before->reveal_ends,
                              &after->reveal_ends, "reveal", cause, actor);
    return err;
}

static enum err
record_simple(struct world *world, struct auction *auction,
              enum record_type type, const struct instant *due,
              const struct actor *actor)
{
    struct record record;

    record_init(&record, type);
    RECORD_SET(&record, revision, (int64_t)auction->row.lot.version);
    if (type == RECORD_AUCTION_OPENED)
        RECORD_SET(&record, close, auction->row.lot.closes.ms);
    if (type == RECORD_AUCTION_REVEAL)
        RECORD_SET(&record, close, auction->row.lot.reveal_ends.ms);
    if (due != NULL)
        RECORD_SET(&record, due, due->ms);
    return effect_record(world, &record, auction, actor, NULL);
}

/** Records of a change of state, but for those of settle.c. */
static enum err
follow_state(struct world *world, struct auction *auction,
             const struct instant *due, const struct actor *actor)
{
    switch (auction->row.lot.state) {
    case LOT_DRAFT:
    case LOT_SCHEDULED: /* the command's own record says so */
        return ERR_OK;
    case LOT_REVEAL:
        return record_simple(world, auction, RECORD_AUCTION_REVEAL, due, actor);
    case LOT_OPEN:
        return record_simple(world, auction, RECORD_AUCTION_OPENED, due, actor);
    case LOT_CLOSED:
        return settle_closed(world, auction, due, actor);
    case LOT_SETTLED:
    case LOT_DEFAULTED:
        return settle_settled(world, auction, actor);
    case LOT_CANCELLED:
        return record_simple(world, auction, RECORD_AUCTION_CANCELLED, NULL,
                             actor);
    }
    CHECK(false);
    return ERR_OK;
}

enum err
effect_follow(struct world *world, struct auction *auction,
              const struct lot *before, const struct instant *due,
              const char *cause, const struct actor *actor)
{
    const struct lot *after = &auction->row.lot;
    enum err err;

    if ((err = follow_holds(world, auction, before)) != ERR_OK ||
        (err = follow_ends(world, auction, before, cause, actor)) != ERR_OK ||
        (err = settle_changed(world, auction, due, actor)) != ERR_OK)
        return err;
    if (after->state != before->state &&
        (err = follow_state(world, auction, due, actor)) != ERR_OK)
        return err;
    return timers_set(world, auction);
}
