/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/world.h"

#include "engine/books.h"
#include "engine/world_internal.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 1024 };

static enum err
no_memory(void)
{
    return err_set(ERR_NOMEM, "no memory for the state of the auctions");
}

enum err
list_push(struct list *list, void *item)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        void **items = realloc(list->items, capacity * sizeof(*items));
        if (items == NULL)
            return no_memory();
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return ERR_OK;
}

enum err
world_create(struct world **out, const struct world_ports *ports,
             const struct world_options *options)
{
    struct world *world = calloc(1, sizeof(*world));

    if (world == NULL)
        return no_memory();
    world->ports = *ports;
    world->options = *options;
    world->account_bucket_count = BUCKETS_FIRST;
    world->cert_bucket_count = BUCKETS_FIRST;
    world->account_buckets = calloc(BUCKETS_FIRST, sizeof(struct account *));
    world->cert_buckets = calloc(BUCKETS_FIRST, sizeof(struct cert_entry *));
    if (world->account_buckets == NULL || world->cert_buckets == NULL) {
        world_destroy(&world);
        return no_memory();
    }
    *out = world;
    return ERR_OK;
}

static void
free_auction(struct auction *auction)
{
    shared_unref(&auction->text);
    books_free(auction);
    free(auction);
}

void
world_destroy(struct world **out)
{
    struct world *world = *out;

    if (world == NULL)
        return;
    for (size_t i = 0; i < world->auctions.count; i++)
        free_auction(world->auctions.items[i]);
    for (size_t i = 0; i < world->accounts.count; i++)
        free(world->accounts.items[i]);
    for (size_t i = 0; world->cert_buckets && i < world->cert_bucket_count; i++)
        while (world->cert_buckets[i] != NULL) {
            struct cert_entry *entry = world->cert_buckets[i];
            world->cert_buckets[i] = entry->next_same_hash;
            free(entry);
        }
    free(world->auctions.items);
    free(world->accounts.items);
    free(world->timers.items);
    free(world->touched_auctions.items);
    free(world->touched_accounts.items);
    free(world->new_texts.items);
    free(world->new_certs);
    free(world->account_buckets);
    free(world->cert_buckets);
    free(world);
    *out = NULL;
}

/* ------------------------------------------------------------- look-up */

/** FNV-1a; names and fingerprints are our own CA's work. */
static size_t
hash_bytes(const void *bytes, size_t size)
{
    const uint8_t *b = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
    return (size_t)hash;
}

static struct account **
account_bucket(const struct world *world, const char *name)
{
    return &world->account_buckets[hash_bytes(name, strlen(name)) &
                                   (world->account_bucket_count - 1)];
}

static struct cert_entry **
cert_bucket(const struct world *world, const uint8_t fp[STORE_HASH_BYTES])
{
    return &world->cert_buckets[hash_bytes(fp, STORE_HASH_BYTES) &
                                (world->cert_bucket_count - 1)];
}

struct auction *
world_auction(struct world *world, uint64_t id)
{
    if (id == 0 || id > world->auctions.count)
        return NULL;
    return world->auctions.items[id - 1];
}

struct account *
world_account(struct world *world, uint64_t uid)
{
    if (uid == 0 || uid > world->accounts.count)
        return NULL;
    return world->accounts.items[uid - 1];
}

struct account *
world_account_named(struct world *world, const char *name)
{
    struct account *account = *account_bucket(world, name);

    while (account != NULL && strcmp(account->row.name, name) != 0)
        account = account->next_same_hash;
    return account;
}

static struct cert_entry *
find_cert(const struct world *world, const uint8_t fp[STORE_HASH_BYTES])
{
    struct cert_entry *entry = *cert_bucket(world, fp);

    while (entry != NULL && memcmp(entry->row.fp, fp, STORE_HASH_BYTES) != 0)
        entry = entry->next_same_hash;
    return entry;
}

bool
world_knows_cert(struct world *world, const struct hash *fp)
{
    return find_cert(world, fp->bytes) != NULL;
}

uint64_t
world_auction_last(const struct world *world)
{
    return world->auctions.count;
}

uint64_t
world_uid_last(const struct world *world)
{
    return world->accounts.count;
}

uint64_t
world_invoice_last(const struct world *world)
{
    return world->invoice_last;
}

/* ------------------------------------------------------------- growing */

static enum err
grow_account_buckets(struct world *world)
{
    size_t count = world->account_bucket_count * 2;
    struct account **buckets = calloc(count, sizeof(*buckets));

    if (buckets == NULL)
        return no_memory();
    free(world->account_buckets);
    world->account_buckets = buckets;
    world->account_bucket_count = count;
    for (size_t i = 0; i < world->accounts.count; i++) {
        struct account *account = world->accounts.items[i];
        struct account **bucket = account_bucket(world, account->row.name);
        account->next_same_hash = *bucket;
        *bucket = account;
    }
    return ERR_OK;
}

static enum err
add_account(struct world *world, const struct store_account *row,
            struct account **out)
{
    struct account *account;
    struct account **bucket;
    enum err err;

    CHECK(row->uid == world->accounts.count + 1);
    if (world->accounts.count >= world->account_bucket_count &&
        (err = grow_account_buckets(world)) != ERR_OK)
        return err;
    account = calloc(1, sizeof(*account));
    if (account == NULL)
        return no_memory();
    account->row = *row;
    if ((err = list_push(&world->accounts, account)) != ERR_OK) {
        free(account);
        return err;
    }
    bucket = account_bucket(world, row->name);
    account->next_same_hash = *bucket;
    *bucket = account;
    *out = account;
    return ERR_OK;
}

static enum err
grow_cert_buckets(struct world *world)
{
    size_t count = world->cert_bucket_count * 2;
    struct cert_entry **buckets = calloc(count, sizeof(*buckets));
    struct cert_entry **old = world->cert_buckets;
    size_t old_count = world->cert_bucket_count;

    if (buckets == NULL)
        return no_memory();
    world->cert_buckets = buckets;
    world->cert_bucket_count = count;
    for (size_t i = 0; i < old_count; i++)
        while (old[i] != NULL) {
            struct cert_entry *entry = old[i];
            struct cert_entry **bucket = cert_bucket(world, entry->row.fp);
            old[i] = entry->next_same_hash;
            entry->next_same_hash = *bucket;
            *bucket = entry;
        }
    free(old);
    return ERR_OK;
}

static enum err
add_cert(struct world *world, const struct store_cert *row)
{
    struct cert_entry *entry;
    struct cert_entry **bucket;
    enum err err;

    if (world->cert_count >= world->cert_bucket_count &&
        (err = grow_cert_buckets(world)) != ERR_OK)
        return err;
    entry = calloc(1, sizeof(*entry));
    if (entry == NULL)
        return no_memory();
    entry->row = *row;
    bucket = cert_bucket(world, row->fp);
    entry->next_same_hash = *bucket;
    *bucket = entry;
    world->cert_count++;
    return ERR_OK;
}

enum err
world_add_auction(struct world *world, struct auction **out)
{
    struct auction *auction = calloc(1, sizeof(*auction));
    enum err err;

    if (auction == NULL)
        return no_memory();
    if ((err = list_push(&world->auctions, auction)) != ERR_OK) {
        free(auction);
        return err;
    }
    auction->row.lot.id = world->auctions.count;
    *out = auction;
    return ERR_OK;
}

/* ------------------------------------------------------------- loading */

enum err
world_load_account(struct world *world, const struct store_account *row)
{
    struct account *account;
    enum err err;

    if (row->uid != world->accounts.count + 1)
        return err_set(ERR_DAMAGED, "account %llu is missing from the store",
                       (unsigned long long)world->accounts.count + 1);
    err = add_account(world, row, &account);
    world->uid_last_before = world->accounts.count;
    return err;
}

enum err
world_load_cert(struct world *world, const struct store_cert *row)
{
    if (world_account(world, row->uid) == NULL)
        return err_set(ERR_DAMAGED, "a certificate of an unknown account");
    return add_cert(world, row);
}

enum err
world_load_lot(struct world *world, const struct store_lot *row)
{
    struct auction *auction;
    struct account *holder;
    struct hold hold;
    enum err err;

    if (row->lot.id != world->auctions.count + 1)
        return err_set(ERR_DAMAGED, "auction %llu is missing from the store",
                       (unsigned long long)world->auctions.count + 1);
    if ((err = world_add_auction(world, &auction)) != ERR_OK)
        return err;
    auction->row = *row;
    auction->seller = world_account(world, row->lot.seller);
    lot_hold(&row->lot, &hold);
    holder = world_account(world, hold.user);
    if (auction->seller == NULL || (hold.user != 0 && holder == NULL))
        return err_set(ERR_DAMAGED, "auction %llu names an unknown account",
                       (unsigned long long)row->lot.id);
    if (holder != NULL)
        holder->held.minor += hold.amount.minor;
    world->auction_last_before = world->auctions.count;
    return timers_set(world, auction);
}

enum err
world_load_entry(struct world *world, const struct store_entry *row)
{
    struct auction *auction = world_auction(world, row->auction);
    struct account *account = world_account(world, row->entry->user);

    if (auction == NULL || account == NULL)
        return err_set(ERR_DAMAGED, "an entry of no auction or account");
    account->held.minor += lot_entry_hold(&auction->row.lot, row->entry).minor;
    return books_load(auction, row);
}

enum err
world_check_books(struct world *world)
{
    for (size_t i = 0; i < world->auctions.count; i++)
        if (!books_agree(world->auctions.items[i]))
            return err_set(ERR_DAMAGED,
                           "auction %llu does not agree with its book",
                           (unsigned long long)i + 1);
    return ERR_OK;
}

enum err
world_load_text(struct world *world, uint64_t id, const void *bytes,
                size_t size)
{
    struct auction *auction = world_auction(world, id);

    if (auction == NULL || memchr(bytes, '\0', size) == NULL)
        return err_set(ERR_DAMAGED, "a text of no auction, or malformed");
    auction->text = shared_create(bytes, size);
    return auction->text == NULL ? no_memory() : ERR_OK;
}

void
world_load_counters(struct world *world, uint64_t invoice_last)
{
    world->invoice_last = world->invoice_last_before = invoice_last;
}

/* ---------------------------------------------------------------- undo */

enum err
world_touch_auction(struct world *world, struct auction *auction)
{
    enum err err;

    if (auction->is_touched)
        return ERR_OK;
    if ((err = list_push(&world->touched_auctions, auction)) != ERR_OK)
        return err;
    auction->is_touched = true;
    auction->before = auction->row;
    return ERR_OK;
}

enum err
world_touch_account(struct world *world, struct account *account)
{
    enum err err;

    if (account->is_touched)
        return ERR_OK;
    if ((err = list_push(&world->touched_accounts, account)) != ERR_OK)
        return err;
    account->is_touched = true;
    account->before = account->row;
    account->held_before = account->held;
    return ERR_OK;
}

enum err
world_change_held(struct world *world, uint64_t uid, int64_t delta)
{
    struct account *account = world_account(world, uid);
    enum err err;

    if (uid == 0 || delta == 0)
        return ERR_OK;
    CHECK(account != NULL);
    if ((err = world_touch_account(world, account)) != ERR_OK)
        return err;
    CHECK(!__builtin_add_overflow(account->held.minor, delta,
                                  &account->held.minor));
    CHECK(account->held.minor >= 0);
    return ERR_OK;
}

struct world_changes
world_changes(const struct world *world)
{
    return (struct world_changes){
        .auctions = (struct auction *const *)world->touched_auctions.items,
        .auction_count = world->touched_auctions.count,
        .accounts = (struct account *const *)world->touched_accounts.items,
        .account_count = world->touched_accounts.count,
        .new_texts = (struct auction *const *)world->new_texts.items,
        .new_text_count = world->new_texts.count,
        .certs = world->new_certs,
        .cert_count = world->new_cert_count,
    };
}

static void
forget_changes(struct world *world)
{
    world->touched_auctions.count = 0;
    world->touched_accounts.count = 0;
    world->new_texts.count = 0;
    world->new_cert_count = 0;
}

void
world_commit(struct world *world)
{
    for (size_t i = 0; i < world->touched_auctions.count; i++) {
        struct auction *auction = world->touched_auctions.items[i];
        auction->is_touched = false;
        books_commit(auction);
    }
    for (size_t i = 0; i < world->touched_accounts.count; i++)
        ((struct account *)world->touched_accounts.items[i])->is_touched =
            false;
    forget_changes(world);
    world->auction_last_before = world->auctions.count;
    world->uid_last_before = world->accounts.count;
    world->invoice_last_before = world->invoice_last;
}

static void
drop_cert(struct world *world, const struct store_cert *row)
{
    struct cert_entry **link = cert_bucket(world, row->fp);

    while (memcmp((*link)->row.fp, row->fp, STORE_HASH_BYTES) != 0)
        link = &(*link)->next_same_hash;
    struct cert_entry *entry = *link;
    *link = entry->next_same_hash;
    free(entry);
    world->cert_count--;
}

static void
drop_last_account(struct world *world)
{
    struct account *account = world->accounts.items[world->accounts.count - 1];
    struct account **link = account_bucket(world, account->row.name);

    while (*link != account)
        link = &(*link)->next_same_hash;
    *link = account->next_same_hash;
    world->accounts.count--;
    free(account);
}

static void
restore_rows(struct world *world)
{
    for (size_t i = 0; i < world->touched_auctions.count; i++) {
        struct auction *auction = world->touched_auctions.items[i];
        auction->row = auction->before;
        books_rewind(auction);
        auction->is_touched = false;
    }
    for (size_t i = 0; i < world->touched_accounts.count; i++) {
        struct account *account = world->touched_accounts.items[i];
        account->row = account->before;
        account->held = account->held_before;
        account->is_touched = false;
    }
}

void
world_rewind(struct world *world)
{
    restore_rows(world);
    for (size_t i = 0; i < world->touched_auctions.count; i++) {
        struct auction *auction = world->touched_auctions.items[i];
        if (auction->row.lot.id > world->auction_last_before)
            continue;
        /* Its place in the heap exists or existed: no memory is needed. */
        CHECK(timers_set(world, auction) == ERR_OK);
    }
    for (size_t i = 0; i < world->new_cert_count; i++)
        drop_cert(world, &world->new_certs[i]);
    while (world->auctions.count > world->auction_last_before) {
        struct auction *auction =
            world->auctions.items[--world->auctions.count];
        timers_remove(world, auction);
        free_auction(auction);
    }
    while (world->accounts.count > world->uid_last_before)
        drop_last_account(world);
    world->invoice_last = world->invoice_last_before;
    forget_changes(world);
}

/* ----------------------------------------------------------- enrolment */

static enum err
note_new_cert(struct world *world, const struct store_cert *row)
{
    if (world->new_cert_count == world->new_cert_capacity) {
        size_t capacity =
            world->new_cert_capacity == 0 ? 64 : world->new_cert_capacity * 2;
        struct store_cert *certs =
            realloc(world->new_certs, capacity * sizeof(*certs));
        if (certs == NULL)
            return no_memory();
        world->new_certs = certs;
        world->new_cert_capacity = capacity;
    }
    world->new_certs[world->new_cert_count++] = *row;
    return ERR_OK;
}

static enum err
enroll_account(struct world *world, const struct party *party,
               struct account **out)
{
    struct store_account row = {
        .uid = world->accounts.count + 1,
        .role = (uint32_t)party->role,
        .limit = money_of(INT64_MAX),
    };
    struct record record;
    enum err err;

    memcpy(row.name, party->name, sizeof(row.name));
    if ((err = add_account(world, &row, out)) != ERR_OK ||
        (err = world_touch_account(world, *out)) != ERR_OK)
        return err;
    record_init(&record, RECORD_USER_ENROLLED);
    RECORD_SET(&record, uid, (int64_t)row.uid);
    RECORD_SET_TEXT(&record, name, row.name);
    RECORD_SET_TEXT(&record, roles, role_name(party->role));
    RECORD_SET(&record, vis, RECORD_VIS_PARTY);
    return effect_record(world, &record, NULL, &actor_system, NULL);
}

static enum err
enroll_cert(struct world *world, const struct party *party,
            const struct account *account, const struct cert_facts *facts)
{
    struct store_cert row = {.uid = account->row.uid};
    struct hash blob = hash_of(facts->der, facts->der_size);
    struct record record;
    enum err err;

    memcpy(row.fp, party->fp.bytes, sizeof(row.fp));
    if ((err = add_cert(world, &row)) != ERR_OK ||
        (err = note_new_cert(world, &row)) != ERR_OK ||
        (err = world->ports.blob(world->ports.context, &blob, facts->der,
                                 facts->der_size)) != ERR_OK)
        return err;
    record_init(&record, RECORD_CERT_SEEN);
    RECORD_SET(&record, fp, party->fp);
    RECORD_SET(&record, cert_blob, blob);
    RECORD_SET_TEXT(&record, serial, facts->serial);
    RECORD_SET(&record, not_after, facts->not_after.ms);
    RECORD_SET(&record, uid, (int64_t)account->row.uid);
    RECORD_SET(&record, vis, RECORD_VIS_PARTY);
    if ((err = effect_record(world, &record, NULL, &actor_system, NULL)) !=
        ERR_OK)
        return err;
    record_init(&record, RECORD_USER_CERT);
    RECORD_SET(&record, uid, (int64_t)account->row.uid);
    RECORD_SET(&record, fp, party->fp);
    return effect_record(world, &record, NULL, &actor_system, NULL);
}

enum err
world_enroll(struct world *world, const struct party *party,
             const struct cert_facts *facts)
{
    struct account *account = world_account_named(world, party->name);
    enum err err;

    if (account == NULL &&
        (err = enroll_account(world, party, &account)) != ERR_OK)
        return err;
    if (world_knows_cert(world, &party->fp))
        return ERR_OK;
    return enroll_cert(world, party, account, facts);
}
