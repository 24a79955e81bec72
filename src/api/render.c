/* SPDX-License-Identifier: Apache-2.0 */
/* Auctions and invoices, as far as a viewer may see them. */
#include "api/render.h"

#include "auction/format.h"

#include <stdio.h>
#include <string.h>

/* --------------------------------------------------------------- auction */

bool
viewer_sees_accounts(const struct viewer *viewer,
                     const struct auction_view *view)
{
    return viewer->role == ROLE_ADMIN || viewer->role == ROLE_AUDITOR ||
           (viewer->uid != 0 && viewer->uid == view->lot.seller);
}

/** A person in this auction: the account to some, a pseudonym to others. */
void
render_person(struct reply *j, const char *name,
              const struct auction_view *view, uint64_t uid,
              const char *account, bool shows_account)
{
    char alias[VIEW_ALIAS_BYTES];

    reply_text(j, name,
               shows_account && account != NULL && account[0] != '\0'
                   ? account
                   : view_alias(alias, view->alias_salt, uid));
}

static const char *
outcome_name(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_SOLD:
        return "sold";
    case OUTCOME_UNSOLD_NO_BIDS:
        return "no_bids";
    case OUTCOME_UNSOLD_RESERVE_NOT_MET:
        return "reserve_not_met";
    case OUTCOME_NONE:
        break;
    }
    return "none";
}

/** What only auctions with maxima against each other have. */
static void
render_bidding(struct reply *j, const struct lot *lot)
{
    const struct rules *rules = &lot->rules;

    reply_money(j, "increment", rules_increment(rules, lot->price));
    if (rules->buy_now.minor > 0) {
        reply_money(j, "buy_now_price", rules->buy_now);
        reply_flag(j, "buy_now", lot_buy_now_is_available(lot));
    }
    if (lot->leader != 0)
        reply_money(j, "price", lot->price);
    reply_money(j, "minimum_bid", lot_min_next(lot, lot->closes));
}

/** Whether the reserve is met: in a sealed auction nobody knows yet. */
static const char *
reserve_state(const struct lot *lot)
{
    if (lot->rules.reserve.minor == 0)
        return "none";
    if (rules_have_reveal(&lot->rules) && lot->outcome == OUTCOME_NONE)
        return "hidden";
    if (rules_have_reveal(&lot->rules))
        return lot->outcome == OUTCOME_SOLD ? "met" : "not_met";
    return lot->leader != 0 && lot_reserve_met(lot) ? "met" : "not_met";
}

static void
render_reserve(struct reply *j, const struct lot *lot,
               const struct viewer *viewer)
{
    reply_text(j, "reserve", reserve_state(lot));
    if (lot->rules.reserve.minor > 0 &&
        (viewer->uid == lot->seller || lot_is_over(lot)))
        reply_money(j, "reserve_price", lot->rules.reserve);
}

/** The clock: its price now, and when it falls to which. */
static void
render_clock(struct reply *j, const struct lot *lot, struct instant now)
{
    struct instant next = lot_clock_next(lot, now);

    reply_money(j, "drop", lot->rules.drop);
    reply_int(j, "interval", lot->rules.interval_ms / 1000);
    if (lot_is_over(lot))
        return;
    reply_money(j, "price", lot_min_next(lot, now));
    if (next.ms != 0) {
        reply_instant(j, "next_price_at", next);
        reply_money(j, "next_price", lot_min_next(lot, next));
    }
}

static void
render_units(struct reply *j, const struct lot *lot)
{
    reply_int(j, "quantity", (int64_t)lot->rules.quantity);
    reply_int(j, "sold", (int64_t)lot->sold);
    reply_int(j, "stock", (int64_t)lot_stock(lot));
}

static void
render_sharing(struct reply *j, const struct auction_view *view)
{
    const struct rules *rules = &view->lot.rules;

    reply_text(j, "rationing",
               rules->rationing == RATIONING_TIME ? "time" : "prorata");
    reply_text(j, "pricing", rules->pricing == PRICING_LAB ? "lab" : "hrb");
    reply_flag(j, "sealed", rules->is_sealed);
    reply_instant(j, "withdraw_until",
                  rules->withdraw_until.ms != 0 ? rules->withdraw_until
                                                : view->lot.closes);
    reply_money(j, "minimum_bid", rules->floor);
    if (view->lot.outcome == OUTCOME_SOLD)
        reply_money(j, "price", view->lot.price);
}

static void
render_prices(struct reply *j, const struct auction_view *view,
              const struct viewer *viewer, struct instant now)
{
    const struct lot *lot = &view->lot;
    unsigned fields = format_of(lot->rules.format)->fields;

    if (fields & RULE_START)
        reply_money(j, "start_price", lot->rules.start_price);
    if (fields & RULE_FLOOR)
        reply_money(j, "floor_price", lot->rules.floor);
    if (fields & RULE_BIDDING)
        render_bidding(j, lot);
    if (fields & RULE_RESERVE)
        render_reserve(j, lot, viewer);
    if (fields & RULE_CLOCK)
        render_clock(j, lot, now);
    if (fields & RULE_QUANTITY)
        render_units(j, lot);
    if (fields & RULE_SHARING)
        render_sharing(j, view);
    if (rules_have_reveal(&lot->rules))
        reply_money(j, "bond", lot->rules.bond);
    reply_int(j, "bid_count", (int64_t)lot->bid_count);
}

/* ----------------------------------------------------------------- result */

static void
render_award(struct reply *j, const char *name, const struct auction_view *view,
             const struct award_view *award, const struct viewer *viewer)
{
    bool shows = viewer_sees_accounts(viewer, view);

    reply_open(j, name);
    reply_money(j, "price", award->entry.amount);
    reply_int(j, "quantity", (int64_t)award->entry.quantity);
    render_person(j, "winner", view, award->entry.user, award->account, shows);
    if (shows)
        reply_id(j, "winner_uid", award->entry.user);
    reply_flag(j, "you", award->entry.user == viewer->uid);
    reply_flag(j, "paid", award->entry.state == ENTRY_PAID);
    if (award->entry.invoice != 0)
        reply_id(j, "invoice", award->entry.invoice);
    reply_close(j);
}

static bool
is_award(const struct award_view *award)
{
    return award->entry.kind == ENTRY_AWARD;
}

static void
render_awards(struct reply *j, const struct auction_view *view,
              const struct viewer *viewer)
{
    reply_int(j, "award_count", view->lot.awards);
    reply_open_array(j, "awards");
    for (size_t i = 0; i < view->award_count; i++)
        if (is_award(&view->awards[i]))
            render_award(j, NULL, view, &view->awards[i], viewer);
    reply_close_array(j);
}

static void
render_result(struct reply *j, const struct auction_view *view,
              const struct viewer *viewer)
{
    const struct lot *lot = &view->lot;

    if (lot->outcome != OUTCOME_NONE)
        reply_text(j, "outcome", outcome_name(lot->outcome));
    if (lot->awards == 0)
        return;
    if (format_of(lot->rules.format)->fields & RULE_QUANTITY)
        render_awards(j, view, viewer);
    else
        render_award(j, "award", view, &view->awards[0], viewer);
}

void
render_invoice(struct reply *j, const struct invoice_view *invoice,
               const char *buyer, const char *seller)
{
    static const char *const states[] = {
        [ENTRY_LIVE] = "",
        [ENTRY_REVEALED] = "",
        [ENTRY_WITHDRAWN] = "",
        [ENTRY_VOID] = "",
        [ENTRY_DUE] = "due",
        [ENTRY_PAID] = "paid",
        [ENTRY_DEFAULTED] = "defaulted",
        [ENTRY_CREDITED] = "credited",
    };

    reply_id(j, "number", invoice->number);
    reply_text(j, "kind",
               invoice->corrects != 0                 ? "credit_note"
               : invoice->entry.kind == ENTRY_FORFEIT ? "bond"
                                                      : "award");
    reply_id(j, "auction", invoice->auction);
    reply_text(j, "buyer", buyer);
    reply_text(j, "seller", seller);
    reply_text(j, "currency", invoice->currency);
    reply_int(j, "quantity", (int64_t)invoice->entry.quantity);
    reply_money(j, "price", invoice->entry.amount);
    reply_money(j, "goods", invoice->sums.goods);
    reply_int(j, "premium", invoice->sums.premium.minor);
    reply_int(j, "tax", invoice->sums.tax.minor);
    reply_money(j, "total", invoice->sums.total);
    if (invoice->corrects != 0)
        reply_id(j, "corrects", invoice->corrects);
    else
        reply_text(j, "status", states[invoice->entry.state]);
    if (invoice->corrected_by != 0)
        reply_id(j, "credit_note", invoice->corrected_by);
    reply_instant(j, "closed_at", invoice->ended);
}

/* ------------------------------------------------------------------ rules */

static void
render_allowed(struct reply *j, const struct auction_view *view,
               const struct viewer *viewer)
{
    const char *account = NULL;

    reply_flag(j, "restricted", view->lot.rules.is_restricted);
    if (!view->lot.rules.is_restricted || !viewer_sees_accounts(viewer, view))
        return;
    reply_open_array(j, "allow");
    while ((account = view_allowed(view, account)) != NULL)
        reply_text(j, NULL, account);
    reply_close_array(j);
}

static void
render_rules(struct reply *j, const struct auction_view *view,
             const struct viewer *viewer)
{
    const struct rules *rules = &view->lot.rules;
    unsigned fields = format_of(rules->format)->fields;

    if (fields & RULE_BIDDING) {
        reply_flag(j, "proxy", rules->proxy);
        reply_flag(j, "retraction", rules->retraction);
    }
    reply_flag(j, "signed", rules->signed_only);
    reply_hex(j, "terms", view->terms.bytes, HASH_BYTES);
    reply_instant(j, "opens_at", rules->opens);
    reply_instant(j, "ends_at", view->lot.closes);
    if (rules_have_reveal(rules))
        reply_instant(j, "reveal_ends_at", view->lot.reveal_ends);
    if (fields & RULE_SOFT_CLOSE) {
        reply_int(j, "extend_window", rules->window_ms / 1000);
        reply_int(j, "extend_by", rules->extension_ms / 1000);
    }
    if (view->lot.hard_end.ms > 0)
        reply_instant(j, "hard_end_at", view->lot.hard_end);
    render_allowed(j, view, viewer);
    if (rules->relist_of != 0)
        reply_id(j, "relist_of", rules->relist_of);
}

static void
render_links(struct reply *j, uint64_t id)
{
    char link[64];

    reply_open(j, "links");
    snprintf(link, sizeof(link), "/v1/auctions/%llu/bids",
             (unsigned long long)id);
    reply_text(j, "bids", link);
    snprintf(link, sizeof(link), "/v1/events?auction=%llu",
             (unsigned long long)id);
    reply_text(j, "events", link);
    reply_close(j);
}

static bool
is_allowed(const struct auction_view *view, const char *name)
{
    const char *account = NULL;

    while ((account = view_allowed(view, account)) != NULL)
        if (strcmp(account, name) == 0)
            return true;
    return false;
}

void
render_auction(struct reply *j, const struct auction_view *view,
               const struct viewer *viewer, struct instant now)
{
    const struct lot *lot = &view->lot;

    reply_id(j, "id", lot->id);
    reply_int(j, "version", (int64_t)lot->version);
    reply_text(j, "format", format_name(lot->rules.format));
    reply_text(j, "status", lot_state_name(lot->state));
    reply_text(j, "title", view_title(view));
    reply_text(j, "description", view_description(view));
    reply_text(j, "seller", view->seller);
    reply_text(j, "currency", lot->rules.currency);
    render_prices(j, view, viewer, now);
    if (lot->leader != 0)
        render_person(j, "leader", view, lot->leader, view->leader,
                      viewer_sees_accounts(viewer, view));
    reply_open(j, "you");
    reply_flag(j, "leading", lot->leader != 0 && lot->leader == viewer->uid);
    reply_flag(j, "seller", lot->seller == viewer->uid);
    if (lot->rules.is_restricted)
        reply_flag(j, "allowed", is_allowed(view, viewer->name));
    reply_close(j);
    render_rules(j, view, viewer);
    render_result(j, view, viewer);
    reply_instant(j, "server_time", now);
    render_links(j, lot->id);
}
