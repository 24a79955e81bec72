/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from a change of a lot: credit, timer, and the records of the
 * effects, in the transaction of their cause.
 */
#include "engine/world_internal.h"

#include "auction/invoice.h"

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

void
effect_standing(struct record *record, const struct lot *lot,
                const struct lot *before)
{
    if (lot->leader != 0) {
        RECORD_SET(record, leader, (int64_t)lot->leader);
        RECORD_SET(record, price, lot->price.minor);
    }
    RECORD_SET(record, min_next, lot_min_next(lot).minor);
    RECORD_SET(record, close, lot->closes.ms);
    if (lot->version != before->version) {
        RECORD_SET(record, revision, (int64_t)lot->version);
        RECORD_SET(record, bid_count, (int64_t)lot->bid_count);
    }
    if (lot->rules.reserve.minor > 0)
        RECORD_SET(record, reserve_met, lot_reserve_met(lot));
}

/* --------------------------------------------------------------- credit */

static enum err
change_held(struct world *world, uint64_t uid, int64_t delta)
{
    struct account *account = world_account(world, uid);
    enum err err;

    if (uid == 0 || delta == 0)
        return ERR_OK;
    CHECK(account != NULL);
    if ((err = world_touch_account(world, account)) != ERR_OK)
        return err;
    account->held.minor += delta;
    CHECK(account->held.minor >= 0);
    return ERR_OK;
}

/** The lot's hold on credit moves from what it was to what it is. */
static enum err
follow_holds(struct world *world, const struct lot *before,
             const struct lot *after)
{
    struct hold old, new;
    enum err err;

    lot_hold(before, &old);
    lot_hold(after, &new);
    if ((err = change_held(world, new.user, new.amount.minor)) != ERR_OK)
        return err;
    return change_held(world, old.user, -old.amount.minor);
}

/* -------------------------------------------------------------- effects */

static const char *
outcome_text(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_NONE:
        break;
    case OUTCOME_SOLD:
        return "sold";
    case OUTCOME_UNSOLD_NO_BIDS:
        return "no_bids";
    case OUTCOME_UNSOLD_RESERVE_NOT_MET:
        return "reserve_not_met";
    }
    CHECK(false);
    return "";
}

static enum err
record_extended(struct world *world, struct auction *auction,
                const struct lot *before, const char *cause,
                const struct actor *actor)
{
    struct record record;

    record_init(&record, RECORD_AUCTION_EXTENDED);
    RECORD_SET(&record, old, before->closes.ms);
    RECORD_SET(&record, new, auction->row.lot.closes.ms);
    RECORD_SET_TEXT(&record, cause, cause);
    RECORD_SET(&record, revision, (int64_t)auction->row.lot.version);
    return effect_record(world, &record, auction, actor, NULL);
}

static void
set_award(struct record *record, const struct award *award)
{
    RECORD_SET(record, uid, (int64_t)award->user);
    RECORD_SET(record, price, award->price.minor);
    RECORD_SET(record, quantity, (int64_t)award->quantity);
}

static enum err
record_award(struct world *world, struct auction *auction,
             enum record_type type, const struct instant *due,
             const struct actor *actor)
{
    struct record record;

    record_init(&record, type);
    set_award(&record, &auction->row.lot.award);
    if (due != NULL)
        RECORD_SET(&record, due, due->ms);
    return effect_record(world, &record, auction, actor, NULL);
}

static enum err
record_invoice(struct world *world, struct auction *auction,
               const struct actor *actor)
{
    const struct lot *lot = &auction->row.lot;
    struct money goods =
        money_of(lot->award.price.minor * (int64_t)lot->award.quantity);
    struct invoice invoice;
    struct record record;

    if (!invoice_compute(&invoice, goods, lot->rules.premium_bp,
                         lot->rules.tax_bp))
        return err_set(ERR_TOO_LARGE, "an invoice beyond all bounds");
    auction->row.invoice = ++world->invoice_last;
    record_init(&record, RECORD_INVOICE_ISSUED);
    RECORD_SET(&record, number, (int64_t)auction->row.invoice);
    RECORD_SET(&record, uid, (int64_t)lot->award.user);
    RECORD_SET(&record, goods, invoice.goods.minor);
    RECORD_SET(&record, premium, invoice.premium.minor);
    RECORD_SET(&record, tax, invoice.tax.minor);
    RECORD_SET(&record, total, invoice.total.minor);
    RECORD_SET(&record, vis, RECORD_VIS_PARTY);
    return effect_record(world, &record, auction, actor, NULL);
}

static enum err
record_closed(struct world *world, struct auction *auction,
              const struct instant *due, const struct actor *actor)
{
    const struct lot *lot = &auction->row.lot;
    struct record_award award = {lot->award.price.minor,
                                 (int64_t)lot->award.quantity,
                                 (int64_t)lot->award.user};
    struct record record;
    enum err err;

    record_init(&record, RECORD_AUCTION_CLOSED);
    RECORD_SET_TEXT(&record, outcome, outcome_text(lot->outcome));
    RECORD_SET(&record, revision, (int64_t)lot->version);
    if (lot->outcome == OUTCOME_SOLD)
        RECORD_SET(&record, awards, ((struct record_awards){&award, 1}));
    if (due != NULL)
        RECORD_SET(&record, due, due->ms);
    if (lot->rules.reserve.minor > 0) {
        RECORD_SET(&record, reserve, lot->rules.reserve.minor);
        memcpy(record.nonce.bytes, lot->reserve_nonce, HASH_BYTES);
        record_mark(&record, MEMBER_nonce);
    }
    if ((err = effect_record(world, &record, auction, actor, NULL)) != ERR_OK ||
        lot->outcome != OUTCOME_SOLD)
        return err;
    if ((err = record_award(world, auction, RECORD_AWARD_MADE, NULL, actor)) !=
        ERR_OK)
        return err;
    return record_invoice(world, auction, actor);
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
    if (type == RECORD_AUCTION_SETTLED)
        RECORD_SET_TEXT(&record, outcome,
                        auction->row.lot.state == LOT_SETTLED ? "settled"
                                                              : "defaulted");
    if (due != NULL)
        RECORD_SET(&record, due, due->ms);
    return effect_record(world, &record, auction, actor, NULL);
}

static enum err
follow_payment(struct world *world, struct auction *auction,
               const struct instant *due, const struct actor *actor)
{
    const struct lot *lot = &auction->row.lot;
    struct account *buyer = world_account(world, lot->award.user);
    enum err err;

    if (lot->state == LOT_DEFAULTED) {
        CHECK(buyer != NULL);
        if ((err = world_touch_account(world, buyer)) != ERR_OK)
            return err;
        buyer->row.strikes++;
    }
    /* A default is the first record of its timer: it says when that was. */
    err = record_award(world, auction,
                       lot->state == LOT_SETTLED ? RECORD_AWARD_PAID
                                                 : RECORD_AWARD_DEFAULTED,
                       due, actor);
    if (err != ERR_OK)
        return err;
    return record_simple(world, auction, RECORD_AUCTION_SETTLED, due, actor);
}

/** Records of a change of state. */
static enum err
follow_state(struct world *world, struct auction *auction,
             const struct instant *due, const struct actor *actor)
{
    switch (auction->row.lot.state) {
    case LOT_DRAFT:
    case LOT_SCHEDULED: /* the command's own record says so */
    case LOT_REVEAL:
        return ERR_OK;
    case LOT_OPEN:
        return record_simple(world, auction, RECORD_AUCTION_OPENED, due, actor);
    case LOT_CLOSED:
        return record_closed(world, auction, due, actor);
    case LOT_SETTLED:
    case LOT_DEFAULTED:
        return follow_payment(world, auction, due, actor);
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

    if ((err = follow_holds(world, before, after)) != ERR_OK)
        return err;
    if (after->closes.ms != before->closes.ms &&
        (err = record_extended(world, auction, before, cause, actor)) != ERR_OK)
        return err;
    if (after->state != before->state &&
        (err = follow_state(world, auction, due, actor)) != ERR_OK)
        return err;
    return timers_set(world, auction);
}
