/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake, and who is there once it is done. A refusal by verification
 * is a TLS alert; one by the rules on the name, or by a count of names, is an
 * answer of HTTP, the only one on that connection.
 */
#include "net/internal.h"

#include "base/log.h"
#include "base/text.h"

#include <openssl/err.h>
#include <string.h>

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
    conn_linger(conn);
}

static void
handshake_done(struct conn *conn)
{
    struct net *net = conn->worker->net;
    X509 *cert = SSL_get0_peer_certificate(conn->ssl);
    const char *rule = NULL;

    census_shaken(net->census, &conn->address);
    net->counts.handshakes_now--;
    conn->state = CONN_OPEN;
    worker_set_deadline(conn, DEADLINE_FIRST_REQUEST);
    CHECK(cert != NULL && SSL_get_verify_result(conn->ssl) == X509_V_OK);
    if (identity_from_cert(&conn->identity, cert, net->realm, &rule) !=
        ERR_OK) {
        net->counts.identities_refused++;
        log_refusal(conn, err_detail());
        exchange_refuse(conn, 403, "identity-refused",
                        rule == NULL ? "no memory" : rule);
        return;
    }
    net->counts.handshakes_ok++;
    conn->is_counted_name =
        census_enter_name(net->census, conn->identity->name);
    if (!conn->is_counted_name) {
        net->counts.refused_limit++;
        exchange_refuse(conn, 429, "rate-limited",
                        "too many connections of this account");
    }
}

void
conn_shake(struct conn *conn)
{
    int outcome;

    ERR_clear_error();
    outcome = SSL_do_handshake(conn->ssl);
    if (outcome == 1) {
        conn_watch(conn, false);
        handshake_done(conn);
        return;
    }
    switch (SSL_get_error(conn->ssl, outcome)) {
    case SSL_ERROR_WANT_READ:
        conn_watch(conn, false);
        return;
    case SSL_ERROR_WANT_WRITE:
        conn_watch(conn, true);
        return;
    default:
        handshake_failed(conn);
    }
}
