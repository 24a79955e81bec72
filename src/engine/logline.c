/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/logline.h"

#include "base/text.h"

#include <string.h>

uint64_t
logline_auction(const void *bytes, size_t size)
{
    static const char name[] = "\"auction\":";
    const char *end = (const char *)bytes + size;
    const char *p = memmem(bytes, size, name, sizeof(name) - 1);
    const char *digits;
    uint64_t auction;

    if (p == NULL)
        return 0;
    digits = p + sizeof(name) - 1;
    for (p = digits; p < end && *p >= '0' && *p <= '9'; p++)
        continue;
    return text_u64(&auction, digits, (size_t)(p - digits)) ? auction : 0;
}
