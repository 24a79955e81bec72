/* SPDX-License-Identifier: Apache-2.0 */
/** options: the command line of auction-audit. */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include "inspect.h"

/** What the first word behind a command may be. */
enum options_words {
    OPTIONS_FOLDER, /* the folder to read, and nothing else */
    OPTIONS_LOG,    /* the same when it is a folder, else another word */
    OPTIONS_OUT,    /* the folder to write */
    OPTIONS_NO_LOG, /* nothing is read but files that are named */
};

/** The command's name; ends the program with 2 where nothing makes sense. */
const char *
options_parse(struct inspect_options *options, int argc, char **argv);

/**
 * Where the log is: an option, else the first word when it is a folder, else
 * the present folder when it is an export. False: says that there is none.
 */
bool
options_find_log(struct inspect_options *options, enum options_words words);

void options_release(struct inspect_options *options);

#endif
