/* SPDX-License-Identifier: Apache-2.0 */
#include "store/hooks.h"

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 4096 };

static atomic_bool is_latched;
static atomic_long calls[HOOK_COUNT];
static atomic_long fail_at[HOOK_COUNT]; /* call number, 0 for none */
static atomic_int fail_error[HOOK_COUNT];

bool
hooks_are_latched(void)
{
    return is_latched;
}

void
hooks_latch(void)
{
    is_latched = true;
}

void
hooks_fail_nth(enum hook_kind kind, long nth, int error)
{
    fail_error[kind] = error;
    fail_at[kind] = nth == 0 ? 0 : calls[kind] + nth;
}

long
hooks_calls(enum hook_kind kind)
{
    return calls[kind];
}

/** Count a call; the error it is told to fail with, or 0. */
static int
told_to_fail(enum hook_kind kind)
{
    long call = ++calls[kind];

    return fail_at[kind] == call ? fail_error[kind] : 0;
}

/** The library expects an error number from this one, not -1. */
static int
hook_fsync(int fd)
{
    int error = told_to_fail(HOOK_SYNC);

    if (error == 0 && fdatasync(fd) != 0)
        error = errno;
    if (error != 0)
        is_latched = true;
    return error;
}

static int
hook_ftruncate(int fd, off_t size)
{
    int error = told_to_fail(HOOK_TRUNCATE);

    if (error == 0 && ftruncate(fd, size) != 0)
        error = errno;
    if (error != 0)
        is_latched = true;
    return error;
}

static ssize_t
failed_write(int error)
{
    is_latched = true;
    errno = error;
    return -1;
}

/** Short writes go on in the library; an interrupted one is repeated there. */
static ssize_t
hook_write(int fd, const void *bytes, size_t size)
{
    int error = told_to_fail(HOOK_WRITE);
    ssize_t written = -1;

    if (error == 0)
        written = write(fd, bytes, size);
    else if (error == HOOK_SHORT)
        written = write(fd, bytes, size / 2);
    if (error != 0)
        return failed_write(error == HOOK_SHORT ? ENOSPC : error);
    return written < 0 && errno != EINTR ? failed_write(errno) : written;
}

static ssize_t
hook_pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    int error = told_to_fail(HOOK_WRITE);
    ssize_t written = -1;

    if (error == 0)
        written = pwrite(fd, bytes, size, offset);
    else if (error == HOOK_SHORT)
        written = pwrite(fd, bytes, size / 2, offset);
    if (error != 0)
        return failed_write(error == HOOK_SHORT ? ENOSPC : error);
    return written < 0 && errno != EINTR ? failed_write(errno) : written;
}

/** A new file is durable only when its folder is. */
static void
sync_folder_of(const char *path)
{
    char folder[PATH_BYTES_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path);
    int fd;

    if (size == 0 || size >= sizeof(folder))
        return;
    memcpy(folder, path, size);
    folder[size] = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        is_latched = true;
    if (fd >= 0)
        close(fd);
}

static int
hook_open(const char *path, int flags, ...)
{
    bool is_new = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
    va_list arguments;
    mode_t mode = 0;
    int fd;

    if ((flags & O_CREAT) != 0) {
        va_start(arguments, flags);
        mode = (mode_t)va_arg(arguments, int);
        va_end(arguments);
    }
    fd = open(path, flags | O_CLOEXEC, mode);
    if (fd >= 0 && is_new)
        sync_folder_of(path);
    return fd;
}

enum err
hooks_install(void)
{
    int outcome = db_env_set_func_fsync(hook_fsync);

    if (outcome == 0)
        outcome = db_env_set_func_ftruncate(hook_ftruncate);
    if (outcome == 0)
        outcome = db_env_set_func_write(hook_write);
    if (outcome == 0)
        outcome = db_env_set_func_pwrite(hook_pwrite);
    if (outcome == 0)
        outcome = db_env_set_func_open(hook_open);
    return outcome == 0
               ? ERR_OK
               : err_set(ERR_STORE, "file hooks: %s", db_strerror(outcome));
}
