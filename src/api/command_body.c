/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all commands have: a JSON body, a retry key, a signature. It is
 * checked here, on the worker's thread, so that the engine never waits for
 * it.
 */
#include "api/command.h"

#include "audit/signature.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

enum { JSON_DEPTH_MAX = 8 };

/* --------------------------------------------------------------------- body */

static bool
is_too_deep(json_t *value, unsigned depth)
{
    const char *name;
    json_t *child;
    size_t i;

    if (depth > JSON_DEPTH_MAX)
        return true;
    if (json_is_object(value)) {
        json_object_foreach(value, name, child)
        {
            if (is_too_deep(child, depth + 1))
                return true;
        }
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, child)
        {
            if (is_too_deep(child, depth + 1))
                return true;
        }
    }
    return false;
}

static bool
is_json_type(const char *type)
{
    size_t size = strcspn(type, "; \t");

    return size == 16 && strncasecmp(type, "application/json", size) == 0;
}

json_t *
call_body(struct call *call)
{
    const struct http_request *r = call->request;
    const char *type = http_request_field(r, "content-type");
    json_error_t error;
    json_t *object;

    /* Also the guard against forged requests: no form can send this type. */
    if (type == NULL || !is_json_type(type)) {
        call_problem(call, 415, "unsupported-media-type",
                     "The body must be JSON",
                     "Send Content-Type: application/json.", NULL);
        return NULL;
    }
    if (r->body_size == 0)
        return json_object();
    object = json_loadb(r->body, r->body_size, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL) {
        call_problem(call, 400, "malformed-json", "The body is not JSON",
                     error.text, NULL);
        return NULL;
    }
    if (!json_is_object(object) || is_too_deep(object, 0)) {
        json_decref(object);
        call_problem(call, 400, "malformed-json",
                     "The body is not an object of at most 8 levels",
                     "See docs/protocol.md.", NULL);
        return NULL;
    }
    return object;
}

/* ---------------------------------------------------------------------- key */

/** 32 hex digits, or a UUID in either case. */
static bool
parse_key(struct bytes16 *out, const char *text)
{
    char digits[33];
    size_t count = 0;

    for (; *text != '\0'; text++) {
        if (*text == '-')
            continue;
        if (count == 32)
            return false;
        digits[count++] =
            *text >= 'A' && *text <= 'F' ? (char)(*text + 32) : *text;
    }
    return text_unhex(out->bytes, sizeof(out->bytes), digits, count);
}

bool
command_take_key(struct call *call, struct api_task *t)
{
    const char *given = http_request_field(call->request, "idempotency-key");
    struct random_port *random = &call->api->options.random;
    struct bytes16 *key = &t->task.submission.request;

    if (given != NULL && !parse_key(key, given)) {
        call_problem(call, 400, "malformed-request",
                     "Idempotency-Key is not 32 hex digits or a UUID",
                     "Send 16 random bytes in hex.", NULL);
        return false;
    }
    if (given == NULL && !random->fill(random->context, key, sizeof(*key))) {
        call_unavailable(call, "overloaded", "no random bytes");
        return false;
    }
    text_hex(t->key, key->bytes, sizeof(key->bytes));
    return true;
}

/* ---------------------------------------------------------------- signature */

static void
bad_signature(struct api_task *t, const char *cause)
{
    struct submission *s = &t->task.submission;

    s->is_signed = false;
    if (s->prejudged != VERDICT_ACCEPTED)
        return;
    s->prejudged = VERDICT_SIGNATURE;
    snprintf(s->cause, sizeof(s->cause), "%s", cause);
}

static bool
read_sig_parts(struct record_sig *sig, json_t *object)
{
    json_t *alg = json_object_get(object, "alg");
    json_t *seen = json_object_get(object, "seen");
    json_t *terms = json_object_get(object, "terms");
    json_t *until = json_object_get(object, "until");
    json_t *value = json_object_get(object, "value");

    sig->has_terms = terms != NULL;
    sig->until = json_integer_value(until);
    return json_is_string(alg) && json_is_string(seen) &&
           json_is_integer(until) && sig->until > 0 &&
           sig->until <= RECORD_INT_MAX && json_is_string(value) &&
           json_object_size(object) == (terms == NULL ? 4U : 5U) &&
           sig_alg_parse(&sig->alg, json_string_value(alg),
                         json_string_length(alg)) &&
           record_seen_parse(&sig->seen, json_string_value(seen),
                             json_string_length(seen)) &&
           (terms == NULL ||
            (json_is_string(terms) &&
             hash_from_hex(&sig->terms, json_string_value(terms),
                           json_string_length(terms)))) &&
           text_unbase64(sig->value, sizeof(sig->value), &sig->value_size,
                         json_string_value(value), json_string_length(value));
}

void
command_check_signature(struct api_task *t, json_t *object)
{
    struct submission *s = &t->task.submission;
    json_t *signature = json_object_get(object, "signature");
    struct buf bytes;
    enum err err;

    if (signature == NULL || s->prejudged != VERDICT_ACCEPTED)
        return;
    if (!json_is_object(signature) || !read_sig_parts(&s->sig, signature)) {
        bad_signature(t, "bad");
        return;
    }
    s->is_signed = true;
    buf_init(&bytes, COMMAND_BYTES_MAX);
    err = submission_signed_bytes(s, t->call.api->options.origin, &bytes);
    if (err == ERR_OK)
        err = command_verify_cert(t->task.identity->cert, bytes.bytes,
                                  bytes.size, &s->sig);
    buf_release(&bytes);
    if (err != ERR_OK)
        bad_signature(t, "bad");
}
