/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a client: its files are read and checked, nothing is sent.
 */
#include "internal.h"

#include "base/text.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
    TIMEOUT_MS_DEFAULT = 10000,
    RETRIES_DEFAULT = 3,
    FILE_BYTES_MAX = 1 << 20
};

bool
auction_global_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

bool
auction_make_key(char key[AUCTION_KEY_BYTES])
{
    uint8_t bytes[16];

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    text_hex(key, bytes, sizeof(bytes));
    return true;
}

const char *
auction_warning(const struct auction_client *client)
{
    return client->warning;
}

char *
auction_log_name(const struct auction_client *client,
                 char name[AUCTION_LOG_NAME_BYTES])
{
    name[0] = '\0';
    return client->has_log ? keep_name(name, client->log.name, client->ca_tag)
                           : name;
}

/* ------------------------------------------------------------------- files */

static enum auction_outcome
cannot_read(const char *path, const char *why, struct auction_result *result)
{
    return fail(result, AUCTION_LOCAL_FAILURE, "cannot read '%s': %s", path,
                why);
}

static enum auction_outcome
read_all(FILE *file, const char *path, struct buf *out,
         struct auction_result *result)
{
    char block[4096];
    size_t size;

    while ((size = fread(block, 1, sizeof(block), file)) > 0)
        buf_add(out, block, size);
    OPENSSL_cleanse(block, sizeof(block));
    if (ferror(file) != 0)
        return cannot_read(path, strerror(errno), result);
    buf_add_char(out, '\n'); /* so that it is never empty */
    if (!buf_is_ok(out))
        return cannot_read(path, "larger than 1 MiB, or out of memory", result);
    return AUCTION_ACCEPTED;
}

static bool
is_private(FILE *file)
{
    struct stat info;

    return fstat(fileno(file), &info) == 0 &&
           (info.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/**
 * Read a file into an empty buffer, which the caller releases; a secret one
 * must not be readable by others.
 */
static enum auction_outcome
read_file(const char *path, bool is_secret, struct buf *out,
          struct auction_result *result)
{
    enum auction_outcome outcome;
    FILE *file;

    if (path == NULL || path[0] == '\0')
        return fail(result, AUCTION_USAGE,
                    "certificate, key and CA must be given");
    file = fopen(path, "re");
    if (file == NULL)
        return cannot_read(path, strerror(errno), result);
    if (is_secret && !is_private(file))
        outcome =
            fail(result, AUCTION_LOCAL_FAILURE,
                 "'%s' can be read by others: chmod 600 '%s'", path, path);
    else
        outcome = read_all(file, path, out, result);
    fclose(file);
    return outcome;
}

static void
release_secret(struct buf *secret)
{
    if (secret->bytes != NULL)
        OPENSSL_cleanse(secret->bytes, secret->capacity);
    buf_release(secret);
}

/** The first line of the file. */
static enum auction_outcome
load_passphrase(struct auction_client *c, const char *path,
                struct auction_result *result)
{
    enum auction_outcome outcome;
    struct buf text;
    size_t size;

    if (path == NULL || path[0] == '\0')
        return AUCTION_ACCEPTED;
    buf_init(&text, FILE_BYTES_MAX);
    outcome = read_file(path, true, &text, result);
    if (outcome == AUCTION_ACCEPTED) {
        size = strcspn(text.bytes, "\r\n");
        if (size == 0 || size >= sizeof(c->passphrase))
            outcome = fail(result, AUCTION_LOCAL_FAILURE,
                           "'%s' does not begin with a passphrase", path);
        else
            memcpy(c->passphrase, text.bytes, size); /* the rest is zero */
    }
    release_secret(&text);
    return outcome;
}

/** For OpenSSL, which would else ask on the terminal. */
static int
give_passphrase(char *out, int capacity, int writes, void *context)
{
    const char *passphrase = context;
    size_t size = strlen(passphrase);

    (void)writes;
    if (size == 0 || size > (size_t)capacity)
        return -1;
    memcpy(out, passphrase, size);
    return (int)size;
}

static enum auction_outcome
parse_key(struct auction_client *c, const struct buf *text, const char *path,
          struct auction_result *result)
{
    BIO *bio = BIO_new_mem_buf(text->bytes, (int)text->size);

    if (bio != NULL)
        c->key =
            PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, c->passphrase);
    BIO_free(bio);
    if (c->key != NULL)
        return AUCTION_ACCEPTED;
    if (strstr(text->bytes, "ENCRYPTED") == NULL)
        return fail(result, AUCTION_LOCAL_FAILURE,
                    "'%s' is not a private key in PEM", path);
    if (c->passphrase[0] == '\0')
        return fail(result, AUCTION_LOCAL_FAILURE,
                    "key '%s' is encrypted: give a passphrase file", path);
    return fail(result, AUCTION_LOCAL_FAILURE,
                "the passphrase does not open key '%s'", path);
}

static enum auction_outcome
load_key(struct auction_client *c, const char *path,
         struct auction_result *result)
{
    enum auction_outcome outcome;
    struct buf text;

    buf_init(&text, FILE_BYTES_MAX);
    outcome = read_file(path, true, &text, result);
    if (outcome == AUCTION_ACCEPTED)
        outcome = parse_key(c, &text, path, result);
    release_secret(&text);
    return outcome;
}

/** The first certificate of a PEM text, or NULL. */
static X509 *
parse_cert(const struct buf *text)
{
    BIO *bio = BIO_new_mem_buf(text->bytes, (int)text->size);
    X509 *cert = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return cert;
}

static enum auction_outcome
no_cert(const char *path, struct auction_result *result)
{
    return fail(result, AUCTION_LOCAL_FAILURE,
                "'%s' is not a certificate in PEM", path);
}

/** 0 when it cannot be told. */
static int64_t
last_moment_ms(const X509 *cert)
{
    struct tm end;

    if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) != 1)
        return 0;
    return (int64_t)timegm(&end) * 1000;
}

static enum auction_outcome
load_cert(struct auction_client *c, const char *path,
          struct auction_result *result)
{
    enum auction_outcome outcome;
    struct buf text;
    X509 *cert;

    buf_init(&text, FILE_BYTES_MAX);
    outcome = read_file(path, false, &text, result);
    if (outcome == AUCTION_ACCEPTED) {
        cert = parse_cert(&text);
        if (cert == NULL || cert_fingerprint(&c->fp, cert) != ERR_OK)
            outcome = no_cert(path, result);
        else if (X509_check_private_key(cert, c->key) != 1)
            outcome = fail(result, AUCTION_LOCAL_FAILURE,
                           "the key does not belong to certificate '%s'", path);
        else
            c->not_after_ms = last_moment_ms(cert);
        X509_free(cert);
    }
    buf_release(&text);
    return outcome;
}

/** The CA, and its tag by its key, which stays when it is renewed. */
static enum auction_outcome
load_ca(struct auction_client *c, const char *path,
        struct auction_result *result)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    X509 *ca;
    bool is_good;

    buf_init(&c->ca, FILE_BYTES_MAX);
    if (read_file(path, false, &c->ca, result) != AUCTION_ACCEPTED)
        return result->outcome;
    ca = parse_cert(&c->ca);
    is_good =
        ca != NULL && X509_pubkey_digest(ca, EVP_sha256(), digest, &size) == 1;
    X509_free(ca);
    if (!is_good)
        return no_cert(path, result);
    CHECK(size == HASH_BYTES);
    text_hex(c->ca_tag, digest, (CA_TAG_BYTES - 1) / 2);
    return AUCTION_ACCEPTED;
}

static enum auction_outcome
load_files(struct auction_client *c, const struct auction_options *o,
           struct auction_result *result)
{
    if (load_passphrase(c, o->passphrase_file, result) != AUCTION_ACCEPTED ||
        load_key(c, o->key, result) != AUCTION_ACCEPTED ||
        load_cert(c, o->cert, result) != AUCTION_ACCEPTED ||
        quorum_load(c, o->policy, result) != AUCTION_ACCEPTED)
        return result->outcome;
    return load_ca(c, o->ca, result);
}

/* ----------------------------------------------------------------- libcurl */

/** What no option changes: TLS 1.3, this CA and no other, no detours. */
static bool
set_fixed(CURL *curl)
{
    return curl_easy_setopt(curl, CURLOPT_SSLVERSION,
                            (long)CURL_SSLVERSION_TLSv1_3 |
                                (long)CURL_SSLVERSION_MAX_TLSv1_3) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROXY, "*") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
                            (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT,
                            "auction/" AUCTIOND_VERSION) == CURLE_OK;
}

static bool
set_files(struct auction_client *c, const struct auction_options *o)
{
    CURL *curl = c->curl;
    const char *crl = o->crl != NULL && o->crl[0] != '\0' ? o->crl : NULL;

    return curl_easy_setopt(curl, CURLOPT_SSLCERT, o->cert) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSLKEY, o->key) == CURLE_OK &&
           (c->passphrase[0] == '\0' ||
            curl_easy_setopt(curl, CURLOPT_KEYPASSWD, c->passphrase) ==
                CURLE_OK) &&
           curl_easy_setopt(curl, CURLOPT_CAINFO, o->ca) == CURLE_OK &&
           (crl == NULL ||
            curl_easy_setopt(curl, CURLOPT_CRLFILE, crl) == CURLE_OK);
}

static bool
set_rest(struct auction_client *c, const struct auction_options *o)
{
    if (o->resolve != NULL) {
        c->resolve = curl_slist_append(NULL, o->resolve);
        if (c->resolve == NULL ||
            curl_easy_setopt(c->curl, CURLOPT_RESOLVE, c->resolve) != CURLE_OK)
            return false;
    }
    return curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, c->timeout_ms) ==
               CURLE_OK &&
           curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error) == CURLE_OK;
}

/* ----------------------------------------------------------------- opening */

static bool
copy_texts(struct auction_client *c, const struct auction_options *o)
{
    size_t size;

    c->server = strdup(o->server);
    c->state_dir = o->state_dir == NULL ? NULL : strdup(o->state_dir);
    if (c->server == NULL || (o->state_dir != NULL && c->state_dir == NULL))
        return false;
    size = strlen(c->server);
    while (size > 0 && c->server[size - 1] == '/')
        c->server[--size] = '\0';
    return true;
}

static enum auction_outcome
open_client(struct auction_client *c, const struct auction_options *o,
            struct auction_result *result)
{
    c->timeout_ms = o->timeout_ms > 0 ? o->timeout_ms : TIMEOUT_MS_DEFAULT;
    c->retries = o->retries == 0  ? RETRIES_DEFAULT
                 : o->retries < 0 ? 0
                                  : o->retries;
    c->verbosity = o->verbosity;
    c->seen.root = hash_empty_root();
    if (o->server == NULL || strncmp(o->server, "https://", 8) != 0)
        return fail(result, AUCTION_USAGE,
                    "the server must be given as https://HOST:PORT");
    if (load_files(c, o, result) != AUCTION_ACCEPTED)
        return result->outcome;
    c->curl = curl_easy_init();
    if (c->curl == NULL || !copy_texts(c, o) || !set_fixed(c->curl) ||
        !set_files(c, o) || !set_rest(c, o))
        return fail(result, AUCTION_LOCAL_FAILURE,
                    "the TLS client cannot be set up");
    return result->outcome = AUCTION_ACCEPTED;
}

enum auction_outcome
auction_open(struct auction_client **out, const struct auction_options *options,
             struct auction_result *result)
{
    struct auction_client *c = calloc(1, sizeof(*c));

    CHECK(options != NULL && result != NULL);
    *out = NULL;
    result_clear(result);
    if (c == NULL)
        return fail(result, AUCTION_LOCAL_FAILURE, "out of memory");
    if (open_client(c, options, result) != AUCTION_ACCEPTED) {
        auction_close(&c);
        return result->outcome;
    }
    *out = c;
    return AUCTION_ACCEPTED;
}

void
auction_close(struct auction_client **client)
{
    struct auction_client *c = *client;

    if (c == NULL)
        return;
    curl_easy_cleanup(c->curl);
    curl_slist_free_all(c->resolve);
    EVP_PKEY_free(c->key);
    log_verifier_release(&c->log);
    quorum_release(c);
    OPENSSL_cleanse(c->passphrase, sizeof(c->passphrase));
    free(c->server);
    buf_release(&c->ca);
    free(c->state_dir);
    free(c);
    *client = NULL;
}
