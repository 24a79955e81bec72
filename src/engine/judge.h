/* SPDX-License-Identifier: Apache-2.0 */
/**
 * judge: one command while it is judged, for judge*.c only.
 *
 *     judge.c           the order of the checks
 *     judge_record.c    records of acceptances and refusals
 *     judge_create.c    a draft becomes an auction
 *     judge_command.c   the commands on an auction
 *     judge_account.c   the commands on an account
 */
#ifndef ENGINE_JUDGE_H
#define ENGINE_JUDGE_H

#include "engine/world_internal.h"

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

/* judge_record.c */
void judge_start_record(struct record *record, enum record_type type,
                        const struct submission *command);
MUST_CHECK enum err judge_refuse(struct judging *j, enum verdict verdict);
/** With a word that explains it. */
MUST_CHECK enum err
judge_refuse_for(struct judging *j, enum verdict verdict, const char *cause);
/** Write the accepted command, then what follows from it. */
MUST_CHECK enum err judge_accept(struct judging *j, struct record *record);
/** After a rule function: accept with the standing, or refuse. */
MUST_CHECK enum err judge_conclude(struct judging *j, enum verdict verdict);

/* judge_create.c */
MUST_CHECK enum err judge_create(struct judging *j);

/* judge_command.c */
/** Why what it names does not fit the auction's format, or NULL. */
const char *judge_flaw(const struct judging *j);
/** A command on an auction that the party may send. */
MUST_CHECK enum err judge_command(struct judging *j);

/* judge_account.c */
/** An administrator's command on an account. */
MUST_CHECK enum err judge_account(struct judging *j);

#endif
