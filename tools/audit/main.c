/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auction-audit: the log of an auctiond, checked without trusting anybody but
 * the CA. See docs/man/auction-audit.1.
 */
#include "inspect.h"
#include "options.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    int (*run)(const struct inspect_options *options);
    enum options_words words;
};

static const struct command commands[] = {
    {"show", inspect_show, OPTIONS_FOLDER},
    {"follow", inspect_follow, OPTIONS_FOLDER},
    {"stats", inspect_stats, OPTIONS_FOLDER},
    {"report", inspect_report, OPTIONS_LOG},
    {"verify", inspect_verify, OPTIONS_FOLDER},
    {"replay", inspect_replay, OPTIONS_LOG},
    {"prove", inspect_prove, OPTIONS_LOG},
    {"export", inspect_export, OPTIONS_OUT},
    {"checkpoint", inspect_checkpoint, OPTIONS_FOLDER},
    {"consistency", inspect_consistency, OPTIONS_LOG},
    {"cosign", inspect_cosign, OPTIONS_FOLDER},
    {"policy", inspect_policy, OPTIONS_NO_LOG},
    {"check-receipt", inspect_check_receipt, OPTIONS_NO_LOG},
};

int
main(int argc, char **argv)
{
    static struct inspect_options options;
    const char *name;
    int code = INSPECT_USAGE;

    log_set_level(LOG_LEVEL_WARN);
    name = options_parse(&options, argc, argv);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(name, commands[i].name) == 0) {
            if (options_find_log(&options, commands[i].words))
                code = commands[i].run(&options);
            options_release(&options);
            return code;
        }
    options_release(&options);
    return inspect_usage("unknown command '%s': see --help", name);
}
