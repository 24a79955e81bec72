/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: live events, one line each, resumed where a connection broke off.
 *
 * Two clients: the stream fills one connection, what has to be asked beside
 * it (currencies, whether we lead) goes over the other.
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { KEY_SINCE = 256, KEY_UNTIL, KEY_EXEC };
enum { QUERY_BYTES = 2048, KNOWN_MAX = 64, CURRENCY_BYTES = 8 };

enum until {
    UNTIL_NOTHING,
    UNTIL_REVEAL,
    UNTIL_CLOSED,
    UNTIL_OUTBID,
    UNTIL_BID
};

struct watch_arguments {
    struct words words;
    int64_t since; /* -1: from now on */
    enum until until;
    const char *exec;
};

struct known {
    uint64_t id;
    char currency[CURRENCY_BYTES];
};

struct watching {
    struct cli *cli;
    const struct watch_arguments *arguments;
    struct auction_client *asking;
    struct known known[KNOWN_MAX];
    size_t known_next;
    struct sheet *sheet; /* for CSV */
    struct reminder reminder;
};

static void
take_until(struct argp_state *state, const char *word)
{
    struct watch_arguments *a = state->input;

    if (strcmp(word, "closed") == 0)
        a->until = UNTIL_CLOSED;
    else if (strcmp(word, "outbid") == 0)
        a->until = UNTIL_OUTBID;
    else if (strcmp(word, "bid") == 0)
        a->until = UNTIL_BID;
    else if (strcmp(word, "reveal") == 0)
        a->until = UNTIL_REVEAL;
    else
        argp_error(state, "--until reveal, closed, outbid or bid");
}

static error_t
parse_watch(int key, char *argument, struct argp_state *state)
{
    struct watch_arguments *a = state->input;
    uint64_t id;

    switch (key) {
    case KEY_SINCE:
        if (!id_parse(&id, argument) || id > INT64_MAX)
            argp_error(state, "'%s' is not a record's number", plain(argument));
        a->since = (int64_t)id;
        return 0;
    case KEY_UNTIL:
        take_until(state, argument);
        return 0;
    case KEY_EXEC:
        a->exec = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (!id_parse(&id, argument))
            argp_error(state, "'%s' is not an auction's number",
                       plain(argument));
        return words_take(&a->words, key, argument, state);
    case ARGP_KEY_END:
        if (a->until == UNTIL_OUTBID && a->words.count == 0)
            argp_error(state, "--until outbid needs an auction's number");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ------------------------------------------------------------------- asking */

static json_t *
ask(struct watching *w, uint64_t id, uint64_t *event_seq_out, int *code)
{
    struct auction_result result;
    char path[64];
    json_t *auction;

    snprintf(path, sizeof(path), "/v1/auctions/%llu", (unsigned long long)id);
    auction = get_json(w->cli, w->asking, path, &result, code);
    if (event_seq_out != NULL)
        *event_seq_out = result.event_seq;
    auction_result_release(&result);
    return auction;
}

static const char *
remember(struct watching *w, uint64_t id, json_t *auction)
{
    struct known *known = &w->known[w->known_next++ % KNOWN_MAX];

    known->id = id;
    snprintf(known->currency, sizeof(known->currency), "%s",
             text_of(auction, "currency"));
    return known->currency;
}

/** An auction's currency, asked for once; "" when it cannot be known. */
static const char *
currency_of(struct watching *w, uint64_t id)
{
    const char *currency;
    json_t *auction;
    int code;

    for (size_t i = 0; i < KNOWN_MAX; i++)
        if (w->known[i].id == id)
            return w->known[i].currency;
    auction = ask(w, id, NULL, &code);
    currency = remember(w, id, auction);
    json_decref(auction);
    return currency;
}

static bool
is_over(json_t *auction)
{
    const char *status = text_of(auction, "status");

    return strcmp(status, "draft") != 0 && strcmp(status, "scheduled") != 0 &&
           strcmp(status, "open") != 0 && strcmp(status, "reveal") != 0;
}

static bool
do_we_lead(json_t *auction)
{
    return json_is_true(
        json_object_get(json_object_get(auction, "you"), "leading"));
}

/** Whether what is waited for is so already. */
static bool
is_so_already(enum until until, json_t *auction)
{
    return (until == UNTIL_CLOSED && is_over(auction)) ||
           (until == UNTIL_REVEAL &&
            (is_over(auction) ||
             strcmp(text_of(auction, "status"), "reveal") == 0)) ||
           (until == UNTIL_OUTBID && !do_we_lead(auction));
}

/* ------------------------------------------------------------------ showing */

/** Hand the event to a command of the user's, on its standard input. */
static void
run_command(const char *command, const char *data)
{
    FILE *pipe = popen(command, "we");
    int status;

    if (pipe == NULL) {
        fprintf(stderr, "auction: cannot run '%s': %s\n", command,
                strerror(errno));
        return;
    }
    fprintf(pipe, "%s\n", data);
    status = pclose(pipe);
    if (status != 0)
        fprintf(stderr, "auction: '%s' ended with %d\n", command,
                WIFEXITED(status) ? WEXITSTATUS(status) : 128);
}

static void
print_amount(json_t *e, const char *member, const char *label,
             const char *currency)
{
    char text[CLI_AMOUNT_BYTES];

    if (json_object_get(e, member) != NULL)
        printf("  %s %s", label,
               amount_text(text, int_of(e, member), currency));
}

static void
print_text(json_t *e, const char *member, const char *label)
{
    if (text_of(e, member)[0] != '\0')
        printf("  %s%s", label, plain(text_of(e, member)));
}

static void
print_event(struct watching *w, const struct auction_event *event, json_t *e,
            uint64_t id)
{
    const char *currency =
        json_object_get(e, "price") == NULL ? "" : currency_of(w, id);

    printf("%s  %-9s auction %s", plain(text_of(e, "at")), plain(event->type),
           plain(text_of(e, "auction")));
    print_amount(e, "price", "price", currency);
    print_text(e, "leader", "leads ");
    print_amount(e, "minimum_bid", "next", currency);
    print_text(e, "outcome", "");
    print_text(e, "winner", "to ");
    print_text(e, "ends_at", "ends ");
    putchar('\n');
}

/** One line in the form that is asked for. */
static void
show_event(struct watching *w, const struct auction_event *event, json_t *e,
           uint64_t id)
{
    char price[24];
    const char *cells[] = {
        text_of(e, "at"),      event->type,
        text_of(e, "auction"), number_text(price, int_of(e, "price")),
        text_of(e, "leader"),  text_of(e, "ends_at")};

    if (cli_form(w->cli) == FORM_TABLE)
        print_event(w, event, e, id);
    else if (w->sheet != NULL)
        (void)sheet_add(w->sheet, e, cells);
    else
        printf("%s\n", event->data);
}

/** Whether the event is the one that is waited for. */
static bool
is_awaited(struct watching *w, const struct auction_event *event, uint64_t id)
{
    json_t *auction;
    bool is_so;
    int code;

    switch (w->arguments->until) {
    case UNTIL_NOTHING:
        return false;
    case UNTIL_BID:
        return strcmp(event->type, "bid") == 0;
    case UNTIL_REVEAL:
        if (strcmp(event->type, "reveal") == 0)
            return true;
        return strcmp(event->type, "closed") == 0 ||
               strcmp(event->type, "cancelled") == 0;
    case UNTIL_CLOSED:
        return strcmp(event->type, "closed") == 0 ||
               strcmp(event->type, "cancelled") == 0;
    case UNTIL_OUTBID:
        if (strcmp(event->type, "opened") == 0 ||
            strcmp(event->type, "extended") == 0)
            return false;
        auction = ask(w, id, NULL, &code);
        is_so = auction != NULL && !do_we_lead(auction);
        json_decref(auction);
        return is_so;
    }
    CHECK(false);
    return true;
}

/** What is no event of an auction: the stream itself speaks. */
static bool
is_about_stream(const struct auction_event *event)
{
    if (strcmp(event->type, "server") == 0)
        fprintf(stderr, "auction: the server says %s\n", plain(event->data));
    else if (strcmp(event->type, "reset") == 0)
        fprintf(stderr, "auction: events were missed; read the auctions "
                        "again\n");
    else
        return false;
    return true;
}

static bool
take_event(void *context, const struct auction_event *event)
{
    struct watching *w = context;
    json_t *e;
    uint64_t id = 0;
    bool goes_on;

    if (is_about_stream(event))
        return true;
    e = json_loads(event->data, 0, NULL);
    if (!id_parse(&id, text_of(e, "auction"))) {
        json_decref(e);
        return true; /* of a kind that is not known yet */
    }
    show_event(w, event, e, id);
    goes_on = fflush(stdout) == 0;
    json_decref(e);
    if (w->arguments->exec != NULL)
        run_command(w->arguments->exec, event->data);
    return goes_on && !is_awaited(w, event, id);
}

/* ----------------------------------------------------------------- watching */

/**
 * Look at each auction first: it may be over already, and its Event-Seq is
 * where the stream must begin for nothing to be missed.
 */
static bool
look_first(struct watching *w, int64_t *after, int *code)
{
    const struct watch_arguments *a = w->arguments;

    for (int i = 0; i < a->words.count && *code == 0; i++) {
        uint64_t id, event_seq;
        json_t *auction;
        bool is_so;

        CHECK(id_parse(&id, a->words.at[i]));
        auction = ask(w, id, &event_seq, code);
        remember(w, id, auction);
        is_so =
            auction != NULL && a->since < 0 && is_so_already(a->until, auction);
        if (is_so && !w->cli->is_quiet)
            fprintf(stderr,
                    a->until == UNTIL_OUTBID
                        ? "auction: you do not lead auction %llu\n"
                        : "auction: auction %llu is over already\n",
                    (unsigned long long)id);
        json_decref(auction);
        if (is_so)
            return false;
        if (a->since < 0 && (*after < 0 || (int64_t)event_seq < *after))
            *after = (int64_t)event_seq;
    }
    return *code == 0;
}

static void
make_query(char query[QUERY_BYTES], const struct words *words)
{
    size_t used = 0;

    query[0] = '\0';
    for (int i = 0; i < words->count; i++) /* at most 64 of 20 digits */
        used += (size_t)snprintf(query + used, QUERY_BYTES - used, "%s%s",
                                 i == 0 ? "auction=" : ",", words->at[i]);
    CHECK(used < QUERY_BYTES);
}

static void
take_tick(void *context)
{
    struct watching *w = context;

    remind(w->cli, w->asking, &w->reminder);
}

static int
watch(struct watching *w, struct auction_client *streaming)
{
    const struct watch_arguments *a = w->arguments;
    struct auction_result result;
    char query[QUERY_BYTES];
    int64_t after = a->since;
    int code = 0;

    if (!look_first(w, &after, &code))
        return code;
    make_query(query, &a->words);
    auction_on_tick(streaming, take_tick, w);
    code = (int)auction_stream(streaming, query, after, take_event, w, &result);
    if (code != 0)
        code = show_error(w->cli, "watch", &result, NULL);
    auction_result_release(&result);
    return code;
}

int
command_watch(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"since", KEY_SINCE, "SEQ", 0, "Begin behind this record", 0},
        {"until", KEY_UNTIL, "WHAT", 0,
         "End when bids are to be revealed (reveal), when an auction is "
         "closed, "
         "when you are outbid, or with a bid",
         0},
        {"exec", KEY_EXEC, "CMD", 0, "Run CMD for each, JSON on its stdin", 0},
        {0}};
    static const struct argp argp = {.options = options,
                                     .parser = parse_watch,
                                     .args_doc = "[AUCTION...]",
                                     .doc = "Follow live events; a connection "
                                            "that breaks is taken up again."};
    static const char *const columns[] = {"TIME",   "TYPE", "AUCTION", "#PRICE",
                                          "LEADER", "ENDS", NULL};
    struct watch_arguments a = {.words = {.maximum = CLI_WORDS_MAX - 1},
                                .since = -1};
    struct watching w = {.cli = cli, .arguments = &a};
    struct auction_client *streaming = NULL;
    int code = 0;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    if (cli_curl(cli, "GET", "/v1/events", NULL))
        return 0;
    w.asking = cli_client(cli, &code);
    if (w.asking != NULL)
        streaming = cli_client(cli, &code);
    if (streaming != NULL && cli_form(cli) == FORM_CSV)
        w.sheet = sheet_create(cli, columns);
    if (streaming != NULL)
        code = watch(&w, streaming);
    sheet_finish(&w.sheet);
    auction_close(&streaming);
    auction_close(&w.asking);
    return code;
}
