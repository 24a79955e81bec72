/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/submission.h"

#include <string.h>

enum { SIGNED_BYTES_MAX = COMMAND_BYTES_MAX };

bool
submission_is_order(enum command_kind cmd)
{
    switch ((int)cmd) {
    case COMMAND_BID:
    case COMMAND_BUY:
    case COMMAND_TAKE:
    case COMMAND_COMMIT:
    case COMMAND_REVEAL:
    case COMMAND_WITHDRAW:
    case COMMAND_RETRACT:
        return true;
    default:
        return false;
    }
}

bool
submission_has_account(enum command_kind cmd)
{
    return cmd == COMMAND_VOID || cmd == COMMAND_PAY ||
           (cmd != COMMAND_CREATE && !submission_is_on_auction(cmd));
}

bool
submission_is_on_auction(enum command_kind cmd)
{
    return cmd != COMMAND_CREATE && cmd != COMMAND_CREDIT &&
           cmd != COMMAND_SUSPEND && cmd != COMMAND_RESTORE;
}

void
submission_release(struct submission *submission)
{
    draft_destroy(&submission->draft);
}

/** The submission in the form that signatures and digests are made of. */
static struct signed_command
signed_form(const struct submission *s, const char *log)
{
    struct signed_command form = {
        .cmd = s->cmd,
        .log = log,
        .auction = (int64_t)s->auction,
        .has_terms = s->sig.has_terms,
        .terms = s->sig.terms,
        .signer = s->who.fp,
        .request = s->request,
        .until = s->sig.until,
        .seen = s->sig.seen,
        .max = s->quantity == 0 ? s->amount.minor : 0,
        .quantity = (int64_t)s->quantity,
        .price =
            s->cmd == COMMAND_BID && s->quantity == 0 ? 0 : s->amount.minor,
        .bid = (int64_t)s->bid,
        .limit = s->amount.minor,
        .all_or_none = s->all_or_none,
        .c = s->c,
        .cap = s->amount.minor,
        .amount = s->amount.minor,
        .nonce = s->opening,
        .number = (int64_t)s->invoice,
        .uid = (int64_t)s->uid,
        .why = text_ref_of(s->why),
    };

    if (s->draft != NULL) {
        form.draft_blob = s->draft->hash;
        form.reserve = s->draft->reserve.minor;
        form.publish = s->draft->publish;
    }
    return form;
}

enum err
submission_signed_bytes(const struct submission *submission, const char *log,
                        struct buf *out)
{
    struct signed_command form = signed_form(submission, log);

    return command_encode(&form, out);
}

/*
 * Not the signed bytes themselves: a repeated command may carry another
 * signature, head or time, and a malformed one has no signed bytes at all.
 */
enum err
submission_digest(const struct submission *s, struct hash *digest_out)
{
    struct buf bytes;
    enum err err = ERR_OK;

    buf_init(&bytes, SIGNED_BYTES_MAX);
    buf_add_format(&bytes, "%s %llu %lld %llu ", command_text(s->cmd),
                   (unsigned long long)s->auction, (long long)s->amount.minor,
                   (unsigned long long)s->uid);
    if (s->draft != NULL) {
        buf_add(&bytes, &s->draft->hash, sizeof(s->draft->hash));
        buf_add_format(&bytes, "%lld %d ", (long long)s->draft->reserve.minor,
                       s->draft->publish);
    }
    buf_add_format(&bytes, "%llu %llu %d %llu ",
                   (unsigned long long)s->quantity, (unsigned long long)s->bid,
                   s->all_or_none, (unsigned long long)s->invoice);
    buf_add(&bytes, &s->c, sizeof(s->c));
    buf_add(&bytes, &s->opening, sizeof(s->opening));
    buf_add_text(&bytes, s->account);
    buf_add_char(&bytes, '\0');
    buf_add_text(&bytes, s->why);
    if (buf_is_ok(&bytes))
        *digest_out = hash_of(bytes.bytes, bytes.size);
    else
        err = err_set(ERR_NOMEM, "no memory for a command's digest");
    buf_release(&bytes);
    return err;
}
