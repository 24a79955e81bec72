/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of one connection, in and out, through its TLS object. The error queue
 * is cleared before each call; after an error of the object nothing more is
 * asked of it but to be freed.
 */
#include "net/internal.h"

#include "base/log.h"

#include <openssl/err.h>

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

/** Counts the records that come, of whatever kind (RFC 8446 section 5.1). */
static void
on_message(int is_written, int version, int type, const void *bytes,
           size_t size, SSL *ssl, void *argument)
{
    struct conn *conn = argument;

    (void)version, (void)bytes, (void)size, (void)ssl;
    if (is_written == 0 && type == SSL3_RT_HEADER)
        conn->idle_records++;
}

void
conn_count_records(struct conn *conn)
{
    SSL_set_msg_callback(conn->ssl, on_message);
    SSL_set_msg_callback_arg(conn->ssl, conn);
}

/** A reader of a stream sends nothing but by mistake: a little is dropped. */
static bool
drop_read(struct conn *conn, size_t size)
{
    conn->dropped += size;
    if (conn->dropped <= DROPPED_BYTES_MAX)
        return true;
    conn_doom(conn);
    return false;
}

/** One SSL_read; false when there is nothing more now. */
static bool
read_step(struct conn *conn)
{
    int size, error;

    ERR_clear_error();
    size = SSL_read(conn->ssl, conn->worker->scratch, READ_BYTES);
    if (size > 0) {
        conn->idle_records = 0;
        if (conn->stream != NULL) /* it has nothing to say any more */
            return drop_read(conn, (size_t)size);
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
    unsigned reads = 0;

    if (conn->is_doomed)
        return;
    if (conn->state == CONN_LINGER) {
        conn_drop_input(conn);
        return;
    }
    if (conn->state == CONN_HANDSHAKE)
        conn_shake(conn);
    /* At most so many in a row, so that others get their turn. */
    while (reads++ < READS_A_TURN && conn_may_read(conn) && read_step(conn))
        continue;
    if (conn->state == CONN_OPEN && !conn->is_doomed &&
        conn->idle_records > IDLE_RECORDS_MAX) {
        conn->worker->net->counts.idle_records++;
        conn_doom(conn);
    }
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
        conn_say_goodbye(conn);
        return;
    }
    conn_advance(conn);
    if (conn_may_read(conn) && SSL_pending(conn->ssl) > 0)
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
        conn_say_goodbye(conn);
    else
        conn_flush(conn);
}
