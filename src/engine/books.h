/* SPDX-License-Identifier: Apache-2.0 */
/**
 * books: the memory of the auctions' books, and what their changes mean for
 * credit, rows and undo.
 *
 * An auction has a book from its first entry on. Room is made before a
 * command, so that the rules never wait for memory; its changes are counted
 * from `mark` on.
 *
 * Thread  the world's.
 */
#ifndef ENGINE_BOOKS_H
#define ENGINE_BOOKS_H

#include "engine/world.h"

/**
 * Begin a command: room for what it may add and change.
 *
 * Returns  ERR_OK or ERR_NOMEM
 */
MUST_CHECK enum err books_begin(struct auction *auction, struct lot_room room);

/** Entries that have changed in this command; 0 without a book. */
uint32_t books_changed(const struct auction *auction);

/** Change number i of this command. */
const struct book_change *
books_change(const struct auction *auction, uint32_t i);

/** Credit that entry changes of this command release or take. */
MUST_CHECK enum err
books_follow_holds(struct world *world, struct auction *auction,
                   const struct lot *before);

/** An entry as it was stored. ERR_DAMAGED when its place is wrong. */
MUST_CHECK enum err
books_load(struct auction *auction, const struct store_entry *row);

/** Whether lot and book say the same; call when all is loaded. */
bool books_agree(const struct auction *auction);

/**
 * Rows of the batch into `rows` (may be NULL to count them), each entry once.
 * Call books_commit or books_rewind afterwards.
 */
size_t books_rows(const struct auction *auction, struct store_entry *rows);

void books_commit(struct auction *auction);
void books_rewind(struct auction *auction);
void books_free(struct auction *auction);

#endif
