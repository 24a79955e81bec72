/* SPDX-License-Identifier: Apache-2.0 */
/**
 * cli: the parts of the `auction` command.
 *
 *     main.c      the table of commands, dispatch, help
 *     options.c   options that every command takes
 *     settings.c  environment, saved contexts, the client that they give
 *     context.c   saving contexts
 *     act.c       what all commands that change something share
 *     draft.c     a draft from options, a JSON file, or both
 *     create.c    create: sending it
 *     meaning.c   what the rules of a draft mean, in words
 *     sell.c      publish, cancel, pay, correct, void
 *     bid.c       bid, buy
 *     take.c      take, withdraw, retract
 *     sealed.c    commit, reveal
 *     openings.c  openings: list, export, import
 *     remind.c    reveals that are due
 *     admin.c     suspend, restore, credit, status
 *     sheet.c     rows as a table, CSV or JSON lines
 *     pages.c     lists of the server's, page by page
 *     list.c      list, bids, invoices
 *     look.c      show, explain, whoami, ping
 *     api.c       api
 *     terms.c     terms
 *     history.c   history, the price as a line of bars
 *     receipts.c  receipts
 *     watch.c     live events
 *     shell.c     the same commands at a prompt
 *     complete.c  completion for shells
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
    char policy[CLI_TEXT_BYTES];
    char passfile[CLI_TEXT_BYTES];
    char config[CLI_TEXT_BYTES];
    char context[64];
    char output[16];   /* as enum form; see cli_form */
    bool is_described; /* cli_parse prints the options and ends */
    bool wants_curl;   /* print what curl would do, and stop */
    bool says_yes;     /* to every question */
    bool is_quiet;
    int verbosity;
    long timeout_ms;
    int retries; /* as in auction_options */
};

/** A command with its own arguments; returns the exit code. */
typedef int cli_command(struct cli *cli, int argc, char **argv);

cli_command command_list, command_show, command_create, command_publish,
    command_cancel, command_pay, command_correct, command_void, command_bid,
    command_buy, command_commit, command_reveal, command_openings, command_take,
    command_withdraw, command_retract, command_bids, command_invoices,
    command_receipts, command_terms, command_explain, command_history,
    command_watch, command_whoami, command_ping, command_status,
    command_suspend, command_restore, command_credit, command_shell,
    command_completion, command_api, command_context;

/** One line of the table of commands. */
struct command_row {
    const char *name;
    cli_command *run;
    const char *does;
};

extern const struct command_row command_table[];
extern const size_t command_count;

/** Run the command argv[0]; its exit code. */
int command_run(struct cli *cli, int argc, char **argv);

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
/** How answers are printed: --output. */
enum form { FORM_TABLE, FORM_JSON, FORM_JSONL, FORM_CSV, FORMS };
enum form cli_form(const struct cli *cli);
/** Whether the words for people are wanted: a table, and no -q. */
bool cli_talks(const struct cli *cli);
/** False when there is no form of that name. */
bool form_parse(enum form *out, const char *name);
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
/** A command of one auction, or outside any. */
struct deed {
    const char *what;     /* in messages: "bid" */
    const char *cmd;      /* of the protocol; NULL: the same */
    uint64_t auction;     /* 0: of an account, below */
    const char *account;  /* whom an administrator's command is about */
    json_t *fields;       /* own fields; consumed; NULL is an error */
    const char *currency; /* of the auction, or NULL */
};

/** What is printed of an accepted one, unless a form or -q says otherwise. */
typedef void
deed_print(const struct deed *deed, const struct auction_result *result);

/**
 * Do it, or with --curl show it: send, print the outcome, keep the receipt.
 * `print` NULL says that it is done. Returns the exit code.
 */
int act_do(struct cli *cli, struct auction_client *client,
           const struct deed *deed, struct act *act, deed_print *print);
/** The same with a client of its own. */
int act_do_alone(struct cli *cli, const struct deed *deed, struct act *act,
                 deed_print *print);

/** Ctrl-C ends with 130 and, while a command is under way, with its key. */
void act_catch_interrupts(void);
/** Ask on the terminal; true with --yes, and where nobody can answer. */
bool act_confirm(const struct cli *cli, const char *question);

/* ----------------------------------------------------------------- openings */

/**
 * Say, at the start and whenever half of the time that is left has passed,
 * which own openings are due, with the command that reveals them.
 */
struct reminder {
    int64_t next_ms; /* when to look again */
};
void remind(struct cli *cli, struct auction_client *asking,
            struct reminder *reminder);

/* ------------------------------------------------------------------- sheets */

/**
 * Rows of the same columns, printed as --output says: a table when all are
 * there, CSV or JSON lines as they come, nothing for json.
 */
struct sheet;
/** Columns end with NULL; '#' before one is for numbers. NULL: no memory. */
struct sheet *sheet_create(const struct cli *cli, const char *const *columns);
/** A row of as many cells as columns, and the item behind it, or NULL. */
bool sheet_add(struct sheet *sheet, json_t *item, const char *const *cells);
/** Print what is left, and free; accepts NULL. */
void sheet_finish(struct sheet **sheet);

/** A list of the server's, page by page. */
struct paging {
    const char *base;           /* path with a query */
    const char *const *columns; /* as sheet_create */
    bool (*add)(struct sheet *sheet, json_t *item, void *context);
    void *context;
    bool is_all; /* every page, not the first alone */
};
/** Print it; the exit code. */
int pages_print(struct cli *cli, struct auction_client *client,
                const struct paging *paging);
/** Hand each item of every page to `add`, printing nothing. */
int pages_visit(struct cli *cli, struct auction_client *client,
                const struct paging *paging);

/**
 * Print an answer that is one object in another form than table; false for
 * table, when the caller prints.
 */
bool put_object(const struct cli *cli, json_t *object, const char *body);

/** Own bids whose receipts are kept, with their standing; the exit code. */
int bids_of_mine(struct cli *cli, int limit);

/** Price points as a line of bars; returns text. */
enum { SPARK_BARS = 60, SPARK_BYTES = SPARK_BARS * 3 + 1 };
char *spark_text(char text[SPARK_BYTES], const int64_t *values, size_t count);
/** The auction's prices so far as bars; "" when there are none. */
char *spark_of(struct cli *cli, struct auction_client *client, uint64_t id,
               char text[SPARK_BYTES]);

/* ------------------------------------------------------------------- drafts */

enum { DRAFT_AMOUNTS_MAX = 8 };

struct draft_input {
    json_t *draft; /* of the protocol, owned */
    bool is_dry_run;
    const char *increments; /* a file */
    /* in major units, read last: they need the currency */
    struct {
        const char *member, *text;
    } amounts[DRAFT_AMOUNTS_MAX];
    size_t amount_count;
    int64_t reveal_for_s; /* after the close; 0: not said so */
};

/** Options of create. The input is a struct draft_input. */
extern const struct argp draft_argp;
/** What needs others: amounts, increments, times; false after a message. */
bool draft_finish(struct draft_input *input);
/** What must be there to be worth sending; false after a message. */
bool draft_is_complete(json_t *draft);
/** Print what the rules mean. */
void draft_explain(json_t *draft);

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

/** A number as text; returns text. */
char *number_text(char text[24], int64_t number);
/** "3 min", "1 h 30 min", "45 s"; returns text. */
char *duration_text(char text[64], int64_t seconds);
/** What has to be known of an auction before something is done in it. */
struct looked {
    char currency[8];
    char format[16];
    char status[16];
    int64_t buy_now; /* 0: none */
    int64_t version;
    char etag[40];
};
/** Ask for an auction; false with *code set after a message. */
bool look_up(struct cli *cli, struct auction_client *client, uint64_t id,
             struct looked *out, int *code);

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
