/* SPDX-License-Identifier: Apache-2.0 */
/**
 * sheet: rows of a report, as a table, as CSV or as JSON objects.
 *
 * Owner   the caller; end it.
 * Thread  one at a time.
 */
#ifndef TOOLS_SHEET_H
#define TOOLS_SHEET_H

#include "inspect.h"
#include "table.h"

struct sheet {
    enum inspect_form form;
    const char *const *heads; /* lower case; they name members of JSON */
    size_t columns;
    struct table table;
    uint64_t rows;
};

/** A NULL ends the heads. */
void sheet_begin(struct sheet *sheet, enum inspect_form form,
                 const char *const *heads);
/** As many cells; one that is a decimal number is a number in JSON. */
void sheet_add(struct sheet *sheet, const char *const *cells);
void sheet_end(struct sheet *sheet);

#endif
