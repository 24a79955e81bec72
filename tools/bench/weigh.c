/* SPDX-License-Identifier: Apache-2.0 */
#include "weigh.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** Sum of what `one` says of a process and of all below it. */
static double
sum(int pid, double (*one)(int pid))
{
    char path[64];
    double total = one(pid);
    FILE *file;
    int child;

    /* Children of the main thread: servers fork before they start others. */
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
    file = fopen(path, "re");
    if (file == NULL)
        return total;
    while (fscanf(file, "%d", &child) == 1)
        total += sum(child, one);
    fclose(file);
    return total;
}

static double
cpu_of(int pid)
{
    char path[64], line[1024], *end;
    unsigned long long user = 0, system = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fgets(line, sizeof(line), file) != NULL &&
        (end = strrchr(line, ')')) != NULL &&
        sscanf(end + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu "
               "%llu",
               &user, &system) != 2)
        user = system = 0;
    fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double
memory_of(int pid)
{
    char path[64], line[256];
    double kib = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
    file = fopen(path, "re");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "Pss: %lf", &kib) == 1)
            break;
    fclose(file);
    return kib * 1024;
}

double
weigh_cpu(int pid)
{
    return pid == 0 ? 0 : sum(pid, cpu_of);
}

double
weigh_memory(int pid)
{
    return pid == 0 ? 0 : sum(pid, memory_of);
}
