/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show, explain, whoami, ping, api: looking without touching (api apart).
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PINGS_MAX = 1000, HEADERS_MAX = 16, PATH_BYTES = 128 };
enum { DATA_BYTES_MAX = 1 << 20, READ_BYTES = 4096 };

struct look_arguments {
    struct words words;
    const char *data;
    const char *headers[HEADERS_MAX + 1];
    int header_count;
    int times;
};

static error_t
parse_look(int key, char *argument, struct argp_state *state)
{
    struct look_arguments *a = state->input;

    switch (key) {
    case 'd':
        a->data = argument;
        return 0;
    case 'H':
        if (a->header_count == HEADERS_MAX || strchr(argument, ':') == NULL)
            argp_error(state, "-H takes 'Name: value', at most 16 times");
        a->headers[a->header_count++] = argument;
        return 0;
    case 'n':
        if (!number_parse(&a->times, argument, 1, PINGS_MAX))
            argp_error(state, "-n is a number from 1 to 1000");
        return 0;
    default:
        return words_take(&a->words, key, argument, state);
    }
}

/** GET a path and show it, as JSON or by `show`. */
static int
view(struct cli *cli, const char *path, void (*show)(json_t *object))
{
    struct auction_result result;
    struct auction_client *client;
    json_t *object;
    int code = 0;

    if (cli_curl(cli, "GET", path, NULL))
        return 0;
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    object = get_json(cli, client, path, &result, &code);
    if (object != NULL && cli_wants_json(cli))
        fputs(result.body, stdout);
    else if (object != NULL)
        show(object);
    json_decref(object);
    auction_result_release(&result);
    auction_close(&client);
    return code;
}

/* ------------------------------------------------------------- one auction */

static void
show_price(json_t *a, const char *currency)
{
    json_t *you = json_object_get(a, "you");
    char text[CLI_AMOUNT_BYTES];

    if (json_object_get(a, "price") != NULL)
        printf("price     %s, led by %s%s\n",
               amount_text(text, int_of(a, "price"), currency),
               plain(text_of(a, "leader")),
               json_is_true(json_object_get(you, "leading")) ? " (you)" : "");
    printf("next bid  %s\n",
           amount_text(text, int_of(a, "minimum_bid"), currency));
    if (json_is_true(json_object_get(a, "buy_now")))
        printf("buy now   %s\n",
               amount_text(text, int_of(a, "buy_now_price"), currency));
    printf("reserve   %s\n", plain(text_of(a, "reserve")));
    printf("bids      %lld\n", (long long)int_of(a, "bid_count"));
}

static void
show_award(json_t *award, const char *currency)
{
    char text[CLI_AMOUNT_BYTES];

    if (award == NULL)
        return;
    printf("sold to   %s%s at %s%s\n", plain(text_of(award, "winner")),
           json_is_true(json_object_get(award, "you")) ? " (you)" : "",
           amount_text(text, int_of(award, "price"), currency),
           json_is_true(json_object_get(award, "paid")) ? ", paid" : "");
}

static void
show_auction(json_t *a)
{
    const char *currency = text_of(a, "currency");

    printf("%s  %s\n", plain(text_of(a, "id")), plain(text_of(a, "title")));
    if (text_of(a, "description")[0] != '\0') {
        put_plain(stdout, text_of(a, "description"));
        putchar('\n');
    }
    printf("status    %s%s%s\n", plain(text_of(a, "status")),
           json_object_get(a, "outcome") != NULL ? ", " : "",
           plain(text_of(a, "outcome")));
    printf("seller    %s\n", plain(text_of(a, "seller")));
    show_price(a, currency);
    printf("ends      %s (the server's time is %s)\n",
           plain(text_of(a, "ends_at")), plain(text_of(a, "server_time")));
    show_award(json_object_get(a, "award"), currency);
    printf("version   %lld\n", (long long)int_of(a, "version"));
    printf("terms     %s\n", plain(text_of(a, "terms")));
}

static void
show_steps(json_t *object)
{
    json_t *step;
    size_t i;

    json_array_foreach(json_object_get(object, "steps"), i, step)
    {
        printf("%-8lld %s  %s\n", (long long)int_of(step, "seq"),
               plain(text_of(step, "at")), plain(text_of(step, "text")));
    }
    if (json_is_true(json_object_get(object, "truncated")))
        printf("(more steps follow; see the audit log)\n");
}

static int
view_auction(struct cli *cli, int argc, char **argv, const char *doc,
             const char *suffix, void (*show)(json_t *object))
{
    const struct argp argp = {
        .parser = parse_look, .args_doc = "AUCTION", .doc = doc};
    struct look_arguments a = {.words = {.minimum = 1, .maximum = 1}};
    char path[PATH_BYTES];
    uint64_t id;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    if (!id_parse(&id, a.words.at[0]))
        return usage_error("'%s' is not an auction's number",
                           plain(a.words.at[0]));
    snprintf(path, sizeof(path), "/v1/auctions/%llu%s", (unsigned long long)id,
             suffix);
    return view(cli, path, show);
}

int
command_show(struct cli *cli, int argc, char **argv)
{
    return view_auction(cli, argc, argv, "Show one auction.", "", show_auction);
}

int
command_explain(struct cli *cli, int argc, char **argv)
{
    return view_auction(cli, argc, argv,
                        "Say why this price and this winner, step by step.",
                        "/explain", show_steps);
}

/* ------------------------------------------------------------- whoami, ping */

static void
show_me(json_t *me)
{
    json_t *cert = json_object_get(me, "certificate");

    printf("%s, %s in %s\ncertificate %s, until %s\n",
           plain(text_of(me, "account")), plain(text_of(me, "role")),
           plain(text_of(me, "realm")), plain(text_of(cert, "serial")),
           plain(text_of(cert, "not_after")));
}

int
command_whoami(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse_look, .doc = "Say who the server takes you for."};
    struct look_arguments a = {.words = {.maximum = 0}};

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    return view(cli, "/v1/me", show_me);
}

static double
monotonic_ms(void)
{
    struct timespec t;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
ping_once(struct cli *cli, struct auction_client *client, bool is_first)
{
    struct auction_result result;
    double start = monotonic_ms();
    int code = (int)auction_call(client, "GET", "/v1", NULL, NULL, &result);

    if (code != 0)
        code = show_error(cli, "ping", &result, NULL);
    else
        printf("%.2f ms%s\n", monotonic_ms() - start,
               is_first ? " (with the handshake)" : "");
    auction_result_release(&result);
    return code;
}

int
command_ping(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"count", 'n', "N", 0, "So many times (3)", 0}, {0}};
    static const struct argp argp = {.options = options,
                                     .parser = parse_look,
                                     .doc = "Measure round-trip times."};
    struct look_arguments a = {.times = 3};
    struct auction_client *client;
    int code = 0;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    if (cli_curl(cli, "GET", "/v1", NULL))
        return 0;
    client = cli_client(cli, &code);
    for (int i = 0; client != NULL && i < a.times && code == 0; i++)
        code = ping_once(cli, client, i == 0);
    auction_close(&client);
    return code;
}

/* ---------------------------------------------------------------------- api */

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
call_api(struct cli *cli, const struct look_arguments *a, const char *body)
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
        .parser = parse_look,
        .args_doc = "METHOD PATH",
        .doc = "Any call; the reply as it is. Nothing is signed or verified."};
    struct look_arguments a = {.words = {.minimum = 2, .maximum = 2}};
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
