/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data directory, before and around the environment in it:
 *
 *     lock      held by the owner; names its process
 *     format    "auctiond-store 1", preceded by "creating" while it is made
 *     clean     there after an orderly end
 *     head      newest signed head, beside the environment on purpose
 *     env/      the environment: one file a table, log.NNNNNNNNNN
 *
 * Recovery may loop or crash on files that are not its own, so the set of
 * files is checked before the library sees any of them.
 */
#include "store/internal.h"

#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char format_text[] = "auctiond-store 1\n";
static const char creating_text[] = "creating auctiond-store 1\n";

enum { SMALL_FILE_BYTES = 4096, BTREE_MAGIC_AT = 12 };

/* Berkeley DB's magic number of a btree's first page, either byte order. */
#define BTREE_MAGIC 0x053162U

static atomic_size_t settled;

bool
store_path(const struct store *store, const char *name,
           char out[STORE_PATH_BYTES])
{
    int size = snprintf(out, STORE_PATH_BYTES, "%s/%s", store->directory, name);

    return size > 0 && size < STORE_PATH_BYTES;
}

static enum err
system_error(const char *what, const char *path)
{
    return err_set(ERR_SYSTEM, "%s '%s': %s", what, path, strerror(errno));
}

/** A whole small file as a string; false when there is none. */
static bool
read_small(const char *path, char text[SMALL_FILE_BYTES])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size;

    if (fd < 0)
        return false;
    size = read(fd, text, SMALL_FILE_BYTES - 1);
    close(fd);
    text[size < 0 ? 0 : size] = '\0';
    return size >= 0;
}

static bool
sync_folder(const char *path)
{
    char folder[STORE_PATH_BYTES];
    char *slash;
    bool is_synced;
    int fd;

    snprintf(folder, sizeof(folder), "%s", path);
    slash = strrchr(folder, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return is_synced;
}

enum err
file_write_atomic(const char *path, const char *text)
{
    char temporary[STORE_PATH_BYTES];
    size_t size = strlen(text);
    bool is_written;
    int fd;

    if (snprintf(temporary, sizeof(temporary), "%s.new", path) >=
        (int)sizeof(temporary))
        return err_set(ERR_TOO_LARGE, "path '%s' is too long", path);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return system_error("cannot write", temporary);
    is_written = write(fd, text, size) == (ssize_t)size && fsync(fd) == 0;
    if (close(fd) != 0 || !is_written || rename(temporary, path) != 0 ||
        !sync_folder(path))
        return system_error("cannot write", path);
    return ERR_OK;
}

/* -------------------------------------------------------------------- lock */

static enum err
in_use(const struct store *store, const char *path)
{
    char owner[SMALL_FILE_BYTES];

    if (!read_small(path, owner) || owner[0] == '\0')
        snprintf(owner, sizeof(owner), "another process");
    owner[strcspn(owner, "\n")] = '\0';
    return err_set(ERR_IN_USE,
                   "data directory '%s' is in use by %s: stop it, or choose "
                   "another directory with --data",
                   store->directory, owner);
}

static enum err
take_lock(struct store *store)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[STORE_PATH_BYTES], owner[64];

    if (!store_path(store, "lock", path))
        return err_set(ERR_TOO_LARGE, "the data directory's path is too long");
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0)
        return system_error("cannot open", path);
    if (fcntl(store->lock_fd, F_OFD_SETLK, &whole) != 0)
        return in_use(store, path);
    snprintf(owner, sizeof(owner), "process %ld\n", (long)getpid());
    if (ftruncate(store->lock_fd, 0) != 0 ||
        pwrite(store->lock_fd, owner, strlen(owner), 0) < 0)
        return system_error("cannot write", path);
    return ERR_OK;
}

void
directory_unlock(struct store *store)
{
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    store->lock_fd = -1;
}

/* ------------------------------------------------------------------ format */

/** Names in a folder other than those that may be there before a start. */
static bool
has_strangers(const struct store *store)
{
    DIR *folder = opendir(store->directory);
    bool found = false;
    struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL)
        found = found || (strcmp(entry->d_name, ".") != 0 &&
                          strcmp(entry->d_name, "..") != 0 &&
                          strcmp(entry->d_name, "lock") != 0);
    if (folder != NULL)
        closedir(folder);
    return found;
}

/** An unfinished creation holds nothing that was promised: start again. */
static enum err
empty_env(const struct store *store)
{
    char path[STORE_PATH_BYTES], file[STORE_PATH_BYTES + 256];
    struct dirent *entry;
    DIR *folder;

    if (!store_path(store, "env", path))
        return ERR_TOO_LARGE;
    folder = opendir(path);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (unlink(file) != 0) {
            closedir(folder);
            return system_error("cannot remove", file);
        }
    }
    if (folder != NULL)
        closedir(folder);
    return ERR_OK;
}

static enum err
begin_creation(struct store *store, const char *format_path)
{
    char env[STORE_PATH_BYTES];
    enum err err = file_write_atomic(format_path, creating_text);

    store->is_new = true;
    if (err != ERR_OK || (err = empty_env(store)) != ERR_OK)
        return err;
    if (!store_path(store, "env", env))
        return ERR_TOO_LARGE;
    if (mkdir(env, 0700) != 0 && errno != EEXIST)
        return system_error("cannot make", env);
    return sync_folder(env) ? ERR_OK : system_error("cannot sync", env);
}

static enum err
check_format(struct store *store)
{
    char path[STORE_PATH_BYTES], text[SMALL_FILE_BYTES];

    if (!store_path(store, "format", path))
        return ERR_TOO_LARGE;
    if (!read_small(path, text)) {
        if (has_strangers(store))
            return err_set(ERR_FOREIGN,
                           "'%s' holds files but no store of auctiond: choose "
                           "an empty directory with --data",
                           store->directory);
        return begin_creation(store, path);
    }
    if (strcmp(text, creating_text) == 0)
        return begin_creation(store, path);
    if (strcmp(text, format_text) == 0)
        return ERR_OK;
    text[strcspn(text, "\n")] = '\0';
    if (strncmp(text, "auctiond-store ", 15) == 0)
        return err_set(ERR_FOREIGN,
                       "'%s' has the newer format \"%.40s\": install the "
                       "auctiond that wrote it",
                       store->directory, text);
    return err_set(ERR_FOREIGN, "'%s' is not a store of auctiond",
                   store->directory);
}

enum err
directory_finish(struct store *store)
{
    char path[STORE_PATH_BYTES];

    if (!store_path(store, "format", path))
        return ERR_TOO_LARGE;
    return file_write_atomic(path, format_text);
}

enum err
directory_prepare(struct store *store)
{
    struct stat info;
    enum err err;

    if (mkdir(store->directory, 0700) != 0 && errno != EEXIST)
        return system_error("cannot make the data directory", store->directory);
    if (stat(store->directory, &info) != 0 || !S_ISDIR(info.st_mode))
        return err_set(ERR_FOREIGN, "'%s' is not a directory",
                       store->directory);
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return err_set(ERR_UNTRUSTED,
                       "data directory '%s' is open to others: chmod 700 '%s'",
                       store->directory, store->directory);
    if ((err = take_lock(store)) != ERR_OK)
        return err;
    return check_format(store);
}

/* ------------------------------------------------------------------- files */

static enum err
damaged(const char *path, const char *what)
{
    return err_set(ERR_DAMAGED,
                   "'%s' %s: rebuild it from its log with 'auctiond recover'",
                   path, what);
}

static enum err
check_table(const struct store *store, enum table table)
{
    char name[64], path[STORE_PATH_BYTES];
    struct stat info;
    uint32_t magic = 0;
    int fd;

    snprintf(name, sizeof(name), "env/%s", table_file(table));
    if (!store_path(store, name, path))
        return ERR_TOO_LARGE;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return damaged(path, "is missing");
    if (fstat(fd, &info) != 0 || info.st_size < STORE_PAGE_BYTES ||
        pread(fd, &magic, sizeof(magic), BTREE_MAGIC_AT) != sizeof(magic)) {
        close(fd);
        return damaged(path, "is cut short");
    }
    close(fd);
    return magic == BTREE_MAGIC ? ERR_OK : damaged(path, "is not a table");
}

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

/** Log files must be ours, not empty, and follow each other. */
static enum err
check_logs(const struct store *store, const char *path)
{
    unsigned long lowest = 0, highest = 0, count = 0;
    struct dirent *entry;
    DIR *folder = opendir(path);
    enum err err = ERR_OK;

    if (folder == NULL)
        return damaged(path, "is missing");
    while (err == ERR_OK && (entry = readdir(folder)) != NULL) {
        const char *name = entry->d_name;
        if (name[0] == '.' || is_table_file(name) ||
            strncmp(name, "__db.", 5) == 0)
            continue;
        if (!is_log_file(name)) {
            err = err_set(ERR_FOREIGN, "'%s/%.100s' does not belong there",
                          path, name);
            break;
        }
        unsigned long number = strtoul(name + 4, NULL, 10);
        lowest = count == 0 || number < lowest ? number : lowest;
        highest = number > highest ? number : highest;
        count++;
    }
    closedir(folder);
    if (err == ERR_OK && (count == 0 || highest - lowest + 1 != count))
        err = damaged(path, "lacks a log file");
    (void)store;
    return err;
}

enum err
directory_check_files(const struct store *store)
{
    char path[STORE_PATH_BYTES];
    enum err err = ERR_OK;

    for (int t = 0; err == ERR_OK && t < TABLE_COUNT; t++)
        err = check_table(store, (enum table)t);
    if (err != ERR_OK)
        return err;
    if (!store_path(store, "env", path))
        return ERR_TOO_LARGE;
    return check_logs(store, path);
}

enum err
directory_put_aside(const struct store *store)
{
    char name[64], from[STORE_PATH_BYTES], to[STORE_PATH_BYTES];

    if (!store_path(store, "damaged", to))
        return ERR_TOO_LARGE;
    if (mkdir(to, 0700) != 0)
        return errno == EEXIST
                   ? err_set(ERR_IN_USE,
                             "'%s' holds the files of an earlier recovery: "
                             "move it away first",
                             to)
                   : system_error("cannot make", to);
    for (int t = 0; t < TABLE_COUNT; t++) {
        snprintf(name, sizeof(name), "env/%s", table_file((enum table)t));
        if (!store_path(store, name, from))
            return ERR_TOO_LARGE;
        snprintf(name, sizeof(name), "damaged/%s", table_file((enum table)t));
        if (!store_path(store, name, to))
            return ERR_TOO_LARGE;
        if (rename(from, to) != 0 && errno != ENOENT)
            return system_error("cannot move", from);
    }
    return ERR_OK;
}

/* ------------------------------------------------------------ clean, settle */

bool
directory_take_clean_mark(struct store *store)
{
    char path[STORE_PATH_BYTES];

    return store_path(store, "clean", path) && unlink(path) == 0 &&
           sync_folder(path);
}

enum err
directory_set_clean_mark(struct store *store)
{
    char path[STORE_PATH_BYTES];

    if (!store_path(store, "clean", path))
        return ERR_TOO_LARGE;
    return file_write_atomic(path, "closed\n");
}

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
directory_settle(const struct store *store)
{
    char path[STORE_PATH_BYTES], file[STORE_PATH_BYTES + 256];
    struct dirent *entry;
    enum err err = ERR_OK;
    DIR *folder;

    settled = 0;
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
directory_settled_files(void)
{
    return settled;
}

/* --------------------------------------------------------------- head file */

enum err
store_write_head_file(struct store *store, const char *checkpoint)
{
    char path[STORE_PATH_BYTES];

    if (!store_path(store, "head", path))
        return ERR_TOO_LARGE;
    return file_write_atomic(path, checkpoint);
}

enum err
store_read_head_file(struct store *store, struct buf *out)
{
    char path[STORE_PATH_BYTES], text[SMALL_FILE_BYTES];

    if (!store_path(store, "head", path))
        return ERR_TOO_LARGE;
    if (!read_small(path, text))
        return ERR_NOT_FOUND;
    buf_add_text(out, text);
    return buf_is_ok(out) ? ERR_OK : err_set(ERR_NOMEM, "no memory");
}
