/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed bids: the opening is stored, then the commitment sent; after the
 * close the opening of the commitment that stands is sent.
 *
 * Whatever happens in between, the folder knows enough: an opening that is
 * "prepared" is sent again with its own key, which tells what became of it.
 */
#include "internal.h"

#include "base/instant.h"
#include "base/text.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

void (*sealed_step)(const char *step);

static void
step(const char *name)
{
    if (sealed_step != NULL)
        sealed_step(name);
}

static bool
has_many(const struct auction_opening *o)
{
    return strcmp(o->format, "uniform") == 0;
}

/* ---------------------------------------------------------------------- who */

static enum auction_outcome
ask_me(struct auction_client *c, uint64_t *uid_out, char account[64],
       struct auction_result *result)
{
    const char *uid, *name;
    json_t *me;

    if (auction_call(c, "GET", "/v1/me", NULL, NULL, result) !=
        AUCTION_ACCEPTED)
        return result->outcome;
    me = json_loadb(result->body, result->body_size, 0, NULL);
    uid = json_string_value(json_object_get(me, "uid"));
    name = json_string_value(json_object_get(me, "account"));
    *uid_out = uid == NULL ? 0 : strtoull(uid, NULL, 10);
    snprintf(account, 64, "%s", name == NULL ? "" : name);
    json_decref(me);
    auction_result_release(result);
    return result->outcome = AUCTION_ACCEPTED;
}

/**
 * The log gives an account its number with the account's first command, and
 * a refused one is enough.
 */
static enum auction_outcome
introduce(struct auction_client *c, uint64_t auction, uint64_t *uid_out,
          struct auction_result *result)
{
    auction_command(c, auction, "withdraw", "{}", NULL, true, result);
    if (!result->is_verified || result->uid == 0) {
        if (result->outcome == AUCTION_ACCEPTED)
            fail(result, AUCTION_NO_CONNECTION, "the log gives us no number");
        return result->outcome;
    }
    *uid_out = result->uid;
    auction_result_release(result);
    return result->outcome = AUCTION_ACCEPTED;
}

enum auction_outcome
auction_find_uid(struct auction_client *c, uint64_t auction, uint64_t *uid_out,
                 char account[64], struct auction_result *result)
{
    result_clear(result);
    if (ask_me(c, uid_out, account, result) != AUCTION_ACCEPTED)
        return result->outcome;
    return *uid_out != 0 ? result->outcome
                         : introduce(c, auction, uid_out, result);
}

/* --------------------------------------------------------------- committing */

static enum auction_outcome
fill_from_terms(struct auction_client *c, struct auction_opening *o,
                struct auction_result *result)
{
    struct terms terms;

    if (terms_fetch(c, o->auction, &terms, result) != AUCTION_ACCEPTED)
        return result->outcome;
    auction_log_name(c, o->log);
    memcpy(o->title, terms.title, sizeof(o->title));
    memcpy(o->format, terms.format, sizeof(o->format));
    memcpy(o->currency, terms.currency, sizeof(o->currency));
    o->closes_ms = terms.closes_ms;
    o->reveal_ends_ms = terms.reveal_ends_ms;
    return AUCTION_ACCEPTED;
}

static enum auction_outcome
make_opening(struct auction_client *c, struct auction_opening *o,
             const char *key, struct auction_result *result)
{
    if (fill_from_terms(c, o, result) != AUCTION_ACCEPTED ||
        auction_find_uid(c, o->auction, &o->uid, o->account, result) !=
            AUCTION_ACCEPTED)
        return result->outcome;
    if (key == NULL ? !auction_make_key(o->request)
                    : strlen(key) != AUCTION_KEY_BYTES - 1)
        return fail(result, AUCTION_USAGE, "a request key is 32 hex digits");
    if (key != NULL)
        memcpy(o->request, key, AUCTION_KEY_BYTES);
    if (RAND_bytes(o->nonce, AUCTION_NONCE_BYTES) != 1)
        return fail(result, AUCTION_LOCAL_FAILURE, "no random bytes");
    o->seq = 0;
    o->state = AUCTION_OPENING_PREPARED;
    auction_opening_commitment(o->c, o);
    return AUCTION_ACCEPTED;
}

/** The stored opening that was sent with this key; false when there is none. */
static bool
find_by_key(const char *state_dir, uint64_t auction, const char *key,
            struct auction_opening *out)
{
    struct auction_openings all;
    struct auction_result ignored;
    bool is_found = false;

    result_clear(&ignored);
    if (auction_openings_load(state_dir, &all, &ignored) != AUCTION_ACCEPTED)
        return false;
    for (size_t i = 0; i < all.count && !is_found; i++)
        if (all.items[i].auction == auction &&
            strcmp(all.items[i].request, key) == 0) {
            *out = all.items[i];
            is_found = true;
        }
    auction_openings_release(&all);
    return is_found;
}

static enum auction_outcome
send_commitment(struct auction_client *c, const struct auction_opening *o,
                struct auction_result *result)
{
    char fields[256];
    size_t used;

    used =
        (size_t)snprintf(fields, sizeof(fields), "{\"c\":\"%s\",\"cap\":%lld",
                         o->c, (long long)o->cap);
    if (o->replaces != 0)
        used +=
            (size_t)snprintf(fields + used, sizeof(fields) - used,
                             ",\"bid\":%llu", (unsigned long long)o->replaces);
    snprintf(fields + used, sizeof(fields) - used, "}");
    return auction_command(c, o->auction, "commit", fields, o->request,
                           o->is_signed, result);
}

/** What became of the opening is kept; that it could not be is a warning. */
static void
save_outcome(struct auction_client *c, const struct auction_opening *o)
{
    struct auction_result saved;

    result_clear(&saved);
    if (auction_opening_save(c->state_dir, o, &saved) != AUCTION_ACCEPTED)
        snprintf(c->warning, sizeof(c->warning), "%.480s", saved.message);
}

/** A newer one stands: those that it replaces are marked. */
static void
mark_replaced(struct auction_client *c, const struct auction_opening *by)
{
    struct auction_openings all;
    struct auction_result ignored;

    result_clear(&ignored);
    if (auction_openings_load(c->state_dir, &all, &ignored) != AUCTION_ACCEPTED)
        return; /* the order of their numbers says the same at the reveal */
    for (size_t i = 0; i < all.count; i++) {
        struct auction_opening *o = &all.items[i];

        if (strcmp(o->log, by->log) != 0 || o->auction != by->auction ||
            o->uid != by->uid || o->state != AUCTION_OPENING_LIVE ||
            o->seq >= by->seq || (has_many(o) && o->seq != by->replaces))
            continue;
        o->state = AUCTION_OPENING_REPLACED;
        (void)auction_opening_save(c->state_dir, o, &ignored);
    }
    auction_openings_release(&all);
}

/** What a proved answer means for the opening; anything else leaves it. */
static enum auction_outcome
follow_answer(struct auction_client *c, struct auction_opening *o,
              struct auction_result *result)
{
    if (!result->is_verified)
        return result->outcome;
    if (result->outcome != AUCTION_ACCEPTED) {
        auction_opening_remove(c->state_dir, o);
        return result->outcome;
    }
    if (result->uid != o->uid)
        return fail(result, AUCTION_NO_CONNECTION,
                    "the server named another number of our account than the "
                    "log has: this commitment cannot be opened. Commit again");
    o->seq = result->seq;
    o->state = AUCTION_OPENING_LIVE;
    save_outcome(c, o);
    mark_replaced(c, o);
    return result->outcome;
}

enum auction_outcome
auction_commit(struct auction_client *c, struct auction_opening *o,
               const char *key, bool is_signed, struct auction_result *result)
{
    struct auction_opening stored;

    CHECK(o->quantity >= 1 && o->amount >= 1 && o->cap >= 1);
    result_clear(result);
    if (c->state_dir == NULL)
        return fail(result, AUCTION_LOCAL_FAILURE,
                    "there is no folder to keep the opening in, and without "
                    "it the bid would be lost: nothing was sent");
    if (trust_log(c, result) != AUCTION_ACCEPTED)
        return result->outcome;
    if (key != NULL && find_by_key(c->state_dir, o->auction, key, &stored)) {
        if (stored.amount != o->amount || stored.cap != o->cap ||
            stored.quantity != o->quantity)
            return fail(result, AUCTION_USAGE,
                        "this request was of another amount, cap or quantity");
        *o = stored;
    } else {
        o->is_signed = is_signed;
        if (make_opening(c, o, key, result) != AUCTION_ACCEPTED)
            return result->outcome;
        step("made");
        if (auction_opening_save(c->state_dir, o, result) != AUCTION_ACCEPTED)
            return result->outcome;
    }
    step("stored");
    send_commitment(c, o, result);
    step("sent");
    follow_answer(c, o, result);
    step("followed");
    return result->outcome;
}

/* ---------------------------------------------------------------- revealing */

static bool
is_of(const struct auction_client *c, const struct auction_opening *o,
      uint64_t auction, uint64_t uid)
{
    char log[AUCTION_LOG_NAME_BYTES];

    return o->auction == auction && o->uid == uid &&
           strcmp(o->log, auction_log_name(c, log)) == 0;
}

/** Where one commitment stands a bidder, it is the last one. */
static void
mark_last(struct auction_client *c, struct auction_openings *all,
          uint64_t auction, uint64_t uid)
{
    struct auction_opening *last = NULL;

    for (size_t i = 0; i < all->count; i++) {
        struct auction_opening *o = &all->items[i];

        if (is_of(c, o, auction, uid) && !has_many(o) &&
            o->state == AUCTION_OPENING_LIVE &&
            (last == NULL || o->seq > last->seq))
            last = o;
    }
    for (size_t i = 0; last != NULL && i < all->count; i++) {
        struct auction_opening *o = &all->items[i];
        struct auction_result ignored;

        result_clear(&ignored);
        if (!is_of(c, o, auction, uid) || o == last || has_many(o) ||
            o->state != AUCTION_OPENING_LIVE)
            continue;
        o->state = AUCTION_OPENING_REPLACED;
        (void)auction_opening_save(c->state_dir, o, &ignored);
    }
}

/**
 * The server alone must not be able to say that the close has passed: who
 * reads an opening before the others' commitments are final can use it.
 */
static enum auction_outcome
check_time(struct auction_client *c, const struct auction_opening *o,
           struct auction_result *result)
{
    struct terms terms;
    char when[INSTANT_TEXT_BYTES];

    if (terms_fetch(c, o->auction, &terms, result) != AUCTION_ACCEPTED)
        return result->outcome;
    instant_format(when, instant_of(o->closes_ms));
    if (now_ms() < o->closes_ms)
        return fail(result, AUCTION_REFUSED,
                    "auction %llu does not close before %s: its opening is "
                    "not sent earlier, by the clock of this machine",
                    (unsigned long long)o->auction, when);
    if (strcmp(terms.status, "reveal") == 0)
        return result->outcome = AUCTION_ACCEPTED;
    return fail(result, AUCTION_REFUSED, "auction %llu is %s: %s",
                (unsigned long long)o->auction, terms.status,
                strcmp(terms.status, "open") == 0
                    ? "bids are revealed after its close"
                    : "bids can no longer be revealed");
}

enum auction_outcome
auction_settle(struct auction_client *c, struct auction_openings *all,
               uint64_t auction, uint64_t uid, struct auction_result *result)
{
    result_clear(result);
    if (trust_log(c, result) != AUCTION_ACCEPTED)
        return result->outcome;
    for (size_t i = 0; i < all->count; i++) {
        struct auction_opening *o = &all->items[i];

        if (!is_of(c, o, auction, uid) || o->state != AUCTION_OPENING_PREPARED)
            continue;
        if (check_time(c, o, result) != AUCTION_ACCEPTED)
            return result->outcome;
        send_commitment(c, o, result);
        follow_answer(c, o, result);
        if (!result->is_verified)
            return result->outcome;
        if (result->outcome != AUCTION_ACCEPTED)
            o->state = AUCTION_OPENING_WITHDRAWN; /* it never was a bid */
        auction_result_release(result);
    }
    mark_last(c, all, auction, uid);
    return result->outcome = AUCTION_ACCEPTED;
}

static enum auction_outcome
send_opening(struct auction_client *c, const struct auction_opening *o,
             struct auction_result *result)
{
    char fields[320], nonce[2 * AUCTION_NONCE_BYTES + 1], many[96] = "";

    if (has_many(o))
        snprintf(many, sizeof(many), "\"bid\":%llu,\"quantity\":%lld,",
                 (unsigned long long)o->seq, (long long)o->quantity);
    snprintf(fields, sizeof(fields), "{%s\"amount\":%lld,\"nonce\":\"%s\"}",
             many, (long long)o->amount,
             text_hex(nonce, o->nonce, AUCTION_NONCE_BYTES));
    return auction_command(c, o->auction, "reveal", fields, o->reveal_request,
                           o->is_signed, result);
}

enum auction_outcome
auction_reveal(struct auction_client *c, struct auction_opening *o,
               struct auction_result *result)
{
    result_clear(result);
    CHECK(o->state == AUCTION_OPENING_LIVE && c->state_dir != NULL);
    if (trust_log(c, result) != AUCTION_ACCEPTED ||
        check_time(c, o, result) != AUCTION_ACCEPTED)
        return result->outcome;
    if (o->reveal_request[0] == '\0') {
        if (!auction_make_key(o->reveal_request))
            return fail(result, AUCTION_LOCAL_FAILURE, "no random bytes");
        if (auction_opening_save(c->state_dir, o, result) != AUCTION_ACCEPTED)
            return result->outcome;
    }
    step("keyed");
    send_opening(c, o, result);
    step("revealed");
    if (!result->is_verified)
        return result->outcome; /* the next attempt repeats this one */
    if (result->outcome == AUCTION_ACCEPTED)
        o->state = AUCTION_OPENING_REVEALED;
    else
        o->reveal_request[0] = '\0'; /* a stored refusal would come again */
    save_outcome(c, o);
    return result->outcome;
}

/* -------------------------------------------------------------- withdrawing */

static void
mark_withdrawn(struct auction_client *c, uint64_t auction, uint64_t uid,
               uint64_t bid)
{
    struct auction_openings all;
    struct auction_result ignored;

    result_clear(&ignored);
    if (c->state_dir == NULL ||
        auction_openings_load(c->state_dir, &all, &ignored) != AUCTION_ACCEPTED)
        return;
    for (size_t i = 0; i < all.count; i++) {
        struct auction_opening *o = &all.items[i];

        if (!is_of(c, o, auction, uid) || (bid != 0 && o->seq != bid) ||
            o->state > AUCTION_OPENING_LIVE)
            continue;
        o->state = AUCTION_OPENING_WITHDRAWN;
        (void)auction_opening_save(c->state_dir, o, &ignored);
    }
    auction_openings_release(&all);
}

enum auction_outcome
auction_withdraw(struct auction_client *c, uint64_t auction, uint64_t bid,
                 const char *key, bool is_signed, struct auction_result *result)
{
    char fields[64] = "{}";

    if (bid != 0)
        snprintf(fields, sizeof(fields), "{\"bid\":%llu}",
                 (unsigned long long)bid);
    auction_command(c, auction, "withdraw", fields, key, is_signed, result);
    if (result->outcome == AUCTION_ACCEPTED && result->is_verified)
        mark_withdrawn(c, auction, result->uid, bid);
    return result->outcome;
}
