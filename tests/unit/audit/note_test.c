/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include <string.h>

#include "audit/checkpoint.h"
#include "audit/proof.h"
#include "base/text.h"

/*
 * A published vector: three shortened records, the log key of RFC 8032
 * section 7.1 test 1, and what follows from them.
 */
static const char seed_hex[] =
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char *const records[] = {
    "{\"seq\":0,\"t\":1792000000000,\"tx\":0,\"type\":\"log.init\",\"v\":1}",
    "{\"name\":\"Zo\xc3\xab \\\"Z\\\"\\n\",\"seq\":1,\"t\":1792000000001,"
    "\"tx\":1,\"type\":\"user.enrolled\",\"v\":1}",
    "{\"seq\":2,\"t\":1792000000002,\"tx\":1,\"type\":\"server.stop\","
    "\"v\":1}",
};
static const char *const leaf_hexes[] = {
    "e1796d4d8b73151f1591cdd595d0ee8dd00864e5cdde2fe0a39851e400b6149e",
    "98af8085af98456e7ead4e95d8cd0418b05855d958844808bd9067386dbc83e4",
    "3ec2e9b39e58a114a276fde19d97e501c06a5f638ff42e9b1067bc75b2ac9dd7",
};
static const char vkey[] = "auction.example.com/log/1+e819542f+"
                           "AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
#define NOTE_BODY                                                              \
    "auction.example.com/log/1\n3\n"                                           \
    "THY5uQFUnMo4DIFmAG2JbmdpJb0ym3RLXjT8QDkhNnw=\n"
#define NOTE_LINE                                                              \
    "\xe2\x80\x94 auction.example.com/log/1 "                                  \
    "6BlUL9E2Kw5oqNotDPDHj6zPmL76m4OjVCKAGScURvYvEZ56zB6MWeK26zExD9x9afYruLWR" \
    "exNlVCXR8p4J0gT6VQc=\n"
static const char note[] = NOTE_BODY "\n" NOTE_LINE;

static struct log_verifier verifier;
static EVP_PKEY *key;

static int
setup(void)
{
    uint8_t seed[32];

    if (!text_unhex(seed, sizeof(seed), seed_hex, strlen(seed_hex)))
        return 1;
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    return key == NULL || vkey_parse(&verifier, vkey, strlen(vkey)) != ERR_OK;
}

static int
teardown(void)
{
    EVP_PKEY_free(key);
    log_verifier_release(&verifier);
    return 0;
}

static enum err
verify(const char *text)
{
    struct checkpoint checkpoint;

    return checkpoint_verify(&checkpoint, text, strlen(text), &verifier);
}

static struct checkpoint
vector_head(void)
{
    struct checkpoint checkpoint = {.origin = "auction.example.com/log/1"};
    struct tree_hasher hasher;

    tree_hasher_init(&hasher);
    for (size_t i = 0; i < 3; i++) {
        struct hash leaf = leaf_hash(records[i], strlen(records[i]));

        tree_hasher_add(&hasher, &leaf);
    }
    checkpoint.size = hasher.size;
    checkpoint.root = tree_hasher_root(&hasher);
    return checkpoint;
}

static void
the_vector_s_leaves_are_as_published(void)
{
    char hex[HASH_HEX_BYTES];

    for (size_t i = 0; i < 3; i++) {
        struct hash leaf = leaf_hash(records[i], strlen(records[i]));

        CU_ASSERT(strcmp(hash_hex(hex, &leaf), leaf_hexes[i]) == 0);
    }
}

static void
the_vector_s_checkpoint_is_signed_to_the_byte(void)
{
    struct checkpoint head = vector_head();
    struct buf out;

    buf_init(&out, CHECKPOINT_BYTES_MAX);
    CU_ASSERT(checkpoint_sign(&head, key, &verifier, &out) == ERR_OK);
    CU_ASSERT(out.size == strlen(note));
    CU_ASSERT(memcmp(out.bytes, note, out.size) == 0);
    buf_release(&out);
}

static void
the_vector_s_checkpoint_is_believed(void)
{
    struct checkpoint head = vector_head(), read;

    CU_ASSERT(checkpoint_verify(&read, note, strlen(note), &verifier) ==
              ERR_OK);
    CU_ASSERT(strcmp(read.origin, head.origin) == 0);
    CU_ASSERT(read.size == 3);
    CU_ASSERT(hash_equal(&read.root, &head.root));
}

static void
the_verifier_key_has_its_published_text(void)
{
    char text[VKEY_BYTES];

    CU_ASSERT(strcmp(vkey_format(text, &verifier), vkey) == 0);
}

static void
a_damaged_verifier_key_is_refused(void)
{
    struct log_verifier other;

    for (size_t bit = 0; bit < 8 * strlen(vkey); bit++) {
        char bad[sizeof(vkey)];

        memcpy(bad, vkey, sizeof(vkey));
        bad[bit / 8] = (char)(bad[bit / 8] ^ (1 << bit % 8));
        CU_ASSERT(vkey_parse(&other, bad, strlen(vkey)) != ERR_OK);
    }
    for (size_t size = 0; size < strlen(vkey); size++)
        CU_ASSERT(vkey_parse(&other, vkey, size) == ERR_SYNTAX);
}

static void
every_flipped_bit_of_a_checkpoint_is_refused(void)
{
    struct checkpoint read;
    char bad[sizeof(note)];

    for (size_t bit = 0; bit < 8 * strlen(note); bit++) {
        memcpy(bad, note, sizeof(note));
        bad[bit / 8] = (char)(bad[bit / 8] ^ (1 << bit % 8));
        CU_ASSERT(checkpoint_verify(&read, bad, strlen(note), &verifier) !=
                  ERR_OK);
    }
}

static void
every_cut_of_a_checkpoint_is_refused(void)
{
    struct checkpoint read;

    for (size_t size = 0; size < strlen(note); size++)
        CU_ASSERT(checkpoint_verify(&read, note, size, &verifier) != ERR_OK);
}

static void
lines_of_other_keys_are_ignored(void)
{
    CU_ASSERT(verify(NOTE_BODY
                     "\n\xe2\x80\x94 witness.example AAAAAAAA\n" NOTE_LINE) ==
              ERR_OK);
    CU_ASSERT(verify(NOTE_BODY
                     "\n" NOTE_LINE
                     "\xe2\x80\x94 auction.example.com/log/1 AAAAAAAA\n") ==
              ERR_OK);
    CU_ASSERT(verify(NOTE_BODY "\n\xe2\x80\x94 witness.example AAAAAAAA\n") ==
              ERR_UNTRUSTED);
}

static void
a_long_line_of_another_key_is_ignored(void)
{
    struct checkpoint read;
    struct buf text;

    buf_init(&text, CHECKPOINT_BYTES_MAX + 10);
    buf_add_text(&text, NOTE_BODY "\n\xe2\x80\x94 w.example ");
    for (int i = 0; i < 1000; i++)
        buf_add_text(&text, "AAAA");
    buf_add_text(&text, "\n" NOTE_LINE);
    CU_ASSERT(checkpoint_verify(&read, text.bytes, text.size, &verifier) ==
              ERR_OK);
    while (text.size <= CHECKPOINT_BYTES_MAX)
        buf_add_text(&text, "\n");
    CU_ASSERT(checkpoint_verify(&read, text.bytes, text.size, &verifier) ==
              ERR_TOO_LARGE);
    buf_release(&text);
}

static void
a_malformed_note_is_refused(void)
{
    CU_ASSERT(verify("") == ERR_SYNTAX);
    CU_ASSERT(verify(NOTE_BODY "\n") == ERR_SYNTAX);
    CU_ASSERT(verify(NOTE_BODY NOTE_LINE) == ERR_SYNTAX);
    CU_ASSERT(verify(NOTE_BODY "extension\n\n" NOTE_LINE) == ERR_SYNTAX);
    CU_ASSERT(verify(NOTE_BODY "\n" NOTE_LINE "\n") == ERR_SYNTAX);
    CU_ASSERT(verify(NOTE_BODY "\n" NOTE_LINE NOTE_LINE) == ERR_UNTRUSTED);
    CU_ASSERT(verify(NOTE_BODY "\n- x AAAAAAAA\n" NOTE_LINE) == ERR_SYNTAX);
    CU_ASSERT(verify(NOTE_BODY "\n\xe2\x80\x94 x\n" NOTE_LINE) == ERR_SYNTAX);
    CU_ASSERT(verify(NOTE_BODY "\n\xe2\x80\x94 x AAAA\n" NOTE_LINE) ==
              ERR_SYNTAX);
    CU_ASSERT(verify("a b\n3\nTHY5uQFUnMo4DIFmAG2JbmdpJb0ym3RLXjT8QDkhNnw="
                     "\n\n" NOTE_LINE) == ERR_SYNTAX);
    CU_ASSERT(verify("a\n03\nTHY5uQFUnMo4DIFmAG2JbmdpJb0ym3RLXjT8QDkhNnw="
                     "\n\n" NOTE_LINE) == ERR_SYNTAX);
    CU_ASSERT(verify("a\n9007199254740992\nTHY5uQFUnMo4DIFmAG2JbmdpJb0ym3RLX"
                     "jT8QDkhNnw=\n\n" NOTE_LINE) == ERR_SYNTAX);
}

static void
a_checkpoint_of_another_log_is_foreign(void)
{
    CU_ASSERT(verify("other.example/log/1\n3\n"
                     "THY5uQFUnMo4DIFmAG2JbmdpJb0ym3RLXjT8QDkhNnw=\n"
                     "\n" NOTE_LINE) == ERR_FOREIGN);
}

static void
a_key_that_is_not_the_verifier_s_never_signs(void)
{
    struct checkpoint head = vector_head();
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    struct buf out;

    buf_init(&out, CHECKPOINT_BYTES_MAX);
    CU_ASSERT(checkpoint_sign(&head, other, &verifier, &out) == ERR_CRYPTO);
    EVP_PKEY_free(other);
    buf_release(&out);
}

SUITE("checkpoint", setup, teardown, TEST(the_vector_s_leaves_are_as_published),
      TEST(the_vector_s_checkpoint_is_signed_to_the_byte),
      TEST(the_vector_s_checkpoint_is_believed),
      TEST(the_verifier_key_has_its_published_text),
      TEST(a_damaged_verifier_key_is_refused),
      TEST(every_flipped_bit_of_a_checkpoint_is_refused),
      TEST(every_cut_of_a_checkpoint_is_refused),
      TEST(lines_of_other_keys_are_ignored),
      TEST(a_long_line_of_another_key_is_ignored),
      TEST(a_malformed_note_is_refused),
      TEST(a_checkpoint_of_another_log_is_foreign),
      TEST(a_key_that_is_not_the_verifier_s_never_signs))
