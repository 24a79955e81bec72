/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes read to requests handed over, as many as may be in flight.
 */
#include "net/internal.h"

#include "base/log.h"

static void
set_waiting_deadline(struct conn *conn)
{
    if (conn->state != CONN_OPEN || conn->deadline == DEADLINE_WRITE)
        return;
    if (conn->closes_after_answers) {
        worker_set_deadline(conn, DEADLINE_NONE);
    } else if (conn->parser != NULL && !http_parser_is_idle(conn->parser)) {
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
    conn->requests++;
    if (conn->deadline == DEADLINE_REQUEST) /* the next has its own time */
        worker_set_deadline(conn, DEADLINE_NONE);
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
    http_parser_destroy(&conn->parser);
    exchange_refuse(conn, status, code_of_status(status), why);
}

/** One step of parsing; false when nothing more can be done now. */
static bool
parse_step(struct conn *conn)
{
    size_t consumed;
    enum http_outcome outcome;

    if (conn->parser == NULL &&
        http_parser_create(&conn->parser, conn->worker->limits.body_bytes) !=
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
    if (outcome == HTTP_NEEDS_MORE)
        return false;
    hand_over(conn);
    return true;
}

/** "100 Continue", once the answers before it are on their way. */
static void
send_continue(struct conn *conn)
{
    if (conn->parser == NULL || conn->first != NULL ||
        !http_parser_wants_continue(conn->parser))
        return;
    buf_add_text(&conn->out, "HTTP/1.1 100 Continue\r\n\r\n");
    worker_mark_dirty(conn);
}

/* No more is taken on while too much of what was answered is unread. */
static bool
may_parse(const struct conn *conn)
{
    const struct net_limits *limits = &conn->worker->limits;

    return conn->state == CONN_OPEN && !conn->is_doomed &&
           !conn->closes_after_answers && conn->in.size > 0 &&
           conn->stream == NULL && conn->in_flight < limits->in_flight &&
           conn->out.size - conn->out_written < limits->unread_bytes;
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
    send_continue(conn);
    if (conn->in.size == 0)
        buf_release(&conn->in);
    set_waiting_deadline(conn);
    conn_update_watch(conn);
}
