/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/checkpoint.h"

#include <string.h>

#include "audit/lines.h"
#include "base/text.h"

/* First byte of a verifier key's payload: Ed25519 (C2SP signed-note). */
static const uint8_t ed25519_type = 0x01;

/* What a signature line starts with: U+2014 and a space. */
static const char line_start[] = "\xe2\x80\x94 ";

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
    input[size++] = (char)ed25519_type;
    memcpy(input + size, verifier->public_key, LOG_PUBLIC_KEY_BYTES);
    hash = hash_of(input, size + LOG_PUBLIC_KEY_BYTES);
    memcpy(verifier->key_id, hash.bytes, LOG_KEY_ID_BYTES);
}

enum err
log_verifier_init(struct log_verifier *verifier, const char *name,
                  const uint8_t public_key[LOG_PUBLIC_KEY_BYTES])
{
    size_t length = strlen(name);

    memset(verifier, 0, sizeof(*verifier));
    if (!origin_is_valid(name, length))
        return err_set(ERR_SYNTAX, "log: not a name for a log");
    memcpy(verifier->name, name, length);
    memcpy(verifier->public_key, public_key, LOG_PUBLIC_KEY_BYTES);
    make_key_id(verifier);
    verifier->key = EVP_PKEY_new_raw_public_key(
        EVP_PKEY_ED25519, NULL, public_key, LOG_PUBLIC_KEY_BYTES);
    if (verifier->key == NULL)
        return err_set(ERR_CRYPTO, "log %s: reading its public key", name);
    return ERR_OK;
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
    payload[0] = ed25519_type;
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
vkey_parse(struct log_verifier *verifier, const char *text, size_t length)
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
        size != sizeof(payload) || payload[0] != ed25519_type)
        return err_set(ERR_SYNTAX, "not a verifier key");
    memcpy(name, text, name_size);
    err = log_verifier_init(verifier, name, payload + 1);
    if (err == ERR_OK && memcmp(id, verifier->key_id, sizeof(id)) != 0) {
        log_verifier_release(verifier);
        err = err_set(ERR_SYNTAX, "verifier key: its ID does not fit");
    }
    return err;
}

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

static bool
verify_bytes(const struct log_verifier *verifier, const char *text, size_t size,
             const uint8_t signature[LOG_SIGNATURE_BYTES])
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

static bool
sign_bytes(EVP_PKEY *key, const char *text, size_t size,
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

static void
add_signature_line(struct buf *out, const struct log_verifier *verifier,
                   const uint8_t signature[LOG_SIGNATURE_BYTES])
{
    uint8_t payload[LOG_KEY_ID_BYTES + LOG_SIGNATURE_BYTES];
    char base64[TEXT_BASE64_BYTES(sizeof(payload))];

    memcpy(payload, verifier->key_id, LOG_KEY_ID_BYTES);
    memcpy(payload + LOG_KEY_ID_BYTES, signature, LOG_SIGNATURE_BYTES);
    text_base64(base64, payload, sizeof(payload));
    buf_add_char(out, '\n');
    buf_add_text(out, line_start);
    buf_add_text(out, verifier->name);
    buf_add_char(out, ' ');
    buf_add_text(out, base64);
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
    if (!sign_bytes(key, text, size, signature))
        return err_set(ERR_CRYPTO, "checkpoint %llu: signing",
                       (unsigned long long)checkpoint->size);
    if (!verify_bytes(verifier, text, size, signature))
        return err_set(ERR_CRYPTO, "checkpoint %llu: its own signature is bad",
                       (unsigned long long)checkpoint->size);
    add_signature_line(out, verifier, signature);
    if (!buf_is_ok(out))
        return err_set(ERR_TOO_LARGE, "checkpoint: no room");
    return ERR_OK;
}

/* ---------------------------------------------------------------- reading */

/* Origin, size, root and the empty line; the signatures come next. */
static bool
read_body(struct lines *in, struct checkpoint *out)
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

/* One signature line, taken apart. */
struct signature_line {
    const char *name;
    size_t name_size;
    uint8_t payload[256]; /* key ID and signature */
    size_t payload_size;  /* 0: of a kind that is too long for us */
};

static bool
read_signature(struct lines *in, struct signature_line *out)
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

static bool
is_of(const struct signature_line *line, const struct log_verifier *verifier)
{
    return line->name_size == strlen(verifier->name) &&
           memcmp(line->name, verifier->name, line->name_size) == 0 &&
           line->payload_size >= LOG_KEY_ID_BYTES &&
           memcmp(line->payload, verifier->key_id, LOG_KEY_ID_BYTES) == 0;
}

/*
 * Read all signature lines; `verifier` may be NULL. Counts those of its key,
 * and the good ones among them.
 */
static bool
read_signatures(struct lines *in, const char *text, size_t size,
                const struct log_verifier *verifier, size_t *own_out,
                size_t *good_out)
{
    struct signature_line line;
    size_t lines = 0;

    *own_out = 0;
    *good_out = 0;
    while (lines_left(in) > 0) {
        if (++lines > CHECKPOINT_LINES_MAX || !read_signature(in, &line))
            return false;
        if (verifier == NULL || !is_of(&line, verifier))
            continue;
        ++*own_out;
        if (line.payload_size == LOG_KEY_ID_BYTES + LOG_SIGNATURE_BYTES &&
            verify_bytes(verifier, text, size, line.payload + LOG_KEY_ID_BYTES))
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
    if (!read_body(&in, out))
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
