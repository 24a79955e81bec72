/* SPDX-License-Identifier: Apache-2.0 */
/* Random commands on the lot and on the naive rules; TEST_SEED repeats. */
#include "auction/lot_fixture.h"
#include "auction/naive_english.h"
#include "tap.h"

enum { LOTS = 4000, COMMANDS = 60, BIDDERS = 5, END_MS = 60000 };

struct game {
    unsigned long long random;
    struct lot lot;
    struct past_bid bids[COMMANDS];
    size_t count;
    int64_t t_ms;
};

static int64_t
pick(struct game *game, int64_t below)
{
    return (int64_t)(tap_random(&game->random) % (unsigned long long)below);
}

static void
start(struct game *game, bool proxy)
{
    struct rules rules = fixture_rules(1 + pick(game, 3000), END_MS);

    rules.proxy = proxy;
    rules.retraction = true;
    rules.window_ms = pick(game, 3) * 5000;
    rules.extension_ms = pick(game, 3) * 5000;
    if (pick(game, 2) == 0)
        rules.hard_end = instant_of(END_MS + pick(game, 9000));
    if (pick(game, 2) == 0)
        rules.reserve = money_of(rules.start_price.minor + pick(game, 4000));
    game->lot = fixture_lot(&rules);
    game->count = 0;
    game->t_ms = 0;
}

static bool
agrees(const struct game *game, const struct naive_state *state)
{
    return game->lot.leader == state->leader &&
           game->lot.maximum.minor == state->maximum &&
           game->lot.price.minor == state->price;
}

/** Whether everything that must hold after a bid held. */
static bool
bid(struct game *game)
{
    struct lot *lot = &game->lot;
    struct lot before = *lot;
    struct naive_state state = naive_fold(&lot->rules, game->bids, game->count);
    uint64_t uid = (uint64_t)(A + pick(game, BIDDERS));
    int64_t max = lot_min_next(lot, lot->closes).minor - 60 + pick(game, 400);
    enum verdict verdict;

    max = max < 1 ? 1 : max;
    if (pick(game, 8) == 0 && lot->leader != 0)
        max = lot->maximum.minor; /* ties */
    verdict = fixture_bid(lot, uid, max, game->t_ms);
    if (verdict != naive_judge(&lot->rules, &state, uid, max))
        return false;
    if (verdict != VERDICT_ACCEPTED)
        return agrees(game, &state) && lot->closes.ms == before.closes.ms;
    game->bids[game->count] = (struct past_bid){.seq = game->count + 1,
                                                .uid = uid,
                                                .max = money_of(max),
                                                .t = instant_of(game->t_ms)};
    game->count++;
    state = naive_fold(&lot->rules, game->bids, game->count);
    return agrees(game, &state) && lot->price.minor >= before.price.minor &&
           lot->closes.ms >= before.closes.ms &&
           (lot->hard_end.ms == 0 || lot->closes.ms <= lot->hard_end.ms);
}

static bool
retract(struct game *game)
{
    struct bidder bidder = {.uid = (uint64_t)(A + pick(game, BIDDERS)),
                            .limit = {INT64_MAX}};
    struct instant closes = game->lot.closes;
    struct naive_state state;
    enum verdict verdict;

    verdict = lot_retract(&game->lot, &bidder, game->bids, game->count,
                          instant_of(game->t_ms));
    state = naive_fold(&game->lot.rules, game->bids, game->count);
    return (verdict == VERDICT_ACCEPTED || verdict == VERDICT_STATE ||
            verdict == VERDICT_TOO_LATE) &&
           agrees(game, &state) && game->lot.closes.ms == closes.ms;
}

static void
compare(bool proxy)
{
    struct game game = {.random = tap_seed()};
    size_t wrong = 0;

    for (int i = 0; i < LOTS; i++) {
        start(&game, proxy);
        for (int j = 0; j < COMMANDS; j++) {
            game.t_ms += pick(&game, 2000);
            if (game.t_ms >= game.lot.closes.ms)
                break;
            wrong += pick(&game, 20) == 0 ? !retract(&game) : !bid(&game);
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void
proxy_bids_agree_with_the_naive_rules(void)
{
    compare(true);
}

static void
open_bids_agree_with_the_naive_rules(void)
{
    compare(false);
}

SUITE("random", NULL, NULL, TEST(proxy_bids_agree_with_the_naive_rules),
      TEST(open_bids_agree_with_the_naive_rules))
