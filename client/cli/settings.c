/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where to connect and as whom: options, then environment, then the context
 * of the configuration file, then defaults.
 */
#include "cli.h"

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static cfg_opt_t context_options[] = {
    CFG_STR("server", "", CFGF_NONE),      CFG_STR("cert", "", CFGF_NONE),
    CFG_STR("key", "", CFGF_NONE),         CFG_STR("ca", "", CFGF_NONE),
    CFG_STR("output", "table", CFGF_NONE), CFG_END()};

static cfg_opt_t file_options[] = {
    CFG_STR("current", "", CFGF_NONE),
    CFG_SEC("context", context_options, CFGF_MULTI | CFGF_TITLE), CFG_END()};

/** "~/x" as a path; others as they are. */
static void
expand(char out[CLI_TEXT_BYTES], const char *path)
{
    const char *home = getenv("HOME");

    if (strncmp(path, "~/", 2) == 0 && home != NULL)
        snprintf(out, CLI_TEXT_BYTES, "%s/%s", home, path + 2);
    else
        snprintf(out, CLI_TEXT_BYTES, "%s", path);
}

static void
default_path(char out[CLI_TEXT_BYTES])
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

    if (xdg != NULL && xdg[0] == '/')
        snprintf(out, CLI_TEXT_BYTES, "%s/auction/auction.conf", xdg);
    else
        snprintf(out, CLI_TEXT_BYTES, "%s/.config/auction/auction.conf",
                 home == NULL ? "" : home);
}

bool
cli_state_dir(char path[CLI_TEXT_BYTES])
{
    const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char parent[CLI_TEXT_BYTES - 64];

    if (xdg != NULL && xdg[0] == '/')
        snprintf(parent, sizeof(parent), "%s", xdg);
    else if (home != NULL)
        snprintf(parent, sizeof(parent), "%s/.local/state", home);
    else
        return false;
    snprintf(path, CLI_TEXT_BYTES, "%s", parent);
    for (char *p = path + 1; *p != '\0'; p++)
        if (*p == '/') {
            *p = '\0';
            mkdir(path, 0700);
            *p = '/';
        }
    mkdir(path, 0700);
    snprintf(path, CLI_TEXT_BYTES, "%s/auction", parent);
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static void
take(char out[CLI_TEXT_BYTES], const char *variable, const char *configured)
{
    const char *value = getenv(variable);

    if (out[0] != '\0')
        return;
    expand(out, value != NULL ? value : configured == NULL ? "" : configured);
}

static cfg_t *
find_context(struct cli *cli, cfg_t *cfg)
{
    const char *wanted = cli->context[0] != '\0' ? cli->context
                         : getenv("AUCTION_CONTEXT") != NULL
                             ? getenv("AUCTION_CONTEXT")
                             : cfg_getstr(cfg, "current");

    if (wanted[0] == '\0')
        return NULL;
    return cfg_gettsec(cfg, "context", wanted);
}

static bool
read_file(struct cli *cli, cfg_t *cfg)
{
    int outcome = cfg_parse(cfg, cli->config);
    cfg_t *context;

    if (outcome == CFG_FILE_ERROR && cli->context[0] == '\0')
        return true; /* no file: options and environment may suffice */
    if (outcome != CFG_SUCCESS) {
        fprintf(stderr, "auction: cannot use '%s'%s\n", cli->config,
                outcome == CFG_FILE_ERROR ? ": it does not exist" : "");
        return false;
    }
    context = find_context(cli, cfg);
    if (context == NULL && cli->context[0] != '\0') {
        fprintf(stderr,
                "auction: no context '%s' in '%s': see 'auction "
                "context list'\n",
                cli->context, cli->config);
        return false;
    }
    take(cli->server, "AUCTION_SERVER",
         context == NULL ? "" : cfg_getstr(context, "server"));
    take(cli->cert, "AUCTION_CERT",
         context == NULL ? "" : cfg_getstr(context, "cert"));
    take(cli->key, "AUCTION_KEY",
         context == NULL ? "" : cfg_getstr(context, "key"));
    take(cli->ca, "AUCTION_CA",
         context == NULL ? "" : cfg_getstr(context, "ca"));
    return true;
}

bool
settings_load(struct cli *cli)
{
    const char *config = getenv("AUCTION_CONFIG");
    cfg_t *cfg = cfg_init(file_options, CFGF_NONE);
    bool is_good;

    if (cfg == NULL)
        return false;
    if (cli->config[0] == '\0' && config != NULL)
        expand(cli->config, config);
    if (cli->config[0] == '\0')
        default_path(cli->config);
    is_good = read_file(cli, cfg);
    cfg_free(cfg);
    take(cli->server, "AUCTION_SERVER", "");
    take(cli->cert, "AUCTION_CERT", "");
    take(cli->key, "AUCTION_KEY", "");
    take(cli->ca, "AUCTION_CA", "");
    return is_good;
}

struct auction_client *
cli_client(struct cli *cli, int *code)
{
    char state[CLI_TEXT_BYTES];
    struct auction_options options = {
        .server = cli->server,
        .cert = cli->cert,
        .key = cli->key,
        .ca = cli->ca,
        .state_dir = cli_state_dir(state) ? state : NULL,
        .timeout_ms = cli->timeout_ms,
        .retries = cli->retries,
        .verbosity = cli->verbosity,
    };
    struct auction_client *client;
    struct auction_result result;

    if (cli->server[0] == '\0') {
        *code = usage_error("no server: give --server, or a context with "
                            "'auction context add'");
        return NULL;
    }
    if (auction_open(&client, &options, &result) != AUCTION_ACCEPTED)
        *code = show_error(cli, "connecting", &result, NULL);
    return client;
}

/* ---------------------------------------------------------------- context */

static int
list_contexts(cfg_t *cfg)
{
    for (unsigned i = 0; i < cfg_size(cfg, "context"); i++) {
        cfg_t *context = cfg_getnsec(cfg, "context", i);
        printf("%s %-12s %s\n",
               strcmp(cfg_title(context), cfg_getstr(cfg, "current")) == 0
                   ? "*"
                   : " ",
               cfg_title(context), cfg_getstr(context, "server"));
    }
    return 0;
}

/** Write the whole file again, with one context more or another current. */
static int
write_contexts(const struct cli *cli, cfg_t *cfg, const char *current)
{
    char folder[CLI_TEXT_BYTES];
    FILE *file;
    char *slash;

    snprintf(folder, sizeof(folder), "%s", cli->config);
    slash = strrchr(folder, '/');
    if (slash != NULL) {
        *slash = '\0';
        for (char *p = folder + 1; *p != '\0'; p++)
            if (*p == '/') {
                *p = '\0';
                mkdir(folder, 0700);
                *p = '/';
            }
        mkdir(folder, 0700);
    }
    cfg_setstr(cfg, "current", current);
    file = fopen(cli->config, "we");
    if (file == NULL) {
        fprintf(stderr, "auction: cannot write '%s': %s\n", cli->config,
                strerror(errno));
        return AUCTION_LOCAL_FAILURE;
    }
    cfg_print(cfg, file);
    return fclose(file) == 0 ? 0 : AUCTION_LOCAL_FAILURE;
}

/** Take the first context of another file, such as a laboratory's. */
static int
add_context(const struct cli *cli, cfg_t *cfg, const char *name,
            const char *from)
{
    cfg_t *other = cfg_init(file_options, CFGF_NONE);
    char path[CLI_TEXT_BYTES], text[5 * CLI_TEXT_BYTES];
    cfg_t *context;
    int code = AUCTION_LOCAL_FAILURE;

    snprintf(path, sizeof(path), "%s/auction.conf", from);
    if (other == NULL || cfg_parse(other, path) != CFG_SUCCESS ||
        cfg_size(other, "context") == 0) {
        fprintf(stderr, "auction: no context in '%s'\n", path);
    } else {
        context = cfg_getnsec(other, "context", 0);
        snprintf(text, sizeof(text),
                 "context %s { server = \"%s\" cert = \"%s\" key = \"%s\" "
                 "ca = \"%s\" }\n",
                 name, cfg_getstr(context, "server"),
                 cfg_getstr(context, "cert"), cfg_getstr(context, "key"),
                 cfg_getstr(context, "ca"));
        if (cfg_parse_buf(cfg, text) == CFG_SUCCESS)
            code = write_contexts(cli, cfg, name);
    }
    if (other != NULL)
        cfg_free(other);
    return code;
}

static int
run_context(struct cli *cli, cfg_t *cfg, int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "list";

    if (strcmp(word, "list") == 0)
        return list_contexts(cfg);
    if (strcmp(word, "show") == 0) {
        printf("server %s\ncert   %s\nkey    %s\nca     %s\n", cli->server,
               cli->cert, cli->key, cli->ca);
        return 0;
    }
    if (strcmp(word, "use") == 0 && argc == 3) {
        if (cfg_gettsec(cfg, "context", argv[2]) == NULL)
            return usage_error("no context '%s'", argv[2]);
        return write_contexts(cli, cfg, argv[2]);
    }
    if (strcmp(word, "remove") == 0 && argc == 3) {
        if (cfg_rmtsec(cfg, "context", argv[2]) != CFG_SUCCESS)
            return usage_error("no context '%s'", argv[2]);
        return write_contexts(cli, cfg, "");
    }
    if (strcmp(word, "add") == 0 && argc == 5 && strcmp(argv[3], "--from") == 0)
        return add_context(cli, cfg, argv[2], argv[4]);
    return usage_error("context: list, show, use NAME, remove NAME, or add "
                       "NAME --from DIR");
}

int
command_context(struct cli *cli, int argc, char **argv)
{
    cfg_t *cfg = cfg_init(file_options, CFGF_NONE);
    int outcome, code;

    if (cfg == NULL)
        return AUCTION_LOCAL_FAILURE;
    outcome = cfg_parse(cfg, cli->config);
    if (outcome == CFG_PARSE_ERROR) {
        cfg_free(cfg);
        return AUCTION_LOCAL_FAILURE;
    }
    code = run_context(cli, cfg, argc, argv);
    cfg_free(cfg);
    return code;
}
