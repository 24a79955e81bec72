/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/note.h"

#include <string.h>

#include "base/text.h"

/* What a signature line starts with: U+2014 and a space. */
static const char line_start[] = "\xe2\x80\x94 ";

/* -------------------------------------------------------------------- keys */

bool
origin_is_valid(const char *text, size_t length)
{
    if (length < 1 || length > ORIGIN_BYTES_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '+')
            return false;
    return true;
}

/* First bytes of SHA-256(name LF type public key). */
static void
make_key_id(struct log_verifier *verifier)
{
    char input[ORIGIN_BYTES_MAX + 2 + LOG_PUBLIC_KEY_BYTES];
    size_t size = strlen(verifier->name);
    struct hash hash;

    memcpy(input, verifier->name, size);
    input[size++] = '\n';
    input[size++] = (char)verifier->type;
    memcpy(input + size, verifier->public_key, LOG_PUBLIC_KEY_BYTES);
    hash = hash_of(input, size + LOG_PUBLIC_KEY_BYTES);
    memcpy(verifier->key_id, hash.bytes, LOG_KEY_ID_BYTES);
}

enum err
note_verifier_init(struct log_verifier *verifier, uint8_t type,
                   const char *name,
                   const uint8_t public_key[LOG_PUBLIC_KEY_BYTES])
{
    size_t length = strlen(name);

    memset(verifier, 0, sizeof(*verifier));
    if (!origin_is_valid(name, length))
        return err_set(ERR_SYNTAX, "log: not a name for a log");
    memcpy(verifier->name, name, length);
    memcpy(verifier->public_key, public_key, LOG_PUBLIC_KEY_BYTES);
    verifier->type = type;
    make_key_id(verifier);
    verifier->key = EVP_PKEY_new_raw_public_key(
        EVP_PKEY_ED25519, NULL, public_key, LOG_PUBLIC_KEY_BYTES);
    if (verifier->key == NULL)
        return err_set(ERR_CRYPTO, "log %s: reading its public key", name);
    return ERR_OK;
}

enum err
log_verifier_init(struct log_verifier *verifier, const char *name,
                  const uint8_t public_key[LOG_PUBLIC_KEY_BYTES])
{
    return note_verifier_init(verifier, NOTE_KEY_ED25519, name, public_key);
}

void
log_verifier_release(struct log_verifier *verifier)
{
    EVP_PKEY_free(verifier->key);
    verifier->key = NULL;
}

char *
vkey_format(char text[VKEY_BYTES], const struct log_verifier *verifier)
{
    uint8_t payload[1 + LOG_PUBLIC_KEY_BYTES];
    size_t size = strlen(verifier->name);

    _Static_assert(VKEY_BYTES > ORIGIN_BYTES_MAX + 2 + 2 * LOG_KEY_ID_BYTES +
                                    TEXT_BASE64_BYTES(sizeof(payload)),
                   "room for a verifier key");
    payload[0] = verifier->type;
    memcpy(payload + 1, verifier->public_key, LOG_PUBLIC_KEY_BYTES);
    memcpy(text, verifier->name, size);
    text[size++] = '+';
    text_hex(text + size, verifier->key_id, LOG_KEY_ID_BYTES);
    size += 2 * LOG_KEY_ID_BYTES;
    text[size++] = '+';
    text_base64(text + size, payload, sizeof(payload));
    return text;
}

enum err
note_vkey_parse(struct log_verifier *verifier, uint8_t type, const char *text,
                size_t length)
{
    const char *plus = memchr(text, '+', length);
    uint8_t payload[1 + LOG_PUBLIC_KEY_BYTES], id[LOG_KEY_ID_BYTES];
    char name[ORIGIN_BYTES_MAX + 1] = {0};
    size_t name_size = plus == NULL ? 0 : (size_t)(plus - text);
    size_t at = name_size + 2 + 2 * LOG_KEY_ID_BYTES, size;
    enum err err;

    memset(verifier, 0, sizeof(*verifier));
    if (!origin_is_valid(text, name_size) || length < at ||
        text[at - 1] != '+' ||
        !text_unhex(id, sizeof(id), plus + 1, 2 * sizeof(id)) ||
        !text_unbase64(payload, sizeof(payload), &size, text + at,
                       length - at) ||
        size != sizeof(payload) || payload[0] != type)
        return err_set(ERR_SYNTAX, "not a verifier key");
    memcpy(name, text, name_size);
    err = note_verifier_init(verifier, type, name, payload + 1);
    if (err == ERR_OK && memcmp(id, verifier->key_id, sizeof(id)) != 0) {
        log_verifier_release(verifier);
        err = err_set(ERR_SYNTAX, "verifier key: its ID does not fit");
    }
    return err;
}

enum err
vkey_parse(struct log_verifier *verifier, const char *text, size_t length)
{
    return note_vkey_parse(verifier, NOTE_KEY_ED25519, text, length);
}

/* --------------------------------------------------------------- signatures */

bool
note_verify_bytes(const struct log_verifier *verifier, const char *text,
                  size_t size, const uint8_t signature[LOG_SIGNATURE_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good =
        context != NULL &&
        EVP_DigestVerifyInit(context, NULL, NULL, NULL, verifier->key) == 1 &&
        EVP_DigestVerify(context, signature, LOG_SIGNATURE_BYTES,
                         (const unsigned char *)text, size) == 1;

    EVP_MD_CTX_free(context);
    return is_good;
}

bool
note_sign_bytes(EVP_PKEY *key, const char *text, size_t size,
                uint8_t signature[LOG_SIGNATURE_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t length = LOG_SIGNATURE_BYTES;
    bool is_good = context != NULL &&
                   EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                   EVP_DigestSign(context, signature, &length,
                                  (const unsigned char *)text, size) == 1 &&
                   length == LOG_SIGNATURE_BYTES;

    EVP_MD_CTX_free(context);
    return is_good;
}

void
note_add_line(struct buf *out, const struct log_verifier *verifier,
              const void *payload, size_t size)
{
    uint8_t bytes[256];
    char base64[TEXT_BASE64_BYTES(sizeof(bytes))];

    CHECK(size <= sizeof(bytes) - LOG_KEY_ID_BYTES);
    memcpy(bytes, verifier->key_id, LOG_KEY_ID_BYTES);
    memcpy(bytes + LOG_KEY_ID_BYTES, payload, size);
    text_base64(base64, bytes, LOG_KEY_ID_BYTES + size);
    buf_add_text(out, line_start);
    buf_add_text(out, verifier->name);
    buf_add_char(out, ' ');
    buf_add_text(out, base64);
    buf_add_char(out, '\n');
}

/* ----------------------------------------------------------------- reading */

bool
note_read_body(struct lines *in, struct checkpoint *out)
{
    memset(out, 0, sizeof(*out));
    if (!lines_next(in) || !origin_is_valid(in->line, in->size))
        return false;
    memcpy(out->origin, in->line, in->size);
    if (!lines_next(in) || !text_u64(&out->size, in->line, in->size) ||
        out->size > CHECKPOINT_SIZE_MAX)
        return false;
    if (!lines_next(in) || !hash_from_base64(&out->root, in->line, in->size))
        return false;
    return lines_next(in) && in->size == 0;
}

bool
note_read_line(struct lines *in, struct note_line *out)
{
    const char *space;
    size_t size;

    if (!lines_value(in, line_start))
        return false;
    space = memchr(in->line, ' ', in->size);
    if (space == NULL)
        return false;
    out->name = in->line;
    out->name_size = (size_t)(space - in->line);
    size = in->size - out->name_size - 1;
    if (!origin_is_valid(out->name, out->name_size) || size == 0)
        return false;
    out->payload_size = 0;
    if (size >= TEXT_BASE64_BYTES(sizeof(out->payload)))
        return true;
    return text_unbase64(out->payload, sizeof(out->payload), &out->payload_size,
                         space + 1, size) &&
           out->payload_size > LOG_KEY_ID_BYTES;
}

bool
note_line_is_of(const struct note_line *line,
                const struct log_verifier *verifier)
{
    return line->name_size == strlen(verifier->name) &&
           memcmp(line->name, verifier->name, line->name_size) == 0 &&
           line->payload_size >= LOG_KEY_ID_BYTES &&
           memcmp(line->payload, verifier->key_id, LOG_KEY_ID_BYTES) == 0;
}
