/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides of an auction in the same words. */
#include "twin_internal.h"

#include "tap.h"

#include <stdlib.h>
#include <string.h>

static enum naive_state
state_of(enum lot_state state)
{
    switch (state) {
    case LOT_DRAFT:
        return NAIVE_DRAFT;
    case LOT_SCHEDULED:
        return NAIVE_SCHEDULED;
    case LOT_OPEN:
        return NAIVE_OPEN;
    case LOT_REVEAL:
        return NAIVE_IN_REVEAL;
    case LOT_CLOSED:
        return NAIVE_CLOSED;
    case LOT_SETTLED:
        return NAIVE_SETTLED;
    case LOT_DEFAULTED:
        return NAIVE_DEFAULTED;
    case LOT_CANCELLED:
        break;
    }
    return NAIVE_CANCELLED;
}

static enum naive_outcome
outcome_of(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_NONE:
        return NAIVE_NONE;
    case OUTCOME_SOLD:
        return NAIVE_SOLD;
    case OUTCOME_UNSOLD_NO_BIDS:
        return NAIVE_NO_BIDS;
    case OUTCOME_UNSOLD_RESERVE_NOT_MET:
        break;
    }
    return NAIVE_RESERVE_NOT_MET;
}

/** While an English auction is open: the standing. */
static bool
has_standing(enum naive_format format, enum naive_state state)
{
    return format == NAIVE_ENGLISH && state == NAIVE_OPEN;
}

static enum naive_format
format_id_of(enum format_id format)
{
    enum naive_format f = NAIVE_ENGLISH;

    while (strcmp(twin_format_name(f), format_name(format)) != 0)
        f++;
    return f;
}

static void
show_awards(const struct auction_view *view, struct shown *out)
{
    for (size_t i = 0; i < view->award_count; i++) {
        const struct entry *e = &view->awards[i].entry;

        /* What was cancelled is owed by nobody. */
        if (e->state == ENTRY_VOID || view->lot.state == LOT_CANCELLED)
            continue;
        CHECK(out->award_count < TWIN_AWARDS_MAX);
        out->awards[out->award_count++] =
            (struct shown_award){.user = e->user,
                                 .price = (uint64_t)e->amount.minor,
                                 .quantity = e->quantity,
                                 .invoice = e->invoice,
                                 .is_paid = e->state == ENTRY_PAID,
                                 .is_defaulted = e->state == ENTRY_DEFAULTED,
                                 .is_credited = e->credit_note != 0};
    }
}

void
twin_show_engine(struct twin *twin, uint64_t auction, struct shown *out)
{
    struct auction_view *view =
        views_get(engine_views(twin->run.engine), auction);
    const struct lot *lot;

    memset(out, 0, sizeof(*out));
    CHECK(view != NULL);
    lot = &view->lot;
    out->state = state_of(lot->state);
    out->outcome = outcome_of(lot->outcome);
    out->close = lot->closes.ms;
    out->hard_end = lot->hard_end.ms;
    out->reveal_end = lot->reveal_ends.ms;
    if (lot->rules.format == FORMAT_DUTCH)
        out->stock = lot_stock(lot);
    if (has_standing(format_id_of(lot->rules.format), out->state)) {
        out->leader = lot->leader;
        out->maximum = (uint64_t)lot->maximum.minor;
        out->price = lot->leader == 0 ? 0 : (uint64_t)lot->price.minor;
        out->min_next = (uint64_t)lot_min_next(lot, lot->rules.opens).minor;
        out->has_buy_now = lot_buy_now_is_available(lot);
    }
    show_awards(view, out);
    view_unref(&view);
}

/* ---------------------------------------------------------------- naive */

static uint64_t
invoice_of(const struct naive_invoice *series, size_t count, uint64_t auction,
           size_t award)
{
    for (size_t i = 0; i < count; i++)
        if (series[i].auction == auction && series[i].award == award &&
            series[i].corrects == 0)
            return series[i].number;
    return 0;
}

static void
copy_awards(struct twin *twin, const struct naive_auction *a, struct shown *out)
{
    struct naive_invoice *series = NULL;
    size_t count = 0;

    if (a->award_count > 0)
        series = naive_invoices(twin->naive, &count);
    CHECK(a->award_count <= TWIN_AWARDS_MAX);
    out->award_count = a->award_count;
    for (size_t i = 0; i < a->award_count; i++)
        out->awards[i] = (struct shown_award){
            .user = a->awards[i].user,
            .price = a->awards[i].price,
            .quantity = a->awards[i].quantity,
            .invoice = invoice_of(series, count, a->id, i + 1),
            .is_paid = a->awards[i].is_paid,
            .is_defaulted = a->awards[i].is_defaulted,
            .is_credited = a->awards[i].is_credited};
    free(series);
}

void
twin_show_naive(struct twin *twin, uint64_t auction, struct shown *out)
{
    static struct naive_auction a;

    memset(out, 0, sizeof(*out));
    CHECK(naive_look(twin->naive, auction, &a));
    out->state = a.state;
    out->outcome = a.outcome;
    out->close = a.close;
    out->hard_end = a.hard_end;
    out->reveal_end = naive_is_sealed(&a.terms) ? a.reveal_end : 0;
    if (a.terms.format == NAIVE_DUTCH && a.outcome == NAIVE_NONE &&
        a.state != NAIVE_CANCELLED)
        out->stock = a.stock;
    if (has_standing(a.terms.format, a.state)) {
        out->leader = a.leader;
        out->maximum = a.maximum;
        out->price = a.price;
        out->min_next = naive_min_next(&a);
        out->has_buy_now = naive_buy_now_is_there(&a);
    }
    copy_awards(twin, &a, out);
}
