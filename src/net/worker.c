/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One worker's thread: a turn takes the events that are ready, then the mail,
 * then writes every connection that has answers once, then frees what ended.
 * So several requests that came in one read leave in one write.
 */
#include "net/internal.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 256,
    TICK_MS = 1000,
    STREAMS_A_MS = 50,
    POKE_PAUSE_MS_MAX = 20,
    LOOK_MS = 2000, /* between two looks at all certificates */
};

int64_t
monotonic_ms(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
wall_ms(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void *
worker_context(const struct worker *worker)
{
    return worker->context;
}

/* -------------------------------------------------------------------- mail */

static void
wake(struct worker *worker)
{
    uint64_t one = 1;

    /* Full means that it is awake already. */
    if (write(worker->wake, &one, sizeof(one)) < 0)
        CHECK(errno == EAGAIN);
}

void
worker_post(struct worker *worker, struct mail *mail)
{
    bool was_empty;

    mail->next = NULL;
    CHECK(pthread_mutex_lock(&worker->mail_lock) == 0);
    was_empty = worker->mail_first == NULL;
    *worker->mail_last = mail;
    worker->mail_last = &mail->next;
    CHECK(pthread_mutex_unlock(&worker->mail_lock) == 0);
    if (was_empty)
        wake(worker);
}

void
worker_post_errand(struct worker *worker, struct errand *errand)
{
    CHECK(pthread_mutex_lock(&worker->mail_lock) == 0);
    errand->next = worker->errands;
    worker->errands = errand;
    CHECK(pthread_mutex_unlock(&worker->mail_lock) == 0);
    wake(worker);
}

void
worker_run_errands(struct worker *worker)
{
    struct errand *errand;

    CHECK(pthread_mutex_lock(&worker->mail_lock) == 0);
    errand = worker->errands;
    worker->errands = NULL;
    CHECK(pthread_mutex_unlock(&worker->mail_lock) == 0);
    while (errand != NULL) { /* newest first: two rounds do not meet in one */
        struct errand *next = errand->next;
        round_step_done(errand, worker);
        errand = next;
    }
}

void
net_poke_all(struct net *net)
{
    for (unsigned i = 0; i < net->worker_count; i++) {
        struct worker *worker = &net->workers[i];
        bool was_poked;

        if (worker->streams == 0)
            continue;
        CHECK(pthread_mutex_lock(&worker->mail_lock) == 0);
        was_poked = worker->is_poked;
        worker->is_poked = true;
        CHECK(pthread_mutex_unlock(&worker->mail_lock) == 0);
        if (!was_poked)
            wake(worker);
    }
}

/** Those that have reached their last second go, within a minute of it. */
static void
check_certificates(struct worker *worker)
{
    int64_t wall = wall_ms();

    worker->next_look = worker->now + LOOK_MS;
    for (struct conn *c = worker->conns, *next; c != NULL; c = next) {
        next = c->next;
        conn_check_certificate(c, wall);
    }
}

/*
 * How long to gather events before the next round to the streams. Each round
 * costs a record and a system call a stream, however many events it carries:
 * with few streams there is no pause, with a thousand some events share one.
 */
static int64_t
poke_pause_ms(const struct worker *worker)
{
    int64_t pause = worker->streams / STREAMS_A_MS;

    return pause < POKE_PAUSE_MS_MAX ? pause : POKE_PAUSE_MS_MAX;
}

/** Take the poke when it is time; one that is too early stays. */
static bool
take_poke(struct worker *worker)
{
    bool is_due = worker->is_poked && worker->now >= worker->next_poke;

    worker->owes_poke = worker->is_poked && !is_due;
    if (is_due)
        worker->is_poked = false;
    return is_due;
}

static void
read_mail(struct worker *worker)
{
    const struct net_handler *handler = &worker->net->config.handler;
    struct mail *mail;
    bool is_poked;

    CHECK(pthread_mutex_lock(&worker->mail_lock) == 0);
    mail = worker->mail_first;
    worker->mail_first = NULL;
    worker->mail_last = &worker->mail_first;
    is_poked = take_poke(worker);
    CHECK(pthread_mutex_unlock(&worker->mail_lock) == 0);
    while (mail != NULL) {
        struct mail *next = mail->next;
        handler->mail(handler->context, worker, mail);
        mail = next;
    }
    if (worker->now >= worker->next_look)
        check_certificates(worker);
    if (is_poked || worker->now >= worker->next_tick) {
        worker->next_tick = worker->now + TICK_MS;
        worker->next_poke = worker->now + poke_pause_ms(worker);
        handler->poke(handler->context, worker);
    }
}

/* --------------------------------------------------------------- deadlines */

static int64_t
duration(const struct net_limits *limits, enum deadline deadline)
{
    switch (deadline) {
    case DEADLINE_HANDSHAKE:
        return limits->handshake_ms;
    case DEADLINE_FIRST_REQUEST:
        return limits->first_request_ms;
    case DEADLINE_REQUEST:
        return limits->request_ms;
    case DEADLINE_IDLE:
        return limits->idle_ms;
    case DEADLINE_WRITE:
        return limits->write_ms;
    case DEADLINE_LINGER:
        return limits->linger_ms;
    case DEADLINE_END:
        return END_MS;
    case DEADLINE_NONE:
    case DEADLINE_COUNT:
        break;
    }
    CHECK(false);
    return 0;
}

static void
leave_list(struct conn *conn)
{
    struct deadline_list *list = &conn->worker->deadlines[conn->deadline];

    if (conn->earlier != NULL)
        conn->earlier->later = conn->later;
    else
        list->first = conn->later;
    if (conn->later != NULL)
        conn->later->earlier = conn->earlier;
    else
        list->last = conn->earlier;
    conn->earlier = conn->later = NULL;
}

void
worker_clear_deadline(struct conn *conn)
{
    if (conn->deadline != DEADLINE_NONE)
        leave_list(conn);
    conn->deadline = DEADLINE_NONE;
}

void
worker_set_deadline(struct conn *conn, enum deadline deadline)
{
    struct worker *worker = conn->worker;
    struct deadline_list *list = &worker->deadlines[deadline];

    if (conn->deadline == DEADLINE_END && deadline != DEADLINE_LINGER)
        return; /* whatever else it waits for, it has no more time */
    if (conn->deadline != DEADLINE_NONE)
        leave_list(conn);
    conn->deadline = deadline;
    if (deadline == DEADLINE_NONE)
        return;
    conn->expires = worker->now + duration(&worker->limits, deadline);
    conn->earlier = list->last;
    if (list->last != NULL)
        list->last->later = conn;
    else
        list->first = conn;
    list->last = conn;
}

void
worker_set_limits(struct worker *worker, const struct net_limits *limits)
{
    for (int d = DEADLINE_NONE + 1; d < DEADLINE_COUNT; d++) {
        int64_t change = duration(limits, (enum deadline)d) -
                         duration(&worker->limits, (enum deadline)d);
        /* All by the same: the list stays in order of time. */
        for (struct conn *c = worker->deadlines[d].first; c != NULL;
             c = c->later)
            c->expires += change;
    }
    worker->limits = *limits;
}

static void
expire(struct worker *worker)
{
    for (int d = DEADLINE_NONE + 1; d < DEADLINE_COUNT; d++) {
        struct conn *conn = worker->deadlines[d].first;
        while (conn != NULL && conn->expires <= worker->now) {
            struct conn *next = conn->later;
            if (!conn->is_doomed)
                conn_expired(conn);
            conn = next;
        }
    }
}

/** Milliseconds until something may be due, at most a tick. */
static int
turn_timeout(const struct worker *worker)
{
    int64_t until = worker->next_tick;

    for (int d = DEADLINE_NONE + 1; d < DEADLINE_COUNT; d++) {
        const struct conn *first = worker->deadlines[d].first;
        if (first != NULL && first->expires < until)
            until = first->expires;
    }
    if (worker->owes_poke && worker->next_poke < until)
        until = worker->next_poke;
    if (worker->accept_pause_until > worker->now &&
        worker->accept_pause_until < until)
        until = worker->accept_pause_until;
    if (worker->is_draining && worker->net->drain_until < until)
        until = worker->net->drain_until;
    until -= worker->now;
    return until < 0 ? 0 : (int)until;
}

/* -------------------------------------------------------------------- turns */

void
worker_mark_dirty(struct conn *conn)
{
    if (conn->is_dirty || conn->is_doomed)
        return;
    conn->is_dirty = true;
    conn->next_dirty = conn->worker->dirty;
    conn->worker->dirty = conn;
}

static void
flush_dirty(struct worker *worker)
{
    while (worker->dirty != NULL) {
        struct conn *conn = worker->dirty;
        worker->dirty = conn->next_dirty;
        conn->is_dirty = false;
        conn_flush(conn);
    }
}

static void
free_doomed(struct worker *worker)
{
    while (worker->doomed != NULL) {
        struct conn *conn = worker->doomed;
        worker->doomed = conn->next_doomed;
        CHECK(!conn->is_dirty);
        conn_free(conn);
    }
}

static void
take_event(struct worker *worker, const struct epoll_event *event)
{
    int *listener = worker_listener(worker, event->data.ptr);
    struct conn *conn = event->data.ptr;
    uint64_t count;

    if (event->data.ptr == worker) {
        if (read(worker->wake, &count, sizeof(count)) < 0)
            CHECK(errno == EAGAIN);
        return;
    }
    if (listener != NULL) {
        worker_accept(worker, *listener);
        return;
    }
    if ((event->events & EPOLLOUT) != 0)
        conn_writable(conn);
    if ((event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        conn_readable(conn);
    /* Reset, or closed on both sides: nobody is there to be answered. It is
     * reported without being asked for, so waiting on would spin. */
    if ((event->events & (EPOLLHUP | EPOLLERR)) != 0)
        conn_doom(conn);
}

/** Stop accepting; end what is idle and the streams. */
static void
begin_drain(struct worker *worker)
{
    worker->is_draining = true;
    if (worker->is_accepting)
        CHECK(worker_watch_listeners(worker, false));
    for (struct conn *conn = worker->conns; conn != NULL; conn = conn->next) {
        if (conn->state == CONN_HANDSHAKE) {
            conn_doom(conn);
            continue;
        }
        exchange_end_streams(conn, "draining");
        conn_close_soon(conn);
    }
}

static bool
is_drained(const struct worker *worker)
{
    return worker->conns == NULL || worker->now >= worker->net->drain_until;
}

static void
turn(struct worker *worker)
{
    struct epoll_event events[EVENTS_MAX];
    int count =
        epoll_wait(worker->epoll, events, EVENTS_MAX, turn_timeout(worker));

    CHECK(count >= 0 || errno == EINTR);
    worker->now = monotonic_ms();
    if (worker->accept_pause_until != 0 &&
        worker->now >= worker->accept_pause_until && !worker->is_draining) {
        worker->accept_pause_until = 0;
        CHECK(worker_watch_listeners(worker, true));
    }
    for (int i = 0; i < count; i++)
        take_event(worker, &events[i]);
    worker_run_errands(worker);
    read_mail(worker);
    expire(worker);
    flush_dirty(worker);
    free_doomed(worker);
}

void *
worker_main(void *argument)
{
    struct worker *worker = argument;
    const struct net_handler *handler = &worker->net->config.handler;

    worker->context = handler->worker_begin(handler->context, worker);
    while (!worker->net->is_stopping)
        turn(worker);
    begin_drain(worker);
    do
        turn(worker);
    while (!is_drained(worker));
    for (struct conn *conn = worker->conns; conn != NULL; conn = conn->next)
        conn_doom(conn);
    flush_dirty(worker);
    free_doomed(worker);
    return NULL;
}

/* --------------------------------------------------------------- life cycle */

enum err
worker_init(struct worker *worker, struct net *net, unsigned number)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = worker};

    *worker = (struct worker){.net = net, .number = number};
    worker->mail_last = &worker->mail_first;
    worker->now = monotonic_ms();
    worker->limits = net->config.limits;
    worker->trust = trust_ref(net->config.trust);
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    CHECK(pthread_mutex_init(&worker->mail_lock, NULL) == 0);
    if (worker->epoll < 0 || worker->wake < 0 ||
        epoll_ctl(worker->epoll, EPOLL_CTL_ADD, worker->wake, &event) != 0 ||
        !worker_watch_listeners(worker, true))
        return err_set(ERR_SYSTEM, "cannot set up a worker: %s",
                       strerror(errno));
    return ERR_OK;
}

void
worker_release(struct worker *worker)
{
    const struct net_handler *handler = &worker->net->config.handler;

    CHECK(worker->conns == NULL);
    trust_unref(&worker->trust);
    read_mail(worker);
    if (handler->worker_end != NULL && worker->context != NULL)
        handler->worker_end(handler->context, worker->context);
    if (worker->epoll >= 0)
        close(worker->epoll);
    if (worker->wake >= 0)
        close(worker->wake);
    pthread_mutex_destroy(&worker->mail_lock);
}
