/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A large database, made by the engine itself and without a network: every
 * record is judged, hashed and kept as if it had come over a connection, so
 * the server that then starts on it cannot tell the difference.
 */
#include "bench.h"

#include "audit/logkey.h"
#include "base/check.h"
#include "engine/engine.h"
#include "identity/pemfile.h"
#include "server/config.h"

#include <jansson.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BIDDERS = 16, GROUP = ENGINE_BATCH_TASKS_MAX, GROUPS = 4 };

struct group;

struct slot {
    struct task task;
    struct group *group;
};

/** Tasks that are handed over together. */
struct group {
    struct filling *of;
    struct slot slots[GROUP];
    int under_way;
};

struct filling {
    const struct bench_options *options;
    struct config config;
    struct logkey logkey;
    struct pem log_cert, ca;
    struct store *store;
    struct engine *engine;
    struct identity *seller;
    struct identity *bidders[BIDDERS];
    json_t *draft;
    struct group groups[GROUPS];
    pthread_mutex_t lock;
    pthread_cond_t done;
    uint64_t random;
    int64_t amount;
    long refused, failed;
};

/* ------------------------------------------------------------------- clock */

enum { STEP_MS_MAX = 50 };

/*
 * The real time, in steps from group to group: where the machine stands still
 * for a second, no task grows too old in the queue. Read by two threads.
 */
static atomic_llong clock_ms;

static struct instant
clock_now(void *context)
{
    (void)context;
    return instant_of(clock_ms);
}

static void
clock_step(void)
{
    long long real = (long long)(bench_now() * 1000), now = clock_ms;

    clock_ms = now == 0 || real - now < STEP_MS_MAX ? real : now + STEP_MS_MAX;
}

/* ------------------------------------------------------------------- tasks */

static void
task_is_done(struct task *task)
{
    struct group *group = ((struct slot *)task)->group;
    struct filling *f = group->of;

    CHECK(pthread_mutex_lock(&f->lock) == 0);
    if (task->answer.kind != ANSWER_RULED)
        f->failed++;
    task_release(task);
    if (--group->under_way == 0)
        pthread_cond_signal(&f->done);
    CHECK(pthread_mutex_unlock(&f->lock) == 0);
}

static void
wait_for(struct filling *f, struct group *group)
{
    CHECK(pthread_mutex_lock(&f->lock) == 0);
    while (group->under_way > 0)
        pthread_cond_wait(&f->done, &f->lock);
    CHECK(pthread_mutex_unlock(&f->lock) == 0);
}

static struct submission *
begin_task(struct filling *f, struct slot *slot, struct identity *who,
           enum command_kind cmd)
{
    struct submission *s = &slot->task.submission;
    uint64_t key[2] = {bench_random(&f->random), bench_random(&f->random)};

    memset(&slot->task, 0, sizeof(slot->task));
    slot->task.identity = identity_ref(who);
    slot->task.done = task_is_done;
    s->cmd = cmd;
    memcpy(s->who.name, who->name, sizeof(s->who.name));
    s->who.role = who->role;
    s->who.fp = who->fp;
    memcpy(s->request.bytes, key, sizeof(key));
    return s;
}

static void
make_creation(struct filling *f, struct slot *slot)
{
    struct submission *s = begin_task(f, slot, f->seller, COMMAND_CREATE);
    uint64_t nonce[4] = {bench_random(&f->random), bench_random(&f->random),
                         bench_random(&f->random), bench_random(&f->random)};
    struct draft_problem problem;

    CHECK(draft_from_json(&s->draft, f->draft, &problem) == ERR_OK);
    s->draft->publish = true;
    memcpy(s->nonce.bytes, nonce, sizeof(nonce));
}

static void
make_bid(struct filling *f, struct slot *slot)
{
    struct identity *who = f->bidders[bench_random(&f->random) % BIDDERS];
    struct submission *s = begin_task(f, slot, who, COMMAND_BID);

    s->auction = 1 + bench_random(&f->random) % (uint64_t)f->options->auctions;
    s->amount = (struct money){f->amount++};
}

/** Hand over `count` tasks in groups, waiting for the oldest. */
static bool
submit_all(struct filling *f, long count,
           void (*make)(struct filling *f, struct slot *slot))
{
    for (long sent = 0, turn = 0; sent < count; turn++) {
        struct group *group = &f->groups[turn % GROUPS];
        int size = count - sent < GROUP ? (int)(count - sent) : GROUP;

        wait_for(f, group);
        clock_step();
        group->under_way = size;
        for (int i = 0; i < size; i++) {
            make(f, &group->slots[i]);
            if (!engine_submit(f->engine, &group->slots[i].task))
                return false;
        }
        sent += size;
        if (turn % 400 == 0)
            fprintf(stderr, "\r%ld of %ld", sent, count);
    }
    for (int i = 0; i < GROUPS; i++)
        wait_for(f, &f->groups[i]);
    fputc('\n', stderr);
    return f->failed == 0;
}

/* ----------------------------------------------------------------- parties */

static struct identity *
load_identity(const struct filling *f, const char *name)
{
    struct identity *identity = NULL;
    char path[4096];
    const char *rule;
    BIO *file;
    X509 *cert;

    snprintf(path, sizeof(path), "%s/clients/%s/%s.pem", f->options->lab, name,
             name);
    file = BIO_new_file(path, "r");
    cert = file == NULL ? NULL : PEM_read_bio_X509(file, NULL, NULL, NULL);
    BIO_free(file);
    if (cert == NULL || identity_from_cert(&identity, cert, NULL,
                                           f->config.realm, &rule) != ERR_OK)
        fprintf(stderr, "auction-bench: no client '%s'\n", name);
    X509_free(cert);
    return identity;
}

static bool
load_parties(struct filling *f)
{
    bool is_good = (f->seller = load_identity(f, "house")) != NULL;

    for (int i = 0; i < BIDDERS && is_good; i++) {
        char name[8];
        snprintf(name, sizeof(name), "b%02d", i + 1);
        is_good = (f->bidders[i] = load_identity(f, name)) != NULL;
    }
    return is_good;
}

static enum err
load_keys(struct filling *f)
{
    const struct config *c = &f->config;
    struct clock_port clock = clock_system();
    char *cert = NULL, *ca = NULL, *key = NULL;
    size_t key_size = 0;
    enum err err;

    if ((err = pemfile_read(&cert, &f->log_cert.size, c->audit_cert)) !=
            ERR_OK ||
        (err = pemfile_read(&ca, &f->ca.size, c->tls_client_ca)) != ERR_OK ||
        (err = pemfile_read_secret(&key, &key_size, c->audit_key)) != ERR_OK)
        return err;
    f->log_cert.text = cert;
    f->ca.text = ca;
    err = logkey_load(&f->logkey, (struct pem){key, key_size}, f->log_cert,
                      f->ca, clock.now(clock.context));
    free(key);
    return err;
}

/* --------------------------------------------------------------- the whole */

static enum err
open_engine(struct filling *f)
{
    struct engine_options options = {
        .clock = {.now = clock_now},
        .random = random_system(),
        .logkey = &f->logkey,
        .config_text = "",
        .build = "auction-bench",
    };
    enum err err;

    clock_step();
    if ((err = config_load(&f->config, f->options->data, NULL, 0)) != ERR_OK ||
        (err = load_keys(f)) != ERR_OK ||
        (err = store_open(&f->store, f->config.data, (size_t)2 << 30)) !=
            ERR_OK)
        return err;
    options.store = store_port_of(f->store);
    options.log_cert = f->log_cert;
    options.ca = f->ca;
    err = engine_create(&f->engine, &options);
    return err == ERR_OK ? engine_start(f->engine) : err;
}

static json_t *
make_draft(void)
{
    char end[INSTANT_TEXT_BYTES];

    instant_format(
        end, instant_of((int64_t)(bench_now() * 1000) + INT64_C(864000000)));
    return json_pack("{s:s,s:s,s:i,s:[{s:i,s:i}],s:s}", "title", "bench",
                     "currency", "EUR", "start_price", 1, "increments", "from",
                     0, "step", 1, "ends_at", end);
}

static void
close_all(struct filling *f)
{
    if (f->engine != NULL)
        engine_stop(f->engine, "filled");
    engine_destroy(&f->engine);
    store_close(&f->store);
    logkey_release(&f->logkey);
    identity_unref(&f->seller);
    for (int i = 0; i < BIDDERS; i++)
        identity_unref(&f->bidders[i]);
    json_decref(f->draft);
    free((void *)(uintptr_t)f->log_cert.text);
    free((void *)(uintptr_t)f->ca.text);
    config_release(&f->config);
}

int
fill(const struct bench_options *options)
{
    static struct filling filling;
    struct filling *f = &filling;
    double start = bench_now();
    long records = 0;
    bool is_good;

    *f = (struct filling){.options = options, .random = 1, .amount = 1000};
    for (int i = 0; i < GROUPS; i++)
        f->groups[i].of = f;
    for (int i = 0; i < GROUPS * GROUP; i++)
        f->groups[i / GROUP].slots[i % GROUP].group = &f->groups[i / GROUP];
    CHECK(pthread_mutex_init(&f->lock, NULL) == 0 &&
          pthread_cond_init(&f->done, NULL) == 0);
    f->draft = make_draft();
    is_good = f->draft != NULL && open_engine(f) == ERR_OK && load_parties(f) &&
              submit_all(f, options->auctions, make_creation);
    if (is_good) {
        records = options->records - (long)engine_counts(f->engine).log_size;
        is_good = submit_all(f, records < 0 ? 0 : records, make_bid);
        records = (long)engine_counts(f->engine).log_size;
    }
    if (!is_good)
        fprintf(stderr, "auction-bench: not filled: %s\n", err_detail());
    close_all(f);
    printf("{\"name\":\"fill\",\"auctions\":%d,\"records\":%ld,"
           "\"seconds\":%.1f}\n",
           options->auctions, records, bench_now() - start);
    return is_good ? 0 : 1;
}
