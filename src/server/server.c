/* SPDX-License-Identifier: Apache-2.0 */
#include "server/server.h"

#include "api/api.h"
#include "audit/logkey.h"
#include "base/log.h"
#include "engine/engine.h"
#include "identity/trust.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 200, CONFIG_BYTES_MAX = 65536 };

/** Everything that runs, in the order in which it was started. */
struct server {
    const struct config *config;
    char *log_cert_pem;
    size_t log_cert_size;
    char *ca_pem;
    size_t ca_size;
    struct logkey logkey;
    struct trust *trust;
    struct buf config_text;
    struct store *store;
    struct engine *engine;
    struct api *api;
    struct net *net;
};

static struct instant
now(void)
{
    struct clock_port clock = clock_system();

    return clock.now(clock.context);
}

/* --------------------------------------------------------------------- keys */

static enum err
load_logkey(struct server *s)
{
    const struct config *c = s->config;
    char *key = NULL;
    size_t key_size = 0;
    enum err err;

    if ((err = trust_read_file(&s->log_cert_pem, &s->log_cert_size,
                               c->audit_cert)) != ERR_OK ||
        (err = trust_read_file(&s->ca_pem, &s->ca_size, c->tls_client_ca)) !=
            ERR_OK ||
        (err = trust_read_secret(&key, &key_size, c->audit_key)) != ERR_OK)
        return err;
    err = logkey_load(&s->logkey, (struct pem){key, key_size},
                      (struct pem){s->log_cert_pem, s->log_cert_size},
                      (struct pem){s->ca_pem, s->ca_size}, now());
    OPENSSL_cleanse(key, key_size);
    free(key);
    if (err != ERR_OK)
        return err_set(err, "log key '%s' with certificate '%s': %s",
                       c->audit_key, c->audit_cert, err_detail());
    return ERR_OK;
}

static enum err
load_trust(struct server *s)
{
    const struct config *c = s->config;
    struct trust_config trust = {
        .cert = c->tls_cert,
        .key = c->tls_key,
        .client_ca = c->tls_client_ca,
        .crl = c->tls_crl,
        .names = (const char *const *)c->names,
        .now = now(),
    };

    return trust_create(&s->trust, &trust);
}

/* -------------------------------------------------------------------- parts */

static void
poke_workers(void *context)
{
    struct server *s = context;
    struct net *net = __atomic_load_n(&s->net, __ATOMIC_ACQUIRE);

    if (net != NULL)
        net_poke_all(net);
}

static enum err
start_engine(struct server *s)
{
    struct engine_options options = {
        .clock = clock_system(),
        .random = random_system(),
        .store = store_port_of(s->store),
        .logkey = &s->logkey,
        .log_cert = {s->log_cert_pem, s->log_cert_size},
        .ca = {s->ca_pem, s->ca_size},
        .build = OPENSSL_VERSION_TEXT,
        .signatures_required = s->config->signatures_required,
        .published = poke_workers,
        .published_context = s,
    };
    enum err err;

    buf_init(&s->config_text, CONFIG_BYTES_MAX);
    config_print(s->config, &s->config_text);
    if (!buf_is_ok(&s->config_text))
        return err_set(ERR_CONFIG, "the settings are too long");
    options.config_text = s->config_text.bytes;
    err = engine_create(&s->engine, &options);
    return err == ERR_OK ? engine_start(s->engine) : err;
}

static enum err
start_api(struct server *s)
{
    struct api_options options = {
        .engine = s->engine,
        .origin = s->logkey.verifier.name,
        .realm = s->config->realm,
        .log_cert_pem = s->log_cert_pem,
        .names = (const char *const *)s->config->names,
        .random = random_system(),
    };

    return api_create(&s->api, &options);
}

static unsigned
thread_count(const struct config *config)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    if (config->threads > 0)
        return config->threads;
    return cpus > 0 && cpus < 256 ? (unsigned)cpus : 2;
}

static enum err
start_net(struct server *s)
{
    struct net_config config = {
        .listen = (const char *const *)s->config->listen,
        .realm = s->config->realm,
        .threads = thread_count(s->config),
        .limits = s->config->limits,
        .trust = s->trust,
        .handler = {.context = s->api,
                    .worker_begin = api_worker_begin,
                    .worker_end = api_worker_end,
                    .request = api_request,
                    .mail = api_mail,
                    .poke = api_poke,
                    .stream_closed = api_stream_closed},
    };
    struct net *net;
    enum err err = net_start(&net, &config);

    if (err == ERR_OK)
        __atomic_store_n(&s->net, net, __ATOMIC_RELEASE);
    return err;
}

/* ------------------------------------------------------------ start and stop
 */

/** Which exit code an error at the start means. */
static int
code_of(enum err err, int fallback)
{
    if (err == ERR_FORKED)
        return EXIT_CODE_FORKED;
    if (err == ERR_LISTEN)
        return EXIT_CODE_LISTEN;
    return err == ERR_CONFIG ? EXIT_CODE_CONFIG : fallback;
}

static int
failed(enum err err, int fallback)
{
    const char *detail = err_detail();

    log_error("%s", detail[0] == '\0' ? err_text(err) : detail);
    return code_of(err, fallback);
}

static int
start(struct server *s)
{
    const struct config *c = s->config;
    enum err err;

    if ((err = config_check(c)) != ERR_OK)
        return failed(err, EXIT_CODE_CONFIG);
    if ((err = load_logkey(s)) != ERR_OK || (err = load_trust(s)) != ERR_OK)
        return failed(err, EXIT_CODE_CERTIFICATE);
    if ((err = store_open(&s->store, c->data, c->cache_bytes)) != ERR_OK ||
        (err = start_engine(s)) != ERR_OK)
        return failed(err, EXIT_CODE_STORE);
    if ((err = start_api(s)) != ERR_OK || (err = start_net(s)) != ERR_OK)
        return failed(err, EXIT_CODE_FAILED);
    return EXIT_CODE_CLEAN;
}

static void
stop(struct server *s, const char *cause)
{
    if (s->net != NULL) {
        api_drain(s->api);
        net_stop(s->net, s->config->drain_ms);
    }
    if (s->engine != NULL)
        engine_stop(s->engine, cause);
    net_destroy(&s->net);
    api_destroy(&s->api);
    engine_destroy(&s->engine);
    store_close(&s->store);
    trust_destroy(&s->trust);
    logkey_release(&s->logkey);
    buf_release(&s->config_text);
    free(s->log_cert_pem);
    free(s->ca_pem);
}

static void
say_ready(const struct server *s)
{
    struct engine_counts counts = engine_counts(s->engine);

    for (size_t i = 0; s->config->listen[i] != NULL; i++)
        log_info(
            "listening address=%.*s:%u realm=%s log=%s records=%llu",
            (int)(strrchr(s->config->listen[i], ':') - s->config->listen[i]),
            s->config->listen[i], net_port(s->net, i), s->config->realm,
            s->logkey.verifier.name, (unsigned long long)counts.log_size);
}

/* ------------------------------------------------------------------ signals */

static void
block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGUSR2);
    /* A peer that goes away is an error code, not a signal. */
    signal(SIGPIPE, SIG_IGN);
    CHECK(pthread_sigmask(SIG_BLOCK, set, NULL) == 0);
}

static void
log_counts(const struct server *s)
{
    struct engine_counts e = engine_counts(s->engine);
    struct net_counts n = net_counts(s->net);

    log_info("state records=%llu accepted=%llu refused=%llu replayed=%llu "
             "batches=%llu flush_us=%lld queued=%zu connections=%llu "
             "streams=%llu requests=%llu handshakes=%llu failed=%llu",
             (unsigned long long)e.log_size, (unsigned long long)e.accepted,
             (unsigned long long)e.refused, (unsigned long long)e.replayed,
             (unsigned long long)e.batches, (long long)e.last_flush_us,
             e.queued, (unsigned long long)n.connections_now,
             (unsigned long long)n.streams_now, (unsigned long long)n.requests,
             (unsigned long long)n.handshakes_ok,
             (unsigned long long)n.handshakes_failed);
}

/** Serve until a signal or a failure. The word for the log's last record. */
static const char *
serve(struct server *s, const sigset_t *set)
{
    const struct timespec look = {0, LOOK_MS * 1000000L};

    for (;;) {
        int number = sigtimedwait(set, NULL, &look);

        if (engine_failed(s->engine))
            return "failed";
        if (number == SIGTERM)
            return "SIGTERM";
        if (number == SIGINT)
            return "SIGINT";
        if (number == SIGHUP)
            log_warn("SIGHUP: certificates and settings are read at the start "
                     "only; restart to change them");
        if (number == SIGUSR2)
            log_counts(s);
    }
}

int
server_run(const struct config *config)
{
    struct server server = {.config = config};
    const char *cause = "start failed";
    sigset_t signals;
    int code;

    block_signals(&signals);
    code = start(&server);
    if (code == EXIT_CODE_CLEAN) {
        say_ready(&server);
        cause = serve(&server, &signals);
        log_info("stopping cause=%s", cause);
        code =
            strcmp(cause, "failed") == 0 ? EXIT_CODE_FAILED : EXIT_CODE_CLEAN;
    }
    stop(&server, cause);
    if (code == EXIT_CODE_CLEAN)
        log_info("stopped");
    return code;
}

int
server_check(const struct config *config)
{
    struct server server = {.config = config};
    enum err err = config_check(config);
    int code = EXIT_CODE_CLEAN;

    if (err != ERR_OK)
        code = failed(err, EXIT_CODE_CONFIG);
    else if ((err = load_logkey(&server)) != ERR_OK ||
             (err = load_trust(&server)) != ERR_OK)
        code = failed(err, EXIT_CODE_CERTIFICATE);
    stop(&server, "");
    return code;
}

int
server_recover(const struct config *config)
{
    enum err err = store_recover(config->data, config->cache_bytes);

    if (err != ERR_OK)
        return failed(err, EXIT_CODE_STORE);
    log_info("rebuilt '%s' from its log; the damaged files are in its folder "
             "'damaged'",
             config->data);
    return EXIT_CODE_CLEAN;
}
