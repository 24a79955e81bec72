/* SPDX-License-Identifier: Apache-2.0 */
/**
 * table: columns for people, as wide as the first rows ask for.
 *
 * Rows are kept until there are enough of them to know the widths; then, and
 * at the end, they are printed. The last column is never padded.
 *
 * Owner   the caller; release it.
 * Thread  one at a time.
 */
#ifndef TOOLS_TABLE_H
#define TOOLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum { TABLE_COLUMNS_MAX = 12, TABLE_KEPT_MAX = 256 };

struct table {
    size_t columns;
    size_t widths[TABLE_COLUMNS_MAX];
    bool is_right[TABLE_COLUMNS_MAX]; /* numbers */
    char *kept[TABLE_KEPT_MAX];       /* cells, each ended by NUL */
    size_t kept_count;
    bool is_flowing; /* widths are settled */
};

/** `minimum` widths may be NULL; a NULL in `heads` ends the columns. */
void table_init(struct table *table, const char *const *heads,
                const size_t *minimum);
/** One row of as many cells; printed now or later. */
void table_add(struct table *table, const char *const *cells);
/** Print what is kept; rows added from now on are printed at once. */
void table_flush(struct table *table);
void table_release(struct table *table);

#endif
