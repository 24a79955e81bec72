/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show, explain, whoami, ping: looking without touching.
 */
#include "cli.h"

#include <time.h>

enum { PINGS_MAX = 1000, PATH_BYTES = 128 };

struct look_arguments {
    struct words words;
    int times;
};

static error_t
parse_look(int key, char *argument, struct argp_state *state)
{
    struct look_arguments *a = state->input;

    switch (key) {
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
    if (object != NULL && !put_object(cli, object, result.body))
        show(object);
    json_decref(object);
    auction_result_release(&result);
    auction_close(&client);
    return code;
}

/* ------------------------------------------------------------- one auction */

/** A line for an amount that is there. */
static void
show_amount(json_t *a, const char *member, const char *label)
{
    char text[CLI_AMOUNT_BYTES];

    if (json_is_integer(json_object_get(a, member)))
        printf("%-9s %s\n", label,
               amount_text(text, int_of(a, member), text_of(a, "currency")));
}

/** A line for a text or a number that is there. */
static void
show_member(json_t *a, const char *member, const char *label)
{
    json_t *value = json_object_get(a, member);

    if (json_is_string(value))
        printf("%-9s %s\n", label, plain(json_string_value(value)));
    else if (json_is_integer(value))
        printf("%-9s %lld\n", label, (long long)json_integer_value(value));
}

static void
show_price(json_t *a, const char *currency)
{
    json_t *you = json_object_get(a, "you");
    const char *leader = text_of(a, "leader");
    char text[CLI_AMOUNT_BYTES];

    if (json_object_get(a, "price") != NULL)
        printf("price     %s%s%s%s\n",
               amount_text(text, int_of(a, "price"), currency),
               leader[0] == '\0' ? "" : ", led by ", plain(leader),
               json_is_true(json_object_get(you, "leading")) ? " (you)" : "");
    show_amount(a, "minimum_bid", "next bid");
    if (json_is_true(json_object_get(a, "buy_now")))
        show_amount(a, "buy_now_price", "buy now");
    show_amount(a, "floor_price", "floor");
    show_amount(a, "bond", "bond");
    show_member(a, "quantity", "units");
    show_member(a, "stock", "left");
    show_member(a, "reserve", "reserve");
    show_member(a, "bid_count", "bids");
}

static void
show_award(json_t *award, const char *currency)
{
    char text[CLI_AMOUNT_BYTES];
    int64_t quantity = int_of(award, "quantity");

    if (award == NULL)
        return;
    printf("sold to   %s%s at %s", plain(text_of(award, "winner")),
           json_is_true(json_object_get(award, "you")) ? " (you)" : "",
           amount_text(text, int_of(award, "price"), currency));
    if (quantity > 1)
        printf(" each, %lld units", (long long)quantity);
    printf("%s\n",
           json_is_true(json_object_get(award, "paid")) ? ", paid" : "");
}

static void
show_awards(json_t *a, const char *currency)
{
    json_t *award;
    size_t i;

    json_array_foreach(json_object_get(a, "awards"), i, award)
    {
        show_award(award, currency);
    }
    if (!json_is_array(json_object_get(a, "awards")))
        show_award(json_object_get(a, "award"), currency);
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
    show_member(a, "format", "format");
    printf("seller    %s\n", plain(text_of(a, "seller")));
    show_price(a, currency);
    printf("ends      %s (the server's time is %s)\n",
           plain(text_of(a, "ends_at")), plain(text_of(a, "server_time")));
    show_member(a, "reveal_ends_at", "reveal");
    show_awards(a, currency);
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

/** The auction, and its price so far as bars. */
static int
run_show(struct cli *cli, struct auction_client *client, uint64_t id)
{
    struct auction_result result;
    char path[PATH_BYTES], bars[SPARK_BYTES];
    json_t *auction;
    int code = 0;

    snprintf(path, sizeof(path), "/v1/auctions/%llu", (unsigned long long)id);
    auction = get_json(cli, client, path, &result, &code);
    if (auction != NULL && !put_object(cli, auction, result.body)) {
        show_auction(auction);
        if (int_of(auction, "bid_count") > 1 &&
            json_object_get(auction, "price") != NULL)
            printf("history   %s\n", spark_of(cli, client, id, bars));
    }
    json_decref(auction);
    auction_result_release(&result);
    return code;
}

int
command_show(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.parser = parse_look,
                                     .args_doc = "AUCTION",
                                     .doc = "Show one auction."};
    struct look_arguments a = {.words = {.minimum = 1, .maximum = 1}};
    struct auction_client *client;
    char path[PATH_BYTES];
    uint64_t id;
    int code = 0;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    if (!id_parse(&id, a.words.at[0]))
        return usage_error("'%s' is not an auction's number",
                           plain(a.words.at[0]));
    snprintf(path, sizeof(path), "/v1/auctions/%llu", (unsigned long long)id);
    if (cli_curl(cli, "GET", path, NULL))
        return 0;
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    code = run_show(cli, client, id);
    auction_close(&client);
    return code;
}

int
command_explain(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse_look,
        .args_doc = "AUCTION",
        .doc = "Say why this price and this winner, step by step."};
    struct look_arguments a = {.words = {.minimum = 1, .maximum = 1}};
    char path[PATH_BYTES];
    uint64_t id;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    if (!id_parse(&id, a.words.at[0]))
        return usage_error("'%s' is not an auction's number",
                           plain(a.words.at[0]));
    snprintf(path, sizeof(path), "/v1/auctions/%llu/explain",
             (unsigned long long)id);
    return view(cli, path, show_steps);
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

struct pings {
    double least, most, sum; /* ms, without the handshake */
    int count;
};

static int
ping_once(struct cli *cli, struct auction_client *client, struct pings *p,
          bool is_first)
{
    struct auction_result result;
    double start = monotonic_ms(), ms;
    int code = (int)auction_call(client, "GET", "/v1", NULL, NULL, &result);

    ms = monotonic_ms() - start;
    if (code != 0)
        code = show_error(cli, "ping", &result, NULL);
    else if (!cli->is_quiet)
        printf("%.2f ms%s\n", ms, is_first ? " (with the handshake)" : "");
    if (code == 0 && !is_first) {
        p->least = p->count == 0 || ms < p->least ? ms : p->least;
        p->most = ms > p->most ? ms : p->most;
        p->sum += ms;
        p->count++;
    }
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
    struct pings pings = {.count = 0};
    struct auction_client *client;
    int code = 0;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    if (cli_curl(cli, "GET", "/v1", NULL))
        return 0;
    client = cli_client(cli, &code);
    for (int i = 0; client != NULL && i < a.times && code == 0; i++)
        code = ping_once(cli, client, &pings, i == 0);
    if (code == 0 && pings.count > 0)
        printf("least %.2f, mean %.2f, most %.2f ms of %d\n", pings.least,
               pings.sum / pings.count, pings.most, pings.count);
    auction_close(&client);
    return code;
}
