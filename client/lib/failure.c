/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transfer that failed, in words: who refused whom, and why; or that nobody
 * was there to refuse anything.
 */
#include "internal.h"

#include "base/instant.h"

#include <errno.h>
#include <string.h>

/** Words of libcurl and OpenSSL, and what they mean to a person. */
struct meaning {
    const char *words;
    const char *means;
};

/** Of those whose words are in the text; NULL for none. */
static const char *
meaning_of(const struct meaning *meanings, const char *text)
{
    for (; meanings->words != NULL; meanings++)
        if (strstr(text, meanings->words) != NULL)
            return meanings->means;
    return NULL;
}

/* ----------------------------------------------------- the server is refused
 */

static const struct meaning server_meanings[] = {
    {"certificate revoked", "it was revoked"},
    {"has expired", "it has expired, or this machine's clock is wrong"},
    {"not yet valid", "it is not valid yet, or this machine's clock is wrong"},
    {"subject name", "it is for another name than the address that was asked"},
    {"local issuer", "it is not of the CA that is trusted here"},
    {"self-signed", "it is not of the CA that is trusted here"},
    {"self signed", "it is not of the CA that is trusted here"},
    {"CRL has expired", "the revocation list here is out of date: fetch it "
                        "again"},
    {NULL, NULL},
};

static enum auction_outcome
refuse_server(const struct auction_client *c, const char *words,
              struct auction_result *result)
{
    const char *means = meaning_of(server_meanings, words);

    return fail(result, AUCTION_NO_CONNECTION,
                "%s: the server's certificate is not trusted: %s%s%s%s",
                c->server, means == NULL ? words : means,
                means == NULL ? "" : " (", means == NULL ? "" : words,
                means == NULL ? "" : ")");
}

/* --------------------------------------------------------- we are refused */

static const struct meaning alert_meanings[] = {
    {"alert certificate revoked", "certificate revoked"},
    {"alert certificate expired", "certificate expired"},
    {"alert unknown ca", "the server does not trust the CA of our "
                         "certificate"},
    {"alert certificate required", "the server wants a certificate"},
    {"alert certificate unknown", "the server does not accept whom our "
                                  "certificate names"},
    {"alert unsupported certificate",
     "our certificate is not one for clients of this server"},
    {"alert bad certificate", "our certificate is malformed, or its signature "
                              "is wrong"},
    {"alert access denied", "the server does not know this role or account"},
    {"alert protocol version", "the server speaks no TLS 1.3"},
    {NULL, NULL},
};

/** With the day, which an alert does not tell. */
static enum auction_outcome
refused_by_alert(const struct auction_client *c, const char *words,
                 struct auction_result *result)
{
    const char *means = meaning_of(alert_meanings, words);
    char until[INSTANT_TEXT_BYTES];

    instant_format(until, instant_of(c->not_after_ms));
    if (strstr(words, "alert certificate expired") != NULL ||
        (c->not_after_ms > 0 && c->not_after_ms <= now_ms()))
        return fail(result, AUCTION_NOT_ALLOWED,
                    "the server refused our certificate: expired on %s", until);
    return fail(result, AUCTION_NOT_ALLOWED,
                "the server refused our certificate: %s",
                means == NULL ? words : means);
}

/* -------------------------------------------------------- nobody is there */

static enum auction_outcome
not_reached(const struct auction_client *c, CURLcode code, const char *words,
            struct auction_result *result)
{
    long os_error = 0;
    const char *means = NULL;

    (void)curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &os_error);
    if (code == CURLE_COULDNT_RESOLVE_HOST)
        means = "there is no host of that name";
    else if (os_error == ECONNREFUSED)
        means = "nothing listens there";
    else if (os_error == ENETUNREACH || os_error == EHOSTUNREACH)
        means = "there is no way to that address";
    else if (code == CURLE_OPERATION_TIMEDOUT)
        means = "it does not answer";
    return fail(result, AUCTION_NO_CONNECTION, "%s: no connection: %s%s%s%s",
                c->server, means == NULL ? words : means,
                means == NULL ? "" : " (", means == NULL ? "" : words,
                means == NULL ? "" : ")");
}

/** Whether the connection was made for this transfer, not an earlier one. */
static bool
is_new_connection(const struct auction_client *c)
{
    long count = 0;

    return curl_easy_getinfo(c->curl, CURLINFO_NUM_CONNECTS, &count) ==
               CURLE_OK &&
           count > 0;
}

static bool
was_anything_sent(const struct auction_client *c)
{
    long size = 0;

    return curl_easy_getinfo(c->curl, CURLINFO_REQUEST_SIZE, &size) !=
               CURLE_OK ||
           size > 0;
}

enum auction_outcome
transfer_failed(struct auction_client *c, CURLcode code,
                struct auction_result *result)
{
    const char *words =
        c->error[0] != '\0' ? c->error : curl_easy_strerror(code);

    switch ((int)code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return refuse_server(c, words, result);
    case CURLE_SSL_CERTPROBLEM:
        return fail(result, AUCTION_NOT_ALLOWED, "own certificate: %s", words);
    default:
        break;
    }
    /* In TLS 1.3 the server looks at our certificate after we are done: a
     * refusal comes as an alert with the first read, and the request that
     * was sent with it has not been looked at. */
    if (strstr(words, "alert") != NULL && is_new_connection(c))
        return refused_by_alert(c, words, result);
    if (!was_anything_sent(c))
        return not_reached(c, code, words, result);
    return fail(result, AUCTION_UNKNOWN, "%s: no answer: %s", c->server, words);
}
