/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence.h"

#include <stdio.h>

void
evidence_print(const char *older, size_t size, const struct buf *newer)
{
    printf("EVIDENCE: the same key has signed both of these, and no log can "
           "have had both\n");
    printf("--- seen before\n%.*s", (int)size, older);
    printf("--- shown now\n%.*s---\n", (int)newer->size, newer->bytes);
}
