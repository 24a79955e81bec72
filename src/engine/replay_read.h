/* SPDX-License-Identifier: Apache-2.0 */
/**
 * replay_read: what a replay must know of a record or certificate before it
 * can decide anything. Pure.
 *
 * Thread  any.
 * Source  docs/audit.md "replay".
 */
#ifndef ENGINE_REPLAY_READ_H
#define ENGINE_REPLAY_READ_H

#include "audit/record.h"
#include "engine/submission.h"

#include <openssl/x509.h>

/** Role and name of a certificate, whatever its realm; false for none. */
MUST_CHECK bool replay_party_of_cert(X509 *cert, struct party *out);

/** Whether a record is a refusal for this reason. */
bool replay_has_reason(const struct record *record, enum verdict verdict);

/**
 * A refusal that only the live server could judge, taken as it stands: of a
 * malformed command, of a signature that is not there or was not kept because
 * it was none, and of a request id, which the replay looks up itself.
 */
bool replay_is_given(const struct record *record);

/**
 * A refused opening whose amount the server did not keep, since bids were
 * still taken: there is nothing to judge again.
 */
bool replay_is_forgotten(const struct record *record);

/** A record that says what the server did, not what follows from a rule. */
bool replay_is_of_the_server(enum record_type type);

/**
 * What the live server cannot have handed to the world, as words; NULL when
 * it may have. The world CHECKs it, and a log may hold anything.
 */
const char *replay_find_malformed(const struct submission *submission);

#endif
