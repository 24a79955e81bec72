/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
print_row(const struct table *t, const char *const *cells)
{
    for (size_t i = 0; i < t->columns; i++) {
        int width = (int)t->widths[i];
        bool is_last = i + 1 == t->columns;
        if (t->is_right[i])
            printf("%*s%s", width, cells[i], is_last ? "" : "  ");
        else if (is_last)
            fputs(cells[i], stdout);
        else
            printf("%-*s  ", width, cells[i]);
    }
    putchar('\n');
}

static void
widen(struct table *t, const char *const *cells)
{
    for (size_t i = 0; i < t->columns; i++)
        if (strlen(cells[i]) > t->widths[i])
            t->widths[i] = strlen(cells[i]);
}

void
table_init(struct table *t, const char *const *heads, const size_t *minimum)
{
    *t = (struct table){.columns = 0};
    while (heads[t->columns] != NULL) {
        CHECK(t->columns < TABLE_COLUMNS_MAX);
        t->widths[t->columns] = minimum == NULL ? 0 : minimum[t->columns];
        t->columns++;
    }
    table_add(t, heads);
}

void
table_add(struct table *t, const char *const *cells)
{
    size_t size = 0, at = 0;
    char *row;

    if (t->is_flowing) {
        print_row(t, cells);
        return;
    }
    widen(t, cells);
    for (size_t i = 0; i < t->columns; i++)
        size += strlen(cells[i]) + 1;
    row = malloc(size);
    if (row == NULL) { /* then without waiting for more */
        table_flush(t);
        print_row(t, cells);
        return;
    }
    for (size_t i = 0; i < t->columns; i++) {
        strcpy(row + at, cells[i]);
        at += strlen(cells[i]) + 1;
    }
    t->kept[t->kept_count++] = row;
    if (t->kept_count == TABLE_KEPT_MAX)
        table_flush(t);
}

void
table_flush(struct table *t)
{
    for (size_t r = 0; r < t->kept_count; r++) {
        const char *cells[TABLE_COLUMNS_MAX];
        const char *at = t->kept[r];
        for (size_t i = 0; i < t->columns; i++) {
            cells[i] = at;
            at += strlen(at) + 1;
        }
        print_row(t, cells);
        free(t->kept[r]);
    }
    t->kept_count = 0;
    t->is_flowing = true;
}

void
table_release(struct table *t)
{
    for (size_t r = 0; r < t->kept_count; r++)
        free(t->kept[r]);
    t->kept_count = 0;
}
