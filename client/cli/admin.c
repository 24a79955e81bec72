/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suspend, restore, credit: what administrators do with accounts; status.
 */
#include "cli.h"

#include <string.h>

enum { KEY_REASON = 256, KEY_CURRENCY };

struct admin_arguments {
    struct words words;
    struct act act;
    const char *reason, *currency;
};

static error_t
parse_admin(int key, char *argument, struct argp_state *state)
{
    struct admin_arguments *a = state->input;

    switch (key) {
    case KEY_REASON:
        a->reason = argument;
        return 0;
    case KEY_CURRENCY:
        a->currency = argument;
        return 0;
    default:
        return words_take(&a->words, key, argument, state);
    }
}

int
command_suspend(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"reason", KEY_REASON, "TEXT", 0, "Why", 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_admin,
        .args_doc = "ACCOUNT --reason TEXT",
        .doc = "Suspend an account: its commands are refused until it is "
               "restored. Its bids stay."};
    struct admin_arguments a = {.words = {.minimum = 1, .maximum = 1}};
    struct deed deed = {.what = "suspend", .fields = NULL};

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    if (a.reason == NULL)
        return usage_error("suspend: give --reason TEXT");
    deed.account = a.words.at[0];
    deed.fields = json_pack("{s:s}", "reason", a.reason);
    return act_do_alone(cli, &deed, &a.act, NULL);
}

int
command_restore(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.parser = parse_admin,
                                     .args_doc = "ACCOUNT",
                                     .doc = "Restore a suspended account."};
    struct admin_arguments a = {.words = {.minimum = 1, .maximum = 1}};
    struct deed deed = {.what = "restore", .fields = NULL};

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    deed.account = a.words.at[0];
    deed.fields = json_object();
    return act_do_alone(cli, &deed, &a.act, NULL);
}

int
command_credit(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"currency", KEY_CURRENCY, "CUR", 0, "Of AMOUNT (EUR)", 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_admin,
        .args_doc = "ACCOUNT AMOUNT|none",
        .doc = "Limit what an account may hold in bids and unpaid awards."};
    struct admin_arguments a = {.words = {.minimum = 2, .maximum = 2},
                                .currency = "EUR"};
    struct deed deed = {.what = "credit", .fields = NULL};
    int64_t limit;

    cli_parse(cli, &argp, &a, &a.act, argc, argv);
    deed.account = a.words.at[0];
    if (strcmp(a.words.at[1], "none") == 0)
        deed.fields = json_pack("{s:n}", "limit");
    else if (amount_parse(&limit, a.words.at[1], a.currency))
        deed.fields = json_pack("{s:I}", "limit", (json_int_t)limit);
    else
        return AUCTION_USAGE;
    return act_do_alone(cli, &deed, &a.act, NULL);
}

/* ------------------------------------------------------------------- status */

/** GET a path; NULL with *code set, the error being said only when `speaks`. */
static json_t *
get(struct cli *cli, struct auction_client *client, const char *path,
    bool speaks, struct auction_result *result, int *code)
{
    *code = (int)auction_call(client, "GET", path, NULL, NULL, result);
    if (*code != 0 && speaks)
        show_error(cli, "status", result, NULL);
    return *code != 0 ? NULL
                      : json_loadb(result->body, result->body_size, 0, NULL);
}

/** Whatever the server says of itself to administrators, a line each. */
static void
print_members(json_t *object, const char *prefix)
{
    const char *name;
    json_t *value;
    char whole[128];

    json_object_foreach(object, name, value)
    {
        snprintf(whole, sizeof(whole), "%s%s", prefix, name);
        if (json_is_object(value)) {
            strncat(whole, ".", sizeof(whole) - strlen(whole) - 1);
            print_members(value, whole);
        } else if (json_is_string(value))
            printf("%-24s %s\n", plain(whole), plain(json_string_value(value)));
        else if (json_is_integer(value))
            printf("%-24s %lld\n", plain(whole),
                   (long long)json_integer_value(value));
        else if (json_is_boolean(value))
            printf("%-24s %s\n", plain(whole),
                   json_is_true(value) ? "yes" : "no");
    }
}

/** The server for all; for an administrator its state too. */
static int
show_status(struct cli *cli, struct auction_client *client)
{
    struct auction_result result;
    json_t *object;
    bool is_json = cli_form(cli) != FORM_TABLE;
    int code, ready;

    object = get(cli, client, "/v1/admin/status", false, &result, &code);
    if (object == NULL) {
        auction_result_release(&result);
        object = get(cli, client, "/v1", true, &result, &code);
    }
    if (object == NULL) {
        auction_result_release(&result);
        return code;
    }
    if (is_json)
        (void)put_object(cli, object, result.body);
    else {
        json_object_del(object, "links");
        print_members(object, "");
    }
    json_decref(object);
    auction_result_release(&result);
    ready = (int)auction_call(client, "GET", "/readyz", NULL, NULL, &result);
    if (!is_json)
        printf("%-24s %s\n", "ready",
               ready == 0
                   ? "yes"
                   : plain(result.body == NULL ? result.message : result.body));
    auction_result_release(&result);
    return ready;
}

int
command_status(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse_admin,
        .doc = "Say how the server is. Administrators are told more. Ends "
               "with 8 when the server does not take commands."};
    struct admin_arguments a = {.words = {.maximum = 0}};
    struct auction_client *client;
    int code = 0;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    if (cli_curl(cli, "GET", "/v1/admin/status", NULL))
        return 0;
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    code = show_status(cli, client);
    auction_close(&client);
    return code;
}
