/* SPDX-License-Identifier: Apache-2.0 */
/**
 * internal: the parts of libauction, for its own source files only.
 *
 *     client.c   files, opening and closing
 *     call.c     one call over libcurl
 *     outcome.c  what answers mean, pauses between attempts
 *     failure.c  transfers that failed, in words
 *     command.c  signing, sending, retrying
 *     typed.c    a function for each command
 *     trust.c    the log's key and its heads
 *     quorum.c   witnesses that a policy asks for
 *     prove.c    receipts: what an answer proves
 *     keep.c     the newest heads, kept in files
 *     evidence.c what a log showed that contradicts itself
 *     terms.c    the rule text behind a signature
 *     file.c     small files that are whole and durable
 *     opening.c  openings of sealed bids, as values
 *     vault.c    the folder that keeps them
 *     seal.c     taking them to another machine
 *     sealed.c   commit, reveal, withdraw
 *     sse.c      live events: bytes to events
 *     stream.c   live events: connection and resumption
 */
#ifndef CLIENT_INTERNAL_H
#define CLIENT_INTERNAL_H

#include "auction.h"
#include "audit/checkpoint.h"
#include "audit/command.h"
#include "audit/receipt.h"
#include "audit/signature.h"
#include "base/buf.h"
#include "opening.h"

#include <curl/curl.h>
#include <jansson.h>

enum {
    REPLY_BYTES_MAX = 8 << 20,
    URL_BYTES_MAX = 2048,
    TERMS_KEPT = 16, /* auctions whose terms are remembered */
    SIGNATURE_LIFE_MS = 60000,
    PASSPHRASE_BYTES = 1024,
    CA_TAG_BYTES = 9,
    FILE_PATH_BYTES = 4096,
    CALL_PAUSE_MS = 100, /* before the second attempt of a call */
    CALL_PAUSE_MS_MAX = 10000,
};

struct policy;

struct kept_terms {
    uint64_t auction;
    struct hash terms;
};

struct auction_client {
    CURL *curl;
    char *server;
    struct buf ca;             /* PEM */
    char ca_tag[CA_TAG_BYTES]; /* of its key: 8 hex digits */
    char *state_dir;
    EVP_PKEY *key;
    struct hash fp;       /* of our certificate */
    int64_t not_after_ms; /* its last moment */
    char passphrase[PASSPHRASE_BYTES];
    long timeout_ms;
    int retries;
    int verbosity;
    char error[CURL_ERROR_SIZE];
    char warning[AUCTION_MESSAGE_BYTES];
    struct curl_slist *resolve;

    auction_tick *tick; /* of streams, or NULL */
    void *tick_context;

    bool has_log; /* the log's key is known */
    struct log_verifier log;
    struct policy *policy;   /* of witnesses, owned, or NULL */
    struct record_seen seen; /* largest head that was verified */
    struct kept_terms terms[TERMS_KEPT];
    size_t terms_next;
};

/* outcome.c, failure.c, call.c */
/** Set outcome and message. Returns the outcome. */
enum auction_outcome
fail(struct auction_result *result, enum auction_outcome outcome,
     const char *format, ...) __attribute__((format(printf, 3, 4)));
void result_clear(struct auction_result *result);
/** One attempt. Accepted when an answer came, of whatever status. */
enum auction_outcome
call_once(struct auction_client *client, const char *method, const char *path,
          const char *body, const char *const *headers,
          struct auction_result *result);
/** The outcome of an HTTP status, before anything is proved. */
enum auction_outcome outcome_of_status(int status);
/** The outcome of an answer: by its status, in the words of its problem. */
enum auction_outcome outcome_of(struct auction_result *result);
/** The same with the body apart from the result. */
enum auction_outcome outcome_of_problem(struct auction_result *result,
                                        const char *body, size_t size);
/** What a failed transfer means; nothing was done unless it is unknown. */
enum auction_outcome
transfer_failed(struct auction_client *client, CURLcode code,
                struct auction_result *result);
/**
 * Length of the pause after attempt number `attempt` (from 0): base_ms
 * doubled each time, at most max_ms, of which the upper half is left to
 * `chance` (0..255).
 */
int64_t pause_ms(int attempt, int64_t base_ms, int64_t max_ms, uint8_t chance);
/** Wait so long. */
void back_off(int attempt, int64_t base_ms, int64_t max_ms);
/** Between attempts of a call; a busy server's Retry-After is respected. */
void back_off_call(int attempt, const struct auction_result *result);
int64_t now_ms(void);

/* command.c */
/** The outcome of several attempts with one key, seen as one. */
struct settling {
    bool was_sent; /* one of them may have been executed */
};
/**
 * Take the outcome of one more attempt. True: it is final. Once an attempt
 * may have been executed, only a proven answer is final, and anything else
 * leaves the outcome unknown.
 */
bool settle(struct settling *settling, struct auction_result *result);

/* typed.c */
/** The number of an account, as administrators are told it. */
enum auction_outcome
find_account(struct auction_client *client, const char *account,
             int64_t *uid_out, struct auction_result *result);

/* trust.c */
/** Know the log's key and a head of it, consistent with what was kept. */
enum auction_outcome
trust_log(struct auction_client *client, struct auction_result *result);
/** A verified head becomes what is signed as `seen`, and is kept. */
void trust_head(struct auction_client *client, const struct checkpoint *head,
                const char *note, size_t size);

/** A head as it was shown: signed. */
struct kept_head {
    struct checkpoint head; /* of size 0: none */
    char note[CHECKPOINT_BYTES_MAX];
    size_t size; /* of the note */
};

/* quorum.c */
/** Read the policy file; without a path there is none. */
enum auction_outcome
quorum_load(struct auction_client *client, const char *path,
            struct auction_result *result);
void quorum_release(struct auction_client *client);
/** The newest head that the policy's quorum has cosigned; verified. */
enum auction_outcome
quorum_fetch(struct auction_client *client, struct kept_head *out,
             struct auction_result *result);
/**
 * Prove that a record stands under such a head too; busy while no witness
 * has seen it. Accepted without a policy.
 */
enum auction_outcome
quorum_receipt(struct auction_client *client, uint64_t seq, const char *record,
               size_t size, struct auction_result *result);

/* prove.c */
/** What proving a receipt needs; much of it, so not on the stack. */
struct proving {
    struct receipt_text storage;
    struct record_text text;
    struct receipt receipt;
    struct checkpoint head;
    struct record record;
};

/**
 * Prove the receipt of an answer and that it is of this very command; its
 * head is trusted. The outcome is what the record says.
 */
enum auction_outcome
prove_answer(struct auction_client *client,
             const struct signed_command *command, json_t *answer,
             struct auction_result *result);
/** Whether the record is the answer to this command of its signer. */
bool
is_answer_to(const struct signed_command *command, const struct record *record);

/* keep.c */
/**
 * What a log is called in files: the origin with all but [A-Za-z0-9.-] as
 * %XX, and the CA's tag: a log is what one CA says it is. Returns name.
 */
char *keep_name(char name[AUCTION_LOG_NAME_BYTES], const char *origin,
                const char *ca_tag);
/**
 * Two heads of a log are kept: the largest that was seen, as receipts bring
 * it, and the largest that was proved to continue all before it.
 */
enum keep { KEEP_LARGEST, KEEP_PROVED };

/** A kept head; fails when it is damaged. */
enum auction_outcome
keep_read(struct auction_client *client, enum keep which,
          struct kept_head *kept_out, struct auction_result *result);
/** Keep a verified head unless a larger one is kept; a failure is a warning. */
void keep_write(struct auction_client *client, enum keep which,
                const struct checkpoint *head, const char *note, size_t size);

/* evidence.c */
/**
 * The log contradicts itself: keep what it showed before and now in a file
 * of the state folder, and say so.
 *
 * note   a head of now, signed or not; "" for none
 * proof  what was offered to prove that it continues `before`, or NULL
 */
enum auction_outcome
evidence_keep(struct auction_client *client, const struct kept_head *before,
              const char *note, size_t size, const char *proof,
              struct auction_result *result);

/** Whether a name could be keep_name's: it is fit for a folder. */
bool keep_name_is_valid(const char *name);

/* file.c */
/**
 * Write whole or not at all, of mode 0600, synced with its folder; false
 * leaves errno.
 */
bool file_replace(const char *path, const char *bytes, size_t size);
/** Make the folders above a path's last part, 0700 and synced. */
bool file_make_folders(const char *path);
/** Append a file to `out`; false with errno. */
bool file_read(const char *path, struct buf *out);

/* opening.c, vault.c */
/** NULL without memory, or when a text is not UTF-8. */
json_t *opening_to_json(const struct auction_opening *opening);
/** False unless it is whole and its commitment is that of its fields. */
bool opening_from_json(struct auction_opening *out, json_t *object);
/** False without memory. */
bool openings_add(struct auction_openings *list,
                  const struct auction_opening *opening);

/* terms.c */
/** What the signed terms of an auction say; texts are cut to fit. */
struct terms {
    struct hash hash;
    char status[16], title[128], format[16], currency[8];
    int64_t closes_ms, reveal_ends_ms; /* 0: none */
};

/**
 * Ask for an auction and for its published rule text, whose hash must be the
 * one that is signed with each command; it is remembered.
 */
enum auction_outcome
terms_fetch(struct auction_client *client, uint64_t auction, struct terms *out,
            struct auction_result *result);
const struct kept_terms *
terms_find(const struct auction_client *client, uint64_t auction);
/** Ask for the hash alone, and remember it. */
enum auction_outcome terms_ask(struct auction_client *client, uint64_t auction,
                               struct auction_result *result);

/* sealed.c */
/** A test's: called behind each step of a commitment and of a reveal. */
extern void (*sealed_step)(const char *step);

/* sse.c */
struct sse {
    struct buf line, data;
    char type[64];
    char id[32];      /* of the event under way */
    char last_id[32]; /* of the last whole event: where to resume */
    int64_t retry_ms; /* the pause that the server asks for; -1: none */
    bool skips_lf;    /* the last byte was a CR */
};

void sse_init(struct sse *sse);
void sse_release(struct sse *sse);
/** Forget what the last connection left unfinished. */
void sse_reconnect(struct sse *sse);
/** Take bytes; false when `visit` said so, or memory or bounds ran out. */
bool sse_feed(struct sse *sse, const char *bytes, size_t size,
              auction_event_visit *visit, void *context);

#endif
