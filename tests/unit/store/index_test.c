/* SPDX-License-Identifier: Apache-2.0 */
/* Records by auction against the obvious: looking at every record. */
#include "store/store.h"

#include "fixture.h"
#include "tap.h"

enum { RECORDS = 600, ROUNDS = 200 };

/* Checks each visited number against a plain search for the next one. */
struct expected {
    const struct fixture *f;
    uint64_t auction;
    uint64_t from;
    uint64_t end;
    bool reverse;
    uint64_t next; /* where the search goes on */
    unsigned seen;
    unsigned seen_max;
    bool is_good;
};

/** The next number that must be shown; `end` or beyond when there is none. */
static bool
find_next(struct expected *e, uint64_t *out)
{
    while (e->reverse ? e->next > e->from : e->next < e->end) {
        uint64_t seq = e->reverse ? --e->next : e->next++;
        if (seq % FIXTURE_AUCTIONS + 1 == e->auction) {
            *out = seq;
            return true;
        }
    }
    return false;
}

static bool
see(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct expected *e = context;
    uint64_t wanted;

    e->is_good = e->is_good && find_next(e, &wanted) && wanted == seq &&
                 fixture_is_record(e->f, seq, bytes, size);
    return ++e->seen < e->seen_max;
}

/** One look-up shows exactly what it must. */
static bool
is_right(const struct fixture *f, struct store *store, uint64_t auction,
         uint64_t from, uint64_t end, bool reverse)
{
    struct expected e = {.f = f,
                         .auction = auction,
                         .from = from,
                         .end = end,
                         .reverse = reverse,
                         .next = reverse ? end : from,
                         .seen_max = UINT32_MAX,
                         .is_good = true};
    uint64_t more;
    enum err err = store_each_of_auction(store, auction, from, end, reverse,
                                         fixture_auction_of, see, &e);

    return err == ERR_OK && e.is_good && !find_next(&e, &more);
}

static void
fill(const struct fixture *f, struct store *store)
{
    for (uint64_t size = 0; size < RECORDS; size += f->batch_records)
        CU_ASSERT_EQUAL(fixture_commit(f, store, size, f->batch_records),
                        ERR_OK);
}

/** Random look-ups, all right whatever the watermark. */
static void
check_all(const struct fixture *f, struct store *store,
          unsigned long long *random)
{
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t auction = 1 + tap_random(random) % (FIXTURE_AUCTIONS + 1);
        uint64_t from = tap_random(random) % RECORDS;
        uint64_t end = tap_random(random) % (RECORDS + 1);
        CU_ASSERT(is_right(f, store, auction, from, from > end ? from : end,
                           tap_random(random) % 2 == 0));
    }
}

static void
look_ups_are_right_at_every_watermark_and_after_a_drop(void)
{
    unsigned long long random = tap_seed();
    struct fixture f;
    struct store *store;
    uint64_t watermark = 0, before;

    fixture_init(&f, 60, 100);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    fill(&f, store);
    for (int round = 0; round < 2; round++) {
        check_all(&f, store, &random); /* no index at all */
        for (watermark = 0; watermark < RECORDS;) {
            before = watermark;
            CU_ASSERT_EQUAL_FATAL(store_index_advance(store, RECORDS, 170,
                                                      fixture_auction_of,
                                                      &watermark),
                                  ERR_OK);
            CU_ASSERT_EQUAL(watermark,
                            before + 170 < RECORDS ? before + 170 : RECORDS);
            check_all(&f, store, &random);
        }
        CU_ASSERT_EQUAL(store_index_drop(store), ERR_OK);
    }
    store_close(&store);
    fixture_release(&f);
}

static void
the_index_does_not_pass_the_size_it_is_given(void)
{
    struct fixture f;
    struct store *store;
    uint64_t watermark;

    fixture_init(&f, 60, 100);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    fill(&f, store);
    CU_ASSERT_EQUAL(
        store_index_advance(store, 42, 1000, fixture_auction_of, &watermark),
        ERR_OK);
    CU_ASSERT_EQUAL(watermark, 42);
    CU_ASSERT_EQUAL(
        store_index_advance(store, 42, 1000, fixture_auction_of, &watermark),
        ERR_OK);
    CU_ASSERT_EQUAL(watermark, 42);
    store_close(&store);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    CU_ASSERT_EQUAL(
        store_index_advance(store, 40, 1000, fixture_auction_of, &watermark),
        ERR_OK);
    CU_ASSERT_EQUAL(watermark, 42);
    store_close(&store);
    fixture_release(&f);
}

static void
a_visitor_ends_a_look_up_on_both_sides_of_the_watermark(void)
{
    struct fixture f;
    struct store *store;
    uint64_t watermark;

    fixture_init(&f, 60, 100);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&f, &store), ERR_OK);
    fill(&f, store);
    CU_ASSERT_EQUAL(store_index_advance(store, RECORDS, 300, fixture_auction_of,
                                        &watermark),
                    ERR_OK);
    /* Of 120 records 60 are indexed: stop within, at and behind them. */
    for (unsigned stop = 1; stop <= 119; stop += 59) {
        for (int reverse = 0; reverse < 2; reverse++) {
            struct expected e = {.f = &f,
                                 .auction = 3,
                                 .end = RECORDS,
                                 .reverse = reverse != 0,
                                 .next = reverse != 0 ? RECORDS : 0,
                                 .seen_max = stop,
                                 .is_good = true};
            CU_ASSERT_EQUAL(store_each_of_auction(store, 3, 0, RECORDS,
                                                  reverse != 0,
                                                  fixture_auction_of, see, &e),
                            ERR_OK);
            CU_ASSERT(e.is_good && e.seen == stop);
        }
    }
    store_close(&store);
    fixture_release(&f);
}

SUITE("index", NULL, NULL,
      TEST(look_ups_are_right_at_every_watermark_and_after_a_drop),
      TEST(the_index_does_not_pass_the_size_it_is_given),
      TEST(a_visitor_ends_a_look_up_on_both_sides_of_the_watermark))
