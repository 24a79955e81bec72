/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/view.h"

#include "base/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    STRIPES = 64,        /* locks over the views, by auction id */
    CHUNK_VIEWS = 4096,  /* the table grows by this many auctions */
    CHUNKS_MAX = 16384,  /* 67 million auctions */
    ALIAS_HASH_BYTES = 5 /* 10 hex digits: 2^40, no two in one auction */
};

struct account_row {
    char name[STORE_NAME_BYTES];
    struct account_view view;
    uint64_t next_same_hash; /* uid, 0 ends the chain */
};

struct views {
    pthread_mutex_t stripes[STRIPES]; /* rank 20; each its auctions' slots */
    _Atomic(struct auction_view **) chunks[CHUNKS_MAX];
    atomic_uint_fast64_t last;

    pthread_mutex_t accounts_lock; /* rank 21; guards all below */
    struct account_row *accounts;  /* by uid - 1 */
    size_t account_count;
    size_t account_capacity;
    uint64_t *buckets; /* uid of the first of a chain, by hash of the name */
    size_t bucket_count;

    pthread_mutex_t invoices_lock; /* rank 22; guards all below */
    struct invoice_view *invoices; /* by number - 1 */
    size_t invoice_count;
    size_t invoice_capacity;
};

const char *
view_title(const struct auction_view *view)
{
    return view->text->bytes;
}

const char *
view_description(const struct auction_view *view)
{
    return view->text->bytes + strlen(view->text->bytes) + 1;
}

const char *
view_allowed(const struct auction_view *view, const char *last)
{
    const char *end = view->text->bytes + view->text->size;
    const char *from = last == NULL ? view_description(view) : last;

    from += strlen(from) + 1;
    return from < end ? from : NULL;
}

char *
view_alias(char alias[VIEW_ALIAS_BYTES], const uint8_t *alias_salt,
           uint64_t uid)
{
    uint8_t input[STORE_SALT_BYTES + 8];
    struct hash hash;

    memcpy(input, alias_salt, STORE_SALT_BYTES);
    for (size_t i = 0; i < 8; i++)
        input[STORE_SALT_BYTES + i] = (uint8_t)(uid >> (56 - 8 * i));
    hash = hash_of(input, sizeof(input));
    memcpy(alias, "bidder-", 7);
    text_hex(alias + 7, hash.bytes, ALIAS_HASH_BYTES);
    return alias;
}

struct auction_view *
view_ref(struct auction_view *view)
{
    CHECK(atomic_fetch_add(&view->references, 1) > 0);
    return view;
}

void
view_unref(struct auction_view **view)
{
    unsigned before;

    if (*view == NULL)
        return;
    before = atomic_fetch_sub(&(*view)->references, 1);
    CHECK(before > 0);
    if (before == 1) {
        shared_unref(&(*view)->text);
        free((*view)->awards);
        free(*view);
    }
    *view = NULL;
}

enum err
views_create(struct views **out)
{
    struct views *views = calloc(1, sizeof(*views));

    if (views == NULL)
        return err_set(ERR_NOMEM, "no memory for the views");
    views->bucket_count = 1024;
    views->buckets = calloc(views->bucket_count, sizeof(views->buckets[0]));
    if (views->buckets == NULL) {
        free(views);
        return err_set(ERR_NOMEM, "no memory for the views");
    }
    for (size_t i = 0; i < STRIPES; i++)
        CHECK(pthread_mutex_init(&views->stripes[i], NULL) == 0);
    CHECK(pthread_mutex_init(&views->accounts_lock, NULL) == 0);
    CHECK(pthread_mutex_init(&views->invoices_lock, NULL) == 0);
    *out = views;
    return ERR_OK;
}

void
views_destroy(struct views **out)
{
    struct views *views = *out;

    if (views == NULL)
        return;
    for (size_t c = 0; c < CHUNKS_MAX && views->chunks[c] != NULL; c++) {
        for (size_t i = 0; i < CHUNK_VIEWS; i++)
            view_unref(&views->chunks[c][i]);
        free(views->chunks[c]);
    }
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_destroy(&views->stripes[i]);
    pthread_mutex_destroy(&views->accounts_lock);
    pthread_mutex_destroy(&views->invoices_lock);
    free(views->invoices);
    free(views->accounts);
    free(views->buckets);
    free(views);
    *out = NULL;
}

/** The slot of an auction, or NULL when its chunk does not exist. */
static struct auction_view **
slot_of(struct views *views, uint64_t auction)
{
    uint64_t chunk = (auction - 1) / CHUNK_VIEWS;
    struct auction_view **slots;

    if (auction == 0 || chunk >= CHUNKS_MAX)
        return NULL;
    slots = views->chunks[chunk];
    return slots == NULL ? NULL : &slots[(auction - 1) % CHUNK_VIEWS];
}

static enum err
make_chunk(struct views *views, uint64_t auction)
{
    uint64_t chunk = (auction - 1) / CHUNK_VIEWS;
    struct auction_view **slots;

    if (chunk >= CHUNKS_MAX)
        return err_set(ERR_TOO_LARGE, "more auctions than one server holds");
    slots = calloc(CHUNK_VIEWS, sizeof(*slots));
    if (slots == NULL)
        return err_set(ERR_NOMEM, "no memory for more auctions");
    views->chunks[chunk] = slots;
    return ERR_OK;
}

enum err
views_publish(struct views *views, struct auction_view *view)
{
    uint64_t auction = view->lot.id;
    pthread_mutex_t *lock = &views->stripes[auction % STRIPES];
    struct auction_view **slot = slot_of(views, auction);
    struct auction_view *old;
    enum err err;

    if (slot == NULL) {
        if ((err = make_chunk(views, auction)) != ERR_OK)
            return err;
        slot = slot_of(views, auction);
    }
    CHECK(slot != NULL);
    CHECK(pthread_mutex_lock(lock) == 0);
    old = *slot;
    *slot = view;
    CHECK(pthread_mutex_unlock(lock) == 0);
    view_unref(&old);
    if (views->last < auction)
        views->last = auction;
    return ERR_OK;
}

struct auction_view *
views_get(struct views *views, uint64_t auction)
{
    struct auction_view **slot = slot_of(views, auction);
    pthread_mutex_t *lock = &views->stripes[auction % STRIPES];
    struct auction_view *view;

    if (slot == NULL)
        return NULL;
    CHECK(pthread_mutex_lock(lock) == 0);
    view = *slot == NULL ? NULL : view_ref(*slot);
    CHECK(pthread_mutex_unlock(lock) == 0);
    return view;
}

uint64_t
views_last(struct views *views)
{
    return views->last;
}

/** FNV-1a; the names are our own CA's, no stranger chooses many. */
static size_t
bucket_of(const struct views *views, const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    return (size_t)(hash & (views->bucket_count - 1));
}

static struct account_row *
find_account(const struct views *views, const char *name)
{
    uint64_t uid = views->buckets[bucket_of(views, name)];

    while (uid != 0) {
        struct account_row *row = &views->accounts[uid - 1];
        if (strcmp(row->name, name) == 0)
            return row;
        uid = row->next_same_hash;
    }
    return NULL;
}

static void
link_account(struct views *views, struct account_row *row)
{
    size_t bucket = bucket_of(views, row->name);

    row->next_same_hash = views->buckets[bucket];
    views->buckets[bucket] = row->view.uid;
}

/** Twice the room for accounts and their chains. */
static enum err
grow_accounts(struct views *views)
{
    size_t capacity =
        views->account_capacity == 0 ? 1024 : views->account_capacity * 2;
    struct account_row *rows =
        realloc(views->accounts, capacity * sizeof(*rows));
    uint64_t *buckets;

    if (rows == NULL)
        return err_set(ERR_NOMEM, "no memory for more accounts");
    views->accounts = rows;
    buckets = calloc(capacity, sizeof(*buckets));
    if (buckets == NULL)
        return err_set(ERR_NOMEM, "no memory for more accounts");
    views->account_capacity = capacity;
    free(views->buckets);
    views->buckets = buckets;
    views->bucket_count = capacity;
    for (size_t i = 0; i < views->account_count; i++)
        link_account(views, &rows[i]);
    return ERR_OK;
}

static enum err
publish_account(struct views *views, const char *name,
                const struct account_view *account)
{
    struct account_row *row;
    enum err err;

    if (account->uid <= views->account_count) {
        views->accounts[account->uid - 1].view = *account;
        return ERR_OK;
    }
    CHECK(account->uid == views->account_count + 1);
    if (views->account_count == views->account_capacity &&
        (err = grow_accounts(views)) != ERR_OK)
        return err;
    row = &views->accounts[views->account_count++];
    *row = (struct account_row){.view = *account};
    memcpy(row->name, name, strlen(name) + 1);
    link_account(views, row);
    return ERR_OK;
}

enum err
views_publish_account(struct views *views, const char *name,
                      const struct account_view *account)
{
    enum err err;

    CHECK(account->uid > 0 && strlen(name) < STORE_NAME_BYTES);
    CHECK(pthread_mutex_lock(&views->accounts_lock) == 0);
    err = publish_account(views, name, account);
    CHECK(pthread_mutex_unlock(&views->accounts_lock) == 0);
    return err;
}

bool
views_get_account(struct views *views, const char *name,
                  struct account_view *out)
{
    const struct account_row *row;

    CHECK(pthread_mutex_lock(&views->accounts_lock) == 0);
    row = find_account(views, name);
    if (row != NULL)
        *out = row->view;
    CHECK(pthread_mutex_unlock(&views->accounts_lock) == 0);
    return row != NULL;
}

bool
views_account_name(struct views *views, uint64_t uid,
                   char name_out[STORE_NAME_BYTES])
{
    bool found;

    CHECK(pthread_mutex_lock(&views->accounts_lock) == 0);
    found = uid >= 1 && uid <= views->account_count;
    if (found)
        memcpy(name_out, views->accounts[uid - 1].name, STORE_NAME_BYTES);
    CHECK(pthread_mutex_unlock(&views->accounts_lock) == 0);
    return found;
}

/* ---------------------------------------------------------------- invoices
 */

/** Room up to a number; those in between are still 0. */
static enum err
grow_invoices(struct views *views, uint64_t number)
{
    size_t capacity = views->invoice_capacity;
    struct invoice_view *invoices;

    if (number <= capacity)
        return ERR_OK;
    capacity = capacity == 0 ? 64 : capacity;
    while (capacity < number)
        capacity *= 2;
    invoices = realloc(views->invoices, capacity * sizeof(*invoices));
    if (invoices == NULL)
        return err_set(ERR_NOMEM, "no memory for more invoices");
    memset(invoices + views->invoice_capacity, 0,
           (capacity - views->invoice_capacity) * sizeof(*invoices));
    views->invoices = invoices;
    views->invoice_capacity = capacity;
    return ERR_OK;
}

enum err
views_publish_invoice(struct views *views, const struct invoice_view *invoice)
{
    enum err err;

    CHECK(invoice->number > 0);
    CHECK(pthread_mutex_lock(&views->invoices_lock) == 0);
    err = grow_invoices(views, invoice->number);
    if (err == ERR_OK) {
        views->invoices[invoice->number - 1] = *invoice;
        if (invoice->number > views->invoice_count)
            views->invoice_count = invoice->number;
    }
    CHECK(pthread_mutex_unlock(&views->invoices_lock) == 0);
    return err;
}

bool
views_get_invoice(struct views *views, uint64_t number,
                  struct invoice_view *out)
{
    bool found;

    CHECK(pthread_mutex_lock(&views->invoices_lock) == 0);
    found = number >= 1 && number <= views->invoice_count;
    if (found)
        *out = views->invoices[number - 1];
    CHECK(pthread_mutex_unlock(&views->invoices_lock) == 0);
    /* While all are loaded, and never afterwards, one may be missing. */
    return found && out->number == number;
}

uint64_t
views_invoice_last(struct views *views)
{
    uint64_t last;

    CHECK(pthread_mutex_lock(&views->invoices_lock) == 0);
    last = views->invoice_count;
    CHECK(pthread_mutex_unlock(&views->invoices_lock) == 0);
    return last;
}
