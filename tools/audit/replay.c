/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: every decision recomputed, and what became of each auction. The
 * log itself is taken as it is: whether it is the one that was signed is what
 * verify is for, and the last line says so.
 */
#include "inspect.h"

#include "base/text.h"
#include "engine/replay.h"

#include <stdio.h>
#include <string.h>

struct replaying {
    struct replay *replay;
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

    p->is_withheld = line->bytes == NULL;
    if (!p->is_withheld)
        p->err = replay_feed(p->replay, line->bytes, line->size);
    return !p->is_withheld && p->err == ERR_OK;
}

static void
print_auction(const struct replay_summary *s)
{
    char amount[48], end[INSTANT_TEXT_BYTES];
    const struct lot *lot = &s->lot;

    printf("%llu %s: %llu bids (%llu accepted, %llu refused), %llu "
           "extensions, %s",
           (unsigned long long)s->auction, format_name(lot->rules.format),
           (unsigned long long)(s->accepted + s->refused),
           (unsigned long long)s->accepted, (unsigned long long)s->refused,
           (unsigned long long)s->extensions, lot_state_name(lot->state));
    if (lot->ended.ms > 0)
        printf(" %s", instant_format(end, lot->ended));
    if (lot->award.user != 0)
        printf(", sold to %s at %s", s->winner,
               inspect_amount(amount, lot->award.price.minor, s->currency));
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

static int
print_auctions(struct replaying *p, const struct inspect_options *options)
{
    struct replay_summary summary;
    int printed = 0;

    for (uint64_t id = 1; id <= replay_auctions(p->replay); id++)
        if (is_wanted(options, id) && replay_summary(p->replay, id, &summary)) {
            print_auction(&summary);
            printed++;
        }
    printf("signatures and the signed head are not checked here, see verify\n");
    return printed > 0 ? INSPECT_TRUE : INSPECT_NOTHING;
}

static int
conclude(struct replaying *p, const struct inspect_options *options)
{
    if (p->is_withheld) {
        fprintf(stderr, "auction-audit: records are withheld: replay the "
                        "auditor's export\n");
        return INSPECT_UNTRUSTED;
    }
    if (p->err == ERR_OK)
        p->err = replay_finish(p->replay);
    if (p->err == ERR_NOMEM)
        return inspect_failed(p->err);
    if (p->err == ERR_OK)
        return print_auctions(p, options);
    printf("replay FALSE: %s\n", err_detail());
    return INSPECT_FALSE;
}

int
inspect_replay(const struct inspect_options *options)
{
    struct replaying p = {.err = ERR_OK};
    struct source *source = NULL;
    enum err err;
    int code;

    err = source_open(&source, options->export_dir, options->data_dir);
    if (err == ERR_OK)
        err = replay_create(&p.replay, blob_of, source);
    if (err == ERR_OK)
        err = source_each(source, visit, &p);
    code = err == ERR_OK ? conclude(&p, options) : inspect_failed(err);
    replay_destroy(&p.replay);
    source_close(&source);
    return code;
}
