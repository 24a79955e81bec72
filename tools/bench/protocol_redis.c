/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
add_word(struct buf *out, const char *text)
{
    buf_add_format(out, "$%zu\r\n%s\r\n", strlen(text), text);
}

/** EVALSHA of the script that tools/bench/peers/redis loads. */
static void
bid(const struct asking *a, struct buf *out)
{
    char auction[32], bids[32], amount[32], who[8];

    snprintf(auction, sizeof(auction), "a:%llu",
             (unsigned long long)a->auction);
    snprintf(bids, sizeof(bids), "b:%llu", (unsigned long long)a->auction);
    snprintf(who, sizeof(who), "b%02d", a->client + 1);
    /* On one auction the script takes the next amount: see README.md. */
    if (a->options->auctions == 1)
        snprintf(amount, sizeof(amount), "next");
    else
        snprintf(amount, sizeof(amount), "%lld", (long long)a->amount);
    buf_add_text(out, "*8\r\n");
    add_word(out, "EVALSHA");
    add_word(out, a->options->script);
    add_word(out, "3");
    add_word(out, auction);
    add_word(out, bids);
    add_word(out, "audit");
    add_word(out, amount);
    add_word(out, who);
}

static void
read_auction(const struct asking *a, struct buf *out)
{
    char auction[32];

    snprintf(auction, sizeof(auction), "a:%llu",
             (unsigned long long)a->auction);
    buf_add_text(out, "*6\r\n");
    add_word(out, "HMGET");
    add_word(out, auction);
    add_word(out, "price");
    add_word(out, "bids");
    add_word(out, "leader");
    add_word(out, "open");
}

/** Length of one value of RESP; 0 when it is not complete. */
static size_t
value_size(const char *bytes, size_t size)
{
    const char *end = size == 0 ? NULL : memchr(bytes, '\n', size);
    size_t used = end == NULL ? 0 : (size_t)(end + 1 - bytes);
    long count;

    if (end == NULL || (bytes[0] != '$' && bytes[0] != '*'))
        return used;
    count = strtol(bytes + 1, NULL, 10);
    if (bytes[0] == '$') {
        used += count < 0 ? 0 : (size_t)count + 2;
        return used <= size ? used : 0;
    }
    for (long i = 0; i < count; i++) {
        size_t part = value_size(bytes + used, size - used);
        if (part == 0)
            return 0;
        used += part;
    }
    return used;
}

static size_t
reply(const char *bytes, size_t size, enum reply *reply_out)
{
    size_t used = value_size(bytes, size);

    if (used == 0)
        return 0;
    *reply_out = bytes[0] == '-'                      ? REPLY_FAILED
                 : bytes[0] == ':' && bytes[1] != '1' ? REPLY_REFUSED
                                                      : REPLY_ACCEPTED;
    return used;
}

const struct protocol protocol_redis = {
    .name = "redis", .bid = bid, .read = read_auction, .reply = reply};
