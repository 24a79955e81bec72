/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auction: the command.
 */
#include "cli.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

const char *argp_program_version = "auction " AUCTIOND_VERSION;

const struct command_row command_table[] = {
    {"list", command_list, "auctions as a table"},
    {"show", command_show, "one auction"},
    {"create", command_create, "a new auction"},
    {"publish", command_publish, "publish a draft"},
    {"cancel", command_cancel, "cancel an auction"},
    {"bid", command_bid, "bid up to an amount, or for units"},
    {"buy", command_buy, "buy now"},
    {"take", command_take, "take units at a falling price"},
    {"commit", command_commit, "commit to a sealed bid"},
    {"reveal", command_reveal, "open sealed bids that are due"},
    {"openings", command_openings, "what opens sealed bids: list, export"},
    {"withdraw", command_withdraw, "take a sealed or a uniform bid back"},
    {"retract", command_retract, "take bids back, for a reason"},
    {"bids", command_bids, "an auction's bids, or your own"},
    {"receipts", command_receipts, "kept proofs"},
    {"invoices", command_invoices, "invoices and credit notes"},
    {"pay", command_pay, "record a payment"},
    {"correct", command_correct, "take an invoice back"},
    {"terms", command_terms, "the rule text that bids sign"},
    {"explain", command_explain, "why this price and this winner"},
    {"history", command_history, "the price over time"},
    {"watch", command_watch, "live events"},
    {"whoami", command_whoami, "who the server takes you for"},
    {"ping", command_ping, "round-trip times"},
    {"status", command_status, "how the server is"},
    {"void", command_void, "void an account's bids (admin)"},
    {"suspend", command_suspend, "suspend an account (admin)"},
    {"restore", command_restore, "restore an account (admin)"},
    {"credit", command_credit, "limit an account (admin)"},
    {"shell", command_shell, "the same commands at a prompt"},
    {"api", command_api, "any call"},
    {"context", command_context, "saved servers and certificates"},
    {"completion", command_completion, "completion for bash, zsh, fish"},
};

const size_t command_count = sizeof(command_table) / sizeof(command_table[0]);

enum { HELP_BYTES = 4096 };

/** What stands before the command's name. */
struct global {
    struct cli cli;
    int command_at; /* index in argv, 0 for none */
};

static error_t
parse_main(int key, char *argument, struct argp_state *state)
{
    struct global *g = state->input;

    (void)argument;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &g->cli;
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
    help = malloc(HELP_BYTES);
    if (help == NULL)
        return NULL;
    used += (size_t)snprintf(help, HELP_BYTES, "Commands:\n");
    for (size_t i = 0; i < command_count; i++)
        used += (size_t)snprintf(help + used, HELP_BYTES - used, "  %-10s %s\n",
                                 command_table[i].name, command_table[i].does);
    snprintf(help + used, HELP_BYTES - used,
             "  %-10s %s\n  %-10s %s\n\n"
             "'auction help COMMAND' tells of one; 'man auction' of all.\n\n"
             "Exit: 0 done, 1 local failure, 2 usage, 3 no connection, 4 not "
             "allowed, 5 not found, 6 refused by the auction, 7 invalid, "
             "8 busy, 9 outcome unknown, 130 interrupted.",
             "help", "this, or a command's help", "version", "its version");
    return help;
}

static const struct argp_child main_children[] = {
    {&global_argp, 0, "Options:", 0}, {NULL, 0, NULL, 0}};

static const struct argp main_argp = {
    .parser = parse_main,
    .args_doc = "COMMAND [ARGUMENTS]",
    .doc = "Sell and bid in auctions that can be audited.\v",
    .children = main_children,
    .help_filter = list_commands,
};

static int
show_help(FILE *out, int code)
{
    argp_help(&main_argp, out, ARGP_HELP_USAGE | ARGP_HELP_DOC | ARGP_HELP_LONG,
              (char *)(uintptr_t) "auction");
    return code;
}

static int
run(struct cli *cli, int argc, char **argv)
{
    char name[64];

    for (size_t i = 0; i < command_count; i++)
        if (strcmp(command_table[i].name, argv[0]) == 0) {
            snprintf(name, sizeof(name), "auction %s", argv[0]);
            argv[0] = name;
            return command_table[i].run(cli, argc, argv);
        }
    return usage_error("unknown command '%s': see 'auction help'",
                       plain(argv[0]));
}

int
command_run(struct cli *cli, int argc, char **argv)
{
    char help_option[] = "--help";
    char *help_of[] = {argc > 1 ? argv[1] : NULL, help_option, NULL};

    if (argc == 0)
        return show_help(stderr, AUCTION_USAGE);
    if (strcmp(argv[0], "help") == 0)
        return argc > 1 ? run(cli, 2, help_of) : show_help(stdout, 0);
    if (strcmp(argv[0], "version") == 0) {
        puts(argp_program_version);
        return 0;
    }
    return run(cli, argc, argv);
}

int
main(int argc, char **argv)
{
    struct global *g = calloc(1, sizeof(*g));
    int code;

    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN); /* a reader that goes is an error of write */
    act_catch_interrupts();
    argp_err_exit_status = AUCTION_USAGE;
    if (g == NULL || !auction_global_init()) {
        fprintf(stderr, "auction: out of memory, or no libcurl\n");
        free(g);
        return AUCTION_LOCAL_FAILURE;
    }
    argp_parse(&main_argp, argc, argv, ARGP_IN_ORDER, NULL, g);
    if (g->command_at == 0)
        g->command_at = argc;
    code = command_run(&g->cli, argc - g->command_at, argv + g->command_at);
    free(g);
    if (fflush(stdout) != 0 && code == 0) {
        perror("auction: standard output");
        return AUCTION_LOCAL_FAILURE;
    }
    return code;
}
