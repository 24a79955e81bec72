/* SPDX-License-Identifier: Apache-2.0 */
/**
 * admin: what an administrator's request asks of the process, not of the
 * engine. The api cannot reach up: the server room joins these functions.
 */
#ifndef API_ADMIN_H
#define API_ADMIN_H

#include "base/err.h"
#include "identity/identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADMIN_DETAIL_BYTES = 512 };

/** A reload on its way to main and back; whoever holds it owns it. */
struct admin_reload {
    char *crl;                    /* PEM; NULL: read the files again */
    char by[IDENTITY_NAME_BYTES]; /* for the log */
    /* the outcome */
    enum err err;
    char detail[ADMIN_DETAIL_BYTES]; /* the exact error, else "" */
    uint64_t generation;
    size_t closed;                             /* connections */
    void (*done)(struct admin_reload *reload); /* on main's thread */
    struct admin_reload *next;
};

struct admin_port {
    void *context;
    /** Hand it to main; false when too many wait: it is still the caller's. */
    bool (*reload)(void *context, struct admin_reload *reload);
};

#endif
