/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live events: one long answer, taken up again where it broke off.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum { SILENCE_S_MAX = 45 }; /* the server speaks every 15 s */

struct streaming {
    struct sse sse;
    auction_event_visit *visit;
    void *context;
    long status;
    CURL *curl;
    bool has_ended; /* the visitor has had enough */
    bool has_event; /* since the last connection */
};

static bool
take_event(void *context, const struct auction_event *event)
{
    struct streaming *s = context;

    s->has_event = true;
    if (!s->visit(s->context, event))
        s->has_ended = true;
    return !s->has_ended;
}

static size_t
take_bytes(char *bytes, size_t one, size_t size, void *context)
{
    struct streaming *s = context;

    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &s->status);
    if (s->status != 200)
        return one * size;
    return sse_feed(&s->sse, bytes, one * size, take_event, s) ? one * size : 0;
}

static size_t
ignore_header(char *line, size_t one, size_t size, void *context)
{
    (void)line, (void)context;
    return one * size;
}

static CURLcode
connect_once(struct auction_client *c, struct streaming *s, const char *query,
             int64_t after)
{
    struct curl_slist *headers =
        curl_slist_append(NULL, "Accept: text/event-stream");
    char url[URL_BYTES_MAX], place[48] = "";
    CURLcode code;

    if (s->sse.id[0] != '\0')
        snprintf(place, sizeof(place), "after=%s", s->sse.id);
    else if (after >= 0)
        snprintf(place, sizeof(place), "after=%lld", (long long)after);
    snprintf(url, sizeof(url), "%s/v1/events?%s%s%s", c->server, query,
             query[0] != '\0' && place[0] != '\0' ? "&" : "", place);
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, NULL);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, ignore_header);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, 0L);
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S_MAX);
    c->error[0] = '\0';
    code = curl_easy_perform(c->curl);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    return code;
}

enum auction_outcome
auction_stream(struct auction_client *client, const char *query, int64_t after,
               auction_event_visit *visit, void *context,
               struct auction_result *result)
{
    struct streaming s = {
        .visit = visit, .context = context, .curl = client->curl};
    int attempt = 0;

    result_clear(result);
    sse_init(&s.sse);
    for (;;) {
        s.has_event = false;
        s.status = 0;
        CURLcode code = connect_once(client, &s, query, after);
        if (s.has_ended) {
            result->outcome = AUCTION_ACCEPTED;
            break;
        }
        if (s.has_event)
            attempt = 0;
        result->status = (int)s.status;
        if (s.status != 0 && s.status != 200 && s.status != 503) {
            fail(result,
                 s.status == 403 ? AUCTION_NOT_ALLOWED : AUCTION_INVALID,
                 "the server answers %ld to the request for events", s.status);
            break;
        }
        if (attempt++ >= client->retries + 1) {
            fail(result, AUCTION_NO_CONNECTION, "the live events broke off: %s",
                 client->error[0] != '\0' ? client->error
                                          : curl_easy_strerror(code));
            break;
        }
        back_off(attempt);
    }
    sse_release(&s.sse);
    return result->outcome;
}
