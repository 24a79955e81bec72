/* SPDX-License-Identifier: Apache-2.0 */
#include "counters.h"

#include <stdlib.h>

void
counters_release(struct counters *c)
{
    free(c->auctions.last);
    free(c->users.last);
    *c = (struct counters){.auctions = {NULL, 0}};
}

static enum err
grow(struct counter_list *list, uint64_t id)
{
    size_t count = (size_t)id * 2 + 64;
    uint64_t *last = realloc(list->last, count * sizeof(*last));

    if (last == NULL)
        return err_set(ERR_NOMEM, "out of memory");
    memset(last + list->count, 0, (count - list->count) * sizeof(*last));
    list->last = last;
    list->count = count;
    return ERR_OK;
}

/** Auctions and accounts are numbered from 1, and each has a record. */
static enum err
step(struct counter_list *list, int64_t id, int64_t number, int64_t seq,
     bool may_skip, bool *is_right_out)
{
    enum err err;

    *is_right_out = id >= 1 && id <= seq && number >= 1;
    if (!*is_right_out)
        return ERR_OK;
    if ((uint64_t)id >= list->count &&
        (err = grow(list, (uint64_t)id)) != ERR_OK)
        return err;
    *is_right_out = may_skip ? (uint64_t)number > list->last[id]
                             : (uint64_t)number == list->last[id] + 1;
    list->last[id] = (uint64_t)number;
    return ERR_OK;
}

enum err
counters_add(struct counters *c, const struct record *r, bool may_skip,
             const char **flaw_out)
{
    bool is_right = true;
    enum err err = ERR_OK;

    *flaw_out = NULL;
    if (RECORD_HAS(r, aseq) && RECORD_HAS(r, auction))
        err = step(&c->auctions, r->auction, r->aseq, r->seq, may_skip,
                   &is_right);
    if (!is_right)
        *flaw_out = "it is not the next record of its auction";
    if (err == ERR_OK && RECORD_HAS(r, useq) && RECORD_HAS(r, actor) &&
        r->actor.has_uid)
        err =
            step(&c->users, r->actor.uid, r->useq, r->seq, may_skip, &is_right);
    if (!is_right && *flaw_out == NULL)
        *flaw_out = "it is not the next record of its actor";
    return err;
}
