/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/proof.h"

#include <string.h>

/* RFC 9162 section 2.1.3.2, with its names: fn, sn, r. */
bool
inclusion_verify(const struct hash *leaf, uint64_t index, uint64_t size,
                 const struct proof *proof, const struct hash *root)
{
    uint64_t fn = index, sn = size - 1;
    struct hash r = *leaf;

    CHECK(proof->count <= PROOF_HASHES_MAX);
    if (size == 0 || index >= size)
        return false;
    for (size_t i = 0; i < proof->count; i++) {
        const struct hash *p = &proof->hashes[i];

        if (sn == 0)
            return false;
        if ((fn & 1) != 0 || fn == sn) {
            r = node_hash(p, &r);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            r = node_hash(&r, p);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && hash_equal(&r, root);
}

/* RFC 9162 section 2.1.4.2 from its step 3 on: fn, sn, fr, sr. */
static bool
consistency_walk(uint64_t fn, uint64_t sn, const struct hash *first,
                 const struct hash *rest, size_t count,
                 const struct hash *old_root, const struct hash *new_root)
{
    struct hash fr = *first, sr = *first;

    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    for (size_t i = 0; i < count; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) != 0 || fn == sn) {
            fr = node_hash(&rest[i], &fr);
            sr = node_hash(&rest[i], &sr);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            sr = node_hash(&sr, &rest[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && hash_equal(&fr, old_root) && hash_equal(&sr, new_root);
}

bool
consistency_verify(uint64_t old_size, const struct hash *old_root,
                   uint64_t new_size, const struct hash *new_root,
                   const struct proof *proof)
{
    const struct hash *hashes = proof->hashes;
    size_t count = proof->count;
    struct hash empty;

    CHECK(count <= PROOF_HASHES_MAX);
    if (old_size > new_size)
        return false;
    if (old_size == new_size)
        return count == 0 && hash_equal(old_root, new_root);
    if (old_size == 0) {
        empty = hash_empty_root();
        return count == 0 && hash_equal(old_root, &empty);
    }
    if (count == 0)
        return false;
    /* A complete old tree is itself the first node, and is left out. */
    if ((old_size & (old_size - 1)) == 0)
        return consistency_walk(old_size - 1, new_size - 1, old_root, hashes,
                                count, old_root, new_root);
    return consistency_walk(old_size - 1, new_size - 1, hashes, hashes + 1,
                            count - 1, old_root, new_root);
}

void
tree_hasher_init(struct tree_hasher *hasher)
{
    hasher->size = 0;
    hasher->peak_count = 0;
}

void
tree_hasher_add(struct tree_hasher *hasher, const struct hash *leaf)
{
    struct hash hash = *leaf;

    CHECK(hasher->size < TREE_SIZE_MAX);
    CHECK(hasher->peak_count == (size_t)__builtin_popcountll(hasher->size));
    for (uint64_t rest = hasher->size; (rest & 1) != 0; rest >>= 1)
        hash = node_hash(&hasher->peaks[--hasher->peak_count], &hash);
    hasher->peaks[hasher->peak_count++] = hash;
    hasher->size++;
}

struct hash
tree_hasher_root(const struct tree_hasher *hasher)
{
    size_t i = hasher->peak_count;
    struct hash root;

    if (i == 0)
        return hash_empty_root();
    root = hasher->peaks[--i];
    while (i > 0) {
        i--;
        root = node_hash(&hasher->peaks[i], &root);
    }
    return root;
}
