/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads of the log: pages of bids, explanations, evidence. The keeper reads,
 * the engine proves; a read that needs both asks the engine first. Each is
 * bounded in rows and comes home as a letter.
 */
#include "api/internal.h"

#include "base/container.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXPLAIN_RECORDS_MAX = 5000,
    BIDS_LOOKS_MAX = 20000, /* records looked at for one page */
};

/** One read under way; filled in by the thread that has it. */
struct reading {
    struct letter letter;
    struct job job;
    struct question question;
    struct call call;
    struct worker *worker;
    struct viewer viewer; /* its name is in `account` */
    char account[STORE_NAME_BYTES];
    struct auction_view *view; /* may be NULL; owned */
    struct views *views;
    uint64_t number; /* of a record */
    uint64_t end;    /* records below it */
    uint64_t limit;
    bool wants_json; /* of a proof: as the reply to a command */
    /* made by the keeper */
    int status;
    const char *type;
    struct buf body;
    struct buf record;
    struct reply reply;
    uint64_t found, looks, next;
    struct record decoded;
    struct record_text text;
};

static void
free_reading(struct reading *r)
{
    view_unref(&r->view);
    shared_unref(&r->question.checkpoint);
    buf_release(&r->body);
    buf_release(&r->record);
    free(r);
}

static struct reading *
begin(struct call *call, void (*deliver)(struct letter *letter))
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
    return r;
}

static void
go_home(struct reading *r)
{
    worker_post(r->worker, &r->letter.mail);
}

static struct reading *
of_job(struct job *job)
{
    return CONTAINER_OF(job, struct reading, job);
}

static struct reading *
of_question(struct question *question)
{
    return CONTAINER_OF(question, struct reading, question);
}

static void
overloaded(struct reading *r)
{
    call_unavailable(&r->call, "overloaded", "too many long reads");
    free_reading(r);
}

static void
hand_to_keeper(struct reading *r,
               void (*run)(struct job *job, const struct store_port *store))
{
    struct keeper *keeper = engine_keeper(r->call.api->options.engine);

    r->job.run = run;
    if (keeper == NULL || !keeper_submit(keeper, &r->job))
        overloaded(r);
}

static void
hand_to_engine(struct reading *r, enum question_kind kind, uint64_t from,
               void (*done)(struct question *question))
{
    r->question.kind = kind;
    r->question.from = from;
    r->question.done = done;
    if (!engine_ask(r->call.api->options.engine, &r->question))
        overloaded(r);
}

static void
proof_came(struct question *question)
{
    go_home(of_question(question));
}

static void
not_found(struct reading *r)
{
    call_problem(&r->call, 404, "not-found", "There is no such record",
                 "Or it is not yours to see yet.", NULL);
}

/** What a job made, or what became of it. */
static void
deliver_made(struct letter *letter)
{
    struct reading *r = (struct reading *)letter;

    if (r->status == 404)
        not_found(r);
    else if (r->status != 200)
        call_unavailable(&r->call, "storage-unavailable",
                         "the log cannot be read");
    else
        call_reply(&r->call, 200, r->type, &r->body, NULL);
    free_reading(r);
}

/** A reading about one auction that the caller may see. */
static struct reading *
begin_auction(struct call *call)
{
    struct reading *r = begin(call, deliver_made);

    if (r == NULL)
        return NULL;
    r->view = views_get(r->views, call->id);
    if (r->view != NULL && (r->view->lot.state != LOT_DRAFT ||
                            viewer_sees_accounts(&r->viewer, r->view))) {
        r->end = feed_next(engine_feed(call->api->options.engine));
        return r;
    }
    call_problem(call, 404, "not-found", "There is no such auction",
                 "See /v1/auctions.", NULL);
    free_reading(r);
    return NULL;
}

static bool
decode(struct reading *r, const void *bytes, size_t size)
{
    if (record_decode(bytes, size, &r->decoded, &r->text) == ERR_OK)
        return true;
    r->status = 503;
    return false;
}

/* --------------------------------------------------------------------- bids */

static bool
visit_bid(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct reading *r = context;
    char account[STORE_NAME_BYTES] = "";

    if (r->found == r->limit || r->looks++ == BIDS_LOOKS_MAX) {
        r->next = seq + 1; /* the page after this one ends here */
        return false;
    }
    if (!decode(r, bytes, size))
        return false;
    if (RECORD_HAS(&r->decoded, actor) && r->decoded.actor.has_uid)
        (void)!views_account_name(r->views, (uint64_t)r->decoded.actor.uid,
                                  account);
    r->found +=
        render_bid(&r->reply, &r->decoded, r->view, &r->viewer, account);
    return true;
}

static void
run_bids(struct job *job, const struct store_port *store)
{
    struct reading *r = of_job(job);
    char cursor[32];

    reply_begin(&r->reply, &r->body);
    reply_open_array(&r->reply, "items");
    if (store->each_of_auction(store->context, r->view->lot.id, 0, r->end, true,
                               visit_bid, r) != ERR_OK)
        r->status = 503;
    reply_close_array(&r->reply);
    snprintf(cursor, sizeof(cursor), "%llu", (unsigned long long)r->next);
    if (r->next == 0)
        reply_null(&r->reply, "next_cursor");
    else
        reply_text(&r->reply, "next_cursor", cursor);
    reply_end(&r->reply);
    go_home(r);
}

void
handle_bids(struct call *call)
{
    const char *cursor = http_request_parameter(call->request, "cursor");
    uint64_t limit, end = 0;
    struct reading *r;

    if (!call_number(call, "limit", LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX, &limit))
        return;
    if (cursor != NULL && !text_u64(&end, cursor, strlen(cursor))) {
        call_problem(call, 400, "bad-cursor", "The cursor is not of this list",
                     "Begin again without a cursor.", NULL);
        return;
    }
    r = begin_auction(call);
    if (r == NULL)
        return;
    r->limit = limit;
    if (cursor != NULL && end < r->end)
        r->end = end;
    hand_to_keeper(r, run_bids);
}

/* ------------------------------------------------------------------ explain */

static bool
visit_explained(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct reading *r = context;
    struct explain_context explain = {&r->reply, r->view, &r->viewer};

    (void)seq;
    if (r->found++ == EXPLAIN_RECORDS_MAX || !decode(r, bytes, size))
        return false;
    explain_record(&explain, &r->decoded);
    return true;
}

static void
run_explain(struct job *job, const struct store_port *store)
{
    struct reading *r = of_job(job);

    reply_begin(&r->reply, &r->body);
    reply_id(&r->reply, "auction", r->view->lot.id);
    reply_text(&r->reply, "format", format_name(r->view->lot.rules.format));
    reply_text(&r->reply, "status", lot_state_name(r->view->lot.state));
    reply_text(&r->reply, "currency", r->view->lot.rules.currency);
    reply_open_array(&r->reply, "steps");
    if (store->each_of_auction(store->context, r->view->lot.id, 0, r->end,
                               false, visit_explained, r) != ERR_OK)
        r->status = 503;
    reply_close_array(&r->reply);
    reply_flag(&r->reply, "truncated", r->found > EXPLAIN_RECORDS_MAX);
    reply_end(&r->reply);
    go_home(r);
}

void
handle_explain(struct call *call)
{
    struct reading *r = begin_auction(call);

    if (r != NULL)
        hand_to_keeper(r, run_explain);
}

/* -------------------------------------------------------------------- terms */

static void
run_terms(struct job *job, const struct store_port *store)
{
    struct reading *r = of_job(job);
    enum err err =
        store->read_blob(store->context, r->view->terms.bytes, &r->body);

    r->status = err == ERR_OK ? 200 : err == ERR_NOT_FOUND ? 404 : 503;
    go_home(r);
}

void
handle_terms(struct call *call)
{
    struct reading *r = begin_auction(call);

    if (r != NULL)
        hand_to_keeper(r, run_terms);
}

/* ----------------------------------------------------------------- evidence */

void
handle_checkpoint(struct call *call)
{
    struct shared *checkpoint = engine_checkpoint(call->api->options.engine);
    struct buf body;

    buf_init(&body, REPLY_BYTES_MAX);
    buf_add(&body, checkpoint->bytes, checkpoint->size);
    call_reply(call, 200, "text/plain; charset=utf-8", &body, NULL);
    buf_release(&body);
    shared_unref(&checkpoint);
}

void
handle_certificate(struct call *call)
{
    struct buf body;

    buf_init(&body, REPLY_BYTES_MAX);
    buf_add_text(&body, call->api->options.log_cert_pem);
    call_reply(call, 200, "application/x-pem-file", &body, NULL);
    buf_release(&body);
}

/**
 * Whether a record may be shown: all of the caller's own, and to others what
 * is withheld from nobody, or only until a close that has been.
 */
static bool
may_show(const struct reading *r)
{
    const struct record *record = &r->decoded;
    struct auction_view *view;
    bool is_closed;

    if (r->viewer.role == ROLE_AUDITOR || r->viewer.role == ROLE_ADMIN ||
        !RECORD_HAS(record, vis))
        return true;
    if (r->viewer.uid != 0 && RECORD_HAS(record, actor) &&
        record->actor.has_uid && (uint64_t)record->actor.uid == r->viewer.uid)
        return true;
    if (record->vis != RECORD_VIS_CLOSE || !RECORD_HAS(record, auction))
        return false;
    view = views_get(r->views, (uint64_t)record->auction);
    is_closed = view != NULL && view->lot.outcome != OUTCOME_NONE;
    view_unref(&view);
    return is_closed;
}

static struct receipt
receipt_of(const struct reading *r)
{
    return (struct receipt){
        .index = r->number,
        .record = r->record.bytes,
        .record_size = r->record.size,
        .proof = r->question.proof,
        .checkpoint = r->question.checkpoint->bytes,
        .checkpoint_size = r->question.checkpoint->size,
    };
}

static void
reply_proof(struct reading *r)
{
    struct receipt receipt = receipt_of(r);

    if (!r->wants_json) {
        receipt_encode(&receipt, &r->body);
        call_reply(&r->call, 200, "text/plain; charset=utf-8", &r->body, NULL);
        return;
    }
    if (r->decoded.type != RECORD_BID_ACCEPTED &&
        r->decoded.type != RECORD_BID_REFUSED) {
        not_found(r);
        return;
    }
    render_answer(&r->body, &r->decoded, &receipt, "", r->call.instance,
                  r->call.request_id);
    call_reply(&r->call, 200, "application/json", &r->body, NULL);
}

static void
deliver_proof(struct letter *letter)
{
    struct reading *r = (struct reading *)letter;

    if (r->question.err == ERR_OK)
        reply_proof(r);
    else
        call_unavailable(&r->call, "storage-unavailable",
                         "the proof cannot be made");
    free_reading(r);
}

/** The record is there; may it be shown? Then the engine proves it. */
static void
deliver_record(struct letter *letter)
{
    struct reading *r = (struct reading *)letter;

    if (r->status == 200 && may_show(r)) {
        r->letter.deliver = deliver_proof;
        hand_to_engine(r, QUESTION_INCLUSION, r->number, proof_came);
        return;
    }
    if (r->status == 503)
        call_unavailable(&r->call, "storage-unavailable",
                         "the log cannot be read");
    else
        not_found(r);
    free_reading(r);
}

static void
run_record(struct job *job, const struct store_port *store)
{
    struct reading *r = of_job(job);
    enum err err = store->read_record(store->context, r->number, &r->record);

    r->status = err == ERR_OK ? 200 : err == ERR_NOT_FOUND ? 404 : 503;
    if (err == ERR_OK)
        (void)!decode(r, r->record.bytes, r->record.size);
    go_home(r);
}

static void
prove(struct call *call, uint64_t number, bool wants_json)
{
    struct reading *r = begin(call, deliver_record);

    if (r == NULL)
        return;
    r->number = number;
    r->wants_json = wants_json;
    if (number < feed_next(engine_feed(call->api->options.engine))) {
        hand_to_keeper(r, run_record);
        return;
    }
    not_found(r);
    free_reading(r);
}

void
handle_bid(struct call *call)
{
    prove(call, call->id, true);
}

/** A number that a parameter must have, 0 allowed. */
static bool
needed_number(struct call *call, const char *name, uint64_t *out)
{
    const char *text = http_request_parameter(call->request, name);

    if (text != NULL && text_u64(out, text, strlen(text)))
        return true;
    call_problem(call, 400, "unknown-parameter",
                 "A query parameter is missing or not a number", name, NULL);
    return false;
}

void
handle_proof(struct call *call)
{
    uint64_t number;

    if (needed_number(call, "seq", &number))
        prove(call, number, false);
}

static void
deliver_consistency(struct letter *letter)
{
    struct reading *r = (struct reading *)letter;
    const struct question *q = &r->question;

    if (q->err == ERR_NOT_FOUND) {
        call_problem(&r->call, 404, "not-found",
                     "The log has not been that large",
                     "A log that shrank was rolled back: keep your "
                     "checkpoint as evidence.",
                     NULL);
    } else if (q->err != ERR_OK) {
        call_unavailable(&r->call, "storage-unavailable",
                         "the proof cannot be made");
    } else {
        consistency_encode(q->from, &q->proof, q->checkpoint->bytes,
                           q->checkpoint->size, &r->body);
        call_reply(&r->call, 200, "text/plain; charset=utf-8", &r->body, NULL);
    }
    free_reading(r);
}

void
handle_consistency(struct call *call)
{
    struct reading *r;
    uint64_t from;

    if (!needed_number(call, "from", &from))
        return;
    r = begin(call, deliver_consistency);
    if (r != NULL)
        hand_to_engine(r, QUESTION_CONSISTENCY, from, proof_came);
}
