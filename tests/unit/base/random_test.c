#include "tests/check.h"

#include "base/random.h"

#include <sys/wait.h>

START_TEST(every_byte_is_drawn)
{
    unsigned char seen[64] = { 0 };

    for (int round = 0; round < 20; round++) {
        unsigned char drawn[sizeof(seen) + 1];

        drawn[sizeof(seen)] = 0x5A;
        cc_random_fill(&cc_system_random, drawn, sizeof(seen));
        ck_assert_int_eq(drawn[sizeof(seen)], 0x5A);
        for (size_t i = 0; i < sizeof(seen); i++)
            seen[i] |= drawn[i];
    }
    /* That a byte is 0 twenty times: once in 2^160. */
    for (size_t i = 0; i < sizeof(seen); i++)
        ck_assert_int_ne(seen[i], 0);
}
END_TEST

/* Workers are forked from one parent: the same ids and codes in two of them would be a disaster. */
START_TEST(a_forked_child_draws_other_bytes)
{
    unsigned char ours[16], theirs[16];
    int ends[2], status;
    pid_t child;

    cc_random_fill(&cc_system_random, ours, sizeof(ours));
    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        cc_random_fill(&cc_system_random, theirs, sizeof(theirs));
        _exit(write(ends[1], theirs, sizeof(theirs)) == (ssize_t)sizeof(theirs) ? 0 : 1);
    }
    cc_random_fill(&cc_system_random, ours, sizeof(ours));
    ck_assert_int_eq(read(ends[0], theirs, sizeof(theirs)), sizeof(theirs));
    ck_assert_mem_ne(ours, theirs, sizeof(ours));
    close(ends[0]);
    close(ends[1]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

CC_CHECK_MAIN("base/random", every_byte_is_drawn, a_forked_child_draws_other_bytes)
