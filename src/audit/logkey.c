/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/logkey.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

static const char document_signing[] = "1.3.6.1.5.5.7.3.36";
static const char uri_start[] = "https://";

/* OpenSSL's reasons are told once, here, and must not wait for TLS to trip. */
static enum err
refuse(enum err err, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    err = reason == NULL ? err_set(err, "log key: %s", what)
                         : err_set(err, "log key: %s: %s", what, reason);
    ERR_clear_error();
    return err;
}

static BIO *
open_pem(struct pem pem)
{
    CHECK(pem.text != NULL);
    if (pem.size > PEM_BYTES_MAX)
        return NULL;
    return BIO_new_mem_buf(pem.text, (int)pem.size);
}

/* No pass phrase is ever asked for. */
static int
no_pass_phrase(char *out, int capacity, int writing, void *context)
{
    (void)out;
    (void)capacity;
    (void)writing;
    (void)context;
    return -1;
}

static enum err
read_cert(X509 **cert_out, struct pem pem)
{
    BIO *bio = open_pem(pem);

    *cert_out = NULL;
    if (bio != NULL)
        *cert_out = PEM_read_bio_X509(bio, NULL, no_pass_phrase, NULL);
    BIO_free(bio);
    return *cert_out != NULL ? ERR_OK
                             : refuse(ERR_SYNTAX, "no certificate in PEM");
}

static enum err
read_key(EVP_PKEY **key_out, struct pem pem)
{
    BIO *bio = open_pem(pem);

    *key_out = NULL;
    if (bio != NULL)
        *key_out = PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL);
    BIO_free(bio);
    return *key_out != NULL ? ERR_OK
                            : refuse(ERR_SYNTAX, "no private key in PEM");
}

/* Every certificate of the CA's PEM becomes trusted. */
static enum err
read_ca(X509_STORE *store, struct pem pem)
{
    BIO *bio = open_pem(pem);
    X509 *cert;
    size_t count = 0;

    if (bio == NULL)
        return refuse(ERR_SYNTAX, "no CA certificate in PEM");
    while ((cert = PEM_read_bio_X509(bio, NULL, no_pass_phrase, NULL)) !=
           NULL) {
        count += X509_STORE_add_cert(store, cert) == 1 ? 1 : 0;
        X509_free(cert);
    }
    BIO_free(bio);
    ERR_clear_error();
    return count > 0 ? ERR_OK : refuse(ERR_SYNTAX, "no CA certificate in PEM");
}

static enum err
verify_with(X509_STORE_CTX *context, X509_STORE *store, X509 *cert,
            struct instant at)
{
    X509_VERIFY_PARAM *parameters;

    if (X509_STORE_CTX_init(context, store, cert, NULL) != 1)
        return refuse(ERR_CRYPTO, "preparing to verify its certificate");
    parameters = X509_STORE_CTX_get0_param(context);
    if (X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT) != 1)
        return refuse(ERR_CRYPTO, "preparing to verify its certificate");
    X509_VERIFY_PARAM_set_time(parameters, (time_t)(at.ms / 1000));
    if (X509_verify_cert(context) != 1) {
        int code = X509_STORE_CTX_get_error(context);

        ERR_clear_error();
        return err_set(ERR_UNTRUSTED, "log key: its certificate: %s",
                       X509_verify_cert_error_string(code));
    }
    return ERR_OK;
}

static enum err
check_chain(X509 *cert, struct pem ca, struct instant at)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    enum err err = ERR_NOMEM;

    if (store != NULL && context != NULL &&
        (err = read_ca(store, ca)) == ERR_OK)
        err = verify_with(context, store, cert, at);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return err;
}

/* documentSigning and nothing else, in a certificate that is not a CA's. */
static enum err
check_usage(X509 *cert)
{
    EXTENDED_KEY_USAGE *usage =
        X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
    char name[64] = "";
    bool is_right = false;

    if (usage != NULL && sk_ASN1_OBJECT_num(usage) == 1) {
        OBJ_obj2txt(name, sizeof(name), sk_ASN1_OBJECT_value(usage, 0), 1);
        is_right = strcmp(name, document_signing) == 0;
    }
    sk_ASN1_OBJECT_pop_free(usage, ASN1_OBJECT_free);
    if (!is_right)
        return refuse(ERR_UNTRUSTED, "its certificate is not for "
                                     "documentSigning alone");
    if ((X509_get_extension_flags(cert) & EXFLAG_CA) != 0)
        return refuse(ERR_UNTRUSTED, "its certificate is a CA's");
    return ERR_OK;
}

/* The one alternative name, URI "https://" + origin. */
static bool
take_origin(const GENERAL_NAMES *names, char origin[ORIGIN_BYTES_MAX + 1])
{
    size_t start = strlen(uri_start), size;
    const GENERAL_NAME *name;
    const char *uri;

    if (sk_GENERAL_NAME_num(names) != 1)
        return false;
    name = sk_GENERAL_NAME_value(names, 0);
    if (name->type != GEN_URI)
        return false;
    uri =
        (const char *)ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
    size = (size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier);
    if (size < start || memcmp(uri, uri_start, start) != 0 ||
        !origin_is_valid(uri + start, size - start))
        return false;
    memcpy(origin, uri + start, size - start);
    origin[size - start] = '\0';
    return true;
}

static enum err
read_origin(X509 *cert, char origin[ORIGIN_BYTES_MAX + 1])
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool is_found = names != NULL && take_origin(names, origin);

    GENERAL_NAMES_free(names);
    return is_found ? ERR_OK
                    : refuse(ERR_UNTRUSTED, "its certificate does not name a "
                                            "log by the URI https://ORIGIN");
}

static enum err
make_verifier(struct log_verifier *verifier_out, X509 *cert, const char *origin)
{
    uint8_t public_key[LOG_PUBLIC_KEY_BYTES];
    size_t size = sizeof(public_key);
    EVP_PKEY *key = X509_get0_pubkey(cert);

    if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519)
        return refuse(ERR_UNTRUSTED, "its certificate is not for Ed25519");
    if (EVP_PKEY_get_raw_public_key(key, public_key, &size) != 1 ||
        size != sizeof(public_key))
        return refuse(ERR_CRYPTO, "reading its public key");
    return log_verifier_init(verifier_out, origin, public_key);
}

/* All that is asked of the certificate, whoever asks. */
static enum err
check_cert(struct log_verifier *verifier_out, X509 *cert, struct pem ca,
           const char *origin, struct instant at)
{
    char named[ORIGIN_BYTES_MAX + 1];
    enum err err;

    if ((err = check_chain(cert, ca, at)) != ERR_OK ||
        (err = check_usage(cert)) != ERR_OK ||
        (err = read_origin(cert, named)) != ERR_OK)
        return err;
    if (origin != NULL && strcmp(origin, named) != 0)
        return refuse(ERR_UNTRUSTED, "its certificate names another log");
    return make_verifier(verifier_out, cert, named);
}

enum err
logkey_load(struct logkey *logkey_out, struct pem key, struct pem cert,
            struct pem ca, struct instant now)
{
    struct logkey logkey = {0};
    enum err err;

    memset(logkey_out, 0, sizeof(*logkey_out));
    if ((err = read_key(&logkey.key, key)) == ERR_OK &&
        (err = read_cert(&logkey.cert, cert)) == ERR_OK)
        err = check_cert(&logkey.verifier, logkey.cert, ca, NULL, now);
    if (err == ERR_OK && X509_check_private_key(logkey.cert, logkey.key) != 1)
        err = refuse(ERR_UNTRUSTED, "it is not the key of its certificate");
    if (err != ERR_OK) {
        logkey_release(&logkey);
        return err;
    }
    *logkey_out = logkey;
    return ERR_OK;
}

void
logkey_release(struct logkey *logkey)
{
    EVP_PKEY_free(logkey->key);
    X509_free(logkey->cert);
    log_verifier_release(&logkey->verifier);
    logkey->key = NULL;
    logkey->cert = NULL;
}

enum err
logkey_from_cert(struct log_verifier *verifier_out, struct pem cert,
                 struct pem ca, const char *origin, struct instant at)
{
    X509 *parsed;
    enum err err;

    memset(verifier_out, 0, sizeof(*verifier_out));
    if ((err = read_cert(&parsed, cert)) != ERR_OK)
        return err;
    err = check_cert(verifier_out, parsed, ca, origin, at);
    X509_free(parsed);
    return err;
}
