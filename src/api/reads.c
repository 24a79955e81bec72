/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads about one auction: pages of its bids, the explanation, its terms. Each
 * is bounded in rows.
 */
#include "api/reading.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXPLAIN_RECORDS_MAX = 5000,
    BIDS_LOOKS_MAX = 20000, /* records looked at for one page */
};

/** A reading about one auction that the caller may see. */
static struct reading *
begin_auction(struct call *call)
{
    struct reading *r = reading_begin(call, reading_deliver_made);

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
    reading_free(r);
    return NULL;
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
    if (!reading_decode(r, bytes, size))
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
    struct reading *r = reading_of_job(job);
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
    reading_go_home(r);
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
    reading_to_keeper(r, run_bids);
}

/* ------------------------------------------------------------------ explain */

static bool
visit_explained(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct reading *r = context;
    struct explain_context explain = {&r->reply, r->view, &r->viewer};

    (void)seq;
    if (r->found++ == EXPLAIN_RECORDS_MAX || !reading_decode(r, bytes, size))
        return false;
    explain_record(&explain, &r->decoded);
    return true;
}

static void
run_explain(struct job *job, const struct store_port *store)
{
    struct reading *r = reading_of_job(job);

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
    reading_go_home(r);
}

void
handle_explain(struct call *call)
{
    struct reading *r = begin_auction(call);

    if (r != NULL)
        reading_to_keeper(r, run_explain);
}

/* -------------------------------------------------------------------- terms */

static void
run_terms(struct job *job, const struct store_port *store)
{
    struct reading *r = reading_of_job(job);
    enum err err =
        store->read_blob(store->context, r->view->terms.bytes, &r->body);

    r->status = err == ERR_OK ? 200 : err == ERR_NOT_FOUND ? 404 : 503;
    reading_go_home(r);
}

void
handle_terms(struct call *call)
{
    struct reading *r = begin_auction(call);

    if (r != NULL)
        reading_to_keeper(r, run_terms);
}
