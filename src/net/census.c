/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is connected. Limits by address and by name hold over all workers, so
 * the counts are shared: one lock of rank 60, taken at accept, after the
 * handshake and at the end, never for a request.
 */
#include "net/internal.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096, KEY_BYTES = 64, RATES = 65536, MILLI = 1000 };

/** A count under a key: 16 bytes of address, or a name. */
struct tally {
    char key[KEY_BYTES];
    size_t connections;
    size_t handshakes;
    struct tally *next;
};

/*
 * Token buckets of handshakes. A fixed number, by hash of the address: memory
 * is bounded whatever addresses come, and two that share one share its rate.
 */
struct rate {
    int64_t filled_ms; /* 0: never used, full */
    uint64_t millitokens;
};

struct census {
    pthread_mutex_t lock; /* rank 60; guards all below */
    struct net_limits limits;
    size_t connections;
    size_t handshakes;
    struct tally *addresses[BUCKETS];
    struct tally *names[BUCKETS];
    struct rate rates[RATES];
};

static void
lock(struct census *census)
{
    CHECK(pthread_mutex_lock(&census->lock) == 0);
}

static void
unlock(struct census *census)
{
    CHECK(pthread_mutex_unlock(&census->lock) == 0);
}

static uint64_t
hash_of_key(const char key[KEY_BYTES])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < KEY_BYTES; i++)
        hash = (hash ^ (uint8_t)key[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

static struct tally **
bucket_of(struct tally **table, const char key[KEY_BYTES])
{
    return &table[hash_of_key(key) % BUCKETS];
}

static struct tally **
find(struct tally **table, const char key[KEY_BYTES])
{
    struct tally **link = bucket_of(table, key);

    while (*link != NULL && memcmp((*link)->key, key, KEY_BYTES) != 0)
        link = &(*link)->next;
    return link;
}

/** The tally of a key, made when there is none; NULL without memory. */
static struct tally *
tally_of(struct tally **table, const char key[KEY_BYTES])
{
    struct tally **link = find(table, key);

    if (*link == NULL) {
        *link = calloc(1, sizeof(**link));
        if (*link != NULL)
            memcpy((*link)->key, key, KEY_BYTES);
    }
    return *link;
}

static void
drop_if_empty(struct tally **table, const char key[KEY_BYTES])
{
    struct tally **link = find(table, key);
    struct tally *tally = *link;

    if (tally == NULL || tally->connections > 0 || tally->handshakes > 0)
        return;
    *link = tally->next;
    free(tally);
}

static void
address_key(char key[KEY_BYTES], const struct sockaddr_in6 *address)
{
    memset(key, 0, KEY_BYTES);
    memcpy(key, &address->sin6_addr, sizeof(address->sin6_addr));
}

static void
name_key(char key[KEY_BYTES], const char *name)
{
    memset(key, 0, KEY_BYTES);
    memcpy(key, name, strnlen(name, KEY_BYTES));
}

enum err
census_create(struct census **out, const struct net_limits *limits)
{
    struct census *census = calloc(1, sizeof(*census));

    if (census == NULL)
        return err_set(ERR_NOMEM, "no memory to count connections");
    census->limits = *limits;
    CHECK(pthread_mutex_init(&census->lock, NULL) == 0);
    *out = census;
    return ERR_OK;
}

static void
free_table(struct tally **table)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (table[i] != NULL) {
            struct tally *tally = table[i];
            table[i] = tally->next;
            free(tally);
        }
}

void
census_destroy(struct census **out)
{
    if (*out == NULL)
        return;
    free_table((*out)->addresses);
    free_table((*out)->names);
    pthread_mutex_destroy(&(*out)->lock);
    free(*out);
    *out = NULL;
}

/** Take one token of the address; false when it has none left. */
static bool
take_token(struct census *census, const char key[KEY_BYTES])
{
    const struct net_limits *limits = &census->limits;
    struct rate *rate = &census->rates[hash_of_key(key) % RATES];
    uint64_t full = (uint64_t)limits->handshake_burst * MILLI;
    int64_t now = monotonic_ms();

    if (rate->filled_ms == 0)
        rate->millitokens = full;
    else /* a token a second is a millitoken a millisecond */
        rate->millitokens +=
            (uint64_t)(now - rate->filled_ms) * limits->handshakes_per_second;
    if (rate->millitokens > full)
        rate->millitokens = full;
    rate->filled_ms = now;
    if (rate->millitokens < MILLI)
        return false;
    rate->millitokens -= MILLI;
    return true;
}

void
census_set_limits(struct census *census, const struct net_limits *limits)
{
    lock(census);
    census->limits = *limits;
    unlock(census);
}

static enum refusal
enter(struct census *census, const char key[KEY_BYTES])
{
    const struct net_limits *limits = &census->limits;
    struct tally *tally;

    if (!take_token(census, key))
        return REFUSAL_RATE;
    if (census->connections >= limits->connections)
        return REFUSAL_CONNECTIONS;
    if (census->handshakes >= limits->handshakes)
        return REFUSAL_HANDSHAKES;
    tally = tally_of(census->addresses, key);
    if (tally == NULL)
        return REFUSAL_MEMORY;
    if (tally->connections >= limits->connections_per_address)
        return REFUSAL_ADDRESS;
    if (tally->handshakes >= limits->handshakes_per_address)
        return REFUSAL_ADDRESS_HANDSHAKES;
    census->connections++;
    census->handshakes++;
    tally->connections++;
    tally->handshakes++;
    return REFUSAL_NONE;
}

enum refusal
census_enter(struct census *census, const struct sockaddr_in6 *address)
{
    char key[KEY_BYTES];
    enum refusal refusal;

    address_key(key, address);
    lock(census);
    refusal = enter(census, key);
    drop_if_empty(census->addresses, key);
    unlock(census);
    return refusal;
}

static void
shaken(struct census *census, const char key[KEY_BYTES])
{
    struct tally *tally = *find(census->addresses, key);

    CHECK(tally != NULL && tally->handshakes > 0 && census->handshakes > 0);
    tally->handshakes--;
    census->handshakes--;
}

void
census_shaken(struct census *census, const struct sockaddr_in6 *address)
{
    char key[KEY_BYTES];

    address_key(key, address);
    lock(census);
    shaken(census, key);
    unlock(census);
}

void
census_leave(struct census *census, const struct sockaddr_in6 *address,
             bool was_shaken)
{
    char key[KEY_BYTES];
    struct tally *tally;

    address_key(key, address);
    lock(census);
    if (!was_shaken)
        shaken(census, key);
    tally = *find(census->addresses, key);
    CHECK(tally != NULL && tally->connections > 0 && census->connections > 0);
    tally->connections--;
    census->connections--;
    drop_if_empty(census->addresses, key);
    unlock(census);
}

bool
census_enter_name(struct census *census, const char *name)
{
    char key[KEY_BYTES];
    struct tally *tally;
    bool has_entered = false;

    name_key(key, name);
    lock(census);
    tally = tally_of(census->names, key);
    if (tally != NULL &&
        tally->connections < census->limits.connections_per_name) {
        tally->connections++;
        has_entered = true;
    }
    unlock(census);
    return has_entered;
}

void
census_leave_name(struct census *census, const char *name)
{
    char key[KEY_BYTES];
    struct tally *tally;

    name_key(key, name);
    lock(census);
    tally = *find(census->names, key);
    CHECK(tally != NULL && tally->connections > 0);
    tally->connections--;
    drop_if_empty(census->names, key);
    unlock(census);
}
