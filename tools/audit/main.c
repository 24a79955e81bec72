/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auction-audit: the log of an auctiond, checked without trusting anybody but
 * the CA. See docs/man/auction-audit.1.
 */
#include "inspect.h"

#include "base/log.h"
#include "base/text.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *argp_program_version = "auction-audit " AUCTIOND_VERSION;

enum {
    KEY_DATA = 256,
    KEY_CA,
    KEY_LOG_CERT,
    KEY_AUDITOR,
    KEY_JSON,
    KEY_RAW,
    KEY_REVERSE,
    KEY_REFUSED,
    KEY_USER,
    KEY_TYPE,
    KEY_REASON,
    KEY_AUCTION,
    KEY_SEQ,
    KEY_LIMIT,
    KEY_RECEIPT,
    KEY_SINCE,
    KEY_UNTIL,
};

enum { WORDS_MAX = 256 };

struct arguments {
    struct inspect_options options;
    char *words[WORDS_MAX];
    size_t word_count;
};

static const struct argp_option option_table[] = {
    {"data", KEY_DATA, "DIR", 0, "Data directory of a stopped server", 0},
    {"ca", KEY_CA, "FILE", 0, "The CA certificate: all that is trusted", 0},
    {"log-cert", KEY_LOG_CERT, "FILE", 0, "Certificate of the log's key", 0},
    {"receipt", KEY_RECEIPT, "FILE", 0, "verify: a kept receipt must agree", 0},
    {"auditor", KEY_AUDITOR, NULL, 0, "export: withhold nothing", 0},
    {"user", KEY_USER, "NAME", 0, "show: of this account", 1},
    {"auction", KEY_AUCTION, "N", 0, "show: of this auction", 1},
    {"type", KEY_TYPE, "GLOB", 0, "show: such as 'bid.*'", 1},
    {"reason", KEY_REASON, "CODE", 0, "show: such as ERR_TOO_LOW", 1},
    {"refused", KEY_REFUSED, NULL, 0, "show: only refusals", 1},
    {"seq", KEY_SEQ, "A..B", 0, "show: records A to B", 1},
    {"since", KEY_SINCE, "TIME", 0,
     "show: not before, such as "
     "2026-10-14T17:48:00Z",
     1},
    {"until", KEY_UNTIL, "TIME", 0, "show: before this time", 1},
    {"limit", KEY_LIMIT, "N", 0, "show: at most so many", 1},
    {"reverse", KEY_REVERSE, NULL, 0, "show: newest first", 1},
    {"json", KEY_JSON, NULL, 0, "show: one JSON object a line", 1},
    {"raw", KEY_RAW, NULL, 0, "show: the exact bytes", 1},
    {"help", 'h', NULL, 0, "Print this help", -1},
    {0}};

static uint64_t
number_of(struct argp_state *state, const char *text, size_t size)
{
    uint64_t value = 0;

    if (!text_u64(&value, text, size))
        argp_error(state, "'%.*s' is not a number", (int)size, text);
    return value;
}

static struct instant
time_of(struct argp_state *state, const char *text)
{
    struct instant t = instant_of(0);

    if (instant_parse(&t, text, strlen(text)) != ERR_OK)
        argp_error(state, "'%s' is not a time in RFC 3339", text);
    return t;
}

static void
set_range(struct argp_state *state, const char *text)
{
    struct inspect_options *o = &((struct arguments *)state->input)->options;
    const char *dots = strstr(text, "..");

    if (dots == NULL)
        argp_error(state, "'%s' is not A..B", text);
    else {
        o->from = number_of(state, text, (size_t)(dots - text));
        o->to = number_of(state, dots + 2, strlen(dots + 2));
    }
}

static error_t
parse_filter(int key, char *argument, struct argp_state *state)
{
    struct inspect_options *o = &((struct arguments *)state->input)->options;

    switch (key) {
    case KEY_USER:
        o->user = argument;
        return 0;
    case KEY_TYPE:
        o->type = argument;
        return 0;
    case KEY_REASON:
        o->reason = argument;
        return 0;
    case KEY_AUCTION:
        o->auction = number_of(state, argument, strlen(argument));
        return 0;
    case KEY_SEQ:
        set_range(state, argument);
        return 0;
    case KEY_SINCE:
        o->since = time_of(state, argument);
        return 0;
    case KEY_UNTIL:
        o->until = time_of(state, argument);
        return 0;
    case KEY_LIMIT:
        o->limit = number_of(state, argument, strlen(argument));
        return 0;
    case KEY_REFUSED:
        o->is_refused = true;
        return 0;
    case KEY_REVERSE:
        o->is_reverse = true;
        return 0;
    case KEY_JSON:
        o->wants_json = true;
        return 0;
    case KEY_RAW:
        o->wants_raw = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t
parse_option(int key, char *argument, struct argp_state *state)
{
    struct arguments *a = state->input;
    struct inspect_options *o = &a->options;

    switch (key) {
    case KEY_DATA:
        o->data_dir = argument;
        return 0;
    case KEY_CA:
        o->ca = argument;
        return 0;
    case KEY_LOG_CERT:
        o->log_cert = argument;
        return 0;
    case KEY_AUDITOR:
        o->is_auditor = true;
        return 0;
    case KEY_RECEIPT:
        if (o->receipt_count == 64)
            argp_error(state, "too many receipts");
        o->receipts[o->receipt_count++] = argument;
        return 0;
    case 'h':
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
        return 0;
    case ARGP_KEY_ARG:
        if (a->word_count == WORDS_MAX)
            argp_error(state, "too many words");
        a->words[a->word_count++] = argument;
        return 0;
    default:
        return parse_filter(key, argument, state);
    }
}

static const struct argp argp = {
    .options = option_table,
    .parser = parse_option,
    .args_doc = "show|verify|replay|export|check-receipt [DIR|WORD...]",
    .doc = "Check and read the audit log of an auctiond: an export folder, or "
           "with --data the directory of a stopped server.\v"
           "  verify DIR --ca FILE         every check, in order\n"
           "  show DIR [FILTER]            matching records\n"
           "  replay DIR [AUCTION...]      recompute every decision\n"
           "  export OUT --data DIR        write an export folder\n"
           "  check-receipt FILE --ca FILE one receipt, offline\n\n"
           "Exit: 0 all true, 1 a check is false, 2 usage, 3 nothing matched, "
           "4 cannot decide, 5 consistent but not trusted or withheld.",
};

static int
run(struct arguments *a)
{
    struct inspect_options *o = &a->options;
    const char *command = a->words[0];
    size_t used = 1;

    if (strcmp(command, "export") == 0)
        o->out = a->word_count > 1 ? a->words[1] : NULL;
    else if (strcmp(command, "check-receipt") != 0 && o->data_dir == NULL) {
        if (a->word_count < 2) {
            fprintf(stderr, "auction-audit: give an export folder, or --data "
                            "DIR\n");
            return INSPECT_USAGE;
        }
        o->export_dir = a->words[1];
        used = 2;
    }
    o->words = a->words + used;
    o->word_count = a->word_count - used;
    if (strcmp(command, "verify") == 0)
        return inspect_verify(o);
    if (strcmp(command, "show") == 0)
        return inspect_show(o);
    if (strcmp(command, "replay") == 0)
        return inspect_replay(o);
    if (strcmp(command, "export") == 0)
        return inspect_export(o);
    if (strcmp(command, "check-receipt") == 0)
        return inspect_check_receipt(o);
    fprintf(stderr, "auction-audit: unknown command '%s': see --help\n",
            command);
    return INSPECT_USAGE;
}

int
main(int argc, char **argv)
{
    struct arguments arguments = {.options = {.to = UINT64_MAX,
                                              .limit = UINT64_MAX,
                                              .until = {INT64_MAX}}};

    argp_err_exit_status = INSPECT_USAGE;
    log_set_level(LOG_LEVEL_WARN);
    argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &arguments);
    if (arguments.word_count == 0) {
        fprintf(stderr, "auction-audit: give a command: show, verify, replay, "
                        "export or check-receipt\n");
        return INSPECT_USAGE;
    }
    return run(&arguments);
}
