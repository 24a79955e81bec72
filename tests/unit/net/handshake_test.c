/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets through the handshake, and what those are told who do not.
 * Alert numbers: RFC 8446 section 6.
 */
#include "tap.h"

#include "guest.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/** The alert that such a guest gets at once or as the first answer. */
static int
alert_for(struct guest_recipe recipe)
{
    int alert = guest_connect(&guest, &lab, &recipe) ? guest_alert(&guest)
                                                     : guest.alert;

    guest_leave(&guest);
    LAB_UNTIL(&lab, now.connections_now == 0);
    return alert;
}

/** The same for a certificate of another make. */
static int
alert_for_leaf(struct authority *ca, struct leaf_recipe recipe)
{
    struct leaf leaf = authority_issue(ca, &recipe);
    int alert = alert_for((struct guest_recipe){.leaf = &leaf});

    leaf_release(&leaf);
    return alert;
}

/** Whether ann gets in and is answered. */
static bool
is_served(struct guest_recipe recipe)
{
    int status = 0;

    if (guest_connect(&guest, &lab, &recipe)) {
        guest_send(&guest, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
        status = guest_reply(&guest);
    }
    guest_leave(&guest);
    LAB_UNTIL(&lab, now.connections_now == 0);
    return status == 200;
}

static const char ann_uri[] = "URI:auction://" LAB_REALM "/bidder/ann";

static void
a_good_certificate_gets_in(void)
{
    CU_ASSERT(is_served((struct guest_recipe){.leaf = NULL}));
    CU_ASSERT(is_served((struct guest_recipe){.sni = "localhost"}));
    CU_ASSERT(is_served((struct guest_recipe){.sni = "LOCALHOST"}));
    CU_ASSERT(is_served((struct guest_recipe){.alpn = "http/1.1"}));
    CU_ASSERT(is_served((struct guest_recipe){.groups = "P-256"}));
}

static void
no_session_is_kept_for_later(void)
{
    guest_enter(&guest, &lab);
    guest_send(&guest, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    CU_ASSERT_EQUAL(guest_reply(&guest), 200);
    CU_ASSERT_FALSE(SSL_SESSION_is_resumable(SSL_get0_session(guest.ssl)));
    guest_leave(&guest);
}

static void
no_certificate_is_told_that_one_is_required(void)
{
    CU_ASSERT_EQUAL(alert_for((struct guest_recipe){.has_no_leaf = true}), 116);
}

static void
a_certificate_of_another_ca_is_told_so(void)
{
    struct authority other;

    authority_create(&other, "Other CA");
    CU_ASSERT_EQUAL(
        alert_for_leaf(&other,
                       (struct leaf_recipe){.cn = "ann", .san = ann_uri}),
        48);
    authority_destroy(&other);
}

static void
another_ca_of_the_same_name_is_told_so(void)
{
    struct authority other;
    int alert;

    authority_create(&other, "Lab CA");
    alert = alert_for_leaf(&other,
                           (struct leaf_recipe){.cn = "ann", .san = ann_uri});
    CU_ASSERT(alert > 0);
    authority_destroy(&other);
}

static void
a_certificate_of_a_ca_below_ours_is_refused(void)
{
    struct authority below;
    struct leaf leaf;

    authority_create_below(&below, &lab.ca, "Lower CA");
    leaf = authority_issue(&below,
                           &(struct leaf_recipe){.cn = "ann", .san = ann_uri});
    CU_ASSERT(alert_for((struct guest_recipe){.leaf = &leaf,
                                              .between = below.self.cert}) > 0);
    leaf_release(&leaf);
    authority_destroy(&below);
}

static void
a_certificate_out_of_its_dates_is_refused(void)
{
    CU_ASSERT_EQUAL(
        alert_for_leaf(&lab.ca, (struct leaf_recipe){.cn = "ann",
                                                     .san = ann_uri,
                                                     .begins_s = -3600,
                                                     .ends_s = -60}),
        45);
    CU_ASSERT_EQUAL(
        alert_for_leaf(&lab.ca, (struct leaf_recipe){.cn = "ann",
                                                     .san = ann_uri,
                                                     .begins_s = 3600,
                                                     .ends_s = 7200}),
        42);
}

static void
a_certificate_of_a_server_is_no_client(void)
{
    CU_ASSERT_EQUAL(
        alert_for_leaf(&lab.ca, (struct leaf_recipe){.cn = "ann",
                                                     .san = ann_uri,
                                                     .purpose = "serverAuth"}),
        43);
}

static void
a_revoked_certificate_is_told_so(void)
{
    static struct lab revoking;

    lab_start_revoking(&revoking, true);
    if (guest_connect(&guest, &revoking, &(struct guest_recipe){.leaf = NULL}))
        CU_ASSERT_EQUAL(guest_alert(&guest), 44);
    guest_leave(&guest);
    lab_stop(&revoking);
}

static void
older_tls_is_refused(void)
{
    CU_ASSERT_EQUAL(alert_for((struct guest_recipe){.version = TLS1_2_VERSION}),
                    70);
}

static void
another_protocol_is_refused(void)
{
    CU_ASSERT_EQUAL(alert_for((struct guest_recipe){.alpn = "h2"}), 120);
    CU_ASSERT_EQUAL(alert_for((struct guest_recipe){.alpn = "http/1.0"}), 120);
}

static void
another_name_is_refused(void)
{
    CU_ASSERT_EQUAL(alert_for((struct guest_recipe){.sni = "other.example"}),
                    112);
}

static void
costly_groups_are_refused(void)
{
    CU_ASSERT_EQUAL(alert_for((struct guest_recipe){.groups = "ffdhe8192"}),
                    40);
}

/** What the server says to bytes that are no TLS; it must end by itself. */
static void
send_noise(const char *bytes, size_t size)
{
    char scrap[256];
    ssize_t got;

    guest_dial(&guest, &lab, &(struct guest_recipe){.leaf = NULL});
    CU_ASSERT_EQUAL(send(guest.fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
    while ((got = recv(guest.fd, scrap, sizeof(scrap), 0)) > 0)
        CU_ASSERT_NOT_EQUAL(memcmp(scrap, "HTTP", 4), 0);
    CU_ASSERT_EQUAL(got, 0);
    guest_leave(&guest);
    LAB_UNTIL(&lab, now.connections_now == 0);
}

static void
bytes_that_are_no_tls_get_no_answer_in_http(void)
{
    unsigned long long seed = tap_seed();
    static const char plain[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    char noise[512];

    send_noise(plain, sizeof(plain) - 1);
    for (int i = 0; i < 20; i++) {
        for (size_t at = 0; at < sizeof(noise); at++)
            noise[at] = (char)tap_random(&seed);
        /* Never a plausible record's head: its end would be waited for. */
        noise[0] = (char)(noise[0] | 0x40);
        send_noise(noise, sizeof(noise));
    }
    CU_ASSERT(is_served((struct guest_recipe){.leaf = NULL}));
}

static void
a_name_of_another_realm_is_refused_in_words(void)
{
    struct leaf leaf = authority_issue(
        &lab.ca,
        &(struct leaf_recipe){.cn = "ann",
                              .san = "URI:auction://else.where/bidder/ann"});
    uint64_t refused = net_counts(lab.net).identities_refused;
    unsigned requests = lab.requests;

    CU_ASSERT_FATAL(
        guest_connect(&guest, &lab, &(struct guest_recipe){.leaf = &leaf}));
    (void)SSL_write(guest.ssl, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 27);
    CU_ASSERT_EQUAL(guest_reply(&guest), 403);
    CU_ASSERT(guest_is_closed(&guest));
    guest_leave(&guest);
    LAB_UNTIL(&lab, now.connections_now == 0);
    CU_ASSERT_EQUAL(net_counts(lab.net).identities_refused, refused + 1);
    CU_ASSERT_EQUAL(lab.requests, requests);
    leaf_release(&leaf);
}

static void
two_hundred_come_and_go(void)
{
    uint64_t accepted = net_counts(lab.net).accepted;
    uint64_t shaken = net_counts(lab.net).handshakes_ok;

    for (int i = 0; i < 200; i++) {
        if (i % 4 == 0) { /* leaves before the handshake */
            guest_dial(&guest, &lab, &(struct guest_recipe){.leaf = NULL});
        } else {
            guest_enter(&guest, &lab);
            guest_send(&guest, i % 4 == 1
                                   ? "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"
                                   : "GET /echo HT");
            if (i % 4 == 1)
                CU_ASSERT_EQUAL(guest_reply(&guest), 200);
        }
        guest_leave(&guest);
    }
    LAB_UNTIL(&lab, now.accepted == accepted + 200 && now.connections_now == 0);
    CU_ASSERT_EQUAL(net_counts(lab.net).handshakes_now, 0);
    CU_ASSERT(net_counts(lab.net).handshakes_ok >= shaken + 50);
}

SUITE("handshake", setup, teardown, TEST(a_good_certificate_gets_in),
      TEST(no_session_is_kept_for_later),
      TEST(no_certificate_is_told_that_one_is_required),
      TEST(a_certificate_of_another_ca_is_told_so),
      TEST(another_ca_of_the_same_name_is_told_so),
      TEST(a_certificate_of_a_ca_below_ours_is_refused),
      TEST(a_certificate_out_of_its_dates_is_refused),
      TEST(a_certificate_of_a_server_is_no_client),
      TEST(a_revoked_certificate_is_told_so), TEST(older_tls_is_refused),
      TEST(another_protocol_is_refused), TEST(another_name_is_refused),
      TEST(costly_groups_are_refused),
      TEST(bytes_that_are_no_tls_get_no_answer_in_http),
      TEST(a_name_of_another_realm_is_refused_in_words),
      TEST(two_hundred_come_and_go))
