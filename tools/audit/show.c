/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show and follow: the records that match, as a table, JSON, CSV, or as their
 * bytes.
 */
#include "filter.h"
#include "session.h"
#include "sparkline.h"
#include "table.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { POLL_MS = 1000, LINE_BYTES_MAX = 1 << 20, COLUMNS = 7 };

struct showing {
    struct session session;
    const struct inspect_options *options;
    struct table table;
    struct sparkline prices; /* of the one auction that is asked for */
    struct buf line;
    char **kept; /* lines for --reverse */
    size_t kept_count, kept_capacity;
    uint64_t matched;
    enum err err;
};

/* The widths of a table of bids; others make it wider. */
static const char *const heads[] = {"SEQ", "TIME (UTC)", "TYPE", "USER",
                                    "MAX", "RESULT",     "",     NULL};
static const size_t widths[COLUMNS] = {5, 23, 12, 5, 7, 28, 0};

static bool
is_limited(const struct showing *s)
{
    return s->options->limit > 0 && s->matched >= s->options->limit;
}

/* --------------------------------------------------------------------- lines
 */

/** In reverse the lines wait until all are known. */
static void
keep_line(struct showing *s)
{
    if (s->kept_count == s->kept_capacity) {
        size_t capacity = s->kept_capacity == 0 ? 256 : s->kept_capacity * 2;
        char **kept = realloc(s->kept, capacity * sizeof(*kept));
        if (kept == NULL) {
            s->err = err_set(ERR_NOMEM, "out of memory");
            return;
        }
        s->kept = kept;
        s->kept_capacity = capacity;
    }
    s->kept[s->kept_count] = strndup(s->line.bytes, s->line.size);
    if (s->kept[s->kept_count] == NULL)
        s->err = err_set(ERR_NOMEM, "out of memory");
    else
        s->kept_count++;
}

/** A row as its cells, each ended by a unit separator that none contains. */
static void
keep_cells(struct showing *s, const char *const *cells)
{
    buf_clear(&s->line);
    for (size_t i = 0; i < COLUMNS; i++)
        buf_add_format(&s->line, "%s\x1f", cells[i]);
    keep_line(s);
}

static void
show_row(struct showing *s)
{
    struct row row;

    row_make(&row, s->session.record, &s->session.words);
    const char *cells[] = {row.seq,    row.time,   row.type,     row.user,
                           row.amount, row.result, row.signature};
    if (s->options->is_reverse)
        keep_cells(s, cells);
    else
        table_add(&s->table, cells);
}

static void
show_line(struct showing *s, const struct source_line *line)
{
    bool is_proved = s->session.proven != NULL;

    buf_clear(&s->line);
    if (s->options->form == INSPECT_JSON)
        row_add_json(&s->line, s->session.record, line->bytes, line->size,
                     &s->session.words, is_proved);
    else if (s->options->form == INSPECT_CSV)
        row_add_csv(&s->line, s->session.record, &s->session.words, is_proved);
    else {
        buf_add(&s->line, line->bytes, line->size);
        buf_add_char(&s->line, '\n');
    }
    if (!buf_is_ok(&s->line))
        s->err = err_set(ERR_NOMEM, "out of memory");
    else if (s->options->is_reverse)
        keep_line(s);
    else
        fwrite(s->line.bytes, 1, s->line.size, stdout);
}

static bool
visit(void *context, const struct source_line *line)
{
    struct showing *s = context;

    s->matched++;
    if (s->options->form == INSPECT_TEXT)
        show_row(s);
    else
        show_line(s, line);
    sparkline_take(&s->prices, s->session.record);
    return s->err == ERR_OK && (s->options->is_reverse || !is_limited(s));
}

static void
print_kept(struct showing *s)
{
    uint64_t left = s->options->limit > 0 && s->options->limit < s->kept_count
                        ? s->options->limit
                        : s->kept_count;

    if (s->options->is_reverse)
        s->matched = left;
    for (size_t i = s->kept_count; i > 0 && left > 0; i--, left--) {
        const char *cells[COLUMNS];
        char *at = s->kept[i - 1];
        if (s->options->form != INSPECT_TEXT) {
            fputs(at, stdout);
            continue;
        }
        for (size_t c = 0; c < COLUMNS; c++) {
            cells[c] = at;
            at = strchr(at, '\x1f');
            *at++ = '\0';
        }
        table_add(&s->table, cells);
    }
}

/* --------------------------------------------------------------- one look
 */

static enum err
look(struct showing *s, bool is_first)
{
    enum err err;

    if (s->options->form == INSPECT_TEXT && is_first)
        table_init(&s->table, heads, widths);
    if (s->options->form == INSPECT_CSV && is_first)
        fputs(row_csv_header, stdout);
    err = session_each(&s->session, visit, s);
    if (err == ERR_OK)
        err = s->err;
    print_kept(s);
    if (s->options->form == INSPECT_TEXT)
        table_flush(&s->table);
    fflush(stdout);
    return err;
}

static void
release(struct showing *s)
{
    for (size_t i = 0; i < s->kept_count; i++)
        free(s->kept[i]);
    free(s->kept);
    buf_release(&s->line);
    table_release(&s->table);
    session_close(&s->session);
    free(s);
}

static struct showing *
begin(const struct inspect_options *options)
{
    struct showing *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->options = options;
    buf_init(&s->line, LINE_BYTES_MAX);
    return s;
}

int
inspect_show(const struct inspect_options *options)
{
    struct showing *s = begin(options);
    bool is_table = options->form == INSPECT_TEXT;
    int code;
    enum err err;

    if (s == NULL)
        return INSPECT_UNREADABLE;
    err = session_open(&s->session, options);
    if (err == ERR_OK)
        err = look(s, true);
    if (err == ERR_OK && is_table)
        sparkline_print(&s->prices, &s->session.lots);
    /* What was cut off must come with the next run. */
    if (err == ERR_OK && !is_limited(s))
        err = session_keep_cursor(&s->session);
    if (err == ERR_OK)
        session_say_proof(&s->session, s->matched);
    code = err == ERR_OK ? session_code(&s->session, s->matched)
                         : session_failed(&s->session, err);
    release(s);
    return code;
}

/* -------------------------------------------------------------------- follow
 */

static volatile sig_atomic_t is_interrupted;

static void
interrupt(int signal)
{
    (void)signal;
    is_interrupted = 1;
}

static void
rest(void)
{
    struct timespec pause = {POLL_MS / 1000, POLL_MS % 1000 * 1000000L};

    fflush(stdout);
    nanosleep(&pause, NULL);
}

/**
 * Look again at the log as of a newer checkpoint, which must continue the one
 * before.
 */
static enum err
look_again(struct showing *s)
{
    const struct inspect_options *o = s->options;
    struct checkpoint old = s->session.trust.head;
    uint64_t size = s->session.source->size;
    struct names names = s->session.names;
    struct lots lots = s->session.lots;
    struct proof proof;
    enum err err;

    /* What was learned goes over to the new session. */
    s->session.names = (struct names){.list = NULL};
    s->session.lots = (struct lots){.list = NULL};
    session_close(&s->session);
    err = session_open(&s->session, o);
    s->session.names = names;
    s->session.lots = lots;
    if (err != ERR_OK)
        return err;
    if (s->session.proven != NULL &&
        (err = proven_consistency(s->session.proven, &old, &proof)) != ERR_OK)
        return err;
    s->session.from = s->session.start = size;
    return s->session.source->size > size ? look(s, false) : ERR_OK;
}

int
inspect_follow(const struct inspect_options *options)
{
    struct sigaction action = {.sa_handler = interrupt};
    struct showing *s;
    int code;
    enum err err;

    if (options->is_reverse || options->source.data_dir != NULL)
        return inspect_usage(options->is_reverse
                                 ? "follow cannot go in reverse"
                                 : "follow reads through --server, or an "
                                   "export that grows");
    if ((s = begin(options)) == NULL)
        return INSPECT_UNREADABLE;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    err = session_open(&s->session, options);
    if (err == ERR_OK)
        err = look(s, true);
    while (err == ERR_OK && !is_interrupted && !is_limited(s)) {
        err = session_keep_cursor(&s->session);
        rest();
        if (err == ERR_OK && !is_interrupted)
            err = look_again(s);
    }
    if (err == ERR_OK)
        session_say_proof(&s->session, s->matched);
    code = err == ERR_OK ? session_code(&s->session, s->matched)
                         : session_failed(&s->session, err);
    release(s);
    return code;
}
