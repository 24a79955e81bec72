/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openings: what is kept of sealed bids, here and in a file for another
 * machine. No server is asked.
 */
#include "cli.h"
#include "opening.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/ui.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_PASSPHRASE_FILE = 256, PASSPHRASE_BYTES = 512 };
enum { EXPORT_BYTES_MAX = 64 << 20, PASSPHRASE_BYTES_MIN = 8 };

struct openings_arguments {
    struct words words;
    const char *passphrase_file;
};

static error_t
parse_openings(int key, char *argument, struct argp_state *state)
{
    struct openings_arguments *a = state->input;

    if (key != KEY_PASSPHRASE_FILE)
        return words_take(&a->words, key, argument, state);
    a->passphrase_file = argument;
    return 0;
}

/* --------------------------------------------------------------- passphrase */

/** The first line of a file that only its owner can read. */
static bool
read_passphrase_file(const char *path, char out[PASSPHRASE_BYTES])
{
    FILE *file = fopen(path, "re");
    struct stat info;
    bool is_good = false;

    if (file == NULL)
        fprintf(stderr, "auction: cannot read '%s': %s\n", plain(path),
                strerror(errno));
    else if (fstat(fileno(file), &info) != 0 ||
             (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        fprintf(stderr, "auction: '%s' can be read by others: chmod 600 '%s'\n",
                plain(path), plain(path));
    else
        is_good = fgets(out, PASSPHRASE_BYTES, file) != NULL;
    if (file != NULL)
        fclose(file);
    if (is_good)
        out[strcspn(out, "\r\n")] = '\0';
    return is_good;
}

/** Ask on the terminal, without echo; twice when it is new. */
static bool
ask_passphrase(char out[PASSPHRASE_BYTES], bool is_new)
{
    char again[PASSPHRASE_BYTES] = "";
    UI *ui = UI_new();
    bool is_good;

    is_good =
        ui != NULL &&
        UI_add_input_string(ui, "Passphrase of the export: ", 0, out, 0,
                            PASSPHRASE_BYTES - 1) >= 0 &&
        (!is_new || UI_add_verify_string(ui, "Once more: ", 0, again, 0,
                                         PASSPHRASE_BYTES - 1, out) >= 0) &&
        UI_process(ui) == 0;
    UI_free(ui);
    OPENSSL_cleanse(again, sizeof(again));
    return is_good;
}

static bool
get_passphrase(const struct openings_arguments *a, bool is_new,
               char out[PASSPHRASE_BYTES])
{
    memset(out, 0, PASSPHRASE_BYTES);
    if (a->passphrase_file != NULL) {
        if (!read_passphrase_file(a->passphrase_file, out))
            return false;
    } else if (isatty(STDIN_FILENO) == 0) {
        usage_error("openings: there is no terminal to ask for the "
                    "passphrase on: give --passphrase-file FILE");
        return false;
    } else if (!ask_passphrase(out, is_new))
        return false;
    if (!is_new || strlen(out) >= PASSPHRASE_BYTES_MIN)
        return true;
    usage_error("openings: a passphrase has at least %d characters",
                PASSPHRASE_BYTES_MIN);
    return false;
}

/* -------------------------------------------------------------------- list */

static json_t *
opening_item(const struct auction_opening *o)
{
    return json_pack(
        "{s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:I, s:I, s:I}", "auction",
        (json_int_t)o->auction, "account", o->account, "state",
        auction_opening_state_text(o->state), "currency", o->currency, "amount",
        (json_int_t)o->amount, "quantity", (json_int_t)o->quantity, "cap",
        (json_int_t)o->cap, "c", o->c, "bid", (json_int_t)o->seq, "closes",
        (json_int_t)o->closes_ms, "reveal_ends", (json_int_t)o->reveal_ends_ms);
}

static bool
list_one(struct sheet *sheet, const struct auction_opening *o)
{
    char id[24], bid[24] = "-", amount[CLI_AMOUNT_BYTES], quantity[24],
                 from[INSTANT_TEXT_BYTES], to[INSTANT_TEXT_BYTES] = "-";
    const char *cells[] = {
        id,   o->account, auction_opening_state_text(o->state),
        bid,  quantity,   amount,
        from, to,         plain(o->title)};
    json_t *item = opening_item(o);
    bool is_good;

    number_text(id, (int64_t)o->auction);
    number_text(quantity, o->quantity);
    amount_text(amount, o->amount, o->currency);
    if (o->seq != 0)
        number_text(bid, (int64_t)o->seq);
    instant_format(from, instant_of(o->closes_ms));
    if (o->reveal_ends_ms > 0)
        instant_format(to, instant_of(o->reveal_ends_ms));
    is_good = sheet_add(sheet, item, cells);
    json_decref(item);
    return is_good;
}

static int
list(struct cli *cli, const struct auction_openings *all)
{
    static const char *const columns[] = {
        "AUCTION", "ACCOUNT", "STATE",  "BID",   "#QUANTITY",
        "#AMOUNT", "FROM",    "BEFORE", "TITLE", NULL};
    struct sheet *sheet;
    bool is_good;

    if (cli_form(cli) == FORM_JSON)
        snprintf(cli->output, sizeof(cli->output), "jsonl");
    sheet = sheet_create(cli, columns);
    is_good = sheet != NULL;
    for (size_t i = 0; is_good && i < all->count; i++)
        is_good = list_one(sheet, &all->items[i]);
    sheet_finish(&sheet);
    return is_good ? 0 : AUCTION_LOCAL_FAILURE;
}

/* ---------------------------------------------------------- export, import */

/** A new file of mode 0600, synced; an existing one is left alone. */
static bool
write_new(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    bool is_good;

    if (file == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    is_good = fputs(text, file) >= 0 && fflush(file) == 0 && fsync(fd) == 0;
    return fclose(file) == 0 && is_good;
}

static int
export_all(struct cli *cli, const struct openings_arguments *a,
           const struct auction_openings *all)
{
    char passphrase[PASSPHRASE_BYTES];
    struct auction_result result;
    const char *path = a->words.at[1];
    char *text = NULL;
    int code = 0;

    if (!get_passphrase(a, true, passphrase))
        return AUCTION_USAGE;
    auction_openings_seal(all, passphrase, &text, &result);
    OPENSSL_cleanse(passphrase, sizeof(passphrase));
    if (result.outcome != AUCTION_ACCEPTED)
        return show_error(cli, "export", &result, NULL);
    if (!write_new(path, text)) {
        fprintf(stderr, "auction: cannot write '%s': %s\n", plain(path),
                strerror(errno));
        code = AUCTION_LOCAL_FAILURE;
    } else if (!cli->is_quiet)
        printf("%zu openings in '%s'\n", all->count, plain(path));
    free(text);
    return code;
}

/** The whole file, terminated; NULL after a message. */
static char *
read_export(const char *path, size_t *size_out)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;

    if (file != NULL)
        text = malloc(EXPORT_BYTES_MAX + 1);
    if (text != NULL) {
        *size_out = fread(text, 1, EXPORT_BYTES_MAX, file);
        text[*size_out] = '\0';
        if (ferror(file) != 0 || *size_out == EXPORT_BYTES_MAX) {
            free(text);
            text = NULL;
        }
    }
    if (text == NULL)
        fprintf(stderr, "auction: cannot read '%s': %s\n", plain(path),
                strerror(errno));
    if (file != NULL)
        fclose(file);
    return text;
}

static int
import_all(struct cli *cli, const struct openings_arguments *a,
           const char *state)
{
    char passphrase[PASSPHRASE_BYTES];
    struct auction_openings from;
    struct auction_result result;
    size_t size = 0, added = 0;
    char *text = read_export(a->words.at[1], &size);
    int code = 0;

    if (text == NULL)
        return AUCTION_LOCAL_FAILURE;
    if (!get_passphrase(a, false, passphrase)) {
        free(text);
        return AUCTION_USAGE;
    }
    if (auction_openings_unseal(&from, passphrase, text, size, &result) !=
            AUCTION_ACCEPTED ||
        auction_openings_merge(state, &from, &added, &result) !=
            AUCTION_ACCEPTED)
        code = show_error(cli, "import", &result, NULL);
    else if (!cli->is_quiet)
        printf("%zu openings read, %zu of them new here\n", from.count, added);
    OPENSSL_cleanse(passphrase, sizeof(passphrase));
    auction_openings_release(&from);
    free(text);
    return code;
}

static int
run(struct cli *cli, const struct openings_arguments *a)
{
    const char *word = a->words.count == 0 ? "list" : a->words.at[0];
    bool has_file = a->words.count == 2;
    struct auction_openings all;
    struct auction_result result;
    char state[CLI_TEXT_BYTES];
    int code;

    if (!cli_state_dir(state)) {
        fprintf(stderr, "auction: no folder of openings: set HOME\n");
        return AUCTION_LOCAL_FAILURE;
    }
    if (strcmp(word, "import") == 0 && has_file)
        return import_all(cli, a, state);
    if (!(strcmp(word, "list") == 0 && !has_file) &&
        !(strcmp(word, "export") == 0 && has_file))
        return usage_error("openings: list, export FILE, or import FILE");
    if (auction_openings_load(state, &all, &result) != AUCTION_ACCEPTED)
        return show_error(cli, "openings", &result, NULL);
    if (all.damaged > 0)
        fprintf(stderr, "auction: %zu files cannot be read, such as '%s'\n",
                all.damaged, plain(all.damaged_path));
    code = has_file ? export_all(cli, a, &all) : list(cli, &all);
    auction_openings_release(&all);
    return code;
}

int
command_openings(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"passphrase-file", KEY_PASSPHRASE_FILE, "FILE", 0,
         "Its first line encrypts the export; else it is asked for", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_openings,
        .args_doc = "list|export FILE|import FILE",
        .doc = "Show the openings of sealed bids that this machine keeps, or "
               "take them to another, encrypted, so that it can reveal them."};
    struct openings_arguments a = {.words = {.maximum = 2}};

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    return run(cli, &a);
}
