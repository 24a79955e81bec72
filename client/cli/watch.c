/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: live events, one line each, resumed where a connection broke off.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SINCE = 256, KEY_UNTIL, KEY_EXEC, QUERY_BYTES = 1024 };

struct watch_arguments {
    char query[QUERY_BYTES];
    long long since;
    const char *until;
    const char *exec;
};

struct watching {
    const struct cli *cli;
    const struct watch_arguments *arguments;
};

static error_t
parse_watch(int key, char *argument, struct argp_state *state)
{
    struct watch_arguments *a = state->input;
    size_t used = strlen(a->query);
    uint64_t id;

    switch (key) {
    case KEY_SINCE:
        a->since = atoll(argument);
        return 0;
    case KEY_UNTIL:
        if (strcmp(argument, "closed") != 0 && strcmp(argument, "bid") != 0)
            argp_error(state, "--until closed or bid");
        a->until = argument;
        return 0;
    case KEY_EXEC:
        a->exec = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (!id_parse(&id, argument) || used + 24 > QUERY_BYTES)
            argp_error(state, "'%s' is not an auction's number", argument);
        snprintf(a->query + used, QUERY_BYTES - used, "%s%llu",
                 used == 0 ? "auction=" : ",", (unsigned long long)id);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/** Hand the event to a command of the user's, on its standard input. */
static void
run_command(const char *command, const char *data)
{
    FILE *pipe = popen(command, "w");

    if (pipe == NULL) {
        fprintf(stderr, "auction: cannot run '%s'\n", command);
        return;
    }
    fprintf(pipe, "%s\n", data);
    pclose(pipe);
}

static void
print_event(const struct auction_event *event)
{
    json_t *e = json_loads(event->data, 0, NULL);

    printf("%s  %-9s auction %s", text_of(e, "at"), event->type,
           text_of(e, "auction"));
    if (json_object_get(e, "price") != NULL)
        printf("  price %lld",
               (long long)json_integer_value(json_object_get(e, "price")));
    if (text_of(e, "leader")[0] != '\0')
        printf("  leads %s", plain(text_of(e, "leader")));
    if (json_object_get(e, "minimum_bid") != NULL)
        printf("  next %lld", (long long)json_integer_value(
                                  json_object_get(e, "minimum_bid")));
    if (text_of(e, "outcome")[0] != '\0')
        printf("  %s %s", text_of(e, "outcome"), plain(text_of(e, "winner")));
    if (text_of(e, "ends_at")[0] != '\0')
        printf("  ends %s", text_of(e, "ends_at"));
    putchar('\n');
    json_decref(e);
}

static bool
take_event(void *context, const struct auction_event *event)
{
    struct watching *w = context;

    if (strcmp(event->type, "server") == 0) {
        fprintf(stderr, "auction: the server says %s\n", plain(event->data));
        return true;
    }
    if (w->cli->wants_json)
        printf("%s\n", event->data);
    else
        print_event(event);
    fflush(stdout);
    if (w->arguments->exec != NULL)
        run_command(w->arguments->exec, event->data);
    return w->arguments->until == NULL ||
           strcmp(w->arguments->until, event->type) != 0;
}

int
command_watch(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"since", KEY_SINCE, "SEQ", 0, "Begin behind this record", 0},
        {"until", KEY_UNTIL, "EVENT", 0, "End after closed, or bid", 0},
        {"exec", KEY_EXEC, "CMD", 0, "Run CMD for each, JSON on its stdin", 0},
        {0}};
    static const struct argp argp = {options,
                                     parse_watch,
                                     "[AUCTION...]",
                                     "Follow live events. Prices are in minor "
                                     "units.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct watch_arguments a = {.since = -1};
    struct watching w = {cli, &a};
    struct auction_result result;
    struct auction_client *client;
    int code = 0;

    argp_parse(&argp, argc, argv, 0, NULL, &a);
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    code =
        (int)auction_stream(client, a.query, a.since, take_event, &w, &result);
    if (code != 0)
        code = show_error(cli, "watch", &result, NULL);
    auction_result_release(&result);
    auction_close(&client);
    return code;
}
