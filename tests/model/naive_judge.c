/* SPDX-License-Identifier: Apache-2.0 */
/* A command and its checks, in their order; the first failure answers. */
#include "naive_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NAIVE_TEXT(name) #name,
static const char *const verdict_names[] = {NAIVE_VERDICTS(NAIVE_TEXT)};
#undef NAIVE_TEXT

const char *
naive_verdict_name(enum naive_verdict verdict)
{
    assert(verdict < NAIVE_VERDICT_COUNT);
    return verdict_names[verdict];
}

struct naive *
naive_create(void)
{
    struct naive *naive = calloc(1, sizeof(*naive));

    assert(naive != NULL);
    return naive;
}

void
naive_destroy(struct naive *naive)
{
    for (size_t i = 0; i < naive->count; i++)
        free((void *)(uintptr_t)naive->list[i].command.terms);
    free(naive);
}

static const struct naive_terms *
copy_terms(const struct naive_terms *terms)
{
    struct naive_terms *copy = malloc(sizeof(*copy));

    assert(copy != NULL);
    memcpy(copy, terms, sizeof(*copy));
    return copy;
}

struct naive *
naive_copy(const struct naive *from)
{
    struct naive *to = naive_create();

    memcpy(to, from, offsetof(struct naive, list));
    for (size_t i = 0; i < from->count; i++) {
        to->list[i] = from->list[i];
        if (from->list[i].command.terms != NULL)
            to->list[i].command.terms = copy_terms(from->list[i].command.terms);
    }
    return to;
}

size_t
naive_auction_count(const struct naive *n)
{
    size_t count = 0;

    for (size_t i = 0; i < n->count; i++)
        if (n->list[i].verdict == NAIVE_ACCEPTED &&
            n->list[i].command.kind == NAIVE_CREATE)
            count++;
    return count;
}

int64_t
naive_now(const struct naive *n)
{
    return n->now;
}

const struct naive_entry *
naive_line(const struct naive *n, size_t index)
{
    return index < n->count ? &n->list[index] : NULL;
}

size_t
naive_line_count(const struct naive *n)
{
    return n->count;
}

void
naive_tick(struct naive *n, int64_t t)
{
    if (t > n->now)
        n->now = t;
}

static struct naive_entry *
next_line(struct naive *n, uint64_t seq)
{
    struct naive_entry *e = &n->list[n->count];

    assert(n->count + 1 < NAIVE_ENTRIES_MAX);
    n->last_seq = seq != 0 ? seq : n->last_seq + 1;
    *e = (struct naive_entry){.seq = n->last_seq, .t = n->now};
    return e;
}

void
naive_restart(struct naive *n, int64_t last_alive, int64_t t)
{
    struct naive_entry *e;

    naive_tick(n, t);
    e = next_line(n, n->last_seq);
    e->command.kind = NAIVE_RESTART;
    e->last_alive = last_alive;
    n->count++;
}

/* ------------------------------------------------------------ 1. format */

static bool
is_amount(uint64_t amount)
{
    return amount >= 1 && amount <= NAIVE_AMOUNT_MAX;
}

static bool
has_form(const struct naive_command *c)
{
    switch (c->kind) {
    case NAIVE_CREATE:
        return c->terms != NULL;
    case NAIVE_BID:
    case NAIVE_BUY:
        return is_amount(c->amount);
    case NAIVE_TAKE:
        return c->quantity >= 1 && is_amount(c->limit);
    case NAIVE_COMMIT:
        return is_amount(c->cap);
    case NAIVE_REVEAL:
        return is_amount(c->amount);
    case NAIVE_RETRACT:
    case NAIVE_VOID:
        return c->why > 0;
    case NAIVE_CANCEL:
        return c->role != NAIVE_ADMIN || c->why > 0;
    case NAIVE_CORRECT:
    case NAIVE_SUSPEND:
        return c->why > 0;
    case NAIVE_PUBLISH:
    case NAIVE_WITHDRAW:
    case NAIVE_PAY:
    case NAIVE_RESTORE:
    case NAIVE_CREDIT:
    case NAIVE_RESTART:
        break;
    }
    return true;
}

/* ----------------------------------------------------------- 3. retries */

static bool
is_kept(const struct naive_entry *e)
{
    return e->command.kind != NAIVE_RESTART && e->verdict != NAIVE_ERR_FORMAT &&
           e->verdict != NAIVE_ERR_SIGNATURE &&
           e->verdict != NAIVE_ERR_REUSED_ID &&
           e->verdict != NAIVE_ERR_NO_AUCTION;
}

static bool
has_same_fields(const struct naive_entry *e, const struct naive_command *c)
{
    const struct naive_command *o = &e->command;

    if (c->kind == NAIVE_CREATE && o->kind == NAIVE_CREATE &&
        memcmp(o->terms, c->terms, sizeof(*c->terms)) != 0)
        return false;
    return o->kind == c->kind && o->auction == c->auction &&
           o->amount == c->amount && o->quantity == c->quantity &&
           o->limit == c->limit && o->all_or_none == c->all_or_none &&
           memcmp(o->c, c->c, 32) == 0 && memcmp(o->nonce, c->nonce, 32) == 0 &&
           o->cap == c->cap && o->bid == c->bid && o->whom == c->whom &&
           o->invoice == c->invoice && o->why == c->why &&
           o->publish == c->publish;
}

static const struct naive_entry *
seen_before(const struct naive *n, const struct naive_command *c)
{
    for (size_t i = 0; i < n->count; i++) {
        const struct naive_entry *e = &n->list[i];

        if (is_kept(e) && e->command.user == c->user &&
            memcmp(e->command.request, c->request, sizeof(c->request)) == 0)
            return e;
    }
    return NULL;
}

/* ------------------------------------------------------------- in order */

static bool
costs_credit(enum naive_kind kind)
{
    return kind == NAIVE_BID || kind == NAIVE_BUY || kind == NAIVE_TAKE ||
           kind == NAIVE_COMMIT;
}

/** Do it, look what the user would owe, undo it. */
static bool
would_exceed(struct naive *n, struct naive_entry *e)
{
    uint64_t user = e->command.user, exposure;

    e->verdict = NAIVE_ACCEPTED;
    n->count++;
    exposure = naive_exposure(n, user);
    n->count--;
    return exposure > naive_limit(n, user);
}

/** Rules that could be read but are not valid: the last check of a draft. */
static enum naive_verdict
judge_create(const struct naive *n, const struct naive_entry *e)
{
    const struct naive_terms *terms = e->command.terms;

    if (!naive_may(n, &e->command, NULL))
        return NAIVE_ERR_FORBIDDEN;
    return naive_terms_are_valid(terms) && e->t < terms->close
               ? NAIVE_ACCEPTED
               : NAIVE_ERR_FORMAT;
}

static enum naive_verdict
judge(struct naive *n, struct naive_entry *e)
{
    static struct naive_auction a;
    const struct naive_command *c = &e->command;
    enum naive_verdict verdict;

    if (c->kind == NAIVE_CREATE)
        return judge_create(n, e);
    if (naive_is_admins(c->kind))
        return naive_may(n, c, NULL) ? NAIVE_ACCEPTED : NAIVE_ERR_FORBIDDEN;
    if (!naive_look(n, c->auction, &a))
        return NAIVE_ERR_NO_AUCTION;
    if (!naive_may(n, c, &a))
        return NAIVE_ERR_FORBIDDEN;
    if ((verdict = naive_time_and_state(c, &a, e->t)) != NAIVE_ACCEPTED)
        return verdict;
    if ((verdict = naive_amounts(n, e, &a)) != NAIVE_ACCEPTED)
        return verdict;
    if (costs_credit(c->kind) && would_exceed(n, e))
        return NAIVE_ERR_CREDIT;
    return NAIVE_ACCEPTED;
}

const struct naive_entry *
naive_apply(struct naive *n, const struct naive_command *command, int64_t t,
            uint64_t seq)
{
    static struct naive_entry replay;
    const struct naive_entry *before;
    struct naive_entry *e;
    bool has_no_form = command->is_malformed || !has_form(command) ||
                       !naive_has_shape(n, command);

    naive_tick(n, t);
    before = seen_before(n, command);
    if (!has_no_form && !command->is_ill_signed && before != NULL &&
        has_same_fields(before, command)) {
        replay = *before;
        replay.is_replay = true;
        return &replay;
    }
    e = next_line(n, seq);
    e->command = *command;
    if (command->terms != NULL)
        e->command.terms = copy_terms(command->terms);
    if (has_no_form)
        e->verdict = NAIVE_ERR_FORMAT;
    else if (command->is_ill_signed)
        e->verdict = NAIVE_ERR_SIGNATURE;
    else if (before != NULL)
        e->verdict = NAIVE_ERR_REUSED_ID;
    else
        e->verdict = judge(n, e);
    n->count++;
    return e;
}
