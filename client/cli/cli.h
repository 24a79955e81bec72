/* SPDX-License-Identifier: Apache-2.0 */
/**
 * cli: the parts of the `auction` command.
 *
 *     main.c      global options, dispatch
 *     settings.c  saved contexts, environment, the client that they give
 *     sell.c      create, publish, cancel, pay
 *     bid.c       bid, buy, retract
 *     look.c      list, show, bids, explain, whoami, ping, api
 *     watch.c     live events
 *     when.c      times and amounts as people write them
 *     show.c      tables, amounts, errors
 */
#ifndef CLI_H
#define CLI_H

#include "auction.h"
#include "base/instant.h"
#include "base/money.h"

#include <argp.h>
#include <jansson.h>

enum { CLI_TEXT_BYTES = 4096 };

/** What the global options, the environment and the context say. */
struct cli {
    char server[CLI_TEXT_BYTES];
    char cert[CLI_TEXT_BYTES];
    char key[CLI_TEXT_BYTES];
    char ca[CLI_TEXT_BYTES];
    char context[64];
    char config[CLI_TEXT_BYTES];
    bool wants_json;
    bool is_quiet;
    int verbosity;
    long timeout_ms;
    int retries; /* as in auction_options */
};

/** A command: its own arguments; returns the exit code. */
typedef int cli_command(struct cli *cli, int argc, char **argv);

cli_command command_list, command_show, command_create, command_publish,
    command_cancel, command_pay, command_bid, command_buy, command_retract,
    command_bids, command_explain, command_watch, command_whoami, command_ping,
    command_api, command_context;

/* settings.c */
/** Fill in what options have left open. False after a message. */
bool settings_load(struct cli *cli);
/** The client, or NULL with *code set and the error printed. */
struct auction_client *cli_client(struct cli *cli, int *code);
/** Folder for heads and receipts; false when there is none. */
bool cli_state_dir(char path[CLI_TEXT_BYTES]);

/* when.c */
/** RFC 3339, or "+2h30m" from now; units d h m s. */
bool when_parse(struct instant *out, const char *text, struct instant now);
/** "90s", "3m", "1h30m" or plain seconds. */
bool duration_parse(int64_t *seconds_out, const char *text);
/** An auction's number. */
bool id_parse(uint64_t *out, const char *text);

/* show.c */
/** "125.00 EUR"; returns text. */
char *amount_text(char text[48], int64_t minor, const char *currency);
/** Print an error as `auction: ...` and give its exit code. */
int show_error(struct cli *cli, const char *what,
               const struct auction_result *result, const char *currency);
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Untrusted text, with control characters made visible. */
const char *plain(const char *text);
const char *text_of(json_t *object, const char *name);
/** GET a path as JSON; NULL with *code set and the error printed. */
json_t *get_json(struct cli *cli, struct auction_client *client,
                 const char *path, struct auction_result *result, int *code);

#endif
