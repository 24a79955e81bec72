/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auction-bench: plays real auctions, and measures. See `--help`.
 */
#include "bench.h"

#include <argp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *argp_program_version = "auction-bench " AUCTIOND_VERSION;

enum {
    KEY_LAB = 256,
    KEY_SERVER,
    KEY_DATA,
    KEY_SECONDS,
    KEY_WARMUP,
    KEY_SIGNED,
    KEY_NAME,
    KEY_PROTOCOL,
    KEY_SCRIPT,
    KEY_PORT,
    KEY_PID,
    KEY_UNIT,
    KEY_RECORDS,
    KEY_FIRST,
};

struct arguments {
    struct bench_options options;
    const char *command;
};

static const struct argp_option option_table[] = {
    {"lab", KEY_LAB, "DIR", 0, "Folder made by auction-ca lab", 0},
    {"port", KEY_PORT, "N", 0, "Port of the server on loopback", 0},
    {"server", KEY_SERVER, "URL", 0,
     "play: the server (https://localhost:8443)", 0},
    {"data", KEY_DATA, "FILE", 0,
     "play: bids as CSV; fill: the server's configuration", 0},
    {"work", 'w', "WORK", 0,
     "load: bid (default), read, fixed, handshake or idle", 0},
    {"protocol", KEY_PROTOCOL, "NAME", 0,
     "load: http (default), redis, postgres, or fixed: 200 bytes of HTTP", 0},
    {"script", KEY_SCRIPT, "SHA", 0, "Redis: the script of a bid", 0},
    {"connections", 'c', "N", 0, "Connections or streams (64)", 0},
    {"depth", 'd', "N", 0, "Requests in flight on each (1)", 0},
    {"unit", KEY_UNIT, "N", 0, "PostgreSQL: bids in one request (1)", 0},
    {"rate", 'r', "N", 0, "Requests a second on a fixed schedule", 0},
    {"threads", 't', "N", 0,
     "Threads of the generator (1); play: auctions at a time (4)", 0},
    {"auctions", 'a', "N", 0, "Spread over so many auctions (10000)", 0},
    {"first", KEY_FIRST, "ID", 0, "Id of the first auction (1)", 0},
    {"records", KEY_RECORDS, "N", 0, "fill: records in the log", 0},
    {"signed", KEY_SIGNED, NULL, 0, "load: signed bids", 0},
    {"name", KEY_NAME, "TEXT", 0, "Who is measured, for the line", 0},
    {"pid", KEY_PID, "N", 0, "Weigh this process and its children", 0},
    {"seconds", KEY_SECONDS, "S", 0,
     "How long (5); play: until the auctions close (25)", 0},
    {"warmup", KEY_WARMUP, "S", 0, "Load before measuring (1)", 0},
    {"help", 'h', NULL, 0, "Print this help", -1},
    {0}};

static int
number_of(struct argp_state *state, const char *text, long max)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (*end != '\0' || value < 0 || value > max)
        argp_error(state, "'%s' is not a number up to %ld", text, max);
    return (int)value;
}

static enum work
work_of(struct argp_state *state, const char *text)
{
    static const char *const names[] = {"bid", "read", "fixed", "handshake",
                                        "idle"};

    for (int i = 0; i <= WORK_IDLE; i++)
        if (strcmp(text, names[i]) == 0)
            return (enum work)i;
    argp_error(state, "unknown work '%s'", text);
    return WORK_BID;
}

/** Texts are kept as they are; false for an option that is none. */
static bool
take_text(struct bench_options *o, int key, const char *argument)
{
    switch (key) {
    case KEY_SERVER:
        o->server = argument;
        return true;
    case KEY_LAB:
        o->lab = argument;
        return true;
    case KEY_DATA:
        o->data = argument;
        return true;
    case KEY_NAME:
        o->name = argument;
        return true;
    case KEY_PROTOCOL:
        o->protocol = argument;
        return true;
    case KEY_SCRIPT:
        o->script = argument;
        return true;
    default:
        return false;
    }
}

/** Where a number goes and its bound; NULL for an option that is none. */
static int *
number_at(struct bench_options *o, int key, long *max_out)
{
    *max_out = INT_MAX;
    switch (key) {
    case KEY_PORT:
        *max_out = 65535;
        return &o->port;
    case 't':
        *max_out = 8;
        return &o->threads;
    case 'c':
        *max_out = 100000;
        return &o->connections;
    case 'd':
        *max_out = 32;
        return &o->depth;
    case KEY_UNIT:
        *max_out = 32;
        return &o->unit;
    case 'a':
        return &o->auctions;
    case KEY_FIRST:
        return &o->first;
    case KEY_RECORDS:
        return &o->records;
    case KEY_PID:
        return &o->pid;
    default:
        return NULL;
    }
}

static error_t
parse_option(int key, char *argument, struct argp_state *state)
{
    struct arguments *a = state->input;
    struct bench_options *o = &a->options;
    long max;
    int *number = number_at(o, key, &max);

    if (number != NULL) {
        *number = number_of(state, argument, max);
        return 0;
    }
    if (take_text(o, key, argument))
        return 0;
    switch (key) {
    case 'w':
        o->work = work_of(state, argument);
        return 0;
    case 'r':
        o->rate = number_of(state, argument, 1000000);
        return 0;
    case KEY_SECONDS:
        o->seconds = strtod(argument, NULL);
        return 0;
    case KEY_WARMUP:
        o->warmup = strtod(argument, NULL);
        return 0;
    case KEY_SIGNED:
        o->is_signed = true;
        return 0;
    case 'h':
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "one command");
        a->command = argument;
        return 0;
    case ARGP_KEY_END:
        if (a->command == NULL)
            argp_error(state, "give a command");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = option_table,
    .parser = parse_option,
    .args_doc = "play|create|load|watch|limits|echo|fill",
    .doc = "Play real auctions, or measure under load.\v"
           "play      real auctions of a CSV file, through the client library\n"
           "create    auctions to bid on; prints the id of the first\n"
           "load      requests a second, or latency at a fixed rate\n"
           "watch     live streams of one auction, until they fall silent\n"
           "limits    what the machine allows: disk, signatures, store\n"
           "echo      a server that does nothing, to compare with\n"
           "fill      a large database in an empty data directory\n\n"
           "The lab needs the clients house and b01 to b16; play needs as "
           "many as its file has bidders.",
};

double
bench_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int64_t
bench_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

uint64_t
bench_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
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

static int
play_file(struct bench_options *o)
{
    if (o->data == NULL) {
        fprintf(stderr, "auction-bench: play needs --data FILE\n");
        return 2;
    }
    if (!auction_global_init()) {
        fprintf(stderr, "auction-bench: libcurl cannot be set up\n");
        return 1;
    }
    return play(o);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(const struct bench_options *options);
    } commands[] = {
        {"create", create_auctions}, {"load", load}, {"watch", watch},
        {"limits", limits},          {"echo", echo}, {"fill", fill}};
    struct arguments a = {.options = {.server = "https://localhost:8443",
                                      .lab = "certs/lab",
                                      .name = "auctiond",
                                      .protocol = "http",
                                      .script = "",
                                      .port = 8443,
                                      .connections = 64,
                                      .depth = 1,
                                      .unit = 1,
                                      .auctions = 10000,
                                      .first = 1,
                                      .warmup = 1}};
    struct bench_options *o = &a.options;
    bool is_play;

    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &a);
    is_play = strcmp(a.command, "play") == 0;
    if (o->threads == 0)
        o->threads = is_play ? 4 : 1;
    if (o->seconds == 0)
        o->seconds = is_play ? 25 : 5;
    if (is_play)
        return play_file(o);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(a.command, commands[i].name) == 0)
            return commands[i].run(o);
    fprintf(stderr, "auction-bench: unknown command '%s'; see --help\n",
            a.command);
    return 2;
}
