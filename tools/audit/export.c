/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export: a log as plain files, in the layout of C2SP tlog-tiles, so that it
 * can be checked anywhere and served by any web server. What others may not
 * see, and what a filter leaves out, is replaced by its leaf hash; the tree
 * stays whole.
 */
#include "export.h"

#include "file.h"
#include "filter.h"
#include "progress.h"

#include "audit/record_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long long ull;

/* ------------------------------------------------------------------ what may
 */

/** First walk: which auctions have closed, so that nothing of them is secret.
 */
static bool
note_closed(void *context, const struct source_line *line)
{
    struct exporting *x = context;
    uint64_t id;

    if (line->bytes == NULL ||
        record_decode(line->bytes, line->size, &x->record, &x->text) !=
            ERR_OK ||
        x->record.type != RECORD_AUCTION_CLOSED || x->record.auction < 1 ||
        x->record.auction > (int64_t)line->seq)
        return true; /* auctions are counted from 1, each has records */
    id = (uint64_t)x->record.auction;
    if (id >= x->closed_size) {
        size_t size = (size_t)id * 2 + 64;
        uint8_t *closed = realloc(x->closed, size);
        if (closed == NULL) {
            x->err = err_set(ERR_NOMEM, "out of memory");
            return false;
        }
        memset(closed + x->closed_size, 0, size - x->closed_size);
        x->closed = closed;
        x->closed_size = size;
    }
    x->closed[id] = 1;
    return true;
}

static bool
is_public(const struct exporting *x)
{
    const struct record *r = &x->record;

    if (x->options->is_auditor || !RECORD_HAS(r, vis))
        return true;
    return r->vis == RECORD_VIS_CLOSE && RECORD_HAS(r, auction) &&
           (uint64_t)r->auction < x->closed_size && x->closed[r->auction] == 1;
}

/* --------------------------------------------------------------------- blobs
 */

static enum err
write_blob(struct exporting *x, const struct hash *hash)
{
    char path[FILE_PATH_BYTES], hex[HASH_HEX_BYTES];
    struct buf bytes;
    enum err err;

    snprintf(path, sizeof(path), "%s/blobs/%s", x->options->out,
             hash_hex(hex, hash));
    if (access(path, F_OK) == 0)
        return ERR_OK;
    buf_init(&bytes, FILE_BYTES_MAX);
    err = source_blob(x->source, hash, &bytes);
    if (err == ERR_OK)
        err = file_write(path, bytes.bytes, bytes.size);
    buf_release(&bytes);
    /* Of another export it may have been left out. */
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/** The bytes behind every hash that a shown record names. */
static enum err
write_blobs(struct exporting *x)
{
    enum err err = ERR_OK;

    for (int m = 0; m < RECORD_MEMBER_COUNT && err == ERR_OK; m++) {
        const struct record_row *row = &record_rows[m];
        if (row->kind == KIND_HASH && row->name_size > 5 &&
            strcmp(row->name + row->name_size - 5, "_blob") == 0 &&
            record_has(&x->record, (enum record_member)m))
            err =
                write_blob(x, record_field(&x->record, (enum record_member)m));
    }
    return err;
}

/* ------------------------------------------------------------------- records
 */

static bool
is_shown(struct exporting *x, const struct source_line *line)
{
    if (line->bytes == NULL)
        return false;
    x->err = record_decode(line->bytes, line->size, &x->record, &x->text);
    if (x->err != ERR_OK) {
        x->err = err_set(ERR_DAMAGED, "record %llu cannot be read: %s",
                         (ull)line->seq, err_detail());
        return false;
    }
    x->err = names_learn(&x->names, &x->record);
    /* The first record says whose log it is: it is always shown. */
    return x->err == ERR_OK && is_public(x) &&
           (line->seq == 0 ||
            filter_matches(x->options->filter, &x->record, line->bytes,
                           line->size, &x->names));
}

static bool
write_record(void *context, const struct source_line *line)
{
    struct exporting *x = context;
    struct hash leaf = source_line_leaf(line);
    char hex[HASH_HEX_BYTES];
    bool shown;

    if (line->seq >= x->source->size)
        return false; /* an export of an export that has more */
    shown = is_shown(x, line);
    if (x->err != ERR_OK)
        return false;
    if (shown)
        fprintf(x->records, "%.*s\n", (int)line->size, line->bytes);
    else
        fprintf(x->records, "{\"leaf\":\"%s\"}\n", hash_hex(hex, &leaf));
    x->withheld += !shown;
    x->err = history_add(x->history, &leaf);
    if (x->err == ERR_OK && shown)
        x->err = write_blobs(x);
    if (x->err == ERR_OK && x->options->wants_bundles)
        x->err = export_bundle_add(x, shown ? line : NULL);
    if (line->seq % 1024 == 0)
        progress_show("exported", line->seq, x->source->size);
    return x->err == ERR_OK;
}

static enum err
write_records(struct exporting *x)
{
    char path[FILE_PATH_BYTES];
    enum err err = ERR_OK;

    if (!x->options->is_auditor)
        err = source_each(x->source, 0, note_closed, x);
    if (err == ERR_OK)
        err = x->err;
    snprintf(path, sizeof(path), "%s/records.jsonl", x->options->out);
    if (err != ERR_OK || (err = file_make_folders(path)) != ERR_OK)
        return err;
    x->records = fopen(path, "we");
    if (x->records == NULL)
        return err_set(ERR_SYSTEM, "cannot write '%s': %s", path,
                       strerror(errno));
    err = source_each(x->source, 0, write_record, x);
    progress_clear();
    if ((ferror(x->records) != 0 || fclose(x->records) != 0) && err == ERR_OK)
        err =
            err_set(ERR_SYSTEM, "cannot write '%s': %s", path, strerror(errno));
    return err == ERR_OK ? x->err : err;
}

/* --------------------------------------------------------------------- parts
 */

/** What was read is what the checkpoint says. */
static enum err
check_root(const struct exporting *x)
{
    struct hash root = tree_root(history_tree(x->history));
    struct checkpoint head;
    enum err err =
        checkpoint_parse(&head, x->source->note.bytes, x->source->note.size);

    if (err == ERR_OK && (head.size != history_size(x->history) ||
                          !hash_equal(&root, &head.root)))
        err = err_set(ERR_DAMAGED,
                      "the records do not hash to the root of the checkpoint: "
                      "verify tells which one");
    return err;
}

static enum err
write_part(const struct exporting *x, const char *name, const struct buf *bytes)
{
    char path[FILE_PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%s", x->options->out, name);
    return file_write(path, bytes->bytes, bytes->size);
}

/** The checkpoint last: a folder with one is whole. */
static enum err
write_parts(struct exporting *x)
{
    struct buf cert;
    enum err err;

    buf_init(&cert, PEM_BYTES_MAX);
    err = source_log_cert(x->source, &cert);
    if (err == ERR_OK)
        err = write_part(x, "log-cert.pem", &cert);
    buf_release(&cert);
    return err == ERR_OK ? write_part(x, "checkpoint", &x->source->note) : err;
}

static enum err
run(struct exporting *x)
{
    const struct inspect_options *o = x->options;
    enum err err = source_open(&x->source, &o->source);

    if (err == ERR_OK && x->source->note.size == 0)
        err = err_set(ERR_NOT_FOUND, "there is no checkpoint");
    if (err == ERR_OK && o->ca != NULL)
        err = trust_load(&x->trust, o->ca, o->log_cert, x->source);
    if (err == ERR_OK)
        err = history_create(&x->history);
    if (err == ERR_OK)
        err = write_records(x);
    if (err == ERR_OK)
        err = check_root(x);
    if (err == ERR_OK)
        err = export_tiles(x);
    if (err == ERR_OK && o->wants_bundles)
        err = export_bundle_flush(x);
    return err == ERR_OK ? write_parts(x) : err;
}

static int
conclude(const struct exporting *x)
{
    const struct inspect_options *o = x->options;

    printf("exported %llu records to %s%s\n", (ull)history_size(x->history),
           o->out,
           o->is_auditor ? " (the auditor's view: nothing withheld)" : "");
    if (x->withheld > 0)
        printf("%llu records are withheld%s\n", (ull)x->withheld,
               o->is_auditor ? " by the filter or the source"
                             : "; --auditor shows what is not for all");
    if (x->bundles_left_out > 0)
        printf("%llu bundles are left out: they would hold withheld records\n",
               (ull)x->bundles_left_out);
    if (o->ca == NULL)
        printf("the signature of the checkpoint is not checked: no --ca was "
               "given\n");
    return history_size(x->history) == 0 ? INSPECT_NOTHING : INSPECT_TRUE;
}

int
inspect_export(const struct inspect_options *options)
{
    struct exporting *x;
    int code;
    enum err err;

    if (options->out == NULL)
        return inspect_usage("export needs a folder to write");
    x = calloc(1, sizeof(*x));
    if (x == NULL)
        return INSPECT_UNREADABLE;
    x->options = options;
    trust_init(&x->trust);
    buf_init(&x->bundle, BUNDLE_BYTES_MAX);
    err = run(x);
    code = err == ERR_OK ? conclude(x) : inspect_failed(err);
    if (err == ERR_UNTRUSTED || err == ERR_FOREIGN)
        code = INSPECT_FALSE;
    source_close(&x->source);
    history_destroy(&x->history);
    names_release(&x->names);
    trust_release(&x->trust);
    buf_release(&x->bundle);
    free(x->closed);
    free(x);
    return code;
}
