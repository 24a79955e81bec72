/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "liar.h"

#include "internal.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The client against a server that breaks, lies and forgets: "accepted" only
 * for what is proved, "unknown" for all that may have been done.
 */

enum { MAX = 15000 };

static struct pki pki;
static struct liar *server;
static char state_dir[PKI_PATH_BYTES];

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

static struct auction_options
options(int retries, bool keeps_state)
{
    return (struct auction_options){
        .server = liar_url(server),
        .cert = pki.client_cert,
        .key = pki.client_key,
        .ca = pki.ca,
        .state_dir = keeps_state ? state_dir : NULL,
        .timeout_ms = 5000,
        .retries = retries == 0 ? -1 : retries,
    };
}

/** Bid once with a new client, which meets the faults. */
static enum auction_outcome
bid(const enum fault *faults, size_t count, int retries,
    struct auction_result *result)
{
    struct auction_options o = options(retries, false);
    struct auction_client *client;

    CU_ASSERT_EQUAL_FATAL(auction_open(&client, &o, result), AUCTION_ACCEPTED);
    liar_plan(server, faults, count);
    auction_bid(client, 7, MAX, NULL, true, result);
    auction_close(&client);
    return result->outcome;
}

static void
a_proven_bid_is_accepted(void)
{
    static const enum fault none[] = {FAULT_NONE};
    struct auction_result result;

    CU_ASSERT_EQUAL(bid(none, 1, 0, &result), AUCTION_ACCEPTED);
    CU_ASSERT(result.is_verified && result.is_leading);
    CU_ASSERT_EQUAL(result.price, 10000);
    CU_ASSERT_EQUAL(result.minimum_bid, 10500);
    CU_ASSERT_STRING_EQUAL(result.ends_at, "2026-11-24T13:00:00.000Z");
    CU_ASSERT(strncmp(result.receipt, "c2sp.org/tlog-proof@v1\n", 23) == 0);
    CU_ASSERT(strstr(liar_body(server), "\"alg\":\"p256\"") != NULL);
    auction_result_release(&result);
}

static void
a_proven_refusal_is_a_refusal(void)
{
    static const enum fault refuses[] = {FAULT_REFUSES};
    struct auction_result result;

    CU_ASSERT_EQUAL(bid(refuses, 1, 0, &result), AUCTION_REFUSED);
    CU_ASSERT(result.is_verified);
    CU_ASSERT_STRING_EQUAL(result.code, "too-low");
    CU_ASSERT_EQUAL(result.minimum_bid, 10500);
    auction_result_release(&result);
}

static void
nothing_but_the_proof_of_this_very_bid_is_believed(void)
{
    static const enum fault lies[] = {FAULT_NO_RECEIPT,    FAULT_OTHER_MAX,
                                      FAULT_OTHER_REQUEST, FAULT_OTHER_SIGNER,
                                      FAULT_SAYS_REFUSED,  FAULT_SAYS_ACCEPTED,
                                      FAULT_BAD_PROOF};
    struct auction_result result;

    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        CU_ASSERT_EQUAL(bid(&lies[i], 1, 0, &result), AUCTION_UNKNOWN);
        CU_ASSERT(!result.is_verified);
        CU_ASSERT_PTR_NULL(result.receipt);
        CU_ASSERT_EQUAL(strlen(result.key), 32);
        auction_result_release(&result);
    }
}

static void
a_lost_answer_is_asked_for_again_and_done_once(void)
{
    static const enum fault plans[][3] = {
        {FAULT_CUT_BEFORE, FAULT_CUT_AFTER, FAULT_NONE},
        {FAULT_CUT_AFTER, FAULT_BUSY, FAULT_NONE},
        {FAULT_ERROR, FAULT_CUT_BEFORE, FAULT_NONE},
        {FAULT_BUSY, FAULT_NO_RECEIPT, FAULT_NONE}};
    struct auction_result result;

    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        CU_ASSERT_EQUAL(bid(plans[i], 3, 3, &result), AUCTION_ACCEPTED);
        CU_ASSERT_EQUAL(liar_posts(server), 3);
        CU_ASSERT_EQUAL(liar_executed(server), 1);
        auction_result_release(&result);
    }
}

/* On a connection that was used before, libcurl itself sends once more. */
static void
what_may_have_been_done_stays_unknown(void)
{
    static const enum fault plans[][2] = {{FAULT_CUT_AFTER, FAULT_BUSY},
                                          {FAULT_CUT_BEFORE, FAULT_CUT_BEFORE},
                                          {FAULT_CUT_AFTER, FAULT_BARE_404},
                                          {FAULT_ERROR, FAULT_ERROR}};
    struct auction_result result;

    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        enum fault twice[] = {plans[i][0], plans[i][0], plans[i][1],
                              plans[i][1]};

        CU_ASSERT_EQUAL(bid(twice, 4, 1, &result), AUCTION_UNKNOWN);
        CU_ASSERT_EQUAL(strlen(result.key), 32);
        auction_result_release(&result);
    }
}

/* libcurl's own repetition must not do a raw command twice either. */
static void
a_raw_post_has_a_key_and_is_done_once(void)
{
    static const enum fault cut[] = {FAULT_CUT_AFTER};
    struct auction_options o = options(0, false);
    struct auction_client *client;
    struct auction_result result;

    CU_ASSERT_FATAL(auction_open(&client, &o, &result) == AUCTION_ACCEPTED);
    CU_ASSERT_EQUAL(auction_call(client, "GET", "/v1", NULL, NULL, &result),
                    AUCTION_ACCEPTED);
    auction_result_release(&result);
    liar_plan(server, cut, 1);
    CU_ASSERT_EQUAL(auction_call(client, "POST", "/v1/auctions/7/bid",
                                 "{\"max\":15000}", NULL, &result),
                    AUCTION_ACCEPTED);
    CU_ASSERT_EQUAL(liar_posts(server), 2);
    CU_ASSERT_EQUAL(liar_executed(server), 1);
    CU_ASSERT_EQUAL(strlen(result.key), 32);
    auction_result_release(&result);
    auction_close(&client);
}

static void
what_was_surely_not_done_is_known(void)
{
    static const enum fault busy[] = {FAULT_BUSY, FAULT_BUSY};
    static const enum fault missing[] = {FAULT_BARE_404};
    struct auction_result result;

    CU_ASSERT_EQUAL(bid(busy, 2, 1, &result), AUCTION_BUSY);
    auction_result_release(&result);
    CU_ASSERT_EQUAL(bid(missing, 1, 0, &result), AUCTION_NOT_FOUND);
    auction_result_release(&result);
    CU_ASSERT_EQUAL(liar_executed(server), 0);
}

/* --------------------------------------------------------------- kept heads */

static enum auction_outcome
bid_with_state(struct auction_result *result)
{
    struct auction_options o = options(0, true);
    struct auction_client *client;

    CU_ASSERT_EQUAL_FATAL(auction_open(&client, &o, result), AUCTION_ACCEPTED);
    liar_plan(server, NULL, 0);
    auction_bid(client, 7, MAX, NULL, true, result);
    CU_ASSERT_STRING_EQUAL(auction_warning(client), "");
    auction_close(&client);
    return result->outcome;
}

/** The one kept file; false when there is none. */
static bool
kept_file(char path[2 * PKI_PATH_BYTES])
{
    DIR *folder = opendir(state_dir);
    struct dirent *entry;
    bool is_found = false;

    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (strstr(entry->d_name, ".checkpoint") != NULL &&
            strstr(entry->d_name, ".lock") == NULL) {
            CU_ASSERT(!is_found);
            is_found = true;
            snprintf(path, (size_t)2 * PKI_PATH_BYTES, "%.150s/%.150s",
                     state_dir, entry->d_name);
        }
    if (folder != NULL)
        closedir(folder);
    return is_found;
}

/** The head that was proved to continue all others, beside the largest. */
static void
proved_file(char path[2 * PKI_PATH_BYTES])
{
    CU_ASSERT_FATAL(kept_file(path));
    strcpy(strstr(path, ".checkpoint"), ".proved");
}

static void
forget(void)
{
    char path[2 * PKI_PATH_BYTES];

    if (!kept_file(path))
        return;
    CU_ASSERT_EQUAL(unlink(path), 0);
    strcpy(strstr(path, ".checkpoint"), ".proved");
    CU_ASSERT_EQUAL(unlink(path), 0);
}

/** A whole small file, terminated. */
static size_t
read_whole(const char *path, char *text, size_t capacity)
{
    FILE *file = fopen(path, "r");
    size_t size;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    size = fread(text, 1, capacity - 1, file);
    fclose(file);
    text[size] = '\0';
    return size;
}

static void
the_newest_head_is_kept_for_its_owner_alone(void)
{
    struct auction_result result;
    char path[2 * PKI_PATH_BYTES];
    struct stat info;

    forget();
    CU_ASSERT_EQUAL(bid_with_state(&result), AUCTION_ACCEPTED);
    auction_result_release(&result);
    CU_ASSERT_FATAL(kept_file(path));
    CU_ASSERT(stat(path, &info) == 0 && (info.st_mode & 0777) == 0600);
    CU_ASSERT(strstr(path, "/127.0.0.1%2Flog%2F1-") != NULL);
    CU_ASSERT_EQUAL(bid_with_state(&result), AUCTION_ACCEPTED);
    auction_result_release(&result);
}

static void
a_log_that_was_rolled_back_or_rewritten_gets_no_bid(void)
{
    struct auction_result result;

    forget();
    liar_rewrite(server, 5);
    CU_ASSERT_EQUAL(bid_with_state(&result), AUCTION_ACCEPTED); /* 6 now */
    auction_result_release(&result);
    for (unsigned records = 4; records <= 9; records++) {
        liar_rewrite(server, records);
        CU_ASSERT_EQUAL(bid_with_state(&result), AUCTION_NO_CONNECTION);
        CU_ASSERT_EQUAL(liar_posts(server), 0);
        CU_ASSERT(strstr(result.message, "no longer contains") != NULL);
        auction_result_release(&result);
    }
    forget();
}

/* The two signed heads prove it to everybody: so they must not get lost. */
static void
two_heads_that_disagree_are_kept_as_evidence(void)
{
    static const char line[] = "\n\xe2\x80\x94 " PKI_ORIGIN " ";
    struct auction_result result;
    char text[16384], *path, *first;
    struct stat info;

    for (unsigned records = 4; records <= 8; records += 4) {
        forget();
        liar_rewrite(server, 5);
        CU_ASSERT_EQUAL(bid_with_state(&result), AUCTION_ACCEPTED);
        auction_result_release(&result);
        liar_rewrite(server, records);
        CU_ASSERT_EQUAL(bid_with_state(&result), AUCTION_NO_CONNECTION);
        path = strstr(result.message, "/tmp/");
        CU_ASSERT_PTR_NOT_NULL_FATAL(path);
        CU_ASSERT(stat(path, &info) == 0 && (info.st_mode & 0777) == 0600);
        read_whole(path, text, sizeof(text));
        first = strstr(text, line);
        CU_ASSERT_PTR_NOT_NULL_FATAL(first);
        CU_ASSERT(strstr(first + 1, line) != NULL);
        CU_ASSERT(strstr(text, "shown now\n" PKI_ORIGIN "\n") != NULL);
        auction_result_release(&result);
    }
    forget();
}

/* A receipt's head must continue the one that was proved before it. */
static void
a_fork_between_two_connections_is_found(void)
{
    char path[2 * PKI_PATH_BYTES], old[CHECKPOINT_BYTES_MAX];
    struct auction_result result;
    FILE *file;

    forget();
    for (int i = 0; i < 2; i++) {
        liar_rewrite(server, 5);
        CU_ASSERT_EQUAL(bid_with_state(&result), AUCTION_ACCEPTED);
        auction_result_release(&result);
        proved_file(path);
        if (i == 0) {
            read_whole(path, old, sizeof(old));
            forget();
        }
    }
    CU_ASSERT_EQUAL(bid_with_state(&result), AUCTION_ACCEPTED);
    auction_result_release(&result);
    file = fopen(path, "w");
    CU_ASSERT_FATAL(file != NULL && fputs(old, file) >= 0);
    fclose(file);
    CU_ASSERT_EQUAL(bid_with_state(&result), AUCTION_NO_CONNECTION);
    CU_ASSERT_EQUAL(liar_posts(server), 0);
    CU_ASSERT(strstr(result.message, "evidence in") != NULL);
    auction_result_release(&result);
    forget();
}

static void
another_key_of_the_same_ca_gets_no_bid(void)
{
    struct auction_result result;

    forget();
    CU_ASSERT_EQUAL(bid_with_state(&result), AUCTION_ACCEPTED);
    auction_result_release(&result);
    pki_new_log_key(&pki);
    CU_ASSERT_EQUAL(bid_with_state(&result), AUCTION_NO_CONNECTION);
    CU_ASSERT_EQUAL(liar_posts(server), 0);
    auction_result_release(&result);
    forget();
    CU_ASSERT_EQUAL(bid_with_state(&result), AUCTION_ACCEPTED);
    auction_result_release(&result);
}

static void
a_kept_receipt_is_proved_and_a_changed_one_is_not(void)
{
    static const enum fault none[] = {FAULT_NONE};
    struct auction_options o = options(0, false);
    struct auction_client *client;
    struct auction_result made, result;
    char *digit;

    CU_ASSERT_EQUAL(bid(none, 1, 0, &made), AUCTION_ACCEPTED);
    CU_ASSERT_FATAL(auction_open(&client, &o, &result) == AUCTION_ACCEPTED);
    CU_ASSERT_EQUAL(auction_verify_receipt(client, made.receipt,
                                           strlen(made.receipt), &result),
                    AUCTION_ACCEPTED);
    CU_ASSERT(result.is_verified && result.seq == made.seq);
    auction_result_release(&result);
    digit = strstr(made.receipt, "\nindex ") + 7;
    *digit = *digit == '9' ? '8' : (char)(*digit + 1);
    CU_ASSERT_EQUAL(auction_verify_receipt(client, made.receipt,
                                           strlen(made.receipt), &result),
                    AUCTION_INVALID);
    CU_ASSERT(!result.is_verified);
    auction_result_release(&result);
    auction_close(&client);
    auction_result_release(&made);
}

/* -------------------------------------------------------------- live events */

struct heard {
    char text[256];
    unsigned count, enough;
};

static bool
hear(void *context, const struct auction_event *event)
{
    struct heard *h = context;
    size_t used = strlen(h->text);

    snprintf(h->text + used, sizeof(h->text) - used, "%s:%s ", event->id,
             event->data);
    return ++h->count != h->enough;
}

static enum auction_outcome
stream(int64_t after, struct heard *heard)
{
    struct auction_options o = options(0, false);
    struct auction_client *client;
    struct auction_result result;
    enum auction_outcome outcome;

    CU_ASSERT_FATAL(auction_open(&client, &o, &result) == AUCTION_ACCEPTED);
    outcome = auction_stream(client, "auction=7", after, hear, heard, &result);
    auction_result_release(&result);
    /* The client is good for calls again. */
    CU_ASSERT_EQUAL(auction_call(client, "GET", "/v1", NULL, NULL, &result),
                    AUCTION_ACCEPTED);
    auction_result_release(&result);
    auction_close(&client);
    return outcome;
}

static void
a_broken_stream_goes_on_behind_its_last_whole_event(void)
{
    static const char *const parts[] = {
        "retry: 1\n\nid: 7\ndata: a\n\nid: 8\ndata: b", "",
        "id: 8\ndata: b\n\nid: 9\ndata: c\n\n"};
    struct heard heard = {.enough = 3};

    liar_stream(server, parts, 3);
    CU_ASSERT_EQUAL(stream(5, &heard), AUCTION_ACCEPTED);
    CU_ASSERT_STRING_EQUAL(heard.text, "7:a 8:b 9:c ");
    CU_ASSERT_STRING_EQUAL(liar_places(server), "after=5 id=7 id=7 ");
}

static void
from_now_on_is_a_place_in_the_log(void)
{
    static const char *const parts[] = {"retry: 1\n\n", "id: 4\ndata: a\n\n"};
    struct heard heard = {.enough = 1};

    liar_rewrite(server, 4); /* the next record is number 4 */
    liar_stream(server, parts, 2);
    CU_ASSERT_EQUAL(stream(-1, &heard), AUCTION_ACCEPTED);
    CU_ASSERT_STRING_EQUAL(liar_places(server), "after=3 after=3 ");
}

static void
a_refused_stream_is_not_asked_for_again(void)
{
    static const char *const parts[] = {"retry: 1\n\nid: 7\ndata: a\n\n"};
    struct heard heard = {.enough = 9};

    liar_stream(server, parts, 1);
    CU_ASSERT_EQUAL(stream(5, &heard), AUCTION_NOT_ALLOWED);
    CU_ASSERT_STRING_EQUAL(liar_places(server), "after=5 id=7 ");
}

/* ------------------------------------------------------------------- trust */

static void
a_server_that_is_not_there_or_not_trusted_is_no_connection(void)
{
    struct auction_options o = options(0, false);
    struct auction_client *client;
    struct auction_result result;

    o.server = "https://127.0.0.1:1";
    CU_ASSERT_FATAL(auction_open(&client, &o, &result) == AUCTION_ACCEPTED);
    CU_ASSERT_EQUAL(auction_bid(client, 7, MAX, NULL, true, &result),
                    AUCTION_NO_CONNECTION);
    auction_result_release(&result);
    auction_close(&client);

    o = options(0, false);
    o.ca = pki.client_cert; /* a certificate, but not of the CA */
    CU_ASSERT_FATAL(auction_open(&client, &o, &result) == AUCTION_ACCEPTED);
    CU_ASSERT_EQUAL(auction_bid(client, 7, MAX, NULL, true, &result),
                    AUCTION_NO_CONNECTION);
    CU_ASSERT(strstr(result.message, "not trusted") != NULL);
    auction_result_release(&result);
    auction_close(&client);
}

static enum auction_outcome
open_with(const char *key, const char *passphrase_file)
{
    struct auction_options o = options(0, false);
    struct auction_client *client;
    struct auction_result result;

    o.key = key;
    o.passphrase_file = passphrase_file;
    auction_open(&client, &o, &result);
    auction_close(&client);
    return result.outcome;
}

static void
a_key_that_others_can_read_is_refused(void)
{
    CU_ASSERT_EQUAL(chmod(pki.client_key, 0640), 0);
    CU_ASSERT_EQUAL(open_with(pki.client_key, NULL), AUCTION_LOCAL_FAILURE);
    CU_ASSERT_EQUAL(chmod(pki.client_key, 0600), 0);
    CU_ASSERT_EQUAL(open_with(pki.client_key, NULL), AUCTION_ACCEPTED);
    CU_ASSERT_EQUAL(open_with(pki.server_key, NULL), AUCTION_LOCAL_FAILURE);
    CU_ASSERT_EQUAL(open_with("/nonexistent", NULL), AUCTION_LOCAL_FAILURE);
    CU_ASSERT_EQUAL(open_with(NULL, NULL), AUCTION_USAGE);
}

/** The client's key once more, encrypted. */
static void
encrypt_key(char path[PKI_PATH_BYTES])
{
    FILE *in = fopen(pki.client_key, "r"), *out;
    EVP_PKEY *key = PEM_read_PrivateKey(in, NULL, NULL, NULL);
    static unsigned char secret[] = "correct horse";

    snprintf(path, PKI_PATH_BYTES, "%s/encrypted.key", pki.folder);
    out = fopen(path, "w");
    CU_ASSERT_FATAL(key != NULL && out != NULL);
    CU_ASSERT(PEM_write_PrivateKey(out, key, EVP_aes_256_cbc(), secret,
                                   sizeof(secret) - 1, NULL, NULL) == 1);
    fclose(in);
    fclose(out);
    EVP_PKEY_free(key);
    CU_ASSERT_EQUAL(chmod(path, 0600), 0);
}

static void
an_encrypted_key_is_opened_by_its_passphrase_file(void)
{
    char key[PKI_PATH_BYTES], right[PKI_PATH_BYTES], wrong[PKI_PATH_BYTES];
    struct auction_options o = options(0, false);
    struct auction_client *client;
    struct auction_result result;

    encrypt_key(key);
    pki_write(&pki, right, "right", "correct horse\nsecond line\n", 0600);
    pki_write(&pki, wrong, "wrong", "wrong horse\n", 0600);
    CU_ASSERT_EQUAL(open_with(key, NULL), AUCTION_LOCAL_FAILURE);
    CU_ASSERT_EQUAL(open_with(key, wrong), AUCTION_LOCAL_FAILURE);
    CU_ASSERT_EQUAL(open_with(key, right), AUCTION_ACCEPTED);
    o.key = key;
    o.passphrase_file = right;
    CU_ASSERT_FATAL(auction_open(&client, &o, &result) == AUCTION_ACCEPTED);
    liar_plan(server, NULL, 0);
    CU_ASSERT_EQUAL(auction_bid(client, 7, MAX, NULL, true, &result),
                    AUCTION_ACCEPTED);
    auction_result_release(&result);
    auction_close(&client);
}

SUITE("honesty", setup, teardown, TEST(a_proven_bid_is_accepted),
      TEST(a_proven_refusal_is_a_refusal),
      TEST(nothing_but_the_proof_of_this_very_bid_is_believed),
      TEST(a_lost_answer_is_asked_for_again_and_done_once),
      TEST(what_may_have_been_done_stays_unknown),
      TEST(a_raw_post_has_a_key_and_is_done_once),
      TEST(what_was_surely_not_done_is_known),
      TEST(the_newest_head_is_kept_for_its_owner_alone),
      TEST(a_log_that_was_rolled_back_or_rewritten_gets_no_bid),
      TEST(two_heads_that_disagree_are_kept_as_evidence),
      TEST(a_fork_between_two_connections_is_found),
      TEST(another_key_of_the_same_ca_gets_no_bid),
      TEST(a_kept_receipt_is_proved_and_a_changed_one_is_not),
      TEST(a_broken_stream_goes_on_behind_its_last_whole_event),
      TEST(from_now_on_is_a_place_in_the_log),
      TEST(a_refused_stream_is_not_asked_for_again),
      TEST(a_server_that_is_not_there_or_not_trusted_is_no_connection),
      TEST(a_key_that_others_can_read_is_refused),
      TEST(an_encrypted_key_is_opened_by_its_passphrase_file))
