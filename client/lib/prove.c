/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an answer proves. The server's word counts for nothing: the outcome is
 * read from a record that is proved to stand in the log, and that is the
 * answer to exactly the command that was sent.
 */
#include "internal.h"

#include "auction/verdict.h"
#include "base/instant.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- the form */

static bool
add_hashes(struct receipt *receipt, json_t *proof)
{
    json_t *item;
    size_t i;

    json_array_foreach(proof, i, item)
    {
        if (!json_is_string(item) ||
            receipt_add_hash(receipt, json_string_value(item),
                             json_string_length(item)) != ERR_OK)
            return false;
    }
    return true;
}

/** The JSON form; the checkpoint is borrowed from `object`. */
static bool
parse_receipt(json_t *object, struct receipt *receipt,
              struct receipt_text *storage)
{
    json_t *index = json_object_get(object, "index");
    json_t *record = json_object_get(object, "record");
    json_t *proof = json_object_get(object, "proof");
    json_t *checkpoint = json_object_get(object, "checkpoint");

    *receipt = (struct receipt){.index = 0};
    if (!json_is_integer(index) || json_integer_value(index) < 0 ||
        !json_is_string(record) || !json_is_array(proof) ||
        !json_is_string(checkpoint) ||
        receipt_set_record(receipt, storage, json_string_value(record),
                           json_string_length(record)) != ERR_OK)
        return false;
    receipt->index = (uint64_t)json_integer_value(index);
    receipt->checkpoint = json_string_value(checkpoint);
    receipt->checkpoint_size = json_string_length(checkpoint);
    return add_hashes(receipt, proof);
}

/* ------------------------------------------------------ this very command */

static bool
is_by_signer(const struct signed_command *command, const struct record *record)
{
    return RECORD_HAS(record, actor) && record->actor.has_fp &&
           hash_equal(&record->actor.fp, &command->signer);
}

bool
is_answer_to(const struct signed_command *command, const struct record *record)
{
    enum command_kind cmd;
    bool is_accepted;

    if (!command_of_type(record->type, &cmd, &is_accepted) ||
        cmd != command->cmd || is_accepted == RECORD_HAS(record, reason) ||
        !is_by_signer(command, record))
        return false;
    if (!RECORD_HAS(record, request) ||
        memcmp(&record->request, &command->request, sizeof(record->request)) !=
            0)
        return false;
    if (command->auction != 0 &&
        (!RECORD_HAS(record, auction) || record->auction != command->auction))
        return false;
    return command_agrees(command, record);
}

/* ------------------------------------------------------------- what it says */

static enum auction_outcome
outcome_of_verdict(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_ACCEPTED:
        return AUCTION_ACCEPTED;
    case VERDICT_FORMAT:
    case VERDICT_SIGNATURE:
    case VERDICT_REUSED_ID:
        return AUCTION_INVALID;
    case VERDICT_NO_AUCTION:
        return AUCTION_NOT_FOUND;
    case VERDICT_FORBIDDEN:
        return AUCTION_NOT_ALLOWED;
    case VERDICT_NOT_OPEN:
    case VERDICT_CLOSED:
    case VERDICT_STATE:
    case VERDICT_TOO_LOW:
    case VERDICT_NOT_HIGHER:
    case VERDICT_TOO_LATE:
    case VERDICT_BAD_REVEAL:
    case VERDICT_PRICE_ABOVE_LIMIT:
    case VERDICT_STOCK:
    case VERDICT_CREDIT:
        return AUCTION_REFUSED;
    case VERDICT_COUNT:
        break;
    }
    CHECK(false);
    return AUCTION_UNKNOWN;
}

/** The verdict in the record; false when it has none that is known. */
static bool
verdict_of(enum verdict *out, const struct record *record)
{
    *out = VERDICT_ACCEPTED;
    return !RECORD_HAS(record, reason) ||
           verdict_parse(out, record->reason.bytes, record->reason.size);
}

static void
fill_result(struct auction_result *result, const struct record *record)
{
    result->is_verified = true;
    result->seq = (uint64_t)record->seq;
    result->uid = RECORD_HAS(record, actor) ? (uint64_t)record->actor.uid : 0;
    result->auction =
        RECORD_HAS(record, auction) ? (uint64_t)record->auction : 0;
    result->price = RECORD_HAS(record, price) ? record->price : 0;
    result->minimum_bid = RECORD_HAS(record, min_next) ? record->min_next : 0;
    result->is_leading =
        RECORD_HAS(record, leader) && record->leader == record->actor.uid;
    result->ends_at[0] = '\0';
    if (RECORD_HAS(record, close))
        instant_format(result->ends_at, instant_of(record->close));
}

/** The receipt as text, and the record that it proves, for the caller. */
static void
keep_receipt(struct auction_result *result, const struct receipt *receipt)
{
    struct buf text;

    buf_init(&text, RECEIPT_BYTES_MAX);
    receipt_encode(receipt, &text);
    if (!buf_is_ok(&text))
        buf_release(&text);
    free(result->receipt);
    result->receipt = text.bytes; /* moved; NULL without memory */
    free(result->record);
    result->record = strndup(receipt->record, receipt->record_size);
}

/** The codes under which "may not do that" is told apart. */
static bool
is_code_of(const char *code, enum verdict verdict)
{
    return strcmp(code, verdict_slug(verdict)) == 0 ||
           (verdict == VERDICT_FORBIDDEN &&
            (strcmp(code, "role-required") == 0 ||
             strcmp(code, "not-yours") == 0 ||
             strcmp(code, "own-auction") == 0));
}

/** Two heads of one size must be one head. */
static bool
is_other_history(const struct auction_client *c, const struct checkpoint *head)
{
    return head->size == c->seen.size &&
           !hash_equal(&head->root, &c->seen.root);
}

/** The answer's head is not the one of its size that was seen before. */
static enum auction_outcome
two_histories(struct auction_client *c, const struct proving *p,
              struct auction_result *result)
{
    struct kept_head *before = malloc(sizeof(*before));

    if (before == NULL ||
        keep_read(c, KEEP_LARGEST, before, result) != AUCTION_ACCEPTED)
        fail(result, AUCTION_UNKNOWN,
             "the log shows two histories of %llu records",
             (unsigned long long)p->head.size);
    else
        evidence_keep(c, before, p->receipt.checkpoint,
                      p->receipt.checkpoint_size, NULL, result);
    free(before);
    return result->outcome = AUCTION_UNKNOWN; /* it was sent */
}

/** Take over what the proved record says, if it is the answer to ours. */
static enum auction_outcome
take_proved(struct auction_client *c, const struct signed_command *command,
            struct proving *p, struct auction_result *result)
{
    enum verdict verdict;

    if (!is_answer_to(command, &p->record) || !verdict_of(&verdict, &p->record))
        return fail(result, AUCTION_UNKNOWN,
                    "the receipt proves another command than ours");
    if (is_other_history(c, &p->head))
        return two_histories(c, p, result);
    if (outcome_of_status(result->status) != outcome_of_verdict(verdict) ||
        (verdict != VERDICT_ACCEPTED && !is_code_of(result->code, verdict)))
        return fail(result, AUCTION_UNKNOWN,
                    "the answer (%d %s) contradicts its receipt (%s)",
                    result->status, result->code, verdict_slug(verdict));
    result->outcome = outcome_of_verdict(verdict);
    fill_result(result, &p->record);
    keep_receipt(result, &p->receipt);
    trust_head(c, &p->head, p->receipt.checkpoint, p->receipt.checkpoint_size);
    return result->outcome;
}

enum auction_outcome
prove_answer(struct auction_client *c, const struct signed_command *command,
             json_t *answer, struct auction_result *result)
{
    struct proving *p = malloc(sizeof(*p));

    if (p == NULL)
        return fail(result, AUCTION_UNKNOWN, "out of memory for the receipt");
    err_clear();
    if (!parse_receipt(json_object_get(answer, "receipt"), &p->receipt,
                       &p->storage) ||
        receipt_verify(&p->receipt, &c->log, &p->head, &p->record, &p->text) !=
            ERR_OK)
        fail(result, AUCTION_UNKNOWN,
             "the answer's receipt does not prove it: %s", err_detail());
    else
        take_proved(c, command, p, result);
    free(p);
    return result->outcome;
}

enum auction_outcome
auction_verify_receipt(struct auction_client *c, const char *text, size_t size,
                       struct auction_result *result)
{
    struct proving *p;

    result_clear(result);
    c->warning[0] = '\0';
    if (trust_log(c, result) != AUCTION_ACCEPTED)
        return result->outcome;
    p = malloc(sizeof(*p));
    if (p == NULL)
        return fail(result, AUCTION_LOCAL_FAILURE, "out of memory");
    if (receipt_parse(&p->receipt, &p->storage, text, size) != ERR_OK ||
        receipt_verify(&p->receipt, &c->log, &p->head, &p->record, &p->text) !=
            ERR_OK)
        fail(result, AUCTION_INVALID, "the receipt proves nothing: %s",
             err_detail());
    else if (quorum_receipt(c, p->receipt.index, p->receipt.record,
                            p->receipt.record_size,
                            result) == AUCTION_ACCEPTED) {
        result->outcome = AUCTION_ACCEPTED;
        fill_result(result, &p->record);
        free(result->record);
        result->record = strndup(p->receipt.record, p->receipt.record_size);
        trust_head(c, &p->head, p->receipt.checkpoint,
                   p->receipt.checkpoint_size);
    }
    free(p);
    return result->outcome;
}
