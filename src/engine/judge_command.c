/* SPDX-License-Identifier: Apache-2.0 */
/* The commands on an auction: from a submission to a rule and its answer. */
#include "engine/judge.h"

#include "engine/books.h"

#include <stdlib.h>
#include <string.h>

static struct bidder
bidder_of(const struct judging *j)
{
    const struct account *account = j->actor.account;

    return (struct bidder){
        .uid = account->row.uid,
        .limit = account->row.limit,
        .held = account->held,
        .blocked = account->row.blocked,
    };
}

/* ------------------------------------------------------------------ orders
 */

static enum order_kind
order_kind(enum command_kind cmd)
{
    switch ((int)cmd) {
    case COMMAND_BID:
        return ORDER_BID;
    case COMMAND_BUY:
        return ORDER_BUY;
    case COMMAND_TAKE:
        return ORDER_TAKE;
    case COMMAND_COMMIT:
        return ORDER_COMMIT;
    case COMMAND_REVEAL:
        return ORDER_REVEAL;
    case COMMAND_WITHDRAW:
        return ORDER_WITHDRAW;
    case COMMAND_RETRACT:
        return ORDER_RETRACT;
    default:
        CHECK(false);
        return ORDER_BID;
    }
}

static struct order
order_of(const struct judging *j)
{
    const struct submission *c = j->command;
    struct world_ports *ports = &j->world->ports;

    return (struct order){
        .kind = order_kind(c->cmd),
        .id = ports->next_seq(ports->context),
        .bid = c->bid,
        .amount = c->amount,
        .quantity = c->quantity,
        .all_or_none = c->all_or_none,
        .c = c->c.bytes,
        .nonce = c->opening.bytes,
    };
}

const char *
judge_flaw(const struct judging *j)
{
    const struct rules *rules = &j->auction->row.lot.rules;
    struct order order;

    if (!submission_is_order(j->command->cmd))
        return NULL;
    order = order_of(j);
    if (order.kind == ORDER_BUY && rules->buy_now.minor > 0 &&
        rules->buy_now.minor != order.amount.minor)
        return "price";
    return lot_order_flaw(rules, &order);
}

/** Whether an account is on the list of those who may bid. */
static bool
is_allowed(const struct auction *auction, const char *name)
{
    const char *at = auction->text->bytes;
    const char *end = at + auction->text->size;

    if (!auction->row.lot.rules.is_restricted)
        return true;
    at += strlen(at) + 1; /* the title */
    for (at += strlen(at) + 1; at < end; at += strlen(at) + 1)
        if (strcmp(at, name) == 0)
            return true;
    return false;
}

static enum err
judge_order(struct judging *j)
{
    struct lot *lot = &j->auction->row.lot;
    struct bidder bidder = bidder_of(j);
    struct order order = order_of(j);
    enum err err;

    if (!is_allowed(j->auction, j->command->who.name))
        return judge_refuse_for(j, VERDICT_FORBIDDEN, "not-allowed");
    if ((err = books_begin(j->auction, lot_room_for_order(lot))) != ERR_OK)
        return err;
    return judge_conclude(
        j, lot_order(lot, j->auction->book, &bidder, &order, j->t));
}

/* ------------------------------------------------------------- looking back
 */

/** The bids so far, for the rules that replay them. */
static enum err
with_history(struct judging *j,
             enum verdict (*rule)(struct judging *j, struct past_bid *bids,
                                  size_t count))
{
    struct world_ports *ports = &j->world->ports;
    struct past_bid *bids = NULL;
    size_t count = 0;
    enum verdict verdict;
    enum err err;

    err = ports->history(ports->context, j->auction->row.lot.id, &bids, &count);
    if (err != ERR_OK)
        return err;
    verdict = rule(j, bids, count);
    free(bids);
    return judge_conclude(j, verdict);
}

static enum verdict
rule_retract(struct judging *j, struct past_bid *bids, size_t count)
{
    struct bidder bidder = bidder_of(j);

    return lot_retract(&j->auction->row.lot, &bidder, bids, count, j->t);
}

static enum err
judge_retract(struct judging *j)
{
    if (!is_allowed(j->auction, j->command->who.name))
        return judge_refuse_for(j, VERDICT_FORBIDDEN, "not-allowed");
    return with_history(j, rule_retract);
}

static enum verdict
rule_void(struct judging *j, struct past_bid *bids, size_t count)
{
    struct book empty = {0}; /* of an auction that has none yet */

    return lot_void_user(&j->auction->row.lot,
                         j->auction->book == NULL ? &empty : j->auction->book,
                         j->command->uid, bids, count, j->t);
}

static enum err
judge_void(struct judging *j)
{
    static const struct book empty;
    const struct book *book =
        j->auction->book == NULL ? &empty : j->auction->book;
    enum err err =
        books_begin(j->auction, lot_room_for_void(&j->auction->row.lot, book));

    return err == ERR_OK ? with_history(j, rule_void) : err;
}

/* ------------------------------------------------------------ by the seller
 */

static enum err
judge_publish(struct judging *j)
{
    return judge_conclude(j, lot_publish(&j->auction->row.lot, j->t));
}

static enum err
judge_cancel(struct judging *j)
{
    enum err err = books_begin(j->auction, (struct lot_room){0, 0});

    if (err != ERR_OK)
        return err;
    return judge_conclude(j,
                          lot_cancel(&j->auction->row.lot,
                                     j->command->who.role == ROLE_ADMIN, j->t));
}

static enum err
judge_pay(struct judging *j)
{
    struct lot *lot = &j->auction->row.lot;
    enum err err = books_begin(j->auction, (struct lot_room){0, LOT_STEP});

    if (err != ERR_OK)
        return err;
    return judge_conclude(j, lot_pay(lot, j->auction->book, j->command->uid,
                                     j->command->invoice));
}

static enum err
judge_correct(struct judging *j)
{
    struct lot *lot = &j->auction->row.lot;
    enum err err = books_begin(j->auction, (struct lot_room){0, 1});
    enum verdict verdict;

    if (err != ERR_OK)
        return err;
    verdict = lot_correct(lot, j->auction->book, j->command->invoice,
                          j->world->invoice_last + 1);
    j->world->invoice_last += verdict == VERDICT_ACCEPTED;
    return judge_conclude(j, verdict);
}

enum err
judge_command(struct judging *j)
{
    switch (j->command->cmd) {
    case COMMAND_EDIT: /* drafts are not edited: cancel and create anew */
        return judge_refuse(j, VERDICT_STATE);
    case COMMAND_PUBLISH:
        return judge_publish(j);
    case COMMAND_BID:
    case COMMAND_BUY:
    case COMMAND_TAKE:
    case COMMAND_COMMIT:
    case COMMAND_REVEAL:
    case COMMAND_WITHDRAW:
        return judge_order(j);
    case COMMAND_RETRACT:
        return judge_retract(j);
    case COMMAND_CANCEL:
        return judge_cancel(j);
    case COMMAND_VOID:
        return judge_void(j);
    case COMMAND_PAY:
        return judge_pay(j);
    case COMMAND_CORRECT:
        return judge_correct(j);
    case COMMAND_CREATE:
    case COMMAND_CREDIT:
    case COMMAND_SUSPEND:
    case COMMAND_RESTORE:
    case COMMAND_COUNT:
        break;
    }
    CHECK(false);
    return ERR_OK;
}
