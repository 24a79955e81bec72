/* SPDX-License-Identifier: Apache-2.0 */
/**
 * witness: heads of this log that come back to us.
 *
 * Whoever has a signed head may show it. If our log does not begin with what
 * it says, we are not the log that signed it: the data was rolled back, or a
 * second server runs on a copy. Then nothing more may be signed. Otherwise
 * the lines of configured witnesses are added to it and the head is kept for
 * ever.
 *
 * Source  docs/audit.md "witnesses"; C2SP tlog-witness, tlog-cosignature.
 */
#ifndef ENGINE_WITNESS_H
#define ENGINE_WITNESS_H

#include "engine/engine.h"

/**
 * Prepare a question about a note that came from outside: the log's own
 * signature is verified, and the lines of configured witnesses. To be called
 * by the asker, whose thread can wait for that.
 *
 * note  replaced by the engine with the head as it is kept, all lines on it;
 *       must live until the question comes back
 *
 * Then q->err is ERR_OK; ERR_FORKED: the process is ending; ERR_STORE: not
 * kept, try again.
 *
 * Returns  ERR_OK; as checkpoint_verify; as cosignature_find
 */
MUST_CHECK enum err
witness_question(struct question *q, struct engine *engine, struct buf *note);

#endif
