/* SPDX-License-Identifier: Apache-2.0 */
#include "limits.h"

#include "base/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { BLOCK_BYTES = 4096, PATH_BYTES = 4096 };

void
limits_print(const char *work, int batch, double per_second)
{
    printf("{\"name\":\"limits\",\"work\":\"%s\",\"connections\":%d,"
           "\"depth\":1,\"per_second\":%.1f}\n",
           work, batch, per_second);
    fflush(stdout);
}

/** Appends and syncs a second, a block each. */
static double
disk_sync(const struct bench_options *o)
{
    char path[PATH_BYTES], block[BLOCK_BYTES] = {1};
    double start, rate;
    long count = 0;
    int fd;

    snprintf(path, sizeof(path), "%s/sync.tmp", o->lab);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return 0;
    start = bench_now();
    while (bench_now() < start + o->seconds) {
        if (write(fd, block, sizeof(block)) != sizeof(block) ||
            fdatasync(fd) != 0)
            break;
        count++;
    }
    rate = (double)count / (bench_now() - start);
    close(fd);
    unlink(path);
    return rate;
}

int
limits(const struct bench_options *options)
{
    double syncs = disk_sync(options);

    limits_print("fdatasync", 1, syncs);
    return syncs > 0 && limits_crypto(options) && limits_store(options) ? 0 : 1;
}
