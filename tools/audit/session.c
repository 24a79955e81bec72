/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include "file.h"
#include "filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef unsigned long long ull;

/** The last run's checkpoint must be the beginning of this one. */
static enum err
open_cursor(struct session *s)
{
    const char *path = s->options->cursor;
    struct checkpoint old;
    struct proof proof;
    char *text;
    size_t size;
    enum err err;

    if (path == NULL)
        return ERR_OK;
    if (s->proven == NULL)
        return err_set(ERR_CONFIG, "a cursor needs --ca: it is a checkpoint");
    err = file_read(&text, &size, path);
    if (err == ERR_NOT_FOUND)
        return ERR_OK; /* the first run */
    if (err != ERR_OK)
        return err;
    err = checkpoint_verify(&old, text, size, &s->trust.log);
    free(text);
    if (err == ERR_OK)
        err = proven_consistency(s->proven, &old, &proof);
    if (err == ERR_OK)
        s->from = old.size;
    return err;
}

enum err
session_open(struct session *s, const struct inspect_options *o)
{
    enum err err;

    *s = (struct session){.options = o, .wants_lots = true};
    trust_init(&s->trust);
    policy_init(&s->policy);
    s->words = (struct row_context){&s->names, &s->lots};
    s->record = malloc(sizeof(*s->record));
    s->text = malloc(sizeof(*s->text));
    if (s->record == NULL || s->text == NULL)
        return err_set(ERR_NOMEM, "out of memory");
    if ((err = source_open(&s->source, &o->source)) != ERR_OK ||
        (o->policy != NULL &&
         (err = policy_load(&s->policy, o->policy)) != ERR_OK))
        return err;
    if (o->ca == NULL)
        return open_cursor(s);
    if ((err = trust_load(&s->trust, o->ca, o->log_cert, s->source)) != ERR_OK)
        return err;
    s->quorum = policy_judge(&s->policy, s->source->note.bytes,
                             s->source->note.size, &s->trust.log);
    err = proven_create(&s->proven, s->source, &s->trust);
    return err == ERR_OK ? open_cursor(s) : err;
}

void
session_close(struct session *s)
{
    proven_destroy(&s->proven);
    policy_release(&s->policy);
    trust_release(&s->trust);
    source_close(&s->source);
    names_release(&s->names);
    lots_release(&s->lots);
    free(s->record);
    free(s->text);
}

struct walking {
    struct session *session;
    session_visit *visit;
    void *context;
    enum err err;
};

static bool
visit_line(void *context, const struct source_line *line)
{
    struct walking *w = context;
    struct session *s = w->session;
    struct hash leaf;

    /* What came after the checkpoint is for the next time. */
    if (s->proven != NULL && line->seq >= s->trust.head.size)
        return false;
    if (line->bytes == NULL) {
        s->withheld++;
        return true;
    }
    w->err = record_decode(line->bytes, line->size, s->record, s->text);
    if (w->err == ERR_OK)
        w->err = names_learn(&s->names, s->record);
    if (w->err == ERR_OK && s->wants_lots)
        w->err = lots_learn(&s->lots, s->source, s->record);
    if (w->err != ERR_OK)
        return false;
    if (line->seq < s->from ||
        !filter_matches(s->options->filter, s->record, line->bytes, line->size,
                        &s->names))
        return true;
    if (s->proven != NULL) {
        leaf = source_line_leaf(line);
        w->err = proven_check(s->proven, line->seq, &leaf);
        if (w->err != ERR_OK)
            return false;
    }
    return w->visit(w->context, line);
}

enum err
session_each(struct session *s, session_visit *visit, void *context)
{
    struct walking w = {s, visit, context, ERR_OK};
    enum err err = source_each(s->source, s->start, visit_line, &w);

    return err == ERR_OK ? w.err : err;
}

enum err
session_keep_cursor(struct session *s)
{
    if (s->options->cursor == NULL || s->proven == NULL)
        return ERR_OK;
    return file_replace(s->options->cursor, s->source->note.bytes,
                        s->source->note.size);
}

int
session_failed(const struct session *s, enum err err)
{
    int code = inspect_failed(err);

    if (err == ERR_CONFIG)
        return INSPECT_USAGE;
    /* The source is there, but what it says does not hold. */
    if (s->source != NULL && (err == ERR_UNTRUSTED || err == ERR_FOREIGN))
        return INSPECT_FALSE;
    return code;
}

int
session_code(const struct session *s, uint64_t matched)
{
    if (matched == 0)
        return INSPECT_NOTHING;
    return s->proven != NULL && s->quorum.is_met && s->quorum.is_log_known
               ? INSPECT_TRUE
               : INSPECT_UNTRUSTED;
}

/* ------------------------------------------------------------------ the proof
 */

static bool
take_time(void *context, const struct source_line *line)
{
    struct session *s = context;

    if (line->bytes != NULL &&
        record_decode(line->bytes, line->size, s->record, s->text) != ERR_OK)
        s->record->t = 0;
    return false;
}

/** Time of the newest record under the checkpoint, "17:48:12"; "" for none. */
static void
head_time(struct session *s, char out[16])
{
    char text[INSTANT_TEXT_BYTES];

    out[0] = '\0';
    s->record->t = 0;
    if (s->trust.head.size == 0 ||
        source_each(s->source, s->trust.head.size - 1, take_time, s) !=
            ERR_OK ||
        s->record->t <= 0)
        return;
    instant_format(text, instant_of(s->record->t));
    snprintf(out, 16, "%.8s", text + 11);
}

void
session_say_proof(struct session *s, uint64_t matched)
{
    FILE *out = s->options->form == INSPECT_TEXT ? stdout : stderr;
    char root[HASH_BASE64_BYTES], time[16];

    if (s->withheld > 0)
        fprintf(out, "%llu records are withheld and not looked at\n",
                (ull)s->withheld);
    if (s->proven == NULL) {
        fprintf(out, "%llu record%s; NOTHING IS PROVED: no --ca was given\n",
                (ull)matched, matched == 1 ? "" : "s");
        return;
    }
    hash_base64(root, &s->trust.head.root);
    head_time(s, time);
    fprintf(out, "%llu record%s, each proved under checkpoint %llu %.8s...%s",
            (ull)matched, matched == 1 ? "" : "s", (ull)s->trust.head.size,
            root, root + 40);
    if (s->policy.has_quorum)
        fprintf(out, " (%s, %zu of %zu witnesses%s)\n", time,
                s->quorum.cosigned, s->quorum.witnesses,
                s->quorum.is_met ? "" : ": NOT ENOUGH");
    else
        fprintf(out, " (%s)\n", time);
}
