/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "engine/notes.h"

#include <stdio.h>
#include <string.h>

static struct notes *notes;
static int told;
static enum err told_err;

static int
setup(void)
{
    return notes_create(&notes) != ERR_OK;
}

static int
teardown(void)
{
    notes_destroy(&notes);
    return 0;
}

static void
tell(void *context, enum err err)
{
    (void)context;
    told++;
    told_err = err;
}

static bool
put(const char *cause, void (*done)(void *context, enum err err))
{
    struct record record;
    char text[64];

    snprintf(text, sizeof(text), "%s", cause);
    record_init(&record, RECORD_CRL_FAILED);
    RECORD_SET_TEXT(&record, cause, text);
    bool has_room = notes_put(notes, &record, NULL, 0, done, NULL);
    memset(text, 'x', sizeof(text)); /* what was given may go */
    return has_room;
}

static size_t
count_of(const struct note *list)
{
    size_t count = 0;

    for (; list != NULL; list = list->next)
        count++;
    return count;
}

static void
a_note_keeps_its_texts(void)
{
    struct note *list;

    CU_ASSERT_TRUE(put("first", NULL));
    CU_ASSERT_TRUE(put("second", NULL));
    list = notes_take(notes, 0, false);
    CU_ASSERT_EQUAL(count_of(list), 2);
    CU_ASSERT_EQUAL(list->record.cause.size, 5);
    CU_ASSERT_EQUAL(memcmp(list->record.cause.bytes, "first", 5), 0);
    notes_finish(list, ERR_OK);
    CU_ASSERT_PTR_NULL(notes_take(notes, 0, true));
}

static void
who_waits_is_told_and_taken_first(void)
{
    struct note *list;

    for (int i = 0; i < 2 * NOTES_A_BATCH; i++)
        CU_ASSERT_TRUE(put("many", NULL));
    CU_ASSERT_FALSE(notes_are_urgent(notes));
    CU_ASSERT_TRUE(put("urgent", tell));
    CU_ASSERT_TRUE(notes_are_urgent(notes));
    list = notes_take(notes, 0, false);
    CU_ASSERT_EQUAL(count_of(list), NOTES_A_BATCH + 1);
    CU_ASSERT_FALSE(notes_are_urgent(notes));
    told = 0;
    notes_finish(list, ERR_OK);
    CU_ASSERT_EQUAL(told, 1);
    CU_ASSERT_EQUAL(told_err, ERR_OK);
    list = notes_take(notes, 0, false);
    CU_ASSERT_EQUAL(count_of(list), NOTES_A_BATCH);
    notes_finish(list, ERR_OK);
}

static void
what_comes_back_is_first_again(void)
{
    struct note *list;

    CU_ASSERT_TRUE(put("a", tell));
    list = notes_take(notes, 0, false);
    CU_ASSERT_TRUE(put("b", NULL));
    notes_return(notes, list);
    CU_ASSERT_TRUE(notes_are_urgent(notes));
    list = notes_take(notes, 0, false);
    CU_ASSERT_EQUAL(count_of(list), 2);
    CU_ASSERT_EQUAL(list->record.cause.bytes[0], 'a');
    notes_finish(list, ERR_OK);
    CU_ASSERT_TRUE(put("c", NULL));
    list = notes_take(notes, 0, false);
    CU_ASSERT_EQUAL(count_of(list), 1);
    notes_finish(list, ERR_OK);
}

static void
what_has_no_room_is_counted_as_lost(void)
{
    struct note *list, *last;
    size_t taken = 0;

    for (int i = 0; i < NOTES_MAX; i++)
        CU_ASSERT_TRUE_FATAL(put("full", NULL));
    for (int i = 0; i < 3; i++)
        CU_ASSERT_FALSE(put("too many", tell));
    list = notes_take(notes, 0, false);
    for (last = list; last->next != NULL; last = last->next)
        continue;
    CU_ASSERT_EQUAL(last->record.type, RECORD_LOG_LOST);
    CU_ASSERT_EQUAL(last->record.count, 3);
    while (list != NULL) {
        taken += count_of(list);
        notes_finish(list, ERR_OK);
        list = notes_take(notes, 0, false);
    }
    CU_ASSERT_EQUAL(taken, NOTES_MAX + 1);
}

static void
noise_is_counted_by_source_and_minute(void)
{
    struct note *list;

    for (int i = 0; i < 1000; i++)
        notes_count_noise(notes, "10.0.0.1", "no certificate", 1000 + i);
    notes_count_noise(notes, "10.0.0.2", "no certificate", 2000);
    CU_ASSERT_PTR_NULL(notes_take(notes, 3000, false));
    list = notes_take(notes, 1000 + NOISE_MS, false);
    CU_ASSERT_EQUAL(count_of(list), 1);
    CU_ASSERT_EQUAL(list->record.type, RECORD_CONN_REFUSED);
    CU_ASSERT_EQUAL(list->record.count, 1000);
    CU_ASSERT_EQUAL(list->record.first, 1000);
    CU_ASSERT_EQUAL(list->record.last, 1999);
    notes_finish(list, ERR_OK);
    list = notes_take(notes, 3000, true); /* at the end, all of it */
    CU_ASSERT_EQUAL(count_of(list), 1);
    notes_finish(list, ERR_OK);
}

static void
noise_beyond_all_sources_is_lost_and_said_so(void)
{
    char addr[32];
    struct note *list, *last;
    int64_t lost = 0;
    size_t sources = 0;

    for (int i = 0; i < NOISE_SOURCES_MAX + 5; i++) {
        snprintf(addr, sizeof(addr), "10.0.%d.%d", i / 256, i % 256);
        notes_count_noise(notes, addr, "noise", 5);
    }
    while ((list = notes_take(notes, 5 + NOISE_MS, false)) != NULL) {
        for (last = list; last != NULL; last = last->next)
            if (last->record.type == RECORD_LOG_LOST)
                lost += last->record.count;
            else
                sources++;
        notes_finish(list, ERR_OK);
    }
    CU_ASSERT_EQUAL(sources, NOISE_SOURCES_MAX);
    CU_ASSERT_EQUAL(lost, 5);
}

SUITE("notes", setup, teardown, TEST(a_note_keeps_its_texts),
      TEST(who_waits_is_told_and_taken_first),
      TEST(what_comes_back_is_first_again),
      TEST(what_has_no_room_is_counted_as_lost),
      TEST(noise_is_counted_by_source_and_minute),
      TEST(noise_beyond_all_sources_is_lost_and_said_so))
