/* SPDX-License-Identifier: Apache-2.0 */
/* Rule fields and their validity; the table of increments; the hashes. */
#include "naive_internal.h"

#include <assert.h>
#include <openssl/sha.h>
#include <string.h>

static const struct naive_step default_table[] = {
    {0, 5},         {100, 25},       {500, 50},     {2500, 100},
    {10000, 250},   {25000, 500},    {50000, 1000}, {100000, 2500},
    {250000, 5000}, {500000, 10000},
};

bool
naive_is_sealed(const struct naive_terms *terms)
{
    return terms->format == NAIVE_SEALED || terms->format == NAIVE_VICKREY ||
           (terms->format == NAIVE_UNIFORM && terms->sealed);
}

static bool
table_is_valid(const struct naive_terms *terms)
{
    for (size_t i = 0; i < terms->steps; i++) {
        if (terms->table[i].step < 1)
            return false;
        if (i == 0 && terms->table[i].from != 0)
            return false;
        if (i > 0 && terms->table[i].from <= terms->table[i - 1].from)
            return false;
        if (i > 0 && terms->table[i].step < terms->table[i - 1].step)
            return false;
    }
    return true;
}

static bool
dutch_is_valid(const struct naive_terms *r)
{
    return r->floor >= 1 && r->floor <= r->start && r->drop >= 1 &&
           r->interval >= 1 && r->reserve == 0 && r->buy_now == 0 &&
           r->window == 0 && r->extension == 0 && r->hard_end == 0;
}

static bool
uniform_is_valid(const struct naive_terms *r)
{
    return r->floor >= 1 && r->reserve == 0 && r->buy_now == 0 &&
           (r->withdraw_until == 0 || r->withdraw_until <= r->close);
}

bool
naive_terms_are_valid(const struct naive_terms *r)
{
    bool is_single = r->format == NAIVE_ENGLISH || r->format == NAIVE_SEALED ||
                     r->format == NAIVE_VICKREY;

    if (r->open >= r->close)
        return false;
    if (r->format != NAIVE_UNIFORM && r->start < 1)
        return false;
    if (r->reserve != 0 && r->reserve < r->start)
        return false;
    if (r->buy_now != 0 && (r->buy_now <= r->start || r->buy_now < r->reserve))
        return false;
    if (r->window < 0 || r->extension < 0)
        return false;
    if (r->hard_end != 0 && r->hard_end < r->close)
        return false;
    if (r->quantity < 1 || (is_single && r->quantity != 1))
        return false;
    if (naive_is_sealed(r) && r->close >= r->reveal_end)
        return false;
    if (r->format == NAIVE_DUTCH && !dutch_is_valid(r))
        return false;
    if (r->format == NAIVE_UNIFORM && !uniform_is_valid(r))
        return false;
    return table_is_valid(r);
}

uint64_t
naive_increment(const struct naive_terms *terms, uint64_t price)
{
    const struct naive_step *table =
        terms->steps == 0 ? default_table : terms->table;
    size_t steps = terms->steps == 0
                       ? sizeof(default_table) / sizeof(default_table[0])
                       : terms->steps;
    uint64_t step = 0;

    for (size_t i = 0; i < steps; i++)
        if (table[i].from <= price)
            step = table[i].step;
    assert(step > 0);
    return step;
}

/* --------------------------------------------------------------- hashes */

static size_t
put(uint8_t *bytes, size_t at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        bytes[at + i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    return at + size;
}

void
naive_commitment(uint8_t c_out[32], uint64_t auction, uint64_t user,
                 uint32_t quantity, uint64_t amount, const uint8_t nonce[32])
{
    static const char tag[] = "sealed-bid-v1"; /* with its NUL */
    uint8_t bytes[128];
    size_t at = sizeof(tag);

    memcpy(bytes, tag, sizeof(tag));
    at = put(bytes, at, auction, 8);
    at = put(bytes, at, user, 8);
    at = put(bytes, at, quantity, 4);
    at = put(bytes, at, amount, 8);
    memcpy(bytes + at, nonce, 32);
    SHA256(bytes, at + 32, c_out);
}

void
naive_reserve_commitment(uint8_t c_out[32], uint64_t auction, uint64_t reserve,
                         const uint8_t nonce[32])
{
    static const char tag[] = "reserve-v1"; /* with its NUL */
    uint8_t bytes[128];
    size_t at = sizeof(tag);

    memcpy(bytes, tag, sizeof(tag));
    at = put(bytes, at, auction, 8);
    at = put(bytes, at, reserve, 8);
    memcpy(bytes + at, nonce, 32);
    SHA256(bytes, at + 32, c_out);
}
