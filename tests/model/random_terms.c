/* SPDX-License-Identifier: Apache-2.0 */
/* Random rule fields. */
#include "random.h"

#include <string.h>

static uint64_t
one_of(struct random_world *w, const uint64_t *choices, size_t count)
{
    return choices[random_below(w, count)];
}

#define ONE_OF(world, ...)                                                     \
    one_of(world, (const uint64_t[]){__VA_ARGS__},                             \
           sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static bool
percent(struct random_world *w, unsigned share)
{
    return random_below(w, 100) < share;
}

static void
random_table(struct random_world *w, struct naive_terms *r)
{
    uint64_t from = 0, step = 1 + random_below(w, 20);

    r->steps = 1 + random_below(w, 4);
    for (size_t i = 0; i < r->steps; i++) {
        r->table[i] = (struct naive_step){from, step};
        from += 1 + random_below(w, 800);
        step += random_below(w, 40);
    }
}

static void
random_english(struct random_world *w, struct naive_terms *r)
{
    if (percent(w, 35))
        r->reserve = r->start + ONE_OF(w, 0, 1, 50, 500, 2000);
    if (percent(w, 35)) {
        r->buy_now = r->start + 1 + ONE_OF(w, 0, 1, 100, 1000, 4000);
        if (r->buy_now < r->reserve)
            r->buy_now = r->reserve;
    }
    r->window = (int64_t)ONE_OF(w, 0, 0, 1, 30, 60, 180) * 1000;
    r->extension = (int64_t)ONE_OF(w, 0, 1, 30, 60, 180) * 1000;
    if (percent(w, 30))
        r->hard_end = r->close + (int64_t)ONE_OF(w, 0, 1, 1000, 90000);
    r->no_proxy = percent(w, 25);
    r->retraction = percent(w, 50);
    if (percent(w, 30))
        random_table(w, r);
}

static void
random_sealed(struct random_world *w, struct naive_terms *r)
{
    r->reveal_end =
        r->close + (int64_t)ONE_OF(w, 1, 1000, 60000, 600000, 7200000);
    r->bond = ONE_OF(w, 0, 0, 1, 250);
}

static void
random_dutch(struct random_world *w, struct naive_terms *r)
{
    r->start = ONE_OF(w, 1, 100, 1000, 1001, 9999);
    r->floor = percent(w, 20) ? r->start : 1 + random_below(w, r->start);
    r->drop = ONE_OF(w, 1, 100, 150, 499, 10000) + r->start / 20;
    r->interval = (int64_t)ONE_OF(w, 1, 1, 10, 60) * 1000;
    r->quantity = 1 + random_below(w, 12);
    r->close = naive_dutch_close(r);
}

static void
random_uniform(struct random_world *w, struct naive_terms *r)
{
    r->start = 0;
    r->floor = ONE_OF(w, 1, 75, 500);
    r->quantity = ONE_OF(w, 1, 5, 10, 20, 100);
    r->prorata = percent(w, 50);
    r->hrb = percent(w, 50);
    r->sealed = percent(w, 40);
    if (percent(w, 40))
        r->withdraw_until =
            r->close -
            (int64_t)random_below(w, (uint64_t)(r->close - r->open) + 1);
    if (r->sealed)
        random_sealed(w, r);
}

/** Make one rule false. */
static void
spoil(struct random_world *w, struct naive_terms *r)
{
    switch (random_below(w, 12)) {
    case 0:
        if (r->format != NAIVE_DUTCH) /* whose end is not sent */
            r->close = r->open - (int64_t)random_below(w, 2);
        break;
    case 1:
        r->start = 0;
        break;
    case 2:
        r->reserve = r->start > 1 ? r->start - 1 : 0;
        break;
    case 3:
        r->buy_now = r->start;
        break;
    case 4:
        r->reserve = r->start + 100;
        r->buy_now = r->start + 99;
        break;
    case 5:
        r->hard_end = r->close - 1;
        break;
    case 6:
        r->steps = 1;
        r->table[0] = (struct naive_step){1, 5};
        break;
    case 7:
        r->steps = 2;
        r->table[0] = (struct naive_step){0, 5};
        r->table[1] = (struct naive_step){0, 6};
        break;
    case 8:
        r->steps = 2;
        r->table[0] = (struct naive_step){0, 5};
        r->table[1] = (struct naive_step){10, 4};
        break;
    case 9:
        r->quantity = r->quantity == 1 ? 0 : r->quantity;
        break;
    case 10:
        r->reveal_end = r->reveal_end == 0 ? 0 : r->close;
        break;
    default:
        r->floor = r->floor == 0 ? 0 : r->start + 1;
        break;
    }
}

static void
random_circle(struct random_world *w, struct naive_terms *r)
{
    r->is_closed_circle = true;
    for (uint64_t user = 1; user <= 6; user++)
        if (percent(w, 60))
            r->allowed[r->allowed_count++] = user;
    if (r->allowed_count == 0)
        r->allowed[r->allowed_count++] = 1;
}

static enum naive_format
random_format(struct random_world *w)
{
    enum naive_format format;

    do
        format = (enum naive_format)random_below(w, NAIVE_FORMATS);
    while (!twin_has_format(format));
    return format;
}

void
random_terms(struct random_world *w, struct naive_terms *r)
{
    memset(r, 0, sizeof(*r));
    r->format = random_format(w);
    r->start = ONE_OF(w, 1, 100, 500, 999, 1000, 5000);
    r->quantity = 1;
    r->open = w->clock + (int64_t)ONE_OF(w, 0, 0, 1, 10000, 100000) -
              (int64_t)ONE_OF(w, 0, 0, 0, 5000);
    r->close = r->open + (int64_t)ONE_OF(w, 1000, 60000, 600000, 3600000,
                                         13 * 3600000, 48 * 3600000);
    r->premium_bp = (uint32_t)ONE_OF(w, 0, 1000, 1250, 550);
    r->tax_bp = (uint32_t)ONE_OF(w, 0, 2000, 550);
    r->pay_within = (int64_t)ONE_OF(w, 0, 1, 60, 86400) * 1000;
    r->grace = (int64_t)ONE_OF(w, 0, 1, 60, 300) * 1000;
    if (r->format == NAIVE_ENGLISH)
        random_english(w, r);
    else if (r->format == NAIVE_DUTCH)
        random_dutch(w, r);
    else if (r->format == NAIVE_UNIFORM)
        random_uniform(w, r);
    else
        random_sealed(w, r);
    if ((r->format == NAIVE_SEALED || r->format == NAIVE_VICKREY) &&
        percent(w, 40))
        r->reserve = r->start + ONE_OF(w, 0, 1, 100, 1000);
    if (twin_has_format(NAIVE_SEALED) && percent(w, 15))
        random_circle(w, r);
    if (percent(w, 10))
        spoil(w, r);
}
