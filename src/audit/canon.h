/* SPDX-License-Identifier: Apache-2.0 */
/**
 * canon: writing canonical JSON, the form of records and rule texts.
 *
 * A strict subset of RFC 8785: objects with sorted names, arrays, strings
 * and integers of at most 2^53 - 1; no white space, no null, no true or
 * false (a flag is 0 or 1), no fraction. What has one meaning has one
 * spelling, so it can be hashed, signed and compared as bytes.
 *
 * The order of names is CHECKed: a wrong order is our own mistake. What comes
 * from outside (texts, numbers) can fail; the failure is kept and
 * returned by canon_finish.
 *
 *     canon_init(&canon, &out);
 *     canon_object_begin(&canon);
 *     canon_name(&canon, "close");
 *     canon_int(&canon, close.ms);
 *     canon_object_end(&canon);
 *     err = canon_finish(&canon);
 *
 * Thread  one at a time.
 * Source  docs/audit.md "records".
 */
#ifndef AUDIT_CANON_H
#define AUDIT_CANON_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CANON_DEPTH_MAX = 8,       /* objects and arrays inside one another */
    CANON_NAME_BYTES_MAX = 32, /* [a-z][a-z0-9_]{0,31} */
    CANON_HEX_BYTES_MAX = 64,
    CANON_BASE64_BYTES_MAX = 512
};

/** Largest absolute value of a number: 2^53 - 1. */
#define CANON_INT_MAX INT64_C(9007199254740991)

struct canon {
    struct buf *out;
    size_t depth;
    enum err err;
    struct canon_level {
        const char *last_name; /* borrowed, of the object; NULL at first */
        bool is_array;
        bool has_item;
    } levels[CANON_DEPTH_MAX];
};

/** Start one value at the end of `out`, which is borrowed. */
void canon_init(struct canon *canon, struct buf *out);

void canon_object_begin(struct canon *canon);
void canon_object_end(struct canon *canon);
void canon_array_begin(struct canon *canon);
void canon_array_end(struct canon *canon);

/**
 * Name of the next member; greater by byte value than the one before.
 * `name` is borrowed until its object ends.
 */
void canon_name(struct canon *canon, const char *name);

/** Fails with ERR_SYNTAX beyond CANON_INT_MAX. */
void canon_int(struct canon *canon, int64_t value);

/** Fails with ERR_SYNTAX when the bytes are not UTF-8. */
void canon_text(struct canon *canon, const char *text, size_t length);

/** A string of lower-case hex digits; at most CANON_HEX_BYTES_MAX. */
void canon_hex(struct canon *canon, const void *bytes, size_t size);

/** A string in base64; at most CANON_BASE64_BYTES_MAX. */
void canon_base64(struct canon *canon, const void *bytes, size_t size);

/**
 * All that was begun must have ended.
 *
 * Returns  ERR_OK; ERR_SYNTAX; ERR_TOO_LARGE when `out` ran into its bound or
 *          out of memory
 */
MUST_CHECK enum err canon_finish(struct canon *canon);

/** Append `text` as a canonical string with its quotes; must be UTF-8. */
void canon_quote(struct buf *out, const char *text, size_t length);

#endif
