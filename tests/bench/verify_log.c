/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_log make FOLDER N: a log of about N signed bids, made by the real
 * engine over a real store, with its CA and an export.
 * verify_log limit EXPORT: what the machine allows for the same bytes, on all
 * cores: SHA-256, JSON parsing, and as many P-256 signatures.
 */
#include "../unit/inspect/lab_certs.h"

#include "../../tools/audit/inspect.h"
#include "audit/signature.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/engine.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BIDDERS = 16,
    SELLER = BIDDERS,
    CLIENTS = BIDDERS + 1,
    AUCTIONS = 200,
    BATCH = 200,
    PATH_BYTES = 4096,
    CACHE_BYTES = 256 << 20,
    WORKERS_MAX = 256,
    LINE_BYTES = 32768,
};

#define ORIGIN "bench.example/log/1"

static struct {
    struct issued ca, log_cert, clients[CLIENTS];
    struct identity identities[CLIENTS];
    struct logkey logkey;
    char *ca_pem, *log_pem;
    struct store *store;
    struct engine *engine;
    struct instant now;
    struct hash terms[AUCTIONS + 1];
    struct record_seen seen;
    struct task tasks[BATCH];
    size_t answered;
} m;

/* ------------------------------------------------------------------- making
 */

static struct instant
scripted_now(void *context)
{
    (void)context;
    return m.now;
}

static bool
real_random(void *context, void *bytes, size_t size)
{
    (void)context;
    return RAND_bytes(bytes, (int)size) == 1;
}

static void
make_identity(int who, const char *name, enum role role)
{
    struct identity *identity = &m.identities[who];
    X509 *cert = m.clients[who].cert;
    struct tm end;
    int size;

    atomic_init(&identity->references, 1);
    snprintf(identity->name, sizeof(identity->name), "%s", name);
    identity->role = role;
    CHECK((size = i2d_X509(cert, &identity->der)) > 0);
    identity->der_size = (size_t)size;
    identity->fp = hash_of(identity->der, identity->der_size);
    text_hex(identity->serial_hex,
             ASN1_STRING_get0_data(X509_get0_serialNumber(cert)),
             (size_t)ASN1_STRING_length(X509_get0_serialNumber(cert)));
    CHECK(ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) == 1);
    identity->not_after = instant_of((int64_t)timegm(&end) * 1000);
}

static void
make_people(const char *folder)
{
    static const struct issue_request ca = {"Bench CA", "EC", NULL,
                                            NULL,       true, 50};
    static const struct issue_request log = {
        "bench log 1",         "ED25519", "1.3.6.1.5.5.7.3.36",
        "URI:https://" ORIGIN, false,     50};
    char path[PATH_BYTES];
    uint8_t key[32];
    size_t size = sizeof(key);

    issue(&m.ca, NULL, &ca);
    issue(&m.log_cert, &m.ca, &log);
    for (int i = 0; i < CLIENTS; i++) {
        char name[16], uri[64];
        snprintf(name, sizeof(name), "%s%d", i == SELLER ? "s" : "b", i);
        snprintf(uri, sizeof(uri), "URI:auction://bench/%s/%s",
                 i == SELLER ? "seller" : "bidder", name);
        struct issue_request r = {.name = name,
                                  .key_type = "EC",
                                  .usage = "clientAuth",
                                  .names = uri,
                                  .days = 50};
        issue(&m.clients[i], &m.ca, &r);
        make_identity(i, name, i == SELLER ? ROLE_SELLER : ROLE_BIDDER);
    }
    snprintf(path, sizeof(path), "%s/ca.pem", folder);
    issued_write(&m.ca, path);
    m.ca_pem = issued_pem(&m.ca);
    m.log_pem = issued_pem(&m.log_cert);
    m.logkey.key = m.log_cert.key;
    CHECK(EVP_PKEY_get_raw_public_key(m.logkey.key, key, &size) == 1);
    CHECK(log_verifier_init(&m.logkey.verifier, ORIGIN, key) == ERR_OK);
}

static void
done(struct task *task)
{
    CHECK(task->answer.kind == ANSWER_RULED);
    if (memmem(task->answer.record.bytes, task->answer.record.size,
               "\"reason\":", 9) != NULL) {
        fprintf(stderr, "refused: %.*s\n", (int)task->answer.record.size,
                (const char *)task->answer.record.bytes);
        exit(1); /* then the log would not be what is measured */
    }
    m.answered++;
}

static void
send(struct task *task, int who)
{
    struct submission *s = &task->submission;
    struct buf bytes;

    atomic_fetch_add(&m.identities[who].references, 1);
    task->identity = &m.identities[who];
    snprintf(s->who.name, sizeof(s->who.name), "%s", task->identity->name);
    s->who.role = task->identity->role;
    s->who.fp = task->identity->fp;
    CHECK(real_random(NULL, &s->request, sizeof(s->request)));
    CHECK(real_random(NULL, &s->nonce, sizeof(s->nonce)));
    s->is_signed = true;
    s->sig.until = m.now.ms + 60000;
    s->sig.seen = m.seen;
    s->sig.has_terms = s->auction != 0;
    if (s->auction != 0)
        s->sig.terms = m.terms[s->auction];
    buf_init(&bytes, COMMAND_BYTES_MAX);
    CHECK(submission_signed_bytes(s, ORIGIN, &bytes) == ERR_OK);
    CHECK(command_sign(m.clients[who].key, bytes.bytes, bytes.size, &s->sig) ==
          ERR_OK);
    buf_release(&bytes);
    task->done = done;
    CHECK(engine_submit(m.engine, task));
}

/** What is signed as seen from now on. */
static void
take_head(void)
{
    struct shared *note = engine_checkpoint(m.engine);
    struct checkpoint head;

    CHECK(checkpoint_parse(&head, note->bytes, note->size) == ERR_OK);
    shared_unref(&note);
    m.seen = (struct record_seen){head.size, head.root};
}

/** Let the engine decide `count` tasks, and forget them. */
static void
decide(size_t count)
{
    for (m.answered = 0; m.answered < count;)
        engine_step(m.engine);
    for (size_t i = 0; i < count; i++) {
        task_release(&m.tasks[i]);
        m.tasks[i] = (struct task){.identity = NULL};
    }
    take_head();
    m.now.ms += 20;
}

static void
create_auctions(void)
{
    for (uint64_t id = 1; id <= AUCTIONS; id++) {
        struct submission *s = &m.tasks[0].submission;
        char text[256], ends[INSTANT_TEXT_BYTES];
        struct draft_problem problem;
        struct auction_view *view;
        json_t *json;
        instant_format(ends, instant_of(m.now.ms + INT64_C(86400000) * 20));
        snprintf(text, sizeof(text),
                 "{\"title\":\"Lot\",\"currency\":\"EUR\",\"start_price\":100,"
                 "\"ends_at\":\"%s\"}",
                 ends);
        CHECK((json = json_loads(text, 0, NULL)) != NULL);
        s->cmd = COMMAND_CREATE;
        CHECK(draft_from_json(&s->draft, json, &problem) == ERR_OK);
        json_decref(json);
        s->draft->publish = true;
        send(&m.tasks[0], SELLER);
        decide(1);
        engine_step(m.engine);
        view = views_get(engine_views(m.engine), id);
        m.terms[id] = view->terms;
        view_unref(&view);
    }
}

/** Every bid is higher than all before it. */
static void
make_bids(uint64_t count)
{
    for (uint64_t i = 0; i < count; i += BATCH) {
        for (size_t k = 0; k < BATCH; k++) {
            struct submission *s = &m.tasks[k].submission;
            s->cmd = COMMAND_BID;
            s->auction = (i + k) % AUCTIONS + 1;
            s->amount = money_of((int64_t)((i + k) / AUCTIONS + 1) * 100000);
            send(&m.tasks[k], (int)((i + k) / AUCTIONS % BIDDERS));
        }
        decide(BATCH);
        if (i % 50000 == 0)
            fprintf(stderr, "\r%llu bids", (unsigned long long)i);
    }
    fputs("\r", stderr);
}

static int
make(const char *folder, uint64_t count)
{
    char data[PATH_BYTES], out[PATH_BYTES];
    struct inspect_options options = {
        .source.data_dir = data, .is_auditor = true, .out = out};
    struct engine_options engine = {.clock = {NULL, scripted_now},
                                    .random = {NULL, real_random},
                                    .logkey = &m.logkey,
                                    .config_text = "bench",
                                    .build = "bench"};

    CHECK(mkdir(folder, 0700) == 0);
    snprintf(data, sizeof(data), "%s/data", folder);
    snprintf(out, sizeof(out), "%s/export", folder);
    m.now = instant_of(((int64_t)time(NULL) - 43200) * 1000);
    make_people(folder);
    engine.log_cert = (struct pem){m.log_pem, strlen(m.log_pem)};
    engine.ca = (struct pem){m.ca_pem, strlen(m.ca_pem)};
    CHECK(store_open(&m.store, data, CACHE_BYTES) == ERR_OK);
    engine.store = store_port_of(m.store);
    CHECK(engine_create(&m.engine, &engine) == ERR_OK);
    take_head();
    create_auctions();
    make_bids(count);
    engine_stop(m.engine, "bench");
    engine_destroy(&m.engine);
    store_close(&m.store);
    return inspect_export(&options);
}

/* -------------------------------------------------------------------- limit
 */

/** The log in memory; workers take lines in turn. */
static struct {
    char *bytes;
    size_t *starts; /* count + 1 */
    size_t count, signatures;
    EVP_PKEY *key;
    struct record_sig sig;
    unsigned workers;
} log_of;

static void
load(const char *folder)
{
    char path[PATH_BYTES], line[LINE_BYTES];
    size_t size = 0, capacity = 0;
    struct stat info;
    FILE *file;

    snprintf(path, sizeof(path), "%s/records.jsonl", folder);
    CHECK((file = fopen(path, "re")) != NULL &&
          fstat(fileno(file), &info) == 0);
    CHECK((log_of.bytes = malloc((size_t)info.st_size + 1)) != NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (log_of.count + 1 >= capacity) {
            capacity = capacity * 2 + 1024;
            log_of.starts =
                realloc(log_of.starts, capacity * sizeof(*log_of.starts));
            CHECK(log_of.starts != NULL);
        }
        log_of.starts[log_of.count++] = size;
        log_of.signatures += strstr(line, "\"sig\":") != NULL;
        memcpy(log_of.bytes + size, line, strlen(line));
        size += strlen(line);
        log_of.starts[log_of.count] = size;
    }
    fclose(file);
}

static const char signed_text[330] = "as long as the text that is signed";

static void *
work(void *argument)
{
    size_t first = (size_t)(uintptr_t)argument;
    volatile uint8_t sink = 0;

    for (size_t i = first; i < log_of.count; i += log_of.workers) {
        const char *line = log_of.bytes + log_of.starts[i];
        size_t size = log_of.starts[i + 1] - log_of.starts[i] - 1;
        struct hash leaf = leaf_hash(line, size);
        json_t *json = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
        sink ^= leaf.bytes[0];
        CHECK(json != NULL);
        json_decref(json);
        if (i < log_of.signatures)
            CHECK(command_verify(log_of.key, signed_text, sizeof(signed_text),
                                 &log_of.sig) == ERR_OK);
    }
    return NULL;
}

static double
seconds_now(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int
limit(const char *folder)
{
    pthread_t threads[WORKERS_MAX];
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    double start;

    load(folder);
    CHECK((log_of.key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")) != NULL);
    CHECK(command_sign(log_of.key, signed_text, sizeof(signed_text),
                       &log_of.sig) == ERR_OK);
    log_of.workers = online < 1             ? 1
                     : online > WORKERS_MAX ? WORKERS_MAX
                                            : (unsigned)online;
    start = seconds_now();
    for (unsigned i = 0; i < log_of.workers; i++)
        CHECK(pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i) ==
              0);
    for (unsigned i = 0; i < log_of.workers; i++)
        pthread_join(threads[i], NULL);
    printf("%zu %zu %u %.3f\n", log_of.count, log_of.signatures, log_of.workers,
           seconds_now() - start);
    return 0;
}

int
main(int argc, char **argv)
{
    uint64_t count;

    log_set_level(LOG_LEVEL_ERROR);
    if (argc == 4 && strcmp(argv[1], "make") == 0 &&
        text_u64(&count, argv[3], strlen(argv[3])))
        return make(argv[2], count);
    if (argc == 3 && strcmp(argv[1], "limit") == 0)
        return limit(argv[2]);
    fputs("usage: verify_log make FOLDER N | limit EXPORT\n", stderr);
    return 2;
}
