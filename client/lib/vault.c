/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of openings: STATE/openings/LOG/AUCTION-C.opening.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPENING_FILE_BYTES_MAX = 8192, C_DIGITS_IN_NAME = 16 };

static const char suffix[] = ".opening";

static bool
opening_path(char path[FILE_PATH_BYTES], const char *state_dir,
             const struct auction_opening *o)
{
    return snprintf(path, FILE_PATH_BYTES, "%s/openings/%s/%llu-%.*s%s",
                    state_dir, o->log, (unsigned long long)o->auction,
                    C_DIGITS_IN_NAME, o->c, suffix) < FILE_PATH_BYTES;
}

enum auction_outcome
auction_opening_save(const char *state_dir, const struct auction_opening *o,
                     struct auction_result *result)
{
    json_t *object = opening_to_json(o);
    char *text = object == NULL ? NULL : json_dumps(object, JSON_INDENT(1));
    char path[FILE_PATH_BYTES];
    bool is_good;

    result_clear(result);
    json_decref(object);
    if (text == NULL)
        return fail(result, AUCTION_LOCAL_FAILURE,
                    "the opening cannot be stored: a text is not UTF-8, or "
                    "out of memory");
    errno = ENAMETOOLONG;
    is_good = opening_path(path, state_dir, o) && file_make_folders(path) &&
              file_replace(path, text, strlen(text));
    OPENSSL_cleanse(text, strlen(text));
    free(text);
    if (is_good)
        return result->outcome = AUCTION_ACCEPTED;
    return fail(result, AUCTION_LOCAL_FAILURE,
                "the opening cannot be stored in '%s/openings': %s", state_dir,
                strerror(errno));
}

void
auction_opening_remove(const char *state_dir, const struct auction_opening *o)
{
    char path[FILE_PATH_BYTES];

    if (opening_path(path, state_dir, o))
        (void)unlink(path); /* it is of no use, and does no harm */
}

/* ------------------------------------------------------------------ reading */

bool
openings_add(struct auction_openings *list, const struct auction_opening *o)
{
    enum { STEP = 16 };
    struct auction_opening *more;

    if (list->count == AUCTION_OPENINGS_MAX)
        return false;
    if (list->count % STEP == 0) {
        more = realloc(list->items, (list->count + STEP) * sizeof(*more));
        if (more == NULL)
            return false;
        list->items = more;
    }
    list->items[list->count++] = *o;
    return true;
}

static bool
read_opening(const char *path, struct auction_opening *out)
{
    struct buf text;
    json_t *object = NULL;
    bool is_good;

    buf_init(&text, OPENING_FILE_BYTES_MAX);
    if (file_read(path, &text) && text.size > 0)
        object =
            json_loadb(text.bytes, text.size, JSON_REJECT_DUPLICATES, NULL);
    is_good = object != NULL && opening_from_json(out, object);
    json_decref(object);
    if (text.bytes != NULL)
        OPENSSL_cleanse(text.bytes, text.size);
    buf_release(&text);
    return is_good;
}

static bool
is_opening_name(const char *name)
{
    size_t size = strlen(name), tail = sizeof(suffix) - 1;

    return size > tail && strcmp(name + size - tail, suffix) == 0;
}

/** One log's folder; false without memory. */
static bool
read_log(const char *folder, struct auction_openings *list)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    bool is_good = true;

    while (dir != NULL && is_good && (entry = readdir(dir)) != NULL) {
        struct auction_opening opening;
        char path[FILE_PATH_BYTES];

        if (!is_opening_name(entry->d_name) ||
            snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >=
                (int)sizeof(path))
            continue;
        if (read_opening(path, &opening))
            is_good = openings_add(list, &opening);
        else if (list->damaged++ == 0)
            snprintf(list->damaged_path, sizeof(list->damaged_path), "%s",
                     path);
        OPENSSL_cleanse(&opening, sizeof(opening));
    }
    if (dir != NULL)
        closedir(dir);
    return is_good;
}

static int
compare(const void *left, const void *right)
{
    const struct auction_opening *a = left, *b = right;
    int by_log = strcmp(a->log, b->log);

    if (by_log != 0)
        return by_log;
    if (a->auction != b->auction)
        return a->auction < b->auction ? -1 : 1;
    /* What is not known to have a place comes last. */
    if (a->seq != b->seq)
        return a->seq - 1 < b->seq - 1 ? -1 : 1;
    return strcmp(a->c, b->c);
}

enum auction_outcome
auction_openings_load(const char *state_dir, struct auction_openings *out,
                      struct auction_result *result)
{
    char root[FILE_PATH_BYTES], folder[FILE_PATH_BYTES + 256];
    struct dirent *entry;
    bool is_good = true;
    DIR *dir;

    result_clear(result);
    *out = (struct auction_openings){.items = NULL};
    if (snprintf(root, sizeof(root), "%s/openings", state_dir) >=
        (int)sizeof(root))
        return fail(result, AUCTION_LOCAL_FAILURE, "'%s' is too long",
                    state_dir);
    dir = opendir(root);
    if (dir == NULL && errno != ENOENT)
        return fail(result, AUCTION_LOCAL_FAILURE, "cannot read '%s': %s", root,
                    strerror(errno));
    while (dir != NULL && is_good && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(folder, sizeof(folder), "%s/%s", root, entry->d_name);
        is_good = read_log(folder, out);
    }
    if (dir != NULL)
        closedir(dir);
    if (!is_good) {
        auction_openings_release(out);
        return fail(result, AUCTION_LOCAL_FAILURE,
                    "too many openings, or out of memory");
    }
    if (out->count > 0)
        qsort(out->items, out->count, sizeof(*out->items), compare);
    return result->outcome = AUCTION_ACCEPTED;
}

void
auction_openings_release(struct auction_openings *openings)
{
    if (openings->items != NULL)
        OPENSSL_cleanse(openings->items,
                        openings->count * sizeof(*openings->items));
    free(openings->items);
    *openings = (struct auction_openings){.items = NULL};
}

/* ------------------------------------------------------------------ merging */

static const struct auction_opening *
find(const struct auction_openings *list, const struct auction_opening *o)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].log, o->log) == 0 &&
            list->items[i].auction == o->auction &&
            strcmp(list->items[i].c, o->c) == 0)
            return &list->items[i];
    return NULL;
}

enum auction_outcome
auction_openings_merge(const char *state_dir,
                       const struct auction_openings *from, size_t *added_out,
                       struct auction_result *result)
{
    struct auction_openings here;

    *added_out = 0;
    if (auction_openings_load(state_dir, &here, result) != AUCTION_ACCEPTED)
        return result->outcome;
    for (size_t i = 0; i < from->count; i++) {
        const struct auction_opening *old = find(&here, &from->items[i]);

        if (old != NULL && old->state >= from->items[i].state)
            continue;
        if (auction_opening_save(state_dir, &from->items[i], result) !=
            AUCTION_ACCEPTED)
            break;
        (*added_out)++;
    }
    auction_openings_release(&here);
    return result->outcome;
}
