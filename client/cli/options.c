/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options that every command takes, before or behind its name.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    KEY_CERT = 512,
    KEY_KEY,
    KEY_CA,
    KEY_CRL,
    KEY_POLICY,
    KEY_PASSFILE,
    KEY_JSON,
    KEY_CURL,
    KEY_TIMEOUT,
    KEY_RETRIES,
    KEY_NO_COLOR,
    KEY_REQUEST,
    KEY_UNSIGNED,
};

enum { TIMEOUT_S_MAX = 3600, RETRIES_MAX = 100 };

static const struct argp_option global_options[] = {
    {"context", 'c', "NAME", 0, "Saved context to use", 0},
    {"server", 's', "URL", 0, "https://HOST:PORT", 0},
    {"cert", KEY_CERT, "FILE", 0, "Own certificate", 0},
    {"key", KEY_KEY, "FILE", 0, "Its key", 0},
    {"ca", KEY_CA, "FILE", 0, "The only CA that is trusted", 0},
    {"crl", KEY_CRL, "FILE", 0, "Its revocation list", 0},
    {"policy", KEY_POLICY, "FILE", 0, "Witnesses that must have cosigned", 0},
    {"passfile", KEY_PASSFILE, "FILE", 0, "Holds the key's passphrase", 0},
    {"output", 'o', "FORM", 0, "table, json, jsonl or csv", 0},
    {"json", KEY_JSON, NULL, 0, "The server's JSON, unchanged", 0},
    {"quiet", 'q', NULL, 0, "Say less", 0},
    {"verbose", 'v', NULL, 0, "Requests and statuses; -vv: headers too", 0},
    {"curl", KEY_CURL, NULL, 0, "Print the equal curl command and stop", 0},
    {"timeout", KEY_TIMEOUT, "DUR", 0, "Of one attempt (10s)", 0},
    {"retries", KEY_RETRIES, "N", 0, "Attempts after the first (3)", 0},
    {"yes", 'y', NULL, 0, "Do not ask", 0},
    {"no-color", KEY_NO_COLOR, NULL, 0, "Accepted; nothing is coloured", 0},
    {NULL, 'h', NULL, 0, "Give this help list", -1},
    {0}};

static void
set_text(struct argp_state *state, char *out, size_t capacity,
         const char *value)
{
    if (snprintf(out, capacity, "%s", value) >= (int)capacity)
        argp_error(state, "'%.40s...' is too long", value);
}

static void
set_output(struct cli *cli, struct argp_state *state, const char *form)
{
    enum form known;

    if (!form_parse(&known, form))
        argp_error(state, "--output table, json, jsonl or csv");
    set_text(state, cli->output, sizeof(cli->output), form);
}

static void
set_timeout(struct cli *cli, struct argp_state *state, const char *text)
{
    int64_t seconds = 0;

    if (!duration_parse(&seconds, text) || seconds < 1 ||
        seconds > TIMEOUT_S_MAX)
        argp_error(state, "'%s' is not a duration such as 10s", plain(text));
    cli->timeout_ms = (long)seconds * 1000;
}

static void
set_retries(struct cli *cli, struct argp_state *state, const char *text)
{
    int count = 0;

    if (!number_parse(&count, text, 0, RETRIES_MAX))
        argp_error(state, "'%s' is not a number of retries", plain(text));
    cli->retries = count == 0 ? -1 : count;
}

/** Options with a file or a name. */
static error_t
parse_text(int key, char *argument, struct argp_state *state)
{
    struct cli *cli = state->input;

    switch (key) {
    case 'c':
        set_text(state, cli->context, sizeof(cli->context), argument);
        return 0;
    case 's':
        set_text(state, cli->server, CLI_TEXT_BYTES, argument);
        return 0;
    case KEY_CERT:
        set_text(state, cli->cert, CLI_TEXT_BYTES, argument);
        return 0;
    case KEY_KEY:
        set_text(state, cli->key, CLI_TEXT_BYTES, argument);
        return 0;
    case KEY_CA:
        set_text(state, cli->ca, CLI_TEXT_BYTES, argument);
        return 0;
    case KEY_CRL:
        set_text(state, cli->crl, CLI_TEXT_BYTES, argument);
        return 0;
    case KEY_POLICY:
        set_text(state, cli->policy, CLI_TEXT_BYTES, argument);
        return 0;
    case KEY_PASSFILE:
        set_text(state, cli->passfile, CLI_TEXT_BYTES, argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t
parse_global(int key, char *argument, struct argp_state *state)
{
    struct cli *cli = state->input;

    switch (key) {
    case 'o':
        set_output(cli, state, argument);
        return 0;
    case KEY_JSON:
        set_output(cli, state, "json");
        return 0;
    case KEY_CURL:
        cli->wants_curl = true;
        return 0;
    case 'q':
        cli->is_quiet = true;
        return 0;
    case 'v':
        cli->verbosity++;
        return 0;
    case 'y':
        cli->says_yes = true;
        return 0;
    case KEY_TIMEOUT:
        set_timeout(cli, state, argument);
        return 0;
    case KEY_RETRIES:
        set_retries(cli, state, argument);
        return 0;
    case KEY_NO_COLOR:
        return 0;
    case 'h':
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
        return 0;
    default:
        return parse_text(key, argument, state);
    }
}

const struct argp global_argp = {.options = global_options,
                                 .parser = parse_global};

/* --------------------------------------------------------------------- acts */

static const struct argp_option act_options[] = {
    {"request", KEY_REQUEST, "KEY", 0,
     "Repeat an earlier request: the key that was printed", 0},
    {"unsigned", KEY_UNSIGNED, NULL, 0, "Do not sign", 0},
    {0}};

static error_t
parse_act(int key, char *argument, struct argp_state *state)
{
    struct act *act = state->input;

    switch (key) {
    case KEY_REQUEST:
        act->request = argument;
        return 0;
    case KEY_UNSIGNED:
        act->is_unsigned = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp act_argp = {.options = act_options,
                                     .parser = parse_act};

/* ------------------------------------------------------------------ commands
 */

/** What the parsers of one command write to, in the order of the children. */
struct inputs {
    void *at[3];
};

static error_t
hand_out_inputs(int key, char *argument, struct argp_state *state)
{
    struct inputs *inputs = state->input;

    (void)argument;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    for (int i = 0; i < 3 && (i < 2 || inputs->at[i] != NULL); i++)
        state->child_inputs[i] = inputs->at[i];
    return 0;
}

/** The long options of a parser and of those below it, a line each. */
static void
describe(const struct argp *argp)
{
    const struct argp_option *o = argp->options;
    const struct argp_child *child = argp->children;

    for (; o != NULL && (o->name != NULL || o->key != 0); o++)
        if (o->name != NULL)
            printf("--%s%s\n", o->name, o->arg != NULL ? "=" : "");
    for (; child != NULL && child->argp != NULL; child++)
        describe(child->argp);
}

void
cli_parse(struct cli *cli, const struct argp *argp, void *input,
          struct act *act, int argc, char **argv)
{
    struct inputs inputs = {{input, cli, act}};
    struct argp_child children[] = {
        {argp, 0, NULL, 0},
        {&global_argp, 0, "Options of every command:", 2},
        {act == NULL ? NULL : &act_argp, 0, NULL, 1},
        {NULL, 0, NULL, 0},
    };
    struct argp whole = {.parser = hand_out_inputs, .children = children};

    if (cli->is_described) {
        describe(&whole);
        fflush(stdout);
        _exit(0);
    }
    if (argp_parse(&whole, argc, argv, 0, NULL, &inputs) != 0)
        exit(AUCTION_USAGE);
}

error_t
words_take(struct words *words, int key, char *argument,
           struct argp_state *state)
{
    switch (key) {
    case ARGP_KEY_ARG:
        if (words->count == words->maximum)
            argp_error(state, "'%s' is one argument too many", plain(argument));
        words->at[words->count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (words->count < words->minimum)
            argp_error(state, "an argument is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}
