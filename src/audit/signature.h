/* SPDX-License-Identifier: Apache-2.0 */
/**
 * signature: signing and checking commands with a certificate's key.
 *
 * The kind of key decides the algorithm: Ed25519; P-256 with ECDSA and
 * SHA-256; P-384 with ECDSA and SHA-384, both in DER; RSA of 2048 to 4096
 * bits with PSS, SHA-256, MGF1-SHA-256 and a salt of 32 bytes. Other keys
 * cannot sign commands.
 *
 * Thread  any, on distinct objects; keys may be shared.
 * Source  RFC 8032, FIPS 186-4, RFC 8017; docs/audit.md "signed commands".
 */
#ifndef AUDIT_SIGNATURE_H
#define AUDIT_SIGNATURE_H

#include "audit/record.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/** The algorithm of a key; ERR_UNTRUSTED for a key that cannot sign. */
MUST_CHECK enum err sig_alg_of_key(enum sig_alg *out, const EVP_PKEY *key);

/**
 * Sign `bytes`: sets alg, value and value_size of `sig`.
 *
 * Returns  ERR_OK, ERR_UNTRUSTED (kind of key), ERR_CRYPTO
 */
MUST_CHECK enum err command_sign(EVP_PKEY *key, const void *bytes, size_t size,
                                 struct record_sig *sig);

/**
 * Check alg and value of `sig` over `bytes`; the algorithm must be the one
 * of the key.
 *
 * Returns  ERR_OK; ERR_UNTRUSTED when it is not this key's signature;
 *          ERR_CRYPTO when OpenSSL could not say
 */
MUST_CHECK enum err command_verify(EVP_PKEY *key, const void *bytes,
                                   size_t size, const struct record_sig *sig);

/** The same with the key of a certificate, borrowed. */
MUST_CHECK enum err
command_verify_cert(X509 *cert, const void *bytes, size_t size,
                    const struct record_sig *sig);

/** SHA-256 of a certificate's DER. ERR_OK or ERR_CRYPTO. */
MUST_CHECK enum err cert_fingerprint(struct hash *out, const X509 *cert);

#endif
