/* SPDX-License-Identifier: Apache-2.0 */
#include "net/net.h"

#include "net/internal.h"

#include "base/log.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024, ADDRESS_BYTES = 256 };

struct net_limits
net_limits_default(void)
{
    return (struct net_limits){
        .handshake_ms = 5000,
        .first_request_ms = 10000,
        .request_ms = 10000,
        .idle_ms = 300000,
        .write_ms = 10000,
        .linger_ms = 1000,
        .connections = 20000,
        .connections_per_address = 1000,
        .connections_per_name = 16,
        .handshakes = 1024,
        .handshakes_per_address = 64,
        .handshakes_per_second = 50,
        .handshake_burst = 200,
        .body_bytes = 65536,
        .unread_bytes = 262144,
        .in_flight = 32,
    };
}

/* ---------------------------------------------------------------- listening */

/** Split "ADDR:PORT", "[V6]:PORT"; false when it is neither. */
static bool
split_address(const char *text, char host[ADDRESS_BYTES], const char **port)
{
    const char *colon = strrchr(text, ':');
    size_t size;

    if (colon == NULL || colon[1] == '\0')
        return false;
    *port = colon + 1;
    size = (size_t)(colon - text);
    if (size >= 2 && text[0] == '[' && text[size - 1] == ']') {
        text++;
        size -= 2;
    }
    if (size == 0 || size >= ADDRESS_BYTES)
        return false;
    memcpy(host, text, size);
    host[size] = '\0';
    return true;
}

static unsigned
port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);

    CHECK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    return address.ss_family == AF_INET6
               ? ntohs(((struct sockaddr_in6 *)&address)->sin6_port)
               : ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static enum err
listen_failed(const char *address, int cause)
{
    if (cause == EADDRINUSE)
        return err_set(ERR_LISTEN,
                       "cannot listen on %s: another process uses this port; "
                       "stop it or choose another with --listen",
                       address);
    if (cause == EACCES)
        return err_set(ERR_LISTEN,
                       "cannot listen on %s: not allowed; ports below 1024 "
                       "need a privilege, choose another with --listen",
                       address);
    return err_set(ERR_LISTEN, "cannot listen on %s: %s", address,
                   strerror(cause));
}

static int
open_listener(const struct addrinfo *info)
{
    int fd =
        socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    int cause;

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (info->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    cause = errno;
    close(fd);
    return -cause;
}

static enum err
listen_on(struct net *net, const char *address)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    char host[ADDRESS_BYTES];
    const char *port;
    struct addrinfo *info;
    int fd;

    if (net->listener_count == LISTEN_MAX)
        return err_set(ERR_CONFIG, "more than %d addresses to listen on",
                       LISTEN_MAX);
    if (!split_address(address, host, &port) ||
        getaddrinfo(host, port, &hints, &info) != 0)
        return err_set(ERR_CONFIG,
                       "'%s' is not an address to listen on: write "
                       "ADDRESS:PORT or [V6]:PORT",
                       address);
    fd = open_listener(info);
    freeaddrinfo(info);
    if (fd < 0)
        return listen_failed(address, -fd);
    net->ports[net->listener_count] = port_of(fd);
    net->listeners[net->listener_count++] = fd;
    return ERR_OK;
}

/* --------------------------------------------------------------- life cycle */

static void
stop_workers(struct net *net)
{
    uint64_t one = 1;

    /* All are told before one is waited for: they drain side by side. */
    for (unsigned i = 0; i < net->worker_count; i++)
        if (write(net->workers[i].wake, &one, sizeof(one)) < 0)
            CHECK(errno == EAGAIN);
    for (unsigned i = 0; i < net->worker_count; i++)
        CHECK(pthread_join(net->workers[i].thread, NULL) == 0);
    net->is_stopped = true;
}

static enum err
start_workers(struct net *net)
{
    unsigned count = net->config.threads;

    net->workers = calloc(count, sizeof(*net->workers));
    if (net->workers == NULL)
        return err_set(ERR_NOMEM, "no memory for the workers");
    for (unsigned i = 0; i < count; i++) {
        struct worker *worker = &net->workers[i];
        enum err err = worker_init(worker, net, i);
        if (err == ERR_OK &&
            pthread_create(&worker->thread, NULL, worker_main, worker) != 0)
            err = err_set(ERR_SYSTEM, "cannot start a worker's thread");
        if (err != ERR_OK) {
            worker_release(worker);
            return err;
        }
        net->worker_count++;
    }
    return ERR_OK;
}

void
net_destroy(struct net **out)
{
    struct net *net = *out;

    if (net == NULL)
        return;
    CHECK(net->is_stopped);
    /* Before any mailbox goes: an errand may send mail to another worker. */
    for (unsigned i = 0; i < net->worker_count; i++)
        worker_run_errands(&net->workers[i]);
    for (unsigned i = 0; i < net->worker_count; i++)
        worker_release(&net->workers[i]);
    for (size_t i = 0; i < net->listener_count; i++)
        close(net->listeners[i]);
    census_destroy(&net->census);
    free(net->workers);
    free(net);
    *out = NULL;
}

/** How many descriptors this process may have. */
static size_t
descriptors_max(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    return (size_t)limit.rlim_cur;
}

enum err
net_start(struct net **out, const struct net_config *config)
{
    struct net *net = calloc(1, sizeof(*net));
    enum err err;

    if (net == NULL)
        return err_set(ERR_NOMEM, "no memory for the network");
    CHECK(strlen(config->realm) < sizeof(net->realm) && config->threads > 0);
    net->config = *config;
    memcpy(net->realm, config->realm, strlen(config->realm) + 1);
    net->descriptors_max = descriptors_max();
    err = census_create(&net->census, &config->limits);
    for (size_t i = 0; err == ERR_OK && config->listen[i] != NULL; i++)
        err = listen_on(net, config->listen[i]);
    if (err == ERR_OK)
        err = start_workers(net);
    if (err != ERR_OK) {
        net_stop(net, 0);
        net_destroy(&net);
        return err;
    }
    *out = net;
    return ERR_OK;
}

void
net_stop(struct net *net, int64_t drain_ms)
{
    net->drain_until = monotonic_ms() + drain_ms;
    net->is_stopping = true;
    /* Who comes from now on is refused by the kernel, not kept waiting. */
    for (size_t i = 0; i < net->listener_count; i++)
        if (shutdown(net->listeners[i], SHUT_RDWR) != 0)
            log_warn("cannot stop listening: %s", strerror(errno));
    stop_workers(net);
}

unsigned
net_port(const struct net *net, size_t i)
{
    CHECK(i < net->listener_count);
    return net->ports[i];
}

struct net_counts
net_counts(struct net *net)
{
    struct net_counts c = {
        .connections_now = net->counts.connections_now,
        .handshakes_now = net->counts.handshakes_now,
        .streams_now = net->counts.streams_now,
        .accepted = net->counts.accepted,
        .handshakes_ok = net->counts.handshakes_ok,
        .handshakes_failed = net->counts.handshakes_failed,
        .identities_refused = net->counts.identities_refused,
        .requests = net->counts.requests,
        .broken_requests = net->counts.broken_requests,
        .idle_records = net->counts.idle_records,
        .accept_pauses = net->counts.accept_pauses,
        .expiry_warnings = net->counts.expiry_warnings,
        .expired_handshake = net->counts.expired[DEADLINE_HANDSHAKE],
        .expired_first_request = net->counts.expired[DEADLINE_FIRST_REQUEST],
        .expired_request = net->counts.expired[DEADLINE_REQUEST],
        .expired_idle = net->counts.expired[DEADLINE_IDLE],
        .expired_write = net->counts.expired[DEADLINE_WRITE],
    };

    for (int i = REFUSAL_NONE + 1; i < REFUSAL_COUNT; i++) {
        c.refused[i] = net->counts.refused[i];
        c.refused_limit += c.refused[i];
    }
    for (int i = DEADLINE_NONE + 1; i < DEADLINE_LINGER; i++)
        c.timeouts += net->counts.expired[i];
    for (int i = 0; i < NET_END_COUNT; i++)
        c.ended[i] = net->counts.ended[i];
    return c;
}
