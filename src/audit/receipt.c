/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/receipt.h"

#include <string.h>

#include "audit/canon.h"
#include "audit/lines.h"
#include "base/text.h"

static const char head_line[] = "c2sp.org/tlog-proof@v1";
static const char extra_key[] = "extra ";
static const char index_key[] = "index ";
static const char old_key[] = "old ";

/* ---------------------------------------------------------------- writing */

static void
add_base64(struct buf *out, const void *bytes, size_t size)
{
    char *room = buf_reserve(out, TEXT_BASE64_BYTES(size));

    if (room != NULL)
        buf_grow(out, text_base64(room, bytes, size));
}

static void
add_hash_lines(struct buf *out, const struct proof *proof)
{
    CHECK(proof->count <= PROOF_HASHES_MAX);
    for (size_t i = 0; i < proof->count; i++) {
        add_base64(out, proof->hashes[i].bytes, HASH_BYTES);
        buf_add_char(out, '\n');
    }
}

void
receipt_encode(const struct receipt *receipt, struct buf *out)
{
    CHECK(receipt->record_size <= RECORD_BYTES_MAX);
    buf_add_text(out, head_line);
    buf_add_char(out, '\n');
    buf_add_text(out, extra_key);
    add_base64(out, receipt->record, receipt->record_size);
    buf_add_char(out, '\n');
    buf_add_text(out, index_key);
    buf_add_u64(out, receipt->index);
    buf_add_char(out, '\n');
    add_hash_lines(out, &receipt->proof);
    buf_add_char(out, '\n');
    buf_add(out, receipt->checkpoint, receipt->checkpoint_size);
}

void
receipt_encode_json(const struct receipt *receipt, struct buf *out)
{
    const struct proof *proof = &receipt->proof;

    CHECK(receipt->record_size <= RECORD_BYTES_MAX);
    CHECK(proof->count <= PROOF_HASHES_MAX);
    buf_add_text(out, "{\"index\":");
    buf_add_u64(out, receipt->index);
    buf_add_text(out, ",\"record\":\"");
    add_base64(out, receipt->record, receipt->record_size);
    buf_add_text(out, "\",\"proof\":[");
    for (size_t i = 0; i < proof->count; i++) {
        buf_add_text(out, i == 0 ? "\"" : ",\"");
        add_base64(out, proof->hashes[i].bytes, HASH_BYTES);
        buf_add_char(out, '"');
    }
    buf_add_text(out, "],\"checkpoint\":");
    canon_quote(out, receipt->checkpoint, receipt->checkpoint_size);
    buf_add_char(out, '}');
}

void
consistency_encode(uint64_t old_size, const struct proof *proof,
                   const char *checkpoint, size_t checkpoint_size,
                   struct buf *out)
{
    buf_add_text(out, old_key);
    buf_add_u64(out, old_size);
    buf_add_char(out, '\n');
    add_hash_lines(out, proof);
    buf_add_char(out, '\n');
    buf_add(out, checkpoint, checkpoint_size);
}

/* ---------------------------------------------------------------- reading */

static bool
next_number(struct lines *in, const char *key, uint64_t *out)
{
    return lines_value(in, key) && text_u64(out, in->line, in->size) &&
           *out <= TREE_SIZE_MAX;
}

/* Hashes, one a line, up to an empty line. */
static bool
next_hashes(struct lines *in, struct proof *proof)
{
    proof->count = 0;
    while (lines_next(in)) {
        if (in->size == 0)
            return true;
        if (proof->count == PROOF_HASHES_MAX ||
            !hash_from_base64(&proof->hashes[proof->count], in->line, in->size))
            return false;
        proof->count++;
    }
    return false;
}

enum err
receipt_set_record(struct receipt *receipt, struct receipt_text *storage,
                   const char *base64, size_t length)
{
    if (length >= TEXT_BASE64_BYTES(RECORD_BYTES_MAX))
        return err_set(ERR_TOO_LARGE, "receipt: its record is too large");
    if (!text_unbase64(storage->record, sizeof(storage->record),
                       &receipt->record_size, base64, length))
        return err_set(ERR_SYNTAX, "receipt: its record is not base64");
    receipt->record = storage->record;
    return ERR_OK;
}

enum err
receipt_add_hash(struct receipt *receipt, const char *base64, size_t length)
{
    struct proof *proof = &receipt->proof;

    if (proof->count >= PROOF_HASHES_MAX)
        return err_set(ERR_TOO_LARGE, "receipt: too many hashes");
    if (!hash_from_base64(&proof->hashes[proof->count], base64, length))
        return err_set(ERR_SYNTAX, "receipt: not a hash");
    proof->count++;
    return ERR_OK;
}

enum err
receipt_parse(struct receipt *receipt_out, struct receipt_text *storage,
              const char *text, size_t size)
{
    struct lines in = lines_of(text, size);
    enum err err;

    memset(receipt_out, 0, sizeof(*receipt_out));
    if (size > RECEIPT_BYTES_MAX)
        return err_set(ERR_TOO_LARGE, "a receipt of %zu bytes", size);
    if (!lines_value(&in, head_line) || in.size != 0)
        return err_set(ERR_SYNTAX, "not a receipt");
    if (!lines_value(&in, extra_key))
        return err_set(ERR_SYNTAX, "receipt: no record");
    err = receipt_set_record(receipt_out, storage, in.line, in.size);
    if (err != ERR_OK)
        return err;
    if (!next_number(&in, index_key, &receipt_out->index))
        return err_set(ERR_SYNTAX, "receipt: no index");
    if (!next_hashes(&in, &receipt_out->proof))
        return err_set(ERR_SYNTAX, "receipt: not its hashes");
    receipt_out->checkpoint = in.at;
    receipt_out->checkpoint_size = lines_left(&in);
    return ERR_OK;
}

enum err
consistency_parse(uint64_t *old_size_out, struct proof *proof_out,
                  const char **checkpoint_out, size_t *checkpoint_size_out,
                  const char *text, size_t size)
{
    struct lines in = lines_of(text, size);

    if (size > RECEIPT_BYTES_MAX)
        return err_set(ERR_TOO_LARGE, "a proof of %zu bytes", size);
    if (!next_number(&in, old_key, old_size_out) ||
        !next_hashes(&in, proof_out))
        return err_set(ERR_SYNTAX, "not a consistency proof");
    *checkpoint_out = in.at;
    *checkpoint_size_out = lines_left(&in);
    return ERR_OK;
}

enum err
receipt_verify(const struct receipt *receipt,
               const struct log_verifier *verifier,
               struct checkpoint *checkpoint_out, struct record *record_out,
               struct record_text *text)
{
    struct hash leaf = leaf_hash(receipt->record, receipt->record_size);
    enum err err;

    err = checkpoint_verify(checkpoint_out, receipt->checkpoint,
                            receipt->checkpoint_size, verifier);
    if (err != ERR_OK)
        return err;
    if (!inclusion_verify(&leaf, receipt->index, checkpoint_out->size,
                          &receipt->proof, &checkpoint_out->root))
        return err_set(ERR_UNTRUSTED,
                       "receipt: the record is not number %llu of the log",
                       (unsigned long long)receipt->index);
    err =
        record_decode(receipt->record, receipt->record_size, record_out, text);
    if (err != ERR_OK)
        return err;
    if ((uint64_t)record_out->seq != receipt->index)
        return err_set(ERR_UNTRUSTED,
                       "receipt: the record says it is number "
                       "%lld",
                       (long long)record_out->seq);
    return ERR_OK;
}
