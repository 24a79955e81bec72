/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list, show, bids, explain, whoami, ping, api: looking without touching.
 */
#include "cli.h"

#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_STATUS = 256, KEY_MINE, KEY_LIMIT, KEY_ALL, KEY_NEWEST };

struct look_arguments {
    const char *words[3];
    int count;
    const char *status;
    bool is_mine, is_all, is_newest;
    const char *limit;
    const char *data;
    int times;
};

static error_t
parse_look(int key, char *argument, struct argp_state *state)
{
    struct look_arguments *a = state->input;

    switch (key) {
    case KEY_STATUS:
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
        a->limit = argument;
        return 0;
    case 'd':
        a->data = argument;
        return 0;
    case 'n':
        a->times = atoi(argument);
        return 0;
    case ARGP_KEY_ARG:
        if (a->count == 3)
            argp_usage(state);
        a->words[a->count++] = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ------------------------------------------------------------------- tables */

static struct libscols_table *
new_table(const char *const *columns)
{
    struct libscols_table *table = scols_new_table();

    for (; table != NULL && *columns != NULL; columns++)
        scols_table_new_column(table, *columns, 0.1,
                               strcmp(*columns, "TITLE") == 0 ? SCOLS_FL_TRUNC
                                                              : 0);
    return table;
}

static void
add_cell(struct libscols_line *line, size_t column, const char *text)
{
    if (line != NULL)
        scols_line_set_data(line, column, text);
}

static void
print_table(struct libscols_table *table)
{
    if (table != NULL && scols_table_get_nlines(table) > 0)
        scols_print_table(table);
    scols_unref_table(table);
}

static void
add_auction(struct libscols_table *table, json_t *a)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    const char *currency = text_of(a, "currency");
    json_t *price = json_object_get(a, "price");
    char text[48];

    add_cell(line, 0, text_of(a, "id"));
    add_cell(line, 1, text_of(a, "status"));
    add_cell(line, 2,
             price == NULL
                 ? "-"
                 : amount_text(text, json_integer_value(price), currency));
    add_cell(line, 3,
             amount_text(text,
                         json_integer_value(json_object_get(a, "minimum_bid")),
                         currency));
    snprintf(text, sizeof(text), "%lld",
             (long long)json_integer_value(json_object_get(a, "bid_count")));
    add_cell(line, 4, text);
    add_cell(line, 5, text_of(a, "ends_at"));
    add_cell(line, 6, text_of(a, "title"));
}

/* --------------------------------------------------------------------- list */

static void
list_path(char path[512], const struct look_arguments *a, const char *cursor)
{
    snprintf(
        path, 512, "/v1/auctions?limit=%s%s%s%s%s%s%s",
        a->limit == NULL ? "50" : a->limit,
        a->status == NULL ? "" : "&status=", a->status == NULL ? "" : a->status,
        a->is_mine ? "&seller=me" : "", a->is_newest ? "&sort=-created_at" : "",
        cursor[0] == '\0' ? "" : "&cursor=", cursor);
}

static int
list_pages(struct cli *cli, struct auction_client *client,
           const struct look_arguments *a, struct libscols_table *table)
{
    char path[512], cursor[64] = "";
    int code = 0;

    do {
        struct auction_result result;
        size_t i;
        json_t *page, *item;

        list_path(path, a, cursor);
        page = get_json(cli, client, path, &result, &code);
        if (page == NULL) {
            auction_result_release(&result);
            break;
        }
        if (cli->wants_json)
            fputs(result.body, stdout);
        json_array_foreach(json_object_get(page, "items"), i, item)
        {
            add_auction(table, item);
        }
        snprintf(cursor, sizeof(cursor), "%s", text_of(page, "next_cursor"));
        json_decref(page);
        auction_result_release(&result);
    } while (a->is_all && cursor[0] != '\0');
    return code;
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
    static const struct argp argp = {options, parse_look, "",  "List auctions.",
                                     NULL,    NULL,       NULL};
    static const char *const columns[] = {"ID",   "STATUS", "PRICE", "NEXT BID",
                                          "BIDS", "ENDS",   "TITLE", NULL};
    struct look_arguments a = {.count = 0};
    struct auction_client *client;
    struct libscols_table *table;
    int code = 0;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    table = new_table(columns);
    if (table != NULL)
        code = list_pages(cli, client, &a, table);
    if (!cli->wants_json)
        print_table(table);
    else
        scols_unref_table(table);
    auction_close(&client);
    return code;
}

/* --------------------------------------------------------- one auction's views
 */

/** GET /v1/auctions/ID<suffix> of the one word; NULL with *code set. */
static json_t *
get_auction(struct cli *cli, struct auction_client *client,
            const struct look_arguments *a, const char *suffix, int *code)
{
    struct auction_result result = {.body = NULL};
    char path[128];
    json_t *object;
    uint64_t id;

    if (a->count < 1 || !id_parse(&id, a->words[0])) {
        *code = usage_error("give an auction's number");
        return NULL;
    }
    snprintf(path, sizeof(path), "/v1/auctions/%llu%s", (unsigned long long)id,
             suffix);
    object = get_json(cli, client, path, &result, code);
    if (object != NULL && cli->wants_json)
        fputs(result.body, stdout);
    auction_result_release(&result);
    return object;
}

static void
show_auction(json_t *a)
{
    const char *currency = text_of(a, "currency");
    json_t *award = json_object_get(a, "award");
    char text[48];

    printf("%s  %s\n", text_of(a, "id"), plain(text_of(a, "title")));
    if (text_of(a, "description")[0] != '\0')
        printf("%s\n", plain(text_of(a, "description")));
    printf("status    %s%s%s\n", text_of(a, "status"),
           json_object_get(a, "outcome") != NULL ? ", " : "",
           text_of(a, "outcome"));
    printf("seller    %s\n", plain(text_of(a, "seller")));
    if (json_object_get(a, "price") != NULL)
        printf(
            "price     %s, led by %s%s\n",
            amount_text(text, json_integer_value(json_object_get(a, "price")),
                        currency),
            text_of(a, "leader"),
            json_is_true(json_object_get(json_object_get(a, "you"), "leading"))
                ? " (you)"
                : "");
    printf("next bid  %s\n",
           amount_text(text,
                       json_integer_value(json_object_get(a, "minimum_bid")),
                       currency));
    printf("reserve   %s\n", text_of(a, "reserve"));
    printf("bids      %lld\n",
           (long long)json_integer_value(json_object_get(a, "bid_count")));
    printf("ends      %s (the server's time is %s)\n", text_of(a, "ends_at"),
           text_of(a, "server_time"));
    if (award != NULL)
        printf("sold to   %s at %s%s\n", text_of(award, "winner"),
               amount_text(text,
                           json_integer_value(json_object_get(award, "price")),
                           currency),
               json_is_true(json_object_get(award, "paid")) ? ", paid" : "");
    printf("terms     %s\n", text_of(a, "terms"));
}

static void
show_bids(json_t *page, const char *currency)
{
    static const char *const columns[] = {"SEQ",   "TIME",    "BIDDER",
                                          "PRICE", "MAXIMUM", NULL};
    struct libscols_table *table = new_table(columns);
    json_t *bid;
    size_t i;

    if (table == NULL)
        return;
    json_array_foreach(json_object_get(page, "items"), i, bid)
    {
        struct libscols_line *line = scols_table_new_line(table, NULL);
        json_t *max = json_object_get(bid, "max");
        char text[96];

        snprintf(text, sizeof(text), "%lld",
                 (long long)json_integer_value(json_object_get(bid, "seq")));
        add_cell(line, 0, text);
        add_cell(line, 1, text_of(bid, "at"));
        snprintf(text, sizeof(text), "%s%s", text_of(bid, "bidder"),
                 json_is_true(json_object_get(bid, "you")) ? " (you)" : "");
        add_cell(line, 2, text);
        add_cell(line, 3,
                 amount_text(text,
                             json_integer_value(json_object_get(bid, "price")),
                             currency));
        add_cell(line, 4,
                 max == NULL
                     ? ""
                     : amount_text(text, json_integer_value(max), currency));
    }
    print_table(table);
}

static void
show_steps(json_t *object)
{
    json_t *step;
    size_t i;

    json_array_foreach(json_object_get(object, "steps"), i, step)
    {
        printf("%-8lld %s  %s\n",
               (long long)json_integer_value(json_object_get(step, "seq")),
               text_of(step, "at"), plain(text_of(step, "text")));
    }
    if (json_is_true(json_object_get(object, "truncated")))
        printf("(more steps follow; see the audit log)\n");
}

static int
look(struct cli *cli, int argc, char **argv, const char *doc,
     const char *suffix, void (*show)(json_t *object))
{
    const struct argp argp = {NULL, parse_look, "AUCTION", doc,
                              NULL, NULL,       NULL};
    struct look_arguments a = {.count = 0};
    struct auction_client *client;
    json_t *object;
    int code = 0;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    object = get_auction(cli, client, &a, suffix, &code);
    if (object != NULL && !cli->wants_json)
        show(object);
    json_decref(object);
    auction_close(&client);
    return code;
}

int
command_show(struct cli *cli, int argc, char **argv)
{
    return look(cli, argc, argv, "Show one auction.", "", show_auction);
}

int
command_explain(struct cli *cli, int argc, char **argv)
{
    return look(cli, argc, argv,
                "Say why this price and this winner, step by step.", "/explain",
                show_steps);
}

int
command_bids(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        NULL, parse_look, "AUCTION", "List an auction's bids, newest first.",
        NULL, NULL,       NULL};
    struct look_arguments a = {.count = 0};
    struct cli silent = *cli;
    struct auction_client *client;
    json_t *auction, *page = NULL;
    int code = 0;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    silent.wants_json = false;
    auction = get_auction(&silent, client, &a, "", &code);
    if (auction != NULL)
        page = get_auction(cli, client, &a, "/bids?limit=200", &code);
    if (page != NULL && !cli->wants_json)
        show_bids(page, text_of(auction, "currency"));
    json_decref(page);
    json_decref(auction);
    auction_close(&client);
    return code;
}

/* ---------------------------------------------------------- whoami, ping, api
 */

int
command_whoami(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        NULL, parse_look, "",  "Say who the server takes you for.",
        NULL, NULL,       NULL};
    struct look_arguments a = {.count = 0};
    struct auction_result result = {.body = NULL};
    struct auction_client *client;
    json_t *me, *cert;
    int code = 0;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    me = get_json(cli, client, "/v1/me", &result, &code);
    cert = json_object_get(me, "certificate");
    if (me != NULL && cli->wants_json)
        fputs(result.body, stdout);
    else if (me != NULL)
        printf("%s, %s in %s\ncertificate %s, until %s\n",
               text_of(me, "account"), text_of(me, "role"),
               text_of(me, "realm"), text_of(cert, "serial"),
               text_of(cert, "not_after"));
    json_decref(me);
    auction_result_release(&result);
    auction_close(&client);
    return code;
}

int
command_ping(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"count", 'n', "N", 0, "So many times (3)", 0}, {0}};
    static const struct argp argp = {
        options, parse_look, "", "Measure round-trip times.", NULL, NULL, NULL};
    struct look_arguments a = {.times = 3};
    struct auction_client *client;
    int code = 0;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    client = cli_client(cli, &code);
    for (int i = 0; client != NULL && i < a.times && code == 0; i++) {
        struct timespec start, end;
        struct auction_result result;

        clock_gettime(CLOCK_MONOTONIC, &start);
        code = (int)auction_call(client, "GET", "/v1", NULL, NULL, &result);
        clock_gettime(CLOCK_MONOTONIC, &end);
        if (code != 0)
            code = show_error(cli, "ping", &result, NULL);
        else
            printf("%.2f ms%s\n",
                   (double)(end.tv_sec - start.tv_sec) * 1e3 +
                       (double)(end.tv_nsec - start.tv_nsec) / 1e6,
                   i == 0 ? " (with the handshake)" : "");
        auction_result_release(&result);
    }
    auction_close(&client);
    return code;
}

int
command_api(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"data", 'd', "JSON", 0, "Body", 0}, {0}};
    static const struct argp argp = {
        options, parse_look, "METHOD PATH", "Any call; the reply as it is.",
        NULL,    NULL,       NULL};
    struct look_arguments a = {.count = 0};
    struct auction_result result = {.body = NULL};
    struct auction_client *client;
    int code = 0;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    if (a.count < 2 || a.words[1][0] != '/')
        return usage_error("api: give METHOD and PATH, such as GET /v1/me");
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    code = (int)auction_call(client, a.words[0], a.words[1], a.data, NULL,
                             &result);
    if (result.body != NULL)
        fputs(result.body, stdout);
    if (result.status == 0)
        show_error(cli, "api", &result, NULL);
    auction_result_release(&result);
    auction_close(&client);
    return code;
}
