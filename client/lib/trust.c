/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why an answer is believed: the CA certifies the log's key, the key signs
 * heads, a head proves records. The newest head is kept; a server whose log
 * does not contain it any more gets no bid.
 */
#include "internal.h"

#include "audit/logkey.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATE_PATH_BYTES = 4096 };

/* ------------------------------------------------------------ the log's key */

static enum auction_outcome
get_text(struct auction_client *c, const char *path,
         struct auction_result *result)
{
    enum auction_outcome outcome =
        auction_call(c, "GET", path, NULL, NULL, result);

    return outcome;
}

static enum auction_outcome
learn_origin(struct auction_client *c, char origin[ORIGIN_BYTES_MAX + 1],
             struct auction_result *result)
{
    json_t *root;
    const char *log;

    if (get_text(c, "/v1", result) != AUCTION_ACCEPTED)
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

    if (learn_origin(c, origin, result) != AUCTION_ACCEPTED)
        return result->outcome;
    auction_result_release(result);
    if (get_text(c, "/v1/log/certificate", result) != AUCTION_ACCEPTED)
        return result->outcome;
    err = logkey_from_cert(
        &c->log, (struct pem){result->body, result->body_size},
        (struct pem){c->ca_pem, c->ca_size}, origin, instant_of(now_ms()));
    auction_result_release(result);
    if (err != ERR_OK)
        return fail(result, AUCTION_NO_CONNECTION,
                    "the log's certificate is not trusted: %s", err_detail());
    return AUCTION_ACCEPTED;
}

/* ------------------------------------------------------------- kept heads */

/** File of a log's newest head; slashes of the origin become '_'. */
static bool
state_path(const struct auction_client *c, char path[STATE_PATH_BYTES])
{
    char name[ORIGIN_BYTES_MAX + 1];

    if (c->state_dir == NULL)
        return false;
    memcpy(name, c->log.name, sizeof(name));
    for (char *p = name; *p != '\0'; p++)
        if (*p == '/')
            *p = '_';
    return snprintf(path, STATE_PATH_BYTES, "%s/%s.checkpoint", c->state_dir,
                    name) < STATE_PATH_BYTES;
}

static void
read_kept(struct auction_client *c, struct checkpoint *kept)
{
    char path[STATE_PATH_BYTES], note[4096];
    FILE *file = state_path(c, path) ? fopen(path, "re") : NULL;
    size_t size;

    *kept = (struct checkpoint){.size = 0};
    if (file == NULL)
        return;
    size = fread(note, 1, sizeof(note), file);
    fclose(file);
    if (checkpoint_verify(kept, note, size, &c->log) != ERR_OK)
        *kept = (struct checkpoint){.size = 0};
}

/** Losing it loses a witness, not a bid: a failure is only told. */
static void
keep(const struct auction_client *c, const char *note, size_t size)
{
    char path[STATE_PATH_BYTES], temporary[STATE_PATH_BYTES + 8];
    FILE *file;
    bool is_written;

    if (!state_path(c, path))
        return;
    mkdir(c->state_dir, 0700);
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    file = fopen(temporary, "we");
    if (file == NULL) {
        fprintf(stderr, "auction: cannot keep the log's head in '%s': %s\n",
                temporary, strerror(errno));
        return;
    }
    is_written = fwrite(note, 1, size, file) == size && fflush(file) == 0 &&
                 fsync(fileno(file)) == 0;
    if (fclose(file) != 0 || !is_written || rename(temporary, path) != 0)
        fprintf(stderr, "auction: cannot keep the log's head in '%s'\n", path);
}

static void
saw(struct auction_client *c, const struct checkpoint *head, const char *note,
    size_t size)
{
    if (head->size <= c->seen.size)
        return;
    c->seen = (struct record_seen){head->size, head->root};
    keep(c, note, size);
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
    if (get_text(c, path, result) == AUCTION_NOT_FOUND ||
        (result->outcome == AUCTION_ACCEPTED &&
         (consistency_parse(&old_size, &proof, &note, &size, result->body,
                            result->body_size) != ERR_OK ||
          old_size != kept->size ||
          checkpoint_verify(&head, note, size, &c->log) != ERR_OK ||
          !consistency_verify(kept->size, &kept->root, head.size, &head.root,
                              &proof))))
        return fail(result, AUCTION_NO_CONNECTION,
                    "the server's log no longer contains what it showed "
                    "before (%llu records): it was rolled back or rewritten. "
                    "Keep the file in the state directory as evidence; "
                    "nothing was sent",
                    (unsigned long long)kept->size);
    if (result->outcome != AUCTION_ACCEPTED)
        return result->outcome;
    saw(c, &head, note, size);
    return AUCTION_ACCEPTED;
}

static enum auction_outcome
first_head(struct auction_client *c, struct auction_result *result)
{
    struct checkpoint head;

    if (get_text(c, "/v1/log/checkpoint", result) != AUCTION_ACCEPTED)
        return result->outcome;
    if (checkpoint_verify(&head, result->body, result->body_size, &c->log) !=
        ERR_OK)
        return fail(result, AUCTION_NO_CONNECTION,
                    "the log's head is not signed by its key: %s",
                    err_detail());
    saw(c, &head, result->body, result->body_size);
    return AUCTION_ACCEPTED;
}

enum auction_outcome
trust_log(struct auction_client *c, struct auction_result *result)
{
    struct checkpoint kept;
    enum auction_outcome outcome;

    if (c->has_log)
        return AUCTION_ACCEPTED;
    if (learn_key(c, result) != AUCTION_ACCEPTED)
        return result->outcome;
    read_kept(c, &kept);
    outcome = kept.size > 0 ? check_consistent(c, &kept, result)
                            : first_head(c, result);
    c->has_log = outcome == AUCTION_ACCEPTED;
    if (c->has_log)
        auction_result_release(result);
    else
        log_verifier_release(&c->log);
    return outcome;
}

/* --------------------------------------------------------------- receipts */

static bool
parse_receipt(json_t *object, struct receipt *receipt,
              struct receipt_text *storage)
{
    json_t *record = json_object_get(object, "record");
    json_t *proof = json_object_get(object, "proof");
    json_t *checkpoint = json_object_get(object, "checkpoint");
    json_t *item;
    size_t i;

    *receipt = (struct receipt){.index = 0};
    if (!json_is_string(record) || !json_is_array(proof) ||
        !json_is_string(checkpoint) ||
        receipt_set_record(receipt, storage, json_string_value(record),
                           json_string_length(record)) != ERR_OK)
        return false;
    json_array_foreach(proof, i, item)
    {
        if (!json_is_string(item) ||
            receipt_add_hash(receipt, json_string_value(item),
                             json_string_length(item)) != ERR_OK)
            return false;
    }
    receipt->index =
        (uint64_t)json_integer_value(json_object_get(object, "index"));
    receipt->checkpoint = json_string_value(checkpoint);
    receipt->checkpoint_size = json_string_length(checkpoint);
    return true;
}

/** Whether the record is the answer to this very command. */
static bool
is_ours(const struct auction_client *c, const struct signed_command *command,
        const struct record *record)
{
    enum command_kind cmd;
    bool is_accepted;

    if (!command_of_type(record->type, &cmd, &is_accepted) ||
        cmd != command->cmd || !record->actor.has_fp ||
        !hash_equal(&record->actor.fp, &c->fp) ||
        memcmp(&record->request, &command->request, sizeof(record->request)) !=
            0)
        return false;
    if (command->auction != 0 && RECORD_HAS(record, auction) &&
        record->auction != command->auction)
        return false;
    if (cmd == COMMAND_BID && RECORD_HAS(record, max) &&
        record->max != command->max)
        return false;
    return cmd != COMMAND_CREATE || !RECORD_HAS(record, draft_blob) ||
           hash_equal(&record->draft_blob, &command->draft_blob);
}

static void
fill_result(struct auction_result *result, const struct record *record)
{
    result->is_verified = true;
    result->seq = (uint64_t)record->seq;
    result->auction =
        RECORD_HAS(record, auction) ? (uint64_t)record->auction : 0;
    result->price = RECORD_HAS(record, price) ? record->price : 0;
    result->minimum_bid = RECORD_HAS(record, min_next) ? record->min_next : 0;
    result->is_leading =
        RECORD_HAS(record, leader) && record->leader == record->actor.uid;
    if (RECORD_HAS(record, close))
        instant_format(result->ends_at, instant_of(record->close));
}

static void
keep_receipt(struct auction_result *result, const struct receipt *receipt)
{
    struct buf text;

    buf_init(&text, RECEIPT_BYTES_MAX);
    receipt_encode(receipt, &text);
    result->receipt = text.bytes; /* moved; NULL without memory */
}

enum auction_outcome
trust_answer(struct auction_client *c, const struct signed_command *command,
             json_t *answer, struct auction_result *result)
{
    struct receipt_text *storage = malloc(sizeof(*storage));
    struct record_text *text = malloc(sizeof(*text));
    struct checkpoint head;
    struct receipt receipt;
    struct record record;
    enum auction_outcome outcome = result->outcome;

    if (storage == NULL || text == NULL)
        outcome = fail(result, AUCTION_LOCAL_FAILURE, "out of memory");
    else if (!parse_receipt(json_object_get(answer, "receipt"), &receipt,
                            storage) ||
             receipt_verify(&receipt, &c->log, &head, &record, text) != ERR_OK)
        outcome =
            fail(result, AUCTION_UNKNOWN,
                 "the answer's receipt does not prove it: %s", err_detail());
    else if (!is_ours(c, command, &record) ||
             RECORD_HAS(&record, reason) != (result->status != 201))
        outcome = fail(result, AUCTION_UNKNOWN,
                       "the receipt proves another command than ours");
    else {
        fill_result(result, &record);
        keep_receipt(result, &receipt);
        saw(c, &head, receipt.checkpoint, receipt.checkpoint_size);
    }
    free(storage);
    free(text);
    return outcome;
}
