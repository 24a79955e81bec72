/* SPDX-License-Identifier: Apache-2.0 */
/**
 * logkey: the key that signs the log's heads, and the certificate that says
 * so.
 *
 * The log has its own Ed25519 key, apart from the server's TLS key. The same
 * CA certifies it: a leaf certificate with the extended key usage
 * documentSigning (1.3.6.1.5.5.7.3.36) alone and the subject alternative name
 * URI "https://" + origin. So whoever trusts the CA needs nothing else to trust
 * a checkpoint.
 *
 * Nothing here reads files: PEM texts are passed in.
 *
 * Thread  any, on distinct objects; a loaded key may be shared for signing.
 * Source  RFC 9336 (documentSigning); docs/audit.md "checkpoints".
 */
#ifndef AUDIT_LOGKEY_H
#define AUDIT_LOGKEY_H

#include "audit/checkpoint.h"
#include "base/instant.h"

#include <openssl/x509.h>
#include <stddef.h>

/** PEM text, borrowed, not necessarily terminated. */
struct pem {
    const char *text;
    size_t size; /* at most PEM_BYTES_MAX */
};

enum { PEM_BYTES_MAX = 1 << 20 };

/** The private key with all that is published of it. */
struct logkey {
    EVP_PKEY *key;                /* owned, private */
    X509 *cert;                   /* owned */
    struct log_verifier verifier; /* owned; name is the origin */
};

/**
 * Load the log's key; the certificate must be good at `now` under `ca`, hold
 * this key, and name the origin.
 *
 * key   an unencrypted private key; the caller wipes its text
 * cert  the certificate, first in its file
 * ca    the certificates of the CA, all of them trusted as they stand
 *
 * Returns  ERR_OK; ERR_SYNTAX (not PEM, or of another kind); ERR_UNTRUSTED
 *          (chain, usage, name, dates, or not this key); ERR_CRYPTO
 */
MUST_CHECK enum err
logkey_load(struct logkey *logkey_out, struct pem key, struct pem cert,
            struct pem ca, struct instant now);

/** Free all; may be called again, and on a zeroed struct. */
void logkey_release(struct logkey *logkey);

/**
 * A verifier from the log's certificate, for clients and auditors.
 *
 * origin   the name the certificate must have, or NULL for any
 * at       the time at which the certificate must have been in force
 *
 * Returns  as logkey_load
 */
MUST_CHECK enum err
logkey_from_cert(struct log_verifier *verifier_out, struct pem cert,
                 struct pem ca, const char *origin, struct instant at);

#endif
