/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule text: canonical JSON of everything that decides, in the order of
 * the names. What a format does not have is not there.
 */
#include "engine/draft.h"

#include "auction/format.h"
#include "audit/canon.h"

#include <string.h>

/** The text while it is written. */
struct terms {
    struct canon canon;
    const struct draft *draft;
    unsigned fields; /* of the format */
};

static void
add_int(struct terms *t, const char *name, int64_t value)
{
    canon_name(&t->canon, name);
    canon_int(&t->canon, value);
}

/** A member that only some formats have. */
static void
add_field(struct terms *t, enum rule_field field, const char *name,
          int64_t value)
{
    if (t->fields & field)
        add_int(t, name, value);
}

static void
add_text(struct terms *t, const char *name, const char *text)
{
    canon_name(&t->canon, name);
    canon_text(&t->canon, text, strlen(text));
}

static void
add_allow(struct terms *t)
{
    if (t->draft->allow == NULL)
        return;
    canon_name(&t->canon, "allow");
    canon_array_begin(&t->canon);
    for (size_t i = 0; i < t->draft->allow_count; i++)
        canon_text(&t->canon, t->draft->allow[i], strlen(t->draft->allow[i]));
    canon_array_end(&t->canon);
}

static void
add_increments(struct terms *t)
{
    const struct rules *rules = &t->draft->rules;

    if (!(t->fields & RULE_BIDDING))
        return;
    canon_name(&t->canon, "increments");
    canon_array_begin(&t->canon);
    for (size_t i = 0; i < rules->increment_count; i++) {
        canon_object_begin(&t->canon);
        add_int(t, "from", rules->increments[i].from.minor);
        add_int(t, "step", rules->increments[i].step.minor);
        canon_object_end(&t->canon);
    }
    canon_array_end(&t->canon);
}

/** Members from `allow` to `interval_ms`. */
static void
add_head(struct terms *t, uint64_t auction)
{
    const struct rules *rules = &t->draft->rules;

    add_allow(t);
    add_int(t, "auction", (int64_t)auction);
    add_field(t, RULE_REVEAL, "bond", rules->bond.minor);
    add_field(t, RULE_BUY_NOW, "buy_now", rules->buy_now.minor);
    add_int(t, "closes", rules->closes.ms);
    add_text(t, "currency", rules->currency);
    add_text(t, "description", t->draft->description);
    add_field(t, RULE_CLOCK, "drop", rules->drop.minor);
    add_field(t, RULE_SOFT_CLOSE, "extension_ms", rules->extension_ms);
    add_field(t, RULE_FLOOR, "floor_price", rules->floor.minor);
    add_text(t, "format", format_name(rules->format));
    add_field(t, RULE_SOFT_CLOSE, "hard_end", rules->hard_end.ms);
    add_increments(t);
    add_field(t, RULE_CLOCK, "interval_ms", rules->interval_ms);
}

/** Members from `opens` to `reveal_ends`. */
static void
add_middle(struct terms *t, const struct hash *reserve_commitment)
{
    const struct rules *rules = &t->draft->rules;

    add_int(t, "opens", rules->opens.ms);
    add_int(t, "outage_grace_ms", rules->outage_grace_ms);
    add_int(t, "pay_within_ms", rules->pay_within_ms);
    add_int(t, "premium_bp", rules->premium_bp);
    if (t->fields & RULE_SHARING)
        add_text(t, "pricing", rules->pricing == PRICING_LAB ? "lab" : "hrb");
    add_field(t, RULE_BIDDING, "proxy", rules->proxy);
    add_field(t, RULE_QUANTITY, "quantity", (int64_t)rules->quantity);
    if (t->fields & RULE_SHARING)
        add_text(t, "rationing",
                 rules->rationing == RATIONING_TIME ? "time" : "prorata");
    if (rules->relist_of != 0)
        add_int(t, "relist_of", (int64_t)rules->relist_of);
    if (reserve_commitment != NULL) {
        canon_name(&t->canon, "reserve_commitment");
        canon_hex(&t->canon, reserve_commitment->bytes, HASH_BYTES);
    }
    add_field(t, RULE_BIDDING, "retraction", rules->retraction);
    add_field(t, RULE_REVEAL, "reveal_ends", rules->reveal_ends.ms);
}

static void
add_tail(struct terms *t, const char *seller)
{
    const struct rules *rules = &t->draft->rules;

    add_field(t, RULE_SHARING, "sealed", rules->is_sealed);
    add_text(t, "seller", seller);
    add_int(t, "signed", rules->signed_only);
    add_field(t, RULE_START, "start_price", rules->start_price.minor);
    add_int(t, "tax_bp", rules->tax_bp);
    add_text(t, "title", t->draft->title);
    add_int(t, "v", 1);
    add_field(t, RULE_SOFT_CLOSE, "window_ms", rules->window_ms);
    add_field(t, RULE_SHARING, "withdraw_until",
              rules->withdraw_until.ms != 0 ? rules->withdraw_until.ms
                                            : rules->closes.ms);
}

enum err
draft_terms(const struct draft *draft, uint64_t auction, const char *seller,
            const struct hash *reserve_commitment, struct buf *out)
{
    struct terms t = {.draft = draft,
                      .fields = format_of(draft->rules.format)->fields};

    canon_init(&t.canon, out);
    canon_object_begin(&t.canon);
    add_head(&t, auction);
    add_middle(&t, reserve_commitment);
    add_tail(&t, seller);
    canon_object_end(&t.canon);
    return canon_finish(&t.canon);
}
