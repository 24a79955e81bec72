/* SPDX-License-Identifier: Apache-2.0 */
/**
 * crl: revocation lists, one whole list for each CA, and the newest of each
 * that was ever taken.
 *
 * A list is taken only when its CA has signed it, it is of now, and it is not
 * older than the newest one taken before (its mark, kept in a file). So nobody
 * brings a revoked certificate back by bringing back an old file.
 *
 * Thread  main; a list that stands in a trust generation is read by workers.
 * Source  docs/security.md "Revocation"; RFC 5280 section 5.
 */
#ifndef IDENTITY_CRL_H
#define IDENTITY_CRL_H

#include "audit/hash.h"
#include "base/err.h"
#include "base/instant.h"

#include <openssl/x509.h>

enum {
    CRL_CAS_MAX = 8,       /* trusted at once */
    CRL_MARKS_MAX = 64,    /* CAs that were ever trusted */
    CRL_NUMBER_BYTES = 41, /* 20 octets in hex */
};

/** The newest list that was taken of a CA. */
struct crl_mark {
    struct hash ca;                /* identity_ca_id */
    char number[CRL_NUMBER_BYTES]; /* hex, without leading zeros */
    struct instant this_update;
    struct hash list; /* SHA-256 of its DER */
};

struct crl_marks {
    struct crl_mark items[CRL_MARKS_MAX];
    size_t count;
};

/**
 * Read the marks. A file that is not there holds none.
 *
 * Returns  ERR_OK; ERR_DAMAGED naming the file and the mend; ERR_SYSTEM
 */
MUST_CHECK enum err crl_marks_read(struct crl_marks *out, const char *path);
MUST_CHECK enum err
crl_marks_write(const struct crl_marks *marks, const char *path);

/** The mark of a CA, or NULL. */
const struct crl_mark *
crl_marks_find(const struct crl_marks *marks, const struct hash *ca);

/** A CA and its list. */
struct crl_entry {
    X509 *ca; /* owned reference */
    struct hash id;
    X509_CRL *list; /* owned; NULL: none yet */
    struct crl_mark mark;
    struct instant next_update;
};

struct crl_set {
    struct crl_entry items[CRL_CAS_MAX];
    size_t count;
};

/** Take part in the set: a CA without a list yet. False when it is full. */
MUST_CHECK bool crl_set_add_ca(struct crl_set *set, X509 *ca);

/**
 * Take every list of a text in PEM to its CA, in the place of the one that is
 * there; two lists of one CA in one text are refused, for nobody could say
 * which one counts.
 *
 * name  of the text in sentences: a file's
 *
 * Returns  ERR_OK; ERR_UNTRUSTED, ERR_SYNTAX with name, cause and mend
 */
MUST_CHECK enum err crl_set_take(struct crl_set *set, const char *text,
                                 size_t size, const char *name);

/**
 * Check that each CA has a list that may be used now.
 *
 * marks            the newest taken before
 * expired_is_ok    at a start: it stays, and refuses every client of its CA
 * is_expired_out   whether there is such a one
 */
MUST_CHECK enum err
crl_set_check(const struct crl_set *set, const struct crl_marks *marks,
              bool expired_is_ok, bool *is_expired_out);

/** Bring marks up to the lists of the set. */
MUST_CHECK enum err
crl_set_mark(const struct crl_set *set, struct crl_marks *marks);

void crl_set_release(struct crl_set *set);

#endif
