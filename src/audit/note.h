/* SPDX-License-Identifier: Apache-2.0 */
/**
 * note: the signature lines of a signed note; for this folder only.
 *
 * A line is em dash, space, key name, space, base64(key ID || signature), LF.
 * The key ID is the start of SHA-256(name LF type public key).
 *
 * Thread  any, on distinct objects.
 * Source  C2SP signed-note.
 */
#ifndef AUDIT_NOTE_H
#define AUDIT_NOTE_H

#include "audit/checkpoint.h"
#include "audit/lines.h"

/** First byte of a verifier key's payload. */
enum { NOTE_KEY_ED25519 = 0x01, NOTE_KEY_COSIGNATURE = 0x04 };

/** One signature line, taken apart. */
struct note_line {
    const char *name;
    size_t name_size;
    uint8_t payload[256]; /* key ID and signature */
    size_t payload_size;  /* 0: of a kind that is too long for us */
};

/** Read the next line; false when it is none. */
MUST_CHECK bool note_read_line(struct lines *in, struct note_line *out);

/** Whether a line names this key. */
bool note_line_is_of(const struct note_line *line,
                     const struct log_verifier *verifier);

/** Append a line: the key ID of `verifier`, then `payload`. */
void note_add_line(struct buf *out, const struct log_verifier *verifier,
                   const void *payload, size_t size);

/** Ed25519 over bytes. */
MUST_CHECK bool
note_verify_bytes(const struct log_verifier *verifier, const char *text,
                  size_t size, const uint8_t signature[LOG_SIGNATURE_BYTES]);
MUST_CHECK bool note_sign_bytes(EVP_PKEY *key, const char *text, size_t size,
                                uint8_t signature[LOG_SIGNATURE_BYTES]);

/** Origin, size, root and the empty line; the signatures come next. */
MUST_CHECK bool note_read_body(struct lines *in, struct checkpoint *out);

/** A verifier of either type; as log_verifier_init, vkey_parse. */
MUST_CHECK enum err
note_verifier_init(struct log_verifier *verifier, uint8_t type,
                   const char *name,
                   const uint8_t public_key[LOG_PUBLIC_KEY_BYTES]);
MUST_CHECK enum err note_vkey_parse(struct log_verifier *verifier, uint8_t type,
                                    const char *text, size_t length);

#endif
