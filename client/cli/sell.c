/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish, cancel, pay: what a seller does with an auction that exists.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_REASON = 256, PATH_BYTES = 64 };

struct sell_arguments {
    struct words words;
    struct act act;
    const char *reason;
    uint64_t id;
};

static error_t
parse_sell(int key, char *argument, struct argp_state *state)
{
    struct sell_arguments *a = state->input;

    if (key != KEY_REASON)
        return words_take(&a->words, key, argument, state);
    a->reason = argument;
    return 0;
}

/** One of the functions that send, all of one shape. */
typedef enum auction_outcome
sell_function(struct auction_client *client, const struct sell_arguments *a,
              struct auction_result *result);

static enum auction_outcome
send_publish(struct auction_client *client, const struct sell_arguments *a,
             struct auction_result *result)
{
    return auction_publish(client, a->id, a->act.key, !a->act.is_unsigned,
                           result);
}

static enum auction_outcome
send_cancel(struct auction_client *client, const struct sell_arguments *a,
            struct auction_result *result)
{
    return auction_cancel(client, a->id, a->reason, a->act.key,
                          !a->act.is_unsigned, result);
}

static enum auction_outcome
send_pay(struct auction_client *client, const struct sell_arguments *a,
         struct auction_result *result)
{
    return auction_pay(client, a->id, a->words.at[1], a->act.key,
                       !a->act.is_unsigned, result);
}

static int
send_sell(struct cli *cli, struct sell_arguments *a, const char *what,
          sell_function *function)
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
        if (code == 0 && !cli->is_quiet && !cli_wants_json(cli))
            printf("%s done; receipt %llu verified\n", what,
                   (unsigned long long)result.seq);
        auction_result_release(&result);
    }
    auction_close(&client);
    return code;
}

/** The fields as JSON, for --curl; they are consumed. */
static bool
shows_curl(struct cli *cli, const struct sell_arguments *a, const char *cmd,
           json_t *fields)
{
    char *body = json_dumps(fields, JSON_COMPACT);
    char path[PATH_BYTES];
    bool shows;

    snprintf(path, sizeof(path), "/v1/auctions/%llu/%s",
             (unsigned long long)a->id, cmd);
    shows = cli_curl(cli, "POST", path, body == NULL ? "{}" : body);
    free(body);
    json_decref(fields);
    return shows;
}

static bool
take_id(struct sell_arguments *a)
{
    if (id_parse(&a->id, a->words.at[0]))
        return true;
    usage_error("'%s' is not an auction's number", plain(a->words.at[0]));
    return false;
}

int
command_publish(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.parser = parse_sell,
                                     .args_doc = "AUCTION",
                                     .doc = "Publish a draft: from now on its "
                                            "rules never change."};
    struct sell_arguments a = {.words = {.minimum = 1, .maximum = 1}};

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    if (!take_id(&a))
        return AUCTION_USAGE;
    if (shows_curl(cli, &a, "publish", json_object()))
        return 0;
    return send_sell(cli, &a, "publish", send_publish);
}

int
command_cancel(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"reason", KEY_REASON, "TEXT", 0, "Why (an admin must say)", 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_sell,
        .args_doc = "AUCTION",
        .doc = "Cancel an auction on which nobody has bid; an admin may cancel "
               "any. It asks first, unless --yes is given or nobody is there "
               "to answer."};
    struct sell_arguments a = {.words = {.minimum = 1, .maximum = 1}};
    char question[64];

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    if (!take_id(&a))
        return AUCTION_USAGE;
    if (shows_curl(cli, &a, "cancel",
                   a.reason == NULL ? json_object()
                                    : json_pack("{s:s}", "reason", a.reason)))
        return 0;
    snprintf(question, sizeof(question), "cancel auction %llu for ever",
             (unsigned long long)a.id);
    if (!act_confirm(cli, question))
        return AUCTION_USAGE;
    return send_sell(cli, &a, "cancel", send_cancel);
}

int
command_pay(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.parser = parse_sell,
                                     .args_doc = "AUCTION ACCOUNT",
                                     .doc = "Record that the buyer has paid."};
    struct sell_arguments a = {.words = {.minimum = 2, .maximum = 2}};

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    if (!take_id(&a))
        return AUCTION_USAGE;
    if (shows_curl(cli, &a, "pay",
                   json_pack("{s:s}", "account", a.words.at[1])))
        return 0;
    return send_sell(cli, &a, "pay", send_pay);
}
