/* SPDX-License-Identifier: Apache-2.0 */
#include "findings.h"

#include <stdarg.h>
#include <stdio.h>

const char *
check_name(enum check check)
{
#define CHECK_NAME(check, name) name,
    static const char *const names[] = {CHECK_LIST(CHECK_NAME)};
#undef CHECK_NAME

    CHECK(check < CHECK_COUNT);
    return names[check];
}

void
findings_init(struct findings *f)
{
    *f = (struct findings){.list = {{.is_false = false}}};
    CHECK(pthread_mutex_init(&f->lock, NULL) == 0);
}

void
findings_release(struct findings *f)
{
    pthread_mutex_destroy(&f->lock);
}

static void
add(struct findings *f, enum check check, const struct finding *found)
{
    struct finding *kept = &f->list[check];

    CHECK(check < CHECK_COUNT);
    pthread_mutex_lock(&f->lock);
    if (!kept->is_false || found->seq < kept->seq)
        *kept = *found;
    pthread_mutex_unlock(&f->lock);
}

void
findings_add(struct findings *f, enum check check, uint64_t seq,
             const char *format, ...)
{
    struct finding found = {.is_false = true, .seq = seq};
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(found.what, sizeof(found.what), format, arguments);
    va_end(arguments);
    add(f, check, &found);
}

void
findings_add_missing(struct findings *f, enum check check, uint64_t seq,
                     const char *what)
{
    struct finding found = {.is_false = true, .is_missing = true, .seq = seq};

    snprintf(found.what, sizeof(found.what), "%s", what);
    add(f, check, &found);
}

void
findings_add_err(struct findings *f, enum check check, uint64_t seq,
                 enum err err)
{
    const char *what = err_detail();

    if (err == ERR_OK)
        return;
    if (what[0] == '\0')
        what = err_text(err);
    if (err == ERR_NOT_FOUND || err == ERR_SYSTEM || err == ERR_UNREACHABLE)
        findings_add_missing(f, check, seq, what);
    else
        findings_add(f, check, seq, "%s", what);
}

bool
findings_has(struct findings *f, enum check check)
{
    bool has;

    pthread_mutex_lock(&f->lock);
    has = f->list[check].is_false;
    pthread_mutex_unlock(&f->lock);
    return has;
}

const struct finding *
findings_first(const struct findings *f, enum check *check_out)
{
    for (int c = 0; c < CHECK_COUNT; c++)
        if (f->list[c].is_false) {
            *check_out = (enum check)c;
            return &f->list[c];
        }
    return NULL;
}
