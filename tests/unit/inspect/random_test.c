/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random tampering: bytes and lines without the log's key, and single values
 * of single records with it. Nothing of that may verify.
 */
#include "forge.h"

#include "tap.h"

#include "../../../tools/audit/inspect.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLIND_ROUNDS = 700, SIGNED_ROUNDS = 500 };

static char text[16384];
static struct forge forge;
static unsigned long long state;

static int
setup(void)
{
    forge_begin(&forge);
    state = tap_seed();
    return 0;
}

static int
teardown(void)
{
    forge_end(&forge);
    return 0;
}

static size_t
below(size_t count)
{
    return (size_t)(tap_random(&state) % count);
}

static int
verify(void)
{
    struct inspect_options options = {.source.export_dir = forge.folder,
                                      .ca = lab_get()->ca};

    return lab_run(inspect_verify, &options, text, sizeof(text));
}

static void
tamper(void)
{
    size_t at = below(forge.count);
    struct line *line = &forge.lines[at];
    size_t other;

    switch (below(5)) {
    case 0:
        line->bytes[below(line->size)] ^= (char)(1 << below(8));
        return;
    case 1:
        forge_delete(&forge, at);
        return;
    case 2:
        other = (at + 1 + below(forge.count - 1)) % forge.count;
        forge_swap(&forge, at, other);
        return;
    case 3:
        forge_insert(&forge, below(forge.count + 1), line);
        return;
    default:
        line->size = below(line->size);
        return;
    }
}

static void
no_random_change_verifies(void)
{
    for (int i = 0; i < BLIND_ROUNDS; i++) {
        int code;

        tamper();
        forge_write(&forge);
        code = verify();
        CU_ASSERT(code == INSPECT_FALSE || code == INSPECT_UNREADABLE);
        if (code != INSPECT_FALSE && code != INSPECT_UNREADABLE)
            printf("# exit %d: %s", code, text);
        forge_reset(&forge);
    }
}

/** Another value of the same form, somewhere in a record; 0 for none. */
static bool
change_a_value(struct line *line)
{
    for (int attempt = 0; attempt < 50; attempt++) {
        char *at = &line->bytes[below(line->size)], old = *at;
        if (!isxdigit((unsigned char)*at))
            continue;
        *at = isdigit((unsigned char)old) ? (char)('0' + below(10))
                                          : (char)('a' + below(6));
        if (*at != old && record_decode(line->bytes, line->size, &forge.record,
                                        &forge.text) == ERR_OK)
            return true;
        *at = old;
    }
    return false;
}

/** Cut behind the transaction of a record, so that no later head tells. */
static void
cut_behind(size_t at)
{
    int64_t tx;

    forge_read(&forge, at);
    tx = forge.record.tx;
    while (forge.count > at + 1) {
        forge_read(&forge, forge.count - 1);
        if (forge.record.tx == tx)
            return;
        forge_delete(&forge, forge.count - 1);
    }
}

/** Whether byte `at` of a line is within the value of a member. */
static bool
is_within(const struct line *line, size_t at, const char *member)
{
    const char *value = strstr(line->bytes, member);

    return value != NULL && value < line->bytes + at &&
           strcspn(value, ",}") > (size_t)(line->bytes + at - value);
}

/**
 * What nobody but the operator can know: when and how the server ran, salts,
 * a time that contradicts nothing, a nonce that hides no reserve, and into how
 * many transactions the extensions after an outage are split.
 */
static bool
is_beyond_proof(const struct line *before, const struct line *after)
{
    size_t at = 0;

    while (before->bytes[at] == after->bytes[at])
        at++;
    return strstr(after->bytes, "\"type\":\"server.") != NULL ||
           strstr(after->bytes, "\"type\":\"log.heartbeat") != NULL ||
           is_within(after, at, "\"salt\":") ||
           is_within(after, at, "\"t\":") ||
           (is_within(after, at, "\"tx\":") &&
            strstr(after->bytes, "\"cause\":\"outage\"") != NULL) ||
           (is_within(after, at, "\"reserve_nonce\":") &&
            strstr(after->bytes, "\"reserve\":0,") != NULL);
}

static void
no_single_value_can_be_resigned(void)
{
    int changed = 0, beyond = 0;

    for (int i = 0; i < SIGNED_ROUNDS; i++) {
        size_t at = below(forge.count);
        struct line before = {strdup(forge.lines[at].bytes),
                              forge.lines[at].size};
        int code;

        cut_behind(at);
        if (change_a_value(&forge.lines[at])) {
            forge_sign(&forge, &lab_get()->logkey);
            code = verify();
            changed++;
            if (is_beyond_proof(&before, &forge.lines[at])) {
                beyond++;
                CU_ASSERT(code != INSPECT_USAGE && code != INSPECT_NOTHING);
            } else if (code != INSPECT_FALSE && code != INSPECT_UNREADABLE) {
                CU_FAIL("a changed value verifies");
                printf("# exit %d\n# %s\n# %s\n", code, before.bytes,
                       forge.lines[at].bytes);
            }
        }
        free(before.bytes);
        forge_reset(&forge);
    }
    printf("# %d values changed, %d of them beyond proof\n", changed, beyond);
    CU_ASSERT(changed - beyond > SIGNED_ROUNDS / 4);
}

SUITE("random", setup, teardown, TEST(no_random_change_verifies),
      TEST(no_single_value_can_be_resigned))
