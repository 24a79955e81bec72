/* SPDX-License-Identifier: Apache-2.0 */
/**
 * settle: the records of a result and of what is paid, for effects.c.
 *
 * A close may bring more awards than one transaction holds: the first LOT_STEP
 * of them are written with it, the others by timers of the same moment.
 *
 * Thread  the world's.
 */
#ifndef ENGINE_SETTLE_H
#define ENGINE_SETTLE_H

#include "engine/world_internal.h"

/** The close with its outcome, and the first awards with their invoices. */
MUST_CHECK enum err
settle_closed(struct world *world, struct auction *auction,
              const struct instant *due, const struct actor *actor);

/** The next awards and invoices of a lot that has closed. */
MUST_CHECK enum err
settle_step(struct world *world, struct auction *auction,
            const struct instant *due, const struct actor *actor);

/** Entries that this command has awarded, paid, defaulted or taken back. */
MUST_CHECK enum err
settle_changed(struct world *world, struct auction *auction,
               const struct instant *due, const struct actor *actor);

/** Nothing is owed any more. */
MUST_CHECK enum err settle_settled(struct world *world, struct auction *auction,
                                   const struct actor *actor);

#endif
