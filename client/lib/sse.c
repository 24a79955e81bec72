/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-sent events: bytes to events, by the algorithm of the HTML standard,
 * section 9.2.6. Lines end with LF, CR or CRLF; an empty line ends an event.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES_MAX = 1 << 20 };

void
sse_init(struct sse *sse)
{
    *sse = (struct sse){.line = NULL};
}

void
sse_release(struct sse *sse)
{
    free(sse->line);
    free(sse->data);
    sse_init(sse);
}

static bool
append(char **text, size_t *size, size_t *capacity, const char *bytes,
       size_t count)
{
    if (*size + count + 1 > LINE_BYTES_MAX)
        return false;
    if (*size + count + 1 > *capacity) {
        size_t grown = (*size + count + 1) * 2;
        char *more = realloc(*text, grown);
        if (more == NULL)
            return false;
        *text = more;
        *capacity = grown;
    }
    memcpy(*text + *size, bytes, count);
    *size += count;
    (*text)[*size] = '\0';
    return true;
}

static bool
take_field(struct sse *sse, const char *name, const char *value)
{
    if (strcmp(name, "event") == 0)
        snprintf(sse->type, sizeof(sse->type), "%s", value);
    else if (strcmp(name, "id") == 0 && strlen(value) < sizeof(sse->id))
        snprintf(sse->id, sizeof(sse->id), "%s", value);
    else if (strcmp(name, "data") == 0)
        return append(&sse->data, &sse->data_size, &sse->data_capacity, value,
                      strlen(value)) &&
               append(&sse->data, &sse->data_size, &sse->data_capacity, "\n",
                      1);
    return true; /* `retry` and unknown fields are ignored */
}

static bool
dispatch(struct sse *sse, auction_event_visit *visit, void *context)
{
    struct auction_event event = {sse->type[0] == '\0' ? "message" : sse->type,
                                  sse->id, sse->data};
    bool goes_on = true;

    if (sse->data_size > 0) {
        sse->data[sse->data_size - 1] = '\0'; /* the last line break */
        goes_on = visit(context, &event);
    }
    sse->data_size = 0;
    sse->type[0] = '\0';
    return goes_on;
}

static bool
take_line(struct sse *sse, auction_event_visit *visit, void *context)
{
    char *line = sse->line_size == 0 ? NULL : sse->line;
    char *value;

    sse->line_size = 0;
    if (line == NULL)
        return dispatch(sse, visit, context);
    if (line[0] == ':')
        return true;
    value = strchr(line, ':');
    if (value == NULL)
        return take_field(sse, line, "");
    *value++ = '\0';
    if (*value == ' ')
        value++;
    return take_field(sse, line, value);
}

bool
sse_feed(struct sse *sse, const char *bytes, size_t size,
         auction_event_visit *visit, void *context)
{
    for (size_t i = 0; i < size; i++) {
        bool is_lf_of_crlf = sse->skips_lf && bytes[i] == '\n';

        sse->skips_lf = bytes[i] == '\r';
        if (is_lf_of_crlf)
            continue;
        if (bytes[i] != '\n' && bytes[i] != '\r') {
            if (!append(&sse->line, &sse->line_size, &sse->line_capacity,
                        &bytes[i], 1))
                return false;
            continue;
        }
        if (!take_line(sse, visit, context))
            return false;
    }
    return true;
}
