/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bid, buy, retract: what a bidder does. Said to be done only when the
 * receipt has been verified; the receipt is kept.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_UNSIGNED = 256, KEY_REQUEST, KEY_VERSION, KEY_REASON };

struct bid_arguments {
    const char *words[2];
    int count;
    int wanted;
    const char *request;
    const char *reason;
    const char *if_version;
    bool is_unsigned;
};

static const struct argp_option bid_options[] = {
    {"request", KEY_REQUEST, "KEY", 0,
     "Repeat an earlier request: 32 hex digits", 0},
    {"if-version", KEY_VERSION, "N", 0,
     "Only if the auction has not changed since version N", 0},
    {"unsigned", KEY_UNSIGNED, NULL, 0, "Do not sign", 0},
    {"reason", KEY_REASON, "R", 0,
     "retract: typo, changed-description or seller-unreachable", 0},
    {0}};

static error_t
parse_bid(int key, char *argument, struct argp_state *state)
{
    struct bid_arguments *a = state->input;

    switch (key) {
    case KEY_REQUEST:
        a->request = argument;
        return 0;
    case KEY_VERSION:
        a->if_version = argument;
        return 0;
    case KEY_REASON:
        a->reason = argument;
        return 0;
    case KEY_UNSIGNED:
        a->is_unsigned = true;
        return 0;
    case ARGP_KEY_ARG:
        if (a->count == a->wanted)
            argp_usage(state);
        a->words[a->count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (a->count < a->wanted)
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/** Every receipt is worth keeping: it proves the bid to anybody, for ever. */
static void
keep_receipt(const struct cli *cli, const struct auction_result *result)
{
    char state[CLI_TEXT_BYTES], path[CLI_TEXT_BYTES + 64];
    FILE *file;

    if (result->receipt == NULL || !cli_state_dir(state))
        return;
    snprintf(path, sizeof(path), "%s/receipts", state);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/receipts/%llu.receipt", state,
             (unsigned long long)result->seq);
    file = fopen(path, "we");
    if (file == NULL || fputs(result->receipt, file) < 0 || fclose(file) != 0)
        fprintf(stderr, "auction: cannot keep the receipt in '%s': %s\n", path,
                strerror(errno));
    else if (cli->verbosity > 0)
        fprintf(stderr, "receipt kept in %s\n", path);
}

/** The auction's currency and, for a buyer, its price. */
static bool
look_up(struct cli *cli, struct auction_client *client, uint64_t id,
        char currency[8], int64_t *buy_now, const char *if_version, int *code)
{
    struct auction_result result;
    char path[64];
    json_t *auction;

    snprintf(path, sizeof(path), "/v1/auctions/%llu", (unsigned long long)id);
    auction = get_json(cli, client, path, &result, code);
    if (auction == NULL) {
        auction_result_release(&result);
        return false;
    }
    snprintf(currency, 8, "%s", text_of(auction, "currency"));
    *buy_now = json_integer_value(json_object_get(auction, "buy_now_price"));
    if (if_version != NULL && json_integer_value(json_object_get(
                                  auction, "version")) != atoll(if_version)) {
        fprintf(
            stderr,
            "auction: bid not sent: the auction has version %lld "
            "now (version-mismatch)\n",
            (long long)json_integer_value(json_object_get(auction, "version")));
        *code = AUCTION_REFUSED;
    }
    json_decref(auction);
    auction_result_release(&result);
    return *code == 0;
}

static int
show_bid(struct cli *cli, const struct auction_result *result,
         const char *currency, int64_t max)
{
    char price[48], maximum[48], next[48];

    if (cli->wants_json)
        fputs(result->body, stdout);
    else if (!cli->is_quiet)
        printf("%s at %s (your maximum %s), next bid %s; receipt %llu "
               "verified\n",
               result->is_leading ? "leading" : "outbid",
               amount_text(price, result->price, currency),
               amount_text(maximum, max, currency),
               amount_text(next, result->minimum_bid, currency),
               (unsigned long long)result->seq);
    return 0;
}

static int
send_bid(struct cli *cli, struct auction_client *client, uint64_t id,
         const char *words, const char *currency, const struct bid_arguments *a)
{
    struct auction_result result;
    struct money max;
    int code;

    if (money_parse(&max, words, strlen(words), money_decimals(currency)) !=
        ERR_OK)
        return usage_error("'%s' is %s (%s has %d decimals)", plain(words),
                           err_detail(), currency, money_decimals(currency));
    code = (int)auction_bid(client, id, max.minor, a->request, !a->is_unsigned,
                            &result);
    code = code == 0 ? show_bid(cli, &result, currency, max.minor)
                     : show_error(cli, "bid", &result, currency);
    keep_receipt(cli, &result);
    auction_result_release(&result);
    return code;
}

int
command_bid(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        bid_options,
        parse_bid,
        "AUCTION AMOUNT",
        "Bid up to AMOUNT, in major units: 125 or 125.50.",
        NULL,
        NULL,
        NULL};
    struct bid_arguments a = {.wanted = 2};
    struct auction_client *client;
    char currency[8];
    int64_t buy_now;
    uint64_t id;
    int code = 0;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    if (!id_parse(&id, a.words[0]))
        return usage_error("'%s' is not an auction's number",
                           plain(a.words[0]));
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    if (look_up(cli, client, id, currency, &buy_now, a.if_version, &code))
        code = send_bid(cli, client, id, a.words[1], currency, &a);
    auction_close(&client);
    return code;
}

static int
simple_command(struct cli *cli, struct auction_client *client, uint64_t id,
               const char *cmd, const char *fields,
               const struct bid_arguments *a, const char *currency)
{
    struct auction_result result;
    int code = (int)auction_command(client, id, cmd, fields, a->request,
                                    !a->is_unsigned, &result);

    if (code != 0)
        code = show_error(cli, cmd, &result, currency);
    else if (cli->wants_json)
        fputs(result.body, stdout);
    else if (!cli->is_quiet)
        printf("%s done; receipt %llu verified\n", cmd,
               (unsigned long long)result.seq);
    keep_receipt(cli, &result);
    auction_result_release(&result);
    return code;
}

int
command_buy(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        bid_options, parse_bid,
        "AUCTION",   "Buy now, at the auction's buy-now price.",
        NULL,        NULL,
        NULL};
    struct bid_arguments a = {.wanted = 1};
    struct auction_client *client;
    char currency[8], fields[64];
    int64_t price = 0;
    uint64_t id;
    int code = 0;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    if (!id_parse(&id, a.words[0]))
        return usage_error("'%s' is not an auction's number",
                           plain(a.words[0]));
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    if (look_up(cli, client, id, currency, &price, a.if_version, &code)) {
        snprintf(fields, sizeof(fields), "{\"price\":%lld}",
                 (long long)(price == 0 ? 1 : price));
        code = simple_command(cli, client, id, "buy", fields, &a, currency);
    }
    auction_close(&client);
    return code;
}

int
command_retract(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        bid_options,
        parse_bid,
        "AUCTION --reason REASON",
        "Take your bids back, where the rules allow it.",
        NULL,
        NULL,
        NULL};
    struct bid_arguments a = {.wanted = 1};
    struct auction_client *client;
    char fields[128];
    uint64_t id;
    int code = 0;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    if (!id_parse(&id, a.words[0]))
        return usage_error("'%s' is not an auction's number",
                           plain(a.words[0]));
    if (a.reason == NULL || strlen(a.reason) > 64 ||
        strpbrk(a.reason, "\"\\") != NULL)
        return usage_error("retract: give --reason typo, changed-description "
                           "or seller-unreachable");
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    snprintf(fields, sizeof(fields), "{\"reason\":\"%s\"}", a.reason);
    code = simple_command(cli, client, id, "retract", fields, &a, NULL);
    auction_close(&client);
    return code;
}
