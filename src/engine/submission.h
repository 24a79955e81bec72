/* SPDX-License-Identifier: Apache-2.0 */
/**
 * submission: a command as the engine takes it, complete and checked for form.
 *
 * Filled in by the api room (or, in a replay, from a record) and judged by
 * the world. Form is settled before: a command whose fields were malformed
 * comes with `prejudged` set, so that it is refused in the order of the rules
 * and recorded like every other refusal.
 *
 * Owner   whoever made it; submission_release frees what it owns.
 * Thread  handed from the worker to the engine and back, never shared.
 * Source  docs/rules.md "The order of the checks".
 */
#ifndef ENGINE_SUBMISSION_H
#define ENGINE_SUBMISSION_H

#include "auction/verdict.h"
#include "audit/command.h"
#include "base/instant.h"
#include "base/money.h"
#include "engine/draft.h"
#include "identity/role.h"
#include "store/store.h"

enum {
    SUBMISSION_WHY_BYTES = 256,  /* a person's reason, with terminator */
    SUBMISSION_CAUSE_BYTES = 32, /* a word that explains a refusal */
};

/** Who asks, as the certificate says. */
struct party {
    char name[STORE_NAME_BYTES];
    enum role role;
    struct hash fp; /* SHA-256 of the certificate */
};

struct submission {
    enum command_kind cmd;
    struct party who;
    uint64_t auction;       /* 0 for create */
    struct bytes16 request; /* the retry key */

    /* What a command does not have, or does not name, is 0. */
    struct money amount; /* bid: max or unit price; buy: price; take, credit:
                            limit; commit: cap; reveal: amount */
    uint64_t quantity;   /* bid for several units; take; reveal */
    uint64_t bid;        /* id of the bid that it replaces, opens, withdraws */
    bool all_or_none;    /* take */
    bool has_c;          /* commit: */
    struct hash c;       /* the commitment */
    bool has_opening;    /* reveal: */
    struct hash opening; /* the nonce */
    uint64_t invoice;    /* pay, correct: its number */
    char why[SUBMISSION_WHY_BYTES]; /* retract, cancel, void, correct */
    char account[STORE_NAME_BYTES]; /* void, pay, credit: whose */
    uint64_t uid;                   /* of it; set by the world */
    struct draft *draft;            /* create; owned */
    struct hash nonce;              /* create: random, never a caller's */

    bool is_signed;
    struct record_sig sig;

    /* VERDICT_ACCEPTED; or FORMAT or SIGNATURE, found before */
    enum verdict prejudged;
    char cause[SUBMISSION_CAUSE_BYTES]; /* of that; "" for none */
};

/** What a bidder asks of an auction, and so may have to be signed. */
bool submission_is_order(enum command_kind cmd);

/** Whether it names an account: `uid` is recorded. */
bool submission_has_account(enum command_kind cmd);

/** Whether it is about an auction that exists. */
bool submission_is_on_auction(enum command_kind cmd);

/** Free what it owns. */
void submission_release(struct submission *submission);

/**
 * Digest of what makes two commands the same: verb, auction and own fields,
 * not the signature, its time or the head seen.
 *
 * Returns  ERR_OK or ERR_NOMEM
 */
MUST_CHECK enum err
submission_digest(const struct submission *submission, struct hash *digest_out);

/**
 * The bytes its signature is over; terms from its sig.
 *
 * log  origin of the log, borrowed
 *
 * Returns  as command_encode
 */
MUST_CHECK enum err submission_signed_bytes(const struct submission *submission,
                                            const char *log, struct buf *out);

#endif
