/* SPDX-License-Identifier: Apache-2.0 */
/* Who may ask, and when: steps 5 and 6 of the checks. */
#include "naive_internal.h"

bool
naive_is_admins(enum naive_kind kind)
{
    return kind == NAIVE_SUSPEND || kind == NAIVE_RESTORE ||
           kind == NAIVE_CREDIT;
}

static bool
is_bidding(enum naive_kind kind)
{
    return kind == NAIVE_BID || kind == NAIVE_BUY || kind == NAIVE_TAKE ||
           kind == NAIVE_COMMIT || kind == NAIVE_REVEAL ||
           kind == NAIVE_WITHDRAW || kind == NAIVE_RETRACT;
}

bool
naive_may(const struct naive *n, const struct naive_command *c,
          const struct naive_auction *a)
{
    bool can_bid = c->role == NAIVE_BIDDER || c->role == NAIVE_TRADER;
    bool can_sell = c->role == NAIVE_SELLER || c->role == NAIVE_TRADER;
    bool is_admin = c->role == NAIVE_ADMIN;

    if (naive_is_blocked(n, c->user))
        return false;
    if (c->kind == NAIVE_CREATE)
        return can_sell;
    if (naive_is_admins(c->kind))
        return is_admin;
    if (is_bidding(c->kind)) {
        bool is_allowed = !a->terms.is_closed_circle;

        for (size_t i = 0; i < a->terms.allowed_count; i++)
            if (a->terms.allowed[i] == c->user)
                is_allowed = true;
        return can_bid && a->seller != c->user && is_allowed;
    }
    if (c->kind == NAIVE_VOID)
        return is_admin;
    if (c->kind == NAIVE_PUBLISH)
        return can_sell && a->seller == c->user;
    return is_admin || (can_sell && a->seller == c->user);
}

/* ----------------------------------------------------- 6. time and state */

static bool
is_over(const struct naive_auction *a)
{
    return naive_is_final(a) || a->state == NAIVE_CLOSED;
}

bool
naive_kind_exists(enum naive_kind kind, const struct naive_terms *r)
{
    if (kind == NAIVE_BID)
        return r->format == NAIVE_ENGLISH ||
               (r->format == NAIVE_UNIFORM && !r->sealed);
    if (kind == NAIVE_BUY)
        return r->format == NAIVE_ENGLISH;
    if (kind == NAIVE_RETRACT)
        return r->format == NAIVE_ENGLISH && r->retraction;
    if (kind == NAIVE_TAKE)
        return r->format == NAIVE_DUTCH;
    if (kind == NAIVE_COMMIT || kind == NAIVE_REVEAL)
        return naive_is_sealed(r);
    if (kind == NAIVE_WITHDRAW)
        return naive_is_sealed(r) || r->format == NAIVE_UNIFORM;
    return true;
}

static enum naive_verdict
time_of_bidding(const struct naive_command *c, const struct naive_auction *a,
                int64_t t)
{
    bool is_to_the_end = c->kind == NAIVE_REVEAL || c->kind == NAIVE_VOID;
    int64_t end =
        is_to_the_end && naive_is_sealed(&a->terms) ? a->reveal_end : a->close;

    /* What was cancelled before its opening will not open any more. */
    if (is_over(a))
        return NAIVE_ERR_CLOSED;
    if (a->state == NAIVE_DRAFT || t < a->terms.open)
        return NAIVE_ERR_NOT_OPEN;
    if (t >= end)
        return NAIVE_ERR_CLOSED;
    if (!naive_kind_exists(c->kind, &a->terms))
        return NAIVE_ERR_STATE;
    if (c->kind == NAIVE_REVEAL)
        return a->state == NAIVE_IN_REVEAL ? NAIVE_ACCEPTED : NAIVE_ERR_STATE;
    if (c->kind == NAIVE_VOID)
        return NAIVE_ACCEPTED;
    return a->state == NAIVE_OPEN ? NAIVE_ACCEPTED : NAIVE_ERR_STATE;
}

static enum naive_verdict
time_of_cancel(const struct naive_command *c, const struct naive_auction *a)
{
    bool has_bids = naive_live_count(a, 0) > 0 || a->award_count > 0;

    if (is_over(a))
        return NAIVE_ERR_CLOSED;
    if (c->role == NAIVE_ADMIN || a->state == NAIVE_DRAFT ||
        a->state == NAIVE_SCHEDULED)
        return NAIVE_ACCEPTED;
    if (a->state == NAIVE_IN_REVEAL || has_bids)
        return NAIVE_ERR_STATE;
    return NAIVE_ACCEPTED;
}

/** Not a matter of time: there is something to pay, or there is not. */
static enum naive_verdict
time_of_payment(const struct naive_auction *a)
{
    if (!is_over(a))
        return NAIVE_ERR_STATE;
    for (size_t i = 0; i < a->award_count; i++)
        if (naive_is_due(&a->awards[i]))
            return NAIVE_ACCEPTED;
    return naive_is_final(a) ? NAIVE_ERR_CLOSED : NAIVE_ACCEPTED;
}

enum naive_verdict
naive_time_and_state(const struct naive_command *c,
                     const struct naive_auction *a, int64_t t)
{
    if (c->kind == NAIVE_PUBLISH && (is_over(a) || t >= a->close))
        return NAIVE_ERR_CLOSED;
    if (c->kind == NAIVE_PUBLISH)
        return a->state == NAIVE_DRAFT ? NAIVE_ACCEPTED : NAIVE_ERR_STATE;
    if (c->kind == NAIVE_CANCEL)
        return time_of_cancel(c, a);
    if (c->kind == NAIVE_PAY)
        return time_of_payment(a);
    if (c->kind == NAIVE_CORRECT) /* of an invoice, whenever it was made */
        return is_over(a) && a->state != NAIVE_CANCELLED ? NAIVE_ACCEPTED
                                                         : NAIVE_ERR_STATE;
    return time_of_bidding(c, a, t);
}
