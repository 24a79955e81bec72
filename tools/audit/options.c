/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "filter.h"

#include "base/text.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *argp_program_version = "auction-audit " AUCTIOND_VERSION;

enum { WORDS_MAX = 256, WORKERS_MAX = 256 };

/* Of each option that only keeps its text: X(KEY, "name", member). */
#define TEXT_OPTIONS(X)                                                        \
    X(DATA, "data", source.data_dir, "DIR", "Data directory of a server")      \
    X(SERVER, "server", source.server, "URL",                                  \
      "Read through a server, as an "                                          \
      "auditor")                                                               \
    X(CERT, "cert", source.cert, "FILE", "Own certificate for --server")       \
    X(KEY, "key", source.key, "FILE", "Its key")                               \
    X(PASSPHRASE, "passphrase-file", source.passphrase_file, "FILE",           \
      "First line opens the key")                                              \
    X(CA, "ca", ca, "FILE", "The CA certificate: all that is trusted")         \
    X(LOG_CERT, "log-cert", log_cert, "FILE", "Certificate of the log's key")  \
    X(POLICY, "policy", policy, "FILE", "Witnesses that must have cosigned")   \
    X(SINCE_CP, "since-checkpoint", since_checkpoint, "FILE",                  \
      "verify: an older checkpoint must agree")                                \
    X(CURSOR, "cursor", cursor, "FILE", "Go on where the last run ended")      \
    X(OUTPUT, "output", file, "FILE", "Write there, not to standard output")   \
    X(NEWER, "newer", newer, "FILE", "check-receipt: a newer checkpoint")      \
    X(PROOF, "proof", proof, "FILE",                                           \
      "check-receipt: from its checkpoint to "                                 \
      "the newer one")                                                         \
    X(SIGNER, "signer", signer, "FILE",                                        \
      "check-receipt: certificate of who "                                     \
      "signed the command")                                                    \
    X(WITNESS_KEY, "witness-key", witness_key, "FILE",                         \
      "cosign: the witness' key, Ed25519")                                     \
    X(NAME, "name", witness, "NAME", "cosign: the witness' name")              \
    X(STATE_DIR, "witness-dir", witness_dir, "DIR",                            \
      "cosign: where signed checkpoints are kept")                             \
    X(SVG, "svg", svg, "FILE", "report prices: draw a chart")

#define FLAG_OPTIONS(X)                                                        \
    X(AUDITOR, "auditor", is_auditor, "export: withhold nothing")              \
    X(STATE, "state", wants_state, "verify: the live tables too")              \
    X(BUNDLES, "bundles", wants_bundles, "export: tile/entries too")           \
    X(REVERSE, "reverse", is_reverse, "show: newest first")

#define TEXT_KEY(key, name, member, value, help) KEY_##key,
#define FLAG_KEY(key, name, member, help)        KEY_##key,
enum {
    KEY_FILTER = 512, /* and one for each kind of filter */
    KEY_FIRST = 1024,
    TEXT_OPTIONS(TEXT_KEY) FLAG_OPTIONS(FLAG_KEY) KEY_JSON,
    KEY_CSV,
    KEY_RAW,
    KEY_LIMIT,
    KEY_RECEIPT,
    KEY_WORKERS,
};

struct arguments {
    struct inspect_options *options;
    struct filter *filter;
    bool has_filter;
};

static char *words[WORDS_MAX];
static size_t word_count;
static struct filter *the_filter;

static const struct argp_option option_table[] = {
    {NULL, 0, NULL, 0, "Where the log is, and who is trusted:", 1},
#define TEXT_ROW(key, name, member, value, help)                               \
    {name, KEY_##key, value, 0, help, 1},
    TEXT_OPTIONS(TEXT_ROW){"receipt", KEY_RECEIPT, "FILE", 0,
                           "verify: a kept receipt must agree; more may follow",
                           1},
    {NULL, 0, NULL, 0, "FILTER (kinds AND, values of one kind OR):", 2},
#define FILTER_ROW(kind, name, value, help)                                    \
    {name, KEY_FILTER + FILTER_##kind, value, 0, help, 2},
    FILTER_LIST(FILTER_ROW){
        "query", 'q', "EXPRESSION", 0,
        "All in one: 'type:bid.* user:alice -reason:ERR_TOO_LOW'", 2},
    {"limit", KEY_LIMIT, "N", 0, "At most so many", 2},
    {NULL, 0, NULL, 0, "Output and ways:", 3},
    {"json", KEY_JSON, NULL, 0, "One JSON object a line", 3},
    {"csv", KEY_CSV, NULL, 0, "RFC 4180", 3},
    {"raw", KEY_RAW, NULL, 0, "The exact bytes", 3},
#define FLAG_ROW(key, name, member, help) {name, KEY_##key, NULL, 0, help, 3},
    FLAG_OPTIONS(FLAG_ROW){"workers", KEY_WORKERS, "N", 0,
                           "verify: so many threads", 3},
    {"help", 'h', NULL, 0, "Print this help", -1},
    {0}};

static uint64_t
number_of(struct argp_state *state, const char *text, uint64_t max)
{
    uint64_t value = 0;

    if (!text_u64(&value, text, strlen(text)) || value > max)
        argp_error(state, "'%s' is not a number, or too large", text);
    return value;
}

static void
add_filter(struct arguments *a, struct argp_state *state, int key,
           const char *text)
{
    enum err err =
        key == 'q' ? filter_add_expression(a->filter, text)
                   : filter_add(a->filter, (enum filter_kind)(key - KEY_FILTER),
                                text, false);

    if (err != ERR_OK)
        argp_error(state, "%s", err_detail());
    a->has_filter = true;
}

static void
add_receipt(struct inspect_options *o, struct argp_state *state,
            const char *text)
{
    if (o->receipt_count == INSPECT_RECEIPTS_MAX)
        argp_error(state, "too many receipts");
    o->receipts[o->receipt_count++] = text;
}

/** --receipt FILE...: files may follow one another. */
static void
add_receipts(struct inspect_options *o, struct argp_state *state, char *text)
{
    struct stat info;

    add_receipt(o, state, text);
    while (state->next < state->argc && state->argv[state->next][0] != '-' &&
           stat(state->argv[state->next], &info) == 0 && S_ISREG(info.st_mode))
        add_receipt(o, state, state->argv[state->next++]);
}

static void
add_word(struct argp_state *state, char *text)
{
    if (word_count == WORDS_MAX)
        argp_error(state, "too many words");
    words[word_count++] = text;
}

static error_t
parse_text(struct inspect_options *o, int key, const char *text)
{
#define TEXT_CASE(key, name, member, value, help)                              \
    case KEY_##key:                                                            \
        o->member = text;                                                      \
        return 0;
#define FLAG_CASE(key, name, member, help)                                     \
    case KEY_##key:                                                            \
        o->member = true;                                                      \
        return 0;

    switch (key) {
        TEXT_OPTIONS(TEXT_CASE)
        FLAG_OPTIONS(FLAG_CASE)
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t
parse_option(int key, char *text, struct argp_state *state)
{
    struct arguments *a = state->input;
    struct inspect_options *o = a->options;

    if (key == 'q' || (key >= KEY_FILTER && key < KEY_FILTER + FILTER_COUNT)) {
        add_filter(a, state, key, text);
        return 0;
    }
    switch (key) {
    case KEY_JSON:
        o->form = INSPECT_JSON;
        return 0;
    case KEY_CSV:
        o->form = INSPECT_CSV;
        return 0;
    case KEY_RAW:
        o->form = INSPECT_RAW;
        return 0;
    case KEY_LIMIT:
        o->limit = number_of(state, text, UINT64_MAX);
        return 0;
    case KEY_WORKERS:
        o->workers = (unsigned)number_of(state, text, WORKERS_MAX);
        return 0;
    case KEY_RECEIPT:
        add_receipts(o, state, text);
        return 0;
    case 'h':
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
        return 0;
    case ARGP_KEY_ARG:
        add_word(state, text);
        return 0;
    default:
        return parse_text(o, key, text);
    }
}

static const struct argp argp = {
    .options = option_table,
    .parser = parse_option,
    .args_doc = "COMMAND [DIR] [WORD...]",
    .doc = "Check and read the audit log of an auctiond: an export folder, a "
           "data directory (--data), or through a server (--server).\v"
           "  show [FILTER]          matching records, oldest first\n"
           "  follow [FILTER]        the same, then wait for more\n"
           "  stats [FILTER]         counts by type\n"
           "  report NAME [FILTER]   bids, users, refusals, admin, certs, "
           "latency\n"
           "  report prices AUCTION  how the price went; --svg FILE\n"
           "  verify                 every check, in order\n"
           "  replay [AUCTION...]    recompute every decision\n"
           "  prove SEQ|BID          write a receipt\n"
           "  check-receipt FILE     check one, offline\n"
           "  export DIR [FILTER]    write an export folder\n"
           "  checkpoint             print the signed head, verified\n"
           "  consistency OLD        prove that a checkpoint is of this past\n"
           "  cosign                 sign the head as a witness\n"
           "  policy FILE [NOTE]     check a policy, or a checkpoint against "
           "it\n\n"
           "Exit: 0 all true, 1 a check is false, 2 usage, 3 nothing matched, "
           "4 cannot decide, 5 consistent but not trusted.",
};

const char *
options_parse(struct inspect_options *o, int argc, char **argv)
{
    struct arguments a = {.options = o};
    struct instant now = instant_of((int64_t)time(NULL) * 1000);

    argp_err_exit_status = INSPECT_USAGE;
    if (filter_create(&a.filter, now) != ERR_OK)
        exit(INSPECT_UNREADABLE);
    the_filter = a.filter;
    argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &a);
    if (a.has_filter)
        o->filter = a.filter;
    if (word_count == 0) {
        inspect_usage("give a command: see --help");
        exit(INSPECT_USAGE);
    }
    o->words = words + 1;
    o->word_count = word_count - 1;
    return words[0];
}

static bool
is_there(const char *folder, const char *name)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

/** A folder is an export, or has the mark of a data directory. */
static void
take_folder(struct inspect_options *o, const char *folder)
{
    if (is_there(folder, "format") && is_there(folder, "env"))
        o->source.data_dir = folder;
    else
        o->source.export_dir = folder;
}

static bool
take_word(struct inspect_options *o, enum options_words kind)
{
    struct stat info;
    bool is_folder;

    if (o->word_count == 0)
        return false;
    is_folder = stat(o->words[0], &info) == 0 && S_ISDIR(info.st_mode);
    if (kind != OPTIONS_FOLDER && !is_folder)
        return false;
    take_folder(o, o->words[0]);
    o->words++;
    o->word_count--;
    return true;
}

bool
options_find_log(struct inspect_options *o, enum options_words kind)
{
    if (kind == OPTIONS_OUT && o->word_count > 0) {
        o->out = o->words[0];
        o->words++;
        o->word_count--;
    }
    o->source.ca = o->ca;
    o->source.wants_cosigned = o->policy != NULL;
    if (kind == OPTIONS_NO_LOG || o->source.server != NULL ||
        o->source.data_dir != NULL || take_word(o, kind))
        return true;
    if (is_there(".", "records.jsonl") || is_there(".", "checkpoint")) {
        o->source.export_dir = ".";
        return true;
    }
    inspect_usage("give the log: an export folder, --data DIR or --server URL");
    return false;
}

void
options_release(struct inspect_options *o)
{
    filter_destroy(&the_filter);
    o->filter = NULL;
}
