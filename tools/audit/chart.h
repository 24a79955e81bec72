/* SPDX-License-Identifier: Apache-2.0 */
/**
 * chart: the price of an auction over time, as SVG.
 *
 * Thread  any, on distinct objects.
 */
#ifndef TOOLS_CHART_H
#define TOOLS_CHART_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chart_point {
    int64_t t;          /* ms */
    int64_t price;      /* minor units */
    bool is_leader_new; /* somebody else leads from here on */
};

struct chart {
    const char *title; /* harmless text */
    const char *currency;
    const struct chart_point *points; /* in order of time */
    size_t count;                     /* at least one */
    int64_t closed;                   /* when it ended; 0: not yet */
};

/** Append a whole SVG document. Errors stay in `out`. */
void chart_draw(struct buf *out, const struct chart *chart);

#endif
