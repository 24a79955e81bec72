/* SPDX-License-Identifier: Apache-2.0 */
/**
 * libauction: bidding, selling and watching as a program.
 *
 * A client is one connection with one certificate. Commands are signed with
 * the certificate's key; an answer is believed only when its receipt proves
 * that exactly this command stands in the log, under a head that the log's
 * certified key has signed. So "accepted" means: recorded, provably.
 *
 *     auction_global_init();
 *     auction_open(&client, &options);
 *     auction_bid(client, 7, 15000, NULL, &result);
 *     if (result.outcome == AUCTION_ACCEPTED) ...
 *     auction_result_release(&result);
 *     auction_close(&client);
 *
 * A command is repeated with the same key until its outcome is known or the
 * retries are used up; the server executes it once.
 *
 * Thread  one client is used by one thread at a time; clients are independent.
 * Source  docs/protocol.md; docs/audit.md "signed commands".
 */
#ifndef AUCTION_H
#define AUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct auction_client;

/** What became of a call; the numbers are the command line's exit codes. */
enum auction_outcome {
    AUCTION_ACCEPTED = 0,      /* done; a receipt was verified where due */
    AUCTION_LOCAL_FAILURE = 1, /* file, memory, bug */
    AUCTION_USAGE = 2,
    AUCTION_NO_CONNECTION = 3, /* unreachable, or not trusted */
    AUCTION_NOT_ALLOWED = 4,   /* certificate refused, or 403 */
    AUCTION_NOT_FOUND = 5,
    AUCTION_REFUSED = 6, /* by the auction's rules, or a changed version */
    AUCTION_INVALID = 7, /* the request was malformed */
    AUCTION_BUSY = 8,    /* 429 or 503, for a read any 5xx, after all retries */
    AUCTION_UNKNOWN = 9, /* sent, no proven answer: repeat with the same key */
};

/** Borrowed for the length of auction_open. NULL and 0 are defaults. */
struct auction_options {
    const char *server;          /* "https://auction.example.com:8443" */
    const char *cert;            /* PEM files */
    const char *key;             /* of mode 0600 */
    const char *ca;              /* the only CA that is trusted */
    const char *crl;             /* for the server's certificate, or NULL */
    const char *passphrase_file; /* its first line opens the key, or NULL */
    const char
        *policy; /* C2SP tlog-policy: witnesses that are asked, or NULL */
    const char *state_dir; /* keeps the newest head; NULL: in memory only */
    const char *resolve;   /* "HOST:PORT:ADDRESS" instead of DNS, or NULL */
    long timeout_ms;       /* of one attempt; 10 s */
    int retries;           /* 3; -1: none */
    int verbosity;         /* on stderr: 1 requests and statuses, 2 headers */
};

enum {
    AUCTION_KEY_BYTES = 33,
    AUCTION_MESSAGE_BYTES = 512,
    AUCTION_LOG_NAME_BYTES = 416,
};

struct auction_result {
    enum auction_outcome outcome;
    int status; /* of HTTP; 0 without an answer */
    char *body; /* owned; "" without one */
    size_t body_size;
    char code[48];                       /* of a problem: "too-low" */
    char request_id[72];                 /* of a problem: names it in the log */
    char key[AUCTION_KEY_BYTES];         /* of a command: to repeat it */
    char message[AUCTION_MESSAGE_BYTES]; /* a sentence for people */
    char etag[40];
    uint64_t event_seq; /* Event-Seq of a read */
    int retry_after_s;  /* of a busy server; 0: it said nothing */

    /* of an answer to a command */
    bool is_verified; /* the receipt proves it */
    uint64_t seq;
    uint64_t uid; /* the number of the account that commanded it */
    uint64_t auction;
    int64_t price;       /* 0: none */
    int64_t minimum_bid; /* 0: none */
    bool is_leading;
    char ends_at[40];
    char *receipt; /* C2SP tlog-proof text, owned; NULL without one */
    char *record;  /* the record that it proves: JSON, owned, or NULL */
};

/** Once a process, before the first client and the second thread. */
bool auction_global_init(void);

/**
 * Read the files and prepare; nothing is sent yet. On failure the message of
 * `result` says what and how to mend it, and *out is NULL.
 */
enum auction_outcome
auction_open(struct auction_client **out, const struct auction_options *options,
             struct auction_result *result);
void auction_close(struct auction_client **client);

/**
 * Connect and check the evidence, as each first command does: the log's key
 * is certified, its head is signed, and it contains all that was seen before.
 */
enum auction_outcome
auction_check_log(struct auction_client *client, struct auction_result *result);

/**
 * What went wrong beside the last command without spoiling it, such as a head
 * that could not be kept; "" for nothing. Valid until the next command.
 */
const char *auction_warning(const struct auction_client *client);

/**
 * A name for the server's log that is fit for a file, made of its origin and
 * its CA; "" before the first command. Returns name.
 */
char *auction_log_name(const struct auction_client *client,
                       char name[AUCTION_LOG_NAME_BYTES]);

void auction_result_release(struct auction_result *result);

/** 32 hex digits of fresh randomness; false without any. */
bool auction_make_key(char key[AUCTION_KEY_BYTES]);

/**
 * Any call. `body` is JSON or NULL; `headers` are "Name: value" strings ended
 * by NULL, or NULL. Nothing is signed or verified. A POST without an
 * Idempotency-Key gets one, in result->key.
 */
enum auction_outcome
auction_call(struct auction_client *client, const char *method,
             const char *path, const char *body, const char *const *headers,
             struct auction_result *result);

/**
 * A command of an auction.
 *
 * cmd       "bid", "publish", ...
 * fields    JSON object of its own fields, without signature; "{}" for none
 * key       request key, or NULL for a new one
 * is_signed false only where the server allows it
 */
enum auction_outcome
auction_command(struct auction_client *client, uint64_t auction,
                const char *cmd, const char *fields, const char *key,
                bool is_signed, struct auction_result *result);

/**
 * An administrator's command about an account: "suspend", "restore",
 * "credit". The fields are those of docs/protocol.md.
 */
enum auction_outcome
auction_admin(struct auction_client *client, const char *account,
              const char *cmd, const char *fields, const char *key,
              bool is_signed, struct auction_result *result);

/** Create from a draft (docs/protocol.md); result->auction is the new id. */
enum auction_outcome
auction_create(struct auction_client *client, const char *draft,
               const char *key, bool is_signed, struct auction_result *result);

/** Bid up to `max` minor units. */
enum auction_outcome
auction_bid(struct auction_client *client, uint64_t auction, int64_t max,
            const char *key, bool is_signed, struct auction_result *result);

/** Buy now; `price` must be the auction's buy-now price. */
enum auction_outcome
auction_buy(struct auction_client *client, uint64_t auction, int64_t price,
            const char *key, bool is_signed, struct auction_result *result);

/** Publish a draft of one's own. */
enum auction_outcome
auction_publish(struct auction_client *client, uint64_t auction,
                const char *key, bool is_signed, struct auction_result *result);

/** Take one's bids back: "typo", "changed-description", "seller-unreachable".
 */
enum auction_outcome
auction_retract(struct auction_client *client, uint64_t auction,
                const char *reason, const char *key, bool is_signed,
                struct auction_result *result);

/** Cancel; `reason` may be NULL unless an admin does it. */
enum auction_outcome
auction_cancel(struct auction_client *client, uint64_t auction,
               const char *reason, const char *key, bool is_signed,
               struct auction_result *result);

/**
 * Record that the buyer has paid; `account` must be a winner's. `invoice` is
 * the number of one of its invoices, or 0 for the only one.
 */
enum auction_outcome
auction_pay(struct auction_client *client, uint64_t auction,
            const char *account, uint64_t invoice, const char *key,
            bool is_signed, struct auction_result *result);

/** Void all bids of an account, as an administrator. */
enum auction_outcome
auction_void(struct auction_client *client, uint64_t auction,
             const char *account, const char *reason, const char *key,
             bool is_signed, struct auction_result *result);

/**
 * Prove a kept receipt (C2SP tlog-proof text) under the key of the server's
 * log. Accepted: seq, auction, price and the like are what the record says,
 * whose ever command it was. Invalid: it proves nothing. With a policy the
 * record must also stand under a head that the quorum has cosigned; busy: no
 * witness has seen it yet.
 */
enum auction_outcome
auction_verify_receipt(struct auction_client *client, const char *text,
                       size_t size, struct auction_result *result);

/** One live event. */
struct auction_event {
    const char *type; /* "bid" */
    const char *id;   /* number of its record, "" for none */
    const char *data; /* JSON */
};

/** False ends the stream. */
typedef bool
auction_event_visit(void *context, const struct auction_event *event);

/** Called about once a second while a stream is open or being taken up. */
typedef void auction_tick(void *context);
void auction_on_tick(struct auction_client *client, auction_tick *tick,
                     void *context);

/**
 * Live events, each whole one once and in order, until `visit` ends it. A
 * connection that breaks is taken up again behind the last whole event: the
 * first one after as many failures as a call is retried, later ones after 20
 * in a row, with pauses that grow from half a second (or what the server
 * asks) to 30 s. A refusal ends it at once.
 *
 * query  such as "auction=7&type=bid", or ""
 * after  record number to resume behind, or -1 for now
 */
enum auction_outcome
auction_stream(struct auction_client *client, const char *query, int64_t after,
               auction_event_visit *visit, void *context,
               struct auction_result *result);

#endif
