/* SPDX-License-Identifier: Apache-2.0 */
/*
 * English auctions through the whole engine: the life of a lot, retries,
 * restarts, failing commits, and a log that hashes to its heads.
 */
#include "runner.h"

#include "tap.h"

#include <string.h>

static const char draft[] =
    "{\"title\":\"Camera\",\"currency\":\"EUR\",\"start_price\":10000,"
    "\"ends_at\":\"1970-01-01T01:00:00Z\"}";

static void
the_second_highest_maximum_sets_the_price(void)
{
    struct run r;
    uint64_t id;

    run_begin(&r);
    id = run_create(&r, "sam", draft);
    CU_ASSERT_EQUAL(id, 1);
    CU_ASSERT_EQUAL(run_bid(&r, "ann", id, 15000), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(run_lot(&r, id)->price.minor, 10000);
    CU_ASSERT_EQUAL(run_bid(&r, "bob", id, 12500), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(run_lot(&r, id)->price.minor, 12750);
    CU_ASSERT_STRING_EQUAL(run_leader(&r, id), "ann");
    CU_ASSERT_EQUAL(run_bid(&r, "cat", id, 13000), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(run_bid(&r, "cat", id, 13000), VERDICT_TOO_LOW);
    CU_ASSERT_EQUAL(run_bid(&r, "dan", id, 20000), VERDICT_ACCEPTED);
    run_at(&r, 3600);
    CU_ASSERT_EQUAL(run_lot(&r, id)->state, LOT_CLOSED);
    CU_ASSERT_EQUAL(run_lot(&r, id)->outcome, OUTCOME_SOLD);
    CU_ASSERT_EQUAL(run_lot(&r, id)->price.minor, 15250);
    CU_ASSERT_STRING_EQUAL(run_leader(&r, id), "dan");
    CU_ASSERT_EQUAL(run_bid(&r, "ann", id, 90000), VERDICT_CLOSED);
    run_end(&r);
}

static void
a_repeated_request_gets_the_first_answer_byte_for_byte(void)
{
    struct run r;
    uint64_t id;
    struct submission bid = {.cmd = COMMAND_BID, .amount = {15000}};
    char first[65536], again[65536];
    struct buf text;

    run_begin(&r);
    bid.auction = id = run_create(&r, "sam", draft);
    memset(&bid.request, 7, sizeof(bid.request));
    buf_init(&text, sizeof(first));
    CU_ASSERT_EQUAL(run_command(&r, "ann", ROLE_BIDDER, &bid),
                    VERDICT_ACCEPTED);
    struct receipt receipt = answer_receipt(&r.task.answer);
    receipt_encode(&receipt, &text);
    memcpy(first, text.bytes, text.size + 1);
    run_bid(&r, "bob", id, 20000);
    run_at(&r, 3700);
    run_restart(&r);
    uint64_t size = model_size(r.store);
    CU_ASSERT_EQUAL(run_command(&r, "ann", ROLE_BIDDER, &bid),
                    VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(r.task.answer.kind, ANSWER_REPLAYED);
    CU_ASSERT_EQUAL(model_size(r.store), size);
    receipt = answer_receipt(&r.task.answer);
    buf_clear(&text);
    receipt_encode(&receipt, &text);
    memcpy(again, text.bytes, text.size + 1);
    CU_ASSERT_STRING_EQUAL(first, again);
    bid.amount = money_of(16000);
    CU_ASSERT_EQUAL(run_command(&r, "ann", ROLE_BIDDER, &bid),
                    VERDICT_REUSED_ID);
    buf_release(&text);
    run_end(&r);
}

static void
an_aborted_commit_leaves_no_trace(void)
{
    struct run r;
    uint64_t id, size;
    struct lot before;

    run_begin(&r);
    id = run_create(&r, "sam", draft);
    run_bid(&r, "ann", id, 15000);
    before = *run_lot(&r, id);
    size = model_size(r.store);
    model_fail_next(r.store, ERR_STORE);
    CU_ASSERT_EQUAL(run_bid(&r, "new", id, 20000), VERDICT_COUNT);
    CU_ASSERT_EQUAL(r.task.answer.kind, ANSWER_UNAVAILABLE);
    CU_ASSERT_EQUAL(model_size(r.store), size);
    CU_ASSERT_EQUAL(memcmp(run_lot(&r, id), &before, sizeof(before)), 0);
    CU_ASSERT_EQUAL(run_bid(&r, "new", id, 20000), VERDICT_ACCEPTED);
    CU_ASSERT_STRING_EQUAL(run_leader(&r, id), "new");
    run_crash(&r);
    CU_ASSERT_STRING_EQUAL(run_leader(&r, id), "new");
    run_end(&r);
}

static void
a_failed_flush_is_unknown_and_ends_the_engine(void)
{
    struct run r;
    uint64_t id;

    run_begin(&r);
    id = run_create(&r, "sam", draft);
    model_fail_next(r.store, ERR_STORE_LATCHED);
    run_bid(&r, "ann", id, 15000);
    CU_ASSERT_EQUAL(r.task.answer.kind, ANSWER_UNKNOWN);
    CU_ASSERT(engine_failed(r.engine));
    CU_ASSERT_FALSE(engine_submit(r.engine, &r.task));
    run_end(&r);
}

/** Record `seq` closes this auction at that time. */
static void
check_closed(struct run *r, uint64_t seq, int64_t auction, int64_t ms)
{
    size_t size;
    const char *bytes = model_record(r->store, seq, &size);

    CU_ASSERT_EQUAL(record_decode(bytes, size, &r->record, r->text), ERR_OK);
    CU_ASSERT_EQUAL(r->record.type, RECORD_AUCTION_CLOSED);
    CU_ASSERT_EQUAL(r->record.auction, auction);
    CU_ASSERT_EQUAL(r->record.t, ms);
    CU_ASSERT_EQUAL(r->record.due, ms);
}

static void
timers_fire_in_order_before_the_next_command(void)
{
    struct run r;
    uint64_t seq;

    run_begin(&r); /* L4, with 1000 s as time 0 */
    run_create(&r, "sam",
               "{\"title\":\"a\",\"currency\":\"EUR\",\"start_price\":100,"
               "\"ends_at\":\"1970-01-01T00:19:10Z\"}"); /* 1150 */
    run_create(&r, "sam",
               "{\"title\":\"b\",\"currency\":\"EUR\",\"start_price\":100,"
               "\"ends_at\":\"1970-01-01T00:18:20Z\"}"); /* 1100 */
    seq = model_size(r.store);
    r.now = instant_of(1200000);
    CU_ASSERT_EQUAL(run_bid(&r, "ann", 1, 100), VERDICT_CLOSED);
    check_closed(&r, seq, 2, 1100000);
    check_closed(&r, seq + 1, 1, 1150000);
    run_end(&r);
}

static void
a_restored_old_copy_is_refused(void)
{
    struct run r;
    struct model_store *old;

    run_begin(&r);
    run_create(&r, "sam", draft);
    old = model_copy(r.store);
    run_bid(&r, "ann", 1, 15000);
    struct shared *checkpoint = engine_checkpoint(r.engine);
    struct store_port port = model_port(r.store);
    CU_ASSERT_EQUAL(port.write_head_file(r.store, checkpoint->bytes), ERR_OK);
    shared_unref(&checkpoint);
    model_take_head_file(old, r.store);
    task_release(&r.task);
    r.task = (struct task){0};
    engine_destroy(&r.engine);
    model_destroy(r.store);
    r.store = old;
    CU_ASSERT_EQUAL(run_start(&r), ERR_FORKED);
    run_end(&r);
}

static void
a_flipped_bit_in_the_tail_is_found_at_start(void)
{
    struct run r;

    run_begin(&r);
    run_create(&r, "sam", draft);
    model_flip(r.store, model_size(r.store) - 1);
    engine_destroy(&r.engine);
    task_release(&r.task);
    r.task = (struct task){0};
    CU_ASSERT_NOT_EQUAL(run_start(&r), ERR_OK);
    run_end(&r);
}

static void
an_outage_with_grace_moves_the_end(void)
{
    struct run r;

    run_begin(&r);
    /* L3: close 15:00:00, last heartbeat 14:59:40, restart 15:04:00 */
    r.now = instant_of(53980 * INT64_C(1000));
    run_create(&r, "sam",
               "{\"title\":\"a\",\"currency\":\"EUR\",\"start_price\":100,"
               "\"ends_at\":\"1970-01-01T15:00:00Z\",\"outage_grace\":300}");
    run_create(&r, "sam",
               "{\"title\":\"b\",\"currency\":\"EUR\",\"start_price\":100,"
               "\"ends_at\":\"1970-01-01T15:20:00Z\",\"outage_grace\":300}");
    r.now = instant_of(54240 * INT64_C(1000));
    run_crash(&r);
    run_at(&r, 54240);
    CU_ASSERT_EQUAL(run_lot(&r, 1)->state, LOT_OPEN);
    CU_ASSERT_EQUAL(run_lot(&r, 1)->closes.ms, 54540000); /* 15:09:00 */
    CU_ASSERT_EQUAL(run_lot(&r, 2)->closes.ms, 55200000);
    run_end(&r);
}

static void
a_default_is_replayed(void)
{
    struct run r;
    uint64_t id;

    run_begin(&r);
    id = run_create(&r, "sam",
                    "{\"title\":\"a\",\"currency\":\"EUR\","
                    "\"start_price\":100,\"pay_within\":60,"
                    "\"ends_at\":\"1970-01-01T00:18:20Z\"}");
    run_bid(&r, "ann", id, 100);
    run_at(&r, 1160);
    CU_ASSERT_EQUAL(run_lot(&r, id)->state, LOT_DEFAULTED);
    CU_ASSERT_EQUAL(run_replay(&r), ERR_OK);
    run_restart(&r);
    CU_ASSERT_EQUAL(run_replay(&r), ERR_OK);
    run_end(&r);
}

/* L5, and by more than a command may wait in the queue. */
static void
a_clock_that_steps_back_stops_nobody(void)
{
    struct run r;
    uint64_t id;

    run_begin(&r);
    id = run_create(&r, "sam", draft);
    run_at(&r, 1100);
    CU_ASSERT_EQUAL(run_bid(&r, "ann", id, 15000), VERDICT_ACCEPTED);
    r.now = instant_of(1090000);
    CU_ASSERT_EQUAL(run_bid(&r, "bob", id, 20000), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(r.record.t, 1100000);
    run_crash(&r);
    CU_ASSERT_EQUAL(run_bid(&r, "cat", id, 30000), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(r.record.t, 1100000);
    CU_ASSERT_EQUAL(run_replay(&r), ERR_OK);
    run_end(&r);
}

static void
a_retraction_brings_back_the_bid_before(void)
{
    struct run r;
    uint64_t id;
    struct submission retract = {.cmd = COMMAND_RETRACT, .why = "typo"};

    run_begin(&r); /* R2 */
    retract.auction = id =
        run_create(&r, "sam",
                   "{\"title\":\"a\",\"currency\":\"EUR\",\"start_price\":1000,"
                   "\"ends_at\":\"1970-01-03T00:16:40Z\",\"retraction\":true}");
    run_bid(&r, "ann", id, 2000);
    run_at(&r, 1010);
    run_bid(&r, "bob", id, 3000);
    run_at(&r, 1020);
    run_bid(&r, "cat", id, 8000);
    CU_ASSERT_EQUAL(run_lot(&r, id)->price.minor, 3100);
    run_at(&r, 1030);
    CU_ASSERT_EQUAL(run_command(&r, "cat", ROLE_BIDDER, &retract),
                    VERDICT_ACCEPTED);
    CU_ASSERT_STRING_EQUAL(run_leader(&r, id), "bob");
    CU_ASSERT_EQUAL(run_lot(&r, id)->price.minor, 2050);
    CU_ASSERT_EQUAL(run_command(&r, "cat", ROLE_BIDDER, &retract),
                    VERDICT_STATE);
    run_end(&r);
}

/* Its enrolment and the retraction are in one batch. */
static void
a_strangers_first_command_may_be_a_retraction(void)
{
    struct run r;
    struct submission retract = {.cmd = COMMAND_RETRACT, .why = "typo"};

    run_begin(&r);
    retract.auction =
        run_create(&r, "sam",
                   "{\"title\":\"a\",\"currency\":\"EUR\",\"start_price\":1000,"
                   "\"ends_at\":\"1970-01-03T00:16:40Z\",\"retraction\":true}");
    run_bid(&r, "ann", retract.auction, 2000);
    CU_ASSERT_EQUAL(run_command(&r, "new", ROLE_BIDDER, &retract),
                    VERDICT_STATE);
    CU_ASSERT_EQUAL(r.task.answer.kind, ANSWER_RULED);
    CU_ASSERT_STRING_EQUAL(run_leader(&r, retract.auction), "ann");
    run_end(&r);
}

/** The largest price with the largest rates still has an invoice. */
static void
the_largest_invoice_fits_its_record(void)
{
    struct run r;
    uint64_t id;

    run_begin(&r);
    id = run_create(&r, "sam",
                    "{\"title\":\"a\",\"currency\":\"EUR\","
                    "\"start_price\":1000000000000000,\"premium_bp\":10000,"
                    "\"tax_bp\":10000,\"ends_at\":\"1970-01-01T01:00:00Z\"}");
    CU_ASSERT_EQUAL(run_bid(&r, "ann", id, MONEY_MAX), VERDICT_ACCEPTED);
    run_at(&r, 3600);
    CU_ASSERT_EQUAL(run_lot(&r, id)->outcome, OUTCOME_SOLD);
    CU_ASSERT_FALSE(engine_failed(r.engine));
    run_end(&r);
}

SUITE("english", NULL, NULL, TEST(the_second_highest_maximum_sets_the_price),
      TEST(the_largest_invoice_fits_its_record),
      TEST(a_repeated_request_gets_the_first_answer_byte_for_byte),
      TEST(an_aborted_commit_leaves_no_trace),
      TEST(a_failed_flush_is_unknown_and_ends_the_engine),
      TEST(timers_fire_in_order_before_the_next_command),
      TEST(a_restored_old_copy_is_refused),
      TEST(a_flipped_bit_in_the_tail_is_found_at_start),
      TEST(an_outage_with_grace_moves_the_end), TEST(a_default_is_replayed),
      TEST(a_clock_that_steps_back_stops_nobody),
      TEST(a_retraction_brings_back_the_bid_before),
      TEST(a_strangers_first_command_may_be_a_retraction))
