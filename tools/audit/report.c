/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *
report_slot(void **array, size_t *count, size_t item_size, int64_t number,
            int64_t max)
{
    if (number < 1 || number > max)
        return NULL;
    if ((size_t)number >= *count) {
        size_t more = (size_t)number * 2 + 16;
        char *grown = realloc(*array, more * item_size);
        if (grown == NULL)
            return NULL;
        memset(grown + *count * item_size, 0, (more - *count) * item_size);
        *array = grown;
        *count = more;
    }
    return (char *)*array + (size_t)number * item_size;
}

/* ------------------------------------------------------------------ refusals
 */

enum { REASONS_MAX = 128, REASON_BYTES = 64 };

/** One line for each command and reason that were met. */
struct refusals {
    struct reason {
        char reason[REASON_BYTES];
        enum record_type type;
        uint64_t count;
        int64_t last;
    } list[REASONS_MAX];
    size_t count;
    uint64_t others; /* that found no room */
};

static enum err
take_refusal(void *context, const struct session *s,
             const struct source_line *line)
{
    struct refusals *r = context;
    char reason[REASON_BYTES];
    size_t i = 0;

    (void)line;
    if (!RECORD_HAS(s->record, reason))
        return ERR_OK;
    text_escape(reason, sizeof(reason), s->record->reason.bytes,
                s->record->reason.size);
    while (i < r->count && (r->list[i].type != s->record->type ||
                            strcmp(r->list[i].reason, reason) != 0))
        i++;
    if (i == REASONS_MAX) {
        r->others++;
        return ERR_OK;
    }
    if (i == r->count) {
        r->list[i].type = s->record->type;
        snprintf(r->list[i].reason, REASON_BYTES, "%s", reason);
        r->count++;
    }
    r->list[i].count++;
    r->list[i].last = s->record->t;
    return ERR_OK;
}

static uint64_t
print_refusals(void *context, const struct session *s)
{
    static const char *const heads[] = {"reason", "command", "count", "last",
                                        NULL};
    const struct refusals *r = context;
    struct sheet sheet;

    sheet_begin(&sheet, s->options->form, heads);
    for (size_t i = 0; i < r->count; i++) {
        const struct reason *reason = &r->list[i];
        const char *type = record_type_text(reason->type);
        char count[24], last[INSTANT_TEXT_BYTES], command[40];
        const char *cells[] = {reason->reason, command, count, last};
        snprintf(command, sizeof(command), "%.*s", (int)strcspn(type, "."),
                 type);
        snprintf(count, sizeof(count), "%" PRIu64, reason->count);
        instant_format(last, instant_of(reason->last));
        sheet_add(&sheet, cells);
    }
    sheet_end(&sheet);
    return sheet.rows;
}

static const struct report_kind report_refusals = {
    .name = "refusals",
    .size = sizeof(struct refusals),
    .take = take_refusal,
    .print = print_refusals,
};

/* --------------------------------------------------------------------- admin
 */

/** What administrators did, as it comes. */
struct admins {
    struct sheet sheet;
    bool is_begun;
};

static void
begin_admins(struct admins *a, const struct session *s)
{
    static const char *const heads[] = {"seq",     "time",   "type",   "admin",
                                        "auction", "result", "signed", NULL};

    if (!a->is_begun)
        sheet_begin(&a->sheet, s->options->form, heads);
    a->is_begun = true;
}

static enum err
take_admin(void *context, const struct session *s,
           const struct source_line *line)
{
    struct admins *a = context;
    struct row row;

    (void)line;
    begin_admins(a, s);
    if (!RECORD_HAS(s->record, actor) ||
        s->record->actor.kind != RECORD_ACTOR_ADMIN)
        return ERR_OK;
    row_make(&row, s->record, &s->words);
    const char *cells[] = {row.seq,     row.time,   row.type,     row.user,
                           row.auction, row.result, row.signature};
    sheet_add(&a->sheet, cells);
    return ERR_OK;
}

static uint64_t
print_admins(void *context, const struct session *s)
{
    struct admins *a = context;

    begin_admins(a, s);
    sheet_end(&a->sheet);
    return a->sheet.rows;
}

static const struct report_kind report_admin = {
    .name = "admin",
    .size = sizeof(struct admins),
    .take = take_admin,
    .print = print_admins,
};

/* ---------------------------------------------------------------------- any
 */

static const struct report_kind *const kinds[] = {
    &report_bids,  &report_users,   &report_refusals, &report_admin,
    &report_certs, &report_latency, &report_prices};

struct reporting {
    struct session session;
    const struct report_kind *kind;
    void *context;
    enum err err;
};

static bool
visit(void *context, const struct source_line *line)
{
    struct reporting *r = context;

    r->err = r->kind->take(r->context, &r->session, line);
    return r->err == ERR_OK;
}

static const struct report_kind *
find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

static int
run(struct reporting *r, const struct inspect_options *options)
{
    uint64_t rows = 0;
    enum err err = session_open(&r->session, options);
    int code;

    if (err == ERR_OK)
        err = session_each(&r->session, visit, r);
    if (err == ERR_OK)
        err = r->err;
    if (err == ERR_OK) {
        rows = r->kind->print(r->context, &r->session);
        session_say_proof(&r->session, rows);
    }
    code = err == ERR_OK ? session_code(&r->session, rows)
                         : session_failed(&r->session, err);
    session_close(&r->session);
    return code;
}

int
inspect_report(const struct inspect_options *options)
{
    struct reporting r = {.err = ERR_OK};
    int code;

    r.kind = options->word_count == 0 ? NULL : find_kind(options->words[0]);
    if (r.kind == NULL)
        return inspect_usage("report needs a name: bids, users, refusals, "
                             "admin, certs, latency, or prices AUCTION");
    if ((r.kind == &report_prices) != (options->word_count == 2) ||
        options->word_count > 2)
        return inspect_usage("report prices needs the number of an auction; "
                             "the others take filters");
    r.context = calloc(1, r.kind->size);
    if (r.context == NULL)
        return INSPECT_UNREADABLE;
    code = run(&r, options);
    if (r.kind->release != NULL)
        r.kind->release(r.context);
    free(r.context);
    return code;
}
