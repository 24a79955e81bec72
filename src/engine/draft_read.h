/* SPDX-License-Identifier: Apache-2.0 */
/**
 * draft_read: the members of a draft, for draft.c.
 *
 * Thread  any, on distinct objects.
 */
#ifndef ENGINE_DRAFT_READ_H
#define ENGINE_DRAFT_READ_H

#include "engine/draft.h"

/** What the readers of one draft share. */
struct draft_reading {
    struct draft *draft;
    struct draft_problem *problem;
};

/** Say what is wrong; false, to be returned. */
bool draft_refuse(struct draft_reading *in, const char *member,
                  const char *code, const char *detail);

/** Read all members of an object; false with the problem. */
MUST_CHECK bool draft_read_members(struct draft_reading *in, json_t *object);

#endif
