/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accepting: every worker for itself, as long as there are descriptors.
 */
#include "net/internal.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPTS_A_TURN = 16, PAUSES_A_MINUTE = 6 };

int *
worker_listener(const struct worker *worker, void *pointer)
{
    int *listener = pointer;
    int *first = worker->net->listeners;

    return listener >= first && listener < first + LISTEN_MAX ? listener : NULL;
}

bool
worker_watch_listeners(struct worker *worker, bool on)
{
    struct net *net = worker->net;

    for (size_t i = 0; i < net->listener_count; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE,
                                    .data.ptr = &net->listeners[i]};
        if (epoll_ctl(worker->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
                      net->listeners[i], &event) != 0)
            return false;
    }
    worker->is_accepting = on;
    return true;
}

/** Out of descriptors: look away for a while instead of spinning. */
static void
pause_accepting(struct worker *worker, const char *cause)
{
    struct net *net = worker->net;
    uint64_t held;

    net->counts.accept_pauses++;
    if (log_brake_pass(&net->pause_brake, worker->now / 60000, PAUSES_A_MINUTE,
                       &held))
        log_warn("cannot accept: %s; pausing held_back=%llu", cause,
                 (unsigned long long)held);
    CHECK(worker_watch_listeners(worker, false));
    worker->accept_pause_until = worker->now + ACCEPT_PAUSE_MS;
}

/**
 * Whether descriptors are left beyond those that log, lists, database and
 * administration may need. The lowest free number says how many are in use.
 */
static bool
has_descriptors(const struct worker *worker)
{
    const struct net *net = worker->net;
    size_t needed = DESCRIPTORS_KEPT + ACCEPTS_A_TURN * net->worker_count;
    int lowest = fcntl(worker->epoll, F_DUPFD_CLOEXEC, 0);

    if (lowest < 0)
        return false;
    close(lowest);
    return (size_t)lowest + needed < net->descriptors_max;
}

/** An address of either family as IPv6, v4 mapped (RFC 4291 2.5.5.2). */
static struct sockaddr_in6
as_v6(const struct sockaddr_storage *from)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6};
    const struct sockaddr_in *v4 = (const void *)from;

    if (from->ss_family == AF_INET6) {
        memcpy(&to, from, sizeof(to));
        return to;
    }
    to.sin6_addr.s6_addr[10] = to.sin6_addr.s6_addr[11] = 0xff;
    memcpy(&to.sin6_addr.s6_addr[12], &v4->sin_addr, 4);
    to.sin6_port = v4->sin_port;
    return to;
}

static void
accept_some(struct worker *worker, int listener)
{
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage from = {0};
        socklen_t size = sizeof(from);
        struct sockaddr_in6 address;
        int fd = accept4(listener, (struct sockaddr *)&from, &size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            address = as_v6(&from);
            conn_accept(worker, fd, &address);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
            errno == ENOMEM)
            pause_accepting(worker, strerror(errno));
        else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED &&
                 !worker->net->is_stopping)
            log_warn("cannot accept: %s", strerror(errno));
        return;
    }
}

void
worker_accept(struct worker *worker, int listener)
{
    if (!worker->is_accepting)
        return;
    if (has_descriptors(worker))
        accept_some(worker, listener);
    else
        pause_accepting(worker, "few descriptors are left (raise LimitNOFILE, "
                                "or lower limits.connections)");
}
