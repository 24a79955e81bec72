/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One record in its place: whether it is the next one, names what it must,
 * and what it refers to is there.
 */
#include "verify.h"

#include "audit/command.h"
#include "audit/record_rows.h"

#include <inttypes.h>
#include <string.h>

static void
flaw(struct verifying *v, enum check check, const char *what)
{
    findings_add(&v->findings, check, v->count, "%s", what);
}

static bool
is_text(const struct text_ref *text, const char *word)
{
    return text->size == strlen(word) &&
           memcmp(text->bytes, word, text->size) == 0;
}

/* --------------------------------------------------------------------- tree
 */

/** The first leaf that the export's tree does not have names the culprit. */
static void
check_leaf(struct verifying *v, const struct hash *leaf)
{
    uint64_t index = v->count / TREE_TILE_HASHES;
    size_t at = v->count % TREE_TILE_HASHES;
    char found[HASH_HEX_BYTES], wanted[HASH_HEX_BYTES];

    if (index != v->tile_index) {
        enum err err = source_tile(v->source, v->source->size, 0, index,
                                   v->tile, &v->tile_width);
        v->tile_index = index;
        if (err != ERR_OK)
            v->tile_width = 0;
        if (err != ERR_NOT_FOUND) /* an export need not have tiles */
            findings_add_err(&v->findings, CHECK_TREE, FINDING_NO_SEQ, err);
    }
    if (at < v->tile_width && !hash_equal(&v->tile[at], leaf)) {
        hash_hex(found, leaf);
        hash_hex(wanted, &v->tile[at]);
        findings_add(&v->findings, CHECK_TREE, v->count,
                     "these bytes hash to %.4s...%s, the signed tree has "
                     "%.4s...%s",
                     found, found + 62, wanted, wanted + 62);
    }
}

/* -------------------------------------------------------------------- order
 */

static void
check_order(struct verifying *v, const struct record *r)
{
    const char *what;

    if (r->seq != (int64_t)v->count)
        findings_add(&v->findings, CHECK_RECORDS, v->count,
                     "its number is %" PRId64, r->seq);
    if (r->t < v->last_t)
        flaw(v, CHECK_RECORDS,
             "its time is earlier than that of the record before it");
    if (v->count > 0 && r->tx != v->last_tx && r->tx != v->last_tx + 1 &&
        (v->withheld == 0 || r->tx < v->last_tx))
        flaw(v, CHECK_RECORDS, "a transaction is missing");
    verify_fail(v, counters_add(&v->counters, r, v->withheld > 0, &what));
    if (what != NULL)
        flaw(v, CHECK_RECORDS, what);
    if (v->first_t == 0)
        v->first_t = r->t;
    v->last_t = r->t;
    v->last_tx = r->tx;
}

/** The log begins with one log.init, which names it and its key. */
static void
check_first(struct verifying *v, const struct record *r)
{
    char vkey[VKEY_BYTES];

    if ((v->count == 0) != (r->type == RECORD_LOG_INIT)) {
        flaw(v, CHECK_RECORDS,
             v->count == 0 ? "a log begins with log.init"
                           : "log.init is not the beginning");
        return;
    }
    if (v->count == 0 && r->tx != 1)
        flaw(v, CHECK_RECORDS, "its transaction is not the first");
    if (v->count > 0 || findings_has(&v->findings, CHECK_LOG_KEY))
        return;
    vkey_format(vkey, &v->trust.log);
    if (!is_text(&r->origin, v->trust.log.name) || !is_text(&r->vkey, vkey))
        flaw(v, CHECK_RECORDS, "it is the log of another key");
    if (!is_text(&r->rules, WORLD_RULES))
        flaw(v, CHECK_RECORDS, "it follows other rules than these");
}

/* -------------------------------------------------------------------- blobs
 */

/** The bytes behind a hash in a record are there, and have that hash. */
static void
check_blob(struct verifying *v, const struct hash *hash)
{
    struct buf bytes;
    enum err err;

    buf_init(&bytes, BLOB_BYTES_MAX);
    err = source_blob(v->source, hash, &bytes);
    if (err == ERR_NOT_FOUND || err == ERR_SYSTEM)
        findings_add_missing(&v->findings, CHECK_RECORDS, v->count,
                             "the bytes of a hash in it are missing");
    else
        findings_add_err(&v->findings, CHECK_RECORDS, v->count, err);
    buf_release(&bytes);
}

static bool
is_blob(const struct record_row *row)
{
    return row->kind == KIND_HASH && row->name_size > 5 &&
           memcmp(row->name + row->name_size - 5, "_blob", 5) == 0;
}

/** Every member whose name says so, of whatever type of record. */
static void
check_blobs(struct verifying *v, const struct record *r)
{
    for (int m = 0; m < RECORD_MEMBER_COUNT; m++)
        if (is_blob(&record_rows[m]) && record_has(r, (enum record_member)m))
            check_blob(v, record_field(r, (enum record_member)m));
}

/** A certificate, or a list of revoked ones. */
static void
check_certs(struct verifying *v, const struct record *r)
{
    bool is_crl = r->type == RECORD_CRL_LOADED;
    struct buf bytes;
    enum err err;

    if (!is_crl && r->type != RECORD_CERT_SEEN)
        return;
    buf_init(&bytes, BLOB_BYTES_MAX);
    err = source_blob(v->source, is_crl ? &r->crl_blob : &r->cert_blob, &bytes);
    if (err == ERR_OK)
        err = is_crl ? certs_add_crl(v->certs, r, &bytes)
                     : certs_add(v->certs, r, &bytes);
    findings_add_err(&v->findings, CHECK_CERTS, v->count, err);
    buf_release(&bytes);
}

/** The certificate beside an export is one that the log names as its own. */
static void
check_log_cert(struct verifying *v, const struct record *r)
{
    bool is_key = r->type == RECORD_LOG_INIT ||
                  strcmp(record_type_text(r->type), "log.key") == 0;

    if (is_key && RECORD_HAS(r, cert_blob) &&
        hash_equal(&r->cert_blob, &v->cert_hash))
        v->is_cert_of_log = true;
}

void
verify_record(struct verifying *v, struct item *item)
{
    const struct record *r = &item->record;
    enum command_kind cmd;
    bool is_accepted;

    check_leaf(v, &item->line.leaf);
    verify_fail(v, history_add(v->history, &item->line.leaf));
    if (item->line.bytes == NULL) {
        v->withheld++;
    } else if (!item->is_decoded) {
        flaw(v, CHECK_RECORDS, item->problem);
    } else {
        check_order(v, r);
        check_first(v, r);
        check_blobs(v, r);
        check_certs(v, r);
        check_log_cert(v, r);
        if (command_of_type(r->type, &cmd, &is_accepted))
            verify_command(v, item);
    }
    v->count++;
}
