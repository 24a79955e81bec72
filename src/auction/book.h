/* SPDX-License-Identifier: Apache-2.0 */
/**
 * book: what a lot has to remember one by one: commitments, bids for several
 * units, awards and forfeits.
 *
 * A book is an array of entries that somebody else owns and lends to the
 * rules. The rules never allocate: before a command the owner makes room for
 * as many new entries and changes as lot_room says. An entry has its place
 * for good; a bidder's bid that was withdrawn or replaced leaves its place to
 * the same bidder, so that nobody can fill a book alone. English lots have a
 * book only from their close on, for the one award.
 *
 * Every first change of an entry in a command is noted with the entry as it
 * was: so the owner can undo, write one row an entry and follow credit.
 *
 * Thread  one at a time.
 */
#ifndef AUCTION_BOOK_H
#define AUCTION_BOOK_H

#include "base/check.h"
#include "base/money.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    BOOK_C_BYTES = 32,
    BOOK_BIDS_MAX = 65536,      /* bids, commitments or takes of a lot */
    BOOK_BIDS_OF_USER_MAX = 10, /* live, where there may be several */
};

enum entry_kind {
    ENTRY_BID,        /* for `quantity` units at `amount` each */
    ENTRY_COMMITMENT, /* to a sealed bid; `amount` once it is revealed */
    ENTRY_AWARD,      /* `quantity` units at `amount` each, to be paid */
    ENTRY_FORFEIT,    /* bond of a commitment that was not revealed */
};

enum entry_state {
    ENTRY_LIVE,      /* a bid or commitment that counts */
    ENTRY_REVEALED,  /* a commitment that was opened */
    ENTRY_WITHDRAWN, /* by its bidder */
    ENTRY_VOID,      /* by an admin */
    ENTRY_DUE,       /* an award or forfeit to be paid */
    ENTRY_PAID,
    ENTRY_DEFAULTED, /* not paid in time */
    ENTRY_CREDITED,  /* taken back by a credit note before it was paid */
};

struct entry {
    uint64_t id;   /* seq of the record that accepted the bid; 0: English */
    uint64_t user; /* 0 in no entry */
    enum entry_kind kind;
    enum entry_state state;
    uint64_t quantity;
    struct money amount;
    struct money cap;        /* of a commitment */
    uint8_t c[BOOK_C_BYTES]; /* the commitment */
    uint64_t invoice;        /* its number; 0: none yet */
    uint64_t credit_note;    /* that takes the invoice back; 0: none */

    /* Working space, not state: places of other entries, marks. */
    uint32_t next;
    uint32_t epoch;
    uint64_t filled;
    bool is_listed;
};

/** An entry before a command's first change of it. */
struct book_change {
    uint32_t at;
    bool is_new; /* there was none */
    struct entry before;
};

struct book {
    struct entry *entries;
    uint32_t count;
    uint32_t capacity;

    uint32_t *heads;     /* first entry of users by hash; NULL: search all */
    uint32_t head_count; /* a power of two */

    struct book_change *changes;
    uint32_t change_count;
    uint32_t change_capacity;
    uint32_t epoch; /* number of the command; see book_begin */
};

#define BOOK_NONE UINT32_MAX

/** A further command: its first changes are noted. */
void book_begin(struct book *book);

/** Add an entry; its place. There is room (CHECKed). */
uint32_t book_add(struct book *book, const struct entry *entry);

/** An entry to be changed, once it has been noted. */
struct entry *book_change(struct book *book, uint32_t at);

/** First and next entry of a user, in no order; BOOK_NONE at the end. */
uint32_t book_first_of(const struct book *book, uint64_t user);
uint32_t book_next_of(const struct book *book, uint32_t at, uint64_t user);

/** After entries or `heads` were replaced: find users again. */
void book_reindex(struct book *book);

/** Whether a goes before b. */
typedef bool book_goes_first(const struct entry *a, const struct entry *b);

/**
 * Sort entries that their `next` makes a list; its new head. No memory is
 * needed, but book_reindex afterwards.
 */
uint32_t book_sort(struct book *book, uint32_t list, book_goes_first *first);

/** Take back the changes from number `mark` on. */
void book_undo(struct book *book, uint32_t mark);

/** A bid or commitment that counts. */
static inline bool
entry_is_live(const struct entry *entry)
{
    return entry->state == ENTRY_LIVE || entry->state == ENTRY_REVEALED;
}

/** Something to be paid, whatever has become of it. */
static inline bool
entry_is_due_kind(const struct entry *entry)
{
    return entry->kind == ENTRY_AWARD || entry->kind == ENTRY_FORFEIT;
}

#endif
