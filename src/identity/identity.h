/* SPDX-License-Identifier: Apache-2.0 */
/**
 * identity: who a verified client certificate says is there.
 *
 * The name is the SAN URI auction://realm/role/name and nothing else; it is
 * read as bytes and compared as bytes. The chain has been verified before;
 * here the rules on the leaf follow, one function each, and the first that
 * fails refuses.
 *
 * Owner   counted references; immutable once made, but for `is_withdrawn`.
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
    IDENTITY_SERIAL_BYTES = 41,      /* 20 octets in hex */
    IDENTITY_SERIAL_TEXT_BYTES = 72, /* of any serial, cut, for the log */
};

struct identity {
    atomic_uint references;
    char name[IDENTITY_NAME_BYTES];
    enum role role;
    struct hash fp;   /* SHA-256 of the certificate's DER */
    struct hash spki; /* SHA-256 of its public key */
    char serial_hex[IDENTITY_SERIAL_BYTES];
    struct hash issuer; /* identity_ca_id of the CA that signed it */
    struct instant not_after;
    /**
     * No longer to be believed: what it asked for and is not decided yet is
     * not tried. Set once, by the worker of its connection.
     */
    atomic_bool is_withdrawn;
    unsigned char *der; /* owned */
    size_t der_size;
    X509 *cert; /* owned; NULL only in tests */
};

/**
 * Read the identity of a leaf certificate.
 *
 * cert      verified, borrowed
 * issuer    the CA that it verified under, borrowed; NULL only in tests
 * realm     the configured realm
 * rule_out  on refusal the rule that was broken, a literal
 *
 * Returns  ERR_OK; ERR_UNTRUSTED with the rule; ERR_NOMEM, ERR_CRYPTO
 */
MUST_CHECK enum err
identity_from_cert(struct identity **out, X509 *cert, X509 *issuer,
                   const char *realm, const char **rule_out);

/**
 * What names a CA: SHA-256 over its subject and its key. A CA certificate made
 * anew for the same key has the same one; the same subject with another key
 * has not. All zero when it cannot be computed, which no CA has.
 */
struct hash identity_ca_id(X509 *ca);

/**
 * Serial (hex, "-" in front of a negative one, cut with ".." after 32 octets)
 * and hash of the key of any certificate, for the log.
 */
void identity_describe(X509 *cert, char serial_out[IDENTITY_SERIAL_TEXT_BYTES],
                       struct hash *spki_out);

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
