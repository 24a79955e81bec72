/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/checkpoint.h"

#include <string.h>

#include "audit/note.h"

void
checkpoint_encode(const struct checkpoint *checkpoint, struct buf *out)
{
    char root[HASH_BASE64_BYTES];

    CHECK(origin_is_valid(checkpoint->origin, strlen(checkpoint->origin)));
    buf_add_text(out, checkpoint->origin);
    buf_add_char(out, '\n');
    buf_add_u64(out, checkpoint->size);
    buf_add_char(out, '\n');
    buf_add_text(out, hash_base64(root, &checkpoint->root));
    buf_add_char(out, '\n');
}

enum err
checkpoint_sign(const struct checkpoint *checkpoint, EVP_PKEY *key,
                const struct log_verifier *verifier, struct buf *out)
{
    uint8_t signature[LOG_SIGNATURE_BYTES];
    size_t start = out->size;
    const char *text;
    size_t size;

    CHECK(strcmp(checkpoint->origin, verifier->name) == 0);
    checkpoint_encode(checkpoint, out);
    if (!buf_is_ok(out))
        return err_set(ERR_TOO_LARGE, "checkpoint: no room");
    text = out->bytes + start;
    size = out->size - start;
    if (!note_sign_bytes(key, text, size, signature))
        return err_set(ERR_CRYPTO, "checkpoint %llu: signing",
                       (unsigned long long)checkpoint->size);
    if (!note_verify_bytes(verifier, text, size, signature))
        return err_set(ERR_CRYPTO, "checkpoint %llu: its own signature is bad",
                       (unsigned long long)checkpoint->size);
    buf_add_char(out, '\n');
    note_add_line(out, verifier, signature, sizeof(signature));
    if (!buf_is_ok(out))
        return err_set(ERR_TOO_LARGE, "checkpoint: no room");
    return ERR_OK;
}

/* ---------------------------------------------------------------- reading */

/*
 * Read all signature lines; `verifier` may be NULL. Counts those of its key,
 * and the good ones among them.
 */
static bool
read_signatures(struct lines *in, const char *text, size_t size,
                const struct log_verifier *verifier, size_t *own_out,
                size_t *good_out)
{
    struct note_line line;
    size_t lines = 0;

    *own_out = 0;
    *good_out = 0;
    while (lines_left(in) > 0) {
        if (++lines > CHECKPOINT_LINES_MAX || !note_read_line(in, &line))
            return false;
        if (verifier == NULL || !note_line_is_of(&line, verifier))
            continue;
        ++*own_out;
        if (line.payload_size == LOG_KEY_ID_BYTES + LOG_SIGNATURE_BYTES &&
            note_verify_bytes(verifier, text, size,
                              line.payload + LOG_KEY_ID_BYTES))
            ++*good_out;
    }
    return lines > 0;
}

static enum err
read_note(struct checkpoint *out, const char *note, size_t size,
          const struct log_verifier *verifier)
{
    struct lines in = lines_of(note, size);
    size_t own, good, text_size;

    if (size > CHECKPOINT_BYTES_MAX)
        return err_set(ERR_TOO_LARGE, "a checkpoint of %zu bytes", size);
    if (!note_read_body(&in, out))
        return err_set(ERR_SYNTAX, "not a checkpoint");
    if (verifier != NULL && strcmp(out->origin, verifier->name) != 0)
        return err_set(ERR_FOREIGN, "a checkpoint of another log: %s",
                       out->origin);
    text_size = (size_t)(in.at - note) - 1;
    if (!read_signatures(&in, note, text_size, verifier, &own, &good))
        return err_set(ERR_SYNTAX, "checkpoint: not its signature lines");
    if (verifier != NULL && (own != 1 || good != 1))
        return err_set(ERR_UNTRUSTED, "checkpoint %llu: %s",
                       (unsigned long long)out->size,
                       own == 0 ? "not signed by the log's key"
                                : "the log's signature is false");
    return ERR_OK;
}

enum err
checkpoint_parse(struct checkpoint *checkpoint_out, const char *note,
                 size_t size)
{
    return read_note(checkpoint_out, note, size, NULL);
}

enum err
checkpoint_verify(struct checkpoint *checkpoint_out, const char *note,
                  size_t size, const struct log_verifier *verifier)
{
    CHECK(verifier != NULL && verifier->key != NULL);
    return read_note(checkpoint_out, note, size, verifier);
}
