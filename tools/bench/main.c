/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auction-bench: plays real auctions, and measures. See `--help`.
 */
#include "bench.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *argp_program_version = "auction-bench " AUCTIOND_VERSION;

enum { KEY_UNSIGNED = 256, KEY_LAB, KEY_SERVER, KEY_DATA, KEY_SECONDS };

struct arguments {
    struct bench_options options;
    const char *command;
};

static const struct argp_option option_table[] = {
    {"server", KEY_SERVER, "URL", 0, "The server (https://localhost:8443)", 0},
    {"lab", KEY_LAB, "DIR", 0, "Folder made by auction-ca lab", 0},
    {"data", KEY_DATA, "FILE", 0, "play: bids as CSV", 0},
    {"threads", 't', "N", 0, "play: auctions at a time (4)", 0},
    {"connections", 'c', "N", 0, "load: connections (64)", 0},
    {"auctions", 'a', "N", 0, "load: spread over so many (1000)", 0},
    {"seconds", KEY_SECONDS, "S", 0,
     "play: until the auctions close (25); load: how long (5)", 0},
    {"unsigned", KEY_UNSIGNED, NULL, 0, "load: bids without signature", 0},
    {"help", 'h', NULL, 0, "Print this help", -1},
    {0}};

static int
number_of(struct argp_state *state, const char *text, long max)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (*end != '\0' || value < 1 || value > max)
        argp_error(state, "'%s' is not a number from 1 to %ld", text, max);
    return (int)value;
}

static error_t
parse_option(int key, char *argument, struct argp_state *state)
{
    struct arguments *a = state->input;
    struct bench_options *o = &a->options;

    switch (key) {
    case KEY_SERVER:
        o->server = argument;
        return 0;
    case KEY_LAB:
        o->lab = argument;
        return 0;
    case KEY_DATA:
        o->data = argument;
        return 0;
    case 't':
        o->threads = number_of(state, argument, 16);
        return 0;
    case 'c':
        o->connections = number_of(state, argument, 1024);
        return 0;
    case 'a':
        o->auctions = number_of(state, argument, 1000000);
        return 0;
    case KEY_SECONDS:
        o->seconds = number_of(state, argument, 86400);
        return 0;
    case KEY_UNSIGNED:
        o->is_signed = false;
        return 0;
    case 'h':
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "one command: play, load or limits");
        a->command = argument;
        return 0;
    case ARGP_KEY_END:
        if (a->command == NULL)
            argp_error(state, "give a command: play, load or limits");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = option_table,
    .parser = parse_option,
    .args_doc = "play|load|limits",
    .doc = "Play real auctions, or measure bids a second.\v"
           "play needs clients house and b01.. in the lab; load needs house "
           "and b01..b16. limits measures what the machine allows: TLS "
           "echoes and fdatasync a second.",
};

double
bench_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct auction_client *
bench_client(const struct bench_options *options, const char *name)
{
    char cert[4096], key[4096], ca[4096];
    struct auction_options client_options = {
        .server = options->server, .cert = cert, .key = key, .ca = ca};
    struct auction_client *client;
    struct auction_result result;

    snprintf(cert, sizeof(cert), "%s/clients/%s/%s.pem", options->lab, name,
             name);
    snprintf(key, sizeof(key), "%s/clients/%s/%s.key", options->lab, name,
             name);
    snprintf(ca, sizeof(ca), "%s/clients/%s/ca.pem", options->lab, name);
    if (auction_open(&client, &client_options, &result) != AUCTION_ACCEPTED)
        fprintf(stderr, "auction-bench: %s\n", result.message);
    return client;
}

int
main(int argc, char **argv)
{
    struct arguments a = {.options = {.server = "https://localhost:8443",
                                      .lab = "certs/lab",
                                      .threads = 4,
                                      .connections = 64,
                                      .auctions = 1000,
                                      .is_signed = true}};

    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &a);
    if (!auction_global_init()) {
        fprintf(stderr, "auction-bench: libcurl cannot be set up\n");
        return 1;
    }
    if (strcmp(a.command, "play") == 0) {
        if (a.options.seconds == 0)
            a.options.seconds = 25;
        if (a.options.data == NULL) {
            fprintf(stderr, "auction-bench: play needs --data FILE\n");
            return 2;
        }
        return play(&a.options);
    }
    if (a.options.seconds == 0)
        a.options.seconds = 5;
    if (strcmp(a.command, "load") == 0)
        return load(&a.options);
    if (strcmp(a.command, "limits") == 0)
        return limits(&a.options);
    fprintf(stderr,
            "auction-bench: unknown command '%s': play, load or "
            "limits\n",
            a.command);
    return 2;
}
