/* SPDX-License-Identifier: Apache-2.0 */
#include "twin_internal.h"

#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
twin_complain(struct twin *twin, const char *format, ...)
{
    va_list arguments;

    if (twin->complaint[0] != '\0')
        return false;
    va_start(arguments, format);
    vsnprintf(twin->complaint, sizeof(twin->complaint), format, arguments);
    va_end(arguments);
    return false;
}

/* -------------------------------------------------------------- compare */

#define DIFFERS(twin, id, what, ours, theirs)                                  \
    twin_complain(twin, "%s of auction %llu is %lld, by the naive rules %lld", \
                  what, (unsigned long long)(id), (long long)(ours),           \
                  (long long)(theirs))

static bool
compare_awards(struct twin *twin, uint64_t id, const struct shown *ours,
               const struct shown *theirs)
{
    if (ours->award_count != theirs->award_count)
        return DIFFERS(twin, id, "the number of awards", ours->award_count,
                       theirs->award_count);
    for (size_t i = 0; i < ours->award_count; i++) {
        const struct shown_award *a = &ours->awards[i], *b = &theirs->awards[i];

        if (a->user != b->user)
            return DIFFERS(twin, id, "a winner", a->user, b->user);
        if (a->price != b->price)
            return DIFFERS(twin, id, "an award's price", a->price, b->price);
        if (a->quantity != b->quantity)
            return DIFFERS(twin, id, "an award's quantity", a->quantity,
                           b->quantity);
        if (a->invoice != b->invoice)
            return DIFFERS(twin, id, "an invoice's number", a->invoice,
                           b->invoice);
        if (a->is_paid != b->is_paid || a->is_defaulted != b->is_defaulted)
            return DIFFERS(twin, id, "paid or defaulted",
                           a->is_paid * 2 + a->is_defaulted,
                           b->is_paid * 2 + b->is_defaulted);
        if (a->is_credited != b->is_credited)
            return DIFFERS(twin, id, "credited", a->is_credited,
                           b->is_credited);
    }
    return true;
}

static bool
compare_auction(struct twin *twin, uint64_t id)
{
    static struct shown theirs;
    const struct shown *ours = &twin->shown[id - 1];

    twin_show_engine(twin, id, &twin->shown[id - 1]);
    twin_show_naive(twin, id, &theirs);
#define COMPARE(member)                                                        \
    if (ours->member != theirs.member)                                         \
    return DIFFERS(twin, id, #member, ours->member, theirs.member)
    COMPARE(state);
    COMPARE(outcome);
    COMPARE(close);
    COMPARE(hard_end);
    COMPARE(reveal_end);
    COMPARE(leader);
    COMPARE(maximum);
    COMPARE(price);
    COMPARE(min_next);
    COMPARE(stock);
    COMPARE(has_buy_now);
#undef COMPARE
    return compare_awards(twin, id, ours, &theirs);
}

static bool
compare_account(struct twin *twin, uint64_t user)
{
    const char *name = twin_user_name(user);
    uint64_t exposure = naive_exposure(twin->naive, user);
    struct account_view account;

    CHECK(views_get_account(engine_views(twin->run.engine), name, &account));
    CHECK(account.uid == user);
    if ((uint64_t)account.held.minor != exposure)
        return twin_complain(
            twin, "exposure of %s is %lld, by the naive rules %llu", name,
            (long long)account.held.minor, (unsigned long long)exposure);
    if (account.blocked != naive_is_blocked(twin->naive, user))
        return twin_complain(twin, "%s: blocked or not", name);
    return true;
}

bool
twin_compare(struct twin *twin)
{
    uint64_t count = naive_auction_count(twin->naive);

    if (views_last(engine_views(twin->run.engine)) != count)
        return twin_complain(twin, "the number of auctions differs");
    memcpy(twin->before, twin->shown, sizeof(twin->before));
    for (uint64_t id = 1; id <= count; id++)
        if (!compare_auction(twin, id))
            return false;
    for (uint64_t user = 1; user <= TWIN_USERS; user++)
        if (!compare_account(twin, user))
            return false;
    return true;
}

/* ---------------------------------------------------------------- steps */

static bool
compare_verdict(struct twin *twin, enum verdict verdict)
{
    const struct naive_entry *line = twin->line;
    const struct run *run = &twin->run;
    const char *naive = naive_verdict_name(line->verdict);
    bool is_replay = run->task.answer.kind == ANSWER_REPLAYED;

    if (verdict == VERDICT_COUNT)
        return twin_complain(twin, "the engine did not decide");
    if (strcmp(verdict_name(verdict), naive) != 0)
        return twin_complain(twin, "the engine says %s, the naive rules %s",
                             verdict_name(verdict), naive);
    if (is_replay != line->is_replay)
        return twin_complain(twin, "a kept answer, or a new one");
    if (run->task.answer.seq != line->seq)
        return twin_complain(twin, "answered by line %llu, not %llu",
                             (unsigned long long)run->task.answer.seq,
                             (unsigned long long)line->seq);
    if (verdict == VERDICT_TOO_LOW &&
        (!RECORD_HAS(&run->record, min_next) ||
         (uint64_t)run->record.min_next != line->detail))
        return twin_complain(twin, "the minimum is not %llu",
                             (unsigned long long)line->detail);
    return true;
}

static int64_t
last_record_time(struct twin *twin)
{
    static struct record record;
    static struct record_text text;
    uint64_t seq = model_size(twin->run.store) - 1;
    size_t size;
    const char *bytes = model_record(twin->run.store, seq, &size);

    CHECK(record_decode(bytes, size, &record, &text) == ERR_OK);
    return record.t;
}

static void
restart(struct twin *twin, const struct twin_step *step)
{
    int64_t last_alive;

    if (step->what == TWIN_STOP)
        engine_stop(twin->run.engine, "test");
    last_alive = last_record_time(twin);
    twin->run.now.ms += step->away;
    run_crash(&twin->run);
    naive_restart(twin->naive, last_alive, twin->run.now.ms);
}

bool
twin_do(struct twin *twin, const struct twin_step *step)
{
    bool agrees = true;
    struct naive_command command = step->command;

    twin->run.now = instant_of(step->at);
    if (step->what == TWIN_COMMAND) {
        enum verdict verdict;

        command.terms = command.kind == NAIVE_CREATE ? &step->terms : NULL;
        verdict = twin_send(twin, &command);
        twin->line = naive_apply(twin->naive, &command, step->at,
                                 twin->run.task.answer.seq);
        agrees = compare_verdict(twin, verdict);
    } else if (step->what == TWIN_TICK) {
        naive_tick(twin->naive, step->at);
    } else {
        restart(twin, step);
    }
    /* What a command makes due is due at once, and may end at once. */
    engine_step(twin->run.engine);
    engine_step(twin->run.engine);
    return agrees && twin_compare(twin) && twin_keeps_properties(twin, step);
}

/** So that users have the same numbers on both sides. */
static void
enroll(struct twin *twin)
{
    for (uint64_t user = 1; user <= TWIN_USERS; user++) {
        struct twin_step step = {.what = TWIN_COMMAND,
                                 .at = TWIN_START,
                                 .command = {.kind = NAIVE_PUBLISH,
                                             .auction = 9999,
                                             .user = user,
                                             .request = {(uint8_t)user, 1}}};

        step.command.role = user <= TWIN_BIDDERS  ? NAIVE_BIDDER
                            : user == TWIN_TRADER ? NAIVE_TRADER
                            : user == TWIN_ADMIN  ? NAIVE_ADMIN
                                                  : NAIVE_SELLER;
        twin_send(twin, &step.command);
        naive_apply(twin->naive, &step.command, step.at,
                    twin->run.task.answer.seq);
    }
}

void
twin_begin(struct twin *twin)
{
    memset(twin, 0, sizeof(*twin));
    run_begin(&twin->run);
    twin->naive = naive_create();
    enroll(twin);
    CHECK(twin_compare(twin));
}

void
twin_end(struct twin *twin)
{
    run_end(&twin->run);
    naive_destroy(twin->naive);
}

/* --------------------------------------------------------------- replay */

/** Twice: the first must not have left anything behind. */
bool
twin_replay(struct twin *twin)
{
    for (int i = 0; i < 2; i++)
        if (run_replay(&twin->run) != ERR_OK)
            return twin_complain(twin, "replay: %s", err_detail());
    return true;
}
