/* tests/check.h - what every test program in C shares: its main function, and input that ends at a
 * guard page, so that a parser that reads one byte too far dies at once. */
#ifndef CC_TESTS_CHECK_H
#define CC_TESTS_CHECK_H

#include "base/str.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The exit status of a test program. */
static inline int cc_check_run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static inline int cc_check_run(const char *suite_name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(suite_name);
    TCase *tcase = tcase_create(suite_name);

    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return cc_check_run_suite(suite);
}

/* The main function of a test program: CC_CHECK_MAIN("base/str", first_test, second_test) */
#define CC_CHECK_MAIN(suite_name, ...)                                                             \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = { __VA_ARGS__ };                                              \
        return cc_check_run(suite_name, tests, CC_COUNT(tests));                                   \
    }

/* A copy of `s` whose last byte is the last of a page, with nothing readable behind it. Never
 * freed: test programs end soon. */
static inline struct cc_str cc_check_guarded(struct cc_str s)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (s.len + page - 1) / page * page;
    char *at = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(at, MAP_FAILED);
    ck_assert_int_eq(mprotect(at + room, page, PROT_NONE), 0);
    if (s.len)
        memcpy(at + room - s.len, s.at, s.len);
    return (struct cc_str){ at + room - s.len, s.len };
}

#define cc_check_str(actual, expected)                                                             \
    do {                                                                                           \
        struct cc_str cc_check_a = (actual);                                                       \
        struct cc_str cc_check_e = (expected);                                                     \
        ck_assert_msg(cc_str_eq(cc_check_a, cc_check_e), "%s is \"%.*s\", not \"%.*s\"", #actual,  \
                      CC_STR_ARG(cc_check_a), CC_STR_ARG(cc_check_e));                             \
    } while (0)

#endif
