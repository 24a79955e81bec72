/* SPDX-License-Identifier: Apache-2.0 */
/**
 * trust: from the CA to the log's key, and from there to a signed head.
 *
 * The log's certificate is judged at the time of the log's first record, as
 * far as that can be read, so that an old log stays checkable when its
 * certificate has run out; that no record is later than the certificate is
 * for verify to check.
 *
 * Owner   the caller; release it even when a step has failed.
 * Thread  one at a time; the verifier may be shared once it is loaded.
 * Source  docs/audit.md "Checkpoints".
 */
#ifndef TOOLS_TRUST_H
#define TOOLS_TRUST_H

#include "source.h"

#include "audit/logkey.h"

struct trust {
    char *ca; /* PEM, owned */
    size_t ca_size;
    struct log_verifier log;
    struct checkpoint head;
    struct instant not_before, not_after; /* of the log's certificate */
    char text[300]; /* "CN=log 1, signed by CN=CA, valid A..B" */
};

void trust_init(struct trust *trust);
void trust_release(struct trust *trust);

/** Read the CA's file. */
MUST_CHECK enum err trust_load_ca(struct trust *trust, const char *path);

/**
 * Trust the log's key by its certificate.
 *
 * file    the certificate's file; NULL: what the source has
 * source  may be NULL when `file` is given
 * at      the time to judge it at; 0: of the log's first record, else now
 *
 * Returns  ERR_OK; ERR_NOT_FOUND; as logkey_from_cert
 */
MUST_CHECK enum err trust_load_key(struct trust *trust, const char *file,
                                   struct source *source, struct instant at);

/** Verify the source's checkpoint. As checkpoint_verify; ERR_NOT_FOUND. */
MUST_CHECK enum err trust_load_head(struct trust *trust, struct source *source);

/** All three; the sentence of the first that fails. */
MUST_CHECK enum err trust_load(struct trust *trust, const char *ca,
                               const char *file, struct source *source);

#endif
