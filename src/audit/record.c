/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/record.h"

#include <stdio.h>

#include "audit/record_rows.h"
#include "base/text.h"

#define ROW(name, kind)                                                        \
    [MEMBER_##name] = {#name, sizeof(#name) - 1, KIND_##kind,                  \
                       offsetof(struct record, name)},
const struct record_row record_rows[RECORD_MEMBER_COUNT] = {MEMBER_LIST(ROW)};

#define NO_MEMBERS(name)
#define TYPE_TEXT(type, text, required, optional) [RECORD_##type] = text,
static const char *const type_texts[RECORD_TYPE_COUNT] = {
    TYPE_LIST(TYPE_TEXT, NO_MEMBERS)};

/* Sets of members, two words each like record.present. */
#define LOW_BIT(name)                                                          \
    | (MEMBER_##name < 64 ? UINT64_C(1) << (MEMBER_##name & 63) : 0)
#define HIGH_BIT(name)                                                         \
    | (MEMBER_##name < 64 ? 0 : UINT64_C(1) << (MEMBER_##name & 63))
#define REQUIRED(type, text, required, optional) [RECORD_##type] = 0 required,
#define OPTIONAL(type, text, required, optional) [RECORD_##type] = 0 optional,

static const uint64_t required_low[] = {TYPE_LIST(REQUIRED, LOW_BIT)};
static const uint64_t required_high[] = {TYPE_LIST(REQUIRED, HIGH_BIT)};
static const uint64_t optional_low[] = {TYPE_LIST(OPTIONAL, LOW_BIT)};
static const uint64_t optional_high[] = {TYPE_LIST(OPTIONAL, HIGH_BIT)};

static const uint64_t always[2] = {0 RECORD_REQUIRED(LOW_BIT),
                                   0 RECORD_REQUIRED(HIGH_BIT)};
static const uint64_t common[2] = {0 RECORD_COMMON(LOW_BIT),
                                   0 RECORD_COMMON(HIGH_BIT)};

static const char *const actor_texts[RECORD_ACTOR_COUNT] = {
    [RECORD_ACTOR_USER] = "user",
    [RECORD_ACTOR_ADMIN] = "admin",
    [RECORD_ACTOR_SYSTEM] = "system",
    [RECORD_ACTOR_PEER] = "peer",
};
static const char *const vis_texts[RECORD_VIS_COUNT] = {
    [RECORD_VIS_CLOSE] = "close",
    [RECORD_VIS_PARTY] = "party",
};
static const char *const alg_texts[SIG_ALG_COUNT] = {
    [SIG_ALG_ED25519] = "ed25519",
    [SIG_ALG_P256] = "p256",
    [SIG_ALG_P384] = "p384",
    [SIG_ALG_RSA_PSS] = "rsa-pss",
};

void
record_init(struct record *record, enum record_type type)
{
    CHECK(type < RECORD_TYPE_COUNT);
    memset(record, 0, sizeof(*record));
    RECORD_SET(record, v, 1);
    RECORD_SET(record, type, type);
}

const char *
record_type_text(enum record_type type)
{
    CHECK(type < RECORD_TYPE_COUNT);
    return type_texts[type];
}

const char *
record_member_text(enum record_member member)
{
    CHECK(member < RECORD_MEMBER_COUNT);
    return record_rows[member].name;
}

const char *
record_actor_text(enum record_actor_kind kind)
{
    CHECK(kind < RECORD_ACTOR_COUNT);
    return actor_texts[kind];
}

const char *
record_vis_text(enum record_vis vis)
{
    CHECK(vis < RECORD_VIS_COUNT);
    return vis_texts[vis];
}

const char *
sig_alg_text(enum sig_alg alg)
{
    CHECK(alg < SIG_ALG_COUNT);
    return alg_texts[alg];
}

/* Place of a word in a list, or `count` when it is not there. */
static size_t
word_find(const char *const *words, size_t count, const char *text,
          size_t length)
{
    size_t i = 0;

    while (i < count &&
           (strlen(words[i]) != length || memcmp(words[i], text, length) != 0))
        i++;
    return i;
}

bool
record_type_parse(enum record_type *out, const char *text, size_t length)
{
    size_t i = word_find(type_texts, RECORD_TYPE_COUNT, text, length);

    *out = (enum record_type)i;
    return i < RECORD_TYPE_COUNT;
}

bool
record_actor_parse(enum record_actor_kind *out, const char *text, size_t length)
{
    size_t i = word_find(actor_texts, RECORD_ACTOR_COUNT, text, length);

    *out = (enum record_actor_kind)i;
    return i < RECORD_ACTOR_COUNT;
}

bool
record_vis_parse(enum record_vis *out, const char *text, size_t length)
{
    size_t i = word_find(vis_texts, RECORD_VIS_COUNT, text, length);

    *out = (enum record_vis)i;
    return i < RECORD_VIS_COUNT;
}

bool
sig_alg_parse(enum sig_alg *out, const char *text, size_t length)
{
    size_t i = word_find(alg_texts, SIG_ALG_COUNT, text, length);

    *out = (enum sig_alg)i;
    return i < SIG_ALG_COUNT;
}

/* The lowest member of a set that is not empty. */
static enum record_member
lowest_member(const uint64_t set[2])
{
    CHECK(set[0] != 0 || set[1] != 0);
    if (set[0] != 0)
        return (enum record_member)__builtin_ctzll(set[0]);
    return (enum record_member)(64 + __builtin_ctzll(set[1]));
}

struct record_flaw
record_find_flaw(const struct record *record)
{
    const uint64_t *present = record->present;
    enum record_type type = record->type;
    uint64_t missing[2], extra[2];

    CHECK(type < RECORD_TYPE_COUNT);
    missing[0] = (always[0] | required_low[type]) & ~present[0];
    missing[1] = (always[1] | required_high[type]) & ~present[1];
    extra[0] = present[0] & ~(always[0] | common[0] | required_low[type] |
                              optional_low[type]);
    extra[1] = present[1] & ~(always[1] | common[1] | required_high[type] |
                              optional_high[type]);
    if ((missing[0] | missing[1]) != 0)
        return (struct record_flaw){"missing", lowest_member(missing)};
    if ((extra[0] | extra[1]) != 0)
        return (struct record_flaw){"not of this type", lowest_member(extra)};
    return (struct record_flaw){NULL, (enum record_member)0};
}

char *
record_seen_text(char text[RECORD_SEEN_BYTES], const struct record_seen *seen)
{
    char root[HASH_BASE64_BYTES];

    CHECK(seen->size <= (uint64_t)RECORD_INT_MAX);
    (void)snprintf(text, RECORD_SEEN_BYTES, "%llu %s",
                   (unsigned long long)seen->size,
                   hash_base64(root, &seen->root));
    return text;
}

bool
record_seen_parse(struct record_seen *out, const char *text, size_t length)
{
    const char *space = memchr(text, ' ', length);
    size_t digits;

    if (space == NULL)
        return false;
    digits = (size_t)(space - text);
    return text_u64(&out->size, text, digits) &&
           out->size <= (uint64_t)RECORD_INT_MAX &&
           hash_from_base64(&out->root, space + 1, length - digits - 1);
}
