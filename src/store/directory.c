/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data directory, before and around the environment in it:
 *
 *     lock      held by the owner; names its process
 *     format    "auctiond-store 2", preceded by "creating" while it is made
 *     clean     there after an orderly end; says where the log ended
 *     head      newest signed head, beside the environment on purpose
 *     lengths   how long each table is at least
 *     damaged/  what a recovery from the log has put aside
 *     env/      the environment: one file a table, log.NNNNNNNNNN
 *
 * What is in env/ is checked by files.c.
 */
#include "store/internal.h"

#include "base/instant.h"
#include "store/hooks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char format_text[] = "auctiond-store 2\n";
static const char creating_text[] = "creating auctiond-store 2\n";

enum { HOST_BYTES = 65 };

bool
store_path(const struct store *store, const char *name,
           char out[STORE_PATH_BYTES])
{
    int size = snprintf(out, STORE_PATH_BYTES, "%s/%s", store->directory, name);

    return size > 0 && size < STORE_PATH_BYTES;
}

enum err
system_error(const char *what, const char *path)
{
    return err_set(ERR_SYSTEM, "%s '%s': %s", what, path, strerror(errno));
}

/* Only a file that is not there is none: what cannot be read may matter. */
enum err
file_read_small(const char *path, char text[STORE_SMALL_FILE_BYTES])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum err err = ERR_OK;
    ssize_t size;

    text[0] = '\0';
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND
                               : system_error("cannot open", path);
    size = read(fd, text, STORE_SMALL_FILE_BYTES - 1);
    if (size < 0)
        err = system_error("cannot read", path);
    close(fd);
    text[size < 0 ? 0 : size] = '\0';
    return err;
}

bool
file_sync_folder(const char *path)
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
        !file_sync_folder(path))
        return system_error("cannot write", path);
    return ERR_OK;
}

/* -------------------------------------------------------------------- lock */

static enum err
in_use(const struct store *store, const char *path)
{
    char owner[STORE_SMALL_FILE_BYTES];

    if (file_read_small(path, owner) != ERR_OK || owner[0] == '\0')
        snprintf(owner, sizeof(owner), "another process");
    owner[strcspn(owner, "\n")] = '\0';
    return err_set(ERR_IN_USE,
                   "data directory '%s' is in use by %s: stop it, or choose "
                   "another directory with --data",
                   store->directory, owner);
}

/** Who we are, for those who find the directory in use. */
static void
describe_owner(char *out, size_t size)
{
    char host[HOST_BYTES], now[INSTANT_TEXT_BYTES];

    if (gethostname(host, sizeof(host)) != 0)
        snprintf(host, sizeof(host), "this machine");
    host[sizeof(host) - 1] = '\0';
    instant_format(now, instant_of((int64_t)time(NULL) * 1000));
    snprintf(out, size, "process %ld on %s since %s\n", (long)getpid(), host,
             now);
}

static enum err
take_lock(struct store *store)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[STORE_PATH_BYTES], owner[HOST_BYTES + 128];

    if (!store_path(store, "lock", path))
        return err_set(ERR_TOO_LARGE, "the data directory's path is too long");
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0)
        return system_error("cannot open", path);
    if (fcntl(store->lock_fd, F_OFD_SETLK, &whole) != 0)
        return errno == EAGAIN || errno == EACCES
                   ? in_use(store, path)
                   : system_error("cannot lock", path);
    describe_owner(owner, sizeof(owner));
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

/** What may be there before a store: the lock, and a creation cut short. */
static bool
is_expected(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
           strcmp(name, "lock") == 0 || strcmp(name, "format.new") == 0;
}

static enum err
check_no_strangers(const struct store *store)
{
    DIR *folder = opendir(store->directory);
    bool found = false;
    struct dirent *entry;

    if (folder == NULL)
        return system_error("cannot read", store->directory);
    while ((entry = readdir(folder)) != NULL)
        found = found || !is_expected(entry->d_name);
    closedir(folder);
    return found ? err_set(ERR_FOREIGN,
                           "'%s' holds files but no store of auctiond: choose "
                           "an empty directory with --data",
                           store->directory)
                 : ERR_OK;
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
    return file_sync_folder(env) ? ERR_OK : system_error("cannot sync", env);
}

static enum err
foreign_format(const struct store *store, char *text)
{
    text[strcspn(text, "\n")] = '\0';
    if (strcmp(text, "auctiond-store 1") == 0)
        return err_set(ERR_FOREIGN,
                       "'%s' has the older format \"%.40s\", which this "
                       "auctiond does not read: go on with the one that wrote "
                       "it, or begin a new data directory",
                       store->directory, text);
    if (strncmp(text, "auctiond-store ", 15) == 0)
        return err_set(ERR_FOREIGN,
                       "'%s' has the newer format \"%.40s\": install the "
                       "auctiond that wrote it",
                       store->directory, text);
    return err_set(ERR_FOREIGN, "'%s' is not a store of auctiond",
                   store->directory);
}

static enum err
check_format(struct store *store)
{
    char path[STORE_PATH_BYTES], text[STORE_SMALL_FILE_BYTES];
    enum err err;

    if (!store_path(store, "format", path))
        return ERR_TOO_LARGE;
    err = file_read_small(path, text);
    if (err == ERR_NOT_FOUND) {
        err = check_no_strangers(store);
        return err == ERR_OK ? begin_creation(store, path) : err;
    }
    if (err != ERR_OK)
        return err;
    if (strcmp(text, creating_text) == 0)
        return begin_creation(store, path);
    return strcmp(text, format_text) == 0 ? ERR_OK
                                          : foreign_format(store, text);
}

enum err
directory_finish(struct store *store)
{
    char path[STORE_PATH_BYTES], env[STORE_PATH_BYTES];

    if (!store_path(store, "format", path) ||
        !store_path(store, "env/record.db", env))
        return ERR_TOO_LARGE;
    /* The library renames new tables into place and syncs no folder. */
    if (!file_sync_folder(env) || !file_sync_folder(store->directory))
        return system_error("cannot sync the folder of", env);
    return file_write_atomic(path, format_text);
}

static enum err
make_directory(const struct store *store)
{
    if (mkdir(store->directory, 0700) != 0 && errno != EEXIST)
        return system_error("cannot make the data directory", store->directory);
    return ERR_OK;
}

/** A mistyped path must not become a store. */
static enum err
check_there(const struct store *store)
{
    char path[STORE_PATH_BYTES], text[STORE_SMALL_FILE_BYTES];
    enum err err;

    if (!store_path(store, "format", path))
        return ERR_TOO_LARGE;
    err = file_read_small(path, text);
    if (err == ERR_NOT_FOUND || strcmp(text, creating_text) == 0)
        return err_set(ERR_NOT_FOUND, "'%s' holds no store", store->directory);
    return err;
}

/* Files of the store are trusted input to the library. */
static enum err
check_private(const struct store *store)
{
    struct stat info;

    if (stat(store->directory, &info) != 0)
        return system_error("cannot look at", store->directory);
    if (!S_ISDIR(info.st_mode))
        return err_set(ERR_FOREIGN, "'%s' is not a directory",
                       store->directory);
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return err_set(ERR_UNTRUSTED,
                       "data directory '%s' is open to others: chmod 700 '%s'",
                       store->directory, store->directory);
    return ERR_OK;
}

enum err
directory_prepare(struct store *store)
{
    enum err err =
        store->must_exist ? check_there(store) : make_directory(store);

    if (err == ERR_OK)
        err = check_private(store);
    if (err == ERR_OK)
        err = take_lock(store);
    return err == ERR_OK ? check_format(store) : err;
}

/* --------------------------------------------------------------- head file */

/* A disk that does not take this file is not trusted with another bid. */
enum err
store_write_head_file(struct store *store, const char *checkpoint)
{
    char path[STORE_PATH_BYTES];
    enum err err;

    CHECK(!store->is_readonly);
    if (hooks_are_latched())
        return ERR_STORE_LATCHED;
    if (!store_path(store, "head", path))
        return ERR_TOO_LARGE;
    err = file_write_atomic(path, checkpoint);
    if (err != ERR_OK)
        hooks_latch();
    return err;
}

enum err
store_read_head_file(struct store *store, struct buf *out)
{
    char path[STORE_PATH_BYTES], text[STORE_SMALL_FILE_BYTES];
    enum err err;

    if (!store_path(store, "head", path))
        return ERR_TOO_LARGE;
    if ((err = file_read_small(path, text)) != ERR_OK)
        return err;
    buf_add_text(out, text);
    return buf_is_ok(out) ? ERR_OK : err_set(ERR_NOMEM, "no memory");
}
