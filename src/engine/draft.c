/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/draft.h"

#include "audit/canon_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ten years: a longer one is a typing mistake, and sums stay far from 2^63. */
#define DURATION_S_MAX INT64_C(315360000)

/** What the readers of one draft share. */
struct reading {
    struct draft *draft;
    struct draft_problem *problem;
};

static bool
refuse(struct reading *in, const char *member, const char *code,
       const char *detail)
{
    snprintf(in->problem->member, sizeof(in->problem->member), "%s", member);
    snprintf(in->problem->code, sizeof(in->problem->code), "%s", code);
    snprintf(in->problem->detail, sizeof(in->problem->detail), "%s", detail);
    return false;
}

static bool
read_int(struct reading *in, const char *member, json_t *value, int64_t min,
         int64_t max, int64_t *out)
{
    char detail[160];

    if (!json_is_integer(value))
        return refuse(in, member, "not-an-integer", "write a whole number");
    *out = json_integer_value(value);
    if (*out >= min && *out <= max)
        return true;
    snprintf(detail, sizeof(detail), "from %lld to %lld", (long long)min,
             (long long)max);
    return refuse(in, member, "out-of-range", detail);
}

static bool
read_money(struct reading *in, const char *member, json_t *value,
           struct money *out)
{
    return read_int(in, member, value, 1, MONEY_MAX, &out->minor);
}

/** A duration in whole seconds, kept in milliseconds. */
static bool
read_seconds(struct reading *in, const char *member, json_t *value,
             int64_t *ms_out)
{
    if (!read_int(in, member, value, 0, DURATION_S_MAX, ms_out))
        return false;
    *ms_out *= 1000;
    return true;
}

static bool
read_flag(struct reading *in, const char *member, json_t *value, bool *out)
{
    /* In a logged draft text a flag is 0 or 1. */
    if (json_is_integer(value) &&
        (json_integer_value(value) == 0 || json_integer_value(value) == 1)) {
        *out = json_integer_value(value) == 1;
        return true;
    }
    if (!json_is_boolean(value))
        return refuse(in, member, "not-a-boolean", "write true or false");
    *out = json_is_true(value);
    return true;
}

static bool
read_time(struct reading *in, const char *member, json_t *value,
          struct instant *out)
{
    if (!json_is_string(value) ||
        instant_parse(out, json_string_value(value),
                      json_string_length(value)) != ERR_OK)
        return refuse(in, member, "not-a-time",
                      "write RFC 3339 such as 2026-12-01T18:00:00Z");
    return true;
}

/** Text for people: UTF-8 without control characters but line breaks. */
static bool
read_text(struct reading *in, const char *member, json_t *value, char *out,
          size_t bytes_max)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);

    if (!json_is_string(value))
        return refuse(in, member, "not-a-string", "write a string");
    if (length > bytes_max)
        return refuse(in, member, "too-long",
                      "a title has at most 200 bytes, a description 4096");
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\n') ||
            text[i] == 0x7f)
            return refuse(in, member, "control-character",
                          "control characters but line breaks are refused");
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

static bool
read_title(struct reading *in, const char *member, json_t *value)
{
    if (!read_text(in, member, value, in->draft->title, DRAFT_TITLE_BYTES_MAX))
        return false;
    if (in->draft->title[0] == '\0' || strchr(in->draft->title, '\n') != NULL)
        return refuse(in, member, "empty", "a title is one line of text");
    return true;
}

static bool
read_description(struct reading *in, const char *member, json_t *value)
{
    return read_text(in, member, value, in->draft->description,
                     DRAFT_DESCRIPTION_BYTES_MAX);
}

static bool
read_format(struct reading *in, const char *member, json_t *value)
{
    if (!json_is_string(value) ||
        !format_parse(&in->draft->rules.format, json_string_value(value),
                      json_string_length(value)))
        return refuse(in, member, "unknown-format", "write english");
    return true;
}

static bool
read_currency(struct reading *in, const char *member, json_t *value)
{
    if (!json_is_string(value) || money_decimals(json_string_value(value)) < 0)
        return refuse(in, member, "unknown-currency",
                      "write an ISO 4217 code such as EUR");
    memcpy(in->draft->rules.currency, json_string_value(value), 4);
    return true;
}

static bool
read_increment(struct reading *in, json_t *item, struct increment *out)
{
    json_t *from = json_object_get(item, "from");
    json_t *step = json_object_get(item, "step");

    if (json_object_size(item) != 2 || from == NULL || step == NULL)
        return refuse(in, "increments", "malformed",
                      "each row is {\"from\": N, \"step\": N}");
    return read_int(in, "increments", from, 0, MONEY_MAX, &out->from.minor) &&
           read_money(in, "increments", step, &out->step);
}

static bool
read_increments(struct reading *in, const char *member, json_t *value)
{
    struct rules *rules = &in->draft->rules;
    size_t i;
    json_t *item;

    if (!json_is_array(value) || json_array_size(value) == 0 ||
        json_array_size(value) > RULES_INCREMENTS_MAX)
        return refuse(in, member, "malformed", "write 1 to 32 rows");
    json_array_foreach(value, i, item)
    {
        if (!read_increment(in, item, &rules->increments[i]))
            return false;
    }
    rules->increment_count = json_array_size(value);
    return true;
}

static bool
read_start_price(struct reading *in, const char *member, json_t *value)
{
    return read_money(in, member, value, &in->draft->rules.start_price);
}

static bool
read_reserve_price(struct reading *in, const char *member, json_t *value)
{
    return read_money(in, member, value, &in->draft->reserve);
}

static bool
read_buy_now_price(struct reading *in, const char *member, json_t *value)
{
    return read_money(in, member, value, &in->draft->rules.buy_now);
}

static bool
read_opens_at(struct reading *in, const char *member, json_t *value)
{
    in->draft->has_opens = true;
    return read_time(in, member, value, &in->draft->rules.opens);
}

static bool
read_ends_at(struct reading *in, const char *member, json_t *value)
{
    return read_time(in, member, value, &in->draft->rules.closes);
}

static bool
read_hard_end_at(struct reading *in, const char *member, json_t *value)
{
    return read_time(in, member, value, &in->draft->rules.hard_end);
}

static bool
read_extend_window(struct reading *in, const char *member, json_t *value)
{
    return read_seconds(in, member, value, &in->draft->rules.window_ms);
}

static bool
read_extend_by(struct reading *in, const char *member, json_t *value)
{
    return read_seconds(in, member, value, &in->draft->rules.extension_ms);
}

static bool
read_pay_within(struct reading *in, const char *member, json_t *value)
{
    return read_seconds(in, member, value, &in->draft->rules.pay_within_ms);
}

static bool
read_outage_grace(struct reading *in, const char *member, json_t *value)
{
    return read_seconds(in, member, value, &in->draft->rules.outage_grace_ms);
}

static bool
read_proxy(struct reading *in, const char *member, json_t *value)
{
    return read_flag(in, member, value, &in->draft->rules.proxy);
}

static bool
read_retraction(struct reading *in, const char *member, json_t *value)
{
    return read_flag(in, member, value, &in->draft->rules.retraction);
}

static bool
read_signed(struct reading *in, const char *member, json_t *value)
{
    return read_flag(in, member, value, &in->draft->rules.signed_only);
}

static bool
read_premium_bp(struct reading *in, const char *member, json_t *value)
{
    int64_t bp = 0;

    if (!read_int(in, member, value, 0, 10000, &bp))
        return false;
    in->draft->rules.premium_bp = (uint32_t)bp;
    return true;
}

static bool
read_tax_bp(struct reading *in, const char *member, json_t *value)
{
    int64_t bp = 0;

    if (!read_int(in, member, value, 0, 10000, &bp))
        return false;
    in->draft->rules.tax_bp = (uint32_t)bp;
    return true;
}

static bool
read_publish(struct reading *in, const char *member, json_t *value)
{
    return read_flag(in, member, value, &in->draft->publish);
}

/** The caller reads the signature. */
static bool
skip_signature(struct reading *in, const char *member, json_t *value)
{
    (void)in, (void)member, (void)value;
    return true;
}

static const struct draft_member {
    const char *name;
    bool (*read)(struct reading *in, const char *member, json_t *value);
    bool is_required;
} draft_members[] = {
    {"buy_now_price", read_buy_now_price, false},
    {"currency", read_currency, true},
    {"description", read_description, false},
    {"ends_at", read_ends_at, true},
    {"extend_by", read_extend_by, false},
    {"extend_window", read_extend_window, false},
    {"format", read_format, false},
    {"hard_end_at", read_hard_end_at, false},
    {"increments", read_increments, false},
    {"opens_at", read_opens_at, false},
    {"outage_grace", read_outage_grace, false},
    {"pay_within", read_pay_within, false},
    {"premium_bp", read_premium_bp, false},
    {"proxy", read_proxy, false},
    {"publish", read_publish, false},
    {"reserve_price", read_reserve_price, false},
    {"retraction", read_retraction, false},
    {"signature", skip_signature, false},
    {"signed", read_signed, false},
    {"start_price", read_start_price, true},
    {"tax_bp", read_tax_bp, false},
    {"title", read_title, true},
};

enum { DRAFT_MEMBERS = sizeof(draft_members) / sizeof(draft_members[0]) };

static const struct draft_member *
find_member(const char *name)
{
    for (size_t i = 0; i < DRAFT_MEMBERS; i++)
        if (strcmp(draft_members[i].name, name) == 0)
            return &draft_members[i];
    return NULL;
}

static bool
read_members(struct reading *in, json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        const struct draft_member *member = find_member(name);
        if (member == NULL)
            return refuse(in, "", "unknown-member",
                          "a member that a draft does not have");
        if (!member->read(in, name, value))
            return false;
    }
    for (size_t i = 0; i < DRAFT_MEMBERS; i++)
        if (draft_members[i].is_required &&
            json_object_get(object, draft_members[i].name) == NULL)
            return refuse(in, draft_members[i].name, "missing",
                          "a draft needs it");
    return true;
}

/** The canonical text of what was sent, and its hash. */
static enum err
make_text(struct draft *draft, json_t *object)
{
    struct buf text;
    enum err err;

    buf_init(&text, DRAFT_TEXT_BYTES_MAX);
    err = canon_json(object, canon_json_draft_skip, &text);
    if (err != ERR_OK) {
        buf_release(&text);
        return err;
    }
    draft->text = text.bytes; /* moved */
    draft->text_size = text.size;
    draft->hash = hash_of(text.bytes, text.size);
    return ERR_OK;
}

enum err
draft_from_json(struct draft **out, json_t *object,
                struct draft_problem *problem)
{
    struct draft *draft = calloc(1, sizeof(*draft));
    struct reading in = {draft, problem};
    enum err err;

    *problem = (struct draft_problem){{0}, {0}, {0}};
    if (draft == NULL)
        return err_set(ERR_NOMEM, "no memory for a draft");
    draft->rules = rules_default();
    if (!json_is_object(object) || !read_members(&in, object)) {
        draft_destroy(&draft);
        return err_set(ERR_SYNTAX, "draft: %s %s", problem->member,
                       problem->detail);
    }
    draft->rules.reserve = draft->reserve;
    err = make_text(draft, object);
    if (err != ERR_OK) {
        refuse(&in, "", "malformed", err_detail());
        draft_destroy(&draft);
        return err;
    }
    *out = draft;
    return ERR_OK;
}

enum err
draft_from_text(struct draft **out, const char *text, size_t size,
                struct money reserve)
{
    json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    struct draft_problem problem;
    enum err err;

    if (object == NULL)
        return err_set(ERR_SYNTAX, "a draft text that is not JSON");
    err = draft_from_json(out, object, &problem);
    json_decref(object);
    if (err == ERR_OK)
        (*out)->reserve = (*out)->rules.reserve = reserve;
    return err;
}

void
draft_resolve(struct draft *draft, struct instant now)
{
    if (!draft->has_opens)
        draft->rules.opens = now;
}

void
draft_destroy(struct draft **draft)
{
    if (*draft == NULL)
        return;
    free((*draft)->text);
    free(*draft);
    *draft = NULL;
}

static void
add_int(struct canon *canon, const char *name, int64_t value)
{
    canon_name(canon, name);
    canon_int(canon, value);
}

static void
add_text(struct canon *canon, const char *name, const char *text)
{
    canon_name(canon, name);
    canon_text(canon, text, strlen(text));
}

static void
add_increments(struct canon *canon, const struct rules *rules)
{
    canon_name(canon, "increments");
    canon_array_begin(canon);
    for (size_t i = 0; i < rules->increment_count; i++) {
        canon_object_begin(canon);
        add_int(canon, "from", rules->increments[i].from.minor);
        add_int(canon, "step", rules->increments[i].step.minor);
        canon_object_end(canon);
    }
    canon_array_end(canon);
}

/** Members up to the increments, in the order of their names. */
static void
add_terms_head(struct canon *canon, const struct draft *draft, uint64_t auction)
{
    const struct rules *rules = &draft->rules;

    add_int(canon, "auction", (int64_t)auction);
    add_int(canon, "buy_now", rules->buy_now.minor);
    add_int(canon, "closes", rules->closes.ms);
    add_text(canon, "currency", rules->currency);
    add_text(canon, "description", draft->description);
    add_int(canon, "extension_ms", rules->extension_ms);
    add_text(canon, "format", format_name(rules->format));
    add_int(canon, "hard_end", rules->hard_end.ms);
    add_increments(canon, rules);
}

static void
add_terms_tail(struct canon *canon, const struct draft *draft,
               const char *seller)
{
    const struct rules *rules = &draft->rules;

    add_text(canon, "seller", seller);
    add_int(canon, "signed", rules->signed_only);
    add_int(canon, "start_price", rules->start_price.minor);
    add_int(canon, "tax_bp", rules->tax_bp);
    add_text(canon, "title", draft->title);
    add_int(canon, "v", 1);
    add_int(canon, "window_ms", rules->window_ms);
}

enum err
draft_terms(const struct draft *draft, uint64_t auction, const char *seller,
            const struct hash *reserve_commitment, struct buf *out)
{
    const struct rules *rules = &draft->rules;
    struct canon canon;

    canon_init(&canon, out);
    canon_object_begin(&canon);
    add_terms_head(&canon, draft, auction);
    add_int(&canon, "opens", rules->opens.ms);
    add_int(&canon, "outage_grace_ms", rules->outage_grace_ms);
    add_int(&canon, "pay_within_ms", rules->pay_within_ms);
    add_int(&canon, "premium_bp", rules->premium_bp);
    add_int(&canon, "proxy", rules->proxy);
    if (reserve_commitment != NULL) {
        canon_name(&canon, "reserve_commitment");
        canon_hex(&canon, reserve_commitment->bytes, HASH_BYTES);
    }
    add_int(&canon, "retraction", rules->retraction);
    add_terms_tail(&canon, draft, seller);
    canon_object_end(&canon);
    return canon_finish(&canon);
}
