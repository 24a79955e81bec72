/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats: how many records of each type there are, and from when to when.
 */
#include "session.h"
#include "sheet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct counting {
    struct session session;
    uint64_t counts[RECORD_TYPE_COUNT], bytes[RECORD_TYPE_COUNT];
    int64_t first[RECORD_TYPE_COUNT], last[RECORD_TYPE_COUNT];
    uint64_t matched;
};

static bool
count(void *context, const struct source_line *line)
{
    struct counting *c = context;
    const struct record *r = c->session.record;

    c->matched++;
    if (c->counts[r->type]++ == 0)
        c->first[r->type] = r->t;
    c->bytes[r->type] += line->size;
    c->last[r->type] = r->t;
    return true;
}

static void
print(const struct counting *c)
{
    static const char *const heads[] = {"type",  "records", "bytes",
                                        "first", "last",    NULL};
    struct sheet sheet;

    sheet_begin(&sheet, c->session.options->form, heads);
    for (int t = 0; t < RECORD_TYPE_COUNT; t++) {
        char records[24], bytes[24], first[INSTANT_TEXT_BYTES],
            last[INSTANT_TEXT_BYTES];
        const char *cells[] = {record_type_text((enum record_type)t), records,
                               bytes, first, last};
        if (c->counts[t] == 0)
            continue;
        snprintf(records, sizeof(records), "%" PRIu64, c->counts[t]);
        snprintf(bytes, sizeof(bytes), "%" PRIu64, c->bytes[t]);
        instant_format(first, instant_of(c->first[t]));
        instant_format(last, instant_of(c->last[t]));
        sheet_add(&sheet, cells);
    }
    sheet_end(&sheet);
}

int
inspect_stats(const struct inspect_options *options)
{
    struct counting *c = calloc(1, sizeof(*c));
    int code;
    enum err err;

    if (c == NULL)
        return INSPECT_UNREADABLE;
    err = session_open(&c->session, options);
    c->session.wants_lots = false;
    if (err == ERR_OK)
        err = session_each(&c->session, count, c);
    if (err == ERR_OK) {
        print(c);
        session_say_proof(&c->session, c->matched);
    }
    code = err == ERR_OK ? session_code(&c->session, c->matched)
                         : session_failed(&c->session, err);
    session_close(&c->session);
    free(c);
    return code;
}
