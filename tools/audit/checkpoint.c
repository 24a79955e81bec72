/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint: the signed head, verified. consistency: that an older one is of
 * the same past; two that are not are printed as they stand, as evidence.
 */
#include "evidence.h"
#include "file.h"
#include "session.h"

#include "audit/canon.h"
#include "audit/receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 2 * CHECKPOINT_BYTES_MAX };

static enum err
print_json(const struct session *s)
{
    const struct checkpoint *head = &s->trust.head;
    char root[HASH_BASE64_BYTES];
    struct buf text;
    enum err err;

    buf_init(&text, TEXT_BYTES_MAX);
    buf_add_format(&text, "{\"origin\":\"%s\",\"size\":%llu,\"root\":\"%s\",",
                   head->origin, (unsigned long long)head->size,
                   hash_base64(root, &head->root));
    buf_add_format(&text,
                   "\"witnesses\":%zu,\"checkpoint\":", s->quorum.cosigned);
    canon_quote(&text, s->source->note.bytes, s->source->note.size);
    buf_add_text(&text, "}\n");
    err = buf_is_ok(&text) ? ERR_OK : err_set(ERR_NOMEM, "out of memory");
    if (err == ERR_OK)
        fwrite(text.bytes, 1, text.size, stdout);
    buf_release(&text);
    return err;
}

static enum err
print_note(const struct session *s)
{
    const struct buf *note = &s->source->note;

    if (s->options->file != NULL)
        return file_write(s->options->file, note->bytes, note->size);
    if (s->options->form == INSPECT_JSON)
        return print_json(s);
    fwrite(note->bytes, 1, note->size, stdout);
    return ERR_OK;
}

int
inspect_checkpoint(const struct inspect_options *options)
{
    struct session session;
    int code;
    enum err err;

    if (options->ca == NULL) {
        inspect_usage("checkpoint needs --ca FILE: without a CA nothing can "
                      "be trusted");
        return INSPECT_UNTRUSTED;
    }
    err = session_open(&session, options);
    if (err == ERR_OK)
        err = print_note(&session);
    code = err == ERR_OK ? session_code(&session, session.trust.head.size)
                         : session_failed(&session, err);
    session_close(&session);
    return code;
}

/* --------------------------------------------------------------- consistency
 */

static enum err
print_proof(const struct session *s, const struct checkpoint *old,
            const struct proof *proof)
{
    const struct buf *note = &s->source->note;
    struct buf text;
    enum err err;

    buf_init(&text, TEXT_BYTES_MAX);
    consistency_encode(old->size, proof, note->bytes, note->size, &text);
    err = buf_is_ok(&text) ? ERR_OK : err_set(ERR_NOMEM, "out of memory");
    if (err == ERR_OK && s->options->file != NULL)
        err = file_write(s->options->file, text.bytes, text.size);
    else if (err == ERR_OK)
        fwrite(text.bytes, 1, text.size, stdout);
    buf_release(&text);
    return err;
}

static enum err
run(const struct session *s, const char *path)
{
    struct checkpoint old;
    struct proof proof;
    char *text;
    size_t size;
    enum err err = file_read(&text, &size, path);

    if (err != ERR_OK)
        return err;
    err = checkpoint_verify(&old, text, size, &s->trust.log);
    if (err == ERR_OK) {
        err = proven_consistency(s->proven, &old, &proof);
        if (err == ERR_DAMAGED)
            evidence_print(text, size, &s->source->note);
        if (err == ERR_OK)
            err = print_proof(s, &old, &proof);
    }
    free(text);
    return err;
}

int
inspect_consistency(const struct inspect_options *options)
{
    struct session session;
    int code;
    enum err err;

    if (options->ca == NULL || options->word_count != 1)
        return inspect_usage("consistency needs --ca FILE and the file of an "
                             "older checkpoint");
    err = session_open(&session, options);
    if (err == ERR_OK)
        err = run(&session, options->words[0]);
    code = err == ERR_OK ? session_code(&session, 1)
                         : session_failed(&session, err);
    session_close(&session);
    return code;
}
