/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers with their receipts, after the flush; and proofs about the past.
 */
#include "engine/engine_internal.h"

#include "base/log.h"

#include <string.h>

enum err
engine_checkpoint_of(struct engine *engine, uint64_t size, struct shared **out)
{
    const struct logkey *logkey = engine->options.logkey;
    struct checkpoint checkpoint = {.size = size};
    struct buf note;
    enum err err;

    if (size == engine->head.size) {
        *out = engine_checkpoint(engine);
        return ERR_OK;
    }
    memcpy(checkpoint.origin, logkey->verifier.name, sizeof(checkpoint.origin));
    if ((err = tree_root_at(engine->tree, size, &checkpoint.root)) != ERR_OK)
        return err;
    buf_init(&note, STORE_CHECKPOINT_BYTES_MAX);
    /* Ed25519 signs without randomness: these are the bytes of back then. */
    err = checkpoint_sign(&checkpoint, logkey->key, &logkey->verifier, &note);
    if (err == ERR_OK && (*out = shared_create(note.bytes, note.size)) == NULL)
        err = err_set(ERR_NOMEM, "no memory for a checkpoint");
    buf_release(&note);
    return err;
}

/** The record's bytes, from the batch or from the store. */
static enum err
fetch_record(struct engine *engine, uint64_t seq, struct buf *out)
{
    const struct store_port *store = &engine->options.store;
    const char *bytes;
    size_t size;

    buf_init(out, RECORD_BYTES_MAX);
    if (seq < engine->batch.before.size)
        return store->read_record(store->context, seq, out);
    bytes = batch_record(&engine->batch,
                         (size_t)(seq - engine->batch.before.size), &size);
    buf_add(out, bytes, size);
    return buf_is_ok(out) ? ERR_OK
                          : err_set(ERR_NOMEM, "no memory for an answer");
}

/** Every receipt is checked before it leaves: a flipped bit is an error. */
static bool
proof_holds(struct engine *engine, const struct answer *answer, uint64_t size,
            const struct hash *root)
{
    struct hash leaf = leaf_hash(answer->record.bytes, answer->record.size);

    (void)engine;
    return inclusion_verify(&leaf, answer->seq, size, &answer->proof, root);
}

static enum err
fill_answer(struct engine *engine, const struct pending *pending,
            const struct hash *root)
{
    struct answer *answer = &pending->task->answer;
    uint64_t size = pending->size == 0 ? engine->head.size : pending->size;
    struct hash old_root;
    enum err err;

    answer->kind = pending->is_replay ? ANSWER_REPLAYED : ANSWER_RULED;
    answer->seq = pending->seq;
    if ((err = fetch_record(engine, pending->seq, &answer->record)) != ERR_OK ||
        (err = tree_prove_inclusion(engine->tree, pending->seq, size,
                                    &answer->proof)) != ERR_OK ||
        (err = engine_checkpoint_of(engine, size, &answer->checkpoint)) !=
            ERR_OK)
        return err;
    if (size != engine->head.size) {
        if ((err = tree_root_at(engine->tree, size, &old_root)) != ERR_OK)
            return err;
        root = &old_root;
    }
    if (!proof_holds(engine, answer, size, root))
        return err_set(ERR_DAMAGED, "the proof of record %llu does not hold",
                       (unsigned long long)pending->seq);
    return ERR_OK;
}

void
engine_release_answers(struct engine *engine, const struct hash *root)
{
    struct batch *batch = &engine->batch;

    for (size_t i = 0; i < batch->pending_count; i++) {
        struct task *task = batch->pending[i].task;
        enum err err = fill_answer(engine, &batch->pending[i], root);

        if (err == ERR_OK) {
            task->done(task);
            continue;
        }
        /* Durable, but not proved: the caller repeats and is told. */
        log_error("no receipt: %s", err_detail());
        if (err == ERR_DAMAGED)
            engine_fail(engine, err, "a receipt is false");
        engine_return(task, ANSWER_UNKNOWN);
    }
    batch->pending_count = 0;
}

static enum err
answer_tile(struct engine *engine, struct question *q)
{
    struct tree_tile tile = {q->level, q->from};
    uint64_t hashes;

    if (q->level >= TREE_LEVELS_MAX)
        return ERR_NOT_FOUND;
    hashes = engine->head.size >> (8 * q->level); /* complete at that level */
    if (q->from > hashes / TREE_TILE_HASHES ||
        q->from * TREE_TILE_HASHES + q->width > hashes)
        return ERR_NOT_FOUND;
    return tree_read_tile(engine->tree, tile, q->width, q->hashes);
}

static enum err
answer_proof(struct engine *engine, struct question *q)
{
    bool is_inclusion = q->kind == QUESTION_INCLUSION;

    if (q->size > engine->head.size || q->from > q->size ||
        (is_inclusion && q->from == q->size))
        return ERR_NOT_FOUND;
    return is_inclusion
               ? tree_prove_inclusion(engine->tree, q->from, q->size, &q->proof)
               : tree_prove_consistency(engine->tree, q->from, q->size,
                                        &q->proof);
}

void
engine_answer_question(struct engine *engine, struct question *question)
{
    if (question->size == 0)
        question->size = engine->head.size;
    question->checkpoint = engine_checkpoint(engine);
    switch (question->kind) {
    case QUESTION_INCLUSION:
    case QUESTION_CONSISTENCY:
        question->err = answer_proof(engine, question);
        break;
    case QUESTION_TILE:
        question->err = answer_tile(engine, question);
        break;
    case QUESTION_WITNESS:
        engine_witness(engine, question);
        break;
    }
    question->done(question);
}
