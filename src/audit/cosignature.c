/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/cosignature.h"

#include "audit/note.h"

#include <string.h>

enum err
witness_init(struct log_verifier *witness, const char *name,
             const uint8_t public_key[LOG_PUBLIC_KEY_BYTES])
{
    return note_verifier_init(witness, NOTE_KEY_COSIGNATURE, name, public_key);
}

enum err
witness_parse(struct log_verifier *witness, const char *text, size_t length)
{
    return note_vkey_parse(witness, NOTE_KEY_COSIGNATURE, text, length);
}

/** What a witness signs. */
static void
add_message(struct buf *out, int64_t seconds, const char *text, size_t size)
{
    buf_add_text(out, "cosignature/v1\ntime ");
    buf_add_i64(out, seconds);
    buf_add_char(out, '\n');
    buf_add(out, text, size);
}

/** Length of the text that is signed: up to the LF after the root. */
static bool
text_of(struct lines *in, const char *note, size_t *size_out)
{
    struct checkpoint checkpoint;

    if (!note_read_body(in, &checkpoint))
        return false;
    *size_out = (size_t)(in->at - note) - 1;
    return true;
}

static void
put_time(uint8_t out[8], int64_t seconds)
{
    for (int i = 7; i >= 0; i--, seconds >>= 8)
        out[i] = (uint8_t)(seconds & 0xff);
}

static bool
get_time(const uint8_t in[8], int64_t *seconds_out)
{
    uint64_t seconds = 0;

    for (int i = 0; i < 8; i++)
        seconds = seconds << 8 | in[i];
    *seconds_out = (int64_t)seconds;
    return seconds <= INT64_MAX;
}

enum err
cosignature_sign(struct buf *note, EVP_PKEY *key,
                 const struct log_verifier *witness, int64_t seconds)
{
    struct lines in = lines_of(note->bytes, note->size);
    uint8_t payload[COSIGNATURE_BYTES];
    struct buf message;
    size_t size;
    bool is_good;

    CHECK(seconds >= 0 && witness->type == NOTE_KEY_COSIGNATURE);
    if (!text_of(&in, note->bytes, &size))
        return err_set(ERR_SYNTAX, "not a checkpoint");
    buf_init(&message, CHECKPOINT_BYTES_MAX);
    add_message(&message, seconds, note->bytes, size);
    put_time(payload, seconds);
    is_good =
        buf_is_ok(&message) &&
        note_sign_bytes(key, message.bytes, message.size, payload + 8) &&
        note_verify_bytes(witness, message.bytes, message.size, payload + 8);
    buf_release(&message);
    if (!is_good)
        return err_set(ERR_CRYPTO, "witness %s: signing", witness->name);
    note_add_line(note, witness, payload, sizeof(payload));
    return buf_is_ok(note) && note->size <= CHECKPOINT_BYTES_MAX
               ? ERR_OK
               : err_set(ERR_TOO_LARGE, "no room for another cosignature");
}

static bool
line_is_good(const struct note_line *line, const char *text, size_t size,
             const struct log_verifier *witness, int64_t *seconds_out)
{
    const uint8_t *payload = line->payload + LOG_KEY_ID_BYTES;
    struct buf message;
    bool is_good;

    if (line->payload_size != LOG_KEY_ID_BYTES + COSIGNATURE_BYTES ||
        !get_time(payload, seconds_out))
        return false;
    buf_init(&message, CHECKPOINT_BYTES_MAX);
    add_message(&message, *seconds_out, text, size);
    is_good =
        buf_is_ok(&message) &&
        note_verify_bytes(witness, message.bytes, message.size, payload + 8);
    buf_release(&message);
    return is_good;
}

enum err
cosignature_find(struct cosignature *out, const char *note, size_t size,
                 const struct log_verifier *witness)
{
    struct lines in = lines_of(note, size);
    struct note_line line;
    size_t text_size, lines = 0, own = 0, good = 0;

    CHECK(witness->type == NOTE_KEY_COSIGNATURE && witness->key != NULL);
    if (size > CHECKPOINT_BYTES_MAX || !text_of(&in, note, &text_size))
        return err_set(ERR_SYNTAX, "not a checkpoint");
    while (lines_left(&in) > 0) {
        const char *start = in.at;

        if (++lines > CHECKPOINT_LINES_MAX || !note_read_line(&in, &line))
            return err_set(ERR_SYNTAX, "checkpoint: not its signature lines");
        if (!note_line_is_of(&line, witness))
            continue;
        own++;
        good += line_is_good(&line, note, text_size, witness, &out->seconds);
        out->line = start;
        out->line_size = (size_t)(in.at - start);
    }
    if (own == 0)
        return ERR_NOT_FOUND;
    return own == 1 && good == 1
               ? ERR_OK
               : err_set(ERR_UNTRUSTED, "the cosignature of %s is false",
                         witness->name);
}
