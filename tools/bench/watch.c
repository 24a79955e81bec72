/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live streams: many connections follow one auction. Each stream's versions
 * must go up by one, so that a lost or doubled event is seen; the delay is
 * counted from the event's own time stamp, taken when the engine decided.
 */
#include "bench.h"
#include "latency.h"
#include "protocol.h"
#include "wire.h"

#include "base/check.h"
#include "base/instant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CLIENTS = 16, EVENTS = 256, OPENING_MAX = 32, SILENCE_MS = 2000 };

struct stream {
    struct wire wire;
    uint32_t events;
    bool is_live; /* the head of the answer has come */
    uint64_t count;
    long long version;
};

struct watching {
    const struct bench_options *options;
    SSL_CTX *contexts[CLIENTS];
    struct stream *streams;
    int epoll;
    int next, live;
    uint64_t broken, gaps;
    int64_t last_event; /* bench_ns */
    struct latency latency;
};

static void
set_watch(struct watching *w, struct stream *s)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};

    if (s->wire.wants_write)
        event.events |= EPOLLOUT;
    if (event.events != s->events)
        CHECK(epoll_ctl(w->epoll,
                        s->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
                        s->wire.fd, &event) == 0);
    s->events = event.events;
}

static void
stream_broken(struct watching *w, struct stream *s)
{
    w->broken++;
    wire_close(&s->wire);
}

/** One line of an event's data. */
static void
take_data(struct watching *w, struct stream *s, const char *line, size_t size)
{
    const char *at = memmem(line, size, "\"at\":\"", 6);
    const char *version = memmem(line, size, "\"version\":", 10), *end;
    struct instant stamp;

    if (at == NULL || version == NULL ||
        (end = memchr(at + 6, '"', (size_t)(line + size - at - 6))) == NULL ||
        instant_parse(&stamp, at + 6, (size_t)(end - at - 6)) != ERR_OK)
        return;
    long long number = atoll(version + 10);
    w->gaps += s->version != 0 && number != s->version + 1;
    s->version = number;
    s->count++;
    latency_add(&w->latency, (int64_t)(bench_now() * 1e9) - stamp.ms * 1000000);
}

static void
take_lines(struct watching *w, struct stream *s)
{
    struct buf *in = &s->wire.in;
    const char *line = in->bytes, *end = in->bytes + in->size, *next;

    while (line < end &&
           (next = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        size_t size = (size_t)(next - line);
        if (size > 6 && memcmp(line, "retry:", 6) == 0 && !s->is_live) {
            s->is_live = true;
            w->live++;
        }
        if (size > 6 && memcmp(line, "data: ", 6) == 0)
            take_data(w, s, line, size);
        line = next + 1;
    }
    if (in->size > 0)
        buf_drop(in, (size_t)(line - in->bytes));
    w->last_event = bench_ns();
}

static void
advance(struct watching *w, struct stream *s)
{
    if (!wire_advance(&s->wire)) {
        stream_broken(w, s);
        return;
    }
    take_lines(w, s);
    set_watch(w, s);
}

static void
open_some(struct watching *w, int in_progress)
{
    while (w->next < w->options->connections && in_progress < OPENING_MAX) {
        struct stream *s = &w->streams[w->next];
        if (!wire_open(&s->wire, w->contexts[w->next % CLIENTS],
                       w->options->port, NULL, 0)) {
            stream_broken(w, s);
        } else {
            buf_add_format(&s->wire.out,
                           "GET /v1/events?auction=%d HTTP/1.1\r\n"
                           "Host: localhost\r\n"
                           "Accept: text/event-stream\r\n\r\n",
                           w->options->first);
            advance(w, s);
        }
        w->next++;
        in_progress++;
    }
}

static void
turn(struct watching *w)
{
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(w->epoll, events, EVENTS, 20);

    for (int i = 0; i < ready; i++) {
        struct stream *s = events[i].data.ptr;
        if (s->wire.fd < 0)
            continue;
        advance(w, s);
    }
    open_some(w, w->next - w->live - (int)w->broken);
}

static void
report(const struct watching *w)
{
    uint64_t least = UINT64_MAX, most = 0, sum = 0;

    for (int i = 0; i < w->options->connections; i++) {
        uint64_t count = w->streams[i].count;
        least = count < least ? count : least;
        most = count > most ? count : most;
        sum += count;
    }
    printf("{\"name\":\"%s\",\"work\":\"streams\",\"connections\":%d,"
           "\"events\":%llu,\"events_least\":%llu,\"events_most\":%llu,"
           "\"gaps\":%llu,\"broken\":%llu,\"p50_ms\":%.1f,\"p99_ms\":%.1f,"
           "\"max_ms\":%.1f}\n",
           w->options->name, w->options->connections, (unsigned long long)sum,
           (unsigned long long)least, (unsigned long long)most,
           (unsigned long long)w->gaps, (unsigned long long)w->broken,
           latency_quantile_ms(&w->latency, 0.5),
           latency_quantile_ms(&w->latency, 0.99),
           (double)w->latency.max_ns / 1e6);
}

static bool
prepare(struct watching *w)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    w->streams = calloc((size_t)w->options->connections, sizeof(*w->streams));
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    CHECK(w->streams != NULL && w->epoll >= 0);
    for (int i = 0; i < CLIENTS; i++) {
        char name[8];
        snprintf(name, sizeof(name), "b%02d", i + 1);
        if ((w->contexts[i] = wire_context(w->options->lab, name)) == NULL)
            return false;
    }
    return true;
}

int
watch(const struct bench_options *options)
{
    static struct watching watching;
    struct watching *w = &watching;
    int64_t until;

    w->options = options;
    if (!prepare(w))
        return 1;
    while (w->live + (int)w->broken < options->connections)
        turn(w);
    fprintf(stderr, "auction-bench: %d streams are live\n", w->live);
    /* From the first event on until nothing has come for a while. */
    until = bench_ns() + (int64_t)(options->seconds * 1e9);
    while (bench_ns() < until ||
           bench_ns() - w->last_event < SILENCE_MS * INT64_C(1000000))
        turn(w);
    report(w);
    for (int i = 0; i < options->connections; i++)
        if (w->streams[i].wire.fd >= 0)
            wire_close(&w->streams[i].wire);
    for (int i = 0; i < CLIENTS; i++)
        SSL_CTX_free(w->contexts[i]);
    close(w->epoll);
    free(w->streams);
    return w->broken == 0 && w->gaps == 0 ? 0 : 1;
}
