/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err
cannot(const char *what, const char *path)
{
    return err_set(ERR_SYSTEM, "cannot %s '%s': %s", what, path,
                   strerror(errno));
}

enum err
file_read(char **text_out, size_t *size_out, const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0, capacity = 0, part = 1;

    if (file == NULL)
        return err_set(errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND
                                                           : ERR_SYSTEM,
                       "cannot read '%s': %s", path, strerror(errno));
    while (part > 0) {
        if (size + 16384 > capacity) {
            capacity = capacity == 0 ? 32768 : capacity * 2;
            char *more =
                capacity > 2 * FILE_BYTES_MAX ? NULL : realloc(text, capacity);
            if (more == NULL) {
                free(text);
                fclose(file);
                return err_set(ERR_TOO_LARGE, "'%s' is too large", path);
            }
            text = more;
        }
        part = fread(text + size, 1, capacity - size - 1, file);
        size += part;
    }
    if (ferror(file) != 0) {
        (void)cannot("read", path);
        free(text);
        fclose(file);
        return ERR_SYSTEM;
    }
    fclose(file);
    text[size] = '\0';
    *text_out = text;
    *size_out = size;
    return ERR_OK;
}

enum err
file_read_into(const char *path, struct buf *out)
{
    char *text;
    size_t size;
    enum err err = file_read(&text, &size, path);

    if (err != ERR_OK)
        return err;
    buf_add(out, text, size);
    free(text);
    return buf_is_ok(out) ? ERR_OK
                          : err_set(ERR_TOO_LARGE, "'%s' is too large", path);
}

enum err
file_make_folders(const char *path)
{
    char part[FILE_PATH_BYTES];

    if (strlen(path) >= sizeof(part))
        return err_set(ERR_SYSTEM, "'%s' is too long", path);
    strcpy(part, path);
    for (char *p = part + 1; *p != '\0'; p++)
        if (*p == '/') {
            *p = '\0';
            if (mkdir(part, 0755) != 0 && errno != EEXIST)
                return cannot("make", part);
            *p = '/';
        }
    return ERR_OK;
}

enum err
file_write(const char *path, const void *bytes, size_t size)
{
    enum err err = file_make_folders(path);
    FILE *file;
    bool is_written;

    if (err != ERR_OK)
        return err;
    file = fopen(path, "we");
    if (file == NULL)
        return cannot("write", path);
    is_written = fwrite(bytes, 1, size, file) == size;
    if (fclose(file) != 0 || !is_written)
        return cannot("write", path);
    return ERR_OK;
}

enum err
file_replace(const char *path, const void *bytes, size_t size)
{
    char temporary[FILE_PATH_BYTES];
    bool is_written;
    int fd;

    if (snprintf(temporary, sizeof(temporary), "%s.new", path) >=
        (int)sizeof(temporary))
        return err_set(ERR_SYSTEM, "'%s' is too long", path);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return cannot("write", temporary);
    is_written = write(fd, bytes, size) == (ssize_t)size && fsync(fd) == 0;
    if (close(fd) != 0 || !is_written || rename(temporary, path) != 0)
        return cannot("write", path);
    return ERR_OK;
}
