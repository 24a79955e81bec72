/* SPDX-License-Identifier: Apache-2.0 */
/**
 * logline: what can be told of a record without decoding it.
 */
#ifndef ENGINE_LOGLINE_H
#define ENGINE_LOGLINE_H

#include <stddef.h>
#include <stdint.h>

/**
 * The auction that a canonical record belongs to, 0 when to none.
 *
 * Looks for the member's name: inside a string a quote is always escaped, and
 * no nested object has a member of that name, so it is found only there.
 */
uint64_t logline_auction(const void *bytes, size_t size);

#endif
