/* SPDX-License-Identifier: Apache-2.0 */
/**
 * opening: what a bidder of a sealed auction must not lose.
 *
 * A sealed bid is sent as a commitment, a hash. Only its opening, the amount
 * and the nonce in the hash, makes it a bid after the close. So the opening
 * is on the disk, with its folder, before the commitment leaves; and it is
 * never sent before the auction has closed.
 *
 * Openings live in STATE/openings/LOG/AUCTION-C.opening, one JSON object
 * each, of mode 0600. A file that was written outlives the process at any
 * moment: it is replaced whole or not at all.
 *
 * A result that is handed in is overwritten, not released.
 *
 * Thread  one at a time for a folder's client; processes may share a folder.
 * Source  docs/rules.md "Sealed"; docs/man/auction.1 "FILES".
 */
#ifndef AUCTION_OPENING_H
#define AUCTION_OPENING_H

#include "auction.h"

enum {
    AUCTION_NONCE_BYTES = 32,
    AUCTION_C_BYTES = 65, /* 64 hex digits */
    AUCTION_OPENINGS_MAX = 100000,
};

/** What is known of a commitment; the order is that of its life. */
enum auction_opening_state {
    AUCTION_OPENING_PREPARED, /* stored; the server may or may not have it */
    AUCTION_OPENING_LIVE,     /* proved to be accepted */
    AUCTION_OPENING_REPLACED, /* by a later commitment */
    AUCTION_OPENING_WITHDRAWN,
    AUCTION_OPENING_REVEALED, /* proved */
    AUCTION_OPENING_STATES
};

struct auction_opening {
    char log[AUCTION_LOG_NAME_BYTES]; /* as auction_log_name gives it */
    char account[64];
    char title[128]; /* for people; may be cut */
    char format[16]; /* "sealed" "vickrey" "uniform" */
    char currency[8];
    uint64_t auction;
    uint64_t uid; /* the bidder's number, which is in the hash */
    int64_t quantity;
    int64_t amount; /* minor units; of one unit where there are several */
    int64_t cap;    /* public */
    uint8_t nonce[AUCTION_NONCE_BYTES];
    char c[AUCTION_C_BYTES];                /* the commitment */
    char request[AUCTION_KEY_BYTES];        /* key under which it is sent */
    char reveal_request[AUCTION_KEY_BYTES]; /* while a reveal is unsettled */
    bool is_signed;
    uint64_t replaces;      /* bid id of what it replaces, or 0 */
    uint64_t seq;           /* bid id: record of its acceptance, or 0 */
    int64_t closes_ms;      /* by the terms: not to be opened before */
    int64_t reveal_ends_ms; /* by the terms; 0: not known */
    enum auction_opening_state state;
};

struct auction_openings {
    struct auction_opening *items; /* owned */
    size_t count;
    size_t damaged;                           /* files that could not be read */
    char damaged_path[AUCTION_MESSAGE_BYTES]; /* of the first one */
};

/** "prepared", "live", "replaced", "withdrawn", "revealed". */
const char *auction_opening_state_text(enum auction_opening_state state);

/** SHA-256 over auction, bidder, quantity, amount and nonce, in hex. */
void auction_opening_commitment(char c[AUCTION_C_BYTES],
                                const struct auction_opening *opening);

/* ------------------------------------------------------------------ storing */

/**
 * Store or replace; on return it is on the disk.
 *
 * Returns  accepted; a local failure with its message
 */
enum auction_outcome auction_opening_save(const char *state_dir,
                                          const struct auction_opening *opening,
                                          struct auction_result *result);

/** Remove one that is proved to be refused. */
void auction_opening_remove(const char *state_dir,
                            const struct auction_opening *opening);

/**
 * All openings of the folder, by log, auction and age. A damaged file is
 * counted and hides no other.
 *
 * Returns  accepted, also without any; a local failure
 */
enum auction_outcome
auction_openings_load(const char *state_dir, struct auction_openings *out,
                      struct auction_result *result);
void auction_openings_release(struct auction_openings *openings);

/* --------------------------------------------------- taking them elsewhere */

/**
 * Encrypt openings under a passphrase: scrypt, AES-256-GCM. The text is
 * owned by the caller.
 */
enum auction_outcome
auction_openings_seal(const struct auction_openings *from,
                      const char *passphrase, char **text_out,
                      struct auction_result *result);

/**
 * Read a sealed text back; each commitment is computed again and must agree.
 *
 * Returns  accepted; invalid for a wrong passphrase or a changed text; a
 *          local failure
 */
enum auction_outcome
auction_openings_unseal(struct auction_openings *out, const char *passphrase,
                        const char *text, size_t size,
                        struct auction_result *result);

/** Store those of `from` that are not there, or further on than what is. */
enum auction_outcome
auction_openings_merge(const char *state_dir,
                       const struct auction_openings *from, size_t *added_out,
                       struct auction_result *result);

/* ----------------------------------------------------------------- bidding */

/**
 * Commit to a bid.
 *
 * opening  in: auction, amount, cap, quantity (1 unless there are several),
 *          replaces; the rest is filled in. The key, when given, may be that
 *          of an opening that is stored: then that one is sent again, and
 *          must be of the same amount.
 * Returns  as auction_command. Unknown: the opening is kept as prepared.
 */
enum auction_outcome
auction_commit(struct auction_client *client, struct auction_opening *opening,
               const char *key, bool is_signed, struct auction_result *result);

/**
 * Open a bid. It is sent only when the auction says that it is being
 * revealed, the terms' close has passed by our own clock, and this is the
 * commitment that stands; `opening` is as auction_openings_load gave it, and
 * follows what happens.
 */
enum auction_outcome
auction_reveal(struct auction_client *client, struct auction_opening *opening,
               struct auction_result *result);

/**
 * Find out what became of prepared ones of an auction that has closed, and
 * mark what was replaced, so that those that are live are to be revealed.
 */
enum auction_outcome
auction_settle(struct auction_client *client, struct auction_openings *openings,
               uint64_t auction, uint64_t uid, struct auction_result *result);

/**
 * Take a commitment or a bid back; `bid` is its id, or 0 where there is one
 * a bidder. Openings follow.
 */
enum auction_outcome
auction_withdraw(struct auction_client *client, uint64_t auction, uint64_t bid,
                 const char *key, bool is_signed,
                 struct auction_result *result);

/**
 * The number of the own account. A bidder whom the server does not know yet
 * introduces itself by a command that the auction refuses.
 */
enum auction_outcome
auction_find_uid(struct auction_client *client, uint64_t auction,
                 uint64_t *uid_out, char account[64],
                 struct auction_result *result);

#endif
