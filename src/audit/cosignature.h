/* SPDX-License-Identifier: Apache-2.0 */
/**
 * cosignature: a witness' line on a checkpoint.
 *
 * A witness says at which time it had seen the log in this state, and that
 * every state it had seen before was a beginning of it. Its Ed25519 signature
 * is over
 *
 *     cosignature/v1
 *     time 1792000000
 *     <the checkpoint's three lines>
 *
 * and its line carries key ID, time (8 bytes, big-endian) and signature. Its
 * verifier key has the type 4, so that no log's key can pass for it.
 *
 * Thread  any, on distinct objects; keys may be shared.
 * Source  C2SP tlog-cosignature; docs/audit.md "witnesses".
 */
#ifndef AUDIT_COSIGNATURE_H
#define AUDIT_COSIGNATURE_H

#include "audit/checkpoint.h"

enum { COSIGNATURE_BYTES = 8 + LOG_SIGNATURE_BYTES };

/** A witness' verifier from its raw public key; as log_verifier_init. */
MUST_CHECK enum err
witness_init(struct log_verifier *witness, const char *name,
             const uint8_t public_key[LOG_PUBLIC_KEY_BYTES]);

/**
 * Read a witness' verifier key, `name+key ID+base64(0x04 || public key)`;
 * vkey_format writes it. Release it with log_verifier_release.
 *
 * Returns  ERR_OK, ERR_SYNTAX, ERR_CRYPTO
 */
MUST_CHECK enum err
witness_parse(struct log_verifier *witness, const char *text, size_t length);

/**
 * Append a witness' line to a signed note, verified before it is kept. The
 * caller has verified the note and its consistency with what it saw before.
 *
 * note      a checkpoint with the log's signature; grows by a line
 * key       the witness' Ed25519 private key
 * seconds   now, since 1970; not negative
 *
 * Returns  ERR_OK, ERR_SYNTAX (no checkpoint), ERR_CRYPTO, ERR_TOO_LARGE
 */
MUST_CHECK enum err
cosignature_sign(struct buf *note, EVP_PKEY *key,
                 const struct log_verifier *witness, int64_t seconds);

/** A witness' good line in a note; borrowed from the note, with its LF. */
struct cosignature {
    const char *line;
    size_t line_size;
    int64_t seconds;
};

/**
 * Find and verify the line of one witness. The log's own signature is not
 * looked at: checkpoint_verify does that.
 *
 * Returns  ERR_OK; ERR_NOT_FOUND without a line of this witness;
 *          ERR_UNTRUSTED when it is false, or there are two;
 *          ERR_SYNTAX when it is no note
 */
MUST_CHECK enum err
cosignature_find(struct cosignature *out, const char *note, size_t size,
                 const struct log_verifier *witness);

#endif
