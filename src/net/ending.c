/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that must go, and the next trust generation that makes them.
 *
 * Three kinds of answer are never mixed: a request that the engine has
 * decided gets its true answer, one that it has not begun with is not tried
 * (identity.is_withdrawn), and only then comes the word why. Who does not
 * read it in time is cut off, and knows nothing of what was in flight.
 */
#include "net/internal.h"

#include "base/log.h"

#include <stdio.h>

enum { WARN_BEFORE_MS = 86400000, WARN_EACH_MS = 3600000 };

static const struct {
    const char *code;
    const char *text;
} endings[NET_END_COUNT] = {
    [NET_END_REVOKED] = {"revoked", "this certificate has been revoked"},
    [NET_END_CA_GONE] = {"revoked",
                         "the authority of this certificate is trusted no "
                         "more"},
    [NET_END_EXPIRED] = {"expired", "this certificate has expired"},
    [NET_END_ADMIN] = {"closed", "an administrator closed this connection"},
};

const char *
ending_code(enum net_end why)
{
    return endings[why].code;
}

const char *
ending_text(enum net_end why)
{
    return endings[why].text;
}

void
conn_end(struct conn *conn, enum net_end why)
{
    struct net *net = conn->worker->net;
    bool had_stream = conn->stream != NULL;

    CHECK(conn->identity != NULL);
    if (conn->is_doomed || conn->is_ending || conn->state != CONN_OPEN)
        return;
    conn->is_ending = true;
    conn->identity->is_withdrawn = true;
    net->counts.ended[why]++;
    log_info("ended conn=%llu peer=%s account=%s serial=%s cause=%s",
             (unsigned long long)conn->id, conn->peer, conn->identity->name,
             conn->identity->serial_hex, ending_code(why));
    http_parser_destroy(&conn->parser);
    buf_release(&conn->in);
    exchange_end_streams(conn, ending_code(why));
    worker_set_deadline(conn, DEADLINE_END);
    if (had_stream) /* it has been told by its last event */
        conn_close_soon(conn);
    else
        exchange_refuse(conn, 403, ending_code(why), ending_text(why));
}

/* ------------------------------------------------------------------ expiry */

static void
warn_of_expiry(struct conn *conn, int64_t left_ms)
{
    struct worker *worker = conn->worker;

    if (conn->warn_due > worker->now)
        return;
    conn->warn_due = worker->now + WARN_EACH_MS;
    worker->net->counts.expiry_warnings++;
    log_info("certificate ends soon conn=%llu account=%s serial=%s hours=%lld",
             (unsigned long long)conn->id, conn->identity->name,
             conn->identity->serial_hex, (long long)(left_ms / WARN_EACH_MS));
}

void
conn_check_certificate(struct conn *conn, int64_t wall)
{
    int64_t left;

    if (conn->is_doomed || conn->state != CONN_OPEN || conn->identity == NULL)
        return;
    left = conn->identity->not_after.ms - wall;
    if (left <= 0)
        conn_end(conn, NET_END_EXPIRED);
    else if (left < WARN_BEFORE_MS)
        warn_of_expiry(conn, left);
}

/* -------------------------------------------------------------- generations */

struct sweep {
    struct trust *trust;
    atomic_size_t closed;
};

static void
judge(struct conn *conn, struct sweep *sweep)
{
    enum trust_standing standing;

    if (conn->identity == NULL || conn->state != CONN_OPEN || conn->is_doomed)
        return; /* a handshake is judged when it is done */
    standing = trust_judge(sweep->trust, conn->identity);
    if (standing == TRUST_STANDS || conn->is_ending)
        return;
    conn_end(conn,
             standing == TRUST_REVOKED ? NET_END_REVOKED : NET_END_CA_GONE);
    sweep->closed++;
}

static void
sweep_step(struct worker *worker, void *context)
{
    struct sweep *sweep = context;

    trust_unref(&worker->trust);
    worker->trust = trust_ref(sweep->trust);
    for (struct conn *c = worker->conns, *next; c != NULL; c = next) {
        next = c->next;
        judge(c, sweep);
    }
}

enum err
net_retrust(struct net *net, struct trust *trust, size_t *closed_out)
{
    struct sweep sweep = {.trust = trust};
    enum err err = round_wait(net, sweep_step, &sweep);

    *closed_out = sweep.closed;
    return err;
}

/* ------------------------------------------------------------------ limits */

static void
limits_step(struct worker *worker, void *context)
{
    worker_set_limits(worker, context);
}

enum err
net_set_limits(struct net *net, const struct net_limits *limits)
{
    struct net_limits copy = *limits;
    enum err err = round_wait(net, limits_step, &copy);

    if (err == ERR_OK)
        census_set_limits(net->census, limits);
    return err;
}
