/* SPDX-License-Identifier: Apache-2.0 */
/**
 * role: what a certificate lets its holder be, at most. One certificate, one
 * role.
 */
#ifndef IDENTITY_ROLE_H
#define IDENTITY_ROLE_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>

#define ROLE_LIST(X)                                                           \
    X(BIDDER, "bidder")                                                        \
    X(SELLER, "seller")                                                        \
    X(TRADER, "trader")   /* bidder and seller */                              \
    X(AUDITOR, "auditor") /* reads everything */                               \
    X(ADMIN, "admin")                                                          \
    X(MONITOR, "monitor") /* metrics and health only */                        \
    X(NODE, "node")       /* another server, never a client */

#define ROLE_ENUM(role, name) ROLE_##role,
enum role { ROLE_LIST(ROLE_ENUM) ROLE_COUNT };
#undef ROLE_ENUM

/** "bidder". */
const char *role_name(enum role role);

/** The role of a name, not terminated. */
MUST_CHECK bool role_parse(enum role *out, const char *name, size_t length);

#endif
