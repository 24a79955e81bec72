/* SPDX-License-Identifier: Apache-2.0 */
/**
 * row: one record in words, for tables, CSV and JSON.
 *
 * Made from the table of members, so that types which come later are shown
 * too. Texts of the log are escaped: nothing of them reaches a terminal.
 *
 * Thread  one at a time.
 */
#ifndef TOOLS_ROW_H
#define TOOLS_ROW_H

#include "lots.h"
#include "names.h"

#include "base/buf.h"

enum { ROW_WORDS_BYTES = 400 };

struct row {
    char seq[24], time[32], auction[24], amount[48];
    char type[40], user[NAME_BYTES];
    char result[ROW_WORDS_BYTES];
    char signature[24]; /* "signed ed25519", "UNSIGNED", or "" */
};

struct row_context {
    const struct names *names;
    const struct lots *lots;
};

void row_make(struct row *out, const struct record *record,
              const struct row_context *context);

/**
 * Append one JSON object and LF: seq, time, type, auction, user, amount,
 * reason, signed, proved and the record itself, in this order; what does not
 * apply is left out.
 */
void
row_add_json(struct buf *out, const struct record *record, const char *bytes,
             size_t size, const struct row_context *context, bool is_proved);

extern const char row_csv_header[];
void row_add_csv(struct buf *out, const struct record *record,
                 const struct row_context *context, bool is_proved);

/**
 * Append one cell of RFC 4180. A cell that a spreadsheet would take for a
 * formula (= + - @, tab, CR) gets an apostrophe before it.
 */
void row_add_cell(struct buf *out, const char *text, bool is_last);

#endif
