/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live events. Each worker follows the feed of durable records and renders
 * each event once for all its streams. A stream that resumes catches up first,
 * from the feed's memory or, when that has moved on, from the log by way of
 * the keeper; it is live when it has reached the worker's place. So an event
 * is sent once, in order, and none is missed.
 */
#include "api/internal.h"

#include "base/container.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    AUCTIONS_MAX = 64,      /* of one filter */
    FEED_STEP = 128,        /* records read at a time */
    CATCH_UP_RECORDS = 256, /* read from the log at a time */
    KEEP_ALIVE_MS = 15000,
    WARN_BEFORE_MS = 86400000, /* a certificate's last day */
    WARN_EACH_MS = 3600000,
};

static const char *const event_types[] = {
    "created", "opened", "bid", "changed", "extended", "closed", "cancelled"};

enum { EVENT_TYPES = sizeof(event_types) / sizeof(event_types[0]) };

struct stream {
    struct exchange *exchange;
    struct streams *of;
    struct stream *previous, *next_stream;
    uint64_t next;                /* first record it has not been given */
    struct catch_up *catching_up; /* under way, or NULL */
    bool has_types;
    unsigned types; /* bit set over event_types */
    uint64_t auctions[AUCTIONS_MAX];
    size_t auction_count; /* 0: all */
    struct instant last_sent;
    struct instant warn_due; /* the next word on its certificate's end */
};

/** A worker's streams. */
struct streams {
    struct api *api;
    struct worker *worker;
    struct shard *shard; /* where this worker counts */
    uint64_t next;       /* the feed has been followed up to here */
    struct instant now;  /* of the last look at the feed */
    struct stream *first;
    struct record decoded;
    struct record_text text;
    struct buf rendered;
};

/** Records from the log for one stream; a letter home. */
struct catch_up {
    struct letter letter;
    struct job job;
    struct stream *stream; /* NULL when it has gone */
    struct worker *worker;
    uint64_t from, end;
    size_t count;
    struct shared *records[CATCH_UP_RECORDS];
    enum err err;
};

/* ------------------------------------------------------------------- sending
 */

static void
unlink_stream(struct stream *s)
{
    if (s->previous != NULL)
        s->previous->next_stream = s->next_stream;
    else
        s->of->first = s->next_stream;
    if (s->next_stream != NULL)
        s->next_stream->previous = s->previous;
    if (s->catching_up != NULL)
        s->catching_up->stream = NULL;
    free(s);
}

static void
end_lagging(struct stream *s)
{
    static const char farewell[] =
        "event: server\ndata: {\"reason\":\"lagging\"}\n\n";
    struct exchange *exchange = s->exchange;

    shard_lagged(s->of->shard);
    unlink_stream(s);
    exchange_stream_farewell(exchange, farewell, sizeof(farewell) - 1);
}

/** False when the stream has ended for it. */
static bool
send(struct stream *s, const void *bytes, size_t size)
{
    if (!exchange_stream_write(s->exchange, bytes, size)) {
        end_lagging(s);
        return false;
    }
    s->last_sent = s->of->now;
    return true;
}

static bool
is_wanted(const struct stream *s, const struct event *event)
{
    bool is_auction = s->auction_count == 0;

    for (size_t i = 0; i < s->auction_count; i++)
        is_auction = is_auction || s->auctions[i] == event->auction;
    if (!is_auction || !s->has_types)
        return is_auction;
    for (unsigned i = 0; i < EVENT_TYPES; i++)
        if (strcmp(event_types[i], event->type) == 0)
            return (s->types >> i & 1) != 0;
    return false;
}

/** Render a record's event into `rendered`; false when it has none. */
static bool
render(struct streams *of, const struct shared *record, struct event *event)
{
    struct auction_view *view;
    bool is_event;

    if (record_decode(record->bytes, record->size, &of->decoded, &of->text) !=
            ERR_OK ||
        !RECORD_HAS(&of->decoded, auction))
        return false;
    view = views_get(engine_views(of->api->options.engine),
                     (uint64_t)of->decoded.auction);
    if (view == NULL)
        return false;
    buf_clear(&of->rendered);
    is_event =
        render_event(&of->rendered, &of->decoded, view->alias_salt, event);
    view_unref(&view);
    return is_event && buf_is_ok(&of->rendered);
}

/** Give one record to one stream; false when the stream has ended. */
static bool
give(struct stream *s, const struct shared *record)
{
    struct event event;

    s->next++;
    if (!render(s->of, record, &event) || !is_wanted(s, &event))
        return true;
    return send(s, s->of->rendered.bytes, s->of->rendered.size);
}

/* --------------------------------------------------------------- catching up
 */

static void advance(struct stream *s);

static bool
take_record(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct catch_up *c = context;

    (void)seq;
    c->records[c->count] = shared_create(bytes, size);
    if (c->records[c->count] == NULL) {
        c->err = ERR_NOMEM;
        return false;
    }
    return ++c->count < CATCH_UP_RECORDS;
}

static void
run_catch_up(struct job *job, const struct store_port *store)
{
    struct catch_up *c = CONTAINER_OF(job, struct catch_up, job);
    enum err err =
        store->each_record(store->context, c->from, c->end, take_record, c);

    c->err = err != ERR_OK ? err : c->err;
    worker_post(c->worker, &c->letter.mail);
}

static void
deliver_catch_up(struct letter *letter)
{
    struct catch_up *c = (struct catch_up *)letter;
    struct stream *s = c->stream;
    bool goes_on = s != NULL;

    if (goes_on)
        s->catching_up = NULL;
    for (size_t i = 0; i < c->count; i++) {
        goes_on = goes_on && give(s, c->records[i]);
        shared_unref(&c->records[i]);
    }
    if (goes_on && (c->err != ERR_OK || c->count == 0))
        end_lagging(s); /* it comes back and resumes */
    else if (goes_on)
        advance(s);
    free(c);
}

static void
read_log(struct stream *s)
{
    struct keeper *keeper = engine_keeper(s->of->api->options.engine);
    struct catch_up *c = calloc(1, sizeof(*c));

    if (c != NULL) {
        c->letter.deliver = deliver_catch_up;
        c->job.run = run_catch_up;
        c->stream = s;
        c->worker = s->of->worker;
        c->from = s->next;
        c->end = s->of->next;
        s->catching_up = c;
        if (keeper != NULL && keeper_submit(keeper, &c->job))
            return;
        s->catching_up = NULL;
    }
    free(c);
    end_lagging(s);
}

/** Bring a stream towards the worker's place. It may end on the way. */
static void
advance(struct stream *s)
{
    struct feed *feed = engine_feed(s->of->api->options.engine);
    struct feed_entry entries[FEED_STEP];
    bool goes_on = true;

    while (goes_on && s->next < s->of->next && s->catching_up == NULL) {
        uint64_t left = s->of->next - s->next;
        size_t count;
        enum err err =
            feed_read(feed, s->next, entries,
                      left < FEED_STEP ? (size_t)left : FEED_STEP, &count);
        if (err != ERR_OK) {
            read_log(s);
            return;
        }
        for (size_t i = 0; i < count; i++) {
            goes_on = goes_on && give(s, entries[i].record);
            shared_unref(&entries[i].record);
        }
    }
}

/* ----------------------------------------------------------------- following
 */

/** Somebody may have been suspended: its streams end, with a word. */
static void
end_suspended(struct streams *of)
{
    static const char farewell[] =
        "event: server\ndata: {\"reason\":\"suspended\"}\n\n";
    struct views *views = engine_views(of->api->options.engine);

    for (struct stream *s = of->first, *next; s != NULL; s = next) {
        struct exchange *exchange = s->exchange;
        struct account_view account;

        next = s->next_stream;
        if (!views_get_account(views, exchange_identity(exchange)->name,
                               &account) ||
            !account.blocked)
            continue;
        unlink_stream(s);
        exchange_stream_farewell(exchange, farewell, sizeof(farewell) - 1);
    }
}

/** One new record to all live streams of the worker. */
static void
give_all(struct streams *of, const struct shared *record)
{
    struct event event;
    bool is_event = of->first != NULL && render(of, record, &event);
    uint64_t seq = of->next++;

    if (of->first != NULL && of->decoded.type == RECORD_USER_SUSPENDED)
        end_suspended(of);
    for (struct stream *s = of->first, *next; s != NULL; s = next) {
        next = s->next_stream;
        if (s->next != seq) /* still catching up */
            continue;
        s->next++;
        if (is_event && is_wanted(s, &event))
            (void)!send(s, of->rendered.bytes, of->rendered.size);
    }
}

static void
follow(struct streams *of)
{
    struct feed *feed = engine_feed(of->api->options.engine);
    struct feed_entry entries[FEED_STEP];
    size_t count = 1;

    of->now = engine_now(of->api->options.engine);
    if (of->first == NULL) { /* nobody listens: nothing to render */
        of->next = feed_next(feed);
        return;
    }
    while (count > 0) {
        if (feed_read(feed, of->next, entries, FEED_STEP, &count) != ERR_OK) {
            of->next = feed_next(feed); /* streams catch up one by one */
            end_suspended(of);
            return;
        }
        for (size_t i = 0; i < count; i++) {
            give_all(of, entries[i].record);
            shared_unref(&entries[i].record);
        }
    }
}

/** In a certificate's last day its reader is told, and once an hour again. */
static bool
warn_of_expiry(struct stream *s, struct instant now)
{
    const struct identity *identity = exchange_identity(s->exchange);
    char text[160], ends[INSTANT_TEXT_BYTES];

    if (identity->not_after.ms - now.ms >= WARN_BEFORE_MS ||
        instant_before(now, s->warn_due))
        return true;
    s->warn_due = instant_of(now.ms + WARN_EACH_MS);
    snprintf(text, sizeof(text),
             "event: server\ndata: {\"reason\":\"certificate-ends\","
             "\"not_after\":\"%s\"}\n\n",
             instant_format(ends, identity->not_after));
    return send(s, text, strlen(text));
}

static void
keep_alive(struct streams *of)
{
    struct instant now = of->now;

    for (struct stream *s = of->first, *next; s != NULL; s = next) {
        next = s->next_stream;
        if (!warn_of_expiry(s, now))
            continue;
        if (s->next < of->next && s->catching_up == NULL)
            advance(s);
        else if (now.ms - s->last_sent.ms >= KEEP_ALIVE_MS)
            (void)!send(s, ": alive\n\n", 9);
    }
}

void
api_poke(void *context, struct worker *worker)
{
    struct streams *of = worker_context(worker);

    (void)context;
    follow(of);
    keep_alive(of);
}

void *
api_worker_begin(void *context, struct worker *worker)
{
    struct api *api = context;
    struct streams *of = calloc(1, sizeof(*of));

    CHECK(of != NULL); /* before the first connection */
    of->shard = metrics_add_shard(api->metrics);
    CHECK(of->shard != NULL);
    of->api = api;
    of->worker = worker;
    of->next = feed_next(engine_feed(api->options.engine));
    buf_init(&of->rendered, RECORD_BYTES_MAX);
    return of;
}

struct shard *
worker_shard(const struct worker *worker)
{
    const struct streams *of = worker_context(worker);

    return of->shard;
}

void
api_worker_end(void *context, void *worker_context)
{
    struct streams *of = worker_context;

    (void)context;
    CHECK(of->first == NULL);
    buf_release(&of->rendered);
    free(of);
}

void
api_stream_closed(void *context, struct exchange *exchange, const char *reason)
{
    char farewell[96];
    struct stream *s = exchange_context(exchange);

    (void)context;
    if (reason != NULL) {
        snprintf(farewell, sizeof(farewell),
                 "event: server\ndata: {\"reason\":\"%s\"}\n\n", reason);
        (void)!exchange_stream_write(exchange, farewell, strlen(farewell));
    }
    unlink_stream(s);
}

/* ------------------------------------------------------------------ beginning
 */

static bool
read_auctions(struct stream *s, const char *list)
{
    while (list != NULL && *list != '\0') {
        size_t size = strcspn(list, ",");
        if (s->auction_count == AUCTIONS_MAX ||
            !text_u64(&s->auctions[s->auction_count++], list, size))
            return false;
        list += size + (list[size] == ',');
    }
    return true;
}

static bool
read_types(struct stream *s, const char *list)
{
    s->has_types = list != NULL;
    while (list != NULL && *list != '\0') {
        size_t size = strcspn(list, ",");
        unsigned i = 0;
        while (i < EVENT_TYPES && (strlen(event_types[i]) != size ||
                                   memcmp(event_types[i], list, size) != 0))
            i++;
        if (i == EVENT_TYPES)
            return false;
        s->types |= 1U << i;
        list += size + (list[size] == ',');
    }
    return true;
}

/** Where to begin: behind Last-Event-ID or `after`, else now. */
static bool
read_place(struct call *call, struct stream *s, bool *is_beyond_out)
{
    const char *id = http_request_field(call->request, "last-event-id");
    const char *after = http_request_parameter(call->request, "after");
    const char *text = id != NULL ? id : after;
    uint64_t last;

    *is_beyond_out = false;
    s->next = s->of->next;
    if (text == NULL)
        return true;
    if (!text_u64(&last, text, strlen(text)) || last == UINT64_MAX)
        return false;
    /* A view may be some records ahead of the feed: these are waited for. */
    *is_beyond_out =
        last >= feed_announced(engine_feed(call->api->options.engine));
    s->next = *is_beyond_out ? s->of->next : last + 1;
    return true;
}

static bool
accepts_events(const struct http_request *request)
{
    const char *accept = http_request_field(request, "accept");

    return accept == NULL || strstr(accept, "text/event-stream") != NULL ||
           strstr(accept, "*/*") != NULL;
}

static void
begin_stream(struct call *call, struct stream *s, bool is_beyond)
{
    const char *headers[] = {"Request-Id", call->request_id, "Cache-Control",
                             "no-store", NULL};
    struct http_response head = {
        .status = 200, .content_type = "text/event-stream", .headers = headers};
    /* A place that this log has not reached: the reader's state is of
     * another history. */
    const char *hello = is_beyond ? "retry: 2000\n\nevent: reset\ndata: {}\n\n"
                                  : "retry: 2000\n\n";

    s->exchange = call->exchange;
    s->next_stream = s->of->first;
    if (s->next_stream != NULL)
        s->next_stream->previous = s;
    s->of->first = s;
    exchange_set_context(call->exchange, s);
    shard_request(s->of->shard, call->route, call->method, 200, 0);
    exchange_stream_begin(call->exchange, &head);
    if (send(s, hello, strlen(hello)))
        advance(s);
}

void
handle_events(struct call *call)
{
    const struct http_request *r = call->request;
    struct stream *s;
    bool is_beyond;

    if (!accepts_events(r)) {
        call_problem(call, 406, "not-acceptable",
                     "Events come as text/event-stream",
                     "Send Accept: text/event-stream.", NULL);
        return;
    }
    s = calloc(1, sizeof(*s));
    if (s == NULL) {
        call_no_memory(call);
        return;
    }
    s->of = worker_context(exchange_worker(call->exchange));
    follow(s->of);
    if (read_auctions(s, http_request_parameter(r, "auction")) &&
        read_types(s, http_request_parameter(r, "type")) &&
        read_place(call, s, &is_beyond)) {
        begin_stream(call, s, is_beyond);
        return;
    }
    free(s);
    call_problem(call, 400, "unknown-parameter",
                 "A filter or a place cannot be read",
                 "auction: ids; type: created, opened, bid, changed, "
                 "extended, closed, cancelled; after: a number",
                 NULL);
}
