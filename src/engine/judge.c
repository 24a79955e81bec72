/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging one command, in the order of docs/rules.md: form, signature, a
 * request seen before, the auction, the right to ask, time and state, the
 * format's own rules, credit. The first that fails is the answer.
 *
 * Two checks of a signature depend on when it is looked at: `until` and
 * `seen`. They come after the look for a repeated request, so that the same
 * signed bytes, sent again late, still get their first answer.
 */
#include "engine/judge.h"

#include <string.h>

/* ------------------------------------------------------ the right to ask */

static bool
is_seller(const struct judging *j)
{
    return j->auction->row.lot.seller == j->actor.account->row.uid;
}

static bool
may_bid(enum role role)
{
    return role == ROLE_BIDDER || role == ROLE_TRADER;
}

static bool
may_sell(enum role role)
{
    return role == ROLE_SELLER || role == ROLE_TRADER;
}

/** Why the party may not send this command, or NULL. */
static const char *
no_right(const struct judging *j)
{
    enum role role = j->command->who.role;

    switch (j->command->cmd) {
    case COMMAND_CREATE:
        return may_sell(role) ? NULL : "role";
    case COMMAND_EDIT:
    case COMMAND_PUBLISH:
        return !may_sell(role) ? "role" : is_seller(j) ? NULL : "not-yours";
    case COMMAND_BID:
    case COMMAND_BUY:
    case COMMAND_TAKE:
    case COMMAND_COMMIT:
    case COMMAND_REVEAL:
    case COMMAND_WITHDRAW:
    case COMMAND_RETRACT:
        return !may_bid(role) ? "role" : is_seller(j) ? "own-auction" : NULL;
    case COMMAND_CANCEL:
    case COMMAND_PAY:
    case COMMAND_CORRECT:
        if (role == ROLE_ADMIN)
            return NULL;
        return !may_sell(role) ? "role" : is_seller(j) ? NULL : "not-yours";
    case COMMAND_VOID:
    case COMMAND_CREDIT:
    case COMMAND_RESTORE:
        return role == ROLE_ADMIN ? NULL : "role";
    case COMMAND_SUSPEND: /* nobody locks itself out */
        return role != ROLE_ADMIN                             ? "role"
               : j->command->uid == j->actor.account->row.uid ? "own-account"
                                                              : NULL;
    case COMMAND_COUNT:
        break;
    }
    CHECK(false);
    return NULL;
}

/* ------------------------------------------------------------ the order */

/** What of a signature depends on now; NULL when it stands. */
static enum err
check_signature(struct judging *j, const char **cause_out)
{
    const struct submission *c = j->command;
    bool is_ours;
    enum err err;

    *cause_out = NULL;
    if (!c->is_signed) {
        if (j->world->options.signatures_required ||
            (j->auction != NULL && j->auction->row.lot.rules.signed_only &&
             submission_is_order(c->cmd)))
            *cause_out = "missing";
        return ERR_OK;
    }
    if (c->sig.until < j->t.ms)
        *cause_out = "expired";
    else if (j->auction != NULL &&
             (!c->sig.has_terms ||
              memcmp(c->sig.terms.bytes, j->auction->row.terms, HASH_BYTES)))
        *cause_out = "terms";
    if (*cause_out != NULL)
        return ERR_OK;
    err = j->world->ports.check_head(j->world->ports.context, &c->sig.seen,
                                     &is_ours);
    if (err == ERR_OK && !is_ours)
        *cause_out = "head";
    return err;
}

/** Whether (user, request) was answered before; then the ruling says how. */
static enum err
look_for_repeat(struct judging *j, bool *is_known_out)
{
    struct world_ports *ports = &j->world->ports;
    struct ruling *ruling = j->ruling;
    enum err err;

    *is_known_out = false;
    if ((err = submission_digest(j->command, &ruling->digest)) != ERR_OK)
        return err;
    err = ports->find_request(ports->context, ruling->uid, &j->command->request,
                              &ruling->kept);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err != ERR_OK)
        return err;
    *is_known_out = true;
    if (memcmp(ruling->kept.digest, ruling->digest.bytes, HASH_BYTES) != 0)
        return judge_refuse(j, VERDICT_REUSED_ID);
    ruling->is_replay = true;
    return ERR_OK;
}

/** Names in fields become numbers; an unknown name is a malformed field. */
static void
resolve_account(struct judging *j)
{
    struct submission *c = j->command;
    const struct account *account;

    if (c->account[0] == '\0' || c->prejudged != VERDICT_ACCEPTED)
        return;
    account = world_account_named(j->world, c->account);
    if (account != NULL)
        c->uid = account->row.uid;
}

static enum err
judge_in_order(struct judging *j)
{
    struct submission *c = j->command;
    const char *cause;
    bool is_known;
    enum err err;

    resolve_account(j);
    if (submission_is_on_auction(c->cmd))
        j->auction = world_auction(j->world, c->auction);
    if (j->auction != NULL) {
        if ((err = world_touch_auction(j->world, j->auction)) != ERR_OK)
            return err;
        j->before = j->auction->row.lot;
    }
    if (c->prejudged != VERDICT_FORMAT && j->auction != NULL &&
        (cause = judge_flaw(j)) != NULL)
        return judge_refuse_for(j, VERDICT_FORMAT, cause);
    if (c->prejudged != VERDICT_ACCEPTED)
        return judge_refuse_for(j, c->prejudged, c->cause);
    if ((err = look_for_repeat(j, &is_known)) != ERR_OK || is_known)
        return err;
    if (submission_is_on_auction(c->cmd) && j->auction == NULL)
        return judge_refuse(j, VERDICT_NO_AUCTION);
    if ((err = check_signature(j, &cause)) != ERR_OK)
        return err;
    if (cause != NULL)
        return judge_refuse_for(j, VERDICT_SIGNATURE, cause);
    if ((cause = no_right(j)) != NULL)
        return judge_refuse_for(j, VERDICT_FORBIDDEN, cause);
    if (j->actor.account->row.blocked)
        return judge_refuse_for(j, VERDICT_FORBIDDEN, "suspended");
    if (c->cmd == COMMAND_CREATE)
        return judge_create(j);
    return submission_is_on_auction(c->cmd) ? judge_command(j)
                                            : judge_account(j);
}

bool
world_needs_history(const struct submission *submission)
{
    return submission->cmd == COMMAND_RETRACT ||
           submission->cmd == COMMAND_VOID;
}

enum err
world_judge(struct world *world, struct submission *submission,
            struct instant t, struct ruling *ruling_out)
{
    struct judging j = {
        .world = world,
        .command = submission,
        .t = t,
        .ruling = ruling_out,
        .actor = {.account = world_account_named(world, submission->who.name),
                  .role = submission->who.role,
                  .fp = submission->who.fp},
    };

    CHECK(j.actor.account != NULL);
    *ruling_out = (struct ruling){.uid = j.actor.account->row.uid};
    return judge_in_order(&j);
}
