/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function for each command: its fields as JSON, then auction_command.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/** Send a command with the fields, which are consumed; NULL: no memory. */
static enum auction_outcome
send_fields(struct auction_client *client, uint64_t auction, const char *cmd,
            json_t *fields, const char *key, bool is_signed,
            struct auction_result *result)
{
    char *text = fields == NULL ? NULL : json_dumps(fields, JSON_COMPACT);

    json_decref(fields);
    if (text == NULL) {
        result_clear(result);
        return fail(result, AUCTION_USAGE,
                    "%s: a field is not UTF-8, or out of memory", cmd);
    }
    auction_command(client, auction, cmd, text, key, is_signed, result);
    free(text);
    return result->outcome;
}

enum auction_outcome
auction_bid(struct auction_client *client, uint64_t auction, int64_t max,
            const char *key, bool is_signed, struct auction_result *result)
{
    return send_fields(client, auction, "bid",
                       json_pack("{s:I}", "max", (json_int_t)max), key,
                       is_signed, result);
}

enum auction_outcome
auction_buy(struct auction_client *client, uint64_t auction, int64_t price,
            const char *key, bool is_signed, struct auction_result *result)
{
    return send_fields(client, auction, "buy",
                       json_pack("{s:I}", "price", (json_int_t)price), key,
                       is_signed, result);
}

enum auction_outcome
auction_publish(struct auction_client *client, uint64_t auction,
                const char *key, bool is_signed, struct auction_result *result)
{
    return send_fields(client, auction, "publish", json_object(), key,
                       is_signed, result);
}

enum auction_outcome
auction_retract(struct auction_client *client, uint64_t auction,
                const char *reason, const char *key, bool is_signed,
                struct auction_result *result)
{
    return send_fields(client, auction, "retract",
                       json_pack("{s:s}", "reason", reason), key, is_signed,
                       result);
}

enum auction_outcome
auction_cancel(struct auction_client *client, uint64_t auction,
               const char *reason, const char *key, bool is_signed,
               struct auction_result *result)
{
    return send_fields(client, auction, "cancel",
                       reason == NULL ? json_object()
                                      : json_pack("{s:s}", "reason", reason),
                       key, is_signed, result);
}

/**
 * The winner's number, which is signed where the name is sent. Asked of the
 * server, which shows it to the seller and to admins.
 */
static enum auction_outcome
find_winner(struct auction_client *client, uint64_t auction,
            const char *account, json_int_t *uid_out,
            struct auction_result *result)
{
    json_t *object, *award;
    const char *winner, *uid;
    char path[64];

    snprintf(path, sizeof(path), "/v1/auctions/%llu",
             (unsigned long long)auction);
    if (auction_call(client, "GET", path, NULL, NULL, result) !=
        AUCTION_ACCEPTED)
        return result->outcome;
    object = json_loadb(result->body, result->body_size, 0, NULL);
    award = json_object_get(object, "award");
    winner = json_string_value(json_object_get(award, "winner"));
    uid = json_string_value(json_object_get(award, "winner_uid"));
    *uid_out = uid == NULL ? 0 : strtoll(uid, NULL, 10);
    if (award == NULL)
        fail(result, AUCTION_REFUSED, "auction %llu is not sold",
             (unsigned long long)auction);
    else if (*uid_out <= 0 || winner == NULL)
        fail(result, AUCTION_NOT_ALLOWED,
             "only the seller and admins record payments");
    else if (strcmp(winner, account) != 0)
        fail(result, AUCTION_REFUSED, "auction %llu was sold to '%s', not '%s'",
             (unsigned long long)auction, winner, account);
    json_decref(object);
    return result->outcome;
}

enum auction_outcome
auction_pay(struct auction_client *client, uint64_t auction,
            const char *account, const char *key, bool is_signed,
            struct auction_result *result)
{
    json_int_t uid = 0;

    if (find_winner(client, auction, account, &uid, result) != AUCTION_ACCEPTED)
        return result->outcome;
    auction_result_release(result);
    return send_fields(client, auction, "pay",
                       json_pack("{s:s, s:I}", "account", account, "uid", uid),
                       key, is_signed, result);
}
