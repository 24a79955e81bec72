/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake, and who is there once it is done. A refusal by verification
 * is a TLS alert; one by the rules on the name, or by a count of names, is an
 * answer of HTTP, the only one on that connection. Each is one line of the
 * log: peer, serial, hash of the key, the rule that was broken.
 */
#include "net/internal.h"

#include "base/log.h"
#include "base/text.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum { REFUSALS_A_SECOND = 100, SHOWN_BYTES_MAX = 96 };

/* -------------------------------------------------------------------- lines */

static void
tell(struct net *net, const struct carrier_event *event)
{
    const struct net_handler *handler = &net->config.handler;

    if (handler->conn_event != NULL)
        handler->conn_event(handler->context, event);
}

/** One line, if the brake lets it pass. `serial`, `key`, `uri`: "-" for none.
 */
static void
log_refusal(struct net *net, const char *peer, const char *credential,
            const char *rule)
{
    char text[256], held_text[32] = "";
    uint64_t held;

    tell(net, &(struct carrier_event){
                  .kind = CARRIER_REFUSED, .peer = peer, .cause = rule});
    if (!log_brake_pass(&net->refusal_brake, monotonic_ms() / 1000,
                        REFUSALS_A_SECOND, &held))
        return;
    if (held > 0)
        snprintf(held_text, sizeof(held_text), " held_back=%llu",
                 (unsigned long long)held);
    log_info("refused peer=%s %s rule=\"%s\"%s", peer, credential,
             text_escape(text, sizeof(text), rule, strlen(rule)), held_text);
}

void
log_refused_limit(struct net *net, const char *peer, enum refusal refusal)
{
    static const char *const rules[REFUSAL_COUNT] = {
        [REFUSAL_NONE] = "none",
        [REFUSAL_RATE] = "too many handshakes a second of this address",
        [REFUSAL_CONNECTIONS] = "too many connections",
        [REFUSAL_HANDSHAKES] = "too many handshakes",
        [REFUSAL_ADDRESS] = "too many connections of this address",
        [REFUSAL_ADDRESS_HANDSHAKES] = "too many handshakes of this address",
        [REFUSAL_NAME] = "too many connections of this account",
        [REFUSAL_MEMORY] = "out of memory",
    };

    log_refusal(net, peer, "serial=- key=-", rules[refusal]);
}

/** Serial and key; and the first URI, escaped: a stranger may choose it. */
static void
describe(char *out, size_t size, X509 *cert)
{
    char serial[IDENTITY_SERIAL_TEXT_BYTES], key[HASH_HEX_BYTES];
    char uri[4 * SHOWN_BYTES_MAX + 1] = "-";
    GENERAL_NAMES *names =
        X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    struct hash spki;

    identity_describe(cert, serial, &spki);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        size_t length;
        if (name->type != GEN_URI)
            continue;
        length = (size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier);
        text_escape(uri, sizeof(uri),
                    ASN1_STRING_get0_data(name->d.uniformResourceIdentifier),
                    length > SHOWN_BYTES_MAX ? SHOWN_BYTES_MAX : length);
        break;
    }
    GENERAL_NAMES_free(names);
    ERR_clear_error();
    snprintf(out, size, "serial=%s key=%s uri=%s", serial, hash_hex(key, &spki),
             uri);
}

/** Why a handshake failed, as far as OpenSSL says. */
static const char *
handshake_cause(const struct conn *conn)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason;

    /* The library only says that no issuer fits such a certificate. */
    if (conn->refusal.is_unreadable)
        return "an extension cannot be parsed or stands twice";
    if (conn->refusal.is_set)
        return X509_verify_cert_error_string(conn->refusal.code);
    reason = code == 0 ? NULL : ERR_reason_error_string(code);
    return reason == NULL ? "connection lost" : reason;
}

static void
handshake_failed(struct conn *conn)
{
    char credential[512] = "serial=- key=-", key[HASH_HEX_BYTES];
    const struct tls_refusal *refusal = &conn->refusal;

    conn->worker->net->counts.handshakes_failed++;
    if (refusal->is_set)
        snprintf(credential, sizeof(credential), "serial=%s key=%s",
                 refusal->serial, hash_hex(key, &refusal->spki));
    log_refusal(conn->worker->net, conn->peer, credential,
                handshake_cause(conn));
    /* The alert has been written: let the peer read it. */
    conn_linger(conn);
}

void
conn_tell(const struct conn *conn, enum carrier_event_kind kind,
          const char *cause)
{
    tell(conn->worker->net,
         &(struct carrier_event){.kind = kind,
                                 .conn = conn->id,
                                 .peer = conn->peer,
                                 .cause = cause,
                                 .tls = SSL_get_version(conn->ssl),
                                 .cipher = SSL_get_cipher_name(conn->ssl),
                                 .identity = conn->identity,
                                 .requests = conn->requests});
}

/* --------------------------------------------------------------- who it is */

static void
refuse_identity(struct conn *conn, X509 *cert, const char *code,
                const char *rule)
{
    char credential[512];

    conn->worker->net->counts.identities_refused++;
    describe(credential, sizeof(credential), cert);
    log_refusal(conn->worker->net, conn->peer, credential, rule);
    exchange_refuse(conn, 403, code, rule);
}

/** The CA that the leaf has been verified under; NULL when there is none. */
static X509 *
issuer_of(const struct conn *conn)
{
    STACK_OF(X509) *chain = SSL_get0_verified_chain(conn->ssl);

    return sk_X509_num(chain) > 1 ? sk_X509_value(chain, 1) : NULL;
}

/** False after a refusal. */
static bool
identify(struct conn *conn, X509 *cert)
{
    struct worker *worker = conn->worker;
    const char *rule = NULL;

    if (identity_from_cert(&conn->identity, cert, issuer_of(conn),
                           worker->net->realm, &rule) != ERR_OK) {
        refuse_identity(conn, cert, "identity-refused",
                        rule == NULL ? err_detail() : rule);
        return false;
    }
    /* A reload may have come between the two ends of the handshake. */
    if (trust_judge(worker->trust, conn->identity) != TRUST_STANDS) {
        refuse_identity(conn, cert, ending_code(NET_END_REVOKED),
                        ending_text(NET_END_REVOKED));
        return false;
    }
    return true;
}

static void
handshake_done(struct conn *conn)
{
    struct net *net = conn->worker->net;
    X509 *cert = SSL_get0_peer_certificate(conn->ssl);

    census_shaken(net->census, &conn->address);
    net->counts.handshakes_now--;
    conn->state = CONN_OPEN;
    conn->idle_records = 0;
    worker_set_deadline(conn, DEADLINE_FIRST_REQUEST);
    CHECK(cert != NULL && SSL_get_verify_result(conn->ssl) == X509_V_OK);
    if (!identify(conn, cert))
        return;
    net->counts.handshakes_ok++;
    conn->is_counted_name =
        census_enter_name(net->census, conn->identity->name);
    if (!conn->is_counted_name) {
        net->counts.refused[REFUSAL_NAME]++;
        log_refused_limit(net, conn->peer, REFUSAL_NAME);
        exchange_refuse(conn, 429, "rate-limited",
                        "too many connections of this account");
        return;
    }
    conn->is_told = true;
    conn_tell(conn, CARRIER_OPENED, NULL);
    conn_check_certificate(conn, wall_ms());
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
