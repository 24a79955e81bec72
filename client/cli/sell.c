/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create, publish, cancel, pay: what a seller does.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    KEY_START = 256,
    KEY_CURRENCY,
    KEY_CLOSE,
    KEY_OPEN,
    KEY_RESERVE,
    KEY_BUY_NOW,
    KEY_SOFT,
    KEY_HARD_END,
    KEY_NO_PROXY,
    KEY_RETRACTION,
    KEY_SIGNED,
    KEY_DESCRIPTION,
    KEY_PUBLISH,
    KEY_DRY_RUN,
    KEY_REQUEST,
    KEY_REASON,
    KEY_FORMAT,
};

struct create_arguments {
    json_t *draft;
    const char *currency;
    const char *start, *reserve, *buy_now; /* in major units, read last */
    const char *file;
    const char *request;
    bool is_dry_run;
};

static const struct argp_option create_options[] = {
    {"format", KEY_FORMAT, "NAME", 0, "english (the default)", 0},
    {"start", KEY_START, "AMOUNT", 0, "Start price", 0},
    {"currency", KEY_CURRENCY, "CUR", 0, "ISO 4217 code", 0},
    {"close", KEY_CLOSE, "WHEN", 0, "RFC 3339, or +2h30m", 0},
    {"open", KEY_OPEN, "WHEN", 0, "Default: when published", 0},
    {"reserve", KEY_RESERVE, "AMOUNT", 0, "Hidden reserve price", 0},
    {"buy-now", KEY_BUY_NOW, "AMOUNT", 0, "Buy-now price", 0},
    {"soft-close", KEY_SOFT, "WINDOW,EXTENSION", 0,
     "A bid in the last WINDOW moves the end to EXTENSION later", 0},
    {"hard-end", KEY_HARD_END, "WHEN", 0, "Never extended beyond", 0},
    {"no-proxy", KEY_NO_PROXY, NULL, 0, "A bid is its price", 0},
    {"retraction", KEY_RETRACTION, NULL, 0, "Bids may be taken back", 0},
    {"signed", KEY_SIGNED, NULL, 0, "Bids must be signed", 0},
    {"description", KEY_DESCRIPTION, "TEXT", 0, "What is sold", 0},
    {"file", 'f', "FILE", 0, "The draft in JSON; - is standard input", 0},
    {"publish", KEY_PUBLISH, NULL, 0, "Publish at once", 0},
    {"dry-run", KEY_DRY_RUN, NULL, 0, "Say what the rules mean; send nothing",
     0},
    {"request", KEY_REQUEST, "KEY", 0, "Repeat an earlier request", 0},
    {0}};

static struct instant
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return instant_of(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

static void
set_when(struct argp_state *state, const char *member, const char *text)
{
    struct create_arguments *a = state->input;
    char formatted[INSTANT_TEXT_BYTES];
    struct instant t;

    if (!when_parse(&t, text, now()))
        argp_error(state, "'%s' is not a time: write RFC 3339 or +2h30m", text);
    json_object_set_new(a->draft, member,
                        json_string(instant_format(formatted, t)));
}

static void
set_soft_close(struct argp_state *state, const char *text)
{
    struct create_arguments *a = state->input;
    char window[32];
    const char *comma = strchr(text, ',');
    int64_t window_s, extension_s;

    snprintf(window, sizeof(window), "%.*s",
             comma == NULL ? 0 : (int)(comma - text), text);
    if (comma == NULL || !duration_parse(&window_s, window) ||
        !duration_parse(&extension_s, comma + 1))
        argp_error(state, "'%s' is not WINDOW,EXTENSION such as 3m,3m", text);
    else {
        json_object_set_new(a->draft, "extend_window", json_integer(window_s));
        json_object_set_new(a->draft, "extend_by", json_integer(extension_s));
    }
}

static void
read_draft_file(struct argp_state *state, const char *path)
{
    struct create_arguments *a = state->input;
    json_error_t error;
    json_t *given = strcmp(path, "-") == 0
                        ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &error)
                        : json_load_file(path, JSON_REJECT_DUPLICATES, &error);

    if (!json_is_object(given))
        argp_error(state, "'%s': %s", path,
                   given == NULL ? error.text : "not a JSON object");
    json_object_update_missing(a->draft, given);
    json_decref(given);
}

static void
set_flag(struct create_arguments *a, const char *member, bool value)
{
    json_object_set_new(a->draft, member, json_boolean(value));
}

static void
set_text(struct create_arguments *a, const char *member, const char *text)
{
    json_object_set_new(a->draft, member, json_string(text));
}

static error_t
parse_flags(int key, struct create_arguments *a)
{
    switch (key) {
    case KEY_NO_PROXY:
        set_flag(a, "proxy", false);
        return 0;
    case KEY_RETRACTION:
        set_flag(a, "retraction", true);
        return 0;
    case KEY_SIGNED:
        set_flag(a, "signed", true);
        return 0;
    case KEY_PUBLISH:
        set_flag(a, "publish", true);
        return 0;
    case KEY_DRY_RUN:
        a->is_dry_run = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t
parse_create(int key, char *argument, struct argp_state *state)
{
    struct create_arguments *a = state->input;

    switch (key) {
    case KEY_FORMAT:
        set_text(a, "format", argument);
        return 0;
    case KEY_START:
        a->start = argument;
        return 0;
    case KEY_RESERVE:
        a->reserve = argument;
        return 0;
    case KEY_BUY_NOW:
        a->buy_now = argument;
        return 0;
    case KEY_CURRENCY:
        set_text(a, "currency", argument);
        return 0;
    case KEY_DESCRIPTION:
        set_text(a, "description", argument);
        return 0;
    case KEY_CLOSE:
        set_when(state, "ends_at", argument);
        return 0;
    case KEY_OPEN:
        set_when(state, "opens_at", argument);
        return 0;
    case KEY_HARD_END:
        set_when(state, "hard_end_at", argument);
        return 0;
    case KEY_SOFT:
        set_soft_close(state, argument);
        return 0;
    case KEY_REQUEST:
        a->request = argument;
        return 0;
    case 'f':
        read_draft_file(state, argument);
        return 0;
    case ARGP_KEY_ARG:
        set_text(a, "title", argument);
        return 0;
    default:
        return parse_flags(key, a);
    }
}

/** Amounts last: they need the currency. */
static bool
set_amount(struct create_arguments *a, const char *member, const char *text)
{
    const char *currency = text_of(a->draft, "currency");
    int decimals = money_decimals(currency);
    struct money m;

    if (text == NULL)
        return true;
    if (decimals < 0) {
        usage_error("give --currency, an ISO 4217 code such as EUR");
        return false;
    }
    if (money_parse(&m, text, strlen(text), decimals) != ERR_OK) {
        usage_error("'%s' is %s (%s has %d decimals)", plain(text),
                    err_detail(), currency, decimals);
        return false;
    }
    json_object_set_new(a->draft, member, json_integer(m.minor));
    return true;
}

/** What the rules mean, in words. */
static int
explain_draft(const struct create_arguments *a)
{
    const char *currency = text_of(a->draft, "currency");
    long long window =
        json_integer_value(json_object_get(a->draft, "extend_window"));
    long long by = json_integer_value(json_object_get(a->draft, "extend_by"));
    long long reserve =
        json_integer_value(json_object_get(a->draft, "reserve_price"));
    char amount[48];

    printf("\"%s\": an English auction; %s.\n",
           plain(text_of(a->draft, "title")),
           json_is_false(json_object_get(a->draft, "proxy"))
               ? "a bid is the price at once"
               : "a bid is a maximum, the price is one step above the second "
                 "highest");
    printf("Starts at %s.\n", amount_text(amount,
                                          json_integer_value(json_object_get(
                                              a->draft, "start_price")),
                                          currency));
    if (reserve > 0)
        printf("Not sold below %s, which stays hidden until the close.\n",
               amount_text(amount, reserve, currency));
    printf("Closes at %s", text_of(a->draft, "ends_at"));
    if (window > 0)
        printf("; each bid in the last %lld s that changes price or leader "
               "moves the end to %lld s later",
               window, by);
    if (text_of(a->draft, "hard_end_at")[0] != '\0')
        printf(", never past %s", text_of(a->draft, "hard_end_at"));
    printf(".\nNothing was sent.\n");
    return 0;
}

static int
send_draft(struct cli *cli, const struct create_arguments *a)
{
    char *text = json_dumps(a->draft, JSON_COMPACT);
    struct auction_result result;
    struct auction_client *client;
    int code = 0;

    client = cli_client(cli, &code);
    if (client == NULL || text == NULL) {
        free(text);
        return code;
    }
    code = (int)auction_create(client, text, a->request, true, &result);
    if (code != 0)
        code = show_error(cli, "create", &result, NULL);
    else if (cli->wants_json)
        fputs(result.body, stdout);
    else
        printf("auction %llu %s; receipt %llu verified\n",
               (unsigned long long)result.auction,
               json_is_true(json_object_get(a->draft, "publish"))
                   ? "published"
                   : "is a draft: publish it with 'auction publish'",
               (unsigned long long)result.seq);
    auction_result_release(&result);
    auction_close(&client);
    free(text);
    return code;
}

int
command_create(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        create_options,
        parse_create,
        "TITLE",
        "Create an auction.\vExample: auction create Camera --start 100 "
        "--currency EUR --close +2h --soft-close 3m,3m --publish",
        NULL,
        NULL,
        NULL};
    struct create_arguments a = {.draft = json_object()};
    int code = AUCTION_USAGE;

    if (a.draft == NULL)
        return AUCTION_LOCAL_FAILURE;
    argp_parse(&argp, argc, argv, 0, NULL, &a);
    if (set_amount(&a, "start_price", a.start) &&
        set_amount(&a, "reserve_price", a.reserve) &&
        set_amount(&a, "buy_now_price", a.buy_now))
        code = a.is_dry_run ? explain_draft(&a) : send_draft(cli, &a);
    json_decref(a.draft);
    return code;
}

/* ------------------------------------------------------------ other commands
 */

struct seller_arguments {
    const char *words[2];
    int count;
    const char *reason;
    const char *request;
};

static const struct argp_option seller_options[] = {
    {"reason", KEY_REASON, "TEXT", 0, "Why (an admin must say)", 0},
    {"request", KEY_REQUEST, "KEY", 0, "Repeat an earlier request", 0},
    {0}};

static error_t
parse_seller(int key, char *argument, struct argp_state *state)
{
    struct seller_arguments *a = state->input;

    switch (key) {
    case KEY_REASON:
        a->reason = argument;
        return 0;
    case KEY_REQUEST:
        a->request = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (a->count == 2)
            argp_usage(state);
        a->words[a->count++] = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int
send_command(struct cli *cli, const struct seller_arguments *a, const char *cmd,
             json_t *fields)
{
    char *text = json_dumps(fields, JSON_COMPACT);
    struct auction_client *client;
    struct auction_result result;
    uint64_t id;
    int code = 0;

    if (a->count == 0 || !id_parse(&id, a->words[0])) {
        free(text);
        return usage_error("%s: give an auction's number", cmd);
    }
    client = cli_client(cli, &code);
    if (client != NULL && text != NULL) {
        code = (int)auction_command(client, id, cmd, text, a->request, true,
                                    &result);
        if (code != 0)
            code = show_error(cli, cmd, &result, NULL);
        else if (cli->wants_json)
            fputs(result.body, stdout);
        else
            printf("%s done; receipt %llu verified\n", cmd,
                   (unsigned long long)result.seq);
        auction_result_release(&result);
    }
    auction_close(&client);
    free(text);
    return code;
}

int
command_publish(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        seller_options, parse_seller, "AUCTION", "Publish a draft.",
        NULL,           NULL,         NULL};
    struct seller_arguments a = {.count = 0};
    json_t *fields = json_object();
    int code;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    code = send_command(cli, &a, "publish", fields);
    json_decref(fields);
    return code;
}

int
command_cancel(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        seller_options,
        parse_seller,
        "AUCTION",
        "Cancel an auction on which nobody has bid.",
        NULL,
        NULL,
        NULL};
    struct seller_arguments a = {.count = 0};
    json_t *fields = json_object();
    int code;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    if (a.reason != NULL)
        json_object_set_new(fields, "reason", json_string(a.reason));
    code = send_command(cli, &a, "cancel", fields);
    json_decref(fields);
    return code;
}

/** The buyer's number: it is signed, while the name is sent. */
static int64_t
winner_of(struct cli *cli, const char *id, int *code)
{
    struct auction_client *client = cli_client(cli, code);
    struct auction_result result = {.body = NULL};
    int64_t uid = 0;
    char path[64];
    json_t *auction;

    if (client == NULL)
        return 0;
    snprintf(path, sizeof(path), "/v1/auctions/%.20s", id);
    auction = get_json(cli, client, path, &result, code);
    if (auction != NULL)
        uid = atoll(text_of(json_object_get(auction, "award"), "winner_uid"));
    json_decref(auction);
    auction_result_release(&result);
    auction_close(&client);
    return uid;
}

int
command_pay(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {seller_options,
                                     parse_seller,
                                     "AUCTION ACCOUNT",
                                     "Record that the buyer has paid.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct seller_arguments a = {.count = 0};
    json_t *fields = json_object();
    int code = 0;
    int64_t uid;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    if (a.count < 2) {
        json_decref(fields);
        return usage_error("pay: give the auction and the buyer's account");
    }
    uid = winner_of(cli, a.words[0], &code);
    if (code == 0) {
        json_object_set_new(fields, "account", json_string(a.words[1]));
        json_object_set_new(fields, "uid", json_integer(uid));
        code = send_command(cli, &a, "pay", fields);
    }
    json_decref(fields);
    return code;
}
