/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands: from a POST to a submission, and from the engine's answer to the
 * reply.
 */
#include "api/command.h"

#include "base/container.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

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

void
command_free(struct api_task *t)
{
    task_release(&t->task);
    free(t);
}

static void
deliver_task(struct letter *letter)
{
    struct api_task *t = (struct api_task *)letter;

    reply_task(t);
    command_free(t);
}

/** On the engine's thread: send it home. */
static void
task_done(struct task *task)
{
    struct api_task *t = CONTAINER_OF(task, struct api_task, task);

    worker_post(t->worker, &t->letter.mail);
}

/* --------------------------------------------------------------- submitting */

struct api_task *
command_begin(struct call *call, enum command_kind cmd)
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

void
command_submit(struct call *call, struct api_task *t)
{
    struct random_port *random = &call->api->options.random;

    if (call->api->is_draining) {
        call_unavailable(call, "draining", "the server is stopping");
        command_free(t);
        return;
    }
    /* Only a new auction hides something behind it. */
    if (t->task.submission.cmd == COMMAND_CREATE &&
        !random->fill(random->context, &t->task.submission.nonce, HASH_BYTES)) {
        call_unavailable(call, "overloaded", "no random bytes");
        command_free(t);
        return;
    }
    if (engine_submit(call->api->options.engine, &t->task))
        return;
    call_unavailable(call,
                     engine_failed(call->api->options.engine)
                         ? "storage-unavailable"
                         : "overloaded",
                     "nothing was tried; repeat with the same key");
    command_free(t);
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

/** `uid` of the account in the path; 0: none is. */
static void
run_command(struct call *call, enum command_kind cmd, uint64_t uid)
{
    json_t *object;
    const char *unknown;
    struct api_task *t;

    if ((object = call_body(call)) == NULL)
        return;
    unknown = command_unknown_member(object, cmd);
    if (unknown != NULL) {
        call_problem(call, 422, "unknown-member",
                     "The body has a member that this command does not have",
                     "See docs/protocol.md for the members.", NULL);
        json_decref(object);
        return;
    }
    t = command_begin(call, cmd);
    if (t != NULL && !command_take_key(call, t)) {
        command_free(t);
        t = NULL;
    }
    if (t != NULL) {
        t->task.submission.uid = uid;
        command_read_fields(t, object);
        command_check_signature(t, object);
        command_submit(call, t);
    }
    json_decref(object);
}

void
handle_command(struct call *call, enum command_kind cmd)
{
    if (version_matches(call))
        run_command(call, cmd, 0);
}

/** On the account that the path names; the engine judges who may. */
static void
handle_account(struct call *call, enum command_kind cmd)
{
    struct account_view account;

    if (views_get_account(engine_views(call->api->options.engine), call->name,
                          &account))
        run_command(call, cmd, account.uid);
    else
        call_problem(call, 404, "not-found", "There is no account of that name",
                     "An account exists from its first command on; a "
                     "certificate that never sent one can be revoked.",
                     NULL);
}

void
handle_suspend(struct call *call)
{
    handle_account(call, COMMAND_SUSPEND);
}

void
handle_restore(struct call *call)
{
    handle_account(call, COMMAND_RESTORE);
}

void
handle_credit(struct call *call)
{
    handle_account(call, COMMAND_CREDIT);
}
