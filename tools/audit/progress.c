/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Of the one terminal that a program has. */
static struct {
    struct timespec start, last;
    bool is_started, is_shown;
} shown;

static double
seconds_between(struct timespec a, struct timespec b)
{
    return (double)(b.tv_sec - a.tv_sec) +
           (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

void
progress_show(const char *what, uint64_t count, uint64_t total)
{
    struct timespec now;
    double passed;

    if (isatty(STDERR_FILENO) != 1 || clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return;
    if (!shown.is_started) {
        shown.is_started = true;
        shown.start = shown.last = now;
    }
    if (seconds_between(shown.last, now) < 0.2)
        return;
    shown.last = now;
    shown.is_shown = true;
    passed = seconds_between(shown.start, now);
    fprintf(stderr, "\r%llu records %s", (unsigned long long)count, what);
    if (total > count && count > 0)
        fprintf(stderr, " of %llu, %.0f s to go", (unsigned long long)total,
                passed * (double)(total - count) / (double)count);
    fputs("\033[K", stderr);
    fflush(stderr);
}

void
progress_clear(void)
{
    if (shown.is_shown)
        fputs("\r\033[K", stderr);
    shown.is_shown = shown.is_started = false;
}
