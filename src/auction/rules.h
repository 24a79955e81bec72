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

/* format, name; a further format is one line here and one file */
#define FORMAT_LIST(X) X(ENGLISH, "english")

#define FORMAT_ENUM(format, name) FORMAT_##format,
enum format_id { FORMAT_LIST(FORMAT_ENUM) FORMAT_COUNT };
#undef FORMAT_ENUM

enum { RULES_INCREMENTS_MAX = 32, RULES_CURRENCY_BYTES = 4 };

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
    bool proxy;       /* bids are maxima */
    bool retraction;  /* bids may be taken back */
    bool signed_only; /* bids must be signed */
    uint64_t quantity;
    uint32_t premium_bp; /* hundredths of a percent */
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

/** The step at a price: of the last row whose `from` is not above it. */
struct money rules_increment(const struct rules *rules, struct money price);

/** "english". */
const char *format_name(enum format_id format);

/** The format of a name, not terminated. */
MUST_CHECK bool
format_parse(enum format_id *out, const char *name, size_t length);

#endif
