/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bid, buy. Said to be done only when the receipt has been verified.
 */
#include "cli.h"

#include <string.h>

enum { KEY_VERSION = 256, KEY_REPLACE };

struct bid_arguments {
    struct words words;
    struct act act;
    const char *if_version;
    uint64_t replaces;
};

static const struct argp_option bid_options[] = {
    {"if-version", KEY_VERSION, "N", 0,
     "Only if the auction has version N when it is looked at", 0},
    {"replace", KEY_REPLACE, "BID", 0,
     "Uniform price: this bid of yours is replaced", 0},
    {0}};

static error_t
parse_bid(int key, char *argument, struct argp_state *state)
{
    struct bid_arguments *a = state->input;

    switch (key) {
    case KEY_VERSION:
        a->if_version = argument;
        return 0;
    case KEY_REPLACE:
        if (!id_parse(&a->replaces, argument))
            argp_error(state, "'%s' is not a bid's number", plain(argument));
        return 0;
    default:
        return words_take(&a->words, key, argument, state);
    }
}

bool
look_up(struct cli *cli, struct auction_client *client, uint64_t id,
        struct looked *out, int *code)
{
    struct auction_result result;
    char path[64];
    json_t *auction;

    snprintf(path, sizeof(path), "/v1/auctions/%llu", (unsigned long long)id);
    auction = get_json(cli, client, path, &result, code);
    if (auction != NULL) {
        snprintf(out->currency, sizeof(out->currency), "%s",
                 text_of(auction, "currency"));
        snprintf(out->format, sizeof(out->format), "%s",
                 text_of(auction, "format"));
        snprintf(out->status, sizeof(out->status), "%s",
                 text_of(auction, "status"));
        snprintf(out->etag, sizeof(out->etag), "%s", result.etag);
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

/* ---------------------------------------------------------------------- bid */

static void
print_bid(const struct deed *deed, const struct auction_result *result)
{
    char price[CLI_AMOUNT_BYTES], maximum[CLI_AMOUNT_BYTES],
        next[CLI_AMOUNT_BYTES];
    json_t *record = json_loads(result->record, 0, NULL);

    printf("%s at %s (maximum %s), next bid %s, receipt %llu verified\n",
           result->is_leading ? "leading" : "outbid",
           amount_text(price, result->price, deed->currency),
           amount_bare(maximum, int_of(record, "max"), deed->currency),
           amount_bare(next, result->minimum_bid, deed->currency),
           (unsigned long long)result->seq);
    json_decref(record);
}

static void
print_units(const struct deed *deed, const struct auction_result *result)
{
    char price[CLI_AMOUNT_BYTES];
    json_t *record = json_loads(result->record, 0, NULL);

    printf("bid %llu for %lld at up to %s each, receipt verified\n",
           (unsigned long long)result->seq,
           (long long)int_of(record, "quantity"),
           amount_text(price, int_of(record, "price"), deed->currency));
    json_decref(record);
}

/** "10@8.00": so many units at that price each; NULL after a message. */
static json_t *
read_units(const char *text, const char *currency)
{
    const char *at = strchr(text, '@');
    char count[16];
    int64_t price;
    int quantity;

    snprintf(count, sizeof(count), "%.*s", (int)(at - text), text);
    if (!number_parse(&quantity, count, 1, 999999999)) {
        usage_error("'%s' is not QUANTITY@PRICE such as 10@8.00", plain(text));
        return NULL;
    }
    if (!amount_parse(&price, at + 1, currency))
        return NULL;
    return json_pack("{s:I, s:I}", "quantity", (json_int_t)quantity, "price",
                     (json_int_t)price);
}

static json_t *
read_bid(const struct bid_arguments *a, const struct looked *looked,
         bool has_units)
{
    const char *text = a->words.at[1];
    json_t *fields;
    int64_t max;

    if (has_units) {
        fields = read_units(text, looked->currency);
        if (fields != NULL && a->replaces != 0)
            json_object_set_new(fields, "bid",
                                json_integer((json_int_t)a->replaces));
        return fields;
    }
    if (strcmp(looked->format, "uniform") == 0) {
        usage_error("this auction sells several units: write QUANTITY@PRICE, "
                    "such as 10@8.00");
        return NULL;
    }
    return amount_parse(&max, text, looked->currency)
               ? json_pack("{s:I}", "max", (json_int_t)max)
               : NULL;
}

static int
run_bid(struct cli *cli, struct auction_client *client, uint64_t id,
        struct bid_arguments *a)
{
    bool has_units = strchr(a->words.at[1], '@') != NULL;
    struct deed deed = {.what = "bid", .auction = id};
    struct looked looked;
    int code = 0;

    if (!look_up(cli, client, id, &looked, &code) ||
        (code = check_version(a, &looked)) != 0)
        return code;
    deed.currency = looked.currency;
    deed.fields = read_bid(a, &looked, has_units);
    if (deed.fields == NULL)
        return AUCTION_USAGE;
    return act_do(cli, client, &deed, &a->act,
                  has_units ? print_units : print_bid);
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
        .args_doc = "AUCTION AMOUNT|QUANTITY@PRICE",
        .doc = "Bid up to AMOUNT, in major units: 125 or 125.50. Where several "
               "units are sold at one price, bid for QUANTITY of them at up "
               "to PRICE each: 10@8.00."};
    struct bid_arguments a = {.words = {.minimum = 2, .maximum = 2}};

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    return with_auction(cli, &a, run_bid);
}

/* ---------------------------------------------------------------------- buy */

static void
print_buy(const struct deed *deed, const struct auction_result *result)
{
    char price[CLI_AMOUNT_BYTES];

    printf("bought at %s, receipt %llu verified\n",
           amount_text(price, result->price, deed->currency),
           (unsigned long long)result->seq);
}

static int
run_buy(struct cli *cli, struct auction_client *client, uint64_t id,
        struct bid_arguments *a)
{
    struct deed deed = {.what = "buy", .auction = id};
    struct looked looked;
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
    deed.currency = looked.currency;
    deed.fields = json_pack("{s:I}", "price", (json_int_t)looked.buy_now);
    return act_do(cli, client, &deed, &a->act, print_buy);
}

int
command_buy(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"if-version", KEY_VERSION, "N", 0,
         "Only if the auction has version N when it is looked at", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_bid,
        .args_doc = "AUCTION",
        .doc = "Buy now, at the auction's buy-now price."};
    struct bid_arguments a = {.words = {.minimum = 1, .maximum = 1}};

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    return with_auction(cli, &a, run_buy);
}
