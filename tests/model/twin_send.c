/* SPDX-License-Identifier: Apache-2.0 */
/* A naive command as the engine takes it. */
#include "twin_internal.h"

#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {
    "create",  "publish",  "bid",     "buy",    "take",   "commit",
    "reveal",  "withdraw", "retract", "cancel", "void",   "pay",
    "correct", "suspend",  "restore", "credit", "restart"};
static const char *const formats[] = {"english", "sealed", "vickrey", "dutch",
                                      "uniform"};
static const char *const users[] = {"nobody", "ann", "bob", "cat", "dan",
                                    "eve",    "tom", "sam", "sue", "adm"};
static const char *const reasons[] = {"", "typo", "changed-description",
                                      "seller-unreachable"};

const char *
twin_kind_name(enum naive_kind kind)
{
    return kinds[kind];
}

const char *
twin_format_name(enum naive_format format)
{
    return formats[format];
}

const char *
twin_user_name(uint64_t user)
{
    return users[user <= TWIN_USERS ? user : 0];
}

bool
twin_has_format(enum naive_format format)
{
    enum format_id id;

    return format_parse(&id, formats[format], strlen(formats[format]));
}

bool
twin_has_kind(enum naive_kind kind)
{
    enum command_kind id;

    return command_parse(&id, kinds[kind], strlen(kinds[kind]));
}

/* ---------------------------------------------------------------- draft */

struct json_text {
    char bytes[8192];
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void
add(struct json_text *text, const char *format, ...)
{
    va_list arguments;
    int added;

    va_start(arguments, format);
    added = vsnprintf(text->bytes + text->size,
                      sizeof(text->bytes) - text->size, format, arguments);
    va_end(arguments);
    CHECK(added >= 0 && text->size + (size_t)added < sizeof(text->bytes));
    text->size += (size_t)added;
}

static void
add_time(struct json_text *text, const char *member, int64_t ms)
{
    char time[INSTANT_TEXT_BYTES];

    if (ms != 0)
        add(text, ",\"%s\":\"%s\"", member,
            instant_format(time, instant_of(ms)));
}

static void
add_number(struct json_text *text, const char *member, uint64_t number)
{
    if (number != 0)
        add(text, ",\"%s\":%llu", member, (unsigned long long)number);
}

static void
add_flag(struct json_text *text, const char *member, bool flag)
{
    if (flag)
        add(text, ",\"%s\":true", member);
}

static void
add_table(struct json_text *text, const struct naive_terms *r)
{
    if (r->steps == 0)
        return;
    add(text, ",\"increments\":[");
    for (size_t i = 0; i < r->steps; i++)
        add(text, "%s{\"from\":%llu,\"step\":%llu}", i == 0 ? "" : ",",
            (unsigned long long)r->table[i].from,
            (unsigned long long)r->table[i].step);
    add(text, "]");
}

static void
add_circle(struct json_text *text, const struct naive_terms *r)
{
    if (!r->is_closed_circle)
        return;
    add(text, ",\"allow\":[");
    for (size_t i = 0; i < r->allowed_count; i++)
        add(text, "%s\"%s\"", i == 0 ? "" : ",", twin_user_name(r->allowed[i]));
    add(text, "]");
}

static void
add_format(struct json_text *text, const struct naive_terms *r)
{
    if (r->format != NAIVE_ENGLISH)
        add(text, ",\"format\":\"%s\"", formats[r->format]);
    if (r->quantity != 1)
        add(text, ",\"quantity\":%llu", (unsigned long long)r->quantity);
    if (naive_is_sealed(r))
        add_time(text, "reveal_ends_at", r->reveal_end);
    add_number(text, "bond", r->bond);
    add_number(text, "floor_price", r->floor);
    add_number(text, "drop", r->drop);
    add_number(text, "interval", (uint64_t)r->interval / 1000);
    if (r->format != NAIVE_UNIFORM)
        return;
    if (r->prorata)
        add(text, ",\"rationing\":\"prorata\"");
    if (r->hrb)
        add(text, ",\"pricing\":\"hrb\"");
    add_flag(text, "sealed", r->sealed);
    add_time(text, "withdraw_until", r->withdraw_until);
}

/** The draft of these terms; NULL when its form is refused. */
static struct draft *
make_draft(const struct naive_terms *r, bool publish)
{
    static struct json_text text;
    struct draft_problem problem;
    struct draft *draft = NULL;
    json_t *json;

    text.size = 0;
    add(&text, "{\"title\":\"a\",\"currency\":\"EUR\"");
    add_number(&text, "start_price", r->start);
    add_number(&text, "reserve_price", r->reserve);
    add_number(&text, "buy_now_price", r->buy_now);
    add_time(&text, "opens_at", r->open);
    if (r->format != NAIVE_DUTCH)
        add_time(&text, "ends_at", r->close);
    add_time(&text, "hard_end_at", r->hard_end);
    add_number(&text, "extend_window", (uint64_t)r->window / 1000);
    add_number(&text, "extend_by", (uint64_t)r->extension / 1000);
    if (r->no_proxy)
        add(&text, ",\"proxy\":false");
    add_flag(&text, "retraction", r->retraction);
    add_number(&text, "premium_bp", r->premium_bp);
    add_number(&text, "tax_bp", r->tax_bp);
    add_number(&text, "pay_within", (uint64_t)r->pay_within / 1000);
    add_number(&text, "outage_grace", (uint64_t)r->grace / 1000);
    add_table(&text, r);
    add_circle(&text, r);
    add_format(&text, r);
    add(&text, "}");
    json = json_loads(text.bytes, JSON_REJECT_DUPLICATES, NULL);
    CHECK(json != NULL);
    if (draft_from_json(&draft, json, &problem) != ERR_OK)
        draft = NULL;
    else
        draft->publish = publish;
    json_decref(json);
    return draft;
}

/* -------------------------------------------------------------- command */

static enum role
role_of(enum naive_role role)
{
    switch (role) {
    case NAIVE_BIDDER:
        return ROLE_BIDDER;
    case NAIVE_SELLER:
        return ROLE_SELLER;
    case NAIVE_TRADER:
        return ROLE_TRADER;
    case NAIVE_ADMIN:
        break;
    }
    return ROLE_ADMIN;
}

/** A draft that cannot even be read makes the command a malformed one. */
static struct submission
submission_of(struct naive_command *c)
{
    struct submission s = {.auction = c->auction,
                           .amount = money_of((int64_t)c->amount),
                           .quantity = c->quantity,
                           .bid = c->bid,
                           .all_or_none = c->all_or_none,
                           .has_c = c->kind == NAIVE_COMMIT,
                           .has_opening = c->kind == NAIVE_REVEAL,
                           .invoice = c->invoice};

    CHECK(command_parse(&s.cmd, kinds[c->kind], strlen(kinds[c->kind])));
    memcpy(s.request.bytes, c->request, sizeof(s.request.bytes));
    memcpy(s.c.bytes, c->c, sizeof(s.c.bytes));
    memcpy(s.opening.bytes, c->nonce, sizeof(s.opening.bytes));
    if (c->kind == NAIVE_COMMIT)
        s.amount = money_of((int64_t)c->cap);
    if (c->kind == NAIVE_TAKE)
        s.amount = money_of((int64_t)c->limit);
    if (c->kind == NAIVE_CREDIT)
        s.amount = money_of(c->limit == NAIVE_NO_LIMIT ? 0 : (int64_t)c->limit);
    snprintf(s.why, sizeof(s.why), "%s", reasons[c->why % 4]);
    if (c->whom != 0)
        snprintf(s.account, sizeof(s.account), "%s", twin_user_name(c->whom));
    if (c->kind == NAIVE_CREATE) {
        s.draft = make_draft(c->terms, c->publish);
        if (s.draft == NULL)
            c->is_malformed = true;
    }
    if (c->is_ill_signed)
        s.prejudged = VERDICT_SIGNATURE;
    if (c->is_malformed)
        s.prejudged = VERDICT_FORMAT;
    return s;
}

enum verdict
twin_send(struct twin *twin, struct naive_command *command)
{
    struct submission submission = submission_of(command);

    return run_command(&twin->run, twin_user_name(command->user),
                       role_of(command->role), &submission);
}
