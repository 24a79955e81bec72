/* SPDX-License-Identifier: Apache-2.0 */
/**
 * lot: one auction's state and the rules that change it. Pure.
 *
 * A lot is plain data of fixed size: the engine copies it to undo a change.
 * It holds no bids; the rules that look back (retraction, voiding) are given
 * them. A function judges first, in the order of the checks, and changes the
 * lot only when it accepts.
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

enum timer { TIMER_OPEN, TIMER_CLOSE, TIMER_PAY_DUE };

enum { LOT_NONCE_BYTES = 32 };

/** What a buyer got; user 0 while there is none. */
struct award {
    uint64_t user;
    struct money price; /* of one unit */
    uint64_t quantity;
    bool is_paid;
};

struct lot {
    uint64_t id;
    uint64_t seller;
    struct rules rules;
    enum lot_state state;
    uint64_t version; /* counts every change that others can see */
    uint8_t reserve_nonce[LOT_NONCE_BYTES];

    struct instant published; /* when; the open timer is not before it */
    struct instant closes;    /* with extensions */
    struct instant hard_end;  /* raised by an outage; 0: none */
    struct instant ended;     /* when it closed; 0 before */

    uint64_t leader; /* 0: none */
    struct money maximum;
    struct money price;
    uint64_t bid_count;   /* accepted bids */
    bool buy_now_is_gone; /* for good */

    enum outcome outcome;
    struct award award;
};

/** Who bids, with the credit it has. */
struct bidder {
    uint64_t uid;
    struct money limit; /* of exposure */
    struct money held;  /* exposure now, this lot's hold included */
    bool blocked;
};

/** Credit that a lot holds: the leader's maximum, or an unpaid award. */
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

/** `max` is a valid amount: a maximum, or without proxy the price bid. */
MUST_CHECK enum verdict lot_bid(struct lot *lot, const struct bidder *bidder,
                                struct money max, struct instant t);

MUST_CHECK enum verdict
lot_buy(struct lot *lot, const struct bidder *bidder, struct instant t);

/**
 * Take back the bidder's bids: all, or only the latest when 12 h or less
 * remain to the close and it is at most 1 h old.
 *
 * bids  all accepted bids of the lot, in order
 */
MUST_CHECK enum verdict
lot_retract(struct lot *lot, const struct bidder *bidder, struct past_bid *bids,
            size_t count, struct instant t);

/** Void all bids of a user (by an admin). STATE when it has none. */
MUST_CHECK enum verdict
lot_void_user(struct lot *lot, uint64_t uid, struct past_bid *bids,
              size_t count, struct instant t);

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

/** The award of `uid` has been paid. */
MUST_CHECK enum verdict lot_pay(struct lot *lot, uint64_t uid);

/* ---- timers ---- */

/** The next timer and its due time; false when the lot has none. */
MUST_CHECK bool lot_next_timer(const struct lot *lot, struct instant *due_out,
                               enum timer *timer_out);

/** Fire it; its effective time is its due time. */
void lot_fire(struct lot *lot, enum timer timer, struct instant due);

/**
 * The outage rule at a restart: an end that nobody could see coming moves to
 * restart + outage_grace. Whether it did.
 *
 * last_alive  time of the last record before the restart
 */
MUST_CHECK bool
lot_outage(struct lot *lot, struct instant last_alive, struct instant restart);

/* ---- questions ---- */

/** The lowest bid that a bidder who does not lead may place. */
struct money lot_min_next(const struct lot *lot);

/** Whether the visible price has reached the reserve; true without one. */
bool lot_reserve_met(const struct lot *lot);

bool lot_buy_now_is_available(const struct lot *lot);

void lot_hold(const struct lot *lot, struct hold *out);

/** Closed and unsold, settled, defaulted or cancelled: nothing follows. */
bool lot_is_final(const struct lot *lot);

/** "open". */
const char *lot_state_name(enum lot_state state);

/** The state of a name, not terminated. */
MUST_CHECK bool
lot_state_parse(enum lot_state *out, const char *name, size_t length);

#endif
