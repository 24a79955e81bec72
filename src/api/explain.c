/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why this price and this winner: an auction's records, in order, each as a
 * sentence. What is still secret is left out until the close.
 */
#include "api/internal.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { SENTENCE_BYTES = 512 };

/** "125.00 EUR". */
static char *
amount(char text[MONEY_TEXT_BYTES], const struct explain_context *c,
       int64_t minor)
{
    const char *currency = c->view->lot.rules.currency;
    char number[MONEY_TEXT_BYTES];

    money_format(number, money_of(minor), money_decimals(currency));
    snprintf(text, MONEY_TEXT_BYTES, "%.24s %s", number, currency);
    return text;
}

static bool
is_secret_shown(const struct explain_context *c, const struct record *r)
{
    return c->view->lot.outcome != OUTCOME_NONE ||
           c->viewer->role == ROLE_ADMIN || c->viewer->role == ROLE_AUDITOR ||
           (uint64_t)r->actor.uid == c->viewer->uid;
}

static void
say_bid(char out[SENTENCE_BYTES], const struct explain_context *c,
        const struct record *r)
{
    char who[VIEW_ALIAS_BYTES], leads[VIEW_ALIAS_BYTES];
    char price[MONEY_TEXT_BYTES], max[MONEY_TEXT_BYTES] = "",
                                  next[MONEY_TEXT_BYTES];
    bool takes_lead = r->leader == r->actor.uid;

    view_alias(who, c->view->alias_salt, (uint64_t)r->actor.uid);
    view_alias(leads, c->view->alias_salt, (uint64_t)r->leader);
    amount(price, c, r->price);
    amount(next, c, r->min_next);
    if (is_secret_shown(c, r))
        amount(max, c, r->max);
    if (!RECORD_HAS(r, revision))
        snprintf(out, SENTENCE_BYTES,
                 "%s raises its own maximum%s%s; it leads already, so the "
                 "price stays at %s.",
                 who, max[0] == '\0' ? "" : " to ", max, price);
    else if (r->bid_count == 1)
        snprintf(out, SENTENCE_BYTES,
                 "%s bids%s%s, the first, and leads at %s. The next bid is at "
                 "least %s.",
                 who, max[0] == '\0' ? "" : " up to ", max, price, next);
    else if (takes_lead)
        snprintf(out, SENTENCE_BYTES,
                 "%s bids%s%s and leads at %s: one step above the second "
                 "highest maximum, never more than its own. The next bid is "
                 "at least %s.",
                 who, max[0] == '\0' ? "" : " up to ", max, price, next);
    else
        snprintf(out, SENTENCE_BYTES,
                 "%s bids%s%s; the maximum of %s is not lower and was there "
                 "first, so it leads at %s. The next bid is at least %s.",
                 who, max[0] == '\0' ? "" : " up to ", max, leads, price, next);
}

static void
say_refusal(char out[SENTENCE_BYTES], const struct explain_context *c,
            const struct record *r)
{
    char who[VIEW_ALIAS_BYTES], next[MONEY_TEXT_BYTES];
    enum command_kind cmd;
    bool is_accepted;

    view_alias(who, c->view->alias_salt, (uint64_t)r->actor.uid);
    if (!command_of_type(r->type, &cmd, &is_accepted))
        return;
    if (RECORD_HAS(r, min_next))
        snprintf(out, SENTENCE_BYTES,
                 "A %s of %s is refused (%.*s): at least %s was needed.",
                 command_text(cmd), who, (int)r->reason.size, r->reason.bytes,
                 amount(next, c, r->min_next));
    else
        snprintf(out, SENTENCE_BYTES, "A %s of %s is refused (%.*s%s%.*s).",
                 command_text(cmd), who, (int)r->reason.size, r->reason.bytes,
                 RECORD_HAS(r, cause) ? ", " : "",
                 RECORD_HAS(r, cause) ? (int)r->cause.size : 0,
                 RECORD_HAS(r, cause) ? r->cause.bytes : "");
}

static void
say_closed(char out[SENTENCE_BYTES], const struct explain_context *c,
           const struct record *r)
{
    char who[VIEW_ALIAS_BYTES], price[MONEY_TEXT_BYTES];

    if (!RECORD_HAS(r, awards) || r->awards.count == 0) {
        snprintf(out, SENTENCE_BYTES, "The auction closes unsold (%.*s).",
                 (int)r->outcome.size, r->outcome.bytes);
        return;
    }
    view_alias(who, c->view->alias_salt, (uint64_t)r->awards.items[0].uid);
    snprintf(out, SENTENCE_BYTES,
             "The auction closes: sold to %s, who leads, at %s.", who,
             amount(price, c, r->awards.items[0].price));
}

static void
say_standing(char out[SENTENCE_BYTES], const struct explain_context *c,
             const struct record *r, const char *what)
{
    char who[VIEW_ALIAS_BYTES], price[MONEY_TEXT_BYTES];

    if (!RECORD_HAS(r, leader))
        snprintf(out, SENTENCE_BYTES, "%s Nobody leads now.", what);
    else
        snprintf(out, SENTENCE_BYTES,
                 "%s The remaining bids are played again: %s leads at %s.",
                 what,
                 view_alias(who, c->view->alias_salt, (uint64_t)r->leader),
                 amount(price, c, r->price));
}

static void
say_extended(char out[SENTENCE_BYTES], const struct record *r)
{
    char end[INSTANT_TEXT_BYTES];

    snprintf(out, SENTENCE_BYTES, "The end moves to %s (%.*s).",
             instant_format(end, instant_of(r->new)), (int)r->cause.size,
             r->cause.bytes);
}

static void
say_invoice(char out[SENTENCE_BYTES], const struct explain_context *c,
            const struct record *r)
{
    char total[MONEY_TEXT_BYTES];

    snprintf(out, SENTENCE_BYTES,
             "Invoice %lld is issued: %s with premium and tax.",
             (long long)r->number, amount(total, c, r->total));
}

static void
say(char out[SENTENCE_BYTES], const struct explain_context *c,
    const struct record *r)
{
    char price[MONEY_TEXT_BYTES];

    switch ((int)r->type) {
    case RECORD_PUBLISH_ACCEPTED:
        snprintf(out, SENTENCE_BYTES,
                 "The rules are published; they start at %s.",
                 amount(price, c, c->view->lot.rules.start_price.minor));
        return;
    case RECORD_AUCTION_OPENED:
        snprintf(out, SENTENCE_BYTES, "The auction opens.");
        return;
    case RECORD_BID_ACCEPTED:
        if (RECORD_HAS(r, revision) || is_secret_shown(c, r))
            say_bid(out, c, r);
        return;
    case RECORD_BUY_ACCEPTED:
        snprintf(out, SENTENCE_BYTES, "Somebody buys now at %s.",
                 amount(price, c, r->price));
        return;
    case RECORD_RETRACT_ACCEPTED:
        say_standing(out, c, r, "A bidder takes its bids back.");
        return;
    case RECORD_VOID_ACCEPTED:
        say_standing(out, c, r, "An administrator voids a bidder's bids.");
        return;
    case RECORD_AUCTION_EXTENDED:
        say_extended(out, r);
        return;
    case RECORD_AUCTION_CLOSED:
        say_closed(out, c, r);
        return;
    case RECORD_INVOICE_ISSUED:
        say_invoice(out, c, r);
        return;
    case RECORD_AUCTION_CANCELLED:
        snprintf(out, SENTENCE_BYTES, "The auction is cancelled.");
        return;
    case RECORD_AUCTION_SETTLED:
        snprintf(out, SENTENCE_BYTES, "The auction is %.*s.",
                 (int)r->outcome.size, r->outcome.bytes);
        return;
    default:
        if (RECORD_HAS(r, reason))
            say_refusal(out, c, r);
    }
}

void
explain_record(struct explain_context *context, const struct record *record)
{
    char sentence[SENTENCE_BYTES] = "";
    struct reply *j = context->reply;

    say(sentence, context, record);
    if (sentence[0] == '\0')
        return;
    reply_open(j, NULL);
    reply_int(j, "seq", record->seq);
    reply_instant(j, "at", instant_of(record->t));
    reply_text(j, "type", record_type_text(record->type));
    reply_text(j, "text", sentence);
    reply_close(j);
}
