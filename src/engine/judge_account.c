/* SPDX-License-Identifier: Apache-2.0 */
/* An administrator's commands on an account. */
#include "engine/judge.h"

/* A limit below what is held takes nothing away: it only refuses more. */
static enum err
judge_credit(struct judging *j)
{
    const struct submission *c = j->command;
    struct account *account = world_account(j->world, c->uid);
    bool has_new = c->amount.minor > 0, had_old;
    struct money old;
    struct record record;
    enum err err;

    CHECK(account != NULL);
    old = account->row.limit;
    had_old = old.minor != INT64_MAX;
    if ((err = world_touch_account(j->world, account)) != ERR_OK)
        return err;
    account->row.limit = has_new ? c->amount : money_of(INT64_MAX);
    judge_start_record(&record, RECORD_CREDIT_ACCEPTED, c);
    if ((err = judge_accept(j, &record)) != ERR_OK)
        return err;
    record_init(&record, RECORD_CREDIT_CHANGED);
    RECORD_SET(&record, uid, (int64_t)c->uid);
    if (had_old)
        RECORD_SET(&record, old, old.minor);
    if (has_new)
        RECORD_SET(&record, new, c->amount.minor);
    RECORD_SET_TEXT(&record, cause, "admin");
    RECORD_SET(&record, vis, RECORD_VIS_PARTY);
    return effect_record(j->world, &record, NULL, &j->actor, NULL);
}

/**
 * A suspended account asks for nothing and sees nothing until it is restored;
 * its bids stand. Its open connections are narrowed by the published view.
 * Twice is as good as once.
 */
static enum err
judge_suspension(struct judging *j, bool suspends)
{
    const struct submission *c = j->command;
    struct account *account = world_account(j->world, c->uid);
    struct record record;
    enum err err;

    CHECK(account != NULL);
    if ((err = world_touch_account(j->world, account)) != ERR_OK)
        return err;
    account->row.blocked = suspends;
    judge_start_record(&record, command_accepted_type(c->cmd), c);
    if ((err = judge_accept(j, &record)) != ERR_OK)
        return err;
    record_init(&record,
                suspends ? RECORD_USER_SUSPENDED : RECORD_USER_CHANGED);
    RECORD_SET(&record, uid, (int64_t)c->uid);
    RECORD_SET_TEXT(&record, cause, suspends ? "admin" : "restored");
    RECORD_SET(&record, vis, RECORD_VIS_PARTY);
    return effect_record(j->world, &record, NULL, &j->actor, NULL);
}

enum err
judge_account(struct judging *j)
{
    if (world_account(j->world, j->command->uid) == NULL)
        return judge_refuse_for(j, VERDICT_FORMAT, "account");
    if (j->command->cmd == COMMAND_CREDIT)
        return judge_credit(j);
    return judge_suspension(j, j->command->cmd == COMMAND_SUSPEND);
}
