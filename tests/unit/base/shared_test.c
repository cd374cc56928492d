#include "tests/check.h"

#include "base/shared.h"

#include <pthread.h>

START_TEST(it_is_zeroed_and_stays_until_the_last_has_let_go)
{
    char *at = cc_shared_new(100);

    for (size_t i = 0; i < 100; i++)
        ck_assert_int_eq(at[i], 0);
    ck_assert_ptr_eq(cc_shared_hold(at), at);
    at[99] = 'x';
    cc_shared_drop(at);
    ck_assert_int_eq(at[99], 'x'); /* AddressSanitizer sees it if it has gone */
    cc_shared_drop(at);
}
END_TEST

static void *hold_and_drop(void *at)
{
    for (int i = 0; i < 10000; i++) {
        ck_assert_int_eq(*(char *)cc_shared_hold(at), 'x');
        cc_shared_drop(at);
    }
    cc_shared_drop(at);
    return NULL;
}

START_TEST(threads_hold_it_at_the_same_time)
{
    pthread_t threads[4];
    char *at = cc_shared_new(1);

    *at = 'x';
    for (size_t i = 0; i < CC_COUNT(threads); i++)
        pthread_create(&threads[i], NULL, hold_and_drop, cc_shared_hold(at));
    cc_shared_drop(at);
    for (size_t i = 0; i < CC_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
}
END_TEST

CC_CHECK_MAIN("base/shared", it_is_zeroed_and_stays_until_the_last_has_let_go,
              threads_hold_it_at_the_same_time)
