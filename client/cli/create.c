/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create: a draft from options, a JSON file, or both; options win.
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
    KEY_FORMAT,
    KEY_INCREMENTS,
};

enum { LINE_BYTES = 256 };

struct create_arguments {
    struct words words;
    struct act act;
    json_t *draft;
    /* in major units, read last: they need the currency */
    const char *start, *reserve, *buy_now, *increments;
    bool is_dry_run;
};

static const struct argp_option create_options[] = {
    {"format", KEY_FORMAT, "NAME", 0, "english (the default)", 0},
    {"start", KEY_START, "AMOUNT", 0, "Start price", 0},
    {"currency", KEY_CURRENCY, "CUR", 0, "ISO 4217 code", 0},
    {"close", KEY_CLOSE, "WHEN", 0, "RFC 3339, or +2h30m", 0},
    {"open", KEY_OPEN, "WHEN", 0, "Default: when published", 0},
    {"increments", KEY_INCREMENTS, "FILE", 0,
     "Lines 'FROM STEP': from price FROM on, at least STEP more", 0},
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
    {0}};

/* ------------------------------------------------------------------ parsing */

/** A member of the draft; the value is consumed. */
static void
set(struct argp_state *state, const char *member, json_t *value)
{
    struct create_arguments *a = state->input;

    if (json_object_set_new(a->draft, member, value) != 0)
        argp_error(state, "'%s' is not UTF-8", member);
}

static void
set_when(struct argp_state *state, const char *member, const char *text)
{
    char formatted[INSTANT_TEXT_BYTES];
    struct instant t = {0};

    if (!when_parse(&t, text, when_now()))
        argp_error(state, "'%s' is not a time: write RFC 3339 or +2h30m",
                   plain(text));
    set(state, member, json_string(instant_format(formatted, t)));
}

static void
set_soft_close(struct argp_state *state, const char *text)
{
    char window[32];
    const char *comma = strchr(text, ',');
    int64_t window_s = 0, extension_s = 0;

    snprintf(window, sizeof(window), "%.*s",
             comma == NULL ? 0 : (int)(comma - text), text);
    if (comma == NULL || !duration_parse(&window_s, window) ||
        !duration_parse(&extension_s, comma + 1))
        argp_error(state, "'%s' is not WINDOW,EXTENSION such as 3m,3m",
                   plain(text));
    set(state, "extend_window", json_integer(window_s));
    set(state, "extend_by", json_integer(extension_s));
}

static void
read_draft_file(struct argp_state *state, const char *path)
{
    struct create_arguments *a = state->input;
    json_error_t error = {.text = ""};
    json_t *given = strcmp(path, "-") == 0
                        ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &error)
                        : json_load_file(path, JSON_REJECT_DUPLICATES, &error);

    if (!json_is_object(given))
        argp_error(state, "'%s': %s", plain(path),
                   given == NULL ? error.text : "not a JSON object");
    if (json_object_update_missing(a->draft, given) != 0)
        argp_failure(state, AUCTION_LOCAL_FAILURE, 0, "out of memory");
    json_decref(given);
}

static error_t
parse_flag(int key, struct argp_state *state)
{
    struct create_arguments *a = state->input;

    switch (key) {
    case KEY_NO_PROXY:
        set(state, "proxy", json_false());
        return 0;
    case KEY_RETRACTION:
        set(state, "retraction", json_true());
        return 0;
    case KEY_SIGNED:
        set(state, "signed", json_true());
        return 0;
    case KEY_PUBLISH:
        set(state, "publish", json_true());
        return 0;
    case KEY_DRY_RUN:
        a->is_dry_run = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t
parse_amount(int key, char *argument, struct create_arguments *a)
{
    switch (key) {
    case KEY_START:
        a->start = argument;
        return 0;
    case KEY_RESERVE:
        a->reserve = argument;
        return 0;
    case KEY_BUY_NOW:
        a->buy_now = argument;
        return 0;
    case KEY_INCREMENTS:
        a->increments = argument;
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
        set(state, "format", json_string(argument));
        return 0;
    case KEY_CURRENCY:
        set(state, "currency", json_string(argument));
        return 0;
    case KEY_DESCRIPTION:
        set(state, "description", json_string(argument));
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
    case 'f':
        read_draft_file(state, argument);
        return 0;
    case ARGP_KEY_ARG:
    case ARGP_KEY_END:
        return words_take(&a->words, key, argument, state);
    default:
        return parse_amount(key, argument, a) == 0 ? 0 : parse_flag(key, state);
    }
}

/* ------------------------------------------------------------------ amounts */

static bool
set_amount(struct create_arguments *a, const char *member, const char *text)
{
    int64_t minor;

    if (text == NULL)
        return true;
    return amount_parse(&minor, text, text_of(a->draft, "currency")) &&
           json_object_set_new(a->draft, member, json_integer(minor)) == 0;
}

/** One line of the table, "0 5" or "100 2.50"; '#' begins a comment. */
static bool
add_increment(json_t *table, char *line, const char *currency)
{
    char *rest = line, *from, *step;
    int64_t from_minor = 0, step_minor;

    line[strcspn(line, "#\r\n")] = '\0';
    from = strtok_r(rest, " \t", &rest);
    step = strtok_r(rest, " \t", &rest);
    if (from == NULL)
        return true;
    if (step == NULL || strtok_r(rest, " \t", &rest) != NULL) {
        usage_error("increments: each line is FROM STEP, such as '100 2.50'");
        return false;
    }
    return (strcmp(from, "0") == 0 ||
            amount_parse(&from_minor, from, currency)) &&
           amount_parse(&step_minor, step, currency) &&
           json_array_append_new(
               table, json_pack("{s:I, s:I}", "from", (json_int_t)from_minor,
                                "step", (json_int_t)step_minor)) == 0;
}

static bool
set_increments(struct create_arguments *a)
{
    const char *currency = text_of(a->draft, "currency");
    char line[LINE_BYTES];
    bool is_good = true;
    json_t *table;
    FILE *file;

    if (a->increments == NULL)
        return true;
    file = fopen(a->increments, "re");
    table = json_array();
    if (file == NULL || table == NULL) {
        usage_error("cannot read '%s': %s", plain(a->increments),
                    strerror(errno));
        is_good = false;
    }
    while (is_good && fgets(line, sizeof(line), file) != NULL)
        is_good = add_increment(table, line, currency);
    if (file != NULL)
        fclose(file);
    if (is_good)
        return json_object_set_new(a->draft, "increments", table) == 0;
    json_decref(table);
    return false;
}

/** What must be there to be worth sending; the server checks the rest. */
static bool
is_complete(const struct create_arguments *a)
{
    static const char *const needed[][2] = {{"title", "TITLE"},
                                            {"currency", "--currency"},
                                            {"start_price", "--start"},
                                            {"ends_at", "--close"}};

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (json_object_get(a->draft, needed[i][0]) == NULL) {
            usage_error("create: give %s", needed[i][1]);
            return false;
        }
    return true;
}

/* ------------------------------------------------------------------ showing */

static void
print_close(json_t *draft)
{
    int64_t window = int_of(draft, "extend_window");

    printf("Closes at %s", plain(text_of(draft, "ends_at")));
    if (window > 0)
        printf("; each bid in the last %lld s that changes price or leader "
               "moves the end to %lld s later",
               (long long)window, (long long)int_of(draft, "extend_by"));
    if (text_of(draft, "hard_end_at")[0] != '\0')
        printf(", never past %s", plain(text_of(draft, "hard_end_at")));
    printf(".\n");
}

static void
print_increments(json_t *draft, const char *currency)
{
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

/** What the rules mean, in words. */
static int
explain_draft(const struct create_arguments *a)
{
    const char *currency = text_of(a->draft, "currency");
    int64_t reserve = int_of(a->draft, "reserve_price");
    int64_t buy_now = int_of(a->draft, "buy_now_price");
    char amount[CLI_AMOUNT_BYTES];

    printf("\"%s\": an English auction; %s.\n",
           plain(text_of(a->draft, "title")),
           json_is_false(json_object_get(a->draft, "proxy"))
               ? "a bid is the price at once"
               : "a bid is a maximum, the price is one step above the second "
                 "highest");
    printf("Starts at %s.\n",
           amount_text(amount, int_of(a->draft, "start_price"), currency));
    print_increments(a->draft, currency);
    if (reserve > 0)
        printf("Not sold below %s, which stays hidden until the close.\n",
               amount_text(amount, reserve, currency));
    if (buy_now > 0)
        printf("Sold at once to who pays %s.\n",
               amount_text(amount, buy_now, currency));
    print_close(a->draft);
    printf("Nothing was sent.\n");
    return 0;
}

/* ------------------------------------------------------------------ sending */

static int
send_text(struct cli *cli, struct create_arguments *a, const char *text)
{
    struct auction_result result;
    struct auction_client *client;
    int code = 0;

    if (cli_curl(cli, "POST", "/v1/auctions", text))
        return 0;
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    if ((code = act_begin(&a->act)) == 0) {
        auction_create(client, text, a->act.key, !a->act.is_unsigned, &result);
        code = act_end(cli, client, "create", &result, NULL);
        if (code == 0 && !cli->is_quiet && !cli_wants_json(cli))
            printf("auction %llu %s; receipt %llu verified\n",
                   (unsigned long long)result.auction,
                   json_is_true(json_object_get(a->draft, "publish"))
                       ? "published"
                       : "is a draft: publish it with 'auction publish'",
                   (unsigned long long)result.seq);
        auction_result_release(&result);
    }
    auction_close(&client);
    return code;
}

static int
finish_draft(struct cli *cli, struct create_arguments *a)
{
    char *text;
    int code;

    if (a->words.count == 1 &&
        json_object_set_new(a->draft, "title", json_string(a->words.at[0])) !=
            0)
        return usage_error("the title is not UTF-8");
    if (!set_amount(a, "start_price", a->start) ||
        !set_amount(a, "reserve_price", a->reserve) ||
        !set_amount(a, "buy_now_price", a->buy_now) || !set_increments(a) ||
        !is_complete(a))
        return AUCTION_USAGE;
    if (a->is_dry_run)
        return explain_draft(a);
    text = json_dumps(a->draft, JSON_COMPACT);
    if (text == NULL)
        return AUCTION_LOCAL_FAILURE;
    code = send_text(cli, a, text);
    free(text);
    return code;
}

int
command_create(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = create_options,
        .parser = parse_create,
        .args_doc = "[TITLE]",
        .doc = "Create an auction.\vExample: auction create Camera --start "
               "100 --currency EUR --close +2h --soft-close 3m,3m --publish"};
    struct create_arguments a = {.words = {.maximum = 1},
                                 .draft = json_object()};
    int code;

    if (a.draft == NULL)
        return AUCTION_LOCAL_FAILURE;
    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    code = finish_draft(cli, &a);
    json_decref(a.draft);
    return code;
}
