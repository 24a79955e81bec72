/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL 3 marks the direct SHA-256 calls as deprecated in favour of EVP,
 * which looks the algorithm up for every digest: measured on the node hash of
 * 65 bytes, 340 ns against 92 ns. A batch makes two digests a record and a
 * verifier millions, so the direct calls are used, in this file only.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "audit/hash.h"

#include <openssl/sha.h>
#include <string.h>

#include "base/text.h"

static const uint8_t leaf_prefix = 0x00;
static const uint8_t node_prefix = 0x01;

struct hash
hash_of(const void *bytes, size_t size)
{
    SHA256_CTX context;
    struct hash hash;

    CHECK(bytes != NULL || size == 0);
    CHECK(SHA256_Init(&context) == 1);
    CHECK(SHA256_Update(&context, bytes, size) == 1);
    CHECK(SHA256_Final(hash.bytes, &context) == 1);
    return hash;
}

struct hash
leaf_hash(const void *record, size_t size)
{
    SHA256_CTX context;
    struct hash hash;

    CHECK(record != NULL || size == 0);
    CHECK(SHA256_Init(&context) == 1);
    CHECK(SHA256_Update(&context, &leaf_prefix, 1) == 1);
    CHECK(SHA256_Update(&context, record, size) == 1);
    CHECK(SHA256_Final(hash.bytes, &context) == 1);
    return hash;
}

struct hash
node_hash(const struct hash *left, const struct hash *right)
{
    SHA256_CTX context;
    struct hash hash;

    CHECK(SHA256_Init(&context) == 1);
    CHECK(SHA256_Update(&context, &node_prefix, 1) == 1);
    CHECK(SHA256_Update(&context, left->bytes, HASH_BYTES) == 1);
    CHECK(SHA256_Update(&context, right->bytes, HASH_BYTES) == 1);
    CHECK(SHA256_Final(hash.bytes, &context) == 1);
    return hash;
}

struct hash
hash_empty_root(void)
{
    return hash_of("", 0);
}

bool
hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, HASH_BYTES) == 0;
}

char *
hash_base64(char text[HASH_BASE64_BYTES], const struct hash *hash)
{
    _Static_assert(TEXT_BASE64_BYTES(HASH_BYTES) == HASH_BASE64_BYTES,
                   "base64 of a hash");
    text_base64(text, hash->bytes, HASH_BYTES);
    return text;
}

bool
hash_from_base64(struct hash *out, const char *text, size_t length)
{
    struct hash hash;
    size_t size;

    if (!text_unbase64(hash.bytes, HASH_BYTES, &size, text, length) ||
        size != HASH_BYTES)
        return false;
    *out = hash;
    return true;
}

char *
hash_hex(char text[HASH_HEX_BYTES], const struct hash *hash)
{
    return text_hex(text, hash->bytes, HASH_BYTES);
}

bool
hash_from_hex(struct hash *out, const char *text, size_t length)
{
    return text_unhex(out->bytes, HASH_BYTES, text, length);
}
