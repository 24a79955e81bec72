/* SPDX-License-Identifier: Apache-2.0 */
/* Records as live events, and as bids in a list. */
#include "api/render.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- events */

static const char *
event_type(const struct record *r)
{
    switch ((int)r->type) {
    case RECORD_PUBLISH_ACCEPTED:
        return "created";
    case RECORD_AUCTION_OPENED:
        return "opened";
    case RECORD_BID_ACCEPTED: /* without revision: a hidden raise */
        return RECORD_HAS(r, revision) ? "bid" : NULL;
    case RECORD_COMMIT_ACCEPTED:
        return "commitment";
    case RECORD_AWARD_MADE:
        return "award";
    case RECORD_AUCTION_REVEAL:
        return "reveal";
    case RECORD_WITHDRAW_ACCEPTED:
    case RECORD_RETRACT_ACCEPTED:
    case RECORD_VOID_ACCEPTED:
    case RECORD_AUCTION_SETTLED:
        return "changed";
    case RECORD_AUCTION_EXTENDED:
        return "extended";
    case RECORD_AUCTION_CLOSED:
        return "closed";
    case RECORD_AUCTION_CANCELLED:
        return "cancelled";
    default:
        return NULL;
    }
}

static void
render_closed_event(struct reply *j, const struct record *r,
                    const uint8_t *alias_salt)
{
    char alias[VIEW_ALIAS_BYTES];

    reply_text_n(j, "outcome", r->outcome.bytes, r->outcome.size);
    if (RECORD_HAS(r, count)) {
        reply_int(j, "award_count", r->count);
        reply_int(j, "sold", r->quantity);
        return;
    }
    if (!RECORD_HAS(r, awards) || r->awards.count == 0)
        return;
    reply_int(j, "price", r->awards.items[0].price);
    reply_text(j, "winner",
               view_alias(alias, alias_salt, (uint64_t)r->awards.items[0].uid));
}

static void
render_standing_event(struct reply *j, const struct record *r,
                      const uint8_t *alias_salt)
{
    char alias[VIEW_ALIAS_BYTES];

    if (RECORD_HAS(r, price))
        reply_int(j, "price", r->price);
    if (RECORD_HAS(r, min_next))
        reply_int(j, "minimum_bid", r->min_next);
    if (RECORD_HAS(r, bid_count))
        reply_int(j, "bid_count", r->bid_count);
    if (RECORD_HAS(r, leader))
        reply_text(j, "leader",
                   view_alias(alias, alias_salt, (uint64_t)r->leader));
    if (RECORD_HAS(r, quantity))
        reply_int(j, "quantity", r->quantity);
    if (RECORD_HAS(r, uid) && r->type == RECORD_AWARD_MADE)
        reply_text(j, "winner",
                   view_alias(alias, alias_salt, (uint64_t)r->uid));
    if (RECORD_HAS(r, close))
        reply_instant(
            j, r->type == RECORD_AUCTION_REVEAL ? "reveal_ends_at" : "ends_at",
            instant_of(r->close));
    if (r->type == RECORD_AUCTION_EXTENDED) {
        reply_instant(j, RECORD_HAS(r, what) ? "reveal_ends_at" : "ends_at",
                      instant_of(r->new));
        reply_text_n(j, "cause", r->cause.bytes, r->cause.size);
    }
}

bool
render_event(struct buf *out, const struct record *record,
             const uint8_t *alias_salt, struct event *event_out)
{
    const char *type = event_type(record);
    struct reply j;

    if (type == NULL || !RECORD_HAS(record, auction))
        return false;
    *event_out = (struct event){type, (uint64_t)record->auction};
    buf_add_format(out, "id: %lld\nevent: %s\ndata: ", (long long)record->seq,
                   type);
    reply_begin(&j, out);
    reply_int(&j, "seq", record->seq);
    reply_instant(&j, "at", instant_of(record->t));
    reply_id(&j, "auction", (uint64_t)record->auction);
    if (RECORD_HAS(record, revision))
        reply_int(&j, "version", record->revision);
    if (record->type == RECORD_AUCTION_CLOSED)
        render_closed_event(&j, record, alias_salt);
    else
        render_standing_event(&j, record, alias_salt);
    reply_end(&j);
    buf_add_char(out, '\n');
    return true;
}

/* ------------------------------------------------------------------ bids */

/** What a record of a bid shows of it to everybody. */
static void
render_public(struct reply *j, const struct record *r)
{
    switch ((int)r->type) {
    case RECORD_BID_ACCEPTED:
        reply_int(j, "price", r->price);
        if (RECORD_HAS(r, leader))
            reply_flag(j, "leads", r->leader == r->actor.uid);
        if (RECORD_HAS(r, quantity))
            reply_int(j, "quantity", r->quantity);
        break;
    case RECORD_TAKE_ACCEPTED:
        reply_int(j, "price", r->price);
        reply_int(j, "quantity", r->filled);
        break;
    case RECORD_COMMIT_ACCEPTED:
        reply_int(j, "cap", r->cap);
        break;
    default:
        break;
    }
    if (RECORD_HAS(r, bid))
        reply_int(j,
                  r->type == RECORD_REVEAL_ACCEPTED     ? "opens"
                  : r->type == RECORD_WITHDRAW_ACCEPTED ? "withdraws"
                                                        : "replaces",
                  r->bid);
}

/** What only the bidder and those who see everything may know. */
static void
render_private(struct reply *j, const struct record *r)
{
    if (RECORD_HAS(r, max))
        reply_int(j, "max", r->max);
    if (RECORD_HAS(r, limit))
        reply_int(j, "limit", r->limit);
}

static const char *
bid_kind(const struct record *r)
{
    switch ((int)r->type) {
    case RECORD_BID_ACCEPTED:
        return "bid";
    case RECORD_TAKE_ACCEPTED:
        return "take";
    case RECORD_COMMIT_ACCEPTED:
        return "commit";
    case RECORD_REVEAL_ACCEPTED:
        return "reveal";
    case RECORD_WITHDRAW_ACCEPTED:
        return "withdraw";
    default:
        return NULL;
    }
}

bool
render_bid(struct reply *j, const struct record *record,
           const struct auction_view *view, const struct viewer *viewer,
           const char *account)
{
    uint64_t uid = (uint64_t)record->actor.uid;
    bool is_own = viewer->uid != 0 && uid == viewer->uid;
    bool shows = viewer_sees_accounts(viewer, view);
    bool sees_all = viewer->role == ROLE_ADMIN || viewer->role == ROLE_AUDITOR;
    bool is_open = record->type == RECORD_REVEAL_ACCEPTED &&
                   (lot_is_over(&view->lot) || is_own);

    if (bid_kind(record) == NULL)
        return false;
    if (!RECORD_HAS(record, revision) && !is_own && !shows)
        return false;
    reply_open(j, NULL);
    reply_int(j, "seq", record->seq);
    reply_text(j, "kind", bid_kind(record));
    reply_instant(j, "at", instant_of(record->t));
    render_person(j, "bidder", view, uid, account, shows);
    reply_flag(j, "you", is_own);
    render_public(j, record);
    if (is_own || sees_all)
        render_private(j, record);
    if (is_open) {
        reply_int(j, "amount", record->amount);
        if (RECORD_HAS(record, quantity))
            reply_int(j, "quantity", record->quantity);
    }
    reply_close(j);
    return true;
}
