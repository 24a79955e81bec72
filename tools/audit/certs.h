/* SPDX-License-Identifier: Apache-2.0 */
/**
 * certs: the certificates that the log has seen, and the lists of revoked
 * ones, each as of the record that brought it.
 *
 * Owner   whoever created it.
 * Thread  one at a time; a key that was given out may be used by any.
 * Source  RFC 5280; docs/audit.md "Records"; docs/security.md.
 */
#ifndef TOOLS_CERTS_H
#define TOOLS_CERTS_H

#include "audit/logkey.h"
#include "audit/record.h"

struct certs;

MUST_CHECK enum err certs_create(struct certs **out, struct pem ca);
void certs_destroy(struct certs **certs);

/**
 * A certificate that the log has seen.
 *
 * seen   its cert.seen record: the bytes must have its fingerprint and say
 *        what it says
 * der    the bytes; they must verify under the CA at the record's time
 *
 * Returns  ERR_OK; ERR_DAMAGED, ERR_UNTRUSTED, ERR_SYNTAX, ERR_CRYPTO with a
 *          sentence; ERR_NOMEM
 */
MUST_CHECK enum err certs_add(struct certs *certs, const struct record *seen,
                              const struct buf *der);

/**
 * A list of revoked certificates, which takes the place of the one before.
 *
 * loaded  its crl.loaded record
 * crl     the bytes, PEM or DER; signed by the CA
 *
 * Returns  as certs_add
 */
MUST_CHECK enum err
certs_add_crl(struct certs *certs, const struct record *loaded,
              const struct buf *crl);

/** Its key, or NULL when the log has not seen it. Borrowed. */
EVP_PKEY *certs_key(struct certs *certs, const struct hash *fp);

/**
 * Why a certificate could not be used at a time, as words; NULL: it could.
 * A revocation counts from a second after its list was loaded: so long may
 * the server take to close the connections.
 */
const char *
certs_flaw(struct certs *certs, const struct hash *fp, struct instant at);

size_t certs_count(const struct certs *certs);
size_t certs_crl_count(const struct certs *certs);

#endif
