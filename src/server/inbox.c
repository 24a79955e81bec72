/* SPDX-License-Identifier: Apache-2.0 */
#include "server/inbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void
lock(struct inbox *inbox)
{
    CHECK(pthread_mutex_lock(&inbox->lock) == 0);
}

static void
unlock(struct inbox *inbox)
{
    CHECK(pthread_mutex_unlock(&inbox->lock) == 0);
}

enum err
inbox_init(struct inbox *inbox)
{
    *inbox = (struct inbox){.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    inbox->last = &inbox->first;
    CHECK(pthread_mutex_init(&inbox->lock, NULL) == 0);
    return inbox->wake >= 0
               ? ERR_OK
               : err_set(ERR_SYSTEM, "no descriptor: %s", strerror(errno));
}

bool
inbox_put(void *context, struct admin_reload *reload)
{
    struct inbox *inbox = context;
    uint64_t one = 1;
    bool has_room;

    reload->next = NULL;
    lock(inbox);
    has_room = !inbox->is_closed && inbox->count < INBOX_MAX;
    if (has_room) {
        *inbox->last = reload;
        inbox->last = &reload->next;
        inbox->count++;
    }
    unlock(inbox);
    if (has_room && write(inbox->wake, &one, sizeof(one)) < 0)
        CHECK(errno == EAGAIN);
    return has_room;
}

struct admin_reload *
inbox_take(struct inbox *inbox)
{
    struct admin_reload *reload;
    uint64_t count;

    lock(inbox);
    reload = inbox->first;
    if (reload != NULL) {
        inbox->first = reload->next;
        inbox->count--;
        if (inbox->first == NULL)
            inbox->last = &inbox->first;
    } else if (read(inbox->wake, &count, sizeof(count)) < 0) {
        CHECK(errno == EAGAIN);
    }
    unlock(inbox);
    return reload;
}

void
inbox_close(struct inbox *inbox)
{
    struct admin_reload *reload;

    lock(inbox);
    inbox->is_closed = true;
    unlock(inbox);
    while ((reload = inbox_take(inbox)) != NULL) {
        reload->err = ERR_BUSY;
        snprintf(reload->detail, sizeof(reload->detail),
                 "the server is stopping");
        reload->done(reload);
    }
}

void
inbox_release(struct inbox *inbox)
{
    if (inbox->wake >= 0)
        close(inbox->wake);
    pthread_mutex_destroy(&inbox->lock);
    inbox->wake = -1;
}
