/* SPDX-License-Identifier: Apache-2.0 */
/* Times, purchases, retractions, outages, invoices; worked by hand. */
#include "auction/invoice.h"
#include "auction/lot_fixture.h"
#include "auction/reserve.h"
#include "base/text.h"
#include "tap.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

static struct lot
soft_lot(int64_t closes, int64_t window, int64_t extension, int64_t hard_end)
{
    struct rules rules = fixture_rules(500, closes);

    rules.window_ms = window;
    rules.extension_ms = extension;
    rules.hard_end = instant_of(hard_end);
    return fixture_lot(&rules);
}

static void
bid_at(struct lot *lot, uint64_t uid, int64_t max, int64_t t, int64_t closes)
{
    CU_ASSERT_EQUAL(fixture_bid(lot, uid, max, t), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(lot->closes.ms, closes);
}

static void
a_late_change_moves_the_close(void)
{
    const int64_t end = 15 * HOUR;
    struct lot lot = soft_lot(end, 3 * MINUTE, 3 * MINUTE, 0);

    bid_at(&lot, A, 1000, end - 2 * MINUTE, end + MINUTE);
    bid_at(&lot, B, 1200, end, end + 3 * MINUTE);
    bid_at(&lot, B, 2000, end + 100 * SECOND, end + 3 * MINUTE);
    bid_at(&lot, A, 1100, end + 170 * SECOND, end + 350 * SECOND);
    CU_ASSERT(fixture_stands(&lot, B, 1150));
}

static void
a_hard_end_is_never_passed(void)
{
    struct lot lot =
        soft_lot(3600 * SECOND, 60 * SECOND, 60 * SECOND, 3700 * SECOND);

    bid_at(&lot, A, 1000, 3590 * SECOND, 3650 * SECOND);
    bid_at(&lot, B, 2000, 3640 * SECOND, 3700 * SECOND);
    bid_at(&lot, A, 3000, 3699 * SECOND, 3700 * SECOND);
    CU_ASSERT_EQUAL(fixture_bid(&lot, B, 9000, 3700 * SECOND), VERDICT_CLOSED);
    fixture_close(&lot);
    CU_ASSERT_EQUAL(fixture_award(&lot, 0)->amount.minor, 2050);
}

static void
only_a_visible_change_extends(void)
{
    struct lot lot = soft_lot(3600 * SECOND, 30 * SECOND, 90 * SECOND, 0);

    bid_at(&lot, A, 1000, 100 * SECOND, 3600 * SECOND);
    CU_ASSERT_EQUAL(fixture_bid(&lot, B, 510, 3590 * SECOND), VERDICT_TOO_LOW);
    CU_ASSERT_EQUAL(lot.closes.ms, 3600 * SECOND);
    bid_at(&lot, A, 3000, 3595 * SECOND, 3600 * SECOND);
    bid_at(&lot, B, 1500, 3599 * SECOND, 3689 * SECOND);
    lot = soft_lot(3600 * SECOND, 300 * SECOND, 300 * SECOND, 0);
    bid_at(&lot, A, 1000, 3299 * SECOND, 3600 * SECOND);
    bid_at(&lot, B, 2000, 3300 * SECOND, 3600 * SECOND);
    lot = soft_lot(3600 * SECOND, 0, 300 * SECOND, 0);
    bid_at(&lot, A, 1000, 3599 * SECOND, 3600 * SECOND);
}

static void
buy_now_lasts_until_the_reserve_is_met(void)
{
    struct rules rules = fixture_rules(1000, HOUR);
    const struct order buy = {.kind = ORDER_BUY, .amount = money_of(2000)};
    struct lot lot;

    rules.buy_now = money_of(2000);
    lot = fixture_lot(&rules);
    bid_at(&lot, A, 2500, 1, HOUR);
    CU_ASSERT_EQUAL(fixture_order(&lot, C, &buy, 2), VERDICT_STATE);
    bid_at(&lot, C, 2600, 3, HOUR);
    CU_ASSERT(fixture_stands(&lot, C, 2600));
    rules.reserve = money_of(1500);
    lot = fixture_lot(&rules);
    bid_at(&lot, A, 1200, 1, HOUR);
    CU_ASSERT_EQUAL(fixture_order(&lot, C, &buy, 2), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(fixture_award(&lot, 0)->user, C);
    CU_ASSERT_EQUAL(fixture_award(&lot, 0)->amount.minor, 2000);
    CU_ASSERT_EQUAL(lot.state, LOT_CLOSED);
}

static struct past_bid
past(uint64_t seq, uint64_t uid, int64_t max, int64_t t)
{
    return (struct past_bid){seq, uid, money_of(max), instant_of(t), false};
}

static enum verdict
retract(struct lot *lot, uint64_t uid, struct past_bid *bids, size_t count,
        int64_t t)
{
    struct bidder bidder = {.uid = uid, .limit = {INT64_MAX}};

    return lot_retract(lot, &bidder, bids, count, instant_of(t));
}

static struct lot
returnable_lot(struct past_bid *bids, size_t count)
{
    struct rules rules = fixture_rules(1000, 48 * HOUR);
    struct lot lot;

    rules.retraction = true;
    lot = fixture_lot(&rules);
    for (size_t i = 0; i < count; i++)
        bid_at(&lot, bids[i].uid, bids[i].max.minor, bids[i].t.ms, 48 * HOUR);
    return lot;
}

static void
a_retraction_replays_what_remains(void)
{
    struct past_bid bids[] = {past(1, A, 5000, 0), past(2, B, 95000, HOUR),
                              past(3, A, 9000, 2 * HOUR)};
    struct lot lot = returnable_lot(bids, 3);

    CU_ASSERT(fixture_stands(&lot, B, 9100));
    CU_ASSERT_EQUAL(retract(&lot, B, bids, 3, 3 * HOUR), VERDICT_ACCEPTED);
    CU_ASSERT(fixture_stands(&lot, A, 1000));
    CU_ASSERT_EQUAL(lot.maximum.minor, 9000);
    CU_ASSERT(bids[1].is_withdrawn && !bids[2].is_withdrawn);
}

static void
near_the_end_a_bid_can_be_retracted_for_an_hour(void)
{
    struct past_bid bids[] = {past(1, A, 5000, 0),
                              past(2, B, 90000, 40 * HOUR)};
    struct lot lot = returnable_lot(bids, 2);

    CU_ASSERT_EQUAL(retract(&lot, B, bids, 2, 41 * HOUR + SECOND),
                    VERDICT_TOO_LATE);
    CU_ASSERT_EQUAL(retract(&lot, B, bids, 2, 41 * HOUR), VERDICT_ACCEPTED);
    CU_ASSERT(fixture_stands(&lot, A, 1000));
}

static void
an_outage_gives_bidders_the_grace(void)
{
    const int64_t restart = 15 * HOUR + 4 * MINUTE;
    const struct instant alive = instant_of(15 * HOUR - 20 * SECOND);
    struct rules rules = fixture_rules(1000, 15 * HOUR);
    struct lot lot;

    rules.outage_grace_ms = 5 * MINUTE;
    lot = fixture_lot(&rules);
    CU_ASSERT(lot_outage(&lot, alive, instant_of(restart)));
    CU_ASSERT_EQUAL(lot.closes.ms, 15 * HOUR + 9 * MINUTE);
    rules.closes = instant_of(15 * HOUR + 20 * MINUTE);
    lot = fixture_lot(&rules);
    CU_ASSERT_FALSE(lot_outage(&lot, alive, instant_of(restart)));
}

static void
a_late_publication_opens_at_once(void)
{
    const uint8_t nonce[LOT_NONCE_BYTES] = {0};
    struct rules rules = fixture_rules(1000, 200);
    struct instant due;
    enum timer timer;
    struct lot lot;

    rules.opens = instant_of(100);
    lot_init(&lot, 1, SELLER, &rules, nonce);
    CU_ASSERT_EQUAL(lot_publish(&lot, instant_of(120)), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(fixture_bid(&lot, A, 1000, 99), VERDICT_NOT_OPEN);
    CU_ASSERT(lot_next_timer(&lot, &due, &timer));
    CU_ASSERT_EQUAL(timer, TIMER_OPEN);
    CU_ASSERT_EQUAL(due.ms, 120);
    lot_fire(&lot, fixture_book(), timer, due);
    CU_ASSERT_EQUAL(lot_publish(&lot, instant_of(199)), VERDICT_STATE);
    CU_ASSERT_EQUAL(fixture_bid(&lot, A, 1000, 199), VERDICT_ACCEPTED);
    fixture_close(&lot);
    CU_ASSERT_EQUAL(lot_publish(&lot, instant_of(200)), VERDICT_CLOSED);
}

static void
invoices_round_each_part_half_up(void)
{
    struct invoice i;

    CU_ASSERT(invoice_compute(&i, money_of(12345), 1000, 2000));
    CU_ASSERT(i.premium.minor == 1235 && i.tax.minor == 2716);
    CU_ASSERT_EQUAL(i.total.minor, 16296);
    CU_ASSERT(invoice_compute(&i, money_of(42000), 1250, 2000));
    CU_ASSERT_EQUAL(i.total.minor, 56700);
    CU_ASSERT(invoice_compute(&i, money_of(597), 550, 550));
    CU_ASSERT(i.premium.minor == 33 && i.tax.minor == 35);
    CU_ASSERT_EQUAL(i.total.minor, 665);
}

static void
a_reserve_has_the_published_commitment(void)
{
    uint8_t nonce[RESERVE_NONCE_BYTES], hash[RESERVE_COMMITMENT_BYTES];
    char text[2 * RESERVE_COMMITMENT_BYTES + 1];

    for (uint8_t i = 0; i < RESERVE_NONCE_BYTES; i++)
        nonce[i] = i;
    reserve_commit(1, money_of(12000), nonce, hash);
    CU_ASSERT_STRING_EQUAL(text_hex(text, hash, sizeof(hash)),
                           "e27e6af3ccff40944a1b8d90039e9bf34d2d454bfac594e"
                           "c69664be9d3b6afed");
}

SUITE("life", NULL, NULL, TEST(a_late_change_moves_the_close),
      TEST(a_hard_end_is_never_passed), TEST(only_a_visible_change_extends),
      TEST(buy_now_lasts_until_the_reserve_is_met),
      TEST(a_retraction_replays_what_remains),
      TEST(near_the_end_a_bid_can_be_retracted_for_an_hour),
      TEST(an_outage_gives_bidders_the_grace),
      TEST(a_late_publication_opens_at_once),
      TEST(invoices_round_each_part_half_up),
      TEST(a_reserve_has_the_published_commitment))
