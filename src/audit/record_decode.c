/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/record.h"

#include "audit/canon_read.h"
#include "audit/record_rows.h"

/* Longest word of the closed lists: types, kinds, algorithms. */
enum { WORD_BYTES_MAX = 40 };

/* One decoding: the cursor, and where texts and awards are kept. */
struct decoder {
    struct canon_read in;
    struct record_text *text;
};

static bool
refuse(struct decoder *decoder, const char *problem)
{
    canon_read_fail(&decoder->in, problem);
    return false;
}

static bool
get_text(struct decoder *decoder, struct text_ref *out)
{
    struct record_text *text = decoder->text;
    char *room = text->bytes + text->used;
    size_t size;

    CHECK(text->used <= sizeof(text->bytes));
    if (!canon_read_text(&decoder->in, room, sizeof(text->bytes) - text->used,
                         &size))
        return false;
    text->used += size;
    *out = (struct text_ref){room, size};
    return true;
}

/* A word of a closed list, not kept. */
static bool
get_word(struct decoder *decoder, char word[WORD_BYTES_MAX], size_t *size)
{
    return canon_read_text(&decoder->in, word, WORD_BYTES_MAX, size);
}

static bool
get_type(struct decoder *decoder, enum record_type *out)
{
    char word[WORD_BYTES_MAX];
    size_t size;

    return get_word(decoder, word, &size) &&
           (record_type_parse(out, word, size) ||
            refuse(decoder, "an unknown type"));
}

static bool
get_vis(struct decoder *decoder, enum record_vis *out)
{
    char word[WORD_BYTES_MAX];
    size_t size;

    return get_word(decoder, word, &size) &&
           (record_vis_parse(out, word, size) ||
            refuse(decoder, "an unknown vis"));
}

static bool
get_flag(struct decoder *decoder, bool *out)
{
    int64_t value;

    if (!canon_read_int(&decoder->in, &value))
        return false;
    *out = value == 1;
    return value == 0 || value == 1 || refuse(decoder, "a flag is 0 or 1");
}

/* The next member of a nested object must have this name. */
static bool
get_name(struct decoder *decoder, const char *name)
{
    const char *found;
    size_t size;

    if (!canon_read_name(&decoder->in, &found, &size))
        return refuse(decoder, "a nested member is missing");
    return (size == strlen(name) && memcmp(found, name, size) == 0) ||
           refuse(decoder, "an unknown or missing nested member");
}

/* The same for a name that may be missing: then nothing is read. */
static bool
has_name(struct decoder *decoder, const char *quoted)
{
    const struct canon_read *in = &decoder->in;
    size_t size = strlen(quoted);

    return in->problem == NULL && in->size - in->at >= size &&
           memcmp(in->bytes + in->at, quoted, size) == 0;
}

/* The nested object ends here. */
static bool
get_end(struct decoder *decoder)
{
    const char *name;
    size_t size;

    return !canon_read_name(&decoder->in, &name, &size) ||
           refuse(decoder, "an unknown nested member");
}

static bool
get_actor(struct decoder *decoder, struct record_actor *out)
{
    struct canon_read *in = &decoder->in;
    char word[WORD_BYTES_MAX];
    size_t size;

    if (!canon_read_object(in))
        return false;
    out->has_fp = has_name(decoder, "\"fp\"");
    if (out->has_fp && (!get_name(decoder, "fp") ||
                        !canon_read_hex(in, out->fp.bytes, HASH_BYTES)))
        return false;
    if (!get_name(decoder, "kind") || !get_word(decoder, word, &size))
        return false;
    if (!record_actor_parse(&out->kind, word, size))
        return refuse(decoder, "an unknown kind of actor");
    out->has_uid = has_name(decoder, ",\"uid\"");
    if (out->has_uid &&
        (!get_name(decoder, "uid") || !canon_read_int(in, &out->uid)))
        return false;
    return get_end(decoder);
}

static bool
get_seen(struct decoder *decoder, struct record_seen *out)
{
    char text[RECORD_SEEN_BYTES];
    size_t size;

    return canon_read_text(&decoder->in, text, sizeof(text), &size) &&
           (record_seen_parse(out, text, size) ||
            refuse(decoder, "not a seen head"));
}

static bool
get_alg(struct decoder *decoder, enum sig_alg *out)
{
    char word[WORD_BYTES_MAX];
    size_t size;

    return get_word(decoder, word, &size) &&
           (sig_alg_parse(out, word, size) ||
            refuse(decoder, "an unknown algorithm"));
}

static bool
get_sig(struct decoder *decoder, struct record_sig *out)
{
    struct canon_read *in = &decoder->in;

    if (!canon_read_object(in) || !get_name(decoder, "alg") ||
        !get_alg(decoder, &out->alg) || !get_name(decoder, "seen") ||
        !get_seen(decoder, &out->seen))
        return false;
    out->has_terms = has_name(decoder, ",\"terms\"");
    if (out->has_terms && (!get_name(decoder, "terms") ||
                           !canon_read_hex(in, out->terms.bytes, HASH_BYTES)))
        return false;
    if (!get_name(decoder, "until") || !canon_read_int(in, &out->until) ||
        !get_name(decoder, "value") ||
        !canon_read_base64(in, out->value, sizeof(out->value),
                           &out->value_size))
        return false;
    if (out->value_size == 0)
        return refuse(decoder, "an empty signature");
    return get_end(decoder);
}

static bool
get_prev(struct decoder *decoder, struct record_prev *out)
{
    struct canon_read *in = &decoder->in;
    size_t size;

    if (!canon_read_object(in) || !get_name(decoder, "origin") ||
        !get_text(decoder, &out->origin) || !get_name(decoder, "root") ||
        !canon_read_base64(in, out->root.bytes, HASH_BYTES, &size))
        return false;
    if (size != HASH_BYTES)
        return refuse(decoder, "a root of 32 bytes is expected");
    return get_name(decoder, "size") && canon_read_int(in, &out->size) &&
           get_end(decoder);
}

static bool
get_award(struct decoder *decoder, struct record_award *out)
{
    struct canon_read *in = &decoder->in;

    return canon_read_object(in) && get_name(decoder, "price") &&
           canon_read_int(in, &out->price) && get_name(decoder, "quantity") &&
           canon_read_int(in, &out->quantity) && get_name(decoder, "uid") &&
           canon_read_int(in, &out->uid) && get_end(decoder);
}

static bool
get_awards(struct decoder *decoder, struct record_awards *out)
{
    struct record_award *items = decoder->text->awards;

    if (!canon_read_array(&decoder->in))
        return false;
    *out = (struct record_awards){items, 0};
    while (canon_read_item(&decoder->in)) {
        if (out->count == RECORD_AWARDS_MAX)
            return refuse(decoder, "too many awards");
        if (!get_award(decoder, &items[out->count]))
            return false;
        out->count++;
    }
    return decoder->in.problem == NULL;
}

static bool
get_member(struct decoder *decoder, struct record *record,
           enum record_member member)
{
    struct canon_read *in = &decoder->in;
    void *field = record_field_out(record, member);

    switch (record_rows[member].kind) {
    case KIND_INT:
        return canon_read_int(in, field);
    case KIND_FLAG:
        return get_flag(decoder, field);
    case KIND_TEXT:
        return get_text(decoder, field);
    case KIND_HASH:
        return canon_read_hex(in, field, HASH_BYTES);
    case KIND_BYTES16:
        return canon_read_hex(in, field, 16);
    case KIND_TYPE:
        return get_type(decoder, field);
    case KIND_VIS:
        return get_vis(decoder, field);
    case KIND_ACTOR:
        return get_actor(decoder, field);
    case KIND_SIG:
        return get_sig(decoder, field);
    case KIND_PREV:
        return get_prev(decoder, field);
    case KIND_AWARDS:
        return get_awards(decoder, field);
    }
    return refuse(decoder, "a kind that is not known");
}

/*
 * Place of a name in the table, searched from `from` on: names come sorted,
 * so one pass over the table serves a whole record.
 */
static size_t
find_row(size_t from, const char *name, size_t size)
{
    while (from < RECORD_MEMBER_COUNT &&
           (record_rows[from].name_size != size ||
            memcmp(record_rows[from].name, name, size) != 0))
        from++;
    return from;
}

static void
get_record(struct decoder *decoder, struct record *record)
{
    const char *name;
    size_t size, row = 0;

    canon_read_object(&decoder->in);
    while (canon_read_name(&decoder->in, &name, &size)) {
        row = find_row(row, name, size);
        if (row == RECORD_MEMBER_COUNT) {
            canon_read_fail(&decoder->in, "an unknown member");
            return;
        }
        if (!get_member(decoder, record, (enum record_member)row))
            return;
        record_mark(record, (enum record_member)row);
    }
}

static enum err
check_members(const struct record *record)
{
    struct record_flaw flaw;

    if (!RECORD_HAS(record, type))
        return err_set(ERR_SYNTAX, "record without a type");
    flaw = record_find_flaw(record);
    if (flaw.text != NULL)
        return err_set(ERR_SYNTAX, "record of type %s: member %s is %s",
                       record_type_text(record->type),
                       record_member_text(flaw.member), flaw.text);
    if (record->v != 1)
        return err_set(ERR_SYNTAX, "record of another version");
    return ERR_OK;
}

/* The proof that nothing was read in a way it would not be written. */
static enum err
check_encoding(const struct record *record, const void *bytes, size_t size)
{
    struct buf buf;
    size_t at = 0;
    enum err err;

    buf_init(&buf, 2 * RECORD_BYTES_MAX);
    err = record_encode(record, &buf);
    if (err == ERR_OK) {
        while (at < size && at < buf.size &&
               ((const char *)bytes)[at] == buf.bytes[at])
            at++;
        if (at != size || at != buf.size)
            err = err_set(ERR_SYNTAX, "byte %zu: not canonical", at);
    }
    buf_release(&buf);
    return err;
}

enum err
record_decode(const void *bytes, size_t size, struct record *record,
              struct record_text *text)
{
    struct decoder decoder = {.text = text};
    enum err err;

    CHECK(bytes != NULL || size == 0);
    if (size > RECORD_BYTES_MAX)
        return err_set(ERR_TOO_LARGE, "a record of %zu bytes", size);
    memset(record, 0, sizeof(*record));
    text->used = 0;
    canon_read_init(&decoder.in, bytes, size);
    get_record(&decoder, record);
    if ((err = canon_read_finish(&decoder.in)) != ERR_OK)
        return err;
    if ((err = check_members(record)) != ERR_OK)
        return err;
    return check_encoding(record, bytes, size);
}
