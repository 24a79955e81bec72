/* SPDX-License-Identifier: Apache-2.0 */
/**
 * internal: the parts of the server, for its own source files only.
 *
 *     server.c    the order of start and stop, signals
 *     reload.c    certificates and settings read again, while it runs
 *     house.c     what the api asks of network and main
 */
#ifndef SERVER_INTERNAL_H
#define SERVER_INTERNAL_H

#include "api/api.h"
#include "engine/engine.h"
#include "server/control.h"
#include "server/evidence.h"
#include "server/inbox.h"
#include "server/server.h"
#include "server/trustee.h"

enum { ANSWER_BYTES_MAX = 65536 };

/** Everything that runs, in the order in which it was started. */
struct server {
    const struct config *config; /* of the start */
    const struct config_source *source;
    struct config *newest; /* of the last reload; owned, NULL: none yet */
    struct evidence evidence;
    struct trustee trustee;
    struct inbox inbox;
    struct control *control;
    struct buf config_text;
    struct store *store;
    struct engine *engine;
    struct api *api;
    struct net *net;
};

/* reload.c */
/** What the process goes by now. */
const struct config *server_present(const struct server *server);
/**
 * Read certificates, lists, limits and log level again: all or nothing.
 *
 * crl  lists to put in the place of those in the file, or NULL
 * by   who asks, for the log
 */
MUST_CHECK enum err server_reload(struct server *server, const char *crl,
                                  const char *by, size_t *closed_out);
/** Those that administrators sent through the api. */
void server_answer_inbox(struct server *server);
/** A request of the control socket; `context` is the server. */
void server_answer_control(void *context, const char *line, const char *rest,
                           struct buf *out);
/** One line a topic. */
void server_log_state(const struct server *server);

/* house.c */
/** What the api may ask of this process. */
struct admin_port server_admin_port(struct server *server);
/** The network, or NULL until it has started; from any thread. */
struct net *server_net(struct server *server);

#endif
