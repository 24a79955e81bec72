/* SPDX-License-Identifier: Apache-2.0 */
#include "http/request.h"

#include <string.h>

const char *
http_method_name(enum http_method method)
{
    static const char *const names[] = {"GET",    "HEAD",    "POST", "PATCH",
                                        "DELETE", "OPTIONS", "OTHER"};

    CHECK(method <= HTTP_METHOD_OTHER);
    return names[method];
}

static const char *
find(const struct http_pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    return NULL;
}

const char *
http_request_field(const struct http_request *request, const char *name)
{
    return find(request->fields, request->field_count, name);
}

const char *
http_request_parameter(const struct http_request *request, const char *name)
{
    return find(request->parameters, request->parameter_count, name);
}
