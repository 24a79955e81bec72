/* SPDX-License-Identifier: Apache-2.0 */
/**
 * latency: a histogram with 64 steps for each power of two, so that no
 * quantile is wrong by more than 1.6 %.
 *
 * Thread  one; merge afterwards.
 */
#ifndef TOOLS_BENCH_LATENCY_H
#define TOOLS_BENCH_LATENCY_H

#include <stdint.h>

enum { LATENCY_BITS = 6, LATENCY_SLOTS = (44 - LATENCY_BITS) << LATENCY_BITS };

struct latency {
    uint64_t count;
    int64_t max_ns;
    uint64_t slots[LATENCY_SLOTS];
};

void latency_add(struct latency *latency, int64_t ns);
void latency_merge(struct latency *into, const struct latency *from);

/** Milliseconds that the share (0..1) of all did not exceed. */
double latency_quantile_ms(const struct latency *latency, double share);

#endif
