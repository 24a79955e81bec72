/* SPDX-License-Identifier: Apache-2.0 */
/**
 * report: the parts of `report NAME`.
 *
 *     report.c         which one; refusals, admin
 *     report_lots.c    bids
 *     report_people.c  users, certs
 *     report_latency.c latency
 *     report_prices.c  prices, with chart.c
 *
 * Each takes records as the session hands them on, then prints.
 */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include "session.h"
#include "sheet.h"

struct report_kind {
    const char *name;
    /** Of what the struct behind `context` is; zeroed before use. */
    size_t size;
    /** Take session->record. ERR_OK, ERR_NOMEM. */
    enum err (*take)(void *context, const struct session *session,
                     const struct source_line *line);
    /** Print; the number of rows. */
    uint64_t (*print)(void *context, const struct session *session);
    void (*release)(void *context); /* NULL: nothing to do */
};

extern const struct report_kind report_bids, report_users, report_certs,
    report_latency, report_prices;

/**
 * An array by number (of an auction, an account) that grows with zeroes.
 * NULL when out of memory, or when the number cannot be: it is larger than
 * `max`.
 */
void *report_slot(void **array, size_t *count, size_t item_size, int64_t number,
                  int64_t max);

#endif
