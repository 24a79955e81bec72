/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/pemfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1 << 20 };

static enum err
read_open(char **text_out, size_t *size_out, int fd, const char *path)
{
    struct stat info;
    ssize_t part = 0;
    size_t size = 0;
    char *text;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) ||
        info.st_size > FILE_BYTES_MAX)
        return err_set(ERR_TOO_LARGE, "'%s' is not a file of at most 1 MiB",
                       path);
    text = malloc((size_t)info.st_size + 1);
    if (text == NULL)
        return err_set(ERR_NOMEM, "no memory to read '%s'", path);
    while (size < (size_t)info.st_size &&
           (part = read(fd, text + size, (size_t)info.st_size - size)) > 0)
        size += (size_t)part;
    if (part < 0) {
        free(text);
        return err_set(ERR_SYSTEM, "cannot read '%s': %s", path,
                       strerror(errno));
    }
    text[size] = '\0';
    *text_out = text;
    *size_out = size;
    return ERR_OK;
}

enum err
pemfile_read(char **text_out, size_t *size_out, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    enum err err;

    if (fd < 0)
        return err_set(errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM,
                       "cannot open '%s': %s", path, strerror(errno));
    err = read_open(text_out, size_out, fd, path);
    close(fd);
    return err;
}

enum err
pemfile_check_private(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return err_set(ERR_NOT_FOUND, "cannot open '%s': %s", path,
                       strerror(errno));
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return err_set(ERR_UNTRUSTED,
                       "'%s' can be read by others: chmod 600 '%s'", path,
                       path);
    return ERR_OK;
}

enum err
pemfile_read_secret(char **text_out, size_t *size_out, const char *path)
{
    enum err err = pemfile_check_private(path);

    return err == ERR_OK ? pemfile_read(text_out, size_out, path) : err;
}

static bool
write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t part = write(fd, text, size);
        if (part < 0 && errno != EINTR)
            return false;
        if (part > 0) {
            text += part;
            size -= (size_t)part;
        }
    }
    return true;
}

static bool
sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path);
    bool is_synced;
    int fd;

    if (size >= sizeof(folder))
        return false;
    memcpy(folder, path, size);
    folder[size] = '\0';
    fd = open(slash == NULL ? "."
              : size == 0   ? "/"
                            : folder,
              O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return is_synced;
}

enum err
pemfile_replace(const char *path, const char *text, size_t size, unsigned mode)
{
    char beside[PATH_MAX];
    bool is_written;
    int cause = 0;
    int fd;

    if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
        return err_set(ERR_TOO_LARGE, "path '%s' is too long", path);
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return err_set(ERR_SYSTEM, "cannot replace '%s': %s", path,
                       strerror(errno));
    is_written =
        fchmod(fd, mode) == 0 && write_all(fd, text, size) && fsync(fd) == 0;
    if (!is_written)
        cause = errno;
    if (close(fd) != 0 && is_written) {
        is_written = false;
        cause = errno;
    }
    if (is_written && (rename(beside, path) != 0 || !sync_folder_of(path))) {
        is_written = false;
        cause = errno;
    }
    if (is_written)
        return ERR_OK;
    unlink(beside);
    return err_set(ERR_SYSTEM, "cannot replace '%s': %s", path,
                   strerror(cause));
}
