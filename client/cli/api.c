/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: any call, the reply as it is.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

enum { HEADERS_MAX = 16, DATA_BYTES_MAX = 1 << 20 };

struct api_arguments {
    struct words words;
    const char *data;
    const char *headers[HEADERS_MAX + 1];
    int header_count;
};

static error_t
parse_api(int key, char *argument, struct argp_state *state)
{
    struct api_arguments *a = state->input;

    switch (key) {
    case 'd':
        a->data = argument;
        return 0;
    case 'H':
        if (a->header_count == HEADERS_MAX || strchr(argument, ':') == NULL)
            argp_error(state, "-H takes 'Name: value', at most 16 times");
        a->headers[a->header_count++] = argument;
        return 0;
    default:
        return words_take(&a->words, key, argument, state);
    }
}

/** "@FILE" or "@-" as its content; others as they are. The caller frees. */
static char *
read_data(const char *data)
{
    char *text;
    size_t size;
    FILE *file;

    if (data[0] != '@')
        return strdup(data);
    file = strcmp(data, "@-") == 0 ? stdin : fopen(data + 1, "re");
    text = file == NULL ? NULL : calloc(1, DATA_BYTES_MAX);
    if (text != NULL) {
        size = fread(text, 1, DATA_BYTES_MAX - 1, file);
        if (ferror(file) != 0 || size == DATA_BYTES_MAX - 1) {
            free(text);
            text = NULL;
        }
    }
    if (file != NULL && file != stdin)
        fclose(file);
    if (text == NULL)
        fprintf(stderr, "auction: cannot read '%s', or more than 1 MiB\n",
                plain(data + 1));
    return text;
}

static int
call_api(struct cli *cli, const struct api_arguments *a, const char *body)
{
    struct auction_result result;
    struct auction_client *client;
    int code = 0;

    if (cli_curl(cli, a->words.at[0], a->words.at[1], body))
        return 0;
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    code = (int)auction_call(client, a->words.at[0], a->words.at[1], body,
                             a->headers, &result);
    if (result.body != NULL)
        fwrite(result.body, 1, result.body_size, stdout);
    if (code != 0 && result.body_size == 0)
        show_error(cli, "api", &result, NULL);
    auction_result_release(&result);
    auction_close(&client);
    return code;
}

int
command_api(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"data", 'd', "JSON", 0, "Body; @FILE and @- read it", 0},
        {"header", 'H', "FIELD", 0, "'Name: value', as often as needed", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_api,
        .args_doc = "METHOD PATH",
        .doc = "Any call; the reply as it is. Nothing is signed or verified."};
    struct api_arguments a = {.words = {.minimum = 2, .maximum = 2}};
    char *body = NULL;
    int code;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    if (a.words.at[1][0] != '/')
        return usage_error("api: give METHOD and PATH, such as GET /v1/me");
    if (a.data != NULL && (body = read_data(a.data)) == NULL)
        return AUCTION_LOCAL_FAILURE;
    code = call_api(cli, &a, body);
    free(body);
    return code;
}
