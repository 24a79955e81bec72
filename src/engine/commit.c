/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a judged batch to a durable one: the rows it changes, one signature,
 * one transaction, one flush; then what readers see, then the answers.
 */
#include "engine/engine_internal.h"

#include "base/log.h"
#include "engine/books.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HOUR_MS = 3600000 };

/* ----------------------------------------------------------------- rows */

/** Arrays that a store_batch points to, one allocation each. */
struct rows {
    struct store_bytes *records;
    const struct store_lot **lots;
    const struct store_account **accounts;
    struct store_entry *entries;
    size_t entry_count;
    struct store_bytes *texts;
    struct store_tile tiles[TREE_BATCH_TILES_MAX];
    size_t tile_count;
    struct store_bytes checkpoint; /* kept for its hour */
    size_t checkpoint_count;
};

static void
free_rows(struct rows *rows)
{
    free(rows->records);
    free(rows->lots);
    free(rows->accounts);
    free(rows->entries);
    free(rows->texts);
}

static size_t
count_entries(const struct world_changes *changes)
{
    size_t count = 0;

    for (size_t i = 0; i < changes->auction_count; i++)
        count += books_rows(changes->auctions[i], NULL);
    return count;
}

static void *
array_of(size_t count, size_t size)
{
    return calloc(count == 0 ? 1 : count, size);
}

static bool
make_rows(struct rows *rows, const struct batch *batch,
          const struct world_changes *changes)
{
    rows->records = array_of(batch->record_count, sizeof(*rows->records));
    rows->lots = array_of(changes->auction_count, sizeof(*rows->lots));
    rows->accounts = array_of(changes->account_count, sizeof(*rows->accounts));
    rows->entry_count = count_entries(changes);
    rows->entries = array_of(rows->entry_count, sizeof(*rows->entries));
    rows->texts = array_of(changes->new_text_count, sizeof(*rows->texts));
    return rows->records != NULL && rows->lots != NULL &&
           rows->accounts != NULL && rows->texts != NULL &&
           rows->entries != NULL;
}

static void
fill_rows(struct rows *rows, const struct batch *batch,
          const struct world_changes *changes)
{
    for (size_t i = 0; i < batch->record_count; i++) {
        size_t size;
        const char *bytes = batch_record(batch, i, &size);
        rows->records[i] =
            (struct store_bytes){batch->before.size + i, bytes, size};
    }
    size_t entries = 0;

    for (size_t i = 0; i < changes->auction_count; i++) {
        rows->lots[i] = &changes->auctions[i]->row;
        entries += books_rows(changes->auctions[i], rows->entries + entries);
    }
    CHECK(entries == rows->entry_count);
    for (size_t i = 0; i < changes->account_count; i++)
        rows->accounts[i] = &changes->accounts[i]->row;
    for (size_t i = 0; i < changes->new_text_count; i++) {
        const struct auction *auction = changes->new_texts[i];
        rows->texts[i] = (struct store_bytes){
            auction->row.lot.id, auction->text->bytes, auction->text->size};
    }
}

static void
fill_tiles(struct rows *rows, const struct engine *engine)
{
    struct tree_tile tiles[TREE_BATCH_TILES_MAX];

    rows->tile_count = tree_full_tiles(engine->tree, engine->batch.mark, tiles);
    for (size_t i = 0; i < rows->tile_count; i++)
        rows->tiles[i] = (struct store_tile){
            tiles[i].level, tiles[i].index,
            (const uint8_t *)tree_tile_hashes(engine->tree, tiles[i])};
}

/** One head an hour is kept for ever, so that old receipts find company. */
static size_t
hourly_checkpoint(const struct engine *engine, struct store_bytes *out)
{
    *out = (struct store_bytes){engine->head.size, engine->head.checkpoint,
                                strlen(engine->head.checkpoint)};
    return engine->head.t.ms / HOUR_MS != engine->kept_hour;
}

static struct store_batch
store_batch_of(const struct engine *engine, const struct rows *rows,
               const struct world_changes *changes)
{
    const struct batch *batch = &engine->batch;

    return (struct store_batch){
        .head = &engine->head,
        .records = rows->records,
        .record_count = batch->record_count,
        .lots = rows->lots,
        .lot_count = changes->auction_count,
        .entries = rows->entries,
        .entry_count = rows->entry_count,
        .texts = rows->texts,
        .text_count = changes->new_text_count,
        .accounts = rows->accounts,
        .account_count = changes->account_count,
        .certs = changes->certs,
        .cert_count = changes->cert_count,
        .requests = batch->requests,
        .request_count = batch->request_count,
        .blobs = batch->blobs,
        .blob_count = batch->blob_count,
        .tiles = rows->tiles,
        .tile_count = rows->tile_count,
        .checkpoints = &rows->checkpoint,
        .checkpoint_count = rows->checkpoint_count,
    };
}

static int64_t
microseconds(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static enum err
write_rows(struct engine *engine)
{
    struct world_changes changes = world_changes(engine->world);
    const struct store_port *store = &engine->options.store;
    struct store_batch rows_batch;
    struct rows rows = {0};
    int64_t start = microseconds();
    enum err err = ERR_NOMEM;

    for (size_t i = 0; i < engine->batch.request_count; i++)
        engine->batch.requests[i].size = engine->head.size;
    if (make_rows(&rows, &engine->batch, &changes)) {
        fill_rows(&rows, &engine->batch, &changes);
        fill_tiles(&rows, engine);
        rows.checkpoint_count = hourly_checkpoint(engine, &rows.checkpoint);
        rows_batch = store_batch_of(engine, &rows, &changes);
        err = store->commit(store->context, &rows_batch);
    }
    if (err == ERR_OK && rows.checkpoint_count > 0)
        engine->kept_hour = engine->head.t.ms / HOUR_MS;
    free_rows(&rows);
    engine->last_flush_us = microseconds() - start;
    return err;
}

/* ----------------------------------------------------------------- head */

/** Sign the head of the tree with the batch in it. */
static enum err
sign_head(struct engine *engine, const struct hash *root)
{
    const struct logkey *logkey = engine->options.logkey;
    struct checkpoint checkpoint = {.size = engine->head.size, .root = *root};
    struct buf note;
    enum err err;

    memcpy(checkpoint.origin, logkey->verifier.name, sizeof(checkpoint.origin));
    buf_init(&note, STORE_CHECKPOINT_BYTES_MAX - 1);
    err = checkpoint_sign(&checkpoint, logkey->key, &logkey->verifier, &note);
    if (err == ERR_OK)
        memcpy(engine->head.checkpoint, note.bytes, note.size + 1);
    buf_release(&note);
    return err;
}

static void
count_batch(struct engine *engine)
{
    struct engine_counts *counts = &engine->counts;

    counts->batches++;
    counts->log_size = engine->head.size;
    counts->last_flush_us = engine->last_flush_us;
    counts->flush_us_total += (uint64_t)engine->last_flush_us;
    counts->accepted += engine->batch.accepted;
    counts->refused += engine->batch.refused;
    counts->replayed += engine->batch.replayed;
}

/** Show the new head to other threads. Without memory we cannot go on. */
void
engine_show_head(struct engine *engine)
{
    const char *text = engine->head.checkpoint;
    struct shared *checkpoint = shared_create(text, strlen(text));

    CHECK(checkpoint != NULL);
    CHECK(pthread_mutex_lock(&engine->shown_lock) == 0);
    struct shared *old = engine->checkpoint;
    engine->checkpoint = checkpoint;
    count_batch(engine);
    CHECK(pthread_mutex_unlock(&engine->shown_lock) == 0);
    shared_unref(&old);
}

/* ---------------------------------------------------------------- views */

/** The awards and forfeits of a lot, as far as a view shows them. */
static void
add_awards(struct engine *engine, struct auction_view *view,
           const struct auction *auction)
{
    const struct lot *lot = &auction->row.lot;
    size_t count = lot->due_count;

    if (count == 0)
        return;
    if (count > VIEW_AWARDS_MAX)
        count = VIEW_AWARDS_MAX;
    view->awards = calloc(count, sizeof(*view->awards));
    CHECK(view->awards != NULL);
    view->award_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct entry *entry = &auction->book->entries[lot->due_first + i];
        view->awards[i].entry = *entry;
        memcpy(view->awards[i].account,
               world_account(engine->world, entry->user)->row.name,
               STORE_NAME_BYTES);
    }
}

static struct auction_view *
make_view(struct engine *engine, const struct auction *auction)
{
    struct auction_view *view = calloc(1, sizeof(*view));
    const struct lot *lot = &auction->row.lot;
    const struct account *account = world_account(engine->world, lot->leader);

    /* Out of memory after the flush: what is durable must be shown. */
    CHECK(view != NULL && auction->text != NULL);
    atomic_init(&view->references, 1);
    view->seq = auction->row.seq;
    view->lot = *lot;
    memcpy(view->terms.bytes, auction->row.terms, sizeof(view->terms));
    memcpy(view->alias_salt, auction->row.alias_salt, sizeof(view->alias_salt));
    view->text = shared_ref(auction->text);
    memcpy(view->seller, auction->seller->row.name, sizeof(view->seller));
    if (account != NULL)
        memcpy(view->leader, account->row.name, sizeof(view->leader));
    add_awards(engine, view, auction);
    return view;
}

/* --------------------------------------------------------------- invoices */

static struct invoice_view
invoice_of(const struct auction *auction, const struct entry *entry)
{
    const struct lot *lot = &auction->row.lot;
    struct invoice_view view = {.number = entry->invoice,
                                .auction = lot->id,
                                .seller = lot->seller,
                                .corrected_by = entry->credit_note,
                                .ended = lot->ended,
                                .entry = *entry};
    struct money goods =
        money_of(entry->amount.minor * (int64_t)entry->quantity);

    memcpy(view.currency, lot->rules.currency, sizeof(view.currency));
    CHECK(invoice_compute(&view.sums, goods, lot->rules.premium_bp,
                          lot->rules.tax_bp));
    return view;
}

/** An entry's invoice, and the credit note that takes it back. */
static void
publish_invoice(struct engine *engine, const struct auction *auction,
                const struct entry *entry)
{
    struct invoice_view view;
    enum err err = ERR_OK;

    if (entry->invoice == 0)
        return;
    view = invoice_of(auction, entry);
    err = views_publish_invoice(engine->views, &view);
    if (err == ERR_OK && entry->credit_note != 0) {
        view.number = entry->credit_note;
        view.corrected_by = 0;
        view.corrects = entry->invoice;
        err = views_publish_invoice(engine->views, &view);
    }
    CHECK(err == ERR_OK);
}

void
engine_publish_invoices(struct engine *engine, const struct auction *auction)
{
    const struct lot *lot = &auction->row.lot;

    for (uint32_t i = 0; i < lot->due_count; i++)
        publish_invoice(engine, auction,
                        &auction->book->entries[lot->due_first + i]);
}

/** Those of entries that this batch has changed. */
static void
publish_changed_invoices(struct engine *engine, const struct auction *auction)
{
    const struct book *book = auction->book;

    for (uint32_t i = 0; book != NULL && i < book->change_count; i++)
        publish_invoice(engine, auction, &book->entries[book->changes[i].at]);
}

void
engine_publish_auction(struct engine *engine, const struct auction *auction)
{
    enum err err = views_publish(engine->views, make_view(engine, auction));

    CHECK(err == ERR_OK);
}

void
engine_publish_account(struct engine *engine, const struct account *account)
{
    struct account_view view = {account->row.uid, account->row.limit,
                                account->held, account->row.blocked};
    enum err err =
        views_publish_account(engine->views, account->row.name, &view);

    CHECK(err == ERR_OK);
}

static void
publish_changes(struct engine *engine)
{
    struct world_changes changes = world_changes(engine->world);

    for (size_t i = 0; i < changes.account_count; i++)
        engine_publish_account(engine, changes.accounts[i]);
    for (size_t i = 0; i < changes.auction_count; i++) {
        publish_changed_invoices(engine, changes.auctions[i]);
        engine_publish_auction(engine, changes.auctions[i]);
    }
}

static void
feed_records(struct engine *engine)
{
    const struct batch *batch = &engine->batch;

    for (size_t i = 0; i < batch->record_count; i++) {
        size_t size;
        const char *bytes = batch_record(batch, i, &size);
        feed_append(engine->feed, batch->before.size + i, bytes, size);
    }
}

/** After the flush: everything that readers see. */
static void
show(struct engine *engine, const struct hash *root)
{
    feed_announce(engine->feed, engine->head.size);
    publish_changes(engine);
    world_commit(engine->world);
    engine_keep_head(engine, engine->head.size, root);
    engine_show_head(engine);
    feed_records(engine);
    if (engine->keeper != NULL)
        keeper_advance(engine->keeper, engine->head.size,
                       engine->head.checkpoint);
}

/* --------------------------------------------------------------- commit */

void
engine_fail(struct engine *engine, enum err err, const char *what)
{
    log_error("%s: %s; no further command is taken", what, err_detail());
    engine->failure = (int)err;
    engine->has_failed = true;
}

/** Those whose notes are in the log now hear it. */
static void
tell_notes(struct engine *engine, enum err err)
{
    struct batch *batch = &engine->batch;
    struct note *notes = batch->notes;

    batch->notes = NULL;
    batch->notes_last = &batch->notes;
    notes_finish(notes, err);
}

/** Notes of a batch that did not happen wait for the next one. */
static void
drop_notes(struct engine *engine)
{
    struct batch *batch = &engine->batch;

    if (engine->has_failed) {
        tell_notes(engine, ERR_STORE_LATCHED);
        return;
    }
    notes_return(engine->notes, batch->notes);
    batch->notes = NULL;
    batch->notes_last = &batch->notes;
}

void
engine_abort(struct engine *engine, enum err err)
{
    enum answer_kind kind = ANSWER_UNAVAILABLE;

    world_rewind(engine->world);
    tree_rewind(engine->tree, engine->batch.mark);
    engine->head = engine->batch.before;
    if (err == ERR_STORE_LATCHED) {
        engine_fail(engine, err, "the disk did not take a batch");
        kind = ANSWER_UNKNOWN;
    } else {
        log_error("a batch was not done: %s", err_detail());
    }
    for (size_t i = 0; i < engine->batch.pending_count; i++)
        engine_return(engine->batch.pending[i].task, kind);
    drop_notes(engine);
    engine_begin(engine);
}

void
engine_commit(struct engine *engine)
{
    struct hash root = tree_root(engine->tree);
    bool has_records = engine->batch.record_count > 0;
    enum err err = ERR_OK;

    if (has_records) {
        engine->head.auction_last = world_auction_last(engine->world);
        engine->head.uid_last = world_uid_last(engine->world);
        engine->head.invoice_last = world_invoice_last(engine->world);
        if ((err = sign_head(engine, &root)) == ERR_OK)
            err = write_rows(engine);
    }
    if (err != ERR_OK) {
        engine_abort(engine, err);
        return;
    }
    if (has_records)
        show(engine, &root);
    engine_release_answers(engine, &root);
    tell_notes(engine, ERR_OK);
    engine_begin(engine);
    if (has_records && engine->options.published != NULL)
        engine->options.published(engine->options.published_context);
}
