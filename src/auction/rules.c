/* SPDX-License-Identifier: Apache-2.0 */
#include "auction/rules.h"

#include "auction/format.h"

#include <string.h>

/** docs/rules.md "Default table", in minor units. */
static const struct increment default_table[] = {
    {{0}, {5}},         {{100}, {25}},      {{500}, {50}},
    {{2500}, {100}},    {{10000}, {250}},   {{25000}, {500}},
    {{50000}, {1000}},  {{100000}, {2500}}, {{250000}, {5000}},
    {{500000}, {10000}}};

enum {
    DEFAULT_ROWS = sizeof(default_table) / sizeof(default_table[0]),
    /* 100 %: a total of 4 * MONEY_MAX still fits a number of a record. */
    BASIS_POINTS_MAX = 10000
};

#define FORMAT_NAME(format, name) #name,
static const char *const format_names[] = {FORMAT_LIST(FORMAT_NAME)};

struct rules
rules_default(void)
{
    struct rules rules = {.format = FORMAT_ENGLISH,
                          .proxy = true,
                          .quantity = 1,
                          .increment_count = DEFAULT_ROWS};

    memcpy(rules.increments, default_table, sizeof(default_table));
    return rules;
}

const char *
format_name(enum format_id format)
{
    CHECK(format < FORMAT_COUNT);
    return format_names[format];
}

bool
format_parse(enum format_id *out, const char *name, size_t length)
{
    for (int i = 0; i < FORMAT_COUNT; i++)
        if (strlen(format_names[i]) == length &&
            memcmp(format_names[i], name, length) == 0) {
            *out = (enum format_id)i;
            return true;
        }
    return false;
}

struct money
rules_increment(const struct rules *rules, struct money price)
{
    struct money step = rules->increments[0].step;

    CHECK(rules->increment_count > 0);
    for (size_t i = 1; i < rules->increment_count; i++) {
        if (rules->increments[i].from.minor > price.minor)
            break;
        step = rules->increments[i].step;
    }
    return step;
}

/* ------------------------------------------------------------- validity */

bool
rules_refuse(struct rules_flaw *out, const char *field, const char *why)
{
    *out = (struct rules_flaw){field, why};
    return false;
}

/** Fields of other formats are 0, so that nothing is said and not meant. */
static bool
check_absent(const struct rules *r, unsigned fields, struct rules_flaw *out)
{
    const struct absent {
        enum rule_field field;
        const char *member;
        int64_t value;
    } rows[] = {
        {RULE_START, "start_price", r->start_price.minor},
        {RULE_RESERVE, "reserve_price", r->reserve.minor},
        {RULE_BUY_NOW, "buy_now_price", r->buy_now.minor},
        {RULE_BIDDING, "retraction", r->retraction},
        {RULE_SOFT_CLOSE, "extend_window", r->window_ms},
        {RULE_SOFT_CLOSE, "extend_by", r->extension_ms},
        {RULE_SOFT_CLOSE, "hard_end_at", r->hard_end.ms},
        {RULE_QUANTITY, "quantity", (int64_t)r->quantity - 1},
        {RULE_FLOOR, "floor_price", r->floor.minor},
        {RULE_CLOCK, "drop", r->drop.minor},
        {RULE_CLOCK, "interval", r->interval_ms},
        {RULE_REVEAL, "reveal_ends_at", r->reveal_ends.ms},
        {RULE_REVEAL, "bond", r->bond.minor},
        {RULE_SHARING, "rationing", (int64_t)r->rationing},
        {RULE_SHARING, "pricing", (int64_t)r->pricing},
        {RULE_SHARING, "sealed", r->is_sealed},
        {RULE_SHARING, "withdraw_until", r->withdraw_until.ms},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!(fields & rows[i].field) && rows[i].value != 0)
            return rules_refuse(out, rows[i].member,
                                "is no member of this format");
    return true;
}

static bool
is_amount_or_none(struct money m)
{
    return m.minor == 0 || money_is_valid(m);
}

static bool
check_prices(const struct rules *r, unsigned fields, struct rules_flaw *out)
{
    if (fields & RULE_START && !money_is_valid(r->start_price))
        return rules_refuse(out, "start_price", "must be at least 1");
    if (fields & RULE_FLOOR && !money_is_valid(r->floor))
        return rules_refuse(out, "floor_price", "must be at least 1");
    if (!is_amount_or_none(r->reserve) ||
        (r->reserve.minor > 0 && r->reserve.minor < r->start_price.minor))
        return rules_refuse(out, "reserve_price",
                            "must not be below start_price");
    if (!is_amount_or_none(r->buy_now))
        return rules_refuse(out, "buy_now_price", "is not an amount");
    if (r->buy_now.minor > 0 && (r->buy_now.minor <= r->start_price.minor ||
                                 r->buy_now.minor < r->reserve.minor))
        return rules_refuse(
            out, "buy_now_price",
            "must be above start_price and not below the reserve");
    if (!is_amount_or_none(r->bond))
        return rules_refuse(out, "bond", "is not an amount");
    return true;
}

static bool
is_duration(int64_t ms)
{
    return ms >= 0 && ms <= RULES_DURATION_MS_MAX;
}

static bool
is_instant(struct instant t)
{
    return t.ms >= 0 && t.ms <= INSTANT_MS_MAX;
}

static bool
check_times(const struct rules *r, struct rules_flaw *out)
{
    if (!is_instant(r->opens) || !is_instant(r->closes) ||
        !instant_before(r->opens, r->closes))
        return rules_refuse(out, "ends_at", "must be after opens_at");
    if (!is_duration(r->window_ms))
        return rules_refuse(out, "extend_window", "must be 0 s to 10 years");
    if (!is_duration(r->extension_ms))
        return rules_refuse(out, "extend_by", "must be 0 s to 10 years");
    if (!is_instant(r->hard_end) ||
        (r->hard_end.ms != 0 && instant_before(r->hard_end, r->closes)))
        return rules_refuse(out, "hard_end_at", "must not be before ends_at");
    if (!is_instant(r->reveal_ends) ||
        (rules_have_reveal(r) && !instant_before(r->closes, r->reveal_ends)))
        return rules_refuse(out, "reveal_ends_at", "must be after ends_at");
    if (!is_duration(r->pay_within_ms))
        return rules_refuse(out, "pay_within", "must be 0 s to 10 years");
    if (!is_duration(r->outage_grace_ms))
        return rules_refuse(out, "outage_grace", "must be 0 s to 10 years");
    return true;
}

static bool
check_increments(const struct rules *r, struct rules_flaw *out)
{
    if (r->increment_count == 0 || r->increment_count > RULES_INCREMENTS_MAX ||
        r->increments[0].from.minor != 0)
        return rules_refuse(out, "increments",
                            "need 1 to 32 rows, first from 0");
    for (size_t i = 0; i < r->increment_count; i++) {
        if (!money_is_valid(r->increments[i].step))
            return rules_refuse(out, "increments", "a step must be at least 1");
        if (i == 0)
            continue;
        if (r->increments[i].from.minor <= r->increments[i - 1].from.minor ||
            r->increments[i].from.minor > MONEY_MAX)
            return rules_refuse(out, "increments",
                                "`from` must rise row by row");
        if (r->increments[i].step.minor < r->increments[i - 1].step.minor)
            return rules_refuse(out, "increments", "a step must not fall");
    }
    return true;
}

static bool
check_rest(const struct rules *r, struct rules_flaw *out)
{
    if (money_decimals(r->currency) < 0)
        return rules_refuse(out, "currency", "must be an ISO 4217 code");
    if (r->premium_bp > BASIS_POINTS_MAX)
        return rules_refuse(out, "premium_bp", "must be 0 to 10000");
    if (r->tax_bp > BASIS_POINTS_MAX)
        return rules_refuse(out, "tax_bp", "must be 0 to 10000");
    if (r->quantity < 1 || r->quantity > RULES_QUANTITY_MAX)
        return rules_refuse(out, "quantity", "must be 1 to 4294967295");
    return true;
}

bool
rules_check(const struct rules *rules, const char **field_out,
            const char **why_out)
{
    const struct format *format = format_of(rules->format);
    struct rules_flaw flaw = {"", ""};
    bool is_valid;

    is_valid = check_absent(rules, format->fields, &flaw) &&
               check_prices(rules, format->fields, &flaw) &&
               check_times(rules, &flaw) && check_increments(rules, &flaw) &&
               check_rest(rules, &flaw) && format->check(rules, &flaw);
    *field_out = flaw.field;
    *why_out = flaw.why;
    return is_valid;
}
