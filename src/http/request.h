/* SPDX-License-Identifier: Apache-2.0 */
/**
 * request: one HTTP/1.1 request, complete and within its bounds.
 *
 * Owner   the parser that read it, until its next request.
 * Thread  one at a time.
 * Source  RFC 9110, RFC 9112.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    HTTP_HEAD_BYTES_MAX = 16384, /* request line and fields */
    HTTP_FIELDS_MAX = 64,
    HTTP_TARGET_BYTES_MAX = 2048,
    HTTP_PARAMETERS_MAX = 32,
};

enum http_method {
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_POST,
    HTTP_METHOD_PATCH,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_OPTIONS,
    HTTP_METHOD_OTHER
};

/** Name and value, terminated strings. */
struct http_pair {
    const char *name;
    const char *value;
};

struct http_request {
    enum http_method method;
    const char *path; /* as sent, without the query */
    struct http_pair parameters[HTTP_PARAMETERS_MAX]; /* decoded */
    size_t parameter_count;
    struct http_pair fields[HTTP_FIELDS_MAX]; /* names in lower case */
    size_t field_count;
    const char *body; /* NUL behind it, not counted */
    size_t body_size;
    bool has_body; /* a Content-Length or chunks, even of nothing */
    bool keep_alive;
};

/** "GET". */
const char *http_method_name(enum http_method method);

/** Value of the field, name in lower case, or NULL. */
const char *
http_request_field(const struct http_request *request, const char *name);

/** Value of a query parameter, or NULL. */
const char *
http_request_parameter(const struct http_request *request, const char *name);

#endif
