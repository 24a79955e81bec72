/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each write, sync and truncate of a scripted life is made to fail in turn.
 * Afterwards everything that was acknowledged is there, and after the fault
 * nothing was acknowledged any more.
 */
#include "store/hooks.h"

#include "fixture.h"
#include "store/internal.h"
#include "tap.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCHES = 5, AFTER_FAULT = 5 };

struct fault {
    enum hook_kind kind;
    long nth; /* 0 for none */
    int error;
    bool while_opening; /* count from the start, not from the open store */
    unsigned batches;
};

/** Calls since `from`; a child inherits the counts of the test's process. */
static void
keep_calls(_Atomic long *out, const long *from)
{
    for (int kind = 0; kind < HOOK_COUNT; kind++)
        out[kind] = hooks_calls((enum hook_kind)kind) - from[kind];
}

static bool
has_second_log(const struct fixture *f)
{
    return access(fixture_path(f, "env/log.0000000002"), F_OK) == 0;
}

/** Commit batches until one fails; its error. */
static enum err
commit_until_fault(struct fixture *f, struct store *store, unsigned batches,
                   uint64_t *size, long syncs_before)
{
    enum err err = ERR_OK;

    for (unsigned i = 0; err == ERR_OK && i < batches; i++) {
        bool had_second = has_second_log(f);
        long syncs = hooks_calls(HOOK_SYNC) - syncs_before;
        f->report->tried = *size + f->batch_records;
        err = fixture_commit(f, store, *size, f->batch_records);
        if (err != ERR_OK)
            return err;
        *size += f->batch_records;
        f->report->acknowledged = *size;
        if (!had_second && has_second_log(f)) {
            f->report->rotated_from = syncs;
            f->report->rotated_to = hooks_calls(HOOK_SYNC) - syncs_before;
        }
    }
    return err;
}

static int
run_life(struct fixture *f, void *context)
{
    const struct fault *fault = context;
    long from[HOOK_COUNT];
    struct store *store;
    uint64_t size = 0;
    enum err err;

    for (int kind = 0; kind < HOOK_COUNT; kind++)
        from[kind] = hooks_calls((enum hook_kind)kind);
    if (fault->while_opening)
        hooks_fail_nth(fault->kind, fault->nth, fault->error);
    if ((err = fixture_open(f, &store)) != ERR_OK)
        return fixture_report(f, err, 2);
    keep_calls(f->report->calls_opened, from);
    if (!fault->while_opening)
        hooks_fail_nth(fault->kind, fault->nth, fault->error);
    err = commit_until_fault(f, store, fault->batches, &size, from[HOOK_SYNC]);
    if (err == ERR_OK)
        err = store_checkpoint(store);
    f->report->later = ERR_STORE_LATCHED;
    for (int i = 0; err != ERR_OK && i < AFTER_FAULT; i++)
        if (fixture_commit(f, store, size, f->batch_records) == ERR_OK)
            f->report->later = ERR_OK;
    fixture_report(f, err, 0);
    if (err != ERR_OK && !store_is_latched(store))
        return 3;
    store_close(&store);
    keep_calls(f->report->calls, from);
    return err == ERR_OK ? 0 : 1;
}

/** A start without faults; 0 when all that was acknowledged is there. */
static int
run_check(struct fixture *f, void *context)
{
    struct store *store;
    enum err err = fixture_open(f, &store);

    (void)context;
    if (err != ERR_OK)
        return fixture_report(f, err, 1);
    if (!fixture_is_whole(f, store, f->report->acknowledged, f->report->tried))
        return 2;
    store_close(&store);
    return 0;
}

/** A page that was written in half is refused by its checksum, by name. */
static bool
is_torn_page(const struct fixture *f, const struct fault *fault)
{
    return fault->error == HOOK_SHORT && f->report->err == ERR_DAMAGED &&
           strstr(f->report->detail, "checksum") != NULL &&
           strstr(f->report->detail, ".db") != NULL;
}

/** One life with one fault, then a start without: nothing may be lost. */
static void
check_fault(struct fixture *f, struct fault *fault)
{
    int status, again;
    bool is_good;

    fixture_reset(f);
    status = fixture_child(f, run_life, fault);
    is_good =
        status <= 2 && (status != 1 || f->report->later == ERR_STORE_LATCHED);
    again = fixture_child(f, run_check, NULL);
    is_good = is_good && (again == 0 || (again == 1 && is_torn_page(f, fault)));
    if (!is_good)
        printf("# kind %d call %ld: ended with %d, started with %d: %s\n",
               fault->kind, fault->nth, status, again, f->report->detail);
    CU_ASSERT(is_good);
}

static void
sweep(enum hook_kind kind, int error, bool while_opening)
{
    struct fault fault = {
        .kind = kind, .while_opening = while_opening, .batches = BATCHES};
    struct fixture f;
    long last;

    fixture_init(&f, 700, 16);
    CU_ASSERT_EQUAL_FATAL(fixture_child(&f, run_life, &fault), 0);
    last = while_opening ? f.report->calls_opened[kind]
                         : f.report->calls[kind] - f.report->calls_opened[kind];
    fault.error = error;
    for (fault.nth = 1; fault.nth <= last; fault.nth++)
        check_fault(&f, &fault);
    printf("# %ld points\n", last);
    fixture_release(&f);
}

static void
no_failed_sync_loses_what_was_acknowledged(void)
{
    sweep(HOOK_SYNC, EIO, false);
}

static void
no_failed_write_loses_what_was_acknowledged(void)
{
    sweep(HOOK_WRITE, EIO, false);
}

static void
no_short_write_loses_what_was_acknowledged(void)
{
    sweep(HOOK_WRITE, HOOK_SHORT, false);
}

static void
a_failed_write_while_the_store_is_made_leaves_no_trap(void)
{
    sweep(HOOK_WRITE, ENOSPC, true);
}

static void
a_failed_sync_while_the_store_is_made_leaves_no_trap(void)
{
    sweep(HOOK_SYNC, EIO, true);
}

static void
a_failed_sync_at_a_new_log_file_is_not_swallowed(void)
{
    /* 4 MiB a batch: the log file of 32 MiB is full after some eight. */
    struct fault fault = {.kind = HOOK_SYNC, .error = EIO, .batches = 10};
    struct fixture f;
    long from, to, opened;

    fixture_init(&f, 16 << 10, 256);
    CU_ASSERT_EQUAL_FATAL(fixture_child(&f, run_life, &fault), 0);
    from = f.report->rotated_from;
    to = f.report->rotated_to;
    opened = f.report->calls_opened[HOOK_SYNC];
    CU_ASSERT_FATAL(to > from && from > opened);
    for (long call = from + 1; call <= to; call++) {
        fault.nth = call - opened;
        check_fault(&f, &fault);
        /* The batch whose sync failed, whatever the library said. */
        CU_ASSERT(f.report->acknowledged < f.report->tried);
    }
    fixture_release(&f);
}

/* -------------------------------------------------------------------- kill */

static void
kill_at_random(struct fixture *f, unsigned long long *random)
{
    uint64_t batches = UINT64_MAX, before = f->report->acknowledged;
    uint64_t target = before + (1 + tap_random(random) % 20) * f->batch_records;
    unsigned long long spins = tap_random(random) % 20000;
    pid_t child = fixture_start(f, fixture_run_batches, &batches);
    struct store *store;
    int status;

    while (f->report->acknowledged < target &&
           waitpid(child, &status, WNOHANG) == 0)
        sched_yield();
    for (volatile unsigned long long i = 0; i < spins; i++)
        continue;
    CU_ASSERT_EQUAL(kill(child, SIGKILL), 0);
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT(WIFSIGNALED(status));
    CU_ASSERT_EQUAL_FATAL(fixture_open(f, &store), ERR_OK);
    CU_ASSERT(
        fixture_is_whole(f, store, f->report->acknowledged, f->report->tried));
    store_close(&store);
}

static void
a_kill_at_any_moment_keeps_what_was_acknowledged(void)
{
    unsigned long long random = tap_seed();
    struct fixture f;

    fixture_init(&f, 700, 8);
    for (int i = 0; i < 20; i++)
        kill_at_random(&f, &random);
    fixture_release(&f);
}

/* ------------------------------------------------------------------- panic */

static int
run_panic(struct fixture *f, void *context)
{
    struct store *store;
    struct buf bytes;
    enum err err = fixture_open(f, &store);

    (void)context;
    if (err != ERR_OK || fixture_commit(f, store, 0, 1) != ERR_OK)
        return fixture_report(f, err, 2);
    /* From now on the library answers DB_RUNRECOVERY to every call. */
    store->env->set_flags(store->env, DB_PANIC_ENVIRONMENT, 1);
    err = fixture_commit(f, store, 1, 1);
    if (err != ERR_STORE_LATCHED || !store_is_latched(store))
        return fixture_report(f, err, 3);
    buf_init(&bytes, 1000);
    if (store_read_record(store, 0, &bytes) != ERR_STORE_LATCHED ||
        store_checkpoint(store) != ERR_STORE_LATCHED)
        return 4;
    store_close(&store);
    return 0;
}

static void
a_library_that_asks_for_recovery_is_called_no_more(void)
{
    struct fixture f;
    struct store *store;

    fixture_init(&f, 300, 1);
    CU_ASSERT_EQUAL(fixture_child(&f, run_panic, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    CU_ASSERT(fixture_is_whole(&f, store, 1, 1));
    store_close(&store);
    fixture_release(&f);
}

SUITE("fault", NULL, NULL, TEST(no_failed_sync_loses_what_was_acknowledged),
      TEST(no_failed_write_loses_what_was_acknowledged),

      TEST(no_short_write_loses_what_was_acknowledged),
      TEST(a_failed_write_while_the_store_is_made_leaves_no_trap),
      TEST(a_failed_sync_while_the_store_is_made_leaves_no_trap),
      TEST(a_failed_sync_at_a_new_log_file_is_not_swallowed),
      TEST(a_kill_at_any_moment_keeps_what_was_acknowledged),
      TEST(a_library_that_asks_for_recovery_is_called_no_more))
