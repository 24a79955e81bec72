/* SPDX-License-Identifier: Apache-2.0 */
/** source_post: what a witness sends back to the server it reads. */
#ifndef TOOLS_SOURCE_POST_H
#define TOOLS_SOURCE_POST_H

#include "source.h"

/**
 * Send a cosigned checkpoint to the server that `source` reads through.
 *
 * Returns  ERR_OK; ERR_SYSTEM, ERR_UNREACHABLE with the server's words
 */
MUST_CHECK enum err
source_post_cosignature(struct source *source, const struct buf *note);

#endif
