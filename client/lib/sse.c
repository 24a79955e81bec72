/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-sent events: bytes to events, by the algorithm of the HTML standard,
 * section 9.2.6. Lines end with LF, CR or CRLF; an empty line ends an event.
 */
#include "internal.h"

#include "base/text.h"

#include <string.h>

enum { LINE_BYTES_MAX = 1 << 20, RETRY_MS_MAX = 60000 };

void
sse_init(struct sse *sse)
{
    *sse = (struct sse){.retry_ms = -1};
    buf_init(&sse->line, LINE_BYTES_MAX);
    buf_init(&sse->data, LINE_BYTES_MAX);
}

void
sse_release(struct sse *sse)
{
    buf_release(&sse->line);
    buf_release(&sse->data);
    sse_init(sse);
}

void
sse_reconnect(struct sse *sse)
{
    buf_clear(&sse->line);
    buf_clear(&sse->data);
    sse->type[0] = '\0';
    memcpy(sse->id, sse->last_id, sizeof(sse->id));
    sse->skips_lf = false;
}

static void
take_retry(struct sse *sse, const char *value)
{
    uint64_t ms;

    if (text_u64(&ms, value, strlen(value)) && ms <= RETRY_MS_MAX)
        sse->retry_ms = (int64_t)ms;
}

static void
take_field(struct sse *sse, const char *name, const char *value)
{
    if (strcmp(name, "event") == 0)
        snprintf(sse->type, sizeof(sse->type), "%s", value);
    else if (strcmp(name, "id") == 0 && strlen(value) < sizeof(sse->id))
        snprintf(sse->id, sizeof(sse->id), "%s", value);
    else if (strcmp(name, "retry") == 0)
        take_retry(sse, value);
    else if (strcmp(name, "data") == 0) {
        buf_add_text(&sse->data, value);
        buf_add_char(&sse->data, '\n');
    }
}

/** An empty line. Only a whole event moves the place to resume from. */
static bool
dispatch(struct sse *sse, auction_event_visit *visit, void *context)
{
    struct auction_event event = {
        .type = sse->type[0] == '\0' ? "message" : sse->type,
        .id = sse->last_id,
        .data = sse->data.bytes,
    };
    bool goes_on = true;

    memcpy(sse->last_id, sse->id, sizeof(sse->last_id));
    if (sse->data.size > 0) {
        sse->data.bytes[sse->data.size - 1] = '\0'; /* the last line break */
        goes_on = visit(context, &event);
    }
    buf_clear(&sse->data);
    sse->type[0] = '\0';
    return goes_on;
}

static void
take_line(struct sse *sse, char *line)
{
    char *value = strchr(line, ':');

    if (value == line) /* a comment */
        return;
    if (value == NULL) {
        take_field(sse, line, "");
        return;
    }
    *value++ = '\0';
    take_field(sse, line, *value == ' ' ? value + 1 : value);
}

/** The end of a line; what it says is done. */
static bool
end_line(struct sse *sse, auction_event_visit *visit, void *context)
{
    if (sse->line.size == 0)
        return dispatch(sse, visit, context);
    take_line(sse, sse->line.bytes);
    buf_clear(&sse->line);
    return buf_is_ok(&sse->data);
}

/** How many bytes stand before the next end of a line. */
static size_t
run_of(const char *bytes, size_t size)
{
    size_t run = 0;

    while (run < size && bytes[run] != '\n' && bytes[run] != '\r')
        run++;
    return run;
}

bool
sse_feed(struct sse *sse, const char *bytes, size_t size,
         auction_event_visit *visit, void *context)
{
    size_t i = 0;

    while (i < size) {
        size_t run = run_of(bytes + i, size - i);
        bool is_lf_of_crlf = sse->skips_lf && run == 0 && bytes[i] == '\n';

        buf_add(&sse->line, bytes + i, run);
        if (!buf_is_ok(&sse->line))
            return false;
        i += run;
        sse->skips_lf = i < size && bytes[i] == '\r';
        if (i == size)
            break;
        i++;
        if (!is_lf_of_crlf && !end_line(sse, visit, context))
            return false;
    }
    return true;
}
