/* SPDX-License-Identifier: Apache-2.0 */
/**
 * brake: at most so many lines a second of one kind, whoever causes them.
 *
 * What a stranger can cause must not fill the disk. The lines held back are
 * counted, and the next line that passes says how many they were.
 *
 * Thread  any.
 */
#ifndef BASE_BRAKE_H
#define BASE_BRAKE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** All zero: unused. */
struct log_brake {
    atomic_int_fast64_t second;
    atomic_uint_fast64_t lines; /* in that second */
    atomic_uint_fast64_t held;  /* since the last one that passed */
};

/**
 * Whether a line may be written now.
 *
 * second     of any clock that does not fall
 * per_second how many may pass
 * held_out   lines held back before this one; only when it passes
 */
bool log_brake_pass(struct log_brake *brake, int64_t second,
                    unsigned per_second, uint64_t *held_out);

#endif
