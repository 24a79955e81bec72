/* SPDX-License-Identifier: Apache-2.0 */
/* The own fields of each command, from JSON. */
#include "api/command.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/** Remember the first malformed field; the engine refuses in order. */
static void
malformed(struct api_task *t, const char *member, const char *detail)
{
    struct submission *s = &t->task.submission;

    if (s->prejudged != VERDICT_ACCEPTED)
        return;
    s->prejudged = VERDICT_FORMAT;
    snprintf(s->cause, sizeof(s->cause), "%s", member);
    snprintf(t->detail, sizeof(t->detail), "%s", detail);
}

static void
read_amount(struct api_task *t, json_t *object, const char *member)
{
    json_t *value = json_object_get(object, member);
    struct money m = money_of(json_integer_value(value));

    if (json_is_integer(value) && money_is_valid(m))
        t->task.submission.amount = m;
    else
        malformed(t, member,
                  "a whole number of minor units from 1 to 10^15 is needed");
}

static void
read_quantity(struct api_task *t, json_t *object, bool is_required)
{
    json_t *value = json_object_get(object, "quantity");
    json_int_t quantity = json_integer_value(value);

    if (value == NULL && !is_required)
        return;
    if (json_is_integer(value) && quantity >= 1 &&
        quantity <= RULES_QUANTITY_MAX)
        t->task.submission.quantity = (uint64_t)quantity;
    else
        malformed(t, "quantity", "a number of units, at least 1, is needed");
}

/** An id or number: as a number, or as the string that ids are elsewhere. */
static void
read_id(struct api_task *t, json_t *object, const char *member,
        bool is_required, uint64_t *out)
{
    json_t *value = json_object_get(object, member);
    const char *text = json_string_value(value);
    json_int_t number = json_integer_value(value);

    if (value == NULL && !is_required)
        return;
    if (json_is_integer(value) && number >= 1 && number <= RECORD_INT_MAX)
        *out = (uint64_t)number;
    else if (text == NULL || !text_u64(out, text, strlen(text)) || *out == 0 ||
             *out > (uint64_t)RECORD_INT_MAX)
        malformed(t, member, "the number of a bid or invoice is needed");
}

static bool
read_hex(struct api_task *t, json_t *object, const char *member,
         struct hash *out)
{
    json_t *value = json_object_get(object, member);

    if (json_is_string(value) &&
        hash_from_hex(out, json_string_value(value), json_string_length(value)))
        return true;
    malformed(t, member, "64 hex digits are needed");
    return false;
}

static void
read_flag(struct api_task *t, json_t *object, const char *member, bool *out)
{
    json_t *value = json_object_get(object, member);

    if (value != NULL && !json_is_boolean(value))
        malformed(t, member, "true or false is needed");
    *out = json_is_true(value);
}

/** A short text without control characters. */
static void
read_string(struct api_task *t, json_t *object, const char *member, char *out,
            size_t capacity, bool is_required)
{
    json_t *value = json_object_get(object, member);
    size_t size = json_string_length(value);

    if (value == NULL && !is_required)
        return;
    if (!json_is_string(value) || size >= capacity ||
        (is_required && size == 0)) {
        malformed(t, member, "a short string is needed");
        return;
    }
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)json_string_value(value)[i] < 0x20) {
            malformed(t, member, "control characters are refused");
            return;
        }
    memcpy(out, json_string_value(value), size + 1);
}

static void
read_retract_reason(struct api_task *t, json_t *object)
{
    char *why = t->task.submission.why;

    read_string(t, object, "reason", why, SUBMISSION_WHY_BYTES, true);
    if (strcmp(why, "typo") != 0 && strcmp(why, "changed-description") != 0 &&
        strcmp(why, "seller-unreachable") != 0)
        malformed(t, "reason",
                  "typo, changed-description or seller-unreachable");
}

/** The account that is voided or has paid, as name and as number. */
static void
read_account(struct api_task *t, json_t *object)
{
    struct submission *s = &t->task.submission;
    struct account_view account;

    read_string(t, object, "account", s->account, sizeof(s->account), true);
    if (views_get_account(engine_views(t->call.api->options.engine), s->account,
                          &account))
        s->uid = account.uid;
    else
        malformed(t, "account", "there is no account of that name");
}

/** A maximum, or units at a price: the engine knows which is meant. */
static void
read_bid(struct api_task *t, json_t *object)
{
    struct submission *s = &t->task.submission;
    bool has_units = json_object_get(object, "quantity") != NULL ||
                     json_object_get(object, "price") != NULL;

    if (json_object_get(object, "max") != NULL || !has_units) {
        read_amount(t, object, "max");
        if (has_units)
            malformed(t, "max", "give max, or quantity and price");
        return;
    }
    read_quantity(t, object, true);
    read_amount(t, object, "price");
    read_id(t, object, "bid", false, &s->bid);
}

static void
read_take(struct api_task *t, json_t *object)
{
    read_quantity(t, object, true);
    read_amount(t, object, "limit");
    read_flag(t, object, "all_or_none", &t->task.submission.all_or_none);
}

static void
read_commit(struct api_task *t, json_t *object)
{
    struct submission *s = &t->task.submission;

    s->has_c = read_hex(t, object, "c", &s->c);
    read_amount(t, object, "cap");
    read_id(t, object, "bid", false, &s->bid);
}

static void
read_reveal(struct api_task *t, json_t *object)
{
    struct submission *s = &t->task.submission;

    read_id(t, object, "bid", false, &s->bid);
    read_quantity(t, object, false);
    read_amount(t, object, "amount");
    s->has_opening = read_hex(t, object, "nonce", &s->opening);
}

/** A limit of credit, or null for none. */
static void
read_limit(struct api_task *t, json_t *object)
{
    json_t *limit = json_object_get(object, "limit");

    if (limit == NULL || !json_is_null(limit))
        read_amount(t, object, "limit");
}

void
command_read_fields(struct api_task *t, json_t *object)
{
    struct submission *s = &t->task.submission;
    bool is_admin = s->who.role == ROLE_ADMIN;

    switch (s->cmd) {
    case COMMAND_BID:
        read_bid(t, object);
        return;
    case COMMAND_BUY:
        read_amount(t, object, "price");
        return;
    case COMMAND_TAKE:
        read_take(t, object);
        return;
    case COMMAND_COMMIT:
        read_commit(t, object);
        return;
    case COMMAND_REVEAL:
        read_reveal(t, object);
        return;
    case COMMAND_WITHDRAW:
        read_id(t, object, "bid", false, &s->bid);
        return;
    case COMMAND_RETRACT:
        read_retract_reason(t, object);
        return;
    case COMMAND_CANCEL:
        read_string(t, object, "reason", s->why, sizeof(s->why), is_admin);
        return;
    case COMMAND_VOID:
        read_account(t, object);
        read_string(t, object, "reason", s->why, sizeof(s->why), true);
        return;
    case COMMAND_PAY:
        read_account(t, object);
        read_id(t, object, "invoice", false, &s->invoice);
        return;
    case COMMAND_CORRECT:
        read_id(t, object, "invoice", true, &s->invoice);
        read_string(t, object, "reason", s->why, sizeof(s->why), true);
        return;
    case COMMAND_CREDIT:
        read_limit(t, object);
        return;
    case COMMAND_SUSPEND:
        read_string(t, object, "reason", s->why, sizeof(s->why), true);
        return;
    case COMMAND_RESTORE:
    case COMMAND_CREATE:
    case COMMAND_EDIT:
    case COMMAND_PUBLISH:
    case COMMAND_COUNT:
        return;
    }
}

static const char *
members_of(enum command_kind cmd)
{
    switch (cmd) {
    case COMMAND_BID:
        return "max quantity price bid signature ";
    case COMMAND_BUY:
        return "price signature ";
    case COMMAND_TAKE:
        return "quantity limit all_or_none signature ";
    case COMMAND_COMMIT:
        return "c cap bid signature ";
    case COMMAND_REVEAL:
        return "bid quantity amount nonce signature ";
    case COMMAND_WITHDRAW:
        return "bid signature ";
    case COMMAND_RETRACT:
    case COMMAND_CANCEL:
        return "reason signature ";
    case COMMAND_VOID:
        return "account reason signature ";
    case COMMAND_PAY:
        return "account invoice signature ";
    case COMMAND_CORRECT:
        return "invoice reason signature ";
    case COMMAND_CREDIT:
        return "limit signature ";
    case COMMAND_SUSPEND:
        return "reason signature ";
    case COMMAND_RESTORE:
    case COMMAND_PUBLISH:
        return "signature ";
    case COMMAND_CREATE:
    case COMMAND_EDIT:
    case COMMAND_COUNT:
        break;
    }
    return "";
}

/** NULL, or the first member that the command does not have. */
const char *
command_unknown_member(json_t *object, enum command_kind cmd)
{
    const char *members = members_of(cmd);
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        size_t size = strlen(name);
        const char *found = strstr(members, name);
        bool is_word = found != NULL && size > 0 && strchr(name, ' ') == NULL &&
                       (found == members || found[-1] == ' ') &&
                       found[size] == ' ';
        if (!is_word)
            return name;
    }
    return NULL;
}
