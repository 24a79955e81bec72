/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Openings in a file for another machine: JSON, encrypted with AES-256-GCM
 * under a key that scrypt makes of a passphrase.
 *
 *     auction-openings/v1
 *     scrypt 32768 8 1 <salt, base64>
 *     aes-256-gcm <nonce, base64>
 *     <base64 of the encrypted JSON and its tag>
 *
 * The first three lines are authenticated too.
 */
#include "internal.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum {
    SALT_BYTES = 16,
    IV_BYTES = 12,
    TAG_BYTES = 16,
    KEY_BYTES = 32,
    SCRYPT_N = 32768,
    SCRYPT_R = 8,
    SCRYPT_P = 1,
    SCRYPT_MEMORY = 64 << 20,
    HEAD_BYTES = 160,
};

enum { SEALED_BYTES_MAX = 64 << 20 };

struct envelope {
    uint8_t salt[SALT_BYTES];
    uint8_t iv[IV_BYTES];
    char head[HEAD_BYTES]; /* the three lines */
};

static void
make_head(struct envelope *e)
{
    char salt[TEXT_BASE64_BYTES(SALT_BYTES)], iv[TEXT_BASE64_BYTES(IV_BYTES)];

    text_base64(salt, e->salt, SALT_BYTES);
    text_base64(iv, e->iv, IV_BYTES);
    snprintf(e->head, sizeof(e->head),
             "auction-openings/v1\nscrypt %d %d %d %s\naes-256-gcm %s\n",
             SCRYPT_N, SCRYPT_R, SCRYPT_P, salt, iv);
}

static bool
make_key(uint8_t key[KEY_BYTES], const struct envelope *e,
         const char *passphrase)
{
    return EVP_PBE_scrypt(passphrase, strlen(passphrase), e->salt, SALT_BYTES,
                          SCRYPT_N, SCRYPT_R, SCRYPT_P, SCRYPT_MEMORY, key,
                          KEY_BYTES) == 1;
}

/**
 * Encrypt or decrypt `size` bytes in place of `out`; the tag is made, or must
 * be right.
 */
static bool
crypt_bytes(const struct envelope *e, const uint8_t key[KEY_BYTES],
            bool encrypts, const uint8_t *in, size_t size, uint8_t *out,
            uint8_t tag[TAG_BYTES])
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int done = 0, way = encrypts ? 1 : 0;
    bool is_good = ctx != NULL &&
                   EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), key, e->iv, way,
                                      NULL) == 1 &&
                   EVP_CipherUpdate(ctx, NULL, &done, (const uint8_t *)e->head,
                                    (int)strlen(e->head)) == 1 &&
                   EVP_CipherUpdate(ctx, out, &done, in, (int)size) == 1 &&
                   (encrypts || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
                                                    TAG_BYTES, tag) == 1);
    is_good = is_good && EVP_CipherFinal_ex(ctx, out + done, &done) == 1 &&
              (!encrypts || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG,
                                                TAG_BYTES, tag) == 1);
    EVP_CIPHER_CTX_free(ctx);
    return is_good;
}

/* ------------------------------------------------------------------ sealing */

static char *
to_text(const struct auction_openings *from)
{
    json_t *array = json_array();
    char *text = NULL;
    bool is_good = array != NULL;

    for (size_t i = 0; is_good && i < from->count; i++)
        is_good =
            json_array_append_new(array, opening_to_json(&from->items[i])) == 0;
    if (is_good)
        text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return text;
}

/** Head, base64 of `size` encrypted bytes with their tag, LF. */
static char *
join(const struct envelope *e, const uint8_t *bytes, size_t size)
{
    size_t head = strlen(e->head);
    char *text = malloc(head + TEXT_BASE64_BYTES(size) + 1);

    if (text == NULL)
        return NULL;
    memcpy(text, e->head, head);
    head += text_base64(text + head, bytes, size);
    text[head] = '\n';
    text[head + 1] = '\0';
    return text;
}

static char *
seal_text(const char *plain, const char *passphrase)
{
    size_t size = strlen(plain);
    uint8_t *bytes = malloc(size + TAG_BYTES);
    uint8_t key[KEY_BYTES];
    struct envelope e;
    char *text = NULL;

    if (bytes != NULL && RAND_bytes(e.salt, SALT_BYTES) == 1 &&
        RAND_bytes(e.iv, IV_BYTES) == 1) {
        make_head(&e);
        if (make_key(key, &e, passphrase) &&
            crypt_bytes(&e, key, true, (const uint8_t *)plain, size, bytes,
                        bytes + size))
            text = join(&e, bytes, size + TAG_BYTES);
    }
    OPENSSL_cleanse(key, sizeof(key));
    free(bytes);
    return text;
}

enum auction_outcome
auction_openings_seal(const struct auction_openings *from,
                      const char *passphrase, char **text_out,
                      struct auction_result *result)
{
    char *plain = to_text(from);

    CHECK(passphrase != NULL && passphrase[0] != '\0');
    result_clear(result);
    *text_out = NULL;
    if (plain != NULL) {
        if (strlen(plain) < SEALED_BYTES_MAX / 2)
            *text_out = seal_text(plain, passphrase);
        OPENSSL_cleanse(plain, strlen(plain));
        free(plain);
    }
    return *text_out != NULL
               ? (result->outcome = AUCTION_ACCEPTED)
               : fail(result, AUCTION_LOCAL_FAILURE,
                      "the openings cannot be encrypted: out of memory, or "
                      "OpenSSL failed");
}

/* ---------------------------------------------------------------- unsealing */

/** A word up to `end`, which is skipped; NULL when it is not there. */
static const char *
word(const char **at, char end, size_t *size_out)
{
    const char *start = *at, *stop = strchr(start, end);

    if (stop == NULL)
        return NULL;
    *size_out = (size_t)(stop - start);
    *at = stop + 1;
    return start;
}

static bool
parse_head(struct envelope *e, const char **at)
{
    const char *start = *at, *text;
    char expected[64];
    size_t size, got;
    int length = snprintf(expected, sizeof(expected),
                          "auction-openings/v1\nscrypt %d %d %d ", SCRYPT_N,
                          SCRYPT_R, SCRYPT_P);

    if (strncmp(*at, expected, (size_t)length) != 0)
        return false;
    *at += length;
    text = word(at, '\n', &size);
    if (text == NULL || !text_unbase64(e->salt, SALT_BYTES, &got, text, size) ||
        got != SALT_BYTES || strncmp(*at, "aes-256-gcm ", 12) != 0)
        return false;
    *at += 12;
    text = word(at, '\n', &size);
    if (text == NULL || !text_unbase64(e->iv, IV_BYTES, &got, text, size) ||
        got != IV_BYTES)
        return false;
    make_head(e);
    return strncmp(start, e->head, strlen(e->head)) == 0;
}

/** The JSON, terminated, or NULL; the caller cleanses and frees. */
static char *
unseal_text(const char *text, const char *passphrase)
{
    uint8_t key[KEY_BYTES] = {0}, *bytes = NULL;
    size_t size = 0, length = 0;
    const char *body;
    struct envelope e;
    char *plain = NULL;

    if (parse_head(&e, &text) && (body = word(&text, '\n', &length)) != NULL &&
        (bytes = malloc(length + 1)) != NULL &&
        text_unbase64(bytes, length, &size, body, length) &&
        size >= TAG_BYTES && make_key(key, &e, passphrase) &&
        (plain = calloc(1, size + 1)) != NULL) {
        size -= TAG_BYTES;
        if (!crypt_bytes(&e, key, false, bytes, size, (uint8_t *)plain,
                         bytes + size)) {
            OPENSSL_cleanse(plain, size);
            free(plain);
            plain = NULL;
        }
    }
    OPENSSL_cleanse(key, sizeof(key));
    free(bytes);
    return plain;
}

static bool
take_all(struct auction_openings *out, json_t *array)
{
    json_t *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        struct auction_opening opening;

        if (!opening_from_json(&opening, item) || !openings_add(out, &opening))
            return false;
    }
    return json_is_array(array);
}

enum auction_outcome
auction_openings_unseal(struct auction_openings *out, const char *passphrase,
                        const char *text, size_t size,
                        struct auction_result *result)
{
    char *plain = NULL;
    json_t *array = NULL;

    result_clear(result);
    *out = (struct auction_openings){.items = NULL};
    if (size < SEALED_BYTES_MAX && strlen(text) == size)
        plain = unseal_text(text, passphrase);
    if (plain == NULL)
        return fail(result, AUCTION_INVALID,
                    "the passphrase does not open it, or it was changed");
    array = json_loads(plain, JSON_REJECT_DUPLICATES, NULL);
    OPENSSL_cleanse(plain, strlen(plain));
    free(plain);
    result->outcome = AUCTION_ACCEPTED;
    if (!take_all(out, array)) {
        auction_openings_release(out);
        fail(result, AUCTION_INVALID,
             "an opening in it does not fit its commitment");
    }
    json_decref(array);
    return result->outcome;
}
