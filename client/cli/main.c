/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auction: the command. Global options come before the command's name.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *argp_program_version = "auction " AUCTIOND_VERSION;

enum { KEY_CERT = 256, KEY_KEY, KEY_CA, KEY_JSON, KEY_TIMEOUT, KEY_RETRIES };

static const struct {
    const char *name;
    cli_command *run;
    const char *does;
} commands[] = {
    {"list", command_list, "auctions as a table"},
    {"show", command_show, "one auction"},
    {"create", command_create, "a new auction"},
    {"publish", command_publish, "publish a draft"},
    {"cancel", command_cancel, "cancel an auction"},
    {"pay", command_pay, "record a payment"},
    {"bid", command_bid, "bid up to an amount"},
    {"buy", command_buy, "buy now"},
    {"retract", command_retract, "take bids back"},
    {"bids", command_bids, "an auction's bids"},
    {"explain", command_explain, "why this price and this winner"},
    {"watch", command_watch, "live events"},
    {"whoami", command_whoami, "who the server takes you for"},
    {"ping", command_ping, "round-trip times"},
    {"api", command_api, "any call"},
    {"context", command_context, "saved servers and certificates"},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct argp_option option_table[] = {
    {"context", 'c', "NAME", 0, "Saved context to use", 0},
    {"server", 's', "URL", 0, "https://HOST:PORT", 0},
    {"cert", KEY_CERT, "FILE", 0, "Own certificate", 0},
    {"key", KEY_KEY, "FILE", 0, "Its key", 0},
    {"ca", KEY_CA, "FILE", 0, "The only CA that is trusted", 0},
    {"json", KEY_JSON, NULL, 0, "The server's JSON, unchanged", 0},
    {"quiet", 'q', NULL, 0, "Say less", 0},
    {"verbose", 'v', NULL, 0, "Say more", 0},
    {"timeout", KEY_TIMEOUT, "DUR", 0, "Of one attempt (10s)", 0},
    {"retries", KEY_RETRIES, "N", 0, "Attempts after the first (3)", 0},
    {"help", 'h', NULL, 0, "Print this help", -1},
    {0}};

struct global {
    struct cli cli;
    int command_at; /* index in argv, 0 for none */
};

static void
set(char out[CLI_TEXT_BYTES], const char *value)
{
    snprintf(out, CLI_TEXT_BYTES, "%s", value);
}

static void
set_timeout(struct argp_state *state, const char *text)
{
    int64_t seconds;

    if (!duration_parse(&seconds, text) || seconds < 1 || seconds > 3600)
        argp_error(state, "'%s' is not a duration such as 10s", text);
    else
        ((struct global *)state->input)->cli.timeout_ms = seconds * 1000;
}

static error_t
parse_global(int key, char *argument, struct argp_state *state)
{
    struct global *g = state->input;

    switch (key) {
    case 'c':
        snprintf(g->cli.context, sizeof(g->cli.context), "%s", argument);
        return 0;
    case 's':
        set(g->cli.server, argument);
        return 0;
    case KEY_CERT:
        set(g->cli.cert, argument);
        return 0;
    case KEY_KEY:
        set(g->cli.key, argument);
        return 0;
    case KEY_CA:
        set(g->cli.ca, argument);
        return 0;
    case KEY_JSON:
        g->cli.wants_json = true;
        return 0;
    case 'q':
        g->cli.is_quiet = true;
        return 0;
    case 'v':
        g->cli.verbosity++;
        return 0;
    case KEY_TIMEOUT:
        set_timeout(state, argument);
        return 0;
    case KEY_RETRIES:
        g->cli.retries = atoi(argument) == 0 ? -1 : atoi(argument);
        return 0;
    case 'h':
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
        return 0;
    case ARGP_KEY_ARG:
        g->command_at = state->next - 1;
        state->next = state->argc; /* the rest is the command's */
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static char *
list_commands(int key, const char *text, void *input)
{
    char *help;
    size_t used = 0;

    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)(uintptr_t)text;
    help = malloc(2048);
    if (help == NULL)
        return NULL;
    used += (size_t)snprintf(help, 2048, "Commands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        used += (size_t)snprintf(help + used, 2048 - used, "  %-10s %s\n",
                                 commands[i].name, commands[i].does);
    snprintf(help + used, 2048 - used,
             "\n`auction COMMAND --help` tells of one.\n\n"
             "Exit: 0 done, 1 local failure, 2 usage, 3 no connection, 4 not "
             "allowed, 5 not found, 6 refused by the auction, 7 invalid, "
             "8 busy, 9 outcome unknown.");
    return help;
}

static const struct argp argp = {
    .options = option_table,
    .parser = parse_global,
    .args_doc = "COMMAND [ARGUMENTS]",
    .doc = "Sell and bid in auctions that can be audited.\v",
    .help_filter = list_commands,
};

/** How many words a global option takes: 0 for none of them, else 1 or 2. */
static int
words_of_option(const char *word)
{
    static const char *const alone[] = {"--json", "-q",        "--quiet",
                                        "-v",     "--verbose", NULL};
    static const char *const valued[] = {
        "-c",    "--context", "-s",        "--server",  "--cert",
        "--key", "--ca",      "--timeout", "--retries", NULL};

    for (size_t i = 0; alone[i] != NULL; i++)
        if (strcmp(word, alone[i]) == 0)
            return 1;
    for (size_t i = 0; valued[i] != NULL; i++) {
        size_t size = strlen(valued[i]);
        if (strcmp(word, valued[i]) == 0)
            return 2;
        if (size > 2 && strncmp(word, valued[i], size) == 0 &&
            word[size] == '=')
            return 1;
    }
    return 0;
}

/** Global options may also stand behind the command: move them before it. */
static char **
hoist(int argc, char **argv)
{
    char **out = calloc((size_t)argc + 1, sizeof(*out));
    int used = 0;

    if (out == NULL)
        return NULL;
    out[used++] = argv[0];
    for (int pass = 0; pass < 2; pass++)
        for (int i = 1; i < argc; i++) {
            int words = words_of_option(argv[i]);
            bool is_global = words > 0 && i + words <= argc;
            int count = is_global ? words : 1;
            if (is_global == (pass == 0))
                for (int w = 0; w < count; w++)
                    out[used++] = argv[i + w];
            i += count - 1;
        }
    CHECK(used == argc);
    return out;
}

static int
run(struct global *g, int argc, char **argv)
{
    char name[64];

    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, argv[0]) == 0) {
            snprintf(name, sizeof(name), "auction %s", argv[0]);
            argv[0] = name;
            return settings_load(&g->cli) ? commands[i].run(&g->cli, argc, argv)
                                          : AUCTION_USAGE;
        }
    return usage_error("unknown command '%s': see 'auction --help'",
                       plain(argv[0]));
}

int
main(int argc, char **arguments)
{
    struct global *g = calloc(1, sizeof(*g));
    char **argv = hoist(argc, arguments);
    int code;

    if (g == NULL || argv == NULL || !auction_global_init()) {
        fprintf(stderr, "auction: out of memory, or no libcurl\n");
        return AUCTION_LOCAL_FAILURE;
    }
    argp_err_exit_status = AUCTION_USAGE;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL, g);
    if (g->command_at == 0 || strcmp(argv[g->command_at], "help") == 0) {
        argp_help(&argp, g->command_at == 0 ? stderr : stdout,
                  ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK &
                      ~(unsigned)ARGP_HELP_EXIT_ERR,
                  (char *)(uintptr_t) "auction");
        code = g->command_at == 0 ? AUCTION_USAGE : 0;
    } else if (strcmp(argv[g->command_at], "version") == 0) {
        puts(argp_program_version);
        code = 0;
    } else {
        code = run(g, argc - g->command_at, argv + g->command_at);
    }
    free(argv);
    free(g);
    return code;
}
