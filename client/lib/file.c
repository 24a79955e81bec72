/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small files that must be whole and durable: heads, openings, evidence.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

/** The folder of a path; "." for a bare name. */
static bool
folder_of(char folder[FILE_PATH_BYTES], const char *path)
{
    const char *slash = strrchr(path, '/');

    return snprintf(folder, FILE_PATH_BYTES, "%.*s",
                    slash == NULL ? 1 : (int)(slash - path),
                    slash == NULL ? "." : path) < FILE_PATH_BYTES;
}

/** A name is durable when the folder that holds it is. */
static bool
sync_folder_of(const char *path)
{
    char folder[FILE_PATH_BYTES];
    bool is_synced;
    int fd;

    if (!folder_of(folder, path))
        return false;
    fd = open(folder[0] == '\0' ? "/" : folder,
              O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    is_synced = fsync(fd) == 0;
    return close(fd) == 0 && is_synced;
}

bool
file_replace(const char *path, const char *bytes, size_t size)
{
    char temporary[FILE_PATH_BYTES + 16];
    bool is_written;
    int fd, why;

    if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >=
        (int)sizeof(temporary)) {
        errno = ENAMETOOLONG;
        return false;
    }
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return false;
    is_written = write_all(fd, bytes, size) && fsync(fd) == 0;
    is_written = close(fd) == 0 && is_written;
    is_written = is_written && rename(temporary, path) == 0;
    if (!is_written) {
        why = errno;
        unlink(temporary);
        errno = why;
        return false;
    }
    return sync_folder_of(path);
}

bool
file_make_folders(const char *path)
{
    char folder[FILE_PATH_BYTES];

    if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder)) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (char *p = folder + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(folder, 0700) == 0) {
            if (!sync_folder_of(folder))
                return false;
        } else if (errno != EEXIST)
            return false;
        *p = '/';
    }
    return true;
}

bool
file_read(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "re");
    char block[4096];
    size_t size;
    bool is_good;

    if (file == NULL)
        return false;
    while ((size = fread(block, 1, sizeof(block), file)) > 0)
        buf_add(out, block, size);
    is_good = ferror(file) == 0;
    fclose(file);
    if (is_good && !buf_is_ok(out))
        errno = EFBIG;
    return is_good && buf_is_ok(out);
}
