/* SPDX-License-Identifier: Apache-2.0 */
/**
 * model_store: a store in memory that fails where it is told to.
 *
 * Obvious and slow: growing arrays, searched from the start. What was
 * committed survives the engine, so a restart is a new engine on the same
 * model.
 */
#ifndef TESTS_MODEL_STORE_H
#define TESTS_MODEL_STORE_H

#include "engine/ports.h"

struct model_store;

struct model_store *model_create(void);
void model_destroy(struct model_store *model);
struct store_port model_port(struct model_store *model);

/** The next commit fails with this error, and, if latched, all after it. */
void model_fail_next(struct model_store *model, enum err err);

uint64_t model_size(const struct model_store *model);
const char *
model_record(const struct model_store *model, uint64_t seq, size_t *size_out);

/** Change one bit of a record behind everybody's back. */
void model_flip(struct model_store *model, uint64_t seq);

/** A copy as of now, and going back to it: a restored backup. */
struct model_store *model_copy(const struct model_store *model);
void
model_take_head_file(struct model_store *to, const struct model_store *from);

#endif
