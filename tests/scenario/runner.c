/* SPDX-License-Identifier: Apache-2.0 */
#include "runner.h"

#include "engine/replay.h"
#include "papers.h"
#include "store/codec.h"
#include "tap.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static struct instant
scripted_now(void *context)
{
    return ((struct run *)context)->now;
}

/** Random enough to tell salts apart, and the same in every run. */
static bool
scripted_random(void *context, void *bytes, size_t size)
{
    struct run *run = context;
    unsigned long long state = run->random;

    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)tap_random(&state);
    run->random = state;
    return true;
}

/** The key of RFC 8032 section 7.1, test 1. */
static void
make_logkey(struct logkey *logkey)
{
    static const uint8_t seed[32] = {
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
        0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
        0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
    uint8_t public_key[32];
    size_t size = sizeof(public_key);

    *logkey = (struct logkey){0};
    logkey->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed,
                                               sizeof(seed));
    CHECK(logkey->key != NULL);
    CHECK(EVP_PKEY_get_raw_public_key(logkey->key, public_key, &size) == 1);
    CHECK(log_verifier_init(&logkey->verifier, "auction.example.com/log/1",
                            public_key) == ERR_OK);
}

enum err
run_start(struct run *run)
{
    static const struct pem no_pem = {"certificate", 11};
    struct engine_options options = {
        .clock = {run, scripted_now},
        .random = {run, scripted_random},
        .store = model_port(run->store),
        .logkey = &run->logkey,
        .log_cert = no_pem,
        .ca = no_pem,
        .config_text = "scenario",
        .build = "test",
        .signatures_required = run->signatures_required,
    };

    return engine_create(&run->engine, &options);
}

void
run_begin(struct run *run)
{
    *run = (struct run){.random = 1};
    run->store = model_create();
    run->text = calloc(1, sizeof(*run->text));
    CHECK(run->text != NULL);
    run->now = instant_of(1000000);
    make_logkey(&run->logkey);
    CHECK(run_start(run) == ERR_OK);
}

static void
forget_answer(struct run *run)
{
    task_release(&run->task);
    run->task = (struct task){0};
}

void
run_end(struct run *run)
{
    forget_answer(run);
    engine_destroy(&run->engine);
    logkey_release(&run->logkey);
    model_destroy(run->store);
    free(run->text);
}

void
run_restart(struct run *run)
{
    engine_stop(run->engine, "test");
    run_crash(run);
}

void
run_crash(struct run *run)
{
    forget_answer(run);
    engine_destroy(&run->engine);
    CHECK(run_start(run) == ERR_OK);
}

void
run_at(struct run *run, int64_t seconds)
{
    CHECK(seconds * 1000 >= run->now.ms);
    run->now = instant_of(seconds * 1000);
    engine_step(run->engine);
    engine_step(run->engine); /* what opened at once may close at once */
}

/* ----------------------------------------------------------------- replay */

static enum err
find_blob(void *context, const struct hash *hash, struct buf *out)
{
    struct store_port port = model_port(context);

    return port.read_blob(port.context, hash->bytes, out);
}

static enum err
feed_all(struct run *run, struct replay *replay)
{
    uint64_t size = model_size(run->store);
    enum err err = ERR_OK;

    for (uint64_t seq = 0; seq < size && err == ERR_OK; seq++) {
        size_t length;
        const char *bytes = model_record(run->store, seq, &length);

        err = replay_feed(replay, bytes, length);
    }
    return err == ERR_OK ? replay_finish(replay) : err;
}

/** Add one lot to the hash of all. */
static void
add_lot(struct hash *all, const struct lot *lot)
{
    struct store_lot row = {.lot = *lot};
    uint8_t bytes[HASH_BYTES + CODEC_LOT_BYTES_MAX];
    size_t size;

    memcpy(bytes, all->bytes, HASH_BYTES);
    size = codec_lot(bytes + HASH_BYTES, &row);
    *all = hash_of(bytes, HASH_BYTES + size);
}

struct hash
run_state(struct run *run)
{
    struct views *views = engine_views(run->engine);
    struct hash all = {{0}};

    for (uint64_t id = 1; id <= views_last(views); id++)
        add_lot(&all, run_lot(run, id));
    return all;
}

enum err
run_replay(struct run *run)
{
    static struct replay_summary row;
    struct hash all = {{0}}, live = run_state(run);
    struct replay *replay;
    enum err err;

    CHECK(replay_create(&replay, find_blob, run->store) == ERR_OK);
    err = feed_all(run, replay);
    for (uint64_t id = 1; err == ERR_OK && id <= replay_auctions(replay);
         id++) {
        CHECK(replay_summary(replay, id, &row));
        add_lot(&all, &row.lot);
    }
    if (err == ERR_OK && memcmp(&all, &live, sizeof(all)) != 0)
        err = err_set(ERR_DAMAGED, "the log leads to another state");
    replay_destroy(&replay);
    return err;
}

/* --------------------------------------------------------------- commands */

static struct run *running;

static void
done(struct task *task)
{
    CHECK(task == &running->task);
    running->is_answered = true;
}

static enum verdict
read_verdict(struct run *run)
{
    const struct answer *answer = &run->task.answer;
    enum verdict verdict;

    if (answer->kind != ANSWER_RULED && answer->kind != ANSWER_REPLAYED)
        return VERDICT_COUNT;
    CHECK(record_decode(answer->record.bytes, answer->record.size, &run->record,
                        run->text) == ERR_OK);
    if (!RECORD_HAS(&run->record, reason))
        return VERDICT_ACCEPTED;
    CHECK(verdict_parse(&verdict, run->record.reason.bytes,
                        run->record.reason.size));
    return verdict;
}

enum verdict
run_command(struct run *run, const char *who, enum role role,
            const struct submission *fields)
{
    static const struct bytes16 none;

    forget_answer(run);
    run->task.submission = *fields;
    run->task.identity = papers_of(who, role);
    memcpy(run->task.submission.who.name, who, strlen(who) + 1);
    run->task.submission.who.role = role;
    run->task.submission.who.fp = run->task.identity->fp;
    if (memcmp(&fields->request, &none, sizeof(none)) == 0)
        scripted_random(run, &run->task.submission.request, sizeof(none));
    scripted_random(run, &run->task.submission.nonce, HASH_BYTES);
    run->task.done = done;
    run->is_answered = false;
    running = run;
    CHECK(engine_submit(run->engine, &run->task));
    engine_step(run->engine);
    CHECK(run->is_answered);
    return run->verdict = read_verdict(run);
}

uint64_t
run_create(struct run *run, const char *seller, const char *draft_json)
{
    struct submission fields = {.cmd = COMMAND_CREATE};
    json_t *json = json_loads(draft_json, JSON_REJECT_DUPLICATES, NULL);
    struct draft_problem problem;

    CHECK(json != NULL);
    CHECK(draft_from_json(&fields.draft, json, &problem) == ERR_OK);
    json_decref(json);
    fields.draft->publish = true;
    if (run_command(run, seller, ROLE_SELLER, &fields) != VERDICT_ACCEPTED)
        return 0;
    engine_step(run->engine); /* the open timer, when it is due */
    return (uint64_t)run->record.auction;
}

enum verdict
run_bid(struct run *run, const char *who, uint64_t auction, int64_t max)
{
    struct submission fields = {
        .cmd = COMMAND_BID, .auction = auction, .amount = money_of(max)};

    return run_command(run, who, ROLE_BIDDER, &fields);
}

const struct lot *
run_lot(struct run *run, uint64_t auction)
{
    static struct lot lot;
    struct auction_view *view = views_get(engine_views(run->engine), auction);

    CHECK(view != NULL);
    lot = view->lot;
    view_unref(&view);
    return &lot;
}

const char *
run_leader(struct run *run, uint64_t auction)
{
    static char name[STORE_NAME_BYTES];
    struct auction_view *view = views_get(engine_views(run->engine), auction);

    CHECK(view != NULL);
    memcpy(name, view->leader, sizeof(name));
    view_unref(&view);
    return name;
}
