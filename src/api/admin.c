/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resources of the administrator: reload, and what the process is doing.
 */
#include "api/internal.h"

#include "api/prometheus.h"
#include "base/container.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/** A reload that comes home as a letter. */
struct reload_letter {
    struct letter letter;
    struct admin_reload reload;
    struct call call;
    struct worker *worker;
};

bool
call_is_admin(struct call *call)
{
    if (exchange_identity(call->exchange)->role == ROLE_ADMIN)
        return true;
    journal_denied(call, "role");
    call_problem(call, 403, "role-required", "This is for administrators",
                 "Use a certificate with the role admin.", NULL);
    return false;
}

/* ------------------------------------------------------------------- reload */

static void
free_reload(struct reload_letter *l)
{
    free(l->reload.crl);
    free(l);
}

static void
deliver_reload(struct letter *letter)
{
    struct reload_letter *l = (struct reload_letter *)letter;
    struct buf body;
    struct reply j;

    if (l->reload.err != ERR_OK) {
        call_problem(&l->call, 422, "reload-refused",
                     "The old certificates and settings stay", l->reload.detail,
                     NULL);
        free_reload(l);
        return;
    }
    buf_init(&body, REPLY_BYTES_MAX);
    reply_begin(&j, &body);
    reply_int(&j, "generation", (int64_t)l->reload.generation);
    reply_int(&j, "closed", (int64_t)l->reload.closed);
    reply_end(&j);
    call_reply(&l->call, 200, "application/json", &body, NULL);
    buf_release(&body);
    free_reload(l);
}

/** On main's thread: send it home. */
static void
reload_done(struct admin_reload *reload)
{
    struct reload_letter *l =
        CONTAINER_OF(reload, struct reload_letter, reload);

    worker_post(l->worker, &l->letter.mail);
}

/** The member `crl`, if it is there; false after a problem. */
static bool
read_crl(struct call *call, json_t *object, const char **crl_out)
{
    json_t *value = json_object_get(object, "crl");

    *crl_out = NULL;
    if (json_object_size(object) > (value == NULL ? 0U : 1U)) {
        call_problem(call, 422, "unknown-member",
                     "The body has a member that this command does not have",
                     "See docs/protocol.md for the members.", NULL);
        return false;
    }
    if (value == NULL)
        return true;
    if (!json_is_string(value) || json_string_length(value) == 0) {
        call_problem(call, 422, "invalid-field",
                     "The revocation list cannot be read",
                     "crl is a text in PEM", "/crl");
        return false;
    }
    *crl_out = json_string_value(value);
    return true;
}

static struct reload_letter *
make_reload(struct call *call, const char *crl)
{
    const struct identity *identity = exchange_identity(call->exchange);
    struct reload_letter *l = calloc(1, sizeof(*l));

    if (l == NULL)
        return NULL;
    l->letter.deliver = deliver_reload;
    l->reload.done = reload_done;
    memcpy(l->reload.by, identity->name, sizeof(l->reload.by));
    l->call = *call;
    l->call.request = NULL;
    l->worker = exchange_worker(call->exchange);
    if (crl != NULL && (l->reload.crl = strdup(crl)) == NULL) {
        free(l);
        return NULL;
    }
    return l;
}

void
handle_reload(struct call *call)
{
    const struct admin_port *admin = &call->api->options.admin;
    struct reload_letter *l;
    const char *crl;
    json_t *object;

    if (!call_is_admin(call) || (object = call_body(call)) == NULL)
        return;
    if (read_crl(call, object, &crl)) {
        l = make_reload(call, crl);
        if (l == NULL) {
            call_no_memory(call);
        } else if (!admin->reload(admin->context, &l->reload)) {
            free_reload(l);
            call_unavailable(call, "overloaded", "other reloads are waiting");
        }
    }
    json_decref(object);
}

/* ------------------------------------------------------------------- status */

static void
write_engine(struct reply *j, struct engine *engine)
{
    struct engine_counts counts = engine_counts(engine);

    reply_open(j, "engine");
    reply_int(j, "records", (int64_t)counts.log_size);
    reply_int(j, "accepted", (int64_t)counts.accepted);
    reply_int(j, "refused", (int64_t)counts.refused);
    reply_int(j, "replayed", (int64_t)counts.replayed);
    reply_int(j, "batches", (int64_t)counts.batches);
    reply_int(j, "queued", (int64_t)counts.queued);
    reply_int(j, "last_flush_us", counts.last_flush_us);
    reply_int(j, "beat_age_ms", engine_beat_age_ms(engine));
    reply_close(j);
}

void
handle_status(struct call *call)
{
    const struct admin_port *admin = &call->api->options.admin;
    struct engine *engine = call->api->options.engine;
    struct buf body;
    struct reply j;

    if (!call_is_admin(call))
        return;
    buf_init(&body, REPLY_BYTES_MAX);
    reply_begin(&j, &body);
    reply_text(&j, "version", AUCTIOND_VERSION);
    reply_instant(&j, "server_time", engine_now(engine));
    reply_flag(&j, "draining", call->api->is_draining);
    write_engine(&j, engine);
    admin->write_status(admin->context, &j);
    reply_end(&j);
    call_reply(call, 200, "application/json", &body, NULL);
    buf_release(&body);
}

/* ------------------------------------------------------------------ metrics */

static void
write_engine_metrics(struct engine *engine, struct buf *out)
{
    struct engine_counts counts = engine_counts(engine);

    prometheus_head(out, "auctiond_build_info", "gauge", "Always 1.");
    prometheus_count(out, "auctiond_build_info",
                     "version=\"" AUCTIOND_VERSION "\"", 1);
    prometheus_head(out, "auctiond_records", "gauge",
                    "Records of the audit log.");
    prometheus_count(out, "auctiond_records", NULL, counts.log_size);
    prometheus_head(out, "auctiond_commands_total", "counter",
                    "Commands decided since the start.");
    prometheus_count(out, "auctiond_commands_total", "result=\"accepted\"",
                     counts.accepted);
    prometheus_count(out, "auctiond_commands_total", "result=\"refused\"",
                     counts.refused);
    prometheus_count(out, "auctiond_commands_total", "result=\"replayed\"",
                     counts.replayed);
    prometheus_head(out, "auctiond_commit_seconds", "summary",
                    "Batches made durable, and the time it took.");
    prometheus_seconds(out, "auctiond_commit_seconds_sum", NULL,
                       (double)counts.flush_us_total / 1e6);
    prometheus_count(out, "auctiond_commit_seconds_count", NULL,
                     counts.batches);
    prometheus_head(out, "auctiond_queue_depth", "gauge",
                    "Commands waiting for the engine.");
    prometheus_count(out, "auctiond_queue_depth", NULL, counts.queued);
    prometheus_head(out, "auctiond_engine_beat_age_seconds", "gauge",
                    "Since the engine last looked at its queue.");
    prometheus_seconds(out, "auctiond_engine_beat_age_seconds", NULL,
                       (double)engine_beat_age_ms(engine) / 1e3);
    prometheus_head(out, "auctiond_store_failed", "gauge",
                    "1 once a write or sync has failed.");
    prometheus_count(out, "auctiond_store_failed", NULL,
                     engine_failed(engine) ? 1 : 0);
    prometheus_head(out, "auctiond_auctions", "gauge",
                    "Auctions that were ever created.");
    prometheus_count(out, "auctiond_auctions", NULL,
                     views_last(engine_views(engine)));
}

void
handle_metrics(struct call *call)
{
    const struct admin_port *admin = &call->api->options.admin;
    enum role role = exchange_identity(call->exchange)->role;
    const char *patterns[METRICS_ROUTES_MAX];
    struct buf body;
    size_t count;

    if (role != ROLE_MONITOR && role != ROLE_ADMIN) {
        call_problem(call, 403, "role-required",
                     "The metrics are for monitors and administrators",
                     "Use a certificate with the role monitor.", NULL);
        return;
    }
    count = call_patterns(patterns);
    buf_init(&body, REPLY_BYTES_MAX);
    write_engine_metrics(call->api->options.engine, &body);
    metrics_write(call->api->metrics, patterns, count, &body);
    admin->write_metrics(admin->context, &body);
    call_reply(call, 200, "text/plain; version=0.0.4; charset=utf-8", &body,
               NULL);
    buf_release(&body);
}
