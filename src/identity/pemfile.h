/* SPDX-License-Identifier: Apache-2.0 */
/**
 * pemfile: small files of certificates, keys and lists, read whole and
 * replaced whole.
 *
 * Thread  any.
 */
#ifndef IDENTITY_PEMFILE_H
#define IDENTITY_PEMFILE_H

#include "base/err.h"

#include <stddef.h>

/**
 * Read a whole file of at most 1 MiB, terminated; the caller frees it.
 *
 * Returns  ERR_OK; ERR_NOT_FOUND; ERR_TOO_LARGE, ERR_SYSTEM, ERR_NOMEM; the
 *          sentence names the file
 */
MUST_CHECK enum err
pemfile_read(char **text_out, size_t *size_out, const char *path);

/** The same for a secret: ERR_UNTRUSTED when others can read it. */
MUST_CHECK enum err
pemfile_read_secret(char **text_out, size_t *size_out, const char *path);

/** ERR_UNTRUSTED with the mend when others can read the file. */
MUST_CHECK enum err pemfile_check_private(const char *path);

/**
 * Put a new text in the place of a file: written beside it, synced, renamed,
 * the folder synced. After a power cut there is the old one or the new one.
 *
 * mode  of the new file, such as 0644
 * Returns  ERR_OK, ERR_SYSTEM, ERR_TOO_LARGE for a path beyond all bounds
 */
MUST_CHECK enum err
pemfile_replace(const char *path, const char *text, size_t size, unsigned mode);

#endif
