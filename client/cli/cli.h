/* SPDX-License-Identifier: Apache-2.0 */
/**
 * cli: the parts of the `auction` command.
 *
 *     main.c      the table of commands, dispatch, help
 *     options.c   options that every command takes
 *     settings.c  environment, saved contexts, the client that they give
 *     context.c   saving contexts
 *     act.c       what all commands that change something share
 *     create.c    create
 *     sell.c      publish, cancel, pay
 *     bid.c       bid, buy, retract
 *     list.c      list, bids
 *     look.c      show, explain, whoami, ping, api
 *     watch.c     live events
 *     when.c      times, durations and numbers as people write them
 *     show.c      amounts, errors, untrusted text
 *
 * Thread  one. A command returns the exit code (docs/man/auction.1).
 */
#ifndef CLI_H
#define CLI_H

#include "auction.h"
#include "base/instant.h"
#include "base/money.h"

#include <argp.h>
#include <confuse.h>
#include <jansson.h>
#include <stdio.h>

enum { CLI_TEXT_BYTES = 4096, CLI_WORDS_MAX = 65, CLI_AMOUNT_BYTES = 48 };

/** What options, environment and context say; "" is not said yet. */
struct cli {
    char server[CLI_TEXT_BYTES];
    char cert[CLI_TEXT_BYTES];
    char key[CLI_TEXT_BYTES];
    char ca[CLI_TEXT_BYTES];
    char crl[CLI_TEXT_BYTES];
    char passfile[CLI_TEXT_BYTES];
    char config[CLI_TEXT_BYTES];
    char context[64];
    char output[16]; /* "table" or "json" */
    bool wants_curl; /* print what curl would do, and stop */
    bool says_yes;   /* to every question */
    bool is_quiet;
    int verbosity;
    long timeout_ms;
    int retries; /* as in auction_options */
};

/** A command with its own arguments; returns the exit code. */
typedef int cli_command(struct cli *cli, int argc, char **argv);

cli_command command_list, command_show, command_create, command_publish,
    command_cancel, command_pay, command_bid, command_buy, command_retract,
    command_bids, command_explain, command_watch, command_whoami, command_ping,
    command_api, command_context;

/* ------------------------------------------------------------------ options */

/** The words of a command that are no options. */
struct words {
    const char *at[CLI_WORDS_MAX];
    int count, minimum, maximum;
};

/** How a command is to be sent. */
struct act {
    const char *request; /* key of an earlier request, or NULL */
    bool is_unsigned;
    char key[AUCTION_KEY_BYTES]; /* made by act_begin */
};

/** Global options alone, for main. */
extern const struct argp global_argp;

/**
 * Parse a command's arguments: its own options, those of `act` (unless NULL)
 * and the global ones, in any order. Ends the program on wrong usage.
 */
void cli_parse(struct cli *cli, const struct argp *argp, void *input,
               struct act *act, int argc, char **argv);

/** For a command's parser: words, and the check of their number. */
error_t words_take(struct words *words, int key, char *argument,
                   struct argp_state *state);

/* ----------------------------------------------------------------- settings */

/** Fill in what options have left open. False after a message. */
bool settings_load(struct cli *cli);
/** The file of saved contexts, empty when there is none; NULL on errors. */
cfg_t *settings_open(const struct cli *cli);
/** Where it is, by option, environment or default. */
void settings_find(struct cli *cli);
/** The client, or NULL with *code set and the error printed. */
struct auction_client *cli_client(struct cli *cli, int *code);
/** Folder for heads and receipts, made when missing; false: none. */
bool cli_state_dir(char path[CLI_TEXT_BYTES]);
/** Make the folders of a path's file; false with errno. */
bool cli_make_parents(const char *path);
bool cli_wants_json(const struct cli *cli);
/** With --curl: print the equal curl command and return true. */
bool cli_curl(struct cli *cli, const char *method, const char *path,
              const char *body);

/* -------------------------------------------------------------------- acts */

/** The key of the request, given or new; exit code, 0 for going on. */
int act_begin(struct act *act);
/**
 * After the answer: print an error, keep the receipt, pass on a warning.
 * Returns the exit code; for 0 the caller prints what was done.
 *
 * what      "bid"
 * currency  of the auction, or NULL
 */
int act_end(struct cli *cli, struct auction_client *client, const char *what,
            const struct auction_result *result, const char *currency);
/** Ctrl-C ends with 130 and, while a command is under way, with its key. */
void act_catch_interrupts(void);
/** Ask on the terminal; true with --yes, and where nobody can answer. */
bool act_confirm(const struct cli *cli, const char *question);

/* -------------------------------------------------------------------- texts */

/** RFC 3339, or "+2h30m" from now; units d h m s. */
bool when_parse(struct instant *out, const char *text, struct instant now);
/** "90s", "3m", "1h30m" or plain seconds, at most 100 years. */
bool duration_parse(int64_t *seconds_out, const char *text);
/** An auction's number. */
bool id_parse(uint64_t *out, const char *text);
/** A whole number from `low` to `high`. */
bool number_parse(int *out, const char *text, int low, int high);
/** 32 hex digits or a UUID, as a request key. */
bool key_parse(char key[AUCTION_KEY_BYTES], const char *text);
struct instant when_now(void);

/** "125.00 EUR"; returns text. */
char *
amount_text(char text[CLI_AMOUNT_BYTES], int64_t minor, const char *currency);
/** "125.00"; returns text. */
char *
amount_bare(char text[CLI_AMOUNT_BYTES], int64_t minor, const char *currency);
/** Read an amount in major units; false after a message that says why. */
bool amount_parse(int64_t *minor_out, const char *text, const char *currency);

/** Print an error as `auction: ...` and give its exit code. */
int show_error(struct cli *cli, const char *what,
               const struct auction_result *result, const char *currency);
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Untrusted text with all that could steer a terminal made visible. */
const char *plain(const char *text);
/** The same of any length, straight out. */
void put_plain(FILE *out, const char *text);
const char *text_of(json_t *object, const char *name);
int64_t int_of(json_t *object, const char *name);
/** GET a path as JSON; NULL with *code set and the error printed. */
json_t *get_json(struct cli *cli, struct auction_client *client,
                 const char *path, struct auction_result *result, int *code);

#endif
