/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes into the batch: records that no command and no timer has caused.
 */
#include "engine/engine_internal.h"

#include "base/log.h"

/** A step of the wall clock is worth a record from this size on. */
enum { STEP_MS = 500 };

static enum err
write_note(struct engine *engine, struct note *note)
{
    struct world_ports ports = engine_world_ports(engine);
    enum err err = ERR_OK;

    if (note->blob != NULL)
        err =
            ports.blob(ports.context, &note->hash, note->blob, note->blob_size);
    return err == ERR_OK ? engine_note(engine, &note->record) : err;
}

static void
keep(struct batch *batch, struct note *note)
{
    note->next = NULL;
    *batch->notes_last = note;
    batch->notes_last = &note->next;
}

void
engine_take_notes(struct engine *engine, bool all)
{
    struct note *list = notes_take(engine->notes, engine->last_stamp.ms, all);

    while (list != NULL && batch_has_room(&engine->batch)) {
        struct note *note = list;
        enum err err;

        list = note->next;
        note->next = NULL;
        err = write_note(engine, note);
        if (err == ERR_OK) {
            keep(&engine->batch, note);
            continue;
        }
        log_error("not recorded: %s", err_detail());
        notes_finish(note, err);
    }
    notes_return(engine->notes, list);
}

enum err
engine_watch_clock(struct engine *engine)
{
    const struct clock_port *clock = &engine->options.clock;
    int64_t gap = clock->gap == NULL ? 0 : clock->gap(clock->context);
    int64_t delta = gap - engine->clock_gap;
    struct record record;

    engine->clock_gap = gap;
    if (delta > -STEP_MS && delta < STEP_MS)
        return ERR_OK;
    log_warn("the wall clock was set by %lld ms; it is followed slowly",
             (long long)delta);
    record_init(&record, RECORD_CLOCK_STEP);
    RECORD_SET(&record, delta, delta);
    return engine_note(engine, &record);
}
