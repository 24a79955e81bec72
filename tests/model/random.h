/* SPDX-License-Identifier: Apache-2.0 */
/**
 * random: a world of random auctions, users and commands, step by step.
 *
 * Each step is chosen by looking at the naive rules' state, so that amounts
 * and times lie on and around what decides: minima, maxima, reserves, stock,
 * openings, closes, windows. The steps are kept: a failure is shrunk by
 * doing fewer of them.
 */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include "twin.h"

enum { RANDOM_STEPS_MAX = 220 };

struct random_world {
    struct twin twin;
    unsigned long long state; /* of the random stream */
    int64_t clock;
    uint64_t request;
    struct twin_step steps[RANDOM_STEPS_MAX];
    size_t step_count;
};

uint64_t random_below(struct random_world *world, uint64_t bound);

/** Rule fields at the present clock, mostly valid. */
void random_terms(struct random_world *world, struct naive_terms *out);

/** The next step, which is also kept. */
const struct twin_step *random_step(struct random_world *world);

/** What a step does, in a line of text, for a person. */
void random_print(const struct twin_step *step);

#endif
