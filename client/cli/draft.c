/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A draft from options, a JSON file, or both; options win.
 */
#include "cli.h"

#include <errno.h>
#include <string.h>

enum { LINE_BYTES = 256, BP_MAX = 100000 };

/** How the text of an option becomes a member of the draft. */
enum kind {
    KIND_TEXT,
    KIND_LIST, /* of texts; the option may be repeated */
    KIND_WHEN,
    KIND_SECONDS,
    KIND_COUNT,
    KIND_AMOUNT,
    KIND_PERCENT, /* in hundredths */
    KIND_ID,
    KIND_TRUE,
    KIND_FALSE,
};

static const struct {
    const char *option;
    const char *argument;
    const char *member;
    enum kind kind;
    const char *help;
} rows[] = {
    {"format", "NAME", "format", KIND_TEXT,
     "english (the default), sealed, vickrey, dutch or uniform"},
    {"currency", "CUR", "currency", KIND_TEXT, "ISO 4217 code"},
    {"description", "TEXT", "description", KIND_TEXT, "What is sold"},
    {"open", "WHEN", "opens_at", KIND_WHEN, "Default: when published"},
    {"close", "WHEN", "ends_at", KIND_WHEN,
     "RFC 3339, or +2h30m; not for dutch, which ends by its prices"},
    {"start", "AMOUNT", "start_price", KIND_AMOUNT, "Start price"},
    {"reserve", "AMOUNT", "reserve_price", KIND_AMOUNT, "Hidden reserve price"},
    {"buy-now", "AMOUNT", "buy_now_price", KIND_AMOUNT,
     "English: buy-now price"},
    {"hard-end", "WHEN", "hard_end_at", KIND_WHEN,
     "English: never extended beyond"},
    {"no-proxy", NULL, "proxy", KIND_FALSE, "English: a bid is its price"},
    {"retraction", NULL, "retraction", KIND_TRUE,
     "English: bids may be taken back"},
    {"reveal-until", "WHEN", "reveal_ends_at", KIND_WHEN,
     "Sealed: bids are revealed until then"},
    {"bond", "AMOUNT", "bond", KIND_AMOUNT,
     "Sealed: what a commitment costs that is not revealed"},
    {"floor", "AMOUNT", "floor_price", KIND_AMOUNT,
     "Dutch, uniform: lowest price"},
    {"drop", "AMOUNT", "drop", KIND_AMOUNT, "Dutch: the price falls by it"},
    {"interval", "DUR", "interval", KIND_SECONDS, "Dutch: so often"},
    {"quantity", "N", "quantity", KIND_COUNT, "Dutch, uniform: units"},
    {"rationing", "HOW", "rationing", KIND_TEXT,
     "Uniform: time (the default) or prorata"},
    {"pricing", "HOW", "pricing", KIND_TEXT,
     "Uniform: lab (lowest accepted bid, the default) or hrb (highest "
     "rejected)"},
    {"withdraw-until", "WHEN", "withdraw_until", KIND_WHEN,
     "Uniform: bids may be taken back until then"},
    {"sealed", NULL, "sealed", KIND_TRUE, "Uniform: bids are sealed"},
    {"allow", "ACCOUNT", "allow", KIND_LIST,
     "Only this account may bid; may be repeated"},
    {"relist-of", "ID", "relist_of", KIND_ID, "What is sold again"},
    {"premium", "PERCENT", "premium_bp", KIND_PERCENT, "Of the buyer: 12.5"},
    {"tax", "PERCENT", "tax_bp", KIND_PERCENT, "On goods and premium"},
    {"pay-within", "DUR", "pay_within", KIND_SECONDS, "After the close"},
    {"outage-grace", "DUR", "outage_grace", KIND_SECONDS,
     "The least that is left after an outage"},
    {"signed", NULL, "signed", KIND_TRUE, "Bids must be signed"},
    {"publish", NULL, "publish", KIND_TRUE, "Publish at once"},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), KEY_ROW = 1024 };
enum {
    KEY_SOFT = 256,
    KEY_DRY_RUN,
    KEY_INCREMENTS,
    KEY_REVEAL_FOR,
    OTHERS = 5
};

static struct argp_option options[ROWS + OTHERS + 1] = {
    {"soft-close", KEY_SOFT, "WINDOW,EXTENSION", 0,
     "English: a bid in the last WINDOW moves the end to EXTENSION later", 0},
    {"increments", KEY_INCREMENTS, "FILE", 0,
     "English: lines 'FROM STEP': from price FROM on, at least STEP more", 0},
    {"reveal-for", KEY_REVEAL_FOR, "DUR", 0, "Sealed: so long after the close",
     0},
    {"file", 'f', "FILE", 0, "The draft in JSON; - is standard input", 0},
    {"dry-run", KEY_DRY_RUN, NULL, 0, "Say what the rules mean; send nothing",
     0},
};

/** The options that are rows, behind those that are not. */
__attribute__((constructor)) static void
make_options(void)
{
    for (size_t i = 0; i < ROWS; i++)
        options[OTHERS + i] =
            (struct argp_option){rows[i].option,   KEY_ROW + (int)i,
                                 rows[i].argument, 0,
                                 rows[i].help,     0};
}

/* ------------------------------------------------------------------ members */

/** A member of the draft; the value is consumed. */
static void
set(struct argp_state *state, const char *member, json_t *value)
{
    struct draft_input *input = state->input;

    if (json_object_set_new(input->draft, member, value) != 0)
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

static int64_t
read_duration(struct argp_state *state, const char *text)
{
    int64_t seconds = 0;

    if (!duration_parse(&seconds, text))
        argp_error(state, "'%s' is not a duration such as 90s or 2h30m",
                   plain(text));
    return seconds;
}

static void
set_soft_close(struct argp_state *state, const char *text)
{
    const char *comma = strchr(text, ',');
    char window[32];

    snprintf(window, sizeof(window), "%.*s",
             comma == NULL ? 0 : (int)(comma - text), text);
    if (comma == NULL)
        argp_error(state, "'%s' is not WINDOW,EXTENSION such as 3m,3m",
                   plain(text));
    set(state, "extend_window", json_integer(read_duration(state, window)));
    set(state, "extend_by", json_integer(read_duration(state, comma + 1)));
}

/** "12.5" as 1250 hundredths of a percent. */
static void
set_percent(struct argp_state *state, const char *member, const char *text)
{
    struct money bp = {0};

    if (strcmp(text, "0") != 0 &&
        (money_parse(&bp, text, strlen(text), 2) != ERR_OK ||
         bp.minor > BP_MAX))
        argp_error(state, "'%s' is not a percentage such as 12.5", plain(text));
    set(state, member, json_integer(bp.minor));
}

static void
set_number(struct argp_state *state, const char *member, const char *text)
{
    uint64_t number = 0;

    if (!id_parse(&number, text) || number > INT64_MAX)
        argp_error(state, "'%s' is not a whole number", plain(text));
    set(state, member, json_integer((json_int_t)number));
}

static void
add_text(struct argp_state *state, const char *member, const char *text)
{
    struct draft_input *input = state->input;
    json_t *list = json_object_get(input->draft, member);

    if (list == NULL) {
        set(state, member, json_array());
        list = json_object_get(input->draft, member);
    }
    if (json_array_append_new(list, json_string(text)) != 0)
        argp_error(state, "'%s' is not UTF-8", member);
}

static void
keep_amount(struct argp_state *state, const char *member, const char *text)
{
    struct draft_input *input = state->input;

    CHECK(input->amount_count < DRAFT_AMOUNTS_MAX);
    for (size_t i = 0; i < input->amount_count; i++)
        if (input->amounts[i].member == member) {
            input->amounts[i].text = text;
            return;
        }
    input->amounts[input->amount_count].member = member;
    input->amounts[input->amount_count++].text = text;
}

static void
set_row(struct argp_state *state, size_t row, const char *argument)
{
    const char *member = rows[row].member;

    switch (rows[row].kind) {
    case KIND_TEXT:
        set(state, member, json_string(argument));
        return;
    case KIND_LIST:
        add_text(state, member, argument);
        return;
    case KIND_WHEN:
        set_when(state, member, argument);
        return;
    case KIND_SECONDS:
        set(state, member, json_integer(read_duration(state, argument)));
        return;
    case KIND_COUNT:
        set_number(state, member, argument);
        return;
    case KIND_AMOUNT:
        keep_amount(state, member, argument);
        return;
    case KIND_PERCENT:
        set_percent(state, member, argument);
        return;
    case KIND_ID:
        set(state, member, json_string(argument));
        return;
    case KIND_TRUE:
        set(state, member, json_true());
        return;
    case KIND_FALSE:
        set(state, member, json_false());
        return;
    }
}

/** Members of a file; those that an option has set or will set stay. */
static void
read_draft_file(struct argp_state *state, const char *path)
{
    struct draft_input *input = state->input;
    json_error_t error = {.text = ""};
    json_t *given = strcmp(path, "-") == 0
                        ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &error)
                        : json_load_file(path, JSON_REJECT_DUPLICATES, &error);

    if (!json_is_object(given))
        argp_error(state, "'%s': %s", plain(path),
                   given == NULL ? error.text : "not a JSON object");
    if (json_object_update_missing(input->draft, given) != 0)
        argp_failure(state, AUCTION_LOCAL_FAILURE, 0, "out of memory");
    json_decref(given);
}

static error_t
parse_draft(int key, char *argument, struct argp_state *state)
{
    struct draft_input *input = state->input;

    if (key >= KEY_ROW && key < KEY_ROW + ROWS) {
        set_row(state, (size_t)(key - KEY_ROW), argument);
        return 0;
    }
    switch (key) {
    case KEY_SOFT:
        set_soft_close(state, argument);
        return 0;
    case KEY_REVEAL_FOR:
        input->reveal_for_s = read_duration(state, argument);
        return 0;
    case KEY_INCREMENTS:
        input->increments = argument;
        return 0;
    case KEY_DRY_RUN:
        input->is_dry_run = true;
        return 0;
    case 'f':
        read_draft_file(state, argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp draft_argp = {.options = options, .parser = parse_draft};

/* --------------------------------------------------------------- increments */

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
set_increments(struct draft_input *input, const char *currency)
{
    char line[LINE_BYTES];
    bool is_good = true;
    json_t *table;
    FILE *file;

    if (input->increments == NULL)
        return true;
    file = fopen(input->increments, "re");
    table = json_array();
    if (file == NULL || table == NULL) {
        usage_error("cannot read '%s': %s", plain(input->increments),
                    strerror(errno));
        is_good = false;
    }
    while (is_good && fgets(line, sizeof(line), file) != NULL)
        is_good = add_increment(table, line, currency);
    if (file != NULL)
        fclose(file);
    if (is_good)
        return json_object_set_new(input->draft, "increments", table) == 0;
    json_decref(table);
    return false;
}

/* ---------------------------------------------------------------- finishing */

static bool
set_reveal_end(struct draft_input *input)
{
    const char *close = text_of(input->draft, "ends_at");
    char text[INSTANT_TEXT_BYTES];
    struct instant end;

    if (input->reveal_for_s == 0)
        return true;
    if (instant_parse(&end, close, strlen(close)) != ERR_OK) {
        usage_error("create: --reveal-for needs --close");
        return false;
    }
    end.ms += input->reveal_for_s * 1000;
    return json_object_set_new(input->draft, "reveal_ends_at",
                               json_string(instant_format(text, end))) == 0;
}

bool
draft_finish(struct draft_input *input)
{
    const char *currency = text_of(input->draft, "currency");
    int64_t minor;

    for (size_t i = 0; i < input->amount_count; i++)
        if (!amount_parse(&minor, input->amounts[i].text, currency) ||
            json_object_set_new(input->draft, input->amounts[i].member,
                                json_integer(minor)) != 0)
            return false;
    return set_increments(input, currency) && set_reveal_end(input);
}

/** The option of a member, for messages. */
static const char *
option_of(const char *member)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].member, member) == 0)
            return rows[i].option;
    return member;
}

static bool
has_all(json_t *draft, const char *const *members)
{
    for (; *members != NULL; members++)
        if (json_object_get(draft, *members) == NULL) {
            usage_error("create: give --%s", option_of(*members));
            return false;
        }
    return true;
}

/** Whether bids are commitments. */
static bool
is_sealed(json_t *draft, const char *format)
{
    return strcmp(format, "sealed") == 0 || strcmp(format, "vickrey") == 0 ||
           json_is_true(json_object_get(draft, "sealed"));
}

bool
draft_is_complete(json_t *draft)
{
    static const char *const all[] = {"currency", NULL};
    static const char *const ends[] = {"ends_at", NULL};
    static const char *const starts[] = {"start_price", NULL};
    static const char *const dutch[] = {"floor_price", "drop", "interval",
                                        "quantity", NULL};
    static const char *const uniform[] = {"floor_price", "quantity", NULL};
    static const char *const sealed[] = {"reveal_ends_at", NULL};
    const char *format = text_of(draft, "format");
    bool is_dutch = strcmp(format, "dutch") == 0;
    bool is_uniform = strcmp(format, "uniform") == 0;

    if (json_object_get(draft, "title") == NULL) {
        usage_error("create: give TITLE");
        return false;
    }
    return has_all(draft, all) && (is_uniform || has_all(draft, starts)) &&
           (is_dutch || has_all(draft, ends)) &&
           (!is_dutch || has_all(draft, dutch)) &&
           (!is_uniform || has_all(draft, uniform)) &&
           (!is_sealed(draft, format) || has_all(draft, sealed));
}
