/* SPDX-License-Identifier: Apache-2.0 */
/* What is written of a command: its own fields, and how it was answered. */
#include "engine/judge.h"

#include <string.h>

static void
set_amount(struct record *record, const struct submission *c)
{
    int64_t amount = c->amount.minor;

    if (amount <= 0)
        return;
    switch ((int)c->cmd) {
    case COMMAND_BUY:
        RECORD_SET(record, price, amount);
        return;
    case COMMAND_TAKE:
        RECORD_SET(record, limit, amount);
        return;
    case COMMAND_COMMIT:
        RECORD_SET(record, cap, amount);
        return;
    case COMMAND_REVEAL:
        RECORD_SET(record, amount, amount);
        return;
    case COMMAND_CREDIT:
    case COMMAND_SUSPEND:
    case COMMAND_RESTORE:
        RECORD_SET(record, limit, amount);
        return;
    default: /* a bid */
        if (c->quantity > 0)
            RECORD_SET(record, price, amount);
        else
            RECORD_SET(record, max, amount);
    }
}

/** Fields of a bidder's commands. */
static void
set_order(struct record *record, const struct submission *c)
{
    set_amount(record, c);
    if (c->quantity > 0)
        RECORD_SET(record, quantity, (int64_t)c->quantity);
    if (c->bid > 0)
        RECORD_SET(record, bid, (int64_t)c->bid);
    if (c->cmd == COMMAND_TAKE)
        RECORD_SET(record, all_or_none, c->all_or_none);
    if (c->has_c)
        RECORD_SET(record, c, c->c);
    if (c->has_opening)
        RECORD_SET(record, nonce, c->opening);
}

/** The command's own members, in its answer's record. */
static void
set_fields(struct record *record, const struct submission *c)
{
    if (c->draft != NULL) {
        RECORD_SET(record, draft_blob, c->draft->hash);
        RECORD_SET(record, reserve, c->draft->reserve.minor);
        if (c->cmd == COMMAND_CREATE)
            RECORD_SET(record, publish, c->draft->publish);
    }
    if (submission_is_order(c->cmd) || c->cmd == COMMAND_CREDIT)
        set_order(record, c);
    if (c->why[0] != '\0')
        RECORD_SET_TEXT(record, why, c->why);
    if (submission_has_account(c->cmd))
        RECORD_SET(record, uid, (int64_t)c->uid);
    if (c->invoice > 0)
        RECORD_SET(record, number, (int64_t)c->invoice);
}

/**
 * What others may not see before the close: maxima, limits, openings, and
 * with a draft its reserve and the nonce that hides bidders' names. Bids for
 * several units are made openly.
 */
static bool
is_withheld(const struct submission *c)
{
    return (c->cmd == COMMAND_BID && c->quantity == 0) ||
           c->cmd == COMMAND_TAKE || c->cmd == COMMAND_REVEAL ||
           c->cmd == COMMAND_CREATE || c->cmd == COMMAND_EDIT;
}

void
judge_start_record(struct record *record, enum record_type type,
                   const struct submission *c)
{
    record_init(record, type);
    RECORD_SET(record, request, c->request);
    /* Also of an auction that does not exist: it stands in what is signed. */
    if (c->auction != 0)
        RECORD_SET(record, auction, (int64_t)c->auction);
    if (c->is_signed)
        RECORD_SET(record, sig, c->sig);
    if (is_withheld(c))
        RECORD_SET(record, vis, RECORD_VIS_CLOSE);
    set_fields(record, c);
}

/** Answers of steps 1 to 4 are not kept: a new attempt is judged anew. */
static bool
is_kept(enum verdict verdict)
{
    return verdict != VERDICT_FORMAT && verdict != VERDICT_SIGNATURE &&
           verdict != VERDICT_REUSED_ID && verdict != VERDICT_NO_AUCTION;
}

/** The figure that a refusal was about. */
static void
set_bound(struct record *record, const struct judging *j, enum verdict verdict)
{
    const struct lot *lot = &j->auction->row.lot;

    if (verdict == VERDICT_TOO_LOW)
        RECORD_SET(record, min_next, lot_min_next(lot, j->t).minor);
    if (verdict == VERDICT_PRICE_ABOVE_LIMIT)
        RECORD_SET(record, price, lot_min_next(lot, j->t).minor);
    if (verdict == VERDICT_STOCK)
        RECORD_SET(record, stock, (int64_t)lot_stock(lot));
}

/**
 * An opening that is sent while bids are taken is refused and forgotten: the
 * log, too, must not know an amount before the close. The signature over it
 * could not be checked without it, so it is not kept either.
 */
static bool
is_too_early(const struct judging *j, enum verdict verdict)
{
    return j->command->cmd == COMMAND_REVEAL &&
           (j->auction == NULL || !lot_is_over(&j->auction->row.lot)) &&
           (j->auction == NULL || j->auction->row.lot.state != LOT_REVEAL) &&
           verdict != VERDICT_ACCEPTED;
}

static void
forget_opening(struct record *record)
{
    record_unmark(record, MEMBER_amount);
    record_unmark(record, MEMBER_nonce);
    record_unmark(record, MEMBER_quantity);
    record_unmark(record, MEMBER_sig);
}

enum err
judge_refuse(struct judging *j, enum verdict verdict)
{
    const struct draft *draft = j->command->draft;
    struct world_ports *ports = &j->world->ports;
    struct record record;
    enum err err;

    /* A refused draft is evidence too. */
    if (draft != NULL &&
        (err = ports->blob(ports->context, &draft->hash, draft->text,
                           draft->text_size)) != ERR_OK)
        return err;

    j->ruling->verdict = verdict;
    j->ruling->keeps_answer = is_kept(verdict);
    judge_start_record(&record, command_refused_type(j->command->cmd),
                       j->command);
    if (is_too_early(j, verdict))
        forget_opening(&record);
    RECORD_SET_TEXT(&record, reason, verdict_name(verdict));
    if (j->cause != NULL && j->cause[0] != '\0')
        RECORD_SET_TEXT(&record, cause, j->cause);
    if (j->auction != NULL)
        set_bound(&record, j, verdict);
    return effect_record(j->world, &record, j->auction, &j->actor,
                         &j->ruling->seq);
}

enum err
judge_refuse_for(struct judging *j, enum verdict verdict, const char *cause)
{
    j->cause = cause;
    return judge_refuse(j, verdict);
}

enum err
judge_accept(struct judging *j, struct record *record)
{
    enum err err;

    j->ruling->verdict = VERDICT_ACCEPTED;
    j->ruling->keeps_answer = true;
    err =
        effect_record(j->world, record, j->auction, &j->actor, &j->ruling->seq);
    if (err != ERR_OK || j->auction == NULL)
        return err;
    return effect_follow(j->world, j->auction, &j->before, NULL, "soft-close",
                         &j->actor);
}

/** What the record of a take says of its award. */
static void
set_take(struct record *record, const struct auction *auction)
{
    const struct book *book = auction->book;
    const struct entry *award = &book->entries[book->count - 1];

    RECORD_SET(record, price, award->amount.minor);
    RECORD_SET(record, filled, (int64_t)award->quantity);
    RECORD_SET(
        record, stock,
        (int64_t)(auction->row.lot.rules.quantity - auction->row.lot.sold));
}

enum err
judge_conclude(struct judging *j, enum verdict verdict)
{
    enum command_kind cmd = j->command->cmd;
    const struct auction *auction = j->auction;
    struct record record;

    if (verdict != VERDICT_ACCEPTED)
        return judge_refuse(j, verdict);
    judge_start_record(&record, command_accepted_type(cmd), j->command);
    if (cmd == COMMAND_PUBLISH) {
        memcpy(record.rules_blob.bytes, auction->row.terms, HASH_BYTES);
        record_mark(&record, MEMBER_rules_blob);
    }
    if (cmd == COMMAND_PUBLISH || cmd == COMMAND_PAY || cmd == COMMAND_CORRECT)
        RECORD_SET(&record, revision, (int64_t)auction->row.lot.version);
    else
        effect_standing(&record, &auction->row.lot, &j->before);
    if (cmd == COMMAND_BUY)
        RECORD_SET(&record, price, j->command->amount.minor);
    if (cmd == COMMAND_TAKE)
        set_take(&record, auction);
    return judge_accept(j, &record);
}
