/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start: the state from the tables, the proof that it is the state that was
 * signed, the first records of this life.
 */
#include "engine/engine_internal.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/** The rules' version, as log.init names it. */
static const char rules_version[] = WORLD_RULES;

enum { OUTAGE_STEP = 500 };

/* ----------------------------------------------------------------- rows */

/** A walk over a table that stops at the first row that cannot be loaded. */
struct loading {
    struct engine *engine;
    enum err err;
};

static bool
load_account(void *context, const struct store_account *row)
{
    struct loading *loading = context;

    loading->err = world_load_account(loading->engine->world, row);
    return loading->err == ERR_OK;
}

static bool
load_cert(void *context, const struct store_cert *row)
{
    struct loading *loading = context;

    loading->err = world_load_cert(loading->engine->world, row);
    return loading->err == ERR_OK;
}

static bool
load_lot(void *context, const struct store_lot *row)
{
    struct loading *loading = context;

    loading->err = world_load_lot(loading->engine->world, row);
    return loading->err == ERR_OK;
}

static bool
load_entry(void *context, const struct store_entry *row)
{
    struct loading *loading = context;

    loading->err = world_load_entry(loading->engine->world, row);
    return loading->err == ERR_OK;
}

static bool
load_text(void *context, uint64_t auction, const void *bytes, size_t size)
{
    struct loading *loading = context;

    loading->err =
        world_load_text(loading->engine->world, auction, bytes, size);
    return loading->err == ERR_OK;
}

static enum err
load_tables(struct engine *engine)
{
    const struct store_port *store = &engine->options.store;
    struct loading loading = {engine, ERR_OK};
    enum err err;

    if ((err = store->each_account(store->context, load_account, &loading)) !=
            ERR_OK ||
        loading.err != ERR_OK)
        return err != ERR_OK ? err : loading.err;
    if ((err = store->each_cert(store->context, load_cert, &loading)) !=
            ERR_OK ||
        loading.err != ERR_OK)
        return err != ERR_OK ? err : loading.err;
    if ((err = store->each_lot(store->context, load_lot, &loading)) != ERR_OK ||
        loading.err != ERR_OK)
        return err != ERR_OK ? err : loading.err;
    if ((err = store->each_entry(store->context, load_entry, &loading)) !=
            ERR_OK ||
        loading.err != ERR_OK)
        return err != ERR_OK ? err : loading.err;
    err = store->each_text(store->context, load_text, &loading);
    return err != ERR_OK ? err : loading.err;
}

/** Every row must be there, and every auction have its text. */
static enum err
check_tables(struct engine *engine)
{
    const struct store_head *head = &engine->head;

    if (world_auction_last(engine->world) != head->auction_last ||
        world_uid_last(engine->world) != head->uid_last)
        return err_set(ERR_DAMAGED, "the store lacks rows that its head "
                                    "counts; restore a verified snapshot");
    for (uint64_t id = 1; id <= head->auction_last; id++)
        if (world_auction(engine->world, id)->text == NULL)
            return err_set(ERR_DAMAGED, "auction %llu has no text",
                           (unsigned long long)id);
    return world_check_books(engine->world);
}

static void
publish_all(struct engine *engine)
{
    uint64_t uids = world_uid_last(engine->world);
    uint64_t auctions = world_auction_last(engine->world);

    for (uint64_t uid = 1; uid <= uids; uid++)
        engine_publish_account(engine, world_account(engine->world, uid));
    for (uint64_t id = 1; id <= auctions; id++) {
        const struct auction *auction = world_auction(engine->world, id);
        engine_publish_invoices(engine, auction);
        engine_publish_auction(engine, auction);
    }
}

/* ---------------------------------------------------------------- proof */

static enum err
forked(const char *what)
{
    return err_set(ERR_FORKED,
                   "%s. The data directory was restored from an old copy or "
                   "changed by hand; going on would sign a second history. "
                   "Put the newest data back, or begin a new log that names "
                   "this one: a log certificate with a new origin, an empty "
                   "data directory, and audit.prev",
                   what);
}

/** The head row is signed by our key, and the log hashes to it. */
static enum err
prove_head(struct engine *engine)
{
    const struct store_head *head = &engine->head;
    struct checkpoint signed_head;
    struct hash root;
    enum err err;

    err = checkpoint_verify(&signed_head, head->checkpoint,
                            strlen(head->checkpoint),
                            &engine->options.logkey->verifier);
    if (err != ERR_OK)
        return err_set(err == ERR_FOREIGN ? ERR_FOREIGN : ERR_UNTRUSTED,
                       "the data directory's log is not signed by the key in "
                       "audit.key for the origin in audit.origin: %s",
                       err_detail());
    if ((err = tree_load(engine->tree, head->size)) != ERR_OK)
        return err;
    root = tree_root(engine->tree);
    if (signed_head.size != head->size || !hash_equal(&root, &signed_head.root))
        return forked("the log does not hash to its signed head");
    engine_keep_head(engine, head->size, &root);
    return ERR_OK;
}

/** The head file beside the store must be a prefix of the store's log. */
static enum err
prove_head_file(struct engine *engine)
{
    const struct store_port *store = &engine->options.store;
    struct checkpoint kept;
    struct hash root;
    struct buf text;
    enum err err;

    buf_init(&text, STORE_CHECKPOINT_BYTES_MAX);
    err = store->read_head_file(store->context, &text);
    if (err == ERR_NOT_FOUND) {
        buf_release(&text);
        return ERR_OK;
    }
    if (err == ERR_OK)
        err = checkpoint_verify(&kept, text.bytes, text.size,
                                &engine->options.logkey->verifier);
    buf_release(&text);
    if (err != ERR_OK)
        return err_set(ERR_DAMAGED,
                       "the head file is not a head of this "
                       "log: %s",
                       err_detail());
    if (kept.size > engine->head.size)
        return forked("the head file has seen a longer log");
    if ((err = tree_root_at(engine->tree, kept.size, &root)) != ERR_OK)
        return err;
    return hash_equal(&root, &kept.root)
               ? ERR_OK
               : forked("the head file has seen another log");
}

/* -------------------------------------------------------- first records */

static enum err
note_blob(struct engine *engine, const void *bytes, size_t size,
          struct hash *hash_out)
{
    struct world_ports ports = engine_world_ports(engine);

    *hash_out = hash_of(bytes, size);
    return ports.blob(ports.context, hash_out, bytes, size);
}

static enum err
note_init(struct engine *engine)
{
    const struct engine_options *o = &engine->options;
    char vkey[VKEY_BYTES];
    struct record record;
    struct hash cert, ca;
    enum err err;

    if ((err = note_blob(engine, o->log_cert.text, o->log_cert.size, &cert)) !=
            ERR_OK ||
        (err = note_blob(engine, o->ca.text, o->ca.size, &ca)) != ERR_OK)
        return err;
    record_init(&record, RECORD_LOG_INIT);
    RECORD_SET_TEXT(&record, origin, o->logkey->verifier.name);
    RECORD_SET_TEXT(&record, vkey, vkey_format(vkey, &o->logkey->verifier));
    RECORD_SET(&record, cert_blob, cert);
    RECORD_SET(&record, ca_blob, ca);
    RECORD_SET_TEXT(&record, rules, rules_version);
    if (o->prev != NULL) {
        RECORD_SET(
            &record, prev,
            ((struct record_prev){text_ref_of(o->prev->origin), o->prev->root,
                                  (int64_t)o->prev->size}));
    }
    return engine_note(engine, &record);
}

static enum err
note_start(struct engine *engine, bool is_recovered)
{
    const struct engine_options *o = &engine->options;
    struct record record;
    struct hash config;
    uint8_t boot[16];
    char boot_text[33];
    enum err err;

    if (!o->random.fill(o->random.context, boot, sizeof(boot)))
        return err_set(ERR_CRYPTO, "no random bytes at the start");
    if ((err = note_blob(engine, o->config_text, strlen(o->config_text),
                         &config)) != ERR_OK)
        return err;
    record_init(&record, RECORD_SERVER_START);
    RECORD_SET_TEXT(&record, version, AUCTIOND_VERSION);
    RECORD_SET_TEXT(&record, build, o->build);
    RECORD_SET(&record, config_blob, config);
    RECORD_SET_TEXT(&record, boot, text_hex(boot_text, boot, sizeof(boot)));
    RECORD_SET(&record, recovered, is_recovered);
    return engine_note(engine, &record);
}

/** Extend what ended while nobody could bid, batch by batch. */
static enum err
apply_outage(struct engine *engine, struct instant last_alive)
{
    bool more = true;

    while (more) {
        enum err err = world_outage(engine->world, last_alive,
                                    engine->last_stamp, OUTAGE_STEP, &more);
        if (err != ERR_OK)
            return err;
        if (more)
            engine_commit(engine);
    }
    return ERR_OK;
}

static enum err
first_records(struct engine *engine, bool is_new)
{
    struct instant last_alive = engine->head.t;
    enum err err;

    engine->last_stamp = engine_stamp(engine);
    engine->heartbeat_due = instant_of(engine->last_stamp.ms + 5000);
    engine_begin(engine);
    if (is_new && (err = note_init(engine)) != ERR_OK)
        return err;
    if ((err = note_start(engine, !is_new)) != ERR_OK)
        return err;
    if (!is_new && (err = apply_outage(engine, last_alive)) != ERR_OK)
        return err;
    engine_commit(engine);
    return engine->has_failed || engine->head.size == 0
               ? err_set(ERR_STORE, "the start could not be written: %s",
                         err_detail())
               : ERR_OK;
}

enum err
engine_load(struct engine *engine)
{
    const struct store_port *store = &engine->options.store;
    enum err err = store->read_head(store->context, &engine->head);
    bool is_new = err == ERR_NOT_FOUND;

    if (is_new)
        engine->head = (struct store_head){0};
    else if (err != ERR_OK || (err = prove_head(engine)) != ERR_OK ||
             (err = load_tables(engine)) != ERR_OK ||
             (err = check_tables(engine)) != ERR_OK)
        return err;
    if ((err = prove_head_file(engine)) != ERR_OK)
        return err;
    world_load_counters(engine->world, engine->head.invoice_last);
    engine->last_stamp = engine->head.t;
    if ((err = feed_create(&engine->feed, engine->head.size)) != ERR_OK)
        return err;
    publish_all(engine);
    if ((err = engine_load_cosigned(engine)) != ERR_OK)
        return err;
    return first_records(engine, is_new);
}
