/* SPDX-License-Identifier: Apache-2.0 */
/**
 * proven: whether a record is in the tree that the log has signed.
 *
 * The tree comes from the source's tiles, of which a few are read for each
 * proof, or where there are none from a pass over all records. Nothing of it
 * is believed: each proof must lead to the signed root.
 *
 * Owner   whoever created it; source and trust are borrowed.
 * Thread  one at a time.
 */
#ifndef TOOLS_PROVEN_H
#define TOOLS_PROVEN_H

#include "trust.h"

#include "audit/proof.h"

struct proven;

/**
 * Returns  ERR_OK; ERR_DAMAGED when the records do not give the signed root;
 *          ERR_SYNTAX, ERR_NOT_FOUND, ERR_SYSTEM for the source; ERR_NOMEM
 */
MUST_CHECK enum err proven_create(struct proven **out, struct source *source,
                                  const struct trust *trust);
void proven_destroy(struct proven **proven);

/** ERR_OK when `leaf` is number `seq` of the signed tree, else ERR_DAMAGED. */
MUST_CHECK enum err
proven_check(struct proven *proven, uint64_t seq, const struct hash *leaf);

/** The path of a leaf to the signed root, verified. */
MUST_CHECK enum err
proven_inclusion(struct proven *proven, uint64_t seq, const struct hash *leaf,
                 struct proof *proof_out);

/**
 * Proof that an older tree is the beginning of the signed one, verified.
 * ERR_DAMAGED: it is not.
 */
MUST_CHECK enum err
proven_consistency(struct proven *proven, const struct checkpoint *old,
                   struct proof *proof_out);

#endif
