/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char config[128];

static const char *const variables[] = {
    "AUCTION_CONTEXT", "AUCTION_SERVER",  "AUCTION_CERT",
    "AUCTION_KEY",     "AUCTION_CA",      "AUCTION_CRL",
    "AUCTION_OUTPUT",  "AUCTION_TIMEOUT", "AUCTION_PASSFILE"};

static int
setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/auction-cli-test.XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(config, sizeof(config), "%s/auction.conf", folder);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]);
    return setenv("AUCTION_CONFIG", config, 1);
}

static int
teardown(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command) != 0;
}

static void
write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT(fputs(text, file) >= 0);
    CU_ASSERT(fclose(file) == 0);
}

/** What the messages on stderr would be is not the test's matter. */
static bool
load_quietly(struct cli *cli)
{
    int kept = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
    bool is_good;

    dup2(null, STDERR_FILENO);
    is_good = settings_load(cli);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(null);
    return is_good;
}

static const char two[] = "current = \"prod\"\n"
                          "context prod {\n"
                          "  server = \"https://prod:8443\"\n"
                          "  cert = \"~/prod.pem\"\n"
                          "}\n"
                          "context \"lab\" { server = \"https://lab:8443\" "
                          "output = \"json\" }\n";

static void
an_option_wins_over_environment_over_context(void)
{
    struct cli cli = {.server = ""};

    write_file(config, two);
    setenv("HOME", "/home/x", 1);
    CU_ASSERT(settings_load(&cli));
    CU_ASSERT_STRING_EQUAL(cli.server, "https://prod:8443");
    CU_ASSERT_STRING_EQUAL(cli.cert, "/home/x/prod.pem");
    CU_ASSERT(cli_form(&cli) == FORM_TABLE);

    setenv("AUCTION_SERVER", "https://env:8443", 1);
    cli = (struct cli){.cert = "mine.pem"};
    CU_ASSERT(settings_load(&cli));
    CU_ASSERT_STRING_EQUAL(cli.server, "https://env:8443");
    CU_ASSERT_STRING_EQUAL(cli.cert, "mine.pem");
    unsetenv("AUCTION_SERVER");
}

static void
the_context_is_by_option_environment_or_current(void)
{
    struct cli cli = {.context = "lab"};

    write_file(config, two);
    CU_ASSERT(settings_load(&cli));
    CU_ASSERT_STRING_EQUAL(cli.server, "https://lab:8443");
    CU_ASSERT(cli_form(&cli) == FORM_JSON);

    setenv("AUCTION_CONTEXT", "lab", 1);
    cli = (struct cli){.output = "table"};
    CU_ASSERT(settings_load(&cli));
    CU_ASSERT_STRING_EQUAL(cli.server, "https://lab:8443");
    CU_ASSERT(cli_form(&cli) == FORM_TABLE);
    unsetenv("AUCTION_CONTEXT");

    cli = (struct cli){.context = "other"};
    CU_ASSERT(!load_quietly(&cli));
}

static void
no_file_is_no_error_but_a_bad_one_is(void)
{
    struct cli cli = {.server = "https://x:1"};

    unlink(config);
    CU_ASSERT(settings_load(&cli));
    write_file(config, "context prod { sever = \"https://prod:8443\" }\n");
    CU_ASSERT(!load_quietly(&cli));
    write_file(config, "context prod { server }\n");
    CU_ASSERT(!load_quietly(&cli));
}

static void
bad_values_of_the_environment_are_refused(void)
{
    struct cli cli = {.server = ""};

    unlink(config);
    setenv("AUCTION_TIMEOUT", "soon", 1);
    CU_ASSERT(!load_quietly(&cli));
    setenv("AUCTION_TIMEOUT", "1m", 1);
    CU_ASSERT(settings_load(&cli));
    CU_ASSERT_EQUAL(cli.timeout_ms, 60000);
    unsetenv("AUCTION_TIMEOUT");
    setenv("AUCTION_OUTPUT", "yaml", 1);
    cli = (struct cli){.server = ""};
    CU_ASSERT(!load_quietly(&cli));
    unsetenv("AUCTION_OUTPUT");
}

/** `auction context WORDS`, with its exit code. */
static int
context(struct cli *cli, const char *first, const char *second,
        const char *from)
{
    char words[4][128] = {"auction context"};
    char *argv[] = {words[0], words[1], words[2], words[3], NULL};
    int argc = 3;

    snprintf(words[1], sizeof(words[1]), "%s", first);
    snprintf(words[2], sizeof(words[2]), "%s", second);
    if (from != NULL) {
        snprintf(words[3], sizeof(words[3]), "--from=%s", from);
        argc = 4;
    }
    argv[argc] = NULL;
    return command_context(cli, argc, argv);
}

static void
a_folder_of_auction_ca_becomes_a_context(void)
{
    static const char *const names[] = {"ann.key", "ann.pem", "ca.pem",
                                        "crl.pem"};
    struct cli cli = {.server = "https://q\"uote:8443"};
    char home[96], path[160];
    struct stat info;

    unlink(config);
    snprintf(home, sizeof(home), "%s/ann", folder);
    CU_ASSERT_FATAL(mkdir(home, 0700) == 0 || errno == EEXIST);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", home, names[i]);
        write_file(path, "");
    }
    CU_ASSERT_EQUAL(context(&cli, "add", "ann", home), 0);
    CU_ASSERT(stat(config, &info) == 0 && (info.st_mode & 0777) == 0600);

    cli = (struct cli){.server = ""};
    CU_ASSERT(settings_load(&cli));
    CU_ASSERT_STRING_EQUAL(cli.server, "https://q\"uote:8443");
    CU_ASSERT(strstr(cli.cert, "/ann/ann.pem") != NULL);
    CU_ASSERT(strstr(cli.key, "/ann/ann.key") != NULL);
    CU_ASSERT(strstr(cli.ca, "/ann/ca.pem") != NULL);
    CU_ASSERT(strstr(cli.crl, "/ann/crl.pem") != NULL);
}

static void
contexts_are_used_replaced_and_removed(void)
{
    struct cli cli = {
        .server = "https://new:8443", .cert = "/c", .key = "/k", .ca = "/a"};
    struct cli seen = {.server = ""};

    write_file(config, two);
    CU_ASSERT_EQUAL(context(&cli, "add", "prod", NULL), 0);
    CU_ASSERT(settings_load(&seen));
    CU_ASSERT_STRING_EQUAL(seen.server, "https://new:8443");
    CU_ASSERT_EQUAL(context(&cli, "use", "lab", NULL), 0);
    seen = (struct cli){.server = ""};
    CU_ASSERT(settings_load(&seen));
    CU_ASSERT_STRING_EQUAL(seen.server, "https://lab:8443");
    CU_ASSERT_EQUAL(context(&cli, "remove", "lab", NULL), 0);
    seen = (struct cli){.server = ""};
    CU_ASSERT(settings_load(&seen));
    CU_ASSERT_STRING_EQUAL(seen.server, "");
    seen = (struct cli){.context = "prod"};
    CU_ASSERT(settings_load(&seen));
}

SUITE("settings", setup, teardown,
      TEST(an_option_wins_over_environment_over_context),
      TEST(the_context_is_by_option_environment_or_current),
      TEST(no_file_is_no_error_but_a_bad_one_is),
      TEST(bad_values_of_the_environment_are_refused),
      TEST(a_folder_of_auction_ca_becomes_a_context),
      TEST(contexts_are_used_replaced_and_removed))
