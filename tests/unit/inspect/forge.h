/* SPDX-License-Identifier: Apache-2.0 */
/**
 * forge: an export in memory, to be tampered with and written again; with
 * the log's own key, if the forger has it.
 */
#ifndef TESTS_INSPECT_FORGE_H
#define TESTS_INSPECT_FORGE_H

#include "lab.h"

#include "audit/record.h"

enum { FORGE_LINES_MAX = 256 };

struct line {
    char *bytes;
    size_t size;
};

struct forge {
    char folder[LAB_PATH_BYTES]; /* a copy of the auditor's export */
    struct line lines[FORGE_LINES_MAX];
    size_t count;
    struct record record; /* of forge_read */
    struct record_text text;
};

/** A copy of the laboratory's export, in the folder `forged`. */
void forge_begin(struct forge *forge);
/** Back to the honest lines. */
void forge_reset(struct forge *forge);
void forge_end(struct forge *forge);

void forge_delete(struct forge *forge, size_t at);
void forge_insert(struct forge *forge, size_t at, const struct line *line);
void forge_swap(struct forge *forge, size_t a, size_t b);

/** First record of a type from `from` on; fails the test when none. */
size_t forge_find(struct forge *forge, size_t from, enum record_type type);
/** Decode a line into forge->record. */
void forge_read(struct forge *forge, size_t at);
/** Encode forge->record as a line; false when no record can be so. */
bool forge_store(struct forge *forge, size_t at);

/** Write the lines; tiles and checkpoint stay those of the honest log. */
void forge_write(const struct forge *forge);
/** Write the lines with tiles and a checkpoint of them, signed by `key`. */
void forge_sign(const struct forge *forge, const struct logkey *key);

#endif
