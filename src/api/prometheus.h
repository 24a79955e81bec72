/* SPDX-License-Identifier: Apache-2.0 */
/**
 * prometheus: numbers in the text format of Prometheus, version 0.0.4.
 *
 *     prometheus_head(out, "auctiond_connections", "gauge", "Open now.");
 *     prometheus_count(out, "auctiond_connections", "proto=\"h1\"", 12);
 *
 * Names, labels and their values are literals of the program: nothing that a
 * client sent ever becomes one.
 *
 * Thread  any; pure.
 */
#ifndef API_PROMETHEUS_H
#define API_PROMETHEUS_H

#include "base/buf.h"

#include <stdint.h>

/** The two lines before the samples of a name. `type`: "counter", "gauge". */
void prometheus_head(struct buf *out, const char *name, const char *type,
                     const char *help);

/** One sample; `labels` NULL: none. */
void prometheus_count(struct buf *out, const char *name, const char *labels,
                      uint64_t value);
void prometheus_seconds(struct buf *out, const char *name, const char *labels,
                        double seconds);

#endif
