/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/draft.h"

#include "auction/format.h"
#include "audit/canon_json.h"
#include "engine/draft_read.h"

#include <stdlib.h>

/** The canonical text of what was sent, and its hash. */
static enum err
make_text(struct draft *draft, json_t *object)
{
    struct buf text;
    enum err err;

    buf_init(&text, DRAFT_TEXT_BYTES_MAX);
    err = canon_json(object, canon_json_draft_skip, &text);
    if (err != ERR_OK) {
        buf_release(&text);
        return err;
    }
    draft->text = text.bytes; /* moved */
    draft->text_size = text.size;
    draft->hash = hash_of(text.bytes, text.size);
    return ERR_OK;
}

enum err
draft_from_json(struct draft **out, json_t *object,
                struct draft_problem *problem)
{
    struct draft *draft = calloc(1, sizeof(*draft));
    struct draft_reading in = {draft, problem};
    enum err err;

    *problem = (struct draft_problem){{0}, {0}, {0}};
    if (draft == NULL)
        return err_set(ERR_NOMEM, "no memory for a draft");
    draft->rules = rules_default();
    if (!json_is_object(object) || !draft_read_members(&in, object)) {
        draft_destroy(&draft);
        return err_set(ERR_SYNTAX, "draft: %s %s", problem->member,
                       problem->detail);
    }
    draft->rules.reserve = draft->reserve;
    err = make_text(draft, object);
    if (err != ERR_OK) {
        draft_refuse(&in, "", "malformed", err_detail());
        draft_destroy(&draft);
        return err;
    }
    *out = draft;
    return ERR_OK;
}

enum err
draft_from_text(struct draft **out, const char *text, size_t size,
                struct money reserve)
{
    json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    struct draft_problem problem;
    enum err err;

    if (object == NULL)
        return err_set(ERR_SYNTAX, "a draft text that is not JSON");
    err = draft_from_json(out, object, &problem);
    json_decref(object);
    if (err == ERR_OK)
        (*out)->reserve = (*out)->rules.reserve = reserve;
    return err;
}

void
draft_resolve(struct draft *draft, struct instant now)
{
    const struct format *format = format_of(draft->rules.format);

    if (!draft->has_opens)
        draft->rules.opens = now;
    if (format->resolve != NULL)
        format->resolve(&draft->rules);
}

void
draft_destroy(struct draft **draft)
{
    if (*draft == NULL)
        return;
    free((*draft)->text);
    free((*draft)->allow);
    free(*draft);
    *draft = NULL;
}
