/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A binary heap of the auctions that have a timer, ordered by (due time,
 * auction id) as docs/rules.md says. Each auction knows its place, counted
 * from 1 so that 0 means "not in the heap", and can be moved in O(log n).
 * Firing one is a change like a command's, by the system.
 */
#include "engine/books.h"
#include "engine/settle.h"
#include "engine/world_internal.h"

static bool
is_earlier(const struct auction *a, const struct auction *b)
{
    if (a->due.ms != b->due.ms)
        return instant_before(a->due, b->due);
    return a->row.lot.id < b->row.lot.id;
}

static void
put(struct world *world, size_t at, struct auction *auction)
{
    world->timers.items[at - 1] = auction;
    auction->timer_at = at;
}

static struct auction *
get(const struct world *world, size_t at)
{
    return world->timers.items[at - 1];
}

static void
sift_up(struct world *world, struct auction *auction, size_t at)
{
    while (at > 1 && is_earlier(auction, get(world, at / 2))) {
        put(world, at, get(world, at / 2));
        at /= 2;
    }
    put(world, at, auction);
}

static void
sift_down(struct world *world, struct auction *auction, size_t at)
{
    size_t count = world->timers.count;

    while (2 * at <= count) {
        size_t child = 2 * at;
        if (child < count &&
            is_earlier(get(world, child + 1), get(world, child)))
            child++;
        if (!is_earlier(get(world, child), auction))
            break;
        put(world, at, get(world, child));
        at = child;
    }
    put(world, at, auction);
}

void
timers_remove(struct world *world, struct auction *auction)
{
    size_t at = auction->timer_at;
    struct auction *last;

    if (at == 0)
        return;
    CHECK(get(world, at) == auction);
    last = get(world, world->timers.count);
    world->timers.count--;
    auction->timer_at = 0;
    if (last == auction)
        return;
    sift_up(world, last, at);
    sift_down(world, last, last->timer_at);
}

enum err
timers_set(struct world *world, struct auction *auction)
{
    struct instant due;
    enum timer timer;
    enum err err;

    if (!lot_next_timer(&auction->row.lot, &due, &timer)) {
        timers_remove(world, auction);
        return ERR_OK;
    }
    auction->due = due;
    if (auction->timer_at == 0) {
        if ((err = list_push(&world->timers, auction)) != ERR_OK)
            return err;
        auction->timer_at = world->timers.count;
    }
    sift_up(world, auction, auction->timer_at);
    sift_down(world, auction, auction->timer_at);
    return ERR_OK;
}

struct auction *
timers_first(const struct world *world)
{
    return world->timers.count == 0 ? NULL : get(world, 1);
}

/* --------------------------------------------------------------- firing */

bool
world_next_due(const struct world *world, struct instant *due_out)
{
    const struct auction *first = timers_first(world);

    if (first == NULL)
        return false;
    *due_out = first->due;
    return true;
}

static struct lot_room
room_for_timer(const struct auction *auction)
{
    static const struct book empty;

    return lot_room_for_timer(&auction->row.lot,
                              auction->book == NULL ? &empty : auction->book);
}

enum err
world_fire(struct world *world)
{
    struct auction *auction = timers_first(world);
    struct lot before;
    struct instant due;
    enum timer timer;
    enum err err;

    CHECK(auction != NULL);
    if ((err = world_touch_auction(world, auction)) != ERR_OK ||
        (err = books_begin(auction, room_for_timer(auction))) != ERR_OK)
        return err;
    before = auction->row.lot;
    CHECK(lot_next_timer(&auction->row.lot, &due, &timer));
    CHECK(due.ms == auction->due.ms);
    lot_fire(&auction->row.lot, auction->book, timer, due);
    if (timer == TIMER_INVOICE &&
        (err = settle_step(world, auction, &due, &actor_system)) != ERR_OK)
        return err;
    return effect_follow(world, auction, &before, &due, "", &actor_system);
}

enum err
world_outage(struct world *world, struct instant last_alive,
             struct instant restart, size_t count_max, bool *more_out)
{
    size_t count = 0;

    *more_out = false;
    for (size_t i = 0; i < world->auctions.count; i++) {
        struct auction *auction = world->auctions.items[i];
        struct lot before = auction->row.lot;
        struct lot after = before;
        enum err err = ERR_OK;

        if (!lot_outage(&after, last_alive, restart))
            continue;
        if (count++ == count_max) {
            *more_out = true;
            return ERR_OK;
        }
        if ((err = world_touch_auction(world, auction)) != ERR_OK ||
            (err = books_begin(auction, (struct lot_room){0, 0})) != ERR_OK)
            return err;
        auction->row.lot = after;
        err = effect_follow(world, auction, &before, NULL, "outage",
                            &actor_system);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}
