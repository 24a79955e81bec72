/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An opening as a value: its commitment and its JSON form.
 */
#include "internal.h"

#include "base/text.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static const char *const states[AUCTION_OPENING_STATES] = {
    "prepared", "live", "replaced", "withdrawn", "revealed"};

const char *
auction_opening_state_text(enum auction_opening_state state)
{
    CHECK(state < AUCTION_OPENING_STATES);
    return states[state];
}

/* --------------------------------------------------------------- commitment */

static uint8_t *
put_big_endian(uint8_t *out, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        *out++ = (uint8_t)(value >> (8 * i));
    return out;
}

void
auction_opening_commitment(char c[AUCTION_C_BYTES],
                           const struct auction_opening *o)
{
    static const char tag[] = "sealed-bid-v1"; /* its zero byte counts */
    uint8_t text[sizeof(tag) + 8 + 8 + 4 + 8 + AUCTION_NONCE_BYTES];
    uint8_t *end = text + sizeof(tag);
    struct hash hash;

    CHECK(o->quantity >= 1 && o->quantity <= UINT32_MAX && o->amount >= 1);
    memcpy(text, tag, sizeof(tag));
    end = put_big_endian(end, o->auction, 8);
    end = put_big_endian(end, o->uid, 8);
    end = put_big_endian(end, (uint64_t)o->quantity, 4);
    end = put_big_endian(end, (uint64_t)o->amount, 8);
    memcpy(end, o->nonce, AUCTION_NONCE_BYTES);
    CHECK(end + AUCTION_NONCE_BYTES == text + sizeof(text));
    hash = hash_of(text, sizeof(text));
    hash_hex(c, &hash);
    OPENSSL_cleanse(text, sizeof(text));
}

/* --------------------------------------------------------------------- JSON */

json_t *
opening_to_json(const struct auction_opening *o)
{
    char nonce[2 * AUCTION_NONCE_BYTES + 1];
    json_t *object;

    text_hex(nonce, o->nonce, AUCTION_NONCE_BYTES);
    object = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "v", 1, "log",
                       o->log, "account", o->account, "title", o->title,
                       "format", o->format, "currency", o->currency, "state",
                       auction_opening_state_text(o->state));
    if (object == NULL ||
        json_object_update_new(
            object,
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:b, s:I,"
                      " s:I, s:I, s:I}",
                      "auction", (json_int_t)o->auction, "uid",
                      (json_int_t)o->uid, "quantity", (json_int_t)o->quantity,
                      "amount", (json_int_t)o->amount, "cap",
                      (json_int_t)o->cap, "nonce", nonce, "c", o->c, "request",
                      o->request, "reveal_request", o->reveal_request, "signed",
                      (int)o->is_signed, "replaces", (json_int_t)o->replaces,
                      "seq", (json_int_t)o->seq, "closes",
                      (json_int_t)o->closes_ms, "reveal_ends",
                      (json_int_t)o->reveal_ends_ms)) != 0) {
        json_decref(object);
        object = NULL;
    }
    OPENSSL_cleanse(nonce, sizeof(nonce));
    return object;
}

static bool
take_text(char *out, size_t capacity, json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL && snprintf(out, capacity, "%s", text) < (int)capacity;
}

/** A number that is not negative. */
static bool
take_number(int64_t *out, json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= 0;
}

static bool
take_unsigned(uint64_t *out, json_t *object, const char *name)
{
    int64_t value;
    bool is_good = take_number(&value, object, name);

    *out = is_good ? (uint64_t)value : 0;
    return is_good;
}

static bool
take_state(struct auction_opening *o, json_t *object)
{
    const char *text = json_string_value(json_object_get(object, "state"));

    for (size_t i = 0; text != NULL && i < AUCTION_OPENING_STATES; i++)
        if (strcmp(states[i], text) == 0) {
            o->state = (enum auction_opening_state)i;
            return true;
        }
    return false;
}

static bool
take_texts(struct auction_opening *o, json_t *object)
{
    return take_text(o->log, sizeof(o->log), object, "log") &&
           keep_name_is_valid(o->log) &&
           take_text(o->account, sizeof(o->account), object, "account") &&
           take_text(o->title, sizeof(o->title), object, "title") &&
           take_text(o->format, sizeof(o->format), object, "format") &&
           take_text(o->currency, sizeof(o->currency), object, "currency") &&
           take_text(o->c, sizeof(o->c), object, "c") &&
           take_text(o->request, sizeof(o->request), object, "request") &&
           take_text(o->reveal_request, sizeof(o->reveal_request), object,
                     "reveal_request");
}

static bool
take_numbers(struct auction_opening *o, json_t *object)
{
    return take_unsigned(&o->auction, object, "auction") &&
           take_unsigned(&o->uid, object, "uid") &&
           take_unsigned(&o->replaces, object, "replaces") &&
           take_unsigned(&o->seq, object, "seq") &&
           take_number(&o->quantity, object, "quantity") &&
           take_number(&o->amount, object, "amount") &&
           take_number(&o->cap, object, "cap") &&
           take_number(&o->closes_ms, object, "closes") &&
           take_number(&o->reveal_ends_ms, object, "reveal_ends") &&
           o->quantity >= 1 && o->quantity <= UINT32_MAX && o->amount >= 1;
}

bool
opening_from_json(struct auction_opening *o, json_t *object)
{
    json_t *nonce = json_object_get(object, "nonce");
    char c[AUCTION_C_BYTES];

    memset(o, 0, sizeof(*o));
    if (json_integer_value(json_object_get(object, "v")) != 1 ||
        !json_is_string(nonce) ||
        !text_unhex(o->nonce, AUCTION_NONCE_BYTES, json_string_value(nonce),
                    json_string_length(nonce)) ||
        !take_texts(o, object) || !take_numbers(o, object) ||
        !take_state(o, object))
        return false;
    o->is_signed = json_is_true(json_object_get(object, "signed"));
    auction_opening_commitment(c, o);
    return strcmp(c, o->c) == 0;
}
