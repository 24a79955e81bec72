/* SPDX-License-Identifier: Apache-2.0 */
/*
 * completion: scripts for bash, zsh and fish, made of the table of commands
 * and of the options that each of them really has.
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OPTIONS_BYTES = 4096 };

/** What a command says of its options, in a process that ends with it. */
static bool
ask_options(const struct command_row *row, char out[OPTIONS_BYTES])
{
    int pipe_ends[2], status = 1;
    size_t used = 0;
    ssize_t n = 1;
    pid_t child;

    if (fflush(stdout) != 0 || pipe(pipe_ends) != 0)
        return false;
    child = fork();
    if (child == 0) {
        struct cli cli = {.is_described = true};
        char name[64];
        char *argv[] = {name, NULL};

        snprintf(name, sizeof(name), "%s", row->name);
        (void)dup2(pipe_ends[1], STDOUT_FILENO);
        _exit(row->run(&cli, 1, argv));
    }
    close(pipe_ends[1]);
    while (child > 0 && n != 0 && used < OPTIONS_BYTES - 1) {
        n = read(pipe_ends[0], out + used, OPTIONS_BYTES - 1 - used);
        if (n < 0 && errno != EINTR)
            break;
        used += n > 0 ? (size_t)n : 0;
    }
    out[used] = '\0';
    close(pipe_ends[0]);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return child > 0 && status == 0;
}

/* --------------------------------------------------------------------- bash */

static void
put_words(const char *options)
{
    for (; *options != '\0'; options++)
        putchar(*options == '\n' ? ' ' : *options);
}

static bool
print_bash(void)
{
    char options[OPTIONS_BYTES];

    fputs("# bash completion for auction; source it\n_auction() {\n"
          "\tlocal word=${COMP_WORDS[COMP_CWORD]} command= options= i\n"
          "\tlocal commands='help version",
          stdout);
    for (size_t i = 0; i < command_count; i++)
        printf(" %s", command_table[i].name);
    fputs("'\n\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
          "\t\tcase \" $commands \" in *\" ${COMP_WORDS[i]} \"*)\n"
          "\t\t\tcommand=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n"
          "\tcase $command in\n",
          stdout);
    for (size_t i = 0; i < command_count; i++) {
        if (!ask_options(&command_table[i], options))
            return false;
        printf("\t%s) options='", command_table[i].name);
        put_words(options);
        fputs("' ;;\n", stdout);
    }
    fputs("\thelp | '') options=$commands ;;\n\tesac\n"
          "\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
          "\t[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace\n}\n"
          "complete -o default -F _auction auction\n",
          stdout);
    return true;
}

/* ---------------------------------------------------------------- zsh, fish */

/** Each option of a command by a format with its name and whether it takes a
 * value. */
static void
each_option(char *options, void (*put)(const char *name, bool has_value))
{
    char *rest = options, *line;

    while ((line = strtok_r(rest, "\n", &rest)) != NULL) {
        size_t size = strlen(line);
        bool has_value = size > 0 && line[size - 1] == '=';

        if (has_value)
            line[size - 1] = '\0';
        put(line + 2, has_value);
    }
}

static void
put_zsh(const char *name, bool has_value)
{
    printf(" '--%s%s'", name, has_value ? "=:value:_files" : "");
}

static bool
print_zsh(void)
{
    char options[OPTIONS_BYTES];

    fputs("#compdef auction\n_auction() {\n\tlocal -a commands\n\tlocal "
          "command=${words[(r)",
          stdout);
    for (size_t i = 0; i < command_count; i++)
        printf("%s%s", i == 0 ? "(" : "|", command_table[i].name);
    fputs(")]}\n\tcommands=(\n", stdout);
    for (size_t i = 0; i < command_count; i++)
        printf("\t\t'%s:%s'\n", command_table[i].name, command_table[i].does);
    fputs("\t)\n\tcase $command in\n", stdout);
    for (size_t i = 0; i < command_count; i++) {
        if (!ask_options(&command_table[i], options))
            return false;
        printf("\t%s) _arguments", command_table[i].name);
        each_option(options, put_zsh);
        fputs(" '*:argument:_files' ;;\n", stdout);
    }
    fputs("\t*) _describe command commands ;;\n\tesac\n}\n_auction \"$@\"\n",
          stdout);
    return true;
}

static const char *fish_command;

static void
put_fish(const char *name, bool has_value)
{
    printf("complete -c auction -n '__fish_seen_subcommand_from %s' -l %s%s\n",
           fish_command, name, has_value ? " -r" : "");
}

static bool
print_fish(void)
{
    char options[OPTIONS_BYTES];

    fputs("# fish completion for auction\n", stdout);
    for (size_t i = 0; i < command_count; i++)
        printf("complete -c auction -n __fish_use_subcommand -a %s -d '%s'\n",
               command_table[i].name, command_table[i].does);
    for (size_t i = 0; i < command_count; i++) {
        if (!ask_options(&command_table[i], options))
            return false;
        fish_command = command_table[i].name;
        each_option(options, put_fish);
    }
    return true;
}

static error_t
parse_completion(int key, char *argument, struct argp_state *state)
{
    return words_take(state->input, key, argument, state);
}

int
command_completion(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse_completion,
        .args_doc = "bash|zsh|fish",
        .doc = "Print completion for a shell: source <(auction completion "
               "bash)"};
    struct words words = {.minimum = 1, .maximum = 1};
    bool is_good;

    cli_parse(cli, &argp, &words, NULL, argc, argv);
    if (strcmp(words.at[0], "bash") == 0)
        is_good = print_bash();
    else if (strcmp(words.at[0], "zsh") == 0)
        is_good = print_zsh();
    else if (strcmp(words.at[0], "fish") == 0)
        is_good = print_fish();
    else
        return usage_error("completion: bash, zsh or fish");
    return is_good ? 0 : AUCTION_LOCAL_FAILURE;
}
