/* SPDX-License-Identifier: Apache-2.0 */
#include "auction/rules.h"

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

/* Ten years. Keeps every sum of an instant and a duration far from 2^63. */
#define DURATION_MS_MAX INT64_C(315360000000)

#define FORMAT_NAME(format, name) name,
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

struct refusal {
    const char *field;
    const char *why;
};

static bool
refuse(struct refusal *out, const char *field, const char *why)
{
    *out = (struct refusal){field, why};
    return false;
}

static bool
is_amount_or_none(struct money m)
{
    return m.minor == 0 || money_is_valid(m);
}

static bool
check_prices(const struct rules *r, struct refusal *out)
{
    if (!money_is_valid(r->start_price))
        return refuse(out, "start_price", "must be at least 1");
    if (!is_amount_or_none(r->reserve) ||
        (r->reserve.minor > 0 && r->reserve.minor < r->start_price.minor))
        return refuse(out, "reserve_price", "must not be below start_price");
    if (!is_amount_or_none(r->buy_now))
        return refuse(out, "buy_now_price", "is not an amount");
    if (r->buy_now.minor > 0 && (r->buy_now.minor <= r->start_price.minor ||
                                 r->buy_now.minor < r->reserve.minor))
        return refuse(out, "buy_now_price",
                      "must be above start_price and not below the reserve");
    return true;
}

static bool
is_duration(int64_t ms)
{
    return ms >= 0 && ms <= DURATION_MS_MAX;
}

static bool
is_instant(struct instant t)
{
    return t.ms >= 0 && t.ms <= INSTANT_MS_MAX;
}

static bool
check_times(const struct rules *r, struct refusal *out)
{
    if (!is_instant(r->opens) || !is_instant(r->closes) ||
        !instant_before(r->opens, r->closes))
        return refuse(out, "ends_at", "must be after opens_at");
    if (!is_duration(r->window_ms))
        return refuse(out, "extend_window", "must be 0 s to 10 years");
    if (!is_duration(r->extension_ms))
        return refuse(out, "extend_by", "must be 0 s to 10 years");
    if (!is_instant(r->hard_end) ||
        (r->hard_end.ms != 0 && instant_before(r->hard_end, r->closes)))
        return refuse(out, "hard_end_at", "must not be before ends_at");
    if (!is_duration(r->pay_within_ms))
        return refuse(out, "pay_within", "must be 0 s to 10 years");
    if (!is_duration(r->outage_grace_ms))
        return refuse(out, "outage_grace", "must be 0 s to 10 years");
    return true;
}

static bool
check_increments(const struct rules *r, struct refusal *out)
{
    if (r->increment_count == 0 || r->increment_count > RULES_INCREMENTS_MAX ||
        r->increments[0].from.minor != 0)
        return refuse(out, "increments", "need 1 to 32 rows, first from 0");
    for (size_t i = 0; i < r->increment_count; i++) {
        if (!money_is_valid(r->increments[i].step))
            return refuse(out, "increments", "a step must be at least 1");
        if (i == 0)
            continue;
        if (r->increments[i].from.minor <= r->increments[i - 1].from.minor ||
            r->increments[i].from.minor > MONEY_MAX)
            return refuse(out, "increments", "`from` must rise row by row");
        if (r->increments[i].step.minor < r->increments[i - 1].step.minor)
            return refuse(out, "increments", "a step must not fall");
    }
    return true;
}

static bool
check_rest(const struct rules *r, struct refusal *out)
{
    if (money_decimals(r->currency) < 0)
        return refuse(out, "currency", "must be an ISO 4217 code");
    if (r->premium_bp > BASIS_POINTS_MAX)
        return refuse(out, "premium_bp", "must be 0 to 10000");
    if (r->tax_bp > BASIS_POINTS_MAX)
        return refuse(out, "tax_bp", "must be 0 to 10000");
    if (r->quantity != 1)
        return refuse(out, "quantity", "must be 1 in this format");
    return true;
}

bool
rules_check(const struct rules *rules, const char **field_out,
            const char **why_out)
{
    struct refusal refusal = {"", ""};
    bool is_valid;

    CHECK(rules->format < FORMAT_COUNT);
    is_valid = check_prices(rules, &refusal) && check_times(rules, &refusal) &&
               check_increments(rules, &refusal) && check_rest(rules, &refusal);
    *field_out = refusal.field;
    *why_out = refusal.why;
    return is_valid;
}
