/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/trust.h"

#include "base/buf.h"
#include "base/log.h"
#include "identity/pemfile.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SESSION_PARTS_MAX = 2 * CRL_CAS_MAX + 2 };

struct trust {
    atomic_uint references;
    uint64_t generation;
    SSL_CTX *context;
    struct crl_set cas; /* with their lists */
    bool has_lists;
};

static const char *
openssl_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

    return reason == NULL ? "unknown cause" : reason;
}

static struct instant
time_of(const ASN1_TIME *time)
{
    struct tm broken_down;

    if (ASN1_TIME_to_tm(time, &broken_down) != 1)
        return instant_of(0);
    return instant_of((int64_t)timegm(&broken_down) * 1000);
}

/* ----------------------------------------------------------- certificates */

static enum err
load_server(struct trust *trust, const struct trust_config *config)
{
    enum err err = pemfile_check_private(config->key);

    if (err != ERR_OK)
        return err;
    if (SSL_CTX_use_certificate_chain_file(trust->context, config->cert) != 1)
        return err_set(ERR_UNTRUSTED,
                       "server certificate '%s' cannot be used: %s",
                       config->cert, openssl_reason());
    if (SSL_CTX_use_PrivateKey_file(trust->context, config->key,
                                    SSL_FILETYPE_PEM) != 1)
        return err_set(ERR_UNTRUSTED, "server key '%s' cannot be used: %s",
                       config->key, openssl_reason());
    if (SSL_CTX_check_private_key(trust->context) != 1)
        return err_set(ERR_UNTRUSTED,
                       "server key '%s' does not belong to certificate '%s'",
                       config->key, config->cert);
    return ERR_OK;
}

static enum err
check_dates(const X509 *cert, const char *path)
{
    if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
        return err_set(ERR_UNTRUSTED, "'%s' is not valid yet: check the clock",
                       path);
    if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
        return err_set(ERR_UNTRUSTED, "'%s' has expired: renew it", path);
    return ERR_OK;
}

/** The names people connect by must stand in the certificate. */
static enum err
check_names(struct trust *trust, const struct trust_config *config)
{
    X509 *cert = SSL_CTX_get0_certificate(trust->context);

    for (size_t i = 0; config->names[i] != NULL; i++) {
        const char *name = config->names[i];
        if (X509_check_host(cert, name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                            NULL) != 1 &&
            X509_check_ip_asc(cert, name, 0) != 1)
            return err_set(ERR_UNTRUSTED,
                           "server certificate '%s' does not name '%s': ask "
                           "for one that does, or remove the name",
                           config->cert, name);
    }
    return check_dates(cert, config->cert);
}

static enum err
take_ca(struct trust *trust, X509 *cert, const char *path)
{
    enum err err;

    if (X509_check_ca(cert) != 1)
        return err_set(ERR_UNTRUSTED, "'%s' holds a certificate that is no CA",
                       path);
    if ((err = check_dates(cert, path)) != ERR_OK)
        return err;
    if (!crl_set_add_ca(&trust->cas, cert))
        return err_set(ERR_TOO_LARGE, "'%s' holds more than %d CAs", path,
                       CRL_CAS_MAX);
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(trust->context), cert) !=
            1 ||
        SSL_CTX_add_client_CA(trust->context, cert) != 1)
        return err_set(ERR_CRYPTO, "CA '%s' cannot be added", path);
    return ERR_OK;
}

/** CA certificates into the store; each must be a CA and in date. */
static enum err
load_cas(struct trust *trust, const struct trust_config *config)
{
    BIO *file = BIO_new_file(config->client_ca, "r");
    enum err err = ERR_OK;
    size_t count = 0;
    X509 *cert;

    if (file == NULL)
        return err_set(ERR_NOT_FOUND, "cannot open CA file '%s'",
                       config->client_ca);
    ERR_clear_error();
    while (err == ERR_OK &&
           (cert = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL) {
        count++;
        err = take_ca(trust, cert, config->client_ca);
        X509_free(cert);
    }
    /* Anything but the end of the file is a CA that cannot be read. */
    if (err == ERR_OK &&
        ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        err = err_set(ERR_SYNTAX, "CA file '%s' is broken: copy it again",
                      config->client_ca);
    BIO_free(file);
    ERR_clear_error();
    if (err == ERR_OK && count == 0)
        err = err_set(ERR_UNTRUSTED, "'%s' holds no certificate in PEM",
                      config->client_ca);
    return err;
}

/* ------------------------------------------------------------- revocation */

static enum err
read_lists(struct trust *trust, const struct trust_config *config)
{
    char *text = NULL;
    size_t size = 0;
    enum err err = pemfile_read(&text, &size, config->crl);

    /* Lists that are handed in may be the first ones. */
    if (err == ERR_NOT_FOUND && config->crl_text != NULL)
        err = ERR_OK;
    else if (err == ERR_NOT_FOUND)
        err = err_set(err, "cannot open CRL '%s': make one with auction-ca crl",
                      config->crl);
    else if (err == ERR_OK)
        err = crl_set_take(&trust->cas, text, size, config->crl);
    free(text);
    if (err == ERR_OK && config->crl_text != NULL)
        err = crl_set_take(&trust->cas, config->crl_text,
                           strlen(config->crl_text), "(handed in)");
    return err;
}

/** Without a list: only where none was ever taken, and none is demanded. */
static enum err
check_no_lists(const struct trust_config *config, const struct crl_marks *marks)
{
    if (config->crl_required)
        return err_set(ERR_UNTRUSTED, "tls.crl is missing and "
                                      "tls.crl_required is set: name the file");
    if (marks->count > 0)
        return err_set(ERR_UNTRUSTED,
                       "tls.crl is missing, but a revocation list was taken "
                       "before: name the file, or those revoked would come "
                       "in again");
    if (config->crl_text != NULL)
        return err_set(ERR_UNTRUSTED,
                       "a CRL was handed in, but tls.crl names no file for "
                       "it: set tls.crl");
    return ERR_OK;
}

static enum err
load_lists(struct trust *trust, const struct trust_config *config)
{
    X509_STORE *store = SSL_CTX_get_cert_store(trust->context);
    struct crl_marks marks = {.count = 0};
    bool is_expired;
    enum err err;

    if (config->marks != NULL &&
        (err = crl_marks_read(&marks, config->marks)) != ERR_OK)
        return err;
    if (config->crl == NULL)
        return check_no_lists(config, &marks);
    if ((err = read_lists(trust, config)) != ERR_OK ||
        (err = crl_set_check(&trust->cas, &marks, config->is_start,
                             &is_expired)) != ERR_OK)
        return err;
    for (size_t i = 0; i < trust->cas.count; i++)
        if (X509_STORE_add_crl(store, trust->cas.items[i].list) != 1)
            return err_set(ERR_CRYPTO, "CRL '%s' cannot be added", config->crl);
    trust->has_lists = true;
    if (is_expired)
        log_warn("CRL '%s' has run out: every client is refused until a "
                 "fresh one is loaded (auction-ca crl)",
                 config->crl);
    return ERR_OK;
}

static enum err
set_verification(struct trust *trust, const struct trust_config *config)
{
    unsigned long flags = X509_V_FLAG_X509_STRICT;
    enum err err = load_cas(trust, config);

    if (err != ERR_OK || (err = load_lists(trust, config)) != ERR_OK)
        return err;
    if (trust->has_lists)
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    return X509_STORE_set_flags(SSL_CTX_get_cert_store(trust->context),
                                flags) == 1
               ? ERR_OK
               : err_set(ERR_CRYPTO, "verification flags cannot be set");
}

/** The server's own certificate must verify under the same CA, as a server. */
static enum err
check_own_chain(struct trust *trust, const struct trust_config *config)
{
    X509_STORE_CTX *verification = X509_STORE_CTX_new();
    X509_STORE *store = SSL_CTX_get_cert_store(trust->context);
    X509 *cert = SSL_CTX_get0_certificate(trust->context);
    STACK_OF(X509) *chain = NULL;
    enum err err = ERR_OK;

    if (verification == NULL ||
        SSL_CTX_get0_chain_certs(trust->context, &chain) != 1 ||
        X509_STORE_CTX_init(verification, store, cert, chain) != 1 ||
        X509_STORE_CTX_set_default(verification, "ssl_server") != 1)
        err = err_set(ERR_CRYPTO, "the server's chain cannot be checked");
    else if (X509_verify_cert(verification) != 1) {
        int code = X509_STORE_CTX_get_error(verification);
        /* A list that ran out refuses clients, not the start. */
        if (code != X509_V_ERR_CRL_HAS_EXPIRED)
            err = err_set(ERR_UNTRUSTED,
                          "server certificate '%s' does not verify under "
                          "'%s': %s",
                          config->cert, config->client_ca,
                          X509_verify_cert_error_string(code));
    }
    X509_STORE_CTX_free(verification);
    return err;
}

/* ------------------------------------------------------------- life cycle */

/** No two generations share sessions, should any ever exist. */
static enum err
set_session_context(struct trust *trust)
{
    struct hash parts[SESSION_PARTS_MAX];
    X509 *cert = SSL_CTX_get0_certificate(trust->context);
    unsigned size = sizeof(parts[0].bytes);
    size_t count = 0;
    struct hash all;

    memset(parts, 0, sizeof(parts));
    memcpy(parts[count++].bytes, &trust->generation, sizeof(trust->generation));
    if (X509_digest(cert, EVP_sha256(), parts[count++].bytes, &size) != 1)
        return err_set(ERR_CRYPTO, "the certificate cannot be hashed");
    for (size_t i = 0; i < trust->cas.count; i++) {
        parts[count++] = trust->cas.items[i].id;
        parts[count++] = trust->cas.items[i].mark.list;
    }
    all = hash_of(parts, count * sizeof(parts[0]));
    return tls_set_session_context(trust->context, &all)
               ? ERR_OK
               : err_set(ERR_CRYPTO, "no session id context");
}

static enum err
build(struct trust *trust, const struct trust_config *config)
{
    enum err err;

    trust->context = tls_context_create(&config->tls);
    if (trust->context == NULL)
        return err_set(ERR_CRYPTO, "no TLS context: %s", openssl_reason());
    if ((err = load_server(trust, config)) != ERR_OK ||
        (err = check_names(trust, config)) != ERR_OK ||
        (err = set_verification(trust, config)) != ERR_OK ||
        (err = check_own_chain(trust, config)) != ERR_OK)
        return err;
    return set_session_context(trust);
}

enum err
trust_create(struct trust **out, const struct trust_config *config)
{
    struct trust *trust = calloc(1, sizeof(*trust));
    enum err err;

    if (trust == NULL)
        return err_set(ERR_NOMEM, "no memory for a trust generation");
    atomic_init(&trust->references, 1);
    trust->generation = config->generation;
    err = tls_start();
    ERR_clear_error();
    if (err == ERR_OK)
        err = build(trust, config);
    ERR_clear_error();
    if (err != ERR_OK) {
        trust_unref(&trust);
        return err;
    }
    *out = trust;
    return ERR_OK;
}

struct trust *
trust_ref(struct trust *trust)
{
    CHECK(atomic_fetch_add(&trust->references, 1) > 0);
    return trust;
}

void
trust_unref(struct trust **out)
{
    struct trust *trust = *out;
    unsigned before;

    if (trust == NULL)
        return;
    *out = NULL;
    before = atomic_fetch_sub(&trust->references, 1);
    CHECK(before > 0);
    if (before > 1)
        return;
    SSL_CTX_free(trust->context);
    crl_set_release(&trust->cas);
    free(trust);
}

/* ---------------------------------------------------------------- looking */

SSL_CTX *
trust_context(const struct trust *trust)
{
    return trust->context;
}

enum trust_standing
trust_judge(const struct trust *trust, const struct identity *identity)
{
    X509_REVOKED *revoked;

    for (size_t i = 0; i < trust->cas.count; i++) {
        const struct crl_entry *entry = &trust->cas.items[i];
        if (!hash_equal(&entry->id, &identity->issuer))
            continue;
        if (entry->list != NULL &&
            X509_CRL_get0_by_cert(entry->list, &revoked, identity->cert) == 1)
            return TRUST_REVOKED;
        return TRUST_STANDS;
    }
    return TRUST_CA_GONE;
}

struct trust_facts
trust_facts(const struct trust *trust)
{
    struct trust_facts facts = {
        .generation = trust->generation,
        .cas = trust->cas.count,
        .server_ends = time_of(
            X509_get0_notAfter(SSL_CTX_get0_certificate(trust->context))),
    };

    for (size_t i = 0; i < trust->cas.count; i++) {
        const struct crl_entry *entry = &trust->cas.items[i];
        struct instant ends = time_of(X509_get0_notAfter(entry->ca));
        int entries =
            entry->list == NULL
                ? 0
                : sk_X509_REVOKED_num(X509_CRL_get_REVOKED(entry->list));

        if (i == 0 || instant_before(ends, facts.ca_ends))
            facts.ca_ends = ends;
        facts.revoked += entries > 0 ? (size_t)entries : 0;
        if (entry->list == NULL ||
            (facts.crl_ends.ms != 0 &&
             !instant_before(entry->next_update, facts.crl_ends)))
            continue;
        facts.crl_begins = entry->mark.this_update;
        facts.crl_ends = entry->next_update;
        memcpy(facts.crl_number, entry->mark.number, sizeof(facts.crl_number));
    }
    return facts;
}

enum err
trust_lists(const struct trust *trust, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool is_written = bio != NULL;
    char *text;
    long size;

    for (size_t i = 0; is_written && i < trust->cas.count; i++)
        is_written = trust->cas.items[i].list == NULL ||
                     PEM_write_bio_X509_CRL(bio, trust->cas.items[i].list) == 1;
    if (is_written) {
        size = BIO_get_mem_data(bio, &text);
        buf_add(out, text, (size_t)size);
    }
    BIO_free(bio);
    return is_written && buf_is_ok(out)
               ? ERR_OK
               : err_set(ERR_NOMEM, "no memory for the revocation lists");
}

enum err
trust_keep_marks(const struct trust *trust, const char *path)
{
    struct crl_marks marks;
    enum err err = crl_marks_read(&marks, path);

    if (err != ERR_OK || !trust->has_lists ||
        (err = crl_set_mark(&trust->cas, &marks)) != ERR_OK)
        return err;
    return crl_marks_write(&marks, path);
}
