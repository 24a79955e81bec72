/* SPDX-License-Identifier: Apache-2.0 */
/*
 * context: servers and certificates under a name, in one file.
 */
#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FROM = 256, NAME_BYTES_MAX = 63 };

/* The members of a context, in the order of the file. */
static const char *const members[] = {"server", "cert",   "key",      "ca",
                                      "crl",    "policy", "passfile", "output"};

enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

struct context_arguments {
    struct words words;
    const char *from;
};

/* ------------------------------------------------------------------ writing */

static void
write_member(FILE *file, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    fprintf(file, "  %s = \"", name);
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            fputc('\\', file);
        fputc(*value, file);
    }
    fputs("\"\n", file);
}

static void
write_all(FILE *file, cfg_t *cfg, const char *current)
{
    fprintf(file, "current = \"%s\"\n", current);
    for (unsigned i = 0; i < cfg_size(cfg, "context"); i++) {
        cfg_t *context = cfg_getnsec(cfg, "context", i);

        fprintf(file, "context \"%s\" {\n", cfg_title(context));
        for (size_t m = 0; m < MEMBERS; m++)
            write_member(file, members[m], cfg_getstr(context, members[m]));
        fputs("}\n", file);
    }
}

/** The whole file again, in one step. */
static int
save(const struct cli *cli, cfg_t *cfg, const char *current)
{
    char temporary[CLI_TEXT_BYTES + 8];
    FILE *file = NULL;
    bool is_good;
    int fd;

    snprintf(temporary, sizeof(temporary), "%s.XXXXXX", cli->config);
    fd = cli_make_parents(cli->config) ? mkostemp(temporary, O_CLOEXEC) : -1;
    if (fd >= 0)
        file = fdopen(fd, "w");
    if (file == NULL) {
        fprintf(stderr, "auction: cannot write '%s': %s\n", cli->config,
                strerror(errno));
        if (fd >= 0)
            close(fd);
        return AUCTION_LOCAL_FAILURE;
    }
    write_all(file, cfg, current);
    is_good = fflush(file) == 0 && fsync(fd) == 0 && ferror(file) == 0;
    is_good = fclose(file) == 0 && is_good;
    if (is_good && rename(temporary, cli->config) == 0)
        return 0;
    fprintf(stderr, "auction: cannot write '%s': %s\n", cli->config,
            strerror(errno));
    unlink(temporary);
    return AUCTION_LOCAL_FAILURE;
}

/* ------------------------------------------------------------------- adding */

static bool
is_name(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    return size > 0 && size <= NAME_BYTES_MAX && name[size] == '\0' &&
           name[0] != '-';
}

/** An absolute path of DIR/NAME, if that file exists; else "". */
static void
file_in(char out[CLI_TEXT_BYTES], const char *dir, const char *name)
{
    char path[CLI_TEXT_BYTES], whole[CLI_TEXT_BYTES];

    if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= CLI_TEXT_BYTES ||
        access(path, F_OK) != 0 || realpath(path, whole) == NULL)
        return;
    snprintf(out, CLI_TEXT_BYTES, "%s", whole);
}

/** NAME.key of the folder with its NAME.pem: there must be exactly one. */
static bool
find_pair(struct cli *cli, const char *dir)
{
    DIR *folder = opendir(dir);
    struct dirent *entry;
    int count = 0;

    if (folder == NULL) {
        fprintf(stderr, "auction: cannot read '%s': %s\n", dir,
                strerror(errno));
        return false;
    }
    while ((entry = readdir(folder)) != NULL) {
        size_t size = strlen(entry->d_name);
        char name[sizeof(entry->d_name) + 1];

        if (size < 5 || strcmp(entry->d_name + size - 4, ".key") != 0)
            continue;
        count++;
        file_in(cli->key, dir, entry->d_name);
        snprintf(name, sizeof(name), "%.*s.pem", (int)size - 4, entry->d_name);
        file_in(cli->cert, dir, name);
    }
    closedir(folder);
    if (count == 1 && cli->cert[0] != '\0')
        return true;
    fprintf(stderr,
            "auction: '%s' has not exactly one NAME.key with its NAME.pem\n",
            dir);
    return false;
}

/** The server's address, which a laboratory's folder has in a file. */
static void
find_server(struct cli *cli, const char *dir)
{
    struct cli other = {.server = ""};
    cfg_t *cfg;

    file_in(other.config, dir, "auction.conf");
    if (cli->server[0] != '\0' || other.config[0] == '\0')
        return;
    cfg = settings_open(&other);
    if (cfg != NULL && cfg_size(cfg, "context") > 0)
        snprintf(cli->server, CLI_TEXT_BYTES, "%s",
                 cfg_getstr(cfg_getnsec(cfg, "context", 0), "server"));
    if (cfg != NULL)
        cfg_free(cfg);
}

/** What auction-ca leaves: NAME.key NAME.pem ca.pem crl.pem. */
static bool
read_folder(struct cli *cli, const char *dir)
{
    if (!find_pair(cli, dir))
        return false;
    file_in(cli->ca, dir, "ca.pem");
    file_in(cli->crl, dir, "crl.pem");
    find_server(cli, dir);
    return true;
}

static int
add(struct cli *cli, cfg_t *cfg, const char *name, const char *from)
{
    const char *values[MEMBERS] = {cli->server,   cli->cert,  cli->key,
                                   cli->ca,       cli->crl,   cli->policy,
                                   cli->passfile, cli->output};
    char text[128];
    cfg_t *context;

    if (!is_name(name))
        return usage_error("'%s' is not a name for a context: letters, digits "
                           "and . _ -",
                           plain(name));
    if (from != NULL && !read_folder(cli, from))
        return AUCTION_LOCAL_FAILURE;
    if (cli->server[0] == '\0' || cli->cert[0] == '\0' || cli->key[0] == '\0' ||
        cli->ca[0] == '\0')
        return usage_error("context add: give --server and --from DIR, or "
                           "--server, --cert, --key and --ca");
    (void)cfg_rmtsec(cfg, "context", name); /* the new one replaces it */
    snprintf(text, sizeof(text), "context \"%s\" {}\n", name);
    if (cfg_parse_buf(cfg, text) != CFG_SUCCESS ||
        (context = cfg_gettsec(cfg, "context", name)) == NULL)
        return AUCTION_LOCAL_FAILURE;
    for (size_t m = 0; m < MEMBERS; m++)
        if (cfg_setstr(context, members[m], values[m]) != CFG_SUCCESS)
            return AUCTION_LOCAL_FAILURE;
    return save(cli, cfg, name);
}

/* ----------------------------------------------------------------- commands */

static int
list(cfg_t *cfg)
{
    const char *current = cfg_getstr(cfg, "current");

    for (unsigned i = 0; i < cfg_size(cfg, "context"); i++) {
        cfg_t *context = cfg_getnsec(cfg, "context", i);
        printf("%s %-12s %s\n",
               strcmp(cfg_title(context), current) == 0 ? "*" : " ",
               cfg_title(context), plain(cfg_getstr(context, "server")));
    }
    return 0;
}

static int
show(struct cli *cli)
{
    if (!settings_load(cli))
        return AUCTION_USAGE;
    printf("file     %s\nserver   %s\ncert     %s\nkey      %s\nca       %s\n"
           "crl      %s\n",
           cli->config, plain(cli->server), cli->cert, cli->key, cli->ca,
           cli->crl[0] == '\0' ? "none" : cli->crl);
    return 0;
}

static int
use(struct cli *cli, cfg_t *cfg, const char *name)
{
    if (cfg_gettsec(cfg, "context", name) == NULL)
        return usage_error("no context '%s' in '%s'", plain(name), cli->config);
    return save(cli, cfg, name);
}

static int
forget(struct cli *cli, cfg_t *cfg, const char *name)
{
    char current[NAME_BYTES_MAX + 1];

    snprintf(current, sizeof(current), "%s", cfg_getstr(cfg, "current"));
    if (cfg_rmtsec(cfg, "context", name) != CFG_SUCCESS)
        return usage_error("no context '%s' in '%s'", plain(name), cli->config);
    return save(cli, cfg, strcmp(current, name) == 0 ? "" : current);
}

static int
run(struct cli *cli, cfg_t *cfg, const struct context_arguments *a)
{
    const char *word = a->words.count == 0 ? "list" : a->words.at[0];
    const char *name = a->words.at[1];
    bool has_name = a->words.count == 2;

    if (strcmp(word, "list") == 0 && !has_name)
        return list(cfg);
    if (strcmp(word, "show") == 0) {
        if (has_name)
            snprintf(cli->context, sizeof(cli->context), "%s", name);
        return show(cli);
    }
    if (strcmp(word, "use") == 0 && has_name)
        return use(cli, cfg, name);
    if (strcmp(word, "remove") == 0 && has_name)
        return forget(cli, cfg, name);
    if (strcmp(word, "add") == 0 && has_name)
        return add(cli, cfg, name, a->from);
    return usage_error("context: list, show [NAME], use NAME, remove NAME, or "
                       "add NAME --from DIR");
}

static error_t
parse_context(int key, char *argument, struct argp_state *state)
{
    struct context_arguments *a = state->input;

    if (key != KEY_FROM)
        return words_take(&a->words, key, argument, state);
    a->from = argument;
    return 0;
}

int
command_context(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"from", KEY_FROM, "DIR", 0,
         "add: the folder that auction-ca install or lab has made", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_context,
        .args_doc = "list|show [NAME]|add NAME|use NAME|remove NAME",
        .doc = "Save servers and certificates under a name. 'add' takes "
               "--from, or --server, --cert, --key and --ca."};
    struct context_arguments a = {.words = {.maximum = 2}};
    cfg_t *cfg;
    int code;

    cli_parse(cli, &argp, &a, NULL, argc, argv);
    settings_find(cli);
    cfg = settings_open(cli);
    if (cfg == NULL)
        return AUCTION_USAGE;
    code = run(cli, cfg, &a);
    cfg_free(cfg);
    return code;
}
