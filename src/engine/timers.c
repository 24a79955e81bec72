/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A binary heap of the auctions that have a timer, ordered by (due time,
 * auction id) as docs/rules.md says. Each auction knows its place, counted
 * from 1 so that 0 means "not in the heap", and can be moved in O(log n).
 */
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
