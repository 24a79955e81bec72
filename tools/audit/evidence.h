/* SPDX-License-Identifier: Apache-2.0 */
/** evidence: two signed heads of one log that contradict each other. */
#ifndef TOOLS_EVIDENCE_H
#define TOOLS_EVIDENCE_H

#include "base/buf.h"

/** Print both as they stand, on standard output: they are the proof. */
void evidence_print(const char *older, size_t size, const struct buf *newer);

#endif
