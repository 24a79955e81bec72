/* SPDX-License-Identifier: Apache-2.0 */
/**
 * authority: a CA made for one test, what it issues, and files of it.
 *
 * What fails here is the test's own mistake: CHECK.
 */
#ifndef TESTS_AUTHORITY_H
#define TESTS_AUTHORITY_H

#include "base/check.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/** A key and the certificate of it. */
struct leaf {
    EVP_PKEY *key;
    X509 *cert;
};

struct authority {
    struct leaf self;
    long next_serial;
};

/** What to certify; zero values are the usual ones. */
struct leaf_recipe {
    const char *cn;
    const char *san;
    const char *purpose;   /* extendedKeyUsage; NULL: clientAuth */
    long begins_s, ends_s; /* seconds from now; 0 and 0: a day around it */
    EVP_PKEY *key; /* certify this key, borrowed; NULL: a new one, P-256 */
};

void authority_create(struct authority *authority, const char *name);
/** The same with dates of its own, in seconds from now. */
void authority_create_dated(struct authority *authority, const char *name,
                            long begins_s, long ends_s);
/** A CA whose certificate another has signed. */
void authority_create_below(struct authority *authority,
                            const struct authority *above, const char *name);
void authority_destroy(struct authority *authority);

struct leaf
authority_issue(struct authority *authority, const struct leaf_recipe *recipe);
void leaf_release(struct leaf *leaf);

/** A revocation list with at most one entry; dates in seconds from now. */
X509_CRL *authority_crl(const struct authority *authority, const X509 *revoked,
                        long begins_s, long ends_s);
/** The same with a number of its own (else 1; 0: without a number). */
X509_CRL *
authority_crl_numbered(const struct authority *authority, const X509 *revoked,
                       long begins_s, long ends_s, long number);

enum { FILE_PATH_BYTES = 160 };

/** A folder of files in PEM, with all that is in it removed at the end. */
struct folder {
    char path[64];
};

void folder_create(struct folder *folder);
void folder_destroy(struct folder *folder);

/** Each writes one file and gives its path. */
void folder_write(const struct folder *folder, char path[FILE_PATH_BYTES],
                  const char *name, const char *text, unsigned mode);
void folder_write_cert(const struct folder *folder, char path[FILE_PATH_BYTES],
                       const char *name, X509 *cert);
void folder_write_key(const struct folder *folder, char path[FILE_PATH_BYTES],
                      const char *name, EVP_PKEY *key);
void folder_write_crl(const struct folder *folder, char path[FILE_PATH_BYTES],
                      const char *name, X509_CRL *crl);

#endif
