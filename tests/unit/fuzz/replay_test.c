/* The replay of crash files must see a crash, say which file it was, and go on. */
#include "../../check.h"
#include "../../fuzz/replay.h"
#include "../../tmp.h"

_Noreturn void fuzz_fail(const char *what, const char *file, int line)
{
    (void)what, (void)file, (void)line;
    abort();
}

static int planted(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == 'a')
        abort();
    if (size > 0 && data[0] == 'x')
        _exit(EXIT_FAILURE);
    if (size > 0 && data[0] == 'h')
        raise(SIGALRM); /* as when its time is over */
    return 0;
}

static void put(const struct cc_tmp *tmp, const char *name, const char *bytes)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", tmp->path, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(bytes, file);
    fclose(file);
}

static size_t replay_all(struct cc_tmp *tmp, char *said, size_t size)
{
    char *const roots[] = { tmp->path, NULL };
    FILE *out = fmemopen(said, size, "w");
    size_t failed;

    ck_assert_ptr_nonnull(out);
    failed = replay(planted, roots, out);
    fclose(out);
    return failed;
}

START_TEST(harmless_files_pass_and_are_counted)
{
    char said[512] = "";
    struct cc_tmp tmp;

    cc_tmp_make(&tmp);
    put(&tmp, "one", "1");
    put(&tmp, "two", "");
    ck_assert_uint_eq(replay_all(&tmp, said, sizeof(said)), 0);
    ck_assert_str_eq(said, "100%: Checks: 2, Failures: 0, Errors: 0\n");
    cc_tmp_remove(&tmp);
}
END_TEST

START_TEST(each_planted_crash_is_named_and_the_files_behind_it_are_tried)
{
    char said[512] = "";
    struct cc_tmp tmp;

    cc_tmp_make(&tmp);
    put(&tmp, "good", "1");
    put(&tmp, "crash-abort", "a");
    put(&tmp, "crash-exit", "x");
    put(&tmp, "crash-hang", "h");
    ck_assert_uint_eq(replay_all(&tmp, said, sizeof(said)), 3);
    ck_assert_msg(strstr(said, "crash-abort: Aborted\n") != NULL, "%s", said);
    ck_assert_msg(strstr(said, "crash-exit: ended the program\n") != NULL, "%s", said);
    ck_assert_msg(strstr(said, "crash-hang: takes too long\n") != NULL, "%s", said);
    ck_assert_msg(strstr(said, "25%: Checks: 4, Failures: 3, Errors: 0\n") != NULL, "%s", said);
    cc_tmp_remove(&tmp);
}
END_TEST

CC_CHECK_MAIN("fuzz/replay", harmless_files_pass_and_are_counted,
              each_planted_crash_is_named_and_the_files_behind_it_are_tried)
