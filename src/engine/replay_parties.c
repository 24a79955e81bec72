/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay_parties.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 64 };

void
parties_release(struct replay_parties *parties)
{
    free(parties->slots);
    *parties = (struct replay_parties){.slots = NULL};
}

/** A fingerprint is a hash already: its first bytes are the place. */
static struct party *
slot_of(const struct replay_parties *parties, const struct hash *fp)
{
    size_t at;

    memcpy(&at, fp->bytes, sizeof(at));
    for (at &= parties->capacity - 1; parties->slots[at].name[0] != '\0';
         at = (at + 1) & (parties->capacity - 1))
        if (hash_equal(&parties->slots[at].fp, fp))
            break;
    return &parties->slots[at];
}

const struct party *
parties_find(const struct replay_parties *parties, const struct hash *fp)
{
    const struct party *slot =
        parties->capacity == 0 ? NULL : slot_of(parties, fp);

    return slot == NULL || slot->name[0] == '\0' ? NULL : slot;
}

static enum err
grow(struct replay_parties *parties)
{
    struct replay_parties more = {.capacity = parties->capacity == 0
                                                  ? SLOTS_FIRST
                                                  : parties->capacity * 2,
                                  .count = parties->count};

    more.slots = calloc(more.capacity, sizeof(*more.slots));
    if (more.slots == NULL)
        return err_set(ERR_NOMEM, "no memory for the replay");
    for (size_t i = 0; i < parties->capacity; i++)
        if (parties->slots[i].name[0] != '\0')
            *slot_of(&more, &parties->slots[i].fp) = parties->slots[i];
    free(parties->slots);
    *parties = more;
    return ERR_OK;
}

enum err
parties_add(struct replay_parties *parties, const struct party *party)
{
    enum err err;

    CHECK(party->name[0] != '\0');
    if (parties->count * 2 >= parties->capacity &&
        (err = grow(parties)) != ERR_OK)
        return err;
    parties->count += slot_of(parties, &party->fp)->name[0] == '\0';
    *slot_of(parties, &party->fp) = *party;
    return ERR_OK;
}
