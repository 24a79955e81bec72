/* SPDX-License-Identifier: Apache-2.0 */
/* A draft becomes an auction, and its rule text what bidders sign. */
#include "engine/judge.h"

#include "auction/reserve.h"

#include <stdlib.h>
#include <string.h>

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
    buf_init(&text, DRAFT_TITLE_BYTES_MAX + DRAFT_DESCRIPTION_BYTES_MAX + 2 +
                        DRAFT_TEXT_BYTES_MAX);
    buf_add(&text, draft->title, strlen(draft->title) + 1);
    buf_add_text(&text, draft->description);
    for (size_t i = 0; i < draft->allow_count; i++) {
        buf_add_char(&text, '\0');
        buf_add_text(&text, draft->allow[i]);
    }
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

/** The older auction that it names is the seller's own, and over. */
static bool
may_relist(const struct judging *j)
{
    uint64_t id = j->command->draft->rules.relist_of;
    const struct auction *older = world_auction(j->world, id);

    return id == 0 || (older != NULL && lot_is_over(&older->row.lot) &&
                       older->row.lot.seller == j->actor.account->row.uid);
}

enum err
judge_create(struct judging *j)
{
    struct draft *draft = j->command->draft;
    const char *field, *why;
    struct record record;
    enum err err;

    CHECK(draft != NULL);
    draft_resolve(draft, j->t);
    if (!rules_check(&draft->rules, &field, &why))
        return judge_refuse_for(j, VERDICT_FORMAT, field);
    if (!instant_before(j->t, draft->rules.closes))
        return judge_refuse_for(j, VERDICT_FORMAT, "ends_at");
    if (!may_relist(j))
        return judge_refuse_for(j, VERDICT_FORMAT, "relist_of");
    if ((err = make_auction(j)) != ERR_OK || (err = make_terms(j)) != ERR_OK)
        return err;
    j->before = j->auction->row.lot;
    judge_start_record(&record, RECORD_CREATE_ACCEPTED, j->command);
    memcpy(record.rules_blob.bytes, j->auction->row.terms, HASH_BYTES);
    record_mark(&record, MEMBER_rules_blob);
    RECORD_SET(&record, reserve_nonce, j->command->nonce);
    RECORD_SET(&record, revision, (int64_t)j->auction->row.lot.version);
    if ((err = judge_accept(j, &record)) != ERR_OK || !draft->publish)
        return err;
    return publish_new(j);
}
