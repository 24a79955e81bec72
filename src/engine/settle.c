/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle.h"

#include "auction/format.h"
#include "auction/invoice.h"
#include "engine/books.h"

#include <string.h>

enum { AWARDS_SHOWN_MAX = 100 }; /* in one record; their count always */

static const char *
outcome_text(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_NONE:
        break;
    case OUTCOME_SOLD:
        return "sold";
    case OUTCOME_UNSOLD_NO_BIDS:
        return "no_bids";
    case OUTCOME_UNSOLD_RESERVE_NOT_MET:
        return "reserve_not_met";
    }
    CHECK(false);
    return "";
}

/** Whether awards are made one by one before the close. */
static bool
awards_come_first(const struct lot *lot)
{
    return format_of(lot->rules.format)->orders(&lot->rules) >> ORDER_TAKE & 1;
}

static void
set_due(struct record *record, const struct instant *due)
{
    if (due != NULL)
        RECORD_SET(record, due, due->ms);
}

/* ----------------------------------------------------------------- records
 */

static enum err
record_award(struct world *world, struct auction *auction,
             enum record_type type, const struct entry *entry,
             const struct instant *due, const struct actor *actor)
{
    struct record record;

    record_init(&record, type);
    RECORD_SET(&record, uid, (int64_t)entry->user);
    RECORD_SET(&record, price, entry->amount.minor);
    RECORD_SET(&record, quantity, (int64_t)entry->quantity);
    if (type == RECORD_AWARD_MADE && entry->id != 0)
        RECORD_SET(&record, bid, (int64_t)entry->id);
    if (type != RECORD_AWARD_MADE)
        RECORD_SET(&record, number, (int64_t)entry->invoice);
    if (entry->kind == ENTRY_FORFEIT)
        RECORD_SET_TEXT(&record, cause, "bond");
    set_due(&record, due);
    return effect_record(world, &record, auction, actor, NULL);
}

/** An invoice, or with `note` the credit note that takes it back. */
static enum err
record_invoice(struct world *world, struct auction *auction,
               const struct entry *entry, bool note, const struct instant *due,
               const struct actor *actor)
{
    const struct rules *rules = &auction->row.lot.rules;
    struct money goods =
        money_of(entry->amount.minor * (int64_t)entry->quantity);
    struct invoice invoice;
    struct record record;

    if (!invoice_compute(&invoice, goods, rules->premium_bp, rules->tax_bp))
        return err_set(ERR_TOO_LARGE, "an invoice beyond all bounds");
    record_init(&record, RECORD_INVOICE_ISSUED);
    RECORD_SET(&record, number,
               (int64_t)(note ? entry->credit_note : entry->invoice));
    if (note)
        RECORD_SET(&record, corrects, (int64_t)entry->invoice);
    RECORD_SET(&record, uid, (int64_t)entry->user);
    RECORD_SET(&record, goods, invoice.goods.minor);
    RECORD_SET(&record, premium, invoice.premium.minor);
    RECORD_SET(&record, tax, invoice.tax.minor);
    RECORD_SET(&record, total, invoice.total.minor);
    if (entry->kind == ENTRY_FORFEIT)
        RECORD_SET_TEXT(&record, cause, "bond");
    RECORD_SET(&record, vis, RECORD_VIS_PARTY);
    set_due(&record, due);
    return effect_record(world, &record, auction, actor, NULL);
}

/** Awards into a record, where they fit; their number and units in any case. */
static void
set_awards(struct record *record, const struct auction *auction,
           struct record_award items[AWARDS_SHOWN_MAX])
{
    const struct lot *lot = &auction->row.lot;
    size_t count = 0;

    if (lot->rules.quantity > 1) {
        RECORD_SET(record, count, (int64_t)lot->awards);
        RECORD_SET(record, quantity, (int64_t)lot->sold);
    }
    if (lot->awards > AWARDS_SHOWN_MAX || lot->awards == 0)
        return;
    for (uint32_t i = 0; i < lot->due_count; i++) {
        const struct entry *e = &auction->book->entries[lot->due_first + i];
        if (e->kind == ENTRY_AWARD)
            items[count++] = (struct record_award){
                e->amount.minor, (int64_t)e->quantity, (int64_t)e->user};
    }
    CHECK(count == lot->awards);
    RECORD_SET(record, awards, ((struct record_awards){items, count}));
}

/* ------------------------------------------------------------------- close
 */

enum err
settle_step(struct world *world, struct auction *auction,
            const struct instant *due, const struct actor *actor)
{
    struct lot *lot = &auction->row.lot;
    uint32_t first, count;
    enum err err = ERR_OK;

    lot_invoice(lot, auction->book, &world->invoice_last, &first, &count);
    for (uint32_t at = first; err == ERR_OK && at < first + count; at++) {
        const struct entry *entry = &auction->book->entries[at];
        if (entry->kind == ENTRY_AWARD && !awards_come_first(lot))
            err = record_award(world, auction, RECORD_AWARD_MADE, entry, due,
                               actor);
        if (err == ERR_OK)
            err = record_invoice(world, auction, entry, false, due, actor);
    }
    return err;
}

enum err
settle_closed(struct world *world, struct auction *auction,
              const struct instant *due, const struct actor *actor)
{
    const struct lot *lot = &auction->row.lot;
    struct record_award items[AWARDS_SHOWN_MAX];
    struct record record;
    enum err err;

    record_init(&record, RECORD_AUCTION_CLOSED);
    RECORD_SET_TEXT(&record, outcome, outcome_text(lot->outcome));
    RECORD_SET(&record, revision, (int64_t)lot->version);
    set_awards(&record, auction, items);
    set_due(&record, due);
    if (lot->rules.reserve.minor > 0) {
        RECORD_SET(&record, reserve, lot->rules.reserve.minor);
        memcpy(record.nonce.bytes, lot->reserve_nonce, HASH_BYTES);
        record_mark(&record, MEMBER_nonce);
    }
    if ((err = effect_record(world, &record, auction, actor, NULL)) != ERR_OK ||
        lot->due_count == 0)
        return err;
    return settle_step(world, auction, due, actor);
}

/* ----------------------------------------------------------------- payment
 */

static enum err
add_strike(struct world *world, uint64_t uid)
{
    struct account *account = world_account(world, uid);
    enum err err;

    CHECK(account != NULL);
    if ((err = world_touch_account(world, account)) != ERR_OK)
        return err;
    account->row.strikes++;
    return ERR_OK;
}

/** What became of one entry, if others are to know. */
static enum err
follow_entry(struct world *world, struct auction *auction,
             const struct book_change *change, const struct instant *due,
             const struct actor *actor)
{
    const struct entry *entry = &auction->book->entries[change->at];
    enum err err;

    if (change->is_new)
        return entry->kind == ENTRY_AWARD &&
                       awards_come_first(&auction->row.lot)
                   ? record_award(world, auction, RECORD_AWARD_MADE, entry, due,
                                  actor)
                   : ERR_OK;
    if (entry->credit_note != change->before.credit_note)
        return record_invoice(world, auction, entry, true, due, actor);
    if (entry->state == change->before.state)
        return ERR_OK;
    if (entry->state == ENTRY_PAID)
        return record_award(world, auction, RECORD_AWARD_PAID, entry, due,
                            actor);
    if (entry->state != ENTRY_DEFAULTED)
        return ERR_OK;
    if ((err = add_strike(world, entry->user)) != ERR_OK)
        return err;
    return record_award(world, auction, RECORD_AWARD_DEFAULTED, entry, due,
                        actor);
}

enum err
settle_changed(struct world *world, struct auction *auction,
               const struct instant *due, const struct actor *actor)
{
    enum err err = ERR_OK;

    for (uint32_t i = 0; err == ERR_OK && i < books_changed(auction); i++)
        err =
            follow_entry(world, auction, books_change(auction, i), due, actor);
    return err;
}

enum err
settle_settled(struct world *world, struct auction *auction,
               const struct actor *actor)
{
    const struct lot *lot = &auction->row.lot;
    struct record record;

    record_init(&record, RECORD_AUCTION_SETTLED);
    RECORD_SET(&record, revision, (int64_t)lot->version);
    RECORD_SET_TEXT(&record, outcome,
                    lot->state == LOT_SETTLED ? "settled" : "defaulted");
    return effect_record(world, &record, auction, actor, NULL);
}
