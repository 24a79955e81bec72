/* SPDX-License-Identifier: Apache-2.0 */
/**
 * lot: one auction's state and the rules that change it. Pure.
 *
 * A lot is plain data of fixed size: the engine copies it to undo a change.
 * What has to be remembered bid by bid stands in its book, which is lent to
 * each call; see lot_room for how much of it must be free. English bids are
 * not in the book: the rules that look back on them (retraction, voiding) are
 * given them. A function judges first, in the order of the checks, and changes
 * the lot only when it accepts.
 *
 * Who may send a command (roles, signatures, repeated requests) is decided
 * before; that a seller does not bid on its own lot, and a blocked account
 * not at all, is decided here.
 *
 * Thread  one at a time.
 * Source  docs/rules.md.
 */
#ifndef AUCTION_LOT_H
#define AUCTION_LOT_H

#include "auction/book.h"
#include "auction/rules.h"
#include "auction/verdict.h"

enum lot_state {
    LOT_DRAFT,
    LOT_SCHEDULED,
    LOT_OPEN,
    LOT_REVEAL, /* sealed formats only */
    LOT_CLOSED,
    LOT_SETTLED,
    LOT_DEFAULTED,
    LOT_CANCELLED,
};

enum outcome {
    OUTCOME_NONE,
    OUTCOME_SOLD,
    OUTCOME_UNSOLD_NO_BIDS,
    OUTCOME_UNSOLD_RESERVE_NOT_MET,
};

/**
 * TIMER_INVOICE goes on, at the moment of the close, with what did not fit
 * into one step; so does TIMER_PAY_DUE.
 */
enum timer {
    TIMER_OPEN,
    TIMER_CLOSE,
    TIMER_REVEAL_END,
    TIMER_INVOICE,
    TIMER_PAY_DUE,
};

enum {
    LOT_NONCE_BYTES = 32,
    LOT_STEP = 16, /* invoices or defaults of one step */
};

/** What a bidder may ask of a lot. */
enum order_kind {
    ORDER_BID,
    ORDER_BUY,
    ORDER_TAKE,
    ORDER_COMMIT,
    ORDER_REVEAL,
    ORDER_WITHDRAW,
    ORDER_RETRACT, /* judged by lot_retract */
};

/** One of them; what its kind and format do not have is 0. */
struct order {
    enum order_kind kind;
    uint64_t id;         /* number of the record, should it be accepted */
    uint64_t bid;        /* id of the bid that it replaces, opens, withdraws */
    struct money amount; /* bid: maximum, or price of a unit; take: limit;
                            commit: cap; reveal: the amount */
    uint64_t quantity;
    bool all_or_none;     /* take */
    const uint8_t *c;     /* commit: the commitment */
    const uint8_t *nonce; /* reveal */
};

struct lot {
    uint64_t id;
    uint64_t seller;
    struct rules rules;
    enum lot_state state;
    uint64_t version; /* counts every change that others can see */
    uint8_t reserve_nonce[LOT_NONCE_BYTES];

    struct instant published;   /* when; the open timer is not before it */
    struct instant closes;      /* with extensions */
    struct instant reveal_ends; /* 0: no reveal */
    struct instant hard_end;    /* raised by an outage; 0: none */
    struct instant ended;       /* when it closed; 0 before */

    uint64_t leader; /* 0: none */
    struct money maximum;
    struct money price;
    uint64_t bid_count;   /* accepted bids; in a book, those that are live */
    bool buy_now_is_gone; /* for good */

    enum outcome outcome;
    uint64_t sold;      /* units awarded */
    uint32_t due_first; /* place of the first award or forfeit in the book */
    uint32_t due_count; /* all that follow are such */
    uint32_t awards;
    uint32_t awards_unpaid, awards_paid;
    uint32_t forfeits_unpaid;
    uint32_t invoiced; /* of due_count, from the first on */
    uint32_t overdue;  /* looked at for defaults */
};

/** Who bids, with the credit it has. */
struct bidder {
    uint64_t uid;
    struct money limit; /* of exposure */
    struct money held;  /* exposure now, this lot's hold included */
    bool blocked;
};

/** Credit that a lot holds beside its book: the leader's maximum. */
struct hold {
    uint64_t user; /* 0: none */
    struct money amount;
};

/** An accepted bid as the rules that look back are given it, in order. */
struct past_bid {
    uint64_t seq; /* number of its record; ascending */
    uint64_t uid;
    struct money max;
    struct instant t;
    bool is_withdrawn; /* set by lot_retract and lot_void_user too */
};

/** A new draft. Its rules are valid (CHECKed). */
void lot_init(struct lot *lot, uint64_t id, uint64_t seller,
              const struct rules *rules,
              const uint8_t reserve_nonce[LOT_NONCE_BYTES]);

/* ---- commands at time t ---- */

/** CLOSED when t is not before its end, STATE when it is no draft. */
MUST_CHECK enum verdict lot_publish(struct lot *lot, struct instant t);

/**
 * Judge an order and take it if it is good. Amounts are valid and quantities
 * 1 to RULES_QUANTITY_MAX where the kind has them (CHECKed).
 *
 * book  after book_begin
 */
MUST_CHECK enum verdict
lot_order(struct lot *lot, struct book *book, const struct bidder *bidder,
          const struct order *order, struct instant t);

/**
 * Whether an order names what it must under the rules of the lot and nothing
 * else; the member of the protocol that is wrong, or NULL.
 */
const char *
lot_order_flaw(const struct rules *rules, const struct order *order);

/**
 * Take back the bidder's bids: all, or only the latest when 12 h or less
 * remain to the close and it is at most 1 h old.
 *
 * bids  all accepted bids of the lot, in order
 */
MUST_CHECK enum verdict
lot_retract(struct lot *lot, const struct bidder *bidder, struct past_bid *bids,
            size_t count, struct instant t);

/**
 * Void all bids of a user (by an admin). STATE when it has none. What it has
 * taken of a Dutch lot is no bid any more but an award, and stays.
 */
MUST_CHECK enum verdict
lot_void_user(struct lot *lot, struct book *book, uint64_t uid,
              struct past_bid *bids, size_t count, struct instant t);

/**
 * Mark the bids that a retraction at `t`, with the close at `closes`, takes:
 * all, or only the latest. False when there is none.
 */
bool lot_retract_bids(struct past_bid *bids, size_t count, uint64_t uid,
                      struct instant closes, struct instant t);

/** Mark all bids of a user. */
void lot_void_bids(struct past_bid *bids, size_t count, uint64_t uid);

/** By the seller, while nobody stands to lose; by an admin until the end. */
MUST_CHECK enum verdict
lot_cancel(struct lot *lot, bool is_by_admin, struct instant t);

/**
 * A user has paid: the invoice of this number, or with 0 all that it owes
 * here. STATE when that is nothing, or more than LOT_STEP invoices.
 */
MUST_CHECK enum verdict
lot_pay(struct lot *lot, struct book *book, uint64_t uid, uint64_t invoice);

/**
 * Take an invoice back by the credit note `number`. Who has not paid owes
 * nothing more. STATE when there is no such invoice or it was taken back.
 */
MUST_CHECK enum verdict lot_correct(struct lot *lot, struct book *book,
                                    uint64_t invoice, uint64_t number);

/* ---- timers ---- */

/**
 * How many entries and changes must be free in the book: for the next timer,
 * for voiding a user, for any other command.
 */
struct lot_room {
    uint32_t entries, changes;
};
struct lot_room
lot_room_for_timer(const struct lot *lot, const struct book *book);
struct lot_room
lot_room_for_void(const struct lot *lot, const struct book *book);
struct lot_room lot_room_for_order(const struct lot *lot);

/** The next timer and its due time; false when the lot has none. */
MUST_CHECK bool lot_next_timer(const struct lot *lot, struct instant *due_out,
                               enum timer *timer_out);

/** Fire it; its effective time is its due time. */
void lot_fire(struct lot *lot, struct book *book, enum timer timer,
              struct instant due);

/**
 * Give the next of what is due, at most LOT_STEP, their invoice numbers.
 *
 * last       last number given; moved on
 * first_out  place of the first of *count_out
 */
void lot_invoice(struct lot *lot, struct book *book, uint64_t *last,
                 uint32_t *first_out, uint32_t *count_out);

/**
 * The outage rule at a restart: an end that nobody could see coming moves to
 * restart + outage_grace. Whether it did.
 *
 * last_alive  time of the last record before the restart
 */
MUST_CHECK bool
lot_outage(struct lot *lot, struct instant last_alive, struct instant restart);

/* ---- questions ---- */

/** The lowest bid that one who does not lead may place at `t`. */
struct money lot_min_next(const struct lot *lot, struct instant t);

/** When the price of a Dutch lot falls next; 0: no more. */
struct instant lot_clock_next(const struct lot *lot, struct instant t);

/** Units that can still be had. */
uint64_t lot_stock(const struct lot *lot);

/** Whether the visible price has reached the reserve; true without one. */
bool lot_reserve_met(const struct lot *lot);

bool lot_buy_now_is_available(const struct lot *lot);

void lot_hold(const struct lot *lot, struct hold *out);

/** Credit that an entry of its book holds of its user. */
struct money lot_entry_hold(const struct lot *lot, const struct entry *entry);

/** Whether nothing more is bid or revealed: an outcome, or cancelled. */
bool lot_is_over(const struct lot *lot);

/** Closed and unsold, settled, defaulted or cancelled: nothing follows. */
bool lot_is_final(const struct lot *lot);

/** "open". */
const char *lot_state_name(enum lot_state state);

/** The state of a name, not terminated. */
MUST_CHECK bool
lot_state_parse(enum lot_state *out, const char *name, size_t length);

#endif
