/* SPDX-License-Identifier: Apache-2.0 */
/**
 * rules: the published terms of one auction, which never change.
 *
 * Thread  any; plain data.
 * Source  docs/rules.md "Rule fields".
 */
#ifndef AUCTION_RULES_H
#define AUCTION_RULES_H

#include "base/instant.h"
#include "base/money.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * X(FORMAT, name): the protocol's "name", whose rules are `format_<name>` in a
 * file of its own. A further format is one line here and one such file.
 */
#define FORMAT_LIST(X)                                                         \
    X(ENGLISH, english)                                                        \
    X(SEALED, sealed)                                                          \
    X(VICKREY, vickrey)                                                        \
    X(DUTCH, dutch)                                                            \
    X(UNIFORM, uniform)

#define FORMAT_ENUM(format, name) FORMAT_##format,
enum format_id { FORMAT_LIST(FORMAT_ENUM) FORMAT_COUNT };
#undef FORMAT_ENUM

enum { RULES_INCREMENTS_MAX = 32, RULES_CURRENCY_BYTES = 4 };

/** How the units at the marginal price are shared out. */
enum rationing { RATIONING_TIME, RATIONING_PRORATA };

/** What all units cost: the lowest accepted bid, or the highest rejected. */
enum pricing { PRICING_LAB, PRICING_HRB };

/*
 * Fields that not every format has. Those that a format does not have are 0
 * in its rules, and a draft that names them is refused.
 */
enum rule_field {
    RULE_START = 1 << 0, /* start_price */
    RULE_RESERVE = 1 << 1,
    RULE_BUY_NOW = 1 << 2,
    RULE_BIDDING = 1 << 3, /* increments, proxy, retraction */
    RULE_SOFT_CLOSE = 1 << 4,
    RULE_QUANTITY = 1 << 5,
    RULE_FLOOR = 1 << 6,
    RULE_CLOCK = 1 << 7, /* drop, interval; the end follows from them */
    RULE_REVEAL = 1 << 8,
    RULE_SHARING = 1 << 9, /* rationing, pricing, withdraw_until, sealed */
};

/* Ten years. Keeps every sum of an instant and a duration far from 2^63. */
#define RULES_DURATION_MS_MAX INT64_C(315360000000)

/** Units of one lot or bid: they are 32 bits in a commitment. */
#define RULES_QUANTITY_MAX INT64_C(4294967295)

/** From this price on, the next bid is at least one step higher. */
struct increment {
    struct money from;
    struct money step;
};

struct rules {
    enum format_id format;
    char currency[RULES_CURRENCY_BYTES]; /* ISO 4217 */
    struct money start_price;
    struct money reserve;    /* hidden; 0: none */
    struct money buy_now;    /* 0: none */
    struct instant opens;    /* the first moment that counts */
    struct instant closes;   /* the first moment that is late */
    struct instant hard_end; /* no extension beyond it; 0: none */
    int64_t window_ms;       /* of the soft close */
    int64_t extension_ms;
    struct increment increments[RULES_INCREMENTS_MAX];
    size_t increment_count;
    bool proxy;                 /* bids are maxima */
    bool retraction;            /* bids may be taken back */
    bool signed_only;           /* bids must be signed */
    uint64_t quantity;          /* units; 1 but in RULE_QUANTITY */
    struct money floor;         /* RULE_FLOOR: no unit is sold below */
    struct money drop;          /* Dutch: the price falls by it ... */
    int64_t interval_ms;        /* ... once in this time */
    struct instant reveal_ends; /* first moment a reveal is late; 0: none */
    struct money bond;          /* forfeit of what is not revealed; 0: none */
    enum rationing rationing;   /* uniform, from here */
    enum pricing pricing;
    bool is_sealed;
    struct instant withdraw_until; /* replacing, too; 0: to the close */
    bool is_restricted;            /* only the accounts of a list may bid */
    uint64_t relist_of;            /* an older auction; 0: none */
    uint32_t premium_bp;           /* hundredths of a percent */
    uint32_t tax_bp;
    int64_t pay_within_ms; /* after the close; 0: no deadline */
    int64_t outage_grace_ms;
};

/** English, proxy on, one unit, the default table, everything else off. */
struct rules rules_default(void);

/**
 * Whether the rules are valid.
 *
 * field_out, why_out  on refusal the member of the protocol's draft, and a
 *                     sentence; literals
 */
MUST_CHECK bool rules_check(const struct rules *rules, const char **field_out,
                            const char **why_out);

/** What is wrong with rules: a member of the protocol's draft, a sentence. */
struct rules_flaw {
    const char *field;
    const char *why;
};

/** Say what is wrong; false, to be returned. Literals. */
bool rules_refuse(struct rules_flaw *out, const char *field, const char *why);

/** Whether commitments are revealed after the close. */
static inline bool
rules_have_reveal(const struct rules *rules)
{
    return rules->reveal_ends.ms != 0;
}

/** The step at a price: of the last row whose `from` is not above it. */
struct money rules_increment(const struct rules *rules, struct money price);

/** "english". */
const char *format_name(enum format_id format);

/** The format of a name, not terminated. */
MUST_CHECK bool
format_parse(enum format_id *out, const char *name, size_t length);

#endif
