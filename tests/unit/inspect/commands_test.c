/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show, replay and check-receipt.
 */
#include "forge.h"

#include "tap.h"

#include "../../../tools/audit/filter.h"
#include "../../../tools/audit/inspect.h"

#include <stdio.h>
#include <string.h>

static char text[65536];

static struct inspect_options
options_of(const char *folder)
{
    return (struct inspect_options){.source.export_dir = folder,
                                    .ca = lab_get()->ca};
}

/** The same with a filter, as an expression. */
static int
show_matching(const char *folder, const char *expression)
{
    struct inspect_options options = options_of(folder);
    struct filter *filter;
    int code;

    CU_ASSERT_EQUAL_FATAL(filter_create(&filter, instant_of(0)), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(filter_add_expression(filter, expression), ERR_OK);
    options.filter = filter;
    code = lab_run(inspect_show, &options, text, sizeof(text));
    filter_destroy(&filter);
    return code;
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
    const char *all = lab_get()->all;

    CU_ASSERT_EQUAL(show_matching(all, "auction:1 type:bid.accepted"),
                    INSPECT_TRUE);
    CU_ASSERT_EQUAL(count_lines(), 7); /* title, four bids, prices, sum */
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "4 records, each proved under"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "█")); /* the price's end */
    CU_ASSERT_EQUAL(show_matching(all, "auction:1 type:bid.accepted user:bob"),
                    INSPECT_TRUE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "2 records, each"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "ann leads at 127.50"));
    CU_ASSERT_EQUAL(show_matching(all, "until:1970-01-02"), INSPECT_NOTHING);
    CU_ASSERT_EQUAL(show_matching(all, "reason:ERR_TOO_LOW"), INSPECT_TRUE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "ERR_TOO_LOW, minimum 130.00"));
}

static void
without_a_ca_nothing_is_proved(void)
{
    struct inspect_options options = options_of(lab_get()->all);

    options.ca = NULL;
    CU_ASSERT_EQUAL(show(&options), INSPECT_UNTRUSTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "NOTHING IS PROVED"));
    CU_ASSERT_EQUAL(lab_run(inspect_replay, &options, text, sizeof(text)),
                    INSPECT_UNTRUSTED);
    CU_ASSERT_EQUAL(lab_run(inspect_stats, &options, text, sizeof(text)),
                    INSPECT_UNTRUSTED);
}

static void
what_was_changed_is_not_shown_as_proved(void)
{
    static struct forge forge;
    struct inspect_options options;
    size_t at;

    forge_begin(&forge);
    at = forge_find(&forge, 0, RECORD_BID_ACCEPTED);
    forge.record.price += 1;
    CU_ASSERT(forge_store(&forge, at));
    forge_write(&forge);
    options = options_of(forge.folder);
    CU_ASSERT_EQUAL(show(&options), INSPECT_FALSE);
    forge_end(&forge);
}

static void
show_reverses_the_bytes_of_a_data_directory(void)
{
    struct inspect_options options = options_of(NULL);

    options.source.data_dir = lab_get()->data;
    options.form = INSPECT_RAW;
    options.is_reverse = true;
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
    forge_sign(&forge, &lab_get()->logkey);
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
        forge_sign(&forge, &lab_get()->logkey);
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
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "sold to bob at 305.00: as recorded"));
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
    CU_ASSERT_PTR_NOT_NULL(strstr(
        text, "RECORDED  bid of 150.00 by #2 in auction 1, accepted at seq"));
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
      TEST(without_a_ca_nothing_is_proved),
      TEST(what_was_changed_is_not_shown_as_proved),
      TEST(show_reverses_the_bytes_of_a_data_directory),
      TEST(control_characters_do_not_reach_a_terminal),
      TEST(an_account_number_cannot_reach_beyond_the_table),
      TEST(replay_tells_what_became_of_an_auction),
      TEST(replay_needs_every_record),
      TEST(a_receipt_is_believed_whole_or_not_at_all))
