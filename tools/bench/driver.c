/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread of connections. In a closed loop each connection sends its next
 * request when one is answered. At a fixed rate requests fall due on a
 * schedule that nothing delays, and latency counts from the moment one was
 * due: a server that stands still is charged for all who wait meanwhile.
 */
#include "load.h"

#include "base/check.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 256, DEPTH_MAX = 64, OPENING_MAX = 32 };

struct seat {
    struct wire wire;
    int client;
    uint32_t events;
    int greetings_left;
    bool is_counted;         /* in `opened` */
    bool is_idle;            /* in the list of those that could send */
    struct seat *next_idle;  /* also of those that come again */
    int64_t began;           /* of the connection */
    int64_t sent[DEPTH_MAX]; /* ring, by number */
    unsigned first, last;
};

struct run {
    struct driver *driver;
    struct loading *all;
    const struct bench_options *options;
    struct seat *seats;
    int epoll;
    int next_seat; /* not yet connected */
    int opening;
    uint64_t random;
    struct seat *idle_first, **idle_last;
    struct seat *returning; /* handshakes: hung up, to come again */
    int64_t next_due, gap;  /* fixed rate */
    bool is_paced;
};

/* ------------------------------------------------------------------ asking */

static void
write_request(struct run *r, struct seat *seat)
{
    const struct bench_options *o = r->options;
    struct asking asking = {
        .options = o,
        .signer = r->all->signers[seat->client],
        .client = seat->client,
        .auction = (uint64_t)o->first +
                   bench_random(&r->random) % (uint64_t)o->auctions,
        .amount = 0,
        .random = &r->random,
    };

    if (o->work == WORK_FIXED) {
        protocol_fixed(&seat->wire.out);
    } else if (o->work == WORK_BID) {
        asking.amount = r->all->amount++;
        if (asking.signer != NULL)
            asking.terms = &r->all->terms[asking.auction - (uint64_t)o->first];
        r->all->protocol->bid(&asking, &seat->wire.out);
    } else if (strcmp(o->protocol, "fixed") == 0) {
        protocol_fixed(&seat->wire.out);
    } else {
        r->all->protocol->read(&asking, &seat->wire.out);
    }
}

static void
ask(struct run *r, struct seat *seat, int64_t due)
{
    write_request(r, seat);
    seat->sent[seat->last++ % DEPTH_MAX] = due;
}

static bool
has_room(const struct run *r, const struct seat *seat)
{
    return seat->last - seat->first < (unsigned)r->options->depth;
}

static void
push_idle(struct run *r, struct seat *seat)
{
    if (seat->is_idle || !r->is_paced)
        return;
    seat->is_idle = true;
    seat->next_idle = NULL;
    *r->idle_last = seat;
    r->idle_last = &seat->next_idle;
}

static struct seat *
pop_idle(struct run *r)
{
    struct seat *seat = r->idle_first;

    if (seat == NULL)
        return NULL;
    r->idle_first = seat->next_idle;
    if (r->idle_first == NULL)
        r->idle_last = &r->idle_first;
    seat->is_idle = false;
    return seat;
}

/* ------------------------------------------------------------- connections */

static void
set_watch(struct run *r, struct seat *seat)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = seat};

    if (seat->wire.wants_write)
        event.events |= EPOLLOUT;
    if (event.events == seat->events)
        return;
    CHECK(epoll_ctl(r->epoll, seat->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
                    seat->wire.fd, &event) == 0);
    seat->events = event.events;
}

static void
seat_failed(struct run *r, struct seat *seat)
{
    if (r->driver->counts.failed++ == 0)
        fprintf(stderr, "auction-bench: a connection broke: %s\n",
                ERR_peek_last_error() == 0
                    ? "closed"
                    : ERR_reason_error_string(ERR_peek_last_error()));
    if (!seat->is_counted)
        r->opening--;
    wire_close(&seat->wire);
    seat->events = 0;
    seat->first = seat->last;
}

static void settle(struct run *r, struct seat *seat);

static void
seat_open(struct run *r, struct seat *seat)
{
    const struct protocol *p = r->all->protocol;
    struct asking asking = {.options = r->options, .client = seat->client};

    seat->began = bench_ns();
    seat->events = 0;
    if (!wire_open(&seat->wire, r->all->contexts[seat->client],
                   r->options->port, p->preamble, p->preamble_size)) {
        seat_failed(r, seat);
        return;
    }
    seat->greetings_left = p->greetings;
    if (p->greet != NULL)
        p->greet(&asking, &seat->wire.out);
    /* Every connection is used once before it counts as open. */
    if (r->options->work == WORK_HANDSHAKE || r->options->work == WORK_IDLE)
        ask(r, seat, seat->began);
    if (wire_advance(&seat->wire))
        settle(r, seat); /* a quick server may have answered already */
    else
        seat_failed(r, seat);
}

/** Connect the next ones; not all at once. */
static void
open_some(struct run *r)
{
    while (r->next_seat < r->driver->connections && r->opening < OPENING_MAX) {
        struct seat *seat = &r->seats[r->next_seat];
        seat->client =
            (r->next_seat * r->options->threads + r->driver->number) % CLIENTS;
        r->next_seat++;
        r->opening++;
        seat_open(r, seat);
    }
}

static void
seat_is_open(struct run *r, struct seat *seat)
{
    if (seat->is_counted)
        return;
    seat->is_counted = true;
    r->opening--;
    r->all->opened++;
    push_idle(r, seat);
}

/* ----------------------------------------------------------------- answers */

static void
count(struct run *r, enum reply reply, int64_t since)
{
    struct counts *c = &r->driver->counts;
    int64_t now = bench_ns();

    c->accepted_always += reply == REPLY_ACCEPTED;
    if (!r->all->is_running || now < r->all->measure_from ||
        now > r->all->measure_until)
        return;
    c->accepted += reply == REPLY_ACCEPTED;
    c->refused += reply == REPLY_REFUSED;
    c->failed += reply == REPLY_FAILED;
    latency_add(&c->latency, now - since);
}

/** Hang up, and come again until it is over. */
static void
shake_again(struct run *r, struct seat *seat)
{
    wire_close(&seat->wire);
    seat->first = seat->last;
    seat->next_idle = r->returning;
    r->returning = seat;
}

static void
open_returning(struct run *r)
{
    struct seat *seat = r->returning, *next;

    r->returning = NULL;
    for (; seat != NULL && !r->all->is_over; seat = next) {
        next = seat->next_idle;
        seat_open(r, seat);
    }
}

/** What follows an answer; false when the connection has been replaced. */
static bool
after_reply(struct run *r, struct seat *seat)
{
    if (r->options->work == WORK_HANDSHAKE) {
        seat_is_open(r, seat);
        shake_again(r, seat);
        return false;
    }
    if (r->options->work == WORK_IDLE)
        seat_is_open(r, seat);
    else if (r->is_paced)
        push_idle(r, seat);
    else if (!r->all->is_over)
        ask(r, seat, bench_ns());
    return true;
}

/** Take complete answers off the input; false: the connection is gone. */
static bool
take_replies(struct run *r, struct seat *seat)
{
    struct buf *in = &seat->wire.in;
    size_t used = 0, size;
    enum reply reply;

    while (used < in->size &&
           (size = r->all->protocol->reply(in->bytes + used, in->size - used,
                                           &reply)) > 0) {
        used += size;
        if (seat->greetings_left > 0) {
            seat->greetings_left--;
            continue;
        }
        CHECK(seat->first != seat->last);
        count(r, reply, seat->sent[seat->first++ % DEPTH_MAX]);
        if (!after_reply(r, seat))
            return false;
    }
    buf_drop(in, used);
    if (in->size == 0 && r->options->work == WORK_IDLE)
        buf_release(in);
    return true;
}

/** After reading: take what came, ask on, write. */
static void
settle(struct run *r, struct seat *seat)
{
    bool is_closed_loop = r->options->work == WORK_BID ||
                          r->options->work == WORK_READ ||
                          r->options->work == WORK_FIXED;

    if (!take_replies(r, seat))
        return;
    if (seat->wire.is_open && seat->greetings_left == 0 && is_closed_loop) {
        seat_is_open(r, seat);
        while (!r->is_paced && r->all->is_running && !r->all->is_over &&
               has_room(r, seat))
            ask(r, seat, bench_ns());
    }
    if (wire_flush(&seat->wire))
        set_watch(r, seat);
    else
        seat_failed(r, seat);
}

static void
serve(struct run *r, struct seat *seat)
{
    if (seat->wire.fd < 0)
        return;
    if (wire_advance(&seat->wire))
        settle(r, seat);
    else
        seat_failed(r, seat);
}

/* -------------------------------------------------------------- fixed rate */

/** Send what is due, as far as connections are free. */
static void
send_due(struct run *r)
{
    int64_t now = bench_ns();

    while (r->next_due <= now && !r->all->is_over) {
        struct seat *seat = pop_idle(r);
        if (seat == NULL)
            return;
        if (seat->wire.fd < 0)
            continue;
        ask(r, seat, r->next_due);
        r->next_due += r->gap;
        if (has_room(r, seat))
            push_idle(r, seat);
        if (wire_flush(&seat->wire))
            set_watch(r, seat);
        else
            seat_failed(r, seat);
    }
}

/** What was due and is not answered counts with the wait it had. */
static void
count_unanswered(struct run *r)
{
    int64_t until = r->all->measure_until;
    struct latency *latency = &r->driver->counts.latency;

    for (int i = 0; i < r->driver->connections; i++)
        for (struct seat *s = &r->seats[i]; s->first != s->last; s->first++)
            latency_add(latency, until - s->sent[s->first % DEPTH_MAX]);
    for (; r->is_paced && r->next_due < until; r->next_due += r->gap)
        latency_add(latency, until - r->next_due);
}

/* --------------------------------------------------------------------- run */

static void
turn(struct run *r)
{
    struct epoll_event events[EVENTS];
    struct timespec wait = {0, 20000000L};
    int64_t left = r->next_due - bench_ns();
    int ready;

    if (r->is_paced && r->all->is_running && r->idle_first != NULL &&
        left < wait.tv_nsec)
        wait.tv_nsec = left < 0 ? 0 : left;
    ready = epoll_pwait2(r->epoll, events, EVENTS, &wait, NULL);
    for (int i = 0; i < ready; i++)
        serve(r, events[i].data.ptr);
    open_returning(r);
    open_some(r);
    if (r->is_paced && r->all->is_running)
        send_due(r);
}

static void
start_load(struct run *r)
{
    r->next_due = bench_ns();
    if (r->is_paced)
        return;
    for (int i = 0; i < r->driver->connections; i++)
        serve(r, &r->seats[i]);
}

void *
driver_main(void *argument)
{
    struct driver *driver = argument;
    struct loading *all = driver->all;
    struct run r = {
        .driver = driver,
        .all = all,
        .options = all->options,
        .seats = calloc((size_t)driver->connections, sizeof(struct seat)),
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .random = (uint64_t)bench_ns() + (uint64_t)driver->number,
        .is_paced = all->options->rate > 0,
    };

    CHECK(r.seats != NULL && r.epoll >= 0);
    for (int i = 0; i < driver->connections; i++)
        r.seats[i].wire.fd = -1;
    r.idle_last = &r.idle_first;
    if (r.is_paced)
        r.gap = (int64_t)(1e9 * all->options->threads / all->options->rate);
    all->waiting++;
    while (!all->is_running && !all->is_over)
        turn(&r);
    start_load(&r);
    while (!all->is_over)
        turn(&r);
    if (r.is_paced)
        count_unanswered(&r);
    for (int i = 0; i < driver->connections; i++)
        if (r.seats[i].wire.fd >= 0)
            wire_close(&r.seats[i].wire);
    close(r.epoll);
    free(r.seats);
    return NULL;
}
