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
#include "engine/world_internal.h"

#include "auction/reserve.h"

#include <stdlib.h>
#include <string.h>

/** One command while it is judged. */
struct judging {
    struct world *world;
    struct submission *command;
    struct instant t;
    struct actor actor;
    struct auction *auction; /* NULL while there is none */
    struct lot before;       /* its lot, as it was */
    struct ruling *ruling;
    const char *cause; /* explains a refusal; NULL for none */
};

/* -------------------------------------------------------------- records */

/** The command's own members, in its answer's record. */
static void
set_fields(struct record *record, const struct submission *c)
{
    switch (c->cmd) {
    case COMMAND_CREATE:
    case COMMAND_EDIT:
        if (c->draft == NULL)
            return;
        RECORD_SET(record, draft_blob, c->draft->hash);
        RECORD_SET(record, reserve, c->draft->reserve.minor);
        if (c->cmd == COMMAND_CREATE)
            RECORD_SET(record, publish, c->draft->publish);
        return;
    case COMMAND_BID:
        if (c->amount.minor > 0)
            RECORD_SET(record, max, c->amount.minor);
        return;
    case COMMAND_BUY:
        if (c->amount.minor > 0)
            RECORD_SET(record, price, c->amount.minor);
        return;
    case COMMAND_RETRACT:
    case COMMAND_CANCEL:
        if (c->why[0] != '\0')
            RECORD_SET_TEXT(record, why, c->why);
        return;
    case COMMAND_VOID:
        if (c->why[0] != '\0')
            RECORD_SET_TEXT(record, why, c->why);
        RECORD_SET(record, uid, (int64_t)c->uid);
        return;
    case COMMAND_PAY:
        RECORD_SET(record, uid, (int64_t)c->uid);
        return;
    case COMMAND_PUBLISH:
    case COMMAND_COUNT:
        return;
    }
}

/**
 * What others may not see before the close: maxima, and with a draft its
 * reserve and the nonce that hides bidders' names.
 */
static bool
is_withheld(enum command_kind cmd)
{
    return cmd == COMMAND_BID || cmd == COMMAND_CREATE || cmd == COMMAND_EDIT;
}

static void
start_record(struct record *record, enum record_type type,
             const struct submission *c)
{
    record_init(record, type);
    RECORD_SET(record, request, c->request);
    /* Also of an auction that does not exist: it stands in what is signed. */
    if (c->auction != 0)
        RECORD_SET(record, auction, (int64_t)c->auction);
    if (c->is_signed)
        RECORD_SET(record, sig, c->sig);
    if (is_withheld(c->cmd))
        RECORD_SET(record, vis, RECORD_VIS_CLOSE);
    set_fields(record, c);
}

/** Answers of steps 1 to 4 are not kept: a new attempt is judged anew. */
static bool
is_kept(enum verdict verdict)
{
    return verdict != VERDICT_FORMAT && verdict != VERDICT_SIGNATURE &&
           verdict != VERDICT_REUSED_ID && verdict != VERDICT_NO_AUCTION;
}

static enum err
refuse(struct judging *j, enum verdict verdict)
{
    const struct draft *draft = j->command->draft;
    struct world_ports *ports = &j->world->ports;
    struct record record;
    enum err err;

    /* A refused draft is evidence too. */
    if (draft != NULL &&
        (err = ports->blob(ports->context, &draft->hash, draft->text,
                           draft->text_size)) != ERR_OK)
        return err;

    j->ruling->verdict = verdict;
    j->ruling->keeps_answer = is_kept(verdict);
    start_record(&record, command_refused_type(j->command->cmd), j->command);
    RECORD_SET_TEXT(&record, reason, verdict_name(verdict));
    if (j->cause != NULL && j->cause[0] != '\0')
        RECORD_SET_TEXT(&record, cause, j->cause);
    if (j->auction != NULL && verdict == VERDICT_TOO_LOW)
        RECORD_SET(&record, min_next, lot_min_next(&j->auction->row.lot).minor);
    return effect_record(j->world, &record, j->auction, &j->actor,
                         &j->ruling->seq);
}

static enum err
refuse_for(struct judging *j, enum verdict verdict, const char *cause)
{
    j->cause = cause;
    return refuse(j, verdict);
}

/** Write the accepted command, then what follows from it. */
static enum err
accept(struct judging *j, struct record *record)
{
    enum err err;

    j->ruling->verdict = VERDICT_ACCEPTED;
    j->ruling->keeps_answer = true;
    err =
        effect_record(j->world, record, j->auction, &j->actor, &j->ruling->seq);
    if (err != ERR_OK)
        return err;
    return effect_follow(j->world, j->auction, &j->before, NULL, "soft-close",
                         &j->actor);
}

/** After a rule function: accept with the standing, or refuse. */
static enum err
conclude(struct judging *j, enum verdict verdict)
{
    struct record record;

    if (verdict != VERDICT_ACCEPTED)
        return refuse(j, verdict);
    start_record(&record, command_accepted_type(j->command->cmd), j->command);
    if (j->command->cmd == COMMAND_PUBLISH) {
        memcpy(record.rules_blob.bytes, j->auction->row.terms, HASH_BYTES);
        record_mark(&record, MEMBER_rules_blob);
    }
    if (j->command->cmd == COMMAND_PUBLISH || j->command->cmd == COMMAND_PAY)
        RECORD_SET(&record, revision, (int64_t)j->auction->row.lot.version);
    else
        effect_standing(&record, &j->auction->row.lot, &j->before);
    if (j->command->cmd == COMMAND_BUY)
        RECORD_SET(&record, price, j->command->amount.minor);
    return accept(j, &record);
}

/* ------------------------------------------------------ the right to ask */

static struct bidder
bidder_of(const struct judging *j)
{
    const struct account *account = j->actor.account;

    return (struct bidder){
        .uid = account->row.uid,
        .limit = account->row.limit,
        .held = account->held,
        .blocked = account->row.blocked,
    };
}

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
    case COMMAND_RETRACT:
        return !may_bid(role) ? "role" : is_seller(j) ? "own-auction" : NULL;
    case COMMAND_CANCEL:
    case COMMAND_PAY:
        if (role == ROLE_ADMIN)
            return NULL;
        return !may_sell(role) ? "role" : is_seller(j) ? NULL : "not-yours";
    case COMMAND_VOID:
        return role == ROLE_ADMIN ? NULL : "role";
    case COMMAND_COUNT:
        break;
    }
    CHECK(false);
    return NULL;
}

/* ------------------------------------------------------------- commands */

/** The auction of a draft, not yet written to the log. */
static enum err
make_auction(struct judging *j)
{
    struct draft *draft = j->command->draft;
    struct store_lot *row;
    struct hash alias;
    struct buf text;
    enum err err;

    if ((err = world_add_auction(j->world, &j->auction)) != ERR_OK ||
        (err = world_touch_auction(j->world, j->auction)) != ERR_OK ||
        (err = list_push(&j->world->new_texts, j->auction)) != ERR_OK)
        return err;
    row = &j->auction->row;
    lot_init(&row->lot, row->lot.id, j->actor.account->row.uid, &draft->rules,
             j->command->nonce.bytes);
    j->auction->seller = j->actor.account;
    alias = hash_of(j->command->nonce.bytes, HASH_BYTES);
    memcpy(row->alias_salt, alias.bytes, sizeof(row->alias_salt));
    buf_init(&text, DRAFT_TITLE_BYTES_MAX + DRAFT_DESCRIPTION_BYTES_MAX + 2);
    buf_add(&text, draft->title, strlen(draft->title) + 1);
    buf_add_text(&text, draft->description);
    j->auction->text =
        buf_is_ok(&text) ? shared_create(text.bytes, text.size) : NULL;
    buf_release(&text);
    return j->auction->text == NULL
               ? err_set(ERR_NOMEM, "no memory for an auction")
               : ERR_OK;
}

/** The rule text of the new auction, as a blob; its hash are the terms. */
static enum err
make_terms(struct judging *j)
{
    struct store_lot *row = &j->auction->row;
    const struct draft *draft = j->command->draft;
    struct world_ports *ports = &j->world->ports;
    struct hash commitment, terms;
    struct buf text;
    enum err err;

    if (draft->reserve.minor > 0)
        reserve_commit(row->lot.id, draft->reserve, row->lot.reserve_nonce,
                       commitment.bytes);
    buf_init(&text, DRAFT_TEXT_BYTES_MAX);
    err = draft_terms(draft, row->lot.id, j->actor.account->row.name,
                      draft->reserve.minor > 0 ? &commitment : NULL, &text);
    if (err == ERR_OK) {
        terms = hash_of(text.bytes, text.size);
        memcpy(row->terms, terms.bytes, sizeof(row->terms));
        err = ports->blob(ports->context, &terms, text.bytes, text.size);
    }
    if (err == ERR_OK)
        err = ports->blob(ports->context, &draft->hash, draft->text,
                          draft->text_size);
    buf_release(&text);
    return err;
}

static enum err
publish_new(struct judging *j)
{
    struct record record;
    uint64_t seq;
    enum verdict verdict;
    enum err err;

    j->before = j->auction->row.lot;
    verdict = lot_publish(&j->auction->row.lot, j->t);
    CHECK(verdict == VERDICT_ACCEPTED); /* the draft was checked before */
    record_init(&record, RECORD_PUBLISH_ACCEPTED);
    RECORD_SET(&record, request, j->command->request);
    memcpy(record.rules_blob.bytes, j->auction->row.terms, HASH_BYTES);
    record_mark(&record, MEMBER_rules_blob);
    RECORD_SET(&record, revision, (int64_t)j->auction->row.lot.version);
    err = effect_record(j->world, &record, j->auction, &j->actor, &seq);
    if (err != ERR_OK)
        return err;
    return effect_follow(j->world, j->auction, &j->before, NULL, "", &j->actor);
}

static enum err
judge_create(struct judging *j)
{
    struct draft *draft = j->command->draft;
    const char *field, *why;
    struct record record;
    enum err err;

    CHECK(draft != NULL);
    draft_resolve(draft, j->t);
    if (!rules_check(&draft->rules, &field, &why))
        return refuse_for(j, VERDICT_FORMAT, field);
    if (!instant_before(j->t, draft->rules.closes))
        return refuse_for(j, VERDICT_FORMAT, "ends_at");
    if (j->actor.account->row.blocked)
        return refuse_for(j, VERDICT_FORBIDDEN, "blocked");
    if ((err = make_auction(j)) != ERR_OK || (err = make_terms(j)) != ERR_OK)
        return err;
    j->before = j->auction->row.lot;
    start_record(&record, RECORD_CREATE_ACCEPTED, j->command);
    memcpy(record.rules_blob.bytes, j->auction->row.terms, HASH_BYTES);
    record_mark(&record, MEMBER_rules_blob);
    RECORD_SET(&record, reserve_nonce, j->command->nonce);
    RECORD_SET(&record, revision, (int64_t)j->auction->row.lot.version);
    if ((err = accept(j, &record)) != ERR_OK || !draft->publish)
        return err;
    return publish_new(j);
}

static enum err
judge_bid(struct judging *j)
{
    struct bidder bidder = bidder_of(j);

    return conclude(
        j, lot_bid(&j->auction->row.lot, &bidder, j->command->amount, j->t));
}

static enum err
judge_buy(struct judging *j)
{
    struct bidder bidder = bidder_of(j);
    struct lot *lot = &j->auction->row.lot;

    if (lot->rules.buy_now.minor > 0 &&
        lot->rules.buy_now.minor != j->command->amount.minor)
        return refuse_for(j, VERDICT_FORMAT, "price");
    return conclude(j, lot_buy(lot, &bidder, j->t));
}

/** The bids so far, for the rules that replay them. */
static enum err
with_history(struct judging *j,
             enum verdict (*rule)(struct judging *j, struct past_bid *bids,
                                  size_t count))
{
    struct world_ports *ports = &j->world->ports;
    struct past_bid *bids = NULL;
    size_t count = 0;
    enum verdict verdict;
    enum err err;

    err = ports->history(ports->context, j->auction->row.lot.id, &bids, &count);
    if (err != ERR_OK)
        return err;
    verdict = rule(j, bids, count);
    free(bids);
    return conclude(j, verdict);
}

static enum verdict
rule_retract(struct judging *j, struct past_bid *bids, size_t count)
{
    struct bidder bidder = bidder_of(j);

    return lot_retract(&j->auction->row.lot, &bidder, bids, count, j->t);
}

static enum verdict
rule_void(struct judging *j, struct past_bid *bids, size_t count)
{

    return lot_void_user(&j->auction->row.lot, j->command->uid, bids, count,
                         j->t);
}

static enum err
judge_publish(struct judging *j)
{

    return conclude(j, lot_publish(&j->auction->row.lot, j->t));
}

static enum err
judge_cancel(struct judging *j)
{

    return conclude(j, lot_cancel(&j->auction->row.lot,
                                  j->command->who.role == ROLE_ADMIN, j->t));
}

static enum err
judge_pay(struct judging *j)
{

    return conclude(j, lot_pay(&j->auction->row.lot, j->command->uid));
}

static enum err
judge_kind(struct judging *j)
{
    switch (j->command->cmd) {
    case COMMAND_CREATE:
        return judge_create(j);
    case COMMAND_EDIT: /* drafts are not edited: cancel and create anew */
        return refuse(j, VERDICT_STATE);
    case COMMAND_PUBLISH:
        return judge_publish(j);
    case COMMAND_BID:
        return judge_bid(j);
    case COMMAND_BUY:
        return judge_buy(j);
    case COMMAND_RETRACT:
        return with_history(j, rule_retract);
    case COMMAND_CANCEL:
        return judge_cancel(j);
    case COMMAND_VOID:
        return with_history(j, rule_void);
    case COMMAND_PAY:
        return judge_pay(j);
    case COMMAND_COUNT:
        break;
    }
    CHECK(false);
    return ERR_OK;
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
             c->cmd == COMMAND_BID))
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
        return refuse(j, VERDICT_REUSED_ID);
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
    if (c->cmd != COMMAND_CREATE)
        j->auction = world_auction(j->world, c->auction);
    if (j->auction != NULL) {
        if ((err = world_touch_auction(j->world, j->auction)) != ERR_OK)
            return err;
        j->before = j->auction->row.lot;
    }
    if (c->prejudged != VERDICT_ACCEPTED)
        return refuse_for(j, c->prejudged, c->cause);
    if ((err = look_for_repeat(j, &is_known)) != ERR_OK || is_known)
        return err;
    if (c->cmd != COMMAND_CREATE && j->auction == NULL)
        return refuse(j, VERDICT_NO_AUCTION);
    if ((err = check_signature(j, &cause)) != ERR_OK)
        return err;
    if (cause != NULL)
        return refuse_for(j, VERDICT_SIGNATURE, cause);
    if ((cause = no_right(j)) != NULL)
        return refuse_for(j, VERDICT_FORBIDDEN, cause);
    if (j->actor.account->row.blocked)
        j->cause = "blocked";
    return judge_kind(j);
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
