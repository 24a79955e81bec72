/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a signature costs, one core, keys ready: the least that a signed bid
 * or a handshake can cost.
 */
#include "limits.h"

#include "base/check.h"

#include <openssl/evp.h>

enum { TEXT_BYTES = 400, SIGNATURE_BYTES_MAX = 128, ROUNDS = 32 };

struct pair {
    EVP_PKEY *key;
    const EVP_MD *digest; /* NULL: Ed25519 */
    unsigned char signature[SIGNATURE_BYTES_MAX];
    size_t size;
};

static const unsigned char text[TEXT_BYTES] = "auction-command/v1";

static bool
sign(struct pair *p)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good;

    p->size = sizeof(p->signature);
    is_good = context != NULL &&
              EVP_DigestSignInit(context, NULL, p->digest, NULL, p->key) == 1 &&
              EVP_DigestSign(context, p->signature, &p->size, text,
                             sizeof(text)) == 1;
    EVP_MD_CTX_free(context);
    return is_good;
}

static bool
verify(struct pair *p)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good =
        context != NULL &&
        EVP_DigestVerifyInit(context, NULL, p->digest, NULL, p->key) == 1 &&
        EVP_DigestVerify(context, p->signature, p->size, text, sizeof(text)) ==
            1;

    EVP_MD_CTX_free(context);
    return is_good;
}

/** A fresh key and a shared secret with another's: one side of X25519. */
static bool
agree(struct pair *p)
{
    EVP_PKEY *fresh = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    EVP_PKEY_CTX *context =
        fresh == NULL ? NULL : EVP_PKEY_CTX_new(fresh, NULL);
    unsigned char secret[32];
    size_t size = sizeof(secret);
    bool is_good = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
                   EVP_PKEY_derive_set_peer(context, p->key) == 1 &&
                   EVP_PKEY_derive(context, secret, &size) == 1;

    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(fresh);
    return is_good;
}

static bool
measure(const char *work, double seconds, bool (*step)(struct pair *pair),
        struct pair *pair)
{
    double start = bench_now();
    long count = 0;

    while (bench_now() < start + seconds)
        for (int i = 0; i < ROUNDS; i++, count++)
            if (!step(pair))
                return false;
    limits_print(work, 1, (double)count / (bench_now() - start));
    return true;
}

bool
limits_crypto(const struct bench_options *o)
{
    struct pair p256 = {.key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"),
                        .digest = EVP_sha256()};
    struct pair ed = {.key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    struct pair x = {.key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519")};
    double seconds = o->seconds / 2;
    bool is_good = p256.key != NULL && ed.key != NULL && x.key != NULL &&
                   measure("sign P-256", seconds, sign, &p256) &&
                   measure("verify P-256", seconds, verify, &p256) &&
                   measure("sign Ed25519", seconds, sign, &ed) &&
                   measure("verify Ed25519", seconds, verify, &ed) &&
                   measure("agree X25519", seconds, agree, &x);

    EVP_PKEY_free(p256.key);
    EVP_PKEY_free(ed.key);
    EVP_PKEY_free(x.key);
    return is_good;
}
