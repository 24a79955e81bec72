/* SPDX-License-Identifier: Apache-2.0 */
/**
 * parser: bytes to requests, strictly framed.
 *
 * llhttp in strict mode, behind a guard of our own that sees the whole
 * header block first: no bare CR or LF, no control characters, no folded
 * line, at most 64 fields in 16 KiB, exactly one Host, one framing of the
 * body. After an error the connection is answered once and closed, never
 * resynchronised.
 *
 * A parser costs memory only while a request is in progress: make one at the
 * first byte, destroy it when http_parser_is_idle.
 *
 * Thread  one at a time.
 * Source  RFC 9112 sections 2.2, 3, 5, 6 and 11 (smuggling).
 */
#ifndef HTTP_PARSER_H
#define HTTP_PARSER_H

#include "http/request.h"

struct http_parser;

enum http_outcome {
    HTTP_NEEDS_MORE, /* all bytes were taken */
    HTTP_COMPLETE,   /* a request is there; feed the rest afterwards */
    HTTP_BROKEN,     /* see http_parser_status */
};

/** ERR_OK or ERR_NOMEM. */
MUST_CHECK enum err
http_parser_create(struct http_parser **out, size_t body_bytes_max);
void http_parser_destroy(struct http_parser **parser);

/**
 * Take bytes until a request is complete.
 *
 * consumed_out  how many were taken
 */
enum http_outcome
http_parser_feed(struct http_parser *parser, const char *bytes, size_t size,
                 size_t *consumed_out);

/** The complete request; borrowed until http_parser_reset or destroy. */
const struct http_request *
http_parser_request(const struct http_parser *parser);

/** Forget the request and be ready for the next. */
void http_parser_reset(struct http_parser *parser);

/** Nothing of a further request has come. */
bool http_parser_is_idle(const struct http_parser *parser);

/**
 * Whether the client waits for "100 Continue"; true once a request, then the
 * caller sends it.
 */
bool http_parser_wants_continue(struct http_parser *parser);

/** After HTTP_BROKEN: the status to answer with, and why, a literal. */
int http_parser_status(const struct http_parser *parser, const char **why_out);

#endif
