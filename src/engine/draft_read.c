/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a draft, each by its own reader. */
#include "engine/draft_read.h"

#include "auction/format.h"
#include "audit/record.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ten years: a longer one is a typing mistake, and sums stay far from 2^63. */
#define DURATION_S_MAX INT64_C(315360000)

bool
draft_refuse(struct draft_reading *in, const char *member, const char *code,
             const char *detail)
{
    snprintf(in->problem->member, sizeof(in->problem->member), "%s", member);
    snprintf(in->problem->code, sizeof(in->problem->code), "%s", code);
    snprintf(in->problem->detail, sizeof(in->problem->detail), "%s", detail);
    return false;
}

static bool
read_int(struct draft_reading *in, const char *member, json_t *value,
         int64_t min, int64_t max, int64_t *out)
{
    char detail[160];

    if (!json_is_integer(value))
        return draft_refuse(in, member, "not-an-integer",
                            "write a whole number");
    *out = json_integer_value(value);
    if (*out >= min && *out <= max)
        return true;
    snprintf(detail, sizeof(detail), "from %lld to %lld", (long long)min,
             (long long)max);
    return draft_refuse(in, member, "out-of-range", detail);
}

static bool
read_money(struct draft_reading *in, const char *member, json_t *value,
           struct money *out)
{
    return read_int(in, member, value, 1, MONEY_MAX, &out->minor);
}

/** A duration in whole seconds, kept in milliseconds. */
static bool
read_seconds(struct draft_reading *in, const char *member, json_t *value,
             int64_t *ms_out)
{
    if (!read_int(in, member, value, 0, DURATION_S_MAX, ms_out))
        return false;
    *ms_out *= 1000;
    return true;
}

static bool
read_flag(struct draft_reading *in, const char *member, json_t *value,
          bool *out)
{
    /* In a logged draft text a flag is 0 or 1. */
    if (json_is_integer(value) &&
        (json_integer_value(value) == 0 || json_integer_value(value) == 1)) {
        *out = json_integer_value(value) == 1;
        return true;
    }
    if (!json_is_boolean(value))
        return draft_refuse(in, member, "not-a-boolean", "write true or false");
    *out = json_is_true(value);
    return true;
}

static bool
read_time(struct draft_reading *in, const char *member, json_t *value,
          struct instant *out)
{
    if (!json_is_string(value) ||
        instant_parse(out, json_string_value(value),
                      json_string_length(value)) != ERR_OK)
        return draft_refuse(in, member, "not-a-time",
                            "write RFC 3339 such as 2026-12-01T18:00:00Z");
    return true;
}

/** Text for people: UTF-8 without control characters but line breaks. */
static bool
read_text(struct draft_reading *in, const char *member, json_t *value,
          char *out, size_t bytes_max)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);

    if (!json_is_string(value))
        return draft_refuse(in, member, "not-a-string", "write a string");
    if (length > bytes_max)
        return draft_refuse(
            in, member, "too-long",
            "a title has at most 200 bytes, a description 4096");
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\n') ||
            text[i] == 0x7f)
            return draft_refuse(
                in, member, "control-character",
                "control characters but line breaks are refused");
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

static bool
read_title(struct draft_reading *in, const char *member, json_t *value)
{
    if (!read_text(in, member, value, in->draft->title, DRAFT_TITLE_BYTES_MAX))
        return false;
    if (in->draft->title[0] == '\0' || strchr(in->draft->title, '\n') != NULL)
        return draft_refuse(in, member, "empty", "a title is one line of text");
    return true;
}

static bool
read_description(struct draft_reading *in, const char *member, json_t *value)
{
    return read_text(in, member, value, in->draft->description,
                     DRAFT_DESCRIPTION_BYTES_MAX);
}

static bool
read_format(struct draft_reading *in, const char *member, json_t *value)
{
    if (!json_is_string(value) ||
        !format_parse(&in->draft->rules.format, json_string_value(value),
                      json_string_length(value)))
        return draft_refuse(in, member, "unknown-format",
                            "write english, sealed, vickrey, dutch or uniform");
    return true;
}

static bool
read_currency(struct draft_reading *in, const char *member, json_t *value)
{
    if (!json_is_string(value) || money_decimals(json_string_value(value)) < 0)
        return draft_refuse(in, member, "unknown-currency",
                            "write an ISO 4217 code such as EUR");
    memcpy(in->draft->rules.currency, json_string_value(value), 4);
    return true;
}

static bool
read_increment(struct draft_reading *in, json_t *item, struct increment *out)
{
    json_t *from = json_object_get(item, "from");
    json_t *step = json_object_get(item, "step");

    if (json_object_size(item) != 2 || from == NULL || step == NULL)
        return draft_refuse(in, "increments", "malformed",
                            "each row is {\"from\": N, \"step\": N}");
    return read_int(in, "increments", from, 0, MONEY_MAX, &out->from.minor) &&
           read_money(in, "increments", step, &out->step);
}

static bool
read_increments(struct draft_reading *in, const char *member, json_t *value)
{
    struct rules *rules = &in->draft->rules;
    size_t i;
    json_t *item;

    if (!json_is_array(value) || json_array_size(value) == 0 ||
        json_array_size(value) > RULES_INCREMENTS_MAX)
        return draft_refuse(in, member, "malformed", "write 1 to 32 rows");
    json_array_foreach(value, i, item)
    {
        if (!read_increment(in, item, &rules->increments[i]))
            return false;
    }
    rules->increment_count = json_array_size(value);
    return true;
}

static bool
read_start_price(struct draft_reading *in, const char *member, json_t *value)
{
    return read_money(in, member, value, &in->draft->rules.start_price);
}

static bool
read_reserve_price(struct draft_reading *in, const char *member, json_t *value)
{
    return read_money(in, member, value, &in->draft->reserve);
}

static bool
read_buy_now_price(struct draft_reading *in, const char *member, json_t *value)
{
    return read_money(in, member, value, &in->draft->rules.buy_now);
}

static bool
read_opens_at(struct draft_reading *in, const char *member, json_t *value)
{
    in->draft->has_opens = true;
    return read_time(in, member, value, &in->draft->rules.opens);
}

static bool
read_ends_at(struct draft_reading *in, const char *member, json_t *value)
{
    return read_time(in, member, value, &in->draft->rules.closes);
}

static bool
read_hard_end_at(struct draft_reading *in, const char *member, json_t *value)
{
    return read_time(in, member, value, &in->draft->rules.hard_end);
}

static bool
read_extend_window(struct draft_reading *in, const char *member, json_t *value)
{
    return read_seconds(in, member, value, &in->draft->rules.window_ms);
}

static bool
read_extend_by(struct draft_reading *in, const char *member, json_t *value)
{
    return read_seconds(in, member, value, &in->draft->rules.extension_ms);
}

static bool
read_pay_within(struct draft_reading *in, const char *member, json_t *value)
{
    return read_seconds(in, member, value, &in->draft->rules.pay_within_ms);
}

static bool
read_outage_grace(struct draft_reading *in, const char *member, json_t *value)
{
    return read_seconds(in, member, value, &in->draft->rules.outage_grace_ms);
}

static bool
read_proxy(struct draft_reading *in, const char *member, json_t *value)
{
    return read_flag(in, member, value, &in->draft->rules.proxy);
}

static bool
read_retraction(struct draft_reading *in, const char *member, json_t *value)
{
    return read_flag(in, member, value, &in->draft->rules.retraction);
}

static bool
read_signed(struct draft_reading *in, const char *member, json_t *value)
{
    return read_flag(in, member, value, &in->draft->rules.signed_only);
}

static bool
read_reveal_ends_at(struct draft_reading *in, const char *member, json_t *value)
{
    return read_time(in, member, value, &in->draft->rules.reveal_ends);
}

static bool
read_bond(struct draft_reading *in, const char *member, json_t *value)
{
    return read_int(in, member, value, 0, MONEY_MAX,
                    &in->draft->rules.bond.minor);
}

static bool
read_floor_price(struct draft_reading *in, const char *member, json_t *value)
{
    return read_money(in, member, value, &in->draft->rules.floor);
}

static bool
read_drop(struct draft_reading *in, const char *member, json_t *value)
{
    return read_money(in, member, value, &in->draft->rules.drop);
}

static bool
read_interval(struct draft_reading *in, const char *member, json_t *value)
{
    return read_seconds(in, member, value, &in->draft->rules.interval_ms);
}

static bool
read_quantity(struct draft_reading *in, const char *member, json_t *value)
{
    int64_t quantity = 0;

    if (!read_int(in, member, value, 1, RULES_QUANTITY_MAX, &quantity))
        return false;
    in->draft->rules.quantity = (uint64_t)quantity;
    return true;
}

/** One of two words: whether it is the second. */
static bool
read_word(struct draft_reading *in, const char *member, json_t *value,
          const char *const words[2], int *out)
{
    for (int i = 0; i < 2 && json_is_string(value); i++)
        if (strcmp(json_string_value(value), words[i]) == 0) {
            *out = i;
            return true;
        }
    return draft_refuse(in, member, "unknown-word",
                        "rationing is time or prorata, pricing lab or hrb");
}

static bool
read_rationing(struct draft_reading *in, const char *member, json_t *value)
{
    static const char *const words[2] = {"time", "prorata"};
    int word = 0;

    if (!read_word(in, member, value, words, &word))
        return false;
    in->draft->rules.rationing = (enum rationing)word;
    return true;
}

static bool
read_pricing(struct draft_reading *in, const char *member, json_t *value)
{
    static const char *const words[2] = {"lab", "hrb"};
    int word = 0;

    if (!read_word(in, member, value, words, &word))
        return false;
    in->draft->rules.pricing = (enum pricing)word;
    return true;
}

static bool
read_withdraw_until(struct draft_reading *in, const char *member, json_t *value)
{
    return read_time(in, member, value, &in->draft->rules.withdraw_until);
}

static bool
read_sealed(struct draft_reading *in, const char *member, json_t *value)
{
    return read_flag(in, member, value, &in->draft->rules.is_sealed);
}

static bool
read_relist_of(struct draft_reading *in, const char *member, json_t *value)
{
    const char *text = json_string_value(value);
    int64_t id = 0;

    /* An id as the API writes it, or as a number. */
    if (text != NULL &&
        text_u64(&in->draft->rules.relist_of, text, strlen(text)) &&
        in->draft->rules.relist_of > 0)
        return true;
    if (!read_int(in, member, value, 1, RECORD_INT_MAX, &id))
        return false;
    in->draft->rules.relist_of = (uint64_t)id;
    return true;
}

static bool
read_allowed(struct draft_reading *in, const char *member, json_t *value,
             char out[STORE_NAME_BYTES])
{
    return read_text(in, member, value, out, STORE_NAME_BYTES - 1) &&
           (out[0] != '\0' && strchr(out, '\n') == NULL
                ? true
                : draft_refuse(in, member, "malformed",
                               "each is the name of an account"));
}

static bool
read_allow(struct draft_reading *in, const char *member, json_t *value)
{
    struct draft *draft = in->draft;
    size_t count = json_array_size(value), i;
    json_t *item;

    if (!json_is_array(value) || count == 0 || count > DRAFT_ALLOW_MAX)
        return draft_refuse(in, member, "malformed", "write 1 to 128 accounts");
    draft->allow = calloc(count, sizeof(*draft->allow));
    if (draft->allow == NULL)
        return draft_refuse(in, member, "no-memory", "no memory for the list");
    json_array_foreach(value, i, item)
    {
        if (!read_allowed(in, member, item, draft->allow[i]))
            return false;
    }
    draft->allow_count = count;
    draft->rules.is_restricted = true;
    return true;
}

static bool
read_premium_bp(struct draft_reading *in, const char *member, json_t *value)
{
    int64_t bp = 0;

    if (!read_int(in, member, value, 0, 10000, &bp))
        return false;
    in->draft->rules.premium_bp = (uint32_t)bp;
    return true;
}

static bool
read_tax_bp(struct draft_reading *in, const char *member, json_t *value)
{
    int64_t bp = 0;

    if (!read_int(in, member, value, 0, 10000, &bp))
        return false;
    in->draft->rules.tax_bp = (uint32_t)bp;
    return true;
}

static bool
read_publish(struct draft_reading *in, const char *member, json_t *value)
{
    return read_flag(in, member, value, &in->draft->publish);
}

/** The caller reads the signature. */
static bool
skip_signature(struct draft_reading *in, const char *member, json_t *value)
{
    (void)in, (void)member, (void)value;
    return true;
}

/*
 * A member of a rule field exists only in the formats that have the field;
 * `is_needed` then only in those that need it.
 */
static const struct draft_member {
    const char *name;
    bool (*read)(struct draft_reading *in, const char *member, json_t *value);
    unsigned field; /* enum rule_field; 0: every format */
    bool is_needed;
} draft_members[] = {
    {"allow", read_allow, 0, false},
    {"bond", read_bond, RULE_REVEAL, false},
    {"buy_now_price", read_buy_now_price, RULE_BUY_NOW, false},
    {"currency", read_currency, 0, true},
    {"description", read_description, 0, false},
    {"drop", read_drop, RULE_CLOCK, true},
    {"ends_at", read_ends_at, 0, false},
    {"extend_by", read_extend_by, RULE_SOFT_CLOSE, false},
    {"extend_window", read_extend_window, RULE_SOFT_CLOSE, false},
    {"floor_price", read_floor_price, RULE_FLOOR, true},
    {"format", read_format, 0, false},
    {"hard_end_at", read_hard_end_at, RULE_SOFT_CLOSE, false},
    {"increments", read_increments, RULE_BIDDING, false},
    {"interval", read_interval, RULE_CLOCK, true},
    {"opens_at", read_opens_at, 0, false},
    {"outage_grace", read_outage_grace, 0, false},
    {"pay_within", read_pay_within, 0, false},
    {"premium_bp", read_premium_bp, 0, false},
    {"pricing", read_pricing, RULE_SHARING, false},
    {"proxy", read_proxy, RULE_BIDDING, false},
    {"publish", read_publish, 0, false},
    {"quantity", read_quantity, RULE_QUANTITY, true},
    {"rationing", read_rationing, RULE_SHARING, false},
    {"relist_of", read_relist_of, 0, false},
    {"reserve_price", read_reserve_price, RULE_RESERVE, false},
    {"retraction", read_retraction, RULE_BIDDING, false},
    {"reveal_ends_at", read_reveal_ends_at, RULE_REVEAL, true},
    {"sealed", read_sealed, RULE_SHARING, false},
    {"signature", skip_signature, 0, false},
    {"signed", read_signed, 0, false},
    {"start_price", read_start_price, RULE_START, true},
    {"tax_bp", read_tax_bp, 0, false},
    {"title", read_title, 0, true},
    {"withdraw_until", read_withdraw_until, RULE_SHARING, false},
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
read_member(struct draft_reading *in, const char *name, json_t *value)
{
    const struct format *format = format_of(in->draft->rules.format);
    const struct draft_member *member = find_member(name);

    if (member == NULL)
        return draft_refuse(in, "", "unknown-member",
                            "a member that a draft does not have");
    if (member->field != 0 && !(format->fields & member->field))
        return draft_refuse(in, name, "not-in-format",
                            "this format does not have it");
    return member->read(in, name, value);
}

/** Whether a draft of this format must name it. */
static bool
is_needed(const struct format *format, const struct draft_member *member)
{
    if (strcmp(member->name, "ends_at") == 0)
        return format->resolve == NULL;
    return member->is_needed &&
           (member->field == 0 || format->needed & member->field);
}

bool
draft_read_members(struct draft_reading *in, json_t *object)
{
    json_t *format = json_object_get(object, "format");
    const char *name;
    json_t *value;

    /* It says which of the others there may be. */
    if (format != NULL && !read_format(in, "format", format))
        return false;
    json_object_foreach(object, name, value)
    {
        if (!read_member(in, name, value))
            return false;
    }
    for (size_t i = 0; i < DRAFT_MEMBERS; i++)
        if (is_needed(format_of(in->draft->rules.format), &draft_members[i]) &&
            json_object_get(object, draft_members[i].name) == NULL)
            return draft_refuse(in, draft_members[i].name, "missing",
                                "a draft needs it");
    return true;
}
