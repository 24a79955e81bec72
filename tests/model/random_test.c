/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine against the naive rules, in many random worlds.
 *
 * PROPERTY_COMMANDS sets how many commands (default: some ten seconds of
 * them), TEST_SEED where to begin; a failing world prints its own seed.
 */
#include "random.h"

#include "tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMANDS_DEFAULT = 20000 };

static struct random_world world;
static unsigned long long world_seed;

static uint64_t
commands_wanted(void)
{
    const char *given = getenv("PROPERTY_COMMANDS");

    return given == NULL || *given == '\0' ? COMMANDS_DEFAULT
                                           : strtoull(given, NULL, 10);
}

/* ------------------------------------------------------------- failures */

/** Do these steps in a new world; the first complaint, "" for none. */
static const char *
complaint_of(const struct twin_step *steps, size_t count)
{
    static struct twin twin;
    static char complaint[TWIN_COMPLAINT_BYTES];
    bool is_good = true;

    twin_begin(&twin);
    for (size_t i = 0; i < count && is_good; i++)
        is_good = twin_do(&twin, &steps[i]);
    if (is_good)
        twin_replay(&twin);
    memcpy(complaint, twin.complaint, sizeof(complaint));
    twin_end(&twin);
    return complaint;
}

/** Two complaints of one kind: the same words, whatever the numbers. */
static bool
is_same_kind(const char *x, const char *y)
{
    while (*x != '\0' && *x == *y && (*x < '0' || *x > '9'))
        x++, y++;
    return *x == *y || (*x >= '0' && *x <= '9' && *y >= '0' && *y <= '9');
}

/** Leave out whatever is not needed for a complaint of that kind. */
static void
shrink(struct random_world *w, const char *complaint)
{
    static struct twin_step fewer[RANDOM_STEPS_MAX];
    size_t chunk = w->step_count / 2;

    while (chunk >= 1) {
        for (size_t at = 0; at + chunk <= w->step_count;) {
            memcpy(fewer, w->steps, at * sizeof(fewer[0]));
            memcpy(fewer + at, w->steps + at + chunk,
                   (w->step_count - at - chunk) * sizeof(fewer[0]));
            if (!is_same_kind(complaint_of(fewer, w->step_count - chunk),
                              complaint)) {
                at += chunk;
                continue;
            }
            w->step_count -= chunk;
            memcpy(w->steps, fewer, w->step_count * sizeof(fewer[0]));
        }
        chunk /= 2;
    }
}

static void
report(struct random_world *w)
{
    printf("# world of TEST_SEED=%llu: %s\n", world_seed, w->twin.complaint);
    shrink(w, w->twin.complaint);
    printf("# shrunk to %zu steps: %s\n", w->step_count,
           complaint_of(w->steps, w->step_count));
    for (size_t i = 0; i < w->step_count; i++)
        random_print(&w->steps[i]);
    fflush(stdout);
}

/** A failed CHECK of the engine: say in which world. */
static void
aborted(int signal_number)
{
    (void)signal_number;
    printf("# ABORTED in the world of TEST_SEED=%llu; the last steps:\n",
           world_seed);
    for (size_t i = world.step_count < 8 ? 0 : world.step_count - 8;
         i < world.step_count; i++)
        random_print(&world.steps[i]);
    fflush(stdout);
}

/* ---------------------------------------------------------------- worlds */

/** A state to come back to: what was durable then, and what was so. */
struct stash {
    struct model_store *store;
    struct naive *naive;
    int64_t now;
};

static void
take_stash(struct random_world *w, struct stash *stash)
{
    stash->store = model_copy(w->twin.run.store);
    stash->naive = naive_copy(w->twin.naive);
    stash->now = naive_now(w->twin.naive);
}

/** The log ends at the stash: start there, and go on with a restart. */
static bool
go_back(struct random_world *w, struct stash *stash)
{
    struct twin_step crash = {.what = TWIN_CRASH, .at = stash->now};
    struct model_store *old = w->twin.run.store;

    naive_destroy(w->twin.naive);
    w->twin.naive = stash->naive;
    w->twin.run.store = stash->store;
    memset(w->twin.shown, 0, sizeof(w->twin.shown));
    bool is_good = twin_do(&w->twin, &crash);
    model_destroy(old);
    return is_good;
}

static bool
play_world(struct random_world *w, uint64_t *commands)
{
    struct stash stash = {0};
    size_t stash_at = random_below(w, RANDOM_STEPS_MAX);
    bool is_good = true;

    while (is_good && w->step_count < RANDOM_STEPS_MAX) {
        const struct twin_step *step = random_step(w);

        is_good = twin_do(&w->twin, step);
        *commands += step->what == TWIN_COMMAND;
        if (is_good && w->step_count == stash_at)
            take_stash(w, &stash);
    }
    is_good = is_good && twin_replay(&w->twin);
    if (stash.store != NULL && is_good)
        return go_back(w, &stash) && twin_replay(&w->twin);
    if (stash.store != NULL) {
        model_destroy(stash.store);
        naive_destroy(stash.naive);
    }
    return is_good;
}

static void
both_sides_agree_in_random_worlds(void)
{
    uint64_t commands = 0, wanted = commands_wanted(), worlds = 0;
    bool is_good = true;
    void (*before)(int) = signal(SIGABRT, aborted);

    while (is_good && commands < wanted) {
        memset(&world, 0, sizeof(world));
        world_seed = tap_seed() + worlds++;
        world.state = world_seed;
        world.clock = TWIN_START;
        twin_begin(&world.twin);
        is_good = play_world(&world, &commands);
        if (!is_good)
            report(&world);
        twin_end(&world.twin);
    }
    signal(SIGABRT, before);
    printf("# %llu commands in %llu worlds\n", (unsigned long long)commands,
           (unsigned long long)worlds);
    CU_ASSERT_TRUE(is_good);
}

SUITE("model, random", NULL, NULL, TEST(both_sides_agree_in_random_worlds))
