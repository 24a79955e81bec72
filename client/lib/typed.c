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

/* ----------------------------------------------------------------- accounts */

static bool
is_account_name(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    return size > 0 && size <= 64 && name[size] == '\0' && name[0] != '.';
}

enum auction_outcome
find_account(struct auction_client *client, const char *account,
             int64_t *uid_out, struct auction_result *result)
{
    const char *uid;
    json_t *object;
    char path[128];

    result_clear(result);
    if (!is_account_name(account))
        return fail(result, AUCTION_USAGE, "'%.80s' is no account", account);
    snprintf(path, sizeof(path), "/v1/admin/accounts/%s", account);
    if (auction_call(client, "GET", path, NULL, NULL, result) !=
        AUCTION_ACCEPTED)
        return result->outcome;
    object = json_loadb(result->body, result->body_size, 0, NULL);
    uid = json_string_value(json_object_get(object, "uid"));
    *uid_out = uid == NULL ? 0 : strtoll(uid, NULL, 10);
    json_decref(object);
    auction_result_release(result);
    if (*uid_out <= 0)
        return fail(result, AUCTION_NOT_FOUND, "account '%s' has no number",
                    account);
    return result->outcome = AUCTION_ACCEPTED;
}

enum auction_outcome
auction_void(struct auction_client *client, uint64_t auction,
             const char *account, const char *reason, const char *key,
             bool is_signed, struct auction_result *result)
{
    int64_t uid = 0;

    if (is_signed &&
        find_account(client, account, &uid, result) != AUCTION_ACCEPTED)
        return result->outcome;
    return send_fields(client, auction, "void",
                       json_pack("{s:s, s:s, s:I}", "account", account,
                                 "reason", reason, "uid", (json_int_t)uid),
                       key, is_signed, result);
}

/* ------------------------------------------------------------------ payment */

/** The award of a winner: with several formats there may be many. */
static json_t *
find_award(json_t *auction, const char *account)
{
    json_t *awards = json_object_get(auction, "awards");
    json_t *award = json_object_get(auction, "award");
    size_t i;

    json_array_foreach(awards, i, award)
    {
        const char *winner =
            json_string_value(json_object_get(award, "winner"));

        if (winner != NULL && strcmp(winner, account) == 0)
            return award;
    }
    return json_array_size(awards) > 0 ? json_array_get(awards, 0)
                                       : json_object_get(auction, "award");
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
    award = find_award(object, account);
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
            const char *account, uint64_t invoice, const char *key,
            bool is_signed, struct auction_result *result)
{
    json_int_t uid = 0;
    json_t *fields;

    result_clear(result);
    if (find_winner(client, auction, account, &uid, result) != AUCTION_ACCEPTED)
        return result->outcome;
    auction_result_release(result);
    fields = json_pack("{s:s, s:I}", "account", account, "uid", uid);
    if (fields != NULL && invoice != 0)
        json_object_set_new(fields, "invoice",
                            json_integer((json_int_t)invoice));
    return send_fields(client, auction, "pay", fields, key, is_signed, result);
}
