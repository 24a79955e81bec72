/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL's protocol, version 3, as far as prepared statements need it:
 * the extended query with text parameters. Each request ends with Sync, so
 * each is a transaction of its own and its answer ends with ReadyForQuery.
 */
#include "protocol.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const char ssl_request[8] = {0, 0, 0, 8, 0x04, (char)0xd2, 0x16, 0x2f};

static void
add_u32(struct buf *out, size_t value)
{
    uint32_t big = htonl((uint32_t)value);

    buf_add(out, &big, sizeof(big));
}

static void
add_u16(struct buf *out, size_t value)
{
    uint16_t big = htons((uint16_t)value);

    buf_add(out, &big, sizeof(big));
}

static void
add_message(struct buf *out, char type, const struct buf *content)
{
    buf_add_char(out, type);
    add_u32(out, content->size + 4);
    buf_add(out, content->bytes, content->size);
}

static void
add_sync(struct buf *out)
{
    buf_add_char(out, 'S');
    add_u32(out, 4);
}

static void
prepare(struct buf *out, const char *name, const char *query)
{
    struct buf content;

    buf_init(&content, 4096);
    buf_add(&content, name, strlen(name) + 1);
    buf_add(&content, query, strlen(query) + 1);
    add_u16(&content, 0);
    add_message(out, 'P', &content);
    buf_release(&content);
}

/** The certificate's name is the database user. */
static void
greet(const struct asking *a, struct buf *out)
{
    char start[128];
    int size = snprintf(start, sizeof(start), "user%cb%02d%cdatabase%cbench%c",
                        0, a->client + 1, 0, 0, 0) +
               1;

    add_u32(out, (size_t)size + 8);
    add_u32(out, 196608);
    buf_add(out, start, (size_t)size);
    prepare(out, "bid", "SELECT place_bid($1::int, $2::bigint, current_user)");
    prepare(out, "many",
            "SELECT place_bids($1::int[], $2::bigint, "
            "current_user)");
    prepare(out, "read",
            "SELECT price, bids, leader, open FROM auctions "
            "WHERE id = $1::int");
    add_sync(out);
}

static void
add_text_parameter(struct buf *content, const char *text)
{
    add_u32(content, strlen(text));
    buf_add_text(content, text);
}

static void
call(struct buf *out, const char *name, const char *first, const char *second)
{
    struct buf content;

    buf_init(&content, 4096);
    buf_add_char(&content, '\0'); /* the unnamed portal */
    buf_add(&content, name, strlen(name) + 1);
    add_u16(&content, 0); /* parameters as text */
    add_u16(&content, second == NULL ? 1 : 2);
    add_text_parameter(&content, first);
    if (second != NULL)
        add_text_parameter(&content, second);
    add_u16(&content, 0); /* results as text */
    add_message(out, 'B', &content);
    buf_clear(&content);
    buf_add_char(&content, '\0');
    add_u32(&content, 0);
    add_message(out, 'E', &content);
    buf_release(&content);
    add_sync(out);
}

/** Auctions of one request, in order, so that no two wait for each other. */
static void
list_auctions(const struct asking *a, char *text, size_t size)
{
    uint64_t step = (uint64_t)a->options->auctions / (uint64_t)a->options->unit;
    size_t used = (size_t)snprintf(text, size, "{");

    for (int i = 0; i < a->options->unit; i++) {
        uint64_t id = a->options->auctions == 1
                          ? a->auction
                          : (uint64_t)i * step + a->auction % (step + 1) +
                                (uint64_t)a->options->first;
        used += (size_t)snprintf(text + used, size - used, "%s%llu",
                                 i == 0 ? "" : ",", (unsigned long long)id);
    }
    snprintf(text + used, size - used, "}");
}

static void
bid(const struct asking *a, struct buf *out)
{
    char auction[512], amount[32];

    /* 0: the next amount, on one auction: see README.md. */
    snprintf(amount, sizeof(amount), "%lld",
             a->options->auctions == 1 ? 0 : (long long)a->amount);
    if (a->options->unit > 1) {
        list_auctions(a, auction, sizeof(auction));
        call(out, "many", auction, amount);
        return;
    }
    snprintf(auction, sizeof(auction), "%llu", (unsigned long long)a->auction);
    call(out, "bid", auction, amount);
}

static void
read_auction(const struct asking *a, struct buf *out)
{
    char auction[32];

    snprintf(auction, sizeof(auction), "%llu", (unsigned long long)a->auction);
    call(out, "read", auction, NULL);
}

static size_t
length_at(const char *bytes)
{
    uint32_t big;

    memcpy(&big, bytes, sizeof(big));
    return ntohl(big);
}

/** Up to ReadyForQuery; a row whose first column is "f" is a refusal. */
static size_t
reply(const char *bytes, size_t size, enum reply *reply_out)
{
    size_t at = 0;

    *reply_out = REPLY_ACCEPTED;
    while (at + 5 <= size) {
        size_t length = length_at(bytes + at + 1);
        if (length < 4 || at + 1 + length > size)
            return 0;
        if (bytes[at] == 'E')
            *reply_out = REPLY_FAILED;
        /* 'D', length, columns, length of the first, its bytes */
        if (bytes[at] == 'D' && length >= 11 && bytes[at + 11] == 'f' &&
            length_at(bytes + at + 7) == 1)
            *reply_out = REPLY_REFUSED;
        if (bytes[at] == 'Z')
            return at + 1 + length;
        at += 1 + length;
    }
    return 0;
}

const struct protocol protocol_postgres = {
    .name = "postgres",
    .preamble = ssl_request,
    .preamble_size = sizeof(ssl_request),
    .greet = greet,
    .greetings = 2,
    .bid = bid,
    .read = read_auction,
    .reply = reply,
};
