/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "liar.h"

#include "internal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Sealed bids against a server that breaks: whenever the log holds a
 * commitment, its opening is on the disk, also when the client is killed.
 */

enum { AMOUNT = 15000, CAP = 20000 };

static struct pki pki;
static struct liar *server;
static char state_dir[PKI_PATH_BYTES];
static const char *deadly_step;

static int
setup(void)
{
    pki_create(&pki);
    snprintf(state_dir, sizeof(state_dir), "%s/state", pki.folder);
    server = liar_start(&pki);
    return !auction_global_init();
}

static int
teardown(void)
{
    liar_stop(&server);
    pki_destroy(&pki);
    return 0;
}

static struct auction_client *
open_client(void)
{
    struct auction_options o = {
        .server = liar_url(server),
        .cert = pki.client_cert,
        .key = pki.client_key,
        .ca = pki.ca,
        .state_dir = state_dir,
        .timeout_ms = 5000,
        .retries = -1,
    };
    struct auction_client *client;
    struct auction_result result;

    CU_ASSERT_FATAL(auction_open(&client, &o, &result) == AUCTION_ACCEPTED);
    return client;
}

/** A log of its own and an empty folder. */
static void
begin(const char *status, int64_t closes_ms)
{
    char command[2 * PKI_PATH_BYTES];

    snprintf(command, sizeof(command), "rm -rf '%s'", state_dir);
    CU_ASSERT_EQUAL(system(command), 0);
    liar_rewrite(server, 3);
    liar_seal(server, status, closes_ms);
    liar_plan(server, NULL, 0);
}

static enum auction_outcome
commit(struct auction_opening *opening)
{
    struct auction_client *client = open_client();
    struct auction_result result;
    enum auction_outcome outcome;

    *opening = (struct auction_opening){
        .auction = 7, .amount = AMOUNT, .cap = CAP, .quantity = 1};
    outcome = auction_commit(client, opening, NULL, true, &result);
    auction_result_release(&result);
    auction_close(&client);
    return outcome;
}

static struct auction_openings
load(void)
{
    struct auction_openings all;
    struct auction_result result;

    CU_ASSERT_FATAL(auction_openings_load(state_dir, &all, &result) ==
                    AUCTION_ACCEPTED);
    CU_ASSERT_EQUAL(all.damaged, 0);
    return all;
}

/** Reveal what stands, as the command does; how many were. */
static unsigned
reveal_all(enum auction_outcome *outcome_out)
{
    struct auction_client *client = open_client();
    struct auction_openings all = load();
    struct auction_result result;
    unsigned count = 0;

    *outcome_out = auction_settle(client, &all, 7, 3, &result);
    auction_result_release(&result);
    for (size_t i = 0; i < all.count; i++) {
        if (all.items[i].state != AUCTION_OPENING_LIVE)
            continue;
        *outcome_out = auction_reveal(client, &all.items[i], &result);
        count += *outcome_out == AUCTION_ACCEPTED;
        auction_result_release(&result);
    }
    auction_openings_release(&all);
    auction_close(&client);
    return count;
}

static void
a_commitment_is_kept_and_opened_once_after_the_close(void)
{
    struct auction_openings all;
    struct auction_opening opening;
    enum auction_outcome outcome;

    begin("open", 1000);
    CU_ASSERT_EQUAL(commit(&opening), AUCTION_ACCEPTED);
    all = load();
    CU_ASSERT_EQUAL_FATAL(all.count, 1);
    CU_ASSERT_EQUAL(all.items[0].state, AUCTION_OPENING_LIVE);
    CU_ASSERT_EQUAL(all.items[0].seq, 3);
    auction_openings_release(&all);
    CU_ASSERT_EQUAL(reveal_all(&outcome), 0); /* it is open */
    CU_ASSERT_EQUAL(outcome, AUCTION_REFUSED);
    liar_seal(server, "reveal", 1000);
    CU_ASSERT_EQUAL(reveal_all(&outcome), 1);
    CU_ASSERT_EQUAL(reveal_all(&outcome), 0);
    CU_ASSERT_EQUAL(liar_count(server, "reveal.accepted"), 1);
}

/* Else an operator could read the bids by saying that it is over. */
static void
the_server_alone_cannot_say_that_the_close_has_passed(void)
{
    struct auction_opening opening;
    enum auction_outcome outcome;

    begin("open", now_ms() + 3600000);
    CU_ASSERT_EQUAL(commit(&opening), AUCTION_ACCEPTED);
    liar_seal(server, "reveal", opening.closes_ms);
    CU_ASSERT_EQUAL(reveal_all(&outcome), 0);
    CU_ASSERT_EQUAL(outcome, AUCTION_REFUSED);
    liar_seal(server, "reveal", 1000); /* other terms than were signed */
    CU_ASSERT_EQUAL(reveal_all(&outcome), 0);
    CU_ASSERT(!liar_holds(server, "\"amount\""));
}

static void
a_lost_answer_leaves_an_opening_that_is_found_out_later(void)
{
    static const enum fault cut[] = {FAULT_CUT_AFTER, FAULT_CUT_AFTER};
    struct auction_openings all;
    struct auction_opening opening;
    enum auction_outcome outcome;

    begin("open", 1000);
    liar_plan(server, cut, 2);
    CU_ASSERT_EQUAL(commit(&opening), AUCTION_UNKNOWN);
    all = load();
    CU_ASSERT_EQUAL_FATAL(all.count, 1);
    CU_ASSERT_EQUAL(all.items[0].state, AUCTION_OPENING_PREPARED);
    auction_openings_release(&all);
    liar_plan(server, NULL, 0);
    liar_seal(server, "reveal", 1000);
    CU_ASSERT_EQUAL(reveal_all(&outcome), 1);
    CU_ASSERT_EQUAL(liar_count(server, "commit.accepted"), 1);
}

static void
a_folder_that_cannot_be_written_sends_nothing(void)
{
    struct auction_opening opening;
    char path[PKI_PATH_BYTES + 16];
    FILE *file;

    begin("open", 1000);
    CU_ASSERT_EQUAL(commit(&opening), AUCTION_ACCEPTED);
    snprintf(path, sizeof(path), "rm -rf '%s/openings'", state_dir);
    CU_ASSERT_EQUAL(system(path), 0);
    snprintf(path, sizeof(path), "%s/openings", state_dir);
    file = fopen(path, "w"); /* a file where the folder should be */
    CU_ASSERT_FATAL(file != NULL && fclose(file) == 0);
    CU_ASSERT_EQUAL(commit(&opening), AUCTION_LOCAL_FAILURE);
    CU_ASSERT_EQUAL(liar_count(server, "commit.accepted"), 1);
}

/* ------------------------------------------------------------------- killing
 */

static void
die_there(const char *step)
{
    if (strcmp(step, deadly_step) == 0)
        raise(SIGKILL);
}

/** Run in a child that is killed behind the step. */
static void
run_to_death(void (*function)(void), const char *step)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        deadly_step = step;
        sealed_step = die_there;
        function();
        _exit(0);
    }
    CU_ASSERT(child > 0 && waitpid(child, &status, 0) == child);
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
commit_once(void)
{
    struct auction_opening opening;

    (void)commit(&opening);
}

static void
reveal_once(void)
{
    enum auction_outcome outcome;

    (void)reveal_all(&outcome);
}

static void
a_kill_at_any_step_of_a_commitment_loses_nothing(void)
{
    static const char *const steps[] = {"made", "stored", "sent", "followed"};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct auction_openings all;
        unsigned held;
        enum auction_outcome outcome;

        begin("open", 1000);
        run_to_death(commit_once, steps[i]);
        held = liar_count(server, "commit.accepted");
        CU_ASSERT_EQUAL(held, i >= 2);
        all = load();
        CU_ASSERT_EQUAL(all.count, i >= 1);
        if (held > 0 && all.count > 0)
            CU_ASSERT(liar_holds(server, all.items[0].c));
        auction_openings_release(&all);
        liar_seal(server, "reveal", 1000);
        if (i >= 2)
            CU_ASSERT_EQUAL(reveal_all(&outcome), 1);
    }
}

static void
a_kill_at_any_step_of_a_reveal_reveals_once(void)
{
    static const char *const steps[] = {"keyed", "revealed"};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct auction_opening opening;
        enum auction_outcome outcome;

        begin("open", 1000);
        CU_ASSERT_EQUAL(commit(&opening), AUCTION_ACCEPTED);
        liar_seal(server, "reveal", 1000);
        run_to_death(reveal_once, steps[i]);
        CU_ASSERT_EQUAL(reveal_all(&outcome), 1);
        CU_ASSERT_EQUAL(liar_count(server, "reveal.accepted"), 1);
    }
}

SUITE("sealed", setup, teardown,
      TEST(a_commitment_is_kept_and_opened_once_after_the_close),
      TEST(the_server_alone_cannot_say_that_the_close_has_passed),
      TEST(a_lost_answer_leaves_an_opening_that_is_found_out_later),
      TEST(a_folder_that_cannot_be_written_sends_nothing),
      TEST(a_kill_at_any_step_of_a_commitment_loses_nothing),
      TEST(a_kill_at_any_step_of_a_reveal_reveals_once))
