/* SPDX-License-Identifier: Apache-2.0 */
#include "auction/format.h"

#define FORMAT_ROW(id, name) [FORMAT_##id] = &format_##name,
static const struct format *const formats[FORMAT_COUNT] = {
    FORMAT_LIST(FORMAT_ROW)};

const struct format *
format_of(enum format_id format)
{
    CHECK(format < FORMAT_COUNT);
    return formats[format];
}

bool
bidder_can_hold(const struct bidder *bidder, struct money released,
                struct money added)
{
    struct money exposure = money_of(bidder->held.minor - released.minor);

    CHECK(released.minor >= 0 && exposure.minor >= 0);
    if (!money_add(&exposure, exposure, added))
        return false;
    return exposure.minor <= bidder->limit.minor;
}

void
format_award(struct lot *lot, struct book *book, uint64_t user, uint64_t id,
             struct money price, uint64_t quantity)
{
    struct entry award = {.id = id,
                          .user = user,
                          .kind = ENTRY_AWARD,
                          .state = ENTRY_DUE,
                          .quantity = quantity,
                          .amount = price};

    CHECK(user != 0 && quantity > 0);
    if (lot->due_count == 0)
        lot->due_first = book->count;
    CHECK(lot->due_first + lot->due_count == book->count);
    book_add(book, &award);
    lot->due_count++;
    lot->awards++;
    lot->awards_unpaid++;
    lot->sold += quantity;
    CHECK(lot->sold <= lot->rules.quantity);
}

static bool
by_id(const struct entry *a, const struct entry *b)
{
    return a->id < b->id;
}

/** Commitments that were not revealed, the oldest first. */
static uint32_t
list_unrevealed(struct book *book)
{
    uint32_t list = BOOK_NONE;

    for (uint32_t at = 0; at < book->count; at++) {
        struct entry *entry = &book->entries[at];
        if (entry->kind != ENTRY_COMMITMENT || entry->state != ENTRY_LIVE)
            continue;
        entry->next = list;
        list = at;
    }
    return book_sort(book, list, by_id);
}

void
format_forfeit(struct lot *lot, struct book *book)
{
    uint32_t next;

    if (lot->rules.bond.minor == 0)
        return;
    for (uint32_t at = list_unrevealed(book); at != BOOK_NONE; at = next) {
        struct entry forfeit = {.id = book->entries[at].id,
                                .user = book->entries[at].user,
                                .kind = ENTRY_FORFEIT,
                                .state = ENTRY_DUE,
                                .quantity = 1,
                                .amount = lot->rules.bond};
        next = book->entries[at].next;
        if (lot->due_count == 0)
            lot->due_first = book->count;
        book_add(book, &forfeit);
        lot->due_count++;
        lot->forfeits_unpaid++;
    }
    book_reindex(book);
}

uint32_t
format_live_bid(const struct book *book, uint64_t user, uint64_t id)
{
    const struct entry *e = book->entries;
    uint32_t found = BOOK_NONE;

    for (uint32_t at = book_first_of(book, user); at != BOOK_NONE;
         at = book_next_of(book, at, user))
        if (entry_is_live(&e[at]) && (id == 0 || e[at].id == id) &&
            (found == BOOK_NONE || e[at].id < e[found].id))
            found = at;
    return found;
}

/** Whether bids may still be replaced and taken back. */
static bool
is_too_late(const struct lot *lot, struct instant t)
{
    return lot->rules.withdraw_until.ms != 0 &&
           !instant_before(t, lot->rules.withdraw_until);
}

/** Live bids of a user, and a place of its own that is free. */
static unsigned
count_live(const struct book *book, uint64_t user, uint32_t *free_out)
{
    unsigned live = 0;

    *free_out = BOOK_NONE;
    for (uint32_t at = book_first_of(book, user); at != BOOK_NONE;
         at = book_next_of(book, at, user)) {
        if (entry_is_live(&book->entries[at]))
            live++;
        else if (!entry_is_due_kind(&book->entries[at]) && at < *free_out)
            *free_out = at; /* the first, in whatever order they come */
    }
    return live;
}

enum verdict
format_find_place(const struct lot *lot, const struct book *book,
                  const struct bidder *bidder, uint64_t replaced,
                  unsigned live_max, struct instant t, struct place *out)
{
    unsigned live = count_live(book, bidder->uid, &out->at);

    out->replaces = replaced != 0 || (live_max == 1 && live == 1);
    if (!out->replaces)
        return live == live_max ||
                       (out->at == BOOK_NONE && book->count >= BOOK_BIDS_MAX)
                   ? VERDICT_STATE
                   : VERDICT_ACCEPTED;
    if (is_too_late(lot, t))
        return VERDICT_TOO_LATE;
    out->at = format_live_bid(book, bidder->uid, replaced);
    return out->at == BOOK_NONE ? VERDICT_STATE : VERDICT_ACCEPTED;
}

/** Put it there; the working space of the place is kept. */
static void
put(struct book *book, uint32_t at, const struct entry *bid)
{
    struct entry *entry;
    uint32_t next, epoch;

    if (at == BOOK_NONE) {
        book_add(book, bid);
        return;
    }
    entry = book_change(book, at);
    next = entry->next;
    epoch = entry->epoch;
    *entry = *bid;
    entry->next = next;
    entry->epoch = epoch;
}

enum verdict
format_place(struct lot *lot, struct book *book, const struct bidder *bidder,
             const struct place *place, const struct entry *bid)
{
    struct money released = money_of(0);

    CHECK(bid->user == bidder->uid && bid->state == ENTRY_LIVE);
    if (place->replaces)
        released = lot_entry_hold(lot, &book->entries[place->at]);
    if (!bidder_can_hold(bidder, released, lot_entry_hold(lot, bid)))
        return VERDICT_CREDIT;
    put(book, place->at, bid);
    lot->bid_count += !place->replaces;
    lot->version++;
    return VERDICT_ACCEPTED;
}

enum verdict
format_withdraw(struct lot *lot, struct book *book, const struct bidder *bidder,
                uint64_t id, struct instant t)
{
    uint32_t at = format_live_bid(book, bidder->uid, id);

    if (is_too_late(lot, t))
        return VERDICT_TOO_LATE;
    if (at == BOOK_NONE)
        return VERDICT_STATE;
    book_change(book, at)->state = ENTRY_WITHDRAWN;
    lot->bid_count--;
    lot->version++;
    return VERDICT_ACCEPTED;
}
