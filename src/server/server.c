/* SPDX-License-Identifier: Apache-2.0 */
#include "server/server.h"

#include "base/log.h"
#include "identity/pemfile.h"
#include "server/internal.h"
#include "server/trusted.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 200, CONFIG_BYTES_MAX = 65536 };

static struct instant
now(void)
{
    struct clock_port clock = clock_system();

    return clock.now(clock.context);
}

/* -------------------------------------------------------------------- parts */

static void
poke_workers(void *context)
{
    struct net *net = server_net(context);

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
        .logkey = &s->evidence.logkey,
        .log_cert = s->evidence.cert,
        .ca = s->evidence.ca,
        .build = OPENSSL_VERSION_TEXT,
        .signatures_required = s->config->signatures_required,
        .prev = s->evidence.prev.size > 0 ? &s->evidence.prev : NULL,
        .witnesses = s->evidence.witnesses,
        .witness_count = s->evidence.witness_count,
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
        .origin = s->evidence.logkey.verifier.name,
        .realm = s->config->realm,
        .log_cert_pem = s->evidence.cert.text,
        .names = (const char *const *)s->config->names,
        .random = random_system(),
        .admin = server_admin_port(s),
        .requests_per_second = s->config->requests_per_second,
        .burst = s->config->burst,
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
        .trust = s->trustee.trust,
        .handler = {.context = s->api,
                    .worker_begin = api_worker_begin,
                    .worker_end = api_worker_end,
                    .request = api_request,
                    .mail = api_mail,
                    .poke = api_poke,
                    .stream_closed = api_stream_closed,
                    .conn_event = api_conn_event},
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

    if ((err = config_check(c)) != ERR_OK ||
        (err = evidence_load_witnesses(&s->evidence, c)) != ERR_OK)
        return failed(err, EXIT_CODE_CONFIG);
    if ((err = evidence_load_key(&s->evidence, c, now())) != ERR_OK ||
        (err = evidence_load_prev(&s->evidence, c)) != ERR_OK ||
        (err = trustee_init(&s->trustee, c)) != ERR_OK)
        return failed(err, EXIT_CODE_CERTIFICATE);
    if ((err = store_open(&s->store, c->data, c->cache_bytes)) != ERR_OK ||
        (err = trustee_keep(&s->trustee)) != ERR_OK ||
        (err = start_engine(s)) != ERR_OK)
        return failed(err, EXIT_CODE_STORE);
    trusted_record(s->engine, s->trustee.trust, NULL);
    if ((err = start_api(s)) != ERR_OK || (err = start_net(s)) != ERR_OK ||
        (err = control_open(&s->control, c->data, server_answer_control, s)) !=
            ERR_OK)
        return failed(err, EXIT_CODE_FAILED);
    return EXIT_CODE_CLEAN;
}

static void
stop(struct server *s, const char *cause)
{
    control_close(&s->control);
    inbox_close(&s->inbox);
    if (s->net != NULL) {
        api_drain(s->api);
        net_stop(s->net, server_present(s)->drain_ms);
    }
    if (s->engine != NULL)
        engine_stop(s->engine, cause);
    net_destroy(&s->net);
    api_destroy(&s->api);
    engine_destroy(&s->engine);
    store_close(&s->store);
    trustee_release(&s->trustee);
    inbox_release(&s->inbox);
    if (s->newest != NULL)
        config_release(s->newest);
    free(s->newest);
    evidence_release(&s->evidence);
    buf_release(&s->config_text);
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
            s->evidence.logkey.verifier.name,
            (unsigned long long)counts.log_size);
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

static int64_t
monotonic_ms(void)
{
    struct timespec t;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/** The next signal, or 0. */
static int
take_signal(int fd)
{
    struct signalfd_siginfo info;

    return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)
               ? (int)info.ssi_signo
               : 0;
}

/** What a signal asks for; the word for the log when it is the end. */
static const char *
obey(struct server *s, int number)
{
    size_t closed;

    if (number == SIGTERM)
        return "SIGTERM";
    if (number == SIGINT)
        return "SIGINT";
    if (number == SIGHUP)
        (void)!server_reload(s, NULL, "SIGHUP", &closed);
    if (number == SIGUSR2)
        server_log_state(s);
    return NULL;
}

/** Serve until a signal or a failure. The word for the log's last record. */
static const char *
serve(struct server *s, int signals)
{
    struct pollfd fds[CONTROL_CLIENTS_MAX + 3] = {{signals, POLLIN, 0},
                                                  {s->inbox.wake, POLLIN, 0}};
    const char *cause = NULL;

    while (cause == NULL) {
        size_t count = 2 + control_watch(s->control, fds + 2);
        int number;

        CHECK(poll(fds, count, LOOK_MS) >= 0 || errno == EINTR);
        if (engine_failed(s->engine))
            return "failed";
        while (cause == NULL && (number = take_signal(signals)) != 0)
            cause = obey(s, number);
        server_answer_inbox(s);
        control_serve(s->control, monotonic_ms());
        trustee_watch(&s->trustee, monotonic_ms());
    }
    return cause;
}

/** What the process says of its end. */
static int
code_of_end(const struct engine *engine, const char *cause)
{
    enum err err = engine_failure(engine);

    if (strcmp(cause, "failed") != 0)
        return EXIT_CODE_CLEAN;
    return err == ERR_STORE_LATCHED ? EXIT_CODE_IO
                                    : code_of(err, EXIT_CODE_FAILED);
}

int
server_run(const struct config *config, const struct config_source *source)
{
    struct server server = {.config = config, .source = source};
    const char *cause = "start failed";
    sigset_t set;
    int code, signals;

    block_signals(&set);
    signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signals < 0 || inbox_init(&server.inbox) != ERR_OK) {
        log_error("no descriptors: %s", strerror(errno));
        return EXIT_CODE_FAILED;
    }
    code = start(&server);
    if (code == EXIT_CODE_CLEAN) {
        say_ready(&server);
        cause = serve(&server, signals);
        log_info("stopping cause=%s", cause);
        code = code_of_end(server.engine, cause);
    }
    stop(&server, cause);
    close(signals);
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

    if (inbox_init(&server.inbox) != ERR_OK)
        return failed(ERR_SYSTEM, EXIT_CODE_FAILED);
    if (err != ERR_OK ||
        (err = evidence_load_witnesses(&server.evidence, config)) != ERR_OK)
        code = failed(err, EXIT_CODE_CONFIG);
    else if ((err = evidence_load_key(&server.evidence, config, now())) !=
                 ERR_OK ||
             (err = trustee_init(&server.trustee, config)) != ERR_OK)
        code = failed(err, EXIT_CODE_CERTIFICATE);
    stop(&server, "");
    return code;
}

int
server_ask(const struct config *config, const char *what, const char *crl_path)
{
    char *crl = NULL;
    size_t size;
    struct buf answer;
    enum err err = ERR_OK;
    int code;

    if (crl_path != NULL &&
        (err = pemfile_read(&crl, &size, crl_path)) != ERR_OK)
        return failed(err, EXIT_CODE_FAILED);
    buf_init(&answer, ANSWER_BYTES_MAX);
    err = control_ask(config->data, what, crl == NULL ? "" : crl, &answer);
    free(crl);
    if (err != ERR_OK) {
        code = failed(err, EXIT_CODE_FAILED);
    } else {
        code = strncmp(answer.bytes, "ok", 2) == 0 ? EXIT_CODE_CLEAN
                                                   : EXIT_CODE_FAILED;
        fputs(answer.bytes, code == EXIT_CODE_CLEAN ? stdout : stderr);
    }
    buf_release(&answer);
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
