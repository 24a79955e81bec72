/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands: signed once, sent with one key until their outcome is known,
 * believed only with a receipt.
 */
#include "internal.h"

#include "audit/canon_json.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES_MAX = 96 };

/** One command on its way. */
struct sending {
    struct auction_client *client;
    struct signed_command command;
    json_t *body;
    char path[PATH_BYTES_MAX];
    char key_header[64];
    struct auction_result *result;
};

/* ---------------------------------------------------------------- signing */

static const struct kept_terms *
find_terms(const struct auction_client *c, uint64_t auction)
{
    for (size_t i = 0; i < TERMS_KEPT; i++)
        if (c->terms[i].auction == auction && auction != 0)
            return &c->terms[i];
    return NULL;
}

/** The terms of an auction, asked for once. */
static enum auction_outcome
learn_terms(struct sending *s)
{
    struct auction_client *c = s->client;
    uint64_t auction = (uint64_t)s->command.auction;
    const struct kept_terms *known = find_terms(c, auction);
    struct kept_terms *slot = &c->terms[c->terms_next % TERMS_KEPT];
    json_t *object;
    const char *hex;
    char path[64];

    if (known == NULL) {
        snprintf(path, sizeof(path), "/v1/auctions/%llu",
                 (unsigned long long)auction);
        if (auction_call(c, "GET", path, NULL, NULL, s->result) !=
            AUCTION_ACCEPTED)
            return s->result->outcome;
        object = json_loadb(s->result->body, s->result->body_size, 0, NULL);
        hex = json_string_value(json_object_get(object, "terms"));
        if (hex == NULL || !hash_from_hex(&slot->terms, hex, strlen(hex))) {
            json_decref(object);
            return fail(s->result, AUCTION_UNKNOWN,
                        "the auction shows no terms");
        }
        json_decref(object);
        slot->auction = auction;
        c->terms_next++;
        known = slot;
        auction_result_release(s->result);
    }
    s->command.has_terms = true;
    s->command.terms = known->terms;
    return AUCTION_ACCEPTED;
}

static json_t *
signature_json(const struct signed_command *command,
               const struct record_sig *sig)
{
    char seen[RECORD_SEEN_BYTES], terms[HASH_HEX_BYTES];
    char value[TEXT_BASE64_BYTES(SIG_VALUE_BYTES_MAX)];
    json_t *object;

    text_base64(value, sig->value, sig->value_size);
    object = json_pack("{s:s, s:s, s:I, s:s}", "alg", sig_alg_text(sig->alg),
                       "seen", record_seen_text(seen, &command->seen), "until",
                       (json_int_t)command->until, "value", value);
    if (object != NULL && command->has_terms &&
        json_object_set_new(object, "terms",
                            json_string(hash_hex(terms, &command->terms))) !=
            0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static enum auction_outcome
sign(struct sending *s)
{
    struct record_sig sig = {.alg = SIG_ALG_COUNT};
    struct buf bytes;
    json_t *signature = NULL;
    enum err err;

    if (s->command.auction != 0 && learn_terms(s) != AUCTION_ACCEPTED)
        return s->result->outcome;
    s->command.seen = s->client->seen;
    s->command.until = now_ms() + SIGNATURE_LIFE_MS;
    buf_init(&bytes, COMMAND_BYTES_MAX);
    err = command_encode(&s->command, &bytes);
    if (err == ERR_OK)
        err = command_sign(s->client->key, bytes.bytes, bytes.size, &sig);
    buf_release(&bytes);
    if (err == ERR_OK)
        signature = signature_json(&s->command, &sig);
    if (signature == NULL ||
        json_object_set_new(s->body, "signature", signature) != 0)
        return fail(s->result, AUCTION_LOCAL_FAILURE,
                    "the command cannot be signed: %s", err_detail());
    return AUCTION_ACCEPTED;
}

/* ---------------------------------------------------------------- sending */

/** One attempt with its answer read and, when it is final, proved. */
static enum auction_outcome
attempt(struct sending *s, const char *body)
{
    const char *headers[] = {s->key_header, NULL};
    struct auction_result *result = s->result;
    json_t *answer;
    bool has_receipt;

    if (call_once(s->client, "POST", s->path, body, headers, result) !=
        AUCTION_ACCEPTED)
        return result->outcome;
    outcome_of(result);
    answer = json_loadb(result->body, result->body_size, 0, NULL);
    has_receipt = json_object_get(answer, "receipt") != NULL;
    if (has_receipt)
        trust_answer(s->client, &s->command, answer, result);
    else if (result->outcome == AUCTION_ACCEPTED ||
             result->outcome == AUCTION_REFUSED)
        if (result->status != 412)
            fail(result, AUCTION_UNKNOWN, "the answer has no receipt");
    json_decref(answer);
    return result->outcome;
}

static enum auction_outcome
send_until_known(struct sending *s)
{
    char *body = json_dumps(s->body, JSON_COMPACT);
    char key[AUCTION_KEY_BYTES];
    enum auction_outcome outcome;

    memcpy(key, s->result->key, sizeof(key));
    if (body == NULL)
        return fail(s->result, AUCTION_LOCAL_FAILURE, "out of memory");
    for (int i = 0;; i++) {
        outcome = attempt(s, body);
        if ((outcome != AUCTION_UNKNOWN && outcome != AUCTION_BUSY) ||
            i == s->client->retries)
            break;
        back_off(i);
    }
    free(body);
    memcpy(s->result->key, key, sizeof(key));
    return outcome;
}

static enum auction_outcome
run(struct sending *s, bool is_signed)
{
    if (trust_log(s->client, s->result) != AUCTION_ACCEPTED)
        return s->result->outcome;
    s->command.log = s->client->log.name;
    s->command.signer = s->client->fp;
    if (is_signed && sign(s) != AUCTION_ACCEPTED)
        return s->result->outcome;
    text_hex(s->result->key, s->command.request.bytes,
             sizeof(s->command.request.bytes));
    snprintf(s->key_header, sizeof(s->key_header), "Idempotency-Key: %s",
             s->result->key);
    return send_until_known(s);
}

/** The retry key, given or new. */
static bool
take_key(struct sending *s, const char *given)
{
    char fresh[AUCTION_KEY_BYTES];

    if (given == NULL) {
        if (!auction_make_key(fresh))
            return false;
        given = fresh;
    }
    return text_unhex(s->command.request.bytes,
                      sizeof(s->command.request.bytes), given, strlen(given));
}

static enum auction_outcome
begin(struct sending *s, struct auction_client *client, const char *json,
      const char *key, struct auction_result *result)
{
    *s = (struct sending){.client = client, .result = result};
    result_clear(result);
    s->body = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(s->body)) {
        json_decref(s->body);
        return fail(result, AUCTION_USAGE, "the fields are not a JSON object");
    }
    if (!take_key(s, key)) {
        json_decref(s->body);
        return fail(result, AUCTION_USAGE,
                    "a request key is 32 lower-case hex digits");
    }
    return AUCTION_ACCEPTED;
}

/** The command's own fields, as they are signed. */
static void
take_fields(struct sending *s)
{
    const char *why = json_string_value(json_object_get(s->body, "reason"));

    s->command.max = json_integer_value(json_object_get(s->body, "max"));
    s->command.price = json_integer_value(json_object_get(s->body, "price"));
    s->command.uid = json_integer_value(json_object_get(s->body, "uid"));
    s->command.why = text_ref_of(why == NULL ? "" : why);
    json_object_del(s->body, "uid"); /* signed, but sent as a name */
}

enum auction_outcome
auction_command(struct auction_client *client, uint64_t auction,
                const char *cmd, const char *fields, const char *key,
                bool is_signed, struct auction_result *result)
{
    struct sending s;

    if (begin(&s, client, fields, key, result) != AUCTION_ACCEPTED)
        return result->outcome;
    if (!command_parse(&s.command.cmd, cmd, strlen(cmd))) {
        json_decref(s.body);
        return fail(result, AUCTION_USAGE, "unknown command '%s'", cmd);
    }
    s.command.auction = (int64_t)auction;
    snprintf(s.path, sizeof(s.path), "/v1/auctions/%llu/%s",
             (unsigned long long)auction, cmd);
    take_fields(&s);
    run(&s, is_signed);
    json_decref(s.body);
    return result->outcome;
}

/** The hash of the draft text that the seller signs. */
static enum auction_outcome
take_draft(struct sending *s)
{
    struct buf text;
    enum err err;

    buf_init(&text, RECORD_BYTES_MAX);
    err = canon_json(s->body, canon_json_draft_skip, &text);
    if (err == ERR_OK)
        s->command.draft_blob = hash_of(text.bytes, text.size);
    buf_release(&text);
    s->command.reserve =
        json_integer_value(json_object_get(s->body, "reserve_price"));
    s->command.publish = json_is_true(json_object_get(s->body, "publish"));
    return err == ERR_OK
               ? AUCTION_ACCEPTED
               : fail(s->result, AUCTION_USAGE, "the draft: %s", err_detail());
}

enum auction_outcome
auction_create(struct auction_client *client, const char *draft,
               const char *key, bool is_signed, struct auction_result *result)
{
    struct sending s;

    if (begin(&s, client, draft, key, result) != AUCTION_ACCEPTED)
        return result->outcome;
    s.command.cmd = COMMAND_CREATE;
    snprintf(s.path, sizeof(s.path), "/v1/auctions");
    if (take_draft(&s) == AUCTION_ACCEPTED)
        run(&s, is_signed);
    json_decref(s.body);
    return result->outcome;
}

enum auction_outcome
auction_bid(struct auction_client *client, uint64_t auction, int64_t max,
            const char *key, bool is_signed, struct auction_result *result)
{
    char fields[64];

    snprintf(fields, sizeof(fields), "{\"max\":%lld}", (long long)max);
    return auction_command(client, auction, "bid", fields, key, is_signed,
                           result);
}
