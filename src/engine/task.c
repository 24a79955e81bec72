/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/task.h"

#include <stdlib.h>
#include <string.h>

struct shared *
shared_create(const void *bytes, size_t size)
{
    struct shared *shared = malloc(sizeof(*shared) + size + 1);

    if (shared == NULL)
        return NULL;
    atomic_init(&shared->references, 1);
    shared->size = size;
    if (size > 0)
        memcpy(shared->bytes, bytes, size);
    shared->bytes[size] = '\0';
    return shared;
}

struct shared *
shared_ref(struct shared *shared)
{
    CHECK(atomic_fetch_add(&shared->references, 1) > 0);
    return shared;
}

void
shared_unref(struct shared **shared)
{
    unsigned before;

    if (*shared == NULL)
        return;
    before = atomic_fetch_sub(&(*shared)->references, 1);
    CHECK(before > 0);
    if (before == 1)
        free(*shared);
    *shared = NULL;
}

void
task_release(struct task *task)
{
    submission_release(&task->submission);
    identity_unref(&task->identity);
    buf_release(&task->answer.record);
    shared_unref(&task->answer.checkpoint);
}

struct receipt
answer_receipt(const struct answer *answer)
{
    CHECK(answer->checkpoint != NULL && answer->record.size > 0);
    return (struct receipt){
        .index = answer->seq,
        .record = answer->record.bytes,
        .record_size = answer->record.size,
        .proof = answer->proof,
        .checkpoint = answer->checkpoint->bytes,
        .checkpoint_size = answer->checkpoint->size,
    };
}
