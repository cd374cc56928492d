#include "admin/child.h"
#include "tests/check.h"

#include "base/arena.h"
#include "base/clock.h"

#include <signal.h>

struct house {
    struct cc_arena *arena;
    struct cc_ended ended;
    struct cc_err err;
};

static enum cc_code run(struct house *h, const char *script, const char *input, int64_t timeout_ms)
{
    const char *const argv[] = { "/bin/sh", "-c", script, NULL };

    cc_err_clear(&h->err);
    return cc_run_to_end(h->arena, argv, cc_str_from(input), timeout_ms, &h->ended, &h->err);
}

START_TEST(a_program_reads_writes_and_ends)
{
    struct house h = { .arena = cc_arena_new(1 << 20) };

    ck_assert_int_eq(run(&h, "cat; echo wrong >&2; exit 7", "right ", 5000), CC_OK);
    cc_check_str(h.ended.output, CC_STR("right wrong\n"));
    ck_assert_int_eq(h.ended.status, 7);
    ck_assert_int_eq(run(&h, "kill -KILL $$", "", 5000), CC_OK);
    ck_assert_int_eq(h.ended.status, 128 + SIGKILL);
    cc_arena_free(h.arena);
}
END_TEST

START_TEST(a_program_that_does_not_end_is_ended)
{
    const int64_t began_ms = cc_clock_mono_ms(&cc_system_clock);
    struct house h = { .arena = cc_arena_new(1 << 20) };

    ck_assert_int_eq(run(&h, "exec sleep 60", "", 200), CC_UNAVAILABLE);
    ck_assert_int_eq(run(&h, "exec sleep 60 >&- 2>&-", "", 200), CC_UNAVAILABLE);
    ck_assert_int_eq(run(&h, "while :; do echo for ever; done", "", 20000), CC_TOO_LARGE);
    ck_assert_int_lt(cc_clock_mono_ms(&cc_system_clock) - began_ms, 10000);
    cc_arena_free(h.arena);
}
END_TEST

START_TEST(a_program_that_is_not_there_is_named)
{
    const char *const argv[] = { "/nonexistent/program", NULL };
    struct house h = { .arena = cc_arena_new(1 << 20) };

    ck_assert_int_eq(cc_run_to_end(h.arena, argv, CC_STR(""), 1000, &h.ended, &h.err),
                     CC_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(h.err.cause, "/nonexistent/program"));
    cc_arena_free(h.arena);
}
END_TEST

CC_CHECK_MAIN("admin/child", a_program_reads_writes_and_ends, a_program_that_does_not_end_is_ended,
              a_program_that_is_not_there_is_named)
