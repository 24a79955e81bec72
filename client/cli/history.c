/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history: the price over time, as rows and as a line of bars.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_CSV = 256, POINTS_MAX = 100000 };

struct point {
    char at[40];
    int64_t price;
};

struct history {
    struct point *points; /* newest first, as bids come */
    size_t count;
};

/* --------------------------------------------------------------------- bars */

/** The highest of the values that one bar stands for. */
static int64_t
bar_value(const int64_t *values, size_t count, size_t bar, size_t bars)
{
    size_t from = bar * count / bars, to = (bar + 1) * count / bars;
    int64_t highest = values[from];

    for (size_t i = from; i < to; i++)
        if (values[i] > highest)
            highest = values[i];
    return highest;
}

char *
spark_text(char text[SPARK_BYTES], const int64_t *values, size_t count)
{
    size_t bars = count < SPARK_BARS ? count : SPARK_BARS, used = 0;
    int64_t low = INT64_MAX, high = INT64_MIN;

    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    for (size_t i = 0; i < bars; i++) {
        int64_t value = bar_value(values, count, i, bars);
        /* Eight heights; amounts are at most 10^15, so this fits. */
        int level = high == low ? 3 : (int)((value - low) * 7 / (high - low));

        /* U+2581 to U+2588 */
        used += (size_t)snprintf(text + used, SPARK_BYTES - used, "\xe2\x96%c",
                                 0x81 + level);
    }
    return text;
}

/* ------------------------------------------------------------------- points */

static bool
add_point(struct sheet *sheet, json_t *bid, void *context)
{
    enum { STEP = 256 };
    struct history *h = context;
    struct point *more;

    (void)sheet;
    if (json_object_get(bid, "price") == NULL || h->count == POINTS_MAX)
        return true;
    if (h->count % STEP == 0) {
        more = realloc(h->points, (h->count + STEP) * sizeof(*more));
        if (more == NULL)
            return false;
        h->points = more;
    }
    snprintf(h->points[h->count].at, sizeof(h->points[h->count].at), "%s",
             text_of(bid, "at"));
    h->points[h->count++].price = int_of(bid, "price");
    return true;
}

static int
read_history(struct cli *cli, struct auction_client *client, uint64_t id,
             bool is_all, struct history *out)
{
    char base[80];
    struct paging paging = {
        .base = base, .add = add_point, .context = out, .is_all = is_all};

    *out = (struct history){.count = 0};
    snprintf(base, sizeof(base), "/v1/auctions/%llu/bids?limit=200",
             (unsigned long long)id);
    return pages_visit(cli, client, &paging);
}

/** Oldest first, which bids are not. */
static char *
spark_history(const struct history *h, char text[SPARK_BYTES])
{
    int64_t *values = malloc((h->count + 1) * sizeof(*values));

    text[0] = '\0';
    if (values == NULL)
        return text;
    for (size_t i = 0; i < h->count; i++)
        values[i] = h->points[h->count - 1 - i].price;
    spark_text(text, values, h->count);
    free(values);
    return text;
}

char *
spark_of(struct cli *cli, struct auction_client *client, uint64_t id,
         char text[SPARK_BYTES])
{
    struct history h;

    text[0] = '\0';
    if (read_history(cli, client, id, false, &h) == 0)
        spark_history(&h, text);
    free(h.points);
    return text;
}

/* ------------------------------------------------------------------ command */

struct history_arguments {
    struct words words;
    bool is_csv;
};

static error_t
parse_history(int key, char *argument, struct argp_state *state)
{
    struct history_arguments *a = state->input;

    if (key != KEY_CSV)
        return words_take(&a->words, key, argument, state);
    a->is_csv = true;
    return 0;
}

static int
print_history(struct cli *cli, const struct history *h, const char *currency)
{
    static const char *const columns[] = {"TIME", "#PRICE", NULL};
    struct sheet *sheet = sheet_create(cli, columns);
    char price[CLI_AMOUNT_BYTES], bars[SPARK_BYTES];
    bool is_good = sheet != NULL;

    for (size_t i = h->count; is_good && i-- > 0;) {
        const char *cells[] = {h->points[i].at, price};
        json_t *item = json_pack("{s:s, s:I}", "at", h->points[i].at, "price",
                                 (json_int_t)h->points[i].price);

        if (cli_form(cli) == FORM_CSV)
            amount_bare(price, h->points[i].price, currency);
        else
            amount_text(price, h->points[i].price, currency);
        is_good = sheet_add(sheet, item, cells);
        json_decref(item);
    }
    sheet_finish(&sheet);
    if (is_good && h->count > 0 && cli_form(cli) == FORM_TABLE)
        printf("%s\n", spark_history(h, bars));
    return is_good ? 0 : AUCTION_LOCAL_FAILURE;
}

int
command_history(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"csv", KEY_CSV, NULL, 0, "As --output csv", 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_history,
        .args_doc = "AUCTION",
        .doc = "Print the price after each bid, oldest first."};
    struct history_arguments a = {.words = {.minimum = 1, .maximum = 1}};
    struct auction_client *client;
    struct history h = {.count = 0};
    struct looked looked;
    uint64_t id;
    int code = 0;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    if (!id_parse(&id, a.words.at[0]))
        return usage_error("'%s' is not an auction's number",
                           plain(a.words.at[0]));
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    if (a.is_csv || cli_form(cli) == FORM_JSON)
        snprintf(cli->output, sizeof(cli->output), "%s",
                 a.is_csv ? "csv" : "jsonl");
    if (look_up(cli, client, id, &looked, &code) &&
        (code = read_history(cli, client, id, true, &h)) == 0)
        code = print_history(cli, &h, looked.currency);
    free(h.points);
    auction_close(&client);
    return code;
}
