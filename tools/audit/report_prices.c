/* SPDX-License-Identifier: Apache-2.0 */
/* report prices AUCTION: how the price went, as rows and as a chart. */
#include "report.h"

#include "amount.h"
#include "chart.h"
#include "file.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS_MAX = 1 << 16, SVG_BYTES_MAX = 16 << 20 };

struct prices {
    struct sheet sheet;
    bool is_begun;
    uint64_t auction;
    int64_t leader, price, closed;
    struct chart_point *points;
    size_t count, capacity;
};

static void
begin_prices(struct prices *p, const struct session *s)
{
    static const char *const heads[] = {"seq",    "time",  "type",
                                        "leader", "price", NULL};
    const char *number = s->options->words[1];

    if (p->is_begun)
        return;
    p->is_begun = true;
    if (!text_u64(&p->auction, number, strlen(number)))
        p->auction = 0;
    sheet_begin(&p->sheet, s->options->form, heads);
}

static enum err
add_point(struct prices *p, const struct record *r, bool is_new)
{
    if (p->count == POINTS_MAX)
        return ERR_OK; /* enough to look at; the rows go on */
    if (p->count == p->capacity) {
        size_t capacity = p->capacity == 0 ? 256 : p->capacity * 2;
        struct chart_point *points =
            realloc(p->points, capacity * sizeof(*points));
        if (points == NULL)
            return err_set(ERR_NOMEM, "out of memory");
        p->points = points;
        p->capacity = capacity;
    }
    p->points[p->count++] = (struct chart_point){r->t, r->price, is_new};
    return ERR_OK;
}

static enum err
take_price(void *context, const struct session *s,
           const struct source_line *line)
{
    const struct record *r = s->record;
    struct prices *p = context;
    int64_t leader;
    struct row row;
    char name[NAME_BYTES], price[AMOUNT_TEXT_BYTES];

    (void)line;
    begin_prices(p, s);
    if (!RECORD_HAS(r, auction) || !RECORD_HAS(r, aseq) ||
        (uint64_t)r->auction != p->auction)
        return ERR_OK;
    if (r->type == RECORD_AUCTION_CLOSED)
        p->closed = RECORD_HAS(r, due) ? r->due : r->t;
    if (!RECORD_HAS(r, price) || RECORD_HAS(r, reason) ||
        r->type == RECORD_AUCTION_CLOSED)
        return ERR_OK;
    leader = RECORD_HAS(r, leader)                      ? r->leader
             : RECORD_HAS(r, actor) && r->actor.has_uid ? r->actor.uid
                                                        : 0;
    if (p->price == r->price && p->leader == leader)
        return ERR_OK; /* nothing has changed for those who watch */
    row_make(&row, r, &s->words);
    amount_text(price, r->price, lots_currency(&s->lots, r));
    const char *cells[] = {row.seq, row.time, row.type,
                           names_get(&s->names, leader, name), price};
    sheet_add(&p->sheet, cells);
    p->price = r->price;
    if (add_point(p, r, p->leader != leader) != ERR_OK)
        return ERR_NOMEM;
    p->leader = leader;
    return ERR_OK;
}

static void
draw(const struct prices *p, const struct session *s)
{
    const struct lot_note *note = lots_get(&s->lots, p->auction);
    char title[128];
    struct chart chart = {.title = title,
                          .currency = note == NULL ? NULL : note->currency,
                          .points = p->points,
                          .count = p->count,
                          .closed = p->closed};
    struct buf svg;

    snprintf(title, sizeof(title), "Auction %llu, price%s%s%s",
             (unsigned long long)p->auction, note == NULL ? "" : " in ",
             note == NULL ? "" : note->currency,
             s->proven == NULL ? " (NOT PROVED)" : "");
    buf_init(&svg, SVG_BYTES_MAX);
    chart_draw(&svg, &chart);
    if (!buf_is_ok(&svg) ||
        file_write(s->options->svg, svg.bytes, svg.size) != ERR_OK)
        fprintf(stderr, "auction-audit: the chart is not written: %s\n",
                err_detail());
    buf_release(&svg);
}

static uint64_t
print_prices(void *context, const struct session *s)
{
    struct prices *p = context;

    begin_prices(p, s);
    sheet_end(&p->sheet);
    if (s->options->svg != NULL && p->count > 0)
        draw(p, s);
    return p->sheet.rows;
}

static void
release_prices(void *context)
{
    free(((struct prices *)context)->points);
}

const struct report_kind report_prices = {
    .name = "prices",
    .size = sizeof(struct prices),
    .take = take_price,
    .print = print_prices,
    .release = release_prices,
};
