/* SPDX-License-Identifier: Apache-2.0 */
/**
 * inspect: the parts of auction-audit.
 *
 *     main.c     options and commands
 *     source.c   one reader over an export folder or a data directory
 *     export.c   writing an export
 *     verify.c   every check, in order; verify_report.c tells the result
 *     replay.c   every decision again, auction by auction
 *     certs.c    certificates that the log has seen
 *     show.c     records as a table, JSON or bytes
 *     receipt.c  one receipt, offline
 *     say.c      errors and amounts as text
 *
 * An export folder holds records.jsonl (a record or {"leaf":"<hex>"} a
 * line), checkpoint, log-cert.pem, tile/<L>/<N>[.p/<W>] and blobs/<hash>.
 */
#ifndef TOOLS_INSPECT_H
#define TOOLS_INSPECT_H

#include "auction/verdict.h"
#include "audit/logkey.h"
#include "audit/receipt.h"
#include "audit/record.h"
#include "store/store.h"

/** Exit codes; docs/man/auction-audit.1. */
enum inspect_exit {
    INSPECT_TRUE = 0,  /* everything checked is true */
    INSPECT_FALSE = 1, /* a check is false */
    INSPECT_USAGE = 2,
    INSPECT_NOTHING = 3,    /* nothing matched */
    INSPECT_UNREADABLE = 4, /* cannot decide */
    INSPECT_UNTRUSTED = 5,  /* consistent, but not trusted or withheld */
};

/* ------------------------------------------------------------------ source */

struct source;

/** One line of the log; bytes NULL when withheld, then `leaf` stands. */
struct source_line {
    uint64_t seq;
    const char *bytes;
    size_t size;
    struct hash leaf;
};

/** False ends the walk. */
typedef bool source_visit(void *context, const struct source_line *line);

/** One of them is NULL. ERR_OK or an error with a sentence. */
MUST_CHECK enum err
source_open(struct source **out, const char *export_dir, const char *data_dir);
void source_close(struct source **source);

MUST_CHECK enum err
source_each(struct source *source, source_visit *visit, void *context);
/** Append the signed checkpoint. */
MUST_CHECK enum err source_checkpoint(struct source *source, struct buf *out);
/** Append the certificate of the log's key, PEM. */
MUST_CHECK enum err source_log_cert(struct source *source, struct buf *out);
MUST_CHECK enum err
source_blob(struct source *source, const struct hash *hash, struct buf *out);
/** Leaf hash by the tiles; ERR_NOT_FOUND where there is no tile. */
MUST_CHECK enum err
source_leaf(struct source *source, uint64_t seq, struct hash *out);
/** Path of a tile's number: "x001/x234/067" (C2SP tlog-tiles). */
void source_tile_name(char out[64], uint64_t index);
/** For an export of a data directory; NULL for an export folder. */
struct store *source_store(struct source *source);

/* ------------------------------------------------------------------- certs */

struct certs;

MUST_CHECK enum err certs_create(struct certs **out, struct pem ca);
void certs_destroy(struct certs **certs);

/**
 * A certificate that the log has seen.
 *
 * seen   its cert.seen record: the bytes must have its fingerprint and say
 *        what it says
 * der    the bytes; they must verify under the CA at the record's time
 *
 * Returns  ERR_OK; ERR_DAMAGED, ERR_UNTRUSTED, ERR_SYNTAX, ERR_CRYPTO with a
 *          sentence; ERR_NOMEM
 */
MUST_CHECK enum err certs_add(struct certs *certs, const struct record *seen,
                              const struct buf *der);
/** Its key, or NULL when the log has not seen it. Borrowed. */
EVP_PKEY *certs_key(struct certs *certs, const struct hash *fp);
/** Whether it is known and the time is within its dates. */
bool
certs_in_force(struct certs *certs, const struct hash *fp, struct instant at);
size_t certs_count(const struct certs *certs);

/* ---------------------------------------------------------------- commands */

struct inspect_options {
    const char *export_dir;
    const char *data_dir;
    const char *ca;
    const char *log_cert;
    const char *out; /* export: folder to write */
    bool is_auditor;
    bool wants_json, wants_raw, is_reverse, is_refused;
    const char *user, *type, *reason;
    uint64_t auction; /* 0: any */
    uint64_t from, to, limit;
    struct instant since, until; /* until: not this one */
    const char *receipts[64];
    size_t receipt_count;
    char *const *words; /* replay: auctions; check-receipt: file */
    size_t word_count;
};

int inspect_verify(const struct inspect_options *options);
int inspect_replay(const struct inspect_options *options);
int inspect_show(const struct inspect_options *options);
int inspect_export(const struct inspect_options *options);
int inspect_check_receipt(const struct inspect_options *options);

/** Print "auction-audit: <detail>" and give the exit code. */
int inspect_failed(enum err err);
/** A whole file of at most 64 MiB as a terminated string; caller frees. */
MUST_CHECK enum err
inspect_read(char **text_out, size_t *size_out, const char *path);
/** "125.00 EUR" needs a currency: without one, minor units. */
char *inspect_amount(char text[48], int64_t minor, const char *currency);

#endif
