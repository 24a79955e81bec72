/* SPDX-License-Identifier: Apache-2.0 */
/**
 * text: hex, base64, decimal numbers, and bytes made safe to print.
 *
 * Decoders are strict: one spelling for one value (lower-case hex, padded
 * canonical base64, decimals without sign or leading zero), because what is
 * hashed and signed must not have two forms.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Lower-case hex of `size` bytes; `text` holds 2 * size + 1. Returns text. */
char *text_hex(char *text, const void *bytes, size_t size);

/** Exactly `size` bytes from 2 * size lower-case hex digits. */
MUST_CHECK bool
text_unhex(void *bytes_out, size_t size, const char *text, size_t length);

/** Size of the base64 text of `size` bytes, terminator included. */
#define TEXT_BASE64_BYTES(size) (((size) + 2) / 3 * 4 + 1)

/** Standard base64 with padding (RFC 4648 section 4). Returns its length. */
size_t text_base64(char *text, const void *bytes, size_t size);

/**
 * Decode canonical padded base64 (no white space, pad bits zero) of at most
 * `capacity` bytes; the number of bytes goes to *size_out.
 */
MUST_CHECK bool
text_unbase64(void *bytes_out, size_t capacity, size_t *size_out,
              const char *text, size_t length);

/** Decimal digits only, no leading zero, 0..UINT64_MAX. */
MUST_CHECK bool text_u64(uint64_t *out, const char *text, size_t length);

/** Whether the bytes are well-formed UTF-8 (RFC 3629). */
bool text_is_utf8(const char *text, size_t length);

/**
 * Copy untrusted bytes so that they can be printed: everything outside
 * 0x20..0x7e, and the backslash, becomes \xNN. Cuts at capacity - 1.
 * Returns `out`.
 */
char *text_escape(char *out, size_t capacity, const void *bytes, size_t size);

#endif
