/* SPDX-License-Identifier: Apache-2.0 */
/**
 * pki: a CA and what it certifies, in a folder of its own, for one run.
 *
 * What fails here is the test's own mistake: CHECK.
 */
#ifndef TESTS_CLIENT_PKI_H
#define TESTS_CLIENT_PKI_H

#include "audit/hash.h"

#include <openssl/evp.h>

enum { PKI_PATH_BYTES = 160 };

#define PKI_ORIGIN "127.0.0.1/log/1"

struct pki {
    char folder[64];
    char ca[PKI_PATH_BYTES];
    char server_cert[PKI_PATH_BYTES], server_key[PKI_PATH_BYTES];
    char client_cert[PKI_PATH_BYTES], client_key[PKI_PATH_BYTES];
    char log_cert[4096]; /* PEM */
    EVP_PKEY *log_key;
    struct hash client_fp;
};

void pki_create(struct pki *pki);
void pki_destroy(struct pki *pki);

/** Another key for the log, by the same CA, as an operator could make it. */
void pki_new_log_key(struct pki *pki);

/** Write a file of the folder with that mode; its path goes to `path`. */
void pki_write(const struct pki *pki, char path[PKI_PATH_BYTES],
               const char *name, const char *text, unsigned mode);

#endif
