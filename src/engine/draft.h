/* SPDX-License-Identifier: Apache-2.0 */
/**
 * draft: what a seller proposes, and the rule text it becomes.
 *
 * Two texts in canonical JSON are made of it. The draft text holds the
 * members as they were sent, without the reserve price, the signature and
 * `publish`: a seller signs its hash. The terms are the published rules with
 * every default filled in; their hash is signed with each bid.
 *
 * Owner   the caller. Thread: any, on distinct objects.
 * Source  docs/protocol.md "The draft"; docs/rules.md "Rule fields".
 */
#ifndef ENGINE_DRAFT_H
#define ENGINE_DRAFT_H

#include "auction/rules.h"
#include "audit/hash.h"
#include "base/buf.h"
#include "store/store.h"

#include <jansson.h>

enum {
    DRAFT_TITLE_BYTES_MAX = 200,
    DRAFT_DESCRIPTION_BYTES_MAX = 4096,
    DRAFT_TEXT_BYTES_MAX = 16384, /* of either canonical text */
    DRAFT_ALLOW_MAX = 128, /* accounts on the list of those who may bid */
};

struct draft {
    struct rules rules; /* opens is filled in by draft_resolve */
    bool has_opens;
    bool publish; /* at once, with the creation */
    char title[DRAFT_TITLE_BYTES_MAX + 1];
    char description[DRAFT_DESCRIPTION_BYTES_MAX + 1];
    struct money reserve;            /* 0: none; also in rules */
    char (*allow)[STORE_NAME_BYTES]; /* NULL: everybody; owned */
    size_t allow_count;
    char *text; /* canonical draft text, owned */
    size_t text_size;
    struct hash hash; /* of the text */
};

/** What is wrong with a draft, for a person and for a program. */
struct draft_problem {
    char member[40]; /* "" for the whole */
    char code[32];   /* "unknown-member", "not-an-integer", ... */
    char detail[160];
};

/**
 * Read a draft from a parsed JSON object.
 *
 * object   borrowed; `reserve_price` is read, `publish` and `signature` are
 *          left to the caller and skipped
 * problem  filled in when the form is wrong
 *
 * Returns  ERR_OK; ERR_SYNTAX with `problem`; ERR_NOMEM
 */
MUST_CHECK enum err draft_from_json(struct draft **out, json_t *object,
                                    struct draft_problem *problem);

/**
 * Read back a logged draft text, and the reserve price that is kept apart.
 *
 * Returns  ERR_OK, ERR_SYNTAX or ERR_NOMEM
 */
MUST_CHECK enum err draft_from_text(struct draft **out, const char *text,
                                    size_t size, struct money reserve);

/** Fill in what depends on the moment of the command. */
void draft_resolve(struct draft *draft, struct instant now);

void draft_destroy(struct draft **draft);

/**
 * Append the rule text of an auction.
 *
 * reserve_commitment  NULL without a reserve price
 * Returns  ERR_OK, ERR_TOO_LARGE or ERR_NOMEM
 */
MUST_CHECK enum err
draft_terms(const struct draft *draft, uint64_t auction, const char *seller,
            const struct hash *reserve_commitment, struct buf *out);

#endif
