/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules of a draft mean, in words, before anything is sent.
 */
#include "cli.h"

#include <string.h>

enum { LADDER_ROWS_MAX = 12 };

static const char *
money(json_t *draft, const char *member, char text[CLI_AMOUNT_BYTES])
{
    return amount_text(text, int_of(draft, member), text_of(draft, "currency"));
}

static bool
is_format(json_t *draft, const char *format)
{
    const char *given = text_of(draft, "format");

    return strcmp(given[0] == '\0' ? "english" : given, format) == 0;
}

static bool
is_set(json_t *draft, const char *member)
{
    return json_is_true(json_object_get(draft, member));
}

/* ------------------------------------------------------------------ English */

static void
explain_close(json_t *draft)
{
    int64_t window = int_of(draft, "extend_window");
    char last[64], later[64];

    printf("Closes at %s", plain(text_of(draft, "ends_at")));
    if (window > 0)
        printf("; each bid in the last %s that changes price or leader moves "
               "the end to %s later",
               duration_text(last, window),
               duration_text(later, int_of(draft, "extend_by")));
    if (text_of(draft, "hard_end_at")[0] != '\0')
        printf(", never past %s", plain(text_of(draft, "hard_end_at")));
    printf(".\n");
}

static void
explain_increments(json_t *draft)
{
    const char *currency = text_of(draft, "currency");
    char from[CLI_AMOUNT_BYTES], step[CLI_AMOUNT_BYTES];
    json_t *row;
    size_t i;

    json_array_foreach(json_object_get(draft, "increments"), i, row)
    {
        printf("From %s on, a bid must be %s higher.\n",
               amount_text(from, int_of(row, "from"), currency),
               amount_text(step, int_of(row, "step"), currency));
    }
}

static void
explain_english(json_t *draft)
{
    char amount[CLI_AMOUNT_BYTES];

    printf("An English auction; %s.\n",
           json_is_false(json_object_get(draft, "proxy"))
               ? "a bid is the price at once"
               : "a bid is a maximum, the price is one step above the second "
                 "highest");
    printf("Starts at %s.\n", money(draft, "start_price", amount));
    explain_increments(draft);
    if (int_of(draft, "buy_now_price") > 0)
        printf("Sold at once to who pays %s, while nobody leads%s.\n",
               money(draft, "buy_now_price", amount),
               int_of(draft, "reserve_price") > 0 ? " or the reserve is not met"
                                                  : "");
    if (is_set(draft, "retraction"))
        printf("Bids may be taken back: all of a bidder's until 12 h before "
               "the close, then the last one, within 1 h.\n");
    explain_close(draft);
}

/* ------------------------------------------------------------------- sealed */

static void
explain_sealing(json_t *draft)
{
    char amount[CLI_AMOUNT_BYTES];

    printf("Until %s nobody, the operator included, can read a bid: only a "
           "hash and a public cap are sent.\n",
           plain(text_of(draft, "ends_at")));
    printf("From then until %s each bidder must reveal; amounts are shown "
           "after that. ",
           plain(text_of(draft, "reveal_ends_at")));
    if (int_of(draft, "bond") > 0)
        printf("A bid that is not revealed is no bid, and costs a bond of "
               "%s.\n",
               money(draft, "bond", amount));
    else
        printf("A bid that is not revealed is no bid, and costs nothing.\n");
}

static void
explain_sealed(json_t *draft)
{
    char amount[CLI_AMOUNT_BYTES];
    bool is_second = is_format(draft, "vickrey");

    printf("A sealed auction: the highest bid wins and pays %s.\n",
           is_second ? "the second highest, but not less than the start price "
                       "or the reserve"
                     : "what it bid");
    printf("Of equal bids the one wins that was committed to first.\n");
    printf("No bid below %s counts.\n", money(draft, "start_price", amount));
    explain_sealing(draft);
    if (is_second && int_of(draft, "bond") == 0)
        printf("Without a bond a bidder could hold back a reveal to lower "
               "the price.\n");
}

/* -------------------------------------------------------------------- Dutch */

static void
explain_ladder(json_t *draft)
{
    int64_t start = int_of(draft, "start_price"),
            floor = int_of(draft, "floor_price"), drop = int_of(draft, "drop"),
            interval = int_of(draft, "interval"), steps, step = 0;
    const char *currency = text_of(draft, "currency");
    char after[64], amount[CLI_AMOUNT_BYTES];

    if (drop < 1 || interval < 1 || floor < 1 || floor > start)
        return; /* the server says why not */
    steps = (start - floor + drop - 1) / drop;
    for (; step <= steps; step++) {
        int64_t price = start - step * drop;

        if (step == LADDER_ROWS_MAX - 1 && steps > LADDER_ROWS_MAX) {
            printf("  ... %lld more steps ...\n", (long long)(steps - step));
            step = steps;
            price = floor;
        }
        printf("  %12s after the opening: %s\n",
               duration_text(after, step * interval),
               amount_text(amount, price < floor ? floor : price, currency));
    }
    printf("Closes %s after the opening, or when all is taken.\n",
           duration_text(after, (steps + 1) * interval));
}

static void
explain_dutch(json_t *draft)
{
    char from[CLI_AMOUNT_BYTES], to[CLI_AMOUNT_BYTES], drop[CLI_AMOUNT_BYTES],
        every[64];

    printf("A Dutch auction of %lld units: the price falls from %s by %s every "
           "%s, not below %s.\n",
           (long long)int_of(draft, "quantity"),
           money(draft, "start_price", from), money(draft, "drop", drop),
           duration_text(every, int_of(draft, "interval")),
           money(draft, "floor_price", to));
    printf("Who takes units pays the price of that moment for each, never "
           "more than the limit that was named.\n");
    explain_ladder(draft);
}

/* ------------------------------------------------------------------ uniform */

static void
explain_uniform(json_t *draft)
{
    char amount[CLI_AMOUNT_BYTES];
    bool is_prorata = strcmp(text_of(draft, "rationing"), "prorata") == 0;
    bool is_hrb = strcmp(text_of(draft, "pricing"), "hrb") == 0;
    const char *until = text_of(draft, "withdraw_until");

    printf("%lld units at one price: bids name a quantity and a price each, "
           "of at least %s; the highest are filled first.\n",
           (long long)int_of(draft, "quantity"),
           money(draft, "floor_price", amount));
    printf("At the last price that is reached, %s.\n",
           is_prorata ? "what is left is shared in proportion to the "
                        "quantities; odd units go to the largest remainders, "
                        "then to the earlier bid"
                      : "earlier bids are filled first");
    printf("All pay %s; if fewer units are wanted than there are, the "
           "lowest price, %s.\n",
           is_hrb ? "the highest price of a bid that is not completely filled, "
                    "or the lowest price if all are"
                  : "the lowest price that is filled",
           money(draft, "floor_price", amount));
    printf("A bidder may hold up to 10 bids, and replace or withdraw them "
           "until %s.\n",
           plain(until[0] == '\0' ? text_of(draft, "ends_at") : until));
    if (is_set(draft, "sealed"))
        explain_sealing(draft);
    else
        explain_close(draft);
}

/* ------------------------------------------------------------------ for all */

static void
explain_rest(json_t *draft)
{
    char amount[CLI_AMOUNT_BYTES], within[64];
    int64_t premium = int_of(draft, "premium_bp"),
            tax = int_of(draft, "tax_bp");

    if (int_of(draft, "reserve_price") > 0)
        printf("Not sold below %s, which stays hidden until the close.\n",
               money(draft, "reserve_price", amount));
    if (json_array_size(json_object_get(draft, "allow")) > 0)
        printf("Only %zu named accounts may bid.\n",
               json_array_size(json_object_get(draft, "allow")));
    if (premium > 0 || tax > 0)
        printf("The buyer pays a premium of %lld.%02lld %% and %lld.%02lld %% "
               "tax on both.\n",
               (long long)premium / 100, (long long)premium % 100,
               (long long)tax / 100, (long long)tax % 100);
    if (int_of(draft, "pay_within") > 0)
        printf("To be paid within %s of the close.\n",
               duration_text(within, int_of(draft, "pay_within")));
}

void
draft_explain(json_t *draft)
{
    printf("\"%s\"\n", plain(text_of(draft, "title")));
    if (is_format(draft, "english"))
        explain_english(draft);
    else if (is_format(draft, "sealed") || is_format(draft, "vickrey"))
        explain_sealed(draft);
    else if (is_format(draft, "dutch"))
        explain_dutch(draft);
    else if (is_format(draft, "uniform"))
        explain_uniform(draft);
    else
        printf("A format that this client has no words for: %s.\n",
               plain(text_of(draft, "format")));
    explain_rest(draft);
    printf("%sNothing was sent.\n",
           is_set(draft, "publish") ? "Published rules never change. " : "");
}
