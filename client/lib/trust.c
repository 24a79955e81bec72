/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a log is believed: the CA certifies its key, the key signs its heads,
 * and each head must contain the one that was kept before. A server whose log
 * does not contain it any more gets no command.
 */
#include "internal.h"

#include "audit/logkey.h"

#include <string.h>

static enum auction_outcome
get(struct auction_client *c, const char *path, struct auction_result *result)
{
    auction_result_release(result);
    return auction_call(c, "GET", path, NULL, NULL, result);
}

/* ----------------------------------------------------------- the log's key */

static enum auction_outcome
learn_origin(struct auction_client *c, char origin[ORIGIN_BYTES_MAX + 1],
             struct auction_result *result)
{
    json_t *root;
    const char *log;

    if (get(c, "/v1", result) != AUCTION_ACCEPTED)
        return result->outcome;
    root = json_loadb(result->body, result->body_size, 0, NULL);
    log = json_string_value(json_object_get(root, "log"));
    if (log == NULL || !origin_is_valid(log, strlen(log))) {
        json_decref(root);
        return fail(result, AUCTION_NO_CONNECTION,
                    "the server names no log: is it an auctiond?");
    }
    memcpy(origin, log, strlen(log) + 1);
    json_decref(root);
    return AUCTION_ACCEPTED;
}

static enum auction_outcome
learn_key(struct auction_client *c, struct auction_result *result)
{
    char origin[ORIGIN_BYTES_MAX + 1];
    enum err err;

    if (learn_origin(c, origin, result) != AUCTION_ACCEPTED ||
        get(c, "/v1/log/certificate", result) != AUCTION_ACCEPTED)
        return result->outcome;
    err = logkey_from_cert(
        &c->log, (struct pem){result->body, result->body_size},
        (struct pem){c->ca.bytes, c->ca.size}, origin, instant_of(now_ms()));
    return err == ERR_OK
               ? AUCTION_ACCEPTED
               : fail(result, AUCTION_NO_CONNECTION,
                      "the log's certificate is not trusted: %s", err_detail());
}

/* ------------------------------------------------------------------- heads */

void
trust_head(struct auction_client *c, const struct checkpoint *head,
           const char *note, size_t size)
{
    if (head->size <= c->seen.size)
        return;
    c->seen = (struct record_seen){head->size, head->root};
    keep_write(c, head, note, size);
}

static enum auction_outcome
rolled_back(const struct checkpoint *kept, struct auction_result *result)
{
    return fail(result, AUCTION_NO_CONNECTION,
                "the server's log no longer contains what it showed before "
                "(%llu records): it was rolled back or rewritten. Keep the "
                "file in the state directory as evidence; nothing was sent",
                (unsigned long long)kept->size);
}

/** The log of today must begin with the log that was seen. */
static enum auction_outcome
check_consistent(struct auction_client *c, const struct checkpoint *kept,
                 struct auction_result *result)
{
    char path[64];
    struct checkpoint head;
    struct proof proof;
    const char *note;
    size_t size;
    uint64_t old_size;

    snprintf(path, sizeof(path), "/v1/log/consistency?from=%llu",
             (unsigned long long)kept->size);
    if (get(c, path, result) == AUCTION_NOT_FOUND)
        return rolled_back(kept, result);
    if (result->outcome != AUCTION_ACCEPTED)
        return result->outcome;
    if (consistency_parse(&old_size, &proof, &note, &size, result->body,
                          result->body_size) != ERR_OK ||
        old_size != kept->size ||
        checkpoint_verify(&head, note, size, &c->log) != ERR_OK ||
        !consistency_verify(kept->size, &kept->root, head.size, &head.root,
                            &proof))
        return rolled_back(kept, result);
    c->seen = (struct record_seen){kept->size, kept->root};
    trust_head(c, &head, note, size);
    return AUCTION_ACCEPTED;
}

static enum auction_outcome
first_head(struct auction_client *c, struct auction_result *result)
{
    struct checkpoint head;

    if (get(c, "/v1/log/checkpoint", result) != AUCTION_ACCEPTED)
        return result->outcome;
    if (checkpoint_verify(&head, result->body, result->body_size, &c->log) !=
        ERR_OK)
        return fail(result, AUCTION_NO_CONNECTION,
                    "the log's head is not signed by its key: %s",
                    err_detail());
    trust_head(c, &head, result->body, result->body_size);
    return AUCTION_ACCEPTED;
}

enum auction_outcome
trust_log(struct auction_client *c, struct auction_result *result)
{
    struct checkpoint kept;

    if (c->has_log)
        return result->outcome = AUCTION_ACCEPTED;
    if (learn_key(c, result) == AUCTION_ACCEPTED &&
        keep_read(c, &kept, result) == AUCTION_ACCEPTED)
        c->has_log =
            (kept.size > 0 ? check_consistent(c, &kept, result)
                           : first_head(c, result)) == AUCTION_ACCEPTED;
    if (!c->has_log) {
        log_verifier_release(&c->log);
        return result->outcome;
    }
    auction_result_release(result);
    return result->outcome = AUCTION_ACCEPTED;
}

enum auction_outcome
auction_check_log(struct auction_client *c, struct auction_result *result)
{
    result_clear(result);
    c->warning[0] = '\0';
    return trust_log(c, result);
}
