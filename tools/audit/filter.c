/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include "amount.h"
#include "when.h"

#include "base/text.h"

#include <fnmatch.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TERMS_MAX = 128, WORD_BYTES_MAX = 1024 };

enum comparison { COMPARE_EQ, COMPARE_LT, COMPARE_LE, COMPARE_GT, COMPARE_GE };

struct term {
    enum filter_kind kind;
    bool is_negated;
    char *text;        /* owned; NULL for a kind without a value */
    uint64_t from, to; /* numbers and ranges */
    struct instant time;
    enum comparison comparison;
    int64_t amount;
    regex_t regex; /* of a GREP */
};

struct filter {
    struct instant now;
    struct term terms[TERMS_MAX];
    size_t count;
};

static const char *const kind_names[] = {
#define FILTER_NAME(kind, name, value, help) [FILTER_##kind] = name,
    FILTER_LIST(FILTER_NAME)
#undef FILTER_NAME
};

static const bool has_value[] = {
#define FILTER_HAS(kind, name, value, help) [FILTER_##kind] = value != NULL,
    FILTER_LIST(FILTER_HAS)
#undef FILTER_HAS
};

enum err
filter_create(struct filter **out, struct instant now)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return err_set(ERR_NOMEM, "out of memory");
    (*out)->now = now;
    return ERR_OK;
}

static void
release_term(struct term *term)
{
    if (term->kind == FILTER_GREP && term->text != NULL)
        regfree(&term->regex);
    free(term->text);
}

void
filter_destroy(struct filter **filter)
{
    if (*filter == NULL)
        return;
    for (size_t i = 0; i < (*filter)->count; i++)
        release_term(&(*filter)->terms[i]);
    free(*filter);
    *filter = NULL;
}

/* -------------------------------------------------------------------- values
 */

static bool
parse_range(struct term *term)
{
    const char *dots = strstr(term->text, "..");
    size_t size = strlen(term->text);

    if (dots == NULL) {
        bool is_number = text_u64(&term->from, term->text, size);
        term->to = term->from;
        return is_number;
    }
    return text_u64(&term->from, term->text, (size_t)(dots - term->text)) &&
           text_u64(&term->to, dots + 2, strlen(dots + 2));
}

static bool
parse_amount(struct term *term)
{
    static const struct {
        const char *text;
        enum comparison comparison;
    } signs[] = {{">=", COMPARE_GE}, {"<=", COMPARE_LE}, {">", COMPARE_GT},
                 {"<", COMPARE_LT},  {"=", COMPARE_EQ},  {"", COMPARE_EQ}};
    size_t i = 0, skip;
    uint64_t number;

    while (strncmp(term->text, signs[i].text, strlen(signs[i].text)) != 0)
        i++;
    term->comparison = signs[i].comparison;
    skip = strlen(signs[i].text);
    while (term->text[skip] == ' ')
        skip++;
    if (!text_u64(&number, term->text + skip, strlen(term->text + skip)) ||
        number > INT64_MAX)
        return false;
    term->amount = (int64_t)number;
    return true;
}

static bool
is_hex(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789abcdef")] == '\0' &&
           strlen(text) <= 64;
}

static bool
parse_value(const struct filter *f, struct term *term)
{
    switch (term->kind) {
    case FILTER_AUCTION:
    case FILTER_TX:
    case FILTER_CONN:
        return text_u64(&term->from, term->text, strlen(term->text));
    case FILTER_SEQ:
        return parse_range(term);
    case FILTER_SINCE:
    case FILTER_UNTIL:
        return when_parse(&term->time, term->text, f->now) == ERR_OK;
    case FILTER_AMOUNT:
        return parse_amount(term);
    case FILTER_FP:
        return is_hex(term->text);
    case FILTER_GREP:
        return regcomp(&term->regex, term->text, REG_EXTENDED | REG_NOSUB) == 0;
    case FILTER_USER:
    case FILTER_TYPE:
    case FILTER_ADDR:
    case FILTER_REASON:
        return term->text[0] != '\0';
    case FILTER_REFUSED:
    case FILTER_UNSIGNED:
    case FILTER_COUNT:
        break;
    }
    return true;
}

enum err
filter_add(struct filter *f, enum filter_kind kind, const char *value,
           bool is_negated)
{
    struct term *term = &f->terms[f->count];

    CHECK(kind < FILTER_COUNT);
    if (f->count == TERMS_MAX)
        return err_set(ERR_TOO_LARGE, "too many filters");
    if ((value != NULL) != has_value[kind])
        return err_set(ERR_SYNTAX, "'%s' %s a value", kind_names[kind],
                       has_value[kind] ? "needs" : "takes no");
    *term = (struct term){.kind = kind, .is_negated = is_negated};
    if (value != NULL && (term->text = strdup(value)) == NULL)
        return err_set(ERR_NOMEM, "out of memory");
    if (value != NULL && !parse_value(f, term)) {
        free(term->text);
        return err_set(ERR_SYNTAX, "'%s' is no value for %s", value,
                       kind_names[kind]);
    }
    f->count++;
    return ERR_OK;
}

/* ---------------------------------------------------------------- expression
 */

/** One word: kind, or kind:value, or kind:"value with blanks". */
static enum err
add_word(struct filter *f, char *word)
{
    bool is_negated = word[0] == '-';
    char *name = word + is_negated, *colon = strchr(name, ':');

    if (colon != NULL)
        *colon = '\0';
    for (int kind = 0; kind < FILTER_COUNT; kind++)
        if (strcmp(name, kind_names[kind]) == 0)
            return filter_add(f, (enum filter_kind)kind,
                              colon == NULL ? NULL : colon + 1, is_negated);
    return err_set(ERR_SYNTAX, "'%s' is no filter", name);
}

enum err
filter_add_expression(struct filter *f, const char *text)
{
    enum err err = ERR_OK;

    while (err == ERR_OK) {
        char word[WORD_BYTES_MAX];
        size_t size = 0;
        bool is_quoted = false;
        text += strspn(text, " \t");
        if (*text == '\0')
            return ERR_OK;
        for (; *text != '\0' && (is_quoted || strchr(" \t", *text) == NULL);
             text++) {
            if (*text == '"')
                is_quoted = !is_quoted;
            else if (size + 1 < sizeof(word))
                word[size++] = *text;
            else
                return err_set(ERR_TOO_LARGE, "a filter is too long");
        }
        if (is_quoted)
            return err_set(ERR_SYNTAX, "a quotation mark is missing");
        word[size] = '\0';
        err = add_word(f, word);
    }
    return err;
}

/* ------------------------------------------------------------------ matching
 */

static bool
is_glob(const char *pattern, const struct text_ref *text)
{
    char copy[256];

    snprintf(copy, sizeof(copy), "%.*s", (int)text->size, text->bytes);
    return fnmatch(pattern, copy, 0) == 0;
}

static bool
is_user(const struct term *term, int64_t uid, const struct names *names)
{
    char number[NAME_BYTES];

    if (term->text[0] == '#') {
        snprintf(number, sizeof(number), "#%lld", (long long)uid);
        return strcmp(number, term->text) == 0;
    }
    return strcmp(names_get(names, uid, number), term->text) == 0;
}

static bool
is_by(const struct term *term, const struct record *r)
{
    char hex[HASH_HEX_BYTES];

    if (RECORD_HAS(r, actor) && r->actor.has_fp)
        hash_hex(hex, &r->actor.fp);
    else if (RECORD_HAS(r, fp))
        hash_hex(hex, &r->fp);
    else
        return false;
    return strncmp(hex, term->text, strlen(term->text)) == 0;
}

static bool
is_amount(const struct term *term, const struct record *r)
{
    int64_t amount;

    if (!amount_of_record(r, &amount))
        return false;
    switch (term->comparison) {
    case COMPARE_EQ:
        return amount == term->amount;
    case COMPARE_LT:
        return amount < term->amount;
    case COMPARE_LE:
        return amount <= term->amount;
    case COMPARE_GT:
        return amount > term->amount;
    case COMPARE_GE:
        return amount >= term->amount;
    }
    return false;
}

/** A GREP over bytes that are not terminated. */
static bool
is_grepped(const struct term *term, const char *bytes, size_t size)
{
    regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)size};

    return regexec(&term->regex, bytes, 1, &range, REG_STARTEND) == 0;
}

static bool
matches_text(const struct term *term, const struct record *r,
             const struct names *names)
{
    if (term->kind == FILTER_TYPE)
        return fnmatch(term->text, record_type_text(r->type), 0) == 0;
    if (term->kind == FILTER_ADDR)
        return RECORD_HAS(r, addr) && is_glob(term->text, &r->addr);
    if (term->kind == FILTER_REASON)
        return RECORD_HAS(r, reason) && is_glob(term->text, &r->reason);
    return (RECORD_HAS(r, actor) && r->actor.has_uid &&
            is_user(term, r->actor.uid, names)) ||
           (RECORD_HAS(r, uid) && is_user(term, r->uid, names));
}

static bool
matches(const struct term *term, const struct record *r, const char *bytes,
        size_t size, const struct names *names)
{
    switch (term->kind) {
    case FILTER_USER:
    case FILTER_TYPE:
    case FILTER_ADDR:
    case FILTER_REASON:
        return matches_text(term, r, names);
    case FILTER_FP:
        return is_by(term, r);
    case FILTER_AUCTION:
        return RECORD_HAS(r, auction) && (uint64_t)r->auction == term->from;
    case FILTER_SINCE:
        return r->t >= term->time.ms;
    case FILTER_UNTIL:
        return r->t < term->time.ms;
    case FILTER_SEQ:
        return (uint64_t)r->seq >= term->from && (uint64_t)r->seq <= term->to;
    case FILTER_TX:
        return (uint64_t)r->tx == term->from;
    case FILTER_CONN:
        return RECORD_HAS(r, conn) && (uint64_t)r->conn == term->from;
    case FILTER_REFUSED:
        return RECORD_HAS(r, reason);
    case FILTER_AMOUNT:
        return is_amount(term, r);
    case FILTER_UNSIGNED:
        return RECORD_HAS(r, request) && !RECORD_HAS(r, sig);
    case FILTER_GREP:
        return is_grepped(term, bytes, size);
    case FILTER_COUNT:
        break;
    }
    return false;
}

bool
filter_matches(const struct filter *f, const struct record *r,
               const char *bytes, size_t size, const struct names *names)
{
    uint32_t asked = 0, met = 0;

    for (size_t i = 0; f != NULL && i < f->count; i++) {
        const struct term *term = &f->terms[i];
        bool is_match = matches(term, r, bytes, size, names);
        if (term->is_negated && is_match)
            return false;
        if (term->is_negated)
            continue;
        asked |= UINT32_C(1) << term->kind;
        if (is_match)
            met |= UINT32_C(1) << term->kind;
    }
    return asked == met;
}
