/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store on a real file system. What fails runs in a forked child: the
 * file hooks and their latch are of the whole process.
 */
#include "tap.h"

#include "store/codec.h"
#include "store/hooks.h"
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CACHE_BYTES = 8 << 20, RECORD_BYTES = 700 };

static char directory[64];

static int
setup(void)
{
    snprintf(directory, sizeof(directory), "/tmp/store-test.XXXXXX");
    return mkdtemp(directory) == NULL;
}

static int
remove_directory(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    return system(command);
}

static int
teardown(void)
{
    return remove_directory();
}

static void
fresh_directory(void)
{
    CU_ASSERT_EQUAL(remove_directory(), 0);
    CU_ASSERT_EQUAL(mkdir(directory, 0700), 0);
}

/** Run `body` in a child; its exit status, or 100 + a signal. */
static int
in_child(int (*body)(void *), void *argument)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(99);
        _exit(body(argument));
    }
    if (waitpid(pid, &status, 0) != pid)
        return 98;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

/** A batch of `count` records from number `size` on. */
static enum err
commit(struct store *store, uint64_t size, size_t count)
{
    static char bytes[RECORD_BYTES];
    struct store_bytes records[256];
    struct store_head head = {.size = size + count, .checkpoint = "head"};
    struct store_batch batch = {
        .head = &head, .records = records, .record_count = count};

    memset(bytes, 'x', sizeof(bytes));
    for (size_t i = 0; i < count; i++)
        records[i] = (struct store_bytes){size + i, bytes, sizeof(bytes)};
    return store_commit(store, &batch);
}

static uint64_t
size_of(struct store *store)
{
    struct store_head head;

    return store_read_head(store, &head) == ERR_OK ? head.size : 0;
}

static bool
count_record(void *context, uint64_t seq, const void *bytes, size_t size)
{
    uint64_t *next = context;

    (void)bytes;
    return seq == (*next)++ && size == RECORD_BYTES;
}

/** Every record below the head is there. */
static bool
is_whole(struct store *store)
{
    uint64_t next = 0, size = size_of(store);

    return store_each_record(store, 0, size, count_record, &next) == ERR_OK &&
           next == size;
}

/* ------------------------------------------------------------------- codecs */

static void
a_lot_reads_back_and_no_cut_of_it_does(void)
{
    struct store_lot lot = {.aseq = 7, .seq = 8}, back;
    uint8_t bytes[CODEC_LOT_BYTES_MAX];
    size_t size;

    lot.lot.id = UINT64_MAX;
    lot.lot.rules = rules_default();
    memcpy(lot.lot.rules.currency, "EUR", 4);
    lot.lot.rules.increment_count = RULES_INCREMENTS_MAX;
    lot.lot.state = LOT_CANCELLED;
    lot.lot.outcome = OUTCOME_UNSOLD_RESERVE_NOT_MET;
    lot.lot.maximum = money_of(MONEY_MAX);
    size = codec_lot(bytes, &lot);
    CU_ASSERT(codec_read_lot(&back, bytes, size));
    CU_ASSERT_EQUAL(back.lot.maximum.minor, MONEY_MAX);
    CU_ASSERT_EQUAL(back.lot.id, UINT64_MAX);
    for (size_t cut = 0; cut < size; cut++)
        CU_ASSERT_FALSE(codec_read_lot(&back, bytes, cut));
    CU_ASSERT_FALSE(codec_read_lot(&back, bytes, size + 1));
    bytes[0]++;
    CU_ASSERT_FALSE(codec_read_lot(&back, bytes, size));
}

static void
accounts_and_heads_read_back(void)
{
    struct store_account account = {.uid = 3,
                                    .limit = {INT64_MAX},
                                    .blocked = true,
                                    .useq = 4},
                         account_back;
    struct store_head head = {.size = 5, .checkpoint = "note\n"}, head_back;
    uint8_t bytes[CODEC_HEAD_BYTES_MAX];
    size_t size;

    memset(account.name, 'a', STORE_NAME_BYTES - 1);
    size = codec_account(bytes, &account);
    CU_ASSERT(codec_read_account(&account_back, bytes, size));
    CU_ASSERT_STRING_EQUAL(account_back.name, account.name);
    CU_ASSERT(account_back.blocked);
    CU_ASSERT_FALSE(codec_read_account(&account_back, bytes, size - 1));
    size = codec_head(bytes, &head);
    CU_ASSERT(codec_read_head(&head_back, bytes, size));
    CU_ASSERT_STRING_EQUAL(head_back.checkpoint, "note\n");
}

/* --------------------------------------------------------------- durability */

static int
commit_and_vanish(void *argument)
{
    struct store *store;

    (void)argument;
    if (store_open(&store, directory, CACHE_BYTES) != ERR_OK)
        return 1;
    for (uint64_t i = 0; i < 100; i++)
        if (commit(store, i * 3, 3) != ERR_OK)
            return 2;
    _exit(0); /* without closing */
}

static int
reopen_has(void *argument)
{
    uint64_t wanted = *(uint64_t *)argument;
    struct store *store;

    if (store_open(&store, directory, CACHE_BYTES) != ERR_OK)
        return 1;
    if (size_of(store) < wanted || !is_whole(store))
        return 2;
    store_close(&store);
    return 0;
}

static void
what_was_committed_survives_an_abrupt_end(void)
{
    uint64_t wanted = 300;

    fresh_directory();
    CU_ASSERT_EQUAL(in_child(commit_and_vanish, NULL), 0);
    CU_ASSERT_EQUAL(in_child(reopen_has, &wanted), 0);
    CU_ASSERT_EQUAL(in_child(reopen_has, &wanted), 0); /* after a clean end */
}

/** Where the acknowledged size is written, and how to fail. */
struct failing {
    enum hook_kind kind;
    long nth;
    int error;
    int pipe;
};

static int
commit_until_it_fails(void *argument)
{
    struct failing *f = argument;
    struct store *store;
    bool has_failed = false;

    if (store_open(&store, directory, CACHE_BYTES) != ERR_OK)
        return 1;
    uint64_t size = size_of(store);
    hooks_fail_nth(f->kind, f->nth, f->error);
    for (int i = 0; i < 40; i++) {
        enum err err = commit(store, size, 200);
        if (err == ERR_OK && (has_failed || hooks_are_latched()))
            return 3; /* acknowledged after a failure */
        has_failed = has_failed || err != ERR_OK;
        if (err == ERR_OK) {
            size += 200;
            if (write(f->pipe, &size, sizeof(size)) != sizeof(size))
                return 4;
        }
        if (i == 20 && store_checkpoint(store) != ERR_OK)
            has_failed = true;
    }
    return 0;
}

static int
recover(void *argument)
{
    (void)argument;
    return store_recover(directory, CACHE_BYTES) == ERR_OK ? 0 : 1;
}

/** A page that was torn is found, and the log brings everything back. */
static int
reopen_or_recover(uint64_t *acknowledged)
{
    char command[128];
    int status = in_child(reopen_has, acknowledged);

    if (status != 1)
        return status;
    printf("# a torn page: recovering from the log\n");
    snprintf(command, sizeof(command), "rm -rf '%s/damaged'", directory);
    if (system(command) != 0 || in_child(recover, NULL) != 0)
        return 50;
    return in_child(reopen_has, acknowledged);
}

/** A child that fails at the n-th call; what it acknowledged must be there. */
static bool
fails_honestly(enum hook_kind kind, long nth, int error)
{
    int pipes[2];
    uint64_t acknowledged = 0, value;
    struct failing f = {kind, nth, error, 0};
    int status;

    if (pipe(pipes) != 0)
        return false;
    f.pipe = pipes[1];
    fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    status = in_child(commit_until_it_fails, &f);
    while (read(pipes[0], &value, sizeof(value)) == sizeof(value))
        acknowledged = value;
    close(pipes[0]);
    close(pipes[1]);
    if (status != 0) {
        printf("# kind %d, call %ld: the child ends with %d\n", kind, nth,
               status);
        return false;
    }
    status = reopen_or_recover(&acknowledged);
    if (status != 0)
        printf("# kind %d, call %ld: %llu acknowledged, reopening gives %d\n",
               kind, nth, (unsigned long long)acknowledged, status);
    return status == 0;
}

static void
after_a_failed_sync_nothing_is_acknowledged(void)
{
    fresh_directory();
    for (long nth = 1; nth <= 45; nth += 4)
        CU_ASSERT(fails_honestly(HOOK_SYNC, nth, EIO));
}

static void
after_a_failed_write_nothing_is_acknowledged(void)
{
    fresh_directory();
    for (long nth = 1; nth <= 60; nth += 6)
        CU_ASSERT(fails_honestly(HOOK_WRITE, nth, EIO));
}

static void
after_a_short_write_nothing_is_lost_either(void)
{
    fresh_directory();
    for (long nth = 1; nth <= 60; nth += 6)
        CU_ASSERT(fails_honestly(HOOK_WRITE, nth, HOOK_SHORT));
}

/** Endless commits, each told when it is acknowledged. */
static int
commit_for_ever(void *argument)
{
    int fd = *(int *)argument;
    struct store *store;
    uint64_t size;

    if (store_open(&store, directory, CACHE_BYTES) != ERR_OK)
        return 1;
    for (size = size_of(store);; size += 5) {
        uint64_t told = size + 5;
        if (commit(store, size, 5) != ERR_OK ||
            write(fd, &told, sizeof(told)) != sizeof(told))
            return 2;
    }
}

/** Kill a committing child after `wanted` acknowledged batches. */
static uint64_t
kill_after(unsigned wanted)
{
    int pipes[2], status;
    uint64_t last = 0, value;
    pid_t pid;

    if (pipe(pipes) != 0)
        return 0;
    pid = fork();
    if (pid == 0) {
        close(pipes[0]);
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(99);
        _exit(commit_for_ever(&pipes[1]));
    }
    close(pipes[1]);
    for (unsigned i = 0; i < wanted; i++)
        if (read(pipes[0], &value, sizeof(value)) == sizeof(value))
            last = value;
    kill(pid, SIGKILL);
    while (read(pipes[0], &value, sizeof(value)) == sizeof(value))
        last = value;
    close(pipes[0]);
    waitpid(pid, &status, 0);
    return last;
}

static void
twenty_kills_lose_nothing_that_was_acknowledged(void)
{
    unsigned long long seed = tap_seed();

    fresh_directory();
    for (int i = 0; i < 20; i++) {
        uint64_t last = kill_after(1 + (unsigned)(tap_random(&seed) % 30));
        CU_ASSERT(last > 0);
        CU_ASSERT_EQUAL(in_child(reopen_has, &last), 0);
    }
}

/* --------------------------------------------------------------- what is not
 * ours */

static enum err open_error;

static int
open_gives(void *argument)
{
    struct store *store;

    return store_open(&store, directory, CACHE_BYTES) == *(enum err *)argument
               ? 0
               : 1;
}

static bool
opening_gives(enum err err)
{
    open_error = err;
    return in_child(open_gives, &open_error) == 0;
}

static void
put_file(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "w");
    CU_ASSERT_FATAL(file != NULL);
    fputs(text, file);
    fclose(file);
}

static void
change_byte(const char *name, long at)
{
    char path[256];
    FILE *file;
    int byte;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "r+");
    CU_ASSERT_FATAL(file != NULL);
    fseek(file, at, SEEK_SET);
    byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ 1, file);
    fclose(file);
}

static void
a_directory_that_is_not_ours_is_refused(void)
{
    fresh_directory();
    put_file("letter", "x");
    CU_ASSERT(opening_gives(ERR_FOREIGN));
    fresh_directory();
    put_file("format", "auctiond-store 3\n");
    CU_ASSERT(opening_gives(ERR_FOREIGN));
    fresh_directory();
    put_file("format", "auctiond-store 1\n");
    CU_ASSERT(opening_gives(ERR_FOREIGN));
    fresh_directory();
    CU_ASSERT_EQUAL(chmod(directory, 0755), 0);
    CU_ASSERT(opening_gives(ERR_UNTRUSTED));
}

static void
a_missing_cut_or_strange_file_is_refused(void)
{
    char path[256];
    uint64_t none = 0;

    fresh_directory();
    CU_ASSERT_EQUAL(in_child(commit_and_vanish, NULL), 0);
    CU_ASSERT_EQUAL(in_child(reopen_has, &none), 0);
    put_file("env/stranger", "x");
    CU_ASSERT(opening_gives(ERR_FOREIGN));
    snprintf(path, sizeof(path), "%s/env/stranger", directory);
    unlink(path);
    snprintf(path, sizeof(path), "%s/env/tile.db", directory);
    CU_ASSERT_EQUAL(truncate(path, 100), 0);
    CU_ASSERT(opening_gives(ERR_DAMAGED));
    unlink(path);
    CU_ASSERT(opening_gives(ERR_DAMAGED));
}

static int
read_fails(void *argument)
{
    struct store *store;

    (void)argument;
    if (store_open(&store, directory, CACHE_BYTES) != ERR_OK)
        return 0; /* found at once */
    return is_whole(store) ? 1 : 0;
}

static void
a_flipped_bit_in_a_page_is_found(void)
{
    uint64_t none = 0;

    fresh_directory();
    CU_ASSERT_EQUAL(in_child(commit_and_vanish, NULL), 0);
    CU_ASSERT_EQUAL(in_child(reopen_has, &none), 0);
    change_byte("env/record.db", 5 * STORE_PAGE_BYTES + 2000);
    CU_ASSERT_EQUAL(in_child(read_fails, NULL), 0);
    CU_ASSERT_EQUAL(in_child(recover, NULL), 0);
    none = 300;
    CU_ASSERT_EQUAL(in_child(reopen_has, &none), 0);
}

static int
open_twice(void *argument)
{
    struct store *first, *second;

    (void)argument;
    if (store_open(&first, directory, CACHE_BYTES) != ERR_OK)
        return 1;
    if (store_open(&second, directory, CACHE_BYTES) != ERR_IN_USE)
        return 2;
    return strstr(err_detail(), "process") != NULL ? 0 : 3;
}

static void
a_directory_in_use_names_its_owner(void)
{
    fresh_directory();
    CU_ASSERT_EQUAL(in_child(open_twice, NULL), 0);
}

static int
unclean_start_settles(void *argument)
{
    struct store *store;

    (void)argument;
    if (store_open(&store, directory, CACHE_BYTES) != ERR_OK)
        return 1;
    return files_settled() >= TABLE_COUNT ? 0 : 2;
}

static void
an_unclean_start_does_not_trust_the_page_cache(void)
{
    fresh_directory();
    CU_ASSERT_EQUAL(in_child(commit_and_vanish, NULL), 0);
    CU_ASSERT_EQUAL(in_child(unclean_start_settles, NULL), 0);
}

static int
panic_latches(void *argument)
{
    struct store *store;

    (void)argument;
    if (store_open(&store, directory, CACHE_BYTES) != ERR_OK)
        return 1;
    if (store_error(DB_RUNRECOVERY, "a test") != ERR_DAMAGED)
        return 2;
    return store_is_latched(store) && commit(store, 0, 1) == ERR_STORE_LATCHED
               ? 0
               : 3;
}

static void
a_call_for_recovery_ends_writing(void)
{
    fresh_directory();
    CU_ASSERT_EQUAL(in_child(panic_latches, NULL), 0);
}

/* -------------------------------------------------------------------- index */

static uint64_t
auction_of(const void *bytes, size_t size)
{
    return size > 0 ? ((const uint8_t *)bytes)[0] : 0;
}

/** Record i belongs to auction i % 3, 0 being none. */
static enum err
commit_for_index(struct store *store, uint64_t size, size_t count)
{
    uint8_t bytes[256];
    struct store_bytes records[256];
    struct store_head head = {.size = size + count, .checkpoint = "head"};
    struct store_batch batch = {
        .head = &head, .records = records, .record_count = count};

    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)((size + i) % 3);
        records[i] = (struct store_bytes){size + i, &bytes[i], 1};
    }
    return store_commit(store, &batch);
}

struct seen {
    uint64_t numbers[300];
    size_t count;
};

static bool
see(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct seen *seen = context;

    (void)bytes, (void)size;
    seen->numbers[seen->count++] = seq;
    return seen->count < 300;
}

static int
index_is_right(void *argument)
{
    struct store *store;
    struct seen forward = {.count = 0}, backward = {.count = 0};
    uint64_t watermark;

    (void)argument;
    if (store_open(&store, directory, CACHE_BYTES) != ERR_OK ||
        commit_for_index(store, 0, 200) != ERR_OK ||
        store_index_advance(store, 200, 100, auction_of, &watermark) !=
            ERR_OK ||
        watermark != 100)
        return 1;
    if (store_each_of_auction(store, 2, 0, 200, false, auction_of, see,
                              &forward) != ERR_OK ||
        store_each_of_auction(store, 2, 10, 150, true, auction_of, see,
                              &backward) != ERR_OK)
        return 2;
    /* 2, 5, ..., 197 are 66; 149, 146, ..., 11 are 47 */
    if (forward.count != 66 || backward.count != 47 ||
        backward.numbers[0] != 149 || backward.numbers[46] != 11)
        return 3;
    for (size_t i = 0; i < forward.count; i++)
        if (forward.numbers[i] != 2 + 3 * i)
            return 4;
    store_close(&store);
    return 0;
}

static void
the_index_and_the_tail_behind_it_give_all_records(void)
{
    fresh_directory();
    CU_ASSERT_EQUAL(in_child(index_is_right, NULL), 0);
}

SUITE("store", setup, teardown, TEST(a_lot_reads_back_and_no_cut_of_it_does),
      TEST(accounts_and_heads_read_back),
      TEST(what_was_committed_survives_an_abrupt_end),
      TEST(after_a_failed_sync_nothing_is_acknowledged),
      TEST(after_a_failed_write_nothing_is_acknowledged),
      TEST(after_a_short_write_nothing_is_lost_either),
      TEST(twenty_kills_lose_nothing_that_was_acknowledged),
      TEST(a_directory_that_is_not_ours_is_refused),
      TEST(a_missing_cut_or_strange_file_is_refused),
      TEST(a_flipped_bit_in_a_page_is_found),
      TEST(a_directory_in_use_names_its_owner),
      TEST(an_unclean_start_does_not_trust_the_page_cache),
      TEST(a_call_for_recovery_ends_writing),
      TEST(the_index_and_the_tail_behind_it_give_all_records))
