/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show: records that match, as a table, as JSON lines, or as their bytes.
 * Nothing shown here is proved: that is what verify is for, and it says so.
 */
#include "inspect.h"

#include "base/text.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 64 };

struct showing {
    const struct inspect_options *options;
    struct record record;
    struct record_text text;
    char (*names)[NAME_BYTES]; /* by uid, as the log enrols them */
    size_t name_count;
    uint64_t matched;
    char **kept; /* lines for --reverse */
    size_t kept_count, kept_capacity;
    enum err err;
};

static void
learn_name(struct showing *s)
{
    uint64_t uid = (uint64_t)s->record.uid;

    /* Accounts are counted from 1 and each has a record: more is a lie. */
    if (s->record.type != RECORD_USER_ENROLLED || s->record.uid < 1 ||
        s->record.uid > s->record.seq)
        return;
    if (uid >= s->name_count) {
        size_t count = (size_t)uid * 2 + 16;
        char(*names)[NAME_BYTES] = realloc(s->names, count * sizeof(*names));
        if (names == NULL) {
            s->err = err_set(ERR_NOMEM, "out of memory");
            return;
        }
        memset(names + s->name_count, 0,
               (count - s->name_count) * sizeof(*names));
        s->names = names;
        s->name_count = count;
    }
    text_escape(s->names[uid], NAME_BYTES, s->record.name.bytes,
                s->record.name.size);
}

/** Name of an account, or its number while that is withheld. */
static const char *
name_of(const struct showing *s, int64_t uid, char out[NAME_BYTES])
{
    if ((uint64_t)uid < s->name_count && s->names[uid][0] != '\0')
        return s->names[uid];
    snprintf(out, NAME_BYTES, "#%lld", (long long)uid);
    return out;
}

static bool
matches(const struct showing *s)
{
    const struct inspect_options *o = s->options;
    const struct record *r = &s->record;
    char number[NAME_BYTES];

    if ((uint64_t)r->seq < o->from || (uint64_t)r->seq > o->to)
        return false;
    if (r->t < o->since.ms || r->t >= o->until.ms)
        return false;
    if (o->auction != 0 &&
        (!RECORD_HAS(r, auction) || (uint64_t)r->auction != o->auction))
        return false;
    if (o->type != NULL && fnmatch(o->type, record_type_text(r->type), 0) != 0)
        return false;
    if (o->is_refused && !RECORD_HAS(r, reason))
        return false;
    if (o->reason != NULL &&
        (!RECORD_HAS(r, reason) || strlen(o->reason) != r->reason.size ||
         memcmp(o->reason, r->reason.bytes, r->reason.size) != 0))
        return false;
    if (o->user == NULL)
        return true;
    return RECORD_HAS(r, actor) && r->actor.has_uid &&
           strcmp(name_of(s, r->actor.uid, number), o->user) == 0;
}

/** A text of the log, harmless on a terminal. */
static const char *
plain(char out[NAME_BYTES], const struct text_ref *text)
{
    return text_escape(out, NAME_BYTES, text->bytes, text->size);
}

/** The last column: what happened, in a few words. */
static void
result_text(const struct showing *s, char out[256])
{
    const struct record *r = &s->record;
    char name[NAME_BYTES], amount[48];
    size_t used = 0;

    out[0] = '\0';
    if (RECORD_HAS(r, reason))
        used += (size_t)snprintf(out, 256, "%s", plain(name, &r->reason));
    if (RECORD_HAS(r, reason) && RECORD_HAS(r, cause))
        used += (size_t)snprintf(out + used, 256 - used, " (%s)",
                                 plain(name, &r->cause));
    if (RECORD_HAS(r, reason) && RECORD_HAS(r, min_next))
        used += (size_t)snprintf(out + used, 256 - used, ", minimum %s",
                                 inspect_amount(amount, r->min_next, NULL));
    if (RECORD_HAS(r, leader) && RECORD_HAS(r, price))
        used += (size_t)snprintf(out + used, 256 - used, "%s leads at %s",
                                 name_of(s, r->leader, name),
                                 inspect_amount(amount, r->price, NULL));
    if (RECORD_HAS(r, outcome))
        used += (size_t)snprintf(out + used, 256 - used, "%s",
                                 plain(name, &r->outcome));
    if (RECORD_HAS(r, awards) && r->awards.count > 0)
        used += (size_t)snprintf(
            out + used, 256 - used, " to %s at %s",
            name_of(s, r->awards.items[0].uid, name),
            inspect_amount(amount, r->awards.items[0].price, NULL));
    if (RECORD_HAS(r, sig))
        snprintf(out + used, 256 - used, "%ssigned %s", used == 0 ? "" : "  ",
                 sig_alg_text(r->sig.alg));
    else if (RECORD_HAS(r, request))
        snprintf(out + used, 256 - used, "%sUNSIGNED", used == 0 ? "" : "  ");
}

static void
format_row(const struct showing *s, char *out, size_t size)
{
    const struct record *r = &s->record;
    char time_text[INSTANT_TEXT_BYTES], name[NAME_BYTES],
        max[48] = "-", result[256], auction[24] = "-";

    instant_format(time_text, instant_of(r->t));
    time_text[10] = ' ';
    time_text[23] = '\0';
    if (RECORD_HAS(r, max))
        inspect_amount(max, r->max, NULL);
    if (RECORD_HAS(r, auction))
        snprintf(auction, sizeof(auction), "%lld", (long long)r->auction);
    result_text(s, result);
    snprintf(out, size, "%-8lld %s  %-18s %-8s %-10s %-12s %s",
             (long long)r->seq, time_text, record_type_text(r->type), auction,
             RECORD_HAS(r, actor) && r->actor.has_uid
                 ? name_of(s, r->actor.uid, name)
                 : "-",
             max, result);
}

static bool
keep_line(struct showing *s, const char *line, size_t size)
{
    if (s->kept_count == s->kept_capacity) {
        size_t capacity = s->kept_capacity == 0 ? 256 : s->kept_capacity * 2;
        char **kept = realloc(s->kept, capacity * sizeof(*kept));
        if (kept == NULL)
            return false;
        s->kept = kept;
        s->kept_capacity = capacity;
    }
    s->kept[s->kept_count] = strndup(line, size);
    return s->kept[s->kept_count++] != NULL;
}

static bool
visit(void *context, const struct source_line *line)
{
    struct showing *s = context;
    char row[1024];

    if (line->bytes == NULL)
        return true; /* withheld */
    s->err = record_decode(line->bytes, line->size, &s->record, &s->text);
    if (s->err == ERR_OK)
        learn_name(s);
    if (s->err != ERR_OK || !matches(s))
        return s->err == ERR_OK;
    s->matched++;
    if (s->options->wants_json || s->options->wants_raw) {
        if (!s->options->is_reverse)
            printf("%.*s\n", (int)line->size, line->bytes);
        else if (!keep_line(s, line->bytes, line->size))
            s->err = err_set(ERR_NOMEM, "out of memory");
    } else {
        format_row(s, row, sizeof(row));
        if (!s->options->is_reverse)
            puts(row);
        else if (!keep_line(s, row, strlen(row)))
            s->err = err_set(ERR_NOMEM, "out of memory");
    }
    return s->err == ERR_OK &&
           (s->options->is_reverse || s->matched < s->options->limit);
}

static void
print_reverse(struct showing *s)
{
    for (size_t i = s->kept_count, n = 0; i > 0 && n < s->options->limit;
         i--, n++)
        puts(s->kept[i - 1]);
    for (size_t i = 0; i < s->kept_count; i++)
        free(s->kept[i]);
    free(s->kept);
}

int
inspect_show(const struct inspect_options *options)
{
    struct showing *s = calloc(1, sizeof(*s));
    struct source *source = NULL;
    bool is_table = !options->wants_json && !options->wants_raw;
    uint64_t matched;
    enum err err;

    if (s == NULL)
        return INSPECT_UNREADABLE;
    s->options = options;
    err = source_open(&source, options->export_dir, options->data_dir);
    if (err == ERR_OK && is_table)
        printf("%-8s %-23s  %-18s %-8s %-10s %-12s %s\n", "SEQ", "TIME (UTC)",
               "TYPE", "AUCTION", "USER", "MAX", "RESULT");
    if (err == ERR_OK)
        err = source_each(source, visit, s);
    if (err == ERR_OK)
        err = s->err;
    print_reverse(s);
    matched = s->matched;
    if (err == ERR_OK && is_table)
        printf("%llu records; nothing is proved here, see verify\n",
               (unsigned long long)matched);
    source_close(&source);
    free(s->names);
    free(s);
    if (err != ERR_OK)
        return inspect_failed(err);
    return matched > 0 ? INSPECT_TRUE : INSPECT_NOTHING;
}
