/* SPDX-License-Identifier: Apache-2.0 */
#include "requests.h"

#include "auction/verdict.h"
#include "audit/command.h"
#include "temporary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RUN_ENTRIES = 65536, READ_ENTRIES = 256 };

enum kind {
    KIND_KEPT,   /* decided, and its answer kept for repetitions */
    KIND_OPEN,   /* decided, and not kept: it may be tried again */
    KIND_REUSED, /* refused because the id had been used */
};

struct entry {
    uint64_t uid;
    struct bytes16 request;
    uint64_t seq, tx, kind;
};

/** One sorted stretch of the file, being read. */
struct run {
    uint64_t next, end; /* entries of the file */
    struct entry *entries;
    size_t at, count;
};

struct requests {
    struct entry *entries; /* RUN_ENTRIES */
    size_t count;
    int file; /* -1: none yet */
    size_t run_count;
    struct run *runs; /* while merging; a heap by their first entry */
};

enum err
requests_create(struct requests **out)
{
    struct requests *r = calloc(1, sizeof(*r));

    if (r != NULL)
        r->entries = malloc(RUN_ENTRIES * sizeof(*r->entries));
    if (r == NULL || r->entries == NULL) {
        free(r);
        return err_set(ERR_NOMEM, "out of memory");
    }
    r->file = -1;
    *out = r;
    return ERR_OK;
}

void
requests_destroy(struct requests **requests)
{
    struct requests *r = *requests;

    if (r == NULL)
        return;
    for (size_t i = 0; r->runs != NULL && i < r->run_count; i++)
        free(r->runs[i].entries);
    free(r->runs);
    free(r->entries);
    if (r->file >= 0)
        close(r->file);
    free(r);
    *requests = NULL;
}

static int
compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order;

    if (x->uid != y->uid)
        return x->uid < y->uid ? -1 : 1;
    order = memcmp(&x->request, &y->request, sizeof(x->request));
    if (order != 0)
        return order;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/** Sort what is in memory and append it to the file. */
static enum err
write_run(struct requests *r)
{
    size_t size = r->count * sizeof(*r->entries);
    off_t at = (off_t)(r->run_count * RUN_ENTRIES * sizeof(*r->entries));

    qsort(r->entries, r->count, sizeof(*r->entries), compare);
    if (r->file < 0)
        r->file = temporary_open();
    if (r->file < 0 || pwrite(r->file, r->entries, size, at) != (ssize_t)size)
        return err_set(ERR_SYSTEM, "cannot write a temporary file: %s",
                       strerror(errno));
    r->run_count++;
    return ERR_OK;
}

static bool
kind_of(const struct record *record, bool is_accepted, enum kind *out)
{
    enum verdict verdict;

    *out = KIND_KEPT;
    if (is_accepted)
        return true;
    if (!RECORD_HAS(record, reason) ||
        !verdict_parse(&verdict, record->reason.bytes, record->reason.size) ||
        verdict == VERDICT_FORMAT || verdict == VERDICT_SIGNATURE)
        return false; /* it was not looked at */
    if (verdict == VERDICT_REUSED_ID)
        *out = KIND_REUSED;
    if (verdict == VERDICT_NO_AUCTION)
        *out = KIND_OPEN;
    return true;
}

enum err
requests_add(struct requests *r, const struct record *record)
{
    enum command_kind cmd;
    bool is_accepted;
    enum kind kind;
    enum err err = ERR_OK;

    if (!command_of_type(record->type, &cmd, &is_accepted) ||
        !RECORD_HAS(record, request) || !RECORD_HAS(record, actor) ||
        !record->actor.has_uid || !kind_of(record, is_accepted, &kind))
        return ERR_OK;
    r->entries[r->count++] = (struct entry){.uid = (uint64_t)record->actor.uid,
                                            .request = record->request,
                                            .seq = (uint64_t)record->seq,
                                            .tx = (uint64_t)record->tx,
                                            .kind = kind};
    if (r->count == RUN_ENTRIES) {
        err = write_run(r);
        r->count = 0;
    }
    return err;
}

/* ------------------------------------------------------------------ merging
 */

static enum err
refill(const struct requests *r, struct run *run)
{
    uint64_t left = run->end - run->next;
    size_t count = left < READ_ENTRIES ? (size_t)left : READ_ENTRIES;
    size_t size = count * sizeof(*run->entries);

    run->at = 0;
    run->count = count;
    if (count == 0)
        return ERR_OK;
    if (pread(r->file, run->entries, size,
              (off_t)(run->next * sizeof(*run->entries))) != (ssize_t)size)
        return err_set(ERR_SYSTEM, "cannot read a temporary file back: %s",
                       strerror(errno));
    run->next += count;
    return ERR_OK;
}

/** The heap's order below `at` is restored. */
static void
sift(struct run *runs, size_t count, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
            if (child < count &&
                compare(&runs[child].entries[runs[child].at],
                        &runs[least].entries[runs[least].at]) < 0)
                least = child;
        if (least == at)
            return;
        struct run hold = runs[at];
        runs[at] = runs[least];
        runs[least] = hold;
        at = least;
    }
}

static enum err
open_runs(struct requests *r, uint64_t last_count)
{
    r->runs = calloc(r->run_count + 1, sizeof(*r->runs));
    for (size_t i = 0; r->runs != NULL && i < r->run_count; i++) {
        struct run *run = &r->runs[i];
        enum err err;
        run->next = i * RUN_ENTRIES;
        run->end =
            run->next + (i + 1 == r->run_count ? last_count : RUN_ENTRIES);
        run->entries = malloc(READ_ENTRIES * sizeof(*run->entries));
        if (run->entries == NULL)
            return err_set(ERR_NOMEM, "out of memory");
        if ((err = refill(r, run)) != ERR_OK)
            return err;
    }
    return r->runs == NULL ? err_set(ERR_NOMEM, "out of memory") : ERR_OK;
}

/** What the entries of one id have come to, in their order. */
struct group {
    struct entry first; /* whose id it is */
    bool is_any, is_known;
    uint64_t known_tx;
};

static const char *
judge(struct group *g, const struct entry *e, bool is_whole)
{
    if (!g->is_any || g->first.uid != e->uid ||
        memcmp(&g->first.request, &e->request, sizeof(e->request)) != 0)
        *g = (struct group){.first = *e, .is_any = true};
    /* A creation that publishes is one command with two records. */
    if (g->is_known && g->known_tx == e->tx)
        return NULL;
    if (e->kind == KIND_REUSED)
        return g->is_known || !is_whole ? NULL
                                        : "its request id was not used before";
    if (g->is_known)
        return "its request id was answered before";
    if (e->kind == KIND_KEPT) {
        g->is_known = true;
        g->known_tx = e->tx;
    }
    return NULL;
}

enum err
requests_finish(struct requests *r, bool is_whole, uint64_t *seq_out,
                const char **flaw_out)
{
    struct group group = {.is_any = false};
    uint64_t last_count = r->count == 0 ? RUN_ENTRIES : r->count;
    size_t left;
    enum err err = r->count == 0 ? ERR_OK : write_run(r);

    *flaw_out = NULL;
    if (err == ERR_OK)
        err = open_runs(r, last_count);
    left = r->run_count;
    for (size_t i = left; err == ERR_OK && i > 0; i--)
        sift(r->runs, left, i - 1);
    while (err == ERR_OK && left > 0) {
        struct run *run = &r->runs[0];
        const struct entry *e = &run->entries[run->at];
        const char *flaw = judge(&group, e, is_whole);
        if (flaw != NULL && (*flaw_out == NULL || e->seq < *seq_out)) {
            *flaw_out = flaw;
            *seq_out = e->seq;
        }
        if (++run->at == run->count)
            err = refill(r, run);
        if (err == ERR_OK && run->count == 0) {
            struct run empty = *run;
            *run = r->runs[--left];
            r->runs[left] = empty;
        }
        sift(r->runs, left, 0);
    }
    return err;
}
