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

enum { PATH_BYTES_MAX = 192 };

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

static enum auction_outcome
learn_terms(struct sending *s)
{
    uint64_t auction = (uint64_t)s->command.auction;
    const struct kept_terms *known = terms_find(s->client, auction);

    if (known == NULL) {
        if (terms_ask(s->client, auction, s->result) != AUCTION_ACCEPTED)
            return s->result->outcome;
        known = terms_find(s->client, auction);
    }
    CHECK(known != NULL);
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

/** Long enough for every attempt and the pauses between them. */
static int64_t
signature_life_ms(const struct auction_client *c)
{
    int64_t longest =
        (c->retries + 1) * ((int64_t)c->timeout_ms + CALL_PAUSE_MS_MAX);

    return longest > SIGNATURE_LIFE_MS ? longest : SIGNATURE_LIFE_MS;
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
    s->command.until = now_ms() + signature_life_ms(s->client);
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

    if (call_once(s->client, "POST", s->path, body, headers, result) !=
        AUCTION_ACCEPTED)
        return result->outcome;
    outcome_of(result);
    answer = json_loadb(result->body, result->body_size, 0, NULL);
    if (json_object_get(answer, "receipt") != NULL)
        prove_answer(s->client, &s->command, answer, result);
    else if (result->outcome == AUCTION_ACCEPTED || result->status == 409)
        fail(result, AUCTION_UNKNOWN, "the answer has no receipt");
    json_decref(answer);
    return result->outcome;
}

bool
settle(struct settling *settling, struct auction_result *result)
{
    if (result->is_verified)
        return true;
    if (result->outcome == AUCTION_UNKNOWN)
        settling->was_sent = true;
    if (!settling->was_sent)
        return result->outcome != AUCTION_BUSY;
    result->outcome = AUCTION_UNKNOWN;
    return false;
}

static enum auction_outcome
send_until_known(struct sending *s)
{
    char *body = json_dumps(s->body, JSON_COMPACT);
    struct settling settling = {.was_sent = false};

    if (body == NULL)
        return fail(s->result, AUCTION_LOCAL_FAILURE, "out of memory");
    for (int i = 0;; i++) {
        attempt(s, body);
        if (settle(&settling, s->result) || i == s->client->retries)
            break;
        back_off_call(i, s->result);
    }
    free(body);
    return s->result->outcome;
}

static enum auction_outcome
run(struct sending *s, bool is_signed)
{
    s->client->warning[0] = '\0';
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

/** What the API calls a field; in records two have another name. */
static const char *
api_name(const char *member)
{
    if (strcmp(member, "why") == 0)
        return "reason";
    return strcmp(member, "number") == 0 ? "invoice" : member;
}

/** One own field from its JSON; what is missing stays empty. */
static bool
take_field(const struct command_own *field, json_t *value)
{
    switch (field->kind) {
    case COMMAND_FIELD_INT:
        *(int64_t *)field->value = json_integer_value(value);
        return value == NULL || json_is_integer(value);
    case COMMAND_FIELD_FLAG:
        *(bool *)field->value = json_is_true(value);
        return value == NULL || json_is_boolean(value);
    case COMMAND_FIELD_TEXT:
        if (value != NULL && !json_is_string(value))
            return false;
        *(struct text_ref *)field->value =
            text_ref_of(value == NULL ? "" : json_string_value(value));
        return true;
    case COMMAND_FIELD_HASH:
        return json_is_string(value) &&
               hash_from_hex(field->value, json_string_value(value),
                             json_string_length(value));
    }
    CHECK(false);
    return false;
}

/** The command's own fields, as they are signed; texts stay in the body. */
static enum auction_outcome
take_fields(struct sending *s)
{
    struct command_own field;

    for (size_t i = 0; command_own_field(&field, &s->command, i); i++) {
        json_t *value = json_object_get(s->body, api_name(field.name));

        if (!take_field(&field, value))
            return fail(s->result, AUCTION_USAGE,
                        "%s: '%s' is missing or of the wrong kind",
                        command_text(s->command.cmd), api_name(field.name));
    }
    json_object_del(s->body, "uid"); /* signed, but sent as a name */
    return AUCTION_ACCEPTED;
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
    if (take_fields(&s) == AUCTION_ACCEPTED)
        run(&s, is_signed);
    json_decref(s.body);
    return result->outcome;
}

enum auction_outcome
auction_admin(struct auction_client *client, const char *account,
              const char *cmd, const char *fields, const char *key,
              bool is_signed, struct auction_result *result)
{
    struct sending s;
    int64_t uid = 0;

    if (is_signed &&
        find_account(client, account, &uid, result) != AUCTION_ACCEPTED)
        return result->outcome;
    if (begin(&s, client, fields, key, result) != AUCTION_ACCEPTED)
        return result->outcome;
    if (!command_parse(&s.command.cmd, cmd, strlen(cmd)))
        fail(result, AUCTION_USAGE, "unknown command '%s'", cmd);
    else if (json_object_set_new(s.body, "uid", json_integer(uid)) != 0)
        fail(result, AUCTION_LOCAL_FAILURE, "out of memory");
    else if (take_fields(&s) == AUCTION_ACCEPTED) {
        snprintf(s.path, sizeof(s.path), "/v1/admin/accounts/%.100s/%.20s",
                 account, cmd);
        run(&s, is_signed);
    }
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
