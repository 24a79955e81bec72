/* SPDX-License-Identifier: Apache-2.0 */
#include "sheet.h"

#include "row.h"

#include "audit/canon.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES_MAX = 1 << 16, HEAD_BYTES = 32 };

static void
begin_table(struct sheet *s)
{
    char upper[TABLE_COLUMNS_MAX][HEAD_BYTES];
    const char *heads[TABLE_COLUMNS_MAX + 1] = {NULL};

    for (size_t i = 0; i < s->columns; i++) {
        size_t n = 0;
        for (; s->heads[i][n] != '\0' && n + 1 < HEAD_BYTES; n++)
            upper[i][n] = (char)(s->heads[i][n] == '_'
                                     ? ' '
                                     : toupper((unsigned char)s->heads[i][n]));
        upper[i][n] = '\0';
        heads[i] = upper[i];
    }
    table_init(&s->table, heads, NULL);
}

static void
print_csv(const struct sheet *s, const char *const *cells)
{
    struct buf line;

    buf_init(&line, LINE_BYTES_MAX);
    for (size_t i = 0; i < s->columns; i++)
        row_add_cell(&line, cells[i], i + 1 == s->columns);
    if (line.bytes != NULL)
        fwrite(line.bytes, 1, line.size, stdout);
    buf_release(&line);
}

static void
print_json(const struct sheet *s, const char *const *cells)
{
    struct buf line;
    uint64_t number;

    buf_init(&line, LINE_BYTES_MAX);
    for (size_t i = 0; i < s->columns; i++) {
        size_t size = strlen(cells[i]);
        buf_add_format(&line, "%s\"%s\":", i == 0 ? "{" : ",", s->heads[i]);
        if (text_u64(&number, cells[i], size) && number < (UINT64_C(1) << 53))
            buf_add(&line, cells[i], size);
        else
            canon_quote(&line, cells[i], size);
    }
    buf_add_text(&line, "}\n");
    if (line.bytes != NULL)
        fwrite(line.bytes, 1, line.size, stdout);
    buf_release(&line);
}

void
sheet_begin(struct sheet *s, enum inspect_form form, const char *const *heads)
{
    *s = (struct sheet){.form = form, .heads = heads};
    while (heads[s->columns] != NULL)
        s->columns++;
    CHECK(s->columns <= TABLE_COLUMNS_MAX);
    if (form == INSPECT_CSV)
        print_csv(s, heads);
    else if (form == INSPECT_TEXT)
        begin_table(s);
}

void
sheet_add(struct sheet *s, const char *const *cells)
{
    s->rows++;
    if (s->form == INSPECT_TEXT)
        table_add(&s->table, cells);
    else if (s->form == INSPECT_CSV)
        print_csv(s, cells);
    else
        print_json(s, cells);
}

void
sheet_end(struct sheet *s)
{
    if (s->form != INSPECT_TEXT)
        return;
    table_flush(&s->table);
    table_release(&s->table);
}
