/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rate.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { PLACES = 65536, SECOND_US = 1000000 };

struct rate {
    uint64_t key;
    atomic_uint per_second;
    atomic_uint burst;
    atomic_int_fast64_t full_at[PLACES]; /* microseconds */
};

enum err
rate_create(struct rate **out, uint64_t key)
{
    struct rate *rate = calloc(1, sizeof(*rate));

    if (rate == NULL)
        return err_set(ERR_NOMEM, "no memory for the rates of accounts");
    rate->key = key;
    *out = rate;
    return ERR_OK;
}

void
rate_destroy(struct rate **rate)
{
    free(*rate);
    *rate = NULL;
}

void
rate_set(struct rate *rate, unsigned per_second, unsigned burst)
{
    CHECK(per_second > 0 && burst > 0);
    rate->per_second = per_second;
    rate->burst = burst;
}

void
rate_get(const struct rate *rate, unsigned *per_second_out, unsigned *burst_out)
{
    *per_second_out = rate->per_second;
    *burst_out = rate->burst;
}

static size_t
place_of(const struct rate *rate, const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ rate->key;

    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    hash ^= hash >> 29;
    return (size_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 48) % PLACES;
}

bool
rate_take(struct rate *rate, const char *name, int64_t now_us,
          unsigned *wait_out)
{
    atomic_int_fast64_t *full_at = &rate->full_at[place_of(rate, name)];
    int64_t each = SECOND_US / (int64_t)rate->per_second;
    int64_t room = each * (int64_t)rate->burst;
    int_fast64_t was = *full_at;
    int64_t begin, late;

    do {
        begin = was > now_us ? was : now_us;
        late = begin + each - now_us - room;
        if (late > 0) {
            *wait_out = (unsigned)((late + SECOND_US - 1) / SECOND_US);
            return false;
        }
    } while (!atomic_compare_exchange_weak(full_at, &was, begin + each));
    return true;
}
