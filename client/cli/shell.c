/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shell: the same commands at a prompt, with history and completion. Each
 * runs in a process of its own, so that one that fails ends nothing else.
 */
#include "cli.h"

#include <editline/readline.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HISTORY_LINES = 1000 };

/* ----------------------------------------------------------------- splitting
 */

/** One word: blanks separate, quotes and a backslash hold together. */
static bool
take_word(char **at, char **word_out)
{
    char *in = *at + strspn(*at, " \t"), *out = in, quote = '\0';

    *word_out = *in == '\0' ? NULL : in;
    for (; *in != '\0' && (quote != '\0' || (*in != ' ' && *in != '\t'));
         in++) {
        if (quote == '\0' && (*in == '"' || *in == '\''))
            quote = *in;
        else if (quote != '\0' && *in == quote)
            quote = '\0';
        else if (*in == '\\' && quote != '\'' && in[1] != '\0')
            *out++ = *++in;
        else
            *out++ = *in;
    }
    *at = *in == '\0' ? in : in + 1;
    *out = '\0';
    return quote == '\0';
}

/** The words of a line, which is overwritten; their number, -1 after a message.
 */
static int
split(char *line, char *words[CLI_WORDS_MAX + 1])
{
    int count = 0;

    for (;;) {
        if (!take_word(&line, &words[count])) {
            usage_error("a quote is not closed");
            return -1;
        }
        if (words[count] == NULL)
            return count;
        if (++count == CLI_WORDS_MAX) {
            usage_error("too many words");
            return -1;
        }
    }
}

/* ------------------------------------------------------------------- running
 */

static void
run_line(const struct cli *cli, int count, char **words)
{
    struct cli own = *cli;
    pid_t child;
    int status;

    fflush(stdout);
    child = fork();
    if (child < 0) {
        fprintf(stderr, "auction: cannot run it: %s\n", strerror(errno));
        return;
    }
    if (child == 0) {
        int code = command_run(&own, count, words);

        if (fflush(stdout) != 0 && code == 0)
            code = AUCTION_LOCAL_FAILURE;
        _exit(code);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        fprintf(stderr, "(exit %d)\n", WEXITSTATUS(status));
}

/** False ends the shell. */
static bool
take_line(const struct cli *cli, char *line)
{
    char *words[CLI_WORDS_MAX + 1];
    int count = split(line, words);

    if (count <= 0)
        return true;
    if (strcmp(words[0], "exit") == 0 || strcmp(words[0], "quit") == 0)
        return false;
    if (strcmp(words[0], "shell") == 0)
        usage_error("this is the shell");
    else
        run_line(cli, count, words);
    return true;
}

/* ---------------------------------------------------------------- completion
 */

static char *
next_command(const char *text, int state)
{
    static size_t at;

    if (state == 0)
        at = 0;
    while (at < command_count) {
        const char *name = command_table[at++].name;

        if (strncmp(name, text, strlen(text)) == 0)
            return strdup(name);
    }
    return NULL;
}

/** Commands for the first word; files, as usual, for others. */
static char **
complete(const char *text, int start, int end)
{
    (void)end;
    return start == 0 ? rl_completion_matches(text, next_command) : NULL;
}

/* --------------------------------------------------------------------- lines
 */

static bool
history_path(char path[CLI_TEXT_BYTES])
{
    char state[CLI_TEXT_BYTES];

    return cli_state_dir(state) &&
           snprintf(path, CLI_TEXT_BYTES, "%s/history", state) < CLI_TEXT_BYTES;
}

static void
talk(const struct cli *cli)
{
    char path[CLI_TEXT_BYTES], prompt[96], *line;
    bool has_path = history_path(path), goes_on = true;

    snprintf(prompt, sizeof(prompt), "auction%s%s> ",
             cli->context[0] == '\0' ? "" : ":", cli->context);
    using_history();
    stifle_history(HISTORY_LINES);
    rl_attempted_completion_function = complete;
    if (has_path)
        (void)read_history(path);
    while (goes_on && (line = readline(prompt)) != NULL) {
        if (line[0] != '\0')
            add_history(line);
        goes_on = take_line(cli, line);
        free(line);
    }
    if (has_path) {
        mode_t old = umask(0077);

        (void)write_history(path);
        umask(old);
    }
}

/** Lines of a file or a pipe: no prompt, no history. */
static void
listen(const struct cli *cli)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;

    while ((size = getline(&line, &capacity, stdin)) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '#' && !take_line(cli, line))
            break;
    }
    free(line);
}

static error_t
parse_shell(int key, char *argument, struct argp_state *state)
{
    return words_take(state->input, key, argument, state);
}

int
command_shell(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse_shell,
        .doc = "Take commands line by line, without 'auction' before them. "
               "What stands before 'shell' counts for all of them. 'exit' or "
               "the end of input ends it."};
    struct words words = {.maximum = 0};

    cli_parse(cli, &argp, &words, NULL, argc, argv);
    if (isatty(STDIN_FILENO) == 0) {
        listen(cli);
        return 0;
    }
    signal(SIGINT, SIG_IGN); /* Ctrl-C ends the command, not the shell */
    talk(cli);
    return 0;
}
