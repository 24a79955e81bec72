/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call over libcurl, and its attempts.
 */
#include "internal.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RETRY_AFTER_S_MAX = 3600 };

/* ----------------------------------------------------------------- headers */

struct receiving {
    struct auction_client *client;
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

/** The value of a header line of that name, cut to fit; false for others. */
static bool
take_value(char *out, size_t capacity, const char *line, size_t size,
           const char *name)
{
    size_t length = strlen(name);
    size_t end = size;

    if (size <= length || strncasecmp(line, name, length) != 0 ||
        line[length] != ':')
        return false;
    for (length++; length < size && line[length] == ' ';)
        length++;
    while (end > length && (line[end - 1] == '\r' || line[end - 1] == '\n'))
        end--;
    snprintf(out, capacity, "%.*s", (int)(end - length), line + length);
    return true;
}

static size_t
take_header(char *line, size_t one, size_t size, void *context)
{
    struct receiving *r = context;
    struct auction_result *result = r->result;
    char text[24];
    uint64_t number;

    (void)one;
    if (r->client->verbosity > 1)
        fprintf(stderr, "< %.*s", (int)size, line);
    (void)take_value(result->etag, sizeof(result->etag), line, size, "ETag");
    if (take_value(text, sizeof(text), line, size, "Event-Seq") &&
        text_u64(&number, text, strlen(text)))
        result->event_seq = number;
    if (take_value(text, sizeof(text), line, size, "Retry-After") &&
        text_u64(&number, text, strlen(text)) && number <= RETRY_AFTER_S_MAX)
        result->retry_after_s = (int)number;
    return size;
}

static bool
add_header(struct curl_slist **list, const char *header)
{
    struct curl_slist *more = curl_slist_append(*list, header);

    if (more != NULL)
        *list = more;
    return more != NULL;
}

static bool
has_content_type(const char *const *headers)
{
    for (; headers != NULL && *headers != NULL; headers++)
        if (strncasecmp(*headers, "Content-Type:", 13) == 0)
            return true;
    return false;
}

static struct curl_slist *
make_headers(const char *body, const char *const *headers)
{
    struct curl_slist *list = NULL;
    bool is_good = add_header(&list, "Accept: */*");

    if (is_good && body != NULL && !has_content_type(headers))
        is_good = add_header(&list, "Content-Type: application/json");
    for (; is_good && headers != NULL && *headers != NULL; headers++)
        is_good = add_header(&list, *headers);
    if (!is_good) {
        curl_slist_free_all(list);
        return NULL;
    }
    return list;
}

/* ---------------------------------------------------------------- transfer */

static bool
set_method(CURL *curl, const char *method, const char *body)
{
    if (strcmp(method, "HEAD") == 0 && body == NULL)
        return curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, NULL) ==
                   CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_NOBODY, 1L) == CURLE_OK;
    if (body == NULL)
        return curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method) ==
                   CURLE_OK;
    return curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body)) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) == CURLE_OK;
}

static bool
set_call(CURL *curl, const char *url, struct curl_slist *headers,
         struct receiving *r)
{
    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, r) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, r) == CURLE_OK;
}

/** Forget the last attempt; the key stays. */
static void
begin_attempt(struct auction_client *c, struct auction_result *result)
{
    free(result->body);
    result->body = NULL;
    result->body_size = 0;
    result->status = 0;
    result->retry_after_s = 0;
    result->code[0] = result->message[0] = result->request_id[0] = '\0';
    result->is_verified = false;
    c->error[0] = '\0';
}

/** Perform what has been set; the answer goes to the result. */
static enum auction_outcome
perform(struct auction_client *c, struct receiving *r)
{
    struct auction_result *result = r->result;
    CURLcode code = curl_easy_perform(c->curl);
    long status = 0;

    if (code == CURLE_OK)
        code = curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        buf_release(&r->body);
        return transfer_failed(c, code, result);
    }
    result->status = (int)status;
    result->body = r->body.bytes != NULL ? r->body.bytes : strdup("");
    result->body_size = r->body.size;
    if (result->body == NULL)
        return fail(result, AUCTION_UNKNOWN, "out of memory for the answer");
    return result->outcome = AUCTION_ACCEPTED;
}

enum auction_outcome
call_once(struct auction_client *c, const char *method, const char *path,
          const char *body, const char *const *headers,
          struct auction_result *result)
{
    struct receiving r = {.client = c, .result = result};
    struct curl_slist *list = make_headers(body, headers);
    char url[URL_BYTES_MAX];

    CHECK(path[0] == '/');
    begin_attempt(c, result);
    buf_init(&r.body, REPLY_BYTES_MAX);
    if (snprintf(url, sizeof(url), "%s%s", c->server, path) >=
        (int)sizeof(url)) {
        curl_slist_free_all(list);
        return fail(result, AUCTION_USAGE, "the path is too long");
    }
    if (list == NULL || !set_method(c->curl, method, body) ||
        !set_call(c->curl, url, list, &r))
        fail(result, AUCTION_LOCAL_FAILURE, "the request cannot be made");
    else
        perform(c, &r);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(list);
    if (c->verbosity > 0)
        fprintf(stderr, "%s %s%s %d\n", method, c->server, path,
                result->status);
    return result->outcome;
}

/* ------------------------------------------------------------------- calls */

static bool
is_read(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/** A read has no outcome to be unknown: there was no answer, or no good one. */
static void
settle_read(struct auction_result *result)
{
    if (result->outcome == AUCTION_UNKNOWN)
        result->outcome =
            result->status >= 500 ? AUCTION_BUSY : AUCTION_NO_CONNECTION;
}

enum { CALL_HEADERS_MAX = 32 };

/** The caller's headers and, for a POST without one, a request key. */
struct call_headers {
    const char *at[CALL_HEADERS_MAX + 2];
    char key[64];
};

static enum auction_outcome
make_call_headers(struct call_headers *out, const char *method,
                  const char *const *headers, struct auction_result *result)
{
    static const char name[] = "Idempotency-Key:";
    bool needs_key = strcmp(method, "POST") == 0;
    size_t count = 0;

    for (; headers != NULL && headers[count] != NULL; count++) {
        if (count == CALL_HEADERS_MAX)
            return fail(result, AUCTION_USAGE, "too many headers");
        out->at[count] = headers[count];
        needs_key =
            needs_key && strncasecmp(headers[count], name, strlen(name)) != 0;
    }
    if (needs_key) {
        if (!auction_make_key(result->key))
            return fail(result, AUCTION_LOCAL_FAILURE, "no random bytes");
        snprintf(out->key, sizeof(out->key), "%s %s", name, result->key);
        out->at[count++] = out->key;
    }
    out->at[count] = NULL;
    return AUCTION_ACCEPTED;
}

enum auction_outcome
auction_call(struct auction_client *client, const char *method,
             const char *path, const char *body, const char *const *headers,
             struct auction_result *result)
{
    struct call_headers all;

    result_clear(result);
    if (path[0] != '/')
        return fail(result, AUCTION_USAGE, "a path begins with '/'");
    if (make_call_headers(&all, method, headers, result) != AUCTION_ACCEPTED)
        return result->outcome;
    for (int attempt = 0;; attempt++) {
        enum auction_outcome outcome =
            call_once(client, method, path, body, all.at, result);

        if (outcome == AUCTION_ACCEPTED)
            outcome = outcome_of(result);
        if ((outcome != AUCTION_BUSY &&
             !(is_read(method) && outcome == AUCTION_UNKNOWN)) ||
            attempt == client->retries)
            break;
        back_off_call(attempt, result);
    }
    if (is_read(method))
        settle_read(result);
    return result->outcome;
}
