/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "base/log.h"
#include "tap.h"

#include <dirent.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The store has no locks of its own, and the library's order of its mutexes by
 * page is reported, and then suppressed, so often that a test takes minutes.
 * Data races are looked for all the same.
 */
#ifdef __SANITIZE_THREAD__
const char *__tsan_default_options(void);

const char *
__tsan_default_options(void)
{
    return "detect_deadlocks=0";
}
#endif

enum { CHILD_SECONDS_MAX = 60, BATCH_RECORDS_MAX = 256 };

void
fixture_init(struct fixture *f, size_t record_bytes, size_t batch_records)
{
    const char *folder = getenv("TMPDIR");

    CHECK(record_bytes >= 16 && batch_records <= BATCH_RECORDS_MAX);
    log_set_level(LOG_LEVEL_ERROR);
    memset(f, 0, sizeof(*f));
    f->record_bytes = record_bytes;
    f->batch_records = batch_records;
    snprintf(f->directory, sizeof(f->directory), "%s/store-XXXXXX",
             folder == NULL ? "/tmp" : folder);
    CHECK(mkdtemp(f->directory) != NULL);
    CHECK(strlen(f->directory) + sizeof("/data") <= sizeof(f->directory));
    memcpy(f->directory + strlen(f->directory), "/data", sizeof("/data"));
    f->report = mmap(NULL, sizeof(*f->report), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(f->report != MAP_FAILED);
}

static int
remove_entry(const char *path, const struct stat *info, int type,
             struct FTW *place)
{
    (void)info, (void)type, (void)place;
    return remove(path);
}

void
fixture_reset(struct fixture *f)
{
    nftw(f->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    memset((void *)f->report, 0, sizeof(*f->report));
}

void
fixture_release(struct fixture *f)
{
    char *slash = strrchr(f->directory, '/');

    *slash = '\0';
    nftw(f->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    munmap(f->report, sizeof(*f->report));
}

const char *
fixture_path(const struct fixture *f, const char *name)
{
    static char path[2 * FIXTURE_PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%s", f->directory, name);
    return path;
}

enum err
fixture_open(const struct fixture *f, struct store **out)
{
    *out = NULL;
    return store_open(out, f->directory, FIXTURE_CACHE_BYTES);
}

/* ----------------------------------------------------------------- content */

static void
make_record(const struct fixture *f, uint64_t seq, char *out)
{
    size_t size = (size_t)snprintf(out, f->record_bytes, "%llu %llu ",
                                   (unsigned long long)(seq % FIXTURE_AUCTIONS),
                                   (unsigned long long)seq);

    for (size_t i = size; i < f->record_bytes; i++)
        out[i] = (char)('a' + (seq + i) % 26);
}

uint64_t
fixture_auction_of(const void *bytes, size_t size)
{
    return size == 0 ? 0 : (uint64_t)(*(const char *)bytes - '0') + 1;
}

bool
fixture_is_record(const struct fixture *f, uint64_t seq, const void *bytes,
                  size_t size)
{
    char *expected = malloc(f->record_bytes + 1);
    bool is_same;

    CHECK(expected != NULL);
    make_record(f, seq, expected);
    is_same = size == f->record_bytes && memcmp(bytes, expected, size) == 0;
    free(expected);
    return is_same;
}

static void
make_request(uint64_t seq, struct store_request *out)
{
    memset(out, 0, sizeof(*out));
    out->uid = seq % 7;
    memcpy(out->request, &seq, sizeof(seq));
    memset(out->digest, (int)(seq & 0xff), sizeof(out->digest));
    out->seq = seq;
    out->size = seq + 1;
}

static void
make_lot(uint64_t size, struct store_lot *out)
{
    memset(out, 0, sizeof(*out));
    out->lot.rules = rules_default();
    out->lot.id = 1;
    out->seq = size;
}

static void
make_head(uint64_t size, struct store_head *out)
{
    memset(out, 0, sizeof(*out));
    out->size = size;
    out->tx = size * 3;
    snprintf(out->checkpoint, sizeof(out->checkpoint), "head of %llu",
             (unsigned long long)size);
}

enum err
fixture_commit(const struct fixture *f, struct store *store, uint64_t from,
               size_t count)
{
    static struct store_request requests[BATCH_RECORDS_MAX];
    struct store_bytes records[BATCH_RECORDS_MAX];
    char *bytes = malloc(count * f->record_bytes + 1);
    struct store_lot lot;
    const struct store_lot *lots[] = {&lot};
    struct store_head head;
    enum err err;

    CHECK(bytes != NULL && count <= BATCH_RECORDS_MAX);
    for (size_t i = 0; i < count; i++) {
        make_record(f, from + i, bytes + i * f->record_bytes);
        records[i] = (struct store_bytes){from + i, bytes + i * f->record_bytes,
                                          f->record_bytes};
        make_request(from + i, &requests[i]);
    }
    make_lot(from + count, &lot);
    make_head(from + count, &head);
    err = store_commit(store, &(struct store_batch){.head = &head,
                                                    .records = records,
                                                    .record_count = count,
                                                    .lots = lots,
                                                    .lot_count = 1,
                                                    .requests = requests,
                                                    .request_count = count});
    free(bytes);
    return err;
}

struct counting {
    const struct fixture *f;
    uint64_t next;
    bool is_good;
};

static bool
count_record(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct counting *c = context;

    c->is_good = c->is_good && seq == c->next &&
                 fixture_is_record(c->f, seq, bytes, size);
    c->next++;
    return c->is_good;
}

static bool
count_lot(void *context, const struct store_lot *row)
{
    struct counting *c = context;

    c->is_good = c->is_good && row->seq == c->next;
    return true;
}

static bool
have_requests(struct store *store, uint64_t size)
{
    struct store_request expected, found;

    for (uint64_t seq = 0; seq < size; seq++) {
        make_request(seq, &expected);
        memset(&found, 0, sizeof(found));
        if (store_read_request(store, expected.uid, expected.request, &found) !=
                ERR_OK ||
            memcmp(&found, &expected, sizeof(found)) != 0)
            return false;
    }
    make_request(size, &expected);
    return store_read_request(store, expected.uid, expected.request, &found) ==
           ERR_NOT_FOUND;
}

bool
fixture_is_whole(const struct fixture *f, struct store *store, uint64_t least,
                 uint64_t most)
{
    struct counting c = {f, 0, true};
    struct store_head head = {0}, expected;
    enum err err = store_read_head(store, &head);

    if (err == ERR_NOT_FOUND && least == 0)
        return true;
    make_head(head.size, &expected);
    if (err == ERR_OK)
        err = store_each_record(store, 0, UINT64_MAX, count_record, &c);
    if (err == ERR_OK)
        err = store_each_lot(store, count_lot, &c);
    if (err == ERR_OK && c.is_good && c.next == head.size &&
        head.size >= least && head.size <= most &&
        head.size % f->batch_records == 0 && head.tx == expected.tx &&
        strcmp(head.checkpoint, expected.checkpoint) == 0 &&
        have_requests(store, head.size))
        return true;
    printf("# err %d %s; size %llu, records %llu, wanted %llu to %llu\n", err,
           err_detail(), (unsigned long long)head.size,
           (unsigned long long)c.next, (unsigned long long)least,
           (unsigned long long)most);
    return false;
}

void
fixture_fill(const struct fixture *f, unsigned batches)
{
    struct store *store;
    enum err err = fixture_open(f, &store);

    CHECK(err == ERR_OK);
    for (unsigned i = 0; i < batches; i++) {
        err = fixture_commit(f, store, i * f->batch_records, f->batch_records);
        CHECK(err == ERR_OK);
    }
    store_close(&store);
}

/* ---------------------------------------------------------------- children */

pid_t
fixture_start(struct fixture *f, int (*run)(struct fixture *, void *),
              void *context)
{
    pid_t child;

    fflush(stdout);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(CHILD_SECONDS_MAX);
        int status = run(f, context);
        fflush(stdout);
        _exit(status);
    }
    return child;
}

int
fixture_child(struct fixture *f, int (*run)(struct fixture *, void *),
              void *context)
{
    pid_t child = fixture_start(f, run, context);
    int status;

    CHECK(waitpid(child, &status, 0) == child);
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    return WTERMSIG(status) == SIGALRM
               ? FIXTURE_STATUS_HUNG
               : FIXTURE_STATUS_SIGNAL + WTERMSIG(status);
}

int
fixture_report(struct fixture *f, enum err err, int status)
{
    f->report->err = (int)err;
    snprintf(f->report->detail, sizeof(f->report->detail), "%s", err_detail());
    return status;
}

int
fixture_run_batches(struct fixture *f, void *context)
{
    uint64_t batches = *(const uint64_t *)context;
    struct store *store;
    struct store_head head = {0};
    enum err err = fixture_open(f, &store);

    if (err == ERR_OK && store_read_head(store, &head) == ERR_OK)
        f->report->acknowledged = head.size;
    for (uint64_t i = 0; err == ERR_OK && i < batches; i++) {
        uint64_t from = head.size + i * f->batch_records;
        f->report->tried = from + f->batch_records;
        err = fixture_commit(f, store, from, f->batch_records);
        if (err == ERR_OK)
            f->report->acknowledged = from + f->batch_records;
    }
    return fixture_report(f, err, err == ERR_OK ? 0 : 1);
}
