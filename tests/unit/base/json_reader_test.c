#include "base/json_reader.h"

#include "base/arena.h"
#include "base/limits.h"
#include "tests/check.h"

static struct cc_arena *arena;

static struct cc_json_reader reader(const char *text)
{
    return cc_json_reader_of(arena, cc_check_guarded(cc_str_from(text)));
}

START_TEST(a_string_stays_where_it_is_unless_it_has_escapes)
{
    struct cc_json_reader r = reader(" \"plain\" \"a\\n\\u00e4\\ud83d\\ude00\\u0000\"");
    const char *text = r.at;
    struct cc_str s;

    ck_assert(cc_json_take_str(&r, &s));
    cc_check_str(s, CC_STR("plain"));
    ck_assert_ptr_eq(s.at, text + 2);
    ck_assert(cc_json_take_str(&r, &s));
    cc_check_str(s, CC_STR("a\n\xc3\xa4\xf0\x9f\x98\x80\0"));
    ck_assert_ptr_eq(r.at, r.end);
}
END_TEST

START_TEST(the_members_of_an_object_come_one_by_one)
{
    static const char names[] = "abc";
    struct cc_json_reader r = reader("{ \"a\" : 1 , \"b\":[{},2],\"c\":\"x\"} rest");
    struct cc_json_each each;
    size_t count = 0;

    for (each = cc_json_each(&r, '{'); cc_json_next(&each);) {
        ck_assert_int_eq(each.name.at[0], names[count++]);
        each.broken = !cc_json_skip(&r);
    }
    ck_assert(!each.broken);
    ck_assert_uint_eq(count, 3);
    ck_assert_str_eq(cc_str_copy(arena, (struct cc_str){ r.at, 5 }).at, " rest");
}
END_TEST

START_TEST(nothing_in_it_is_not_broken)
{
    static const char *const texts[] = { "{}", "[]", " { } ", "[ ]" };

    for (size_t i = 0; i < CC_COUNT(texts); i++) {
        struct cc_json_reader r = reader(texts[i]);
        struct cc_json_each each = cc_json_each(&r, strchr(texts[i], '{') ? '{' : '[');

        ck_assert(!cc_json_next(&each));
        ck_assert(!each.broken);
    }
}
END_TEST

START_TEST(what_ends_too_early_or_has_other_signs_is_broken)
{
    static const char *const texts[] = { "",
                                         "[",
                                         "[1",
                                         "[1,",
                                         "[1 2]",
                                         "[1,]",
                                         "{",
                                         "{\"a\"",
                                         "{\"a\":",
                                         "{\"a\":1",
                                         "{\"a\" 1}",
                                         "{\"a\":1 \"b\":2}",
                                         "{\"a\":1,",
                                         "{\"a\":1,}",
                                         "{a:1}",
                                         "{\"a\":\"\\ud83d\"}",
                                         "{\"a\":\"",
                                         "{\"a\":tru",
                                         "{\"\\u12\":1}" };

    for (size_t i = 0; i < CC_COUNT(texts); i++) {
        struct cc_json_reader r = reader(texts[i]);
        struct cc_json_each each;

        for (each = cc_json_each(&r, texts[i][0] == '[' ? '[' : '{'); cc_json_next(&each);)
            each.broken = !cc_json_skip(&r);
        ck_assert_msg(each.broken, "%s", texts[i]);
    }
}
END_TEST

START_TEST(what_is_too_deep_is_not_skipped)
{
    char text[2 * (CC_JSON_DEPTH_MAX + 1) + 1];
    struct cc_json_reader r;

    for (unsigned depth = CC_JSON_DEPTH_MAX; depth <= CC_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = '\0';
        r = reader(text);
        ck_assert_int_eq(cc_json_skip(&r), depth == CC_JSON_DEPTH_MAX);
    }
}
END_TEST

static void setup(void)
{
    arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
}

int main(void)
{
    const TTest *const tests[] = { a_string_stays_where_it_is_unless_it_has_escapes,
                                   the_members_of_an_object_come_one_by_one,
                                   nothing_in_it_is_not_broken,
                                   what_ends_too_early_or_has_other_signs_is_broken,
                                   what_is_too_deep_is_not_skipped };

    setup();
    return cc_check_run("base/json_reader", tests, CC_COUNT(tests));
}
