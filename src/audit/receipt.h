/* SPDX-License-Identifier: Apache-2.0 */
/**
 * receipt: the proof that one record is in the log.
 *
 * A receipt carries the record itself, its number, the hashes from its
 * sibling up, and a signed checkpoint. With the log's verifier it can be
 * checked offline, for ever.
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64 of the record>
 *     index 1
 *     <base64 hash, one a line>
 *
 *     <checkpoint>
 *
 * Owner   the caller; the struct borrows what it points to.
 * Thread  any, on distinct objects.
 * Source  C2SP tlog-proof; docs/audit.md "receipts".
 */
#ifndef AUDIT_RECEIPT_H
#define AUDIT_RECEIPT_H

#include "audit/checkpoint.h"
#include "audit/proof.h"
#include "audit/record.h"

enum { RECEIPT_BYTES_MAX = 65536 };

struct receipt {
    uint64_t index;
    const char *record; /* the bytes that are hashed */
    size_t record_size;
    struct proof proof;
    const char *checkpoint; /* the signed note */
    size_t checkpoint_size;
};

/** Storage for the record of a parsed receipt. */
struct receipt_text {
    char record[RECORD_BYTES_MAX];
};

/** Append the text form. Errors stay in `out` (buf_is_ok). */
void receipt_encode(const struct receipt *receipt, struct buf *out);

/**
 * Append the JSON form, for programs: {"index":1,"record":"<base64>",
 * "proof":["<base64>",...],"checkpoint":"..."}. Errors stay in `out`.
 */
void receipt_encode_json(const struct receipt *receipt, struct buf *out);

/**
 * Read the text form; its spelling is checked, nothing is proved.
 *
 * receipt_out  its record points into `storage`, its checkpoint into `text`
 *
 * Returns  ERR_OK, ERR_SYNTAX or ERR_TOO_LARGE
 */
MUST_CHECK enum err
receipt_parse(struct receipt *receipt_out, struct receipt_text *storage,
              const char *text, size_t size);

/**
 * Make a receipt of the parts of the JSON form, which the caller took from
 * its JSON library: base64 texts and the checkpoint, all borrowed.
 *
 * Returns  as receipt_parse
 */
MUST_CHECK enum err
receipt_set_record(struct receipt *receipt, struct receipt_text *storage,
                   const char *base64, size_t length);
MUST_CHECK enum err
receipt_add_hash(struct receipt *receipt, const char *base64, size_t length);

/**
 * Prove a receipt: the checkpoint is signed by the log, the record is in it
 * at `index`, it is canonical and its `seq` is the index.
 *
 * checkpoint_out, record_out  what was proved; the record's texts point into
 *                             `text`
 *
 * Returns  ERR_OK; as checkpoint_verify; ERR_UNTRUSTED when the proof does
 *          not lead to the root; as record_decode
 */
MUST_CHECK enum err
receipt_verify(const struct receipt *receipt,
               const struct log_verifier *verifier,
               struct checkpoint *checkpoint_out, struct record *record_out,
               struct record_text *text);

/**
 * Append a consistency proof: `old N` LF, hashes, empty line, checkpoint;
 * the body of a C2SP tlog-witness add-checkpoint request.
 */
void consistency_encode(uint64_t old_size, const struct proof *proof,
                        const char *checkpoint, size_t checkpoint_size,
                        struct buf *out);

/**
 * Read one back; the checkpoint points into `text`.
 *
 * Returns  ERR_OK, ERR_SYNTAX or ERR_TOO_LARGE
 */
MUST_CHECK enum err
consistency_parse(uint64_t *old_size_out, struct proof *proof_out,
                  const char **checkpoint_out, size_t *checkpoint_size_out,
                  const char *text, size_t size);

#endif
