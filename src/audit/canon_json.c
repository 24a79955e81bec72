/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/canon_json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/*
 * The reserve price is secret until the close while the draft text is not;
 * it is signed as a field of its own, like `publish`.
 */
const char *const canon_json_draft_skip[] = {"publish", "reserve_price",
                                             "signature", NULL};

static bool write_value(struct canon *canon, json_t *value, size_t depth);

static bool
is_skipped(const char *name, const char *const *skip)
{
    for (; skip != NULL && *skip != NULL; skip++)
        if (strcmp(name, *skip) == 0)
            return true;
    return false;
}

/** Names must be of the canonical form, as canon_name CHECKs it. */
static bool
name_is_canonical(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length > CANON_NAME_BYTES_MAX ||
        !islower((unsigned char)name[0]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!islower((unsigned char)name[i]) &&
            !isdigit((unsigned char)name[i]) && name[i] != '_')
            return false;
    return true;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
write_object(struct canon *canon, json_t *object, const char *const *skip,
             size_t depth)
{
    const char *names[CANON_JSON_MEMBERS_MAX];
    size_t count = 0;
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        if (is_skipped(name, skip))
            continue;
        if (count == CANON_JSON_MEMBERS_MAX || !name_is_canonical(name))
            return false;
        names[count++] = name;
    }
    qsort(names, count, sizeof(names[0]), compare_names);
    canon_object_begin(canon);
    for (size_t i = 0; i < count; i++) {
        canon_name(canon, names[i]);
        if (!write_value(canon, json_object_get(object, names[i]), depth + 1))
            return false;
    }
    canon_object_end(canon);
    return true;
}

static bool
write_array(struct canon *canon, json_t *array, size_t depth)
{
    size_t i;
    json_t *value;

    canon_array_begin(canon);
    json_array_foreach(array, i, value)
    {
        if (!write_value(canon, value, depth + 1))
            return false;
    }
    canon_array_end(canon);
    return true;
}

static bool
write_value(struct canon *canon, json_t *value, size_t depth)
{
    if (depth >= CANON_DEPTH_MAX)
        return false;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return write_object(canon, value, NULL, depth);
    case JSON_ARRAY:
        return write_array(canon, value, depth);
    case JSON_STRING:
        canon_text(canon, json_string_value(value), json_string_length(value));
        return true;
    case JSON_INTEGER:
        canon_int(canon, json_integer_value(value));
        return true;
    case JSON_TRUE:
        canon_int(canon, 1);
        return true;
    case JSON_FALSE:
        canon_int(canon, 0);
        return true;
    case JSON_REAL:
    case JSON_NULL:
        return false;
    }
    return false;
}

enum err
canon_json(json_t *object, const char *const *skip, struct buf *out)
{
    struct canon canon;

    CHECK(json_is_object(object));
    canon_init(&canon, out);
    if (!write_object(&canon, object, skip, 0))
        return err_set(ERR_SYNTAX, "a value without canonical form: null, a "
                                   "fraction, a name outside [a-z0-9_], or "
                                   "too much of it");
    return canon_finish(&canon);
}
