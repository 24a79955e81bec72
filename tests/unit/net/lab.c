/* SPDX-License-Identifier: Apache-2.0 */
#include "lab.h"

#include "base/container.h"
#include "base/log.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/** What the test wants done on a worker's thread. */
struct errand {
    struct mail mail;
    enum { ANSWER, BEGIN_STREAM, WRITE, END } kind;
    struct exchange *exchange;
    size_t bytes;
};

/* ----------------------------------------------------------------- the lock */

static void
lock(struct lab *lab)
{
    CHECK(pthread_mutex_lock(&lab->lock) == 0);
}

static void
unlock(struct lab *lab)
{
    CHECK(pthread_cond_broadcast(&lab->changed) == 0);
    CHECK(pthread_mutex_unlock(&lab->lock) == 0);
}

/** One step of waiting, with the lock held. */
static void
wait_change(struct lab *lab)
{
    struct timespec until;

    CHECK(clock_gettime(CLOCK_REALTIME, &until) == 0);
    until.tv_sec += LAB_WAIT_MS / 1000;
    CHECK(pthread_cond_timedwait(&lab->changed, &lab->lock, &until) == 0);
}

#define WAIT_WHILE(lab, condition)                                             \
    do {                                                                       \
        lock(lab);                                                             \
        while (condition)                                                      \
            wait_change(lab);                                                  \
        unlock(lab);                                                           \
    } while (0)

void
lab_wait_held(struct lab *lab, size_t count)
{
    WAIT_WHILE(lab, lab->held_count < count);
}

void
lab_wait_stream(struct lab *lab)
{
    WAIT_WHILE(lab, lab->stream == NULL);
}

void
lab_wait_answers(struct lab *lab, unsigned count)
{
    WAIT_WHILE(lab, lab->answers < count);
}

void
lab_wait_writes(struct lab *lab, unsigned count)
{
    WAIT_WHILE(lab, lab->writes_taken + lab->writes_refused < count);
}

void
lab_wait_streams_closed(struct lab *lab, unsigned count)
{
    WAIT_WHILE(lab, lab->streams_closed < count);
}

void
lab_yield(void)
{
    poll(NULL, 0, 1);
}

/* -------------------------------------------------------------- the handler */

static void
answer(struct lab *lab, struct exchange *exchange, const char *body,
       size_t size)
{
    exchange_respond(exchange, &(struct http_response){
                                   .status = 200,
                                   .content_type = "text/plain",
                                   .body = body,
                                   .body_size = size,
                               });
    lock(lab);
    lab->answers++;
    unlock(lab);
}

static void
answer_big(struct lab *lab, struct exchange *exchange)
{
    const char *bytes =
        http_request_parameter(exchange_request(exchange), "bytes");
    size_t size = bytes == NULL ? 0 : strtoul(bytes, NULL, 10);
    char *body = malloc(size + 1);

    CHECK(body != NULL);
    memset(body, 'x', size);
    answer(lab, exchange, body, size);
    free(body);
}

static void
hold(struct lab *lab, struct exchange *exchange)
{
    lock(lab);
    CHECK(lab->held_count < HELD_MAX);
    lab->held_by[lab->held_count] = exchange_worker(exchange);
    lab->held[lab->held_count++] = exchange;
    unlock(lab);
}

static void
begin_stream(struct lab *lab, struct exchange *exchange)
{
    exchange_set_context(exchange, lab);
    exchange_stream_begin(
        exchange,
        &(struct http_response){.status = 200, .content_type = "text/plain"});
    lock(lab);
    lab->stream = exchange;
    lab->stream_by = exchange_worker(exchange);
    unlock(lab);
}

static void
on_request(void *context, struct exchange *exchange)
{
    struct lab *lab = context;
    const struct http_request *request = exchange_request(exchange);

    lock(lab);
    lab->requests++;
    unlock(lab);
    if (strcmp(request->path, "/hold") == 0)
        hold(lab, exchange);
    else if (strcmp(request->path, "/stream") == 0)
        begin_stream(lab, exchange);
    else if (strcmp(request->path, "/big") == 0)
        answer_big(lab, exchange);
    else if (request->has_body)
        answer(lab, exchange, request->body, request->body_size);
    else
        answer(lab, exchange, request->path, strlen(request->path));
}

static void
forget_stream(struct lab *lab)
{
    lock(lab);
    lab->stream = NULL;
    lab->stream_by = NULL;
    unlock(lab);
}

static void
write_stream(struct lab *lab, size_t size)
{
    char *bytes = malloc(size);
    bool is_taken;

    CHECK(bytes != NULL);
    if (lab->stream == NULL) { /* it has closed while the errand came */
        free(bytes);
        return;
    }
    memset(bytes, 's', size);
    is_taken = exchange_stream_write(lab->stream, bytes, size);
    if (!is_taken) {
        exchange_stream_farewell(lab->stream, "lagging", 7);
        forget_stream(lab);
    }
    lock(lab);
    lab->writes_taken += is_taken;
    lab->writes_refused += !is_taken;
    unlock(lab);
    free(bytes);
}

static void
on_mail(void *context, struct worker *worker, struct mail *mail)
{
    struct lab *lab = context;
    struct errand *errand = CONTAINER_OF(mail, struct errand, mail);
    const char *n;

    (void)worker;
    switch (errand->kind) {
    case ANSWER:
        n = http_request_parameter(exchange_request(errand->exchange), "n");
        answer(lab, errand->exchange, n, strlen(n));
        break;
    case BEGIN_STREAM:
        begin_stream(lab, errand->exchange);
        break;
    case WRITE:
        write_stream(lab, errand->bytes);
        break;
    case END:
        if (lab->stream != NULL)
            exchange_stream_end(lab->stream);
        forget_stream(lab);
        break;
    }
    free(errand);
}

static void
on_stream_closed(void *context, struct exchange *exchange, const char *reason)
{
    struct lab *lab = context;

    if (reason != NULL)
        (void)!exchange_stream_write(exchange, reason, strlen(reason));

    CHECK(exchange_context(exchange) == lab);
    lock(lab);
    if (lab->stream == exchange)
        lab->stream = NULL;
    lab->streams_closed++;
    unlock(lab);
}

static void
on_poke(void *context, struct worker *worker)
{
    struct lab *lab = context;

    (void)worker;
    lock(lab);
    lab->pokes++;
    unlock(lab);
}

static void *
on_begin(void *context, struct worker *worker)
{
    (void)worker;
    return context;
}

/* ------------------------------------------------------------------ errands */

static void
post(struct worker *worker, struct errand errand)
{
    struct errand *letter = malloc(sizeof(*letter));

    CHECK(letter != NULL && worker != NULL);
    *letter = errand;
    worker_post(worker, &letter->mail);
}

void
lab_release(struct lab *lab, size_t i)
{
    lock(lab);
    CHECK(i < lab->held_count);
    post(lab->held_by[i],
         (struct errand){.kind = ANSWER, .exchange = lab->held[i]});
    unlock(lab);
}

void
lab_release_as_stream(struct lab *lab, size_t i)
{
    lock(lab);
    CHECK(i < lab->held_count);
    post(lab->held_by[i],
         (struct errand){.kind = BEGIN_STREAM, .exchange = lab->held[i]});
    unlock(lab);
}

void
lab_stream_write(struct lab *lab, size_t bytes)
{
    lock(lab);
    if (lab->stream_by != NULL)
        post(lab->stream_by, (struct errand){.kind = WRITE, .bytes = bytes});
    unlock(lab);
}

void
lab_stream_end(struct lab *lab)
{
    lock(lab);
    if (lab->stream_by != NULL)
        post(lab->stream_by, (struct errand){.kind = END});
    unlock(lab);
}

/* --------------------------------------------------------------- life cycle */

struct net_limits
lab_limits(void)
{
    struct net_limits limits = net_limits_default();

    limits.handshake_ms = limits.first_request_ms = limits.request_ms =
        limits.idle_ms = limits.write_ms = LAB_WAIT_MS;
    limits.linger_ms = 200;
    limits.handshakes_per_second = limits.handshake_burst = 1000000;
    return limits;
}

struct leaf
lab_issue(struct lab *lab, const char *role, const char *name)
{
    char uri[256];

    snprintf(uri, sizeof(uri), "URI:auction://" LAB_REALM "/%s/%s", role, name);
    return authority_issue(&lab->ca,
                           &(struct leaf_recipe){.cn = name, .san = uri});
}

static struct trust *
make_trust(struct lab *lab, const X509 *revoked)
{
    static const char *const names[] = {"127.0.0.1", "localhost", NULL};
    char ca[FILE_PATH_BYTES], cert[FILE_PATH_BYTES], key[FILE_PATH_BYTES],
        list[FILE_PATH_BYTES];
    X509_CRL *crl = authority_crl(&lab->ca, revoked, -60, 3600);
    struct trust *trust;

    folder_write_cert(&lab->folder, ca, "ca.pem", lab->ca.self.cert);
    folder_write_cert(&lab->folder, cert, "server.pem", lab->server.cert);
    folder_write_key(&lab->folder, key, "server.key", lab->server.key);
    folder_write_crl(&lab->folder, list, "crl.pem", crl);
    CHECK(trust_create(&trust, &(struct trust_config){
                                   .cert = cert,
                                   .key = key,
                                   .client_ca = ca,
                                   .crl = list,
                                   .names = names,
                                   .generation = ++lab->generation}) == ERR_OK);
    X509_CRL_free(crl);
    return trust;
}

size_t
lab_retrust(struct lab *lab, const X509 *revoked)
{
    struct trust *next = make_trust(lab, revoked);
    size_t closed;

    CHECK(net_retrust(lab->net, next, &closed) == ERR_OK);
    trust_unref(&next);
    return closed;
}

static void
start(struct lab *lab, const struct net_limits *limits, bool revokes_ann)
{
    static const char *const listen[] = {"127.0.0.1:0", NULL};
    struct net_config config = {.listen = listen,
                                .realm = LAB_REALM,
                                .threads = 2,
                                .limits =
                                    limits == NULL ? lab_limits() : *limits,
                                .handler = {.context = lab,
                                            .worker_begin = on_begin,
                                            .request = on_request,
                                            .mail = on_mail,
                                            .poke = on_poke,
                                            .stream_closed = on_stream_closed}};

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    *lab = (struct lab){.port = 0};
    CHECK(pthread_mutex_init(&lab->lock, NULL) == 0);
    CHECK(pthread_cond_init(&lab->changed, NULL) == 0);
    authority_create(&lab->ca, "Lab CA");
    folder_create(&lab->folder);
    lab->ann = lab_issue(lab, "bidder", "ann");
    lab->server = authority_issue(
        &lab->ca, &(struct leaf_recipe){.cn = "server",
                                        .san = "IP:127.0.0.1,DNS:localhost",
                                        .purpose = "serverAuth"});
    lab->trust = make_trust(lab, revokes_ann ? lab->ann.cert : NULL);
    config.trust = lab->trust;
    CHECK(net_start(&lab->net, &config) == ERR_OK);
    lab->port = net_port(lab->net, 0);
}

void
lab_start(struct lab *lab, const struct net_limits *limits)
{
    start(lab, limits, false);
}

void
lab_start_revoking(struct lab *lab, bool revokes_ann)
{
    start(lab, NULL, revokes_ann);
}

void
lab_stop(struct lab *lab)
{
    struct net_counts counts;

    net_stop(lab->net, 0);
    counts = net_counts(lab->net);
    CHECK(counts.connections_now == 0 && counts.handshakes_now == 0);
    CHECK(counts.streams_now == 0);
    net_destroy(&lab->net);
    trust_unref(&lab->trust);
    leaf_release(&lab->ann);
    leaf_release(&lab->server);
    authority_destroy(&lab->ca);
    folder_destroy(&lab->folder);
    pthread_cond_destroy(&lab->changed);
    pthread_mutex_destroy(&lab->lock);
}
