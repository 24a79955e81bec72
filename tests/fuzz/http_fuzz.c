/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile bytes into the HTTP parser and, as a body, into JSON and the draft
 * reader. The first byte says where the input is split.
 */
#include "engine/draft.h"
#include "http/parser.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_body(const struct http_request *request)
{
    json_t *object = json_loadb(request->body, request->body_size,
                                JSON_REJECT_DUPLICATES, NULL);
    struct draft_problem problem;
    struct draft *draft = NULL;

    if (json_is_object(object) &&
        draft_from_json(&draft, object, &problem) == ERR_OK)
        draft_destroy(&draft);
    json_decref(object);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data + 1;
    struct http_parser *parser;
    size_t at = 0, step;

    if (size < 1 || http_parser_create(&parser, 65536) != ERR_OK)
        return 0;
    size--;
    step = data[0] + 1U;
    while (at < size) {
        size_t part = size - at < step ? size - at : step, consumed = 0;
        enum http_outcome outcome =
            http_parser_feed(parser, bytes + at, part, &consumed);

        if (consumed > part)
            abort();
        at += consumed;
        if (outcome == HTTP_BROKEN)
            break;
        if (outcome == HTTP_COMPLETE) {
            read_body(http_parser_request(parser));
            http_parser_reset(parser);
        } else if (consumed == 0) {
            break;
        }
    }
    http_parser_destroy(&parser);
    return 0;
}
