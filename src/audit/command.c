/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/command.h"

#include <string.h>

#include "audit/checkpoint.h"
#include "audit/record_rows.h"
#include "base/text.h"

/* One own field: the member it is named after, and its place. */
struct command_field {
    enum record_member member;
    size_t offset; /* in struct signed_command */
    bool may_be_empty;
};

enum { COMMAND_FIELDS_MAX = 4 };

struct command_row {
    const char *text;
    enum record_type accepted;
    enum record_type refused;
    struct command_field fields[COMMAND_FIELDS_MAX + 1];
};

#define FIELD(member)                                                          \
    {MEMBER_##member, offsetof(struct signed_command, member), false},
#define OPTIONAL_FIELD(member)                                                 \
    {MEMBER_##member, offsetof(struct signed_command, member), true},
#define ROW(cmd, text, fields)                                                 \
    [COMMAND_##cmd] = {text,                                                   \
                       RECORD_##cmd##_ACCEPTED,                                \
                       RECORD_##cmd##_REFUSED,                                 \
                       {fields{RECORD_MEMBER_COUNT, 0, false}}},

/* The fields of a row end with RECORD_MEMBER_COUNT. */
static const struct command_row rows[COMMAND_COUNT] = {
    COMMAND_LIST(ROW, FIELD, OPTIONAL_FIELD)};

const char *
command_text(enum command_kind cmd)
{
    CHECK(cmd < COMMAND_COUNT);
    return rows[cmd].text;
}

bool
command_parse(enum command_kind *out, const char *text, size_t length)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strlen(rows[i].text) == length &&
            memcmp(rows[i].text, text, length) == 0) {
            *out = (enum command_kind)i;
            return true;
        }
    }
    return false;
}

enum record_type
command_accepted_type(enum command_kind cmd)
{
    CHECK(cmd < COMMAND_COUNT);
    return rows[cmd].accepted;
}

enum record_type
command_refused_type(enum command_kind cmd)
{
    CHECK(cmd < COMMAND_COUNT);
    return rows[cmd].refused;
}

bool
command_of_type(enum record_type type, enum command_kind *cmd_out,
                bool *accepted_out)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (type == rows[i].accepted || type == rows[i].refused) {
            *cmd_out = (enum command_kind)i;
            *accepted_out = type == rows[i].accepted;
            return true;
        }
    }
    return false;
}

static const void *
field_of(const struct signed_command *command,
         const struct command_field *field)
{
    return (const char *)command + field->offset;
}

/* -------------------------------------------------------------- own fields */

static enum command_field_kind
kind_of(const struct command_field *field)
{
    enum record_kind kind = record_rows[field->member].kind;

    if (kind == KIND_HASH)
        return COMMAND_FIELD_HASH;
    if (kind == KIND_FLAG)
        return COMMAND_FIELD_FLAG;
    if (kind == KIND_TEXT)
        return COMMAND_FIELD_TEXT;
    CHECK(kind == KIND_INT);
    return COMMAND_FIELD_INT;
}

bool
command_own_field(struct command_own *out, struct signed_command *command,
                  size_t index)
{
    const struct command_field *field = rows[command->cmd].fields;

    for (; index > 0 && field->member != RECORD_MEMBER_COUNT; index--)
        field++;
    if (field->member == RECORD_MEMBER_COUNT)
        return false;
    *out = (struct command_own){
        .name = record_rows[field->member].name,
        .kind = kind_of(field),
        .value = (char *)command + field->offset,
    };
    return true;
}

/**
 * Whether a record's member is a field of its command. A bid with a maximum
 * has a price too, but that is what it led to.
 */
static bool
is_own(const struct record *record, enum record_member member)
{
    return record_has(record, member) &&
           (member != MEMBER_price || !RECORD_HAS(record, max));
}

/** Whether two values are one; with NULL, whether this one is empty. */
static bool
value_equals(enum command_field_kind kind, const void *mine, const void *other)
{
    static const union {
        int64_t number;
        bool flag;
        struct text_ref text;
        struct hash hash;
    } empty;
    const struct text_ref *a = mine, *b = other == NULL ? &empty.text : other;

    if (other == NULL)
        other = &empty;
    switch (kind) {
    case COMMAND_FIELD_INT:
        return *(const int64_t *)mine == *(const int64_t *)other;
    case COMMAND_FIELD_FLAG:
        return *(const bool *)mine == *(const bool *)other;
    case COMMAND_FIELD_TEXT:
        return a->size == b->size &&
               (a->size == 0 || memcmp(a->bytes, b->bytes, a->size) == 0);
    case COMMAND_FIELD_HASH:
        return hash_equal(mine, other);
    }
    CHECK(false);
    return false;
}

static bool
field_agrees(const struct signed_command *command,
             const struct command_field *field, const struct record *record)
{
    enum command_field_kind kind = kind_of(field);
    const void *mine = field_of(command, field);

    if (field->member == MEMBER_uid && command->uid == 0)
        return true;
    if (is_own(record, field->member))
        return value_equals(kind, mine, record_field(record, field->member));
    return RECORD_HAS(record, reason) ||
           (field->may_be_empty && value_equals(kind, mine, NULL));
}

bool
command_agrees(const struct signed_command *command,
               const struct record *record)
{
    const struct command_field *field = rows[command->cmd].fields;

    for (; field->member != RECORD_MEMBER_COUNT; field++)
        if (!field_agrees(command, field, record))
            return false;
    return true;
}

/* ---------------------------------------------------------------- writing */

static void
add_key(struct buf *out, const char *key)
{
    buf_add_text(out, key);
    buf_add_char(out, ' ');
}

static void
add_text(struct buf *out, const char *key, const char *value)
{
    add_key(out, key);
    buf_add_text(out, value);
    buf_add_char(out, '\n');
}

static void
add_int(struct buf *out, const char *key, int64_t value)
{
    add_key(out, key);
    buf_add_i64(out, value);
    buf_add_char(out, '\n');
}

static void
add_hash(struct buf *out, const char *key, const struct hash *hash)
{
    char hex[HASH_HEX_BYTES];

    add_text(out, key, hash_hex(hex, hash));
}

/* Anything that could end the line, or is not ASCII, becomes %XX. */
static void
add_escaped(struct buf *out, const char *key, const struct text_ref *text)
{
    static const char digits[] = "0123456789ABCDEF";

    add_key(out, key);
    for (size_t i = 0; i < text->size; i++) {
        unsigned char c = (unsigned char)text->bytes[i];

        if (c >= 0x20 && c <= 0x7e && c != '%') {
            buf_add_char(out, (char)c);
            continue;
        }
        buf_add_char(out, '%');
        buf_add_char(out, digits[c >> 4]);
        buf_add_char(out, digits[c & 15]);
    }
    buf_add_char(out, '\n');
}

static void
add_field(struct buf *out, const struct signed_command *command,
          const struct command_field *field)
{
    const char *key = record_rows[field->member].name;
    enum record_kind kind = record_rows[field->member].kind;
    const void *value = field_of(command, field);

    if (kind == KIND_HASH) {
        add_hash(out, key, value);
    } else if (kind == KIND_FLAG) {
        add_int(out, key, *(const bool *)value ? 1 : 0);
    } else if (kind == KIND_TEXT) {
        if (((const struct text_ref *)value)->size > 0)
            add_escaped(out, key, value);
    } else {
        CHECK(kind == KIND_INT);
        if (!field->may_be_empty || *(const int64_t *)value != 0)
            add_int(out, key, *(const int64_t *)value);
    }
}

static bool
int_is_valid(int64_t value)
{
    return value >= 0 && value <= RECORD_INT_MAX;
}

static bool
text_is_valid(const struct text_ref *text, bool may_be_empty)
{
    return (text->size > 0 || may_be_empty) &&
           text->size <= COMMAND_WHY_BYTES_MAX &&
           (text->size == 0 || text_is_utf8(text->bytes, text->size));
}

static bool
field_is_valid(const struct signed_command *command,
               const struct command_field *field)
{
    enum record_kind kind = record_rows[field->member].kind;
    const void *value = field_of(command, field);

    if (kind == KIND_INT)
        return int_is_valid(*(const int64_t *)value);
    if (kind == KIND_TEXT)
        return text_is_valid(value, field->may_be_empty);
    return true;
}

static bool
command_is_valid(const struct signed_command *command)
{
    const struct command_field *field = rows[command->cmd].fields;

    if (!origin_is_valid(command->log, strlen(command->log)) ||
        !int_is_valid(command->auction) || !int_is_valid(command->until) ||
        command->seen.size > (uint64_t)RECORD_INT_MAX)
        return false;
    for (; field->member != RECORD_MEMBER_COUNT; field++)
        if (!field_is_valid(command, field))
            return false;
    return true;
}

enum err
command_encode(const struct signed_command *command, struct buf *out)
{
    const struct command_field *field = rows[command->cmd].fields;
    char request[2 * sizeof(command->request.bytes) + 1];
    char seen[RECORD_SEEN_BYTES];

    CHECK(command->cmd < COMMAND_COUNT && command->log != NULL);
    if (!command_is_valid(command))
        return err_set(ERR_SYNTAX, "command %s: a field that cannot be signed",
                       command_text(command->cmd));
    buf_add_text(out, "auction-command/v1\n");
    add_text(out, "log", command->log);
    add_text(out, "cmd", command_text(command->cmd));
    if (command->auction != 0)
        add_int(out, "auction", command->auction);
    if (command->has_terms)
        add_hash(out, "terms", &command->terms);
    add_hash(out, "signer", &command->signer);
    add_text(out, "request",
             text_hex(request, command->request.bytes,
                      sizeof(command->request.bytes)));
    for (; field->member != RECORD_MEMBER_COUNT; field++)
        add_field(out, command, field);
    add_int(out, "until", command->until);
    add_text(out, "seen", record_seen_text(seen, &command->seen));
    if (!buf_is_ok(out))
        return err_set(ERR_NOMEM, "command %s: no room to encode it",
                       command_text(command->cmd));
    return ERR_OK;
}

/* ----------------------------------------------------------- from records */

/* Copy one own field from the member of its name. */
static bool
take_field(struct signed_command *out, const struct record *record,
           const struct command_field *field)
{
    enum record_kind kind = record_rows[field->member].kind;
    const void *from = record_field(record, field->member);
    void *to = (char *)out + field->offset;

    if (!is_own(record, field->member))
        return field->may_be_empty;
    if (kind == KIND_HASH) {
        memcpy(to, from, sizeof(struct hash));
    } else if (kind == KIND_FLAG) {
        *(bool *)to = *(const bool *)from;
    } else if (kind == KIND_TEXT) {
        memcpy(to, from, sizeof(struct text_ref));
        return ((const struct text_ref *)to)->size > 0;
    } else {
        CHECK(kind == KIND_INT);
        *(int64_t *)to = *(const int64_t *)from;
        /* It would be left out of the signed lines. */
        return !field->may_be_empty || *(const int64_t *)to != 0;
    }
    return true;
}

enum err
command_from_record(struct signed_command *command_out,
                    const struct record *record, const char *log)
{
    const struct command_field *field;
    bool is_accepted;

    memset(command_out, 0, sizeof(*command_out));
    if (!command_of_type(record->type, &command_out->cmd, &is_accepted) ||
        !RECORD_HAS(record, sig) || !RECORD_HAS(record, actor) ||
        !record->actor.has_fp || !RECORD_HAS(record, request))
        return err_set(ERR_SYNTAX, "record %lld: not a signed command",
                       (long long)record->seq);
    command_out->log = log;
    /* A new auction has its number only from the answer. */
    if (command_out->cmd != COMMAND_CREATE && RECORD_HAS(record, auction))
        command_out->auction = record->auction;
    command_out->has_terms = record->sig.has_terms;
    command_out->terms = record->sig.terms;
    command_out->signer = record->actor.fp;
    command_out->request = record->request;
    command_out->until = record->sig.until;
    command_out->seen = record->sig.seen;
    field = rows[command_out->cmd].fields;
    for (; field->member != RECORD_MEMBER_COUNT; field++)
        if (!take_field(command_out, record, field))
            return err_set(ERR_SYNTAX, "record %lld: %s is missing",
                           (long long)record->seq,
                           record_member_text(field->member));
    if (command_out->cmd == COMMAND_BID && command_out->max == 0 &&
        command_out->price == 0)
        return err_set(ERR_SYNTAX, "record %lld: a bid of nothing",
                       (long long)record->seq);
    return ERR_OK;
}
