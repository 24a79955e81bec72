/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: every decision recomputed, and what became of each auction. With a
 * CA the records must also be those of the signed head; their signatures are
 * for verify.
 */
#include "amount.h"
#include "progress.h"
#include "session.h"

#include "audit/proof.h"
#include "base/text.h"
#include "engine/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct replaying {
    const struct inspect_options *options;
    struct source *source;
    struct trust trust;
    struct replay *replay;
    struct tree_hasher hasher;
    bool is_withheld;
    enum err err;
};

static enum err
blob_of(void *context, const struct hash *hash, struct buf *out)
{
    return source_blob(context, hash, out);
}

static bool
visit(void *context, const struct source_line *line)
{
    struct replaying *p = context;
    struct hash leaf = source_line_leaf(line);

    tree_hasher_add(&p->hasher, &leaf);
    p->is_withheld = line->bytes == NULL;
    if (!p->is_withheld)
        p->err = replay_feed(p->replay, line->bytes, line->size);
    if (line->seq % 1024 == 0)
        progress_show("replayed", line->seq, p->source->size);
    return !p->is_withheld && p->err == ERR_OK;
}

static void
print_auction(const struct replay_summary *s)
{
    char amount[AMOUNT_TEXT_BYTES], end[INSTANT_TEXT_BYTES];
    const struct lot *lot = &s->lot;

    printf("%llu %s: %llu bids (%llu accepted, %llu refused), %llu "
           "extensions, %s",
           (unsigned long long)s->auction, format_name(lot->rules.format),
           (unsigned long long)(s->accepted + s->refused),
           (unsigned long long)s->accepted, (unsigned long long)s->refused,
           (unsigned long long)s->extensions, lot_state_name(lot->state));
    if (lot->ended.ms > 0) {
        instant_format(end, lot->ended);
        printf(" %.12s", end + 11);
    }
    if (lot->awards > 1) {
        printf(", sold %llu units in %lu awards", (unsigned long long)lot->sold,
               (unsigned long)lot->awards);
    } else if (s->price.minor != 0) {
        amount_text(amount, s->price.minor, s->currency);
        printf(", sold to %s at %.*s", s->winner, (int)strcspn(amount, " "),
               amount);
    }
    printf(": as recorded\n");
}

static bool
is_wanted(const struct inspect_options *options, uint64_t id)
{
    uint64_t wanted;

    for (size_t i = 0; i < options->word_count; i++)
        if (text_u64(&wanted, options->words[i], strlen(options->words[i])) &&
            wanted == id)
            return true;
    return options->word_count == 0;
}

static uint64_t
print_auctions(struct replaying *p)
{
    struct replay_summary summary;
    uint64_t printed = 0;

    for (uint64_t id = 1; id <= replay_auctions(p->replay); id++)
        if (is_wanted(p->options, id) &&
            replay_summary(p->replay, id, &summary)) {
            print_auction(&summary);
            printed++;
        }
    return printed;
}

/** Whether what was replayed is what the log has signed. */
static int
conclude_trust(const struct replaying *p)
{
    struct hash root = tree_hasher_root(&p->hasher);
    char text[HASH_BASE64_BYTES];

    if (p->options->ca == NULL) {
        printf("NOTHING IS PROVED: no --ca was given; signatures are checked "
               "by verify\n");
        return INSPECT_UNTRUSTED;
    }
    if (p->hasher.size != p->trust.head.size ||
        !hash_equal(&root, &p->trust.head.root)) {
        printf("FALSE: the records do not hash to the signed root\n");
        return INSPECT_FALSE;
    }
    printf("replayed from %llu records under the signed root %s; signatures "
           "are checked by verify\n",
           (unsigned long long)p->hasher.size, hash_base64(text, &root));
    return INSPECT_TRUE;
}

static int
conclude(struct replaying *p)
{
    uint64_t printed;
    int code;

    if (p->is_withheld) {
        fprintf(stderr, "auction-audit: records are withheld: replay the "
                        "auditor's export\n");
        return INSPECT_UNTRUSTED;
    }
    if (p->hasher.size == 0) {
        fprintf(stderr, "auction-audit: there are no records\n");
        return INSPECT_NOTHING;
    }
    if (p->err == ERR_OK)
        p->err = replay_finish(p->replay);
    if (p->err == ERR_NOMEM)
        return inspect_failed(p->err);
    if (p->err != ERR_OK) {
        printf("replay FALSE: %s\n", err_detail());
        return INSPECT_FALSE;
    }
    printed = print_auctions(p);
    code = conclude_trust(p);
    return printed > 0 || code == INSPECT_FALSE ? code : INSPECT_NOTHING;
}

int
inspect_replay(const struct inspect_options *options)
{
    struct replaying *p = calloc(1, sizeof(*p));
    int code;
    enum err err;

    if (p == NULL)
        return INSPECT_UNREADABLE;
    p->options = options;
    trust_init(&p->trust);
    tree_hasher_init(&p->hasher);
    err = source_open(&p->source, &options->source);
    if (err == ERR_OK && options->ca != NULL)
        err = trust_load(&p->trust, options->ca, options->log_cert, p->source);
    if (err == ERR_OK)
        err = replay_create(&p->replay, blob_of, p->source);
    if (err == ERR_OK)
        err = source_each(p->source, 0, visit, p);
    progress_clear();
    code = err == ERR_OK ? conclude(p) : inspect_failed(err);
    if (err == ERR_UNTRUSTED || err == ERR_FOREIGN)
        code = INSPECT_FALSE;
    replay_destroy(&p->replay);
    trust_release(&p->trust);
    source_close(&p->source);
    free(p);
    return code;
}
