/* SPDX-License-Identifier: Apache-2.0 */
#include "auction/naive_english.h"

int64_t
naive_step(const struct rules *rules, int64_t x)
{
    int64_t step = 0;

    for (size_t i = 0; i < rules->increment_count; i++)
        if (rules->increments[i].from.minor <= x)
            step = rules->increments[i].step.minor;
    return step;
}

static int64_t
smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void
take(const struct rules *rules, struct naive_state *s, uint64_t uid, int64_t m)
{
    int64_t second = s->maximum;

    if (!rules->proxy) {
        *s = (struct naive_state){uid, m, m};
    } else if (s->leader == 0) {
        *s = (struct naive_state){uid, m, rules->start_price.minor};
    } else if (s->leader == uid) {
        s->maximum = m > second ? m : second;
    } else if (m > second) {
        *s = (struct naive_state){
            uid, m, smaller(m, second + naive_step(rules, second))};
    } else if (m == second) {
        s->price = m;
    } else {
        s->price = smaller(second, m + naive_step(rules, m));
    }
    if (rules->reserve.minor > 0 && s->maximum >= rules->reserve.minor &&
        s->price < rules->reserve.minor)
        s->price = rules->reserve.minor;
}

struct naive_state
naive_fold(const struct rules *rules, const struct past_bid *bids, size_t count)
{
    struct naive_state state = {0, 0, 0};

    for (size_t i = 0; i < count; i++)
        if (!bids[i].is_withdrawn)
            take(rules, &state, bids[i].uid, bids[i].max.minor);
    return state;
}

enum verdict
naive_judge(const struct rules *rules, const struct naive_state *state,
            uint64_t uid, int64_t max)
{
    int64_t next = state->price + naive_step(rules, state->price);

    if (state->leader == 0)
        next = rules->start_price.minor;
    if (state->leader == uid)
        return rules->proxy && max > state->maximum ? VERDICT_ACCEPTED
                                                    : VERDICT_NOT_HIGHER;
    return max < next ? VERDICT_TOO_LOW : VERDICT_ACCEPTED;
}
