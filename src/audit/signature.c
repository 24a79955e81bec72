/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/signature.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096, PSS_SALT_BYTES = 32 };

/* The digest of an algorithm; Ed25519 has its own inside. */
static const char *const digests[SIG_ALG_COUNT] = {
    [SIG_ALG_ED25519] = NULL,
    [SIG_ALG_P256] = "SHA256",
    [SIG_ALG_P384] = "SHA384",
    [SIG_ALG_RSA_PSS] = "SHA256",
};

static enum err
unusable(const char *what)
{
    return err_set(ERR_UNTRUSTED, "%s: commands cannot be signed with it",
                   what);
}

static enum err
alg_of_ec_key(enum sig_alg *out, const EVP_PKEY *key)
{
    char name[64];
    size_t size;

    if (EVP_PKEY_get_group_name(key, name, sizeof(name), &size) != 1)
        return unusable("an EC key without a named curve");
    if (strcmp(name, "prime256v1") == 0)
        *out = SIG_ALG_P256;
    else if (strcmp(name, "secp384r1") == 0)
        *out = SIG_ALG_P384;
    else
        return unusable("an EC key of another curve");
    return ERR_OK;
}

enum err
sig_alg_of_key(enum sig_alg *out, const EVP_PKEY *key)
{
    int bits;

    CHECK(key != NULL);
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
        *out = SIG_ALG_ED25519;
        return ERR_OK;
    case EVP_PKEY_EC:
        return alg_of_ec_key(out, key);
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        bits = EVP_PKEY_get_bits(key);
        if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
            return unusable("an RSA key of this size");
        *out = SIG_ALG_RSA_PSS;
        return ERR_OK;
    default:
        return unusable("a key of this kind");
    }
}

/* Padding, hash of the mask and salt, for RSA only. */
static bool
set_pss(EVP_PKEY_CTX *context, enum sig_alg alg)
{
    return alg != SIG_ALG_RSA_PSS ||
           (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
            EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, "SHA256", NULL) > 0 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(context, PSS_SALT_BYTES) > 0);
}

enum err
command_sign(EVP_PKEY *key, const void *bytes, size_t size,
             struct record_sig *sig)
{
    EVP_PKEY_CTX *parameters; /* owned by the context */
    EVP_MD_CTX *context;
    size_t length = sizeof(sig->value);
    enum err err;

    if ((err = sig_alg_of_key(&sig->alg, key)) != ERR_OK)
        return err;
    if ((context = EVP_MD_CTX_new()) == NULL)
        return err_set(ERR_NOMEM, "signing a command");
    if (EVP_DigestSignInit_ex(context, &parameters, digests[sig->alg], NULL,
                              NULL, key, NULL) != 1 ||
        !set_pss(parameters, sig->alg) ||
        EVP_DigestSign(context, sig->value, &length, bytes, size) != 1)
        err = err_set(ERR_CRYPTO, "signing a command");
    EVP_MD_CTX_free(context);
    sig->value_size = err == ERR_OK ? length : 0;
    ERR_clear_error();
    return err;
}

enum err
command_verify(EVP_PKEY *key, const void *bytes, size_t size,
               const struct record_sig *sig)
{
    EVP_PKEY_CTX *parameters; /* owned by the context */
    EVP_MD_CTX *context;
    enum sig_alg alg;
    enum err err;

    CHECK(sig->value_size <= sizeof(sig->value));
    if ((err = sig_alg_of_key(&alg, key)) != ERR_OK)
        return err;
    if (alg != sig->alg)
        return err_set(ERR_UNTRUSTED, "signature: %s does not fit the key",
                       sig_alg_text(sig->alg));
    if ((context = EVP_MD_CTX_new()) == NULL)
        return err_set(ERR_NOMEM, "verifying a command");
    if (EVP_DigestVerifyInit_ex(context, &parameters, digests[alg], NULL, NULL,
                                key, NULL) != 1 ||
        !set_pss(parameters, alg))
        err = err_set(ERR_CRYPTO, "verifying a command");
    else if (EVP_DigestVerify(context, sig->value, sig->value_size, bytes,
                              size) != 1)
        err = err_set(ERR_UNTRUSTED, "signature: it is not of this key over "
                                     "this command");
    EVP_MD_CTX_free(context);
    /* A false signature leaves reasons queued that TLS would trip over. */
    ERR_clear_error();
    return err;
}

enum err
command_verify_cert(X509 *cert, const void *bytes, size_t size,
                    const struct record_sig *sig)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);

    if (key == NULL)
        return err_set(ERR_UNTRUSTED, "certificate: its key is not readable");
    return command_verify(key, bytes, size, sig);
}

enum err
cert_fingerprint(struct hash *out, const X509 *cert)
{
    unsigned char *der = NULL;
    int size = i2d_X509(cert, &der);

    if (size <= 0)
        return err_set(ERR_CRYPTO, "certificate: encoding it");
    *out = hash_of(der, (size_t)size);
    OPENSSL_free(der);
    return ERR_OK;
}
