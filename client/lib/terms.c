/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terms of auctions: a command signs their hash, so they cannot be
 * changed under it. Where more than the hash matters, the text is fetched and
 * must have it.
 */
#include "internal.h"

#include "base/instant.h"
#include "base/text.h"

#include <string.h>

const struct kept_terms *
terms_find(const struct auction_client *c, uint64_t auction)
{
    for (size_t i = 0; i < TERMS_KEPT; i++)
        if (c->terms[i].auction == auction && auction != 0)
            return &c->terms[i];
    return NULL;
}

static void
keep(struct auction_client *c, uint64_t auction, const struct hash *terms)
{
    if (terms_find(c, auction) == NULL)
        c->terms[c->terms_next++ % TERMS_KEPT] =
            (struct kept_terms){auction, *terms};
}

/** An auction as the server shows it; NULL with the outcome set. */
static json_t *
ask(struct auction_client *c, uint64_t auction, struct hash *terms_out,
    struct auction_result *result)
{
    json_t *object;
    const char *hex;
    char path[64];

    snprintf(path, sizeof(path), "/v1/auctions/%llu",
             (unsigned long long)auction);
    if (auction_call(c, "GET", path, NULL, NULL, result) != AUCTION_ACCEPTED)
        return NULL;
    object = json_loadb(result->body, result->body_size, 0, NULL);
    hex = json_string_value(json_object_get(object, "terms"));
    if (hex != NULL && hash_from_hex(terms_out, hex, strlen(hex)))
        return object;
    json_decref(object);
    fail(result, AUCTION_NO_CONNECTION,
         "the server shows no terms of auction %llu",
         (unsigned long long)auction);
    return NULL;
}

enum auction_outcome
terms_ask(struct auction_client *c, uint64_t auction,
          struct auction_result *result)
{
    struct hash terms;
    json_t *object = ask(c, auction, &terms, result);

    if (object == NULL)
        return result->outcome;
    keep(c, auction, &terms);
    json_decref(object);
    auction_result_release(result);
    return result->outcome = AUCTION_ACCEPTED;
}

/* --------------------------------------------------------------------- text */

static const char *
text_in(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? "" : text;
}

/** Cut between characters, so that it stays UTF-8. */
static void
copy_cut(char *out, size_t capacity, const char *text)
{
    size_t size = strlen(text);

    if (size >= capacity)
        size = capacity - 1;
    while (size > 0 && !text_is_utf8(text, size))
        size--;
    memcpy(out, text, size);
    out[size] = '\0';
}

static void
take_text(struct terms *out, json_t *text)
{
    copy_cut(out->title, sizeof(out->title), text_in(text, "title"));
    copy_cut(out->format, sizeof(out->format), text_in(text, "format"));
    copy_cut(out->currency, sizeof(out->currency), text_in(text, "currency"));
    out->closes_ms = json_integer_value(json_object_get(text, "closes"));
    out->reveal_ends_ms =
        json_integer_value(json_object_get(text, "reveal_ends"));
}

enum auction_outcome
terms_fetch(struct auction_client *c, uint64_t auction, struct terms *out,
            struct auction_result *result)
{
    char path[64];
    struct hash hash;
    json_t *object, *text;

    *out = (struct terms){.closes_ms = 0};
    object = ask(c, auction, &out->hash, result);
    if (object == NULL)
        return result->outcome;
    copy_cut(out->status, sizeof(out->status), text_in(object, "status"));
    json_decref(object);
    auction_result_release(result);
    snprintf(path, sizeof(path), "/v1/auctions/%llu/terms",
             (unsigned long long)auction);
    if (auction_call(c, "GET", path, NULL, NULL, result) != AUCTION_ACCEPTED)
        return result->outcome;
    hash = hash_of(result->body, result->body_size);
    if (!hash_equal(&hash, &out->hash))
        return fail(result, AUCTION_NO_CONNECTION,
                    "the rule text of auction %llu does not have the hash "
                    "that the server names: nothing was sent",
                    (unsigned long long)auction);
    text = json_loadb(result->body, result->body_size, 0, NULL);
    take_text(out, text);
    json_decref(text);
    auction_result_release(result);
    if (out->closes_ms <= 0)
        return fail(result, AUCTION_NO_CONNECTION,
                    "the rule text of auction %llu names no close",
                    (unsigned long long)auction);
    keep(c, auction, &out->hash);
    return result->outcome = AUCTION_ACCEPTED;
}
