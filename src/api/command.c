/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands: from a POST to a submission, and from the engine's answer to the
 * reply. The signature is checked here, on the worker's thread, so that the
 * engine never waits for it.
 */
#include "api/internal.h"

#include "audit/signature.h"
#include "base/container.h"
#include "base/log.h"
#include "base/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { JSON_DEPTH_MAX = 8 };

/** A command on its way; comes home as a letter. */
struct api_task {
    struct letter letter;
    struct task task;
    struct call call;
    struct worker *worker;
    char detail[160]; /* of a malformed field, for the problem */
    char key[33];     /* the request's key, for the reply */
};

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

static bool
take_key(struct call *call, struct api_task *t)
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

/* ------------------------------------------------------------------- fields */

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

static void
read_fields(struct api_task *t, json_t *object)
{
    struct submission *s = &t->task.submission;
    bool is_admin = s->who.role == ROLE_ADMIN;

    switch (s->cmd) {
    case COMMAND_BID:
        read_amount(t, object, "max");
        return;
    case COMMAND_BUY:
        read_amount(t, object, "price");
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
        return;
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
        return "max signature ";
    case COMMAND_BUY:
        return "price signature ";
    case COMMAND_RETRACT:
    case COMMAND_CANCEL:
        return "reason signature ";
    case COMMAND_VOID:
        return "account reason signature ";
    case COMMAND_PAY:
        return "account signature ";
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
static const char *
unknown_member(json_t *object, const char *members)
{
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

static void
check_signature(struct api_task *t, json_t *object)
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

/* ------------------------------------------------------------------ replies */

static void
count_bid(struct api_task *t, enum record_type type)
{
    struct shard *shard = worker_shard(t->worker);

    if (type != RECORD_BID_ACCEPTED && type != RECORD_BID_REFUSED)
        return;
    if (t->task.answer.kind == ANSWER_REPLAYED)
        shard_bid(shard, BID_REPLAYED);
    else
        shard_bid(shard,
                  type == RECORD_BID_ACCEPTED ? BID_ACCEPTED : BID_REFUSED);
}

static void
reply_ruled(struct api_task *t)
{
    static struct record_text empty;
    struct record_text *text = malloc(sizeof(empty));
    struct answer *answer = &t->task.answer;
    struct receipt receipt = answer_receipt(answer);
    struct record record;
    char location[64];
    const char *headers[] = {
        "Idempotency-Key", t->key, NULL, NULL, NULL, NULL, NULL};
    size_t count = 2;
    struct buf body;
    int status;

    if (text == NULL) {
        call_no_memory(&t->call);
        return;
    }
    CHECK(record_decode(answer->record.bytes, answer->record.size, &record,
                        text) == ERR_OK);
    count_bid(t, record.type);
    buf_init(&body, REPLY_BYTES_MAX);
    status = render_answer(&body, &record, &receipt, t->detail,
                           t->call.instance, t->call.request_id);
    if (answer->kind == ANSWER_REPLAYED) {
        headers[count++] = "Idempotency-Replayed";
        headers[count++] = "true";
    }
    if (record.type == RECORD_CREATE_ACCEPTED) {
        snprintf(location, sizeof(location), "/v1/auctions/%lld",
                 (long long)record.auction);
        headers[count++] = "Location";
        headers[count++] = location;
    }
    call_reply(&t->call, status,
               status == 201 ? "application/json" : "application/problem+json",
               &body, headers);
    buf_release(&body);
    free(text);
}

static void
reply_task(struct api_task *t)
{
    switch (t->task.answer.kind) {
    case ANSWER_RULED:
    case ANSWER_REPLAYED:
        reply_ruled(t);
        return;
    case ANSWER_BUSY:
        call_unavailable(&t->call, "overloaded",
                         "nothing was tried; repeat with the same key");
        return;
    case ANSWER_WITHDRAWN:
        call_problem(&t->call, 403, "revoked",
                     "This certificate is to be believed no more",
                     "Nothing was tried.", NULL);
        return;
    case ANSWER_UNAVAILABLE:
        call_unavailable(&t->call, "storage-unavailable",
                         "nothing was changed; repeat with the same key");
        return;
    case ANSWER_UNKNOWN:
        call_problem(&t->call, 500, "internal",
                     "Whether this was done is unknown",
                     "Repeat the request with the same Idempotency-Key.", NULL);
        return;
    }
    CHECK(false);
}

static void
free_task(struct api_task *t)
{
    task_release(&t->task);
    free(t);
}

static void
deliver_task(struct letter *letter)
{
    struct api_task *t = (struct api_task *)letter;

    reply_task(t);
    free_task(t);
}

/** On the engine's thread: send it home. */
static void
task_done(struct task *task)
{
    struct api_task *t = CONTAINER_OF(task, struct api_task, task);

    worker_post(t->worker, &t->letter.mail);
}

/* --------------------------------------------------------------- submitting */

static struct api_task *
begin_task(struct call *call, enum command_kind cmd)
{
    struct api_task *t = calloc(1, sizeof(*t));
    struct identity *identity = exchange_identity(call->exchange);
    struct submission *s;

    if (t == NULL) {
        call_no_memory(call);
        return NULL;
    }
    s = &t->task.submission;
    t->letter.deliver = deliver_task;
    t->call = *call;
    t->call.request = NULL;
    t->worker = exchange_worker(call->exchange);
    t->task.identity = identity_ref(identity);
    t->task.done = task_done;
    s->cmd = cmd;
    s->auction = call->id;
    memcpy(s->who.name, identity->name, sizeof(s->who.name));
    s->who.role = identity->role;
    s->who.fp = identity->fp;
    return t;
}

static void
submit(struct call *call, struct api_task *t)
{
    struct random_port *random = &call->api->options.random;

    if (call->api->is_draining) {
        call_unavailable(call, "draining", "the server is stopping");
        free_task(t);
        return;
    }
    /* Only a new auction hides something behind it. */
    if (t->task.submission.cmd == COMMAND_CREATE &&
        !random->fill(random->context, &t->task.submission.nonce, HASH_BYTES)) {
        call_unavailable(call, "overloaded", "no random bytes");
        free_task(t);
        return;
    }
    if (engine_submit(call->api->options.engine, &t->task))
        return;
    call_unavailable(call,
                     engine_failed(call->api->options.engine)
                         ? "storage-unavailable"
                         : "overloaded",
                     "nothing was tried; repeat with the same key");
    free_task(t);
}

/** If-Match: only if nothing has changed since the caller looked. */
static bool
version_matches(struct call *call)
{
    const char *wanted = http_request_field(call->request, "if-match");
    struct auction_view *view;
    char etag[32];
    bool matches = true;

    if (wanted == NULL)
        return true;
    view = views_get(engine_views(call->api->options.engine), call->id);
    if (view != NULL) {
        snprintf(etag, sizeof(etag), "\"%llu\"",
                 (unsigned long long)view->lot.version);
        matches = strcmp(wanted, etag) == 0 || strcmp(wanted, "*") == 0;
        view_unref(&view);
    }
    if (!matches)
        call_problem(call, 412, "version-mismatch",
                     "The auction has changed since you looked",
                     "Read it again.", NULL);
    return matches;
}

void
handle_command(struct call *call, enum command_kind cmd)
{
    json_t *object;
    const char *unknown;
    struct api_task *t;

    if (!version_matches(call) || (object = call_body(call)) == NULL)
        return;
    unknown = unknown_member(object, members_of(cmd));
    if (unknown != NULL) {
        call_problem(call, 422, "unknown-member",
                     "The body has a member that this command does not have",
                     "See docs/protocol.md for the members.", NULL);
        json_decref(object);
        return;
    }
    t = begin_task(call, cmd);
    if (t != NULL && !take_key(call, t)) {
        free_task(t);
        t = NULL;
    }
    if (t != NULL) {
        read_fields(t, object);
        check_signature(t, object);
        submit(call, t);
    }
    json_decref(object);
}

/** A draft that cannot be read is told in detail and not recorded: there is
 * nothing yet that a record could be about. */
static void
refuse_draft(struct call *call, const struct draft_problem *problem)
{
    char pointer[48];

    snprintf(pointer, sizeof(pointer), "/%s", problem->member);
    call_problem(call, 422,
                 strcmp(problem->code, "unknown-member") == 0 ? "unknown-member"
                                                              : "invalid-field",
                 "The draft cannot be read", problem->detail, pointer);
}

/** What the rules themselves say of the draft, with its field. */
static bool
check_draft(struct call *call, struct draft *draft)
{
    struct draft_problem problem = {{0}, "invalid-field", {0}};
    struct draft resolved = *draft;
    const char *field, *why;

    draft_resolve(&resolved, engine_now(call->api->options.engine));
    if (rules_check(&resolved.rules, &field, &why))
        return true;
    snprintf(problem.member, sizeof(problem.member), "%s", field);
    snprintf(problem.detail, sizeof(problem.detail), "%s", why);
    refuse_draft(call, &problem);
    return false;
}

static struct draft *
read_draft(struct call *call, json_t *object)
{
    struct draft_problem problem;
    struct draft *draft = NULL;
    enum err err = draft_from_json(&draft, object, &problem);

    if (err == ERR_NOMEM) {
        call_no_memory(call);
        return NULL;
    }
    if (err != ERR_OK) {
        refuse_draft(call, &problem);
        return NULL;
    }
    if (!check_draft(call, draft))
        draft_destroy(&draft);
    return draft;
}

void
handle_create(struct call *call)
{
    json_t *object = call_body(call);
    struct draft *draft;
    struct api_task *t;

    if (object == NULL)
        return;
    draft = read_draft(call, object);
    t = draft == NULL ? NULL : begin_task(call, COMMAND_CREATE);
    if (t == NULL) {
        draft_destroy(&draft);
    } else {
        t->task.submission.draft = draft;
        if (take_key(call, t)) {
            check_signature(t, object);
            submit(call, t);
        } else {
            free_task(t);
        }
    }
    json_decref(object);
}
