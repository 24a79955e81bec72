/* SPDX-License-Identifier: Apache-2.0 */
/**
 * tap: CUnit suites that report in the Test Anything Protocol.
 *
 * One test file is one suite. It registers itself, so no list of suites is
 * kept anywhere:
 *
 *     static void a_bid_at_the_closing_instant_is_late(void) { CU_ASSERT... }
 *     SUITE("lot", NULL, NULL,
 *           TEST(a_bid_at_the_closing_instant_is_late),
 *           TEST(...))
 *
 * The function's name, with blanks for underscores, is the sentence that is
 * printed. `unit-x --list` lists, `unit-x WORD` runs the tests whose
 * "suite: name" contains WORD. Failed assertions are printed as diagnostics
 * and the exit status is 1 when any test failed.
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <CUnit/CUnit.h>
#include <stddef.h>

struct tap_test {
    const char *name;
    void (*function)(void);
};

struct tap_suite {
    const char *name;
    int (*setup)(void);    /* NULL for none; 0 is success */
    int (*teardown)(void); /* NULL for none */
    const struct tap_test *tests;
    size_t test_count;
    struct tap_suite *next;
};

void tap_register(struct tap_suite *suite);

/**
 * Seed of the randomised tests: TEST_SEED from the environment, else a new
 * one. Printed as a diagnostic when first asked for.
 */
unsigned long long tap_seed(void);

/** splitmix64: the next number of a random stream (Steele et al. 2014). */
unsigned long long tap_random(unsigned long long *state);

#define TEST(function)                                                         \
    {                                                                          \
#function, function                                                    \
    }
#define SUITE(name, setup, teardown, ...)                                      \
    static const struct tap_test suite_tests[] = {__VA_ARGS__};                \
    static struct tap_suite suite_self = {name,                                \
                                          setup,                               \
                                          teardown,                            \
                                          suite_tests,                         \
                                          sizeof(suite_tests) /                \
                                              sizeof(suite_tests[0]),          \
                                          NULL};                               \
    __attribute__((constructor)) static void suite_register(void)              \
    {                                                                          \
        tap_register(&suite_self);                                             \
    }

#endif
