/* SPDX-License-Identifier: Apache-2.0 */
#include "api/render.h"

#include "audit/command.h"

#include <stdio.h>
#include <string.h>

/* --------------------------------------------------------------- auction */

bool
viewer_sees_accounts(const struct viewer *viewer,
                     const struct auction_view *view)
{
    return viewer->role == ROLE_ADMIN || viewer->role == ROLE_AUDITOR ||
           (viewer->uid != 0 && viewer->uid == view->lot.seller);
}

static bool
is_over(const struct lot *lot)
{
    return lot->state != LOT_DRAFT && lot->state != LOT_SCHEDULED &&
           lot->state != LOT_OPEN && lot->state != LOT_REVEAL;
}

/** A person in this auction: the account to some, a pseudonym to others. */
static void
render_person(struct reply *j, const char *name,
              const struct auction_view *view, uint64_t uid,
              const char *account, bool shows_account)
{
    char alias[VIEW_ALIAS_BYTES];

    reply_text(j, name,
               shows_account && account != NULL && account[0] != '\0'
                   ? account
                   : view_alias(alias, view->alias_salt, uid));
}

static const char *
outcome_name(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_SOLD:
        return "sold";
    case OUTCOME_UNSOLD_NO_BIDS:
        return "no_bids";
    case OUTCOME_UNSOLD_RESERVE_NOT_MET:
        return "reserve_not_met";
    case OUTCOME_NONE:
        break;
    }
    return "none";
}

static void
render_prices(struct reply *j, const struct lot *lot,
              const struct viewer *viewer)
{
    const struct rules *rules = &lot->rules;
    bool has_reserve = rules->reserve.minor > 0;

    reply_money(j, "start_price", rules->start_price);
    reply_money(j, "increment", rules_increment(rules, lot->price));
    if (rules->buy_now.minor > 0) {
        reply_money(j, "buy_now_price", rules->buy_now);
        reply_flag(j, "buy_now", lot_buy_now_is_available(lot));
    }
    reply_text(j, "reserve",
               !has_reserve                               ? "none"
               : lot->leader != 0 && lot_reserve_met(lot) ? "met"
                                                          : "not_met");
    if (has_reserve && (viewer->uid == lot->seller || is_over(lot)))
        reply_money(j, "reserve_price", rules->reserve);
    if (lot->leader != 0)
        reply_money(j, "price", lot->price);
    reply_money(j, "minimum_bid", lot_min_next(lot));
    reply_int(j, "bid_count", (int64_t)lot->bid_count);
}

static void
render_result(struct reply *j, const struct auction_view *view,
              const struct viewer *viewer)
{
    const struct lot *lot = &view->lot;
    bool shows = viewer_sees_accounts(viewer, view);

    if (lot->outcome == OUTCOME_NONE)
        return;
    reply_text(j, "outcome", outcome_name(lot->outcome));
    if (lot->award.user == 0)
        return;
    reply_open(j, "award");
    reply_money(j, "price", lot->award.price);
    render_person(j, "winner", view, lot->award.user, view->leader, shows);
    if (shows)
        reply_id(j, "winner_uid", lot->award.user);
    reply_flag(j, "you", lot->award.user == viewer->uid);
    reply_flag(j, "paid", lot->award.is_paid);
    reply_id(j, "invoice", view->invoice);
    reply_close(j);
}

static void
render_rules(struct reply *j, const struct auction_view *view)
{
    const struct rules *rules = &view->lot.rules;

    reply_flag(j, "proxy", rules->proxy);
    reply_flag(j, "retraction", rules->retraction);
    reply_flag(j, "signed", rules->signed_only);
    reply_hex(j, "terms", view->terms.bytes, HASH_BYTES);
    reply_instant(j, "opens_at", rules->opens);
    reply_instant(j, "ends_at", view->lot.closes);
    reply_int(j, "extend_window", rules->window_ms / 1000);
    reply_int(j, "extend_by", rules->extension_ms / 1000);
    if (view->lot.hard_end.ms > 0)
        reply_instant(j, "hard_end_at", view->lot.hard_end);
}

static void
render_links(struct reply *j, uint64_t id)
{
    char link[64];

    reply_open(j, "links");
    snprintf(link, sizeof(link), "/v1/auctions/%llu/bids",
             (unsigned long long)id);
    reply_text(j, "bids", link);
    snprintf(link, sizeof(link), "/v1/events?auction=%llu",
             (unsigned long long)id);
    reply_text(j, "events", link);
    reply_close(j);
}

void
render_auction(struct reply *j, const struct auction_view *view,
               const struct viewer *viewer, struct instant now)
{
    const struct lot *lot = &view->lot;

    reply_id(j, "id", lot->id);
    reply_int(j, "version", (int64_t)lot->version);
    reply_text(j, "format", format_name(lot->rules.format));
    reply_text(j, "status", lot_state_name(lot->state));
    reply_text(j, "title", view_title(view));
    reply_text(j, "description", view_description(view));
    reply_text(j, "seller", view->seller);
    reply_text(j, "currency", lot->rules.currency);
    render_prices(j, lot, viewer);
    if (lot->leader != 0)
        render_person(j, "leader", view, lot->leader, view->leader,
                      viewer_sees_accounts(viewer, view) &&
                          lot->award.user == 0);
    reply_open(j, "you");
    reply_flag(j, "leading", lot->leader != 0 && lot->leader == viewer->uid);
    reply_flag(j, "seller", lot->seller == viewer->uid);
    reply_close(j);
    render_rules(j, view);
    render_result(j, view, viewer);
    reply_instant(j, "server_time", now);
    render_links(j, lot->id);
}

/* -------------------------------------------------------------- problems */

int
render_status(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_ACCEPTED:
        return 201;
    case VERDICT_FORMAT:
    case VERDICT_SIGNATURE:
    case VERDICT_REUSED_ID:
        return 422;
    case VERDICT_NO_AUCTION:
        return 404;
    case VERDICT_FORBIDDEN:
        return 403;
    case VERDICT_NOT_OPEN:
    case VERDICT_CLOSED:
    case VERDICT_STATE:
    case VERDICT_TOO_LOW:
    case VERDICT_NOT_HIGHER:
    case VERDICT_TOO_LATE:
    case VERDICT_CREDIT:
        return 409;
    case VERDICT_COUNT:
        break;
    }
    CHECK(false);
    return 500;
}

static const char *
title_of(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_FORMAT:
        return "A field is malformed or against the rules";
    case VERDICT_SIGNATURE:
        return "The signature does not stand";
    case VERDICT_REUSED_ID:
        return "The request id was used for another command";
    case VERDICT_NO_AUCTION:
        return "There is no such auction";
    case VERDICT_FORBIDDEN:
        return "This account may not do that";
    case VERDICT_NOT_OPEN:
        return "The auction is not open yet";
    case VERDICT_CLOSED:
        return "The auction has closed";
    case VERDICT_STATE:
        return "The auction's state does not allow that";
    case VERDICT_TOO_LOW:
        return "The bid is below the minimum";
    case VERDICT_NOT_HIGHER:
        return "The bid is not higher than your own maximum";
    case VERDICT_TOO_LATE:
        return "It is too late to take the bid back";
    case VERDICT_CREDIT:
        return "The credit limit does not cover that";
    case VERDICT_ACCEPTED:
    case VERDICT_COUNT:
        break;
    }
    CHECK(false);
    return "";
}

/** The stable code: for a missing right it tells which. */
static const char *
code_of(enum verdict verdict, const struct record *record)
{
    const struct text_ref *cause = &record->cause;

    if (verdict != VERDICT_FORBIDDEN || !RECORD_HAS(record, cause))
        return verdict_slug(verdict);
    if (cause->size == 4 && memcmp(cause->bytes, "role", 4) == 0)
        return "role-required";
    if (cause->size == 9 && memcmp(cause->bytes, "not-yours", 9) == 0)
        return "not-yours";
    if (cause->size == 11 && memcmp(cause->bytes, "own-auction", 11) == 0)
        return "own-auction";
    return "forbidden";
}

static void
problem_head(struct reply *j, const char *code, const char *title, int status,
             const char *instance, const char *request_id)
{
    char type[64];

    snprintf(type, sizeof(type), "/problems/%s", code);
    reply_text(j, "type", type);
    reply_text(j, "title", title);
    reply_int(j, "status", status);
    reply_text(j, "code", code);
    reply_text(j, "instance", instance);
    reply_text(j, "request_id", request_id);
}

void
render_problem(struct buf *out, const struct problem *problem,
               const char *instance, const char *request_id)
{
    struct reply j;

    reply_begin(&j, out);
    problem_head(&j, problem->code, problem->title, problem->status, instance,
                 request_id);
    reply_text(&j, "detail", problem->detail);
    if (problem->pointer != NULL) {
        reply_open_array(&j, "errors");
        reply_open(&j, NULL);
        reply_text(&j, "pointer", problem->pointer);
        reply_text(&j, "code", problem->code);
        reply_text(&j, "detail", problem->detail);
        reply_close(&j);
        reply_close_array(&j);
    }
    reply_end(&j);
}

/* --------------------------------------------------------------- answers */

static void
render_receipt(struct reply *j, const struct receipt *receipt)
{
    reply_raw(j, "receipt");
    receipt_encode_json(receipt, j->out);
}

/** Which field was malformed and why: its name is the record's cause. */
static void
render_field_error(struct reply *j, const struct record *record,
                   const char *detail)
{
    char pointer[64];

    snprintf(pointer, sizeof(pointer), "/%.*s", (int)record->cause.size,
             record->cause.bytes);
    reply_text(j, "detail", detail);
    reply_open_array(j, "errors");
    reply_open(j, NULL);
    reply_text(j, "pointer", pointer);
    reply_text(j, "code", "invalid-field");
    reply_text(j, "detail", detail);
    reply_close(j);
    reply_close_array(j);
}

static int
render_refusal(struct buf *out, const struct record *record,
               const struct receipt *receipt, const char *detail,
               const char *instance, const char *request_id)
{
    enum verdict verdict;
    struct reply j;
    int status;

    CHECK(verdict_parse(&verdict, record->reason.bytes, record->reason.size));
    status = render_status(verdict);
    reply_begin(&j, out);
    problem_head(&j, code_of(verdict, record), title_of(verdict), status,
                 instance, request_id);
    reply_text_n(&j, "reason", record->reason.bytes, record->reason.size);
    if (RECORD_HAS(record, cause))
        reply_text_n(&j, "cause", record->cause.bytes, record->cause.size);
    if (RECORD_HAS(record, min_next))
        reply_int(&j, "minimum_bid", record->min_next);
    if (detail[0] != '\0')
        render_field_error(&j, record, detail);
    render_receipt(&j, receipt);
    reply_end(&j);
    return status;
}

static const char *
standing_of(const struct record *record)
{
    if (record->type == RECORD_BUY_ACCEPTED)
        return "won";
    return record->leader == record->actor.uid ? "leading" : "outbid";
}

static void
render_effect(struct reply *j, const struct record *r)
{
    if (RECORD_HAS(r, max))
        reply_int(j, "max", r->max);
    if (r->type == RECORD_BID_ACCEPTED || r->type == RECORD_BUY_ACCEPTED)
        reply_text(j, "standing", standing_of(r));
    if (RECORD_HAS(r, revision))
        reply_int(j, "version", r->revision);
    if (RECORD_HAS(r, price))
        reply_int(j, "price", r->price);
    if (RECORD_HAS(r, min_next))
        reply_int(j, "minimum_bid", r->min_next);
    if (RECORD_HAS(r, close))
        reply_instant(j, "ends_at", instant_of(r->close));
    if (RECORD_HAS(r, rules_blob))
        reply_hex(j, "terms", r->rules_blob.bytes, HASH_BYTES);
    if (r->type == RECORD_CREATE_ACCEPTED)
        reply_text(j, "status", r->publish ? "scheduled" : "draft");
}

static int
render_acceptance(struct buf *out, const struct record *record,
                  const struct receipt *receipt)
{
    enum command_kind cmd;
    bool is_accepted;
    struct reply j;

    CHECK(command_of_type(record->type, &cmd, &is_accepted) && is_accepted);
    reply_begin(&j, out);
    reply_int(&j, "seq", record->seq);
    reply_id(&j, "auction", (uint64_t)record->auction);
    reply_text(&j, "command", command_text(cmd));
    reply_instant(&j, "at", instant_of(record->t));
    reply_hex(&j, "request", record->request.bytes,
              sizeof(record->request.bytes));
    render_effect(&j, record);
    render_receipt(&j, receipt);
    reply_end(&j);
    return 201;
}

int
render_answer(struct buf *out, const struct record *record,
              const struct receipt *receipt, const char *detail,
              const char *instance, const char *request_id)
{
    if (RECORD_HAS(record, reason))
        return render_refusal(out, record, receipt, detail, instance,
                              request_id);
    return render_acceptance(out, record, receipt);
}

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
    if (RECORD_HAS(r, close))
        reply_instant(j, "ends_at", instant_of(r->close));
    if (r->type == RECORD_AUCTION_EXTENDED) {
        reply_instant(j, "ends_at", instant_of(r->new));
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

bool
render_bid(struct reply *j, const struct record *record,
           const struct auction_view *view, const struct viewer *viewer,
           const char *account)
{
    uint64_t uid = (uint64_t)record->actor.uid;
    bool is_own = viewer->uid != 0 && uid == viewer->uid;
    bool shows = viewer_sees_accounts(viewer, view);

    if (record->type != RECORD_BID_ACCEPTED)
        return false;
    if (!RECORD_HAS(record, revision) && !is_own && !shows)
        return false;
    reply_open(j, NULL);
    reply_int(j, "seq", record->seq);
    reply_instant(j, "at", instant_of(record->t));
    render_person(j, "bidder", view, uid, account, shows);
    reply_flag(j, "you", is_own);
    reply_int(j, "price", record->price);
    reply_flag(j, "leads", record->leader == record->actor.uid);
    if (is_own || viewer->role == ROLE_ADMIN || viewer->role == ROLE_AUDITOR)
        reply_int(j, "max", record->max);
    reply_close(j);
    return true;
}
