/* SPDX-License-Identifier: Apache-2.0 */
/**
 * naive: the auction rules a second time, slow and obvious.
 *
 * The state is the list of all commands so far and nothing else. Every
 * question (who leads, at what price, when does it close, who owes what) is
 * answered by going through that list from its start. Nothing here comes
 * from src/auction: the two meet only in tests that compare them.
 *
 *     struct naive *n = naive_create();
 *     naive_apply(n, &command, t, 0);
 *     naive_look(n, 1, &auction);
 *
 * Amounts are in minor units, times in milliseconds. Users, auctions and
 * entries are few: NAIVE_*_MAX, checked.
 * Source  docs/rules.md.
 */
#ifndef TESTS_NAIVE_H
#define TESTS_NAIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NAIVE_ENTRIES_MAX = 4096,
    NAIVE_BIDS_MAX = 512, /* of one auction */
    NAIVE_STEPS_MAX = 32,
    NAIVE_ALLOWED_MAX = 8,
    NAIVE_LIVE_BIDS_MAX = 10, /* of one user in a uniform-price auction */
};

#define NAIVE_AMOUNT_MAX UINT64_C(1000000000000000)
#define NAIVE_NO_LIMIT   UINT64_MAX

enum naive_format {
    NAIVE_ENGLISH,
    NAIVE_SEALED,
    NAIVE_VICKREY,
    NAIVE_DUTCH,
    NAIVE_UNIFORM,
    NAIVE_FORMATS,
};

enum naive_role { NAIVE_BIDDER, NAIVE_SELLER, NAIVE_TRADER, NAIVE_ADMIN };

enum naive_kind {
    NAIVE_CREATE,
    NAIVE_PUBLISH,
    NAIVE_BID,
    NAIVE_BUY,
    NAIVE_TAKE,
    NAIVE_COMMIT,
    NAIVE_REVEAL,
    NAIVE_WITHDRAW,
    NAIVE_RETRACT,
    NAIVE_CANCEL,
    NAIVE_VOID,
    NAIVE_PAY,
    NAIVE_CORRECT,
    NAIVE_SUSPEND,
    NAIVE_RESTORE,
    NAIVE_CREDIT,
    NAIVE_RESTART, /* not a command: the server came back */
};

/* The names are those of the rules, so that they can be compared as text. */
#define NAIVE_VERDICTS(X)                                                      \
    X(ACCEPTED)                                                                \
    X(ERR_FORMAT)                                                              \
    X(ERR_SIGNATURE)                                                           \
    X(ERR_REUSED_ID)                                                           \
    X(ERR_NO_AUCTION)                                                          \
    X(ERR_FORBIDDEN)                                                           \
    X(ERR_NOT_OPEN)                                                            \
    X(ERR_CLOSED)                                                              \
    X(ERR_STATE)                                                               \
    X(ERR_TOO_LOW)                                                             \
    X(ERR_NOT_HIGHER)                                                          \
    X(ERR_TOO_LATE)                                                            \
    X(ERR_BAD_REVEAL)                                                          \
    X(ERR_PRICE_ABOVE_LIMIT)                                                   \
    X(ERR_STOCK)                                                               \
    X(ERR_CREDIT)

#define NAIVE_ENUM(name) NAIVE_##name,
enum naive_verdict { NAIVE_VERDICTS(NAIVE_ENUM) NAIVE_VERDICT_COUNT };
#undef NAIVE_ENUM

const char *naive_verdict_name(enum naive_verdict verdict);

struct naive_step {
    uint64_t from, step;
};

/** The rule fields; 0 is "none" where the rules know that. */
struct naive_terms {
    enum naive_format format;
    uint64_t start, reserve, buy_now;
    int64_t open, close, hard_end, window, extension;
    bool no_proxy, retraction;
    uint64_t quantity;
    struct naive_step table[NAIVE_STEPS_MAX];
    size_t steps; /* 0: the default table */
    int64_t reveal_end;
    uint64_t bond;
    uint64_t floor, drop;
    int64_t interval;
    bool sealed, prorata, hrb;
    int64_t withdraw_until; /* 0: the close */
    uint32_t premium_bp, tax_bp;
    int64_t pay_within, grace;
    uint64_t allowed[NAIVE_ALLOWED_MAX]; /* users */
    size_t allowed_count;
    bool is_closed_circle; /* only the allowed */
};

struct naive_command {
    enum naive_kind kind;
    uint64_t auction;
    uint64_t user;
    enum naive_role role;
    uint8_t request[16];
    bool is_malformed, is_ill_signed;

    uint64_t amount; /* maximum, price or opened amount */
    uint64_t quantity;
    uint64_t limit;
    bool all_or_none;
    uint8_t c[32], nonce[32];
    uint64_t cap;
    uint64_t bid;                    /* id of a bid; 0: not given */
    uint64_t whom;                   /* void, pay, and the administrator's */
    uint64_t invoice;                /* 0: not given */
    unsigned why;                    /* 0: no reason given */
    bool publish;                    /* create */
    const struct naive_terms *terms; /* create; copied */
};

/** One line of the list; its terms belong to it. */
struct naive_entry {
    struct naive_command command;
    uint64_t seq;
    int64_t t;
    enum naive_verdict verdict;
    uint64_t detail;    /* of the verdict: the minimum, price or stock */
    bool is_replay;     /* answered from an earlier line; not in the list */
    int64_t last_alive; /* restart */
    size_t award;       /* pay, correct: from 1; 0: all */
};

struct naive;

struct naive *naive_create(void);
void naive_destroy(struct naive *naive);
struct naive *naive_copy(const struct naive *from);

/**
 * Judge a command at the clock's time `t`, append it, return its line.
 *
 * seq  number in the log, 0: the next one
 */
const struct naive_entry *
naive_apply(struct naive *naive, const struct naive_command *command, int64_t t,
            uint64_t seq);

/** The clock moves on without a command. */
void naive_tick(struct naive *naive, int64_t t);

/** The server starts again at `t`; its log had ended at `last_alive`. */
void naive_restart(struct naive *naive, int64_t last_alive, int64_t t);

size_t naive_auction_count(const struct naive *naive);
int64_t naive_now(const struct naive *naive);
const struct naive_entry *naive_line(const struct naive *naive, size_t index);
size_t naive_line_count(const struct naive *naive);

/* ------------------------------------------------------------ questions */

enum naive_state {
    NAIVE_DRAFT,
    NAIVE_SCHEDULED,
    NAIVE_OPEN,
    NAIVE_IN_REVEAL,
    NAIVE_CLOSED,
    NAIVE_SETTLED,
    NAIVE_DEFAULTED,
    NAIVE_CANCELLED,
};

enum naive_outcome {
    NAIVE_NONE,
    NAIVE_SOLD,
    NAIVE_NO_BIDS,
    NAIVE_RESERVE_NOT_MET,
};

/** A bid, commitment or take that was accepted. */
struct naive_bid {
    uint64_t seq, user;
    int64_t t;
    uint64_t amount, quantity, cap;
    uint8_t c[32];
    bool is_gone; /* replaced, withdrawn, retracted or void */
    bool is_revealed;
};

struct naive_award {
    uint64_t user, price, quantity;
    bool is_paid, is_defaulted, is_credited;
    bool is_forfeit;
};

/** All that there is to know of an auction now. */
struct naive_auction {
    uint64_t id, seller;
    struct naive_terms terms;
    enum naive_state state;
    int64_t published, close, hard_end, reveal_end, ended;
    bool buy_now_is_gone;

    uint64_t leader, maximum, price; /* English */
    uint64_t stock;                  /* Dutch */
    enum naive_outcome outcome;

    struct naive_bid bids[NAIVE_BIDS_MAX];
    size_t bid_count;
    struct naive_award awards[NAIVE_BIDS_MAX];
    size_t award_count;
};

/** False when there is no such auction. */
bool
naive_look(const struct naive *naive, uint64_t id, struct naive_auction *out);

bool naive_is_final(const struct naive_auction *auction);
bool naive_is_sealed(const struct naive_terms *terms);

/** The lowest bid that one who does not lead may place (English). */
uint64_t naive_min_next(const struct naive_auction *auction);
bool naive_buy_now_is_there(const struct naive_auction *auction);

/** The clock of a Dutch auction. */
uint64_t naive_dutch_price(const struct naive_terms *terms, int64_t t);
int64_t naive_dutch_close(const struct naive_terms *terms);

uint64_t naive_exposure(const struct naive *naive, uint64_t user);
uint64_t naive_limit(const struct naive *naive, uint64_t user);
bool naive_is_blocked(const struct naive *naive, uint64_t user);
unsigned naive_strikes(const struct naive *naive, uint64_t user);

struct naive_invoice {
    uint64_t number, auction, user;
    uint64_t goods, premium, tax, total;
    size_t award;      /* in its auction, from 1 */
    uint64_t corrects; /* number of the invoice; 0: no credit note */
};

/** The series so far; free() it. */
struct naive_invoice *
naive_invoices(const struct naive *naive, size_t *count_out);

/* ---------------------------------------------------------- single rules */

/** Whether rule fields are valid. */
bool naive_terms_are_valid(const struct naive_terms *terms);
uint64_t naive_increment(const struct naive_terms *terms, uint64_t price);

void
naive_commitment(uint8_t c_out[32], uint64_t auction, uint64_t user,
                 uint32_t quantity, uint64_t amount, const uint8_t nonce[32]);
void naive_reserve_commitment(uint8_t c_out[32], uint64_t auction,
                              uint64_t reserve, const uint8_t nonce[32]);
void naive_invoice_sum(struct naive_invoice *invoice, uint64_t price,
                       uint64_t quantity, const struct naive_terms *terms);

#endif
