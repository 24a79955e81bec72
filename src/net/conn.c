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

static bool may_read(const struct conn *conn);

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

static void
update_watch(struct conn *conn)
{
    struct epoll_event event = {.events = wanted_events(conn),
                                .data.ptr = conn};

    if (conn->is_doomed || event.events == conn->events)
        return;
    conn->events = event.events;
    CHECK(epoll_ctl(conn->worker->epoll, EPOLL_CTL_MOD, conn->fd, &event) == 0);
}

static void
watch(struct conn *conn, bool wants_write)
{
    conn->wants_write = wants_write;
    update_watch(conn);
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
static void
linger(struct conn *conn)
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
    watch(conn, false);
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

    ERR_clear_error();
    outcome = SSL_shutdown(conn->ssl);
    if (outcome < 0 &&
        SSL_get_error(conn->ssl, outcome) == SSL_ERROR_WANT_WRITE) {
        watch(conn, true);
        return;
    }
    linger(conn);
}

void
conn_close_soon(struct conn *conn)
{
    conn->closes_after_answers = true;
    worker_mark_dirty(conn);
}

/* -------------------------------------------------------------- handshake */

static void
log_refusal(const struct conn *conn, const char *why)
{
    char text[256];

    log_info("refused peer=%s cause=%s", conn->peer,
             text_escape(text, sizeof(text), why, strlen(why)));
}

/** Why a handshake failed, as far as OpenSSL says. */
static const char *
handshake_cause(SSL *ssl)
{
    long verify = SSL_get_verify_result(ssl);
    unsigned long code = ERR_peek_last_error();
    const char *reason;

    if (verify != X509_V_OK)
        return X509_verify_cert_error_string(verify);
    reason = code == 0 ? NULL : ERR_reason_error_string(code);
    return reason == NULL ? "connection lost" : reason;
}

static void
handshake_failed(struct conn *conn)
{
    conn->worker->net->counts.handshakes_failed++;
    log_refusal(conn, handshake_cause(conn->ssl));
    /* The alert has been written: let the peer read it. */
    linger(conn);
}

static void
handshake_done(struct conn *conn)
{
    struct net *net = conn->worker->net;
    X509 *cert = SSL_get0_peer_certificate(conn->ssl);
    const char *rule = "";

    census_shaken(net->census, &conn->address);
    net->counts.handshakes_now--;
    conn->state = CONN_OPEN;
    CHECK(cert != NULL && SSL_get_verify_result(conn->ssl) == X509_V_OK);
    if (identity_from_cert(&conn->identity, cert, net->realm, &rule) !=
        ERR_OK) {
        net->counts.identities_refused++;
        log_refusal(conn, err_detail());
        conn->state = CONN_CLOSING;
        say_goodbye(conn);
        return;
    }
    net->counts.handshakes_ok++;
    conn->is_counted_name =
        census_enter_name(net->census, conn->identity->name);
    worker_set_deadline(conn, DEADLINE_FIRST_REQUEST);
    if (!conn->is_counted_name) {
        net->counts.refused_limit++;
        exchange_refuse(conn, 429, "rate-limited",
                        "too many connections of this account");
    }
}

static void
shake(struct conn *conn)
{
    int outcome;

    ERR_clear_error();
    outcome = SSL_do_handshake(conn->ssl);
    if (outcome == 1) {
        watch(conn, false);
        handshake_done(conn);
        return;
    }
    switch (SSL_get_error(conn->ssl, outcome)) {
    case SSL_ERROR_WANT_READ:
        watch(conn, false);
        return;
    case SSL_ERROR_WANT_WRITE:
        watch(conn, true);
        return;
    default:
        handshake_failed(conn);
    }
}

/* ---------------------------------------------------------------- requests */

static void
set_waiting_deadline(struct conn *conn)
{
    if (conn->state != CONN_OPEN || conn->deadline == DEADLINE_WRITE)
        return;
    if (conn->parser != NULL && !http_parser_is_idle(conn->parser)) {
        if (conn->deadline != DEADLINE_REQUEST)
            worker_set_deadline(conn, DEADLINE_REQUEST);
    } else if (conn->in_flight > 0) {
        worker_set_deadline(conn, DEADLINE_NONE);
    } else if (conn->had_request) {
        worker_set_deadline(conn, DEADLINE_IDLE);
    }
}

/** Hand a complete request to the handler; the parser goes with it. */
static void
hand_over(struct conn *conn)
{
    const struct net_handler *handler = &conn->worker->net->config.handler;
    struct exchange *x = exchange_create(conn);

    if (x == NULL) {
        conn_doom(conn);
        return;
    }
    conn->had_request = true;
    conn->worker->net->counts.requests++;
    x->parser = conn->parser;
    conn->parser = NULL;
    x->keep_alive = http_parser_request(x->parser)->keep_alive;
    if (!x->keep_alive)
        conn->closes_after_answers = true;
    handler->request(handler->context, x);
}

static const char *
code_of_status(int status)
{
    switch (status) {
    case 413:
        return "body-too-large";
    case 414:
        return "target-too-long";
    case 431:
        return "headers-too-large";
    case 503:
        return "overloaded";
    default:
        return "malformed-request";
    }
}

static void
request_broken(struct conn *conn)
{
    const char *why;
    int status = http_parser_status(conn->parser, &why);

    conn->worker->net->counts.broken_requests++;
    log_info("broken request peer=%s account=%s cause=%s", conn->peer,
             conn->identity->name, why);
    exchange_refuse(conn, status, code_of_status(status), why);
    conn->closes_after_answers = true;
}

/** One step of parsing; false when nothing more can be done now. */
static bool
parse_step(struct conn *conn)
{
    size_t consumed;
    enum http_outcome outcome;

    if (conn->parser == NULL &&
        http_parser_create(&conn->parser,
                           conn->worker->net->config.limits.body_bytes) !=
            ERR_OK) {
        conn_doom(conn);
        return false;
    }
    outcome = http_parser_feed(conn->parser, conn->in.bytes, conn->in.size,
                               &consumed);
    buf_drop(&conn->in, consumed);
    if (outcome == HTTP_BROKEN) {
        request_broken(conn);
        return false;
    }
    if (outcome == HTTP_NEEDS_MORE) {
        if (http_parser_wants_continue(conn->parser) && conn->first == NULL)
            buf_add_text(&conn->out, "HTTP/1.1 100 Continue\r\n\r\n"),
                worker_mark_dirty(conn);
        return false;
    }
    hand_over(conn);
    return true;
}

static bool
may_parse(const struct conn *conn)
{
    return conn->state == CONN_OPEN && !conn->is_doomed &&
           !conn->closes_after_answers && conn->in.size > 0 &&
           conn->in_flight < conn->worker->net->config.limits.in_flight &&
           !(conn->last != &conn->first && conn->stream != NULL);
}

void
conn_advance(struct conn *conn)
{
    while (may_parse(conn) && parse_step(conn))
        continue;
    if (conn->is_doomed)
        return;
    if (conn->parser != NULL && http_parser_is_idle(conn->parser))
        http_parser_destroy(&conn->parser);
    if (conn->in.size == 0)
        buf_release(&conn->in);
    set_waiting_deadline(conn);
    update_watch(conn);
}

/* ------------------------------------------------------------------ reading */

static bool
may_read(const struct conn *conn)
{
    return conn->state == CONN_OPEN && !conn->is_doomed &&
           conn->in.size < READ_BYTES &&
           (!conn->closes_after_answers || conn->stream != NULL);
}

/** The peer has said that it is done, or the connection broke. */
static void
input_ended(struct conn *conn, int error)
{
    if (error == SSL_ERROR_ZERO_RETURN && conn->in_flight > 0 &&
        conn->stream == NULL) {
        conn_close_soon(conn); /* it still wants its answers */
        return;
    }
    if (error == SSL_ERROR_ZERO_RETURN) {
        conn->state = CONN_CLOSING;
        say_goodbye(conn);
        return;
    }
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
        watch(conn, true);
        return false;
    }
    input_ended(conn, error);
    return false;
}

void
conn_readable(struct conn *conn)
{
    bool has_read = false;

    if (conn->is_doomed)
        return;
    if (conn->state == CONN_LINGER) {
        drop_input(conn);
        return;
    }
    if (conn->state == CONN_HANDSHAKE)
        shake(conn);
    while (may_read(conn) && read_step(conn))
        has_read = true;
    /* Wake-ups without a byte: empty records, key updates. */
    if (!has_read && conn->state == CONN_OPEN &&
        ++conn->empty_reads > WAKEUPS_EMPTY_MAX)
        conn_doom(conn);
    update_watch(conn);
}

/* ------------------------------------------------------------------ writing */

static void
write_failed(struct conn *conn, int outcome)
{
    int error = SSL_get_error(conn->ssl, outcome);

    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        if (conn->deadline != DEADLINE_WRITE)
            worker_set_deadline(conn, DEADLINE_WRITE);
        watch(conn, true);
        return;
    }
    conn_doom(conn);
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
            write_failed(conn, size);
            return false;
        }
        conn->out_written += (size_t)size;
        if (conn->deadline == DEADLINE_WRITE) /* progress */
            worker_set_deadline(conn, DEADLINE_WRITE);
    }
    conn->out_written = 0;
    buf_release(&conn->out);
    return true;
}

void
conn_flush(struct conn *conn)
{
    if (conn->is_doomed || conn->state == CONN_HANDSHAKE ||
        conn->state == CONN_LINGER)
        return;
    if (conn->stream == NULL)
        exchange_collect(conn);
    if (!buf_is_ok(&conn->out)) {
        conn_doom(conn);
        return;
    }
    if (!write_out(conn))
        return;
    watch(conn, false);
    if (conn->deadline == DEADLINE_WRITE)
        worker_set_deadline(conn, DEADLINE_NONE);
    if (conn->state == CONN_CLOSING ||
        (conn->closes_after_answers && conn->first == NULL)) {
        conn->state = CONN_CLOSING;
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
        shake(conn);
    else if (conn->state == CONN_CLOSING && conn->out.size == 0)
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
        exchange_refuse(conn, 408, "malformed-request",
                        "the request did not come in time");
        conn->closes_after_answers = true;
        worker_set_deadline(conn, DEADLINE_WRITE);
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
