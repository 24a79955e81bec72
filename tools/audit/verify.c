/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: whether a log is what its signed head says, and whether everything
 * in it follows from the bidders' signatures and the rules. One pass over the
 * records; each check keeps its first failure, and the earliest check in the
 * order decides.
 */
#include "verify.h"

#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double
verify_seconds(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void
verify_fail(struct verifying *v, enum err err)
{
    if (v->failed == ERR_OK)
        v->failed = err;
}

/* ----------------------------------------------------------------- key, head
 */

static void
take_cert_hash(struct verifying *v)
{
    struct buf cert;

    if (v->options->log_cert != NULL)
        return; /* its own business */
    buf_init(&cert, PEM_BYTES_MAX);
    if (source_log_cert(v->source, &cert) == ERR_OK) {
        v->cert_hash = hash_of(cert.bytes, cert.size);
        v->has_cert = true;
    }
    buf_release(&cert);
}

static void
check_key_and_head(struct verifying *v)
{
    enum err err = trust_load_key(&v->trust, v->options->log_cert, v->source,
                                  instant_of(0));

    findings_add_err(&v->findings, CHECK_LOG_KEY, FINDING_NO_SEQ, err);
    if (err != ERR_OK)
        return;
    take_cert_hash(v);
    err = trust_load_head(&v->trust, v->source);
    findings_add_err(&v->findings, CHECK_CHECKPOINT, FINDING_NO_SEQ, err);
    if (err == ERR_OK)
        v->quorum = policy_judge(&v->policy, v->source->note.bytes,
                                 v->source->note.size, &v->trust.log);
    if (v->quorum.has_false)
        findings_add(&v->findings, CHECK_COSIGNATURES, FINDING_NO_SEQ,
                     "a witness' line is not by its key");
}

/* --------------------------------------------------------------------- steps
 */

static void
decode_batch(void *context, struct batch *batch)
{
    (void)context;
    for (size_t i = 0; i < batch->count; i++) {
        struct item *item = &batch->items[i];
        item->line.leaf = source_line_leaf(&item->line);
        item->is_decoded = item->line.bytes != NULL &&
                           record_decode(item->line.bytes, item->line.size,
                                         &item->record, item->text) == ERR_OK;
        if (!item->is_decoded && item->line.bytes != NULL)
            snprintf(item->problem, sizeof(item->problem), "%s", err_detail());
    }
}

static void
check_batch(void *context, struct batch *batch)
{
    struct verifying *v = context;

    for (size_t i = 0; i < batch->count && v->failed == ERR_OK; i++)
        verify_record(v, &batch->items[i]);
    progress_show("verified", v->count, v->source->size);
}

static void
sign_batch(void *context, struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i].key != NULL)
            verify_signature(context, &batch->items[i]);
}

/** Where a record is missing nothing can be recomputed any more. */
static void
replay_batch(void *context, struct batch *batch)
{
    struct verifying *v = context;

    for (size_t i = 0; i < batch->count && !v->is_replay_over; i++) {
        const struct item *item = &batch->items[i];
        v->is_replay_over = item->line.bytes == NULL;
        if (v->is_replay_over ||
            replay_feed(v->replay, item->line.bytes, item->line.size) == ERR_OK)
            continue;
        v->is_replay_over = true;
        findings_add(&v->findings, CHECK_REPLAY, replay_failed_at(v->replay),
                     "%s", err_detail());
    }
}

struct feeding {
    struct pipeline *pipeline;
    enum err err;
};

static bool
visit(void *context, const struct source_line *line)
{
    struct feeding *f = context;

    f->err = pipeline_add(f->pipeline, line);
    return f->err == ERR_OK;
}

/* -------------------------------------------------------------------- at last
 */

static void
check_root(struct verifying *v)
{
    uint64_t size = v->trust.head.size;
    struct hash root;

    if (findings_has(&v->findings, CHECK_LOG_KEY) ||
        findings_has(&v->findings, CHECK_CHECKPOINT))
        return;
    if (v->count != size) {
        findings_add(&v->findings, CHECK_TREE,
                     v->count < size ? v->count : size,
                     "there are %llu records, the signed head has %llu",
                     (unsigned long long)v->count, (unsigned long long)size);
        return;
    }
    root = tree_root(history_tree(v->history));
    if (!hash_equal(&root, &v->trust.head.root))
        findings_add(&v->findings, CHECK_TREE, FINDING_NO_SEQ,
                     "the records do not hash to the signed root");
}

static void
check_requests(struct verifying *v)
{
    const char *flaw;
    uint64_t seq;

    verify_fail(v, requests_finish(v->requests, v->withheld == 0, &seq, &flaw));
    if (flaw != NULL)
        findings_add(&v->findings, CHECK_REQUESTS, seq, "%s", flaw);
}

static void
check_ends(struct verifying *v)
{
    if (v->last_t > v->trust.not_after.ms + 1000 &&
        !findings_has(&v->findings, CHECK_LOG_KEY))
        findings_add(&v->findings, CHECK_LOG_KEY, FINDING_NO_SEQ,
                     "the log's certificate had run out before the last "
                     "record");
    if (v->has_cert && v->withheld == 0 && v->count > 0 && !v->is_cert_of_log)
        findings_add(&v->findings, CHECK_RECORDS, FINDING_NO_SEQ,
                     "the log's certificate is not one that the log names");
    if (!v->is_replay_over && replay_finish(v->replay) != ERR_OK)
        findings_add(&v->findings, CHECK_REPLAY, replay_failed_at(v->replay),
                     "%s", err_detail());
}

static enum err
run(struct verifying *v)
{
    struct pipeline_steps steps = {.context = v,
                                   .decode = decode_batch,
                                   .check = check_batch,
                                   .sign = sign_batch,
                                   .replay = replay_batch};
    struct feeding f = {.err = ERR_OK};
    enum err err = pipeline_create(&f.pipeline, &steps, v->options->workers);

    if (err != ERR_OK)
        return err;
    err = source_each(v->source, 0, visit, &f);
    pipeline_drain(f.pipeline);
    pipeline_destroy(&f.pipeline);
    if (err == ERR_OK)
        err = f.err;
    progress_clear();
    if (err == ERR_OK && v->failed != ERR_OK)
        err = v->failed;
    if (err != ERR_OK)
        return err;
    check_root(v);
    check_requests(v);
    check_ends(v);
    verify_tiles(v);
    verify_receipts(v);
    verify_since(v);
    verify_state(v);
    return v->failed;
}

/* ----------------------------------------------------------------- life cycle
 */

static enum err
replay_blob_of(void *context, const struct hash *hash, struct buf *out)
{
    return source_blob(context, hash, out);
}

static enum err
prepare(struct verifying *v, const struct inspect_options *o)
{
    enum err err;

    if ((err = trust_load_ca(&v->trust, o->ca)) != ERR_OK ||
        (err = source_open(&v->source, &o->source)) != ERR_OK ||
        (err = certs_create(&v->certs,
                            (struct pem){v->trust.ca, v->trust.ca_size})) !=
            ERR_OK ||
        (err = history_create(&v->history)) != ERR_OK ||
        (err = requests_create(&v->requests)) != ERR_OK ||
        (err = replay_create(&v->replay, replay_blob_of, v->source)) != ERR_OK)
        return err;
    replay_leave_requests(v->replay);
    v->tile = calloc(TREE_TILE_HASHES, sizeof(*v->tile));
    v->tile_index = UINT64_MAX;
    if (v->tile == NULL)
        return err_set(ERR_NOMEM, "out of memory");
    return o->policy == NULL ? ERR_OK : policy_load(&v->policy, o->policy);
}

static void
release(struct verifying *v)
{
    replay_destroy(&v->replay);
    requests_destroy(&v->requests);
    history_destroy(&v->history);
    certs_destroy(&v->certs);
    counters_release(&v->counters);
    source_close(&v->source);
    trust_release(&v->trust);
    policy_release(&v->policy);
    findings_release(&v->findings);
    free(v->tile);
    free(v);
}

int
inspect_verify(const struct inspect_options *options)
{
    struct verifying *v = calloc(1, sizeof(*v));
    enum err err;
    int code;

    if (v == NULL)
        return INSPECT_UNREADABLE;
    v->options = options;
    v->start = verify_seconds();
    findings_init(&v->findings);
    trust_init(&v->trust);
    policy_init(&v->policy);
    if (options->ca == NULL) {
        fprintf(stderr, "auction-audit: verify needs --ca FILE: without a CA "
                        "nothing can be trusted\n");
        release(v);
        return INSPECT_UNTRUSTED;
    }
    err = prepare(v, options);
    if (err == ERR_OK) {
        check_key_and_head(v);
        err = run(v);
    }
    code = err == ERR_OK ? verify_conclude(v) : inspect_failed(err);
    release(v);
    return code;
}
