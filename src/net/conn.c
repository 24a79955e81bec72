/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection: handshake, identity, requests, answers, end.
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

static bool
may_read(const struct conn *conn)
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
        may_read(conn))
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
    conn->ssl = SSL_new(trust_context(conn->worker->net->config.trust));
    if (conn->ssl == NULL || SSL_set_fd(conn->ssl, conn->fd) != 1)
        return false;
    SSL_set_accept_state(conn->ssl);
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

void
conn_accept(struct worker *worker, int fd, const struct sockaddr_in6 *address)
{
    struct conn *conn;
    int one = 1;

    worker->net->counts.accepted++;
    if (!census_enter(worker->net->census, address)) {
        worker->net->counts.refused_limit++;
        close(fd);
        return;
    }
    conn = calloc(1, sizeof(*conn));
    if (conn == NULL) {
        census_leave(worker->net->census, address, false);
        close(fd);
        return;
    }
    *conn = (struct conn){.worker = worker, .fd = fd, .address = *address};
    conn->last = &conn->first;
    buf_init(&conn->in, HTTP_HEAD_BYTES_MAX + READ_BYTES);
    buf_init(&conn->out, OUT_BYTES_MAX);
    format_peer(conn->peer, address);
    link_conn(worker, conn);
    worker->net->counts.connections_now++;
    worker->net->counts.handshakes_now++;
    /* Small answers must not wait for the peer's acknowledgement. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
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
    worker_set_deadline(conn, DEADLINE_NONE);
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
    if (shutdown(conn->fd, SHUT_WR) != 0) {
        conn_doom(conn);
        return;
    }
    conn_watch(conn, false);
    worker_set_deadline(conn, DEADLINE_LINGER);
}

static void
drop_input(struct conn *conn)
{
    ssize_t size;

    while ((size = recv(conn->fd, conn->worker->scratch, READ_BYTES, 0)) > 0) {
        conn->lingered += (size_t)size;
        if (conn->lingered > LINGER_BYTES_MAX) {
            conn_doom(conn);
            return;
        }
    }
    if (size == 0 || (errno != EAGAIN && errno != EINTR))
        conn_doom(conn);
}

/** close_notify, then linger. */
static void
say_goodbye(struct conn *conn)
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

/* ------------------------------------------------------------------ reading */

/** The peer has said that it is done, or the connection broke. */
static void
input_ended(struct conn *conn, int error)
{
    if (error == SSL_ERROR_ZERO_RETURN && conn->stream == NULL)
        conn_close_soon(conn); /* it still wants its answers */
    else
        conn_doom(conn);
}

/** One SSL_read; false when there is nothing more now. */
static bool
read_step(struct conn *conn)
{
    int size, error;

    ERR_clear_error();
    size = SSL_read(conn->ssl, conn->worker->scratch, READ_BYTES);
    if (size > 0) {
        conn->empty_reads = 0;
        if (conn->stream != NULL) /* it has nothing to say any more */
            return true;
        buf_add(&conn->in, conn->worker->scratch, (size_t)size);
        if (!buf_is_ok(&conn->in)) {
            conn_doom(conn);
            return false;
        }
        conn_advance(conn);
        return true;
    }
    error = SSL_get_error(conn->ssl, size);
    if (error == SSL_ERROR_WANT_READ)
        return false;
    if (error == SSL_ERROR_WANT_WRITE) {
        conn_watch(conn, true);
        return false;
    }
    input_ended(conn, error);
    return false;
}

void
conn_readable(struct conn *conn)
{
    bool has_read = false;
    unsigned reads = 0;

    if (conn->is_doomed)
        return;
    if (conn->state == CONN_LINGER) {
        drop_input(conn);
        return;
    }
    if (conn->state == CONN_HANDSHAKE)
        conn_shake(conn);
    /* At most so many in a row, so that others get their turn. */
    while (reads++ < READS_A_TURN && may_read(conn) && read_step(conn))
        has_read = true;
    /* Wake-ups without a byte: empty records, key updates. */
    if (!has_read && conn->state == CONN_OPEN &&
        ++conn->empty_reads > WAKEUPS_EMPTY_MAX)
        conn_doom(conn);
    conn_update_watch(conn);
}

/* ------------------------------------------------------------------ writing */

static void
write_failed(struct conn *conn, int outcome)
{
    int error = SSL_get_error(conn->ssl, outcome);

    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        if (conn->deadline != DEADLINE_WRITE)
            worker_set_deadline(conn, DEADLINE_WRITE);
        conn_watch(conn, true);
        return;
    }
    conn_doom(conn);
}

/**
 * What is written no longer counts as unread. Moved only when it is the
 * larger part, so that each byte is moved once on average.
 */
static void
forget_written(struct conn *conn)
{
    if (conn->out_written == conn->out.size)
        buf_release(&conn->out);
    else if (conn->out_written > conn->out.size / 2)
        buf_drop(&conn->out, conn->out_written);
    else
        return;
    conn->out_written = 0;
}

/** Write until there is nothing left or no room; true when all is written. */
static bool
write_out(struct conn *conn)
{
    while (conn->out_written < conn->out.size) {
        size_t left = conn->out.size - conn->out_written;
        int chunk = left > READ_BYTES ? READ_BYTES : (int)left;
        int size;

        ERR_clear_error();
        size = SSL_write(conn->ssl, conn->out.bytes + conn->out_written, chunk);
        if (size <= 0) {
            forget_written(conn);
            write_failed(conn, size);
            return false;
        }
        conn->out_written += (size_t)size;
        if (conn->deadline == DEADLINE_WRITE) /* progress */
            worker_set_deadline(conn, DEADLINE_WRITE);
    }
    forget_written(conn);
    return true;
}

void
conn_flush(struct conn *conn)
{
    if (conn->is_doomed || conn->state != CONN_OPEN)
        return;
    do {
        if (conn->stream == NULL)
            exchange_collect(conn);
        if (!buf_is_ok(&conn->out)) {
            conn_doom(conn);
            return;
        }
        if (!write_out(conn))
            return;
    } while (conn->stream == NULL && conn->first != NULL &&
             conn->first->is_answered);
    conn_watch(conn, false);
    if (conn->deadline == DEADLINE_WRITE)
        worker_set_deadline(conn, DEADLINE_NONE);
    if (conn->closes_after_answers && conn->first == NULL) {
        say_goodbye(conn);
        return;
    }
    conn_advance(conn);
    if (may_read(conn) && SSL_pending(conn->ssl) > 0)
        conn_readable(conn);
}

void
conn_writable(struct conn *conn)
{
    if (conn->is_doomed)
        return;
    if (conn->state == CONN_HANDSHAKE)
        conn_shake(conn);
    else if (conn->state == CONN_CLOSING)
        say_goodbye(conn);
    else
        conn_flush(conn);
}

/* ---------------------------------------------------------------- deadlines */

void
conn_expired(struct conn *conn)
{
    conn->worker->net->counts.timeouts++;
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
    case DEADLINE_LINGER:
    case DEADLINE_NONE:
    case DEADLINE_COUNT:
        conn_doom(conn);
    }
}
