/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include "base/text.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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

int64_t
now_ms(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ----------------------------------------------------------------- results */

enum auction_outcome
fail(struct auction_result *result, enum auction_outcome outcome,
     const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(result->message, sizeof(result->message), format, arguments);
    va_end(arguments);
    return result->outcome = outcome;
}

void
result_clear(struct auction_result *result)
{
    *result = (struct auction_result){.outcome = AUCTION_LOCAL_FAILURE};
}

void
auction_result_release(struct auction_result *result)
{
    free(result->body);
    free(result->receipt);
    result_clear(result);
}

/* ----------------------------------------------------------------- opening */

static enum auction_outcome
read_file(const char *path, char **text_out, size_t *size_out,
          struct auction_result *result)
{
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    char *text = malloc(FILE_BYTES_MAX);
    size_t size;

    if (file == NULL || text == NULL) {
        free(text);
        if (file != NULL)
            fclose(file);
        return fail(result, AUCTION_LOCAL_FAILURE, "cannot read '%s': %s",
                    path == NULL ? "(no file given)" : path,
                    strerror(path == NULL ? ENOENT : errno));
    }
    size = fread(text, 1, FILE_BYTES_MAX - 1, file);
    text[size] = '\0';
    fclose(file);
    *text_out = text;
    *size_out = size;
    return AUCTION_ACCEPTED;
}

static enum auction_outcome
load_key(struct auction_client *c, const char *path,
         struct auction_result *result)
{
    struct stat info;
    char *text;
    size_t size;
    BIO *bio;

    if (path != NULL && stat(path, &info) == 0 &&
        (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return fail(result, AUCTION_LOCAL_FAILURE,
                    "key '%s' can be read by others: chmod 600 '%s'", path,
                    path);
    if (read_file(path, &text, &size, result) != AUCTION_ACCEPTED)
        return result->outcome;
    bio = BIO_new_mem_buf(text, (int)size);
    c->key =
        bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    OPENSSL_cleanse(text, size);
    free(text);
    return c->key != NULL ? AUCTION_ACCEPTED
                          : fail(result, AUCTION_LOCAL_FAILURE,
                                 "'%s' is not a private key in PEM", path);
}

static enum auction_outcome
load_cert(struct auction_client *c, const char *path,
          struct auction_result *result)
{
    char *text;
    size_t size;
    BIO *bio;
    X509 *cert;
    enum err err = ERR_SYNTAX;

    if (read_file(path, &text, &size, result) != AUCTION_ACCEPTED)
        return result->outcome;
    bio = BIO_new_mem_buf(text, (int)size);
    cert = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (cert != NULL)
        err = cert_fingerprint(&c->fp, cert);
    if (cert != NULL && X509_check_private_key(cert, c->key) != 1)
        err = ERR_UNTRUSTED;
    X509_free(cert);
    BIO_free(bio);
    free(text);
    if (err == ERR_UNTRUSTED)
        return fail(result, AUCTION_LOCAL_FAILURE,
                    "the key does not belong to certificate '%s'", path);
    return err == ERR_OK ? AUCTION_ACCEPTED
                         : fail(result, AUCTION_LOCAL_FAILURE,
                                "'%s' is not a certificate in PEM", path);
}

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

    if (o->resolve != NULL) {
        c->resolve = curl_slist_append(NULL, o->resolve);
        if (c->resolve == NULL ||
            curl_easy_setopt(curl, CURLOPT_RESOLVE, c->resolve) != CURLE_OK)
            return false;
    }
    return curl_easy_setopt(curl, CURLOPT_SSLCERT, o->cert) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSLKEY, o->key) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CAINFO, o->ca) == CURLE_OK &&
           (o->crl == NULL ||
            curl_easy_setopt(curl, CURLOPT_CRLFILE, o->crl) == CURLE_OK) &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                            o->timeout_ms > 0
                                ? o->timeout_ms
                                : TIMEOUT_MS_DEFAULT) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, c->error) == CURLE_OK;
}

static enum auction_outcome
open_client(struct auction_client *c, const struct auction_options *o,
            struct auction_result *result)
{
    if (o->server == NULL || strncmp(o->server, "https://", 8) != 0)
        return fail(result, AUCTION_USAGE,
                    "the server must be given as https://HOST:PORT");
    if (load_key(c, o->key, result) != AUCTION_ACCEPTED ||
        load_cert(c, o->cert, result) != AUCTION_ACCEPTED ||
        read_file(o->ca, &c->ca_pem, &c->ca_size, result) != AUCTION_ACCEPTED)
        return result->outcome;
    c->server = strdup(o->server);
    c->state_dir = o->state_dir == NULL ? NULL : strdup(o->state_dir);
    c->curl = curl_easy_init();
    if (c->server == NULL || c->curl == NULL ||
        (o->state_dir != NULL && c->state_dir == NULL) || !set_fixed(c->curl) ||
        !set_files(c, o))
        return fail(result, AUCTION_LOCAL_FAILURE,
                    "the TLS client cannot be set up");
    while (strlen(c->server) > 0 && c->server[strlen(c->server) - 1] == '/')
        c->server[strlen(c->server) - 1] = '\0';
    c->retries = o->retries == 0  ? RETRIES_DEFAULT
                 : o->retries < 0 ? 0
                                  : o->retries;
    c->is_verbose = o->is_verbose;
    c->seen.root = hash_empty_root();
    return result->outcome = AUCTION_ACCEPTED;
}

enum auction_outcome
auction_open(struct auction_client **out, const struct auction_options *options,
             struct auction_result *result)
{
    struct auction_client *c = calloc(1, sizeof(*c));

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
    free(c->server);
    free(c->ca_pem);
    free(c->state_dir);
    free(c);
    *client = NULL;
}

/* ------------------------------------------------------------------- calls */

struct receiving {
    struct buf body;
    struct auction_result *result;
};

static size_t
take_body(char *bytes, size_t one, size_t size, void *context)
{
    struct receiving *r = context;

    buf_add(&r->body, bytes, one * size);
    return buf_is_ok(&r->body) ? one * size : 0;
}

/** The value of a header line when it is of that name, else NULL. */
static const char *
value_of(const char *line, size_t size, const char *name)
{
    size_t length = strlen(name);

    if (size <= length || strncasecmp(line, name, length) != 0)
        return NULL;
    line += length;
    while (*line == ' ')
        line++;
    return line;
}

static size_t
take_header(char *line, size_t one, size_t size, void *context)
{
    struct receiving *r = context;
    const char *etag = value_of(line, size, "etag:");
    const char *seq = value_of(line, size, "event-seq:");

    (void)one;
    if (etag != NULL)
        snprintf(r->result->etag, sizeof(r->result->etag), "%.*s",
                 (int)strcspn(etag, "\r\n"), etag);
    if (seq != NULL)
        r->result->event_seq = strtoull(seq, NULL, 10);
    return size;
}

static struct curl_slist *
make_headers(const char *body, const char *const *headers)
{
    struct curl_slist *list = curl_slist_append(
        NULL, body == NULL ? "Accept: */*" : "Content-Type: application/json");

    for (; list != NULL && headers != NULL && *headers != NULL; headers++) {
        struct curl_slist *more = curl_slist_append(list, *headers);
        if (more == NULL) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = more;
    }
    return list;
}

/** What a failed transfer means, and in whose words. */
static enum auction_outcome
transfer_failed(struct auction_client *c, CURLcode code,
                struct auction_result *result)
{
    const char *words =
        c->error[0] != '\0' ? c->error : curl_easy_strerror(code);

    switch ((int)code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return fail(result, AUCTION_NO_CONNECTION, "%s: no connection: %s",
                    c->server, words);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return fail(result, AUCTION_NO_CONNECTION,
                    "%s: the server's certificate is not trusted: %s",
                    c->server, words);
    case CURLE_SSL_CERTPROBLEM:
        return fail(result, AUCTION_NOT_ALLOWED, "own certificate: %s", words);
    default:
        break;
    }
    /* In TLS 1.3 the server looks at our certificate after we are done: a
     * refusal comes as an alert with the first read. */
    if (strstr(words, "alert") != NULL)
        return fail(result, AUCTION_NOT_ALLOWED,
                    "the server refused our certificate: %s", words);
    if (code == CURLE_SSL_CONNECT_ERROR)
        return fail(result, AUCTION_NO_CONNECTION, "%s: %s", c->server, words);
    return fail(result, AUCTION_UNKNOWN, "%s: no answer: %s", c->server, words);
}

static CURLcode
transfer(struct auction_client *c, const char *method, const char *url,
         const char *body, struct curl_slist *headers, struct receiving *r)
{
    CURL *curl = c->curl;

    c->error[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, r);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, r);
    if (body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    } else {
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    }
    return curl_easy_perform(curl);
}

enum auction_outcome
call_once(struct auction_client *c, const char *method, const char *path,
          const char *body, const char *const *headers,
          struct auction_result *result)
{
    struct receiving r = {.result = result};
    struct curl_slist *list = make_headers(body, headers);
    char url[URL_BYTES_MAX];
    long status = 0;
    CURLcode code;

    free(result->body);
    result->body = NULL;
    if (list == NULL || snprintf(url, sizeof(url), "%s%s", c->server, path) >=
                            (int)sizeof(url)) {
        curl_slist_free_all(list);
        return fail(result, AUCTION_LOCAL_FAILURE,
                    "out of memory, or a path that is too long");
    }
    buf_init(&r.body, REPLY_BYTES_MAX);
    code = transfer(c, method, url, body, list, &r);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(list);
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    result->status = (int)status;
    result->body = r.body.bytes != NULL ? r.body.bytes : strdup("");
    result->body_size = r.body.size;
    if (c->is_verbose)
        fprintf(stderr, "%s %s %ld\n", method, path, status);
    if (result->body == NULL)
        return fail(result, AUCTION_LOCAL_FAILURE, "out of memory");
    if (code != CURLE_OK)
        return transfer_failed(c, code, result);
    return result->outcome = AUCTION_ACCEPTED;
}

static enum auction_outcome
by_status(int status)
{
    if (status >= 200 && status < 400)
        return AUCTION_ACCEPTED;
    switch (status) {
    case 403:
        return AUCTION_NOT_ALLOWED;
    case 404:
        return AUCTION_NOT_FOUND;
    case 409:
    case 412:
        return AUCTION_REFUSED;
    case 429:
    case 503:
        return AUCTION_BUSY;
    default:
        return status >= 500 ? AUCTION_UNKNOWN : AUCTION_INVALID;
    }
}

enum auction_outcome
outcome_of(struct auction_result *result)
{
    json_t *problem;
    const char *code, *title, *detail;

    result->outcome = by_status(result->status);
    if (result->outcome == AUCTION_ACCEPTED)
        return AUCTION_ACCEPTED;
    problem = json_loadb(result->body, result->body_size, 0, NULL);
    code = json_string_value(json_object_get(problem, "code"));
    title = json_string_value(json_object_get(problem, "title"));
    detail = json_string_value(json_object_get(problem, "detail"));
    snprintf(result->code, sizeof(result->code), "%s",
             code == NULL ? "" : code);
    snprintf(result->message, sizeof(result->message), "%s%s%s",
             title == NULL ? "the server refused" : title,
             detail == NULL || detail[0] == '\0' ? "" : ": ",
             detail == NULL ? "" : detail);
    result->minimum_bid =
        json_integer_value(json_object_get(problem, "minimum_bid"));
    json_decref(problem);
    return result->outcome;
}

void
back_off(int attempt)
{
    struct timespec pause = {0, 100000000L};
    uint8_t jitter = 0;

    /* Doubling from 100 ms, with up to half of it more, at random. */
    if (RAND_bytes(&jitter, 1) != 1)
        jitter = 128;
    pause.tv_nsec += pause.tv_nsec / 512 * jitter;
    pause.tv_sec = attempt > 3 ? 1L << (attempt > 8 ? 4 : attempt - 4) : 0;
    for (int i = 0; i < attempt && i < 3; i++)
        pause.tv_nsec *= 2;
    pause.tv_sec += pause.tv_nsec / 1000000000L;
    pause.tv_nsec %= 1000000000L;
    nanosleep(&pause, NULL);
}

enum auction_outcome
auction_call(struct auction_client *client, const char *method,
             const char *path, const char *body, const char *const *headers,
             struct auction_result *result)
{
    result_clear(result);
    for (int attempt = 0;; attempt++) {
        bool is_safe = strcmp(method, "GET") == 0;
        enum auction_outcome outcome =
            call_once(client, method, path, body, headers, result);

        if (outcome == AUCTION_ACCEPTED)
            outcome = outcome_of(result);
        if ((outcome != AUCTION_BUSY &&
             !(is_safe && outcome == AUCTION_UNKNOWN)) ||
            attempt == client->retries)
            return outcome;
        back_off(attempt);
    }
}
