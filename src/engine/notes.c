/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ADDR_BYTES = 64, CAUSE_BYTES = 128 };

/** Refusals of one source, for one cause, in one minute. */
struct noise {
    char addr[ADDR_BYTES];
    char cause[CAUSE_BYTES];
    int64_t first, last;
    int64_t count;
};

struct notes {
    pthread_mutex_t lock; /* rank 11; guards the rest */
    struct note *first;
    struct note **last;
    size_t count;
    size_t urgent; /* of them, how many somebody waits for */
    int64_t lost;  /* notes without room */
    struct noise *noises;
    size_t noise_count;
    int64_t noise_lost; /* refusals of sources without room */
};

static void
lock(struct notes *n)
{
    CHECK(pthread_mutex_lock(&n->lock) == 0);
}

static void
unlock(struct notes *n)
{
    CHECK(pthread_mutex_unlock(&n->lock) == 0);
}

enum err
notes_create(struct notes **out)
{
    struct notes *n = calloc(1, sizeof(*n));

    if (n != NULL)
        n->noises = calloc(NOISE_SOURCES_MAX, sizeof(*n->noises));
    if (n == NULL || n->noises == NULL) {
        free(n);
        return err_set(ERR_NOMEM, "no memory for notes");
    }
    n->last = &n->first;
    CHECK(pthread_mutex_init(&n->lock, NULL) == 0);
    *out = n;
    return ERR_OK;
}

static void
free_note(struct note *note)
{
    free(note->text);
    free(note->blob);
    free(note);
}

void
notes_destroy(struct notes **out)
{
    struct notes *n = *out;

    if (n == NULL)
        return;
    notes_finish(n->first, ERR_STORE);
    pthread_mutex_destroy(&n->lock);
    free(n->noises);
    free(n);
    *out = NULL;
}

/* ---------------------------------------------------------------- one note */

/** Move a text behind the others; false when it does not fit. */
static bool
keep_text(struct text_ref *text, char *room, size_t *used)
{
    if (*used + text->size > NOTE_TEXT_BYTES)
        return false;
    memcpy(room + *used, text->bytes, text->size);
    text->bytes = room + *used;
    *used += text->size;
    return true;
}

#define KEEP_INT(name)
#define KEEP_FLAG(name)
#define KEEP_HASH(name)
#define KEEP_BYTES16(name)
#define KEEP_TYPE(name)
#define KEEP_VIS(name)
#define KEEP_ACTOR(name)
#define KEEP_SIG(name)
#define KEEP_PREV(name)
#define KEEP_AWARDS(name)
#define KEEP_TEXT(name)                                                        \
    if (record_has(record, MEMBER_##name))                                     \
        fits = fits && keep_text(&record->name, room, &used);
#define KEEP(name, kind) KEEP_##kind(name)

/** All texts of a record into memory of its own. */
static bool
keep_texts(struct record *record, char *room)
{
    size_t used = 0;
    bool fits = true;

    MEMBER_LIST(KEEP)
    return fits;
}

static struct note *
copy_note(const struct record *record, const void *blob, size_t blob_size)
{
    struct note *note = calloc(1, sizeof(*note));

    if (note == NULL)
        return NULL;
    note->record = *record;
    note->text = malloc(NOTE_TEXT_BYTES);
    note->blob = blob == NULL ? NULL : malloc(blob_size + 1);
    if (note->text == NULL || (blob != NULL && note->blob == NULL) ||
        blob_size > NOTE_BLOB_BYTES || !keep_texts(&note->record, note->text)) {
        free_note(note);
        return NULL;
    }
    if (blob != NULL) {
        memcpy(note->blob, blob, blob_size);
        note->blob_size = blob_size;
        note->hash = hash_of(blob, blob_size);
    }
    return note;
}

static void
append(struct notes *n, struct note *note)
{
    note->next = NULL;
    *n->last = note;
    n->last = &note->next;
    n->count++;
    n->urgent += note->done != NULL;
}

bool
notes_put(struct notes *n, const struct record *record, const void *blob,
          size_t blob_size, void (*done)(void *context, enum err err),
          void *context)
{
    struct note *note = copy_note(record, blob, blob_size);
    bool has_room;

    lock(n);
    has_room = note != NULL && n->count < NOTES_MAX;
    if (has_room) {
        note->done = done;
        note->context = context;
        append(n, note);
    } else {
        n->lost++;
    }
    unlock(n);
    if (!has_room && note != NULL)
        free_note(note);
    return has_room;
}

bool
notes_are_urgent(struct notes *n)
{
    bool urgent;

    lock(n);
    urgent = n->urgent > 0;
    unlock(n);
    return urgent;
}

/* ------------------------------------------------------------------- noise */

static struct noise *
find_noise(struct notes *n, const char *addr, const char *cause)
{
    for (size_t i = 0; i < n->noise_count; i++)
        if (strcmp(n->noises[i].addr, addr) == 0 &&
            strcmp(n->noises[i].cause, cause) == 0)
            return &n->noises[i];
    if (n->noise_count == NOISE_SOURCES_MAX)
        return NULL;
    struct noise *noise = &n->noises[n->noise_count++];
    memset(noise, 0, sizeof(*noise));
    memcpy(noise->addr, addr, strlen(addr) + 1);
    memcpy(noise->cause, cause, strlen(cause) + 1);
    return noise;
}

/** Cut, so that it fits; what strangers chose was escaped before. */
static void
cut(char *out, size_t capacity, const char *text)
{
    size_t size = strlen(text) < capacity ? strlen(text) : capacity - 1;

    memcpy(out, text, size);
    out[size] = '\0';
}

void
notes_count_noise(struct notes *n, const char *addr, const char *cause,
                  int64_t now_ms)
{
    char short_addr[ADDR_BYTES], short_cause[CAUSE_BYTES];
    struct noise *noise;

    cut(short_addr, sizeof(short_addr), addr);
    cut(short_cause, sizeof(short_cause), cause);
    lock(n);
    noise = find_noise(n, short_addr, short_cause);
    if (noise == NULL) {
        n->noise_lost++;
    } else {
        if (noise->count++ == 0)
            noise->first = now_ms;
        noise->last = now_ms;
    }
    unlock(n);
}

/* ----------------------------------------------------------------- records */

static struct note *
note_of_noise(const struct noise *noise)
{
    struct record record;

    record_init(&record, RECORD_CONN_REFUSED);
    RECORD_SET_TEXT(&record, addr, noise->addr);
    RECORD_SET_TEXT(&record, cause, noise->cause);
    RECORD_SET(&record, count, noise->count);
    RECORD_SET(&record, first, noise->first);
    RECORD_SET(&record, last, noise->last);
    return copy_note(&record, NULL, 0);
}

/** A count of what was lost; it goes back to 0 when the note was made. */
static struct note *
note_of_lost(const char *what, int64_t *count)
{
    struct record record;
    struct note *note;

    if (*count == 0)
        return NULL;
    record_init(&record, RECORD_LOG_LOST);
    RECORD_SET_TEXT(&record, what, what);
    RECORD_SET(&record, count, *count);
    note = copy_note(&record, NULL, 0);
    if (note != NULL)
        *count = 0;
    return note;
}

static void
add_if(struct note ***last, struct note *note)
{
    if (note == NULL)
        return;
    note->next = NULL;
    **last = note;
    *last = &note->next;
}

/** Noise whose minute is over becomes records, as many as there is room. */
static size_t
take_noise(struct notes *n, int64_t now_ms, bool all, struct note ***last,
           size_t room)
{
    size_t kept = 0, taken = 0;

    for (size_t i = 0; i < n->noise_count; i++) {
        bool is_over = all || now_ms - n->noises[i].first >= NOISE_MS;
        struct note *note =
            is_over && taken < room ? note_of_noise(&n->noises[i]) : NULL;
        if (note == NULL)
            n->noises[kept++] = n->noises[i];
        else
            taken++;
        add_if(last, note);
    }
    n->noise_count = kept;
    return taken;
}

/** Notes in order; those nobody waits for only while there is room. */
static void
take_queued(struct notes *n, struct note ***last, size_t room)
{
    struct note **at = &n->first;

    while (*at != NULL && (room > 0 || n->urgent > 0)) {
        struct note *note = *at;
        if (note->done == NULL && room == 0) {
            at = &note->next;
            continue;
        }
        room -= room > 0;
        n->urgent -= note->done != NULL;
        n->count--;
        *at = note->next;
        add_if(last, note);
    }
    n->last = &n->first;
    while (*n->last != NULL)
        n->last = &(*n->last)->next;
}

struct note *
notes_take(struct notes *n, int64_t now_ms, bool all)
{
    struct note *list = NULL;
    struct note **last = &list;
    size_t room = NOTES_A_BATCH;

    lock(n);
    if (n->count == 0 && n->noise_count == 0 && n->lost == 0 &&
        n->noise_lost == 0) {
        unlock(n);
        return NULL;
    }
    room -= take_noise(n, now_ms, all, &last, room);
    take_queued(n, &last, room);
    add_if(&last, note_of_lost("notes", &n->lost));
    add_if(&last, note_of_lost("refused connections", &n->noise_lost));
    unlock(n);
    return list;
}

void
notes_return(struct notes *n, struct note *list)
{
    struct note *last = list;

    if (list == NULL)
        return;
    lock(n);
    n->count++;
    n->urgent += last->done != NULL;
    while (last->next != NULL) {
        last = last->next;
        n->count++;
        n->urgent += last->done != NULL;
    }
    if (n->first == NULL)
        n->last = &last->next;
    last->next = n->first;
    n->first = list;
    unlock(n);
}

void
notes_finish(struct note *list, enum err err)
{
    while (list != NULL) {
        struct note *next = list->next;
        if (list->done != NULL)
            list->done(list->context, err);
        free_note(list);
        list = next;
    }
}
