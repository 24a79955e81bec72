/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create: a draft is made, explained, or sent.
 */
#include "cli.h"

#include <stdlib.h>

struct create_arguments {
    struct draft_input input;
    struct words words;
    struct act act;
};

static error_t
parse_create(int key, char *argument, struct argp_state *state)
{
    struct create_arguments *a = state->input;

    if (key != ARGP_KEY_INIT)
        return words_take(&a->words, key, argument, state);
    state->child_inputs[0] = &a->input;
    return 0;
}

static int
send_text(struct cli *cli, struct create_arguments *a, const char *text)
{
    struct auction_result result;
    struct auction_client *client;
    int code = 0;

    if (cli_curl(cli, "POST", "/v1/auctions", text))
        return 0;
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    if ((code = act_begin(&a->act)) == 0) {
        auction_create(client, text, a->act.key, !a->act.is_unsigned, &result);
        code = act_end(cli, client, "create", &result, NULL);
        if (code == 0 && cli_talks(cli))
            printf("auction %llu %s; receipt %llu verified\n",
                   (unsigned long long)result.auction,
                   json_is_true(json_object_get(a->input.draft, "publish"))
                       ? "published"
                       : "is a draft: publish it with 'auction publish'",
                   (unsigned long long)result.seq);
        auction_result_release(&result);
    }
    auction_close(&client);
    return code;
}

static int
finish(struct cli *cli, struct create_arguments *a)
{
    json_t *draft = a->input.draft;
    char *text;
    int code;

    if (a->words.count == 1 &&
        json_object_set_new(draft, "title", json_string(a->words.at[0])) != 0)
        return usage_error("the title is not UTF-8");
    if (!draft_finish(&a->input) || !draft_is_complete(draft))
        return AUCTION_USAGE;
    if (a->input.is_dry_run) {
        draft_explain(draft);
        return 0;
    }
    text = json_dumps(draft, JSON_COMPACT);
    if (text == NULL)
        return AUCTION_LOCAL_FAILURE;
    code = send_text(cli, a, text);
    free(text);
    return code;
}

int
command_create(struct cli *cli, int argc, char **argv)
{
    static const struct argp_child children[] = {{&draft_argp, 0, NULL, 0},
                                                 {NULL, 0, NULL, 0}};
    static const struct argp argp = {
        .parser = parse_create,
        .children = children,
        .args_doc = "[TITLE]",
        .doc = "Create an auction.\vExample: auction create Camera --start "
               "100 --currency EUR --close +2h --soft-close 3m,3m --publish"};
    struct create_arguments a = {.words = {.maximum = 1},
                                 .input = {.draft = json_object()}};
    int code;

    if (a.input.draft == NULL)
        return AUCTION_LOCAL_FAILURE;
    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    code = finish(cli, &a);
    json_decref(a.input.draft);
    return code;
}
