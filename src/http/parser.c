/* SPDX-License-Identifier: Apache-2.0 */
#include "http/parser.h"

#include "base/buf.h"

#include <ctype.h>
#include <llhttp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    /* Chunk sizes and trailers may take this much beside the body. */
    FRAMING_BYTES_MAX = 65536,
    EMPTY_BYTES_MAX = 4,
};

enum stage { STAGE_HEAD, STAGE_BODY, STAGE_COMPLETE, STAGE_BROKEN };

/** Where a string lies in the copy of the head. */
struct span {
    size_t at;
    size_t size;
};

struct http_parser {
    llhttp_t llhttp;
    enum stage stage;
    struct buf head; /* raw header block, later its strings in place */
    struct buf body;
    size_t skipped;  /* bytes of empty lines before the request */
    size_t body_raw; /* bytes fed since the head, framing included */
    struct span target;
    struct span names[HTTP_FIELDS_MAX];
    struct span values[HTTP_FIELDS_MAX];
    size_t field_count;
    bool is_complete;
    bool continue_sent;
    int status;
    const char *why;
    struct http_request request;
};

static bool
broken(struct http_parser *p, int status, const char *why)
{
    p->stage = STAGE_BROKEN;
    p->status = status;
    p->why = why;
    return false;
}

/* ----------------------------------------------------- llhttp's callbacks */

static struct http_parser *
of(llhttp_t *llhttp)
{
    return llhttp->data;
}

/** Extend a span by bytes that lie in the head. */
static void
extend(struct http_parser *p, struct span *span, const char *at, size_t size)
{
    size_t offset = (size_t)(at - p->head.bytes);

    CHECK(at >= p->head.bytes && offset + size <= p->head.size);
    if (span->size == 0)
        span->at = offset;
    span->size = offset + size - span->at;
}

static int
on_url(llhttp_t *llhttp, const char *at, size_t size)
{
    extend(of(llhttp), &of(llhttp)->target, at, size);
    return 0;
}

static int
on_field(llhttp_t *llhttp, const char *at, size_t size)
{
    struct http_parser *p = of(llhttp);

    if (p->stage != STAGE_HEAD) /* a trailer: dropped */
        return 0;
    if (p->field_count == HTTP_FIELDS_MAX)
        return -1;
    extend(p, &p->names[p->field_count], at, size);
    return 0;
}

static int
on_value(llhttp_t *llhttp, const char *at, size_t size)
{
    struct http_parser *p = of(llhttp);

    if (p->stage == STAGE_HEAD)
        extend(p, &p->values[p->field_count], at, size);
    return 0;
}

static int
on_value_complete(llhttp_t *llhttp)
{
    struct http_parser *p = of(llhttp);

    if (p->stage == STAGE_HEAD)
        p->field_count++;
    return 0;
}

static int
on_body(llhttp_t *llhttp, const char *at, size_t size)
{
    struct http_parser *p = of(llhttp);

    buf_add(&p->body, at, size);
    return buf_is_ok(&p->body) ? 0 : -1;
}

static int
on_message_complete(llhttp_t *llhttp)
{
    of(llhttp)->is_complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* -------------------------------------------------------------- the guard */

/** No control characters, no bare CR or LF, no line that begins blank. */
static bool
guard_bytes(struct http_parser *p)
{
    const unsigned char *b = (const unsigned char *)p->head.bytes;
    size_t size = p->head.size;

    for (size_t i = 0; i < size; i++) {
        if (b[i] == '\r') {
            if (i + 1 == size || b[i + 1] != '\n')
                return broken(p, 400, "a CR without LF");
            continue;
        }
        if (b[i] == '\n') {
            if (i == 0 || b[i - 1] != '\r')
                return broken(p, 400, "an LF without CR");
            if (i + 1 < size && (b[i + 1] == ' ' || b[i + 1] == '\t'))
                return broken(p, 400, "a folded or blank field line");
            continue;
        }
        if ((b[i] < 0x20 && b[i] != '\t') || b[i] == 0x7f)
            return broken(p, 400, "a control character");
    }
    return true;
}

/** Lines of the head, the empty one not counted. */
static size_t
count_lines(const struct http_parser *p)
{
    size_t lines = 0;

    for (size_t i = 0; i < p->head.size; i++)
        lines += p->head.bytes[i] == '\n';
    return lines - 1;
}

static bool
guard_request_line(struct http_parser *p)
{
    const char *line = p->head.bytes;
    const char *end = memchr(line, '\r', p->head.size);
    const char *target = memchr(line, ' ', (size_t)(end - line));
    const char *version;

    if (target == NULL)
        return broken(p, 400, "the request line has no target");
    target++;
    version = memchr(target, ' ', (size_t)(end - target));
    if (version == NULL)
        return broken(p, 400, "the request line has no version");
    if (version - target > HTTP_TARGET_BYTES_MAX)
        return broken(p, 414, "the target is longer than 2 KiB");
    version++;
    if (end - version != 8 || memcmp(version, "HTTP/", 5) != 0 ||
        !isdigit((unsigned char)version[5]) || version[6] != '.' ||
        !isdigit((unsigned char)version[7]))
        return broken(p, 400, "the version is malformed");
    if (version[5] != '1' || (version[7] != '1' && version[7] != '0'))
        return broken(p, 505, "only HTTP/1.1 is spoken here");
    return true;
}

static bool
guard(struct http_parser *p)
{
    if (!guard_bytes(p) || !guard_request_line(p))
        return false;
    if (count_lines(p) > HTTP_FIELDS_MAX + 1)
        return broken(p, 431, "more than 64 fields");
    return true;
}

/* --------------------------------------------------------------- the head */

static char *
text_of(struct http_parser *p, const struct span *span)
{
    char *text = p->head.bytes + span->at;

    text[span->size] = '\0'; /* a separator stood there */
    return text;
}

static void
trim(char *text)
{
    size_t size = strlen(text);

    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
        text[--size] = '\0';
}

static bool
make_fields(struct http_parser *p)
{
    struct http_request *r = &p->request;

    for (size_t i = 0; i < p->field_count; i++) {
        char *name = text_of(p, &p->names[i]);
        static char nothing[1];
        char *value =
            p->values[i].size == 0 ? nothing : text_of(p, &p->values[i]);
        if (name[0] == '\0')
            return broken(p, 400, "a field without a name");
        for (char *c = name; *c != '\0'; c++)
            *c = (char)tolower((unsigned char)*c);
        trim(value);
        r->fields[i] = (struct http_pair){name, value};
    }
    r->field_count = p->field_count;
    return true;
}

static size_t
count_fields(const struct http_request *r, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < r->field_count; i++)
        count += strcmp(r->fields[i].name, name) == 0;
    return count;
}

/** One Host; one framing of the body, and none we do not know. */
static bool
check_framing(struct http_parser *p)
{
    const struct http_request *r = &p->request;
    const char *coding = http_request_field(r, "transfer-encoding");
    size_t lengths = count_fields(r, "content-length");

    if (count_fields(r, "host") != 1)
        return broken(p, 400, "exactly one Host is needed");
    if (lengths > 1 || count_fields(r, "transfer-encoding") > 1)
        return broken(p, 400, "the body is framed twice");
    if (coding == NULL)
        return true;
    if (lengths != 0)
        return broken(p, 400, "Content-Length beside Transfer-Encoding");
    if (p->llhttp.http_minor == 0)
        return broken(p, 400, "Transfer-Encoding in HTTP/1.0");
    if (strcasecmp(coding, "chunked") != 0)
        return broken(p, 501, "only the chunked coding is known");
    return true;
}

/* ------------------------------------------------------------- the target */

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/** Percent-decode in place; false for a broken or a NUL escape. */
static bool
decode(char *text)
{
    char *out = text;

    for (const char *in = text; *in != '\0'; in++) {
        if (*in == '+') {
            *out++ = ' ';
            continue;
        }
        if (*in != '%') {
            *out++ = *in;
            continue;
        }
        int high = hex_value(in[1]);
        int low = high < 0 ? -1 : hex_value(in[2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *out++ = (char)(high << 4 | low);
        in += 2;
    }
    *out = '\0';
    return true;
}

static bool
make_parameters(struct http_parser *p, char *query)
{
    struct http_request *r = &p->request;
    char *rest = query;

    while (rest != NULL && *rest != '\0') {
        char *item = strsep(&rest, "&");
        char *value = strchr(item, '=');
        static char nothing[1];

        if (r->parameter_count == HTTP_PARAMETERS_MAX)
            return broken(p, 400, "too many query parameters");
        if (value != NULL)
            *value++ = '\0';
        else
            value = nothing;
        if (!decode(item) || (*value != '\0' && !decode(value)))
            return broken(p, 400, "a broken escape in the query");
        r->parameters[r->parameter_count++] = (struct http_pair){item, value};
    }
    return true;
}

static bool
make_target(struct http_parser *p)
{
    char *target = text_of(p, &p->target);
    char *query = strchr(target, '?');

    if (p->target.size == 0 || (target[0] != '/' && strcmp(target, "*") != 0))
        return broken(p, 400, "the target is not a path");
    if (query != NULL)
        *query++ = '\0';
    p->request.path = target;
    return make_parameters(p, query);
}

static enum http_method
method_of(uint8_t method)
{
    switch (method) {
    case HTTP_GET:
        return HTTP_METHOD_GET;
    case HTTP_HEAD:
        return HTTP_METHOD_HEAD;
    case HTTP_POST:
        return HTTP_METHOD_POST;
    case HTTP_PATCH:
        return HTTP_METHOD_PATCH;
    case HTTP_DELETE:
        return HTTP_METHOD_DELETE;
    case HTTP_OPTIONS:
        return HTTP_METHOD_OPTIONS;
    default:
        return HTTP_METHOD_OTHER;
    }
}

/** Run llhttp; what it takes for an error is one. */
static bool
execute(struct http_parser *p, const char *bytes, size_t size,
        size_t *consumed_out)
{
    llhttp_errno_t outcome = llhttp_execute(&p->llhttp, bytes, size);

    *consumed_out = size;
    if (outcome == HPE_OK)
        return true;
    if (outcome == HPE_PAUSED && p->is_complete) {
        *consumed_out = (size_t)(llhttp_get_error_pos(&p->llhttp) - bytes);
        return true;
    }
    if (!buf_is_ok(&p->body))
        return broken(p, 413, "the body is larger than its bound");
    return broken(p, 400, llhttp_errno_name(outcome));
}

static bool
parse_head(struct http_parser *p)
{
    size_t consumed;
    struct http_request *r = &p->request;

    if (!guard(p) || !execute(p, p->head.bytes, p->head.size, &consumed))
        return false;
    if (consumed != p->head.size)
        return broken(p, 400, "bytes behind the head");
    r->method = method_of(p->llhttp.method);
    r->keep_alive = llhttp_should_keep_alive(&p->llhttp) == 1;
    if (!make_fields(p) || !check_framing(p) || !make_target(p))
        return false;
    r->has_body = http_request_field(r, "content-length") != NULL ||
                  http_request_field(r, "transfer-encoding") != NULL;
    if (p->llhttp.content_length > p->body.bytes_max && !p->is_complete &&
        http_request_field(r, "content-length") != NULL)
        return broken(p, 413, "the body is larger than its bound");
    p->stage = STAGE_BODY;
    return true;
}

/* ------------------------------------------------------------------ feeding */

/** Copy up to the end of the header block; whether it has ended. */
static bool
collect_head(struct http_parser *p, const char *bytes, size_t size,
             size_t *consumed_out)
{
    size_t before = p->head.size;
    size_t from = before < 3 ? 0 : before - 3;
    size_t room = HTTP_HEAD_BYTES_MAX - before;
    size_t taken = size < room ? size : room;
    const char *end;

    buf_add(&p->head, bytes, taken);
    *consumed_out = taken;
    if (!buf_is_ok(&p->head)) {
        broken(p, 503, "no memory for a request");
        return false;
    }
    end = memmem(p->head.bytes + from, p->head.size - from, "\r\n\r\n", 4);
    if (end == NULL) {
        if (p->head.size == HTTP_HEAD_BYTES_MAX)
            broken(p, 431, "the header block is larger than 16 KiB");
        /* Refuse at once what can never become a request line. */
        else if (memchr(p->head.bytes, '\0', p->head.size) != NULL)
            broken(p, 400, "a NUL in the head");
        return false;
    }
    *consumed_out = (size_t)(end + 4 - p->head.bytes) - before;
    p->head.size = (size_t)(end + 4 - p->head.bytes);
    p->head.bytes[p->head.size] = '\0';
    return true;
}

/** RFC 9112 section 2.2: up to two empty lines before a request. */
static size_t
skip_empty_lines(struct http_parser *p, const char *bytes, size_t size)
{
    size_t skipped = 0;

    while (p->head.size == 0 && skipped < size &&
           p->skipped < EMPTY_BYTES_MAX &&
           bytes[skipped] == (p->skipped % 2 == 0 ? '\r' : '\n')) {
        p->skipped++;
        skipped++;
    }
    return skipped;
}

static void
finish(struct http_parser *p)
{
    static const char nothing[1];

    p->request.body = p->body.size == 0 ? nothing : p->body.bytes;
    p->request.body_size = p->body.size;
    p->stage = STAGE_COMPLETE;
}

static enum http_outcome
outcome_of(const struct http_parser *p)
{
    if (p->stage == STAGE_BROKEN)
        return HTTP_BROKEN;
    return p->stage == STAGE_COMPLETE ? HTTP_COMPLETE : HTTP_NEEDS_MORE;
}

enum http_outcome
http_parser_feed(struct http_parser *p, const char *bytes, size_t size,
                 size_t *consumed_out)
{
    size_t consumed = 0;

    *consumed_out = 0;
    if (p->stage == STAGE_HEAD && size > 0) {
        size_t skipped = skip_empty_lines(p, bytes, size);
        bytes += skipped;
        size -= skipped;
        *consumed_out = skipped;
        bool has_head = collect_head(p, bytes, size, &consumed);
        *consumed_out += consumed;
        if (!has_head || !parse_head(p))
            return outcome_of(p);
        if (p->is_complete)
            finish(p);
        bytes += consumed;
        size -= consumed;
    }
    if (p->stage == STAGE_BODY && size > 0) {
        p->body_raw += size;
        if (!execute(p, bytes, size, &consumed))
            return HTTP_BROKEN;
        *consumed_out += consumed;
        if (p->is_complete)
            finish(p);
        else if (p->body_raw > p->body.bytes_max + FRAMING_BYTES_MAX)
            broken(p, 413, "the body is larger than its bound");
    }
    return outcome_of(p);
}

/* --------------------------------------------------------------- life cycle */

enum err
http_parser_create(struct http_parser **out, size_t body_bytes_max)
{
    struct http_parser *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return err_set(ERR_NOMEM, "no memory for a request");
    buf_init(&p->head, HTTP_HEAD_BYTES_MAX);
    buf_init(&p->body, body_bytes_max);
    http_parser_reset(p);
    *out = p;
    return ERR_OK;
}

void
http_parser_destroy(struct http_parser **out)
{
    if (*out == NULL)
        return;
    buf_release(&(*out)->head);
    buf_release(&(*out)->body);
    free(*out);
    *out = NULL;
}

void
http_parser_reset(struct http_parser *p)
{
    buf_clear(&p->head);
    buf_clear(&p->body);
    llhttp_init(&p->llhttp, HTTP_REQUEST, &settings);
    p->llhttp.data = p;
    p->stage = STAGE_HEAD;
    p->skipped = p->body_raw = p->field_count = 0;
    p->target = (struct span){0, 0};
    memset(p->names, 0, sizeof(p->names));
    memset(p->values, 0, sizeof(p->values));
    p->is_complete = p->continue_sent = false;
    p->request = (struct http_request){.path = NULL};
}

const struct http_request *
http_parser_request(const struct http_parser *p)
{
    CHECK(p->stage == STAGE_COMPLETE);
    return &p->request;
}

bool
http_parser_is_idle(const struct http_parser *p)
{
    return p->stage == STAGE_HEAD && p->head.size == 0 && p->skipped == 0;
}

bool
http_parser_wants_continue(struct http_parser *p)
{
    const char *expect;

    if (p->stage != STAGE_BODY || p->continue_sent)
        return false;
    expect = http_request_field(&p->request, "expect");
    p->continue_sent = true;
    return expect != NULL && strcasecmp(expect, "100-continue") == 0;
}

int
http_parser_status(const struct http_parser *p, const char **why_out)
{
    CHECK(p->stage == STAGE_BROKEN);
    *why_out = p->why;
    return p->status;
}
