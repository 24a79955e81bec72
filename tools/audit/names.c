/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

void
names_release(struct names *names)
{
    free(names->list);
    *names = (struct names){.list = NULL};
}

enum err
names_learn(struct names *names, const struct record *record)
{
    uint64_t uid = (uint64_t)record->uid;

    /* Accounts are counted from 1 and each has a record: more is a lie. */
    if (record->type != RECORD_USER_ENROLLED || record->uid < 1 ||
        record->uid > record->seq)
        return ERR_OK;
    if (uid >= names->count) {
        size_t count = (size_t)uid * 2 + 16;
        char(*list)[NAME_BYTES] = realloc(names->list, count * sizeof(*list));
        if (list == NULL)
            return err_set(ERR_NOMEM, "out of memory");
        memset(list + names->count, 0, (count - names->count) * sizeof(*list));
        names->list = list;
        names->count = count;
    }
    text_escape(names->list[uid], NAME_BYTES, record->name.bytes,
                record->name.size);
    return ERR_OK;
}

const char *
names_get(const struct names *names, int64_t uid, char out[NAME_BYTES])
{
    if (uid >= 0 && (uint64_t)uid < names->count && names->list[uid][0] != '\0')
        return names->list[uid];
    snprintf(out, NAME_BYTES, "#%lld", (long long)uid);
    return out;
}

const char *
names_actor(const struct names *names, const struct record *record,
            char out[NAME_BYTES])
{
    return RECORD_HAS(record, actor) && record->actor.has_uid
               ? names_get(names, record->actor.uid, out)
               : "";
}
