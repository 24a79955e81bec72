/* SPDX-License-Identifier: Apache-2.0 */
/**
 * bench: the commands of auction-bench. README.md lists the files.
 */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include "auction.h"

#include <stdbool.h>
#include <stdint.h>

enum work { WORK_BID, WORK_READ, WORK_FIXED, WORK_HANDSHAKE, WORK_IDLE };

struct bench_options {
    const char *server; /* play: https://localhost:PORT */
    const char *lab;    /* folder made by auction-ca lab */
    const char *data;   /* play: CSV; fill: configuration of the server */
    const char *name;   /* who is measured, for the printed line */
    const char *protocol;
    const char *script; /* Redis: digest of the script of a bid */
    enum work work;
    int port;
    int threads;
    int connections;
    int depth; /* requests in flight on a connection */
    int unit;  /* bids in one request (PostgreSQL) */
    int auctions;
    int records; /* fill */
    int first;   /* id of the first auction */
    int pid;     /* of the server, with its descendants; 0: none */
    double rate; /* arrivals a second; 0: closed loop */
    double seconds;
    double warmup;
    bool is_signed;
};

/** Play the auctions of a CSV file. 0 when all prices are the rules'. */
int play(const struct bench_options *options);

/** Requests a second, or latency at a rate; a line of JSON on stdout. */
int load(const struct bench_options *options);

/** Follow one auction on many live streams until they fall silent. */
int watch(const struct bench_options *options);

/** Create auctions; prints the id of the first. */
int create_auctions(const struct bench_options *options);

/** What the machine allows; a line of JSON each. */
int limits(const struct bench_options *options);

/** Answer 200 bytes with 200 bytes over mutual TLS until killed. */
int echo(const struct bench_options *options);

/** Fill an empty data directory through the engine itself. */
int fill(const struct bench_options *options);

/** Connect as clients/NAME of the lab; NULL after a message. */
struct auction_client *
bench_client(const struct bench_options *options, const char *name);

/** Seconds since 1970. */
double bench_now(void);

/** Nanoseconds that only go forward. */
int64_t bench_ns(void);

/** A sequence that differs by its seed; never the same twice in a run. */
uint64_t bench_random(uint64_t *state);

#endif
