/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prove: a receipt of any record, as the log itself would have given it.
 */
#include "file.h"
#include "session.h"

#include "audit/receipt.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct proving {
    struct session session;
    uint64_t seq;
    struct buf record;
    bool is_found, is_withheld;
};

static bool
take(void *context, const struct source_line *line)
{
    struct proving *p = context;

    if (line->seq != p->seq)
        return line->seq < p->seq;
    p->is_found = true;
    p->is_withheld = line->bytes == NULL;
    if (!p->is_withheld)
        buf_add(&p->record, line->bytes, line->size);
    return false;
}

static enum err
make_receipt(struct proving *p, struct buf *out)
{
    struct receipt receipt = {.index = p->seq,
                              .record = p->record.bytes,
                              .record_size = p->record.size,
                              .checkpoint = p->session.source->note.bytes,
                              .checkpoint_size = p->session.source->note.size};
    struct hash leaf = leaf_hash(p->record.bytes, p->record.size);
    enum err err =
        proven_inclusion(p->session.proven, p->seq, &leaf, &receipt.proof);

    if (err != ERR_OK)
        return err;
    if (p->session.options->form == INSPECT_JSON) {
        receipt_encode_json(&receipt, out);
        buf_add_char(out, '\n');
    } else {
        receipt_encode(&receipt, out);
    }
    return buf_is_ok(out) ? ERR_OK : err_set(ERR_NOMEM, "out of memory");
}

static enum err
write_receipt(const struct proving *p, const struct buf *text)
{
    const char *out = p->session.options->file;

    if (out != NULL)
        return file_write(out, text->bytes, text->size);
    fwrite(text->bytes, 1, text->size, stdout);
    return ERR_OK;
}

static int
run(struct proving *p)
{
    struct buf text;
    int code = INSPECT_TRUE;
    enum err err = source_each(p->session.source, p->seq, take, p);

    if (err == ERR_OK && !p->is_found) {
        fprintf(stderr, "auction-audit: the log has no record %llu\n",
                (unsigned long long)p->seq);
        return INSPECT_NOTHING;
    }
    if (err == ERR_OK && p->is_withheld) {
        fprintf(stderr, "auction-audit: record %llu is withheld\n",
                (unsigned long long)p->seq);
        return INSPECT_UNTRUSTED;
    }
    buf_init(&text, RECEIPT_BYTES_MAX);
    if (err == ERR_OK)
        err = make_receipt(p, &text);
    if (err == ERR_OK)
        err = write_receipt(p, &text);
    if (err != ERR_OK)
        code = session_failed(&p->session, err);
    buf_release(&text);
    return code;
}

/** A bid's id is the number of the record that took it. */
int
inspect_prove(const struct inspect_options *options)
{
    struct proving *p;
    int code;
    enum err err;

    if (options->word_count != 1 || options->ca == NULL)
        return inspect_usage("prove needs --ca FILE and the number of a record "
                             "or bid");
    p = calloc(1, sizeof(*p));
    if (p == NULL)
        return INSPECT_UNREADABLE;
    buf_init(&p->record, RECORD_BYTES_MAX + 1);
    if (!text_u64(&p->seq, options->words[0], strlen(options->words[0])) ||
        p->seq > TREE_SIZE_MAX) {
        free(p);
        return inspect_usage("'%s' is not a number", options->words[0]);
    }
    err = session_open(&p->session, options);
    code = err == ERR_OK ? run(p) : session_failed(&p->session, err);
    session_close(&p->session);
    buf_release(&p->record);
    free(p);
    return code;
}
