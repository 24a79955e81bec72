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
    struct log_verifier witnesses[CONFIG_LIST_MAX];
    size_t witness_count;
};

/** Read the log's key; as logkey_load, and ERR_SYSTEM for its files. */
MUST_CHECK enum err
evidence_load_key(struct evidence *evidence, const struct config *config,
                  struct instant now);

/** Read the verifier keys of the witnesses; ERR_CONFIG names a bad one. */
MUST_CHECK enum err
evidence_load_witnesses(struct evidence *evidence, const struct config *config);

/** Free all; may be called again. */
void evidence_release(struct evidence *evidence);

#endif
