/* SPDX-License-Identifier: Apache-2.0 */
/**
 * record_rows: the tables of record_table.h as data, for the codec only.
 */
#ifndef AUDIT_RECORD_ROWS_H
#define AUDIT_RECORD_ROWS_H

#include "audit/record.h"

enum record_kind {
    KIND_INT,
    KIND_FLAG,
    KIND_TEXT,
    KIND_HASH,
    KIND_BYTES16,
    KIND_TYPE,
    KIND_VIS,
    KIND_ACTOR,
    KIND_SIG,
    KIND_PREV,
    KIND_AWARDS
};

/** One member: its name, kind, and place in struct record. */
struct record_row {
    const char *name;
    size_t name_size;
    enum record_kind kind;
    size_t offset;
};

extern const struct record_row record_rows[RECORD_MEMBER_COUNT];

/** What is wrong with the set of members of a record. */
struct record_flaw {
    const char *text; /* NULL: nothing */
    enum record_member member;
};

/** The first member that is missing, or that its type does not have. */
struct record_flaw record_find_flaw(const struct record *record);

/** Place of a member inside a record. */
static inline const void *
record_field(const struct record *record, enum record_member member)
{
    return (const char *)record + record_rows[member].offset;
}

static inline void *
record_field_out(struct record *record, enum record_member member)
{
    return (char *)record + record_rows[member].offset;
}

MUST_CHECK bool record_actor_parse(enum record_actor_kind *out,
                                   const char *text, size_t length);
MUST_CHECK bool
record_vis_parse(enum record_vis *out, const char *text, size_t length);

#endif
