/* SPDX-License-Identifier: Apache-2.0 */
#include "signer.h"

#include "bench.h"
#include "protocol.h"
#include "wire.h"

#include "audit/command.h"
#include "audit/signature.h"
#include "base/text.h"

#include <openssl/pem.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIFE_MS = 600000, READS_IN_FLIGHT = 16 };

struct signer {
    EVP_PKEY *key;
    struct hash fingerprint;
    char origin[128];
    struct record_seen seen;
};

static bool
load_key(struct signer *s, const char *lab, const char *name)
{
    char path[4096];
    BIO *file;
    X509 *cert;
    bool is_good;

    snprintf(path, sizeof(path), "%s/clients/%s/%s.key", lab, name, name);
    file = BIO_new_file(path, "r");
    s->key =
        file == NULL ? NULL : PEM_read_bio_PrivateKey(file, NULL, NULL, NULL);
    BIO_free(file);
    snprintf(path, sizeof(path), "%s/clients/%s/%s.pem", lab, name, name);
    file = BIO_new_file(path, "r");
    cert = file == NULL ? NULL : PEM_read_bio_X509(file, NULL, NULL, NULL);
    BIO_free(file);
    is_good = s->key != NULL && cert != NULL &&
              cert_fingerprint(&s->fingerprint, cert) == ERR_OK;
    X509_free(cert);
    return is_good;
}

/** One request and its answer, waiting for it. */
static bool
ask(struct wire *wire, const char *request)
{
    enum reply reply;
    struct pollfd wait = {.fd = wire->fd, .events = POLLIN};

    buf_add_text(&wire->out, request);
    while (wire_advance(wire)) {
        if (wire->in.size > 0 &&
            protocol_http.reply(wire->in.bytes, wire->in.size, &reply) > 0)
            return reply == REPLY_ACCEPTED;
        if (poll(&wait, 1, 10000) <= 0)
            return false;
    }
    return false;
}

/** The first three lines of the note: origin, size, root. */
static bool
read_head(struct signer *s, const char *answer)
{
    const char *note = strstr(answer, "\r\n\r\n");
    char root[64];
    unsigned long long size;

    if (note == NULL ||
        sscanf(note + 4, "%127s %llu %63s", s->origin, &size, root) != 3)
        return false;
    s->seen.size = size;
    return hash_from_base64(&s->seen.root, root, strlen(root));
}

struct signer *
signer_open(const char *lab, const char *name, int port)
{
    struct signer *s = calloc(1, sizeof(*s));
    SSL_CTX *context = wire_context(lab, name);
    struct wire wire = {.fd = -1};
    bool is_good;

    CHECK(s != NULL);
    is_good = context != NULL && load_key(s, lab, name) &&
              wire_open(&wire, context, port, NULL, 0) &&
              ask(&wire, "GET /v1/log/checkpoint HTTP/1.1\r\n"
                         "Host: localhost\r\n\r\n") &&
              read_head(s, wire.in.bytes);
    wire_close(&wire);
    SSL_CTX_free(context);
    if (!is_good) {
        fprintf(stderr, "auction-bench: %s cannot sign\n", name);
        signer_close(&s);
    }
    return s;
}

/** Take the terms out of the answers that are there. */
static bool
take_terms(struct wire *wire, struct hash *terms, int *done)
{
    enum reply reply;
    size_t size;

    while (wire->in.size > 0 &&
           (size = protocol_http.reply(wire->in.bytes, wire->in.size, &reply)) >
               0) {
        const char *hex = memmem(wire->in.bytes, size, "\"terms\":\"", 9);
        if (hex == NULL || !hash_from_hex(&terms[(*done)++], hex + 9, 64))
            return false;
        buf_drop(&wire->in, size);
    }
    return true;
}

static bool
read_terms(struct wire *wire, struct hash *terms, int first, int count)
{
    struct pollfd wait = {.fd = wire->fd, .events = POLLIN};
    int sent = 0, done = 0;

    while (done < count) {
        for (; sent < count && sent - done < READS_IN_FLIGHT; sent++)
            buf_add_format(&wire->out,
                           "GET /v1/auctions/%d HTTP/1.1\r\n"
                           "Host: localhost\r\n\r\n",
                           first + sent);
        if (!wire_advance(wire) || !take_terms(wire, terms, &done) ||
            (done < sent && poll(&wait, 1, 10000) <= 0))
            return false;
    }
    return true;
}

struct hash *
signer_terms(const char *lab, int port, int first, int count)
{
    struct hash *terms = calloc((size_t)count, sizeof(*terms));
    SSL_CTX *context = wire_context(lab, "b01");
    struct wire wire = {.fd = -1};
    bool is_good = terms != NULL && context != NULL &&
                   wire_open(&wire, context, port, NULL, 0) &&
                   read_terms(&wire, terms, first, count);

    wire_close(&wire);
    SSL_CTX_free(context);
    if (is_good)
        return terms;
    fprintf(stderr, "auction-bench: the terms of the auctions are not told\n");
    free(terms);
    return NULL;
}

void
signer_close(struct signer **signer)
{
    if (*signer != NULL)
        EVP_PKEY_free((*signer)->key);
    free(*signer);
    *signer = NULL;
}

int
signer_body(const struct signer *s, uint64_t auction, const struct hash *terms,
            int64_t amount, uint64_t *random, char *key_field, size_t key_size,
            char *body, size_t body_size)
{
    struct signed_command command = {
        .cmd = COMMAND_BID,
        .log = s->origin,
        .auction = (int64_t)auction,
        .has_terms = true,
        .terms = *terms,
        .signer = s->fingerprint,
        .until = (int64_t)(bench_now() * 1000) + LIFE_MS,
        .seen = s->seen,
        .max = amount,
    };
    uint64_t key[2] = {bench_random(random), bench_random(random)};
    char key_hex[33], terms_hex[HASH_HEX_BYTES], seen[RECORD_SEEN_BYTES];
    char value[TEXT_BASE64_BYTES(SIG_VALUE_BYTES_MAX)];
    struct record_sig sig;
    struct buf bytes;
    int size;

    memcpy(command.request.bytes, key, sizeof(key));
    buf_init(&bytes, COMMAND_BYTES_MAX);
    CHECK(command_encode(&command, &bytes) == ERR_OK &&
          command_sign(s->key, bytes.bytes, bytes.size, &sig) == ERR_OK);
    buf_release(&bytes);
    text_base64(value, sig.value, sig.value_size);
    snprintf(key_field, key_size, "Idempotency-Key: %s\r\n",
             text_hex(key_hex, key, sizeof(key)));
    size =
        snprintf(body, body_size,
                 "{\"max\":%lld,\"signature\":{\"alg\":\"%s\",\"seen\":"
                 "\"%s\",\"terms\":\"%s\",\"until\":%lld,\"value\":\"%s\"}}",
                 (long long)amount, sig_alg_text(sig.alg),
                 record_seen_text(seen, &command.seen),
                 hash_hex(terms_hex, terms), (long long)command.until, value);
    CHECK(size > 0 && (size_t)size < body_size);
    return size;
}
