/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the world's records become leaves, and how its questions are answered.
 */
#include "engine/engine_internal.h"

#include "engine/history.h"

#include <stdlib.h>
#include <string.h>

const char *
batch_record(const struct batch *batch, size_t i, size_t *size_out)
{
    CHECK(i < batch->record_count);
    *size_out = batch->offsets[i + 1] - batch->offsets[i];
    return batch->bytes.bytes + batch->offsets[i];
}

/** The members that every record has and only the engine knows. */
static enum err
complete(struct engine *engine, struct record *record)
{
    struct bytes16 salt;

    if (!engine->options.random.fill(engine->options.random.context, &salt,
                                     sizeof(salt)))
        return err_set(ERR_CRYPTO, "no random bytes for a record's salt");
    if (!engine->batch.tx_is_open)
        engine->head.tx++;
    engine->batch.tx_is_open = true;
    RECORD_SET(record, seq, (int64_t)engine->head.size);
    RECORD_SET(record, t, engine->last_stamp.ms);
    RECORD_SET(record, tx, (int64_t)engine->head.tx);
    RECORD_SET(record, salt, salt);
    return ERR_OK;
}

static enum err
sink_record(void *context, struct record *record, uint64_t *seq_out)
{
    struct engine *engine = context;
    struct batch *batch = &engine->batch;
    struct hash leaf;
    size_t size;
    const char *bytes;
    enum err err;

    CHECK(batch->record_count < BATCH_RECORDS_MAX);
    if ((err = complete(engine, record)) != ERR_OK ||
        (err = record_encode(record, &batch->bytes)) != ERR_OK)
        return err;
    batch->offsets[++batch->record_count] = batch->bytes.size;
    bytes = batch_record(batch, batch->record_count - 1, &size);
    leaf = leaf_hash(bytes, size);
    tree_append(engine->tree, &leaf);
    *seq_out = engine->head.size++;
    engine->head.t = engine->last_stamp;
    CHECK(tree_size(engine->tree) == engine->head.size);
    return ERR_OK;
}

static uint64_t
sink_next_seq(void *context)
{
    return ((struct engine *)context)->head.size;
}

static enum err
sink_blob(void *context, const struct hash *hash, const void *bytes,
          size_t size)
{
    struct batch *batch = &((struct engine *)context)->batch;
    struct store_blob *blob;
    void *copy;

    if (batch->blob_count == BATCH_BLOBS_MAX)
        return err_set(ERR_TOO_LARGE, "too many blobs in one batch");
    copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL)
        return err_set(ERR_NOMEM, "no memory for a blob");
    memcpy(copy, bytes, size);
    blob = &batch->blobs[batch->blob_count++];
    *blob = (struct store_blob){.bytes = copy, .size = size};
    memcpy(blob->hash, hash->bytes, sizeof(blob->hash));
    return ERR_OK;
}

static enum err
sink_find_request(void *context, uint64_t uid, const struct bytes16 *request,
                  struct store_request *out)
{
    struct engine *engine = context;
    const struct store_port *store = &engine->options.store;
    const struct store_request *row =
        batch_find_request(&engine->batch, uid, request);

    if (row != NULL) {
        *out = *row;
        return ERR_OK;
    }
    return store->read_request(store->context, uid, request->bytes, out);
}

/** Binary search: sizes in the ring ascend. */
static const struct kept_head *
find_head(const struct engine *engine, uint64_t size)
{
    uint64_t high = engine->kept_count;
    uint64_t low = high > HEADS_KEPT ? high - HEADS_KEPT : 0;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        const struct kept_head *kept = &engine->kept[middle % HEADS_KEPT];
        if (kept->size == size)
            return kept;
        if (kept->size < size)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void
engine_keep_head(struct engine *engine, uint64_t size, const struct hash *root)
{
    engine->kept[engine->kept_count++ % HEADS_KEPT] =
        (struct kept_head){size, *root};
}

/*
 * A head that a client says it has seen need not be one of ours: a larger or
 * a different one is refused, not believed.
 */
static enum err
sink_check_head(void *context, const struct record_seen *seen,
                bool *is_ours_out)
{
    struct engine *engine = context;
    const struct kept_head *kept = find_head(engine, seen->size);
    struct hash root;
    enum err err = ERR_OK;

    *is_ours_out = false;
    if (seen->size > engine->batch.before.size)
        return ERR_OK;
    if (kept != NULL)
        root = kept->root;
    else if (seen->size == 0)
        root = hash_empty_root();
    else
        err = tree_root_at(engine->tree, seen->size, &root);
    if (err == ERR_OK)
        *is_ours_out = hash_equal(&root, &seen->root);
    return err;
}

static enum err
sink_history(void *context, uint64_t auction, struct past_bid **bids_out,
             size_t *count_out)
{
    struct engine *engine = context;

    /*
     * Nothing was decided in this batch: all bids are in the store. It may
     * hold the enrolment of the very party that asks.
     */
    CHECK(engine->batch.pending_count == 0);
    return history_read(&engine->options.store, auction,
                        engine->batch.before.size, bids_out, count_out);
}

struct world_ports
engine_world_ports(struct engine *engine)
{
    return (struct world_ports){
        .context = engine,
        .record = sink_record,
        .next_seq = sink_next_seq,
        .blob = sink_blob,
        .find_request = sink_find_request,
        .check_head = sink_check_head,
        .history = sink_history,
    };
}

static enum err
source_tile(void *context, unsigned level, uint64_t index,
            struct hash hashes_out[TREE_TILE_HASHES])
{
    const struct store_port *store = &((struct engine *)context)->options.store;

    _Static_assert(sizeof(struct hash) * TREE_TILE_HASHES == STORE_TILE_BYTES,
                   "a tile is 256 hashes without padding");
    return store->read_tile(store->context, level, index,
                            (uint8_t *)hashes_out);
}

static enum err
source_leaf(void *context, uint64_t index, struct hash *leaf_out)
{
    const struct store_port *store = &((struct engine *)context)->options.store;
    struct buf bytes;
    enum err err;

    buf_init(&bytes, RECORD_BYTES_MAX);
    err = store->read_record(store->context, index, &bytes);
    if (err == ERR_OK)
        *leaf_out = leaf_hash(bytes.bytes, bytes.size);
    buf_release(&bytes);
    return err;
}

struct tree_source
engine_tree_source(struct engine *engine)
{
    return (struct tree_source){engine, source_tile, source_leaf};
}
