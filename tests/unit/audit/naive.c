/* SPDX-License-Identifier: Apache-2.0 */
#include "naive.h"

#include <string.h>

/* RFC 6962 section 2.1: MTH. */
struct hash
naive_root(const struct hash *leaves, size_t n)
{
    struct hash left, right;
    size_t k = 1;

    if (n == 0)
        return hash_of("", 0);
    if (n == 1)
        return leaves[0];
    while (2 * k < n)
        k *= 2;
    left = naive_root(leaves, k);
    right = naive_root(leaves + k, n - k);
    return node_hash(&left, &right);
}

/* RFC 6962 section 2.1.1: PATH. */
void
naive_path(size_t m, const struct hash *leaves, size_t n, struct proof *out)
{
    size_t k = 1;

    if (n == 1)
        return;
    while (2 * k < n)
        k *= 2;
    if (m < k) {
        naive_path(m, leaves, k, out);
        out->hashes[out->count++] = naive_root(leaves + k, n - k);
    } else {
        naive_path(m - k, leaves + k, n - k, out);
        out->hashes[out->count++] = naive_root(leaves, k);
    }
}

/* RFC 6962 section 2.1.2: SUBPROOF. */
void
naive_subproof(size_t m, const struct hash *leaves, size_t n, bool whole,
               struct proof *out)
{
    size_t k = 1;

    if (m == n) {
        if (!whole)
            out->hashes[out->count++] = naive_root(leaves, n);
        return;
    }
    while (2 * k < n)
        k *= 2;
    if (m <= k) {
        naive_subproof(m, leaves, k, whole, out);
        out->hashes[out->count++] = naive_root(leaves + k, n - k);
    } else {
        naive_subproof(m - k, leaves + k, n - k, false, out);
        out->hashes[out->count++] = naive_root(leaves, k);
    }
}

bool
proof_equal(const struct proof *a, const struct proof *b)
{
    return a->count == b->count &&
           memcmp(a->hashes, b->hashes, a->count * sizeof(a->hashes[0])) == 0;
}
