/* SPDX-License-Identifier: Apache-2.0 */
/**
 * inbox: what other threads ask of main.
 *
 * Owner   main.
 * Thread  inbox_put by any; the rest by main.
 */
#ifndef SERVER_INBOX_H
#define SERVER_INBOX_H

#include "api/admin.h"

#include <pthread.h>

enum { INBOX_MAX = 16 };

struct inbox {
    pthread_mutex_t lock; /* rank 70; guards the queue */
    struct admin_reload *first, **last;
    size_t count;
    bool is_closed;
    int wake; /* eventfd, readable while something waits */
};

MUST_CHECK enum err inbox_init(struct inbox *inbox);
/** What still waits is answered: the server is stopping. */
void inbox_close(struct inbox *inbox);
void inbox_release(struct inbox *inbox);

/** False when it is full or closed; `context` is a struct inbox. */
bool inbox_put(void *context, struct admin_reload *reload);

/** The one that waits longest, or NULL. */
struct admin_reload *inbox_take(struct inbox *inbox);

#endif
