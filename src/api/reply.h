/* SPDX-License-Identifier: Apache-2.0 */
/**
 * reply: writing JSON replies into a buffer, member by member.
 *
 * Commas are the writer's; order and names the caller's. Strings are UTF-8
 * already (checked at input) and escaped minimally. Errors stay in the buffer
 * (buf_is_ok).
 *
 *     reply_begin(&j, &out);                 {
 *     reply_text(&j, "id", "7");               "id":"7"
 *     reply_open(&j, "you");                   ,"you":{
 *     reply_flag(&j, "leading", true);           "leading":true
 *     reply_close(&j);                         }
 *     reply_end(&j);                         } and a line break
 *
 * Thread  one at a time.
 */
#ifndef API_REPLY_H
#define API_REPLY_H

#include "base/buf.h"
#include "base/instant.h"
#include "base/money.h"

struct reply {
    struct buf *out;
    bool needs_comma;
};

void reply_begin(struct reply *j, struct buf *out);
/** Close the outermost object and end the line. */
void reply_end(struct reply *j);

/** Named object and array; NULL as name inside an array. */
void reply_open(struct reply *j, const char *name);
void reply_close(struct reply *j);
void reply_open_array(struct reply *j, const char *name);
void reply_close_array(struct reply *j);

void reply_text(struct reply *j, const char *name, const char *text);
void reply_text_n(struct reply *j, const char *name, const char *text,
                  size_t length);
void reply_int(struct reply *j, const char *name, int64_t value);
void reply_flag(struct reply *j, const char *name, bool value);
void reply_null(struct reply *j, const char *name);
void reply_money(struct reply *j, const char *name, struct money m);
/** RFC 3339 with milliseconds. */
void reply_instant(struct reply *j, const char *name, struct instant t);
/** A number as a string of digits: an id. */
void reply_id(struct reply *j, const char *name, uint64_t id);
void
reply_hex(struct reply *j, const char *name, const void *bytes, size_t size);
/** The name, after which the caller writes one JSON value into `out`. */
void reply_raw(struct reply *j, const char *name);

#endif
