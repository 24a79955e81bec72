/* SPDX-License-Identifier: Apache-2.0 */
/* Commit, reveal and withdraw, as all sealed formats have them. */
#include "auction/format.h"

#include "auction/commitment.h"

#include <string.h>

_Static_assert((int)COMMITMENT_BYTES == (int)BOOK_C_BYTES, "one hash");

static enum verdict
commit(struct lot *lot, struct book *book, const struct bidder *bidder,
       const struct order *order, unsigned live_max, struct instant t)
{
    struct entry bid = {.id = order->id,
                        .user = bidder->uid,
                        .kind = ENTRY_COMMITMENT,
                        .state = ENTRY_LIVE,
                        .cap = order->amount};
    struct place place;
    enum verdict verdict;

    memcpy(bid.c, order->c, BOOK_C_BYTES);
    verdict =
        format_find_place(lot, book, bidder, order->bid, live_max, t, &place);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    return format_place(lot, book, bidder, &place, &bid);
}

/** Whether the opening is that of the commitment, and good. */
static bool
opens(const struct lot *lot, const struct entry *bid, const struct order *order)
{
    const struct rules *rules = &lot->rules;
    uint64_t quantity = order->quantity == 0 ? 1 : order->quantity;
    struct opening opening = {lot->id, bid->user, quantity, order->amount,
                              order->nonce};
    struct money least = lot_min_next(lot, lot->closes);
    uint8_t c[COMMITMENT_BYTES];
    int64_t total;

    commitment_make(&opening, c);
    return memcmp(c, bid->c, sizeof(c)) == 0 &&
           order->amount.minor >= least.minor && quantity <= rules->quantity &&
           !__builtin_mul_overflow(order->amount.minor, (int64_t)quantity,
                                   &total) &&
           total <= bid->cap.minor;
}

static enum verdict
reveal(struct lot *lot, struct book *book, const struct bidder *bidder,
       const struct order *order)
{
    uint32_t at = format_live_bid(book, bidder->uid, order->bid);
    struct entry *bid;

    if (at == BOOK_NONE || !opens(lot, &book->entries[at], order))
        return VERDICT_BAD_REVEAL;
    if (book->entries[at].state == ENTRY_REVEALED)
        return VERDICT_ACCEPTED; /* once more: nothing changes */
    bid = book_change(book, at);
    bid->state = ENTRY_REVEALED;
    bid->amount = order->amount;
    bid->quantity = order->quantity == 0 ? 1 : order->quantity;
    lot->version++;
    return VERDICT_ACCEPTED;
}

enum verdict
format_sealed_order(struct lot *lot, struct book *book,
                    const struct bidder *bidder, const struct order *order,
                    unsigned live_max, struct instant t)
{
    switch (order->kind) {
    case ORDER_COMMIT:
        return commit(lot, book, bidder, order, live_max, t);
    case ORDER_REVEAL:
        return reveal(lot, book, bidder, order);
    case ORDER_WITHDRAW:
        return format_withdraw(lot, book, bidder, order->bid, t);
    case ORDER_BID:
    case ORDER_BUY:
    case ORDER_TAKE:
    case ORDER_RETRACT:
        break;
    }
    CHECK(false);
    return VERDICT_STATE;
}
