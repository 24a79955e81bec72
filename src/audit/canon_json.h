/* SPDX-License-Identifier: Apache-2.0 */
/**
 * canon_json: a parsed JSON value as canonical JSON.
 *
 * The seller's client and the server both make the draft text of an auction
 * with it, so that what is signed is what is logged. True and false become 1
 * and 0; null and fractions have no canonical form.
 *
 * Thread  any, on distinct objects.
 * Source  docs/audit.md "records"; docs/protocol.md "The draft".
 */
#ifndef AUDIT_CANON_JSON_H
#define AUDIT_CANON_JSON_H

#include "audit/canon.h"

#include <jansson.h>

enum { CANON_JSON_MEMBERS_MAX = 64 };

/**
 * Append `object` in canonical form.
 *
 * skip   names of members of the outermost object to leave out, ended by
 *        NULL; may be NULL
 *
 * Returns  ERR_OK; ERR_SYNTAX for a value without canonical form;
 *          ERR_TOO_LARGE, ERR_NOMEM
 */
MUST_CHECK enum err
canon_json(json_t *object, const char *const *skip, struct buf *out);

/** The members of a draft that are not part of its draft text. */
extern const char *const canon_json_draft_skip[];

#endif
