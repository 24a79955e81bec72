/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence: when a log no longer contains what it showed before, what it
 * showed then and now is put into one file. Two signed heads that disagree
 * prove, to anybody who has the CA's certificate, that the log was rewritten.
 */
#include "internal.h"

#include "base/instant.h"

#include <errno.h>
#include <string.h>

enum { EVIDENCE_BYTES_MAX = 1 << 20 };

static void
add_part(struct buf *out, const char *title, const char *text, size_t size)
{
    buf_add_format(out, "\n--- %s\n", title);
    buf_add(out, text, size);
    if (size > 0 && text[size - 1] != '\n')
        buf_add_char(out, '\n');
}

static bool
write_evidence(struct auction_client *c, const struct buf *text,
               char path[FILE_PATH_BYTES])
{
    char name[AUCTION_LOG_NAME_BYTES];

    keep_name(name, c->log.name, c->ca_tag);
    return buf_is_ok(text) &&
           snprintf(path, FILE_PATH_BYTES, "%s/evidence/%s-%lld.txt",
                    c->state_dir, name,
                    (long long)now_ms()) < FILE_PATH_BYTES &&
           file_make_folders(path) &&
           file_replace(path, text->bytes, text->size);
}

enum auction_outcome
evidence_keep(struct auction_client *c, const struct kept_head *before,
              const char *note, size_t size, const char *proof,
              struct auction_result *result)
{
    char path[FILE_PATH_BYTES] = "", when[INSTANT_TEXT_BYTES];
    struct buf text;
    bool is_kept;

    buf_init(&text, EVIDENCE_BYTES_MAX);
    buf_add_format(&text,
                   "The log %s was rolled back or rewritten: it does not "
                   "contain what it showed before.\nFound at %s at %s. "
                   "Check each head with the log's certificate.\n",
                   c->log.name, instant_format(when, instant_of(now_ms())),
                   c->server);
    add_part(&text, "shown before", before->note, before->size);
    add_part(&text, "shown now", note, size);
    add_part(&text, "offered as proof that the one continues the other",
             proof == NULL ? "" : proof, proof == NULL ? 0 : strlen(proof));
    is_kept = c->state_dir != NULL && write_evidence(c, &text, path);
    buf_release(&text);
    return fail(result, AUCTION_NO_CONNECTION,
                "the server's log no longer contains what it showed before "
                "(%llu records): it was rolled back or rewritten. Nothing "
                "was sent. %s%s",
                (unsigned long long)before->head.size,
                is_kept ? "What it showed then and now is kept as evidence in "
                        : "The evidence could not be kept",
                path);
}
