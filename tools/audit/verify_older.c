/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence from before: receipts and checkpoints that somebody has kept must
 * be of this log, at the place where they say.
 */
#include "verify.h"

#include "file.h"

#include <stdlib.h>

/** Whether a signed head is one of ours; says so when it is not. */
static void
check_older_head(struct verifying *v, const struct checkpoint *head,
                 const char *path)
{
    bool is_ours;

    if (head->size > v->count) {
        findings_add(&v->findings, CHECK_OLDER, FINDING_NO_SEQ,
                     "'%s' is of %llu records, this log has %llu: it was "
                     "rolled back",
                     path, (unsigned long long)head->size,
                     (unsigned long long)v->count);
        return;
    }
    verify_fail(
        v, history_has_head(v->history, head->size, &head->root, &is_ours));
    if (!is_ours)
        findings_add(&v->findings, CHECK_OLDER, FINDING_NO_SEQ,
                     "'%s' was given out by another history of %llu records",
                     path, (unsigned long long)head->size);
}

static void
check_receipt(struct verifying *v, const struct receipt *receipt,
              const char *path)
{
    struct record_text *text = malloc(sizeof(*text));
    struct record *record = malloc(sizeof(*record));
    struct checkpoint head;
    struct hash leaf = leaf_hash(receipt->record, receipt->record_size);
    bool is_ours = false;
    enum err err =
        text == NULL || record == NULL
            ? err_set(ERR_NOMEM, "out of memory")
            : receipt_verify(receipt, &v->trust.log, &head, record, text);

    if (err != ERR_OK) {
        findings_add(&v->findings, CHECK_OLDER, FINDING_NO_SEQ,
                     "receipt '%s': %s", path, err_detail());
    } else {
        v->receipts++;
        check_older_head(v, &head, path);
        if (receipt->index < v->count)
            verify_fail(v, history_has_leaf(v->history, receipt->index, &leaf,
                                            &is_ours));
        if (!is_ours)
            findings_add(&v->findings, CHECK_OLDER, receipt->index,
                         "the record of receipt '%s' is not there", path);
    }
    free(record);
    free(text);
}

void
verify_receipts(struct verifying *v)
{
    const struct inspect_options *o = v->options;

    for (size_t i = 0; i < o->receipt_count; i++) {
        struct receipt_text *storage = malloc(sizeof(*storage));
        struct receipt receipt;
        char *text = NULL;
        size_t size;
        enum err err = storage == NULL
                           ? err_set(ERR_NOMEM, "out of memory")
                           : file_read(&text, &size, o->receipts[i]);

        if (err == ERR_OK)
            err = receipt_parse(&receipt, storage, text, size);
        if (err == ERR_OK)
            check_receipt(v, &receipt, o->receipts[i]);
        else
            findings_add_err(&v->findings, CHECK_OLDER, FINDING_NO_SEQ, err);
        free(text);
        free(storage);
    }
}

void
verify_since(struct verifying *v)
{
    const char *path = v->options->since_checkpoint;
    struct checkpoint head;
    char *text;
    size_t size;
    enum err err;

    if (path == NULL)
        return;
    if ((err = file_read(&text, &size, path)) == ERR_OK) {
        err = checkpoint_verify(&head, text, size, &v->trust.log);
        free(text);
    }
    if (err == ERR_OK)
        check_older_head(v, &head, path);
    else
        findings_add_err(&v->findings, CHECK_OLDER, FINDING_NO_SEQ, err);
}
