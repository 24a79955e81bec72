/* SPDX-License-Identifier: Apache-2.0 */
/**
 * evidence: what the log is signed with, and who may cosign it.
 *
 * Thread  main.
 */
#ifndef SERVER_EVIDENCE_H
#define SERVER_EVIDENCE_H

#include "audit/logkey.h"
#include "server/config.h"

/** Zeroed before the first call. */
struct evidence {
    struct pem cert; /* of the log's key; owned */
    struct pem ca;   /* that certified it; owned */
    struct logkey logkey;
    struct checkpoint prev; /* size 0: no log is continued */
    struct log_verifier witnesses[CONFIG_LIST_MAX];
    size_t witness_count;
};

/** Read the log's key; as logkey_load, and ERR_SYSTEM for its files. */
MUST_CHECK enum err
evidence_load_key(struct evidence *evidence, const struct config *config,
                  struct instant now);

/**
 * Read the last head of the log that a new one continues, if one is named;
 * after the key. It is what the operator says: its signature is for whoever
 * has the older log's certificate.
 *
 * Returns  ERR_OK; ERR_CONFIG when it is no head, or one of this very log
 */
MUST_CHECK enum err
evidence_load_prev(struct evidence *evidence, const struct config *config);

/** Read the verifier keys of the witnesses; ERR_CONFIG names a bad one. */
MUST_CHECK enum err
evidence_load_witnesses(struct evidence *evidence, const struct config *config);

/** Free all; may be called again. */
void evidence_release(struct evidence *evidence);

#endif
