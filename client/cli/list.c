/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list, bids: tables. libsmartcols makes control characters visible.
 */
#include "cli.h"

#include <libsmartcols/libsmartcols.h>
#include <string.h>

enum { KEY_STATUS = 256, KEY_MINE, KEY_LIMIT, KEY_ALL, KEY_NEWEST };

enum { PATH_BYTES = 512, CURSOR_BYTES = 128, PAGE_MAX = 200 };

struct list_arguments {
    struct words words;
    const char *status;
    bool is_mine, is_all, is_newest;
    int limit;
};

/* ------------------------------------------------------------------- tables */

static struct libscols_table *
new_table(const char *const *columns)
{
    struct libscols_table *table = scols_new_table();

    for (; table != NULL && *columns != NULL; columns++) {
        int flags = strcmp(*columns, "TITLE") == 0  ? SCOLS_FL_TRUNC
                    : strstr(*columns, "#") != NULL ? SCOLS_FL_RIGHT
                                                    : 0;
        if (scols_table_new_column(table, *columns + (flags == SCOLS_FL_RIGHT),
                                   0.1, flags) == NULL) {
            scols_unref_table(table);
            return NULL;
        }
    }
    return table;
}

/** A whole row at once; false without memory. */
static bool
add_row(struct libscols_table *table, const char *const *cells, size_t count)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);

    for (size_t i = 0; line != NULL && i < count; i++)
        if (scols_line_set_data(line, i, cells[i]) != 0)
            return false;
    return line != NULL;
}

static void
print_table(struct libscols_table *table)
{
    if (scols_table_get_nlines(table) > 0)
        scols_print_table(table);
}

static bool
add_auction(struct libscols_table *table, json_t *a)
{
    const char *currency = text_of(a, "currency");
    char price[CLI_AMOUNT_BYTES] = "-", next[CLI_AMOUNT_BYTES], bids[24];
    const char *cells[] = {
        text_of(a, "id"),      text_of(a, "status"),      price, next, bids,
        text_of(a, "ends_at"), plain(text_of(a, "title"))};

    if (json_object_get(a, "price") != NULL)
        amount_text(price, int_of(a, "price"), currency);
    amount_text(next, int_of(a, "minimum_bid"), currency);
    snprintf(bids, sizeof(bids), "%lld", (long long)int_of(a, "bid_count"));
    return add_row(table, cells, sizeof(cells) / sizeof(cells[0]));
}

static bool
add_bid(struct libscols_table *table, json_t *bid, const char *currency)
{
    char seq[24], who[96], price[CLI_AMOUNT_BYTES], max[CLI_AMOUNT_BYTES] = "";
    const char *cells[] = {seq, text_of(bid, "at"), who, price, max};

    snprintf(seq, sizeof(seq), "%lld", (long long)int_of(bid, "seq"));
    snprintf(who, sizeof(who), "%.80s%s", text_of(bid, "bidder"),
             json_is_true(json_object_get(bid, "you")) ? " (you)" : "");
    amount_text(price, int_of(bid, "price"), currency);
    if (json_object_get(bid, "max") != NULL)
        amount_text(max, int_of(bid, "max"), currency);
    return add_row(table, cells, sizeof(cells) / sizeof(cells[0]));
}

/* -------------------------------------------------------------------- pages */

/** What is done with each item: the currency is NULL for auctions. */
static bool
add_item(struct libscols_table *table, json_t *item, const char *currency)
{
    return currency == NULL ? add_auction(table, item)
                            : add_bid(table, item, currency);
}

/** One page; the next cursor, or "", goes to `cursor`. */
static int
take_page(struct cli *cli, struct auction_client *client, const char *path,
          struct libscols_table *table, const char *currency,
          char cursor[CURSOR_BYTES])
{
    struct auction_result result;
    json_t *page, *item;
    size_t i;
    int code = 0;

    page = get_json(cli, client, path, &result, &code);
    cursor[0] = '\0';
    if (page != NULL && cli_wants_json(cli))
        fputs(result.body, stdout);
    json_array_foreach(json_object_get(page, "items"), i, item)
    {
        if (code == 0 && !add_item(table, item, currency))
            code = AUCTION_LOCAL_FAILURE;
    }
    if (page != NULL)
        snprintf(cursor, CURSOR_BYTES, "%s", text_of(page, "next_cursor"));
    json_decref(page);
    auction_result_release(&result);
    return code;
}

/** A cursor is of the server's making; it goes into a path only if plain. */
static bool
is_plain_word(const char *word)
{
    return word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-")] ==
           '\0';
}

/** Pages from `base` (which ends in a query) on, one or all. */
static int
take_pages(struct cli *cli, struct auction_client *client, const char *base,
           const char *const *columns, const char *currency, bool is_all)
{
    struct libscols_table *table = new_table(columns);
    char path[PATH_BYTES], cursor[CURSOR_BYTES] = "";
    int code = table == NULL ? AUCTION_LOCAL_FAILURE : 0;

    while (code == 0) {
        snprintf(path, sizeof(path), "%s%s%s", base,
                 cursor[0] == '\0' ? "" : "&cursor=", cursor);
        code = take_page(cli, client, path, table, currency, cursor);
        if (!is_all || cursor[0] == '\0' || !is_plain_word(cursor))
            break;
    }
    if (table != NULL && !cli_wants_json(cli))
        print_table(table);
    if (code == 0 && cursor[0] != '\0' && !cli->is_quiet)
        fprintf(stderr, "auction: there are more: see --all and --limit\n");
    scols_unref_table(table);
    return code;
}

/* ----------------------------------------------------------------- commands */

static error_t
parse_list(int key, char *argument, struct argp_state *state)
{
    struct list_arguments *a = state->input;

    switch (key) {
    case KEY_STATUS:
        if (!is_plain_word(argument))
            argp_error(state, "'%s' is not a status", plain(argument));
        a->status = argument;
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

int
command_list(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"status", KEY_STATUS, "S", 0, "Only open, closed, ...", 0},
        {"mine", KEY_MINE, NULL, 0, "Only those you sell", 0},
        {"newest", KEY_NEWEST, NULL, 0, "Newest first", 0},
        {"limit", KEY_LIMIT, "N", 0, "At most so many a page (50)", 0},
        {"all", KEY_ALL, NULL, 0, "Every page", 0},
        {0}};
    static const struct argp argp = {
        .options = options, .parser = parse_list, .doc = "List auctions."};
    static const char *const columns[] = {
        "ID", "STATUS", "#PRICE", "#NEXT BID", "#BIDS", "ENDS", "TITLE", NULL};
    struct list_arguments a = {.limit = 50};
    struct auction_client *client;
    char base[PATH_BYTES / 2];
    int code = 0;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    snprintf(
        base, sizeof(base), "/v1/auctions?limit=%d%s%.64s%s%s", a.limit,
        a.status == NULL ? "" : "&status=", a.status == NULL ? "" : a.status,
        a.is_mine ? "&seller=me" : "", a.is_newest ? "&sort=-created_at" : "");
    if (cli_curl(cli, "GET", base, NULL))
        return 0;
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    code = take_pages(cli, client, base, columns, NULL, a.is_all);
    auction_close(&client);
    return code;
}

/** The auction's currency; "" with *code set. */
static void
find_currency(struct cli *cli, struct auction_client *client, uint64_t id,
              char currency[8], int *code)
{
    struct auction_result result;
    char path[64];
    json_t *auction;

    snprintf(path, sizeof(path), "/v1/auctions/%llu", (unsigned long long)id);
    auction = get_json(cli, client, path, &result, code);
    snprintf(currency, 8, "%s", text_of(auction, "currency"));
    json_decref(auction);
    auction_result_release(&result);
}

int
command_bids(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"limit", KEY_LIMIT, "N", 0, "At most so many a page (200)", 0},
        {"all", KEY_ALL, NULL, 0, "Every page", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_list,
        .args_doc = "AUCTION",
        .doc = "List an auction's bids, newest first."};
    static const char *const columns[] = {"SEQ",    "TIME",     "BIDDER",
                                          "#PRICE", "#MAXIMUM", NULL};
    struct list_arguments a = {.words = {.minimum = 1, .maximum = 1},
                               .limit = PAGE_MAX};
    struct auction_client *client;
    char base[PATH_BYTES / 2], currency[8];
    uint64_t id;
    int code = 0;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    if (!id_parse(&id, a.words.at[0]))
        return usage_error("'%s' is not an auction's number",
                           plain(a.words.at[0]));
    snprintf(base, sizeof(base), "/v1/auctions/%llu/bids?limit=%d",
             (unsigned long long)id, a.limit);
    if (cli_curl(cli, "GET", base, NULL))
        return 0;
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    find_currency(cli, client, id, currency, &code);
    if (code == 0)
        code = take_pages(cli, client, base, columns, currency, a.is_all);
    auction_close(&client);
    return code;
}
