/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates made here, each breaking one rule. The chain is not the
 * matter: identity_from_cert is given what verification has passed.
 */
#include "tap.h"

#include "identity/identity.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static const char realm[] = "fair.example";

/** What a certificate is made of; zero values are the good ones. */
struct recipe {
    const char *uri;
    size_t uri_size; /* for URIs with a NUL */
    const char *cn, *second_cn;
    const char *usage, *purpose, *constraints;
    const char *extra_san;
    int cn_type;
    long version;
    const char *serial;
    EVP_PKEY *key;
    bool has_no_usage, has_no_purpose, has_no_san, has_two_sans;
};

static EVP_PKEY *good_key;

static int
setup(void)
{
    good_key = EVP_EC_gen("P-256");
    return good_key == NULL;
}

static int
teardown(void)
{
    EVP_PKEY_free(good_key);
    return 0;
}

static void
add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    CU_ASSERT_FATAL(extension != NULL);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
}

static void
add_san(X509 *cert, const struct recipe *r)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    const char *uri =
        r->uri == NULL ? "auction://fair.example/bidder/alice" : r->uri;
    size_t size = r->uri_size == 0 ? strlen(uri) : r->uri_size;
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();

    ASN1_STRING_set(text, uri, (int)size);
    GENERAL_NAME_set0_value(name, GEN_URI, text);
    sk_GENERAL_NAME_push(names, name);
    if (r->extra_san != NULL) {
        name = GENERAL_NAME_new();
        text = ASN1_IA5STRING_new();
        ASN1_STRING_set(text, r->extra_san, -1);
        GENERAL_NAME_set0_value(name, GEN_DNS, text);
        sk_GENERAL_NAME_push(names, name);
    }
    X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND);
    if (r->has_two_sans)
        X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0,
                          X509V3_ADD_APPEND);
    sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
}

static void
set_serial(X509 *cert, const char *hex)
{
    BIGNUM *number = NULL;
    ASN1_INTEGER *serial;

    BN_hex2bn(&number, hex == NULL ? "1234" : hex);
    serial = BN_to_ASN1_INTEGER(number, NULL);
    X509_set_serialNumber(cert, serial);
    ASN1_INTEGER_free(serial);
    BN_free(number);
}

static void
set_subject(X509 *cert, const struct recipe *r)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    int type = r->cn_type == 0 ? MBSTRING_ASC : r->cn_type;
    const char *cn = r->cn == NULL ? "alice" : r->cn;

    if (cn[0] != '\0')
        X509_NAME_add_entry_by_txt(subject, "CN", type,
                                   (const unsigned char *)cn, -1, -1, 0);
    if (r->second_cn != NULL)
        X509_NAME_add_entry_by_txt(subject, "CN", type,
                                   (const unsigned char *)r->second_cn, -1, -1,
                                   0);
}

static X509 *
make(const struct recipe *r)
{
    EVP_PKEY *key = r->key == NULL ? good_key : r->key;
    X509 *cert = X509_new();
    bool is_ed25519 = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;

    X509_set_version(cert, r->version == 0 ? X509_VERSION_3 : r->version - 1);
    set_serial(cert, r->serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    set_subject(cert, r);
    X509_set_pubkey(cert, key);
    add_extension(cert, NID_basic_constraints,
                  r->constraints == NULL ? "critical,CA:FALSE"
                                         : r->constraints);
    if (!r->has_no_usage)
        add_extension(cert, NID_key_usage,
                      r->usage == NULL ? "critical,digitalSignature"
                                       : r->usage);
    if (!r->has_no_purpose)
        add_extension(cert, NID_ext_key_usage,
                      r->purpose == NULL ? "clientAuth" : r->purpose);
    if (!r->has_no_san)
        add_san(cert, r);
    X509_sign(cert, key, is_ed25519 ? NULL : EVP_sha256());
    return cert;
}

/** The broken rule, or "" when the certificate is good. */
static const char *
broken_by(struct recipe recipe)
{
    struct identity *identity = NULL;
    const char *rule = NULL;
    X509 *cert = make(&recipe);
    enum err err = identity_from_cert(&identity, cert, NULL, realm, &rule);

    identity_unref(&identity);
    X509_free(cert);
    return err == ERR_OK ? "" : rule;
}

#define BAD(...)                                                               \
    CU_ASSERT_STRING_NOT_EQUAL(broken_by((struct recipe){__VA_ARGS__}), "")
#define GOOD(...)                                                              \
    CU_ASSERT_STRING_EQUAL(broken_by((struct recipe){__VA_ARGS__}), "")

static void
a_good_certificate_is_somebody(void)
{
    struct recipe recipe = {.serial = "0A0B"};
    struct identity *identity = NULL;
    const char *rule;
    X509 *cert = make(&recipe);

    CU_ASSERT_EQUAL_FATAL(
        identity_from_cert(&identity, cert, NULL, realm, &rule), ERR_OK);
    CU_ASSERT_STRING_EQUAL(identity->name, "alice");
    CU_ASSERT_EQUAL(identity->role, ROLE_BIDDER);
    CU_ASSERT_STRING_EQUAL(identity->serial_hex, "0a0b");
    identity_unref(&identity);
    X509_free(cert);
}

static void
keys_of_the_allowed_kinds_get_in(void)
{
    EVP_PKEY *p384 = EVP_EC_gen("P-384");
    EVP_PKEY *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_PKEY *rsa = EVP_RSA_gen(2048);

    GOOD(.key = p384);
    GOOD(.key = ed25519);
    GOOD(.key = rsa);
    EVP_PKEY_free(p384);
    EVP_PKEY_free(ed25519);
    EVP_PKEY_free(rsa);
}

static void
keys_of_other_kinds_do_not(void)
{
    EVP_PKEY *p521 = EVP_EC_gen("P-521");
    EVP_PKEY *k256 = EVP_EC_gen("secp256k1");
    EVP_PKEY *rsa = EVP_RSA_gen(1024);
    EVP_PKEY *ed448 = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");

    BAD(.key = p521);
    BAD(.key = k256);
    BAD(.key = rsa);
    EVP_PKEY_free(p521);
    EVP_PKEY_free(k256);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ed448);
}

static void
names_of_another_shape_are_nobody(void)
{
    BAD(.uri = "auction://other.example/bidder/alice");
    BAD(.uri = "auction://fair.example.evil/bidder/alice");
    BAD(.uri = "auction://fair.exampl/bidder/alice");
    BAD(.uri = "auction://fair.example/emperor/alice");
    BAD(.uri = "auction://fair.example/node/alice", .cn = "alice");
    BAD(.uri = "auction://fair.example/Bidder/alice");
    BAD(.uri = "auction://fair.example/bidder/Alice", .cn = "Alice");
    BAD(.uri = "auction://fair.example/bidder/", .cn = "");
    BAD(.uri = "auction://fair.example/bidder/alice/", .cn = "");
    BAD(.uri = "auction://fair.example//alice");
    BAD(.uri = "auction://fair.example/bidder/.alice", .cn = "");
    BAD(.uri = "auction://fair.example/bidder/a%6cice", .cn = "");
    BAD(.uri = "auction://fair.example/bidder/alice?x", .cn = "");
    BAD(.uri = "auction://fair.example/bidder/alice#x", .cn = "");
    BAD(.uri = "auction://eve@fair.example/bidder/alice");
    BAD(.uri = "auction://fair.example:1/bidder/alice");
    BAD(.uri = "AUCTION://fair.example/bidder/alice");
    BAD(.uri = "https://fair.example/bidder/alice");
    BAD(.uri = "auction://fair.example/bidder/alice ", .cn = "");
    BAD(.uri = "auction://fair.example/bidder/alice\0x", .uri_size = 37);
    BAD(.uri = "auction://fair.example/bidder/al\xc3\xad"
               "ce",
        .cn = "");
    BAD(.uri =
            "auction://fair.example/bidder/"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        .cn = "");
    GOOD(.uri =
             "auction://fair.example/bidder/"
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         .cn = "");
    GOOD(.uri = "auction://fair.example/admin/0.a_b-c", .cn = "0.a_b-c");
}

static void
one_name_of_one_kind_is_needed(void)
{
    BAD(.has_no_san = true);
    BAD(.has_two_sans = true);
    BAD(.extra_san = "localhost");
}

static void
the_common_name_must_not_tell_another_story(void)
{
    BAD(.cn = "bob");
    BAD(.cn = "alice ");
    BAD(.cn = "alicE");
    BAD(.cn = "alice", .second_cn = "alice");
    BAD(.cn = "alice", .cn_type = V_ASN1_T61STRING);
    GOOD(.cn = "");
}

static void
usages_and_constraints_are_those_of_a_client(void)
{
    BAD(.has_no_usage = true);
    BAD(.usage = "critical,keyEncipherment");
    BAD(.usage = "critical,digitalSignature,keyCertSign");
    BAD(.usage = "critical,digitalSignature,cRLSign");
    BAD(.has_no_purpose = true);
    BAD(.purpose = "serverAuth");
    BAD(.purpose = "anyExtendedKeyUsage");
    BAD(.constraints = "critical,CA:TRUE");
    GOOD(.purpose = "serverAuth,clientAuth");
}

static void
versions_and_serials_are_those_of_the_profile(void)
{
    BAD(.version = 1);
    BAD(.version = 2);
    BAD(.serial = "0");
    BAD(.serial = "-5");
    BAD(.serial = "112233445566778899aabbccddeeff001122334455");
    GOOD(.serial = "7f2233445566778899aabbccddeeff0011223344");
}

SUITE("identity", setup, teardown, TEST(a_good_certificate_is_somebody),
      TEST(keys_of_the_allowed_kinds_get_in), TEST(keys_of_other_kinds_do_not),
      TEST(names_of_another_shape_are_nobody),
      TEST(one_name_of_one_kind_is_needed),
      TEST(the_common_name_must_not_tell_another_story),
      TEST(usages_and_constraints_are_those_of_a_client),
      TEST(versions_and_serials_are_those_of_the_profile))
