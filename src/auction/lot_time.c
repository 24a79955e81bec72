/* SPDX-License-Identifier: Apache-2.0 */
/* A lot's timers, and what a stop of the server does to its end. */
#include "auction/format.h"

bool
lot_next_timer(const struct lot *lot, struct instant *due_out,
               enum timer *timer_out)
{
    switch (lot->state) {
    case LOT_SCHEDULED:
        *timer_out = TIMER_OPEN;
        *due_out = instant_before(lot->rules.opens, lot->published)
                       ? lot->published
                       : lot->rules.opens;
        return true;
    case LOT_OPEN:
        *timer_out = TIMER_CLOSE;
        *due_out = lot->closes;
        return true;
    case LOT_REVEAL:
        *timer_out = TIMER_REVEAL_END;
        *due_out = lot->reveal_ends;
        return true;
    case LOT_CLOSED:
    case LOT_SETTLED:
        *timer_out =
            lot->invoiced < lot->due_count ? TIMER_INVOICE : TIMER_PAY_DUE;
        *due_out = lot->ended;
        if (*timer_out == TIMER_PAY_DUE)
            due_out->ms += lot->rules.pay_within_ms;
        return *timer_out == TIMER_INVOICE ||
               (lot->awards_unpaid + lot->forfeits_unpaid > 0 &&
                lot->rules.pay_within_ms > 0);
    case LOT_DRAFT:
    case LOT_DEFAULTED:
    case LOT_CANCELLED:
        return false;
    }
    CHECK(false);
    return false;
}

/** Nothing more is bid or revealed: the format decides. */
static void
close_lot(struct lot *lot, struct book *book, struct instant due)
{
    format_of(lot->rules.format)->close(lot, book);
    format_end(lot, due);
}

void
lot_fire(struct lot *lot, struct book *book, enum timer timer,
         struct instant due)
{
    struct instant expected;
    enum timer next;

    CHECK(lot_next_timer(lot, &expected, &next));
    CHECK(next == timer && expected.ms == due.ms);
    switch (timer) {
    case TIMER_OPEN:
        lot->state = LOT_OPEN;
        lot->version++;
        return;
    case TIMER_CLOSE:
        if (!rules_have_reveal(&lot->rules)) {
            close_lot(lot, book, due);
            return;
        }
        lot->state = LOT_REVEAL;
        lot->version++;
        return;
    case TIMER_REVEAL_END:
        close_lot(lot, book, due);
        return;
    case TIMER_PAY_DUE:
        lot_default_step(lot, book);
        return;
    case TIMER_INVOICE: /* the numbers come from lot_invoice */
        return;
    }
    CHECK(false);
}

/*
 * An auction that should have opened while the server was down counts as
 * open: its bidders, too, could not bid. Time to reveal is not shortened by
 * an end that moves.
 */
bool
lot_outage(struct lot *lot, struct instant last_alive, struct instant restart)
{
    struct instant end = instant_of(restart.ms + lot->rules.outage_grace_ms);
    bool is_open =
        lot->state == LOT_OPEN || (lot->state == LOT_SCHEDULED &&
                                   !instant_before(restart, lot->rules.opens));
    struct instant *present =
        lot->state == LOT_REVEAL ? &lot->reveal_ends : &lot->closes;

    if ((!is_open && lot->state != LOT_REVEAL) ||
        lot->rules.outage_grace_ms == 0 ||
        !instant_before(last_alive, *present) || !instant_before(*present, end))
        return false;
    if (is_open && rules_have_reveal(&lot->rules))
        lot->reveal_ends.ms += end.ms - present->ms;
    *present = end;
    if (is_open && lot->hard_end.ms > 0 && instant_before(lot->hard_end, end))
        lot->hard_end = end;
    lot->version++;
    return true;
}
