/* SPDX-License-Identifier: Apache-2.0 */
/** twin_internal: the parts of the twin. */
#ifndef TESTS_TWIN_INTERNAL_H
#define TESTS_TWIN_INTERNAL_H

#include "twin.h"

/* twin_send.c */
enum verdict twin_send(struct twin *twin, struct naive_command *command);

/* twin_show.c */
void twin_show_engine(struct twin *twin, uint64_t auction, struct shown *out);
void twin_show_naive(struct twin *twin, uint64_t auction, struct shown *out);

/* properties.c: what must never happen, whatever the command */
bool twin_keeps_properties(struct twin *twin, const struct twin_step *step);

/** Note the first complaint; false, for `return twin_complain(...)`. */
__attribute__((format(printf, 2, 3))) bool
twin_complain(struct twin *twin, const char *format, ...);

#endif
