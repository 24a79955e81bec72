/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The newest heads of each log, one file each, so that a server which shows a
 * shorter or another log later is found out. Processes of one user share the
 * files: a lock file keeps their order, a rename their wholeness.
 */
#include "internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

char *
keep_name(char name[AUCTION_LOG_NAME_BYTES], const char *origin,
          const char *ca_tag)
{
    char *out = name;

    CHECK(origin_is_valid(origin, strlen(origin)));
    CHECK(strlen(ca_tag) == 8);
    for (; *origin != '\0'; origin++) {
        unsigned char c = (unsigned char)*origin;
        if (isalnum(c) || c == '-' || (c == '.' && out > name))
            *out++ = (char)c;
        else
            out += snprintf(out, 4, "%%%02X", c);
    }
    *out++ = '-';
    memcpy(out, ca_tag, 9);
    return name;
}

bool
keep_name_is_valid(const char *name)
{
    return name[0] != '\0' && name[0] != '.' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.%-")] ==
               '\0';
}

static bool
kept_path(const struct auction_client *c, enum keep which,
          char path[FILE_PATH_BYTES])
{
    char name[AUCTION_LOG_NAME_BYTES];

    if (c->state_dir == NULL)
        return false;
    keep_name(name, c->log.name, c->ca_tag);
    return snprintf(path, FILE_PATH_BYTES, "%s/%s.%s", c->state_dir, name,
                    which == KEEP_LARGEST ? "checkpoint" : "proved") <
           FILE_PATH_BYTES;
}

enum auction_outcome
keep_read(struct auction_client *c, enum keep which, struct kept_head *kept,
          struct auction_result *result)
{
    char path[FILE_PATH_BYTES];
    FILE *file;

    kept->head = (struct checkpoint){.size = 0};
    kept->size = 0;
    if (!kept_path(c, which, path))
        return result->outcome = AUCTION_ACCEPTED;
    file = fopen(path, "re");
    if (file == NULL && errno == ENOENT)
        return result->outcome = AUCTION_ACCEPTED;
    if (file == NULL)
        return fail(result, AUCTION_LOCAL_FAILURE, "cannot read '%s': %s", path,
                    strerror(errno));
    kept->size = fread(kept->note, 1, sizeof(kept->note), file);
    fclose(file);
    if (checkpoint_verify(&kept->head, kept->note, kept->size, &c->log) ==
        ERR_OK)
        return result->outcome = AUCTION_ACCEPTED;
    kept->head = (struct checkpoint){.size = 0};
    return fail(result, AUCTION_NO_CONNECTION,
                "the head kept in '%s' is not signed by the key that the "
                "server's log has now: the file is damaged, or the log was "
                "replaced. Keep the file as evidence, and move it away only "
                "if you know why; nothing was sent",
                path);
}

/** The size of what is kept now, by this or another process. */
static uint64_t
kept_size(struct auction_client *c, enum keep which)
{
    struct auction_result ignored;
    struct kept_head kept;

    result_clear(&ignored);
    (void)keep_read(c, which, &kept, &ignored);
    return kept.head.size;
}

static int
lock(const char *path)
{
    char name[FILE_PATH_BYTES + 16];
    int fd;

    snprintf(name, sizeof(name), "%s.lock", path);
    fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    while (flock(fd, LOCK_EX) != 0)
        if (errno != EINTR) {
            close(fd);
            return -1;
        }
    return fd;
}

void
keep_write(struct auction_client *c, enum keep which,
           const struct checkpoint *head, const char *note, size_t size)
{
    char path[FILE_PATH_BYTES];
    int fd;

    if (!kept_path(c, which, path))
        return;
    (void)mkdir(c->state_dir, 0700); /* what is missing shows below */
    fd = lock(path);
    /* Losing it loses a witness, not a bid: it is told, and that is all. */
    if (fd < 0 ||
        (kept_size(c, which) < head->size && !file_replace(path, note, size)))
        snprintf(c->warning, sizeof(c->warning),
                 "the log's head cannot be kept in '%s': %s", path,
                 strerror(errno));
    if (fd >= 0)
        close(fd);
}
