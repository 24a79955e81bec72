/* SPDX-License-Identifier: Apache-2.0 */
/**
 * lot_fixture: an open lot and short ways to bid on it, for the suites here.
 *
 * User 1 sells, users 2 and up bid; credit is without limit.
 */
#ifndef TESTS_LOT_FIXTURE_H
#define TESTS_LOT_FIXTURE_H

#include "auction/lot.h"

enum { SELLER = 1, A = 2, B = 3, C = 4, D = 5, E = 6 };

/** Default rules: open at 0 ms, closed at `closes_ms`, in euros. */
struct rules fixture_rules(int64_t start, int64_t closes_ms);

/** A lot of these rules, published and opened at its opening. */
struct lot fixture_lot(const struct rules *rules);

enum verdict
fixture_bid(struct lot *lot, uint64_t uid, int64_t max, int64_t t_ms);

/** Any order, by a bidder with credit without limit. */
enum verdict fixture_order(struct lot *lot, uint64_t uid,
                           const struct order *order, int64_t t_ms);

/** By a bidder with what it holds in all, here too. */
enum verdict fixture_bid_as(struct lot *lot, const struct bidder *bidder,
                            int64_t max, int64_t t_ms);

/** The book of the one lot under test; emptied by fixture_lot. */
struct book *fixture_book(void);

/** Award number i of the lot. */
const struct entry *fixture_award(const struct lot *lot, uint32_t i);

/** Fire the next timer, which must be this one. */
void fixture_fire(struct lot *lot, enum timer timer);

/** Whether leader and price are these. */
bool fixture_stands(const struct lot *lot, uint64_t leader, int64_t price);

/** Fire the close. */
void fixture_close(struct lot *lot);

#endif
