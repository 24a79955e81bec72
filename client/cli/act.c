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
    note_size = 0;
    if (auction_warning(client)[0] != '\0')
        fprintf(stderr, "auction: %s\n", auction_warning(client));
    keep_receipt(cli, client, result);
    if (result->outcome != AUCTION_ACCEPTED)
        return show_error(cli, what, result, currency);
    if (cli_wants_json(cli))
        fputs(result->body, stdout);
    return 0;
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
