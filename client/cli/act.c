/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all commands that change something share: the key under which they
 * may be repeated, what Ctrl-C says about it, and the receipts that are kept.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INTERRUPTED = 130, NOTE_BYTES = 160 };

/* What a signal handler may write: made before it is announced by its size. */
static char note[NOTE_BYTES];
static volatile sig_atomic_t note_size;

/* ------------------------------------------------------------- interruptions
 */

static void
interrupted(int signal_number)
{
    ssize_t ignored = write(STDERR_FILENO, note, (size_t)note_size);

    (void)signal_number, (void)ignored;
    _exit(INTERRUPTED);
}

void
act_catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = interrupted};

    sigemptyset(&action.sa_mask);
    CHECK(sigaction(SIGINT, &action, NULL) == 0);
}

int
act_begin(struct act *act)
{
    if (act->request != NULL && !key_parse(act->key, act->request))
        return usage_error("'%s' is not a request key: 32 hex digits",
                           plain(act->request));
    if (act->request == NULL && !auction_make_key(act->key)) {
        fprintf(stderr, "auction: no random bytes\n");
        return AUCTION_LOCAL_FAILURE;
    }
    snprintf(note, sizeof(note),
             "\nauction: interrupted; whether it was done is unknown: repeat "
             "with --request %s\n",
             act->key);
    note_size = (sig_atomic_t)strlen(note);
    return 0;
}

/* ------------------------------------------------------------------ receipts
 */

/** STATE/receipts/LOG/SEQ.receipt, its folders made. */
static bool
receipt_path(struct auction_client *client, uint64_t seq, char *path,
             size_t capacity)
{
    char state[CLI_TEXT_BYTES], log[AUCTION_LOG_NAME_BYTES];

    return cli_state_dir(state) &&
           snprintf(path, capacity, "%s/receipts/%s/%llu.receipt", state,
                    auction_log_name(client, log),
                    (unsigned long long)seq) < (int)capacity &&
           cli_make_parents(path);
}

static bool
write_receipt(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
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

/** Every receipt is worth keeping: it proves its record, for ever. */
static void
keep_receipt(const struct cli *cli, struct auction_client *client,
             const struct auction_result *result)
{
    char path[CLI_TEXT_BYTES + 512];

    if (result->receipt == NULL)
        return;
    errno = 0;
    if (!receipt_path(client, result->seq, path, sizeof(path)) ||
        !write_receipt(path, result->receipt))
        fprintf(stderr, "auction: the receipt cannot be kept: %s\n",
                errno == 0 ? "no folder for it" : strerror(errno));
    else if (cli->verbosity > 0)
        fprintf(stderr, "receipt kept in %s\n", path);
}

int
act_end(struct cli *cli, struct auction_client *client, const char *what,
        const struct auction_result *result, const char *currency)
{
    json_t *object;

    note_size = 0;
    if (auction_warning(client)[0] != '\0')
        fprintf(stderr, "auction: %s\n", auction_warning(client));
    keep_receipt(cli, client, result);
    if (result->outcome != AUCTION_ACCEPTED)
        return show_error(cli, what, result, currency);
    object = json_loadb(result->body, result->body_size, 0, NULL);
    (void)put_object(cli, object, result->body);
    json_decref(object);
    return 0;
}

/* --------------------------------------------------------------------- deeds
 */

static void
deed_path(const struct deed *deed, char *path, size_t capacity)
{
    const char *cmd = deed->cmd == NULL ? deed->what : deed->cmd;

    if (deed->account != NULL)
        snprintf(path, capacity, "/v1/admin/accounts/%s/%s", deed->account,
                 cmd);
    else
        snprintf(path, capacity, "/v1/auctions/%llu/%s",
                 (unsigned long long)deed->auction, cmd);
}

static void
print_done(const struct deed *deed, const struct auction_result *result)
{
    printf("%s done; receipt %llu verified\n", deed->what,
           (unsigned long long)result->seq);
}

static int
send_deed(struct cli *cli, struct auction_client *client,
          const struct deed *deed, const char *text, struct act *act,
          deed_print *print)
{
    const char *cmd = deed->cmd == NULL ? deed->what : deed->cmd;
    struct auction_result result;
    int code = act_begin(act);

    if (code != 0)
        return code;
    if (deed->account != NULL)
        auction_admin(client, deed->account, cmd, text, act->key,
                      !act->is_unsigned, &result);
    else
        auction_command(client, deed->auction, cmd, text, act->key,
                        !act->is_unsigned, &result);
    code = act_end(cli, client, deed->what, &result, deed->currency);
    if (code == 0 && cli_talks(cli))
        (print == NULL ? print_done : print)(deed, &result);
    auction_result_release(&result);
    return code;
}

int
act_do(struct cli *cli, struct auction_client *client, const struct deed *deed,
       struct act *act, deed_print *print)
{
    char path[CLI_TEXT_BYTES];
    char *text =
        deed->fields == NULL ? NULL : json_dumps(deed->fields, JSON_COMPACT);
    int code = 0;

    json_decref(deed->fields);
    if (text == NULL)
        return usage_error("%s: a text is not UTF-8", deed->what);
    deed_path(deed, path, sizeof(path));
    if (!cli_curl(cli, "POST", path, text))
        code = send_deed(cli, client, deed, text, act, print);
    free(text);
    return code;
}

int
act_do_alone(struct cli *cli, const struct deed *deed, struct act *act,
             deed_print *print)
{
    struct auction_client *client;
    int code = 0;

    client = cli_client(cli, &code);
    if (client == NULL) {
        json_decref(deed->fields);
        return code;
    }
    code = act_do(cli, client, deed, act, print);
    auction_close(&client);
    return code;
}

bool
act_confirm(const struct cli *cli, const char *question)
{
    char answer[16];

    if (cli->says_yes || isatty(STDIN_FILENO) == 0)
        return true;
    fprintf(stderr, "%s? [y/N] ", question);
    return fgets(answer, sizeof(answer), stdin) != NULL &&
           (answer[0] == 'y' || answer[0] == 'Y');
}
