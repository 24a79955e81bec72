/* SPDX-License-Identifier: Apache-2.0 */
/* report bids: what was offered in each auction, and what came of it. */
#include "report.h"

#include "amount.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bids {
    struct lot_row {
        uint64_t accepted, refused;
        int64_t price, last;
        char outcome[24];
        bool is_there;
    } * lots; /* by number */
    size_t count;
};

/** Commands that offer something; of types that come later too. */
static bool
is_offer(enum record_type type)
{
    static const char *const names[] = {"bid.", "buy.", "take.", "commit."};
    const char *text = record_type_text(type);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strncmp(text, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static enum err
take_bid(void *context, const struct session *s, const struct source_line *line)
{
    const struct record *r = s->record;
    struct bids *b = context;
    struct lot_row *lot;

    (void)line;
    if (!RECORD_HAS(r, auction) || !RECORD_HAS(r, aseq))
        return ERR_OK;
    lot = report_slot((void **)&b->lots, &b->count, sizeof(*b->lots),
                      r->auction, r->seq);
    if (lot == NULL)
        return r->auction < 1 || r->auction > r->seq
                   ? ERR_OK
                   : err_set(ERR_NOMEM, "out of memory");
    lot->is_there = true;
    if (is_offer(r->type)) {
        if (RECORD_HAS(r, reason))
            lot->refused++;
        else
            lot->accepted++;
        lot->last = r->t;
    }
    if (RECORD_HAS(r, price) && !RECORD_HAS(r, reason))
        lot->price = r->price;
    if (RECORD_HAS(r, outcome))
        text_escape(lot->outcome, sizeof(lot->outcome), r->outcome.bytes,
                    r->outcome.size);
    if (r->type == RECORD_AUCTION_CANCELLED)
        snprintf(lot->outcome, sizeof(lot->outcome), "cancelled");
    return ERR_OK;
}

static void
add_row(struct sheet *sheet, const struct session *s, size_t id,
        const struct lot_row *lot)
{
    const struct lot_note *note = lots_get(&s->lots, id);
    char number[24], accepted[24], refused[24], price[AMOUNT_TEXT_BYTES] = "",
                                                last[INSTANT_TEXT_BYTES] = "";
    const char *cells[] = {
        number,
        note == NULL || note->format[0] == '\0' ? "english" : note->format,
        accepted,
        refused,
        price,
        lot->outcome,
        last};

    snprintf(number, sizeof(number), "%zu", id);
    snprintf(accepted, sizeof(accepted), "%" PRIu64, lot->accepted);
    snprintf(refused, sizeof(refused), "%" PRIu64, lot->refused);
    if (lot->price > 0)
        amount_text(price, lot->price, note == NULL ? NULL : note->currency);
    if (lot->last > 0)
        instant_format(last, instant_of(lot->last));
    sheet_add(sheet, cells);
}

static uint64_t
print_bids(void *context, const struct session *s)
{
    static const char *const heads[] = {"auction",  "format", "accepted",
                                        "refused",  "price",  "outcome",
                                        "last_bid", NULL};
    const struct bids *b = context;
    struct sheet sheet;

    sheet_begin(&sheet, s->options->form, heads);
    for (size_t id = 1; id < b->count; id++)
        if (b->lots[id].is_there)
            add_row(&sheet, s, id, &b->lots[id]);
    sheet_end(&sheet);
    return sheet.rows;
}

static void
release_bids(void *context)
{
    free(((struct bids *)context)->lots);
}

const struct report_kind report_bids = {
    .name = "bids",
    .size = sizeof(struct bids),
    .take = take_bid,
    .print = print_bids,
    .release = release_bids,
};
