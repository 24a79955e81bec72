/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static struct tap_suite *suites;
static unsigned number;

void
tap_register(struct tap_suite *suite)
{
    suite->next = suites;
    suites = suite;
}

unsigned long long
tap_seed(void)
{
    static unsigned long long seed;
    const char *given = getenv("TEST_SEED");

    if (seed != 0)
        return seed;
    if (given != NULL)
        seed = strtoull(given, NULL, 0);
    else if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        abort();
    printf("# TEST_SEED=%llu repeats the random tests\n", seed);
    return seed;
}

unsigned long long
tap_random(unsigned long long *state)
{
    unsigned long long z = *state += 0x9e3779b97f4a7c15ULL;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static void
print_sentence(const char *name)
{
    for (; *name != '\0'; name++)
        putchar(*name == '_' ? ' ' : *name);
}

static void
test_complete(const CU_pTest test, const CU_pSuite suite,
              const CU_pFailureRecord failure)
{
    printf("%s %u - %s: ", failure == NULL ? "ok" : "not ok", ++number,
           suite->pName);
    print_sentence(test->pName);
    putchar('\n');
    for (CU_pFailureRecord f = failure; f != NULL; f = f->pNext)
        printf("#   %s:%u: %s\n", f->strFileName, f->uiLineNumber,
               f->strCondition);
    fflush(stdout);
}

static void
setup_failed(const CU_pSuite suite)
{
    printf("not ok %u - %s: the suite is set up\n", ++number, suite->pName);
}

/** Add one suite with the tests whose "suite: name" contains `word`. */
static void
add_suite(const struct tap_suite *suite, const char *word)
{
    CU_pSuite added = NULL;
    char title[256];

    for (size_t i = 0; i < suite->test_count; i++) {
        snprintf(title, sizeof(title), "%s: %s", suite->name,
                 suite->tests[i].name);
        if (word != NULL && strstr(title, word) == NULL)
            continue;
        if (added == NULL)
            added = CU_add_suite(suite->name, suite->setup, suite->teardown);
        if (added == NULL || CU_add_test(added, suite->tests[i].name,
                                         suite->tests[i].function) == NULL) {
            fprintf(stderr, "cannot add %s: %s\n", title, CU_get_error_msg());
            exit(1);
        }
    }
}

int
main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;

    if (word != NULL && strcmp(word, "--list") == 0) {
        for (struct tap_suite *s = suites; s != NULL; s = s->next)
            for (size_t i = 0; i < s->test_count; i++)
                printf("%s: %s\n", s->name, s->tests[i].name);
        return 0;
    }
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    for (struct tap_suite *s = suites; s != NULL; s = s->next)
        add_suite(s, word);
    CU_set_test_complete_handler(test_complete);
    CU_set_suite_init_failure_handler(setup_failed);
    CU_run_all_tests();
    unsigned failed =
        CU_get_number_of_tests_failed() + CU_get_number_of_suites_failed();
    printf("1..%u\n", number);
    CU_cleanup_registry();
    return failed == 0 && number > 0 ? 0 : 1;
}
