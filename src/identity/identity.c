/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/identity.h"

#include "base/text.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SERIAL_OCTETS_MAX = 20, RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096 };

/** A rule returns NULL when the certificate keeps it, else its name. */
typedef const char *rule(X509 *cert);

/* ----------------------------------------------------------------- rules */

static const char *
rule_version(X509 *cert)
{
    return X509_get_version(cert) == X509_VERSION_3 ? NULL : "version is not 3";
}

/** RFC 5280 section 4.1.2.2. */
static const char *
rule_serial(X509 *cert)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    int size = ASN1_STRING_length(serial);
    bool is_zero = true;

    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
        return "serial is negative";
    for (int i = 0; i < size; i++)
        is_zero = is_zero && ASN1_STRING_get0_data(serial)[i] == 0;
    if (is_zero)
        return "serial is zero";
    return size > SERIAL_OCTETS_MAX ? "serial is too long" : NULL;
}

static const char *
rule_extensions(X509 *cert)
{
    int count = X509_get_ext_count(cert);

    if ((X509_get_extension_flags(cert) & EXFLAG_INVALID) != 0)
        return "an extension cannot be parsed";
    for (int i = 0; i < count; i++) {
        ASN1_OBJECT *object = X509_EXTENSION_get_object(X509_get_ext(cert, i));
        if (X509_get_ext_by_OBJ(cert, object, i) >= 0)
            return "an extension stands twice";
    }
    return NULL;
}

static const char *
rule_not_ca(X509 *cert)
{
    return (X509_get_extension_flags(cert) & EXFLAG_CA) != 0 ||
                   X509_check_ca(cert) != 0
               ? "is a CA"
               : NULL;
}

static const char *
rule_key_usage(X509 *cert)
{
    uint32_t usage = X509_get_key_usage(cert);

    if ((X509_get_extension_flags(cert) & EXFLAG_KUSAGE) == 0)
        return "keyUsage is missing";
    if ((usage & KU_DIGITAL_SIGNATURE) == 0)
        return "keyUsage lacks digitalSignature";
    return (usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) != 0
               ? "keyUsage has keyCertSign or cRLSign"
               : NULL;
}

/* anyExtendedKeyUsage does not count: XKU_SSL_CLIENT is not set by it. */
static const char *
rule_extended_key_usage(X509 *cert)
{
    if ((X509_get_extension_flags(cert) & EXFLAG_XKUSAGE) == 0)
        return "extendedKeyUsage is missing";
    return (X509_get_extended_key_usage(cert) & XKU_SSL_CLIENT) == 0
               ? "extendedKeyUsage lacks clientAuth"
               : NULL;
}

static bool
is_named_curve(EVP_PKEY *key)
{
    char group[32];
    size_t size;
    int explicit_curve = 0;

    if (EVP_PKEY_get_group_name(key, group, sizeof(group), &size) != 1)
        return false;
    if (EVP_PKEY_get_int_param(key, "decoded-from-explicit", &explicit_curve) ==
            1 &&
        explicit_curve != 0)
        return false;
    return strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0;
}

static const char *
rule_key(X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    int bits;

    if (key == NULL)
        return "the key cannot be read";
    bits = EVP_PKEY_get_bits(key);
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
        return NULL;
    case EVP_PKEY_EC:
        return is_named_curve(key) ? NULL : "the curve is not allowed";
    case EVP_PKEY_RSA:
        return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX
                   ? NULL
                   : "the RSA key is not of 2048 to 4096 bits";
    default:
        return "the kind of key is not allowed";
    }
}

/* -------------------------------------------------------------- the name */

static bool
is_lower(unsigned char c)
{
    return c >= 'a' && c <= 'z';
}

static bool
is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_name(const unsigned char *name, size_t size)
{
    if (size == 0 || size >= IDENTITY_NAME_BYTES)
        return false;
    if (!is_lower(name[0]) && !is_digit(name[0]))
        return false;
    for (size_t i = 1; i < size; i++)
        if (!is_lower(name[i]) && !is_digit(name[i]) && name[i] != '.' &&
            name[i] != '_' && name[i] != '-')
            return false;
    return true;
}

bool
identity_parse_uri(const unsigned char *uri, size_t size, const char *realm,
                   enum role *role_out, char *name_out, const char **rule_out)
{
    static const char scheme[] = "auction://";
    size_t head = sizeof(scheme) - 1;
    size_t realm_size = strlen(realm);
    const unsigned char *role, *name;
    size_t role_size, name_size;

    *rule_out = "the URI is not auction://realm/role/name";
    if (size > IDENTITY_URI_BYTES_MAX || size < head + realm_size + 2 ||
        memcmp(uri, scheme, head) != 0)
        return false;
    if (memcmp(uri + head, realm, realm_size) != 0 ||
        uri[head + realm_size] != '/') {
        *rule_out = "the realm is another";
        return false;
    }
    role = uri + head + realm_size + 1;
    name = memchr(role, '/', (size_t)(uri + size - role));
    if (name == NULL)
        return false;
    role_size = (size_t)(name - role);
    name++;
    name_size = (size_t)(uri + size - name);
    *rule_out = "the role is unknown";
    if (!role_parse(role_out, (const char *)role, role_size))
        return false;
    *rule_out = "the name is malformed";
    if (!is_name(name, name_size))
        return false;
    memcpy(name_out, name, name_size);
    name_out[name_size] = '\0';
    return true;
}

/**
 * Whether the extension's value is exactly what these names are in DER. The
 * library reads past bytes behind the end, and builds strings from parts: two
 * readers of one certificate could see two names.
 */
static bool
is_exact(X509 *cert, GENERAL_NAMES *names)
{
    int at = X509_get_ext_by_NID(cert, NID_subject_alt_name, -1);
    const ASN1_OCTET_STRING *value =
        X509_EXTENSION_get_data(X509_get_ext(cert, at));
    unsigned char *der = NULL;
    int size = i2d_GENERAL_NAMES(names, &der);
    bool is_same = size > 0 && size == ASN1_STRING_length(value) &&
                   memcmp(der, ASN1_STRING_get0_data(value), (size_t)size) == 0;

    OPENSSL_free(der);
    return is_same;
}

/** The one name of the one SAN extension, of type URI. */
static const char *
read_san(X509 *cert, const char *realm, struct identity *identity)
{
    int critical = 0;
    GENERAL_NAMES *names =
        X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
    const char *broken = NULL;
    const GENERAL_NAME *name;

    if (names == NULL)
        return critical == -2 ? "two subjectAltNames"
                              : "subjectAltName is missing";
    name = sk_GENERAL_NAME_value(names, 0);
    if (sk_GENERAL_NAME_num(names) != 1 || name->type != GEN_URI)
        broken = "subjectAltName is not exactly one URI";
    else if (!is_exact(cert, names))
        broken = "subjectAltName is not in DER";
    else if (!identity_parse_uri(
                 ASN1_STRING_get0_data(name->d.uniformResourceIdentifier),
                 (size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier),
                 realm, &identity->role, identity->name, &broken))
        CHECK(broken != NULL);
    else
        broken = identity->role == ROLE_NODE ? "a node is no client" : NULL;
    GENERAL_NAMES_free(names);
    return broken;
}

/** CN decides nothing, but it must not tell another story. */
static const char *
check_cn(X509 *cert, const struct identity *identity)
{
    const X509_NAME *subject = X509_get_subject_name(cert);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    const ASN1_STRING *cn;

    if (at < 0)
        return NULL;
    if (X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
        return "two common names";
    cn = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    if ((ASN1_STRING_type(cn) != V_ASN1_UTF8STRING &&
         ASN1_STRING_type(cn) != V_ASN1_PRINTABLESTRING) ||
        (size_t)ASN1_STRING_length(cn) != strlen(identity->name) ||
        memcmp(ASN1_STRING_get0_data(cn), identity->name,
               strlen(identity->name)) != 0)
        return "the common name is not the name";
    return NULL;
}

/* --------------------------------------------------------------- reading */

/** SHA-256 of a certificate's key, as it stands in it. */
static bool
hash_key(X509 *cert, struct hash *out)
{
    unsigned char *spki = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);

    if (size <= 0)
        return false;
    *out = hash_of(spki, (size_t)size);
    OPENSSL_free(spki);
    return true;
}

struct hash
identity_ca_id(X509 *ca)
{
    struct hash parts[2] = {0};
    unsigned char *subject = NULL;
    int size = i2d_X509_NAME(X509_get_subject_name(ca), &subject);

    if (size <= 0 || !hash_key(ca, &parts[1])) {
        OPENSSL_free(subject);
        return (struct hash){{0}};
    }
    parts[0] = hash_of(subject, (size_t)size);
    OPENSSL_free(subject);
    return hash_of(parts, sizeof(parts));
}

void
identity_describe(X509 *cert, char serial_out[IDENTITY_SERIAL_TEXT_BYTES],
                  struct hash *spki_out)
{
    enum { SHOWN_MAX = 32 };
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    size_t size = (size_t)ASN1_STRING_length(serial);
    size_t shown = size > SHOWN_MAX ? SHOWN_MAX : size;
    bool is_negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;

    serial_out[0] = '-';
    text_hex(serial_out + is_negative, ASN1_STRING_get0_data(serial), shown);
    if (shown < size)
        strcat(serial_out, "..");
    if (!hash_key(cert, spki_out))
        *spki_out = (struct hash){{0}};
}

static enum err
crypto_failed(void)
{
    return err_set(ERR_CRYPTO, "a certificate could not be read");
}

static enum err
read_bytes(struct identity *identity, X509 *cert)
{
    int size = i2d_X509(cert, &identity->der);

    if (size <= 0 || !hash_key(cert, &identity->spki))
        return crypto_failed();
    identity->der_size = (size_t)size;
    identity->fp = hash_of(identity->der, identity->der_size);
    return ERR_OK;
}

static enum err
read_facts(struct identity *identity, X509 *cert)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    struct tm end;

    CHECK(ASN1_STRING_length(serial) <= SERIAL_OCTETS_MAX);
    text_hex(identity->serial_hex, ASN1_STRING_get0_data(serial),
             (size_t)ASN1_STRING_length(serial));
    if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) != 1)
        return crypto_failed();
    identity->not_after = instant_of((int64_t)timegm(&end) * 1000);
    if (X509_up_ref(cert) != 1)
        return crypto_failed();
    identity->cert = cert;
    return read_bytes(identity, cert);
}

/** The first broken rule, or NULL; role and name go into `identity`. */
static const char *
first_broken(X509 *cert, const char *realm, struct identity *identity)
{
    static rule *const rules[] = {rule_version,    rule_serial,
                                  rule_extensions, rule_not_ca,
                                  rule_key_usage,  rule_extended_key_usage,
                                  rule_key};
    const char *broken = NULL;

    for (size_t i = 0; broken == NULL && i < sizeof(rules) / sizeof(rules[0]);
         i++)
        broken = rules[i](cert);
    if (broken == NULL)
        broken = read_san(cert, realm, identity);
    return broken == NULL ? check_cn(cert, identity) : broken;
}

enum err
identity_from_cert(struct identity **out, X509 *cert, X509 *issuer,
                   const char *realm, const char **rule_out)
{
    struct identity *identity = calloc(1, sizeof(*identity));
    enum err err;

    if (identity == NULL)
        return err_set(ERR_NOMEM, "no memory for an identity");
    atomic_init(&identity->references, 1);
    *rule_out = first_broken(cert, realm, identity);
    if (*rule_out != NULL) {
        identity_unref(&identity);
        return err_set(ERR_UNTRUSTED, "client certificate: %s", *rule_out);
    }
    if ((err = read_facts(identity, cert)) != ERR_OK) {
        identity_unref(&identity);
        return err;
    }
    if (issuer != NULL)
        identity->issuer = identity_ca_id(issuer);
    *out = identity;
    return ERR_OK;
}

struct identity *
identity_ref(struct identity *identity)
{
    CHECK(atomic_fetch_add(&identity->references, 1) > 0);
    return identity;
}

void
identity_unref(struct identity **out)
{
    struct identity *identity = *out;
    unsigned before;

    if (identity == NULL)
        return;
    before = atomic_fetch_sub(&identity->references, 1);
    CHECK(before > 0);
    *out = NULL;
    if (before > 1)
        return;
    X509_free(identity->cert);
    OPENSSL_free(identity->der);
    free(identity);
}
