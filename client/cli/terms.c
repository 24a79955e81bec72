/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terms: the published rule text, and that it is the one that was published.
 */
#include "cli.h"

#include "audit/hash.h"

#include <string.h>
#include <unistd.h>

enum { KEY_CHECK = 256 };

struct terms_arguments {
    struct words words;
    bool is_checked;
    uint64_t id;
};

static error_t
parse_terms(int key, char *argument, struct argp_state *state)
{
    struct terms_arguments *a = state->input;

    if (key != KEY_CHECK)
        return words_take(&a->words, key, argument, state);
    a->is_checked = true;
    return 0;
}

/** Whether the receipt of a record proves that it logged this hash. */
static bool
is_logged_in(struct auction_client *client, uint64_t seq, uint64_t auction,
             const char *hash)
{
    struct auction_result result, proved;
    char path[64];
    bool is_so = false;
    json_t *record;

    snprintf(path, sizeof(path), "/v1/log/proof?seq=%llu",
             (unsigned long long)seq);
    if (auction_call(client, "GET", path, NULL, NULL, &result) ==
        AUCTION_ACCEPTED) {
        if (auction_verify_receipt(client, result.body, result.body_size,
                                   &proved) == AUCTION_ACCEPTED) {
            record = json_loads(proved.record, 0, NULL);
            is_so = proved.auction == auction &&
                    strcmp(text_of(record, "rules_blob"), hash) == 0;
            json_decref(record);
        }
        auction_result_release(&proved);
    }
    auction_result_release(&result);
    return is_so;
}

/** The record that published the auction: one of the first steps. */
static uint64_t
find_record(struct cli *cli, struct auction_client *client, uint64_t auction,
            const char *hash, int *code)
{
    enum { STEPS_MAX = 16 };
    struct auction_result result;
    uint64_t found = 0;
    char path[64];
    json_t *explained, *step;
    size_t i;

    snprintf(path, sizeof(path), "/v1/auctions/%llu/explain",
             (unsigned long long)auction);
    explained = get_json(cli, client, path, &result, code);
    json_array_foreach(json_object_get(explained, "steps"), i, step)
    {
        uint64_t seq = (uint64_t)int_of(step, "seq");

        if (i < STEPS_MAX && found == 0 &&
            is_logged_in(client, seq, auction, hash))
            found = seq;
    }
    json_decref(explained);
    auction_result_release(&result);
    return found;
}

static int
check(struct cli *cli, struct auction_client *client, uint64_t id,
      const struct auction_result *text)
{
    struct hash hash = hash_of(text->body, text->body_size);
    struct auction_result shown;
    char hex[HASH_HEX_BYTES], path[64];
    json_t *auction;
    bool is_same;
    uint64_t seq;
    int code = 0;

    hash_hex(hex, &hash);
    snprintf(path, sizeof(path), "/v1/auctions/%llu", (unsigned long long)id);
    auction = get_json(cli, client, path, &shown, &code);
    is_same = strcmp(text_of(auction, "terms"), hex) == 0;
    json_decref(auction);
    auction_result_release(&shown);
    if (code != 0)
        return code;
    if (!is_same) {
        fprintf(stderr,
                "auction: the text has the hash %s, but the server names "
                "another in the auction: do not bid\n",
                hex);
        return AUCTION_LOCAL_FAILURE;
    }
    seq = find_record(cli, client, id, hex, &code);
    if (code == 0 && seq == 0) {
        fprintf(stderr, "auction: no record of the log is proved to hold the "
                        "hash of this text: do not bid\n");
        return AUCTION_LOCAL_FAILURE;
    }
    if (code == 0 && !cli->is_quiet)
        fprintf(stderr,
                "terms %s\nas named by the auction, and as record %llu of the "
                "log proves\n",
                hex, (unsigned long long)seq);
    return code;
}

static int
run_terms(struct cli *cli, struct auction_client *client,
          const struct terms_arguments *a)
{
    struct auction_result result;
    char path[64];
    int code;

    snprintf(path, sizeof(path), "/v1/auctions/%llu/terms",
             (unsigned long long)a->id);
    if (cli_curl(cli, "GET", path, NULL))
        return 0;
    code = (int)auction_call(client, "GET", path, NULL, NULL, &result);
    if (code != 0)
        code = show_error(cli, "terms", &result, NULL);
    else {
        if (isatty(STDOUT_FILENO) != 0)
            put_plain(stdout, result.body);
        else
            fwrite(result.body, 1, result.body_size, stdout);
        putchar('\n');
        if (a->is_checked)
            code = check(cli, client, a->id, &result);
    }
    auction_result_release(&result);
    return code;
}

int
command_terms(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"check", KEY_CHECK, NULL, 0,
         "Prove that the log holds the hash of this text", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_terms,
        .args_doc = "AUCTION",
        .doc = "Print the rule text of a published auction. Its SHA-256 is "
               "signed with every bid."};
    struct terms_arguments a = {.words = {.minimum = 1, .maximum = 1}};
    struct auction_client *client;
    int code = 0;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    if (!id_parse(&a.id, a.words.at[0]))
        return usage_error("'%s' is not an auction's number",
                           plain(a.words.at[0]));
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    code = run_terms(cli, client, &a);
    auction_close(&client);
    return code;
}
