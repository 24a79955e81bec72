/* SPDX-License-Identifier: Apache-2.0 */
/**
 * door: the real server in a process of its own, with a laboratory made by
 * auction-ca, and clients that knock.
 */
#ifndef TESTS_DOOR_H
#define TESTS_DOOR_H

#include "authority.h"

#include <stdbool.h>
#include <sys/types.h>

enum { DOOR_TEXT_BYTES = 8192, DOOR_OVERRIDES_MAX = 8 };

struct door {
    struct folder folder;
    char lab[FILE_PATH_BYTES], log[FILE_PATH_BYTES];
    pid_t server;
    unsigned port;
    struct leaf ann; /* a bidder of the laboratory */
    X509 *ca;
};

/**
 * Make the laboratory and start; settings "key=value", ended by NULL.
 *
 * second  a CA that is trusted beside the laboratory's
 */
void door_open(struct door *door, const struct authority *second,
               const char *const *settings);
/** Certificate and key of a client of the laboratory: ann, bob or mon. */
struct leaf door_leaf(const struct door *door, const char *name);

/** Ask it to stop; whether it ended with 0. */
bool door_close(struct door *door);

/** How a knock ended. */
struct knock {
    int status;    /* of HTTP; 0: never answered */
    unsigned port; /* the client's own */
    char body[DOOR_TEXT_BYTES];
};

/**
 * Connect with a certificate, ask for `path`, read to the end.
 *
 * between  sent beside the leaf, or NULL
 */
struct knock door_knock(const struct door *door, const struct leaf *leaf,
                        X509 *between, const char *path);

/** The log's line on the refusal of that client; false when there is none. */
bool door_refusal(const struct door *door, unsigned client_port,
                  char line[DOOR_TEXT_BYTES]);

#endif
