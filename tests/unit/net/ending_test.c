/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that must go: the revoked, those whose CA is gone, those whose
 * certificate ends, those an administrator sends away. And nobody else.
 */
#include "tap.h"

#include "guest.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

static struct lab lab;
static struct guest guest, other;
static struct leaf bob;

static int
setup(void)
{
    lab_start(&lab, NULL);
    bob = lab_issue(&lab, "bidder", "bob");
    return 0;
}

static int
teardown(void)
{
    leaf_release(&bob);
    lab_stop(&lab);
    return 0;
}

static int64_t
now_ms(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
enter_as_bob(struct guest *who)
{
    CHECK(guest_connect(who, &lab, &(struct guest_recipe){.leaf = &bob}));
    guest_send(who, GET("/echo"));
    CU_ASSERT_EQUAL(guest_reply(who), 200);
}

/** Nobody is revoked any more, and everybody has left. */
static void
forgive(void)
{
    LAB_UNTIL(&lab, now.connections_now == 0);
    CHECK(lab_retrust(&lab, NULL) == 0);
    lab.held_count = 0;
}

static void
the_revoked_are_told_and_closed_within_a_second(void)
{
    char body[1024];
    int64_t began;

    enter_as_bob(&guest);
    guest_enter(&other, &lab);
    guest_send(&other, GET("/echo"));
    CU_ASSERT_EQUAL(guest_reply(&other), 200);
    began = now_ms();
    CU_ASSERT_EQUAL(lab_retrust(&lab, bob.cert), 1);
    CU_ASSERT_EQUAL(guest_reply_body(&guest, body, sizeof(body)), 403);
    CU_ASSERT(strstr(body, "\"code\":\"revoked\"") != NULL);
    CU_ASSERT_EQUAL(guest_alert(&guest), ALERT_CLOSE_NOTIFY);
    CU_ASSERT(now_ms() - began < 1000);
    guest_leave(&guest);
    guest_send(&other, GET("/echo"));
    CU_ASSERT_EQUAL(guest_reply(&other), 200);
    guest_leave(&other);
    CU_ASSERT(net_counts(lab.net).ended[NET_END_REVOKED] >= 1);
    forgive();
}

static void
a_stream_of_the_revoked_ends_with_the_reason(void)
{
    enter_as_bob(&guest);
    guest_send(&guest, GET("/stream"));
    lab_wait_stream(&lab);
    CU_ASSERT_EQUAL(lab_retrust(&lab, bob.cert), 1);
    CU_ASSERT(guest_read_to(&guest, "revoked"));
    CU_ASSERT(guest_read_to(&guest, "0\r\n\r\n"));
    CU_ASSERT_EQUAL(guest_alert(&guest), ALERT_CLOSE_NOTIFY);
    guest_leave(&guest);
    forgive();
}

static void
what_is_being_answered_gets_its_true_answer_first(void)
{
    char body[1024];

    enter_as_bob(&guest);
    guest_send(&guest, GET("/hold?n=mine"));
    lab_wait_held(&lab, 1);
    CU_ASSERT_EQUAL(lab_retrust(&lab, bob.cert), 1);
    CU_ASSERT(exchange_identity(lab.held[0])->is_withdrawn);
    lab_release(&lab, 0);
    CU_ASSERT_EQUAL(guest_reply_body(&guest, body, sizeof(body)), 200);
    CU_ASSERT_STRING_EQUAL(body, "mine");
    CU_ASSERT_EQUAL(guest_reply_body(&guest, body, sizeof(body)), 403);
    CU_ASSERT(strstr(body, "revoked") != NULL);
    guest_leave(&guest);
    forgive();
}

static void
who_is_never_answered_is_cut_off_within_a_second(void)
{
    int64_t began = now_ms();
    unsigned answers = lab.answers;

    enter_as_bob(&guest);
    answers = lab.answers;
    guest_send(&guest, GET("/hold?n=mine"));
    lab_wait_held(&lab, 1);
    CU_ASSERT_EQUAL(lab_retrust(&lab, bob.cert), 1);
    CU_ASSERT_EQUAL(guest_alert(&guest), ALERT_NONE);
    CU_ASSERT(now_ms() - began < 1500);
    lab_release(&lab, 0);
    lab_wait_answers(&lab, answers + 1);
    guest_leave(&guest);
    forgive();
}

static void
others_lose_no_request(void)
{
    guest_enter(&other, &lab);
    guest_send(&other, GET("/hold?n=a") GET("/hold?n=b"));
    lab_wait_held(&lab, 2);
    enter_as_bob(&guest);
    CU_ASSERT_EQUAL(lab_retrust(&lab, bob.cert), 1);
    CU_ASSERT_FALSE(exchange_identity(lab.held[0])->is_withdrawn);
    lab_release(&lab, 0);
    lab_release(&lab, 1);
    CU_ASSERT_EQUAL(guest_reply(&other), 200);
    CU_ASSERT_EQUAL(guest_reply(&other), 200);
    guest_leave(&other);
    guest_leave(&guest);
    forgive();
}

static void
a_handshake_that_began_before_a_reload_is_judged_after_it(void)
{
    struct guest_recipe recipe = {.leaf = &bob};

    guest_dial(&guest, &lab, &recipe);
    LAB_UNTIL(&lab, now.handshakes_now == 1);
    CU_ASSERT_EQUAL(lab_retrust(&lab, bob.cert), 0);
    CU_ASSERT(guest_shake(&guest, &lab, &recipe));
    CU_ASSERT_EQUAL(guest_reply(&guest), 403);
    guest_leave(&guest);
    forgive();
}

static void
a_certificate_that_ends_ends_its_connection(void)
{
    struct leaf brief = authority_issue(
        &lab.ca,
        &(struct leaf_recipe){.cn = "ann",
                              .san = "URI:auction://" LAB_REALM "/bidder/ann",
                              .begins_s = -60,
                              .ends_s = 2});
    struct guest_recipe recipe = {.leaf = &brief};
    uint64_t warned = net_counts(lab.net).expiry_warnings;
    char body[1024];

    CU_ASSERT(guest_connect(&guest, &lab, &recipe));
    LAB_UNTIL(&lab, now.expiry_warnings == warned + 1);
    CU_ASSERT_EQUAL(guest_reply_body(&guest, body, sizeof(body)), 403);
    CU_ASSERT(strstr(body, "\"code\":\"expired\"") != NULL);
    CU_ASSERT_EQUAL(guest_alert(&guest), ALERT_CLOSE_NOTIFY);
    guest_leave(&guest);
    CU_ASSERT_EQUAL(net_counts(lab.net).ended[NET_END_EXPIRED], 1);
    leaf_release(&brief);
    forgive();
}

/* ------------------------------------------------------------------ surveys */

struct seen {
    atomic_uint count;
    atomic_ulong id; /* of bob's */
    atomic_bool is_done;
    atomic_size_t found;
};

static void
see(void *context, const struct net_guest *who)
{
    struct seen *seen = context;

    seen->count++;
    if (who->identity != NULL && strcmp(who->identity->name, "bob") == 0)
        seen->id = who->id;
}

static void
seen_all(void *context, size_t found)
{
    struct seen *seen = context;

    seen->found = found;
    seen->is_done = true;
}

static void
wait_for(struct seen *seen)
{
    for (int waited = 0; !seen->is_done; waited++) {
        CHECK(waited < LAB_WAIT_MS);
        lab_yield();
    }
}

static void
one_connection_is_found_and_sent_away(void)
{
    struct seen seen = {.count = 0}, gone = {.count = 0}, nobody = {.count = 0};
    char body[1024];

    enter_as_bob(&guest);
    guest_enter(&other, &lab);
    guest_send(&other, GET("/echo"));
    CU_ASSERT_EQUAL(guest_reply(&other), 200);
    CU_ASSERT_EQUAL(net_survey(lab.net, see, seen_all, &seen), ERR_OK);
    wait_for(&seen);
    CU_ASSERT_EQUAL(seen.count, 2);
    CU_ASSERT_EQUAL(net_send_away(lab.net, seen.id, seen_all, &gone), ERR_OK);
    wait_for(&gone);
    CU_ASSERT_EQUAL(gone.found, 1);
    CU_ASSERT_EQUAL(guest_reply_body(&guest, body, sizeof(body)), 403);
    CU_ASSERT(strstr(body, "\"code\":\"closed\"") != NULL);
    CU_ASSERT_EQUAL(net_send_away(lab.net, 1 << 30, seen_all, &nobody), ERR_OK);
    wait_for(&nobody);
    CU_ASSERT_EQUAL(nobody.found, 0);
    guest_send(&other, GET("/echo"));
    CU_ASSERT_EQUAL(guest_reply(&other), 200);
    guest_leave(&guest);
    guest_leave(&other);
    LAB_UNTIL(&lab, now.connections_now == 0);
}

SUITE("ending", setup, teardown,
      TEST(the_revoked_are_told_and_closed_within_a_second),
      TEST(a_stream_of_the_revoked_ends_with_the_reason),
      TEST(what_is_being_answered_gets_its_true_answer_first),
      TEST(who_is_never_answered_is_cut_off_within_a_second),
      TEST(others_lose_no_request),
      TEST(a_handshake_that_began_before_a_reload_is_judged_after_it),
      TEST(a_certificate_that_ends_ends_its_connection),
      TEST(one_connection_is_found_and_sent_away))
