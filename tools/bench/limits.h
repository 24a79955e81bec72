/* SPDX-License-Identifier: Apache-2.0 */
/**
 * limits: what the machine allows, piece by piece.
 *
 * Each prints lines of JSON and says whether it could be measured.
 */
#ifndef TOOLS_BENCH_LIMITS_H
#define TOOLS_BENCH_LIMITS_H

#include "bench.h"

/** {"name":"limits","work":WORK,"connections":N,"per_second":RATE} */
void limits_print(const char *work, int batch, double per_second);

/** Berkeley DB alone, with the rows of a bid (limits_store.c). */
bool limits_store(const struct bench_options *options);

/** Signatures and key agreement on one core (limits_crypto.c). */
bool limits_crypto(const struct bench_options *options);

#endif
