/* SPDX-License-Identifier: Apache-2.0 */
/**
 * replay_parties: who a certificate names, read once and remembered.
 *
 * Owner   struct replay. About 150 bytes a certificate.
 * Thread  one at a time.
 */
#ifndef ENGINE_REPLAY_PARTIES_H
#define ENGINE_REPLAY_PARTIES_H

#include "engine/submission.h"

struct replay_parties {
    struct party *slots; /* by fingerprint, open addressing; "": empty */
    size_t count;
    size_t capacity; /* a power of two */
};

void parties_release(struct replay_parties *parties);

/** The party of a certificate; NULL while it was not added. Borrowed. */
const struct party *
parties_find(const struct replay_parties *parties, const struct hash *fp);

/** ERR_OK or ERR_NOMEM. */
MUST_CHECK enum err
parties_add(struct replay_parties *parties, const struct party *party);

#endif
