/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Auctions to bid on: open for ten days, steps of one minor unit. Several are
 * in flight at once; ids have no gaps, so the smallest one tells all.
 */
#include "bench.h"
#include "protocol.h"
#include "wire.h"

#include "base/instant.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN_FLIGHT = 16, OPEN_MS = 864000000 };

static void
write_draft(struct buf *out)
{
    char end[INSTANT_TEXT_BYTES], body[256];
    int size;

    instant_format(end, instant_of((int64_t)(bench_now() * 1000) + OPEN_MS));
    size = snprintf(body, sizeof(body),
                    "{\"title\":\"bench\",\"currency\":\"EUR\","
                    "\"start_price\":1,\"increments\":[{\"from\":0,"
                    "\"step\":1}],\"ends_at\":\"%s\",\"publish\":true}",
                    end);
    buf_add_format(out,
                   "POST /v1/auctions HTTP/1.1\r\nHost: localhost\r\n"
                   "Content-Type: application/json\r\n"
                   "Content-Length: %d\r\n\r\n%s",
                   size, body);
}

/** Read the answers that are there; false when one is no success. */
static bool
take_answers(struct wire *wire, int *done, unsigned long long *first)
{
    size_t size;
    enum reply reply;

    while (wire->in.size > 0 &&
           (size = protocol_http.reply(wire->in.bytes, wire->in.size, &reply)) >
               0) {
        const char *id = memmem(wire->in.bytes, size, "\"auction\":\"", 11);
        unsigned long long number =
            id == NULL ? 0 : strtoull(id + 11, NULL, 10);
        if (reply != REPLY_ACCEPTED || number == 0) {
            fprintf(stderr, "auction-bench: no auction: %.*s\n", (int)size,
                    wire->in.bytes);
            return false;
        }
        if (*first == 0 || number < *first)
            *first = number;
        (*done)++;
        buf_drop(&wire->in, size);
    }
    return true;
}

int
create_auctions(const struct bench_options *options)
{
    SSL_CTX *context = wire_context(options->lab, "house");
    struct wire wire = {.fd = -1};
    unsigned long long first = 0;
    int sent = 0, done = 0;
    bool is_good =
        context != NULL && wire_open(&wire, context, options->port, NULL, 0);

    while (is_good && done < options->auctions) {
        struct pollfd wait = {.fd = wire.fd, .events = POLLIN};
        for (; sent < options->auctions && sent - done < IN_FLIGHT; sent++)
            write_draft(&wire.out);
        is_good = wire_advance(&wire) && take_answers(&wire, &done, &first);
        if (is_good && done < sent && sent - done == IN_FLIGHT)
            is_good = poll(&wait, 1, 10000) > 0;
    }
    wire_close(&wire);
    SSL_CTX_free(context);
    if (is_good)
        printf("%llu\n", first);
    else
        fprintf(stderr, "auction-bench: auctions could not be created\n");
    return is_good ? 0 : 1;
}
