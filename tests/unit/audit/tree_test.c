/* SPDX-License-Identifier: Apache-2.0 */
#include "naive.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "audit/tree.h"
#include "base/text.h"

/* -------------------------------------------------- a store of full tiles */

enum { SHELF_TILES = 600, LEAVES = 70000 };

struct shelf {
    struct shelf_tile {
        bool is_full;
        struct hash hashes[TREE_TILE_HASHES];
    } tiles[3][SHELF_TILES];
    unsigned reads;
};

static struct shelf *shelf;
static struct hash leaves[LEAVES];

static enum err
shelf_read_tile(void *context, unsigned level, uint64_t index,
                struct hash out[TREE_TILE_HASHES])
{
    struct shelf *from = context;

    from->reads++;
    if (level >= 3 || index >= SHELF_TILES ||
        !from->tiles[level][index].is_full)
        return ERR_NOT_FOUND;
    memcpy(out, from->tiles[level][index].hashes, sizeof(*out) * 256);
    return ERR_OK;
}

static enum err
shelf_read_leaf(void *context, uint64_t index, struct hash *out)
{
    (void)context;
    *out = leaves[index];
    return ERR_OK;
}

/* Store what became full since the mark, as a commit would. */
static void
shelf_commit(const struct tree *tree, struct tree_mark mark)
{
    struct tree_tile tiles[TREE_BATCH_TILES_MAX];
    size_t count = tree_full_tiles(tree, mark, tiles);

    for (size_t i = 0; i < count; i++) {
        struct shelf_tile *to = &shelf->tiles[tiles[i].level][tiles[i].index];

        CU_ASSERT_FATAL(!to->is_full);
        memcpy(to->hashes, tree_tile_hashes(tree, tiles[i]),
               sizeof(to->hashes));
        to->is_full = true;
    }
}

static const struct tree_source *
shelf_source(void)
{
    static struct tree_source source;

    source = (struct tree_source){shelf, shelf_read_tile, shelf_read_leaf};
    return &source;
}

static int
setup(void)
{
    shelf = calloc(1, sizeof(*shelf));
    for (uint32_t i = 0; i < LEAVES; i++)
        leaves[i] = leaf_hash(&i, sizeof(i));
    return shelf == NULL;
}

static int
teardown(void)
{
    free(shelf);
    return 0;
}

static struct tree *
empty_tree(void)
{
    struct tree *tree;

    memset(shelf, 0, sizeof(*shelf));
    CU_ASSERT_FATAL(tree_create(&tree, shelf_source()) == ERR_OK);
    return tree;
}

/* Append up to `size`, committing batches of `batch`. */
static void
grow(struct tree *tree, uint64_t size, uint64_t batch)
{
    struct tree_mark mark = tree_mark(tree);

    while (tree_size(tree) < size) {
        tree_append(tree, &leaves[tree_size(tree)]);
        if (tree_size(tree) - mark.size == batch || tree_size(tree) == size) {
            shelf_commit(tree, mark);
            mark = tree_mark(tree);
        }
    }
}

static bool
root_is(const struct hash *root, const char *hex)
{
    struct hash expected;

    return hash_from_hex(&expected, hex, strlen(hex)) &&
           hash_equal(root, &expected);
}

/* ----------------------------------------------------------------- tests */

/*
 * The inputs and roots of the Certificate Transparency reference tests
 * (merkletree/merkle_tree_test.cc of google/certificate-transparency).
 */
static void
roots_of_0_to_8_leaves_are_the_published_ones(void)
{
    static const struct {
        const char *input_hex;
        const char *root_hex;
    } steps[] = {
        {"",
         "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {"00",
         "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {"10",
         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {"2021",
         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        {"3031",
         "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {"40414243",
         "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
        {"5051525354555657",
         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {"606162636465666768696a6b6c6d6e6f",
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    struct tree *tree = empty_tree();
    struct hash root = tree_root(tree);

    CU_ASSERT(root_is(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934"
                             "ca495991b7852b855"));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        uint8_t input[16];
        size_t size = strlen(steps[i].input_hex) / 2;
        struct hash leaf;

        CU_ASSERT(text_unhex(input, size, steps[i].input_hex, 2 * size));
        leaf = leaf_hash(input, size);
        tree_append(tree, &leaf);
        root = tree_root(tree);
        CU_ASSERT(root_is(&root, steps[i].root_hex));
    }
    tree_destroy(&tree);
}

static void
every_root_up_to_600_leaves_is_as_defined(void)
{
    struct tree *tree = empty_tree();
    struct tree_hasher hasher;
    struct hash naive, root;

    tree_hasher_init(&hasher);
    for (size_t n = 0; n <= 600; n++) {
        naive = naive_root(leaves, n);
        root = tree_root(tree);
        CU_ASSERT(hash_equal(&root, &naive));
        root = tree_hasher_root(&hasher);
        CU_ASSERT(hash_equal(&root, &naive));
        grow(tree, n + 1, 1);
        tree_hasher_add(&hasher, &leaves[n]);
    }
    for (size_t n = 0; n <= 600; n++) {
        naive = naive_root(leaves, n);
        CU_ASSERT(tree_root_at(tree, n, &root) == ERR_OK);
        CU_ASSERT(hash_equal(&root, &naive));
    }
    tree_destroy(&tree);
}

static void
every_inclusion_proof_up_to_300_leaves_is_as_defined(void)
{
    struct tree *tree = empty_tree();
    struct proof naive, proof;
    struct hash root;

    grow(tree, 300, 7);
    for (size_t n = 1; n <= 300; n++) {
        root = naive_root(leaves, n);
        for (size_t i = 0; i < n; i++) {
            naive.count = 0;
            naive_path(i, leaves, n, &naive);
            CU_ASSERT(tree_prove_inclusion(tree, i, n, &proof) == ERR_OK);
            CU_ASSERT(proof_equal(&proof, &naive));
            CU_ASSERT(inclusion_verify(&leaves[i], i, n, &proof, &root));
        }
    }
    tree_destroy(&tree);
}

static void
every_consistency_proof_up_to_300_leaves_is_as_defined(void)
{
    static struct hash roots[301];
    struct tree *tree = empty_tree();
    struct proof naive, proof;

    grow(tree, 300, 7);
    for (size_t n = 0; n <= 300; n++) {
        roots[n] = naive_root(leaves, n);
        for (size_t m = 0; m <= n; m++) {
            naive.count = 0;
            if (m > 0)
                naive_subproof(m, leaves, n, true, &naive);
            CU_ASSERT(tree_prove_consistency(tree, m, n, &proof) == ERR_OK);
            CU_ASSERT(proof_equal(&proof, &naive));
            CU_ASSERT(consistency_verify(m, &roots[m], n, &roots[n], &proof));
        }
    }
    tree_destroy(&tree);
}

/* Whether any altered form of a true inclusion proof is believed. */
static bool
inclusion_is_tight(size_t index, size_t size, const struct proof *proof,
                   const struct hash *root)
{
    struct proof bad = *proof;
    struct hash other = *root;

    for (size_t i = 0; i < proof->count; i++) {
        bad = *proof;
        bad.hashes[i].bytes[i % HASH_BYTES] ^= 1;
        if (inclusion_verify(&leaves[index], index, size, &bad, root))
            return false;
    }
    bad = *proof;
    bad.hashes[bad.count++] = leaves[0];
    if (inclusion_verify(&leaves[index], index, size, &bad, root))
        return false;
    bad.count = proof->count - 1;
    if (proof->count > 0 &&
        inclusion_verify(&leaves[index], index, size, &bad, root))
        return false;
    other.bytes[31] ^= 128;
    return !inclusion_verify(&leaves[index], index, size, proof, &other) &&
           !inclusion_verify(&leaves[index + 1], index, size, proof, root) &&
           !inclusion_verify(&leaves[index], size, size, proof, root) &&
           !inclusion_verify(&leaves[index], index, 0, proof, root);
}

static void
an_altered_inclusion_proof_is_refused(void)
{
    struct tree *tree = empty_tree();
    struct proof proof;
    struct hash root;

    grow(tree, 130, 130);
    for (size_t n = 1; n <= 130; n++) {
        CU_ASSERT(tree_root_at(tree, n, &root) == ERR_OK);
        for (size_t i = 0; i < n; i++) {
            CU_ASSERT(tree_prove_inclusion(tree, i, n, &proof) == ERR_OK);
            CU_ASSERT(inclusion_is_tight(i, n, &proof, &root));
        }
    }
    tree_destroy(&tree);
}

static void
an_altered_consistency_proof_is_refused(void)
{
    struct tree *tree = empty_tree();
    struct proof proof, bad;
    struct hash before, after;

    grow(tree, 70, 70);
    for (size_t n = 1; n <= 70; n++) {
        CU_ASSERT(tree_root_at(tree, n, &after) == ERR_OK);
        for (size_t m = 1; m < n; m++) {
            CU_ASSERT(tree_root_at(tree, m, &before) == ERR_OK);
            CU_ASSERT(tree_prove_consistency(tree, m, n, &proof) == ERR_OK);
            CU_ASSERT(!consistency_verify(n, &after, m, &before, &proof));
            CU_ASSERT(!consistency_verify(m, &after, n, &after, &proof));
            CU_ASSERT(!consistency_verify(m, &before, n, &before, &proof));
            for (size_t i = 0; i < proof.count; i++) {
                bad = proof;
                bad.hashes[i].bytes[0] ^= 4;
                CU_ASSERT(!consistency_verify(m, &before, n, &after, &bad));
            }
            bad = proof;
            bad.count--;
            CU_ASSERT(!consistency_verify(m, &before, n, &after, &bad));
            bad.count = proof.count + 1;
            bad.hashes[proof.count] = before;
            CU_ASSERT(!consistency_verify(m, &before, n, &after, &bad));
        }
    }
    tree_destroy(&tree);
}

/* Proofs at the places where tiles end, against roots made another way. */
static void
check_at(struct tree *tree, uint64_t index, uint64_t size,
         const struct hash *root)
{
    struct proof proof;
    struct hash at;

    CU_ASSERT(tree_root_at(tree, size, &at) == ERR_OK);
    CU_ASSERT(hash_equal(&at, root));
    CU_ASSERT(tree_prove_inclusion(tree, index, size, &proof) == ERR_OK);
    CU_ASSERT(inclusion_verify(&leaves[index], index, size, &proof, root));
}

static void
a_tree_across_65536_leaves_proves_from_its_tiles(void)
{
    static const uint64_t sizes[] = {1,     255,   256,   257,   511,
                                     512,   4095,  4096,  65279, 65280,
                                     65535, 65536, 65537, 65792, LEAVES};
    struct tree *tree = empty_tree();
    struct tree_hasher hasher;
    struct hash roots[16];
    struct proof proof;
    size_t next = 0;

    tree_hasher_init(&hasher);
    for (size_t n = 0; n < LEAVES; n++) {
        tree_hasher_add(&hasher, &leaves[n]);
        if (n + 1 == sizes[next])
            roots[next++] = tree_hasher_root(&hasher);
    }
    grow(tree, LEAVES, 2048);
    CU_ASSERT(shelf->reads == 0);
    for (size_t k = 0; k < next; k++) {
        check_at(tree, 0, sizes[k], &roots[k]);
        check_at(tree, sizes[k] - 1, sizes[k], &roots[k]);
        check_at(tree, sizes[k] / 2, sizes[k], &roots[k]);
        for (size_t j = 0; j <= k; j++) {
            CU_ASSERT(tree_prove_consistency(tree, sizes[j], sizes[k],
                                             &proof) == ERR_OK);
            CU_ASSERT(consistency_verify(sizes[j], &roots[j], sizes[k],
                                         &roots[k], &proof));
        }
    }
    tree_destroy(&tree);
}

static void
a_proof_of_a_recent_record_reads_no_tile(void)
{
    struct tree *tree = empty_tree();
    struct proof proof;

    grow(tree, LEAVES, 2048);
    for (uint64_t i = LEAVES - 2048; i < LEAVES; i++)
        CU_ASSERT(tree_prove_inclusion(tree, i, LEAVES, &proof) == ERR_OK);
    CU_ASSERT(shelf->reads == 0);
    CU_ASSERT(tree_prove_inclusion(tree, 5, LEAVES, &proof) == ERR_OK);
    CU_ASSERT(shelf->reads <= 2);
    tree_destroy(&tree);
}

static void
a_loaded_tree_goes_on_like_the_one_before(void)
{
    static const uint64_t sizes[] = {0,    1,     255,   256,   257,
                                     3000, 65535, 65536, 65537, 66000};
    struct tree *tree, *again;
    struct hash root, other;
    struct proof proof;

    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        tree = empty_tree();
        grow(tree, sizes[k], 1000);
        CU_ASSERT_FATAL(tree_create(&again, shelf_source()) == ERR_OK);
        CU_ASSERT(tree_load(again, sizes[k]) == ERR_OK);
        root = tree_root(tree);
        other = tree_root(again);
        CU_ASSERT(hash_equal(&root, &other));
        grow(again, sizes[k] + 700, 300);
        for (uint64_t i = sizes[k]; i < sizes[k] + 700; i++)
            tree_append(tree, &leaves[i]);
        root = tree_root(tree);
        other = tree_root(again);
        CU_ASSERT(hash_equal(&root, &other));
        CU_ASSERT(tree_prove_inclusion(again, 0, sizes[k] + 700, &proof) ==
                  ERR_OK);
        CU_ASSERT(
            inclusion_verify(&leaves[0], 0, sizes[k] + 700, &proof, &root));
        tree_destroy(&again);
        tree_destroy(&tree);
    }
}

static void
loading_without_the_tiles_fails_and_leaves_the_tree_empty(void)
{
    struct tree *tree = empty_tree();
    struct hash root, empty = hash_empty_root();

    CU_ASSERT(tree_load(tree, 70000) == ERR_NOT_FOUND);
    CU_ASSERT(tree_size(tree) == 0);
    root = tree_root(tree);
    CU_ASSERT(hash_equal(&root, &empty));
    CU_ASSERT(tree_load(tree, TREE_SIZE_MAX + 1) == ERR_TOO_LARGE);
    tree_destroy(&tree);
    CU_ASSERT(tree_create(&tree, NULL) == ERR_OK);
    CU_ASSERT(tree_load(tree, 1) == ERR_NOT_FOUND);
    tree_destroy(&tree);
    tree_destroy(&tree);
}

/* Append `count` wrong leaves as a batch that will not be committed. */
static void
append_wrong(struct tree *tree, uint64_t count)
{
    struct hash wrong = leaf_hash("wrong", 5);

    for (uint64_t i = 0; i < count; i++)
        tree_append(tree, &wrong);
}

static void
an_aborted_batch_leaves_no_trace(void)
{
    unsigned long long random = tap_seed();
    struct tree *tree = empty_tree();
    struct tree_hasher hasher;
    struct hash root, expected;
    struct proof proof;

    tree_hasher_init(&hasher);
    while (tree_size(tree) < LEAVES) {
        uint64_t size = tree_size(tree);
        uint64_t next = size + tap_random(&random) % 2048 + 1;
        struct tree_mark mark = tree_mark(tree);

        append_wrong(tree, tap_random(&random) % 2049);
        tree_rewind(tree, mark);
        root = tree_root(tree);
        expected = tree_hasher_root(&hasher);
        CU_ASSERT(hash_equal(&root, &expected));
        next = next < LEAVES ? next : LEAVES;
        grow(tree, next, 2048);
        for (uint64_t i = size; i < next; i++)
            tree_hasher_add(&hasher, &leaves[i]);
        root = tree_hasher_root(&hasher);
        CU_ASSERT(tree_prove_inclusion(tree, size, next, &proof) == ERR_OK);
        CU_ASSERT(inclusion_verify(&leaves[size], size, next, &proof, &root));
    }
    tree_destroy(&tree);
}

static void
a_tile_completed_in_an_aborted_batch_is_completed_again(void)
{
    struct tree *tree = empty_tree();
    struct tree_tile tiles[TREE_BATCH_TILES_MAX];
    struct tree_mark mark;

    grow(tree, 65530, 2048);
    mark = tree_mark(tree);
    append_wrong(tree, 2048);
    CU_ASSERT(tree_full_tiles(tree, mark, tiles) == 9);
    CU_ASSERT(tiles[0].level == 0 && tiles[0].index == 255);
    CU_ASSERT(tiles[8].level == 1 && tiles[8].index == 0);
    tree_rewind(tree, mark);
    CU_ASSERT(tree_full_tiles(tree, mark, tiles) == 0);
    grow(tree, 65536, 6);
    CU_ASSERT(memcmp(&shelf->tiles[0][255].hashes[250], &leaves[65530],
                     6 * sizeof(leaves[0])) == 0);
    CU_ASSERT(shelf->tiles[1][0].is_full);
    CU_ASSERT(tree_full_tiles(tree, mark, tiles) == 2);
    tree_destroy(&tree);
}

static void
full_tiles_hold_the_hashes_of_the_level_below(void)
{
    struct tree *tree = empty_tree();
    struct hash hash;

    grow(tree, 65536, 100);
    for (size_t i = 0; i < 256; i++) {
        CU_ASSERT(memcmp(shelf->tiles[0][i].hashes, &leaves[i * 256],
                         256 * sizeof(leaves[0])) == 0);
        hash = naive_root(&leaves[i * 256], 256);
        CU_ASSERT(hash_equal(&hash, &shelf->tiles[1][0].hashes[i]));
    }
    CU_ASSERT(!shelf->tiles[0][256].is_full);
    tree_destroy(&tree);
}

SUITE("tree", setup, teardown,
      TEST(roots_of_0_to_8_leaves_are_the_published_ones),
      TEST(every_root_up_to_600_leaves_is_as_defined),
      TEST(every_inclusion_proof_up_to_300_leaves_is_as_defined),
      TEST(every_consistency_proof_up_to_300_leaves_is_as_defined),
      TEST(an_altered_inclusion_proof_is_refused),
      TEST(an_altered_consistency_proof_is_refused),
      TEST(a_tree_across_65536_leaves_proves_from_its_tiles),
      TEST(a_proof_of_a_recent_record_reads_no_tile),
      TEST(a_loaded_tree_goes_on_like_the_one_before),
      TEST(loading_without_the_tiles_fails_and_leaves_the_tree_empty),
      TEST(an_aborted_batch_leaves_no_trace),
      TEST(a_tile_completed_in_an_aborted_batch_is_completed_again),
      TEST(full_tiles_hold_the_hashes_of_the_level_below))
