/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/witness.h"

#include "engine/engine_internal.h"

#include "audit/cosignature.h"
#include "base/log.h"

#include <string.h>

enum { LOOK_BACK = 100000 }; /* records */

enum err
witness_question(struct question *q, struct engine *engine, struct buf *note)
{
    const struct engine_options *o = &engine->options;
    struct checkpoint checkpoint;
    struct cosignature line;
    enum err err = checkpoint_verify(&checkpoint, note->bytes, note->size,
                                     &o->logkey->verifier);

    for (size_t i = 0; err == ERR_OK && i < o->witness_count; i++) {
        err =
            cosignature_find(&line, note->bytes, note->size, &o->witnesses[i]);
        if (err == ERR_NOT_FOUND)
            err = ERR_OK;
    }
    q->kind = QUESTION_WITNESS;
    q->size = checkpoint.size;
    q->note = note;
    return err;
}

static enum err
forked(struct engine *engine, uint64_t size, const char *what)
{
    enum err err = err_set(
        ERR_FORKED,
        "a head of %llu records that our key has signed %s of %llu records. "
        "The data directory was rolled back to an old copy, or a second "
        "server runs on a copy of it. Stop all of them; put the newest data "
        "back, or begin a new log that names this one (audit.prev)",
        (unsigned long long)size, what, (unsigned long long)engine->head.size);

    engine_fail(engine, err, "the log has forked");
    return err;
}

/** Whether our log begins with what the note says. */
static enum err
compare(struct engine *engine, const struct checkpoint *checkpoint)
{
    struct hash root;
    enum err err;

    if (checkpoint->size > engine->head.size)
        return forked(engine, checkpoint->size, "is larger than our log");
    err = tree_root_at(engine->tree, checkpoint->size, &root);
    if (err != ERR_OK || hash_equal(&root, &checkpoint->root))
        return err;
    return forked(engine, checkpoint->size, "contradicts our log");
}

/** The head as it is kept, or as it was signed. */
static enum err
read_kept(struct engine *engine, uint64_t size, struct buf *out)
{
    const struct store_port *store = &engine->options.store;
    enum err err = store->read_checkpoint(store->context, size, out);
    struct shared *again;

    if (err != ERR_NOT_FOUND)
        return err;
    if ((err = engine_checkpoint_of(engine, size, &again)) != ERR_OK)
        return err;
    buf_add(out, again->bytes, again->size);
    shared_unref(&again);
    return buf_is_ok(out) ? ERR_OK : err_set(ERR_NOMEM, "no memory for a head");
}

/** Add the lines of witnesses that it has not. Returns how many. */
static size_t
merge(const struct engine *engine, struct buf *kept, const struct buf *note)
{
    const struct engine_options *o = &engine->options;
    struct cosignature line, old;
    size_t added = 0;

    for (size_t i = 0; i < o->witness_count; i++)
        if (cosignature_find(&line, note->bytes, note->size,
                             &o->witnesses[i]) == ERR_OK &&
            cosignature_find(&old, kept->bytes, kept->size, &o->witnesses[i]) ==
                ERR_NOT_FOUND) {
            buf_add(kept, line.line, line.line_size);
            added++;
        }
    return added;
}

static uint64_t
size_of(const struct shared *note)
{
    struct checkpoint checkpoint = {.size = 0};

    if (note == NULL ||
        checkpoint_parse(&checkpoint, note->bytes, note->size) != ERR_OK)
        return 0;
    return checkpoint.size;
}

/** Show it as the newest cosigned one, if it is. */
static void
show_cosigned(struct engine *engine, uint64_t size, const void *note,
              size_t note_size)
{
    struct shared *fresh;
    struct shared *old = NULL;

    if (size < size_of(engine->cosigned) ||
        (fresh = shared_create(note, note_size)) == NULL)
        return;
    CHECK(pthread_mutex_lock(&engine->shown_lock) == 0);
    old = engine->cosigned;
    engine->cosigned = fresh;
    CHECK(pthread_mutex_unlock(&engine->shown_lock) == 0);
    shared_unref(&old);
}

/** Between two batches: a transaction that writes no record. */
static enum err
keep(struct engine *engine, uint64_t size, const struct buf *note)
{
    const struct store_port *store = &engine->options.store;
    struct store_bytes row = {size, note->bytes, note->size};
    struct store_batch batch = {
        .head = &engine->head, .checkpoints = &row, .checkpoint_count = 1};
    enum err err;

    CHECK(engine->batch.record_count == 0);
    err = store->commit(store->context, &batch);
    if (err == ERR_STORE_LATCHED)
        engine_fail(engine, err, "the disk did not take a cosignature");
    return err;
}

static enum err
take_note(struct engine *engine, const struct buf *note, struct buf *kept)
{
    struct checkpoint checkpoint;
    enum err err = checkpoint_parse(&checkpoint, note->bytes, note->size);

    if (err != ERR_OK || (err = compare(engine, &checkpoint)) != ERR_OK ||
        (err = read_kept(engine, checkpoint.size, kept)) != ERR_OK ||
        merge(engine, kept, note) == 0)
        return err;
    if (!buf_is_ok(kept))
        return err_set(ERR_TOO_LARGE, "no room for another cosignature");
    err = keep(engine, checkpoint.size, kept);
    if (err == ERR_OK)
        show_cosigned(engine, checkpoint.size, kept->bytes, kept->size);
    return err;
}

void
engine_witness(struct engine *engine, struct question *q)
{
    struct buf kept;

    buf_init(&kept, CHECKPOINT_BYTES_MAX);
    q->err = engine->has_failed ? ERR_STORE_LATCHED
                                : take_note(engine, q->note, &kept);
    if (q->err == ERR_OK) {
        buf_clear(q->note);
        buf_add(q->note, kept.bytes, kept.size);
    } else {
        log_error("a head from outside: %s", err_detail());
    }
    buf_release(&kept);
}

/* ---------------------------------------------------------------- at start */

static bool
visit_kept(void *context, uint64_t size, const void *bytes, size_t note_size)
{
    struct engine *engine = context;
    const struct engine_options *o = &engine->options;
    struct cosignature line;
    bool is_cosigned = false;

    for (size_t i = 0; !is_cosigned && i < o->witness_count; i++)
        is_cosigned = cosignature_find(&line, bytes, note_size,
                                       &o->witnesses[i]) == ERR_OK;
    if (is_cosigned)
        show_cosigned(engine, size, bytes, note_size);
    return true;
}

enum err
engine_load_cosigned(struct engine *engine)
{
    const struct store_port *store = &engine->options.store;

    if (engine->options.witness_count == 0)
        return ERR_OK;
    /* Witnesses come often: an older one would not be of use. */
    return store->each_checkpoint(
        store->context,
        engine->head.size > LOOK_BACK ? engine->head.size - LOOK_BACK : 0,
        visit_kept, engine);
}
