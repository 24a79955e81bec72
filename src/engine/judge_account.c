/* SPDX-License-Identifier: Apache-2.0 */
/* An administrator's commands on an account. */
#include "engine/judge.h"

/* A limit below what is held takes nothing away: it only refuses more. */
enum err
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
