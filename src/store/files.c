/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the environment before and after the library has them.
 * Recovery may loop or crash on files that are not its own, so the set of
 * files is checked before the library sees any of them; after an unclean end
 * they are written back first.
 */
#include "store/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first page of a table, in the byte order of the machine. */
enum {
    META_MAGIC_AT = 12,
    META_PAGE_SIZE_AT = 20,
    META_BYTES = 24,
};

/* Berkeley DB's magic number of a btree. */
#define BTREE_MAGIC 0x053162U

static atomic_size_t settled;

static enum err
damaged(const char *path, const char *what)
{
    return err_set(ERR_DAMAGED,
                   "'%s' %s: rebuild it from its log with 'auctiond recover'",
                   path, what);
}

enum err
files_damaged(const struct store *store, const char *table, const char *what)
{
    char name[64], path[STORE_PATH_BYTES];

    snprintf(name, sizeof(name), "env/%s", table);
    return store_path(store, name, path) ? damaged(path, what) : ERR_TOO_LARGE;
}

/* ------------------------------------------------------------------ tables */

/** The path of a table and the head of its first page. */
static enum err
read_meta(const struct store *store, enum table table,
          char path[STORE_PATH_BYTES], uint8_t meta[META_BYTES])
{
    struct stat info = {0};
    char name[64];
    ssize_t size;
    int fd;

    snprintf(name, sizeof(name), "env/%s", table_file(table));
    if (!store_path(store, name, path))
        return ERR_TOO_LARGE;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? damaged(path, "is missing")
                               : system_error("cannot open", path);
    size = fstat(fd, &info) == 0 ? pread(fd, meta, META_BYTES, 0) : -1;
    close(fd);
    if (size < 0)
        return system_error("cannot read", path);
    return size == META_BYTES && info.st_size >= STORE_PAGE_BYTES
               ? ERR_OK
               : damaged(path, "is cut short");
}

static uint32_t
meta_u32(const uint8_t meta[META_BYTES], size_t at)
{
    uint32_t value;

    memcpy(&value, meta + at, sizeof(value));
    return value;
}

static enum err
check_table(const struct store *store, enum table table)
{
    char path[STORE_PATH_BYTES];
    uint8_t meta[META_BYTES];
    enum err err = read_meta(store, table, path, meta);

    if (err != ERR_OK)
        return err;
    return meta_u32(meta, META_MAGIC_AT) == BTREE_MAGIC &&
                   meta_u32(meta, META_PAGE_SIZE_AT) == STORE_PAGE_BYTES
               ? ERR_OK
               : damaged(path, "is not a table");
}

static enum err
check_tables(const struct store *store)
{
    enum err err = ERR_OK;

    for (int t = 0; err == ERR_OK && t < TABLE_COUNT; t++)
        err = check_table(store, (enum table)t);
    return err == ERR_OK ? lengths_check(store) : err;
}

/* -------------------------------------------------------------------- logs */

static bool
is_log_file(const char *name)
{
    return strncmp(name, "log.", 4) == 0 && strlen(name) == 14 &&
           strspn(name + 4, "0123456789") == 10;
}

static bool
is_table_file(const char *name)
{
    for (int t = 0; t < TABLE_COUNT; t++)
        if (strcmp(name, table_file((enum table)t)) == 0)
            return true;
    return false;
}

/** Log files by number: a set without gaps. */
struct logs {
    unsigned long lowest;
    unsigned long highest;
    unsigned long count;
};

static enum err
note_file(struct logs *logs, const char *folder, const char *name)
{
    unsigned long number;

    if (name[0] == '.' || is_table_file(name) || strncmp(name, "__db.", 5) == 0)
        return ERR_OK;
    if (!is_log_file(name))
        return err_set(ERR_FOREIGN, "'%s/%.100s' does not belong there", folder,
                       name);
    number = strtoul(name + 4, NULL, 10);
    if (logs->count == 0 || number < logs->lowest)
        logs->lowest = number;
    if (number > logs->highest)
        logs->highest = number;
    logs->count++;
    return ERR_OK;
}

/** Every file must be ours, and the log files follow each other. */
static enum err
list_logs(const struct store *store, struct logs *logs)
{
    char path[STORE_PATH_BYTES];
    struct dirent *entry;
    enum err err = ERR_OK;
    DIR *folder;

    memset(logs, 0, sizeof(*logs));
    if (!store_path(store, "env", path))
        return ERR_TOO_LARGE;
    folder = opendir(path);
    if (folder == NULL)
        return errno == ENOENT ? damaged(path, "is missing")
                               : system_error("cannot read", path);
    while (err == ERR_OK && (entry = readdir(folder)) != NULL)
        err = note_file(logs, path, entry->d_name);
    closedir(folder);
    if (err == ERR_OK &&
        (logs->count == 0 || logs->highest - logs->lowest + 1 != logs->count))
        err = damaged(path, "lacks a log file");
    return err;
}

/* -------------------------------------------------------------- clean mark */

/** "closed env/log.0000000001 4711\n": where the log ends. */
static enum err
describe_end(const struct store *store, char *out, size_t size)
{
    char name[64], path[STORE_PATH_BYTES];
    struct logs logs;
    struct stat info;
    enum err err = list_logs(store, &logs);

    if (err != ERR_OK)
        return err;
    snprintf(name, sizeof(name), "env/log.%010lu", logs.highest);
    if (!store_path(store, name, path))
        return ERR_TOO_LARGE;
    if (stat(path, &info) != 0)
        return system_error("cannot look at", path);
    snprintf(out, size, "closed %s %lld\n", name, (long long)info.st_size);
    return ERR_OK;
}

/** The end of the log is where the last owner left it. */
static enum err
check_end(const struct store *store, const char *mark)
{
    char found[128] = "", path[STORE_PATH_BYTES];
    const char *name = mark + strlen("closed ");
    int size = (int)strcspn(name, " \n");
    enum err err;

    if (snprintf(path, sizeof(path), "%s/%.*s", store->directory, size, name) >=
        (int)sizeof(path))
        return ERR_TOO_LARGE;
    if (access(path, F_OK) != 0)
        return damaged(path, "is missing");
    if ((err = describe_end(store, found, sizeof(found))) != ERR_OK)
        return err;
    return strcmp(found, mark) == 0 ? ERR_OK
                                    : damaged(path, "is not as it was left");
}

enum err
files_check(const struct store *store, bool *is_clean_out)
{
    char path[STORE_PATH_BYTES], mark[STORE_SMALL_FILE_BYTES];
    struct logs logs;
    enum err err;

    if (!store_path(store, "clean", path))
        return ERR_TOO_LARGE;
    err = file_read_small(path, mark);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    *is_clean_out = strncmp(mark, "closed env/log.", 15) == 0;
    err = check_tables(store);
    if (err != ERR_OK)
        return err;
    return *is_clean_out ? check_end(store, mark) : list_logs(store, &logs);
}

enum err
files_forget_clean_mark(const struct store *store)
{
    char path[STORE_PATH_BYTES];

    if (!store_path(store, "clean", path))
        return ERR_TOO_LARGE;
    if (unlink(path) != 0)
        return errno == ENOENT ? ERR_OK : system_error("cannot remove", path);
    return file_sync_folder(path) ? ERR_OK
                                  : system_error("cannot sync after", path);
}

enum err
files_set_clean_mark(const struct store *store)
{
    char path[STORE_PATH_BYTES], mark[128];
    enum err err = describe_end(store, mark, sizeof(mark));

    if (err != ERR_OK)
        return err;
    return store_path(store, "clean", path) ? file_write_atomic(path, mark)
                                            : ERR_TOO_LARGE;
}

/* ------------------------------------------------------------------ settle */

/*
 * After a failed sync Linux keeps pages that it calls clean and that the disk
 * does not have; recovery would read them and believe. Write back what is
 * dirty, then drop the cached pages, so that recovery reads the disk.
 */
static bool
settle_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_settled;

    if (fd < 0)
        return false;
    is_settled =
        fsync(fd) == 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0;
    close(fd);
    settled++;
    return is_settled;
}

enum err
files_settle(const struct store *store)
{
    char path[STORE_PATH_BYTES], file[STORE_PATH_BYTES + 256];
    struct dirent *entry;
    enum err err = ERR_OK;
    DIR *folder;

    if (!store_path(store, "env", path))
        return ERR_TOO_LARGE;
    folder = opendir(path);
    if (folder == NULL)
        return system_error("cannot open", path);
    while (err == ERR_OK && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (!settle_file(file))
            err = system_error("cannot sync", file);
    }
    closedir(folder);
    return err;
}

size_t
files_settled(void)
{
    return settled;
}

/* ----------------------------------------------------------------- rebuild */

static enum err
move_aside(const struct store *store, const char *file)
{
    char name[64], from[STORE_PATH_BYTES], to[STORE_PATH_BYTES];

    snprintf(name, sizeof(name), "env/%s", file);
    if (!store_path(store, name, from))
        return ERR_TOO_LARGE;
    snprintf(name, sizeof(name), "damaged/%s", file);
    if (!store_path(store, name, to))
        return ERR_TOO_LARGE;
    return rename(from, to) == 0 || errno == ENOENT
               ? ERR_OK
               : system_error("cannot move", from);
}

/** Everything is in the logs only if the very first is there. */
static enum err
check_all_logs(const struct store *store)
{
    struct logs logs;
    enum err err = list_logs(store, &logs);

    if (err != ERR_OK || logs.lowest == 1)
        return err;
    return err_set(ERR_DAMAGED,
                   "'%s/env' has no log.0000000001: the tables cannot be "
                   "rebuilt without the whole log; restore a verified snapshot",
                   store->directory);
}

enum err
files_put_aside(const struct store *store)
{
    char folder[STORE_PATH_BYTES], lengths[STORE_PATH_BYTES];
    enum err err = check_all_logs(store);

    if (err != ERR_OK)
        return err;
    if (!store_path(store, "damaged", folder) ||
        !store_path(store, "lengths", lengths))
        return ERR_TOO_LARGE;
    if (mkdir(folder, 0700) != 0)
        return errno == EEXIST
                   ? err_set(ERR_IN_USE,
                             "'%s' holds the files of an earlier recovery: "
                             "move it away first",
                             folder)
                   : system_error("cannot make", folder);
    for (int t = 0; err == ERR_OK && t < TABLE_COUNT; t++)
        err = move_aside(store, table_file((enum table)t));
    /* They spoke of the old tables. */
    if (err == ERR_OK && unlink(lengths) != 0 && errno != ENOENT)
        err = system_error("cannot remove", lengths);
    return err;
}
