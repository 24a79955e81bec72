/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct heard {
    char text[1024];
};

static bool
hear(void *context, const struct auction_event *event)
{
    struct heard *h = context;
    size_t used = strlen(h->text);

    snprintf(h->text + used, sizeof(h->text) - used, "[%s|%s|%s]", event->type,
             event->id, event->data);
    return strcmp(event->type, "stop") != 0;
}

/** What is heard of `text`, fed in two parts. */
static const char *
heard_of(const char *text, size_t at)
{
    static struct heard h;
    struct sse sse;

    memset(&h, 0, sizeof(h));
    sse_init(&sse);
    if (sse_feed(&sse, text, at, hear, &h))
        (void)!sse_feed(&sse, text + at, strlen(text) - at, hear, &h);
    sse_release(&sse);
    return h.text;
}

static void
events_come_out_whatever_the_split(void)
{
    static const char text[] =
        "retry: 2000\n\n: alive\n\nid: 7\nevent: bid\ndata: {\"a\":1}\n\n"
        "data: one\r\ndata: two\r\n\r\nevent: x\n\nid: 9\ndata:y\n\n";

    for (size_t at = 0; at < sizeof(text); at++)
        CU_ASSERT_STRING_EQUAL(heard_of(text, at),
                               "[bid|7|{\"a\":1}][message|7|one\ntwo]"
                               "[message|9|y]");
}

static void
an_unfinished_event_is_not_heard(void)
{
    CU_ASSERT_STRING_EQUAL(heard_of("data: x\n", 3), "");
}

static void
the_listener_may_end_it(void)
{
    CU_ASSERT_STRING_EQUAL(heard_of("event: stop\ndata: a\n\ndata: b\n\n", 5),
                           "[stop||a]");
}

/** Only a whole event may move the place to resume from. */
static void
a_cut_event_is_asked_for_again(void)
{
    static const char first[] = "id: 7\ndata: a\n\nid: 8\nevent: x\nda";
    static const char second[] = "id: 8\ndata: b\n\n";
    struct heard h = {{0}};
    struct sse sse;

    sse_init(&sse);
    CU_ASSERT(sse_feed(&sse, first, sizeof(first) - 1, hear, &h));
    CU_ASSERT_STRING_EQUAL(sse.last_id, "7");
    sse_reconnect(&sse);
    CU_ASSERT(sse_feed(&sse, second, sizeof(second) - 1, hear, &h));
    CU_ASSERT_STRING_EQUAL(h.text, "[message|7|a][message|8|b]");
    CU_ASSERT_STRING_EQUAL(sse.last_id, "8");
    sse_release(&sse);
}

static void
the_server_may_ask_for_a_pause(void)
{
    static const char text[] = "retry: 2000\n\nretry: soon\nretry: 9999999\n";
    struct heard h = {{0}};
    struct sse sse;

    sse_init(&sse);
    CU_ASSERT_EQUAL(sse.retry_ms, -1);
    CU_ASSERT(sse_feed(&sse, text, sizeof(text) - 1, hear, &h));
    CU_ASSERT_EQUAL(sse.retry_ms, 2000);
    sse_release(&sse);
}

static void
a_line_without_end_is_refused(void)
{
    static char block[65536];
    struct heard h = {{0}};
    struct sse sse;
    bool is_good = true;

    memset(block, 'x', sizeof(block));
    sse_init(&sse);
    for (int i = 0; i < 17 && is_good; i++) /* the bound is 1 MiB */
        is_good = sse_feed(&sse, block, sizeof(block), hear, &h);
    CU_ASSERT(!is_good);
    sse_release(&sse);
}

static void
a_request_key_is_32_hex_digits(void)
{
    char key[AUCTION_KEY_BYTES], other[AUCTION_KEY_BYTES];

    CU_ASSERT(auction_make_key(key));
    CU_ASSERT(auction_make_key(other));
    CU_ASSERT_EQUAL(strspn(key, "0123456789abcdef"), 32);
    CU_ASSERT_STRING_NOT_EQUAL(key, other);
}

SUITE("client", NULL, NULL, TEST(events_come_out_whatever_the_split),
      TEST(an_unfinished_event_is_not_heard), TEST(the_listener_may_end_it),
      TEST(a_cut_event_is_asked_for_again),
      TEST(the_server_may_ask_for_a_pause), TEST(a_line_without_end_is_refused),
      TEST(a_request_key_is_32_hex_digits))
