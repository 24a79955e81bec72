/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single random mutations of everything that an export is made of, of a
 * receipt and of a checkpoint: none may be accepted. MUTATIONS in the
 * environment says how many; `make mutation` runs ten thousand.
 */
#include "lab.h"

#include "tap.h"

#include "../../../tools/audit/file.h"
#include "../../../tools/audit/inspect.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES_MAX = 256, MUTATIONS_USUAL = 250, TEXT_BYTES = 16384 };

static char text[TEXT_BYTES];
static char folder[LAB_PATH_BYTES];
static char files[FILES_MAX][LAB_PATH_BYTES];
static size_t file_count;
static unsigned long long state;

static size_t
below(size_t count)
{
    return (size_t)(tap_random(&state) % count);
}

static size_t
mutation_count(void)
{
    const char *value = getenv("MUTATIONS");
    long count = value == NULL ? MUTATIONS_USUAL : strtol(value, NULL, 10);

    return count < 1 ? 1 : (size_t)count;
}

static int
note_file(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)at;
    if (kind == FTW_F && file_count < FILES_MAX)
        snprintf(files[file_count++], LAB_PATH_BYTES, "%s", path);
    return 0;
}

static int
setup(void)
{
    char command[3 * LAB_PATH_BYTES];

    (void)lab_get(); /* paths begin with its folder */
    state = tap_seed();
    lab_path(folder, "mutated");
    snprintf(command, sizeof(command), "cp -r '%s' '%s'", lab_get()->all,
             folder);
    CHECK(system(command) == 0);
    file_count = 0;
    return nftw(folder, note_file, 8, FTW_PHYS);
}

static int
teardown(void)
{
    lab_remove(folder);
    return 0;
}

/** Change `bytes` once; their number afterwards. Room for one more byte. */
static size_t
mutate(char *bytes, size_t size)
{
    size_t at = below(size), other;
    char old = bytes[at];

    switch (below(5)) {
    case 0: /* a byte less */
        memmove(bytes + at, bytes + at + 1, size - at - 1);
        return size - 1;
    case 1: /* a byte twice */
        memmove(bytes + at + 1, bytes + at, size - at);
        return size + 1;
    case 2: /* cut short */
        return at;
    case 3: /* two bytes change places */
        other = below(size);
        if (bytes[other] == old)
            break;
        bytes[at] = bytes[other];
        bytes[other] = old;
        return size;
    default:
        break;
    }
    bytes[at] ^= (char)(1 << below(8));
    return size;
}

static int
verify_folder(void)
{
    struct inspect_options options = {
        .source.export_dir = folder, .ca = lab_get()->ca, .workers = 1};

    return lab_run(inspect_verify, &options, text, sizeof(text));
}

static int
check_receipt(char *path)
{
    char cert[2 * LAB_PATH_BYTES];
    char *words[] = {path};
    struct inspect_options options = {
        .ca = lab_get()->ca, .log_cert = cert, .words = words, .word_count = 1};

    snprintf(cert, sizeof(cert), "%s/log-cert.pem", lab_get()->all);
    return lab_run(inspect_check_receipt, &options, text, sizeof(text));
}

/** Mutate one file, ask `judge`, and put the honest one back. */
static void
try_one(char *path, int (*judge)(char *path))
{
    char *bytes, *copy;
    size_t size, changed;
    int code;

    CHECK(file_read(&bytes, &size, path) == ERR_OK && size > 0);
    CHECK((copy = malloc(size + 1)) != NULL);
    memcpy(copy, bytes, size);
    changed = mutate(copy, size);
    if (changed != size || memcmp(copy, bytes, size) != 0) {
        CHECK(file_write(path, copy, changed) == ERR_OK);
        code = judge(path);
        if (code == INSPECT_TRUE || code == INSPECT_NOTHING) {
            CU_FAIL("a mutation is accepted");
            printf("# %s: %zu bytes became %zu, exit %d\n", path, size, changed,
                   code);
        }
        CHECK(file_write(path, bytes, size) == ERR_OK);
    }
    free(copy);
    free(bytes);
}

static int
judge_folder(char *path)
{
    (void)path;
    return verify_folder();
}

/** Half of them in the records, the rest in any file of the export. */
static void
no_mutation_of_an_export_is_accepted(void)
{
    char records[2 * LAB_PATH_BYTES];

    snprintf(records, sizeof(records), "%s/records.jsonl", folder);
    CU_ASSERT_EQUAL(verify_folder(), INSPECT_TRUE);
    for (size_t i = 0; i < mutation_count(); i++)
        try_one(below(2) == 0 ? records : files[below(file_count)],
                judge_folder);
    CU_ASSERT_EQUAL(verify_folder(), INSPECT_TRUE);
}

static void
no_mutation_of_a_receipt_is_accepted(void)
{
    char path[LAB_PATH_BYTES], command[3 * LAB_PATH_BYTES];

    lab_path(path, "mutated.receipt");
    snprintf(command, sizeof(command), "cp '%s' '%s'", lab_get()->receipt,
             path);
    CHECK(system(command) == 0);
    CU_ASSERT_EQUAL(check_receipt(path), INSPECT_TRUE);
    for (size_t i = 0; i < 2 * mutation_count(); i++)
        try_one(path, check_receipt);
    CU_ASSERT_EQUAL(check_receipt(path), INSPECT_TRUE);
}

static void
no_mutation_of_a_checkpoint_is_accepted(void)
{
    char path[2 * LAB_PATH_BYTES];

    snprintf(path, sizeof(path), "%s/checkpoint", folder);
    for (size_t i = 0; i < mutation_count() / 2; i++)
        try_one(path, judge_folder);
}

SUITE("mutation", setup, teardown, TEST(no_mutation_of_an_export_is_accepted),
      TEST(no_mutation_of_a_receipt_is_accepted),
      TEST(no_mutation_of_a_checkpoint_is_accepted))
