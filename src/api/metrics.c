/* SPDX-License-Identifier: Apache-2.0 */
#include "api/metrics.h"

#include "api/prometheus.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { METHODS = HTTP_METHOD_OTHER + 1, BUCKETS = 8, LABELS_BYTES = 256 };

/* Every status that is ever answered; another one is counted as the last. */
static const int statuses[] = {200, 201, 204, 304, 400, 403, 404, 405, 406,
                               408, 409, 410, 412, 413, 414, 415, 421, 422,
                               428, 429, 431, 500, 501, 503, 505, 507, 0};
enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]) };

/** Upper bounds of a request's time, in microseconds. */
static const int64_t bounds_us[BUCKETS] = {500,   1000,  2500,   5000,
                                           10000, 50000, 250000, 1000000};

typedef atomic_uint_fast64_t counter;

struct shard {
    counter requests[METRICS_ROUTES_MAX][METHODS][STATUSES];
    counter buckets[METRICS_ROUTES_MAX][BUCKETS + 1];
    counter took_us[METRICS_ROUTES_MAX];
    counter bids[BID_RESULT_COUNT];
    counter lagged;
    counter rate_limited;
};

struct metrics {
    pthread_mutex_t lock; /* rank 80; guards to the end */
    struct shard *shards[METRICS_SHARDS_MAX];
    size_t count;
};

enum err
metrics_create(struct metrics **out)
{
    struct metrics *metrics = calloc(1, sizeof(*metrics));

    if (metrics == NULL)
        return err_set(ERR_NOMEM, "no memory for the metrics");
    CHECK(pthread_mutex_init(&metrics->lock, NULL) == 0);
    *out = metrics;
    return ERR_OK;
}

void
metrics_destroy(struct metrics **out)
{
    struct metrics *metrics = *out;

    if (metrics == NULL)
        return;
    for (size_t i = 0; i < metrics->count; i++)
        free(metrics->shards[i]);
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
    *out = NULL;
}

struct shard *
metrics_add_shard(struct metrics *metrics)
{
    struct shard *shard = calloc(1, sizeof(*shard));

    if (shard == NULL)
        return NULL;
    CHECK(pthread_mutex_lock(&metrics->lock) == 0);
    CHECK(metrics->count < METRICS_SHARDS_MAX);
    metrics->shards[metrics->count++] = shard;
    CHECK(pthread_mutex_unlock(&metrics->lock) == 0);
    return shard;
}

/* ----------------------------------------------------------------- counting */

/** One writer, so that no atomic addition is needed: a load and a store. */
static void
add(counter *c, uint64_t n)
{
    atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static size_t
status_index(int status)
{
    size_t i = 0;

    while (i < STATUSES - 1 && statuses[i] != status)
        i++;
    return i;
}

void
shard_request(struct shard *shard, unsigned route, enum http_method method,
              int status, int64_t took_us)
{
    size_t bucket = 0;

    CHECK(route < METRICS_ROUTES_MAX);
    while (bucket < BUCKETS && took_us > bounds_us[bucket])
        bucket++;
    add(&shard->requests[route][method][status_index(status)], 1);
    add(&shard->buckets[route][bucket], 1);
    add(&shard->took_us[route], took_us > 0 ? (uint64_t)took_us : 0);
}

void
shard_bid(struct shard *shard, enum bid_result result)
{
    add(&shard->bids[result], 1);
}

void
shard_lagged(struct shard *shard)
{
    add(&shard->lagged, 1);
}

void
shard_rate_limited(struct shard *shard)
{
    add(&shard->rate_limited, 1);
}

/* ------------------------------------------------------------------ writing */

/** The sum over all shards of the counter at an offset in each. */
static uint64_t
sum(const struct metrics *metrics, size_t offset)
{
    uint64_t total = 0;

    for (size_t i = 0; i < metrics->count; i++) {
        const counter *c =
            (const counter *)(const void *)((const char *)metrics->shards[i] +
                                            offset);
        total += atomic_load_explicit(c, memory_order_relaxed);
    }
    return total;
}

#define SUM(metrics, field) sum(metrics, offsetof(struct shard, field))
#define SUM_AT(metrics, field, i)                                              \
    sum(metrics, offsetof(struct shard, field) + (i) * sizeof(counter))

/** Pattern of a route; the last place is for what is none of ours. */
static const char *
pattern_of(const char *const *patterns, size_t count, size_t route)
{
    if (route < count)
        return patterns[route];
    return route == METRICS_ROUTES_MAX - 1 ? "other" : NULL;
}

static void
write_requests(const struct metrics *m, const char *const *patterns,
               size_t count, struct buf *out)
{
    static const char name[] = "auctiond_requests_total";
    char labels[LABELS_BYTES];

    prometheus_head(out, name, "counter", "Requests answered.");
    for (size_t r = 0; r < METRICS_ROUTES_MAX; r++) {
        const char *pattern = pattern_of(patterns, count, r);
        for (size_t i = 0; pattern != NULL && i < METHODS * STATUSES; i++) {
            uint64_t n = SUM_AT(m, requests, r * METHODS * STATUSES + i);
            if (n == 0)
                continue;
            snprintf(labels, sizeof(labels),
                     "route=\"%s\",method=\"%s\",status=\"%d\"", pattern,
                     http_method_name((enum http_method)(i / STATUSES)),
                     statuses[i % STATUSES]);
            prometheus_count(out, name, labels, n);
        }
    }
}

/** The histogram of one route; nothing when it was never asked for. */
static void
write_times(const struct metrics *m, const char *pattern, size_t route,
            struct buf *out)
{
    char labels[LABELS_BYTES];
    uint64_t count = 0;

    for (size_t b = 0; b <= BUCKETS; b++)
        count += SUM_AT(m, buckets, route * (BUCKETS + 1) + b);
    if (count == 0)
        return;
    count = 0;
    for (size_t b = 0; b <= BUCKETS; b++) {
        count += SUM_AT(m, buckets, route * (BUCKETS + 1) + b);
        if (b < BUCKETS)
            snprintf(labels, sizeof(labels), "route=\"%s\",le=\"%g\"", pattern,
                     (double)bounds_us[b] / 1e6);
        else
            snprintf(labels, sizeof(labels), "route=\"%s\",le=\"+Inf\"",
                     pattern);
        prometheus_count(out, "auctiond_request_seconds_bucket", labels, count);
    }
    snprintf(labels, sizeof(labels), "route=\"%s\"", pattern);
    prometheus_seconds(out, "auctiond_request_seconds_sum", labels,
                       (double)SUM_AT(m, took_us, route) / 1e6);
    prometheus_count(out, "auctiond_request_seconds_count", labels, count);
}

static void
write_bids(const struct metrics *m, struct buf *out)
{
    static const char name[] = "auctiond_bids_total";

    prometheus_head(out, name, "counter", "Bids answered, by result.");
    prometheus_count(out, name, "result=\"accepted\"",
                     SUM_AT(m, bids, BID_ACCEPTED));
    prometheus_count(out, name, "result=\"refused\"",
                     SUM_AT(m, bids, BID_REFUSED));
    prometheus_count(out, name, "result=\"replayed\"",
                     SUM_AT(m, bids, BID_REPLAYED));
}

void
metrics_write(struct metrics *m, const char *const *patterns, size_t count,
              struct buf *out)
{
    CHECK(count < METRICS_ROUTES_MAX);
    CHECK(pthread_mutex_lock(&m->lock) == 0);
    write_requests(m, patterns, count, out);
    prometheus_head(out, "auctiond_request_seconds", "histogram",
                    "Time from a whole request to its answer.");
    for (size_t r = 0; r < METRICS_ROUTES_MAX; r++)
        if (pattern_of(patterns, count, r) != NULL)
            write_times(m, pattern_of(patterns, count, r), r, out);
    write_bids(m, out);
    prometheus_head(out, "auctiond_events_lagged_total", "counter",
                    "Streams ended because their reader was too slow.");
    prometheus_count(out, "auctiond_events_lagged_total", NULL, SUM(m, lagged));
    prometheus_head(out, "auctiond_rate_limited_total", "counter",
                    "Commands refused for the rate of their account.");
    prometheus_count(out, "auctiond_rate_limited_total", NULL,
                     SUM(m, rate_limited));
    CHECK(pthread_mutex_unlock(&m->lock) == 0);
}
