/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/tls.h"

#include "base/log.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { CERT_LIST_BYTES = 32768, SECURITY_LEVEL = 2 };

/* Held for the life of the process, so that the library keeps them at hand. */
enum { DIGESTS = 2, CIPHERS = 3 };
static const char *const digest_names[DIGESTS] = {"SHA2-256", "SHA2-384"};
static const char *const cipher_names[CIPHERS] = {"AES-128-GCM", "AES-256-GCM",
                                                  "ChaCha20-Poly1305"};
static EVP_MD *digests[DIGESTS];
static EVP_CIPHER *ciphers[CIPHERS];

/** Place of a connection's struct tls_refusal in its SSL object. */
static int refusal_index = -1;

enum err
tls_start(void)
{
    if (refusal_index >= 0)
        return ERR_OK;
    for (size_t i = 0; i < DIGESTS; i++)
        if ((digests[i] = EVP_MD_fetch(NULL, digest_names[i], NULL)) == NULL)
            return err_set(ERR_CRYPTO, "OpenSSL has no %s", digest_names[i]);
    for (size_t i = 0; i < CIPHERS; i++)
        if ((ciphers[i] = EVP_CIPHER_fetch(NULL, cipher_names[i], NULL)) ==
            NULL)
            return err_set(ERR_CRYPTO, "OpenSSL has no %s", cipher_names[i]);
    refusal_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    if (refusal_index < 0)
        return err_set(ERR_CRYPTO, "OpenSSL has no room for its own data");
    log_info("tls library=\"%s\"", OpenSSL_version(OPENSSL_VERSION));
    return ERR_OK;
}

/* -------------------------------------------------------------- refusals */

bool
tls_watch(SSL *ssl, struct tls_refusal *refusal)
{
    return SSL_set_ex_data(ssl, refusal_index, refusal) == 1;
}

/**
 * Looks on and returns its argument unchanged: an error that a callback
 * swallows would let everybody in.
 */
static int
note_refusal(int is_ok, X509_STORE_CTX *verification)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(verification,
                                          SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_refusal *refusal =
        is_ok == 1 || ssl == NULL ? NULL : SSL_get_ex_data(ssl, refusal_index);
    X509 *leaf = X509_STORE_CTX_get0_cert(verification);

    if (refusal != NULL && !refusal->is_set && leaf != NULL) {
        refusal->is_set = true;
        refusal->code = X509_STORE_CTX_get_error(verification);
        refusal->is_unreadable =
            (X509_get_extension_flags(leaf) & EXFLAG_INVALID) != 0;
        identity_describe(leaf, refusal->serial, &refusal->spki);
    }
    return is_ok;
}

/* ------------------------------------------------------------- callbacks */

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

/** SNI is absent, or a name that stands in the server's certificate. */
static int
check_sni(SSL *ssl, int *alert, void *unused)
{
    const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    X509 *ours = SSL_get_certificate(ssl);

    (void)unused;
    if (asked == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    if (ours != NULL &&
        X509_check_host(ours, asked, 0,
                        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                            X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                        NULL) == 1)
        return SSL_TLSEXT_ERR_OK;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/** Looked at before the library chooses anything: is ALPN there at all? */
static int
require_alpn(SSL *ssl, int *alert, void *unused)
{
    const unsigned char *bytes;
    size_t size;

    (void)unused;
    if (SSL_client_hello_get0_ext(
            ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &bytes,
            &size) == 1)
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

/* --------------------------------------------------------------- context */

/** docs/security.md "TLS", line by line. */
static bool
set_all(SSL_CTX *c, const struct tls_options *o)
{
    SSL_CTX_set_security_level(c, SECURITY_LEVEL);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       note_refusal);
    SSL_CTX_set_verify_depth(c, (int)o->depth);
    /* CN decides nothing: else a CA's constraints on DNS names would refuse
     * the account first.last. */
    X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(c),
                                    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    SSL_CTX_set_max_cert_list(c, (long)(o->cert_list_bytes == 0
                                            ? (size_t)CERT_LIST_BYTES
                                            : o->cert_list_bytes));
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                               SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(
        c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
               SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    /* A record without data ends a read, so that net can count them. */
    SSL_CTX_clear_mode(c, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_alpn_select_cb(c, choose_alpn, NULL);
    SSL_CTX_set_tlsext_servername_callback(c, check_sni);
    if (o->alpn_required)
        SSL_CTX_set_client_hello_cb(c, require_alpn, NULL);
    return SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256:"
                                       "TLS_AES_256_GCM_SHA384:"
                                       "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
           SSL_CTX_set1_groups_list(c, o->groups == NULL ? "X25519:P-256"
                                                         : o->groups) == 1 &&
           SSL_CTX_set_num_tickets(c, 0) == 1 &&
           SSL_CTX_set_max_early_data(c, 0) == 1 &&
           SSL_CTX_set_recv_max_early_data(c, 0) == 1;
}

SSL_CTX *
tls_context_create(const struct tls_options *options)
{
    SSL_CTX *context;

    CHECK(refusal_index >= 0); /* tls_start was called */
    context = SSL_CTX_new(TLS_server_method());
    if (context != NULL && !set_all(context, options)) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

bool
tls_set_session_context(SSL_CTX *context, const struct hash *generation)
{
    return SSL_CTX_set_session_id_context(context, generation->bytes,
                                          sizeof(generation->bytes)) == 1;
}
