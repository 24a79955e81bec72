/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bids a second, closed loop: each connection sends its next bid when the
 * last is answered. Only accepted bids count, and only those whose answer came
 * (so they are durable). Amounts rise over the whole run, so nearly all are
 * acceptable; where two cross on their way the lower is refused and counted
 * apart.
 *
 * Unsigned bids go over a bare TLS connection, so that the generator takes
 * little of the machine; signed ones through libauction, which signs and
 * verifies each receipt.
 */
#include "bench.h"

#include "base/check.h"
#include "base/instant.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 16, REPLY_BYTES = 65536, SAMPLES_MAX = 1 << 18 };

struct loading {
    const struct bench_options *options;
    unsigned port;
    uint64_t first_auction;
    SSL_CTX *contexts[CLIENTS];
    atomic_llong amount;
    atomic_bool is_over;
    atomic_int ready;
    atomic_llong accepted, refused, failed;
    pthread_mutex_t lock; /* guards the samples */
    float *samples;       /* ms */
    size_t sample_count;
};

struct loader {
    struct loading *all;
    int number;
    pthread_t thread;
    uint64_t random;
};

static uint64_t
next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    return z ^ (z >> 27);
}

static void
take_sample(struct loading *l, double ms)
{
    pthread_mutex_lock(&l->lock);
    if (l->sample_count < SAMPLES_MAX)
        l->samples[l->sample_count++] = (float)ms;
    pthread_mutex_unlock(&l->lock);
}

/* ----------------------------------------------------------- bare connection
 */

static SSL_CTX *
make_context(const struct bench_options *o, int number)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    char cert[4096], key[4096], ca[4096];

    snprintf(cert, sizeof(cert), "%s/clients/b%02d/b%02d.pem", o->lab,
             number + 1, number + 1);
    snprintf(key, sizeof(key), "%s/clients/b%02d/b%02d.key", o->lab, number + 1,
             number + 1);
    snprintf(ca, sizeof(ca), "%s/ca/ca.pem", o->lab);
    if (context == NULL ||
        SSL_CTX_use_certificate_file(context, cert, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_load_verify_locations(context, ca, NULL) != 1) {
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return context;
}

static SSL *
connect_bare(const struct loader *w)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)w->all->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    SSL *ssl = SSL_new(w->all->contexts[w->number % CLIENTS]);

    if (fd < 0 || ssl == NULL ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        if (fd >= 0)
            close(fd);
        SSL_free(ssl);
        return NULL;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    SSL_set_fd(ssl, fd);
    SSL_set_tlsext_host_name(ssl, "localhost");
    if (SSL_connect(ssl) == 1)
        return ssl;
    SSL_free(ssl);
    close(fd);
    return NULL;
}

/** Read one answer; its status, or 0. */
static int
read_answer(SSL *ssl, char *bytes)
{
    int used = 0, size;
    char *end = NULL;
    long length = 0;

    while (end == NULL || used < (end - bytes) + 4 + length) {
        if (used == REPLY_BYTES - 1 ||
            (size = SSL_read(ssl, bytes + used, REPLY_BYTES - 1 - used)) <= 0)
            return 0;
        used += size;
        bytes[used] = '\0';
        if (end == NULL && (end = strstr(bytes, "\r\n\r\n")) != NULL) {
            const char *field = strcasestr(bytes, "content-length:");
            length = field == NULL ? 0 : strtol(field + 15, NULL, 10);
        }
    }
    return atoi(bytes + 9);
}

static int
bid_bare(struct loader *w, SSL *ssl, char *bytes)
{
    struct loading *l = w->all;
    uint64_t spread = (uint64_t)l->options->auctions;
    char body[64], request[512];
    int body_size =
        snprintf(body, sizeof(body), "{\"max\":%lld}", (long long)l->amount++);
    int size = snprintf(
        request, sizeof(request),
        "POST /v1/auctions/%llu/bid HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
        (unsigned long long)(l->first_auction +
                             next_random(&w->random) % spread),
        body_size, body);

    return SSL_write(ssl, request, size) == size ? read_answer(ssl, bytes) : 0;
}

static void
load_bare(struct loader *w)
{
    struct loading *l = w->all;
    SSL *ssl = connect_bare(w);
    char *bytes = malloc(REPLY_BYTES);

    CHECK(bytes != NULL);
    l->ready++;
    while (ssl != NULL && !l->is_over) {
        double start = bench_now();
        int status = bid_bare(w, ssl, bytes);
        if (status == 201) {
            l->accepted++;
            take_sample(l, (bench_now() - start) * 1000);
        } else if (status == 409) {
            l->refused++;
        } else {
            l->failed++;
            break;
        }
    }
    if (ssl == NULL)
        l->failed++;
    else {
        SSL_shutdown(ssl);
        close(SSL_get_fd(ssl));
    }
    SSL_free(ssl);
    free(bytes);
}

/* -------------------------------------------------------------- libauction */

static void
load_signed(struct loader *w)
{
    struct loading *l = w->all;
    uint64_t spread = (uint64_t)l->options->auctions;
    char name[8];
    struct auction_client *client;

    snprintf(name, sizeof(name), "b%02d", w->number % CLIENTS + 1);
    client = bench_client(l->options, name);
    l->ready++;
    while (client != NULL && !l->is_over) {
        double start = bench_now();
        struct auction_result result;
        auction_bid(client, l->first_auction + next_random(&w->random) % spread,
                    l->amount++, NULL, true, &result);
        if (result.outcome == AUCTION_ACCEPTED) {
            l->accepted++;
            take_sample(l, (bench_now() - start) * 1000);
        } else if (result.outcome == AUCTION_REFUSED) {
            l->refused++;
        } else {
            l->failed++;
        }
        auction_result_release(&result);
    }
    auction_close(&client);
}

static void *
load_main(void *argument)
{
    struct loader *w = argument;

    if (w->all->options->is_signed)
        load_signed(w);
    else
        load_bare(w);
    return NULL;
}

/* ------------------------------------------------------------------- set-up */

static bool
make_auctions(struct loading *l)
{
    struct auction_client *seller = bench_client(l->options, "house");
    char end[INSTANT_TEXT_BYTES], draft[256];

    instant_format(
        end, instant_of((int64_t)(bench_now() * 1000) + INT64_C(864000000)));
    snprintf(draft, sizeof(draft),
             "{\"title\":\"bench\",\"currency\":\"EUR\",\"start_price\":1,"
             "\"increments\":[{\"from\":0,\"step\":1}],\"ends_at\":\"%s\","
             "\"publish\":true}",
             end);
    for (int i = 0; i < l->options->auctions; i++) {
        struct auction_result result;
        bool is_made = seller != NULL &&
                       auction_create(seller, draft, NULL, false, &result) ==
                           AUCTION_ACCEPTED;
        if (!is_made) {
            fprintf(stderr, "auction-bench: no auction: %s\n",
                    seller == NULL ? "no client" : result.message);
            auction_close(&seller);
            return false;
        }
        if (i == 0)
            l->first_auction = result.auction;
        auction_result_release(&result);
    }
    auction_close(&seller);
    return true;
}

static int
compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return x < y ? -1 : x > y;
}

static void
report(struct loading *l, double seconds)
{
    size_t n = l->sample_count;

    qsort(l->samples, n, sizeof(float), compare);
    printf("{\"work\":\"%s bids\",\"auctions\":%d,\"connections\":%d,"
           "\"seconds\":%.2f,\"bids_per_second\":%.0f,\"refused\":%lld,"
           "\"failed\":%lld,\"p50_ms\":%.2f,\"p99_ms\":%.2f}\n",
           l->options->is_signed ? "signed" : "unsigned", l->options->auctions,
           l->options->connections, seconds, (double)l->accepted / seconds,
           (long long)l->refused, (long long)l->failed,
           n == 0 ? 0 : (double)l->samples[n / 2],
           n == 0 ? 0 : (double)l->samples[n * 99 / 100]);
    fflush(stdout);
}

static void
run(struct loading *l)
{
    int count = l->options->connections;
    struct loader *loaders = calloc((size_t)count, sizeof(*loaders));
    const struct timespec pause = {0, 10000000L};
    long long before;
    double start;

    CHECK(loaders != NULL);
    for (int i = 0; i < count; i++) {
        loaders[i] =
            (struct loader){.all = l, .number = i, .random = (uint64_t)i + 1};
        CHECK(pthread_create(&loaders[i].thread, NULL, load_main,
                             &loaders[i]) == 0);
    }
    while (l->ready < count)
        nanosleep(&pause, NULL);
    before = l->accepted;
    start = bench_now();
    while (bench_now() < start + l->options->seconds)
        nanosleep(&pause, NULL);
    double seconds = bench_now() - start;
    long long counted = l->accepted - before;
    l->is_over = true;
    for (int i = 0; i < count; i++)
        pthread_join(loaders[i].thread, NULL);
    l->accepted = counted;
    report(l, seconds);
    free(loaders);
}

int
load(const struct bench_options *options)
{
    struct loading l = {.options = options};
    const char *colon = strrchr(options->server, ':');
    int code;

    l.port = colon == NULL ? 8443 : (unsigned)strtoul(colon + 1, NULL, 10);
    l.amount = 1000;
    l.samples = malloc(SAMPLES_MAX * sizeof(float));
    CHECK(l.samples != NULL && pthread_mutex_init(&l.lock, NULL) == 0);
    for (int i = 0; i < CLIENTS && !options->is_signed; i++)
        if ((l.contexts[i] = make_context(options, i)) == NULL) {
            fprintf(stderr,
                    "auction-bench: no certificate of b%02d in the "
                    "lab\n",
                    i + 1);
            return 1;
        }
    code = make_auctions(&l) ? 0 : 1;
    if (code == 0)
        run(&l);
    for (int i = 0; i < CLIENTS; i++)
        SSL_CTX_free(l.contexts[i]);
    free(l.samples);
    return code == 0 && l.failed > 0 ? 1 : code;
}
