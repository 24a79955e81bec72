/* SPDX-License-Identifier: Apache-2.0 */
/**
 * api: the HTTP resources of docs/protocol.md over the engine.
 *
 * Requests come from a carrier (http/exchange.h) on a worker's thread.
 * Present state is answered from published views at once; commands go
 * through the engine, long reads to the keeper, and both come home as mail
 * to the same worker. Nothing here waits.
 *
 * Thread  api_create and api_destroy by main; the rest by workers.
 */
#ifndef API_API_H
#define API_API_H

#include "api/admin.h"
#include "engine/engine.h"
#include "http/exchange.h"

struct api;

/** Borrowed for the life of the api. */
struct api_options {
    struct engine *engine;
    const char *origin; /* of the log */
    const char *realm;
    const char *log_cert_pem; /* certificate of the log's key */
    const char *const *names; /* Host names, ended by NULL */
    struct random_port random;
    struct admin_port admin;
    unsigned requests_per_second; /* commands of one account */
    unsigned burst;
};

MUST_CHECK enum err
api_create(struct api **out, const struct api_options *options);
void api_destroy(struct api **api);

/** Other rates of commands, from now on. Thread: any. */
void api_set_rate(struct api *api, unsigned per_second, unsigned burst);

/** From now on commands are refused and readyz says 503. */
void api_drain(struct api *api);

/* The carrier's calls; `api` is a struct api. */
void *api_worker_begin(void *api, struct worker *worker);
void api_worker_end(void *api, void *worker_context);
void api_request(void *api, struct exchange *exchange);
void api_mail(void *api, struct worker *worker, struct mail *mail);
void api_poke(void *api, struct worker *worker);
void
api_stream_closed(void *api, struct exchange *exchange, const char *reason);
/** Connections that come, go and are refused are recorded in the log. */
void api_conn_event(void *api, const struct carrier_event *event);

#endif
