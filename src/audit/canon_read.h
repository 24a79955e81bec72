/* SPDX-License-Identifier: Apache-2.0 */
/**
 * canon_read: a cursor over canonical JSON that accepts nothing else.
 *
 * Reads what canon.h writes. The first violation latches the cursor with
 * its position and every later read fails, so a caller may read a whole object
 * and ask once. White space, unsorted or repeated names, another spelling of a
 * number or an escape, ill-formed UTF-8: all are refused.
 *
 *     canon_read_init(&in, bytes, size);
 *     canon_read_object(&in);
 *     while (canon_read_name(&in, &name))
 *         ...
 *     err = canon_read_finish(&in);
 *
 * Thread  one at a time.
 */
#ifndef AUDIT_CANON_READ_H
#define AUDIT_CANON_READ_H

#include "audit/canon.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct canon_read {
    const char *bytes; /* borrowed */
    size_t size;
    size_t at;
    const char *problem; /* NULL while all is well */
    size_t depth;
    struct canon_read_level {
        const char *last_name; /* points into bytes */
        size_t last_name_size;
        bool is_array;
        bool has_item;
    } levels[CANON_DEPTH_MAX];
};

void canon_read_init(struct canon_read *in, const void *bytes, size_t size);

/** Enter an object; false when none starts here. */
bool canon_read_object(struct canon_read *in);

/**
 * Name of the next member, unescaped as it has no escapes, pointing into the
 * bytes. At the end of the object false, and the object is left; false also
 * after a violation.
 */
MUST_CHECK bool
canon_read_name(struct canon_read *in, const char **name_out, size_t *size_out);

/** Enter an array; false when none starts here. */
bool canon_read_array(struct canon_read *in);

/** Whether another item follows; at the end the array is left. */
MUST_CHECK bool canon_read_item(struct canon_read *in);

/** What starts here: '{' '[' '"', '0' for a number, 0 for anything else. */
char canon_read_peek(const struct canon_read *in);

MUST_CHECK bool canon_read_int(struct canon_read *in, int64_t *out);

/**
 * A string, unescaped into `out`, which holds `capacity` bytes; not
 * terminated. A string of n bytes in the input needs at most n.
 */
MUST_CHECK bool canon_read_text(struct canon_read *in, char *out,
                                size_t capacity, size_t *size_out);

/** A string of exactly `size` bytes in lower-case hex. */
MUST_CHECK bool canon_read_hex(struct canon_read *in, void *out, size_t size);

/** A string in canonical base64 of at most `capacity` (512) bytes. */
MUST_CHECK bool canon_read_base64(struct canon_read *in, void *out,
                                  size_t capacity, size_t *size_out);

/** Step over one value of any kind, checking its form. */
bool canon_read_skip(struct canon_read *in);

/** Latch a violation found by the caller, at the present position. */
void canon_read_fail(struct canon_read *in, const char *problem);

/**
 * ERR_OK when one value was read to the last byte without violation, else
 * ERR_SYNTAX with the position in err_detail.
 */
MUST_CHECK enum err canon_read_finish(struct canon_read *in);

/** Whether the bytes are one canonical value: ERR_OK or ERR_SYNTAX. */
MUST_CHECK enum err canon_check(const void *bytes, size_t size);

#endif
