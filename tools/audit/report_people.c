/* SPDX-License-Identifier: Apache-2.0 */
/* report users: what each account has done. report certs: with which. */
#include "report.h"

#include "audit/command.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------------------------- users
 */

struct users {
    struct user_row {
        uint64_t accepted, refused, not_signed;
        int64_t first, last;
    } * list; /* by uid */
    size_t count;
};

static enum err
take_user(void *context, const struct session *s,
          const struct source_line *line)
{
    const struct record *r = s->record;
    struct users *u = context;
    struct user_row *row;
    enum command_kind cmd;
    bool is_accepted;

    (void)line;
    if (!RECORD_HAS(r, actor) || !r->actor.has_uid ||
        !command_of_type(r->type, &cmd, &is_accepted))
        return ERR_OK;
    row = report_slot((void **)&u->list, &u->count, sizeof(*u->list),
                      r->actor.uid, r->seq);
    if (row == NULL)
        return r->actor.uid < 1 || r->actor.uid > r->seq
                   ? ERR_OK
                   : err_set(ERR_NOMEM, "out of memory");
    if (is_accepted)
        row->accepted++;
    else
        row->refused++;
    row->not_signed += !RECORD_HAS(r, sig);
    if (row->first == 0)
        row->first = r->t;
    row->last = r->t;
    return ERR_OK;
}

static uint64_t
print_users(void *context, const struct session *s)
{
    static const char *const heads[] = {
        "user", "accepted", "refused", "unsigned", "first", "last", NULL};
    const struct users *u = context;
    struct sheet sheet;

    sheet_begin(&sheet, s->options->form, heads);
    for (size_t uid = 1; uid < u->count; uid++) {
        const struct user_row *row = &u->list[uid];
        char name[NAME_BYTES], accepted[24], refused[24], not_signed[24],
            first[INSTANT_TEXT_BYTES], last[INSTANT_TEXT_BYTES];
        const char *cells[] = {names_get(&s->names, (int64_t)uid, name),
                               accepted,
                               refused,
                               not_signed,
                               first,
                               last};
        if (row->first == 0)
            continue;
        snprintf(accepted, sizeof(accepted), "%" PRIu64, row->accepted);
        snprintf(refused, sizeof(refused), "%" PRIu64, row->refused);
        snprintf(not_signed, sizeof(not_signed), "%" PRIu64, row->not_signed);
        instant_format(first, instant_of(row->first));
        instant_format(last, instant_of(row->last));
        sheet_add(&sheet, cells);
    }
    sheet_end(&sheet);
    return sheet.rows;
}

static void
release_users(void *context)
{
    free(((struct users *)context)->list);
}

const struct report_kind report_users = {
    .name = "users",
    .size = sizeof(struct users),
    .take = take_user,
    .print = print_users,
    .release = release_users,
};

/* --------------------------------------------------------------------- certs
 */

struct cert_lines {
    struct sheet sheet;
    bool is_begun;
};

static void
begin_certs(struct cert_lines *c, const struct session *s)
{
    static const char *const heads[] = {
        "seq", "time", "what", "user", "serial", "fingerprint", "until", NULL};

    if (!c->is_begun)
        sheet_begin(&c->sheet, s->options->form, heads);
    c->is_begun = true;
}

static bool
is_about_certs(const struct record *r)
{
    const char *type = record_type_text(r->type);

    return strncmp(type, "cert.", 5) == 0 || strncmp(type, "crl.", 4) == 0 ||
           strcmp(type, "log.key") == 0 || strcmp(type, "user.cert") == 0;
}

static enum err
take_cert(void *context, const struct session *s,
          const struct source_line *line)
{
    const struct record *r = s->record;
    struct cert_lines *c = context;
    char serial[96] = "", fp[HASH_HEX_BYTES] = "", name[NAME_BYTES] = "",
         until[INSTANT_TEXT_BYTES] = "";
    struct row row;

    (void)line;
    begin_certs(c, s);
    if (!is_about_certs(r))
        return ERR_OK;
    row_make(&row, r, &s->words);
    if (RECORD_HAS(r, serial))
        text_escape(serial, sizeof(serial), r->serial.bytes, r->serial.size);
    if (RECORD_HAS(r, fp))
        hash_hex(fp, &r->fp);
    if (RECORD_HAS(r, not_after))
        instant_format(until, instant_of(r->not_after));
    if (RECORD_HAS(r, next_update))
        instant_format(until, instant_of(r->next_update));
    const char *cells[] = {
        row.seq,
        row.time,
        row.type,
        RECORD_HAS(r, uid) ? names_get(&s->names, r->uid, name) : row.user,
        serial,
        fp,
        until};
    sheet_add(&c->sheet, cells);
    return ERR_OK;
}

static uint64_t
print_certs(void *context, const struct session *s)
{
    struct cert_lines *c = context;

    begin_certs(c, s);
    sheet_end(&c->sheet);
    return c->sheet.rows;
}

const struct report_kind report_certs = {
    .name = "certs",
    .size = sizeof(struct cert_lines),
    .take = take_cert,
    .print = print_certs,
};
