/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the door bears a crowd: silent, garbage and slow-dripping connections
 * beside a good client; and a revocation with ten thousand connections open.
 * Run by `make bench-door`; figures in docs/security.md.
 */
#include "server/door.h"

#include "base/buf.h"
#include "identity/pemfile.h"
#include "server/control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    SILENT = 5000,
    GARBAGE = 1000,
    DRIPS = 500,
    GOOD = 300,
    OPEN = 10000,
    TARGET_MS = 200,
    BASE_WAIT_MS = 15000,
};

static struct door door;
static struct authority second;
static int crowd[SILENT + GARBAGE + DRIPS];
static struct pollfd guests[OPEN];
static int failures;

static double
now_ms(void)
{
    struct timespec t;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
judge(bool is_good, const char *what)
{
    printf("%s  %s\n", is_good ? "ok  " : "FAIL", what);
    failures += !is_good;
}

/** A descriptor for every connection: as many as the system lets us have. */
static void
raise_descriptors(void)
{
    struct rlimit limit;

    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(limit.rlim_cur > OPEN + 200);
}

/** A sample of GET /metrics. */
static long
metric(const char *name)
{
    struct leaf mon = door_leaf(&door, "mon");
    static struct knock knock;
    const char *at;
    char line[128];

    knock = door_knock(&door, &mon, NULL, "/metrics");
    leaf_release(&mon);
    snprintf(line, sizeof(line), "\n%s ", name);
    at = strstr(knock.body, line);
    return at == NULL ? -1 : strtol(at + strlen(line), NULL, 10);
}

static int
dial(const char *from)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)door.port)};
    struct sockaddr_in source = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;

    CHECK(fd >= 0 && inet_pton(AF_INET, "127.0.0.1", &to.sin_addr) == 1 &&
          inet_pton(AF_INET, from, &source.sin_addr) == 1);
    CHECK(bind(fd, (struct sockaddr *)&source, sizeof(source)) == 0);
    CHECK(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
    CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
    return fd;
}

/* ------------------------------------------------------------------- crowd */

static void
gather_crowd(void)
{
    static const char noise[] = "GET / HTTP/1.1\r\n\r\n\x01\x02\x03\xff\xfe";
    char from[32];

    for (int i = 0; i < SILENT + GARBAGE + DRIPS; i++) {
        snprintf(from, sizeof(from), "127.0.1.%d", i % 250 + 1);
        crowd[i] = dial(from);
        if (i >= SILENT && i < SILENT + GARBAGE)
            (void)!send(crowd[i], noise, sizeof(noise), MSG_NOSIGNAL);
    }
}

/** One byte more of a hello that never ends, on each. */
static void
drip(int turn)
{
    static const char hello[] = "\x16\x03\x01\x3f\xff\x01\x00\x3f\xfb\x03\x03";

    for (int i = SILENT + GARBAGE; i < SILENT + GARBAGE + DRIPS; i++)
        (void)!send(crowd[i], hello + turn % 10, 1, MSG_NOSIGNAL);
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/** Connect, handshake, ask, answer: the 99th percentile of it all. */
static double
good_p99(bool with_drips, double *median_out)
{
    static double took[GOOD];

    for (int i = 0; i < GOOD; i++) {
        double began = now_ms();
        struct knock knock = door_knock(&door, &door.ann, NULL, "/v1/me");

        took[i] = now_ms() - began;
        if (knock.status != 200)
            took[i] = 1e6;
        if (with_drips && i % 10 == 0)
            drip(i / 10);
    }
    qsort(took, GOOD, sizeof(took[0]), compare);
    *median_out = took[GOOD / 2];
    return took[GOOD * 99 / 100];
}

static void
bear_a_crowd(void)
{
    double median, p99;
    double began;
    int i;

    p99 = good_p99(false, &median);
    printf("      a good client alone: median %.1f ms, p99 %.1f ms\n", median,
           p99);
    began = now_ms();
    gather_crowd();
    printf("      %d silent, %d garbage, %d dripping connections in %.0f ms\n",
           SILENT, GARBAGE, DRIPS, now_ms() - began);
    p99 = good_p99(true, &median);
    printf("      a good client beside them: median %.1f ms, p99 %.1f ms\n",
           median, p99);
    judge(p99 < TARGET_MS, "p99 below 200 ms");
    began = now_ms();
    while (metric("auctiond_connections{proto=\"handshake\"}") != 0 &&
           now_ms() - began < BASE_WAIT_MS)
        poll(NULL, 0, 50);
    judge(metric("auctiond_connections{proto=\"handshake\"}") == 0 &&
              metric("auctiond_connections{proto=\"http/1.1\"}") == 1,
          "all of the crowd is gone while it still holds its ends");
    judge(metric("auctiond_timeouts_total{deadline=\"handshake\"}") >= SILENT,
          "the silent are counted");
    for (i = 0; i < SILENT + GARBAGE + DRIPS; i++)
        close(crowd[i]);
}

/* -------------------------------------------------------------- revocation */

/** TLS up to an answer; then only the socket is kept. */
static int
enter(SSL_CTX *context)
{
    static const char ask[] =
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int fd = dial("127.0.0.1");
    SSL *ssl = SSL_new(context);
    char scrap[1024];

    CHECK(ssl != NULL && SSL_set_fd(ssl, fd) == 1);
    CHECK(SSL_connect(ssl) == 1);
    CHECK(SSL_write(ssl, ask, sizeof(ask) - 1) == (int)sizeof(ask) - 1);
    CHECK(SSL_read(ssl, scrap, sizeof(scrap)) > 0);
    SSL_set_quiet_shutdown(ssl, 1);
    SSL_set_fd(ssl, -1);
    SSL_free(ssl);
    return fd;
}

static SSL_CTX *
context_of(const char *name)
{
    struct leaf leaf = door_leaf(&door, name);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    CHECK(context != NULL && SSL_CTX_use_certificate(context, leaf.cert) == 1 &&
          SSL_CTX_use_PrivateKey(context, leaf.key) == 1);
    leaf_release(&leaf);
    return context;
}

/** Read what there is; true at the end of the connection. */
static bool
has_ended(int fd)
{
    char scrap[4096];
    ssize_t size;

    while ((size = recv(fd, scrap, sizeof(scrap), MSG_DONTWAIT)) > 0)
        continue;
    return size == 0 || (errno != EAGAIN && errno != EINTR);
}

static int
count_ended(int first, int step)
{
    int count = 0;

    for (int i = first; i < OPEN; i += step)
        count += has_ended(guests[i].fd);
    return count;
}

static void
revoke_bob(struct buf *answer)
{
    char command[4 * FILE_PATH_BYTES], path[2 * FILE_PATH_BYTES];
    char *list;
    size_t size;

    snprintf(command, sizeof(command),
             "tools/auction-ca --dir %s/ca revoke bob >/dev/null", door.lab);
    CHECK(system(command) == 0);
    snprintf(path, sizeof(path), "%s/ca/crl.pem", door.lab);
    CHECK(pemfile_read(&list, &size, path) == ERR_OK);
    snprintf(path, sizeof(path), "%s/data", door.lab);
    buf_init(answer, 65536);
    CHECK(control_ask(path, "reload", list, answer) == ERR_OK);
    free(list);
}

static void
revoke_in_a_crowd(void)
{
    SSL_CTX *ann = context_of("ann"), *bob = context_of("bob");
    double began = now_ms(), took;
    struct buf answer;
    int ended;

    for (int i = 0; i < OPEN; i++)
        guests[i].fd = enter(i % 2 == 0 ? ann : bob);
    printf("      %d connections opened in %.1f s\n", OPEN,
           (now_ms() - began) / 1e3);
    revoke_bob(&answer);
    began = now_ms(); /* the answer is there: the reload has happened */
    printf("      %.*s\n", (int)strcspn(answer.bytes, "\n"), answer.bytes);
    while ((ended = count_ended(1, 2)) < OPEN / 2 && now_ms() - began < 5000)
        poll(NULL, 0, 1);
    took = now_ms() - began;
    printf("      %d of %d closed %.0f ms after the reload\n", ended, OPEN / 2,
           took);
    judge(ended == OPEN / 2 && took < 1000, "all revoked ones within 1 s");
    judge(count_ended(0, 2) == 0, "and nobody else");
    for (int i = 0; i < OPEN; i++)
        close(guests[i].fd);
    buf_release(&answer);
    SSL_CTX_free(ann);
    SSL_CTX_free(bob);
}

int
main(void)
{
    static const char *const settings[] = {
        "limits.handshakes=20000",
        "limits.handshakes_per_second=100000",
        "limits.handshake_burst=100000",
        "limits.per_address=20000",
        "limits.handshakes_per_address=20000",
        NULL};
    static const char *const more[] = {"limits.per_account=20000",
                                       "limits.per_address=20000",
                                       "limits.handshakes_per_second=100000",
                                       "limits.handshake_burst=100000", NULL};

    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    raise_descriptors();
    authority_create(&second, "Second CA");
    door_open(&door, &second, settings);
    bear_a_crowd();
    judge(door_close(&door), "the server stops in order");
    door_open(&door, &second, more);
    revoke_in_a_crowd();
    judge(door_close(&door), "the server stops in order");
    authority_destroy(&second);
    return failures == 0 ? 0 : 1;
}
