/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include <openssl/sha.h>
#include <string.h>

#include "audit/cosignature.h"
#include "base/text.h"

static const char checkpoint[] =
    "auction.example.com/log/1\n3\n"
    "THY5uQFUnMo4DIFmAG2JbmdpJb0ym3RLXjT8QDkhNnw=\n"
    "\n"
    "\xe2\x80\x94 auction.example.com/log/1 "
    "6BlUL9E2Kw5oqNotDPDHj6zPmL76m4OjVCKAGScURvYvEZ56zB6MWeK26zExD9x9afYruLWR"
    "exNlVCXR8p4J0gT6VQc=\n";

enum { TIME = 1792000123 };

static EVP_PKEY *key;
static uint8_t public_key[LOG_PUBLIC_KEY_BYTES];
static struct log_verifier witness, other;
static struct buf note;

static int
setup(void)
{
    uint8_t seed[32], second[32];
    size_t size = sizeof(public_key);

    memset(seed, 7, sizeof(seed));
    memset(second, 9, sizeof(second));
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    buf_init(&note, CHECKPOINT_BYTES_MAX);
    return key == NULL ||
           EVP_PKEY_get_raw_public_key(key, public_key, &size) != 1 ||
           witness_init(&witness, "witness.example/w1", public_key) != ERR_OK ||
           witness_init(&other, "witness.example/w2", public_key) != ERR_OK;
}

static int
teardown(void)
{
    EVP_PKEY_free(key);
    log_verifier_release(&witness);
    log_verifier_release(&other);
    buf_release(&note);
    return 0;
}

static void
cosign(void)
{
    buf_clear(&note);
    buf_add_text(&note, checkpoint);
    CU_ASSERT_EQUAL(cosignature_sign(&note, key, &witness, TIME), ERR_OK);
}

static void
a_witness_key_has_a_type_of_its_own(void)
{
    char text[VKEY_BYTES], id[9];
    uint8_t input[64], hash[32];
    struct log_verifier parsed;

    vkey_format(text, &witness);
    memcpy(input, "witness.example/w1\n\x04", 20);
    memcpy(input + 20, public_key, 32);
    SHA256(input, 52, hash);
    CU_ASSERT_EQUAL(strncmp(text + 19, text_hex(id, hash, 4), 8), 0);
    CU_ASSERT_EQUAL(witness_parse(&parsed, text, strlen(text)), ERR_OK);
    CU_ASSERT_STRING_EQUAL(parsed.name, witness.name);
    log_verifier_release(&parsed);
    CU_ASSERT_EQUAL(vkey_parse(&parsed, text, strlen(text)), ERR_SYNTAX);
}

static void
a_cosignature_is_over_time_and_checkpoint(void)
{
    static const char message[] =
        "cosignature/v1\ntime 1792000123\nauction.example.com/log/1\n3\n"
        "THY5uQFUnMo4DIFmAG2JbmdpJb0ym3RLXjT8QDkhNnw=\n";
    uint8_t payload[128];
    const char *base64;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size;

    cosign();
    CU_ASSERT_EQUAL(memcmp(note.bytes, checkpoint, strlen(checkpoint)), 0);
    base64 = strrchr(note.bytes, ' ') + 1;
    CU_ASSERT_TRUE(text_unbase64(payload, sizeof(payload), &size, base64,
                                 strlen(base64) - 1));
    CU_ASSERT_EQUAL(size, 4 + 8 + 64);
    CU_ASSERT_EQUAL(memcmp(payload + 4, "\0\0\0\0\x6a\xcf\xc0\x7b", 8), 0);
    EVP_DigestVerifyInit(context, NULL, NULL, NULL, key);
    CU_ASSERT_EQUAL(EVP_DigestVerify(context, payload + 12, 64,
                                     (const unsigned char *)message,
                                     strlen(message)),
                    1);
    EVP_MD_CTX_free(context);
}

static void
a_cosignature_is_found_and_believed(void)
{
    struct cosignature found;

    cosign();
    CU_ASSERT_EQUAL(cosignature_find(&found, note.bytes, note.size, &witness),
                    ERR_OK);
    CU_ASSERT_EQUAL(found.seconds, TIME);
    CU_ASSERT_PTR_EQUAL(found.line + found.line_size, note.bytes + note.size);
    CU_ASSERT_EQUAL(cosignature_find(&found, note.bytes, note.size, &other),
                    ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(
        cosignature_find(&found, checkpoint, strlen(checkpoint), &witness),
        ERR_NOT_FOUND);
}

static void
two_lines_of_one_witness_are_not_believed(void)
{
    struct cosignature found;

    cosign();
    CU_ASSERT_EQUAL(cosignature_sign(&note, key, &witness, TIME + 1), ERR_OK);
    CU_ASSERT_EQUAL(cosignature_find(&found, note.bytes, note.size, &witness),
                    ERR_UNTRUSTED);
}

static void
no_flipped_bit_of_a_cosigned_checkpoint_is_believed(void)
{
    struct cosignature found;
    size_t believed = 0,
           text_size = strstr(checkpoint, "\n\n") + 1 - checkpoint;

    cosign();
    for (size_t i = 0; i < note.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            /* The log's own line is not what a witness signs. */
            if (i > text_size && i < strlen(checkpoint))
                continue;
            note.bytes[i] ^= (char)(1 << bit);
            believed += cosignature_find(&found, note.bytes, note.size,
                                         &witness) == ERR_OK;
            note.bytes[i] ^= (char)(1 << bit);
        }
    CU_ASSERT_EQUAL(believed, 0);
}

SUITE("cosignature", setup, teardown, TEST(a_witness_key_has_a_type_of_its_own),
      TEST(a_cosignature_is_over_time_and_checkpoint),
      TEST(a_cosignature_is_found_and_believed),
      TEST(two_lines_of_one_witness_are_not_believed),
      TEST(no_flipped_bit_of_a_cosigned_checkpoint_is_believed))
