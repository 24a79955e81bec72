/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence: signed heads, and proofs that a record or an older head is in
 * one of them. The newest head is meant unless a size names a kept one.
 */
#include "api/reading.h"

#include "audit/cosignature.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const char plain[] = "text/plain; charset=utf-8";

/* -------------------------------------------------------------- checkpoints */

static void
reply_checkpoint(struct call *call, struct shared *checkpoint)
{
    struct buf body;

    buf_init(&body, REPLY_BYTES_MAX);
    buf_add(&body, checkpoint->bytes, checkpoint->size);
    call_reply(call, 200, plain, &body, NULL);
    buf_release(&body);
    shared_unref(&checkpoint);
}

static void
run_kept(struct job *job, const struct store_port *store)
{
    struct reading *r = reading_of_job(job);

    r->status = reading_status(
        store->read_checkpoint(store->context, r->number, &r->body));
    r->type = plain;
    reading_go_home(r);
}

/** A head that was kept: once an hour, and each one cosigned. */
static void
reply_kept(struct call *call)
{
    struct reading *r;
    uint64_t size;

    if (!reading_number(call, "size", &size) ||
        (r = reading_begin(call, reading_deliver_made)) == NULL)
        return;
    r->number = size;
    reading_to_keeper(r, run_kept);
}

void
handle_checkpoint(struct call *call)
{
    struct engine *engine = call->api->options.engine;
    struct shared *checkpoint;
    uint64_t cosigned;

    if (http_request_parameter(call->request, "size") != NULL) {
        reply_kept(call);
        return;
    }
    if (!call_number(call, "cosigned", 0, 1, &cosigned))
        return;
    checkpoint =
        cosigned == 1 ? engine_cosigned(engine) : engine_checkpoint(engine);
    if (checkpoint != NULL)
        reply_checkpoint(call, checkpoint);
    else
        call_problem(call, 404, "not-found", "No witness has cosigned yet",
                     "Ask without `cosigned` for the newest head.", NULL);
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

/* ------------------------------------------------------------------- proofs */

/** The head that a proof is under: the one asked for, or the newest. */
static const char *
head_of(const struct reading *r, size_t *size_out)
{
    const struct shared *newest = r->question.checkpoint;

    *size_out = r->note.size > 0 ? r->note.size : newest->size;
    return r->note.size > 0 ? r->note.bytes : newest->bytes;
}

static struct receipt
receipt_of(const struct reading *r)
{
    struct receipt receipt = {
        .index = r->number,
        .record = r->record.bytes,
        .record_size = r->record.size,
        .proof = r->question.proof,
    };

    receipt.checkpoint = head_of(r, &receipt.checkpoint_size);
    return receipt;
}

static void
reply_proof(struct reading *r)
{
    struct receipt receipt = receipt_of(r);

    if (!r->wants_json) {
        receipt_encode(&receipt, &r->body);
        call_reply(&r->call, 200, plain, &r->body, NULL);
        return;
    }
    if (r->decoded.type != RECORD_BID_ACCEPTED &&
        r->decoded.type != RECORD_BID_REFUSED) {
        reading_not_found(r);
        return;
    }
    render_answer(&r->body, &r->decoded, &receipt, "", r->call.instance,
                  r->call.request_id);
    call_reply(&r->call, 200, "application/json", &r->body, NULL);
}

/** A receipt is checked before it leaves: a flipped bit must not. */
static bool
proof_holds(const struct reading *r)
{
    struct receipt receipt = receipt_of(r);
    struct hash leaf = leaf_hash(r->record.bytes, r->record.size);
    struct checkpoint head;

    return checkpoint_parse(&head, receipt.checkpoint,
                            receipt.checkpoint_size) == ERR_OK &&
           inclusion_verify(&leaf, r->number, head.size, &receipt.proof,
                            &head.root);
}

static void
finish_proof(struct letter *letter)
{
    struct reading *r = (struct reading *)letter;

    if (r->question.err == ERR_NOT_FOUND)
        reading_not_found(r);
    else if (r->question.err == ERR_OK && proof_holds(r))
        reply_proof(r);
    else
        call_unavailable(&r->call, "storage-unavailable",
                         "the proof cannot be made");
    reading_free(r);
}

/** What is withheld from others is shown to an auditor on the record. */
static void
deliver_proof(struct letter *letter)
{
    struct reading *r = (struct reading *)letter;

    r->disclosed = RECORD_HAS(&r->decoded, vis);
    snprintf(r->filter, sizeof(r->filter), "seq:%llu",
             (unsigned long long)r->number);
    reading_record(r, finish_proof);
}

/** The record is there; may it be shown? Then the engine proves it. */
static void
deliver_record(struct letter *letter)
{
    struct reading *r = (struct reading *)letter;

    if (r->status == 200 && reading_may_show(r)) {
        r->letter.deliver = deliver_proof;
        r->question.kind = QUESTION_INCLUSION;
        r->question.from = r->number;
        reading_to_engine(r);
        return;
    }
    if (r->status == 503)
        reading_unavailable(r);
    else
        reading_not_found(r);
    reading_free(r);
}

/** The kept head that the question names, if it names one. */
static enum err
read_head(struct reading *r, const struct store_port *store)
{
    if (r->question.size == 0)
        return ERR_OK;
    return store->read_checkpoint(store->context, r->question.size, &r->note);
}

static void
run_record(struct job *job, const struct store_port *store)
{
    struct reading *r = reading_of_job(job);
    enum err err = read_head(r, store);

    if (err == ERR_OK)
        err = store->read_record(store->context, r->number, &r->record);
    r->status = reading_status(err);
    if (err == ERR_OK)
        (void)!reading_decode(r, r->record.bytes, r->record.size);
    reading_go_home(r);
}

static void
prove(struct call *call, uint64_t number, uint64_t size, bool wants_json)
{
    struct reading *r = reading_begin(call, deliver_record);

    if (r == NULL)
        return;
    r->number = number;
    r->question.size = size;
    r->wants_json = wants_json;
    if (number < feed_next(engine_feed(call->api->options.engine))) {
        reading_to_keeper(r, run_record);
        return;
    }
    reading_not_found(r);
    reading_free(r);
}

void
handle_bid(struct call *call)
{
    prove(call, call->id, 0, true);
}

void
handle_proof(struct call *call)
{
    uint64_t number, size;

    if (reading_number(call, "seq", &number) &&
        call_number(call, "size", 0, CHECKPOINT_SIZE_MAX, &size))
        prove(call, number, size, false);
}

/* -------------------------------------------------------------- consistency */

static void
deliver_consistency(struct letter *letter)
{
    struct reading *r = (struct reading *)letter;
    const struct question *q = &r->question;
    const char *head;
    size_t size;

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
        head = head_of(r, &size);
        consistency_encode(q->from, &q->proof, head, size, &r->body);
        call_reply(&r->call, 200, plain, &r->body, NULL);
    }
    reading_free(r);
}

/** The kept head was read: now the engine proves. */
static void
deliver_head(struct letter *letter)
{
    struct reading *r = (struct reading *)letter;

    if (r->status == 200) {
        r->letter.deliver = deliver_consistency;
        reading_to_engine(r);
        return;
    }
    reading_deliver_made(letter);
}

static void
run_head(struct job *job, const struct store_port *store)
{
    struct reading *r = reading_of_job(job);

    r->status = reading_status(read_head(r, store));
    reading_go_home(r);
}

void
handle_consistency(struct call *call)
{
    struct reading *r;
    uint64_t from, to;

    if (!reading_number(call, "from", &from) ||
        !call_number(call, "to", 0, CHECKPOINT_SIZE_MAX, &to) ||
        (r = reading_begin(call, deliver_consistency)) == NULL)
        return;
    r->question.kind = QUESTION_CONSISTENCY;
    r->question.from = from;
    r->question.size = to;
    if (to == 0) {
        reading_to_engine(r);
        return;
    }
    r->letter.deliver = deliver_head;
    reading_to_keeper(r, run_head);
}
