/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipts: what is kept of the log. bids without an auction: the own ones,
 * found by their receipts.
 */
#include "cli.h"

#include "audit/receipt.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { RECEIPTS_MAX = 100000, PATH_MAX_BYTES = CLI_TEXT_BYTES + 512 };

/** Numbers of the receipts of one log, and where they are. */
struct kept {
    char folder[CLI_TEXT_BYTES];
    uint64_t *seqs;
    size_t count;
};

/** A kept receipt, read and taken apart; much of it, so not on the stack. */
struct opened {
    struct receipt receipt;
    struct receipt_text storage;
    struct record record;
    struct record_text text;
    char bytes[RECEIPT_BYTES_MAX];
    size_t size;
};

/* ------------------------------------------------------------------- folder */

static int
compare(const void *left, const void *right)
{
    uint64_t a, b;

    memcpy(&a, left, sizeof(a));
    memcpy(&b, right, sizeof(b));
    return a < b ? -1 : a > b;
}

static bool
add_seq(struct kept *kept, uint64_t seq)
{
    enum { STEP = 256 };
    uint64_t *more;

    if (kept->count % STEP == 0) {
        more = kept->count >= RECEIPTS_MAX
                   ? NULL
                   : realloc(kept->seqs, (kept->count + STEP) * sizeof(*more));
        if (more == NULL)
            return false;
        kept->seqs = more;
    }
    kept->seqs[kept->count++] = seq;
    return true;
}

/** The receipts of the log that the client talks to, by number. */
static int
find_receipts(struct cli *cli, struct auction_client *client, struct kept *out)
{
    char state[CLI_TEXT_BYTES], log[AUCTION_LOG_NAME_BYTES], number[32];
    struct auction_result result;
    struct dirent *entry;
    uint64_t seq;
    DIR *dir;
    int code = 0;

    *out = (struct kept){.count = 0};
    if (auction_check_log(client, &result) != AUCTION_ACCEPTED)
        code = show_error(cli, "receipts", &result, NULL);
    auction_result_release(&result);
    if (code != 0 || !cli_state_dir(state))
        return code;
    if (snprintf(out->folder, sizeof(out->folder), "%s/receipts/%s", state,
                 auction_log_name(client, log)) >= (int)sizeof(out->folder))
        return AUCTION_LOCAL_FAILURE;
    dir = opendir(out->folder);
    while (dir != NULL && code == 0 && (entry = readdir(dir)) != NULL) {
        snprintf(number, sizeof(number), "%.*s",
                 (int)strcspn(entry->d_name, "."), entry->d_name);
        if (id_parse(&seq, number) && !add_seq(out, seq))
            code = AUCTION_LOCAL_FAILURE;
    }
    if (dir != NULL)
        closedir(dir);
    if (out->count > 0)
        qsort(out->seqs, out->count, sizeof(*out->seqs), compare);
    return code;
}

static bool
open_receipt(const struct kept *kept, uint64_t seq, struct opened *out)
{
    char path[PATH_MAX_BYTES];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%llu.receipt", kept->folder,
             (unsigned long long)seq);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    out->size = fread(out->bytes, 1, sizeof(out->bytes), file);
    fclose(file);
    return receipt_parse(&out->receipt, &out->storage, out->bytes, out->size) ==
               ERR_OK &&
           record_decode(out->receipt.record, out->receipt.record_size,
                         &out->record, &out->text) == ERR_OK;
}

/* ----------------------------------------------------------------- receipts */

static bool
add_receipt(struct sheet *sheet, const struct kept *kept, uint64_t seq,
            struct opened *o)
{
    char number[24], when[INSTANT_TEXT_BYTES] = "", auction[24] = "",
                     why[64] = "cannot be read";
    const char *type = "?";
    const char *cells[] = {number, when, type, auction, why};
    json_t *item = NULL;
    bool is_good;

    number_text(number, (int64_t)seq);
    if (open_receipt(kept, seq, o)) {
        cells[2] = record_type_text(o->record.type);
        instant_format(when, instant_of(o->record.t));
        if (RECORD_HAS(&o->record, auction))
            number_text(auction, o->record.auction);
        snprintf(why, sizeof(why), "%.*s",
                 RECORD_HAS(&o->record, reason) ? (int)o->record.reason.size
                                                : 0,
                 RECORD_HAS(&o->record, reason) ? o->record.reason.bytes : "");
        item = json_loadb(o->receipt.record, o->receipt.record_size, 0, NULL);
    }
    is_good = sheet_add(sheet, item, cells);
    json_decref(item);
    return is_good;
}

static int
list_receipts(struct cli *cli, const struct kept *kept)
{
    static const char *const columns[] = {"SEQ",     "TIME",    "TYPE",
                                          "AUCTION", "REFUSED", NULL};
    struct opened *opened = malloc(sizeof(*opened));
    struct sheet *sheet;
    bool is_good;

    if (cli_form(cli) == FORM_JSON)
        snprintf(cli->output, sizeof(cli->output), "jsonl");
    sheet = sheet_create(cli, columns);
    is_good = sheet != NULL && opened != NULL;
    for (size_t i = 0; is_good && i < kept->count; i++)
        is_good = add_receipt(sheet, kept, kept->seqs[i], opened);
    sheet_finish(&sheet);
    free(opened);
    return is_good ? 0 : AUCTION_LOCAL_FAILURE;
}

static int
show_receipt(const struct kept *kept, uint64_t seq)
{
    struct opened *o = malloc(sizeof(*o));
    int code = AUCTION_NOT_FOUND;

    if (o != NULL && open_receipt(kept, seq, o)) {
        fwrite(o->bytes, 1, o->size, stdout);
        code = 0;
    } else
        fprintf(stderr, "auction: no receipt %llu is kept in '%s'\n",
                (unsigned long long)seq, kept->folder);
    free(o);
    return code;
}

/** Each kept receipt proved once more under the log's key. */
static int
check_receipts(struct cli *cli, struct auction_client *client,
               const struct kept *kept)
{
    struct opened *o = malloc(sizeof(*o));
    struct auction_result result;
    size_t bad = 0;

    for (size_t i = 0; o != NULL && i < kept->count; i++) {
        bool is_read = open_receipt(kept, kept->seqs[i], o);

        if (is_read && auction_verify_receipt(client, o->bytes, o->size,
                                              &result) == AUCTION_ACCEPTED) {
            auction_result_release(&result);
            continue;
        }
        bad++;
        fprintf(stderr, "auction: receipt %llu: %s\n",
                (unsigned long long)kept->seqs[i],
                is_read ? plain(result.message) : "cannot be read");
        if (is_read)
            auction_result_release(&result);
    }
    if (cli_talks(cli))
        printf("%zu of %zu receipts are good\n", kept->count - bad,
               kept->count);
    free(o);
    return o == NULL || bad > 0 ? AUCTION_LOCAL_FAILURE : 0;
}

static error_t
parse_receipts(int key, char *argument, struct argp_state *state)
{
    return words_take(state->input, key, argument, state);
}

static int
run_receipts(struct cli *cli, struct auction_client *client,
             const struct words *words)
{
    const char *word = words->count == 0 ? "list" : words->at[0];
    struct kept kept;
    uint64_t seq = 0;
    int code = find_receipts(cli, client, &kept);

    if (code == 0 && strcmp(word, "list") == 0 && words->count < 2)
        code = list_receipts(cli, &kept);
    else if (code == 0 && strcmp(word, "check") == 0 && words->count < 2)
        code = check_receipts(cli, client, &kept);
    else if (code == 0 && strcmp(word, "show") == 0 && words->count == 2 &&
             id_parse(&seq, words->at[1]))
        code = show_receipt(&kept, seq);
    else if (code == 0)
        code = usage_error("receipts: list, check, or show SEQ");
    free(kept.seqs);
    return code;
}

int
command_receipts(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse_receipts,
        .args_doc = "[list|check|show SEQ]",
        .doc = "List the kept receipts of this server's log, prove each of "
               "them again, or print one."};
    struct words words = {.maximum = 2};
    struct auction_client *client;
    int code = 0;

    cli_parse(cli, &argp, &words, NULL, argc, argv);
    client = cli_client(cli, &code);
    if (client == NULL)
        return code;
    code = run_receipts(cli, client, &words);
    auction_close(&client);
    return code;
}

/* --------------------------------------------------------------------- bids */

static bool
is_bid(const struct record *record)
{
    const char *type = record_type_text(record->type);

    return strcmp(type, "bid.accepted") == 0 ||
           strcmp(type, "buy.accepted") == 0 ||
           strcmp(type, "take.accepted") == 0 ||
           strcmp(type, "commit.accepted") == 0;
}

/** One own bid as the server sees it now; another account's is skipped. */
static bool
add_standing(struct auction_client *client, struct sheet *sheet, uint64_t seq)
{
    char path[64], number[24], max[24], price[24];
    struct auction_result result;
    json_t *bid = NULL;
    bool is_good = true;

    snprintf(path, sizeof(path), "/v1/bids/%llu", (unsigned long long)seq);
    if (auction_call(client, "GET", path, NULL, NULL, &result) ==
        AUCTION_ACCEPTED)
        bid = json_loadb(result.body, result.body_size, 0, NULL);
    if (bid != NULL) {
        const char *cells[] = {
            number, text_of(bid, "auction"), text_of(bid, "at"), max,
            price,  text_of(bid, "standing")};

        number_text(number, (int64_t)seq);
        number_text(max, int_of(bid, "max"));
        number_text(price, int_of(bid, "price"));
        is_good = sheet_add(sheet, bid, cells);
    }
    json_decref(bid);
    auction_result_release(&result);
    return is_good;
}

int
bids_of_mine(struct cli *cli, int limit)
{
    static const char *const columns[] = {
        "SEQ", "AUCTION", "TIME", "#MAXIMUM", "#PRICE", "STANDING", NULL};
    struct opened *opened = malloc(sizeof(*opened));
    struct auction_client *client;
    struct sheet *sheet = NULL;
    struct kept kept = {.count = 0};
    int code = 0;

    client = cli_client(cli, &code);
    if (client != NULL && opened != NULL &&
        (code = find_receipts(cli, client, &kept)) == 0) {
        if (cli_form(cli) == FORM_JSON)
            snprintf(cli->output, sizeof(cli->output), "jsonl");
        sheet = sheet_create(cli, columns);
        for (size_t i = kept.count; sheet != NULL && i-- > 0 && limit > 0;)
            if (open_receipt(&kept, kept.seqs[i], opened) &&
                is_bid(&opened->record) && limit-- > 0 &&
                !add_standing(client, sheet, kept.seqs[i]))
                code = AUCTION_LOCAL_FAILURE;
        if (sheet == NULL)
            code = AUCTION_LOCAL_FAILURE;
    }
    sheet_finish(&sheet);
    free(kept.seqs);
    free(opened);
    auction_close(&client);
    return code;
}
