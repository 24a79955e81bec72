/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts: told in detail what is wrong with them, then created. */
#include "api/command.h"

#include <stdio.h>
#include <string.h>

/** A draft that cannot be read is told in detail and not recorded: there is
 * nothing yet that a record could be about. */
static void
refuse_draft(struct call *call, const struct draft_problem *problem)
{
    char pointer[48];

    snprintf(pointer, sizeof(pointer), "/%s", problem->member);
    call_problem(call, 422,
                 strcmp(problem->code, "unknown-member") == 0 ? "unknown-member"
                                                              : "invalid-field",
                 "The draft cannot be read", problem->detail, pointer);
}

/** What the rules themselves say of the draft, with its field. */
static bool
check_draft(struct call *call, struct draft *draft)
{
    struct draft_problem problem = {{0}, "invalid-field", {0}};
    struct draft resolved = *draft;
    const char *field, *why;

    draft_resolve(&resolved, engine_now(call->api->options.engine));
    if (rules_check(&resolved.rules, &field, &why))
        return true;
    snprintf(problem.member, sizeof(problem.member), "%s", field);
    snprintf(problem.detail, sizeof(problem.detail), "%s", why);
    refuse_draft(call, &problem);
    return false;
}

static struct draft *
read_draft(struct call *call, json_t *object)
{
    struct draft_problem problem;
    struct draft *draft = NULL;
    enum err err = draft_from_json(&draft, object, &problem);

    if (err == ERR_NOMEM) {
        call_no_memory(call);
        return NULL;
    }
    if (err != ERR_OK) {
        refuse_draft(call, &problem);
        return NULL;
    }
    if (!check_draft(call, draft))
        draft_destroy(&draft);
    return draft;
}

void
handle_create(struct call *call)
{
    json_t *object = call_body(call);
    struct draft *draft;
    struct api_task *t;

    if (object == NULL)
        return;
    draft = read_draft(call, object);
    t = draft == NULL ? NULL : command_begin(call, COMMAND_CREATE);
    if (t == NULL) {
        draft_destroy(&draft);
    } else {
        t->task.submission.draft = draft;
        if (command_take_key(call, t)) {
            command_check_signature(t, object);
            command_submit(call, t);
        } else {
            command_free(t);
        }
    }
    json_decref(object);
}
