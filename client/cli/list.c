/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list, bids, invoices.
 */
#include "cli.h"

#include <string.h>

enum { KEY_STATUS = 256, KEY_MINE, KEY_LIMIT, KEY_ALL, KEY_NEWEST, KEY_SEARCH };

enum { PATH_BYTES = 256, PAGE_MAX = 200 };

struct list_arguments {
    struct words words;
    const char *status, *search;
    bool is_mine, is_all, is_newest;
    int limit;
};

/** What the rows of a list need beside their items. */
struct listing {
    const char *currency;
    const struct list_arguments *arguments;
};

/* --------------------------------------------------------------------- rows */

static bool
is_searched(json_t *a, const char *text)
{
    return text == NULL || strcasestr(text_of(a, "title"), text) != NULL ||
           strcasestr(text_of(a, "description"), text) != NULL;
}

static bool
add_auction(struct sheet *sheet, json_t *a, void *context)
{
    const struct listing *listing = context;
    const char *currency = text_of(a, "currency");
    char price[CLI_AMOUNT_BYTES] = "-", next[CLI_AMOUNT_BYTES] = "-", bids[24];
    const char *cells[] = {text_of(a, "id"),
                           text_of(a, "format"),
                           text_of(a, "status"),
                           price,
                           next,
                           bids,
                           text_of(a, "ends_at"),
                           plain(text_of(a, "title"))};

    if (!is_searched(a, listing->arguments->search))
        return true;
    if (json_object_get(a, "price") != NULL)
        amount_text(price, int_of(a, "price"), currency);
    if (json_object_get(a, "minimum_bid") != NULL)
        amount_text(next, int_of(a, "minimum_bid"), currency);
    number_text(bids, int_of(a, "bid_count"));
    return sheet_add(sheet, a, cells);
}

static bool
add_bid(struct sheet *sheet, json_t *bid, void *context)
{
    const struct listing *listing = context;
    const char *currency = listing->currency;
    bool is_own = json_is_true(json_object_get(bid, "you"));
    char seq[24], who[96], price[CLI_AMOUNT_BYTES] = "",
                           max[CLI_AMOUNT_BYTES] = "", quantity[24] = "";
    const char *cells[] = {seq, text_of(bid, "at"), who, quantity, price, max};

    if (listing->arguments->is_mine && !is_own)
        return true;
    number_text(seq, int_of(bid, "seq"));
    snprintf(who, sizeof(who), "%.80s%s", text_of(bid, "bidder"),
             is_own ? " (you)" : "");
    if (json_object_get(bid, "quantity") != NULL)
        number_text(quantity, int_of(bid, "quantity"));
    if (json_object_get(bid, "price") != NULL)
        amount_text(price, int_of(bid, "price"), currency);
    if (json_object_get(bid, "max") != NULL)
        amount_text(max, int_of(bid, "max"), currency);
    else if (json_object_get(bid, "cap") != NULL)
        amount_text(max, int_of(bid, "cap"), currency);
    return sheet_add(sheet, bid, cells);
}

static bool
add_invoice(struct sheet *sheet, json_t *i, void *context)
{
    const char *currency = text_of(i, "currency");
    char number[24], goods[CLI_AMOUNT_BYTES], premium[CLI_AMOUNT_BYTES],
        tax[CLI_AMOUNT_BYTES], total[CLI_AMOUNT_BYTES];
    const char *shown = text_of(i, "number"), *state = text_of(i, "status");
    const char *cells[] = {number,
                           text_of(i, "auction"),
                           text_of(i, "buyer"),
                           goods,
                           premium,
                           tax,
                           total,
                           state};

    (void)context;
    snprintf(number, sizeof(number), "%.20s", shown);
    if (shown[0] == '\0')
        number_text(number, int_of(i, "number"));
    if (state[0] == '\0')
        cells[7] = json_is_true(json_object_get(i, "paid")) ? "paid" : "due";
    amount_bare(goods, int_of(i, "goods"), currency);
    amount_bare(premium, int_of(i, "premium"), currency);
    amount_bare(tax, int_of(i, "tax"), currency);
    amount_text(total, int_of(i, "total"), currency);
    return sheet_add(sheet, i, cells);
}

/* ----------------------------------------------------------------- commands */

static bool
is_word(const char *word)
{
    return word[strspn(word, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

static error_t
parse_list(int key, char *argument, struct argp_state *state)
{
    struct list_arguments *a = state->input;

    switch (key) {
    case KEY_STATUS:
        if (!is_word(argument))
            argp_error(state, "'%s' is not a status", plain(argument));
        a->status = argument;
        return 0;
    case KEY_SEARCH:
        a->search = argument;
        return 0;
    case KEY_MINE:
        a->is_mine = true;
        return 0;
    case KEY_ALL:
        a->is_all = true;
        return 0;
    case KEY_NEWEST:
        a->is_newest = true;
        return 0;
    case KEY_LIMIT:
        if (!number_parse(&a->limit, argument, 1, PAGE_MAX))
            argp_error(state, "--limit is a number from 1 to 200");
        return 0;
    default:
        return words_take(&a->words, key, argument, state);
    }
}

/** A list with a client of its own, or as a curl command. */
static int
print_alone(struct cli *cli, const struct paging *paging)
{
    struct auction_client *client;
    int code = 0;

    if (cli_curl(cli, "GET", paging->base, NULL))
        return 0;
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    code = pages_print(cli, client, paging);
    auction_close(&client);
    return code;
}

int
command_list(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"status", KEY_STATUS, "S", 0, "Only open, closed, ...", 0},
        {"mine", KEY_MINE, NULL, 0, "Only those you sell", 0},
        {"search", KEY_SEARCH, "TEXT", 0,
         "Only those with TEXT in title or description; every page", 0},
        {"newest", KEY_NEWEST, NULL, 0, "Newest first", 0},
        {"limit", KEY_LIMIT, "N", 0, "At most so many a page (50)", 0},
        {"all", KEY_ALL, NULL, 0, "Every page", 0},
        {0}};
    static const struct argp argp = {
        .options = options, .parser = parse_list, .doc = "List auctions."};
    static const char *const columns[] = {"ID",     "FORMAT",    "STATUS",
                                          "#PRICE", "#NEXT BID", "#BIDS",
                                          "ENDS",   "TITLE",     NULL};
    struct list_arguments a = {.limit = 50};
    struct listing listing = {.arguments = &a};
    struct paging paging = {
        .columns = columns, .add = add_auction, .context = &listing};
    char base[PATH_BYTES];

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    snprintf(
        base, sizeof(base), "/v1/auctions?limit=%d%s%.64s%s%s",
        a.search != NULL ? PAGE_MAX : a.limit,
        a.status == NULL ? "" : "&status=", a.status == NULL ? "" : a.status,
        a.is_mine ? "&seller=me" : "", a.is_newest ? "&sort=-created_at" : "");
    paging.base = base;
    paging.is_all = a.is_all || a.search != NULL;
    return print_alone(cli, &paging);
}

int
command_bids(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"mine", KEY_MINE, NULL, 0, "Only your own", 0},
        {"limit", KEY_LIMIT, "N", 0, "At most so many a page (200)", 0},
        {"all", KEY_ALL, NULL, 0, "Every page", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_list,
        .args_doc = "[AUCTION]",
        .doc = "List an auction's bids, newest first; without one your own "
               "whose receipts are kept here, with their standing."};
    static const char *const columns[] = {
        "SEQ", "TIME", "BIDDER", "#QUANTITY", "#PRICE", "#MAXIMUM", NULL};
    struct list_arguments a = {.words = {.maximum = 1}, .limit = PAGE_MAX};
    struct listing listing = {.arguments = &a};
    struct paging paging = {
        .columns = columns, .add = add_bid, .context = &listing};
    struct auction_client *client;
    struct looked looked;
    char base[PATH_BYTES];
    uint64_t id;
    int code = 0;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    if (a.words.count == 0)
        return bids_of_mine(cli, a.limit);
    if (!id_parse(&id, a.words.at[0]))
        return usage_error("'%s' is not an auction's number",
                           plain(a.words.at[0]));
    snprintf(base, sizeof(base), "/v1/auctions/%llu/bids?limit=%d",
             (unsigned long long)id, a.limit);
    paging.base = base;
    paging.is_all = a.is_all || a.is_mine;
    if (cli_curl(cli, "GET", base, NULL))
        return 0;
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    if (look_up(cli, client, id, &looked, &code)) {
        listing.currency = looked.currency;
        code = pages_print(cli, client, &paging);
    }
    auction_close(&client);
    return code;
}

int
command_invoices(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"limit", KEY_LIMIT, "N", 0, "At most so many a page (50)", 0},
        {"all", KEY_ALL, NULL, 0, "Every page", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_list,
        .doc = "List invoices and credit notes that you send or receive."};
    static const char *const columns[] = {"NUMBER", "AUCTION",  "BUYER",
                                          "#GOODS", "#PREMIUM", "#TAX",
                                          "#TOTAL", "STATUS",   NULL};
    struct list_arguments a = {.limit = 50};
    struct paging paging = {.columns = columns, .add = add_invoice};
    char base[PATH_BYTES];

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    snprintf(base, sizeof(base), "/v1/invoices?limit=%d", a.limit);
    paging.base = base;
    paging.is_all = a.is_all;
    return print_alone(cli, &paging);
}
