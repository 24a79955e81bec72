/* SPDX-License-Identifier: Apache-2.0 */
#include "server/numbers.h"

#include "api/prometheus.h"

#include <stdio.h>
#include <string.h>

enum { LABELS_BYTES = 64 };

static const char *const refusals[REFUSAL_COUNT] = {
    [REFUSAL_NONE] = "none",
    [REFUSAL_RATE] = "rate",
    [REFUSAL_CONNECTIONS] = "connections",
    [REFUSAL_HANDSHAKES] = "handshakes",
    [REFUSAL_ADDRESS] = "address",
    [REFUSAL_ADDRESS_HANDSHAKES] = "address_handshakes",
    [REFUSAL_NAME] = "account",
    [REFUSAL_MEMORY] = "memory",
};

static const char *const ends[NET_END_COUNT] = {
    [NET_END_REVOKED] = "revoked",
    [NET_END_CA_GONE] = "ca_gone",
    [NET_END_EXPIRED] = "expired",
    [NET_END_ADMIN] = "admin",
};

/* ------------------------------------------------------------------- status */

static void
write_trust(const struct trust_facts *t, struct reply *j)
{
    reply_open(j, "trust");
    reply_int(j, "generation", (int64_t)t->generation);
    reply_int(j, "cas", (int64_t)t->cas);
    reply_instant(j, "server_not_after", t->server_ends);
    reply_instant(j, "ca_not_after", t->ca_ends);
    if (t->crl_ends.ms != 0) {
        reply_text(j, "crl_number", t->crl_number);
        reply_instant(j, "crl_next_update", t->crl_ends);
        reply_int(j, "revoked", (int64_t)t->revoked);
    }
    reply_close(j);
}

void
numbers_status(const struct net_counts *n, const struct trust_facts *trust,
               struct reply *j)
{
    write_trust(trust, j);
    reply_open(j, "net");
    reply_int(j, "connections", (int64_t)n->connections_now);
    reply_int(j, "handshaking", (int64_t)n->handshakes_now);
    reply_int(j, "streams", (int64_t)n->streams_now);
    reply_int(j, "accepted", (int64_t)n->accepted);
    reply_int(j, "handshakes", (int64_t)n->handshakes_ok);
    reply_int(j, "handshakes_failed", (int64_t)n->handshakes_failed);
    reply_int(j, "identities_refused", (int64_t)n->identities_refused);
    reply_int(j, "requests", (int64_t)n->requests);
    reply_open(j, "refused");
    for (int i = REFUSAL_NONE + 1; i < REFUSAL_COUNT; i++)
        reply_int(j, refusals[i], (int64_t)n->refused[i]);
    reply_close(j);
    reply_close(j);
}

/* ------------------------------------------------------------------ metrics */

static void
write_labelled(struct buf *out, const char *name, const char *label,
               const char *value, uint64_t count)
{
    char labels[LABELS_BYTES];

    snprintf(labels, sizeof(labels), "%s=\"%s\"", label, value);
    prometheus_count(out, name, labels, count);
}

static void
write_now(const struct net_counts *n, struct buf *out)
{
    prometheus_head(out, "auctiond_connections", "gauge",
                    "Connections open now, by protocol.");
    prometheus_count(out, "auctiond_connections", "proto=\"handshake\"",
                     n->handshakes_now);
    prometheus_count(out, "auctiond_connections", "proto=\"http/1.1\"",
                     n->connections_now - n->handshakes_now);
    prometheus_head(out, "auctiond_event_streams", "gauge",
                    "Live streams open now.");
    prometheus_count(out, "auctiond_event_streams", NULL, n->streams_now);
}

static void
write_door(const struct net_counts *n, struct buf *out)
{
    static const char shakes[] = "auctiond_handshakes_total";
    static const char refused[] = "auctiond_refused_total";

    prometheus_head(out, "auctiond_accepted_total", "counter",
                    "Connections that arrived.");
    prometheus_count(out, "auctiond_accepted_total", NULL, n->accepted);
    prometheus_head(out, shakes, "counter", "TLS handshakes, by result.");
    prometheus_count(out, shakes, "result=\"ok\"", n->handshakes_ok);
    prometheus_count(out, shakes, "result=\"failed\"", n->handshakes_failed);
    prometheus_count(out, shakes, "result=\"identity\"", n->identities_refused);
    prometheus_head(out, refused, "counter",
                    "Connections kept out, by the limit that was reached.");
    for (int i = REFUSAL_NONE + 1; i < REFUSAL_COUNT; i++)
        write_labelled(out, refused, "limit", refusals[i], n->refused[i]);
    prometheus_head(out, "auctiond_accept_pauses_total", "counter",
                    "Times that accepting paused for want of descriptors.");
    prometheus_count(out, "auctiond_accept_pauses_total", NULL,
                     n->accept_pauses);
}

static void
write_ends(const struct net_counts *n, struct buf *out)
{
    static const char timeouts[] = "auctiond_timeouts_total";
    static const char ended[] = "auctiond_ended_total";

    prometheus_head(out, timeouts, "counter",
                    "Connections or requests that ran out of time.");
    write_labelled(out, timeouts, "deadline", "handshake",
                   n->expired_handshake);
    write_labelled(out, timeouts, "deadline", "first_request",
                   n->expired_first_request);
    write_labelled(out, timeouts, "deadline", "request", n->expired_request);
    write_labelled(out, timeouts, "deadline", "idle", n->expired_idle);
    write_labelled(out, timeouts, "deadline", "write", n->expired_write);
    prometheus_head(out, ended, "counter",
                    "Connections that were made to go, by cause.");
    for (int i = 0; i < NET_END_COUNT; i++)
        write_labelled(out, ended, "cause", ends[i], n->ended[i]);
    prometheus_head(out, "auctiond_broken_requests_total", "counter",
                    "Requests that broke the framing or its bounds.");
    prometheus_count(out, "auctiond_broken_requests_total", NULL,
                     n->broken_requests);
    prometheus_head(out, "auctiond_idle_records_total", "counter",
                    "Connections ended for records without data.");
    prometheus_count(out, "auctiond_idle_records_total", NULL, n->idle_records);
    prometheus_head(out, "auctiond_expiry_warnings_total", "counter",
                    "Warnings of client certificates in their last day.");
    prometheus_count(out, "auctiond_expiry_warnings_total", NULL,
                     n->expiry_warnings);
}

static void
write_left(struct buf *out, const char *what, struct instant ends_at,
           struct instant now)
{
    char labels[LABELS_BYTES];

    if (ends_at.ms == 0)
        return;
    snprintf(labels, sizeof(labels), "certificate=\"%s\"", what);
    prometheus_seconds(out, "auctiond_certificate_expiry_seconds", labels,
                       (double)(ends_at.ms - now.ms) / 1e3);
}

void
numbers_metrics(const struct net_counts *net, const struct trust_facts *trust,
                struct instant now, struct buf *out)
{
    write_now(net, out);
    write_door(net, out);
    write_ends(net, out);
    prometheus_head(out, "auctiond_certificate_expiry_seconds", "gauge",
                    "What is left of the life of what trust rests on.");
    write_left(out, "server", trust->server_ends, now);
    write_left(out, "ca", trust->ca_ends, now);
    write_left(out, "crl", trust->crl_ends, now);
    prometheus_head(out, "auctiond_trust_generation", "gauge",
                    "Number of the present trust generation.");
    prometheus_count(out, "auctiond_trust_generation", NULL, trust->generation);
}

/* -------------------------------------------------------------------- lines */

void
numbers_lines(const struct net_counts *n, const struct trust_facts *t,
              struct buf *out)
{
    char text[INSTANT_TEXT_BYTES];

    buf_add_format(
        out,
        "net connections=%llu handshaking=%llu streams=%llu requests=%llu "
        "handshakes=%llu failed=%llu refused=%llu timeouts=%llu\n",
        (unsigned long long)n->connections_now,
        (unsigned long long)n->handshakes_now,
        (unsigned long long)n->streams_now, (unsigned long long)n->requests,
        (unsigned long long)n->handshakes_ok,
        (unsigned long long)n->handshakes_failed,
        (unsigned long long)n->refused_limit, (unsigned long long)n->timeouts);
    buf_add_format(out, "trust generation=%llu cas=%zu revoked=%zu",
                   (unsigned long long)t->generation, t->cas, t->revoked);
    buf_add_format(out, " server_ends=%s",
                   instant_format(text, t->server_ends));
    if (t->crl_ends.ms != 0)
        buf_add_format(out, " crl_number=%s crl_ends=%s", t->crl_number,
                       instant_format(text, t->crl_ends));
    buf_add_char(out, '\n');
}

/* -------------------------------------------------------------- connections */

struct admin_guest
numbers_guest(const struct net_guest *guest)
{
    struct admin_guest g = {
        .id = guest->id,
        .since = guest->since,
        .is_known = guest->identity != NULL,
        .requests = guest->requests,
        .in_flight = guest->in_flight,
        .is_streaming = guest->is_streaming,
        .is_shaking = guest->is_shaking,
    };

    snprintf(g.peer, sizeof(g.peer), "%s", guest->peer);
    if (!g.is_known)
        return g;
    memcpy(g.account, guest->identity->name, sizeof(g.account));
    memcpy(g.serial, guest->identity->serial_hex, sizeof(g.serial));
    g.role = guest->identity->role;
    g.not_after = guest->identity->not_after;
    return g;
}
