/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/record.h"

#include "audit/canon.h"
#include "audit/record_rows.h"
#include "base/log.h"

static void
put_word(struct canon *canon, const char *word)
{
    canon_text(canon, word, strlen(word));
}

static void
put_actor(struct canon *canon, const struct record_actor *actor)
{
    canon_object_begin(canon);
    if (actor->has_fp) {
        canon_name(canon, "fp");
        canon_hex(canon, actor->fp.bytes, HASH_BYTES);
    }
    canon_name(canon, "kind");
    put_word(canon, record_actor_text(actor->kind));
    if (actor->has_uid) {
        canon_name(canon, "uid");
        canon_int(canon, actor->uid);
    }
    canon_object_end(canon);
}

static void
put_sig(struct canon *canon, const struct record_sig *sig)
{
    char seen[RECORD_SEEN_BYTES];

    CHECK(sig->value_size > 0 && sig->value_size <= SIG_VALUE_BYTES_MAX);
    canon_object_begin(canon);
    canon_name(canon, "alg");
    put_word(canon, sig_alg_text(sig->alg));
    canon_name(canon, "seen");
    put_word(canon, record_seen_text(seen, &sig->seen));
    if (sig->has_terms) {
        canon_name(canon, "terms");
        canon_hex(canon, sig->terms.bytes, HASH_BYTES);
    }
    canon_name(canon, "until");
    canon_int(canon, sig->until);
    canon_name(canon, "value");
    canon_base64(canon, sig->value, sig->value_size);
    canon_object_end(canon);
}

static void
put_prev(struct canon *canon, const struct record_prev *prev)
{
    canon_object_begin(canon);
    canon_name(canon, "origin");
    canon_text(canon, prev->origin.bytes, prev->origin.size);
    canon_name(canon, "root");
    canon_base64(canon, prev->root.bytes, HASH_BYTES);
    canon_name(canon, "size");
    canon_int(canon, prev->size);
    canon_object_end(canon);
}

static void
put_awards(struct canon *canon, const struct record_awards *awards)
{
    CHECK(awards->count <= RECORD_AWARDS_MAX);
    canon_array_begin(canon);
    for (size_t i = 0; i < awards->count; i++) {
        const struct record_award *award = &awards->items[i];

        canon_object_begin(canon);
        canon_name(canon, "price");
        canon_int(canon, award->price);
        canon_name(canon, "quantity");
        canon_int(canon, award->quantity);
        canon_name(canon, "uid");
        canon_int(canon, award->uid);
        canon_object_end(canon);
    }
    canon_array_end(canon);
}

static void
put_text(struct canon *canon, const struct text_ref *text)
{
    canon_text(canon, text->bytes, text->size);
}

static void
put_member(struct canon *canon, const struct record *record,
           enum record_member member)
{
    const void *field = record_field(record, member);

    canon_name(canon, record_rows[member].name);
    switch (record_rows[member].kind) {
    case KIND_INT:
        canon_int(canon, *(const int64_t *)field);
        break;
    case KIND_FLAG:
        canon_int(canon, *(const bool *)field ? 1 : 0);
        break;
    case KIND_TEXT:
        put_text(canon, field);
        break;
    case KIND_HASH:
        canon_hex(canon, ((const struct hash *)field)->bytes, HASH_BYTES);
        break;
    case KIND_BYTES16:
        canon_hex(canon, ((const struct bytes16 *)field)->bytes, 16);
        break;
    case KIND_TYPE:
        put_word(canon, record_type_text(record->type));
        break;
    case KIND_VIS:
        put_word(canon, record_vis_text(record->vis));
        break;
    case KIND_ACTOR:
        put_actor(canon, field);
        break;
    case KIND_SIG:
        put_sig(canon, field);
        break;
    case KIND_PREV:
        put_prev(canon, field);
        break;
    case KIND_AWARDS:
        put_awards(canon, field);
        break;
    }
}

static void
put_record(struct canon *canon, const struct record *record)
{
    canon_object_begin(canon);
    for (size_t word = 0; word < 2; word++) {
        uint64_t rest = record->present[word];

        while (rest != 0) {
            size_t bit = (size_t)__builtin_ctzll(rest);

            put_member(canon, record, (enum record_member)(64 * word + bit));
            rest &= rest - 1;
        }
    }
    canon_object_end(canon);
}

/* A record with the wrong members is our own mistake: say which, and stop. */
static void
check_members(const struct record *record)
{
    struct record_flaw flaw = record_find_flaw(record);

    if (flaw.text != NULL)
        log_error("record type=%s member=%s is %s",
                  record_type_text(record->type),
                  record_member_text(flaw.member), flaw.text);
    CHECK(flaw.text == NULL);
}

enum err
record_encode(const struct record *record, struct buf *out)
{
    struct canon canon;
    size_t before = out->size;
    enum err err;

    CHECK(record->v == 1);
    check_members(record);
    canon_init(&canon, out);
    put_record(&canon, record);
    err = canon_finish(&canon);
    if (err == ERR_OK && out->size - before > RECORD_BYTES_MAX)
        err = err_set(ERR_TOO_LARGE, "a %s record of %zu bytes",
                      record_type_text(record->type), out->size - before);
    if (err != ERR_OK && out->bytes != NULL) {
        out->size = before;
        out->bytes[before] = '\0';
    }
    return err;
}
