/* SPDX-License-Identifier: Apache-2.0 */
/**
 * control: the operator's socket in the data directory.
 *
 * It works when no TLS client can get in: with a revocation list that has run
 * out, with every connection taken. Mode 0600 in a folder of mode 0700: who
 * can open it is the operator.
 *
 *     request   a line "reload" or "status"; after "reload" a revocation list
 *               in PEM may follow; the writing side is shut down at the end
 *     answer    "ok ..." or "error ...", and for status one line a number
 *
 * Thread  main.
 */
#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

enum { CONTROL_CLIENTS_MAX = 4, CONTROL_BYTES_MAX = 1 << 20 };

struct control;

/** Answer a whole request: `line` and what came behind it, "" for nothing. */
typedef void control_answer(void *context, const char *line, const char *rest,
                            struct buf *answer);

MUST_CHECK enum err control_open(struct control **out, const char *directory,
                                 control_answer *answer, void *context);
/** NULLs the pointer and removes the socket. */
void control_close(struct control **control);

/** Descriptors to wait for, at most CONTROL_CLIENTS_MAX + 1. */
struct pollfd;
size_t control_watch(struct control *control, struct pollfd *out);
/** After poll: accept, read, answer, let go of who is too slow. */
void control_serve(struct control *control, int64_t now_ms);

/**
 * The other side: ask a running server.
 *
 * answer_out  its whole answer
 * Returns     ERR_OK also when the answer is an error; ERR_UNREACHABLE when
 *             no server is there, with the mend; ERR_TIMEOUT
 */
MUST_CHECK enum err control_ask(const char *directory, const char *line,
                                const char *rest, struct buf *answer_out);

#endif
