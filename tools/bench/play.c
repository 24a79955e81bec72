/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real auctions, played again. The file has one bid a line, in order within
 * each auction. The old times are not played: the server's clock decides, so
 * the bids of an auction are sent one after another as fast as each is
 * answered, and several auctions run at once. An auction's price depends on
 * the order of its bids alone, so it must come out as the rules say.
 *
 * Bidders are b01, b02, ... in each auction of the file; each of these has a
 * certificate of its own here.
 */
#include "bench.h"

#include "base/check.h"
#include "base/instant.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BIDDERS_MAX = 99, LINE_BYTES_MAX = 512, THREADS_MAX = 16 };

struct bid {
    int bidder; /* from 1 */
    int64_t max;
};

/** One auction of the file, and what became of it here. */
struct played {
    int number;
    char item[128];
    int64_t start, paid, by_rules;
    struct bid *bids;
    size_t bid_count;
    uint64_t id; /* here; 0: could not be created */
    int64_t price;
    bool is_closed;
};

struct playing {
    const struct bench_options *options;
    struct played *auctions;
    size_t count;
    int bidders; /* highest number */
    atomic_size_t next;
    atomic_size_t done, accepted, refused, failed;
    char ends_at[INSTANT_TEXT_BYTES];
};

/* -------------------------------------------------------------------- file */

static struct played *
auction_of(struct playing *p, int number, size_t *capacity)
{
    struct played *last = p->count == 0 ? NULL : &p->auctions[p->count - 1];

    if (last != NULL && last->number == number)
        return last;
    if (p->count == *capacity) {
        *capacity = *capacity == 0 ? 256 : *capacity * 2;
        p->auctions = realloc(p->auctions, *capacity * sizeof(*p->auctions));
        CHECK(p->auctions != NULL);
    }
    last = &p->auctions[p->count++];
    *last = (struct played){.number = number};
    return last;
}

static void
add_bid(struct played *a, int bidder, int64_t max)
{
    if ((a->bid_count & (a->bid_count - 1)) == 0) {
        size_t capacity = a->bid_count == 0 ? 1 : a->bid_count * 2;
        a->bids = realloc(a->bids, capacity * sizeof(*a->bids));
        CHECK(a->bids != NULL);
    }
    a->bids[a->bid_count++] = (struct bid){bidder, max};
}

static bool
read_line(struct playing *p, char *line, size_t *capacity)
{
    int number, bidder;
    double days, at;
    long long start, max, paid, by_rules;
    char item[128];
    struct played *a;

    if (sscanf(line, "%d,%127[^,],%lf,%lld,%lf,b%d,%lld,%lld,%lld", &number,
               item, &days, &start, &at, &bidder, &max, &paid,
               &by_rules) != 9 ||
        bidder < 1 || bidder > BIDDERS_MAX)
        return false;
    a = auction_of(p, number, capacity);
    snprintf(a->item, sizeof(a->item), "%s", item);
    a->start = start;
    a->paid = paid;
    a->by_rules = by_rules;
    add_bid(a, bidder, max);
    if (bidder > p->bidders)
        p->bidders = bidder;
    return true;
}

static bool
read_file(struct playing *p, const char *path)
{
    FILE *file = fopen(path, "re");
    char line[LINE_BYTES_MAX];
    size_t capacity = 0;
    int number = 0;

    if (file == NULL) {
        fprintf(stderr, "auction-bench: cannot read '%s'\n", path);
        return false;
    }
    while (fgets(line, sizeof(line), file) != NULL)
        if (++number > 1 && !read_line(p, line, &capacity)) {
            fprintf(stderr,
                    "auction-bench: %s:%d: not auction,item,days,start_cents,"
                    "at_ms,bidder,max_cents,final_cents,rule_cents\n",
                    path, number);
            fclose(file);
            return false;
        }
    fclose(file);
    return p->count > 0;
}

/* ----------------------------------------------------------------- playing */

static uint64_t
create(struct playing *p, struct auction_client *seller, const struct played *a)
{
    struct auction_result result;
    char draft[512], title[160];
    uint64_t id;

    snprintf(title, sizeof(title), "%s (auction %d of the file)", a->item,
             a->number);
    snprintf(draft, sizeof(draft),
             "{\"title\":\"%s\",\"currency\":\"USD\",\"start_price\":%lld,"
             "\"ends_at\":\"%s\",\"publish\":true}",
             title, (long long)a->start, p->ends_at);
    auction_create(seller, draft, NULL, true, &result);
    if (result.outcome != AUCTION_ACCEPTED)
        fprintf(stderr, "\nauction-bench: creating auction %d: %s\n", a->number,
                result.message);
    id = result.outcome == AUCTION_ACCEPTED ? result.auction : 0;
    auction_result_release(&result);
    return id;
}

static void
play_bids(struct playing *p, struct played *a,
          struct auction_client *const *bidders)
{
    for (size_t i = 0; i < a->bid_count; i++) {
        struct auction_result result;

        auction_bid(bidders[a->bids[i].bidder], a->id, a->bids[i].max, NULL,
                    true, &result);
        if (result.outcome == AUCTION_ACCEPTED && result.is_verified)
            p->accepted++;
        else if (result.outcome == AUCTION_REFUSED && result.is_verified)
            p->refused++;
        else if (p->failed++ < 5)
            fprintf(stderr, "\nauction-bench: a bid in auction %d: %s\n",
                    a->number, result.message);
        auction_result_release(&result);
    }
}

static void *
play_some(void *argument)
{
    struct playing *p = argument;
    struct auction_client *bidders[BIDDERS_MAX + 1] = {NULL};
    struct auction_client *seller = bench_client(p->options, "house");
    bool is_ready = seller != NULL;
    char name[8];
    size_t i;

    for (int b = 1; b <= p->bidders && is_ready; b++) {
        snprintf(name, sizeof(name), "b%02d", b);
        bidders[b] = bench_client(p->options, name);
        is_ready = bidders[b] != NULL;
    }
    while (is_ready && (i = p->next++) < p->count) {
        struct played *a = &p->auctions[i];
        a->id = create(p, seller, a);
        if (a->id != 0)
            play_bids(p, a, bidders);
        p->done++;
    }
    for (int b = 0; b <= p->bidders; b++)
        auction_close(&bidders[b]);
    auction_close(&seller);
    return NULL;
}

static void
show_progress(struct playing *p, pthread_t *threads, int count)
{
    bool is_terminal = isatty(STDERR_FILENO) == 1;
    const struct timespec pause = {0, 200000000L};
    size_t shown = 0;

    while (p->done < p->count && p->failed < 100) {
        size_t done = p->done;
        if (is_terminal || done >= shown + 50) {
            fprintf(stderr, "%s%zu of %zu auctions, %zu bids%s",
                    is_terminal ? "\r" : "", done, p->count,
                    (size_t)(p->accepted + p->refused),
                    is_terminal ? "   " : "\n");
            shown = done;
        }
        nanosleep(&pause, NULL);
        if (pthread_tryjoin_np(threads[0], NULL) == 0) {
            threads[0] = 0; /* a thread that could not begin, or the end */
            break;
        }
    }
    for (int i = 0; i < count; i++)
        if (threads[i] != 0)
            pthread_join(threads[i], NULL);
    if (is_terminal)
        fputc('\n', stderr);
}

/* ----------------------------------------------------------------- results */

static bool
read_result(struct auction_client *client, struct played *a)
{
    struct auction_result result;
    char path[64];
    json_t *object;

    snprintf(path, sizeof(path), "/v1/auctions/%llu",
             (unsigned long long)a->id);
    if (auction_call(client, "GET", path, NULL, NULL, &result) !=
        AUCTION_ACCEPTED) {
        auction_result_release(&result);
        return false;
    }
    object = json_loadb(result.body, result.body_size, 0, NULL);
    a->is_closed = json_object_get(object, "outcome") != NULL;
    a->price = json_integer_value(
        json_object_get(json_object_get(object, "award"), "price"));
    json_decref(object);
    auction_result_release(&result);
    return true;
}

static void
wait_for_close(const struct playing *p)
{
    struct instant end;
    const struct timespec pause = {0, 200000000L};

    CHECK(instant_parse(&end, p->ends_at, strlen(p->ends_at)) == ERR_OK);
    fprintf(stderr, "waiting for the auctions to close ...\n");
    while (bench_now() * 1000 < (double)end.ms + 300)
        nanosleep(&pause, NULL);
}

static int
report(struct playing *p, double seconds)
{
    struct auction_client *client = bench_client(p->options, "house");
    size_t as_paid = 0, as_rules = 0, closed = 0, bids = 0;

    for (size_t i = 0; client != NULL && i < p->count; i++) {
        struct played *a = &p->auctions[i];
        bids += a->bid_count;
        if (a->id == 0 || !read_result(client, a) || !a->is_closed)
            continue;
        closed++;
        as_paid += a->price == a->paid;
        as_rules += a->price == a->by_rules;
        if (a->price != a->by_rules)
            printf("auction %d: %lld here, %lld by the rules\n", a->number,
                   (long long)a->price, (long long)a->by_rules);
    }
    auction_close(&client);
    printf("auctions played               %zu of %zu, closed %zu\n", p->count,
           p->count, closed);
    printf("bids                          %zu: %zu accepted, %zu refused, "
           "%zu failed\n",
           bids, (size_t)p->accepted, (size_t)p->refused, (size_t)p->failed);
    printf("final price as really paid    %zu of %zu\n", as_paid, p->count);
    printf("final price as by the rules   %zu of %zu\n", as_rules, p->count);
    printf("bids a second                 %.0f, signed, durable, receipts "
           "verified, %d at a time\n",
           (double)(p->accepted + p->refused) / seconds, p->options->threads);
    return as_rules == p->count && p->failed == 0 ? 0 : 1;
}

int
play(const struct bench_options *options)
{
    struct playing p = {.options = options};
    pthread_t threads[THREADS_MAX] = {0};
    double start;
    int code;

    if (!read_file(&p, options->data))
        return 2;
    instant_format(
        p.ends_at,
        instant_of((int64_t)((bench_now() + options->seconds) * 1000)));
    start = bench_now();
    for (int i = 0; i < options->threads; i++)
        CHECK(pthread_create(&threads[i], NULL, play_some, &p) == 0);
    show_progress(&p, threads, options->threads);
    double seconds = bench_now() - start;
    if (p.done == p.count)
        wait_for_close(&p);
    code = report(&p, seconds);
    for (size_t i = 0; i < p.count; i++)
        free(p.auctions[i].bids);
    free(p.auctions);
    return code;
}
