/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection: its beginning, what it waits for, and its end.
 *
 * OpenSSL's rules are kept to the letter: the error queue is cleared before
 * each call; after SSL_ERROR_SSL or SSL_ERROR_SYSCALL the object is not
 * shut down, only freed.
 */
#include "net/internal.h"

#include "base/log.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* ------------------------------------------------------------- epoll mask */

bool
conn_may_read(const struct conn *conn)
{
    return conn->state == CONN_OPEN && !conn->is_doomed &&
           conn->in.size < READ_BYTES &&
           (!conn->closes_after_answers || conn->stream != NULL);
}

/*
 * What epoll waits for. Input that would not be read is not waited for: the
 * wait is level-triggered and would spin.
 */
static uint32_t
wanted_events(const struct conn *conn)
{
    uint32_t events = conn->wants_write ? EPOLLOUT : 0;

    if (conn->state == CONN_HANDSHAKE || conn->state == CONN_LINGER ||
        conn_may_read(conn))
        events |= EPOLLIN;
    return events;
}

void
conn_update_watch(struct conn *conn)
{
    struct epoll_event event = {.events = wanted_events(conn),
                                .data.ptr = conn};

    if (conn->is_doomed || event.events == conn->events)
        return;
    conn->events = event.events;
    CHECK(epoll_ctl(conn->worker->epoll, EPOLL_CTL_MOD, conn->fd, &event) == 0);
}

void
conn_watch(struct conn *conn, bool wants_write)
{
    conn->wants_write = wants_write;
    conn_update_watch(conn);
}

/* -------------------------------------------------------------- beginning */

enum { KEEP_ALIVE_S = 60 };

static void
format_peer(char text[PEER_TEXT_BYTES], const struct sockaddr_in6 *address)
{
    char ip[INET6_ADDRSTRLEN];
    unsigned port = ntohs(address->sin6_port);

    if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) {
        inet_ntop(AF_INET, &address->sin6_addr.s6_addr[12], ip, sizeof(ip));
        snprintf(text, PEER_TEXT_BYTES, "%s:%u", ip, port);
    } else {
        inet_ntop(AF_INET6, &address->sin6_addr, ip, sizeof(ip));
        snprintf(text, PEER_TEXT_BYTES, "[%s]:%u", ip, port);
    }
}

static bool
make_tls(struct conn *conn)
{
    ERR_clear_error();
    conn->ssl = SSL_new(trust_context(conn->worker->trust));
    if (conn->ssl == NULL || SSL_set_fd(conn->ssl, conn->fd) != 1 ||
        !tls_watch(conn->ssl, &conn->refusal))
        return false;
    SSL_set_accept_state(conn->ssl);
    conn_count_records(conn);
    return true;
}

static bool
join_epoll(struct conn *conn)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};

    conn->events = event.events;
    return epoll_ctl(conn->worker->epoll, EPOLL_CTL_ADD, conn->fd, &event) == 0;
}

static void
link_conn(struct worker *worker, struct conn *conn)
{
    conn->next = worker->conns;
    if (conn->next != NULL)
        conn->next->previous = conn;
    worker->conns = conn;
}

/** Let the kernel notice a peer that is gone without a word. */
static void
set_socket(int fd)
{
    int one = 1, idle_s = KEEP_ALIVE_S, each_s = KEEP_ALIVE_S / 4, times = 4;

    /* Small answers must not wait for the peer's acknowledgement. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &each_s, sizeof(each_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times));
}

/** Whether there is room for one more; the refused are counted by cause. */
static bool
is_let_in(struct worker *worker, const struct sockaddr_in6 *address)
{
    enum refusal refusal = census_enter(worker->net->census, address);
    char peer[PEER_TEXT_BYTES];

    if (refusal == REFUSAL_NONE)
        return true;
    worker->net->counts.refused[refusal]++;
    format_peer(peer, address);
    log_refused_limit(worker->net, peer, refusal);
    return false;
}

void
conn_accept(struct worker *worker, int fd, const struct sockaddr_in6 *address)
{
    struct conn *conn;

    worker->net->counts.accepted++;
    if (!is_let_in(worker, address)) {
        close(fd);
        return;
    }
    conn = calloc(1, sizeof(*conn));
    if (conn == NULL) {
        census_leave(worker->net->census, address, false);
        close(fd);
        return;
    }
    *conn = (struct conn){.worker = worker,
                          .fd = fd,
                          .address = *address,
                          .id = ++worker->net->conn_last,
                          .since = wall_ms()};
    conn->last = &conn->first;
    buf_init(&conn->in, HTTP_HEAD_BYTES_MAX + READ_BYTES);
    buf_init(&conn->out, OUT_BYTES_MAX);
    format_peer(conn->peer, address);
    link_conn(worker, conn);
    worker->net->counts.connections_now++;
    worker->net->counts.handshakes_now++;
    set_socket(fd);
    worker_set_deadline(conn, DEADLINE_HANDSHAKE);
    if (!make_tls(conn) || !join_epoll(conn))
        conn_doom(conn);
    else
        conn_readable(conn);
}

/* -------------------------------------------------------------- the end */

void
conn_doom(struct conn *conn)
{
    if (conn->is_doomed)
        return;
    conn->is_doomed = true;
    conn->next_doomed = conn->worker->doomed;
    conn->worker->doomed = conn;
}

void
conn_free(struct conn *conn)
{
    struct worker *worker = conn->worker;

    exchange_abandon_all(conn);
    if (conn->is_told)
        conn_tell(conn, CARRIER_CLOSED,
                  conn->is_ending       ? "sent away"
                  : worker->is_draining ? "stopping"
                                        : "closed");
    worker_clear_deadline(conn);
    if (conn->is_counted_name)
        census_leave_name(worker->net->census, conn->identity->name);
    census_leave(worker->net->census, &conn->address,
                 conn->state != CONN_HANDSHAKE);
    if (conn->state == CONN_HANDSHAKE)
        worker->net->counts.handshakes_now--;
    worker->net->counts.connections_now--;
    if (conn->previous != NULL)
        conn->previous->next = conn->next;
    else
        worker->conns = conn->next;
    if (conn->next != NULL)
        conn->next->previous = conn->previous;
    SSL_free(conn->ssl);
    ERR_clear_error();
    close(conn->fd);
    http_parser_destroy(&conn->parser);
    buf_release(&conn->in);
    buf_release(&conn->out);
    identity_unref(&conn->identity);
    free(conn);
}

/**
 * Everything is written: say so and wait for the peer to have read it. A
 * plain close with unread input would reset the connection under the answer.
 */
void
conn_linger(struct conn *conn)
{
    if (conn->state == CONN_LINGER)
        return;
    if (conn->state == CONN_HANDSHAKE) {
        census_shaken(conn->worker->net->census, &conn->address);
        conn->worker->net->counts.handshakes_now--;
    }
    conn->state = CONN_LINGER;
    conn->dropped = 0;
    if (shutdown(conn->fd, SHUT_WR) != 0) {
        conn_doom(conn);
        return;
    }
    conn_watch(conn, false);
    worker_set_deadline(conn, DEADLINE_LINGER);
}

void
conn_drop_input(struct conn *conn)
{
    ssize_t size;

    while ((size = recv(conn->fd, conn->worker->scratch, READ_BYTES, 0)) > 0) {
        conn->dropped += (size_t)size;
        if (conn->dropped > DROPPED_BYTES_MAX) {
            conn_doom(conn);
            return;
        }
    }
    if (size == 0 || (errno != EAGAIN && errno != EINTR))
        conn_doom(conn);
}

void
conn_say_goodbye(struct conn *conn)
{
    int outcome;

    CHECK(conn->out_written == conn->out.size);
    conn->state = CONN_CLOSING;
    ERR_clear_error();
    outcome = SSL_shutdown(conn->ssl);
    if (outcome < 0 &&
        SSL_get_error(conn->ssl, outcome) == SSL_ERROR_WANT_WRITE) {
        conn_watch(conn, true);
        if (conn->deadline != DEADLINE_WRITE)
            worker_set_deadline(conn, DEADLINE_WRITE);
        return;
    }
    conn_linger(conn);
}

void
conn_close_soon(struct conn *conn)
{
    conn->closes_after_answers = true;
    worker_mark_dirty(conn);
}

/* ---------------------------------------------------------------- deadlines */

void
conn_expired(struct conn *conn)
{
    conn->worker->net->counts.expired[conn->deadline]++;
    switch (conn->deadline) {
    case DEADLINE_IDLE:
    case DEADLINE_FIRST_REQUEST:
        conn_close_soon(conn);
        worker_set_deadline(conn, DEADLINE_WRITE);
        return;
    case DEADLINE_REQUEST:
        http_parser_destroy(&conn->parser);
        worker_set_deadline(conn, DEADLINE_NONE);
        exchange_refuse(conn, 408, "malformed-request",
                        "the request did not come in time");
        return;
    case DEADLINE_HANDSHAKE:
        conn->worker->net->counts.handshakes_failed++;
        conn_doom(conn);
        return;
    case DEADLINE_WRITE:
    case DEADLINE_END:
    case DEADLINE_LINGER:
    case DEADLINE_NONE:
    case DEADLINE_COUNT:
        conn_doom(conn);
    }
}
