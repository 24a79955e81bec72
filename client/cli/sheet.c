/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers in the form that is asked for. libsmartcols makes control
 * characters in tables visible; in CSV they are escaped here.
 */
#include "cli.h"

#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>

static const char *const forms[FORMS] = {"table", "json", "jsonl", "csv"};

bool
form_parse(enum form *out, const char *name)
{
    for (size_t i = 0; i < FORMS; i++)
        if (strcmp(forms[i], name) == 0) {
            *out = (enum form)i;
            return true;
        }
    return false;
}

enum form
cli_form(const struct cli *cli)
{
    enum form form = FORM_TABLE;

    (void)form_parse(&form, cli->output);
    return form;
}

bool
cli_talks(const struct cli *cli)
{
    return !cli->is_quiet && cli_form(cli) == FORM_TABLE;
}

/* ---------------------------------------------------------------------- CSV */

/**
 * A cell of RFC 4180. One that a spreadsheet would compute gets a quote in
 * front; a number stays a number.
 */
static void
put_cell(const char *cell)
{
    bool is_formula = cell[0] != '\0' && strchr("=+-@\t\r", cell[0]) != NULL &&
                      !(cell[0] == '-' && cell[1] >= '0' && cell[1] <= '9');
    bool is_quoted = is_formula || strpbrk(cell, ",\"\r\n") != NULL;

    if (is_quoted)
        putchar('"');
    if (is_formula)
        putchar('\'');
    for (; *cell != '\0'; cell++) {
        if (*cell == '"')
            putchar('"');
        if ((unsigned char)*cell < 0x20 || *cell == 0x7f)
            printf("\\x%02x", (unsigned char)*cell);
        else
            putchar(*cell);
    }
    if (is_quoted)
        putchar('"');
}

static void
put_row(const char *const *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            putchar(',');
        put_cell(cells[i]);
    }
    fputs("\r\n", stdout);
}

/* ------------------------------------------------------------------- sheets */

struct sheet {
    enum form form;
    size_t columns;
    struct libscols_table *table; /* for FORM_TABLE */
};

enum { COLUMNS_MAX = 16 };

static bool
add_column(struct sheet *sheet, const char *name)
{
    int flags = strcmp(name, "TITLE") == 0 ? SCOLS_FL_TRUNC
                : name[0] == '#'           ? SCOLS_FL_RIGHT
                                           : 0;

    return scols_table_new_column(sheet->table, name + (name[0] == '#'), 0.1,
                                  flags) != NULL;
}

/** "#NEXT BID" as "next_bid", for programs. */
static void
put_header(const char *const *columns, size_t count)
{
    char names[COLUMNS_MAX][32];
    const char *cells[COLUMNS_MAX];

    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), "%s",
                 columns[i] + (columns[i][0] == '#'));
        for (char *c = names[i]; *c != '\0'; c++)
            *c = *c == ' ' ? '_' : (*c >= 'A' && *c <= 'Z') ? *c + 32 : *c;
        cells[i] = names[i];
    }
    put_row(cells, count);
}

struct sheet *
sheet_create(const struct cli *cli, const char *const *columns)
{
    struct sheet *sheet = calloc(1, sizeof(*sheet));
    bool is_good = sheet != NULL;

    if (sheet == NULL)
        return NULL;
    sheet->form = cli_form(cli);
    while (columns[sheet->columns] != NULL)
        sheet->columns++;
    CHECK(sheet->columns <= COLUMNS_MAX);
    if (sheet->form == FORM_TABLE) {
        sheet->table = scols_new_table();
        is_good = sheet->table != NULL;
        for (size_t i = 0; is_good && i < sheet->columns; i++)
            is_good = add_column(sheet, columns[i]);
    }
    if (sheet->form == FORM_CSV)
        put_header(columns, sheet->columns);
    if (!is_good) {
        scols_unref_table(sheet->table);
        free(sheet);
        return NULL;
    }
    return sheet;
}

static bool
add_line(struct sheet *sheet, const char *const *cells)
{
    struct libscols_line *line = scols_table_new_line(sheet->table, NULL);

    for (size_t i = 0; line != NULL && i < sheet->columns; i++)
        if (scols_line_set_data(line, i, cells[i]) != 0)
            return false;
    return line != NULL;
}

bool
sheet_add(struct sheet *sheet, json_t *item, const char *const *cells)
{
    switch (sheet->form) {
    case FORM_TABLE:
        return add_line(sheet, cells);
    case FORM_CSV:
        put_row(cells, sheet->columns);
        return true;
    case FORM_JSONL:
        if (item != NULL) {
            json_dumpf(item, stdout, JSON_COMPACT);
            putchar('\n');
        }
        return true;
    case FORM_JSON:
    case FORMS:
        return true;
    }
    CHECK(false);
    return false;
}

void
sheet_finish(struct sheet **sheet)
{
    struct sheet *s = *sheet;

    if (s == NULL)
        return;
    if (s->table != NULL && scols_table_get_nlines(s->table) > 0)
        scols_print_table(s->table);
    scols_unref_table(s->table);
    free(s);
    *sheet = NULL;
}

/* -------------------------------------------------------------- one object */

/** Its members and those of the objects in it, as names and values. */
static void
put_members(json_t *object, const char *prefix, bool puts_names, bool *is_first)
{
    const char *name;
    json_t *value;
    char whole[128], number[24];

    json_object_foreach(object, name, value)
    {
        snprintf(whole, sizeof(whole), "%s%s", prefix, name);
        if (json_is_object(value)) {
            strncat(whole, ".", sizeof(whole) - strlen(whole) - 1);
            put_members(value, whole, puts_names, is_first);
            continue;
        }
        if (json_is_array(value))
            continue; /* has no place in one row */
        if (!*is_first)
            putchar(',');
        *is_first = false;
        if (puts_names)
            put_cell(whole);
        else if (json_is_string(value))
            put_cell(json_string_value(value));
        else if (json_is_integer(value))
            put_cell(number_text(number, json_integer_value(value)));
        else if (json_is_boolean(value))
            put_cell(json_is_true(value) ? "true" : "false");
    }
}

bool
put_object(const struct cli *cli, json_t *object, const char *body)
{
    bool is_first = true;

    switch (cli_form(cli)) {
    case FORM_TABLE:
        return false;
    case FORM_JSON:
        fputs(body, stdout);
        return true;
    case FORM_JSONL:
        json_dumpf(object, stdout, JSON_COMPACT);
        putchar('\n');
        return true;
    case FORM_CSV:
        put_members(object, "", true, &is_first);
        fputs("\r\n", stdout);
        is_first = true;
        put_members(object, "", false, &is_first);
        fputs("\r\n", stdout);
        return true;
    case FORMS:
        break;
    }
    CHECK(false);
    return false;
}
