/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests in flight and their answers. Answers leave in the order in which
 * their requests came (RFC 9112 section 9.3.2), whatever order they are made.
 */
#include "net/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 204:
        return "No Content";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 410:
        return "Gone";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 421:
        return "Misdirected Request";
    case 422:
        return "Unprocessable Content";
    case 428:
        return "Precondition Required";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Unknown";
    }
}

/* --------------------------------------------------------------- life cycle */

struct exchange *
exchange_create(struct conn *conn)
{
    struct exchange *x = calloc(1, sizeof(*x));

    if (x == NULL)
        return NULL;
    x->conn = conn;
    x->worker = conn->worker;
    if (conn->identity != NULL) /* else refused: the handler is not asked */
        x->identity = identity_ref(conn->identity);
    memcpy(x->peer, conn->peer, sizeof(x->peer));
    buf_init(&x->answer, OUT_BYTES_MAX);
    *conn->last = x;
    conn->last = &x->next;
    conn->in_flight++;
    return x;
}

void
exchange_free(struct exchange *x)
{
    http_parser_destroy(&x->parser);
    identity_unref(&x->identity);
    buf_release(&x->answer);
    free(x);
}

static void
unlink_first(struct conn *conn)
{
    struct exchange *x = conn->first;

    conn->first = x->next;
    if (conn->first == NULL)
        conn->last = &conn->first;
    conn->in_flight--;
}

void
exchange_collect(struct conn *conn)
{
    while (conn->first != NULL && conn->first->is_answered) {
        struct exchange *x = conn->first;

        if (conn->out.size > 0 &&
            conn->out.size + x->answer.size > OUT_BYTES_MAX)
            return; /* after what is there has been written */
        buf_add(&conn->out, x->answer.bytes, x->answer.size);
        if (!x->keep_alive)
            conn->closes_after_answers = true;
        if (x->is_stream) { /* its body follows until it ends */
            buf_release(&x->answer);
            conn->stream = x;
            return;
        }
        unlink_first(conn);
        exchange_free(x);
    }
}

/** The stream of a connection that is gone: nobody can be told, then freed. */
static void
close_stream(struct exchange *x)
{
    struct worker *worker = x->worker;
    const struct net_handler *handler = &worker->net->config.handler;

    handler->stream_closed(handler->context, x, NULL);
    worker->streams--;
    worker->net->counts.streams_now--;
    exchange_free(x);
}

void
exchange_abandon_all(struct conn *conn)
{
    while (conn->first != NULL) {
        struct exchange *x = conn->first;

        unlink_first(conn);
        x->conn = NULL;
        if (x->is_stream)
            close_stream(x);
        else if (x->is_answered)
            exchange_free(x);
        /* else the handler still has it and will answer into nothing */
    }
    conn->stream = NULL;
}

/* ---------------------------------------------------------------- answers */

static void
add_field(struct buf *out, const char *name, const char *value)
{
    buf_add_text(out, name);
    buf_add_text(out, ": ");
    buf_add_text(out, value);
    buf_add_text(out, "\r\n");
}

static void
write_head(struct buf *out, const struct http_response *response,
           bool keep_alive, bool is_stream)
{
    buf_add_text(out, "HTTP/1.1 ");
    buf_add_i64(out, response->status);
    buf_add_char(out, ' ');
    buf_add_text(out, reason_of(response->status));
    buf_add_text(out, "\r\n");
    if (response->content_type != NULL)
        add_field(out, "Content-Type", response->content_type);
    if (is_stream)
        buf_add_text(out, "Transfer-Encoding: chunked\r\n");
    else if (response->status != 304 && response->status != 204) {
        buf_add_text(out, "Content-Length: ");
        buf_add_u64(out, response->body_size);
        buf_add_text(out, "\r\n");
    }
    for (const char *const *h = response->headers; h != NULL && *h != NULL;
         h += 2)
        add_field(out, h[0], h[1]);
    buf_add_text(out, "X-Content-Type-Options: nosniff\r\n"
                      "Strict-Transport-Security: max-age=63072000\r\n");
    if (!keep_alive)
        buf_add_text(out, "Connection: close\r\n");
    buf_add_text(out, "\r\n");
}

static void
answered(struct exchange *x)
{
    if (x->conn == NULL) {
        exchange_free(x);
        return;
    }
    x->is_answered = true;
    http_parser_destroy(&x->parser);
    if (!buf_is_ok(&x->answer)) { /* out of memory: nothing honest to say */
        conn_doom(x->conn);
        return;
    }
    worker_mark_dirty(x->conn);
}

void
exchange_respond(struct exchange *x, const struct http_response *response)
{
    bool is_head =
        x->parser != NULL && exchange_request(x)->method == HTTP_METHOD_HEAD;

    CHECK(!x->is_answered);
    if (x->conn == NULL) {
        exchange_free(x);
        return;
    }
    if (x->worker->is_draining && x->next == NULL) /* the last to come */
        x->keep_alive = false;
    write_head(&x->answer, response, x->keep_alive, false);
    if (!is_head && response->status != 304)
        buf_add(&x->answer, response->body, response->body_size);
    answered(x);
}

void
exchange_stream_begin(struct exchange *x, const struct http_response *head)
{
    CHECK(!x->is_answered);
    x->is_stream = true;
    if (x->conn == NULL) /* writing will say so, and the end frees it */
        return;
    x->keep_alive = false;
    x->conn->closes_after_answers = true; /* nothing comes after a stream */
    x->worker->streams++;
    x->worker->net->counts.streams_now++;
    write_head(&x->answer, head, true, true);
    answered(x);
}

static void
add_chunk(struct buf *out, const void *bytes, size_t size)
{
    char head[2 * sizeof(size) + 2];
    size_t at = sizeof(head), rest = size;

    /* By hand: it is done for each event on each stream. */
    head[--at] = '\n';
    head[--at] = '\r';
    do
        head[--at] = "0123456789abcdef"[rest & 15];
    while ((rest >>= 4) > 0);
    buf_add(out, head + at, sizeof(head) - at);
    buf_add(out, bytes, size);
    buf_add_text(out, "\r\n");
}

bool
exchange_stream_write(struct exchange *x, const void *bytes, size_t size)
{
    struct conn *conn = x->conn;
    struct buf *out =
        conn != NULL && conn->stream == x ? &conn->out : &x->answer;
    size_t unread = out->size;

    CHECK(x->is_stream && size > 0);
    if (conn == NULL)
        return false;
    if (conn->stream == x)
        unread -= conn->out_written;
    if (unread + size > x->worker->limits.unread_bytes)
        return false;
    add_chunk(out, bytes, size);
    worker_mark_dirty(conn);
    return buf_is_ok(out);
}

void
exchange_stream_farewell(struct exchange *x, const void *bytes, size_t size)
{
    struct conn *conn = x->conn;

    if (conn != NULL && size > 0)
        add_chunk(conn->stream == x ? &conn->out : &x->answer, bytes, size);
    exchange_stream_end(x);
}

void
exchange_stream_end(struct exchange *x)
{
    struct conn *conn = x->conn;

    CHECK(x->is_stream);
    if (conn == NULL) {
        exchange_free(x);
        return;
    }
    if (conn->stream == x) {
        buf_add_text(&conn->out, "0\r\n\r\n");
        conn->stream = NULL;
        CHECK(conn->first == x);
        unlink_first(conn);
        x->worker->streams--;
        x->worker->net->counts.streams_now--;
        exchange_free(x);
    } else { /* its turn has not come: it ends with what it has */
        buf_add_text(&x->answer, "0\r\n\r\n");
        x->is_stream = false;
        x->worker->streams--;
        x->worker->net->counts.streams_now--;
    }
    conn->closes_after_answers = true;
    worker_mark_dirty(conn);
}

void
exchange_end_streams(struct conn *conn, const char *reason)
{
    const struct net_handler *handler = &conn->worker->net->config.handler;

    for (struct exchange *x = conn->first, *next; x != NULL; x = next) {
        next = x->next;
        if (!x->is_stream)
            continue;
        handler->stream_closed(handler->context, x, reason);
        exchange_stream_end(x);
    }
}

void
exchange_refuse(struct conn *conn, int status, const char *code,
                const char *why)
{
    struct exchange *x = exchange_create(conn);
    char body[512];
    int size;

    if (x == NULL) {
        conn_doom(conn);
        return;
    }
    size = snprintf(body, sizeof(body),
                    "{\"type\":\"/problems/%s\",\"title\":\"%s\","
                    "\"status\":%d,\"code\":\"%s\",\"detail\":\"%s\"}\n",
                    code, reason_of(status), status, code, why);
    CHECK(size > 0 && (size_t)size < sizeof(body));
    x->keep_alive = false;
    conn->closes_after_answers = true;
    exchange_respond(x, &(struct http_response){
                            .status = status,
                            .content_type = "application/problem+json",
                            .body = body,
                            .body_size = (size_t)size,
                        });
}

/* ---------------------------------------------------------------- looking */

const struct http_request *
exchange_request(const struct exchange *x)
{
    CHECK(x->parser != NULL);
    return http_parser_request(x->parser);
}

struct identity *
exchange_identity(const struct exchange *x)
{
    return x->identity;
}

struct worker *
exchange_worker(const struct exchange *x)
{
    return x->worker;
}

const char *
exchange_peer(const struct exchange *x)
{
    return x->peer;
}

void
exchange_set_context(struct exchange *x, void *context)
{
    x->context = context;
}

void *
exchange_context(const struct exchange *x)
{
    return x->context;
}
