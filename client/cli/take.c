/* SPDX-License-Identifier: Apache-2.0 */
/*
 * take: from a price that falls. withdraw, retract: taking bids back.
 */
#include "cli.h"
#include "opening.h"

#include <string.h>

enum { KEY_LIMIT = 256, KEY_ALL_OR_NONE, KEY_REASON };

struct take_arguments {
    struct words words;
    struct act act;
    const char *limit, *reason;
    bool is_all_or_none;
    uint64_t id;
};

static error_t
parse_take(int key, char *argument, struct argp_state *state)
{
    struct take_arguments *a = state->input;

    switch (key) {
    case KEY_LIMIT:
        a->limit = argument;
        return 0;
    case KEY_ALL_OR_NONE:
        a->is_all_or_none = true;
        return 0;
    case KEY_REASON:
        a->reason = argument;
        return 0;
    default:
        return words_take(&a->words, key, argument, state);
    }
}

static bool
take_id(struct take_arguments *a)
{
    if (id_parse(&a->id, a->words.at[0]))
        return true;
    usage_error("'%s' is not an auction's number", plain(a->words.at[0]));
    return false;
}

/* --------------------------------------------------------------------- take */

static void
print_take(const struct deed *deed, const struct auction_result *result)
{
    char price[CLI_AMOUNT_BYTES];
    json_t *answer = json_loads(result->body, 0, NULL);
    json_t *record = json_loads(result->record, 0, NULL);
    int64_t asked = int_of(record, "quantity"), filled = asked;

    /* What was left may be less than what was asked for. */
    if (json_object_get(record, "filled") != NULL)
        filled = int_of(record, "filled");
    else if (json_object_get(answer, "filled") != NULL)
        filled = int_of(answer, "filled");
    printf("took %lld%s at %s each, receipt %llu verified\n", (long long)filled,
           filled < asked ? ", all that was left," : "",
           amount_text(price, result->price, deed->currency),
           (unsigned long long)result->seq);
    json_decref(record);
    json_decref(answer);
}

static int
run_take(struct cli *cli, struct auction_client *client,
         struct take_arguments *a, int quantity)
{
    struct deed deed = {.what = "take", .auction = a->id};
    struct looked looked;
    int64_t limit;
    int code = 0;

    if (!look_up(cli, client, a->id, &looked, &code))
        return code;
    if (!amount_parse(&limit, a->limit, looked.currency))
        return AUCTION_USAGE;
    deed.currency = looked.currency;
    deed.fields =
        json_pack("{s:I, s:I, s:b}", "quantity", (json_int_t)quantity, "limit",
                  (json_int_t)limit, "all_or_none", (int)a->is_all_or_none);
    return act_do(cli, client, &deed, &a->act, print_take);
}

int
command_take(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"limit", KEY_LIMIT, "AMOUNT", 0, "The most you pay for one", 0},
        {"all-or-none", KEY_ALL_OR_NONE, NULL, 0,
         "Nothing rather than fewer than QUANTITY", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_take,
        .args_doc = "AUCTION QUANTITY --limit AMOUNT",
        .doc = "Take units of a Dutch auction at the price of the moment, "
               "which is never above AMOUNT."};
    struct take_arguments a = {.words = {.minimum = 2, .maximum = 2}};
    struct auction_client *client;
    int quantity, code = 0;

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    if (!take_id(&a))
        return AUCTION_USAGE;
    if (a.limit == NULL)
        return usage_error("take: give --limit AMOUNT, the most for one");
    if (!number_parse(&quantity, a.words.at[1], 1, 999999999))
        return usage_error("'%s' is not a quantity", plain(a.words.at[1]));
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    code = run_take(cli, client, &a, quantity);
    auction_close(&client);
    return code;
}

/* ----------------------------------------------------------------- withdraw */

static int
run_withdraw(struct cli *cli, struct take_arguments *a, uint64_t bid)
{
    struct auction_client *client;
    struct auction_result result;
    int code = 0;

    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    if ((code = act_begin(&a->act)) == 0) {
        auction_withdraw(client, a->id, bid, a->act.key, !a->act.is_unsigned,
                         &result);
        code = act_end(cli, client, "withdraw", &result, NULL);
        if (code == 0 && cli_talks(cli))
            printf("withdrawn; receipt %llu verified\n",
                   (unsigned long long)result.seq);
        auction_result_release(&result);
    }
    auction_close(&client);
    return code;
}

int
command_withdraw(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse_take,
        .args_doc = "AUCTION [BID]",
        .doc = "Take a sealed commitment back while the auction is open, or "
               "bid number BID where there may be several."};
    struct take_arguments a = {.words = {.minimum = 1, .maximum = 2}};
    uint64_t bid = 0;
    char path[64], body[64] = "{}";

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    if (!take_id(&a))
        return AUCTION_USAGE;
    if (a.words.count == 2 && !id_parse(&bid, a.words.at[1]))
        return usage_error("'%s' is not a bid's number", plain(a.words.at[1]));
    if (bid != 0)
        snprintf(body, sizeof(body), "{\"bid\":%llu}", (unsigned long long)bid);
    snprintf(path, sizeof(path), "/v1/auctions/%llu/withdraw",
             (unsigned long long)a.id);
    if (cli_curl(cli, "POST", path, body))
        return 0;
    return run_withdraw(cli, &a, bid);
}

/* ------------------------------------------------------------------ retract */

static bool
is_retract_reason(const char *reason)
{
    return reason != NULL && (strcmp(reason, "typo") == 0 ||
                              strcmp(reason, "changed-description") == 0 ||
                              strcmp(reason, "seller-unreachable") == 0);
}

int
command_retract(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"reason", KEY_REASON, "R", 0,
         "typo, changed-description or seller-unreachable", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_take,
        .args_doc = "AUCTION --reason R",
        .doc = "Take your bids back, where the rules allow it."};
    struct take_arguments a = {.words = {.minimum = 1, .maximum = 1}};
    struct deed deed = {.what = "retract"};

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    if (!take_id(&a))
        return AUCTION_USAGE;
    if (!is_retract_reason(a.reason))
        return usage_error("retract: give --reason typo, changed-description "
                           "or seller-unreachable");
    deed.auction = a.id;
    deed.fields = json_pack("{s:s}", "reason", a.reason);
    return act_do_alone(cli, &deed, &a.act, NULL);
}
