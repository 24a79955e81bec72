/* SPDX-License-Identifier: Apache-2.0 */
/**
 * internal: the parts of libauction, for its own source files only.
 *
 *     client.c   files, calls over libcurl, outcomes
 *     command.c  signing, sending, retrying, verifying
 *     trust.c    the log's key, heads and receipts
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

#include <curl/curl.h>
#include <jansson.h>

enum {
    REPLY_BYTES_MAX = 8 << 20,
    URL_BYTES_MAX = 2048,
    TERMS_KEPT = 16, /* auctions whose terms are remembered */
    SIGNATURE_LIFE_MS = 60000,
};

struct kept_terms {
    uint64_t auction;
    struct hash terms;
};

struct auction_client {
    CURL *curl;
    char *server;
    char *ca_pem;
    size_t ca_size;
    char *state_dir;
    EVP_PKEY *key;
    struct hash fp; /* of our certificate */
    int retries;
    bool is_verbose;
    char error[CURL_ERROR_SIZE];
    struct curl_slist *resolve;

    bool has_log; /* the log's key is known */
    struct log_verifier log;
    struct record_seen seen; /* largest head that was verified */
    struct kept_terms terms[TERMS_KEPT];
    size_t terms_next;
};

/* client.c */
/** Set outcome and message. Returns the outcome. */
enum auction_outcome
fail(struct auction_result *result, enum auction_outcome outcome,
     const char *format, ...) __attribute__((format(printf, 3, 4)));
void result_clear(struct auction_result *result);
/** One attempt. ERR_OK when an answer came, of whatever status. */
enum auction_outcome
call_once(struct auction_client *client, const char *method, const char *path,
          const char *body, const char *const *headers,
          struct auction_result *result);
/** The outcome of an answer by its status and problem. */
enum auction_outcome outcome_of(struct auction_result *result);
/** Wait before attempt n + 1. */
void back_off(int attempt);
int64_t now_ms(void);

/* trust.c */
/** Know the log's key and a head of it, consistent with what was kept. */
enum auction_outcome
trust_log(struct auction_client *client, struct auction_result *result);
/**
 * Prove the receipt of an answer and that it is of this very command; the
 * head becomes `seen`.
 */
enum auction_outcome
trust_answer(struct auction_client *client,
             const struct signed_command *command, json_t *answer,
             struct auction_result *result);

/* sse.c */
struct sse {
    char *line;
    size_t line_size, line_capacity;
    char *data;
    size_t data_size, data_capacity;
    char type[64];
    char id[32];
    bool skips_lf; /* the last byte was a CR */
};

void sse_init(struct sse *sse);
void sse_release(struct sse *sse);
/** Take bytes; false when `visit` said so, or memory or bounds ran out. */
bool sse_feed(struct sse *sse, const char *bytes, size_t size,
              auction_event_visit *visit, void *context);

#endif
