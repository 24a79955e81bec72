/* SPDX-License-Identifier: Apache-2.0 */
/**
 * sparkline: the price of one auction as a line of blocks.
 *
 * Thread  one at a time.
 */
#ifndef TOOLS_SPARKLINE_H
#define TOOLS_SPARKLINE_H

#include "lots.h"

enum { SPARKLINE_POINTS = 64 };

/** Points are merged two by two when there are too many. */
struct sparkline {
    int64_t auction; /* 0: none yet; -1: more than one */
    int64_t points[SPARKLINE_POINTS];
    size_t count;
    uint64_t each, pending; /* records a point stands for; of the last */
    int64_t low, high;
};

/** Take the price that a record tells, if it tells one. */
void sparkline_take(struct sparkline *line, const struct record *record);

/** Print it, when there was one auction with more than one price. */
void sparkline_print(const struct sparkline *line, const struct lots *lots);

#endif
