/* SPDX-License-Identifier: Apache-2.0 */
/**
 * trust: one generation of all that says who is to be believed.
 *
 * CA certificates, revocation lists, the server's certificate and key are
 * loaded together, checked as a whole, and then never changed: a reload makes
 * the next generation and swaps one pointer. Every error names the file and
 * the mend.
 *
 * Owner   counted references: the last connection made from it frees it.
 * Thread  made by main; used by any.
 * Source  docs/security.md "TLS", "Revocation"; RFC 8446, RFC 5280.
 */
#ifndef IDENTITY_TRUST_H
#define IDENTITY_TRUST_H

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "identity/crl.h"
#include "identity/identity.h"
#include "identity/tls.h"

#include <openssl/ssl.h>

/** Files and names; borrowed. */
struct trust_config {
    const char *cert;      /* server certificate (chain), PEM */
    const char *key;       /* its private key, PEM */
    const char *client_ca; /* CA certificates that mint clients, PEM */
    const char *crl;       /* PEM; NULL: none */
    const char *crl_text;  /* lists in the place of those of `crl`, or NULL */
    const char *marks;     /* file of the newest lists taken, or NULL */
    const char *const *names; /* the server's, ended by NULL */
    struct tls_options tls;
    bool crl_required;
    bool is_start; /* a list that has run out is taken: it refuses clients */
    uint64_t generation;
};

struct trust;

/**
 * Load and check everything. Nothing is written.
 *
 * Returns  ERR_OK with one reference; ERR_UNTRUSTED or ERR_SYNTAX with file
 *          and mend; ERR_NOT_FOUND for a missing file; ERR_CRYPTO, ERR_NOMEM
 */
MUST_CHECK enum err
trust_create(struct trust **out, const struct trust_config *config);
struct trust *trust_ref(struct trust *trust);
/** Drop a reference and NULL the pointer; NULL is allowed. */
void trust_unref(struct trust **trust);

/** The context that connections are made from; borrowed, never changed. */
SSL_CTX *trust_context(const struct trust *trust);

/** Whether somebody who was let in would be let in by this generation. */
enum trust_standing {
    TRUST_STANDS,
    TRUST_REVOKED, /* the serial is on its CA's list */
    TRUST_CA_GONE, /* the CA is trusted no more */
};
enum trust_standing
trust_judge(const struct trust *trust, const struct identity *identity);

/** What a generation is made of; a NULL list has ms 0. */
struct trust_facts {
    uint64_t generation;
    size_t cas;
    struct instant server_ends; /* the server certificate's last second */
    struct instant ca_ends;     /* of the CA that ends first */
    struct instant crl_begins;  /* of the list that runs out first */
    struct instant crl_ends;
    char crl_number[CRL_NUMBER_BYTES]; /* of it, in hex; "" without a list */
    size_t revoked;                    /* entries of all lists */
};
struct trust_facts trust_facts(const struct trust *trust);

/** All lists as PEM, one after another: what `crl` is to hold. */
MUST_CHECK enum err trust_lists(const struct trust *trust, struct buf *out);

/** Write down which lists were taken, so that older ones are refused. */
MUST_CHECK enum err
trust_keep_marks(const struct trust *trust, const char *path);

#endif
