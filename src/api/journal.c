/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the log is told of connections and readers: who came and went, who was
 * refused, what was denied, what an auditor has read.
 */
#include "api/internal.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

enum { ADDR_BYTES = 64, DENIED_BYTES = 200 };

/** "[::1]:4711" and "10.0.0.1:4711" without their ports. */
static void
without_port(char out[ADDR_BYTES], const char *peer)
{
    const char *colon = strrchr(peer, ':');
    size_t size = colon == NULL ? strlen(peer) : (size_t)(colon - peer);

    snprintf(out, ADDR_BYTES, "%.*s", (int)size, peer);
}

static void
opened(struct engine *engine, const struct carrier_event *event)
{
    struct record record;

    record_init(&record, RECORD_CONN_OPEN);
    RECORD_SET(&record, conn, (int64_t)event->conn);
    RECORD_SET_TEXT(&record, addr, event->peer);
    RECORD_SET_TEXT(&record, tls, event->tls);
    RECORD_SET_TEXT(&record, cipher, event->cipher);
    if (event->identity != NULL)
        RECORD_SET(&record, fp, event->identity->fp);
    RECORD_SET(&record, vis, RECORD_VIS_PARTY);
    (void)engine_record(engine, &record, NULL, 0);
}

static void
closed(struct engine *engine, const struct carrier_event *event)
{
    struct record record;

    record_init(&record, RECORD_CONN_CLOSE);
    RECORD_SET(&record, conn, (int64_t)event->conn);
    RECORD_SET_TEXT(&record, cause, event->cause);
    RECORD_SET(&record, requests, (int64_t)event->requests);
    (void)engine_record(engine, &record, NULL, 0);
}

void
api_conn_event(void *context, const struct carrier_event *event)
{
    struct engine *engine = ((struct api *)context)->options.engine;
    char addr[ADDR_BYTES];

    switch (event->kind) {
    case CARRIER_OPENED:
        opened(engine, event);
        break;
    case CARRIER_CLOSED:
        closed(engine, event);
        break;
    case CARRIER_REFUSED:
        without_port(addr, event->peer);
        engine_count_refused(engine, addr, event->cause);
        break;
    }
}

void
journal_denied(const struct call *call, const char *cause)
{
    const struct identity *who = exchange_identity(call->exchange);
    struct record_actor actor = {
        .kind = RECORD_ACTOR_USER, .has_fp = true, .fp = who->fp};
    struct record record;
    char cmd[DENIED_BYTES];

    snprintf(cmd, sizeof(cmd), "%s %s", http_method_name(call->request->method),
             call->instance);
    record_init(&record, RECORD_ACCESS_DENIED);
    RECORD_SET(&record, actor, actor);
    RECORD_SET_TEXT(&record, cmd, cmd);
    RECORD_SET_TEXT(&record, cause, cause);
    RECORD_SET(&record, vis, RECORD_VIS_PARTY);
    (void)engine_record(call->api->options.engine, &record, NULL, 0);
}

bool
journal_reading(struct api *api, const char *by, const char *filter,
                uint64_t count, void (*done)(void *context, enum err err),
                void *context)
{
    struct record record;

    record_init(&record, RECORD_LOG_READ);
    RECORD_SET_TEXT(&record, by, by);
    RECORD_SET_TEXT(&record, filter, filter);
    RECORD_SET(&record, count, (int64_t)count);
    return engine_record_and_tell(api->options.engine, &record, done, context);
}
