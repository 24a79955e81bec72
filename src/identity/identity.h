/* SPDX-License-Identifier: Apache-2.0 */
/**
 * identity: who a verified client certificate says is there.
 *
 * The name is the SAN URI auction://realm/role/name and nothing else; it is
 * read as bytes and compared as bytes. The chain has been verified before;
 * here the rules on the leaf follow, one function each, and the first that
 * fails refuses.
 *
 * Owner   counted references; immutable once made.
 * Thread  any.
 * Source  docs/security.md "Whose connection is it"; RFC 5280.
 */
#ifndef IDENTITY_IDENTITY_H
#define IDENTITY_IDENTITY_H

#include "audit/hash.h"
#include "base/instant.h"
#include "identity/role.h"

#include <openssl/x509.h>
#include <stdatomic.h>

enum {
    IDENTITY_NAME_BYTES = 64, /* 63 and a terminator */
    IDENTITY_REALM_BYTES = 254,
    IDENTITY_URI_BYTES_MAX = 255,
    IDENTITY_SERIAL_BYTES = 41, /* 20 octets in hex */
};

struct identity {
    atomic_uint references;
    char name[IDENTITY_NAME_BYTES];
    enum role role;
    struct hash fp;   /* SHA-256 of the certificate's DER */
    struct hash spki; /* SHA-256 of its public key */
    char serial_hex[IDENTITY_SERIAL_BYTES];
    struct instant not_after;
    unsigned char *der; /* owned */
    size_t der_size;
    X509 *cert; /* owned; NULL only in tests */
};

/**
 * Read the identity of a leaf certificate.
 *
 * cert      verified, borrowed
 * realm     the configured realm
 * rule_out  on refusal the rule that was broken, a literal
 *
 * Returns  ERR_OK; ERR_UNTRUSTED with the rule; ERR_NOMEM, ERR_CRYPTO
 */
MUST_CHECK enum err
identity_from_cert(struct identity **out, X509 *cert, const char *realm,
                   const char **rule_out);

/**
 * Split a URI into role and name. `rule_out` as above; `name_out` holds
 * IDENTITY_NAME_BYTES.
 */
MUST_CHECK bool
identity_parse_uri(const unsigned char *uri, size_t size, const char *realm,
                   enum role *role_out, char *name_out, const char **rule_out);

struct identity *identity_ref(struct identity *identity);

/** Drop a reference and NULL the pointer; NULL is allowed. */
void identity_unref(struct identity **identity);

#endif
