/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What verify says of an honest log, whole and with records withheld; of one
 * that was tampered with, by somebody with and without the log's key; and of
 * a folder in which something is missing.
 */
#include "forge.h"

#include "tap.h"

#include "../../../tools/audit/inspect.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char text[16384];
static struct forge forge;

static int
setup(void)
{
    forge_begin(&forge);
    return 0;
}

static int
teardown(void)
{
    forge_end(&forge);
    return 0;
}

static int
verify(const char *folder)
{
    struct inspect_options options = {.source.export_dir = folder,
                                      .ca = lab_get()->ca};

    return lab_run(inspect_verify, &options, text, sizeof(text));
}

/** Verified as false, by this check at this record. */
static bool
is_false_at(const char *check, size_t seq)
{
    char words[64];

    const char *at;

    snprintf(words, sizeof(words), "first false check: %s, seq %zu", check,
             seq);
    at = strstr(text, words);
    if (at != NULL && strchr(" \n", at[strlen(words)]) != NULL)
        return true;
    printf("# wanted: %s\n# got: %s", words, text);
    return false;
}

/** Verify the tampered lines under the honest head. */
static int
verify_written(void)
{
    forge_write(&forge);
    return verify(forge.folder);
}

/** Verify them as an operator would have signed them. */
static int
verify_signed(void)
{
    forge_sign(&forge, &lab_get()->logkey);
    return verify(forge.folder);
}

/** Everything as it was. */
static void
restore(void)
{
    forge_end(&forge);
    forge_begin(&forge);
}

/* ------------------------------------------------------------------- honest */

static void
an_honest_log_verifies(void)
{
    CU_ASSERT_EQUAL(verify(lab_get()->all), INSPECT_TRUE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "VERIFIED"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "0 withheld"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "3 auctions: 2 results recomputed"));
}

static void
a_stopped_servers_directory_verifies(void)
{
    struct inspect_options options = {.source.data_dir = lab_get()->data,
                                      .ca = lab_get()->ca};

    CU_ASSERT_EQUAL(lab_run(inspect_verify, &options, text, sizeof(text)),
                    INSPECT_TRUE);
}

static void
withheld_records_are_consistent_but_not_trusted(void)
{
    CU_ASSERT_EQUAL(verify(lab_get()->open), INSPECT_UNTRUSTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "CONSISTENT"));
    CU_ASSERT_PTR_NULL(strstr(text, "VERIFIED"));
}

static void
no_maximum_of_an_open_auction_is_exported(void)
{
    struct inspect_options options = {.source.export_dir = lab_get()->open,
                                      .ca = lab_get()->ca,
                                      .form = INSPECT_RAW};

    CU_ASSERT_EQUAL(lab_run(inspect_show, &options, text, sizeof(text)),
                    INSPECT_TRUE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"max\":12500")); /* closed */
    CU_ASSERT_PTR_NULL(strstr(text, "\"max\":7700"));      /* open */
    CU_ASSERT_PTR_NULL(strstr(text, "\"name\":\"ann\""));
}

static void
a_kept_receipt_agrees(void)
{
    struct inspect_options options = {.source.export_dir = lab_get()->all,
                                      .ca = lab_get()->ca,
                                      .receipts = {lab_get()->receipt},
                                      .receipt_count = 1};

    CU_ASSERT_EQUAL(lab_run(inspect_verify, &options, text, sizeof(text)),
                    INSPECT_TRUE);
}

/* ----------------------------------------------------- without the log's key
 */

static void
a_flipped_bit_is_named(void)
{
    for (size_t i = 0; i < forge.count; i += 7) {
        char *middle = &forge.lines[i].bytes[forge.lines[i].size / 2];
        *middle = (char)(*middle ^ 1);
        CU_ASSERT_EQUAL(verify_written(), INSPECT_FALSE);
        CU_ASSERT(is_false_at("tree", i));
        *middle = (char)(*middle ^ 1);
    }
}

static void
a_deleted_record_is_named(void)
{
    for (size_t i = 0; i < forge.count; i += 9) {
        forge_delete(&forge, i);
        CU_ASSERT_EQUAL(verify_written(), INSPECT_FALSE);
        CU_ASSERT(is_false_at("tree", i));
        forge_reset(&forge);
    }
}

static void
a_doubled_record_is_named(void)
{
    for (size_t i = 0; i < forge.count; i += 9) {
        struct line line = forge.lines[i];
        forge_insert(&forge, i + 1, &line);
        CU_ASSERT_EQUAL(verify_written(), INSPECT_FALSE);
        CU_ASSERT(is_false_at("tree", i + 1));
        forge_reset(&forge);
    }
}

static void
two_records_in_the_wrong_order_are_named(void)
{
    for (size_t i = 0; i + 1 < forge.count; i += 9) {
        forge_swap(&forge, i, forge.count - 1);
        CU_ASSERT_EQUAL(verify_written(), INSPECT_FALSE);
        CU_ASSERT(is_false_at("tree", i));
        forge_reset(&forge);
    }
}

static void
a_log_cut_short_is_found_at_every_length(void)
{
    while (forge.count > 0) {
        forge_delete(&forge, forge.count - 1);
        CU_ASSERT_EQUAL(verify_written(), INSPECT_FALSE);
        CU_ASSERT(is_false_at("tree", forge.count));
    }
    restore();
}

static void
a_file_cut_within_a_line_cannot_be_decided(void)
{
    char path[2 * LAB_PATH_BYTES];

    snprintf(path, sizeof(path), "%s/records.jsonl", forge.folder);
    forge_write(&forge);
    CU_ASSERT_EQUAL(truncate(path, 1000), 0);
    CU_ASSERT_EQUAL(verify(forge.folder), INSPECT_UNREADABLE);
    restore();
}

static void
another_key_is_refused(void)
{
    struct logkey thief = {.key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    uint8_t key[32];
    size_t size = sizeof(key);

    CU_ASSERT_EQUAL_FATAL(EVP_PKEY_get_raw_public_key(thief.key, key, &size),
                          1);
    CU_ASSERT_EQUAL_FATAL(log_verifier_init(&thief.verifier, LAB_ORIGIN, key),
                          ERR_OK);
    forge_sign(&forge, &thief);
    CU_ASSERT_EQUAL(verify(forge.folder), INSPECT_FALSE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "first false check: checkpoint"));
    logkey_release(&thief);
    restore();
}

static void
another_ca_is_refused(void)
{
    struct inspect_options options = {.source.export_dir = lab_get()->all,
                                      .ca = lab_get()->other_ca};

    CU_ASSERT_EQUAL(lab_run(inspect_verify, &options, text, sizeof(text)),
                    INSPECT_FALSE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "first false check: log key"));
    options.ca = NULL;
    CU_ASSERT_EQUAL(lab_run(inspect_verify, &options, text, sizeof(text)),
                    INSPECT_UNTRUSTED);
}

/* --------------------------------------------------------- something missing
 */

static void
what_is_missing_is_never_verified(void)
{
    static const char *const parts[] = {"checkpoint", "log-cert.pem",
                                        "records.jsonl", "blobs"};
    char path[2 * LAB_PATH_BYTES], to[3 * LAB_PATH_BYTES];

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", forge.folder, parts[i]);
        snprintf(to, sizeof(to), "%s.away", path);
        CU_ASSERT_EQUAL(rename(path, to), 0);
        CU_ASSERT_EQUAL(verify(forge.folder), INSPECT_UNREADABLE);
        CU_ASSERT_PTR_NULL(strstr(text, "\nVERIFIED"));
        CU_ASSERT_EQUAL(rename(to, path), 0);
    }
    CU_ASSERT_EQUAL(verify(forge.folder), INSPECT_TRUE);
}

static void
an_empty_log_is_never_verified(void)
{
    while (forge.count > 0)
        forge_delete(&forge, forge.count - 1);
    CU_ASSERT_EQUAL(verify_signed(), INSPECT_UNREADABLE);
    restore();
}

static void
without_tiles_the_root_still_tells(void)
{
    char path[2 * LAB_PATH_BYTES];

    snprintf(path, sizeof(path), "%s/tile", forge.folder);
    lab_remove(path);
    CU_ASSERT_EQUAL(verify(forge.folder), INSPECT_TRUE);
    forge_swap(&forge, 3, 4);
    CU_ASSERT_EQUAL(verify_written(), INSPECT_FALSE);
    restore();
}

/* -------------------------------------------------------- with the log's key
 */

static void
a_resigned_price_is_found_by_the_replay_alone(void)
{
    size_t at = forge_find(&forge, 0, RECORD_BID_ACCEPTED);

    forge.record.price += 1;
    CU_ASSERT(forge_store(&forge, at));
    /* Later commands have seen the honest head: forge without them. */
    while (forge.count > at + 1)
        forge_delete(&forge, forge.count - 1);
    CU_ASSERT_EQUAL(verify_signed(), INSPECT_FALSE);
    CU_ASSERT(is_false_at("replay", at));
    restore();
}

static void
signed_heads_contradict_a_rewritten_past(void)
{
    size_t at = forge_find(&forge, 0, RECORD_USER_ENROLLED);

    forge.record.salt.bytes[0] ^= 1; /* nothing the rules could see */
    CU_ASSERT(forge_store(&forge, at));
    CU_ASSERT_EQUAL(verify_signed(), INSPECT_FALSE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "first false check: heads"));
    restore();
}

static void
a_resigned_maximum_breaks_the_bidders_signature(void)
{
    size_t at = forge_find(&forge, 0, RECORD_BID_ACCEPTED);

    forge.record.max += 1;
    CU_ASSERT(forge_store(&forge, at));
    CU_ASSERT_EQUAL(verify_signed(), INSPECT_FALSE);
    CU_ASSERT(is_false_at("signatures", at));
    restore();
}

static void
an_auction_closed_early_is_found(void)
{
    size_t at = forge_find(&forge, 0, RECORD_AUCTION_CLOSED);
    size_t end = at;
    int64_t tx = forge.record.tx;

    while (forge.count > at + 3)
        forge_delete(&forge, forge.count - 1);
    for (; end < forge.count; end++) { /* closed, award, invoice */
        forge_read(&forge, end);
        CU_ASSERT_EQUAL(forge.record.tx, tx);
        forge.record.t -= 1;
        CU_ASSERT(forge_store(&forge, end));
    }
    CU_ASSERT_EQUAL(verify_signed(), INSPECT_FALSE);
    CU_ASSERT(is_false_at("replay", at));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "before it was due"));
    restore();
}

static void
a_good_bid_cannot_be_refused_for_its_head(void)
{
    size_t at = forge_find(&forge, 0, RECORD_BID_REFUSED);

    RECORD_SET_TEXT(&forge.record, reason, "ERR_SIGNATURE");
    RECORD_SET_TEXT(&forge.record, cause, "head");
    forge.record.present[MEMBER_min_next >> 6] &=
        ~(UINT64_C(1) << (MEMBER_min_next & 63));
    CU_ASSERT(forge_store(&forge, at));
    while (forge.count > at + 1)
        forge_delete(&forge, forge.count - 1);
    CU_ASSERT_EQUAL(verify_signed(), INSPECT_FALSE);
    CU_ASSERT(is_false_at("heads", at));
    forge_read(&forge, at);
    RECORD_SET_TEXT(&forge.record, cause, "expired");
    CU_ASSERT(forge_store(&forge, at));
    CU_ASSERT_EQUAL(verify_signed(), INSPECT_FALSE);
    CU_ASSERT(is_false_at("replay", at));
    restore();
}

static void
an_extension_after_an_outage_cannot_be_left_out(void)
{
    size_t at = forge_find(&forge, 0, RECORD_SERVER_START);

    at = forge_find(&forge, at + 1, RECORD_SERVER_START);
    forge_read(&forge, at + 1);
    CU_ASSERT_EQUAL(forge.record.type, RECORD_AUCTION_EXTENDED);
    while (forge.count > at + 1)
        forge_delete(&forge, forge.count - 1);
    CU_ASSERT_EQUAL(verify_signed(), INSPECT_TRUE); /* it might still come */
    forge_read(&forge, 0);
    record_init(&forge.record, RECORD_LOG_HEARTBEAT);
    {
        struct record_actor nobody = {.kind = RECORD_ACTOR_SYSTEM};
        struct record heartbeat = forge.record;
        forge_read(&forge, at);
        RECORD_SET(&heartbeat, seq, (int64_t)at + 1);
        RECORD_SET(&heartbeat, t, forge.record.t);
        RECORD_SET(&heartbeat, tx, forge.record.tx + 1);
        RECORD_SET(&heartbeat, salt, forge.record.salt);
        (void)nobody;
        forge.record = heartbeat;
    }
    forge_insert(&forge, at + 1, &forge.lines[at]);
    CU_ASSERT(forge_store(&forge, at + 1));
    CU_ASSERT_EQUAL(verify_signed(), INSPECT_FALSE);
    CU_ASSERT(is_false_at("replay", at + 1));
    restore();
}

static void
a_log_begins_with_its_own_name(void)
{
    forge_read(&forge, 0);
    RECORD_SET_TEXT(&forge.record, origin, "lab.example/log/2");
    CU_ASSERT(forge_store(&forge, 0));
    CU_ASSERT_EQUAL(verify_signed(), INSPECT_FALSE);
    CU_ASSERT(is_false_at("records", 0));
    restore();
}

SUITE("verify", setup, teardown, TEST(an_honest_log_verifies),
      TEST(a_stopped_servers_directory_verifies),
      TEST(withheld_records_are_consistent_but_not_trusted),
      TEST(no_maximum_of_an_open_auction_is_exported),
      TEST(a_kept_receipt_agrees), TEST(a_flipped_bit_is_named),
      TEST(a_deleted_record_is_named), TEST(a_doubled_record_is_named),
      TEST(two_records_in_the_wrong_order_are_named),
      TEST(a_log_cut_short_is_found_at_every_length),
      TEST(a_file_cut_within_a_line_cannot_be_decided),
      TEST(another_key_is_refused), TEST(another_ca_is_refused),
      TEST(what_is_missing_is_never_verified),
      TEST(an_empty_log_is_never_verified),
      TEST(without_tiles_the_root_still_tells),
      TEST(a_resigned_price_is_found_by_the_replay_alone),
      TEST(signed_heads_contradict_a_rewritten_past),
      TEST(a_resigned_maximum_breaks_the_bidders_signature),
      TEST(an_auction_closed_early_is_found),
      TEST(a_good_bid_cannot_be_refused_for_its_head),
      TEST(an_extension_after_an_outage_cannot_be_left_out),
      TEST(a_log_begins_with_its_own_name))
