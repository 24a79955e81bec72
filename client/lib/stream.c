/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live events: one long answer, taken up again where it broke off.
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>

enum {
    SILENCE_S_MAX = 45,        /* the server speaks every 15 s */
    CONNECT_S_MAX = 10,        /* for the connection alone */
    PAUSE_MS = 500,            /* before the first new attempt */
    PAUSE_MS_MAX = 30000,      /* between later ones */
    LATER_ATTEMPTS_MAX = 20,   /* in a row, once it has been connected */
    PROBLEM_BYTES_MAX = 65536, /* the body of a refusal */
};

struct streaming {
    struct auction_client *client;
    struct auction_result *result;
    const char *query;
    int64_t after;
    struct sse sse;
    auction_event_visit *visit;
    void *context;
    struct buf problem;
    long status;
    bool has_ended; /* the visitor has had enough */
    bool is_alive;  /* this connection has brought something */
    bool was_alive; /* one of them has */
};

static bool
take_event(void *context, const struct auction_event *event)
{
    struct streaming *s = context;

    s->has_ended = !s->visit(s->context, event);
    return !s->has_ended;
}

static size_t
take_bytes(char *bytes, size_t one, size_t size, void *context)
{
    struct streaming *s = context;

    (void)one;
    if (curl_easy_getinfo(s->client->curl, CURLINFO_RESPONSE_CODE,
                          &s->status) != CURLE_OK)
        return 0;
    if (s->status != 200) {
        buf_add(&s->problem, bytes, size);
        return buf_is_ok(&s->problem) ? size : 0;
    }
    s->is_alive = s->was_alive = true;
    return sse_feed(&s->sse, bytes, size, take_event, s) ? size : 0;
}

static size_t
ignore_header(char *line, size_t one, size_t size, void *context)
{
    (void)line, (void)one, (void)context;
    return size;
}

static int
tick(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct streaming *s = context;

    (void)a, (void)b, (void)c, (void)d;
    if (s->client->tick != NULL)
        s->client->tick(s->client->tick_context);
    return 0;
}

void
auction_on_tick(struct auction_client *client, auction_tick *tick_function,
                void *context)
{
    client->tick = tick_function;
    client->tick_context = context;
}

static struct curl_slist *
stream_headers(const struct streaming *s)
{
    char place[64];
    struct curl_slist *list, *more;

    list = curl_slist_append(NULL, "Accept: text/event-stream");
    if (list == NULL || s->sse.last_id[0] == '\0')
        return list;
    snprintf(place, sizeof(place), "Last-Event-ID: %s", s->sse.last_id);
    more = curl_slist_append(list, place);
    if (more == NULL)
        curl_slist_free_all(list);
    return more;
}

static bool
stream_url(const struct streaming *s, char url[URL_BYTES_MAX])
{
    return snprintf(url, URL_BYTES_MAX, "%s/v1/events?%s%safter=%lld",
                    s->client->server, s->query, s->query[0] == '\0' ? "" : "&",
                    (long long)s->after) < URL_BYTES_MAX;
}

static bool
set_stream(struct streaming *s, const char *url, struct curl_slist *headers)
{
    CURL *curl = s->client->curl;

    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, NULL) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, s) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, ignore_header) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, tick) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, s) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
                            (long)CONNECT_S_MAX) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                            (long)SILENCE_S_MAX) == CURLE_OK;
}

/** Back to what a single call needs. */
static void
restore(struct auction_client *c)
{
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, c->timeout_ms);
    curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, 0L);
    curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, 0L);
}

/** How the connection ended. */
static enum auction_outcome
judge_end(struct streaming *s, CURLcode code)
{
    struct auction_result *result = s->result;

    result->status = (int)s->status;
    result->code[0] = result->message[0] = result->request_id[0] = '\0';
    if (s->status != 0 && s->status != 200)
        return outcome_of_problem(result, s->problem.bytes, s->problem.size);
    if (code == CURLE_OK)
        return fail(result, AUCTION_NO_CONNECTION,
                    "%s: the server ended the live events", s->client->server);
    transfer_failed(s->client, code, result);
    if (result->outcome == AUCTION_UNKNOWN) /* nothing was to be done */
        result->outcome = AUCTION_NO_CONNECTION;
    return result->outcome;
}

/** One connection, to its end; the outcome says how it ended. */
static enum auction_outcome
connect_once(struct streaming *s)
{
    struct auction_client *c = s->client;
    struct curl_slist *headers = stream_headers(s);
    char url[URL_BYTES_MAX];
    CURLcode code;

    sse_reconnect(&s->sse);
    buf_clear(&s->problem);
    s->status = 0;
    s->is_alive = false;
    c->error[0] = '\0';
    if (headers == NULL || !stream_url(s, url) || !set_stream(s, url, headers))
        fail(s->result, AUCTION_LOCAL_FAILURE,
             "the request for live events cannot be made");
    else {
        code = curl_easy_perform(c->curl);
        judge_end(s, code);
    }
    restore(c);
    curl_slist_free_all(headers);
    if (c->verbosity > 0)
        fprintf(stderr, "GET %s/v1/events %ld\n", c->server, s->status);
    return s->result->outcome;
}

static enum auction_outcome
follow(struct streaming *s)
{
    for (int attempt = 0;; attempt++) {
        enum auction_outcome outcome = connect_once(s);
        int64_t base_ms = s->sse.retry_ms > 0 ? s->sse.retry_ms : PAUSE_MS;

        if (s->has_ended)
            return s->result->outcome = AUCTION_ACCEPTED;
        if (s->is_alive)
            attempt = 0;
        /* What was refused would be refused again. */
        if ((outcome != AUCTION_NO_CONNECTION && outcome != AUCTION_BUSY) ||
            attempt >= (s->was_alive ? LATER_ATTEMPTS_MAX : s->client->retries))
            return outcome;
        back_off(attempt, base_ms, PAUSE_MS_MAX);
    }
}

/**
 * "From now on" as a place in the log, so that a connection that breaks
 * before its first event leaves no gap either.
 */
static enum auction_outcome
find_now(struct streaming *s)
{
    struct checkpoint head;
    struct auction_result *result = s->result;

    if (auction_call(s->client, "GET", "/v1/log/checkpoint", NULL, NULL,
                     result) != AUCTION_ACCEPTED)
        return result->outcome;
    if (checkpoint_parse(&head, result->body, result->body_size) != ERR_OK ||
        head.size == 0)
        return fail(result, AUCTION_NO_CONNECTION,
                    "the server shows no head of its log: is it an auctiond?");
    s->after = (int64_t)head.size - 1;
    auction_result_release(result);
    return result->outcome = AUCTION_ACCEPTED;
}

enum auction_outcome
auction_stream(struct auction_client *client, const char *query, int64_t after,
               auction_event_visit *visit, void *context,
               struct auction_result *result)
{
    struct streaming s = {
        .client = client,
        .result = result,
        .query = query,
        .after = after,
        .visit = visit,
        .context = context,
    };

    CHECK(query != NULL && visit != NULL);
    result_clear(result);
    sse_init(&s.sse);
    buf_init(&s.problem, PROBLEM_BYTES_MAX);
    if (after >= 0 || find_now(&s) == AUCTION_ACCEPTED)
        follow(&s);
    buf_release(&s.problem);
    sse_release(&s.sse);
    return result->outcome;
}
