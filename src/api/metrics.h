/* SPDX-License-Identifier: Apache-2.0 */
/**
 * metrics: what the api counts, and GET /metrics.
 *
 * Each worker counts into a shard of its own; they are summed when somebody
 * asks. Every label comes from a fixed set: the routes of the table, methods,
 * statuses.
 *
 * Thread  a shard is written by its worker and read by any (atomics);
 *         metrics_add_shard by workers before their first connection.
 */
#ifndef API_METRICS_H
#define API_METRICS_H

#include "base/buf.h"
#include "base/err.h"
#include "http/request.h"

#include <stdint.h>

enum { METRICS_ROUTES_MAX = 64, METRICS_SHARDS_MAX = 256 };

struct metrics;
struct shard;

/** What became of a bid. */
enum bid_result { BID_ACCEPTED, BID_REFUSED, BID_REPLAYED, BID_RESULT_COUNT };

MUST_CHECK enum err metrics_create(struct metrics **out);
void metrics_destroy(struct metrics **metrics);

/** A worker's own shard, kept until metrics_destroy; NULL without memory. */
struct shard *metrics_add_shard(struct metrics *metrics);

/** A request has been answered; route METRICS_ROUTES_MAX - 1: none of ours. */
void shard_request(struct shard *shard, unsigned route, enum http_method method,
                   int status, int64_t took_us);
void shard_bid(struct shard *shard, enum bid_result result);
void shard_lagged(struct shard *shard);
void shard_rate_limited(struct shard *shard);

/** All of it as text; `patterns` of the routes, `count` of them. */
void metrics_write(struct metrics *metrics, const char *const *patterns,
                   size_t count, struct buf *out);

#endif
