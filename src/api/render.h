/* SPDX-License-Identifier: Apache-2.0 */
/**
 * render: engine data as the JSON of docs/protocol.md.
 *
 * What a viewer may see is decided here and nowhere else. An answer is made
 * from its record alone, so that the same request, repeated after a restart,
 * gets the same bytes.
 *
 * Thread  any; pure. Errors stay in the buffer.
 */
#ifndef API_RENDER_H
#define API_RENDER_H

#include "api/reply.h"
#include "auction/verdict.h"
#include "audit/receipt.h"
#include "audit/record.h"
#include "engine/view.h"
#include "identity/role.h"

/** Who looks. uid is 0 for an account that is not enrolled. */
struct viewer {
    const char *name;
    uint64_t uid;
    enum role role;
};

/** Admins and auditors see accounts and amounts; so does the seller. */
bool viewer_sees_accounts(const struct viewer *viewer,
                          const struct auction_view *view);

/** A person in an auction: the account to some, a pseudonym to others. */
void render_person(struct reply *j, const char *name,
                   const struct auction_view *view, uint64_t uid,
                   const char *account, bool shows_account);

/** An invoice or credit note, into an open object. */
void render_invoice(struct reply *j, const struct invoice_view *invoice,
                    const char *buyer, const char *seller);

/** The members of one auction, into an open object. */
void render_auction(struct reply *j, const struct auction_view *view,
                    const struct viewer *viewer, struct instant now);

/**
 * The whole reply to a command: an effect with status 201 or a problem.
 *
 * record    decoded from the receipt
 * detail    of a malformed field, "" for none
 * Returns the HTTP status.
 */
int render_answer(struct buf *out, const struct record *record,
                  const struct receipt *receipt, const char *detail,
                  const char *instance, const char *request_id);

/** A problem without a receipt; `more` adds members, may be NULL. */
struct problem {
    int status;
    const char *code;
    const char *title;
    const char *detail;
    const char *pointer; /* of a field, or NULL */
};
void render_problem(struct buf *out, const struct problem *problem,
                    const char *instance, const char *request_id);

/** HTTP status of a refusal by the rules. */
int render_status(enum verdict verdict);

/** The public part of a record as a live event; false when it is none. */
struct event {
    const char *type; /* "bid" */
    uint64_t auction;
};
bool render_event(struct buf *out, const struct record *record,
                  const uint8_t *alias_salt, struct event *event_out);

/**
 * A bid as a list shows it; false when the record is no accepted bid.
 * previous_leader is unknown in a list, so a raise of the own maximum, which
 * only its bidder may see, is recognised by its missing `revision`.
 */
bool render_bid(struct reply *j, const struct record *record,
                const struct auction_view *view, const struct viewer *viewer,
                const char *account);

#endif
