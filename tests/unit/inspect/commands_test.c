/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show, replay and check-receipt.
 */
#include "forge.h"

#include "tap.h"

#include "../../../tools/audit/inspect.h"

#include <stdio.h>
#include <string.h>

static char text[65536];

static struct inspect_options
options_of(const char *folder)
{
    return (struct inspect_options){.export_dir = folder,
                                    .ca = lab_get()->ca,
                                    .to = UINT64_MAX,
                                    .limit = UINT64_MAX,
                                    .until = {INT64_MAX}};
}

static int
show(const struct inspect_options *options)
{
    return lab_run(inspect_show, options, text, sizeof(text));
}

static size_t
count_lines(void)
{
    size_t count = 0;

    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        count++;
    return count;
}

static void
show_filters_by_what_is_asked(void)
{
    struct inspect_options options = options_of(lab_get()->all);

    options.auction = 1;
    options.type = "bid.accepted";
    CU_ASSERT_EQUAL(show(&options), INSPECT_TRUE);
    CU_ASSERT_EQUAL(count_lines(), 6); /* title, four bids, sum */
    options.user = "bob";
    CU_ASSERT_EQUAL(show(&options), INSPECT_TRUE);
    CU_ASSERT_EQUAL(count_lines(), 4);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "ann leads at 127.50"));
    options.until = options.since;
    CU_ASSERT_EQUAL(show(&options), INSPECT_NOTHING);
    options = options_of(lab_get()->all);
    options.reason = "ERR_TOO_LOW";
    CU_ASSERT_EQUAL(show(&options), INSPECT_TRUE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "ERR_TOO_LOW, minimum 130.00"));
}

static void
show_reverses_the_bytes_of_a_data_directory(void)
{
    struct inspect_options options = options_of(NULL);

    options.data_dir = lab_get()->data;
    options.wants_raw = options.is_reverse = true;
    options.limit = 1;
    CU_ASSERT_EQUAL(show(&options), INSPECT_TRUE);
    CU_ASSERT_EQUAL(count_lines(), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"type\":\"server.stop\",\"v\":1}\n"));
}

static void
control_characters_do_not_reach_a_terminal(void)
{
    static struct forge forge;
    struct inspect_options options;
    size_t at;

    forge_begin(&forge);
    at = forge_find(&forge, 0, RECORD_BID_REFUSED);
    RECORD_SET_TEXT(&forge.record, reason,
                    "\x1b[2J\xc2\x9b"
                    "2J");
    CU_ASSERT(forge_store(&forge, at));
    forge_write(&forge);
    options = options_of(forge.folder);
    CU_ASSERT_EQUAL(show(&options), INSPECT_TRUE);
    CU_ASSERT_PTR_NULL(strchr(text, '\x1b'));
    CU_ASSERT_PTR_NULL(strchr(text, '\x9b'));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\\x1b[2J\\xc2\\x9b2J"));
    forge_end(&forge);
}

static void
an_account_number_cannot_reach_beyond_the_table(void)
{
    static const int64_t numbers[] = {-5, 0, INT64_C(9007199254740991)};
    static struct forge forge;
    struct inspect_options options;
    size_t at;

    forge_begin(&forge);
    at = forge_find(&forge, 0, RECORD_USER_ENROLLED);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        forge_read(&forge, at);
        forge.record.uid = numbers[i];
        CU_ASSERT(forge_store(&forge, at));
        forge_write(&forge);
        options = options_of(forge.folder);
        CU_ASSERT_EQUAL(show(&options), INSPECT_TRUE);
        CU_ASSERT_EQUAL(lab_run(inspect_replay, &options, text, sizeof(text)),
                        INSPECT_FALSE);
    }
    forge_end(&forge);
}

static void
replay_tells_what_became_of_an_auction(void)
{
    static char one[] = "1";
    char *words[] = {one};
    struct inspect_options options = options_of(lab_get()->all);

    options.words = words;
    options.word_count = 1;
    CU_ASSERT_EQUAL(lab_run(inspect_replay, &options, text, sizeof(text)),
                    INSPECT_TRUE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "1 english: "));
    /* 15000 and 12500, 30000 of ann herself, then 40000: one step above. */
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "sold to bob at 305.00 EUR"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "4 accepted"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "1 extensions"));
    words[0] = (char[]){"99"};
    CU_ASSERT_EQUAL(lab_run(inspect_replay, &options, text, sizeof(text)),
                    INSPECT_NOTHING);
}

static void
replay_needs_every_record(void)
{
    struct inspect_options options = options_of(lab_get()->open);

    CU_ASSERT_EQUAL(lab_run(inspect_replay, &options, text, sizeof(text)),
                    INSPECT_UNTRUSTED);
}

static int
check_receipt(char *file, const char *ca)
{
    char cert[2 * LAB_PATH_BYTES];
    char *words[] = {file};
    struct inspect_options options = {
        .ca = ca, .log_cert = cert, .words = words, .word_count = 1};

    snprintf(cert, sizeof(cert), "%s/log-cert.pem", lab_get()->all);
    return lab_run(inspect_check_receipt, &options, text, sizeof(text));
}

static void
a_receipt_is_believed_whole_or_not_at_all(void)
{
    char receipt[8192], path[LAB_PATH_BYTES], file[LAB_PATH_BYTES];
    FILE *in, *out;
    size_t size;

    snprintf(file, sizeof(file), "%s", lab_get()->receipt);
    CU_ASSERT_EQUAL(check_receipt(file, lab_get()->ca), INSPECT_TRUE);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, "RECORDED  bid.accepted of 150.00 in auction 1"));
    CU_ASSERT_NOT_EQUAL(check_receipt(file, lab_get()->other_ca), INSPECT_TRUE);
    CU_ASSERT_PTR_NULL(strstr(text, "RECORDED"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(in = fopen(file, "re"));
    size = fread(receipt, 1, sizeof(receipt), in);
    fclose(in);
    lab_path(path, "flipped.receipt");
    for (size_t i = 0; i < size; i += 13) {
        receipt[i] ^= 2;
        CU_ASSERT_PTR_NOT_NULL_FATAL(out = fopen(path, "we"));
        fwrite(receipt, 1, size, out);
        fclose(out);
        CU_ASSERT_EQUAL(check_receipt(path, lab_get()->ca), INSPECT_FALSE);
        receipt[i] ^= 2;
    }
}

SUITE("commands", NULL, NULL, TEST(show_filters_by_what_is_asked),
      TEST(show_reverses_the_bytes_of_a_data_directory),
      TEST(control_characters_do_not_reach_a_terminal),
      TEST(an_account_number_cannot_reach_beyond_the_table),
      TEST(replay_tells_what_became_of_an_auction),
      TEST(replay_needs_every_record),
      TEST(a_receipt_is_believed_whole_or_not_at_all))
