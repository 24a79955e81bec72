/* SPDX-License-Identifier: Apache-2.0 */
/**
 * example: worked examples, written nearly as docs print them.
 *
 *     struct example x;
 *     example_begin(&x);
 *     uint64_t id = example_publish(&x, &terms);
 *     example_play(&x, id, "A 150.00 => A 100.00 next 102.50\n"
 *                          "@3590 B 5.10: TOO_LOW 5.50; close 3600\n");
 *     example_end(&x);
 *
 * A line is: `@SECONDS` (else the clock stands still), a user A..Z, `buy`,
 * `retract` or a maximum, then what must follow: `: VERDICT [amount]`,
 * `=> LEADER [price]`, `next amount`, `close SECONDS`. Users are numbers:
 * A is 1. The seller is user 100, the administrator 101.
 */
#ifndef TESTS_EXAMPLE_H
#define TESTS_EXAMPLE_H

#include "naive.h"
#include "tap.h"

enum { EXAMPLE_SELLER = 100, EXAMPLE_ADMIN = 101 };

struct example {
    struct naive *naive;
    int64_t now;
    uint64_t request;
    const struct naive_entry *line; /* of the last command */
    struct naive_auction auction;   /* looked at last */
};

void example_begin(struct example *example);
void example_end(struct example *example);

/** "12.50" or "12": minor units. */
uint64_t cents(const char *text);

/** 1 for 'A'. */
uint64_t user(char letter);

/** One unit from 0 to `close` seconds. */
struct naive_terms
example_terms(enum naive_format format, const char *start, int64_t close);

/** Create and publish now; the id. */
uint64_t
example_publish(struct example *example, const struct naive_terms *terms);

/** A command at the present moment, with a request id of its own. */
enum naive_verdict
example_do(struct example *example, struct naive_command command);

/** Go to `seconds` and look at the auction. */
const struct naive_auction *
example_at(struct example *example, uint64_t id, int64_t seconds);

void example_play(struct example *example, uint64_t id, const char *lines);

/** The auction is sold, to one, at a price. */
void example_sold(struct example *example, uint64_t id, char winner,
                  const char *price);

#define EXPECT(verdict_wanted, verdict_got)                                    \
    CU_ASSERT_STRING_EQUAL(naive_verdict_name(verdict_got), #verdict_wanted)

#endif
