/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/trust.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_BYTES_MAX = 1 << 20,
    CERT_LIST_BYTES_MAX = 32768, /* what a stranger may send as a chain */
    NAMES_MAX = 16,
    SECURITY_LEVEL = 2,
};

struct trust {
    SSL_CTX *context;
    char *names[NAMES_MAX + 1]; /* for SNI */
    struct instant crl_next_update;
};

/* ----------------------------------------------------------------- files */

enum err
trust_read_file(char **text_out, size_t *size_out, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat info;
    ssize_t size = 0, part;
    char *text;

    if (fd < 0)
        return err_set(errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM,
                       "cannot open '%s': %s", path, strerror(errno));
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) ||
        info.st_size > FILE_BYTES_MAX) {
        close(fd);
        return err_set(ERR_TOO_LARGE, "'%s' is not a file of at most 1 MiB",
                       path);
    }
    text = malloc((size_t)info.st_size + 1);
    if (text == NULL) {
        close(fd);
        return err_set(ERR_NOMEM, "no memory to read '%s'", path);
    }
    while (size < info.st_size &&
           (part = read(fd, text + size, (size_t)(info.st_size - size))) > 0)
        size += part;
    close(fd);
    text[size] = '\0';
    *text_out = text;
    *size_out = (size_t)size;
    return ERR_OK;
}

/** Secrets that others can read are refused: the mend is one command. */
static enum err
check_private(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return err_set(ERR_NOT_FOUND, "cannot open '%s': %s", path,
                       strerror(errno));
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return err_set(ERR_UNTRUSTED,
                       "'%s' can be read by others: chmod 600 '%s'", path,
                       path);
    return ERR_OK;
}

enum err
trust_read_secret(char **text_out, size_t *size_out, const char *path)
{
    enum err err = check_private(path);

    return err == ERR_OK ? trust_read_file(text_out, size_out, path) : err;
}

static const char *
openssl_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

    return reason == NULL ? "unknown cause" : reason;
}

/* --------------------------------------------------------------- context */

/** docs/security.md "TLS", line by line. */
static bool
set_fixed(SSL_CTX *c)
{
    SSL_CTX_set_security_level(c, SECURITY_LEVEL);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       NULL);
    SSL_CTX_set_verify_depth(c, 0);
    SSL_CTX_set_max_cert_list(c, CERT_LIST_BYTES_MAX);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                               SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(
        c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
               SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    /* A record without data ends a read, so that net can count them. */
    SSL_CTX_clear_mode(c, SSL_MODE_AUTO_RETRY);
    return SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256:"
                                       "TLS_AES_256_GCM_SHA384:"
                                       "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
           SSL_CTX_set1_groups_list(c, "X25519:P-256") == 1 &&
           SSL_CTX_set_num_tickets(c, 0) == 1 &&
           SSL_CTX_set_max_early_data(c, 0) == 1 &&
           SSL_CTX_set_recv_max_early_data(c, 0) == 1;
}

/** RFC 7301 section 3.2: a list without our protocol is refused. */
static int
choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size,
            const unsigned char *in, unsigned in_size, void *unused)
{
    static const unsigned char ours[] = "http/1.1";

    (void)ssl, (void)unused;
    for (unsigned i = 0; i < in_size; i += 1U + in[i]) {
        if (in[i] != sizeof(ours) - 1 || i + 1U + in[i] > in_size ||
            memcmp(in + i + 1, ours, in[i]) != 0)
            continue;
        *out = in + i + 1;
        *out_size = in[i];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/** SNI is absent, or one of our names. */
static int
check_sni(SSL *ssl, int *alert, void *argument)
{
    const struct trust *trust = argument;
    const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    if (asked == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    for (size_t i = 0; trust->names[i] != NULL; i++)
        if (strcasecmp(asked, trust->names[i]) == 0)
            return SSL_TLSEXT_ERR_OK;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* ----------------------------------------------------------- certificates */

static enum err
load_server(struct trust *trust, const struct trust_config *config)
{
    enum err err = check_private(config->key);

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
        if (X509_check_host(cert, name, 0, 0, NULL) != 1 &&
            X509_check_ip_asc(cert, name, 0) != 1)
            return err_set(ERR_UNTRUSTED,
                           "server certificate '%s' does not name '%s': ask "
                           "for one that does, or remove the name",
                           config->cert, name);
        if (i == NAMES_MAX)
            return err_set(ERR_CONFIG, "more than %d names", NAMES_MAX);
        trust->names[i] = strdup(name);
        if (trust->names[i] == NULL)
            return err_set(ERR_NOMEM, "no memory for the names");
    }
    return check_dates(cert, config->cert);
}

/** CA certificates into the store; each must be a CA and in date. */
static enum err
load_ca(struct trust *trust, const struct trust_config *config)
{
    X509_STORE *store = SSL_CTX_get_cert_store(trust->context);
    BIO *file = BIO_new_file(config->client_ca, "r");
    enum err err = ERR_OK;
    size_t count = 0;
    X509 *cert;

    if (file == NULL)
        return err_set(ERR_NOT_FOUND, "cannot open CA file '%s'",
                       config->client_ca);
    while (err == ERR_OK &&
           (cert = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL) {
        count++;
        if (X509_check_ca(cert) != 1)
            err = err_set(ERR_UNTRUSTED,
                          "'%s' holds a certificate that is "
                          "no CA",
                          config->client_ca);
        else
            err = check_dates(cert, config->client_ca);
        if (err == ERR_OK && (X509_STORE_add_cert(store, cert) != 1 ||
                              SSL_CTX_add_client_CA(trust->context, cert) != 1))
            err = err_set(ERR_CRYPTO, "CA '%s' cannot be added",
                          config->client_ca);
        X509_free(cert);
    }
    BIO_free(file);
    ERR_clear_error();
    if (err == ERR_OK && count == 0)
        err = err_set(ERR_UNTRUSTED, "'%s' holds no certificate in PEM",
                      config->client_ca);
    return err;
}

/* ------------------------------------------------------------ revocation */

/** The CA of the store that issued and signed the list. */
static bool
crl_is_signed(X509_STORE *store, X509_CRL *crl)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);

    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509 *ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (ca != NULL &&
            X509_NAME_cmp(X509_get_subject_name(ca),
                          X509_CRL_get_issuer(crl)) == 0 &&
            X509_CRL_verify(crl, X509_get0_pubkey(ca)) == 1)
            return true;
    }
    return false;
}

static enum err
check_crl(struct trust *trust, X509_CRL *crl, const char *path)
{
    X509_STORE *store = SSL_CTX_get_cert_store(trust->context);
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
    struct tm end;

    if (!crl_is_signed(store, crl))
        return err_set(ERR_UNTRUSTED,
                       "CRL '%s' is not signed by a CA of tls.client_ca", path);
    if (X509_cmp_current_time(X509_CRL_get0_lastUpdate(crl)) > 0)
        return err_set(ERR_UNTRUSTED,
                       "CRL '%s' is of the future: check the clock", path);
    if (next == NULL || ASN1_TIME_to_tm(next, &end) != 1)
        return err_set(ERR_UNTRUSTED, "CRL '%s' has no nextUpdate", path);
    trust->crl_next_update = instant_of((int64_t)timegm(&end) * 1000);
    if (X509_cmp_current_time(next) < 0)
        log_warn("CRL '%s' has run out: every client is refused until a "
                 "fresh one is loaded (auction-ca crl)",
                 path);
    return ERR_OK;
}

static enum err
load_crl(struct trust *trust, const struct trust_config *config)
{
    X509_STORE *store = SSL_CTX_get_cert_store(trust->context);
    BIO *file = BIO_new_file(config->crl, "r");
    enum err err = ERR_OK;
    size_t count = 0;
    X509_CRL *crl;

    if (file == NULL)
        return err_set(ERR_NOT_FOUND,
                       "cannot open CRL '%s': make one with auction-ca crl",
                       config->crl);
    while (err == ERR_OK &&
           (crl = PEM_read_bio_X509_CRL(file, NULL, NULL, NULL)) != NULL) {
        count++;
        err = check_crl(trust, crl, config->crl);
        if (err == ERR_OK && X509_STORE_add_crl(store, crl) != 1)
            err = err_set(ERR_CRYPTO, "CRL '%s' cannot be added", config->crl);
        X509_CRL_free(crl);
    }
    BIO_free(file);
    ERR_clear_error();
    if (err == ERR_OK && count == 0)
        err = err_set(ERR_UNTRUSTED, "'%s' holds no CRL in PEM", config->crl);
    return err;
}

static enum err
set_verification(struct trust *trust, const struct trust_config *config)
{
    unsigned long flags = X509_V_FLAG_X509_STRICT;
    enum err err = load_ca(trust, config);

    if (err != ERR_OK)
        return err;
    if (config->crl != NULL) {
        if ((err = load_crl(trust, config)) != ERR_OK)
            return err;
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    }
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
    enum err err = ERR_OK;

    if (verification == NULL ||
        X509_STORE_CTX_init(verification, store, cert, NULL) != 1 ||
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

static enum err
build(struct trust *trust, const struct trust_config *config)
{
    /* No two deployments or generations share sessions, should any exist. */
    static const unsigned char session_context[] = "auctiond/1";
    enum err err;

    trust->context = SSL_CTX_new(TLS_server_method());
    if (trust->context == NULL || !set_fixed(trust->context) ||
        SSL_CTX_set_session_id_context(trust->context, session_context,
                                       sizeof(session_context) - 1) != 1)
        return err_set(ERR_CRYPTO, "no TLS context: %s", openssl_reason());
    SSL_CTX_set_alpn_select_cb(trust->context, choose_alpn, NULL);
    SSL_CTX_set_tlsext_servername_callback(trust->context, check_sni);
    SSL_CTX_set_tlsext_servername_arg(trust->context, trust);
    if ((err = load_server(trust, config)) != ERR_OK ||
        (err = check_names(trust, config)) != ERR_OK ||
        (err = set_verification(trust, config)) != ERR_OK)
        return err;
    return check_own_chain(trust, config);
}

enum err
trust_create(struct trust **out, const struct trust_config *config)
{
    struct trust *trust = calloc(1, sizeof(*trust));
    enum err err;

    if (trust == NULL)
        return err_set(ERR_NOMEM, "no memory for a trust generation");
    ERR_clear_error();
    err = build(trust, config);
    ERR_clear_error();
    if (err != ERR_OK) {
        trust_destroy(&trust);
        return err;
    }
    *out = trust;
    return ERR_OK;
}

void
trust_destroy(struct trust **out)
{
    if (*out == NULL)
        return;
    SSL_CTX_free((*out)->context);
    for (size_t i = 0; (*out)->names[i] != NULL; i++)
        free((*out)->names[i]);
    free(*out);
    *out = NULL;
}

SSL_CTX *
trust_context(const struct trust *trust)
{
    return trust->context;
}

struct instant
trust_crl_next_update(const struct trust *trust)
{
    return trust->crl_next_update;
}
