/* SPDX-License-Identifier: Apache-2.0 */
/**
 * record: one line of the audit log, as a struct and as canonical JSON.
 *
 * A record is a struct of optional members; a bitmap says which are present.
 * What is hashed, stored and exported are the encoded bytes, and there is
 * one encoding: members sorted by name, no white space, shortest numbers,
 * minimal escapes. The decoder accepts nothing else.
 *
 *     struct record r;
 *     record_init(&r, RECORD_BID_ACCEPTED);
 *     RECORD_SET(&r, auction, 2041);
 *     RECORD_SET_TEXT(&r, cause, "late");
 *     err = record_encode(&r, &out);
 *
 * Owner   the caller; texts and awards are borrowed.
 * Thread  any, each record by one thread at a time.
 * Source  docs/audit.md "records".
 */
#ifndef AUDIT_RECORD_H
#define AUDIT_RECORD_H

#include "audit/canon.h"
#include "audit/hash.h"
#include "audit/record_table.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    RECORD_BYTES_MAX = 16384, /* one encoded record */
    RECORD_AWARDS_MAX = 256,  /* awards in one record */
    SIG_VALUE_BYTES_MAX = 512 /* an RSA signature of 4096 bits */
};

/** Largest absolute value of a number in a record: 2^53 - 1. */
#define RECORD_INT_MAX CANON_INT_MAX

#define RECORD_MEMBER_ENUM(name, kind) MEMBER_##name,
enum record_member { MEMBER_LIST(RECORD_MEMBER_ENUM) RECORD_MEMBER_COUNT };
#undef RECORD_MEMBER_ENUM

#define RECORD_NO_MEMBERS(name)
#define RECORD_TYPE_ENUM(type, text, required, optional) RECORD_##type,
enum record_type {
    TYPE_LIST(RECORD_TYPE_ENUM, RECORD_NO_MEMBERS) RECORD_TYPE_COUNT
};
#undef RECORD_TYPE_ENUM
#undef RECORD_NO_MEMBERS

/** UTF-8 text with its length, borrowed, not terminated. */
struct text_ref {
    const char *bytes;
    size_t size;
};

struct bytes16 {
    uint8_t bytes[16];
};

/** Who may see a record before its auction has closed; all when absent. */
enum record_vis {
    RECORD_VIS_CLOSE, /* withheld from others until the auction has closed */
    RECORD_VIS_PARTY, /* personal data: only those concerned */
    RECORD_VIS_COUNT
};

enum record_actor_kind {
    RECORD_ACTOR_USER,
    RECORD_ACTOR_ADMIN,
    RECORD_ACTOR_SYSTEM,
    RECORD_ACTOR_PEER,
    RECORD_ACTOR_COUNT
};

/** Who caused the record; members in the order they are written. */
struct record_actor {
    bool has_fp;
    struct hash fp; /* certificate: SHA-256 of its DER */
    enum record_actor_kind kind;
    bool has_uid;
    int64_t uid;
};

/** Signature algorithm, one for each kind of key. */
enum sig_alg {
    SIG_ALG_ED25519,
    SIG_ALG_P256,
    SIG_ALG_P384,
    SIG_ALG_RSA_PSS,
    SIG_ALG_COUNT
};

/** A head of the log as a client has seen it: "SIZE ROOT" in records. */
struct record_seen {
    uint64_t size;
    struct hash root;
};

/** What was signed beyond the record's other members, and the signature. */
struct record_sig {
    enum sig_alg alg;
    struct record_seen seen;
    bool has_terms;
    struct hash terms; /* SHA-256 of the published rule text */
    int64_t until;     /* last moment of validity, ms */
    size_t value_size;
    uint8_t value[SIG_VALUE_BYTES_MAX];
};

/** The log that this one continues, by its last head. */
struct record_prev {
    struct text_ref origin;
    struct hash root;
    int64_t size;
};

struct record_award {
    int64_t price; /* of one unit */
    int64_t quantity;
    int64_t uid;
};

struct record_awards {
    const struct record_award *items; /* borrowed */
    size_t count;                     /* at most RECORD_AWARDS_MAX */
};

#define RECORD_FIELD_INT         int64_t
#define RECORD_FIELD_FLAG        bool
#define RECORD_FIELD_TEXT        struct text_ref
#define RECORD_FIELD_HASH        struct hash
#define RECORD_FIELD_BYTES16     struct bytes16
#define RECORD_FIELD_TYPE        enum record_type
#define RECORD_FIELD_VIS         enum record_vis
#define RECORD_FIELD_ACTOR       struct record_actor
#define RECORD_FIELD_SIG         struct record_sig
#define RECORD_FIELD_PREV        struct record_prev
#define RECORD_FIELD_AWARDS      struct record_awards
#define RECORD_FIELD(name, kind) RECORD_FIELD_##kind name;

/** Every member of the table under its own name; see record_has. */
struct record {
    uint64_t present[2];
    MEMBER_LIST(RECORD_FIELD)
};
#undef RECORD_FIELD

_Static_assert(RECORD_MEMBER_COUNT <= 128, "two words of presence");

/** Storage for what a decoded record points to; about 20 KiB. */
struct record_text {
    size_t used;
    char bytes[RECORD_BYTES_MAX];
    struct record_award awards[RECORD_AWARDS_MAX];
};

/** An empty record of a type: only `v` (1) and `type` are present. */
void record_init(struct record *record, enum record_type type);

static inline bool
record_has(const struct record *record, enum record_member member)
{
    return record->present[member >> 6] >> (member & 63) & 1;
}

static inline void
record_mark(struct record *record, enum record_member member)
{
    record->present[member >> 6] |= UINT64_C(1) << (member & 63);
}

static inline void
record_unmark(struct record *record, enum record_member member)
{
    record->present[member >> 6] &= ~(UINT64_C(1) << (member & 63));
}

static inline struct text_ref
text_ref_of(const char *text)
{
    return (struct text_ref){text, strlen(text)};
}

/** Set a member by its name in the table; a compound literal may be given. */
#define RECORD_SET(record, member, ...)                                        \
    (record_mark((record), MEMBER_##member),                                   \
     (void)((record)->member = (__VA_ARGS__)))

/** Set a TEXT member to a terminated string, which is borrowed. */
#define RECORD_SET_TEXT(record, member, text)                                  \
    RECORD_SET(record, member, text_ref_of(text))

/** Whether a member is present. */
#define RECORD_HAS(record, member) record_has((record), MEMBER_##member)

/** Name of a type, such as "bid.accepted". */
const char *record_type_text(enum record_type type);

/** Type of a name; false when there is none. */
MUST_CHECK bool
record_type_parse(enum record_type *out, const char *text, size_t length);

/** Name of a member. */
const char *record_member_text(enum record_member member);

/** Words of the nested values: "user" "close" "rsa-pss". */
const char *record_actor_text(enum record_actor_kind kind);
const char *record_vis_text(enum record_vis vis);
const char *sig_alg_text(enum sig_alg alg);
MUST_CHECK bool
sig_alg_parse(enum sig_alg *out, const char *text, size_t length);

/**
 * Append the canonical bytes of a record (no line break).
 *
 * record  the required members of its type are present and no others than
 *         its optional and the common ones; anything else is our mistake
 *         and CHECKed
 * out     should hold RECORD_BYTES_MAX more bytes
 *
 * Returns  ERR_OK; ERR_TOO_LARGE over RECORD_BYTES_MAX or the bound of `out`;
 * ERR_SYNTAX when a text is not UTF-8 or a number beyond RECORD_INT_MAX. After
 * a failure the content of `out` is as before.
 */
MUST_CHECK enum err record_encode(const struct record *record, struct buf *out);

/**
 * Decode the canonical bytes of one record and prove that encoding it gives
 * the same bytes.
 *
 * record  on success independent of `bytes`; its texts point into `text`
 * text    overwritten; must outlive the use of the record's texts
 *
 * Returns  ERR_OK; ERR_SYNTAX, with the byte position in err_detail, for
 *          anything that is not exactly one known, complete, canonical
 *          record; ERR_TOO_LARGE; ERR_NOMEM
 */
MUST_CHECK enum err
record_decode(const void *bytes, size_t size, struct record *record,
              struct record_text *text);

/**
 * Write a seen head as records and signed commands have it: "SIZE ROOT".
 * Returns `text`.
 */
enum { RECORD_SEEN_BYTES = 72 };
char *
record_seen_text(char text[RECORD_SEEN_BYTES], const struct record_seen *seen);

/** Read it back; one spelling, size at most RECORD_INT_MAX. */
MUST_CHECK bool
record_seen_parse(struct record_seen *out, const char *text, size_t length);

#endif
