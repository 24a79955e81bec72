/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report latency: what the log itself tells of the server's promptness. How
 * late timers fired behind the moment they were due, and how long nothing was
 * written. Distributions are kept in classes of one eighth of a power of two,
 * so memory does not grow with the log.
 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>

enum { CLASSES = 512 };

struct spread {
    uint64_t classes[CLASSES];
    uint64_t count;
    int64_t max;
};

struct latency {
    struct spread timers, gaps;
    int64_t last_t, last_tx;
};

/** Class of a value; exact below 16, then eight to each power of two. */
static size_t
class_of(int64_t ms)
{
    unsigned shift;

    if (ms < 16)
        return (size_t)(ms < 0 ? 0 : ms);
    shift = 60 - (unsigned)__builtin_clzll((unsigned long long)ms);
    return (size_t)(shift * 8) + (size_t)(ms >> shift);
}

/** Largest value of a class. */
static int64_t
value_of(size_t number)
{
    unsigned shift;

    if (number < 16)
        return (int64_t)number;
    shift = (unsigned)(number / 8 - 1);
    return ((int64_t)(number % 8 + 9) << shift) - 1;
}

static void
spread_add(struct spread *s, int64_t ms)
{
    s->classes[class_of(ms)]++;
    s->count++;
    if (ms > s->max)
        s->max = ms;
}

static int64_t
spread_at(const struct spread *s, unsigned permille)
{
    uint64_t wanted = (s->count * permille + 999) / 1000, seen = 0;

    for (size_t i = 0; i < CLASSES; i++) {
        seen += s->classes[i];
        if (seen >= wanted && seen > 0)
            return value_of(i) < s->max ? value_of(i) : s->max;
    }
    return s->max;
}

static enum err
take_time(void *context, const struct session *s,
          const struct source_line *line)
{
    const struct record *r = s->record;
    struct latency *l = context;

    (void)line;
    if (RECORD_HAS(r, due) && r->tx != l->last_tx)
        spread_add(&l->timers, r->t - r->due);
    if (l->last_t > 0 && r->tx != l->last_tx)
        spread_add(&l->gaps, r->t - l->last_t);
    l->last_t = r->t;
    l->last_tx = r->tx;
    return ERR_OK;
}

static void
add_row(struct sheet *sheet, const char *what, const struct spread *s)
{
    char count[24], median[24], p99[24], p999[24], max[24];
    const char *cells[] = {what, count, median, p99, p999, max};

    if (s->count == 0)
        return;
    snprintf(count, sizeof(count), "%" PRIu64, s->count);
    snprintf(median, sizeof(median), "%" PRId64, spread_at(s, 500));
    snprintf(p99, sizeof(p99), "%" PRId64, spread_at(s, 990));
    snprintf(p999, sizeof(p999), "%" PRId64, spread_at(s, 999));
    snprintf(max, sizeof(max), "%" PRId64, s->max);
    sheet_add(sheet, cells);
}

static uint64_t
print_latency(void *context, const struct session *s)
{
    static const char *const heads[] = {
        "what", "count", "median_ms", "p99_ms", "p999_ms", "max_ms", NULL};
    const struct latency *l = context;
    struct sheet sheet;

    sheet_begin(&sheet, s->options->form, heads);
    add_row(&sheet, "timer fired after it was due", &l->timers);
    add_row(&sheet, "between two transactions", &l->gaps);
    sheet_end(&sheet);
    return sheet.rows;
}

const struct report_kind report_latency = {
    .name = "latency",
    .size = sizeof(struct latency),
    .take = take_time,
    .print = print_latency,
};
