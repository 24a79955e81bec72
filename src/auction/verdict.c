/* SPDX-License-Identifier: Apache-2.0 */
#include "auction/verdict.h"

#include <string.h>

#define VERDICT_NAME(verdict, name, slug) name,
#define VERDICT_SLUG(verdict, name, slug) slug,

static const char *const names[] = {VERDICT_LIST(VERDICT_NAME)};
static const char *const slugs[] = {VERDICT_LIST(VERDICT_SLUG)};

const char *
verdict_name(enum verdict verdict)
{
    CHECK(verdict < VERDICT_COUNT);
    return names[verdict];
}

const char *
verdict_slug(enum verdict verdict)
{
    CHECK(verdict < VERDICT_COUNT);
    return slugs[verdict];
}

bool
verdict_parse(enum verdict *out, const char *name, size_t length)
{
    for (int i = 0; i < VERDICT_COUNT; i++)
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0) {
            *out = (enum verdict)i;
            return true;
        }
    return false;
}
