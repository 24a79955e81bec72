/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where to connect and as whom: options, then environment, then the context
 * of the configuration file, then defaults.
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static cfg_opt_t context_options[] = {CFG_STR("server", "", CFGF_NONE),
                                      CFG_STR("cert", "", CFGF_NONE),
                                      CFG_STR("key", "", CFGF_NONE),
                                      CFG_STR("ca", "", CFGF_NONE),
                                      CFG_STR("crl", "", CFGF_NONE),
                                      CFG_STR("passfile", "", CFGF_NONE),
                                      CFG_STR("policy", "", CFGF_NONE),
                                      CFG_STR("output", "", CFGF_NONE),
                                      CFG_END()};

static cfg_opt_t file_options[] = {
    CFG_STR("current", "", CFGF_NONE),
    CFG_SEC("context", context_options, CFGF_MULTI | CFGF_TITLE), CFG_END()};

static void tell_parse_error(cfg_t *cfg, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void
tell_parse_error(cfg_t *cfg, const char *format, va_list arguments)
{
    fprintf(stderr, "auction: %s:%d: ",
            cfg->filename == NULL ? "configuration" : cfg->filename, cfg->line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

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

/** A variable's value; an empty one counts as unset. */
static const char *
variable(const char *name)
{
    const char *value = getenv(name);

    return value == NULL ? "" : value;
}

void
settings_find(struct cli *cli)
{
    const char *xdg = variable("XDG_CONFIG_HOME");

    if (cli->config[0] == '\0')
        expand(cli->config, variable("AUCTION_CONFIG"));
    if (cli->config[0] != '\0')
        return;
    if (xdg[0] == '/')
        snprintf(cli->config, CLI_TEXT_BYTES, "%s/auction/auction.conf", xdg);
    else
        expand(cli->config, "~/.config/auction/auction.conf");
}

cfg_t *
settings_open(const struct cli *cli)
{
    cfg_t *cfg = cfg_init(file_options, CFGF_NONE);
    int outcome;

    if (cfg == NULL)
        return NULL;
    cfg_set_error_function(cfg, tell_parse_error);
    errno = 0;
    outcome = cfg_parse(cfg, cli->config);
    if (outcome == CFG_SUCCESS ||
        (outcome == CFG_FILE_ERROR && errno == ENOENT))
        return cfg;
    if (outcome == CFG_FILE_ERROR)
        fprintf(stderr, "auction: cannot read '%s': %s\n", cli->config,
                strerror(errno));
    cfg_free(cfg);
    return NULL;
}

/** Unless an option has set it: from the environment, else the context. */
static void
take(char out[CLI_TEXT_BYTES], const char *name, const char *configured)
{
    const char *value = variable(name);

    if (out[0] == '\0')
        expand(out, value[0] != '\0'     ? value
                    : configured == NULL ? ""
                                         : configured);
}

static const char *
of_context(cfg_t *context, const char *name)
{
    return context == NULL ? "" : cfg_getstr(context, name);
}

static void
take_all(struct cli *cli, cfg_t *context)
{
    char output[CLI_TEXT_BYTES] = "";

    take(cli->server, "AUCTION_SERVER", of_context(context, "server"));
    take(cli->cert, "AUCTION_CERT", of_context(context, "cert"));
    take(cli->key, "AUCTION_KEY", of_context(context, "key"));
    take(cli->ca, "AUCTION_CA", of_context(context, "ca"));
    take(cli->crl, "AUCTION_CRL", of_context(context, "crl"));
    take(cli->policy, "AUCTION_POLICY", of_context(context, "policy"));
    take(cli->passfile, "AUCTION_PASSFILE", of_context(context, "passfile"));
    take(output, "AUCTION_OUTPUT", of_context(context, "output"));
    if (cli->output[0] == '\0')
        snprintf(cli->output, sizeof(cli->output), "%.15s", output);
}

/** The context that is asked for; false after a message. */
static bool
find_context(struct cli *cli, cfg_t *cfg, cfg_t **out)
{
    const char *name = cli->context;

    if (name[0] == '\0')
        name = variable("AUCTION_CONTEXT");
    if (name[0] == '\0')
        name = cfg_getstr(cfg, "current");
    *out = name[0] == '\0' ? NULL : cfg_gettsec(cfg, "context", name);
    if (*out != NULL || name[0] == '\0')
        return true;
    usage_error("no context '%s' in '%s': see 'auction context list'",
                plain(name), cli->config);
    return false;
}

static bool
check_values(struct cli *cli)
{
    const char *timeout = variable("AUCTION_TIMEOUT");
    enum form form;
    int64_t seconds;

    if (cli->timeout_ms == 0 && timeout[0] != '\0') {
        if (!duration_parse(&seconds, timeout) || seconds < 1 ||
            seconds > 3600) {
            usage_error("AUCTION_TIMEOUT '%s' is not a duration such as 10s",
                        plain(timeout));
            return false;
        }
        cli->timeout_ms = (long)seconds * 1000;
    }
    if (cli->output[0] != '\0' && !form_parse(&form, cli->output)) {
        usage_error("output '%s' is not table, json, jsonl or csv",
                    plain(cli->output));
        return false;
    }
    return true;
}

bool
settings_load(struct cli *cli)
{
    cfg_t *cfg, *context;
    bool is_good;

    settings_find(cli);
    cfg = settings_open(cli);
    if (cfg == NULL)
        return false;
    is_good = find_context(cli, cfg, &context);
    if (is_good)
        take_all(cli, context);
    cfg_free(cfg);
    return is_good && check_values(cli);
}

/* ------------------------------------------------------------------ folders */

bool
cli_make_parents(const char *path)
{
    char folder[CLI_TEXT_BYTES + 512];

    if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
        return false;
    for (char *p = folder + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return false;
        *p = '/';
    }
    return true;
}

bool
cli_state_dir(char path[CLI_TEXT_BYTES])
{
    const char *xdg = variable("XDG_STATE_HOME"), *home = variable("HOME");
    int size;

    if (xdg[0] == '/')
        size = snprintf(path, CLI_TEXT_BYTES, "%s/auction/", xdg);
    else if (home[0] == '/')
        size = snprintf(path, CLI_TEXT_BYTES, "%s/.local/state/auction/", home);
    else
        return false;
    if (size >= CLI_TEXT_BYTES || !cli_make_parents(path))
        return false;
    path[size - 1] = '\0';
    return true;
}

/* ------------------------------------------------------------------- client */

static bool
has_server(struct cli *cli, int *code)
{
    if (!settings_load(cli)) {
        *code = AUCTION_USAGE;
        return false;
    }
    if (cli->server[0] == '\0') {
        *code = usage_error("no server: give --server, or save one with "
                            "'auction context add'");
        return false;
    }
    return true;
}

struct auction_client *
cli_client(struct cli *cli, int *code)
{
    char state[CLI_TEXT_BYTES];
    struct auction_client *client = NULL;
    struct auction_result result;

    if (!has_server(cli, code))
        return NULL;
    struct auction_options options = {
        .server = cli->server,
        .cert = cli->cert,
        .key = cli->key,
        .ca = cli->ca,
        .crl = cli->crl,
        .policy = cli->policy,
        .passphrase_file = cli->passfile,
        .state_dir = cli_state_dir(state) ? state : NULL,
        .timeout_ms = cli->timeout_ms,
        .retries = cli->retries,
        .verbosity = cli->verbosity,
    };
    if (options.state_dir == NULL)
        fprintf(stderr, "auction: no folder for the log's head and receipts: "
                        "they are not kept\n");
    if (auction_open(&client, &options, &result) != AUCTION_ACCEPTED)
        *code = show_error(cli, "connecting", &result, NULL);
    auction_result_release(&result);
    return client;
}

/** A word in single quotes, as a shell takes it. */
static void
print_quoted(const char *word)
{
    putchar('\'');
    for (; *word != '\0'; word++)
        if (*word == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*word);
    putchar('\'');
}

static void
print_option(const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    printf(" %s ", name);
    print_quoted(value);
}

bool
cli_curl(struct cli *cli, const char *method, const char *path,
         const char *body)
{
    char url[2 * CLI_TEXT_BYTES];
    int code;

    if (!cli->wants_curl)
        return false;
    if (!has_server(cli, &code))
        return true;
    snprintf(url, sizeof(url), "%s%s", cli->server, path);
    printf("curl --tlsv1.3 -X %s", method);
    print_option("--cacert", cli->ca);
    print_option("--cert", cli->cert);
    print_option("--key", cli->key);
    if (body != NULL) {
        print_option("-H", "Content-Type: application/json");
        print_option("--data", body);
    }
    putchar(' ');
    print_quoted(url);
    putchar('\n');
    return true;
}
