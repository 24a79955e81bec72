/* SPDX-License-Identifier: Apache-2.0 */
#include "auction/book.h"

#include <stddef.h>

void
book_begin(struct book *book)
{
    /* 0 is the mark of an entry that no command has changed. */
    if (++book->epoch == 0)
        book->epoch = 1;
}

static uint32_t *
head_of(const struct book *book, uint64_t user)
{
    uint64_t mixed = user * UINT64_C(0x9e3779b97f4a7c15);

    return &book->heads[(uint32_t)(mixed >> 32) & (book->head_count - 1)];
}

static void
link_entry(struct book *book, uint32_t at)
{
    uint32_t *head;

    if (book->heads == NULL)
        return;
    head = head_of(book, book->entries[at].user);
    book->entries[at].next = *head;
    *head = at;
}

static struct book_change *
note(struct book *book, uint32_t at)
{
    CHECK(book->change_count < book->change_capacity);
    book->entries[at].epoch = book->epoch;
    book->changes[book->change_count].at = at;
    return &book->changes[book->change_count++];
}

uint32_t
book_add(struct book *book, const struct entry *entry)
{
    uint32_t at = book->count;

    CHECK(at < book->capacity && entry->user != 0);
    book->entries[at] = *entry;
    note(book, at)->is_new = true;
    book->count++;
    link_entry(book, at);
    return at;
}

struct entry *
book_change(struct book *book, uint32_t at)
{
    struct entry *entry = &book->entries[at];
    struct book_change *change;

    CHECK(at < book->count);
    if (entry->epoch != book->epoch) {
        change = note(book, at);
        change->is_new = false;
        change->before = *entry;
    }
    return entry;
}

/** From `at` on, where there is no index. */
static uint32_t
search(const struct book *book, uint32_t at, uint64_t user)
{
    while (at < book->count && book->entries[at].user != user)
        at++;
    return at < book->count ? at : BOOK_NONE;
}

static uint32_t
follow(const struct book *book, uint32_t at, uint64_t user)
{
    while (at != BOOK_NONE && book->entries[at].user != user)
        at = book->entries[at].next;
    return at;
}

uint32_t
book_first_of(const struct book *book, uint64_t user)
{
    if (book->heads == NULL)
        return search(book, 0, user);
    return follow(book, *head_of(book, user), user);
}

uint32_t
book_next_of(const struct book *book, uint32_t at, uint64_t user)
{
    CHECK(at < book->count);
    if (book->heads == NULL)
        return search(book, at + 1, user);
    return follow(book, book->entries[at].next, user);
}

void
book_reindex(struct book *book)
{
    if (book->heads == NULL)
        return;
    for (uint32_t i = 0; i < book->head_count; i++)
        book->heads[i] = BOOK_NONE;
    for (uint32_t at = 0; at < book->count; at++)
        link_entry(book, at);
}

void
book_undo(struct book *book, uint32_t mark)
{
    while (book->change_count > mark) {
        const struct book_change *change = &book->changes[--book->change_count];
        if (change->is_new)
            book->count--;
        else
            book->entries[change->at] = change->before;
    }
    book_reindex(book);
}

/* ---------------------------------------------------------------- sorting */

static uint32_t
merge(struct entry *e, uint32_t a, uint32_t b, book_goes_first *first)
{
    uint32_t head, *link = &head;

    while (a != BOOK_NONE && b != BOOK_NONE) {
        uint32_t *from = first(&e[b], &e[a]) ? &b : &a;
        *link = *from;
        link = &e[*from].next;
        *from = *link;
    }
    *link = a != BOOK_NONE ? a : b;
    return head;
}

/* Merge sort, from lists of 1, 2, 4, ... entries. */
uint32_t
book_sort(struct book *book, uint32_t list, book_goes_first *first)
{
    struct entry *e = book->entries;
    enum { SIZES = 32 };
    uint32_t sorted[SIZES], head = BOOK_NONE;

    for (int i = 0; i < SIZES; i++)
        sorted[i] = BOOK_NONE;
    while (list != BOOK_NONE) {
        uint32_t one = list;
        int i = 0;
        list = e[one].next;
        e[one].next = BOOK_NONE;
        for (; sorted[i] != BOOK_NONE; i++) {
            one = merge(e, sorted[i], one, first);
            sorted[i] = BOOK_NONE;
        }
        sorted[i] = one;
    }
    for (int i = 0; i < SIZES; i++)
        if (sorted[i] != BOOK_NONE)
            head = head == BOOK_NONE ? sorted[i]
                                     : merge(e, sorted[i], head, first);
    return head;
}
