/* SPDX-License-Identifier: Apache-2.0 */
#include "latency.h"

static unsigned
slot_of(uint64_t ns)
{
    unsigned shift, slot;

    if (ns < (2U << LATENCY_BITS))
        return (unsigned)ns;
    shift = 63U - (unsigned)__builtin_clzll(ns) - LATENCY_BITS;
    slot = (shift << LATENCY_BITS) + (unsigned)(ns >> shift);
    return slot < LATENCY_SLOTS ? slot : LATENCY_SLOTS - 1;
}

/** Middle of a slot, in nanoseconds. */
static double
middle_of(unsigned slot)
{
    unsigned shift;
    uint64_t step;

    if (slot < (2U << LATENCY_BITS))
        return slot;
    shift = (slot >> LATENCY_BITS) - 1;
    step = (slot & ((1U << LATENCY_BITS) - 1)) + (1U << LATENCY_BITS);
    return ((double)step + 0.5) * (double)(UINT64_C(1) << shift);
}

void
latency_add(struct latency *latency, int64_t ns)
{
    latency->count++;
    latency->slots[slot_of(ns < 0 ? 0 : (uint64_t)ns)]++;
    if (ns > latency->max_ns)
        latency->max_ns = ns;
}

void
latency_merge(struct latency *into, const struct latency *from)
{
    into->count += from->count;
    if (from->max_ns > into->max_ns)
        into->max_ns = from->max_ns;
    for (unsigned i = 0; i < LATENCY_SLOTS; i++)
        into->slots[i] += from->slots[i];
}

double
latency_quantile_ms(const struct latency *latency, double share)
{
    double wanted = (double)latency->count * share;
    uint64_t seen = 0;

    for (unsigned i = 0; i < LATENCY_SLOTS; i++) {
        seen += latency->slots[i];
        if (latency->slots[i] > 0 && (double)seen >= wanted)
            return middle_of(i) / 1e6;
    }
    return 0;
}
