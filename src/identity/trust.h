/* SPDX-License-Identifier: Apache-2.0 */
/**
 * trust: one generation of all that says who is to be believed.
 *
 * CA certificates, revocation list, the server's certificate and key are
 * loaded together, checked as a whole, and then never changed. Every error
 * names the file and the mend.
 *
 * Thread  made by main; used by any.
 * Source  docs/security.md "TLS"; RFC 8446, RFC 5280.
 */
#ifndef IDENTITY_TRUST_H
#define IDENTITY_TRUST_H

#include "base/err.h"
#include "base/instant.h"

#include <openssl/ssl.h>

/** Files and names; borrowed. */
struct trust_config {
    const char *cert;         /* server certificate (chain), PEM */
    const char *key;          /* its private key, PEM */
    const char *client_ca;    /* CA certificates that mint clients, PEM */
    const char *crl;          /* PEM; NULL: none is required */
    const char *const *names; /* the server's, ended by NULL */
    struct instant now;
};

struct trust;

/**
 * Load and check everything.
 *
 * Returns  ERR_OK; ERR_UNTRUSTED or ERR_SYNTAX with file and mend;
 *          ERR_NOT_FOUND for a missing file; ERR_CRYPTO, ERR_NOMEM
 */
MUST_CHECK enum err
trust_create(struct trust **out, const struct trust_config *config);
void trust_destroy(struct trust **trust);

/** The context that connections are made from; borrowed, never changed. */
SSL_CTX *trust_context(const struct trust *trust);

/** When the revocation list runs out; ms 0 without a list. */
struct instant trust_crl_next_update(const struct trust *trust);

/** Read a whole file of at most 1 MiB, terminated; the caller frees it. */
MUST_CHECK enum err
trust_read_file(char **text_out, size_t *size_out, const char *path);

/** The same for a secret: refused when others can read it. */
MUST_CHECK enum err
trust_read_secret(char **text_out, size_t *size_out, const char *path);

#endif
