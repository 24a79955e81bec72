/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "http/parser.h"

#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 1000, COMPLETE = 200 };

/**
 * Feed `text` in two parts, split at `at`; COMPLETE, 0 for "needs more", or
 * the status of the refusal.
 */
static int
outcome_of(const char *text, size_t at)
{
    struct http_parser *p;
    enum http_outcome outcome;
    const char *why;
    size_t consumed, size = strlen(text);
    int status;

    if (http_parser_create(&p, BODY_MAX) != ERR_OK)
        abort();
    outcome = http_parser_feed(p, text, at, &consumed);
    while (outcome == HTTP_NEEDS_MORE && at < size) {
        outcome = http_parser_feed(p, text + at, size - at, &consumed);
        at += consumed;
        if (consumed == 0)
            break;
    }
    status = outcome == HTTP_COMPLETE     ? COMPLETE
             : outcome == HTTP_NEEDS_MORE ? 0
                                          : http_parser_status(p, &why);
    http_parser_destroy(&p);
    return status;
}

#define H    "Host: h\r\n"
#define GET  "GET / HTTP/1.1\r\n" H
#define POST "POST / HTTP/1.1\r\n" H

/* What each must give, however it is split. Sources: RFC 9112, and published
 * smuggling vectors. */
static const struct {
    const char *text;
    int status;
} cases[] = {
    {GET "\r\n", COMPLETE},
    {"\r\n" GET "\r\n", COMPLETE},
    {POST "Content-Length: 2\r\n\r\n{}", COMPLETE},
    {POST "Content-Length: 0\r\n\r\n", COMPLETE},
    {POST "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", COMPLETE},
    {POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: trailer\r\n\r\n",
     COMPLETE},
    {"GET /a?b=c&d=%20 HTTP/1.1\r\n" H "\r\n", COMPLETE},
    {"GET / HTTP/1.0\r\n" H "\r\n", COMPLETE},
    {POST "Content-Length: 3\r\n\r\n{}", 0},
    {"GET / HTTP/1.1\r\nHost", 0},
    {"GET / HTTP/1.1\n" H "\r\n", 400},
    {GET "X: a\nY: b\r\n\r\n", 400},
    {GET "X: a\rY: b\r\n\r\n", 400},
    {GET "X: a\r\n b\r\n\r\n", 400},
    {GET " X: a\r\n\r\n", 400},
    {GET "X : a\r\n\r\n", 400},
    {GET "X\r\n\r\n", 400},
    {GET ": a\r\n\r\n", 400},
    {GET "X: \001\r\n\r\n", 400},
    {GET "X: \177\r\n\r\n", 400},
    {GET "X@: a\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n\r\n", 400},
    {GET H "\r\n", 400},
    {"GET /\r\n" H "\r\n", 400},
    {"GET\r\n" H "\r\n", 400},
    {"\r\n\r\n\r\n" GET "\r\n", 400},
    {"GET / HTTP/2.0\r\n" H "\r\n", 505},
    {"GET / HTTP/0.9\r\n" H "\r\n", 505},
    {"GET / HTTP/1.2\r\n" H "\r\n", 505},
    {"GET / http/1.1\r\n" H "\r\n", 400},
    {"GET / HTTP/1.1 \r\n" H "\r\n", 400},
    {"GET  / HTTP/1.1\r\n" H "\r\n", 400},
    {"get / HTTP/1.1\r\n" H "\r\n", 400},
    {"GET http://h/ HTTP/1.1\r\n" H "\r\n", 400},
    {"GET a HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /?%zz HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /?%00 HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /?% HTTP/1.1\r\n" H "\r\n", 400},
    {POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400},
    {POST "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
    {POST "Content-Length: +2\r\n\r\n{}", 400},
    {POST "Content-Length: -2\r\n\r\n{}", 400},
    {POST "Content-Length: 0x2\r\n\r\n{}", 400},
    {POST "Content-Length: 2 2\r\n\r\n{}", 400},
    {POST "Content-Length: 2,2\r\n\r\n{}", 400},
    {POST "Content-Length: \r\n\r\n{}", 400},
    {POST "Content-Length: 99999999999999999999\r\n\r\n{}", 400},
    {POST "Content-Length: 1001\r\n\r\n", 413},
    {POST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400},
    {POST "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
     400},
    {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
          "0\r\n\r\n",
     400},
    {POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
    {POST "Transfer-Encoding: identity\r\n\r\n", 400},
    {"POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400},
    {POST "Transfer-Encoding: chunked\r\n\r\nz\r\n{}\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 0},
};

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static void
each_case_has_its_status(void)
{
    for (size_t i = 0; i < CASES; i++) {
        int status = outcome_of(cases[i].text, strlen(cases[i].text));
        if (status != cases[i].status)
            printf("# case %zu gives %d, not %d\n", i, status, cases[i].status);
        CU_ASSERT_EQUAL(status, cases[i].status);
    }
}

static void
a_split_at_any_byte_changes_nothing(void)
{
    for (size_t i = 0; i < CASES; i++)
        for (size_t at = 0; at <= strlen(cases[i].text); at++)
            CU_ASSERT_EQUAL(outcome_of(cases[i].text, at), cases[i].status);
}

static void
sizes_beyond_their_bounds_are_told_apart(void)
{
    static char text[40000];

    snprintf(text, sizeof(text), "GET /%02500d HTTP/1.1\r\n" H "\r\n", 0);
    CU_ASSERT_EQUAL(outcome_of(text, strlen(text)), 414);
    snprintf(text, sizeof(text), GET "X: %020000d\r\n\r\n", 0);
    CU_ASSERT_EQUAL(outcome_of(text, strlen(text)), 431);
    strcpy(text, GET);
    for (int i = 0; i < 64; i++)
        strcat(text, "X: a\r\n");
    strcat(text, "\r\n");
    CU_ASSERT_EQUAL(outcome_of(text, strlen(text)), 431);
    snprintf(text, sizeof(text),
             POST "Transfer-Encoding: chunked\r\n\r\n3e9\r\n%01001d\r\n0\r\n"
                  "\r\n",
             0);
    CU_ASSERT_EQUAL(outcome_of(text, strlen(text)), 413);
}

static void
a_request_is_taken_apart(void)
{
    static const char text[] =
        "POST /v1/x?a=1&b=%41+c HTTP/1.1\r\nHost: h\r\nX-Thing:  v \r\n"
        "Content-Length: 4\r\n\r\nbodyGET ";
    struct http_parser *p;
    size_t consumed;

    CU_ASSERT_EQUAL(http_parser_create(&p, BODY_MAX), ERR_OK);
    CU_ASSERT_EQUAL(http_parser_feed(p, text, sizeof(text) - 1, &consumed),
                    HTTP_COMPLETE);
    CU_ASSERT_EQUAL(consumed, sizeof(text) - 1 - 4);
    const struct http_request *r = http_parser_request(p);
    CU_ASSERT_EQUAL(r->method, HTTP_METHOD_POST);
    CU_ASSERT_STRING_EQUAL(r->path, "/v1/x");
    CU_ASSERT_STRING_EQUAL(http_request_parameter(r, "a"), "1");
    CU_ASSERT_STRING_EQUAL(http_request_parameter(r, "b"), "A c");
    CU_ASSERT_STRING_EQUAL(http_request_field(r, "x-thing"), "v");
    CU_ASSERT_EQUAL(r->body_size, 4);
    CU_ASSERT_EQUAL(memcmp(r->body, "body", 4), 0);
    CU_ASSERT(r->keep_alive);
    http_parser_destroy(&p);
}

static void
pipelined_requests_come_one_by_one(void)
{
    static const char text[] =
        GET "\r\n" POST "Content-Length: 1\r\n\r\nx" GET "\r\n";
    struct http_parser *p;
    size_t at = 0, consumed, count = 0;

    CU_ASSERT_EQUAL(http_parser_create(&p, BODY_MAX), ERR_OK);
    while (at < sizeof(text) - 1) {
        CU_ASSERT_EQUAL(
            http_parser_feed(p, text + at, sizeof(text) - 1 - at, &consumed),
            HTTP_COMPLETE);
        at += consumed;
        count++;
        http_parser_reset(p);
    }
    CU_ASSERT_EQUAL(count, 3);
    CU_ASSERT(http_parser_is_idle(p));
    http_parser_destroy(&p);
}

SUITE("http", NULL, NULL, TEST(each_case_has_its_status),
      TEST(a_split_at_any_byte_changes_nothing),
      TEST(sizes_beyond_their_bounds_are_told_apart),
      TEST(a_request_is_taken_apart), TEST(pipelined_requests_come_one_by_one))
