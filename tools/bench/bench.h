/* SPDX-License-Identifier: Apache-2.0 */
/**
 * bench: the parts of auction-bench.
 *
 *     main.c   options and commands
 *     play.c   real auctions through the real client library
 *     load.c   bids a second, closed loop
 *     limits.c what the machine allows: TLS echo, fdatasync
 */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include "auction.h"

#include <stdbool.h>
#include <stdint.h>

struct bench_options {
    const char *server; /* https://localhost:PORT */
    const char *lab;    /* folder made by auction-ca lab */
    const char *data;   /* play: CSV */
    int threads;
    int connections;
    int auctions;
    double seconds;
    bool is_signed;
};

/** Play the auctions of a CSV file. 0 when all prices are the rules'. */
int play(const struct bench_options *options);

/** Bids a second for some seconds; a line of JSON on stdout. */
int load(const struct bench_options *options);

/** TLS echoes and syncs a second; a line of JSON each. */
int limits(const struct bench_options *options);

/** Connect as clients/NAME of the lab; NULL after a message. */
struct auction_client *
bench_client(const struct bench_options *options, const char *name);

double bench_now(void);

#endif
