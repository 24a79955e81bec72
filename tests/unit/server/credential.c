/* SPDX-License-Identifier: Apache-2.0 */
#include "credential.h"

#include "base/text.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum { MINUTE_S = 60, HOUR_S = 3600, DER_BYTES_MAX = 512 };

/* -------------------------------------------------------------------- keys */

static EVP_PKEY *
explicit_key(void)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    EVP_PKEY *key = NULL;

    CHECK(c != NULL && EVP_PKEY_keygen_init(c) == 1);
    CHECK(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(c, NID_X9_62_prime256v1) == 1);
    CHECK(EVP_PKEY_CTX_set_ec_param_enc(c, OPENSSL_EC_EXPLICIT_CURVE) == 1);
    CHECK(EVP_PKEY_keygen(c, &key) == 1);
    EVP_PKEY_CTX_free(c);
    return key;
}

static EVP_PKEY *
make_key(enum key_kind kind)
{
    switch (kind) {
    case KEY_P256:
        return EVP_EC_gen("P-256");
    case KEY_P384:
        return EVP_EC_gen("P-384");
    case KEY_P521:
        return EVP_EC_gen("P-521");
    case KEY_P224:
        return EVP_EC_gen("P-224");
    case KEY_BRAINPOOL:
        return EVP_EC_gen("brainpoolP256r1");
    case KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case KEY_ED448:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    case KEY_RSA2048:
        return EVP_RSA_gen(2048);
    case KEY_RSA1024:
        return EVP_RSA_gen(1024);
    case KEY_P256_EXPLICIT:
        return explicit_key();
    case KEY_COUNT:
        break;
    }
    return NULL;
}

static EVP_PKEY *
key_of(struct authorities *all, enum key_kind kind)
{
    if (all->keys[kind] == NULL)
        all->keys[kind] = make_key(kind);
    CHECK(all->keys[kind] != NULL);
    return all->keys[kind];
}

/* -------------------------------------------------------------- authorities */

void
authorities_create(struct authorities *all)
{
    *all = (struct authorities){.keys = {NULL}};
    authority_create(&all->ours, "Strange CA");
    authority_create(&all->other, "Other CA");
    authority_create(&all->namesake, "Strange CA");
    authority_create_below(&all->below, &all->ours, "Lower CA");
}

void
authorities_release(struct authorities *all)
{
    authority_destroy(&all->ours);
    authority_destroy(&all->other);
    authority_destroy(&all->namesake);
    authority_destroy(&all->below);
    for (int i = 0; i < KEY_COUNT; i++)
        EVP_PKEY_free(all->keys[i]);
}

static const struct authority *
signer_of(const struct authorities *all, enum signer signer)
{
    switch (signer) {
    case SIGNER_OTHER:
        return &all->other;
    case SIGNER_NAMESAKE:
        return &all->namesake;
    case SIGNER_BELOW:
        return &all->below;
    case SIGNER_OURS:
    case SIGNER_SELF:
    case SIGNER_TAMPERED:
    case SIGNER_COUNT:
        break;
    }
    return &all->ours;
}

/* --------------------------------------------------------------- extensions */

static const char * or (const char *text, const char *usual)
{
    return text == NULL ? usual : text;
}

/** Nothing for "". */
static void
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;

    if (value[0] == '\0')
        return;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    CHECK(extension != NULL && X509_add_ext(cert, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void
add_raw(X509 *cert, const char *oid, bool is_critical, const char *hex)
{
    unsigned char der[DER_BYTES_MAX];
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 0);
    size_t size = strlen(hex) / 2;
    X509_EXTENSION *extension;

    CHECK(value != NULL && object != NULL && size <= sizeof(der));
    CHECK(text_unhex(der, size, hex, strlen(hex)));
    CHECK(ASN1_OCTET_STRING_set(value, der, (int)size) == 1);
    extension = X509_EXTENSION_create_by_OBJ(NULL, object, is_critical, value);
    CHECK(extension != NULL && X509_add_ext(cert, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    ASN1_OBJECT_free(object);
    ASN1_OCTET_STRING_free(value);
}

static GENERAL_NAME *
make_name(const struct alt_name *name)
{
    int type = name->type == 0 ? GEN_URI : name->type;
    GENERAL_NAME *general = GENERAL_NAME_new();
    ASN1_STRING *text = ASN1_STRING_type_new(
        type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    size_t size = name->size == 0 ? strlen(name->text) : name->size;

    CHECK(general != NULL && text != NULL);
    CHECK(ASN1_STRING_set(text, name->text, (int)size) == 1);
    GENERAL_NAME_set0_value(general, type, text);
    return general;
}

static void
add_san(X509 *cert, const struct recipe *r)
{
    static const struct alt_name usual = {
        .text = "auction://lab.example/bidder/eve"};
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool is_critical = r->cn != NULL && r->cn[0] == '\0';

    if (r->san_der != NULL) {
        add_raw(cert, "2.5.29.17", is_critical, r->san_der);
        sk_GENERAL_NAME_free(names);
        return;
    }
    for (int i = 0; i < CREDENTIAL_NAMES_MAX; i++)
        if (r->names[i].text != NULL)
            sk_GENERAL_NAME_push(names, make_name(&r->names[i]));
    if (sk_GENERAL_NAME_num(names) == 0)
        sk_GENERAL_NAME_push(names, make_name(&usual));
    for (int i = 0; i <= r->has_two_sans; i++)
        CHECK(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, is_critical,
                                X509V3_ADD_APPEND) == 1);
    sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
}

static void
add_extensions(X509 *cert, X509 *issuer, const struct recipe *r)
{
    const char *usage = or (r->usage, "critical,digitalSignature");
    const char *purpose = or (r->purpose, "clientAuth");
    const char *twice = or (r->twice, "");

    if (r->version == 1)
        return;
    add_extension(cert, issuer, NID_basic_constraints,
                  or (r->constraints, "critical,CA:FALSE"));
    add_extension(cert, issuer, NID_key_usage, usage);
    add_extension(cert, issuer, NID_ext_key_usage, purpose);
    add_extension(cert, issuer, NID_subject_key_identifier, "hash");
    add_extension(cert, issuer, NID_authority_key_identifier,
                  r->signer == SIGNER_SELF ? "" : "keyid");
    if (!r->has_no_san)
        add_san(cert, r);
    if (strcmp(twice, "usage") == 0)
        add_extension(cert, issuer, NID_key_usage, usage);
    if (strcmp(twice, "purpose") == 0)
        add_extension(cert, issuer, NID_ext_key_usage, purpose);
    if (r->has_unknown_critical)
        add_raw(cert, "1.3.6.1.4.1.99999.1", true, "0500");
}

/* -------------------------------------------------------------------- parts */

static void
set_serial(X509 *cert, const char *hex)
{
    BIGNUM *number = NULL;
    ASN1_INTEGER *serial;

    CHECK(BN_hex2bn(&number, hex) > 0);
    serial = BN_to_ASN1_INTEGER(number, NULL);
    CHECK(serial != NULL && X509_set_serialNumber(cert, serial) == 1);
    ASN1_INTEGER_free(serial);
    BN_free(number);
}

static void
add_cn(X509 *cert, const char *cn, int type)
{
    if (cn == NULL || cn[0] == '\0')
        return;
    CHECK(
        X509_NAME_add_entry_by_NID(X509_get_subject_name(cert), NID_commonName,
                                   type == 0 ? V_ASN1_UTF8STRING : type,
                                   (const unsigned char *)cn, -1, -1, 0) == 1);
}

static void
set_dates(X509 *cert, const struct recipe *r)
{
    bool is_usual = r->begins_s == 0 && r->ends_s == 0;

    CHECK(X509_gmtime_adj(X509_getm_notBefore(cert),
                          is_usual ? -MINUTE_S : r->begins_s) != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notAfter(cert),
                          is_usual ? HOUR_S * 48 : r->ends_s) != NULL);
}

/** Flip a bit of what is signed; everything still parses. */
static X509 *
tamper(X509 *cert)
{
    const ASN1_BIT_STRING *signature;
    unsigned char *der = NULL;
    const unsigned char *at;
    int size = i2d_X509(cert, &der);
    X509 *broken;

    X509_get0_signature(&signature, NULL, cert);
    CHECK(size > 0 && ASN1_STRING_length(signature) > 8);
    der[size - 1] ^= 1;
    at = der;
    broken = d2i_X509(NULL, &at, size);
    CHECK(broken != NULL);
    OPENSSL_free(der);
    X509_free(cert);
    return broken;
}

struct leaf
credential_make(struct authorities *all, const struct recipe *r,
                X509 **between_out)
{
    const struct authority *signer = signer_of(all, r->signer);
    EVP_PKEY *key = key_of(all, r->key);
    EVP_PKEY *by = r->signer == SIGNER_SELF ? key : signer->self.key;
    X509 *cert = X509_new();
    const EVP_MD *digest = EVP_get_digestbyname(or (r->digest, "SHA256"));

    CHECK(cert != NULL && digest != NULL);
    CHECK(X509_set_version(cert, r->version == 0 ? 2 : r->version - 1) == 1);
    set_serial(cert, or (r->serial, "1234"));
    set_dates(cert, r);
    if (r->o != NULL)
        CHECK(X509_NAME_add_entry_by_NID(
                  X509_get_subject_name(cert), NID_organizationName,
                  V_ASN1_UTF8STRING, (const unsigned char *)r->o, -1, -1,
                  0) == 1);
    add_cn(cert, or (r->cn, "eve"), r->cn_type);
    add_cn(cert, r->cn_more, 0);
    CHECK(X509_set_pubkey(cert, key) == 1);
    CHECK(X509_set_issuer_name(
              cert, X509_get_subject_name(
                        r->signer == SIGNER_SELF ? cert : signer->self.cert)) ==
          1);
    add_extensions(cert, signer->self.cert, r);
    CHECK(X509_sign(cert, by,
                    EVP_PKEY_get_base_id(by) == EVP_PKEY_ED25519 ? NULL
                                                                 : digest) > 0);
    if (r->signer == SIGNER_TAMPERED)
        cert = tamper(cert);
    *between_out = r->signer == SIGNER_BELOW ? signer->self.cert : NULL;
    CHECK(EVP_PKEY_up_ref(key) == 1);
    return (struct leaf){key, cert};
}
