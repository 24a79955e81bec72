/* SPDX-License-Identifier: Apache-2.0 */
/**
 * trusted: what the log is told of a trust generation and of settings.
 *
 * Thread  main.
 * Source  docs/audit.md "What else is recorded".
 */
#ifndef SERVER_TRUSTED_H
#define SERVER_TRUSTED_H

#include "engine/engine.h"
#include "identity/trust.h"
#include "server/config.h"

/**
 * Record the lists of a generation, and the serials that are on them and were
 * not on those before.
 *
 * before  NULL at the start: then only the lists
 */
void trusted_record(struct engine *engine, const struct trust *now,
                    const struct trust *before);

/** Record that a generation was refused; the cause in words. */
void trusted_record_refusal(struct engine *engine, const char *cause);

/** Record every line of the effective settings that has changed. */
void settings_record(struct engine *engine, const struct config *before,
                     const struct config *now);

#endif
