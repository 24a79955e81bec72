/* SPDX-License-Identifier: Apache-2.0 */
#include "server/server.h"

#include "api/api.h"
#include "base/log.h"
#include "engine/engine.h"
#include "identity/pemfile.h"
#include "server/control.h"
#include "server/evidence.h"
#include "server/inbox.h"
#include "server/trustee.h"

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

enum { LOOK_MS = 200, CONFIG_BYTES_MAX = 65536, ANSWER_BYTES_MAX = 65536 };

/** Everything that runs, in the order in which it was started. */
struct server {
    const struct config *config; /* of the start */
    const struct config_source *source;
    struct config *newest; /* of the last reload; owned, NULL: none yet */
    struct evidence evidence;
    struct trustee trustee;
    struct inbox inbox;
    struct control *control;
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
        .logkey = &s->evidence.logkey,
        .log_cert = s->evidence.cert,
        .ca = s->evidence.ca,
        .build = OPENSSL_VERSION_TEXT,
        .signatures_required = s->config->signatures_required,
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
        .admin = {&s->inbox, inbox_put},
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
                    .stream_closed = api_stream_closed},
    };
    struct net *net;
    enum err err = net_start(&net, &config);

    if (err == ERR_OK)
        __atomic_store_n(&s->net, net, __ATOMIC_RELEASE);
    return err;
}

/* ------------------------------------------------------------------- reload */

/** What the process goes by now. */
static const struct config *
present(const struct server *s)
{
    return s->newest == NULL ? s->config : s->newest;
}

/** The settings as they stand in file, environment and options now. */
static enum err
read_settings(const struct server *s, struct config **out)
{
    struct config *next = calloc(1, sizeof(*next));
    enum err err;

    if (next == NULL)
        return err_set(ERR_NOMEM, "no memory for the settings");
    err = config_load(next, s->source->path, s->source->overrides,
                      s->source->count);
    if (err == ERR_OK && (err = config_check(next)) != ERR_OK)
        config_release(next);
    if (err != ERR_OK) {
        free(next);
        return err;
    }
    *out = next;
    return ERR_OK;
}

static void
say_fixed(const struct server *s, const struct config *next)
{
    struct buf names;

    buf_init(&names, 1024);
    config_name_fixed(s->config, next, &names);
    if (names.size > 0)
        log_warn("changed settings that count from the next start on: %s",
                 names.bytes);
    buf_release(&names);
}

/** Everything is there: from here on nothing fails but for want of memory. */
static enum err
take_over(struct server *s, struct config *next, struct trust *trust,
          size_t *closed_out)
{
    enum err err;

    if ((err = net_retrust(s->net, trust, closed_out)) != ERR_OK)
        return err;
    trustee_swap(&s->trustee, trust_ref(trust));
    if ((err = net_set_limits(s->net, &next->limits)) != ERR_OK)
        return err;
    log_set_level(next->log_level);
    say_fixed(s, next);
    if (s->newest != NULL)
        config_release(s->newest);
    free(s->newest);
    s->newest = next;
    return ERR_OK;
}

/**
 * Read certificates, lists, limits and log level again: all or nothing.
 *
 * crl  lists to put in the place of those in the file, or NULL
 * by   who asks, for the log
 */
static enum err
reload(struct server *s, const char *crl, const char *by, size_t *closed_out)
{
    struct config *next = NULL;
    struct trust *trust = NULL;
    enum err err = read_settings(s, &next);

    *closed_out = 0;
    if (err == ERR_OK)
        err = trustee_next(&s->trustee, next, crl, &trust);
    if (err == ERR_OK)
        err = take_over(s, next, trust, closed_out);
    trust_unref(&trust);
    if (err == ERR_OK) {
        log_info("reloaded generation=%llu closed=%zu by=%s",
                 (unsigned long long)s->trustee.generation, *closed_out, by);
        return ERR_OK;
    }
    log_error("reload refused by=%s, generation %llu stays: %s", by,
              (unsigned long long)s->trustee.generation, err_detail());
    if (next != NULL && next != s->newest) {
        config_release(next);
        free(next);
    }
    return err;
}

/** Those that administrators sent through the api. */
static void
answer_inbox(struct server *s)
{
    struct admin_reload *r;

    while ((r = inbox_take(&s->inbox)) != NULL) {
        r->err = reload(s, r->crl, r->by, &r->closed);
        r->generation = s->trustee.generation;
        if (r->err != ERR_OK)
            snprintf(r->detail, sizeof(r->detail), "%s", err_detail());
        r->done(r);
    }
}

static void answer_control(void *context, const char *line, const char *rest,
                           struct buf *out);

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
        (err = trustee_init(&s->trustee, c)) != ERR_OK)
        return failed(err, EXIT_CODE_CERTIFICATE);
    if ((err = store_open(&s->store, c->data, c->cache_bytes)) != ERR_OK ||
        (err = trustee_keep(&s->trustee)) != ERR_OK ||
        (err = start_engine(s)) != ERR_OK)
        return failed(err, EXIT_CODE_STORE);
    if ((err = start_api(s)) != ERR_OK || (err = start_net(s)) != ERR_OK ||
        (err = control_open(&s->control, c->data, answer_control, s)) != ERR_OK)
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
        net_stop(s->net, present(s)->drain_ms);
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

/** The state in one line a topic, for the log and the operator. */
static void
write_state(const struct server *s, struct buf *out)
{
    struct engine_counts e = engine_counts(s->engine);
    struct net_counts n = net_counts(s->net);
    struct trust_facts t = trust_facts(s->trustee.trust);
    char text[INSTANT_TEXT_BYTES];

    buf_add_format(
        out,
        "engine records=%llu accepted=%llu refused=%llu replayed=%llu "
        "batches=%llu flush_us=%lld queued=%zu\n",
        (unsigned long long)e.log_size, (unsigned long long)e.accepted,
        (unsigned long long)e.refused, (unsigned long long)e.replayed,
        (unsigned long long)e.batches, (long long)e.last_flush_us, e.queued);
    buf_add_format(
        out,
        "net connections=%llu handshaking=%llu streams=%llu requests=%llu "
        "handshakes=%llu failed=%llu refused=%llu timeouts=%llu\n",
        (unsigned long long)n.connections_now,
        (unsigned long long)n.handshakes_now, (unsigned long long)n.streams_now,
        (unsigned long long)n.requests, (unsigned long long)n.handshakes_ok,
        (unsigned long long)n.handshakes_failed,
        (unsigned long long)n.refused_limit, (unsigned long long)n.timeouts);
    buf_add_format(out, "trust generation=%llu cas=%zu revoked=%zu",
                   (unsigned long long)t.generation, t.cas, t.revoked);
    buf_add_format(out, " server_ends=%s", instant_format(text, t.server_ends));
    if (t.crl_ends.ms != 0)
        buf_add_format(out, " crl_number=%s crl_ends=%s", t.crl_number,
                       instant_format(text, t.crl_ends));
    buf_add_char(out, '\n');
}

static void
log_state(const struct server *s)
{
    struct buf state;
    char *rest, *line;

    buf_init(&state, ANSWER_BYTES_MAX);
    write_state(s, &state);
    rest = state.bytes;
    while (rest != NULL && (line = strsep(&rest, "\n"))[0] != '\0')
        log_info("state %s", line);
    buf_release(&state);
}

static void
answer_control(void *context, const char *line, const char *rest,
               struct buf *out)
{
    struct server *s = context;
    size_t closed;

    if (strcmp(line, "status") == 0) {
        buf_add_text(out, "ok\n");
        write_state(s, out);
    } else if (strcmp(line, "reload") != 0) {
        buf_add_text(out, "error unknown request\n");
    } else if (reload(s, rest[0] == '\0' ? NULL : rest, "control", &closed) ==
               ERR_OK) {
        buf_add_format(out, "ok generation=%llu closed=%zu\n",
                       (unsigned long long)s->trustee.generation, closed);
    } else {
        buf_add_format(out, "error %s\n", err_detail());
    }
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
        (void)!reload(s, NULL, "SIGHUP", &closed);
    if (number == SIGUSR2)
        log_state(s);
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
        answer_inbox(s);
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
