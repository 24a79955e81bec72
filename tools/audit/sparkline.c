/* SPDX-License-Identifier: Apache-2.0 */
#include "sparkline.h"

#include "amount.h"

#include <stdio.h>

enum { LEVELS = 8 };

/** Halve the points: each now stands for twice as many records. */
static void
thin(struct sparkline *s)
{
    for (size_t i = 0; i < SPARKLINE_POINTS / 2; i++)
        s->points[i] = s->points[2 * i + 1];
    s->count = SPARKLINE_POINTS / 2;
    s->each *= 2;
}

void
sparkline_take(struct sparkline *s, const struct record *r)
{
    if (s->auction < 0 || !RECORD_HAS(r, auction) || !RECORD_HAS(r, aseq))
        return;
    if (s->auction == 0) {
        s->auction = r->auction;
        s->each = 1;
    }
    if (s->auction != r->auction) {
        s->auction = -1;
        return;
    }
    if (!RECORD_HAS(r, leader) || !RECORD_HAS(r, price))
        return;
    if (s->low == 0 || r->price < s->low)
        s->low = r->price;
    if (r->price > s->high)
        s->high = r->price;
    if (++s->pending < s->each)
        return;
    s->pending = 0;
    if (s->count == SPARKLINE_POINTS)
        thin(s);
    s->points[s->count++] = r->price;
}

void
sparkline_print(const struct sparkline *s, const struct lots *lots)
{
    static const char *const blocks[LEVELS] = {"▁", "▂", "▃", "▄",
                                               "▅", "▆", "▇", "█"};
    const struct lot_note *note;
    char low[AMOUNT_TEXT_BYTES], high[AMOUNT_TEXT_BYTES];

    if (s->auction <= 0 || s->count < 2 || s->low == s->high)
        return;
    note = lots_get(lots, (uint64_t)s->auction);
    printf("price  ");
    for (size_t i = 0; i < s->count; i++)
        fputs(
            blocks[(s->points[i] - s->low) * (LEVELS - 1) / (s->high - s->low)],
            stdout);
    amount_text(low, s->low, NULL);
    if (note != NULL)
        amount_text(low, s->low, note->currency);
    printf("  %s to %s\n", low,
           amount_text(high, s->high, note == NULL ? NULL : note->currency));
}
