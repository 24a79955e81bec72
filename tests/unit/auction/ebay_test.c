/* SPDX-License-Identifier: Apache-2.0 */
/* Real bids, see tests/data/README.md. Run from the top of the tree. */
#include "auction/lot_fixture.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

enum { AUCTIONS = 333, BIDS = 5792, AS_ON_EBAY = 315 };

struct row {
    int auction;
    int64_t days;
    int64_t start;
    int64_t at_ms;
    uint64_t bidder;
    int64_t max;
    int64_t paid;
    int64_t by_rule;
};

static bool
read_row(FILE *file, struct row *row)
{
    char line[256];
    const char *rest;
    long long n[6];
    unsigned bidder;

    if (fgets(line, sizeof(line), file) == NULL)
        return false;
    CHECK(sscanf(line, "%d,", &row->auction) == 1);
    rest = strchr(strchr(line, ',') + 1, ',');
    CHECK(rest != NULL);
    CHECK(sscanf(rest, ",%lld,%lld,%lld,b%u,%lld,%lld,%lld", &n[0], &n[1],
                 &n[2], &bidder, &n[3], &n[4], &n[5]) == 7);
    row->days = n[0];
    row->start = n[1];
    row->at_ms = n[2];
    row->bidder = bidder + SELLER + 1;
    row->max = n[3];
    row->paid = n[4];
    row->by_rule = n[5];
    return true;
}

struct tally {
    int auctions;
    int bids;
    int by_rule;
    int as_on_ebay;
};

static void
count_auction(struct tally *tally, struct lot *lot, const struct row *row)
{
    fixture_close(lot);
    tally->auctions++;
    tally->by_rule += lot->price.minor == row->by_rule;
    tally->as_on_ebay += lot->price.minor == row->paid;
}

static void
every_auction_ends_at_the_price_of_the_rules(void)
{
    FILE *file = fopen("tests/data/ebay-bids.csv", "r");
    struct row row, last = {0};
    struct tally tally = {0};
    struct lot lot = {0};
    char heading[256];

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_PTR_NOT_NULL(fgets(heading, sizeof(heading), file));
    while (read_row(file, &row)) {
        if (row.auction != last.auction) {
            struct rules rules = fixture_rules(row.start, row.days * DAY_MS);
            if (last.auction != 0)
                count_auction(&tally, &lot, &last);
            lot = fixture_lot(&rules);
        }
        (void)fixture_bid(&lot, row.bidder, row.max, row.at_ms);
        tally.bids++;
        last = row;
    }
    count_auction(&tally, &lot, &last);
    CU_ASSERT_EQUAL(fclose(file), 0);
    CU_ASSERT_EQUAL(tally.bids, BIDS);
    CU_ASSERT_EQUAL(tally.auctions, AUCTIONS);
    CU_ASSERT_EQUAL(tally.by_rule, AUCTIONS);
    CU_ASSERT_EQUAL(tally.as_on_ebay, AS_ON_EBAY);
}

SUITE("ebay", NULL, NULL, TEST(every_auction_ends_at_the_price_of_the_rules))
