/* SPDX-License-Identifier: Apache-2.0 */
/**
 * source: where a log is read from, as of one checkpoint.
 *
 *     source_folder.c  an export: records.jsonl (a record or
 *                      {"leaf":"<hex>"} a line), checkpoint, log-cert.pem,
 *                      tile/<L>/<N>[.p/<W>], blobs/<hash>
 *     source_data.c    the data directory of a server, stopped or running
 *     source_server.c  a running server, as an auditor's client
 *
 * The checkpoint is taken when the source is opened. A log that grows
 * afterwards is read up to there, so it never looks damaged for moving.
 *
 * Owner   whoever opened it.
 * Thread  one at a time, but source_blob, which any thread may call.
 */
#ifndef TOOLS_SOURCE_H
#define TOOLS_SOURCE_H

#include "audit/checkpoint.h"
#include "audit/tree.h"
#include "base/buf.h"
#include "store/store.h"

struct source;

/** One line of the log; bytes NULL when withheld, then `leaf` stands. */
struct source_line {
    uint64_t seq;
    const char *bytes;
    size_t size;
    struct hash leaf; /* of a withheld record; see source_leaf */
};

/** False ends the walk. */
typedef bool source_visit(void *context, const struct source_line *line);

/** What a kind of source can do; its struct begins with struct source. */
struct source_kind {
    void (*close)(struct source *source);
    enum err (*each)(struct source *source, uint64_t from, source_visit *visit,
                     void *context);
    enum err (*log_cert)(struct source *source, struct buf *out);
    enum err (*blob)(struct source *source, const struct hash *hash,
                     struct buf *out);
    /** Of at least `width` hashes, of which `width` are copied. */
    enum err (*tile)(struct source *source, unsigned level, uint64_t index,
                     unsigned width, struct hash *hashes_out);
};

struct source {
    const struct source_kind *kind;
    struct buf note;     /* the signed checkpoint; empty: there is none */
    uint64_t size;       /* that it says, not yet verified */
    bool is_live;        /* a server is running on it */
    struct store *store; /* for --state: the tables; NULL without */
};

/** Exactly one of the first three is set. */
struct source_options {
    const char *export_dir;
    const char *data_dir;
    const char *server; /* with the three files below */
    const char *cert, *key, *ca, *passphrase_file;
    bool wants_cosigned; /* a head that a witness has signed, if any */
};

/** ERR_OK or an error with a sentence. */
MUST_CHECK enum err
source_open(struct source **out, const struct source_options *options);
void source_close(struct source **source);

/**
 * The records from number `from` up to the end of the log as of the
 * checkpoint; an export shows all the lines that it has.
 */
MUST_CHECK enum err source_each(struct source *source, uint64_t from,
                                source_visit *visit, void *context);
/** The leaf hash of a line. */
struct hash source_line_leaf(const struct source_line *line);
/** Append the certificate of the log's key, PEM. */
MUST_CHECK enum err source_log_cert(struct source *source, struct buf *out);
/** Append the bytes of a hash; ERR_DAMAGED when they have another. */
MUST_CHECK enum err
source_blob(struct source *source, const struct hash *hash, struct buf *out);
/**
 * Hashes of a tile of the tree of `size` records; how many it must have
 * follows from its place. ERR_NOT_FOUND where there is no such tile.
 */
MUST_CHECK enum err
source_tile(struct source *source, uint64_t size, unsigned level,
            uint64_t index, struct hash hashes_out[TREE_TILE_HASHES],
            unsigned *width_out);
/** Path of a tile's number: "x001/x234/067" (C2SP tlog-tiles). */
void source_tile_name(char out[64], uint64_t index);
/** {"leaf":"<64 hex>"}, which stands for a withheld record. */
MUST_CHECK bool
source_parse_withheld(const char *text, size_t size, struct hash *leaf);

/* For source.c: each allocates, or returns an error with a sentence. */
MUST_CHECK enum err source_folder_open(struct source **out, const char *path);
MUST_CHECK enum err source_data_open(struct source **out, const char *path);
MUST_CHECK enum err
source_server_open(struct source **out, const struct source_options *options);

#endif
