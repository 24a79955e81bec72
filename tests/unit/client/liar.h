/* SPDX-License-Identifier: Apache-2.0 */
/**
 * liar: a server of one auction that takes bids, and breaks or lies as it is
 * told to. What it really did stands in its log.
 *
 * Owner   the test; one client connection at a time.
 * Thread  its own for serving; the functions below may be called from the
 *         test's while no call is under way.
 */
#ifndef TESTS_CLIENT_LIAR_H
#define TESTS_CLIENT_LIAR_H

#include "pki.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What becomes of one POST. */
enum fault {
    FAULT_NONE,
    FAULT_CUT_BEFORE,    /* the connection is cut, nothing was done */
    FAULT_CUT_AFTER,     /* done, and cut before the answer */
    FAULT_BUSY,          /* 503, nothing was done */
    FAULT_ERROR,         /* done, and answered with 500 */
    FAULT_NO_RECEIPT,    /* done, and answered without proof */
    FAULT_BARE_404,      /* not done, and answered so without proof */
    FAULT_OTHER_MAX,     /* another amount is recorded */
    FAULT_OTHER_REQUEST, /* another request is recorded */
    FAULT_OTHER_SIGNER,  /* it is recorded as another's */
    FAULT_SAYS_REFUSED,  /* done, but it says refused */
    FAULT_SAYS_ACCEPTED, /* refused, but it says accepted */
    FAULT_BAD_PROOF,     /* a hash of the proof is wrong */
    FAULT_REFUSES,       /* refused as too low, truly */
};

struct liar;

struct liar *liar_start(const struct pki *pki);
void liar_stop(struct liar **liar);

/** "https://127.0.0.1:PORT" */
const char *liar_url(const struct liar *liar);

/** Faults of the next POSTs; later ones have none. */
void liar_plan(struct liar *liar, const enum fault *faults, size_t count);

/** How many POSTs came; how many commands were executed. */
unsigned liar_posts(struct liar *liar);
unsigned liar_executed(struct liar *liar);
/** What the last POST was: its body. */
const char *liar_body(struct liar *liar);

/**
 * What each of the next connections for live events gets before it is cut;
 * later ones get 403. Borrowed.
 */
void liar_stream(struct liar *liar, const char *const *parts, size_t count);
/** Where they were asked to begin: "after=2 id=7 ". */
const char *liar_places(struct liar *liar);

/**
 * The auction as a sealed one: what it says of its state, and when its terms
 * say that it closes.
 */
void liar_seal(struct liar *liar, const char *status, int64_t closes_ms);

/** Commands of a kind in the log: "commit.accepted", "reveal.accepted". */
unsigned liar_count(struct liar *liar, const char *type);
/** Whether the log holds this text, such as a commitment. */
bool liar_holds(struct liar *liar, const char *text);

/** Begin a log anew, of as many records as told: a rolled-back server. */
void liar_rewrite(struct liar *liar, unsigned records);

#endif
