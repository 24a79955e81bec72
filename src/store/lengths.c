/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long each table is at least, in the file "lengths".
 *
 * Recovery does not miss pages that were cut off a table: it makes them
 * again, empty, and the rows in them are gone without a word. So each
 * checkpoint notes what it has synced, and a start refuses a shorter table.
 * What came after the checkpoint the log brings back.
 *
 * Lengths are taken before the checkpoint (what it then syncs is no less) and
 * between batches: undoing an unfinished batch may shorten a table again.
 */
#include "store/internal.h"

#include "base/text.h"
#include "store/hooks.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES_MAX = 1000, LINE_BYTES_MAX = 64 };

static enum err
table_bytes(const struct store *store, enum table table, uint64_t *out)
{
    char name[64], path[STORE_PATH_BYTES];
    struct stat info;

    snprintf(name, sizeof(name), "env/%s", table_file(table));
    if (!store_path(store, name, path))
        return ERR_TOO_LARGE;
    if (stat(path, &info) != 0)
        return system_error("cannot look at", path);
    *out = (uint64_t)info.st_size;
    return ERR_OK;
}

static enum err
take_all(const struct store *store, struct lengths *out)
{
    enum err err = ERR_OK;

    for (int t = 0; err == ERR_OK && t < TABLE_COUNT; t++)
        err = table_bytes(store, (enum table)t, &out->bytes[t]);
    return err;
}

/* An odd count is a batch under way, a changed one a batch since. */
enum err
lengths_take(struct store *store, struct lengths *out)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        unsigned long before = store->batch_steps;
        enum err err = take_all(store, out);
        if (err != ERR_OK)
            return err;
        if (before % 2 == 0 && store->batch_steps == before)
            return ERR_OK;
        sched_yield();
    }
    return ERR_BUSY;
}

enum err
lengths_keep(const struct store *store, const struct lengths *lengths)
{
    char path[STORE_PATH_BYTES], text[TABLE_COUNT * LINE_BYTES_MAX];
    size_t size = 0;

    if (!store_path(store, "lengths", path))
        return ERR_TOO_LARGE;
    for (int t = 0; t < TABLE_COUNT; t++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s %llu\n",
                                 table_file((enum table)t),
                                 (unsigned long long)lengths->bytes[t]);
    CHECK(size < sizeof(text));
    return file_write_atomic(path, text);
}

static enum err
check_line(const struct store *store, const char *line, size_t size)
{
    const char *blank = memchr(line, ' ', size);
    uint64_t least, found;
    enum err err;

    for (int t = 0; blank != NULL && t < TABLE_COUNT; t++) {
        const char *file = table_file((enum table)t);
        const char *number = blank + 1;
        if (strlen(file) != (size_t)(blank - line) ||
            memcmp(file, line, strlen(file)) != 0)
            continue;
        if (!text_u64(&least, number, size - (size_t)(number - line)))
            break;
        if ((err = table_bytes(store, (enum table)t, &found)) != ERR_OK)
            return err;
        return found >= least ? ERR_OK
                              : files_damaged(store, file, "is cut short");
    }
    return err_set(ERR_DAMAGED,
                   "'%s/lengths' cannot be read: rebuild it with "
                   "'auctiond recover'",
                   store->directory);
}

enum err
lengths_check(const struct store *store)
{
    char path[STORE_PATH_BYTES], text[STORE_SMALL_FILE_BYTES];
    const char *line = text;
    enum err err;

    if (!store_path(store, "lengths", path))
        return ERR_TOO_LARGE;
    err = file_read_small(path, text);
    if (err == ERR_NOT_FOUND) /* a store of before this file, or rebuilt */
        return ERR_OK;
    while (err == ERR_OK && *line != '\0') {
        size_t size = strcspn(line, "\n");
        err = check_line(store, line, size);
        line += size + (line[size] == '\n');
    }
    return err;
}
