/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trust policy: how many witnesses must have cosigned the log before it is
 * believed. A witness signs some time after the server does, so a receipt
 * that was just given is judged later, under a head that covers it.
 */
#include "internal.h"

#include "audit/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum auction_outcome
quorum_load(struct auction_client *c, const char *path,
            struct auction_result *result)
{
    enum auction_outcome outcome = AUCTION_LOCAL_FAILURE;
    struct buf text;

    if (path == NULL || path[0] == '\0')
        return AUCTION_ACCEPTED;
    buf_init(&text, POLICY_BYTES_MAX);
    c->policy = calloc(1, sizeof(*c->policy));
    if (c->policy == NULL)
        fail(result, outcome, "out of memory");
    else if (!file_read(path, &text))
        fail(result, outcome, "cannot read '%s': %s", path, strerror(errno));
    else if (policy_parse(c->policy, text.size == 0 ? "" : text.bytes,
                          text.size) != ERR_OK)
        fail(result, outcome, "'%s': %s", path, err_detail());
    else
        outcome = AUCTION_ACCEPTED;
    buf_release(&text);
    return outcome;
}

void
quorum_release(struct auction_client *c)
{
    if (c->policy != NULL)
        policy_release(c->policy);
    free(c->policy);
    c->policy = NULL;
}

static enum auction_outcome
judge(struct auction_client *c, const char *note, size_t size,
      struct auction_result *result)
{
    struct policy_result judged = policy_judge(c->policy, note, size, &c->log);

    if (!judged.is_log_known)
        return fail(result, AUCTION_NO_CONNECTION,
                    "the policy does not name this log or its key: nothing "
                    "was sent");
    if (judged.is_met)
        return AUCTION_ACCEPTED;
    return fail(result, AUCTION_NO_CONNECTION,
                "the log is not trusted: %zu of %zu witnesses have cosigned "
                "its newest head%s, and the policy asks for more: nothing "
                "was sent",
                judged.cosigned, judged.witnesses,
                judged.has_false ? " (a line is false)" : "");
}

enum auction_outcome
quorum_fetch(struct auction_client *c, struct kept_head *out,
             struct auction_result *result)
{
    static const char *const paths[] = {"/v1/log/checkpoint?cosigned=1",
                                        "/v1/log/checkpoint"};
    enum auction_outcome outcome = AUCTION_NOT_FOUND;

    for (size_t i = 0; i < 2 && outcome == AUCTION_NOT_FOUND; i++) {
        auction_result_release(result);
        outcome = auction_call(c, "GET", paths[i], NULL, NULL, result);
    }
    if (outcome != AUCTION_ACCEPTED)
        return outcome;
    if (checkpoint_verify(&out->head, result->body, result->body_size,
                          &c->log) != ERR_OK)
        return fail(result, AUCTION_NO_CONNECTION,
                    "the log's head is not signed by its key: %s",
                    err_detail());
    memcpy(out->note, result->body, result->body_size);
    out->size = result->body_size;
    return judge(c, out->note, out->size, result);
}

/* ----------------------------------------------------------------- receipts */

/** The receipt of a record under a head of that size: it must be good. */
static enum auction_outcome
prove_under(struct auction_client *c, uint64_t seq,
            const struct kept_head *head, const char *record,
            size_t record_size, struct auction_result *result)
{
    struct proving *p = malloc(sizeof(*p));
    char path[96];

    snprintf(path, sizeof(path), "/v1/log/proof?seq=%llu&size=%llu",
             (unsigned long long)seq, (unsigned long long)head->head.size);
    auction_result_release(result);
    if (p == NULL)
        return fail(result, AUCTION_LOCAL_FAILURE, "out of memory");
    if (auction_call(c, "GET", path, NULL, NULL, result) == AUCTION_ACCEPTED &&
        (receipt_parse(&p->receipt, &p->storage, result->body,
                       result->body_size) != ERR_OK ||
         receipt_verify(&p->receipt, &c->log, &p->head, &p->record, &p->text) !=
             ERR_OK ||
         p->head.size != head->head.size ||
         !hash_equal(&p->head.root, &head->head.root) ||
         p->receipt.record_size != record_size ||
         memcmp(p->receipt.record, record, record_size) != 0))
        fail(result, AUCTION_INVALID,
             "the witnessed log does not hold record %llu as it was given",
             (unsigned long long)seq);
    free(p);
    return result->outcome;
}

enum auction_outcome
quorum_receipt(struct auction_client *c, uint64_t seq, const char *record,
               size_t size, struct auction_result *result)
{
    struct kept_head *head;
    struct auction_result asked;
    enum auction_outcome outcome;

    if (c->policy == NULL)
        return AUCTION_ACCEPTED;
    head = malloc(sizeof(*head));
    if (head == NULL)
        return fail(result, AUCTION_LOCAL_FAILURE, "out of memory");
    result_clear(&asked);
    outcome = quorum_fetch(c, head, &asked);
    if (outcome == AUCTION_ACCEPTED && seq >= head->head.size)
        outcome = fail(&asked, AUCTION_BUSY,
                       "no witness has seen record %llu yet: ask again later",
                       (unsigned long long)seq);
    else if (outcome == AUCTION_ACCEPTED)
        outcome = prove_under(c, seq, head, record, size, &asked);
    if (outcome != AUCTION_ACCEPTED)
        fail(result, outcome, "%s", asked.message);
    auction_result_release(&asked);
    free(head);
    return outcome;
}
