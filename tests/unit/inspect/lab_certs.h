/* SPDX-License-Identifier: Apache-2.0 */
/** lab_certs: a laboratory's CA and what it certifies. */
#ifndef TESTS_INSPECT_LAB_CERTS_H
#define TESTS_INSPECT_LAB_CERTS_H

#include <openssl/x509.h>
#include <stdbool.h>

struct issued {
    EVP_PKEY *key;
    X509 *cert;
};

struct issue_request {
    const char *name;
    const char *key_type; /* "EC" (P-256) or "ED25519" */
    const char *usage;    /* extended key usage, NULL for none */
    const char *names;    /* subject alternative names, NULL for none */
    bool is_ca;
    long days; /* from yesterday on */
};

/** Issue by `by`, or self-signed when NULL. */
void
issue(struct issued *out, struct issued *by, const struct issue_request *r);
void issued_release(struct issued *issued);
/** Write the certificate as PEM. */
void issued_write(const struct issued *issued, const char *path);
/** The same as terminated text; caller frees. */
char *issued_pem(const struct issued *issued);

#endif
