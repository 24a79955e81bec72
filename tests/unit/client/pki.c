/* SPDX-License-Identifier: Apache-2.0 */
#include "pki.h"

#include "audit/signature.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { DAY_S = 86400 };

static EVP_PKEY *ca_key;
static X509 *ca_cert;

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

/** Issue by the CA, or the CA itself when there is none yet. */
static X509 *
issue(EVP_PKEY *key, const char *name, const char *usage, const char *names)
{
    static long serial = 1;
    X509 *cert = X509_new();
    X509 *issuer = ca_cert == NULL ? cert : ca_cert;

    CHECK(cert != NULL && key != NULL);
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(cert), DAY_S);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer));
    add_extension(cert, issuer, NID_basic_constraints,
                  ca_cert == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(cert, issuer, NID_key_usage,
                  ca_cert == NULL ? "critical,keyCertSign,cRLSign"
                                  : "critical,digitalSignature");
    add_extension(cert, issuer, NID_subject_key_identifier, "hash");
    if (ca_cert != NULL) {
        add_extension(cert, issuer, NID_authority_key_identifier, "keyid");
        add_extension(cert, issuer, NID_ext_key_usage, usage);
        add_extension(cert, issuer, NID_subject_alt_name, names);
    }
    CHECK(X509_sign(cert, ca_cert == NULL ? key : ca_key, EVP_sha256()) > 0);
    return cert;
}

static void
take_pem(BIO *bio, char text[4096])
{
    int size = BIO_read(bio, text, 4095);

    CHECK(size > 0);
    text[size] = '\0';
    BIO_free(bio);
}

static void
cert_pem(X509 *cert, char text[4096])
{
    BIO *bio = BIO_new(BIO_s_mem());

    CHECK(PEM_write_bio_X509(bio, cert) == 1);
    take_pem(bio, text);
}

static void
key_pem(EVP_PKEY *key, char text[4096])
{
    BIO *bio = BIO_new(BIO_s_mem());

    CHECK(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    take_pem(bio, text);
}

void
pki_write(const struct pki *pki, char path[PKI_PATH_BYTES], const char *name,
          const char *text, unsigned mode)
{
    FILE *file;

    snprintf(path, PKI_PATH_BYTES, "%s/%s", pki->folder, name);
    file = fopen(path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
    CHECK(chmod(path, mode) == 0);
}

static EVP_PKEY *
new_key(void)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

static void
make_server(struct pki *pki)
{
    EVP_PKEY *key = new_key();
    X509 *cert = issue(key, "127.0.0.1", "serverAuth", "IP:127.0.0.1");
    char text[4096];

    cert_pem(cert, text);
    pki_write(pki, pki->server_cert, "server.pem", text, 0644);
    key_pem(key, text);
    pki_write(pki, pki->server_key, "server.key", text, 0600);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void
make_client(struct pki *pki)
{
    EVP_PKEY *key = new_key();
    X509 *cert =
        issue(key, "ann", "clientAuth", "URI:auction://lab.example/bidder/ann");
    char text[4096];

    cert_pem(cert, text);
    pki_write(pki, pki->client_cert, "ann.pem", text, 0644);
    key_pem(key, text);
    pki_write(pki, pki->client_key, "ann.key", text, 0600);
    CHECK(cert_fingerprint(&pki->client_fp, cert) == ERR_OK);
    X509_free(cert);
    EVP_PKEY_free(key);
}

void
pki_new_log_key(struct pki *pki)
{
    X509 *cert;

    EVP_PKEY_free(pki->log_key);
    pki->log_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    cert = issue(pki->log_key, PKI_ORIGIN, "1.3.6.1.5.5.7.3.36",
                 "URI:https://" PKI_ORIGIN);
    cert_pem(cert, pki->log_cert);
    X509_free(cert);
}

void
pki_create(struct pki *pki)
{
    char text[4096];

    *pki = (struct pki){.log_key = NULL};
    snprintf(pki->folder, sizeof(pki->folder), "/tmp/auction-lib-test.XXXXXX");
    CHECK(mkdtemp(pki->folder) != NULL);
    ca_key = new_key();
    ca_cert = issue(ca_key, "Example CA", NULL, NULL);
    cert_pem(ca_cert, text);
    pki_write(pki, pki->ca, "ca.pem", text, 0644);
    make_server(pki);
    make_client(pki);
    pki_new_log_key(pki);
}

void
pki_destroy(struct pki *pki)
{
    char command[128];

    EVP_PKEY_free(pki->log_key);
    EVP_PKEY_free(ca_key);
    X509_free(ca_cert);
    ca_key = NULL;
    ca_cert = NULL;
    snprintf(command, sizeof(command), "rm -rf '%s'", pki->folder);
    CHECK(system(command) == 0);
}
