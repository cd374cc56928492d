#include "base/json_canonical.h"

#include "base/arena.h"
#include "base/limits.h"
#include "tests/check.h"

static struct cc_arena *arena;

/* Absent: it was refused. */
static struct cc_str canonical(const char *text)
{
    struct cc_buf buf;

    cc_buf_init(&buf, arena, 64 * 1024);
    if (!cc_json_canonical(cc_check_guarded(cc_str_from(text)), &buf))
        return CC_STR_ABSENT;
    return cc_str_copy(arena, cc_buf_str(&buf));
}

START_TEST(texts_that_say_the_same_become_the_same)
{
    static const char *const same[] = {
        "{\"a\":1,\"b\":{\"c\":[true,null,\"\xc3\xa4\"],\"d\":\"\"}}",
        "{\"b\":{\"d\":\"\",\"c\":[true,null,\"\xc3\xa4\"]},\"a\":1}",
        " { \"a\" : 1 ,\n\t\"b\" : { \"c\" : [ true , null , \"\\u00e4\" ] , \"d\" : \"\" } } ",
        "{\"\\u0061\":1,\"b\":{\"c\":[true,null,\"\xc3\xa4\"],\"d\":\"\"}}",
    };

    for (size_t i = 0; i < CC_COUNT(same); i++)
        cc_check_str(canonical(same[i]), cc_str_from(same[0]));
}
END_TEST

START_TEST(texts_that_say_something_else_stay_apart)
{
    static const char *const others[] = {
        "{\"a\":1}",           "{\"a\":\"1\"}",     "{\"a\":1.0}",       "{\"a\":-1}",
        "{\"a\":null}",        "{\"a\":false}",     "{\"b\":1}",         "{\"a\":[1]}",
        "{\"a\":[1,2]}",       "{\"a\":[2,1]}",     "{\"a\":{}}",        "{\"a\":[]}",
        "{\"a\":\"\\u0000\"}", "{\"a\":1,\"a\":2}", "{\"a\":2,\"a\":1}", "{}",
    };

    for (size_t i = 0; i < CC_COUNT(others); i++) {
        ck_assert_ptr_nonnull(canonical(others[i]).at);
        for (size_t k = 0; k < i; k++)
            ck_assert(!cc_str_eq(canonical(others[i]), canonical(others[k])));
    }
}
END_TEST

START_TEST(what_is_no_json_is_refused)
{
    static const char *const texts[] = {
        "",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "[1 2]",
        "nul",
        "{\"a\":x}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\xff\"}",
        "{} {}",
        "\"",
    };

    for (size_t i = 0; i < CC_COUNT(texts); i++)
        ck_assert_msg(!canonical(texts[i]).at, "%s", texts[i]);
}
END_TEST

static struct cc_str nested(size_t levels)
{
    char text[2 * CC_JSON_DEPTH_MAX + 8] = "";

    ck_assert_uint_lt(2 * levels, sizeof(text));
    memset(text, '[', levels);
    memset(text + levels, ']', levels);
    return canonical(text);
}

START_TEST(depth_has_an_end)
{
    ck_assert_uint_eq(nested(CC_JSON_DEPTH_MAX).len, (size_t)2 * CC_JSON_DEPTH_MAX);
    ck_assert_ptr_null(nested(CC_JSON_DEPTH_MAX + 1).at);
}
END_TEST

static void setup(void)
{
    arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
}

int main(void)
{
    const TTest *const tests[] = { texts_that_say_the_same_become_the_same,
                                   texts_that_say_something_else_stay_apart,
                                   what_is_no_json_is_refused, depth_has_an_end };

    setup();
    return cc_check_run("base/json_canonical", tests, CC_COUNT(tests));
}
