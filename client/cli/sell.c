/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish, cancel, pay, correct, void: what is done with an auction that
 * exists, by its seller or an administrator.
 */
#include "cli.h"

#include <string.h>

enum { KEY_REASON = 256, KEY_INVOICE };

struct sell_arguments {
    struct words words;
    struct act act;
    const char *reason;
    uint64_t id, invoice;
};

static error_t
parse_sell(int key, char *argument, struct argp_state *state)
{
    struct sell_arguments *a = state->input;

    switch (key) {
    case KEY_REASON:
        a->reason = argument;
        return 0;
    case KEY_INVOICE:
        if (!id_parse(&a->invoice, argument))
            argp_error(state, "'%s' is not an invoice's number",
                       plain(argument));
        return 0;
    default:
        return words_take(&a->words, key, argument, state);
    }
}

static bool
take_id(struct sell_arguments *a)
{
    if (id_parse(&a->id, a->words.at[0]))
        return true;
    usage_error("'%s' is not an auction's number", plain(a->words.at[0]));
    return false;
}

static json_t *
reason_fields(const struct sell_arguments *a)
{
    return a->reason == NULL ? json_object()
                             : json_pack("{s:s}", "reason", a->reason);
}

int
command_publish(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.parser = parse_sell,
                                     .args_doc = "AUCTION",
                                     .doc = "Publish a draft. Published rules "
                                            "never change."};
    struct sell_arguments a = {.words = {.minimum = 1, .maximum = 1}};
    struct deed deed = {.what = "publish", .fields = NULL};

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    if (!take_id(&a))
        return AUCTION_USAGE;
    deed.auction = a.id;
    deed.fields = json_object();
    return act_do_alone(cli, &deed, &a.act, NULL);
}

static const struct argp_option reason_options[] = {
    {"reason", KEY_REASON, "TEXT", 0, "Why; administrators must say", 0}, {0}};

int
command_cancel(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = reason_options,
        .parser = parse_sell,
        .args_doc = "AUCTION",
        .doc = "Cancel an auction for ever: a seller while nobody has bid, an "
               "administrator at any time. It asks first, unless --yes is "
               "given or nobody is there to answer."};
    struct sell_arguments a = {.words = {.minimum = 1, .maximum = 1}};
    struct deed deed = {.what = "cancel", .fields = NULL};
    char question[64];

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    if (!take_id(&a))
        return AUCTION_USAGE;
    snprintf(question, sizeof(question), "cancel auction %llu for ever",
             (unsigned long long)a.id);
    if (!cli->wants_curl && !act_confirm(cli, question))
        return AUCTION_USAGE;
    deed.auction = a.id;
    deed.fields = reason_fields(&a);
    return act_do_alone(cli, &deed, &a.act, NULL);
}

/* ------------------------------------------------------------ money, voiding
 */

/** One of the library's functions that ask for an account's number first. */
typedef enum auction_outcome
send_function(struct auction_client *client, const struct sell_arguments *a,
              struct auction_result *result);

static enum auction_outcome
send_pay(struct auction_client *client, const struct sell_arguments *a,
         struct auction_result *result)
{
    return auction_pay(client, a->id, a->words.at[1], a->invoice, a->act.key,
                       !a->act.is_unsigned, result);
}

static enum auction_outcome
send_void(struct auction_client *client, const struct sell_arguments *a,
          struct auction_result *result)
{
    return auction_void(client, a->id, a->words.at[1], a->reason, a->act.key,
                        !a->act.is_unsigned, result);
}

static int
send_named(struct cli *cli, struct sell_arguments *a, const char *what,
           send_function *function)
{
    struct auction_client *client;
    struct auction_result result;
    int code = 0;

    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    if ((code = act_begin(&a->act)) == 0) {
        (void)function(client, a, &result);
        code = act_end(cli, client, what, &result, NULL);
        if (code == 0 && cli_talks(cli))
            printf("%s done; receipt %llu verified\n", what,
                   (unsigned long long)result.seq);
        auction_result_release(&result);
    }
    auction_close(&client);
    return code;
}

int
command_pay(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"invoice", KEY_INVOICE, "NUMBER", 0, "Which, where there are several",
         0},
        {0}};
    static const struct argp argp = {.options = options,
                                     .parser = parse_sell,
                                     .args_doc = "AUCTION ACCOUNT",
                                     .doc = "Record that the buyer has paid."};
    struct sell_arguments a = {.words = {.minimum = 2, .maximum = 2}};
    char path[64], body[192];

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    if (!take_id(&a))
        return AUCTION_USAGE;
    snprintf(path, sizeof(path), "/v1/auctions/%llu/pay",
             (unsigned long long)a.id);
    snprintf(body, sizeof(body), "{\"account\":\"%.100s\"}", a.words.at[1]);
    if (cli_curl(cli, "POST", path, body))
        return 0;
    return send_named(cli, &a, "pay", send_pay);
}

int
command_void(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = reason_options,
        .parser = parse_sell,
        .args_doc = "AUCTION ACCOUNT --reason TEXT",
        .doc = "Void all bids of an account in an auction, as an "
               "administrator. What remains is played again."};
    struct sell_arguments a = {.words = {.minimum = 2, .maximum = 2}};

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    if (!take_id(&a))
        return AUCTION_USAGE;
    if (a.reason == NULL)
        return usage_error("void: give --reason TEXT");
    if (cli->wants_curl)
        return usage_error("void: no curl command does the same: the "
                           "account's number is signed");
    return send_named(cli, &a, "void", send_void);
}

int
command_correct(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = reason_options,
        .parser = parse_sell,
        .args_doc = "AUCTION INVOICE --reason TEXT",
        .doc = "Correct an invoice: a credit note with a number of its own "
               "takes it back. Invoices are never edited."};
    struct sell_arguments a = {.words = {.minimum = 2, .maximum = 2}};
    struct deed deed = {.what = "correct", .fields = NULL};

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    if (!take_id(&a))
        return AUCTION_USAGE;
    if (!id_parse(&a.invoice, a.words.at[1]))
        return usage_error("'%s' is not an invoice's number",
                           plain(a.words.at[1]));
    if (a.reason == NULL)
        return usage_error("correct: give --reason TEXT");
    deed.auction = a.id;
    deed.fields = json_pack("{s:I, s:s}", "invoice", (json_int_t)a.invoice,
                            "reason", a.reason);
    return act_do_alone(cli, &deed, &a.act, NULL);
}
