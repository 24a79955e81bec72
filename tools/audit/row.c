/* SPDX-License-Identifier: Apache-2.0 */
#include "row.h"

#include "amount.h"

#include "audit/record_rows.h"
#include "base/instant.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

/** Words that grow to a bound and are cut there. */
struct words {
    char *text;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void
say(struct words *w, const char *format, ...)
{
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(w->text + w->used, ROW_WORDS_BYTES - w->used, format,
                     arguments);
    va_end(arguments);
    w->used += size < 0 ? 0 : (size_t)size;
    if (w->used >= ROW_WORDS_BYTES)
        w->used = ROW_WORDS_BYTES - 1;
}

static void
say_text(struct words *w, const char *before, const struct text_ref *text)
{
    char plain[200];

    say(w, "%s%s", before,
        text_escape(plain, sizeof(plain), text->bytes, text->size));
}

/** Members that every record has, or that have a column of their own. */
static bool
is_elsewhere(const struct record_row *row)
{
    static const char *const names[] = {
        "aseq", "auction", "close", "conn", "min_next",  "revision", "seq",
        "t",    "tx",      "useq",  "v",    "bid_count", "name"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(row->name, names[i]) == 0)
            return true;
    return false;
}

static void
say_member(struct words *w, const struct record *r, int m)
{
    const struct record_row *row = &record_rows[m];
    const void *field = record_field(r, (enum record_member)m);
    const char *gap = w->used == 0 ? "" : " ";
    char named[48];

    snprintf(named, sizeof(named), "%s%s=", gap, row->name);
    if (row->kind == KIND_INT)
        say(w, "%s%lld", named, (long long)*(const int64_t *)field);
    else if (row->kind == KIND_FLAG)
        say(w, "%s%d", named, *(const bool *)field);
    else if (row->kind == KIND_TEXT)
        say_text(w, named, field);
}

/** Of a type that has no words of its own: its members. */
static void
say_members(struct words *w, const struct record *r)
{
    for (int m = 0; m < RECORD_MEMBER_COUNT; m++)
        if (record_has(r, (enum record_member)m) &&
            !is_elsewhere(&record_rows[m]))
            say_member(w, r, m);
    if (RECORD_HAS(r, name))
        say_text(w, w->used == 0 ? "name=" : " name=", &r->name);
}

/** Without the currency's name: a table has many rows of one. */
static const char *
plain_amount(char text[AMOUNT_TEXT_BYTES], int64_t minor, const char *currency)
{
    amount_text(text, minor, currency);
    text[strcspn(text, " ")] = '\0';
    return text;
}

static void
say_refusal(struct words *w, const struct record *r, const char *currency)
{
    char amount[AMOUNT_TEXT_BYTES];

    say_text(w, "", &r->reason);
    if (RECORD_HAS(r, cause)) {
        say_text(w, " (", &r->cause);
        say(w, ")");
    }
    if (RECORD_HAS(r, min_next))
        say(w, ", minimum %s", plain_amount(amount, r->min_next, currency));
}

static void
say_standing(struct words *w, const struct record *r,
             const struct row_context *c, const char *currency)
{
    char amount[AMOUNT_TEXT_BYTES], name[NAME_BYTES];
    bool is_own =
        RECORD_HAS(r, actor) && r->actor.has_uid && r->actor.uid == r->leader;

    if (!is_own)
        say(w, "%s ", names_get(c->names, r->leader, name));
    say(w, "leads at %s", plain_amount(amount, r->price, currency));
}

static void
say_outcome(struct words *w, const struct record *r,
            const struct row_context *c, const char *currency)
{
    char amount[AMOUNT_TEXT_BYTES], name[NAME_BYTES];

    say_text(w, "", &r->outcome);
    for (size_t i = 0; RECORD_HAS(r, awards) && i < r->awards.count; i++)
        say(w, "%s%s at %s", i == 0 ? " to " : ", ",
            names_get(c->names, r->awards.items[i].uid, name),
            plain_amount(amount, r->awards.items[i].price, currency));
}

static void
say_result(struct words *w, const struct record *r, const struct row_context *c)
{
    const char *currency = lots_currency(c->lots, r);

    w->text[0] = '\0';
    if (RECORD_HAS(r, reason))
        say_refusal(w, r, currency);
    else if (RECORD_HAS(r, leader) && RECORD_HAS(r, price) &&
             !RECORD_HAS(r, outcome))
        say_standing(w, r, c, currency);
    else if (RECORD_HAS(r, outcome))
        say_outcome(w, r, c, currency);
    else
        say_members(w, r);
}

static void
say_signature(char out[24], const struct record *r)
{
    out[0] = '\0';
    if (RECORD_HAS(r, sig))
        snprintf(out, 24, "signed %s", sig_alg_text(r->sig.alg));
    else if (RECORD_HAS(r, request))
        snprintf(out, 24, "UNSIGNED");
}

void
row_make(struct row *out, const struct record *r, const struct row_context *c)
{
    struct words words = {out->result, 0};
    char time[INSTANT_TEXT_BYTES], name[NAME_BYTES];
    int64_t amount;

    snprintf(out->seq, sizeof(out->seq), "%lld", (long long)r->seq);
    instant_format(time, instant_of(r->t));
    snprintf(out->time, sizeof(out->time), "%.10s %.12s", time, time + 11);
    snprintf(out->type, sizeof(out->type), "%s", record_type_text(r->type));
    snprintf(out->user, sizeof(out->user), "%s",
             names_actor(c->names, r, name));
    out->auction[0] = out->amount[0] = '\0';
    if (RECORD_HAS(r, auction))
        snprintf(out->auction, sizeof(out->auction), "%lld",
                 (long long)r->auction);
    if (amount_of_record(r, &amount))
        plain_amount(out->amount, amount, lots_currency(c->lots, r));
    say_result(&words, r, c);
    say_signature(out->signature, r);
}

/* ------------------------------------------------------------- JSON and CSV
 */

static void
add_member(struct buf *out, const char *name, const char *text)
{
    buf_add_format(out, ",\"%s\":", name);
    canon_quote(out, text, strlen(text));
}

void
row_add_json(struct buf *out, const struct record *r, const char *bytes,
             size_t size, const struct row_context *c, bool is_proved)
{
    char time[INSTANT_TEXT_BYTES], name[NAME_BYTES];
    int64_t amount;

    buf_add_format(out, "{\"seq\":%lld", (long long)r->seq);
    add_member(out, "time", instant_format(time, instant_of(r->t)));
    add_member(out, "type", record_type_text(r->type));
    if (RECORD_HAS(r, auction))
        buf_add_format(out, ",\"auction\":%lld", (long long)r->auction);
    if (names_actor(c->names, r, name)[0] != '\0')
        add_member(out, "user", names_actor(c->names, r, name));
    if (amount_of_record(r, &amount))
        buf_add_format(out, ",\"amount\":%lld", (long long)amount);
    if (RECORD_HAS(r, reason)) {
        buf_add_text(out, ",\"reason\":");
        canon_quote(out, r->reason.bytes, r->reason.size);
    }
    if (RECORD_HAS(r, sig))
        add_member(out, "signed", sig_alg_text(r->sig.alg));
    buf_add_format(out,
                   ",\"proved\":%s,\"record\":", is_proved ? "true" : "false");
    buf_add(out, bytes, size);
    buf_add_text(out, "}\n");
}

const char row_csv_header[] =
    "seq,time,type,auction,user,amount,result,signed,proved\r\n";

void
row_add_cell(struct buf *out, const char *text, bool is_last)
{
    bool is_formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
    bool is_quoted = text[strcspn(text, "\",\r\n")] != '\0';

    if (is_quoted)
        buf_add_char(out, '"');
    if (is_formula)
        buf_add_char(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            buf_add_char(out, '"');
        buf_add_char(out, *text);
    }
    if (is_quoted)
        buf_add_char(out, '"');
    buf_add_text(out, is_last ? "\r\n" : ",");
}

void
row_add_csv(struct buf *out, const struct record *r,
            const struct row_context *c, bool is_proved)
{
    struct row row;

    row_make(&row, r, c);
    row_add_cell(out, row.seq, false);
    row_add_cell(out, row.time, false);
    row_add_cell(out, row.type, false);
    row_add_cell(out, row.auction, false);
    row_add_cell(out, row.user, false);
    row_add_cell(out, row.amount, false);
    row_add_cell(out, row.result, false);
    row_add_cell(out, row.signature, false);
    row_add_cell(out, is_proved ? "yes" : "no", true);
}
