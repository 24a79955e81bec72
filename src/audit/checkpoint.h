/* SPDX-License-Identifier: Apache-2.0 */
/**
 * checkpoint: the log's head as a signed note.
 *
 * The text is origin LF size LF root LF; then an empty line and one line for
 * each signature: em dash, space, key name, space, base64(key ID ||
 * Ed25519 signature). There are no extension lines, and the key's name is
 * the origin.
 *
 * Thread  any, on distinct objects; a log_verifier and a log_signer may be
 *         shared by threads that only verify and sign.
 * Source  C2SP signed-note and tlog-checkpoint; docs/audit.md
 *         "checkpoints".
 */
#ifndef AUDIT_CHECKPOINT_H
#define AUDIT_CHECKPOINT_H

#include "audit/hash.h"
#include "base/buf.h"

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ORIGIN_BYTES_MAX = 128,       /* a log's name */
    CHECKPOINT_BYTES_MAX = 16384, /* a signed note */
    CHECKPOINT_LINES_MAX = 64,    /* signature lines of one note */
    LOG_KEY_ID_BYTES = 4,
    LOG_PUBLIC_KEY_BYTES = 32,
    LOG_SIGNATURE_BYTES = 64,
    VKEY_BYTES = ORIGIN_BYTES_MAX + 64 /* text of a verifier key */
};

/** Largest size of a log: it must fit a number of a record, 2^53 - 1. */
#define CHECKPOINT_SIZE_MAX UINT64_C(9007199254740991)

struct checkpoint {
    char origin[ORIGIN_BYTES_MAX + 1];
    uint64_t size;
    struct hash root;
};

/** What is needed to believe a signer: name, key ID, public key. */
struct log_verifier {
    char name[ORIGIN_BYTES_MAX + 1];
    uint8_t type; /* 1: a log; 4: a witness, see cosignature.h */
    uint8_t key_id[LOG_KEY_ID_BYTES];
    uint8_t public_key[LOG_PUBLIC_KEY_BYTES];
    EVP_PKEY *key; /* owned */
};

/** 1..ORIGIN_BYTES_MAX printable ASCII bytes without space and plus. */
bool origin_is_valid(const char *text, size_t length);

/**
 * A verifier from a raw Ed25519 public key. Release it with
 * log_verifier_release also when it was made by logkey.h.
 *
 * Returns  ERR_OK, ERR_SYNTAX (name), ERR_CRYPTO
 */
MUST_CHECK enum err
log_verifier_init(struct log_verifier *verifier, const char *name,
                  const uint8_t public_key[LOG_PUBLIC_KEY_BYTES]);

/** Free the key; may be called again, and on a zeroed struct. */
void log_verifier_release(struct log_verifier *verifier);

/** Write `name+key ID in hex+base64(0x01 || public key)`; returns `text`. */
char *vkey_format(char text[VKEY_BYTES], const struct log_verifier *verifier);

/** Read a verifier key; its ID must fit. ERR_OK, ERR_SYNTAX, ERR_CRYPTO. */
MUST_CHECK enum err
vkey_parse(struct log_verifier *verifier, const char *text, size_t length);

/** Append the three lines that are signed. */
void checkpoint_encode(const struct checkpoint *checkpoint, struct buf *out);

/**
 * Append the whole signed note, verified before it is returned, so that a
 * flipped bit becomes an error and never a bad signature.
 *
 * key       Ed25519 private key, borrowed
 * verifier  of the same key; its name is the checkpoint's origin (CHECKed)
 *
 * Returns  ERR_OK, ERR_CRYPTO, ERR_TOO_LARGE or ERR_NOMEM
 */
MUST_CHECK enum err
checkpoint_sign(const struct checkpoint *checkpoint, EVP_PKEY *key,
                const struct log_verifier *verifier, struct buf *out);

/**
 * Read the three lines of a note and check its form, but no signature.
 * For programs that show a note; never to believe it.
 *
 * Returns  ERR_OK, ERR_SYNTAX or ERR_TOO_LARGE
 */
MUST_CHECK enum err checkpoint_parse(struct checkpoint *checkpoint_out,
                                     const char *note, size_t size);

/**
 * Read a signed note and verify it: its origin is the verifier's name and
 * exactly one line of that name and key ID has a valid signature. Lines of
 * other keys are ignored.
 *
 * Returns  ERR_OK; ERR_SYNTAX or ERR_TOO_LARGE for its form; ERR_FOREIGN for
 *          another origin; ERR_UNTRUSTED without a valid signature
 */
MUST_CHECK enum err
checkpoint_verify(struct checkpoint *checkpoint_out, const char *note,
                  size_t size, const struct log_verifier *verifier);

#endif
