/* SPDX-License-Identifier: Apache-2.0 */
#include "api/reading.h"

#include "base/container.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void
reading_free(struct reading *r)
{
    view_unref(&r->view);
    shared_unref(&r->question.checkpoint);
    buf_release(&r->body);
    buf_release(&r->record);
    buf_release(&r->note);
    free(r);
}

struct reading *
reading_begin(struct call *call, void (*deliver)(struct letter *letter))
{
    struct reading *r = calloc(1, sizeof(*r));
    const char *name = exchange_identity(call->exchange)->name;

    if (r == NULL) {
        call_no_memory(call);
        return NULL;
    }
    r->letter.deliver = deliver;
    r->call = *call;
    r->call.request = NULL;
    r->worker = exchange_worker(call->exchange);
    memcpy(r->account, name, strlen(name) + 1);
    r->viewer = call_viewer(call);
    r->viewer.name = r->account;
    r->views = engine_views(call->api->options.engine);
    r->status = 200;
    r->type = "application/json";
    buf_init(&r->body, REPLY_BYTES_MAX);
    buf_init(&r->record, RECORD_BYTES_MAX);
    buf_init(&r->note, CHECKPOINT_BYTES_MAX);
    return r;
}

void
reading_go_home(struct reading *r)
{
    worker_post(r->worker, &r->letter.mail);
}

struct reading *
reading_of_job(struct job *job)
{
    return CONTAINER_OF(job, struct reading, job);
}

struct reading *
reading_of_question(struct question *question)
{
    return CONTAINER_OF(question, struct reading, question);
}

static void
reading_overloaded(struct reading *r)
{
    call_unavailable(&r->call, "overloaded", "too many long reads");
    reading_free(r);
}

void
reading_to_keeper(struct reading *r,
                  void (*run)(struct job *job, const struct store_port *store))
{
    struct keeper *keeper = engine_keeper(r->call.api->options.engine);

    r->job.run = run;
    if (keeper == NULL || !keeper_submit(keeper, &r->job))
        reading_overloaded(r);
}

void
reading_to_engine(struct reading *r)
{
    r->question.done = reading_asked;
    if (!engine_ask(r->call.api->options.engine, &r->question))
        reading_overloaded(r);
}

void
reading_asked(struct question *question)
{
    reading_go_home(reading_of_question(question));
}

void
reading_not_found(struct reading *r)
{
    call_problem(&r->call, 404, "not-found", "There is no such record",
                 "Or it is not yours to see yet.", NULL);
}

void
reading_unavailable(struct reading *r)
{
    call_unavailable(&r->call, "storage-unavailable", "the log cannot be read");
}

void
reading_deliver_made(struct letter *letter)
{
    struct reading *r = (struct reading *)letter;

    if (r->status == 404)
        reading_not_found(r);
    else if (r->status != 200)
        reading_unavailable(r);
    else
        call_reply(&r->call, 200, r->type, &r->body, r->headers);
    reading_free(r);
}

bool
reading_is_audit(const struct reading *r)
{
    return r->viewer.role == ROLE_AUDITOR || r->viewer.role == ROLE_ADMIN;
}

/** On the engine's thread: the record of the reading is durable, or is not. */
static void
recorded(void *context, enum err err)
{
    struct reading *r = context;

    r->recorded = err;
    reading_go_home(r);
}

static void
deliver_after_record(struct letter *letter)
{
    struct reading *r = (struct reading *)letter;

    if (r->recorded == ERR_OK) {
        r->finish(letter);
        return;
    }
    call_unavailable(&r->call, "storage-unavailable",
                     "an auditor's reading must be recorded, and cannot be");
    reading_free(r);
}

void
reading_record(struct reading *r, void (*finish)(struct letter *letter))
{
    if (!reading_is_audit(r) || r->disclosed == 0 || r->status != 200) {
        finish(&r->letter);
        return;
    }
    r->finish = finish;
    r->letter.deliver = deliver_after_record;
    if (!journal_reading(r->call.api, r->account, r->filter, r->disclosed,
                         recorded, r)) {
        r->recorded = ERR_BUSY;
        deliver_after_record(&r->letter);
    }
}

void
reading_deliver_recorded(struct letter *letter)
{
    reading_record((struct reading *)letter, reading_deliver_made);
}

int
reading_status(enum err err)
{
    return err == ERR_OK ? 200 : err == ERR_NOT_FOUND ? 404 : 503;
}

bool
reading_decode(struct reading *r, const void *bytes, size_t size)
{
    if (record_decode(bytes, size, &r->decoded, &r->text) == ERR_OK)
        return true;
    r->status = 503;
    return false;
}

/** Whether the caller is named by personal data, or sold what it is about. */
static bool
is_concerned(const struct reading *r, const struct auction_view *view)
{
    const struct record *record = &r->decoded;

    if (r->viewer.uid != 0 && RECORD_HAS(record, uid) &&
        (uint64_t)record->uid == r->viewer.uid)
        return true;
    return view != NULL && strcmp(view->seller, r->viewer.name) == 0;
}

bool
reading_may_show(const struct reading *r)
{
    const struct record *record = &r->decoded;
    struct auction_view *view = NULL;
    bool is_shown;

    if (r->viewer.role == ROLE_AUDITOR || r->viewer.role == ROLE_ADMIN ||
        !RECORD_HAS(record, vis))
        return true;
    if (r->viewer.uid != 0 && RECORD_HAS(record, actor) &&
        record->actor.has_uid && (uint64_t)record->actor.uid == r->viewer.uid)
        return true;
    if (RECORD_HAS(record, auction))
        view = views_get(r->views, (uint64_t)record->auction);
    if (record->vis == RECORD_VIS_CLOSE)
        is_shown = view != NULL && view->lot.outcome != OUTCOME_NONE;
    else
        is_shown = is_concerned(r, view);
    view_unref(&view);
    return is_shown;
}

bool
reading_number(struct call *call, const char *name, uint64_t *out)
{
    const char *text = http_request_parameter(call->request, name);

    if (text != NULL && text_u64(out, text, strlen(text)))
        return true;
    call_problem(call, 400, "unknown-parameter",
                 "A query parameter is missing or not a number", name, NULL);
    return false;
}
