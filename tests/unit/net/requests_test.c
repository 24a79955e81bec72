/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and their answers: order, pipelining, bounds, connections that go.
 */
#include "tap.h"

#include "guest.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define H    " HTTP/1.1\r\nHost: h\r\n"
#define LAST "Connection: close\r\n"

static struct lab lab;
static struct guest guest;

static int
setup(void)
{
    lab_start(&lab, NULL);
    return 0;
}

static int
teardown(void)
{
    lab_stop(&lab);
    return 0;
}

static void
leave(void)
{
    guest_leave(&guest);
    LAB_UNTIL(&lab, now.connections_now == 0);
}

/** The next reply is 200 with this body. */
static void
expect_body(const char *body)
{
    char got[256];

    CU_ASSERT_EQUAL(guest_reply_body(&guest, got, sizeof(got)), 200);
    CU_ASSERT_STRING_EQUAL(got, body);
}

/** Everything held so far is answered; the next test begins at nought. */
static void
forget_held(void)
{
    lab.held_count = 0;
}

static void
a_body_comes_back(void)
{
    guest_enter(&guest, &lab);
    guest_send(&guest, "POST /echo" H "Content-Length: 5\r\n\r\nhello");
    expect_body("hello");
    guest_send(&guest, "POST /echo" H "Transfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    expect_body("abcde");
    leave();
}

static void
answers_made_in_reverse_leave_in_order(void)
{
    forget_held();
    guest_enter(&guest, &lab);
    guest_send(&guest, "GET /hold?n=a" H "\r\nGET /hold?n=b" H "\r\n"
                       "GET /echo" H "\r\nGET /hold?n=c" H "\r\n");
    lab_wait_held(&lab, 3);
    lab_release(&lab, 2);
    lab_release(&lab, 1);
    lab_release(&lab, 0);
    expect_body("a");
    expect_body("b");
    expect_body("/echo");
    expect_body("c");
    leave();
}

static void
the_last_of_a_pipeline_may_close_it(void)
{
    guest_enter(&guest, &lab);
    guest_send(&guest, "GET /1" H "\r\nGET /2" H "\r\nGET /3" H LAST
                       "\r\nGET /4" H "\r\n");
    expect_body("/1");
    expect_body("/2");
    expect_body("/3");
    CU_ASSERT_EQUAL(guest_alert(&guest), ALERT_CLOSE_NOTIFY);
    leave();
}

static void
a_pipeline_that_closes_waits_for_late_answers(void)
{
    forget_held();
    guest_enter(&guest, &lab);
    guest_send(&guest,
               "GET /hold?n=a" H "\r\nGET /2" H "\r\nGET /3" H LAST "\r\n");
    lab_wait_held(&lab, 1);
    lab_release(&lab, 0);
    expect_body("a");
    expect_body("/2");
    expect_body("/3");
    CU_ASSERT(guest_is_closed(&guest));
    leave();
}

static void
thirty_three_in_one_write_are_all_answered(void)
{
    char text[4096] = "", path[32];
    size_t size = 0;

    guest_enter(&guest, &lab);
    for (int i = 0; i < 33; i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size,
                                 "GET /%d" H "\r\n", i);
    guest_send(&guest, text);
    for (int i = 0; i < 33; i++) {
        snprintf(path, sizeof(path), "/%d", i);
        expect_body(path);
    }
    leave();
}

static void
the_thirty_third_waits_for_the_first(void)
{
    char text[4096] = "", body[32];
    size_t size = 0;

    forget_held();
    guest_enter(&guest, &lab);
    for (int i = 0; i < 33; i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size,
                                 "GET /hold?n=%d" H "\r\n", i);
    guest_send(&guest, text);
    lab_wait_held(&lab, 32);
    for (size_t i = 1; i < 32; i++)
        lab_release(&lab, i);
    CU_ASSERT_EQUAL(lab.held_count, 32);
    lab_release(&lab, 0);
    lab_wait_held(&lab, 33);
    lab_release(&lab, 32);
    for (int i = 0; i < 33; i++) {
        snprintf(body, sizeof(body), "%d", i);
        expect_body(body);
    }
    leave();
}

static void
large_answers_of_a_pipeline_arrive_whole(void)
{
    guest_enter(&guest, &lab);
    for (int i = 0; i < 32; i++)
        guest_send(&guest, "GET /big?bytes=300000" H "\r\n");
    for (int i = 0; i < 32; i++)
        CU_ASSERT_EQUAL_FATAL(guest_reply(&guest), 200);
    leave();
}

static void
an_answer_may_find_its_connection_gone(void)
{
    forget_held();
    guest_enter(&guest, &lab);
    guest_send(&guest, "GET /hold?n=a" H "\r\nGET /hold?n=b" H "\r\n");
    lab_wait_held(&lab, 2);
    leave();
    unsigned answers = lab.answers;
    lab_release(&lab, 1);
    lab_release(&lab, 0);
    lab_wait_answers(&lab, answers + 2);
}

static void
a_guest_that_has_said_its_last_is_still_answered(void)
{
    forget_held();
    guest_enter(&guest, &lab);
    guest_send(&guest, "GET /hold?n=a" H "\r\n");
    lab_wait_held(&lab, 1);
    CU_ASSERT_EQUAL(SSL_shutdown(guest.ssl), 0);
    lab_release(&lab, 0);
    expect_body("a");
    leave();
}

static void
a_large_answer_outlives_the_guests_last_word(void)
{
    CU_ASSERT_FATAL(guest_connect(
        &guest, &lab, &(struct guest_recipe){.receive_bytes = 4096}));
    unsigned answers = lab.answers;
    guest_send(&guest, "GET /big?bytes=4000000" H "\r\n");
    lab_wait_answers(&lab, answers + 1);
    CU_ASSERT_EQUAL(SSL_shutdown(guest.ssl), 0);
    CU_ASSERT_EQUAL(guest_reply(&guest), 200);
    leave();
}

static void
what_is_broken_is_told_once_and_closed(void)
{
    guest_enter(&guest, &lab);
    guest_send(&guest, "GET /1" H "\r\nGET / HTTP/1.1\r\n\r\nGET /3" H "\r\n");
    expect_body("/1");
    CU_ASSERT_EQUAL(guest_reply(&guest), 400);
    CU_ASSERT(guest_is_closed(&guest));
    leave();
}

static void
too_large_a_body_is_told_so(void)
{
    guest_enter(&guest, &lab);
    guest_send(&guest, "POST /" H "Content-Length: 65537\r\n\r\n");
    CU_ASSERT_EQUAL(guest_reply(&guest), 413);
    CU_ASSERT(guest_is_closed(&guest));
    leave();
}

static void
a_guest_that_asks_first_is_told_to_continue(void)
{
    guest_enter(&guest, &lab);
    guest_send(&guest, "POST /echo" H "Expect: 100-continue\r\n"
                       "Content-Length: 2\r\n\r\n");
    CU_ASSERT(guest_read_to(&guest, "HTTP/1.1 100 Continue\r\n\r\n"));
    guest_send(&guest, "{}");
    expect_body("{}");
    leave();
}

static void
continue_comes_after_the_answers_before_it(void)
{
    forget_held();
    guest_enter(&guest, &lab);
    guest_send(&guest, "GET /hold?n=a" H "\r\n"
                       "POST /echo" H "Expect: 100-continue\r\n"
                       "Content-Length: 2\r\n\r\n");
    lab_wait_held(&lab, 1);
    lab_release(&lab, 0);
    expect_body("a");
    CU_ASSERT(guest_read_to(&guest, "HTTP/1.1 100 Continue\r\n\r\n"));
    guest_send(&guest, "{}");
    expect_body("{}");
    leave();
}

static void
a_head_is_answered_without_a_body(void)
{
    guest_enter(&guest, &lab);
    guest_send(&guest, "HEAD /echo" H "\r\nGET /2" H LAST "\r\n");
    CU_ASSERT(guest_read_to(&guest, "Content-Length: 5\r\n"));
    CU_ASSERT(guest_read_to(&guest, "\r\n\r\nHTTP/1.1 200"));
    leave();
}

static double
cpu_seconds(void)
{
    struct rusage used;

    CHECK(getrusage(RUSAGE_SELF, &used) == 0);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/** CPU time of the process while nothing is to be done, for 0.4 s. */
static double
cpu_while_idle(void)
{
    double before = cpu_seconds();

    poll(NULL, 0, 400); /* what is measured is this time itself */
    return cpu_seconds() - before;
}

static void
waiting_costs_no_time(void)
{
    char text[20000];

    forget_held();
    guest_enter(&guest, &lab);
    guest_send(&guest, "GET /hold?n=a" H LAST "\r\n");
    lab_wait_held(&lab, 1);
    /* Input that will never be read lies in the socket. */
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    guest_send(&guest, text);
    CU_ASSERT(cpu_while_idle() < 0.1);
    lab_release(&lab, 0);
    expect_body("a");
    leave();
}

static void
waiting_for_a_guest_that_reset_costs_no_time(void)
{
    struct linger abort_it = {.l_onoff = 1, .l_linger = 0};

    forget_held();
    guest_enter(&guest, &lab);
    guest_send(&guest, "GET /hold?n=a" H LAST "\r\n");
    lab_wait_held(&lab, 1);
    CHECK(setsockopt(guest.fd, SOL_SOCKET, SO_LINGER, &abort_it,
                     sizeof(abort_it)) == 0);
    guest_leave(&guest);
    CU_ASSERT(cpu_while_idle() < 0.1);
    LAB_UNTIL(&lab, now.connections_now == 0);
    unsigned answers = lab.answers;
    lab_release(&lab, 0);
    lab_wait_answers(&lab, answers + 1);
}

static void
key_updates_without_end_are_ended(void)
{
    int sent = 0;

    guest_enter(&guest, &lab);
    for (; sent < 5000; sent++)
        if (SSL_key_update(guest.ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 ||
            SSL_do_handshake(guest.ssl) != 1)
            break;
    LAB_UNTIL(&lab, now.connections_now == 0);
    CU_ASSERT_EQUAL(net_counts(lab.net).idle_records, 1);
    guest_leave(&guest);
}

static void
thirty_two_records_without_data_are_borne(void)
{
    guest_enter(&guest, &lab);
    for (int i = 0; i < 32; i++)
        CU_ASSERT(SSL_key_update(guest.ssl, SSL_KEY_UPDATE_NOT_REQUESTED) ==
                      1 &&
                  SSL_do_handshake(guest.ssl) == 1);
    guest_send(&guest, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    CU_ASSERT_EQUAL(guest_reply(&guest), 200);
    leave();
}

SUITE("requests", setup, teardown, TEST(a_body_comes_back),
      TEST(answers_made_in_reverse_leave_in_order),
      TEST(the_last_of_a_pipeline_may_close_it),
      TEST(a_pipeline_that_closes_waits_for_late_answers),
      TEST(thirty_three_in_one_write_are_all_answered),
      TEST(the_thirty_third_waits_for_the_first),
      TEST(large_answers_of_a_pipeline_arrive_whole),
      TEST(an_answer_may_find_its_connection_gone),
      TEST(a_guest_that_has_said_its_last_is_still_answered),
      TEST(a_large_answer_outlives_the_guests_last_word),
      TEST(what_is_broken_is_told_once_and_closed),
      TEST(too_large_a_body_is_told_so),
      TEST(a_guest_that_asks_first_is_told_to_continue),
      TEST(continue_comes_after_the_answers_before_it),
      TEST(a_head_is_answered_without_a_body), TEST(waiting_costs_no_time),
      TEST(waiting_for_a_guest_that_reset_costs_no_time),
      TEST(key_updates_without_end_are_ended),
      TEST(thirty_two_records_without_data_are_borne))
