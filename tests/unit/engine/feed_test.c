/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "engine/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 7, STEP = 64 };

static struct feed *
make_feed(void)
{
    struct feed *feed;

    if (feed_create(&feed, FIRST) != ERR_OK)
        abort();
    return feed;
}

static void
append_number(struct feed *feed, uint64_t seq)
{
    char text[32];
    int size =
        snprintf(text, sizeof(text), "record %llu", (unsigned long long)seq);

    feed_append(feed, seq, text, (size_t)size);
}

/** How many come from `from` on, each checked; drops them. */
static size_t
take(struct feed *feed, uint64_t from)
{
    struct feed_entry entries[STEP];
    size_t count;

    CU_ASSERT_EQUAL(feed_read(feed, from, entries, STEP, &count), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        char text[32];
        snprintf(text, sizeof(text), "record %llu",
                 (unsigned long long)(from + i));
        CU_ASSERT_EQUAL(entries[i].seq, from + i);
        CU_ASSERT_STRING_EQUAL(entries[i].record->bytes, text);
        shared_unref(&entries[i].record);
    }
    return count;
}

static void
records_come_in_order_from_any_place(void)
{
    struct feed *feed = make_feed();

    CU_ASSERT_EQUAL(feed_next(feed), FIRST);
    CU_ASSERT_EQUAL(take(feed, FIRST), 0);
    for (uint64_t seq = FIRST; seq < FIRST + 3; seq++)
        append_number(feed, seq);
    CU_ASSERT_EQUAL(feed_next(feed), FIRST + 3);
    CU_ASSERT_EQUAL(take(feed, FIRST), 3);
    CU_ASSERT_EQUAL(take(feed, FIRST + 2), 1);
    CU_ASSERT_EQUAL(take(feed, FIRST + 3), 0);
    CU_ASSERT_EQUAL(take(feed, FIRST + 1000), 0);
    feed_destroy(&feed);
    CU_ASSERT_PTR_NULL(feed);
}

static void
what_is_older_than_the_ring_is_not_found(void)
{
    struct feed *feed = make_feed();
    struct feed_entry entries[1];
    size_t count = 1;

    CU_ASSERT_EQUAL(feed_read(feed, FIRST - 1, entries, 1, &count),
                    ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(count, 0);
    for (uint64_t seq = FIRST; seq < FIRST + FEED_RECORDS_MAX + 2; seq++)
        append_number(feed, seq);
    CU_ASSERT_EQUAL(feed_read(feed, FIRST + 1, entries, 1, &count),
                    ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(take(feed, FIRST + 2), STEP);
    feed_destroy(&feed);
}

static void
the_ring_is_bounded_in_bytes(void)
{
    enum { LARGE = FEED_BYTES_MAX / 4 };
    struct feed *feed = make_feed();
    struct feed_entry entries[STEP];
    char *bytes = calloc(1, LARGE);
    size_t count;

    if (bytes == NULL)
        abort();
    for (uint64_t seq = FIRST; seq < FIRST + 5; seq++)
        feed_append(feed, seq, bytes, LARGE);
    free(bytes);
    CU_ASSERT_EQUAL(feed_read(feed, FIRST, entries, STEP, &count),
                    ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(feed_read(feed, FIRST + 1, entries, STEP, &count), ERR_OK);
    CU_ASSERT_EQUAL(count, 4);
    for (size_t i = 0; i < count; i++)
        shared_unref(&entries[i].record);
    feed_destroy(&feed);
}

static void
an_announced_record_exists_before_it_can_be_read(void)
{
    struct feed *feed = make_feed();

    CU_ASSERT_EQUAL(feed_announced(feed), FIRST);
    feed_announce(feed, FIRST + 2);
    CU_ASSERT_EQUAL(feed_announced(feed), FIRST + 2);
    CU_ASSERT_EQUAL(feed_next(feed), FIRST);
    CU_ASSERT_EQUAL(take(feed, FIRST + 1), 0);
    append_number(feed, FIRST);
    append_number(feed, FIRST + 1);
    CU_ASSERT_EQUAL(feed_announced(feed), FIRST + 2);
    CU_ASSERT_EQUAL(take(feed, FIRST), 2);
    feed_destroy(&feed);
}

SUITE("feed", NULL, NULL, TEST(records_come_in_order_from_any_place),
      TEST(what_is_older_than_the_ring_is_not_found),
      TEST(the_ring_is_bounded_in_bytes),
      TEST(an_announced_record_exists_before_it_can_be_read))
