/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void
bid(const struct asking *a, struct buf *out)
{
    char body[1024], key[96] = "";
    int size;

    if (a->signer != NULL)
        size = signer_body(a->signer, a->auction, a->terms, a->amount,
                           a->random, key, sizeof(key), body, sizeof(body));
    else
        size = snprintf(body, sizeof(body), "{\"max\":%lld}",
                        (long long)a->amount);
    buf_add_format(out,
                   "POST /v1/auctions/%llu/bid HTTP/1.1\r\nHost: localhost\r\n"
                   "Content-Type: application/json\r\n%s"
                   "Content-Length: %d\r\n\r\n%s",
                   (unsigned long long)a->auction, key, size, body);
}

static void
read_auction(const struct asking *a, struct buf *out)
{
    buf_add_format(out,
                   "GET /v1/auctions/%llu HTTP/1.1\r\nHost: localhost\r\n\r\n",
                   (unsigned long long)a->auction);
}

/** Value of Content-Length in a head that ends at `end`. */
static size_t
body_size(const char *head, const char *end)
{
    static const char name[] = "\r\ncontent-length:";

    for (const char *at = head; at + sizeof(name) < end; at++) {
        at = memchr(at, '\r', (size_t)(end - at));
        if (at == NULL)
            break;
        if (strncasecmp(at, name, sizeof(name) - 1) == 0)
            return strtoul(at + sizeof(name) - 1, NULL, 10);
    }
    return 0;
}

static size_t
reply(const char *bytes, size_t size, enum reply *reply_out)
{
    const char *end = memmem(bytes, size, "\r\n\r\n", 4);
    size_t whole;
    int status;

    if (end == NULL)
        return 0;
    whole = (size_t)(end + 4 - bytes) + body_size(bytes, end + 2);
    if (whole > size)
        return 0;
    status = atoi(bytes + 9);
    *reply_out = status == 201 || status == 200 ? REPLY_ACCEPTED
                 : status == 409                ? REPLY_REFUSED
                                                : REPLY_FAILED;
    return whole;
}

const struct protocol protocol_http = {
    .name = "http", .bid = bid, .read = read_auction, .reply = reply};
