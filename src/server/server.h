/* SPDX-License-Identifier: Apache-2.0 */
/**
 * server: the order in which everything is started and stopped.
 *
 * Start: keys, trust, store, engine, api, network; the network last, so that
 * nobody is let in before all is ready. Stop in reverse: no new connections,
 * what has begun is answered, the engine empties its queue, the store closes.
 *
 * Thread  main.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "server/config.h"

/** Exit codes of auctiond; docs/operations.md. */
enum exit_code {
    EXIT_CODE_CLEAN = 0,
    EXIT_CODE_FAILED = 1,
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_CONFIG = 3,
    EXIT_CODE_LISTEN = 4,
    EXIT_CODE_STORE = 5,
    EXIT_CODE_CERTIFICATE = 6,
    EXIT_CODE_FORKED = 65, /* the log was rolled back */
    EXIT_CODE_IO = 74,     /* the disk failed while running */
};

/**
 * Run until a signal ends it. Returns an exit code; errors are logged.
 *
 * source  where a reload reads the settings again
 */
int server_run(const struct config *config, const struct config_source *source);

/** Only load and check what server_run would. */
int server_check(const struct config *config);

/**
 * Ask the server that runs in the data directory: "reload" or "status".
 *
 * crl_path  file of a revocation list to hand in, or NULL
 */
int
server_ask(const struct config *config, const char *what, const char *crl_path);

/** Rebuild the tables of the data directory from its log. */
int server_recover(const struct config *config);

#endif
