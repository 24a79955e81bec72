/* SPDX-License-Identifier: Apache-2.0 */
#include "liar.h"

#include "audit/checkpoint.h"
#include "audit/receipt.h"
#include "audit/tree.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECORDS_MAX = 64, FAULTS_MAX = 16, REQUEST_BYTES = 32768 };
enum { AUCTION = 7, PRICE = 10000, NEXT = 10500, UID = 3 };

struct liar {
    const struct pki *pki;
    SSL_CTX *tls;
    int listener;
    pthread_t thread;
    char url[48];

    pthread_mutex_t lock; /* of all below */
    struct tree *tree;
    struct buf records[RECORDS_MAX];
    unsigned count;
    enum fault faults[FAULTS_MAX];
    size_t fault_count, fault_next;
    unsigned posts, executed;
    const char *const *parts; /* of the stream, one a connection */
    size_t part_count, part_next;
    char places[256]; /* where each of them was asked to begin */
    char status[16];  /* of the auction */
    int64_t closes_ms;
    uint8_t salt; /* makes a rewritten log another one */
    char last_key[64];
    unsigned last_record;
    char body[REQUEST_BYTES];
};

/* ------------------------------------------------------------------ the log */

static void
append(struct liar *l, struct record *r)
{
    struct hash leaf;

    CHECK(l->count < RECORDS_MAX);
    RECORD_SET(r, seq, (int64_t)l->count);
    RECORD_SET(r, t, INT64_C(1795521600000) + l->count);
    RECORD_SET(r, tx, (int64_t)l->count);
    record_mark(r, MEMBER_salt);
    memset(r->salt.bytes, l->salt, sizeof(r->salt.bytes));
    buf_init(&l->records[l->count], RECORD_BYTES_MAX);
    CHECK(record_encode(r, &l->records[l->count]) == ERR_OK);
    leaf = leaf_hash(l->records[l->count].bytes, l->records[l->count].size);
    tree_append(l->tree, &leaf);
    l->count++;
}

static void
begin_log(struct liar *l, unsigned records)
{
    struct record r;

    for (unsigned i = 0; i < l->count; i++)
        buf_release(&l->records[i]);
    tree_destroy(&l->tree);
    CHECK(tree_create(&l->tree, NULL) == ERR_OK);
    l->count = 0;
    l->salt++;
    l->last_key[0] = '\0';
    while (l->count < records) {
        record_init(&r, RECORD_LOG_HEARTBEAT);
        append(l, &r);
    }
}

static void
sign_head(struct liar *l, struct buf *note)
{
    struct checkpoint head = {.size = l->count, .root = tree_root(l->tree)};
    uint8_t public_key[LOG_PUBLIC_KEY_BYTES];
    size_t size = sizeof(public_key);
    struct log_verifier verifier;

    memcpy(head.origin, PKI_ORIGIN, sizeof(PKI_ORIGIN));
    CHECK(EVP_PKEY_get_raw_public_key(l->pki->log_key, public_key, &size) == 1);
    CHECK(log_verifier_init(&verifier, PKI_ORIGIN, public_key) == ERR_OK);
    buf_init(note, CHECKPOINT_BYTES_MAX);
    CHECK(checkpoint_sign(&head, l->pki->log_key, &verifier, note) == ERR_OK);
    log_verifier_release(&verifier);
}

/* ----------------------------------------------------------------- commands */

static void
record_bid(struct liar *l, int64_t max, enum fault fault)
{
    bool is_refused = fault == FAULT_REFUSES || fault == FAULT_SAYS_ACCEPTED;
    struct record_actor actor = {.has_fp = true,
                                 .fp = l->pki->client_fp,
                                 .kind = RECORD_ACTOR_USER,
                                 .has_uid = true,
                                 .uid = UID};
    struct bytes16 request;
    struct record r;

    CHECK(text_unhex(request.bytes, sizeof(request.bytes), l->last_key,
                     strlen(l->last_key)));
    if (fault == FAULT_OTHER_REQUEST)
        request.bytes[0] ^= 1;
    if (fault == FAULT_OTHER_SIGNER)
        actor.fp.bytes[0] ^= 1;
    record_init(&r, is_refused ? RECORD_BID_REFUSED : RECORD_BID_ACCEPTED);
    RECORD_SET(&r, actor, actor);
    RECORD_SET(&r, request, request);
    RECORD_SET(&r, auction, AUCTION);
    RECORD_SET(&r, aseq, (int64_t)l->count);
    RECORD_SET(&r, max, fault == FAULT_OTHER_MAX ? max + 1 : max);
    RECORD_SET(&r, min_next, NEXT);
    if (is_refused)
        RECORD_SET_TEXT(&r, reason, "ERR_TOO_LOW");
    else {
        RECORD_SET(&r, leader, UID);
        RECORD_SET(&r, price, PRICE);
        RECORD_SET(&r, close, INT64_C(1795525200000));
    }
    append(l, &r);
    l->executed++;
}

/** The hex digits of a member of a request's body. */
static void
take_hex(const char *request, const char *member, struct hash *out)
{
    const char *value = strstr(request, member);

    CHECK(value != NULL);
    CHECK(hash_from_hex(out, value + strlen(member), 2 * HASH_BYTES));
}

static int64_t
take_number(const char *request, const char *member)
{
    const char *value = strstr(request, member);

    CHECK(value != NULL);
    return strtoll(value + strlen(member), NULL, 10);
}

/** A commitment or its opening, accepted. */
static void
record_sealed(struct liar *l, const char *request)
{
    bool is_commit = strstr(request, "/commit ") != NULL;
    struct record_actor actor = {.has_fp = true,
                                 .fp = l->pki->client_fp,
                                 .kind = RECORD_ACTOR_USER,
                                 .has_uid = true,
                                 .uid = UID};
    struct bytes16 key;
    struct record r;
    struct hash hash;

    CHECK(text_unhex(key.bytes, sizeof(key.bytes), l->last_key,
                     strlen(l->last_key)));
    record_init(&r,
                is_commit ? RECORD_COMMIT_ACCEPTED : RECORD_REVEAL_ACCEPTED);
    RECORD_SET(&r, actor, actor);
    RECORD_SET(&r, request, key);
    RECORD_SET(&r, auction, AUCTION);
    RECORD_SET(&r, aseq, (int64_t)l->count);
    if (is_commit) {
        take_hex(request, "\"c\":\"", &hash);
        RECORD_SET(&r, c, hash);
        RECORD_SET(&r, cap, take_number(request, "\"cap\":"));
    } else {
        take_hex(request, "\"nonce\":\"", &hash);
        RECORD_SET(&r, nonce, hash);
        RECORD_SET(&r, amount, take_number(request, "\"amount\":"));
    }
    append(l, &r);
    l->executed++;
}

static void
answer(struct buf *out, int status, const char *body)
{
    buf_add_format(out,
                   "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n"
                   "Content-Type: application/json\r\n\r\n%s",
                   status, strlen(body), body);
}

static void
answer_receipt(struct liar *l, enum fault fault, struct buf *out)
{
    struct receipt receipt = {.index = l->last_record};
    bool is_refused = fault == FAULT_REFUSES || fault == FAULT_SAYS_REFUSED;
    struct buf note, body;

    sign_head(l, &note);
    CHECK(tree_prove_inclusion(l->tree, l->last_record, l->count,
                               &receipt.proof) == ERR_OK);
    if (fault == FAULT_BAD_PROOF)
        receipt.proof.hashes[0].bytes[0] ^= 1;
    receipt.record = l->records[l->last_record].bytes;
    receipt.record_size = l->records[l->last_record].size;
    receipt.checkpoint = note.bytes;
    receipt.checkpoint_size = note.size;
    buf_init(&body, RECEIPT_BYTES_MAX);
    buf_add_text(&body, is_refused ? "{\"code\":\"too-low\",\"receipt\":"
                                   : "{\"receipt\":");
    receipt_encode_json(&receipt, &body);
    buf_add_text(&body, "}\n");
    CHECK(buf_is_ok(&body));
    answer(out, is_refused ? 409 : 201, body.bytes);
    buf_release(&body);
    buf_release(&note);
}

static enum fault
next_fault(struct liar *l)
{
    return l->fault_next < l->fault_count ? l->faults[l->fault_next++]
                                          : FAULT_NONE;
}

/** Empty: the connection is cut. */
static void
take_post(struct liar *l, const char *request, struct buf *out)
{
    enum fault fault = next_fault(l);
    const char *key = strstr(request, "Idempotency-Key: ");
    const char *max = strstr(request, "\"max\":");
    char given[64];

    CHECK(key != NULL);
    l->posts++;
    snprintf(l->body, sizeof(l->body), "%s", strstr(request, "\r\n\r\n") + 4);
    snprintf(given, sizeof(given), "%.32s", key + strlen("Idempotency-Key: "));
    if (fault == FAULT_CUT_BEFORE)
        return;
    if (fault == FAULT_BUSY || fault == FAULT_BARE_404) {
        answer(out, fault == FAULT_BUSY ? 503 : 404, "{}");
        return;
    }
    if (strcmp(given, l->last_key) != 0) { /* a repeat is answered again */
        memcpy(l->last_key, given, sizeof(given));
        l->last_record = l->count;
        if (max != NULL)
            record_bid(l, strtoll(max + strlen("\"max\":"), NULL, 10), fault);
        else
            record_sealed(l, request);
    }
    if (fault == FAULT_CUT_AFTER)
        return;
    if (fault == FAULT_ERROR || fault == FAULT_NO_RECEIPT)
        answer(out, fault == FAULT_ERROR ? 500 : 201, "{}");
    else
        answer_receipt(l, fault, out);
}

/* -------------------------------------------------------------------- reads */

static void
answer_consistency(struct liar *l, unsigned long from, struct buf *out)
{
    struct buf note, body;
    struct proof proof;

    if (from > l->count) {
        answer(out, 404, "{}");
        return;
    }
    sign_head(l, &note);
    CHECK(tree_prove_consistency(l->tree, from, l->count, &proof) == ERR_OK);
    buf_init(&body, RECEIPT_BYTES_MAX);
    consistency_encode(from, &proof, note.bytes, note.size, &body);
    answer(out, 200, body.bytes);
    buf_release(&body);
    buf_release(&note);
}

/** "after=N" or "id=N" of the request, gathered. */
static void
note_place(struct liar *l, const char *request)
{
    const char *id = strstr(request, "Last-Event-ID: ");
    const char *after = strstr(request, "after=");
    size_t used = strlen(l->places);

    if (id != NULL)
        id += strlen("Last-Event-ID: ");
    else
        after += strlen("after=");
    snprintf(l->places + used, sizeof(l->places) - used, "%s%.*s ",
             id != NULL ? "id=" : "after=",
             (int)strspn(id != NULL ? id : after, "0123456789"),
             id != NULL ? id : after);
}

/** The next part of the stream; the connection is cut behind it. */
static void
answer_stream(struct liar *l, const char *request, struct buf *out)
{
    note_place(l, request);
    if (l->part_next == l->part_count) {
        answer(out, 403, "{\"code\":\"forbidden\",\"title\":\"No\"}");
        return;
    }
    buf_add_format(out,
                   "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                   "Connection: close\r\n\r\n%s",
                   l->parts[l->part_next++]);
}

/** The auction, or the rule text whose hash it names. */
static void
answer_auction(struct liar *l, bool wants_terms, struct buf *out)
{
    char terms[128], body[256], hex[HASH_HEX_BYTES];
    struct hash hash;

    snprintf(terms, sizeof(terms),
             "{\"closes\":%lld,\"currency\":\"EUR\",\"format\":\"sealed\"}",
             (long long)l->closes_ms);
    hash = hash_of(terms, strlen(terms));
    snprintf(body, sizeof(body), "{\"status\":\"%s\",\"terms\":\"%s\"}",
             l->status, hash_hex(hex, &hash));
    answer(out, 200, wants_terms ? terms : body);
}

static void
take_get(struct liar *l, const char *request, struct buf *out)
{
    static const char consistency[] = "GET /v1/log/consistency?from=";
    struct buf note;

    if (strncmp(request, "GET /v1 ", 8) == 0)
        answer(out, 200, "{\"log\":\"" PKI_ORIGIN "\"}");
    else if (strncmp(request, "GET /v1/log/certificate ", 24) == 0)
        answer(out, 200, l->pki->log_cert);
    else if (strncmp(request, "GET /v1/log/checkpoint ", 23) == 0) {
        sign_head(l, &note);
        answer(out, 200, note.bytes);
        buf_release(&note);
    } else if (strncmp(request, consistency, strlen(consistency)) == 0)
        answer_consistency(l, strtoul(request + strlen(consistency), NULL, 10),
                           out);
    else if (strncmp(request, "GET /v1/events?", 15) == 0)
        answer_stream(l, request, out);
    else if (strncmp(request, "GET /v1/auctions/7", 18) == 0)
        answer_auction(l, strncmp(request + 18, "/terms ", 7) == 0, out);
    else if (strncmp(request, "GET /v1/me ", 11) == 0)
        answer(out, 200, "{\"account\":\"ann\",\"uid\":\"3\"}");
    else
        answer(out, 404, "{}");
}

/* ------------------------------------------------------------------ serving */

/** One request, whole and terminated; false at the end. */
static bool
read_request(SSL *ssl, char *request)
{
    size_t used = 0;
    const char *end = NULL, *length;
    size_t wanted = 0;

    while (end == NULL || used < wanted) {
        int n = SSL_read(ssl, request + used, (int)(REQUEST_BYTES - 1 - used));
        if (n <= 0)
            return false;
        used += (size_t)n;
        request[used] = '\0';
        end = strstr(request, "\r\n\r\n");
        length = strstr(request, "Content-Length: ");
        if (end != NULL)
            wanted = (size_t)(end + 4 - request) +
                     (length == NULL ? 0 : strtoul(length + 16, NULL, 10));
    }
    return true;
}

/** Requests of one connection, to its end or until it is to be cut. */
static void
serve(struct liar *l, SSL *ssl)
{
    char *request = malloc(REQUEST_BYTES);
    bool goes_on = true;

    CHECK(request != NULL);
    while (goes_on && read_request(ssl, request)) {
        struct buf out;

        buf_init(&out, 1 << 20);
        pthread_mutex_lock(&l->lock);
        if (strncmp(request, "POST ", 5) == 0)
            take_post(l, request, &out);
        else
            take_get(l, request, &out);
        pthread_mutex_unlock(&l->lock);
        goes_on = out.size > 0 &&
                  SSL_write(ssl, out.bytes, (int)out.size) == (int)out.size &&
                  strstr(out.bytes, "Connection: close") == NULL;
        buf_release(&out);
    }
    free(request);
}

static void *
run(void *context)
{
    struct liar *l = context;
    int fd;

    while ((fd = accept(l->listener, NULL, NULL)) >= 0) {
        SSL *ssl = SSL_new(l->tls);

        CHECK(ssl != NULL && SSL_set_fd(ssl, fd) == 1);
        if (SSL_accept(ssl) == 1)
            serve(l, ssl);
        SSL_free(ssl);
        close(fd);
    }
    return NULL;
}

static void
start_listening(struct liar *l)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(l->listener >= 0);
    CHECK(bind(l->listener, (struct sockaddr *)&address, size) == 0);
    CHECK(listen(l->listener, 8) == 0);
    CHECK(getsockname(l->listener, (struct sockaddr *)&address, &size) == 0);
    snprintf(l->url, sizeof(l->url), "https://127.0.0.1:%u",
             (unsigned)ntohs(address.sin_port));
}

struct liar *
liar_start(const struct pki *pki)
{
    struct liar *l = calloc(1, sizeof(*l));

    CHECK(l != NULL && pthread_mutex_init(&l->lock, NULL) == 0);
    l->pki = pki;
    begin_log(l, 3);
    l->tls = SSL_CTX_new(TLS_server_method());
    CHECK(l->tls != NULL);
    CHECK(SSL_CTX_use_certificate_chain_file(l->tls, pki->server_cert) == 1);
    CHECK(SSL_CTX_use_PrivateKey_file(l->tls, pki->server_key,
                                      SSL_FILETYPE_PEM) == 1);
    start_listening(l);
    CHECK(pthread_create(&l->thread, NULL, run, l) == 0);
    return l;
}

void
liar_stop(struct liar **liar)
{
    struct liar *l = *liar;

    CHECK(shutdown(l->listener, SHUT_RDWR) == 0);
    CHECK(pthread_join(l->thread, NULL) == 0);
    close(l->listener);
    for (unsigned i = 0; i < l->count; i++)
        buf_release(&l->records[i]);
    tree_destroy(&l->tree);
    SSL_CTX_free(l->tls);
    pthread_mutex_destroy(&l->lock);
    free(l);
    *liar = NULL;
}

const char *
liar_url(const struct liar *liar)
{
    return liar->url;
}

void
liar_plan(struct liar *l, const enum fault *faults, size_t count)
{
    CHECK(count <= FAULTS_MAX);
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < count; i++)
        l->faults[i] = faults[i];
    l->fault_count = count;
    l->fault_next = 0;
    l->posts = l->executed = 0;
    pthread_mutex_unlock(&l->lock);
}

unsigned
liar_posts(struct liar *l)
{
    unsigned posts;

    pthread_mutex_lock(&l->lock);
    posts = l->posts;
    pthread_mutex_unlock(&l->lock);
    return posts;
}

unsigned
liar_executed(struct liar *l)
{
    unsigned executed;

    pthread_mutex_lock(&l->lock);
    executed = l->executed;
    pthread_mutex_unlock(&l->lock);
    return executed;
}

const char *
liar_body(struct liar *l)
{
    return l->body;
}

void
liar_stream(struct liar *l, const char *const *parts, size_t count)
{
    pthread_mutex_lock(&l->lock);
    l->parts = parts;
    l->part_count = count;
    l->part_next = 0;
    l->places[0] = '\0';
    pthread_mutex_unlock(&l->lock);
}

const char *
liar_places(struct liar *l)
{
    return l->places;
}

void
liar_rewrite(struct liar *l, unsigned records)
{
    pthread_mutex_lock(&l->lock);
    begin_log(l, records);
    pthread_mutex_unlock(&l->lock);
}

void
liar_seal(struct liar *l, const char *status, int64_t closes_ms)
{
    pthread_mutex_lock(&l->lock);
    snprintf(l->status, sizeof(l->status), "%s", status);
    l->closes_ms = closes_ms;
    pthread_mutex_unlock(&l->lock);
}

static unsigned
count_of(struct liar *l, const char *text)
{
    unsigned count = 0;

    pthread_mutex_lock(&l->lock);
    for (unsigned i = 0; i < l->count; i++)
        count += strstr(l->records[i].bytes, text) != NULL;
    pthread_mutex_unlock(&l->lock);
    return count;
}

unsigned
liar_count(struct liar *l, const char *type)
{
    char text[64];

    snprintf(text, sizeof(text), "\"type\":\"%s\"", type);
    return count_of(l, text);
}

bool
liar_holds(struct liar *l, const char *text)
{
    return count_of(l, text) > 0;
}
