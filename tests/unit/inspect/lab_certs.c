/* SPDX-License-Identifier: Apache-2.0 */
#include "lab_certs.h"

#include "base/check.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY = 24 * 3600 };

static void
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    CHECK(extension != NULL);
    CHECK(X509_add_ext(cert, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void
add_extensions(X509 *cert, X509 *issuer, const struct issue_request *r)
{
    add_extension(cert, issuer, NID_basic_constraints,
                  r->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(cert, issuer, NID_key_usage,
                  r->is_ca ? "critical,keyCertSign,cRLSign"
                           : "critical,digitalSignature");
    add_extension(cert, issuer, NID_subject_key_identifier, "hash");
    if (issuer != cert)
        add_extension(cert, issuer, NID_authority_key_identifier, "keyid");
    if (r->usage != NULL)
        add_extension(cert, issuer, NID_ext_key_usage, r->usage);
    if (r->names != NULL)
        add_extension(cert, issuer, NID_subject_alt_name, r->names);
}

void
issue(struct issued *out, struct issued *by, const struct issue_request *r)
{
    static long serial = 1;
    const EVP_MD *digest;
    X509 *issuer;

    out->key = strcmp(r->key_type, "EC") == 0
                   ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
                   : EVP_PKEY_Q_keygen(NULL, NULL, r->key_type);
    out->cert = X509_new();
    CHECK(out->key != NULL && out->cert != NULL);
    issuer = by == NULL ? out->cert : by->cert;
    digest = EVP_sha256(); /* the CA's key is EC */
    X509_set_version(out->cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(out->cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(out->cert), -DAY);
    X509_gmtime_adj(X509_getm_notAfter(out->cert), (r->days - 1) * DAY);
    X509_set_pubkey(out->cert, out->key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(out->cert), "CN",
                               MBSTRING_UTF8, (const unsigned char *)r->name,
                               -1, -1, 0);
    X509_set_issuer_name(out->cert, X509_get_subject_name(issuer));
    add_extensions(out->cert, issuer, r);
    CHECK(X509_sign(out->cert, by == NULL ? out->key : by->key, digest) > 0);
}

void
issued_release(struct issued *issued)
{
    EVP_PKEY_free(issued->key);
    X509_free(issued->cert);
}

char *
issued_pem(const struct issued *issued)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = calloc(1, 8192);

    CHECK(bio != NULL && text != NULL);
    CHECK(PEM_write_bio_X509(bio, issued->cert) == 1);
    CHECK(BIO_read(bio, text, 8191) > 0);
    BIO_free(bio);
    return text;
}

void
issued_write(const struct issued *issued, const char *path)
{
    FILE *file = fopen(path, "we");

    CHECK(file != NULL);
    CHECK(PEM_write_X509(file, issued->cert) == 1);
    CHECK(fclose(file) == 0);
}
