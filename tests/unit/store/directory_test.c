/* SPDX-License-Identifier: Apache-2.0 */
/* What is not ours, not whole or not alone is refused, by name. */
#include "store/store.h"

#include "fixture.h"
#include "store/internal.h"
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void
write_file(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    CHECK(fd >= 0);
    CHECK(write(fd, bytes, size) == (ssize_t)size);
    CHECK(close(fd) == 0);
}

/** The next start is refused with `err` and says all that is in `words`. */
static void
refuses(const struct fixture *f, enum err err, const char *word)
{
    struct store *store;
    enum err found = fixture_open(f, &store);

    CU_ASSERT_EQUAL(found, err);
    CU_ASSERT_PTR_NULL(store);
    if (strstr(err_detail(), word) == NULL)
        printf("# '%s' is not in '%s'\n", word, err_detail());
    CU_ASSERT_PTR_NOT_NULL(strstr(err_detail(), word));
}

static void
a_folder_with_other_files_is_left_alone(void)
{
    struct fixture f;

    fixture_init(&f, 300, 1);
    CU_ASSERT_EQUAL(mkdir(f.directory, 0700), 0);
    write_file(fixture_path(&f, "thesis.txt"), "mine", 4);
    refuses(&f, ERR_FOREIGN, f.directory);
    CU_ASSERT_EQUAL(access(fixture_path(&f, "thesis.txt"), F_OK), 0);
    CU_ASSERT_NOT_EQUAL(access(fixture_path(&f, "env"), F_OK), 0);
    fixture_release(&f);
}

static void
a_newer_format_is_refused(void)
{
    struct fixture f;

    fixture_init(&f, 300, 1);
    fixture_fill(&f, 1);
    write_file(fixture_path(&f, "format"), "auctiond-store 3\n", 17);
    refuses(&f, ERR_FOREIGN, "auctiond-store 3");
    write_file(fixture_path(&f, "format"), "something else\n", 15);
    refuses(&f, ERR_FOREIGN, "not a store");
    fixture_release(&f);
}

static void
a_folder_open_to_others_is_refused(void)
{
    struct fixture f;

    fixture_init(&f, 300, 1);
    fixture_fill(&f, 1);
    CU_ASSERT_EQUAL(chmod(f.directory, 0750), 0);
    refuses(&f, ERR_UNTRUSTED, "chmod 700");
    fixture_release(&f);
}

static int
run_open(struct fixture *f, void *context)
{
    struct store *store;

    (void)context;
    return fixture_report(f, fixture_open(f, &store), 0);
}

static void
the_owner_of_a_directory_in_use_is_named(void)
{
    struct fixture f;
    struct store *store;
    char owner[32];

    fixture_init(&f, 300, 1);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    CU_ASSERT_EQUAL(fixture_child(&f, run_open, NULL), 0);
    CU_ASSERT_EQUAL(f.report->err, ERR_IN_USE);
    snprintf(owner, sizeof(owner), "process %ld on ", (long)getpid());
    CU_ASSERT_PTR_NOT_NULL(strstr(f.report->detail, owner));
    store_close(&store);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    store_close(&store);
    fixture_release(&f);
}

static void
files_are_for_their_owner_alone(void)
{
    static const char *const names[] = {"lock", "format", "clean",
                                        "env/record.db", "env/log.0000000001"};
    struct fixture f;
    struct stat info;

    fixture_init(&f, 300, 1);
    fixture_fill(&f, 1);
    CU_ASSERT_EQUAL(stat(f.directory, &info), 0);
    CU_ASSERT_EQUAL(info.st_mode & 07777, 0700);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        CU_ASSERT_EQUAL(stat(fixture_path(&f, names[i]), &info), 0);
        CU_ASSERT_EQUAL(info.st_mode & 07777, 0600);
    }
    fixture_release(&f);
}

static void
a_store_that_was_being_made_is_made_again(void)
{
    struct fixture f;
    struct store *store;

    fixture_init(&f, 300, 1);
    CU_ASSERT_EQUAL(mkdir(f.directory, 0700), 0);
    write_file(fixture_path(&f, "format.new"), "creat", 5);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    store_close(&store);
    write_file(fixture_path(&f, "format"), "creating auctiond-store 2\n", 26);
    write_file(fixture_path(&f, "env/record.db"), "half", 4);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    CU_ASSERT_EQUAL(fixture_commit(&f, store, 0, 1), ERR_OK);
    store_close(&store);
    fixture_release(&f);
}

static void
reading_makes_no_store_where_there_is_none(void)
{
    struct fixture f;
    struct store *store = NULL;

    fixture_init(&f, 300, 1);
    CU_ASSERT_EQUAL(
        store_open_readonly(&store, f.directory, FIXTURE_CACHE_BYTES),
        ERR_NOT_FOUND);
    CU_ASSERT_PTR_NULL(store);
    CU_ASSERT_NOT_EQUAL(access(f.directory, F_OK), 0);
    fixture_fill(&f, 2);
    CU_ASSERT_EQUAL_FATAL(
        store_open_readonly(&store, f.directory, FIXTURE_CACHE_BYTES), ERR_OK);
    CU_ASSERT(fixture_is_whole(&f, store, 2, 2));
    store_close(&store);
    fixture_release(&f);
}

static void
a_head_file_that_cannot_be_read_is_not_taken_for_none(void)
{
    struct fixture f;
    struct store *store;
    struct buf bytes;

    fixture_init(&f, 300, 1);
    buf_init(&bytes, STORE_CHECKPOINT_BYTES_MAX);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    CU_ASSERT_EQUAL(mkdir(fixture_path(&f, "head"), 0700), 0);
    CU_ASSERT_EQUAL(store_read_head_file(store, &bytes), ERR_SYSTEM);
    store_close(&store);
    buf_release(&bytes);
    fixture_release(&f);
}

/* ---------------------------------------------------------- clean, unclean */

static void
an_unclean_end_is_settled_before_recovery_and_a_clean_one_is_not(void)
{
    uint64_t batches = 3;
    struct fixture f;
    struct store *store;
    size_t before = files_settled();

    fixture_init(&f, 300, 10);
    CU_ASSERT_EQUAL(fixture_child(&f, fixture_run_batches, &batches), 0);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    /* Every table and at least one log file. */
    CU_ASSERT(files_settled() - before > TABLE_COUNT);
    store_close(&store);
    before = files_settled();
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    CU_ASSERT_EQUAL(files_settled(), before);
    CU_ASSERT_NOT_EQUAL(access(fixture_path(&f, "clean"), F_OK), 0);
    CU_ASSERT(fixture_is_whole(&f, store, 30, 30));
    store_close(&store);
    fixture_release(&f);
}

/* ----------------------------------------------------------------- damages */

enum damage { REMOVE, EMPTY, HALVE, CUT_ODD, GARBAGE, DAMAGE_COUNT };

static void
do_damage(const char *path, enum damage damage)
{
    static const char garbage[8192] = "no table, no log";
    struct stat info;

    CHECK(stat(path, &info) == 0);
    switch (damage) {
    case REMOVE:
        CHECK(unlink(path) == 0);
        break;
    case EMPTY:
        CHECK(truncate(path, 0) == 0);
        break;
    case HALVE:
        CHECK(truncate(path, info.st_size / 2 / 4096 * 4096) == 0);
        break;
    case CUT_ODD:
        CHECK(truncate(path, info.st_size - 100) == 0);
        break;
    case GARBAGE:
        write_file(path, garbage, sizeof(garbage));
        break;
    case DAMAGE_COUNT:
        break;
    }
}

static int
run_check(struct fixture *f, void *context)
{
    uint64_t size = *(const uint64_t *)context;
    struct store *store;
    enum err err = fixture_open(f, &store);

    if (err != ERR_OK)
        return fixture_report(f, err, 1);
    return fixture_is_whole(f, store, size, size) ? 0 : 2;
}

/** Refused with the file named, or nothing is missing. Never a hang. */
static void
check_damage(struct fixture *f, const char *file, enum damage damage,
             bool is_clean)
{
    uint64_t batches = 4, size;
    int status;

    fixture_reset(f);
    if (is_clean)
        fixture_fill(f, (unsigned)batches);
    else
        CHECK(fixture_child(f, fixture_run_batches, &batches) == 0);
    size = batches * f->batch_records;
    do_damage(fixture_path(f, file), damage);
    status = fixture_child(f, run_check, &size);
    if (status > 1 || (status == 0 && is_clean) ||
        (status == 1 && strstr(f->report->detail, file) == NULL)) {
        printf("# %s, damage %d, clean %d: status %d, '%s'\n", file, damage,
               is_clean, status, f->report->detail);
        CU_FAIL("damage is not refused by name");
    }
}

static void
damage_tables(bool is_clean)
{
    struct fixture f;
    char file[64];

    fixture_init(&f, 2000, 20);
    for (int t = 0; t < TABLE_COUNT; t++)
        for (int damage = 0; damage < DAMAGE_COUNT; damage++) {
            snprintf(file, sizeof(file), "env/%s", table_file((enum table)t));
            check_damage(&f, file, (enum damage)damage, is_clean);
        }
    fixture_release(&f);
}

static void
a_damaged_table_is_refused_after_a_clean_end(void)
{
    damage_tables(true);
}

static void
a_damaged_table_is_refused_or_mended_after_an_unclean_end(void)
{
    damage_tables(false);
}

/* A small cache, so that pages reach the file without a checkpoint. */
static int
run_beyond_checkpoint(struct fixture *f, void *context)
{
    off_t *synced = context;
    struct store *store;
    struct stat info;
    enum err err = store_open(&store, f->directory, 64 << 10);

    for (uint64_t i = 0; err == ERR_OK && i < 40; i++) {
        if (i == 10)
            err = store_checkpoint(store);
        if (i == 10 && stat(fixture_path(f, "env/record.db"), &info) == 0)
            *synced = info.st_size;
        if (err == ERR_OK)
            err = fixture_commit(f, store, i * f->batch_records,
                                 f->batch_records);
    }
    return fixture_report(f, err, err == ERR_OK ? 0 : 1);
}

static void
what_is_cut_off_behind_the_last_checkpoint_comes_from_the_log(void)
{
    struct fixture f;
    struct stat info;
    uint64_t size;
    off_t *synced = mmap(NULL, sizeof(*synced), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(synced != MAP_FAILED);
    fixture_init(&f, 2000, 20);
    size = 40 * f.batch_records;
    for (int quarter = 0; quarter < 4; quarter++) {
        fixture_reset(&f);
        CU_ASSERT_EQUAL(fixture_child(&f, run_beyond_checkpoint, synced), 0);
        CHECK(stat(fixture_path(&f, "env/record.db"), &info) == 0);
        CU_ASSERT(*synced > 0 && info.st_size > *synced + 4 * 4096);
        CHECK(truncate(fixture_path(&f, "env/record.db"),
                       *synced + (info.st_size - *synced) / 4 * quarter / 4096 *
                                     4096) == 0);
        CU_ASSERT_EQUAL(fixture_child(&f, run_check, &size), 0);
    }
    munmap(synced, sizeof(*synced));
    fixture_release(&f);
}

static void
recovery_needs_the_whole_log(void)
{
    struct fixture f;

    fixture_init(&f, 300, 1);
    CU_ASSERT_EQUAL(store_recover(f.directory, FIXTURE_CACHE_BYTES),
                    ERR_NOT_FOUND);
    CU_ASSERT_NOT_EQUAL(access(f.directory, F_OK), 0);
    fixture_fill(&f, 1);
    CHECK(unlink(fixture_path(&f, "env/log.0000000001")) == 0);
    write_file(fixture_path(&f, "env/log.0000000002"), "x", 1);
    CU_ASSERT_EQUAL(store_recover(f.directory, FIXTURE_CACHE_BYTES),
                    ERR_DAMAGED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err_detail(), "log.0000000001"));
    CU_ASSERT_NOT_EQUAL(access(fixture_path(&f, "damaged"), F_OK), 0);
    fixture_release(&f);
}

static void
a_damaged_log_is_refused_after_a_clean_end(void)
{
    struct fixture f;

    fixture_init(&f, 2000, 20);
    for (int damage = 0; damage < DAMAGE_COUNT; damage++)
        check_damage(&f, "env/log.0000000001", (enum damage)damage, true);
    fixture_release(&f);
}

static void
a_missing_log_file_in_the_middle_is_refused(void)
{
    struct fixture f;
    struct store *store;

    fixture_init(&f, 300, 1);
    fixture_fill(&f, 1);
    write_file(fixture_path(&f, "env/log.0000000003"), "x", 1);
    CU_ASSERT_EQUAL(fixture_open(&f, &store), ERR_DAMAGED);
    fixture_release(&f);
}

static void
a_file_that_does_not_belong_is_refused(void)
{
    struct fixture f;

    fixture_init(&f, 300, 1);
    fixture_fill(&f, 1);
    write_file(fixture_path(&f, "env/other.db"), "x", 1);
    refuses(&f, ERR_FOREIGN, "other.db");
    fixture_release(&f);
}

/* ------------------------------------------------------------------ a page */

static void
flip(const char *path, off_t at)
{
    int fd = open(path, O_RDWR);
    unsigned char byte;

    CHECK(fd >= 0);
    CHECK(pread(fd, &byte, 1, at) == 1);
    byte ^= 0x10;
    CHECK(pwrite(fd, &byte, 1, at) == 1);
    CHECK(close(fd) == 0);
}

static int
run_read_all(struct fixture *f, void *context)
{
    uint64_t size = *(const uint64_t *)context;
    struct store *store;
    enum err err = fixture_open(f, &store);
    struct buf bytes;

    buf_init(&bytes, 1 << 20);
    for (uint64_t seq = 0; err == ERR_OK && seq < size; seq++) {
        buf_clear(&bytes);
        err = store_read_record(store, seq, &bytes);
        if (err == ERR_OK &&
            !fixture_is_record(f, seq, bytes.bytes, bytes.size))
            return 2;
    }
    if (err == ERR_OK)
        return 0;
    /* Whatever found it: nothing is written any more. */
    fixture_report(f, err, 1);
    if (store == NULL)
        return 1;
    return fixture_commit(f, store, size, 1) == ERR_OK ? 3 : 1;
}

static void
a_flipped_bit_in_any_page_is_found_and_the_file_named(void)
{
    uint64_t size = 80;
    struct fixture f;
    struct stat info;
    off_t pages;
    int status, found = 0;

    fixture_init(&f, 2000, 20);
    fixture_fill(&f, 4);
    CHECK(stat(fixture_path(&f, "env/record.db"), &info) == 0);
    pages = info.st_size / STORE_PAGE_BYTES;
    for (off_t page = 0; page < pages; page++) {
        fixture_reset(&f);
        fixture_fill(&f, 4);
        flip(fixture_path(&f, "env/record.db"), page * STORE_PAGE_BYTES + 1000);
        status = fixture_child(&f, run_read_all, &size);
        if (status > 1 ||
            (status == 1 && strstr(f.report->detail, "record.db") == NULL)) {
            printf("# page %ld: status %d, '%s'\n", (long)page, status,
                   f.report->detail);
            CU_FAIL("a flipped bit was believed, or its file not named");
        }
        found += status == 1;
    }
    CU_ASSERT(found > pages / 2);
    fixture_release(&f);
}

SUITE("directory", NULL, NULL, TEST(a_folder_with_other_files_is_left_alone),
      TEST(a_newer_format_is_refused), TEST(a_folder_open_to_others_is_refused),
      TEST(the_owner_of_a_directory_in_use_is_named),
      TEST(files_are_for_their_owner_alone),
      TEST(a_store_that_was_being_made_is_made_again),
      TEST(reading_makes_no_store_where_there_is_none),
      TEST(a_head_file_that_cannot_be_read_is_not_taken_for_none),
      TEST(an_unclean_end_is_settled_before_recovery_and_a_clean_one_is_not),
      TEST(a_damaged_table_is_refused_after_a_clean_end),
      TEST(a_damaged_table_is_refused_or_mended_after_an_unclean_end),
      TEST(what_is_cut_off_behind_the_last_checkpoint_comes_from_the_log),
      TEST(recovery_needs_the_whole_log),

      TEST(a_damaged_log_is_refused_after_a_clean_end),
      TEST(a_missing_log_file_in_the_middle_is_refused),
      TEST(a_file_that_does_not_belong_is_refused),
      TEST(a_flipped_bit_in_any_page_is_found_and_the_file_named))
