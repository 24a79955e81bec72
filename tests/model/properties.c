/* SPDX-License-Identifier: Apache-2.0 */
/* What must never happen, checked on what the engine shows. */
#include "twin_internal.h"

#include <string.h>

static bool
english_is_sane(struct twin *twin, uint64_t id, const struct twin_step *step,
                const struct naive_auction *a)
{
    const struct shown *now = &twin->shown[id - 1];
    const struct shown *was = &twin->before[id - 1];
    bool is_undone =
        step->command.kind == NAIVE_RETRACT || step->command.kind == NAIVE_VOID;

    if (now->state != NAIVE_OPEN || was->state != NAIVE_OPEN)
        return true;
    if (now->price < was->price && !is_undone)
        return twin_complain(twin, "auction %d: the price fell", (int)id);
    if (now->leader != 0 &&
        (now->price < a->terms.start || now->price > now->maximum))
        return twin_complain(twin, "auction %d: not S <= P <= M", (int)id);
    if (was->leader != 0 && now->leader != was->leader && !is_undone &&
        now->maximum <= was->maximum && !a->terms.no_proxy)
        return twin_complain(twin, "auction %d: an equal maximum took the lead",
                             (int)id);
    return true;
}

static bool
close_is_sane(struct twin *twin, uint64_t id)
{
    const struct shown *now = &twin->shown[id - 1];
    const struct shown *was = &twin->before[id - 1];

    if (was->close != 0 && now->close < was->close)
        return twin_complain(twin, "auction %d: the close moved earlier",
                             (int)id);
    if (now->hard_end != 0 && now->close > now->hard_end)
        return twin_complain(twin, "auction %d: closes past its hard end",
                             (int)id);
    return true;
}

/** The most that a user has offered for one unit, ever. */
static uint64_t
best_offer(const struct twin *twin, uint64_t id, uint64_t user)
{
    uint64_t best = 0;

    for (size_t i = 0; i < naive_line_count(twin->naive); i++) {
        const struct naive_entry *e = naive_line(twin->naive, i);
        const struct naive_command *c = &e->command;
        uint64_t offer = c->kind == NAIVE_TAKE ? c->limit : c->amount;

        if (e->verdict != NAIVE_ACCEPTED || c->auction != id || c->user != user)
            continue;
        if (c->kind != NAIVE_BID && c->kind != NAIVE_BUY &&
            c->kind != NAIVE_TAKE && c->kind != NAIVE_REVEAL)
            continue;
        if (offer > best)
            best = offer;
    }
    return best;
}

static bool
is_forfeit(const struct naive_auction *a, size_t award)
{
    return award < a->award_count && a->awards[award].is_forfeit;
}

static bool
awards_are_sane(struct twin *twin, uint64_t id, const struct naive_auction *a)
{
    const struct shown *now = &twin->shown[id - 1];
    uint64_t units = 0;

    for (size_t i = 0; i < now->award_count; i++) {
        const struct shown_award *award = &now->awards[i];

        if (is_forfeit(a, i))
            continue;
        units += award->quantity;
        if (award->price > best_offer(twin, id, award->user))
            return twin_complain(twin, "auction %d: pays above an own bid",
                                 (int)id);
        if (a->terms.format == NAIVE_UNIFORM &&
            award->price != now->awards[0].price)
            return twin_complain(twin, "auction %d: two prices", (int)id);
    }
    if (units > a->terms.quantity)
        return twin_complain(twin, "auction %d: more units than there are",
                             (int)id);
    return true;
}

/** What a user got in a uniform-price auction. */
static uint64_t
units_of(const struct shown *now, uint64_t user)
{
    uint64_t units = 0;

    for (size_t i = 0; i < now->award_count; i++)
        if (now->awards[i].user == user)
            units += now->awards[i].quantity;
    return units;
}

static bool
counts(const struct naive_auction *a, const struct naive_bid *bid)
{
    return !bid->is_gone && (!a->terms.sealed || bid->is_revealed);
}

/** Whoever asked for units at a strictly higher price has all of them. */
static bool
higher_bids_come_first(struct twin *twin, uint64_t id,
                       const struct naive_auction *a)
{
    const struct shown *now = &twin->shown[id - 1];
    uint64_t lowest_served = UINT64_MAX;

    for (size_t i = 0; i < a->bid_count; i++) {
        uint64_t below = 0, user = a->bids[i].user;

        if (!counts(a, &a->bids[i]))
            continue;
        /* Units beyond what the user asked for above this price. */
        for (size_t j = 0; j < a->bid_count; j++)
            if (counts(a, &a->bids[j]) && a->bids[j].user == user &&
                a->bids[j].amount > a->bids[i].amount)
                below += a->bids[j].quantity;
        if (units_of(now, user) > below && a->bids[i].amount < lowest_served)
            lowest_served = a->bids[i].amount;
    }
    for (size_t i = 0; i < a->bid_count; i++) {
        uint64_t above = 0, user = a->bids[i].user;

        if (!counts(a, &a->bids[i]) || a->bids[i].amount <= lowest_served)
            continue;
        for (size_t j = 0; j < a->bid_count; j++)
            if (counts(a, &a->bids[j]) && a->bids[j].user == user &&
                a->bids[j].amount > lowest_served)
                above += a->bids[j].quantity;
        if (units_of(now, user) < above)
            return twin_complain(twin, "auction %d: a higher bid is short",
                                 (int)id);
    }
    return true;
}

bool
twin_keeps_properties(struct twin *twin, const struct twin_step *step)
{
    static struct naive_auction a;

    for (uint64_t id = 1; naive_look(twin->naive, id, &a); id++) {
        if (!english_is_sane(twin, id, step, &a) || !close_is_sane(twin, id) ||
            !awards_are_sane(twin, id, &a))
            return false;
        if (a.terms.format == NAIVE_UNIFORM && a.outcome == NAIVE_SOLD &&
            a.state == NAIVE_CLOSED && !higher_bids_come_first(twin, id, &a))
            return false;
    }
    return true;
}
