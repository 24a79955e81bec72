/* SPDX-License-Identifier: Apache-2.0 */
#include "authority.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DAY_S = 86400, PEM_BYTES = 8192 };

/* ------------------------------------------------------------ certificates */

static void
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    CHECK(extension != NULL && X509_add_ext(cert, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void
set_dates(X509 *cert, long begins_s, long ends_s)
{
    if (begins_s == 0 && ends_s == 0) {
        begins_s = -DAY_S;
        ends_s = DAY_S;
    }
    CHECK(X509_gmtime_adj(X509_getm_notBefore(cert), begins_s) != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notAfter(cert), ends_s) != NULL);
}

/** A certificate without extensions and without a signature. */
static X509 *
begin_cert(EVP_PKEY *key, const char *cn, long serial)
{
    X509 *cert = X509_new();

    CHECK(cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1);
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial) == 1);
    CHECK(X509_set_pubkey(cert, key) == 1);
    if (cn != NULL)
        CHECK(X509_NAME_add_entry_by_txt(
                  X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                  (const unsigned char *)cn, -1, -1, 0) == 1);
    return cert;
}

/** A CA signed by `above`, or by itself when that is NULL. */
static void
make_ca(struct authority *a, const struct authority *above, const char *name,
        long begins_s, long ends_s)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert, *issuer;

    CHECK(key != NULL);
    cert = begin_cert(key, name, 1);
    issuer = above == NULL ? cert : above->self.cert;
    set_dates(cert, begins_s, ends_s);
    CHECK(X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1);
    add_extension(cert, issuer, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(cert, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(cert, issuer, NID_subject_key_identifier, "hash");
    if (above != NULL)
        add_extension(cert, issuer, NID_authority_key_identifier, "keyid");
    CHECK(X509_sign(cert, above == NULL ? key : above->self.key, EVP_sha256()) >
          0);
    *a = (struct authority){{key, cert}, 100};
}

void
authority_create_dated(struct authority *a, const char *name, long begins_s,
                       long ends_s)
{
    make_ca(a, NULL, name, begins_s, ends_s);
}

void
authority_create_below(struct authority *a, const struct authority *above,
                       const char *name)
{
    make_ca(a, above, name, 0, 0);
}

void
authority_create(struct authority *a, const char *name)
{
    authority_create_dated(a, name, 0, 0);
}

void
authority_destroy(struct authority *a)
{
    leaf_release(&a->self);
}

struct leaf
authority_issue(struct authority *a, const struct leaf_recipe *recipe)
{
    EVP_PKEY *key =
        recipe->key == NULL ? EVP_EC_gen("P-256") : EVP_PKEY_dup(recipe->key);
    X509 *cert;

    CHECK(key != NULL);
    cert = begin_cert(key, recipe->cn, a->next_serial++);
    set_dates(cert, recipe->begins_s, recipe->ends_s);
    CHECK(X509_set_issuer_name(cert, X509_get_subject_name(a->self.cert)) == 1);
    add_extension(cert, a->self.cert, NID_basic_constraints,
                  "critical,CA:FALSE");
    add_extension(cert, a->self.cert, NID_key_usage,
                  "critical,digitalSignature");
    add_extension(cert, a->self.cert, NID_subject_key_identifier, "hash");
    add_extension(cert, a->self.cert, NID_authority_key_identifier, "keyid");
    add_extension(cert, a->self.cert, NID_ext_key_usage,
                  recipe->purpose == NULL ? "clientAuth" : recipe->purpose);
    add_extension(cert, a->self.cert, NID_subject_alt_name, recipe->san);
    CHECK(X509_sign(cert, a->self.key, EVP_sha256()) > 0);
    return (struct leaf){key, cert};
}

void
leaf_release(struct leaf *leaf)
{
    EVP_PKEY_free(leaf->key);
    X509_free(leaf->cert);
    *leaf = (struct leaf){NULL, NULL};
}

/* -------------------------------------------------------------- revocation */

static void
add_entry(X509_CRL *crl, const X509 *revoked)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *when = X509_gmtime_adj(NULL, -DAY_S);
    ASN1_INTEGER *serial = ASN1_INTEGER_dup(X509_get0_serialNumber(revoked));

    CHECK(entry != NULL && when != NULL && serial != NULL);
    CHECK(X509_REVOKED_set_serialNumber(entry, serial) == 1);
    CHECK(X509_REVOKED_set_revocationDate(entry, when) == 1);
    CHECK(X509_CRL_add0_revoked(crl, entry) == 1);
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(when);
}

static void
add_number(X509_CRL *crl, long number)
{
    ASN1_INTEGER *value = ASN1_INTEGER_new();

    CHECK(value != NULL && ASN1_INTEGER_set(value, number) == 1);
    CHECK(X509_CRL_add1_ext_i2d(crl, NID_crl_number, value, 0, 0) == 1);
    ASN1_INTEGER_free(value);
}

/** Which key signed it: two CAs may share a name. */
static void
add_key_id(X509_CRL *crl, X509 *ca)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, ca, NULL, NULL, crl, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context,
                                    NID_authority_key_identifier, "keyid");
    CHECK(extension != NULL && X509_CRL_add_ext(crl, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

X509_CRL *
authority_crl(const struct authority *a, const X509 *revoked, long begins_s,
              long ends_s)
{
    return authority_crl_numbered(a, revoked, begins_s, ends_s, 1);
}

X509_CRL *
authority_crl_numbered(const struct authority *a, const X509 *revoked,
                       long begins_s, long ends_s, long number)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *begins = X509_gmtime_adj(NULL, begins_s);
    ASN1_TIME *ends = X509_gmtime_adj(NULL, ends_s);

    CHECK(crl != NULL && begins != NULL && ends != NULL);
    CHECK(X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1);
    CHECK(X509_CRL_set_issuer_name(crl, X509_get_subject_name(a->self.cert)) ==
          1);
    CHECK(X509_CRL_set1_lastUpdate(crl, begins) == 1);
    CHECK(X509_CRL_set1_nextUpdate(crl, ends) == 1);
    if (revoked != NULL)
        add_entry(crl, revoked);
    if (number != 0)
        add_number(crl, number);
    add_key_id(crl, a->self.cert);
    CHECK(X509_CRL_sign(crl, a->self.key, EVP_sha256()) > 0);
    ASN1_TIME_free(begins);
    ASN1_TIME_free(ends);
    return crl;
}

/* ------------------------------------------------------------------- files */

void
folder_create(struct folder *folder)
{
    snprintf(folder->path, sizeof(folder->path), "/tmp/auctiond-unit.XXXXXX");
    CHECK(mkdtemp(folder->path) != NULL);
}

void
folder_destroy(struct folder *folder)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", folder->path);
    CHECK(system(command) == 0);
}

void
folder_write(const struct folder *folder, char path[FILE_PATH_BYTES],
             const char *name, const char *text, unsigned mode)
{
    FILE *file;

    snprintf(path, FILE_PATH_BYTES, "%s/%s", folder->path, name);
    file = fopen(path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
    CHECK(chmod(path, mode) == 0);
}

static void
write_bio(const struct folder *folder, char path[FILE_PATH_BYTES],
          const char *name, BIO *bio, unsigned mode)
{
    char text[PEM_BYTES];
    int size = BIO_read(bio, text, sizeof(text) - 1);

    CHECK(size > 0);
    text[size] = '\0';
    BIO_free(bio);
    folder_write(folder, path, name, text, mode);
}

void
folder_write_cert(const struct folder *folder, char path[FILE_PATH_BYTES],
                  const char *name, X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());

    CHECK(bio != NULL && PEM_write_bio_X509(bio, cert) == 1);
    write_bio(folder, path, name, bio, 0644);
}

void
folder_write_key(const struct folder *folder, char path[FILE_PATH_BYTES],
                 const char *name, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());

    CHECK(bio != NULL);
    CHECK(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    write_bio(folder, path, name, bio, 0600);
}

void
folder_write_crl(const struct folder *folder, char path[FILE_PATH_BYTES],
                 const char *name, X509_CRL *crl)
{
    BIO *bio = BIO_new(BIO_s_mem());

    CHECK(bio != NULL && PEM_write_bio_X509_CRL(bio, crl) == 1);
    write_bio(folder, path, name, bio, 0644);
}
