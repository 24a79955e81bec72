/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auctiond: options and commands. See docs/man/auctiond.8.
 */
#include "server/server.h"

#include <argp.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *argp_program_version = "auctiond " AUCTIOND_VERSION;

enum { OVERRIDES_MAX = 64, KEY_SET = 256, KEY_PRINT, KEY_LOG_LEVEL, KEY_CRL };

enum command {
    COMMAND_RUN,
    COMMAND_CHECK,
    COMMAND_RECOVER,
    COMMAND_RELOAD,
    COMMAND_STATUS
};

struct arguments {
    const char *file;
    struct config_override overrides[OVERRIDES_MAX];
    size_t override_count;
    char *made[OVERRIDES_MAX]; /* settings made of options; owned */
    size_t made_count;
    bool prints;
    const char *crl;
    enum command command;
};

static const struct argp_option option_table[] = {
    {"config", 'c', "FILE", 0, "Settings (default: none)", 0},
    {"listen", 'l', "ADDR:PORT", 0, "Listen there; port 0: any free one", 0},
    {"data", 'd', "DIR", 0, "The data directory", 0},
    {"threads", 't', "N", 0, "Worker threads; 0: one for each CPU", 0},
    {"set", KEY_SET, "KEY=VALUE", 0, "Any setting, such as tls.cert=FILE", 0},
    {"log-level", KEY_LOG_LEVEL, "LEVEL", 0, "error, warn, info or debug", 0},
    {"crl", KEY_CRL, "FILE", 0, "With reload: hand in this revocation list", 0},
    {"print-config", KEY_PRINT, NULL, 0, "Print the effective settings", 0},
    {"help", 'h', NULL, 0, "Print this help", -1},
    {0}};

static void
add_override(struct argp_state *state, const char *setting, const char *origin)
{
    struct arguments *a = state->input;

    if (a->override_count == OVERRIDES_MAX)
        argp_error(state, "too many settings");
    a->overrides[a->override_count++] =
        (struct config_override){setting, origin};
}

static void
add_option(struct argp_state *state, const char *key, const char *value,
           const char *origin)
{
    struct arguments *a = state->input;
    char *setting;

    if (a->made_count == OVERRIDES_MAX ||
        asprintf(&setting, "%s=%s", key, value) < 0)
        argp_error(state, "too many settings");
    else {
        a->made[a->made_count++] = setting;
        add_override(state, setting, origin);
    }
}

static void
set_command(struct argp_state *state, const char *word)
{
    static const char *const names[] = {"run", "check", "recover", "reload",
                                        "status"};
    struct arguments *a = state->input;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(word, names[i]) == 0) {
            a->command = (enum command)i;
            return;
        }
    argp_error(state,
               "unknown command '%s': run, check, recover, reload or status",
               word);
}

/** The environment comes before the options, so that they win. */
static void
add_environment(struct argp_state *state)
{
    static const struct {
        const char *variable;
        const char *key;
    } known[] = {{"AUCTIOND_LISTEN", "listen"},
                 {"AUCTIOND_DATA", "data"},
                 {"AUCTIOND_THREADS", "threads"}};
    struct arguments *a = state->input;

    a->file = getenv("AUCTIOND_CONFIG");
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const char *value = getenv(known[i].variable);
        if (value != NULL)
            add_option(state, known[i].key, value, known[i].variable);
    }
}

static error_t
parse_option(int key, char *argument, struct argp_state *state)
{
    struct arguments *a = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        add_environment(state);
        return 0;
    case 'c':
        a->file = argument;
        return 0;
    case 'l':
        add_option(state, "listen", argument, "--listen");
        return 0;
    case 'd':
        add_option(state, "data", argument, "--data");
        return 0;
    case 't':
        add_option(state, "threads", argument, "--threads");
        return 0;
    case KEY_LOG_LEVEL:
        add_option(state, "log.level", argument, "--log-level");
        return 0;
    case KEY_SET:
        add_override(state, argument, "--set");
        return 0;
    case KEY_CRL:
        a->crl = argument;
        return 0;
    case KEY_PRINT:
        a->prints = true;
        return 0;
    case 'h':
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "one command at most");
        set_command(state, argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = option_table,
    .parser = parse_option,
    .args_doc = "[run|check|recover|reload|status]",
    .doc = "Run auctions over networks that nobody trusts.\v"
           "run (the default) serves in the foreground until SIGTERM; check "
           "loads and checks settings, certificates and keys, and ends; "
           "recover rebuilds damaged tables from the log; reload makes the "
           "running server read certificates, lists and limits again; status "
           "asks it what it does.\n\n"
           "Exit: 0 clean, 1 failed while running, 2 usage, 3 settings, "
           "4 cannot listen, 5 store, 6 certificate or key, 65 the log was "
           "rolled back, 74 the disk failed while running.",
};

static int
act(const struct arguments *a, const struct config *config)
{
    const struct config_source source = {a->file, a->overrides,
                                         a->override_count};
    struct buf text;

    if (a->prints) {
        buf_init(&text, 1 << 16);
        config_print(config, &text);
        fputs(text.bytes, stdout);
        buf_release(&text);
        return EXIT_CODE_CLEAN;
    }
    log_set_level(config->log_level);
    switch (a->command) {
    case COMMAND_CHECK:
        return server_check(config);
    case COMMAND_RECOVER:
        return server_recover(config);
    case COMMAND_RELOAD:
        return server_ask(config, "reload", a->crl);
    case COMMAND_STATUS:
        return server_ask(config, "status", NULL);
    case COMMAND_RUN:
        break;
    }
    return server_run(config, &source);
}

/*
 * What a batch and its answers are made of is freed and needed again at once:
 * giving it back to the kernel in between costs page faults on every thread.
 */
static void
keep_memory(void)
{
    enum { KEEP_BYTES = 16 << 20, MAP_BYTES = 1 << 20 };

    /* They cannot fail for these values, and nothing depends on them. */
    (void)mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
    (void)mallopt(M_MMAP_THRESHOLD, MAP_BYTES);
}

int
main(int argc, char **argv)
{
    struct arguments arguments = {.file = NULL};
    struct config config;
    int code;

    keep_memory();
    argp_err_exit_status = EXIT_CODE_USAGE;
    argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &arguments);
    if (config_load(&config, arguments.file, arguments.overrides,
                    arguments.override_count) != ERR_OK) {
        log_error("%s", err_detail());
        code = EXIT_CODE_CONFIG;
    } else {
        code = act(&arguments, &config);
        config_release(&config);
    }
    for (size_t i = 0; i < arguments.made_count; i++)
        free(arguments.made[i]);
    return code;
}
