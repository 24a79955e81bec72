/* SPDX-License-Identifier: Apache-2.0 */
/* Replies to commands, and problems. */
#include "api/render.h"

#include "audit/command.h"

#include <stdio.h>
#include <string.h>

/* -------------------------------------------------------------- problems */

int
render_status(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_ACCEPTED:
        return 201;
    case VERDICT_FORMAT:
    case VERDICT_SIGNATURE:
    case VERDICT_REUSED_ID:
        return 422;
    case VERDICT_NO_AUCTION:
        return 404;
    case VERDICT_FORBIDDEN:
        return 403;
    case VERDICT_NOT_OPEN:
    case VERDICT_CLOSED:
    case VERDICT_STATE:
    case VERDICT_TOO_LOW:
    case VERDICT_NOT_HIGHER:
    case VERDICT_TOO_LATE:
    case VERDICT_BAD_REVEAL:
    case VERDICT_PRICE_ABOVE_LIMIT:
    case VERDICT_STOCK:
    case VERDICT_CREDIT:
        return 409;
    case VERDICT_COUNT:
        break;
    }
    CHECK(false);
    return 500;
}

static const char *
title_of(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_FORMAT:
        return "A field is malformed or against the rules";
    case VERDICT_SIGNATURE:
        return "The signature does not stand";
    case VERDICT_REUSED_ID:
        return "The request id was used for another command";
    case VERDICT_NO_AUCTION:
        return "There is no such auction";
    case VERDICT_FORBIDDEN:
        return "This account may not do that";
    case VERDICT_NOT_OPEN:
        return "The auction is not open yet";
    case VERDICT_CLOSED:
        return "The auction has closed";
    case VERDICT_STATE:
        return "The auction's state does not allow that";
    case VERDICT_TOO_LOW:
        return "The bid is below the minimum";
    case VERDICT_NOT_HIGHER:
        return "The bid is not higher than your own maximum";
    case VERDICT_TOO_LATE:
        return "It is too late to take the bid back";
    case VERDICT_BAD_REVEAL:
        return "This opens no live commitment of yours as the rules allow";
    case VERDICT_PRICE_ABOVE_LIMIT:
        return "The price is above your limit";
    case VERDICT_STOCK:
        return "There are not so many units";
    case VERDICT_CREDIT:
        return "The credit limit does not cover that";
    case VERDICT_ACCEPTED:
    case VERDICT_COUNT:
        break;
    }
    CHECK(false);
    return "";
}

/** The stable code: for a missing right it tells which. */
static const char *
code_of(enum verdict verdict, const struct record *record)
{
    const struct text_ref *cause = &record->cause;

    if (verdict != VERDICT_FORBIDDEN || !RECORD_HAS(record, cause))
        return verdict_slug(verdict);
    if (cause->size == 11 && memcmp(cause->bytes, "not-allowed", 11) == 0)
        return "not-allowed";
    if (cause->size == 4 && memcmp(cause->bytes, "role", 4) == 0)
        return "role-required";
    if (cause->size == 9 && memcmp(cause->bytes, "not-yours", 9) == 0)
        return "not-yours";
    if (cause->size == 11 && memcmp(cause->bytes, "own-auction", 11) == 0)
        return "own-auction";
    if (cause->size == 9 && memcmp(cause->bytes, "suspended", 9) == 0)
        return "suspended";
    return "forbidden";
}

static void
problem_head(struct reply *j, const char *code, const char *title, int status,
             const char *instance, const char *request_id)
{
    char type[64];

    snprintf(type, sizeof(type), "/problems/%s", code);
    reply_text(j, "type", type);
    reply_text(j, "title", title);
    reply_int(j, "status", status);
    reply_text(j, "code", code);
    reply_text(j, "instance", instance);
    reply_text(j, "request_id", request_id);
}

void
render_problem(struct buf *out, const struct problem *problem,
               const char *instance, const char *request_id)
{
    struct reply j;

    reply_begin(&j, out);
    problem_head(&j, problem->code, problem->title, problem->status, instance,
                 request_id);
    reply_text(&j, "detail", problem->detail);
    if (problem->pointer != NULL) {
        reply_open_array(&j, "errors");
        reply_open(&j, NULL);
        reply_text(&j, "pointer", problem->pointer);
        reply_text(&j, "code", problem->code);
        reply_text(&j, "detail", problem->detail);
        reply_close(&j);
        reply_close_array(&j);
    }
    reply_end(&j);
}

/* --------------------------------------------------------------- answers */

static void
render_receipt(struct reply *j, const struct receipt *receipt)
{
    reply_raw(j, "receipt");
    receipt_encode_json(receipt, j->out);
}

/** Which field was malformed and why: its name is the record's cause. */
static void
render_field_error(struct reply *j, const struct record *record,
                   const char *detail)
{
    char pointer[64];

    snprintf(pointer, sizeof(pointer), "/%.*s", (int)record->cause.size,
             record->cause.bytes);
    reply_text(j, "detail", detail);
    reply_open_array(j, "errors");
    reply_open(j, NULL);
    reply_text(j, "pointer", pointer);
    reply_text(j, "code", "invalid-field");
    reply_text(j, "detail", detail);
    reply_close(j);
    reply_close_array(j);
}

static int
render_refusal(struct buf *out, const struct record *record,
               const struct receipt *receipt, const char *detail,
               const char *instance, const char *request_id)
{
    enum verdict verdict;
    struct reply j;
    int status;

    CHECK(verdict_parse(&verdict, record->reason.bytes, record->reason.size));
    status = render_status(verdict);
    reply_begin(&j, out);
    problem_head(&j, code_of(verdict, record), title_of(verdict), status,
                 instance, request_id);
    reply_text_n(&j, "reason", record->reason.bytes, record->reason.size);
    if (RECORD_HAS(record, cause))
        reply_text_n(&j, "cause", record->cause.bytes, record->cause.size);
    if (RECORD_HAS(record, min_next))
        reply_int(&j, "minimum_bid", record->min_next);
    if (verdict == VERDICT_PRICE_ABOVE_LIMIT)
        reply_int(&j, "price", record->price);
    if (RECORD_HAS(record, stock))
        reply_int(&j, "stock", record->stock);
    if (detail[0] != '\0')
        render_field_error(&j, record, detail);
    render_receipt(&j, receipt);
    reply_end(&j);
    return status;
}

static const char *
standing_of(const struct record *record)
{
    if (record->type != RECORD_BID_ACCEPTED)
        return "won";
    return record->leader == record->actor.uid ? "leading" : "outbid";
}

/** Fields of bids for units and of sealed bids; a bid's id is its number. */
static void
render_order(struct reply *j, const struct record *r)
{
    if (RECORD_HAS(r, quantity))
        reply_int(j, "quantity", r->quantity);
    if (r->type == RECORD_COMMIT_ACCEPTED ||
        (r->type == RECORD_BID_ACCEPTED && RECORD_HAS(r, quantity)))
        reply_int(j, "bid", r->seq);
    else if (RECORD_HAS(r, bid))
        reply_int(j, "bid", r->bid);
    if (RECORD_HAS(r, cap))
        reply_int(j, "cap", r->cap);
    if (RECORD_HAS(r, amount))
        reply_int(j, "amount", r->amount);
    if (RECORD_HAS(r, limit))
        reply_int(j, "limit", r->limit);
    if (RECORD_HAS(r, filled))
        reply_int(j, "filled", r->filled);
    if (RECORD_HAS(r, stock))
        reply_int(j, "stock", r->stock);
    if (RECORD_HAS(r, number))
        reply_id(j, "invoice", (uint64_t)r->number);
}

static void
render_effect(struct reply *j, const struct record *r)
{
    if (RECORD_HAS(r, max))
        reply_int(j, "max", r->max);
    if ((r->type == RECORD_BID_ACCEPTED && RECORD_HAS(r, leader)) ||
        r->type == RECORD_BUY_ACCEPTED || r->type == RECORD_TAKE_ACCEPTED)
        reply_text(j, "standing", standing_of(r));
    render_order(j, r);
    if (RECORD_HAS(r, revision))
        reply_int(j, "version", r->revision);
    if (RECORD_HAS(r, price))
        reply_int(j, "price", r->price);
    if (RECORD_HAS(r, min_next))
        reply_int(j, "minimum_bid", r->min_next);
    if (RECORD_HAS(r, close))
        reply_instant(j, "ends_at", instant_of(r->close));
    if (RECORD_HAS(r, rules_blob))
        reply_hex(j, "terms", r->rules_blob.bytes, HASH_BYTES);
    if (r->type == RECORD_CREATE_ACCEPTED)
        reply_text(j, "status", r->publish ? "scheduled" : "draft");
}

static int
render_acceptance(struct buf *out, const struct record *record,
                  const struct receipt *receipt)
{
    enum command_kind cmd;
    bool is_accepted;
    struct reply j;

    CHECK(command_of_type(record->type, &cmd, &is_accepted) && is_accepted);
    reply_begin(&j, out);
    reply_int(&j, "seq", record->seq);
    if (RECORD_HAS(record, auction))
        reply_id(&j, "auction", (uint64_t)record->auction);
    reply_text(&j, "command", command_text(cmd));
    reply_instant(&j, "at", instant_of(record->t));
    reply_hex(&j, "request", record->request.bytes,
              sizeof(record->request.bytes));
    render_effect(&j, record);
    render_receipt(&j, receipt);
    reply_end(&j);
    return 201;
}

int
render_answer(struct buf *out, const struct record *record,
              const struct receipt *receipt, const char *detail,
              const char *instance, const char *request_id)
{
    if (RECORD_HAS(record, reason))
        return render_refusal(out, record, receipt, detail, instance,
                              request_id);
    return render_acceptance(out, record, receipt);
}
