/* SPDX-License-Identifier: Apache-2.0 */
#include "lots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAFT_BYTES_MAX = 1 << 17 };

void
lots_release(struct lots *lots)
{
    free(lots->list);
    *lots = (struct lots){.list = NULL};
}

/** A member of a draft that is a short word; drafts are canonical JSON. */
static void
take_word(char *out, size_t size, const char *draft, const char *name)
{
    char key[32];
    const char *at;

    snprintf(key, sizeof(key), "\"%s\":\"", name);
    at = strstr(draft, key);
    if (at != NULL)
        snprintf(out, size, "%.*s", (int)strcspn(at + strlen(key), "\"\\"),
                 at + strlen(key));
}

enum err
lots_learn(struct lots *lots, struct source *source, const struct record *r)
{
    struct buf draft;
    size_t id = (size_t)r->auction;

    if (!RECORD_HAS(r, draft_blob) || !RECORD_HAS(r, aseq) ||
        !RECORD_HAS(r, auction) || r->auction < 1 || r->auction > r->seq)
        return ERR_OK;
    if (id >= lots->count) {
        size_t count = id * 2 + 16;
        struct lot_note *list = realloc(lots->list, count * sizeof(*list));
        if (list == NULL)
            return err_set(ERR_NOMEM, "out of memory");
        memset(list + lots->count, 0, (count - lots->count) * sizeof(*list));
        lots->list = list;
        lots->count = count;
    }
    buf_init(&draft, DRAFT_BYTES_MAX);
    if (source_blob(source, &r->draft_blob, &draft) == ERR_OK) {
        struct lot_note *note = &lots->list[id];
        take_word(note->currency, sizeof(note->currency), draft.bytes,
                  "currency");
        take_word(note->format, sizeof(note->format), draft.bytes, "format");
    }
    buf_release(&draft);
    return ERR_OK;
}

const struct lot_note *
lots_get(const struct lots *lots, uint64_t auction)
{
    return auction < lots->count && lots->list[auction].currency[0] != '\0'
               ? &lots->list[auction]
               : NULL;
}

const char *
lots_currency(const struct lots *lots, const struct record *r)
{
    const struct lot_note *note =
        RECORD_HAS(r, auction) ? lots_get(lots, (uint64_t)r->auction) : NULL;

    return note == NULL ? "" : note->currency;
}
