/* SPDX-License-Identifier: Apache-2.0 */
/** file: whole files of bounded size, read and written. */
#ifndef TOOLS_FILE_H
#define TOOLS_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

enum { FILE_PATH_BYTES = 4096, FILE_BYTES_MAX = 64 << 20 };

/**
 * A whole file as a terminated string; the caller frees.
 *
 * Returns  ERR_OK; ERR_NOT_FOUND, ERR_SYSTEM, ERR_TOO_LARGE with a sentence
 */
MUST_CHECK enum err
file_read(char **text_out, size_t *size_out, const char *path);

/** The same, appended. */
MUST_CHECK enum err file_read_into(const char *path, struct buf *out);

/** Write a file and the folders above it. ERR_OK, ERR_SYSTEM. */
MUST_CHECK enum err
file_write(const char *path, const void *bytes, size_t size);

/** The same, so that there is always the old or the new one, on the disk. */
MUST_CHECK enum err
file_replace(const char *path, const void *bytes, size_t size);

/** Make the folders above a path. */
MUST_CHECK enum err file_make_folders(const char *path);

#endif
