/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "internal.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Openings of sealed bids: their commitment, their files, their export. */

static char folder[64];

static int
setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/auction-opening.XXXXXX");
    return mkdtemp(folder) == NULL;
}

static void
empty_folder(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'/*", folder);
    CU_ASSERT_EQUAL(system(command), 0);
}

static int
teardown(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

static struct auction_opening
an_opening(uint64_t auction, int64_t amount)
{
    struct auction_opening o = {
        .log = "auction.example.com%2Flog%2F1-0123abcd",
        .account = "ann",
        .title = "Caf\xc3\xa9 \"x\"",
        .format = "sealed",
        .currency = "EUR",
        .auction = auction,
        .uid = 2,
        .quantity = 1,
        .amount = amount,
        .cap = 20000,
        .request = "00112233445566778899aabbccddeeff",
        .is_signed = true,
        .closes_ms = 1795521600000,
        .reveal_ends_ms = 1795525200000,
    };

    for (int i = 0; i < AUCTION_NONCE_BYTES; i++)
        o.nonce[i] = (uint8_t)i;
    auction_opening_commitment(o.c, &o);
    return o;
}

static void
commitments_are_those_of_the_vectors(void)
{
    struct auction_opening o = an_opening(1, 15000);

    CU_ASSERT_STRING_EQUAL(
        o.c,
        "f0a062820fb826341c57a6bfa3fc1c3e9589435883680d60485c13b0fc79bb1b");
    memset(o.nonce, 0, sizeof(o.nonce));
    auction_opening_commitment(o.c, &o);
    CU_ASSERT_STRING_EQUAL(
        o.c,
        "37324c7b4932844150a0bb4cc81cb41eda7a012d6e040786596843e59b6e8baf");
}

static void
each_field_of_the_hash_changes_it(void)
{
    struct auction_opening o = an_opening(1, 15000);
    char c[5][AUCTION_C_BYTES];

    o.auction = 2;
    auction_opening_commitment(c[0], &o);
    o.uid = 3;
    auction_opening_commitment(c[1], &o);
    o.quantity = 2;
    auction_opening_commitment(c[2], &o);
    o.amount = 15001;
    auction_opening_commitment(c[3], &o);
    o.nonce[31] ^= 1;
    auction_opening_commitment(c[4], &o);
    for (int i = 0; i < 5; i++) {
        CU_ASSERT(strcmp(c[i], o.c) != 0);
        for (int j = 0; j < i; j++)
            CU_ASSERT(strcmp(c[i], c[j]) != 0);
    }
}

/* -------------------------------------------------------------------- files */

static void
save(const struct auction_opening *o)
{
    struct auction_result result;

    result_clear(&result);
    CU_ASSERT_EQUAL(auction_opening_save(folder, o, &result), AUCTION_ACCEPTED);
}

static struct auction_openings
load(void)
{
    struct auction_openings all;
    struct auction_result result;

    result_clear(&result);
    CU_ASSERT_EQUAL(auction_openings_load(folder, &all, &result),
                    AUCTION_ACCEPTED);
    return all;
}

static void
what_is_saved_is_loaded_for_its_owner_alone(void)
{
    struct auction_opening o = an_opening(7, 15000);
    struct auction_openings all;
    char path[512];
    struct stat info;

    empty_folder();
    o.state = AUCTION_OPENING_LIVE;
    o.seq = 41;
    save(&o);
    all = load();
    CU_ASSERT_EQUAL_FATAL(all.count, 1);
    CU_ASSERT(memcmp(&all.items[0], &o, sizeof(o)) == 0);
    snprintf(path, sizeof(path), "%s/openings/%s/7-%.16s.opening", folder,
             o.log, o.c);
    CU_ASSERT(stat(path, &info) == 0 && (info.st_mode & 0777) == 0600);
    auction_openings_release(&all);
}

static void
openings_come_by_auction_and_age(void)
{
    struct auction_opening o;
    struct auction_openings all;

    empty_folder();
    for (int i = 0; i < 40; i++) {
        o = an_opening(i % 2 == 0 ? 9 : 10, 1000 + i);
        o.seq = i == 4 ? 0 : (uint64_t)(100 - i); /* 0: not known yet, last */
        save(&o);
    }
    all = load();
    CU_ASSERT_EQUAL_FATAL(all.count, 40);
    CU_ASSERT(all.items[0].auction == 9 && all.items[39].auction == 10);
    CU_ASSERT_EQUAL(all.items[19].seq, 0);
    for (size_t i = 1; i < 19; i++)
        CU_ASSERT(all.items[i - 1].seq < all.items[i].seq);
    auction_openings_release(&all);
}

static void
write_at(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT(fputs(text, file) >= 0 && fclose(file) == 0);
}

static void
a_damaged_file_is_counted_and_hides_no_other(void)
{
    struct auction_opening o = an_opening(7, 15000);
    struct auction_openings all;
    char path[512];

    empty_folder();
    save(&o);
    snprintf(path, sizeof(path), "%s/openings/%s/8-x.opening", folder, o.log);
    write_at(path, "{\"v\":1}");
    snprintf(path, sizeof(path), "%s/openings/%s/9-x.opening", folder, o.log);
    write_at(path, "");
    all = load();
    CU_ASSERT_EQUAL(all.count, 1);
    CU_ASSERT_EQUAL(all.damaged, 2);
    CU_ASSERT(strstr(all.damaged_path, ".opening") != NULL);
    auction_openings_release(&all);
}

/** The JSON of an opening with one member changed is not one. */
static void
an_opening_must_fit_its_commitment(void)
{
    static const char *const members[] = {"auction", "uid", "quantity",
                                          "amount"};
    struct auction_opening o = an_opening(7, 15000), out;
    json_t *object;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        object = opening_to_json(&o);
        CU_ASSERT(opening_from_json(&out, object));
        CU_ASSERT_EQUAL(
            json_object_set_new(object, members[i], json_integer(77)), 0);
        CU_ASSERT(!opening_from_json(&out, object));
        json_decref(object);
    }
    object = opening_to_json(&o);
    json_object_set_new(object, "log", json_string("../../etc"));
    CU_ASSERT(!opening_from_json(&out, object));
    json_decref(object);
}

/* ------------------------------------------------------------------- export */

static char *
seal_two(void)
{
    struct auction_opening items[] = {an_opening(7, 15000),
                                      an_opening(8, 16000)};
    struct auction_openings two = {.items = items, .count = 2};
    struct auction_result result;
    char *text = NULL;

    CU_ASSERT_EQUAL(
        auction_openings_seal(&two, "correct horse", &text, &result),
        AUCTION_ACCEPTED);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    return text;
}

static enum auction_outcome
unseal(const char *text, const char *passphrase, struct auction_openings *out)
{
    struct auction_result result;

    return auction_openings_unseal(out, passphrase, text, strlen(text),
                                   &result);
}

static void
an_export_opens_with_its_passphrase_alone(void)
{
    struct auction_openings out;
    char *text = seal_two();

    CU_ASSERT(strstr(text, "15000") == NULL && strstr(text, "nonce") == NULL);
    CU_ASSERT_EQUAL(unseal(text, "correct horse", &out), AUCTION_ACCEPTED);
    CU_ASSERT_EQUAL_FATAL(out.count, 2);
    CU_ASSERT_EQUAL(out.items[1].amount, 16000);
    auction_openings_release(&out);
    CU_ASSERT_EQUAL(unseal(text, "correct horsf", &out), AUCTION_INVALID);
    CU_ASSERT_EQUAL(out.count, 0);
    CU_ASSERT_EQUAL(unseal("", "correct horse", &out), AUCTION_INVALID);
    free(text);
}

/* Key making is slow on purpose, so a sample of the bytes. */
static void
a_changed_export_is_refused(void)
{
    struct auction_openings out;
    char *text = seal_two();
    size_t size = strlen(text);

    for (size_t i = 0; i < 40; i++) {
        size_t at = i * (size - 1) / 39;

        text[at] ^= 1;
        CU_ASSERT_EQUAL(unseal(text, "correct horse", &out), AUCTION_INVALID);
        text[at] ^= 1;
    }
    text[size / 2] = '\0';
    CU_ASSERT_EQUAL(unseal(text, "correct horse", &out), AUCTION_INVALID);
    free(text);
}

static void
an_import_adds_and_never_takes_a_state_back(void)
{
    struct auction_opening items[] = {an_opening(7, 15000),
                                      an_opening(8, 16000)};
    struct auction_openings two = {.items = items, .count = 2}, all;
    struct auction_opening here = items[0];
    struct auction_result result;
    size_t added;

    empty_folder();
    here.state = AUCTION_OPENING_REVEALED;
    save(&here);
    result_clear(&result);
    CU_ASSERT_EQUAL(auction_openings_merge(folder, &two, &added, &result),
                    AUCTION_ACCEPTED);
    CU_ASSERT_EQUAL(added, 1);
    all = load();
    CU_ASSERT_EQUAL_FATAL(all.count, 2);
    CU_ASSERT_EQUAL(all.items[0].state, AUCTION_OPENING_REVEALED);
    auction_openings_release(&all);
}

SUITE("opening", setup, teardown, TEST(commitments_are_those_of_the_vectors),
      TEST(each_field_of_the_hash_changes_it),
      TEST(what_is_saved_is_loaded_for_its_owner_alone),
      TEST(openings_come_by_auction_and_age),
      TEST(a_damaged_file_is_counted_and_hides_no_other),
      TEST(an_opening_must_fit_its_commitment),
      TEST(an_export_opens_with_its_passphrase_alone),
      TEST(a_changed_export_is_refused),
      TEST(an_import_adds_and_never_takes_a_state_back))
