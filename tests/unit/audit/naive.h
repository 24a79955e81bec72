/* SPDX-License-Identifier: Apache-2.0 */
/**
 * naive: roots and proofs as RFC 6962 defines them, as slow as it reads, to
 * compare the real ones with.
 */
#ifndef TESTS_AUDIT_NAIVE_H
#define TESTS_AUDIT_NAIVE_H

#include "audit/proof.h"

/** Section 2.1: MTH of `n` leaves. */
struct hash naive_root(const struct hash *leaves, size_t n);

/** Section 2.1.1: PATH of leaf `m`, appended to `out`. */
void
naive_path(size_t m, const struct hash *leaves, size_t n, struct proof *out);

/** Section 2.1.2: SUBPROOF; `whole` is its b. Appended to `out`. */
void naive_subproof(size_t m, const struct hash *leaves, size_t n, bool whole,
                    struct proof *out);

bool proof_equal(const struct proof *a, const struct proof *b);

#endif
