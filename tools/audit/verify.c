/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: whether a log is what its signed head says, and whether everything
 * in it follows from the bidders' signatures and the rules. One pass; each
 * check keeps its first failure, and the earliest check in the order decides.
 */
#include "verify.h"

#include "audit/command.h"
#include "audit/signature.h"
#include "engine/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

__attribute__((format(printf, 5, 6))) static void
find(struct verifying *v, enum check check, bool has_seq, uint64_t seq,
     const char *format, ...)
{
    struct finding *f = &v->findings[check];
    va_list arguments;

    if (f->is_false)
        return;
    f->is_false = true;
    f->has_seq = has_seq;
    f->seq = seq;
    va_start(arguments, format);
    vsnprintf(f->what, sizeof(f->what), format, arguments);
    va_end(arguments);
}

/** An input is missing: nothing is proved false, nothing can be decided. */
static void
find_missing(struct verifying *v, enum check check, bool has_seq, uint64_t seq,
             const char *what)
{
    if (v->findings[check].is_false)
        return;
    find(v, check, has_seq, seq, "%s", what);
    v->findings[check].is_missing = true;
}

static bool
is_missing(enum err err)
{
    return err == ERR_NOT_FOUND || err == ERR_SYSTEM;
}

/* ------------------------------------------------------------------ key, head
 */

static void
check_log_key(struct verifying *v, struct pem ca)
{
    const char *file = v->options->log_cert;
    char *text = NULL;
    size_t size = 0;
    struct buf cert;
    struct instant now = instant_of((int64_t)time(NULL) * 1000);
    enum err err;

    buf_init(&cert, PEM_BYTES_MAX);
    if (file != NULL) {
        err = inspect_read(&text, &size, file);
        if (err == ERR_OK)
            buf_add(&cert, text, size);
        free(text);
    } else {
        err = source_log_cert(v->source, &cert);
    }
    if (is_missing(err)) {
        find_missing(v, CHECK_LOG_KEY, false, 0, err_detail());
        buf_release(&cert);
        return;
    }
    if (err == ERR_OK)
        err = logkey_from_cert(&v->log, (struct pem){cert.bytes, cert.size}, ca,
                               NULL, now);
    buf_release(&cert);
    if (err != ERR_OK)
        find(v, CHECK_LOG_KEY, false, 0, "%s", err_detail());
    else
        snprintf(v->log_key_text, sizeof(v->log_key_text),
                 "%s, certified by the CA", v->log.name);
}

static void
check_head(struct verifying *v)
{
    struct buf note;
    enum err err;

    if (v->findings[CHECK_LOG_KEY].is_false)
        return;
    buf_init(&note, CHECKPOINT_BYTES_MAX);
    err = source_checkpoint(v->source, &note);
    if (is_missing(err))
        find_missing(v, CHECK_CHECKPOINT, false, 0, err_detail());
    else if (err == ERR_OK)
        err = checkpoint_verify(&v->head, note.bytes, note.size, &v->log);
    if (err != ERR_OK)
        find(v, CHECK_CHECKPOINT, false, 0, "%s", err_detail());
    buf_release(&note);
}

/* -------------------------------------------------------------------- records
 */

static void
keep_root(struct verifying *v)
{
    if (v->count >= v->root_capacity) {
        size_t capacity = v->root_capacity == 0 ? 4096 : v->root_capacity * 2;
        struct hash *roots = realloc(v->roots, capacity * sizeof(*roots));
        if (roots == NULL) {
            v->is_out_of_memory = true;
            return;
        }
        v->roots = roots;
        v->root_capacity = capacity;
    }
    v->roots[v->count] = tree_hasher_root(&v->hasher);
}

/** The first leaf that the signed tree does not have, by the tiles. */
static void
check_leaf(struct verifying *v, const struct source_line *line)
{
    struct hash expected;
    char found[HASH_HEX_BYTES], wanted[HASH_HEX_BYTES];

    if (source_leaf(v->source, line->seq, &expected) == ERR_OK &&
        !hash_equal(&expected, &line->leaf))
        find(v, CHECK_TREE, true, line->seq,
             "these bytes hash to %.12s..., the tree has %.12s...",
             hash_hex(found, &line->leaf), hash_hex(wanted, &expected));
}

static bool
is_text(const struct text_ref *text, const char *word)
{
    return text->size == strlen(word) &&
           memcmp(text->bytes, word, text->size) == 0;
}

static void
check_order(struct verifying *v)
{
    const struct record *r = &v->record;
    uint64_t seq = v->count;

    if (r->seq != (int64_t)seq)
        find(v, CHECK_RECORDS, true, seq, "its number is %" PRId64, r->seq);
    if (r->t < v->last_t)
        find(v, CHECK_RECORDS, true, seq,
             "its time is earlier than that of "
             "the record before it");
    if (seq > 0 && r->tx != v->last_tx && r->tx != v->last_tx + 1 &&
        v->withheld == 0)
        find(v, CHECK_RECORDS, true, seq, "a transaction is missing");
    v->last_t = r->t;
    v->last_tx = r->tx;
}

/** The log begins with one log.init, which names it and its key. */
static void
check_first(struct verifying *v)
{
    const struct record *r = &v->record;
    char vkey[VKEY_BYTES];

    if ((v->count == 0) != (r->type == RECORD_LOG_INIT)) {
        find(v, CHECK_RECORDS, true, v->count,
             v->count == 0 ? "a log begins with log.init"
                           : "log.init is not the beginning");
        return;
    }
    if (v->count == 0 && r->tx != 1)
        find(v, CHECK_RECORDS, true, 0, "its transaction is not the first");
    if (v->count > 0 || v->findings[CHECK_LOG_KEY].is_false)
        return;
    vkey_format(vkey, &v->log);
    if (!is_text(&r->origin, v->log.name) || !is_text(&r->vkey, vkey))
        find(v, CHECK_RECORDS, true, 0, "it is the log of another key");
    if (!is_text(&r->rules, WORLD_RULES))
        find(v, CHECK_RECORDS, true, 0, "it follows other rules than these");
}

/** The bytes behind a hash in a record are there, and have that hash. */
static void
check_blob(struct verifying *v, const struct hash *hash)
{
    struct buf bytes;
    enum err err;

    buf_init(&bytes, BLOB_BYTES_MAX);
    err = source_blob(v->source, hash, &bytes);
    if (is_missing(err))
        find_missing(v, CHECK_RECORDS, true, v->count,
                     "the bytes of a hash in it are missing");
    else if (err != ERR_OK)
        find(v, CHECK_RECORDS, true, v->count, "%s", err_detail());
    buf_release(&bytes);
}

static void
check_blobs(struct verifying *v)
{
    const struct record *r = &v->record;

    if (RECORD_HAS(r, ca_blob))
        check_blob(v, &r->ca_blob);
    if (RECORD_HAS(r, cert_blob))
        check_blob(v, &r->cert_blob);
    if (RECORD_HAS(r, config_blob))
        check_blob(v, &r->config_blob);
    if (RECORD_HAS(r, crl_blob))
        check_blob(v, &r->crl_blob);
    if (RECORD_HAS(r, draft_blob))
        check_blob(v, &r->draft_blob);
    if (RECORD_HAS(r, rules_blob))
        check_blob(v, &r->rules_blob);
}

static void
check_cert(struct verifying *v)
{
    const struct record *r = &v->record;
    struct buf der;
    enum err err;

    buf_init(&der, PEM_BYTES_MAX);
    err = source_blob(v->source, &r->cert_blob, &der);
    if (err == ERR_OK)
        err = certs_add(v->certs, r, &der);
    if (is_missing(err))
        find_missing(v, CHECK_CERTS, true, v->count,
                     "a certificate's bytes are missing");
    else if (err != ERR_OK)
        find(v, CHECK_CERTS, true, v->count, "%s", err_detail());
    buf_release(&der);
}

static void
check_signature(struct verifying *v)
{
    const struct record *r = &v->record;
    struct signed_command command;
    EVP_PKEY *key = r->actor.has_fp ? certs_key(v->certs, &r->actor.fp) : NULL;
    struct buf bytes;
    enum err err;

    if (key == NULL && v->withheld > 0) {
        v->unknown_count++; /* its certificate may be what is withheld */
        return;
    }
    v->signed_count++;
    if (key == NULL) {
        find(v, CHECK_SIGNATURES, true, v->count,
             "it is signed by a certificate that the log has not seen");
        return;
    }
    if (!certs_in_force(v->certs, &r->actor.fp, instant_of(r->t)))
        find(v, CHECK_CERTS, true, v->count,
             "its actor's certificate was not in force");
    buf_init(&bytes, COMMAND_BYTES_MAX);
    err = command_from_record(&command, r, v->log.name);
    command.signer = r->actor.fp;
    if (err == ERR_OK)
        err = command_encode(&command, &bytes);
    if (err == ERR_OK)
        err = command_verify(key, bytes.bytes, bytes.size, &r->sig);
    if (err != ERR_OK)
        find(v, CHECK_SIGNATURES, true, v->count,
             "its signature is not by the key of its actor's certificate");
    buf_release(&bytes);
}

/** Whether it is a refusal of the signature, for this cause. */
static bool
is_refused_for(const struct record *r, const char *cause)
{
    return RECORD_HAS(r, reason) && RECORD_HAS(r, cause) &&
           is_text(&r->reason, "ERR_SIGNATURE") && is_text(&r->cause, cause);
}

static void
check_seen(struct verifying *v)
{
    const struct record_seen *seen = &v->record.sig.seen;
    bool is_ours = seen->size <= v->count &&
                   hash_equal(&v->roots[seen->size], &seen->root);

    v->heads++;
    if (is_ours == is_refused_for(&v->record, "head"))
        find(v, CHECK_HEADS, true, v->count,
             is_ours ? "it was refused for a head that is ours: size %llu"
                     : "its signer has seen another history: size %llu",
             (unsigned long long)seen->size);
}

static void
replay_record(struct verifying *v, const struct source_line *line)
{
    if (v->findings[CHECK_REPLAY].is_false || v->withheld > 0)
        return;
    if (replay_feed(v->replay, line->bytes, line->size) != ERR_OK)
        find(v, CHECK_REPLAY, true, replay_failed_at(v->replay), "%s",
             err_detail());
}

static void
check_record(struct verifying *v, const struct source_line *line)
{
    enum command_kind cmd;
    bool is_accepted;

    if (record_decode(line->bytes, line->size, &v->record, &v->text) !=
        ERR_OK) {
        find(v, CHECK_RECORDS, true, v->count, "%s", err_detail());
        return;
    }
    check_order(v);
    check_first(v);
    check_blobs(v);
    if (v->record.type == RECORD_CERT_SEEN)
        check_cert(v);
    if (command_of_type(v->record.type, &cmd, &is_accepted)) {
        if (RECORD_HAS(&v->record, sig)) {
            check_signature(v);
            check_seen(v);
        } else if (v->record.type != RECORD_PUBLISH_ACCEPTED ||
                   memcmp(&v->record.request, &v->created,
                          sizeof(v->created)) != 0) {
            v->unsigned_count++;
        }
        if (v->record.type == RECORD_CREATE_ACCEPTED)
            v->created = v->record.request;
    }
    replay_record(v, line);
}

static bool
visit(void *context, const struct source_line *line)
{
    struct verifying *v = context;

    keep_root(v); /* of the size before this record */
    if (v->is_out_of_memory)
        return false;
    check_leaf(v, line);
    if (line->bytes == NULL)
        v->withheld++;
    else
        check_record(v, line);
    tree_hasher_add(&v->hasher, &line->leaf);
    v->count++;
    if (v->count % 10000 == 0 && isatty(STDERR_FILENO) == 1)
        fprintf(stderr, "\r%llu records", (unsigned long long)v->count);
    return true;
}

static void
check_root(struct verifying *v)
{
    struct hash root = tree_hasher_root(&v->hasher);

    if (v->findings[CHECK_LOG_KEY].is_false ||
        v->findings[CHECK_CHECKPOINT].is_false)
        return;
    if (v->count != v->head.size)
        find(v, CHECK_TREE, true,
             v->count < v->head.size ? v->count : v->head.size,
             "there are %llu records, the signed head has %llu",
             (unsigned long long)v->count, (unsigned long long)v->head.size);
    else if (!hash_equal(&root, &v->head.root))
        find(v, CHECK_TREE, false, 0,
             "the records do not hash to the signed root");
}

static enum err
replay_blob_of(void *context, const struct hash *hash, struct buf *out)
{
    return source_blob(context, hash, out);
}

/* -------------------------------------------------------------------- receipts
 */

/** A kept receipt must be of this log, and agree with it. */
static void
check_kept_receipt(struct verifying *v, const char *path)
{
    struct receipt_text *storage = malloc(sizeof(*storage));
    struct receipt receipt;
    struct checkpoint head;
    struct hash leaf, ours;
    char *text = NULL;
    size_t size;
    enum err err =
        storage == NULL ? ERR_NOMEM : inspect_read(&text, &size, path);

    if (err == ERR_OK)
        err = receipt_parse(&receipt, storage, text, size);
    if (err == ERR_OK)
        err = receipt_verify(&receipt, &v->log, &head, &v->record, &v->text);
    if (err != ERR_OK) {
        find(v, CHECK_HEADS, false, 0, "receipt '%s': %s", path, err_detail());
    } else {
        leaf = leaf_hash(receipt.record, receipt.record_size);
        if (head.size > v->count ||
            (head.size < v->count &&
             !hash_equal(&v->roots[head.size], &head.root)) ||
            (source_leaf(v->source, receipt.index, &ours) == ERR_OK &&
             !hash_equal(&ours, &leaf)))
            find(v, CHECK_HEADS, true, receipt.index,
                 "receipt '%s' was given out by another history", path);
        v->heads++;
    }
    free(text);
    free(storage);
}

static double
seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static enum err
run(struct verifying *v)
{
    enum err err = source_each(v->source, visit, v);

    if (isatty(STDERR_FILENO) == 1)
        fputs("\r", stderr);
    if (err != ERR_OK)
        return err;
    check_root(v);
    if (v->withheld == 0 && !v->findings[CHECK_REPLAY].is_false &&
        replay_finish(v->replay) != ERR_OK)
        find(v, CHECK_REPLAY, true, replay_failed_at(v->replay), "%s",
             err_detail());
    for (size_t i = 0; i < v->options->receipt_count; i++)
        check_kept_receipt(v, v->options->receipts[i]);
    return ERR_OK;
}

int
inspect_verify(const struct inspect_options *options)
{
    struct verifying *v = calloc(1, sizeof(*v));
    double start = seconds_now();
    char *ca = NULL;
    size_t ca_size = 0;
    enum err err;
    int code;

    if (v == NULL)
        return INSPECT_UNREADABLE;
    if (options->ca == NULL) {
        fprintf(stderr, "auction-audit: verify needs --ca FILE: without a CA "
                        "nothing can be trusted\n");
        free(v);
        return INSPECT_UNTRUSTED;
    }
    v->options = options;
    tree_hasher_init(&v->hasher);
    if ((err = inspect_read(&ca, &ca_size, options->ca)) == ERR_OK &&
        (err = source_open(&v->source, options->export_dir,
                           options->data_dir)) == ERR_OK &&
        (err = certs_create(&v->certs, (struct pem){ca, ca_size})) == ERR_OK &&
        (err = replay_create(&v->replay, replay_blob_of, v->source)) ==
            ERR_OK) {
        check_log_key(v, (struct pem){ca, ca_size});
        check_head(v);
        err = run(v);
    }
    code = err == ERR_OK ? verify_conclude(v, seconds_now() - start)
                         : inspect_failed(err);
    replay_destroy(&v->replay);
    certs_destroy(&v->certs);
    source_close(&v->source);
    log_verifier_release(&v->log);
    free(v->roots);
    free(ca);
    free(v);
    return code;
}
