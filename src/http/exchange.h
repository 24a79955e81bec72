/* SPDX-License-Identifier: Apache-2.0 */
/**
 * exchange: one request and its one answer, as a handler sees them.
 *
 * The room that answers (api) and the room that carries (net) meet here and
 * do not know each other; main joins them. The functions are implemented by
 * the carrier.
 *
 * Thread  everything but worker_post belongs to the worker of the exchange.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "http/request.h"
#include "identity/identity.h"

struct worker;
struct exchange;

/** Something that happened to a connection; all borrowed for the call. */
struct carrier_event {
    enum carrier_event_kind {
        CARRIER_OPENED,  /* the handshake is done, and who it is */
        CARRIER_CLOSED,  /* one that was opened has gone */
        CARRIER_REFUSED, /* a stranger; only `peer` and `cause` are set */
    } kind;
    uint64_t conn;     /* unique while the process lives */
    const char *peer;  /* "ADDR:PORT" */
    const char *cause; /* words of ours; NULL when it opened */
    const char *tls, *cipher;
    const struct identity *identity;
    uint64_t requests;
};

/** A message to a worker; embedded in what is sent. */
struct mail {
    struct mail *next;
};

/** Put it into the worker's mailbox. Never waits, needs no memory. */
void worker_post(struct worker *worker, struct mail *mail);

/** The handler's own data of a worker, from worker_begin. */
void *worker_context(const struct worker *worker);

/**
 * One request and its one answer. It lives until it has been answered, also
 * when its connection has gone: then the answer goes nowhere.
 */
const struct http_request *exchange_request(const struct exchange *exchange);
struct identity *exchange_identity(const struct exchange *exchange);
struct worker *exchange_worker(const struct exchange *exchange);
/** The peer's address, for the log. */
const char *exchange_peer(const struct exchange *exchange);

/** A slot for the handler. */
void exchange_set_context(struct exchange *exchange, void *context);
void *exchange_context(const struct exchange *exchange);

struct http_response {
    int status;
    const char *content_type;   /* NULL: no body */
    const char *const *headers; /* name, value, ..., NULL; may be NULL */
    const void *body;           /* copied */
    size_t body_size;
};

/** Answer and free the exchange. Answers leave in the order of requests. */
void exchange_respond(struct exchange *exchange,
                      const struct http_response *response);

/** Answer with a stream; the body follows by exchange_stream_write. */
void exchange_stream_begin(struct exchange *exchange,
                           const struct http_response *head);

/** Append; false when the reader is too far behind: end the stream. */
MUST_CHECK bool exchange_stream_write(struct exchange *exchange,
                                      const void *bytes, size_t size);

/** Append a last word, however far behind the reader is, then end. */
void exchange_stream_farewell(struct exchange *exchange, const void *bytes,
                              size_t size);

/** End the stream and free the exchange; the connection closes. */
void exchange_stream_end(struct exchange *exchange);

#endif
