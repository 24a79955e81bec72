/* SPDX-License-Identifier: Apache-2.0 */
/**
 * container: from a member back to the struct that it is embedded in.
 */
#ifndef BASE_CONTAINER_H
#define BASE_CONTAINER_H

#include <stddef.h>

/** The struct of `type` whose `member` is at `pointer`. */
#define CONTAINER_OF(pointer, type, member)                                    \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
