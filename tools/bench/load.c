/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A measurement under load: connect, warm up, measure, print one line. Only
 * what was answered within the measured time counts.
 */
#include "load.h"

#include "weigh.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { OPEN_SECONDS_MAX = 120 };

static const char *const work_names[] = {"bid", "read", "fixed", "handshake",
                                         "idle"};

/** The generator's own processor time. */
static double
own_cpu(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
pause_ns(int64_t ns)
{
    struct timespec pause = {ns / 1000000000, ns % 1000000000};

    nanosleep(&pause, NULL);
}

static bool
load_clients(struct loading *l)
{
    const struct bench_options *o = l->options;

    for (int i = 0; i < CLIENTS; i++) {
        char name[8];
        snprintf(name, sizeof(name), "b%02d", i + 1);
        if ((l->contexts[i] = wire_context(o->lab, name)) == NULL)
            return false;
        if (o->is_signed &&
            (l->signers[i] = signer_open(o->lab, name, o->port)) == NULL)
            return false;
    }
    if (o->is_signed)
        l->terms = signer_terms(o->lab, o->port, o->first, o->auctions);
    return !o->is_signed || l->terms != NULL;
}

/** Ten thousand connections need as many descriptors. */
static void
allow_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool
wait_until_open(struct loading *l)
{
    int64_t until = bench_ns() + OPEN_SECONDS_MAX * INT64_C(1000000000);

    while (l->opened < l->options->connections && bench_ns() < until)
        pause_ns(2000000);
    if (l->opened == l->options->connections)
        return true;
    fprintf(stderr, "auction-bench: only %d of %d connections opened\n",
            l->opened, l->options->connections);
    return false;
}

/* ------------------------------------------------------------------ result */

static void
print_row(const struct loading *l, const struct counts *c, double server_cpu,
          double load_cpu)
{
    const struct bench_options *o = l->options;
    double unit = o->unit, s = o->seconds;
    double done = (double)(c->accepted + c->refused) * unit;

    printf(
        "{\"name\":\"%s\",\"work\":\"%s%s%s\",\"connections\":%d,"
        "\"depth\":%d,\"per_second\":%.1f,\"accepted_per_second\":%.1f,"
        "\"accepted\":%llu,\"refused\":%llu,\"failed\":%llu,"
        "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f,"
        "\"server_us\":%.2f,\"server_cores\":%.2f,\"load_cores\":%.2f}\n",
        o->name, o->is_signed ? "signed " : "", work_names[o->work],
        o->rate > 0           ? " paced"
        : o->work > WORK_READ ? ""
        : o->auctions == 1    ? " hot"
                              : " spread",
        o->connections, o->depth * o->unit, done / s,
        (double)c->accepted * unit / s, (unsigned long long)c->accepted_always,
        (unsigned long long)c->refused, (unsigned long long)c->failed,
        latency_quantile_ms(&c->latency, 0.5),
        latency_quantile_ms(&c->latency, 0.99),
        latency_quantile_ms(&c->latency, 0.999),
        (double)c->latency.max_ns / 1e6, done > 0 ? server_cpu * 1e6 / done : 0,
        server_cpu / s, load_cpu / s);
    fflush(stdout);
}

static void
print_idle(const struct loading *l, double bytes)
{
    const struct bench_options *o = l->options;

    printf("{\"name\":\"%s\",\"work\":\"idle\",\"connections\":%d,"
           "\"kib_per_connection\":%.2f}\n",
           o->name, o->connections, bytes / 1024 / o->connections);
    fflush(stdout);
}

/* --------------------------------------------------------------- measuring */

static void
measure(struct loading *l, double *server_cpu, double *load_cpu)
{
    const struct bench_options *o = l->options;
    int64_t now = bench_ns();

    l->measure_from = now + (int64_t)(o->warmup * 1e9);
    l->measure_until = l->measure_from + (int64_t)(o->seconds * 1e9);
    l->is_running = true;
    pause_ns(l->measure_from - bench_ns());
    *server_cpu = weigh_cpu(o->pid);
    *load_cpu = own_cpu();
    pause_ns(l->measure_until - bench_ns());
    *server_cpu = weigh_cpu(o->pid) - *server_cpu;
    *load_cpu = own_cpu() - *load_cpu;
}

static void
start_drivers(struct loading *l, struct driver *drivers)
{
    const struct bench_options *o = l->options;

    for (int i = 0; i < o->threads; i++) {
        drivers[i].all = l;
        drivers[i].number = i;
        drivers[i].connections =
            o->connections / o->threads + (i < o->connections % o->threads);
        CHECK(pthread_create(&drivers[i].thread, NULL, driver_main,
                             &drivers[i]) == 0);
    }
}

static void
join_drivers(struct loading *l, struct driver *drivers, struct counts *sum)
{
    l->is_over = true;
    for (int i = 0; i < l->options->threads; i++) {
        const struct counts *c = &drivers[i].counts;
        pthread_join(drivers[i].thread, NULL);
        sum->accepted += c->accepted;
        sum->refused += c->refused;
        sum->failed += c->failed;
        sum->accepted_always += c->accepted_always;
        latency_merge(&sum->latency, &c->latency);
    }
}

static int
run(struct loading *l)
{
    const struct bench_options *o = l->options;
    struct driver *drivers = calloc((size_t)o->threads, sizeof(*drivers));
    struct counts *sum = calloc(1, sizeof(*sum));
    double before = weigh_memory(o->pid), server_cpu = 0, load_cpu = 0;
    bool is_good;

    CHECK(drivers != NULL && sum != NULL);
    start_drivers(l, drivers);
    is_good = wait_until_open(l);
    if (is_good && o->work == WORK_IDLE) {
        pause_ns((int64_t)(o->seconds * 1e9)); /* what is freed is freed */
        print_idle(l, weigh_memory(o->pid) - before);
    } else if (is_good) {
        measure(l, &server_cpu, &load_cpu);
    }
    join_drivers(l, drivers, sum);
    if (is_good && o->work != WORK_IDLE)
        print_row(l, sum, server_cpu, load_cpu);
    is_good = is_good && sum->failed == 0;
    free(drivers);
    free(sum);
    return is_good ? 0 : 1;
}

int
load(const struct bench_options *options)
{
    bool is_fixed = strcmp(options->protocol, "fixed") == 0;
    struct loading l = {
        .options = options,
        .protocol = protocol_named(is_fixed ? "http" : options->protocol),
        /* Microseconds since 2023: above all of an earlier run. */
        .amount = (long long)((bench_now() - 1.7e9) * 1e6),
    };
    int code = 1;

    if (l.protocol == NULL) {
        fprintf(stderr, "auction-bench: unknown protocol '%s'\n",
                options->protocol);
        return 2;
    }
    allow_descriptors();
    if (load_clients(&l))
        code = run(&l);
    for (int i = 0; i < CLIENTS; i++) {
        SSL_CTX_free(l.contexts[i]);
        signer_close(&l.signers[i]);
    }
    free(l.terms);
    return code;
}
