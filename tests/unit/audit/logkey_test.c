/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "audit/logkey.h"
#include "audit/signature.h"

/*
 * A laboratory's CA and what it certifies, made anew for every run. Part of
 * it is made before the first test, where CUnit does not count yet: CHECK.
 */

enum { DAY = 24 * 3600 };

static const char documents[] = "1.3.6.1.5.5.7.3.36";
static const struct instant now = {1792000000000};

struct issued {
    EVP_PKEY *key;
    X509 *cert;
    struct pem key_pem;
    struct pem cert_pem;
    char key_text[4096];
    char cert_text[4096];
};

struct request {
    const char *key_type;
    const char *usage; /* extended key usage, NULL for none */
    const char *names; /* subject alternative names, NULL for none */
    bool is_ca;
    long from_days; /* validity, relative to `now` */
    long to_days;
};

static struct issued ca, other_ca, log_cert;

static const struct request ca_request = {"EC", NULL, NULL, true, -10, 100};
static const struct request log_request = {
    "ED25519", documents, "URI:https://a.example/log/1", false, -1, 50};

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
add_extensions(X509 *cert, X509 *issuer, const struct request *request)
{
    add_extension(cert, issuer, NID_basic_constraints,
                  request->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(cert, issuer, NID_key_usage,
                  request->is_ca ? "critical,keyCertSign,cRLSign"
                                 : "critical,digitalSignature");
    add_extension(cert, issuer, NID_subject_key_identifier, "hash");
    if (issuer != cert)
        add_extension(cert, issuer, NID_authority_key_identifier, "keyid");
    if (request->usage != NULL)
        add_extension(cert, issuer, NID_ext_key_usage, request->usage);
    if (request->names != NULL)
        add_extension(cert, issuer, NID_subject_alt_name, request->names);
}

static void
name_cert(X509 *cert, X509 *issuer, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(cert);

    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer));
}

static struct pem
to_pem(BIO *bio, char text[4096])
{
    int size = BIO_read(bio, text, 4096);

    CHECK(size > 0);
    BIO_free(bio);
    return (struct pem){text, (size_t)size};
}

/* Issue by `by`, or self-signed when NULL. */
static void
issue(struct issued *out, struct issued *by, const struct request *request,
      const char *name)
{
    static long serial = 1;
    time_t base = (time_t)(now.ms / 1000);
    bool is_ec = strcmp(request->key_type, "EC") == 0;
    X509 *issuer;
    BIO *bio;

    out->key = is_ec ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
                     : EVP_PKEY_Q_keygen(NULL, NULL, request->key_type);
    out->cert = X509_new();
    CHECK(out->key != NULL && out->cert != NULL);
    issuer = by == NULL ? out->cert : by->cert;
    X509_set_version(out->cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(out->cert), serial++);
    X509_time_adj(X509_getm_notBefore(out->cert), request->from_days * DAY,
                  &base);
    X509_time_adj(X509_getm_notAfter(out->cert), request->to_days * DAY, &base);
    X509_set_pubkey(out->cert, out->key);
    name_cert(out->cert, issuer, name);
    add_extensions(out->cert, issuer, request);
    CHECK(X509_sign(out->cert, by == NULL ? out->key : by->key, EVP_sha256()) >
          0);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, out->cert);
    out->cert_pem = to_pem(bio, out->cert_text);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, out->key, NULL, NULL, 0, NULL, NULL);
    out->key_pem = to_pem(bio, out->key_text);
}

static void
drop(struct issued *issued)
{
    EVP_PKEY_free(issued->key);
    X509_free(issued->cert);
}

static int
setup(void)
{
    issue(&ca, NULL, &ca_request, "Example CA");
    issue(&other_ca, NULL, &ca_request, "Other CA");
    issue(&log_cert, &ca, &log_request, "auction log 1");
    return 0;
}

static int
teardown(void)
{
    drop(&ca);
    drop(&other_ca);
    drop(&log_cert);
    return 0;
}

/* What a verifier says about a certificate as requested. */
static enum err
verdict_on(const struct request *request)
{
    struct log_verifier verifier;
    struct issued issued;
    enum err err;

    issue(&issued, &ca, request, "auction log");
    err = logkey_from_cert(&verifier, issued.cert_pem, ca.cert_pem, NULL, now);
    log_verifier_release(&verifier);
    drop(&issued);
    return err;
}

static void
a_certified_log_key_is_loaded_and_signs(void)
{
    struct checkpoint head = {.size = 0, .root = hash_empty_root()}, read;
    struct log_verifier verifier;
    struct logkey logkey;
    struct buf note;

    CU_ASSERT_FATAL(logkey_load(&logkey, log_cert.key_pem, log_cert.cert_pem,
                                ca.cert_pem, now) == ERR_OK);
    CU_ASSERT(strcmp(logkey.verifier.name, "a.example/log/1") == 0);
    CU_ASSERT(logkey_from_cert(&verifier, log_cert.cert_pem, ca.cert_pem,
                               "a.example/log/1", now) == ERR_OK);
    memcpy(head.origin, "a.example/log/1", 16);
    buf_init(&note, CHECKPOINT_BYTES_MAX);
    CU_ASSERT(checkpoint_sign(&head, logkey.key, &logkey.verifier, &note) ==
              ERR_OK);
    CU_ASSERT(checkpoint_verify(&read, note.bytes, note.size, &verifier) ==
              ERR_OK);
    buf_release(&note);
    log_verifier_release(&verifier);
    logkey_release(&logkey);
    logkey_release(&logkey);
}

static void
a_certificate_of_another_ca_is_not_trusted(void)
{
    struct log_verifier verifier;
    struct logkey logkey;

    CU_ASSERT(logkey_from_cert(&verifier, log_cert.cert_pem, other_ca.cert_pem,
                               NULL, now) == ERR_UNTRUSTED);
    CU_ASSERT(logkey_load(&logkey, log_cert.key_pem, log_cert.cert_pem,
                          other_ca.cert_pem, now) == ERR_UNTRUSTED);
    CU_ASSERT(logkey.key == NULL && logkey.cert == NULL);
}

static void
a_key_that_does_not_fit_is_refused(void)
{
    struct logkey logkey;
    struct issued other;

    issue(&other, &ca, &log_request, "auction log 2");
    CU_ASSERT(logkey_load(&logkey, other.key_pem, log_cert.cert_pem,
                          ca.cert_pem, now) == ERR_UNTRUSTED);
    drop(&other);
}

static void
the_origin_must_be_the_one_asked_for(void)
{
    struct log_verifier verifier;

    CU_ASSERT(logkey_from_cert(&verifier, log_cert.cert_pem, ca.cert_pem,
                               "a.example/log/2", now) == ERR_UNTRUSTED);
}

static void
only_documentSigning_makes_a_log_certificate(void)
{
    struct request request = log_request;

    CU_ASSERT(verdict_on(&request) == ERR_OK);
    request.usage = NULL;
    CU_ASSERT(verdict_on(&request) == ERR_UNTRUSTED);
    request.usage = "serverAuth";
    CU_ASSERT(verdict_on(&request) == ERR_UNTRUSTED);
    request.usage = "1.3.6.1.5.5.7.3.36,serverAuth";
    CU_ASSERT(verdict_on(&request) == ERR_UNTRUSTED);
}

static void
the_certificate_must_name_one_log(void)
{
    struct request request = log_request;

    request.names = NULL;
    CU_ASSERT(verdict_on(&request) == ERR_UNTRUSTED);
    request.names = "DNS:a.example";
    CU_ASSERT(verdict_on(&request) == ERR_UNTRUSTED);
    request.names = "URI:http://a.example/log/1";
    CU_ASSERT(verdict_on(&request) == ERR_UNTRUSTED);
    request.names = "URI:https://";
    CU_ASSERT(verdict_on(&request) == ERR_UNTRUSTED);
    request.names = "URI:https://a.example/log/1,URI:https://b.example/log/1";
    CU_ASSERT(verdict_on(&request) == ERR_UNTRUSTED);
    request.names = "URI:https://a.example/log+1";
    CU_ASSERT(verdict_on(&request) == ERR_UNTRUSTED);
}

static void
the_key_must_be_ed25519(void)
{
    struct request request = log_request;

    request.key_type = "EC";
    CU_ASSERT(verdict_on(&request) == ERR_UNTRUSTED);
}

static void
the_certificate_must_be_in_date(void)
{
    struct log_verifier verifier;
    struct request request = log_request;
    struct instant later = {now.ms + INT64_C(60) * DAY * 1000};

    request.to_days = -1;
    request.from_days = -5;
    CU_ASSERT(verdict_on(&request) == ERR_UNTRUSTED);
    request.from_days = 1;
    request.to_days = 5;
    CU_ASSERT(verdict_on(&request) == ERR_UNTRUSTED);
    CU_ASSERT(logkey_from_cert(&verifier, log_cert.cert_pem, ca.cert_pem, NULL,
                               later) == ERR_UNTRUSTED);
}

static void
a_ca_s_certificate_is_not_a_log_s(void)
{
    struct request request = log_request;

    request.is_ca = true;
    CU_ASSERT(verdict_on(&request) == ERR_UNTRUSTED);
}

static void
what_is_not_pem_is_malformed(void)
{
    struct log_verifier verifier;
    struct logkey logkey;
    struct pem junk = {"junk", 4};

    CU_ASSERT(logkey_from_cert(&verifier, junk, ca.cert_pem, NULL, now) ==
              ERR_SYNTAX);
    CU_ASSERT(logkey_from_cert(&verifier, log_cert.cert_pem, junk, NULL, now) ==
              ERR_SYNTAX);
    CU_ASSERT(logkey_load(&logkey, junk, log_cert.cert_pem, ca.cert_pem, now) ==
              ERR_SYNTAX);
    CU_ASSERT(logkey_load(&logkey, log_cert.key_pem, log_cert.key_pem,
                          ca.cert_pem, now) == ERR_SYNTAX);
}

static void
a_certificate_checks_what_its_key_has_signed(void)
{
    struct record_sig sig;

    CU_ASSERT(command_sign(log_cert.key, "text", 4, &sig) == ERR_OK);
    CU_ASSERT(command_verify_cert(log_cert.cert, "text", 4, &sig) == ERR_OK);
    CU_ASSERT(command_verify_cert(log_cert.cert, "texs", 4, &sig) ==
              ERR_UNTRUSTED);
    CU_ASSERT(command_verify_cert(ca.cert, "text", 4, &sig) == ERR_UNTRUSTED);
}

static void
a_fingerprint_is_the_hash_of_the_certificate(void)
{
    unsigned char digest[HASH_BYTES];
    struct hash hash;

    CU_ASSERT(X509_digest(ca.cert, EVP_sha256(), digest, NULL) == 1);
    CU_ASSERT(cert_fingerprint(&hash, ca.cert) == ERR_OK);
    CU_ASSERT(memcmp(hash.bytes, digest, HASH_BYTES) == 0);
}

SUITE("logkey", setup, teardown, TEST(a_certified_log_key_is_loaded_and_signs),
      TEST(a_certificate_of_another_ca_is_not_trusted),
      TEST(a_key_that_does_not_fit_is_refused),
      TEST(the_origin_must_be_the_one_asked_for),
      TEST(only_documentSigning_makes_a_log_certificate),
      TEST(the_certificate_must_name_one_log), TEST(the_key_must_be_ed25519),
      TEST(the_certificate_must_be_in_date),
      TEST(a_ca_s_certificate_is_not_a_log_s),
      TEST(what_is_not_pem_is_malformed),
      TEST(a_certificate_checks_what_its_key_has_signed),
      TEST(a_fingerprint_is_the_hash_of_the_certificate))
