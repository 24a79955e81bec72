/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/books.h"

#include "engine/world_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    CAPACITY_FIRST = 4,
    INDEX_FROM = 16, /* smaller books are searched */
};

static enum err
no_memory(void)
{
    return err_set(ERR_NOMEM, "no memory for the book of an auction");
}

/** The next size of an array that must hold `needed`. */
static uint32_t
grown(uint32_t capacity, uint32_t needed)
{
    if (capacity < CAPACITY_FIRST)
        capacity = needed < CAPACITY_FIRST ? needed : CAPACITY_FIRST;
    while (capacity < needed)
        capacity *= 2;
    return capacity;
}

static enum err
grow_index(struct book *book)
{
    uint32_t *heads;

    if (book->capacity < INDEX_FROM)
        return ERR_OK;
    heads = realloc(book->heads, book->capacity * sizeof(*heads));
    if (heads == NULL)
        return no_memory();
    book->heads = heads;
    book->head_count = book->capacity;
    /* The mask needs a power of two. */
    while ((book->head_count & (book->head_count - 1)) != 0)
        book->head_count &= book->head_count - 1;
    book_reindex(book);
    return ERR_OK;
}

static enum err
grow_entries(struct book *book, uint32_t needed)
{
    uint32_t capacity = grown(book->capacity, needed);
    struct entry *entries = realloc(book->entries, capacity * sizeof(*entries));

    if (entries == NULL)
        return no_memory();
    book->entries = entries;
    book->capacity = capacity;
    return grow_index(book);
}

static enum err
grow_changes(struct book *book, uint32_t needed)
{
    uint32_t capacity = grown(book->change_capacity, needed);
    struct book_change *changes =
        realloc(book->changes, capacity * sizeof(*changes));

    if (changes == NULL)
        return no_memory();
    book->changes = changes;
    book->change_capacity = capacity;
    return ERR_OK;
}

enum err
books_begin(struct auction *auction, struct lot_room room)
{
    struct book *book = auction->book;
    enum err err;

    if (book == NULL && room.entries + room.changes == 0)
        return ERR_OK;
    if (book == NULL) {
        book = auction->book = calloc(1, sizeof(*book));
        if (book == NULL)
            return no_memory();
    }
    if (book->count + room.entries > book->capacity &&
        (err = grow_entries(book, book->count + room.entries)) != ERR_OK)
        return err;
    if (book->change_count + room.changes > book->change_capacity &&
        (err = grow_changes(book, book->change_count + room.changes)) != ERR_OK)
        return err;
    auction->mark = book->change_count;
    book_begin(book);
    return ERR_OK;
}

uint32_t
books_changed(const struct auction *auction)
{
    return auction->book == NULL ? 0
                                 : auction->book->change_count - auction->mark;
}

const struct book_change *
books_change(const struct auction *auction, uint32_t i)
{
    CHECK(i < books_changed(auction));
    return &auction->book->changes[auction->mark + i];
}

/* ------------------------------------------------------------------- credit
 */

/** What was held of an entry's user is held no more, or the other way. */
static enum err
move_hold(struct world *world, uint64_t user, struct money from,
          struct money to)
{
    return world_change_held(world, user, to.minor - from.minor);
}

/** When a lot is over, its bids hold nothing any more. */
static enum err
release_bids(struct world *world, struct auction *auction,
             const struct lot *before)
{
    const struct book *book = auction->book;

    if (lot_is_over(before) == lot_is_over(&auction->row.lot))
        return ERR_OK;
    for (uint32_t at = 0; at < book->count; at++) {
        const struct entry *entry = &book->entries[at];
        enum err err;
        if (entry->epoch == book->epoch)
            continue; /* a change of this command, below */
        err = move_hold(world, entry->user, lot_entry_hold(before, entry),
                        lot_entry_hold(&auction->row.lot, entry));
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err
books_follow_holds(struct world *world, struct auction *auction,
                   const struct lot *before)
{
    const struct lot *after = &auction->row.lot;
    enum err err;

    if (auction->book == NULL)
        return ERR_OK;
    /* First what is let go: a sum in between is never more than it may be. */
    if ((err = release_bids(world, auction, before)) != ERR_OK)
        return err;
    for (uint32_t i = 0; i < books_changed(auction); i++) {
        const struct book_change *change = books_change(auction, i);
        const struct entry *entry = &auction->book->entries[change->at];
        struct money held = {0};
        if (!change->is_new)
            held = lot_entry_hold(before, &change->before);
        err = move_hold(world, entry->user, held, lot_entry_hold(after, entry));
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* ------------------------------------------------------------------ loading
 */

enum err
books_load(struct auction *auction, const struct store_entry *row)
{
    enum err err = books_begin(auction, (struct lot_room){1, 1});

    if (err != ERR_OK)
        return err;
    if (row->place != auction->book->count)
        return err_set(ERR_DAMAGED, "auction %llu lacks an entry of its book",
                       (unsigned long long)auction->row.lot.id);
    book_add(auction->book, row->entry);
    auction->book->change_count = auction->mark = 0;
    return ERR_OK;
}

bool
books_agree(const struct auction *auction)
{
    const struct lot *lot = &auction->row.lot;
    const struct book *book = auction->book;
    uint32_t count = book == NULL ? 0 : book->count;
    uint64_t live = 0;
    uint32_t unpaid = 0;

    for (uint32_t at = 0; at < count; at++) {
        const struct entry *entry = &book->entries[at];
        bool is_due = entry_is_due_kind(entry);
        if (is_due != (lot->due_count > 0 && at >= lot->due_first))
            return false;
        live += entry_is_live(entry);
        unpaid += entry->state == ENTRY_DUE;
    }
    return (lot->due_count == 0 || lot->due_first + lot->due_count == count) &&
           lot->awards_unpaid + lot->forfeits_unpaid == unpaid &&
           (live == 0 || live == lot->bid_count) &&
           lot->invoiced <= lot->due_count && lot->overdue <= lot->due_count &&
           lot->sold <= lot->rules.quantity;
}

/* ----------------------------------------------------------- rows and undo */

size_t
books_rows(const struct auction *auction, struct store_entry *rows)
{
    struct book *book = auction->book;
    size_t count = 0;

    for (uint32_t i = 0; book != NULL && i < book->change_count; i++) {
        uint32_t at = book->changes[i].at;
        if (book->entries[at].is_listed)
            continue;
        book->entries[at].is_listed = true;
        if (rows != NULL)
            rows[count] = (struct store_entry){auction->row.lot.id, at,
                                               &book->entries[at]};
        count++;
    }
    for (uint32_t i = 0; book != NULL && i < book->change_count; i++)
        book->entries[book->changes[i].at].is_listed = false;
    return count;
}

/* Of lots that are over there are many, and little is to come. */
void
books_commit(struct auction *auction)
{
    struct book *book = auction->book;

    if (book == NULL)
        return;
    book->change_count = auction->mark = 0;
    if (!lot_is_over(&auction->row.lot))
        return;
    free(book->changes);
    book->changes = NULL;
    book->change_capacity = 0;
    if (book->count == 0)
        books_free(auction);
}

void
books_rewind(struct auction *auction)
{
    if (auction->book == NULL)
        return;
    book_undo(auction->book, 0);
    auction->mark = 0;
}

void
books_free(struct auction *auction)
{
    if (auction->book == NULL)
        return;
    free(auction->book->entries);
    free(auction->book->heads);
    free(auction->book->changes);
    free(auction->book);
    auction->book = NULL;
}
