/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of the library's log, from which everything else can be rebuilt.
 * Log files are only ever appended to, so a copy taken while somebody writes
 * is a beginning of the log: recovery stops where its last record ends.
 * Tables would have to be copied page by page, and could tear.
 */
#include "store/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART_BYTES = 1 << 18 };

static enum err
copy_open(int in, int out, const char *path)
{
    char *part = malloc(PART_BYTES);
    ssize_t size = 1;

    if (part == NULL)
        return err_set(ERR_NOMEM, "no memory to copy '%s'", path);
    while (size > 0) {
        size = read(in, part, PART_BYTES);
        if (size < 0 || (size > 0 && write(out, part, (size_t)size) != size)) {
            free(part);
            return system_error("cannot copy", path);
        }
    }
    free(part);
    return ERR_OK;
}

static enum err
copy_file(const char *from, const char *to, const char *name)
{
    char source[STORE_PATH_BYTES + 256], copy[STORE_PATH_BYTES + 256];
    enum err err;
    int in, out;

    snprintf(source, sizeof(source), "%s/%s", from, name);
    snprintf(copy, sizeof(copy), "%s/%s", to, name);
    in = open(source, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return errno == ENOENT
                   ? err_set(ERR_NOT_FOUND, "there is no '%s'", source)
                   : system_error("cannot open", source);
    out = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    err = out < 0 ? system_error("cannot write", copy)
                  : copy_open(in, out, source);
    close(in);
    if (out >= 0 && close(out) != 0 && err == ERR_OK)
        err = system_error("cannot write", copy);
    return err;
}

static int
is_log(const struct dirent *entry)
{
    return strncmp(entry->d_name, "log.", 4) == 0 &&
           strspn(entry->d_name + 4, "0123456789") == strlen(entry->d_name + 4);
}

/* In their order: what is missing at the end is never in the middle. */
static enum err
copy_logs(const char *from, const char *to)
{
    struct dirent **entries;
    int count = scandir(from, &entries, is_log, alphasort);
    enum err err = ERR_OK;

    if (count < 0)
        return system_error("cannot read", from);
    for (int i = 0; i < count; i++) {
        if (err == ERR_OK)
            err = copy_file(from, to, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return err;
}

enum err
store_snapshot(const char *directory, const char *folder, size_t cache_bytes)
{
    char from[STORE_PATH_BYTES], to[STORE_PATH_BYTES];
    enum err err;

    if (snprintf(from, sizeof(from), "%s/env", directory) >=
            (int)sizeof(from) ||
        snprintf(to, sizeof(to), "%s/env", folder) >= (int)sizeof(to))
        return err_set(ERR_TOO_LARGE, "the data directory's path is too long");
    if (mkdir(to, 0700) != 0)
        return system_error("cannot make", to);
    err = copy_file(directory, folder, "format");
    if (err == ERR_OK)
        err = copy_logs(from, to);
    return err == ERR_OK ? store_recover(folder, cache_bytes) : err;
}
