/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit, reveal: sealed bids. The opening is kept before the commitment is
 * sent (opening.h), so that reveal finds it, on this machine or another.
 */
#include "cli.h"
#include "opening.h"

#include <string.h>

enum { KEY_CAP = 256, KEY_QUANTITY, KEY_REPLACE, KEY_ALL };

struct sealed_arguments {
    struct words words;
    struct act act;
    const char *cap;
    int quantity;
    uint64_t id, replaces;
    bool is_all;
};

static error_t
parse_sealed(int key, char *argument, struct argp_state *state)
{
    struct sealed_arguments *a = state->input;

    switch (key) {
    case KEY_CAP:
        a->cap = argument;
        return 0;
    case KEY_QUANTITY:
        if (!number_parse(&a->quantity, argument, 1, 999999999))
            argp_error(state, "'%s' is not a quantity", plain(argument));
        return 0;
    case KEY_REPLACE:
        if (!id_parse(&a->replaces, argument))
            argp_error(state, "'%s' is not a bid's number", plain(argument));
        return 0;
    case KEY_ALL:
        a->is_all = true;
        return 0;
    default:
        return words_take(&a->words, key, argument, state);
    }
}

/* ------------------------------------------------------------------- commit */

static void
print_commit(const struct auction_opening *o)
{
    char from[INSTANT_TEXT_BYTES], to[INSTANT_TEXT_BYTES];
    char cap[CLI_AMOUNT_BYTES];

    printf("committed as bid %llu, cap %s; receipt verified, opening kept\n",
           (unsigned long long)o->seq, amount_text(cap, o->cap, o->currency));
    printf("reveal it after %s%s%s with: auction reveal %llu\n",
           instant_format(from, instant_of(o->closes_ms)),
           o->reveal_ends_ms > 0 ? " and before " : "",
           o->reveal_ends_ms > 0
               ? instant_format(to, instant_of(o->reveal_ends_ms))
               : "",
           (unsigned long long)o->auction);
}

static bool
read_amounts(const struct sealed_arguments *a, const struct looked *looked,
             struct auction_opening *o)
{
    bool is_uniform = strcmp(looked->format, "uniform") == 0;
    int64_t worth;

    if (!amount_parse(&o->amount, a->words.at[1], looked->currency) ||
        !amount_parse(&o->cap, a->cap, looked->currency))
        return false;
    if (!is_uniform && (a->quantity != 1 || a->replaces != 0)) {
        usage_error("commit: --quantity and --replace are of uniform-price "
                    "auctions; elsewhere a new commitment replaces the old");
        return false;
    }
    if (__builtin_mul_overflow(o->amount, (int64_t)a->quantity, &worth) ||
        o->cap < worth) {
        usage_error("commit: the cap must not be below what is bid: it is "
                    "public, and a generous one hides the amount");
        return false;
    }
    o->quantity = a->quantity;
    o->replaces = a->replaces;
    return true;
}

static int
run_commit(struct cli *cli, struct auction_client *client,
           struct sealed_arguments *a)
{
    struct auction_opening opening = {.auction = a->id};
    struct auction_result result;
    struct looked looked;
    int code = 0;

    if (!look_up(cli, client, a->id, &looked, &code))
        return code;
    if (!read_amounts(a, &looked, &opening))
        return AUCTION_USAGE;
    if ((code = act_begin(&a->act)) != 0)
        return code;
    auction_commit(client, &opening, a->act.key, !a->act.is_unsigned, &result);
    code = act_end(cli, client, "commit", &result, looked.currency);
    if (code == 0 && cli_talks(cli))
        print_commit(&opening);
    auction_result_release(&result);
    return code;
}

int
command_commit(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"cap", KEY_CAP, "AMOUNT", 0,
         "Public ceiling, at least the amount; credit is held for it", 0},
        {"quantity", KEY_QUANTITY, "N", 0,
         "Uniform price: so many units at AMOUNT each", 0},
        {"replace", KEY_REPLACE, "BID", 0,
         "Uniform price: this commitment of yours is replaced", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_sealed,
        .args_doc = "AUCTION AMOUNT --cap AMOUNT",
        .doc = "Commit to a sealed bid of AMOUNT. Only a hash is sent; what "
               "opens it is kept on this machine first, and must be revealed "
               "after the close."};
    struct sealed_arguments a = {.words = {.minimum = 2, .maximum = 2},
                                 .quantity = 1};
    struct auction_client *client;
    int code = 0;

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    if (!id_parse(&a.id, a.words.at[0]))
        return usage_error("'%s' is not an auction's number",
                           plain(a.words.at[0]));
    if (a.cap == NULL)
        return usage_error("commit: give --cap AMOUNT, a public ceiling");
    if (cli->wants_curl)
        return usage_error("commit: no curl command does the same: the "
                           "opening must be kept before anything is sent");
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    code = run_commit(cli, client, &a);
    auction_close(&client);
    return code;
}

/* ------------------------------------------------------------------- reveal */

struct revealing {
    struct cli *cli;
    struct auction_client *client;
    struct auction_openings all;
    char log[AUCTION_LOG_NAME_BYTES];
    uint64_t uid;
    size_t done;
};

static bool
stands(const struct auction_opening *o)
{
    return o->state == AUCTION_OPENING_PREPARED ||
           o->state == AUCTION_OPENING_LIVE;
}

static bool
is_ours(const struct revealing *r, const struct auction_opening *o)
{
    return stands(o) && strcmp(o->log, r->log) == 0 && o->uid == r->uid;
}

static int
reveal_one(struct revealing *r, struct auction_opening *o)
{
    struct auction_result result;
    char amount[CLI_AMOUNT_BYTES];
    int code;

    auction_reveal(r->client, o, &result);
    code = act_end(r->cli, r->client, "reveal", &result, NULL);
    if (code == 0) {
        r->done++;
        if (cli_talks(r->cli))
            printf("revealed %s in auction %llu; receipt %llu verified\n",
                   amount_text(amount, o->amount, o->currency),
                   (unsigned long long)o->auction,
                   (unsigned long long)result.seq);
    }
    auction_result_release(&result);
    return code;
}

/** All that stands of one auction; the first failure is the exit code. */
static int
reveal_auction(struct revealing *r, uint64_t auction)
{
    struct auction_result result;
    int code = 0;

    if (auction_settle(r->client, &r->all, auction, r->uid, &result) !=
        AUCTION_ACCEPTED)
        code = show_error(r->cli, "reveal", &result, NULL);
    auction_result_release(&result);
    for (size_t i = 0; code == 0 && i < r->all.count; i++) {
        struct auction_opening *o = &r->all.items[i];

        if (o->auction == auction && is_ours(r, o) &&
            o->state == AUCTION_OPENING_LIVE)
            code = reveal_one(r, o);
    }
    return code;
}

/** Each auction once, whose close has passed, or the one that is named. */
static int
reveal_due(struct revealing *r, uint64_t only)
{
    uint64_t last = 0;
    int code = 0, one;

    for (size_t i = 0; i < r->all.count; i++) {
        const struct auction_opening *o = &r->all.items[i];

        if (!is_ours(r, o) || o->auction == last ||
            (only != 0 ? o->auction != only : o->closes_ms > when_now().ms))
            continue;
        last = o->auction;
        one = reveal_auction(r, last);
        if (code == 0)
            code = one;
    }
    if (code != 0 || r->done > 0)
        return code;
    if (only != 0) {
        fprintf(stderr,
                "auction: no opening of auction %llu is kept here that "
                "could be revealed: see 'auction openings list'\n",
                (unsigned long long)only);
        return AUCTION_NOT_FOUND;
    }
    if (!r->cli->is_quiet)
        fprintf(stderr, "auction: nothing is due to be revealed\n");
    return 0;
}

static int
run_reveal(struct cli *cli, struct auction_client *client, uint64_t only)
{
    struct revealing r = {.cli = cli, .client = client};
    struct auction_result result;
    char state[CLI_TEXT_BYTES], account[64];
    int code = 0;

    if (!cli_state_dir(state) ||
        auction_openings_load(state, &r.all, &result) != AUCTION_ACCEPTED)
        return usage_error("reveal: no folder of openings");
    if (r.all.damaged > 0)
        fprintf(stderr, "auction: cannot read opening '%s'\n",
                plain(r.all.damaged_path));
    if (r.all.count > 0 &&
        (auction_check_log(client, &result) != AUCTION_ACCEPTED ||
         auction_find_uid(client, r.all.items[0].auction, &r.uid, account,
                          &result) != AUCTION_ACCEPTED)) {
        code = show_error(cli, "reveal", &result, NULL);
        auction_result_release(&result);
    } else {
        auction_log_name(client, r.log);
        code = reveal_due(&r, only);
    }
    auction_openings_release(&r.all);
    return code;
}

int
command_reveal(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"all", KEY_ALL, NULL, 0, "All that are due (the default)", 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_sealed,
        .args_doc = "[AUCTION]",
        .doc = "Open sealed bids: those kept on this machine whose auction "
               "has closed, or those of AUCTION. Nothing is sent before the "
               "close, by the clock of this machine."};
    struct sealed_arguments a = {.words = {.maximum = 1}};
    struct auction_client *client;
    int code = 0;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    if (a.words.count == 1 && !id_parse(&a.id, a.words.at[0]))
        return usage_error("'%s' is not an auction's number",
                           plain(a.words.at[0]));
    if (a.is_all && a.id != 0)
        return usage_error("reveal: give AUCTION or --all");
    if (cli->wants_curl)
        return usage_error("reveal: no curl command does the same: the "
                           "openings are kept in files");
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    code = run_reveal(cli, client, a.id);
    auction_close(&client);
    return code;
}
