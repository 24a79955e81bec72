/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a result: invoices, payment, defaults, credit notes. */
#include "auction/format.h"

static uint32_t
lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void
lot_invoice(struct lot *lot, struct book *book, uint64_t *last,
            uint32_t *first_out, uint32_t *count_out)
{
    CHECK(lot_is_over(lot) && lot->invoiced <= lot->due_count);
    *first_out = lot->due_first + lot->invoiced;
    *count_out = lesser(lot->due_count - lot->invoiced, LOT_STEP);
    for (uint32_t i = 0; i < *count_out; i++)
        book_change(book, *first_out + i)->invoice = ++*last;
    lot->invoiced += *count_out;
}

/** One thing less to be paid; the last award decides what became of the lot. */
static void
settle(struct lot *lot, const struct entry *entry)
{
    if (entry->kind == ENTRY_FORFEIT) {
        CHECK(lot->forfeits_unpaid > 0);
        lot->forfeits_unpaid--;
        lot->version++;
        return;
    }
    CHECK(lot->awards_unpaid > 0 && lot->state == LOT_CLOSED);
    lot->awards_unpaid--;
    lot->version++;
    if (lot->awards_unpaid > 0)
        return;
    lot->state = entry->state != ENTRY_DEFAULTED || lot->awards_paid > 0
                     ? LOT_SETTLED
                     : LOT_DEFAULTED;
}

/** The place of an invoice: their numbers rise in the book. */
static uint32_t
find_invoice(const struct lot *lot, const struct book *book, uint64_t invoice)
{
    uint32_t low = lot->due_first, high = lot->due_first + lot->invoiced;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (book->entries[middle].invoice == invoice)
            return middle;
        if (book->entries[middle].invoice > invoice)
            high = middle;
        else
            low = middle + 1;
    }
    return BOOK_NONE;
}

static void
pay_entry(struct lot *lot, struct book *book, uint32_t at)
{
    struct entry *entry = book_change(book, at);

    entry->state = ENTRY_PAID;
    lot->awards_paid += entry->kind == ENTRY_AWARD;
    settle(lot, entry);
}

/** Pay all that a user owes here, in the order of the invoices. */
static enum verdict
pay_all(struct lot *lot, struct book *book, uint64_t uid)
{
    uint32_t owed[LOT_STEP], count = 0;

    for (uint32_t i = 0; i < lot->due_count; i++) {
        const struct entry *entry = &book->entries[lot->due_first + i];
        if (entry->user != uid || entry->state != ENTRY_DUE)
            continue;
        if (count == LOT_STEP)
            return VERDICT_STATE;
        owed[count++] = lot->due_first + i;
    }
    for (uint32_t i = 0; i < count; i++)
        pay_entry(lot, book, owed[i]);
    return count > 0 ? VERDICT_ACCEPTED : VERDICT_STATE;
}

enum verdict
lot_pay(struct lot *lot, struct book *book, uint64_t uid, uint64_t invoice)
{
    uint32_t at;

    if (lot_is_final(lot) && lot->forfeits_unpaid == 0)
        return VERDICT_CLOSED;
    if (!lot_is_over(lot) || lot->state == LOT_CANCELLED)
        return VERDICT_STATE;
    CHECK(lot->invoiced == lot->due_count);
    if (invoice == 0)
        return pay_all(lot, book, uid);
    at = find_invoice(lot, book, invoice);
    if (at == BOOK_NONE || book->entries[at].user != uid ||
        book->entries[at].state != ENTRY_DUE)
        return VERDICT_STATE;
    pay_entry(lot, book, at);
    return VERDICT_ACCEPTED;
}

enum verdict
lot_correct(struct lot *lot, struct book *book, uint64_t invoice,
            uint64_t number)
{
    struct entry *entry;
    uint32_t at;

    CHECK(number > 0);
    if (!lot_is_over(lot) || lot->state == LOT_CANCELLED)
        return VERDICT_STATE;
    at = find_invoice(lot, book, invoice);
    if (at == BOOK_NONE || book->entries[at].credit_note != 0)
        return VERDICT_STATE;
    entry = book_change(book, at);
    entry->credit_note = number;
    if (entry->state == ENTRY_DUE) {
        entry->state = ENTRY_CREDITED;
        settle(lot, entry);
    }
    return VERDICT_ACCEPTED;
}

void
lot_default_step(struct lot *lot, struct book *book)
{
    unsigned steps = 0;

    CHECK(lot->awards_unpaid + lot->forfeits_unpaid > 0);
    while (steps < LOT_STEP && lot->awards_unpaid + lot->forfeits_unpaid > 0) {
        uint32_t at = lot->due_first + lot->overdue++;
        CHECK(lot->overdue <= lot->due_count);
        if (book->entries[at].state != ENTRY_DUE)
            continue;
        struct entry *entry = book_change(book, at);
        entry->state = ENTRY_DEFAULTED;
        settle(lot, entry);
        steps++;
    }
}

/* -------------------------------------------------------------------- room */

struct lot_room
lot_room_for_timer(const struct lot *lot, const struct book *book)
{
    struct instant due;
    enum timer timer;

    if (!lot_next_timer(lot, &due, &timer))
        return (struct lot_room){0, 0};
    switch (timer) {
    case TIMER_OPEN:
        return (struct lot_room){0, 0};
    case TIMER_CLOSE:
    case TIMER_REVEAL_END: /* each bid an award or a forfeit, and the leader */
        return (struct lot_room){book->count + 1, book->count + 1 + LOT_STEP};
    case TIMER_INVOICE:
    case TIMER_PAY_DUE:
        return (struct lot_room){0, LOT_STEP};
    }
    CHECK(false);
    return (struct lot_room){0, 0};
}

struct lot_room
lot_room_for_void(const struct lot *lot, const struct book *book)
{
    (void)lot;
    return (struct lot_room){0, book->count};
}

struct lot_room
lot_room_for_order(const struct lot *lot)
{
    /* A last take adds an award and begins with the invoices. */
    return format_of(lot->rules.format)->replay != NULL && lot->awards == 0 &&
                   lot->rules.buy_now.minor == 0
               ? (struct lot_room){0, 0}
               : (struct lot_room){1, 2 + LOT_STEP};
}
