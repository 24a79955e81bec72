/* SPDX-License-Identifier: Apache-2.0 */
/** when: a point in time as people write it. */
#ifndef TOOLS_WHEN_H
#define TOOLS_WHEN_H

#include "base/instant.h"

/**
 * RFC 3339 ("2026-10-14T17:48:00Z"), a date ("2026-10-14", its first moment
 * in UTC), "now", "today", "yesterday", or a time ago: "-90s" "-5m" "-2h"
 * "-3d".
 *
 * Returns  ERR_OK or ERR_SYNTAX
 */
MUST_CHECK enum err
when_parse(struct instant *out, const char *text, struct instant now);

#endif
