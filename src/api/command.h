/* SPDX-License-Identifier: Apache-2.0 */
/**
 * command: the parts of a POST, for command*.c only.
 *
 *     command.c          submit, and the reply when the answer comes home
 *     command_body.c     body, retry key, signature
 *     command_fields.c   the own fields of each command
 *     command_create.c   drafts
 */
#ifndef API_COMMAND_H
#define API_COMMAND_H

#include "api/internal.h"

#include <jansson.h>

/** A command on its way; comes home as a letter. */
struct api_task {
    struct letter letter;
    struct task task;
    struct call call;
    struct worker *worker;
    char detail[160]; /* of a malformed field, for the problem */
    char key[33];     /* the request's key, for the reply */
};

/* command.c */
/** NULL after a problem. */
struct api_task *command_begin(struct call *call, enum command_kind cmd);
/** Hand over to the engine; it is not the caller's any more. */
void command_submit(struct call *call, struct api_task *t);
void command_free(struct api_task *t);

/* command_body.c */
/** The retry key, given or made; false after a problem. */
MUST_CHECK bool command_take_key(struct call *call, struct api_task *t);
/** Check a signature, where there is one, with the caller's certificate. */
void command_check_signature(struct api_task *t, json_t *object);

/* command_fields.c */
/** Read the fields; what is malformed the engine refuses in its order. */
void command_read_fields(struct api_task *t, json_t *object);
/** NULL, or the first member that the command does not have. */
const char *command_unknown_member(json_t *object, enum command_kind cmd);

#endif
