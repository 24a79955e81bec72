/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a log is believed: the CA certifies its key, the key signs its heads,
 * and each head must contain the one that was kept before. A server whose log
 * does not contain it any more gets no command.
 */
#include "internal.h"

#include "audit/logkey.h"

#include <stdlib.h>
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
    keep_write(c, KEEP_LARGEST, head, note, size);
}

/** The log does not prove it; a signed head of now is fetched as evidence. */
static enum auction_outcome
rolled_back(struct auction_client *c, const struct kept_head *kept,
            struct auction_result *result)
{
    char *proof = result->body; /* moved */
    struct auction_result now;

    result->body = NULL;
    if (auction_call(c, "GET", "/v1/log/checkpoint", NULL, NULL, &now) !=
        AUCTION_ACCEPTED)
        now.body_size = 0;
    evidence_keep(c, kept, now.body_size == 0 ? "" : now.body, now.body_size,
                  proof, result);
    auction_result_release(&now);
    free(proof);
    return result->outcome;
}

/** The log of now, `out`, must begin with the log that was seen. */
static enum auction_outcome
prove_from(struct auction_client *c, const struct kept_head *kept,
           struct kept_head *out, struct auction_result *result)
{
    char path[64];
    struct proof proof;
    const char *note;
    uint64_t old_size;
    size_t size;

    snprintf(path, sizeof(path), "/v1/log/consistency?from=%llu",
             (unsigned long long)kept->head.size);
    if (get(c, path, result) == AUCTION_NOT_FOUND)
        return rolled_back(c, kept, result);
    if (result->outcome != AUCTION_ACCEPTED)
        return result->outcome;
    if (consistency_parse(&old_size, &proof, &note, &size, result->body,
                          result->body_size) != ERR_OK ||
        old_size != kept->head.size ||
        checkpoint_verify(&out->head, note, size, &c->log) != ERR_OK ||
        !consistency_verify(kept->head.size, &kept->head.root, out->head.size,
                            &out->head.root, &proof))
        return rolled_back(c, kept, result);
    memcpy(out->note, note, size); /* a note that was verified fits */
    out->size = size;
    return AUCTION_ACCEPTED;
}

static enum auction_outcome
first_head(struct auction_client *c, struct kept_head *out,
           struct auction_result *result)
{
    if (get(c, "/v1/log/checkpoint", result) != AUCTION_ACCEPTED)
        return result->outcome;
    if (checkpoint_verify(&out->head, result->body, result->body_size,
                          &c->log) != ERR_OK)
        return fail(result, AUCTION_NO_CONNECTION,
                    "the log's head is not signed by its key: %s",
                    err_detail());
    memcpy(out->note, result->body, result->body_size);
    out->size = result->body_size;
    return AUCTION_ACCEPTED;
}

/* What is kept, and what is shown; much of it, so not on the stack. */
struct checking {
    struct kept_head largest, proved, now, again;
};

/**
 * Whether the log of `now`, which continues `one`, continues `other` too: it
 * does when one and the same head continues both.
 */
static enum auction_outcome
check_other(struct auction_client *c, struct checking *k,
            const struct kept_head *one, const struct kept_head *other,
            struct auction_result *result)
{
    enum { ATTEMPTS_MAX = 8 }; /* a busy log moves on between two questions */

    for (int i = 0; i < ATTEMPTS_MAX; i++) {
        if (prove_from(c, other, &k->again, result) != AUCTION_ACCEPTED)
            return result->outcome;
        if (k->again.head.size == k->now.head.size)
            return hash_equal(&k->again.head.root, &k->now.head.root)
                       ? AUCTION_ACCEPTED
                       : evidence_keep(c, &k->now, k->again.note, k->again.size,
                                       NULL, result);
        if (prove_from(c, one, &k->now, result) != AUCTION_ACCEPTED)
            return result->outcome;
    }
    return AUCTION_ACCEPTED;
}

/**
 * The largest head that was seen came with a receipt; the one that was proved
 * before it must be in the same log.
 */
static enum auction_outcome
check_both(struct auction_client *c, struct checking *k,
           struct auction_result *result)
{
    if (prove_from(c, &k->largest, &k->now, result) != AUCTION_ACCEPTED)
        return result->outcome;
    if (k->proved.head.size == 0 || k->proved.head.size >= k->largest.head.size)
        return AUCTION_ACCEPTED;
    return check_other(c, k, &k->largest, &k->proved, result);
}

/** With a policy: the newest head with enough witnesses, of the same log. */
static enum auction_outcome
check_quorum(struct auction_client *c, struct checking *k,
             struct auction_result *result)
{
    if (c->policy == NULL)
        return AUCTION_ACCEPTED;
    if (quorum_fetch(c, &k->proved, result) != AUCTION_ACCEPTED)
        return result->outcome;
    k->largest = k->now;
    return check_other(c, k, &k->largest, &k->proved, result);
}

static enum auction_outcome
check_kept(struct auction_client *c, struct checking *k,
           struct auction_result *result)
{
    if (keep_read(c, KEEP_LARGEST, &k->largest, result) != AUCTION_ACCEPTED ||
        keep_read(c, KEEP_PROVED, &k->proved, result) != AUCTION_ACCEPTED)
        return result->outcome;
    if ((k->largest.head.size == 0
             ? first_head(c, &k->now, result)
             : check_both(c, k, result)) != AUCTION_ACCEPTED ||
        check_quorum(c, k, result) != AUCTION_ACCEPTED)
        return result->outcome;
    trust_head(c, &k->now.head, k->now.note, k->now.size);
    keep_write(c, KEEP_PROVED, &k->now.head, k->now.note, k->now.size);
    return AUCTION_ACCEPTED;
}

enum auction_outcome
trust_log(struct auction_client *c, struct auction_result *result)
{
    struct checking *k;

    if (c->has_log)
        return result->outcome = AUCTION_ACCEPTED;
    k = malloc(sizeof(*k));
    if (k == NULL)
        return fail(result, AUCTION_LOCAL_FAILURE, "out of memory");
    if (learn_key(c, result) == AUCTION_ACCEPTED)
        c->has_log = check_kept(c, k, result) == AUCTION_ACCEPTED;
    free(k);
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
