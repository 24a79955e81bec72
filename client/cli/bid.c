/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bid, buy, retract: what a bidder does. Said to be done only when the
 * receipt has been verified.
 */
#include "cli.h"

#include <string.h>

enum { KEY_VERSION = 256, KEY_REASON, CURRENCY_BYTES = 8, PATH_BYTES = 64 };

struct bid_arguments {
    struct words words;
    struct act act;
    const char *reason;
    const char *if_version;
};

/** What has to be known of an auction before it is bid for. */
struct looked {
    char currency[CURRENCY_BYTES];
    int64_t buy_now; /* 0: none */
    int64_t version;
};

static const struct argp_option bid_options[] = {
    {"if-version", KEY_VERSION, "N", 0,
     "Only if the auction has version N when it is looked at", 0},
    {0}};

static error_t
parse_bid(int key, char *argument, struct argp_state *state)
{
    struct bid_arguments *a = state->input;

    switch (key) {
    case KEY_VERSION:
        a->if_version = argument;
        return 0;
    case KEY_REASON:
        a->reason = argument;
        return 0;
    default:
        return words_take(&a->words, key, argument, state);
    }
}

static bool
look_up(struct cli *cli, struct auction_client *client, uint64_t id,
        struct looked *out, int *code)
{
    struct auction_result result;
    char path[PATH_BYTES];
    json_t *auction;

    snprintf(path, sizeof(path), "/v1/auctions/%llu", (unsigned long long)id);
    auction = get_json(cli, client, path, &result, code);
    if (auction != NULL) {
        snprintf(out->currency, sizeof(out->currency), "%s",
                 text_of(auction, "currency"));
        out->buy_now = int_of(auction, "buy_now_price");
        out->version = int_of(auction, "version");
    }
    json_decref(auction);
    auction_result_release(&result);
    return auction != NULL;
}

/** 0, or the exit code when the auction is no longer the one looked at. */
static int
check_version(const struct bid_arguments *a, const struct looked *looked)
{
    uint64_t wanted;

    if (a->if_version == NULL)
        return 0;
    if (!id_parse(&wanted, a->if_version))
        return usage_error("'%s' is not a version", plain(a->if_version));
    if ((int64_t)wanted == looked->version)
        return 0;
    fprintf(stderr,
            "auction: not sent: the auction has version %lld now "
            "(version-mismatch)\n",
            (long long)looked->version);
    return AUCTION_REFUSED;
}

static void
print_bid(const struct cli *cli, const struct auction_result *result,
          const char *currency, int64_t max)
{
    char price[CLI_AMOUNT_BYTES], maximum[CLI_AMOUNT_BYTES],
        next[CLI_AMOUNT_BYTES];

    if (cli->is_quiet || cli_wants_json(cli))
        return;
    printf("%s at %s (maximum %s), next bid %s, receipt %llu verified\n",
           result->is_leading ? "leading" : "outbid",
           amount_text(price, result->price, currency),
           amount_bare(maximum, max, currency),
           amount_bare(next, result->minimum_bid, currency),
           (unsigned long long)result->seq);
}

static int
send_bid(struct cli *cli, struct auction_client *client, uint64_t id,
         int64_t max, const char *currency, struct act *act)
{
    struct auction_result result;
    int code = act_begin(act);

    if (code != 0)
        return code;
    auction_bid(client, id, max, act->key, !act->is_unsigned, &result);
    code = act_end(cli, client, "bid", &result, currency);
    if (code == 0)
        print_bid(cli, &result, currency, max);
    auction_result_release(&result);
    return code;
}

static int
run_bid(struct cli *cli, struct auction_client *client, uint64_t id,
        struct bid_arguments *a)
{
    struct looked looked;
    char path[PATH_BYTES], body[PATH_BYTES];
    int64_t max;
    int code = 0;

    if (!look_up(cli, client, id, &looked, &code) ||
        (code = check_version(a, &looked)) != 0)
        return code;
    if (!amount_parse(&max, a->words.at[1], looked.currency))
        return AUCTION_USAGE;
    snprintf(path, sizeof(path), "/v1/auctions/%llu/bid",
             (unsigned long long)id);
    snprintf(body, sizeof(body), "{\"max\":%lld}", (long long)max);
    if (cli_curl(cli, "POST", path, body))
        return 0;
    return send_bid(cli, client, id, max, looked.currency, &a->act);
}

/** The auction's number, the client; then the command; then the end. */
static int
with_auction(struct cli *cli, struct bid_arguments *a,
             int (*run)(struct cli *cli, struct auction_client *client,
                        uint64_t id, struct bid_arguments *a))
{
    struct auction_client *client;
    uint64_t id;
    int code = 0;

    if (!id_parse(&id, a->words.at[0]))
        return usage_error("'%s' is not an auction's number",
                           plain(a->words.at[0]));
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    code = run(cli, client, id, a);
    auction_close(&client);
    return code;
}

int
command_bid(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = bid_options,
        .parser = parse_bid,
        .args_doc = "AUCTION AMOUNT",
        .doc = "Bid up to AMOUNT, in major units: 125 or 125.50."};
    struct bid_arguments a = {.words = {.minimum = 2, .maximum = 2}};

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    return with_auction(cli, &a, run_bid);
}

/* ------------------------------------------------------------- buy, retract */

static int
finish(struct cli *cli, struct auction_client *client, const char *what,
       struct auction_result *result, const char *currency)
{
    int code = act_end(cli, client, what, result, currency);
    char price[CLI_AMOUNT_BYTES];

    if (code == 0 && !cli->is_quiet && !cli_wants_json(cli)) {
        if (currency != NULL)
            printf("bought at %s, receipt %llu verified\n",
                   amount_text(price, result->price, currency),
                   (unsigned long long)result->seq);
        else
            printf("%s done; receipt %llu verified\n", what,
                   (unsigned long long)result->seq);
    }
    auction_result_release(result);
    return code;
}

static int
run_buy(struct cli *cli, struct auction_client *client, uint64_t id,
        struct bid_arguments *a)
{
    struct auction_result result;
    struct looked looked;
    char path[PATH_BYTES], body[PATH_BYTES];
    int code = 0;

    if (!look_up(cli, client, id, &looked, &code) ||
        (code = check_version(a, &looked)) != 0)
        return code;
    if (looked.buy_now == 0) {
        fprintf(stderr,
                "auction: buy refused: auction %llu has no buy-now "
                "price\n",
                (unsigned long long)id);
        return AUCTION_REFUSED;
    }
    snprintf(path, sizeof(path), "/v1/auctions/%llu/buy",
             (unsigned long long)id);
    snprintf(body, sizeof(body), "{\"price\":%lld}", (long long)looked.buy_now);
    if (cli_curl(cli, "POST", path, body))
        return 0;
    if ((code = act_begin(&a->act)) != 0)
        return code;
    auction_buy(client, id, looked.buy_now, a->act.key, !a->act.is_unsigned,
                &result);
    return finish(cli, client, "buy", &result, looked.currency);
}

int
command_buy(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = bid_options,
        .parser = parse_bid,
        .args_doc = "AUCTION",
        .doc = "Buy now, at the auction's buy-now price."};
    struct bid_arguments a = {.words = {.minimum = 1, .maximum = 1}};

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    return with_auction(cli, &a, run_buy);
}

static int
run_retract(struct cli *cli, struct auction_client *client, uint64_t id,
            struct bid_arguments *a)
{
    struct auction_result result;
    char path[PATH_BYTES], body[PATH_BYTES];
    int code;

    snprintf(path, sizeof(path), "/v1/auctions/%llu/retract",
             (unsigned long long)id);
    snprintf(body, sizeof(body), "{\"reason\":\"%s\"}", a->reason);
    if (cli_curl(cli, "POST", path, body))
        return 0;
    if ((code = act_begin(&a->act)) != 0)
        return code;
    auction_retract(client, id, a->reason, a->act.key, !a->act.is_unsigned,
                    &result);
    return finish(cli, client, "retract", &result, NULL);
}

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
        .parser = parse_bid,
        .args_doc = "AUCTION --reason R",
        .doc = "Take your bids back, where the rules allow it."};
    struct bid_arguments a = {.words = {.minimum = 1, .maximum = 1}};

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    if (!is_retract_reason(a.reason))
        return usage_error("retract: give --reason typo, changed-description "
                           "or seller-unreachable");
    return with_auction(cli, &a, run_retract);
}
