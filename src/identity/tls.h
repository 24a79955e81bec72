/* SPDX-License-Identifier: Apache-2.0 */
/**
 * tls: the settings of a TLS context that no file decides.
 *
 * One function sets what docs/security.md "TLS" lists, in that order. A
 * context is changed only while it is made.
 *
 * Thread  tls_start once by main, before any other thread; the rest by main;
 *         the callbacks run on workers and read only.
 * Source  docs/security.md "TLS"; RFC 8446, RFC 7301.
 */
#ifndef IDENTITY_TLS_H
#define IDENTITY_TLS_H

#include "audit/hash.h"
#include "base/err.h"
#include "identity/identity.h"

#include <openssl/ssl.h>
#include <stdbool.h>

/** What an operator may change; zero values are the defaults. */
struct tls_options {
    const char *groups;     /* NULL: "X25519:P-256" */
    unsigned depth;         /* CAs between a trusted one and the leaf: 0, 1 */
    bool alpn_required;     /* refuse a client without an ALPN extension */
    size_t cert_list_bytes; /* that a stranger may send; 0: 32 KiB */
};

/**
 * Fetch the algorithms of every handshake once, so that no connection pays
 * for looking them up, and say which OpenSSL this is.
 *
 * Returns  ERR_OK; ERR_CRYPTO naming the algorithm that is missing
 */
MUST_CHECK enum err tls_start(void);

/** A new context with every setting but certificates; NULL on failure. */
SSL_CTX *tls_context_create(const struct tls_options *options);

/** Why verification refused a leaf, for the log. */
struct tls_refusal {
    bool is_set;
    bool is_unreadable; /* an extension cannot be parsed, or stands twice */
    int code;           /* X509_V_ERR_... */
    char serial[IDENTITY_SERIAL_TEXT_BYTES];
    struct hash spki; /* SHA-256 of the public key */
};

/**
 * Let a connection's verification fill in `refusal` when it fails; both must
 * live as long as the handshake.
 */
MUST_CHECK bool tls_watch(SSL *ssl, struct tls_refusal *refusal);

/** SHA-256 of a context's settings: 32 bytes that no other one shares. */
MUST_CHECK bool
tls_set_session_context(SSL_CTX *context, const struct hash *generation);

#endif
