/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every limit and every deadline of docs/security.md "Limits": what is beyond
 * it ends, is counted under its own name, and the next good guest is served.
 */
#include "tap.h"

#include "guest.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SHORT_MS = 300, GUESTS = 4 };

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

static struct lab lab;
static struct guest guest, guests[GUESTS];
static const struct guest_recipe usual = {.leaf = NULL};

/** A lab with one limit changed by the caller. */
#define WITH(field, value)                                                     \
    do {                                                                       \
        struct net_limits limits = lab_limits();                               \
        limits.field = value;                                                  \
        lab_start(&lab, &limits);                                              \
    } while (0)

static void
end(void)
{
    LAB_UNTIL(&lab, now.connections_now == 0);
    CU_ASSERT_EQUAL(net_counts(lab.net).handshakes_now, 0);
    lab_stop(&lab);
}

static void
expect_served(void)
{
    guest_enter(&guest, &lab);
    guest_send(&guest, GET("/echo"));
    CU_ASSERT_EQUAL(guest_reply(&guest), 200);
    guest_leave(&guest);
}

/** The server closes by itself, without a word. */
static void
expect_end(int fd)
{
    char scrap[64];

    CU_ASSERT(recv(fd, scrap, sizeof(scrap), 0) <= 0);
}

static void
a_silent_handshake_is_ended(void)
{
    WITH(handshake_ms, SHORT_MS);
    guest_dial(&guest, &lab, &usual);
    expect_end(guest.fd);
    guest_leave(&guest);
    CU_ASSERT_EQUAL(net_counts(lab.net).expired_handshake, 1);
    expect_served();
    end();
}

static void
dripping_bytes_extend_no_handshake(void)
{
    static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc";
    int sent = 0;

    WITH(handshake_ms, SHORT_MS);
    guest_dial(&guest, &lab, &usual);
    while (net_counts(lab.net).expired_handshake == 0 && sent < LAB_WAIT_MS) {
        (void)!send(guest.fd, hello + sent % 8, 1, MSG_NOSIGNAL);
        lab_yield();
        sent++;
    }
    CU_ASSERT_EQUAL(net_counts(lab.net).expired_handshake, 1);
    guest_leave(&guest);
    expect_served();
    end();
}

static void
a_guest_that_asks_nothing_is_ended(void)
{
    WITH(first_request_ms, SHORT_MS);
    guest_enter(&guest, &lab);
    CU_ASSERT_EQUAL(guest_alert(&guest), ALERT_CLOSE_NOTIFY);
    guest_leave(&guest);
    CU_ASSERT_EQUAL(net_counts(lab.net).expired_first_request, 1);
    expect_served();
    end();
}

static void
an_idle_guest_is_ended(void)
{
    WITH(idle_ms, SHORT_MS);
    guest_enter(&guest, &lab);
    guest_send(&guest, GET("/echo"));
    CU_ASSERT_EQUAL(guest_reply(&guest), 200);
    CU_ASSERT_EQUAL(guest_alert(&guest), ALERT_CLOSE_NOTIFY);
    guest_leave(&guest);
    CU_ASSERT_EQUAL(net_counts(lab.net).expired_idle, 1);
    end();
}

static void
a_request_that_never_ends_is_told_so(void)
{
    WITH(request_ms, SHORT_MS);
    guest_enter(&guest, &lab);
    guest_send(&guest, "GET /echo HTTP/1.1\r\nHost: h\r\nX: ");
    CU_ASSERT_EQUAL(guest_reply(&guest), 408);
    guest_leave(&guest);
    CU_ASSERT_EQUAL(net_counts(lab.net).expired_request, 1);
    expect_served();
    end();
}

static void
a_guest_that_does_not_read_is_ended(void)
{
    WITH(write_ms, SHORT_MS);
    CHECK(guest_connect(&guest, &lab,
                        &(struct guest_recipe){.receive_bytes = 4096}));
    guest_send(&guest, GET("/big?bytes=4000000"));
    LAB_UNTIL(&lab, now.expired_write == 1);
    guest_leave(&guest);
    expect_served();
    end();
}

static void
more_connections_than_there_may_be_are_refused(void)
{
    WITH(connections, GUESTS - 1);
    for (int i = 0; i < GUESTS; i++)
        guest_dial(&guests[i], &lab, &usual);
    LAB_UNTIL(&lab, now.refused[REFUSAL_CONNECTIONS] == 1);
    expect_end(guests[GUESTS - 1].fd);
    for (int i = 0; i < GUESTS; i++)
        guest_leave(&guests[i]);
    LAB_UNTIL(&lab, now.connections_now == 0);
    expect_served();
    end();
}

static void
more_handshakes_than_there_may_be_are_refused(void)
{
    WITH(handshakes, GUESTS - 1);
    for (int i = 0; i < GUESTS; i++)
        guest_dial(&guests[i], &lab, &usual);
    LAB_UNTIL(&lab, now.refused[REFUSAL_HANDSHAKES] == 1);
    for (int i = 0; i < GUESTS; i++)
        guest_leave(&guests[i]);
    LAB_UNTIL(&lab, now.connections_now == 0);
    expect_served();
    end();
}

static void
more_of_one_address_are_refused_but_not_of_another(void)
{
    const struct guest_recipe elsewhere = {.address = "127.0.0.2"};

    WITH(connections_per_address, 2);
    for (int i = 0; i < 3; i++)
        guest_dial(&guests[i], &lab, &usual);
    LAB_UNTIL(&lab, now.refused[REFUSAL_ADDRESS] == 1);
    CU_ASSERT(guest_connect(&guest, &lab, &elsewhere));
    guest_leave(&guest);
    for (int i = 0; i < 3; i++)
        guest_leave(&guests[i]);
    end();
}

static void
more_handshakes_of_one_address_are_refused(void)
{
    WITH(handshakes_per_address, 2);
    for (int i = 0; i < 3; i++)
        guest_dial(&guests[i], &lab, &usual);
    LAB_UNTIL(&lab, now.refused[REFUSAL_ADDRESS_HANDSHAKES] == 1);
    for (int i = 0; i < 3; i++)
        guest_leave(&guests[i]);
    end();
}

static void
handshakes_of_one_address_come_at_its_rate(void)
{
    struct net_limits limits = lab_limits();

    limits.handshakes_per_second = 1;
    limits.handshake_burst = 2;
    lab_start(&lab, &limits);
    for (int i = 0; i < 3; i++)
        guest_dial(&guests[i], &lab, &usual);
    LAB_UNTIL(&lab, now.refused[REFUSAL_RATE] == 1);
    for (int i = 0; i < 3; i++)
        guest_leave(&guests[i]);
    end();
}

static void
more_connections_of_one_account_are_told_so(void)
{
    WITH(connections_per_name, 1);
    guest_enter(&guest, &lab);
    guest_send(&guest, GET("/echo"));
    CU_ASSERT_EQUAL(guest_reply(&guest), 200);
    guest_enter(&guests[0], &lab);
    CU_ASSERT_EQUAL(guest_reply(&guests[0]), 429);
    guest_leave(&guests[0]);
    CU_ASSERT_EQUAL(net_counts(lab.net).refused[REFUSAL_NAME], 1);
    guest_leave(&guest);
    LAB_UNTIL(&lab, now.connections_now == 0);
    expect_served();
    end();
}

static void
limits_change_for_those_who_are_there(void)
{
    struct net_limits limits = lab_limits();

    lab_start(&lab, NULL);
    guest_enter(&guest, &lab);
    guest_send(&guest, GET("/echo"));
    CU_ASSERT_EQUAL(guest_reply(&guest), 200);
    limits.idle_ms = SHORT_MS;
    limits.connections = 1;
    CU_ASSERT_EQUAL(net_set_limits(lab.net, &limits), ERR_OK);
    guest_dial(&guests[0], &lab, &usual);
    LAB_UNTIL(&lab, now.refused[REFUSAL_CONNECTIONS] == 1);
    guest_leave(&guests[0]);
    CU_ASSERT_EQUAL(guest_alert(&guest), ALERT_CLOSE_NOTIFY);
    guest_leave(&guest);
    CU_ASSERT_EQUAL(net_counts(lab.net).expired_idle, 1);
    end();
}

/** Descriptors are used up here, in the server's own process. */
static void
accepting_pauses_while_few_descriptors_are_left(void)
{
    enum { HOARD_MAX = 4096 };
    struct rlimit limit, few;
    int hoard[HOARD_MAX], count = 0;

    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    few = limit;
    few.rlim_cur = 256;
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    lab_start(&lab, NULL);
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while (count < HOARD_MAX) {
        hoard[count] = dup(STDOUT_FILENO);
        CHECK(hoard[count] >= 0);
        if (hoard[count++] >= 200)
            break;
    }
    guest_dial(&guest, &lab, &usual);
    LAB_UNTIL(&lab, now.accept_pauses > 0);
    CU_ASSERT_EQUAL(net_counts(lab.net).accepted, 0);
    while (count > 0)
        close(hoard[--count]);
    LAB_UNTIL(&lab, now.accepted == 1); /* it was only kept waiting */
    guest_leave(&guest);
    expect_served();
    end();
}

SUITE("limits", NULL, NULL, TEST(a_silent_handshake_is_ended),
      TEST(dripping_bytes_extend_no_handshake),
      TEST(a_guest_that_asks_nothing_is_ended), TEST(an_idle_guest_is_ended),
      TEST(a_request_that_never_ends_is_told_so),
      TEST(a_guest_that_does_not_read_is_ended),
      TEST(more_connections_than_there_may_be_are_refused),
      TEST(more_handshakes_than_there_may_be_are_refused),
      TEST(more_of_one_address_are_refused_but_not_of_another),
      TEST(more_handshakes_of_one_address_are_refused),
      TEST(handshakes_of_one_address_come_at_its_rate),
      TEST(more_connections_of_one_account_are_told_so),
      TEST(limits_change_for_those_who_are_there),
      TEST(accepting_pauses_while_few_descriptors_are_left))
