/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Present state, answered at once from published views.
 */
#include "api/internal.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
handle_root(struct call *call)
{
    struct reply j;
    struct buf body;

    buf_init(&body, REPLY_BYTES_MAX);
    reply_begin(&j, &body);
    reply_text(&j, "name", "auctiond");
    reply_text(&j, "version", AUCTIOND_VERSION);
    reply_instant(&j, "server_time", engine_now(call->api->options.engine));
    reply_text(&j, "log", call->api->options.origin);
    reply_open(&j, "links");
    reply_text(&j, "me", "/v1/me");
    reply_text(&j, "auctions", "/v1/auctions");
    reply_text(&j, "events", "/v1/events");
    reply_text(&j, "checkpoint", "/v1/log/checkpoint");
    reply_text(&j, "certificate", "/v1/log/certificate");
    reply_close(&j);
    reply_end(&j);
    call_reply(call, 200, "application/json", &body, NULL);
    buf_release(&body);
}

static void
render_credit(struct reply *j, const struct account_view *account)
{
    reply_open(j, "credit");
    if (account->limit.minor == INT64_MAX)
        reply_null(j, "limit");
    else
        reply_money(j, "limit", account->limit);
    reply_money(j, "held", account->held);
    reply_close(j);
}

void
handle_me(struct call *call)
{
    static const char *const headers[] = {"Cache-Control", "no-store", NULL};
    const struct identity *identity = exchange_identity(call->exchange);
    struct account_view account = {.limit = {INT64_MAX}};
    struct reply j;
    struct buf body;

    (void)!views_get_account(engine_views(call->api->options.engine),
                             identity->name, &account);
    buf_init(&body, REPLY_BYTES_MAX);
    reply_begin(&j, &body);
    reply_text(&j, "account", identity->name);
    if (account.uid != 0)
        reply_id(&j, "uid", account.uid);
    reply_text(&j, "role", role_name(identity->role));
    reply_text(&j, "realm", call->api->options.realm);
    reply_flag(&j, "blocked", account.blocked);
    reply_open(&j, "certificate");
    reply_text(&j, "serial", identity->serial_hex);
    reply_hex(&j, "fingerprint_sha256", identity->fp.bytes, HASH_BYTES);
    reply_instant(&j, "not_after", identity->not_after);
    reply_close(&j);
    render_credit(&j, &account);
    reply_end(&j);
    call_reply(call, 200, "application/json", &body, headers);
    buf_release(&body);
}

/* ------------------------------------------------------------- one auction */

/** A draft is its seller's business, and an admin's. */
static bool
may_see(const struct auction_view *view, const struct viewer *viewer)
{
    return view->lot.state != LOT_DRAFT || viewer_sees_accounts(viewer, view);
}

void
handle_auction(struct call *call)
{
    struct viewer viewer = call_viewer(call);
    struct auction_view *view =
        views_get(engine_views(call->api->options.engine), call->id);
    const char *known = http_request_field(call->request, "if-none-match");
    char etag[32], seq[32];
    const char *headers[] = {
        "ETag", etag, "Event-Seq", seq, "Cache-Control", "private, no-cache",
        NULL};
    struct reply j;
    struct buf body;

    if (view == NULL || !may_see(view, &viewer)) {
        view_unref(&view);
        call_problem(call, 404, "not-found", "There is no such auction",
                     "See /v1/auctions.", NULL);
        return;
    }
    snprintf(etag, sizeof(etag), "\"%llu\"",
             (unsigned long long)view->lot.version);
    snprintf(seq, sizeof(seq), "%llu", (unsigned long long)view->seq);
    if (known != NULL && strcmp(known, etag) == 0) {
        call_reply(call, 304, NULL, NULL, headers);
        view_unref(&view);
        return;
    }
    buf_init(&body, REPLY_BYTES_MAX);
    reply_begin(&j, &body);
    render_auction(&j, view, &viewer, engine_now(call->api->options.engine));
    reply_end(&j);
    call_reply(call, 200, "application/json", &body, headers);
    buf_release(&body);
    view_unref(&view);
}

/* ----------------------------------------------------------------- the list */

/** What a list asks for. */
struct filter {
    bool has_status;
    enum lot_state status;
    const char *seller;
    bool newest_first;
    uint64_t limit;
    uint64_t from; /* first id to look at; 0: none left */
};

static bool
read_cursor(struct call *call, struct filter *f, uint64_t last)
{
    const char *cursor = http_request_parameter(call->request, "cursor");

    f->from = f->newest_first ? last : 1;
    if (cursor == NULL)
        return true;
    /* "a17" or "d17": the direction, and the next id. */
    if (cursor[0] == (f->newest_first ? 'd' : 'a') &&
        text_u64(&f->from, cursor + 1, strlen(cursor + 1)) && f->from > 0)
        return true;
    call_problem(call, 400, "bad-cursor", "The cursor is not of this list",
                 "Begin again without a cursor.", NULL);
    return false;
}

static bool
read_filter(struct call *call, struct filter *f, uint64_t last)
{
    const char *status = http_request_parameter(call->request, "status");
    const char *sort = http_request_parameter(call->request, "sort");

    *f = (struct filter){
        .seller = http_request_parameter(call->request, "seller"),
        .has_status = status != NULL,
        .newest_first = sort != NULL && strcmp(sort, "-created_at") == 0,
    };
    if ((status != NULL &&
         !lot_state_parse(&f->status, status, strlen(status))) ||
        (sort != NULL && !f->newest_first && strcmp(sort, "created_at") != 0)) {
        call_problem(call, 400, "unknown-parameter",
                     "A query parameter has an unknown value",
                     "status: draft, scheduled, open, closed, settled, "
                     "defaulted, cancelled; sort: created_at, -created_at",
                     NULL);
        return false;
    }
    if (f->seller != NULL && strcmp(f->seller, "me") == 0)
        f->seller = exchange_identity(call->exchange)->name;
    return call_number(call, "limit", LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX,
                       &f->limit) &&
           read_cursor(call, f, last);
}

static bool
is_wanted(const struct filter *f, const struct auction_view *view,
          const struct viewer *viewer)
{
    return may_see(view, viewer) &&
           (!f->has_status || view->lot.state == f->status) &&
           (f->seller == NULL || strcmp(view->seller, f->seller) == 0);
}

/**
 * Items from f->from on. Looks at a bounded number of auctions: a page may be
 * short, or empty, and still have a next one. Returns the id to go on with.
 */
static uint64_t
render_page(struct call *call, struct reply *j, const struct filter *f,
            uint64_t last)
{
    enum { LOOKS_MAX = 20000 };
    struct views *views = engine_views(call->api->options.engine);
    struct viewer viewer = call_viewer(call);
    struct instant now = engine_now(call->api->options.engine);
    uint64_t id = f->from, found = 0;

    for (int looks = 0;
         id >= 1 && id <= last && looks < LOOKS_MAX && found < f->limit;
         looks++) {
        struct auction_view *view = views_get(views, id);
        if (view != NULL && is_wanted(f, view, &viewer)) {
            reply_open(j, NULL);
            render_auction(j, view, &viewer, now);
            reply_close(j);
            found++;
        }
        view_unref(&view);
        id = f->newest_first ? id - 1 : id + 1;
    }
    return id >= 1 && id <= last ? id : 0;
}

void
handle_auctions(struct call *call)
{
    uint64_t last = views_last(engine_views(call->api->options.engine));
    struct filter filter;
    struct reply j;
    struct buf body;
    char cursor[32];
    uint64_t next;

    if (!read_filter(call, &filter, last))
        return;
    buf_init(&body, REPLY_BYTES_MAX);
    reply_begin(&j, &body);
    reply_open_array(&j, "items");
    next = render_page(call, &j, &filter, last);
    reply_close_array(&j);
    snprintf(cursor, sizeof(cursor), "%c%llu", filter.newest_first ? 'd' : 'a',
             (unsigned long long)next);
    if (next == 0)
        reply_null(&j, "next_cursor");
    else
        reply_text(&j, "next_cursor", cursor);
    reply_end(&j);
    call_reply(call, 200, "application/json", &body, NULL);
    buf_release(&body);
}
