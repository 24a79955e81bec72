/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"

#include "api/internal.h"

#include "base/log.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { PARAMETERS_MAX = 8, CERTIFICATE_WARN_MS = 86400000 };

/* ------------------------------------------------------------------- routes */

/*
 * {id} stands for a decimal number, {cmd} for a verb, {rest} for all that
 * follows. A route lists the query
 * parameters it knows: a mistyped one is refused, never a default.
 */
static const struct route {
    enum http_method method;
    const char *pattern;
    void (*handle)(struct call *call);
    const char *parameters; /* separated and ended by blanks */
} routes[] = {
    {HTTP_METHOD_GET, "/v1", handle_root, ""},
    {HTTP_METHOD_GET, "/v1/me", handle_me, ""},
    {HTTP_METHOD_GET, "/v1/auctions", handle_auctions,
     "status seller sort limit cursor "},
    {HTTP_METHOD_POST, "/v1/auctions", handle_create, ""},
    {HTTP_METHOD_GET, "/v1/auctions/{id}", handle_auction, ""},
    {HTTP_METHOD_GET, "/v1/auctions/{id}/terms", handle_terms, ""},
    {HTTP_METHOD_GET, "/v1/auctions/{id}/bids", handle_bids, "limit cursor "},
    {HTTP_METHOD_GET, "/v1/auctions/{id}/explain", handle_explain, ""},
    {HTTP_METHOD_POST, "/v1/auctions/{id}/{cmd}", NULL, ""},
    {HTTP_METHOD_GET, "/v1/bids/{id}", handle_bid, ""},
    {HTTP_METHOD_GET, "/v1/log/checkpoint", handle_checkpoint,
     "size cosigned "},
    {HTTP_METHOD_GET, "/v1/log/certificate", handle_certificate, ""},
    {HTTP_METHOD_GET, "/v1/log/proof", handle_proof, "seq size "},
    {HTTP_METHOD_GET, "/v1/log/consistency", handle_consistency, "from to "},
    {HTTP_METHOD_GET, "/v1/log/tile/{rest}", handle_tile, ""},
    {HTTP_METHOD_GET, "/v1/log/entries", handle_entries, "from limit "},
    {HTTP_METHOD_GET, "/v1/log/blob/{rest}", handle_blob, ""},
    {HTTP_METHOD_POST, "/v1/log/cosignature", handle_cosignature, ""},
    {HTTP_METHOD_POST, "/v1/admin/accounts/{name}/suspend", handle_suspend, ""},
    {HTTP_METHOD_POST, "/v1/admin/accounts/{name}/restore", handle_restore, ""},
    {HTTP_METHOD_POST, "/v1/admin/accounts/{name}/credit", handle_credit, ""},
    {HTTP_METHOD_POST, "/v1/admin/reload", handle_reload, ""},
    {HTTP_METHOD_GET, "/v1/admin/status", handle_status, ""},
    {HTTP_METHOD_GET, "/v1/admin/connections", handle_connections,
     "account limit after "},
    {HTTP_METHOD_DELETE, "/v1/admin/connections/{id}", handle_connection_end,
     ""},
    {HTTP_METHOD_GET, "/metrics", handle_metrics, ""},
    {HTTP_METHOD_GET, "/v1/events", handle_events, "auction type after "},
};

enum { ROUTES = sizeof(routes) / sizeof(routes[0]) };

size_t
call_patterns(const char *patterns_out[METRICS_ROUTES_MAX])
{
    static_assert((int)ROUTES < (int)METRICS_ROUTES_MAX,
                  "room for every route");
    for (size_t i = 0; i < ROUTES; i++)
        patterns_out[i] = routes[i].pattern;
    return ROUTES;
}

/** What a path matched. */
struct match {
    uint64_t id;
    const char *rest;
    enum command_kind cmd;
    char name[IDENTITY_NAME_BYTES];
};

/** The part of a path or pattern up to the next slash. */
static size_t
segment(const char *text)
{
    return strcspn(text, "/");
}

static bool
segment_matches(const char *pattern, size_t pattern_size, const char *path,
                size_t size, struct match *out)
{
    if (pattern_size == 4 && memcmp(pattern, "{id}", 4) == 0)
        return text_u64(&out->id, path, size) && out->id > 0 &&
               out->id <= (uint64_t)RECORD_INT_MAX; /* it is recorded */
    if (pattern_size == 5 && memcmp(pattern, "{cmd}", 5) == 0)
        return command_parse(&out->cmd, path, size) &&
               submission_is_on_auction(out->cmd) && out->cmd != COMMAND_EDIT;
    if (pattern_size == 6 && memcmp(pattern, "{name}", 6) == 0) {
        if (size == 0 || size >= sizeof(out->name))
            return false;
        memcpy(out->name, path, size);
        out->name[size] = '\0';
        return true;
    }
    return pattern_size == size && memcmp(pattern, path, size) == 0;
}

static bool
path_matches(const char *pattern, const char *path, struct match *out)
{
    for (;;) {
        size_t pattern_size = segment(pattern), size = segment(path);

        if (strcmp(pattern, "{rest}") == 0) {
            out->rest = path;
            return true;
        }
        if (!segment_matches(pattern, pattern_size, path, size, out))
            return false;
        pattern += pattern_size;
        path += size;
        if (*pattern == '\0' || *path == '\0')
            return *pattern == *path;
        pattern++;
        path++;
    }
}

static bool
parameters_are_known(struct call *call, const struct route *route)
{
    const struct http_request *r = call->request;
    char word[64];

    for (size_t i = 0; i < r->parameter_count; i++) {
        const char *name = r->parameters[i].name;
        int size = snprintf(word, sizeof(word), "%s ", name);
        if (size > 0 && size < (int)sizeof(word) && name[0] != '\0' &&
            strchr(name, ' ') == NULL &&
            strstr(route->parameters, word) != NULL)
            continue;
        call_problem(call, 400, "unknown-parameter",
                     "A query parameter is unknown",
                     "See docs/protocol.md for the parameters of this "
                     "resource.",
                     NULL);
        return false;
    }
    return true;
}

static void reply_problem(struct call *call, const struct problem *problem,
                          const char *const *headers);

/** Commands of one account come at its rate, whatever their fate. */
static bool
is_in_rate(struct call *call)
{
    char retry[16], limit[64], policy[64];
    const char *const headers[] = {
        "Retry-After",      retry,  "RateLimit", limit,
        "RateLimit-Policy", policy, NULL};
    struct problem problem = {429, "rate-limited",
                              "Too many commands of this account",
                              "Nothing was tried: repeat later.", NULL};
    unsigned wait = 0, per_second, burst;

    if (rate_take(call->api->rate, exchange_identity(call->exchange)->name,
                  call->began_us, &wait))
        return true;
    rate_get(call->api->rate, &per_second, &burst);
    snprintf(retry, sizeof(retry), "%u", wait);
    snprintf(limit, sizeof(limit), "\"commands\";r=0;t=%u", wait);
    snprintf(policy, sizeof(policy), "\"commands\";q=%u;w=%u", burst,
             (burst + per_second - 1) / per_second);
    shard_rate_limited(worker_shard(exchange_worker(call->exchange)));
    reply_problem(call, &problem, headers);
    return false;
}

static void
answer_options(struct call *call, const char *allow)
{
    const char *headers[] = {"Allow", allow, NULL};

    call_reply(call, 204, NULL, NULL, headers);
}

static void
no_method(struct call *call, const char *allow)
{
    const char *const headers[] = {"Allow", allow, NULL};
    struct problem problem = {405, "method-not-allowed",
                              "This resource does not take that method",
                              "See the Allow header.", NULL};

    reply_problem(call, &problem, headers);
}

static void
route(struct call *call)
{
    enum http_method method = call->request->method;
    char allow[64] = "";

    if (method == HTTP_METHOD_HEAD)
        method = HTTP_METHOD_GET;
    for (size_t i = 0; i < ROUTES; i++) {
        struct match match = {.cmd = COMMAND_COUNT};
        if (!path_matches(routes[i].pattern, call->request->path, &match))
            continue;
        if (routes[i].method != method) {
            size_t used = strlen(allow);
            snprintf(allow + used, sizeof(allow) - used, "%s%s",
                     used == 0 ? "" : ", ",
                     routes[i].method == HTTP_METHOD_GET
                         ? "GET, HEAD"
                         : http_method_name(routes[i].method));
            continue;
        }
        call->id = match.id;
        call->rest = match.rest;
        memcpy(call->name, match.name, sizeof(call->name));
        call->route = (unsigned)i;
        if (!parameters_are_known(call, &routes[i]) ||
            (method == HTTP_METHOD_POST && !is_in_rate(call)))
            return;
        if (routes[i].handle != NULL)
            routes[i].handle(call);
        else
            handle_command(call, match.cmd);
        return;
    }
    if (allow[0] == '\0')
        call_problem(call, 404, "not-found", "There is no such resource",
                     "Start at /v1.", NULL);
    else if (method == HTTP_METHOD_OPTIONS)
        answer_options(call, allow);
    else
        no_method(call, allow);
}

/* ------------------------------------------------------------------ replies */

static int64_t
monotonic_us(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
call_respond(struct call *call, const struct http_response *response)
{
    shard_request(worker_shard(exchange_worker(call->exchange)), call->route,
                  call->method, response->status,
                  monotonic_us() - call->began_us);
    exchange_respond(call->exchange, response);
}

/** In its last day a certificate is told of in every answer. */
static bool
ends_soon(const struct call *call, char text[INSTANT_TEXT_BYTES])
{
    const struct identity *identity = exchange_identity(call->exchange);
    struct instant now = engine_now(call->api->options.engine);

    if (identity->not_after.ms - now.ms >= CERTIFICATE_WARN_MS)
        return false;
    instant_format(text, identity->not_after);
    return true;
}

void
call_reply(struct call *call, int status, const char *type,
           const struct buf *body, const char *const *headers)
{
    char ends[INSTANT_TEXT_BYTES];
    const char *all[24];
    size_t count = 0;

    all[count++] = "Request-Id";
    all[count++] = call->request_id;
    if (ends_soon(call, ends)) {
        all[count++] = "Certificate-Not-After";
        all[count++] = ends;
    }
    for (; headers != NULL && *headers != NULL; headers += 2) {
        CHECK(count + 4 < sizeof(all) / sizeof(all[0]));
        all[count++] = headers[0];
        all[count++] = headers[1];
    }
    all[count] = NULL;
    if (body != NULL && !buf_is_ok(body)) {
        call_no_memory(call);
        return;
    }
    call_respond(call, &(struct http_response){
                           .status = status,
                           .content_type = type,
                           .headers = all,
                           .body = body == NULL ? "" : body->bytes,
                           .body_size = body == NULL ? 0 : body->size,
                       });
}

static void
reply_problem(struct call *call, const struct problem *problem,
              const char *const *headers)
{
    struct buf body;

    buf_init(&body, REPLY_BYTES_MAX);
    render_problem(&body, problem, call->instance, call->request_id);
    call_reply(call, problem->status, "application/problem+json", &body,
               headers);
    buf_release(&body);
}

void
call_problem(struct call *call, int status, const char *code, const char *title,
             const char *detail, const char *pointer)
{
    struct problem problem = {status, code, title, detail, pointer};

    reply_problem(call, &problem, NULL);
}

void
call_unavailable(struct call *call, const char *code, const char *detail)
{
    static const char *const headers[] = {"Retry-After", "1", NULL};
    struct problem problem = {503, code, "Not now: try again", detail, NULL};

    reply_problem(call, &problem, headers);
}

void
call_no_memory(struct call *call)
{
    static const char body[] =
        "{\"type\":\"/problems/overloaded\",\"title\":\"Out of memory\","
        "\"status\":503,\"code\":\"overloaded\"}\n";

    call_respond(call, &(struct http_response){503, "application/problem+json",
                                               NULL, body, sizeof(body) - 1});
}

struct viewer
call_viewer(const struct call *call)
{
    const struct identity *identity = exchange_identity(call->exchange);
    struct account_view account = {0};

    if (!views_get_account(engine_views(call->api->options.engine),
                           identity->name, &account))
        account.uid = 0;
    return (struct viewer){identity->name, account.uid, identity->role};
}

bool
call_is_suspended(const struct call *call)
{
    struct account_view account;

    return views_get_account(engine_views(call->api->options.engine),
                             exchange_identity(call->exchange)->name,
                             &account) &&
           account.blocked;
}

bool
call_number(struct call *call, const char *name, uint64_t fallback,
            uint64_t max, uint64_t *out)
{
    const char *text = http_request_parameter(call->request, name);

    *out = fallback;
    if (text == NULL ||
        (text_u64(out, text, strlen(text)) && *out <= max && *out > 0))
        return true;
    call_problem(call, 400, "unknown-parameter",
                 "A query parameter is not a number in its range", name, NULL);
    return false;
}

/* ----------------------------------------------------------------- dispatch */

static bool
is_request_id(const char *text)
{
    size_t size = strlen(text);

    return size >= 1 && size < REQUEST_ID_BYTES &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                        "0123456789._-") == size;
}

static void
make_request_id(struct call *call)
{
    const char *given = http_request_field(call->request, "request-id");
    struct random_port *random = &call->api->options.random;
    uint8_t bytes[8] = {0};

    if (given != NULL && is_request_id(given)) {
        memcpy(call->request_id, given, strlen(given) + 1);
        return;
    }
    /* A name for the log; if randomness fails it is only less unique. */
    if (!random->fill(random->context, bytes, sizeof(bytes)))
        log_warn("no random bytes for a request's id");
    text_hex(call->request_id, bytes, sizeof(bytes));
}

/** Whether `text` is one of our names, with or without a port. */
static bool
is_our_name(const struct api *api, const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t size = colon != NULL && strchr(colon, ']') == NULL
                      ? (size_t)(colon - text)
                      : strlen(text);

    if (size >= 2 && text[0] == '[' && text[size - 1] == ']') {
        text++;
        size -= 2;
    }
    for (size_t i = 0; api->options.names[i] != NULL; i++)
        if (strlen(api->options.names[i]) == size &&
            strncasecmp(api->options.names[i], text, size) == 0)
            return true;
    return false;
}

/** A browser sends its certificate on its own: only our pages may act. */
static bool
is_our_origin(const struct call *call)
{
    const char *origin = http_request_field(call->request, "origin");

    if (origin == NULL)
        return true;
    return strncmp(origin, "https://", 8) == 0 &&
           is_our_name(call->api, origin + 8);
}

/** Health is told to everybody who has a certificate. */
static bool
answer_health(struct call *call)
{
    struct engine *engine = call->api->options.engine;
    bool is_live = strcmp(call->request->path, "/healthz") == 0;
    bool is_ready = strcmp(call->request->path, "/readyz") == 0;
    struct buf body;

    if (!is_live && !is_ready)
        return false;
    if (engine_failed(engine)) {
        call_unavailable(call, "storage-unavailable",
                         "the store has failed; the process is ending");
        return true;
    }
    if (engine_beat_age_ms(engine) > 2000) {
        call_unavailable(call, "overloaded", "the engine does not answer");
        return true;
    }
    if (is_ready && call->api->is_draining) {
        call_unavailable(call, "draining", "the server is stopping");
        return true;
    }
    buf_init(&body, 16);
    buf_add_text(&body, "ok\n");
    call_reply(call, 200, "text/plain", &body, NULL);
    buf_release(&body);
    return true;
}

static void
dispatch(struct call *call)
{
    if (!is_our_name(call->api, http_request_field(call->request, "host"))) {
        call_problem(call, 421, "wrong-host",
                     "This server does not go by that name",
                     "Use a name from the server's certificate.", NULL);
        return;
    }
    if (!is_our_origin(call)) {
        call_problem(call, 403, "foreign-origin",
                     "Another site may not act here",
                     "The Origin is not this server's own.", NULL);
        return;
    }
    if (answer_health(call))
        return;
    if (exchange_identity(call->exchange)->role == ROLE_MONITOR &&
        strcmp(call->request->path, "/metrics") != 0) {
        journal_denied(call, "role");
        call_problem(call, 403, "role-required",
                     "The role monitor sees health and metrics only",
                     "Use a certificate with another role.", NULL);
        return;
    }
    if (call_is_suspended(call)) {
        call_problem(call, 403, "suspended", "This account is suspended",
                     "Its bids stand; ask the administrator.", NULL);
        return;
    }
    route(call);
}

void
api_request(void *context, struct exchange *exchange)
{
    struct call call = {.api = context,
                        .exchange = exchange,
                        .request = exchange_request(exchange),
                        .route = METRICS_ROUTES_MAX - 1,
                        .began_us = monotonic_us()};

    call.method = call.request->method;
    make_request_id(&call);
    snprintf(call.instance, sizeof(call.instance), "%s", call.request->path);
    dispatch(&call);
}

void
api_mail(void *context, struct worker *worker, struct mail *mail)
{
    struct letter *letter = (struct letter *)mail;

    (void)context, (void)worker;
    letter->deliver(letter);
}

/* --------------------------------------------------------------- life cycle */

enum err
api_create(struct api **out, const struct api_options *options)
{
    struct api *api = calloc(1, sizeof(*api));
    enum err err = ERR_OK;
    uint64_t key = 0;

    if (api == NULL)
        return err_set(ERR_NOMEM, "no memory for the api");
    api->options = *options;
    if (!options->random.fill(options->random.context, &key, sizeof(key)))
        err = err_set(ERR_SYSTEM, "no random bytes");
    if (err == ERR_OK)
        err = rate_create(&api->rate, key);
    if (err == ERR_OK)
        err = metrics_create(&api->metrics);
    if (err != ERR_OK) {
        api_destroy(&api);
        return err;
    }
    api_set_rate(api, options->requests_per_second, options->burst);
    *out = api;
    return ERR_OK;
}

void
api_destroy(struct api **out)
{
    struct api *api = *out;

    if (api == NULL)
        return;
    rate_destroy(&api->rate);
    metrics_destroy(&api->metrics);
    free(api);
    *out = NULL;
}

void
api_set_rate(struct api *api, unsigned per_second, unsigned burst)
{
    rate_set(api->rate, per_second, burst);
}

void
api_drain(struct api *api)
{
    api->is_draining = true;
}
