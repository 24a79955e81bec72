/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/role.h"

#include <string.h>

#define ROLE_NAME(role, name) name,
static const char *const names[] = {ROLE_LIST(ROLE_NAME)};

const char *
role_name(enum role role)
{
    CHECK(role < ROLE_COUNT);
    return names[role];
}

bool
role_parse(enum role *out, const char *name, size_t length)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0) {
            *out = (enum role)i;
            return true;
        }
    return false;
}
