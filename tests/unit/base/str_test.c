#include "tests/check.h"

#include "base/arena.h"

START_TEST(absent_is_not_empty)
{
    ck_assert(cc_str_eq(CC_STR_ABSENT, CC_STR_ABSENT));
    ck_assert(!cc_str_eq(CC_STR_ABSENT, CC_STR("")));
    ck_assert(!cc_str_eq_nocase(CC_STR(""), CC_STR_ABSENT));
    ck_assert_ptr_null(cc_str_from(NULL).at);
}
END_TEST

START_TEST(equality_looks_at_every_byte)
{
    ck_assert(cc_str_eq(CC_STR("a\0b"), CC_STR("a\0b")));
    ck_assert(!cc_str_eq(CC_STR("a\0b"), CC_STR("a\0c")));
    ck_assert(!cc_str_eq(CC_STR("ab"), CC_STR("abc")));
}
END_TEST

START_TEST(case_is_ignored_for_ascii_only)
{
    ck_assert(cc_str_eq_nocase(CC_STR("Content-Type"), CC_STR("content-tYPE")));
    ck_assert(!cc_str_eq_nocase(CC_STR("\xC3\x84"), CC_STR("\xC3\xA4")));
    ck_assert(!cc_str_eq_nocase(CC_STR("@"), CC_STR("`")));
    ck_assert(!cc_str_eq_nocase(CC_STR("["), CC_STR("{")));
}
END_TEST

START_TEST(a_missing_secret_equals_nothing)
{
    ck_assert(cc_str_eq_secret(CC_STR("s3cret"), CC_STR("s3cret")));
    ck_assert(!cc_str_eq_secret(CC_STR("s3cret"), CC_STR("s3creT")));
    ck_assert(!cc_str_eq_secret(CC_STR("s3cret"), CC_STR("s3cre")));
    ck_assert(!cc_str_eq_secret(CC_STR_ABSENT, CC_STR_ABSENT));
    ck_assert(!cc_str_eq_secret(CC_STR_ABSENT, CC_STR("")));
}
END_TEST

START_TEST(order_is_by_unsigned_bytes)
{
    ck_assert_int_lt(cc_str_cmp(CC_STR("a"), CC_STR("b")), 0);
    ck_assert_int_lt(cc_str_cmp(CC_STR("a"), CC_STR("ab")), 0);
    ck_assert_int_gt(cc_str_cmp(CC_STR("\xFF"), CC_STR("a")), 0);
    ck_assert_int_eq(cc_str_cmp(CC_STR(""), CC_STR_ABSENT), 0);
}
END_TEST

START_TEST(prefixes_and_suffixes)
{
    ck_assert(cc_str_starts(CC_STR("/auth/x"), CC_STR("/auth")));
    ck_assert(!cc_str_starts(CC_STR("/au"), CC_STR("/auth")));
    ck_assert(cc_str_starts(CC_STR("x"), CC_STR("")));
    ck_assert(cc_str_ends(CC_STR("a.tmp"), CC_STR(".tmp")));
    ck_assert(!cc_str_ends(CC_STR("tmp"), CC_STR(".tmp")));
}
END_TEST

START_TEST(skip_and_take_stop_at_the_end)
{
    cc_check_str(cc_str_skip(CC_STR("abc"), 1), CC_STR("bc"));
    cc_check_str(cc_str_skip(CC_STR("abc"), 9), CC_STR(""));
    cc_check_str(cc_str_take(CC_STR("abc"), 2), CC_STR("ab"));
    cc_check_str(cc_str_take(CC_STR("abc"), 9), CC_STR("abc"));
    ck_assert_ptr_null(cc_str_skip(CC_STR_ABSENT, 1).at);
}
END_TEST

START_TEST(trim_takes_spaces_and_tabs_only)
{
    cc_check_str(cc_str_trim(CC_STR(" \ta b\t ")), CC_STR("a b"));
    cc_check_str(cc_str_trim(CC_STR("\n")), CC_STR("\n"));
    cc_check_str(cc_str_trim(cc_check_guarded(CC_STR("  "))), CC_STR(""));
}
END_TEST

START_TEST(cut_tells_an_empty_rest_from_none)
{
    struct cc_str rest = CC_STR("a,,b,");

    cc_check_str(cc_str_cut(&rest, ','), CC_STR("a"));
    cc_check_str(cc_str_cut(&rest, ','), CC_STR(""));
    cc_check_str(cc_str_cut(&rest, ','), CC_STR("b"));
    cc_check_str(rest, CC_STR(""));
    cc_check_str(cc_str_cut(&rest, ','), CC_STR(""));
    ck_assert_ptr_null(rest.at);
}
END_TEST

static const struct {
    const char *text;
    int64_t value;
} integers[] = {
    { "0", 0 },
    { "7", 7 },
    { "-1", -1 },
    { "9223372036854775807", INT64_MAX },
    { "-9223372036854775808", INT64_MIN },
};

START_TEST(integers_are_read_exactly)
{
    for (size_t i = 0; i < CC_COUNT(integers); i++) {
        int64_t value = 42;
        struct cc_str text = cc_check_guarded(cc_str_from(integers[i].text));

        ck_assert_msg(cc_str_to_i64(text, INT64_MIN, INT64_MAX, &value), "%s", integers[i].text);
        ck_assert_int_eq(value, integers[i].value);
    }
}
END_TEST

START_TEST(integers_have_one_spelling)
{
    static const char *const wrong[] = {
        "",
        "-",
        "+1",
        "01",
        "-0",
        "-01",
        " 1",
        "1 ",
        "1.0",
        "0x1",
        "1e3",
        "--1",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999",
    };

    for (size_t i = 0; i < CC_COUNT(wrong); i++) {
        int64_t value = 42;

        ck_assert_msg(!cc_str_to_i64(cc_str_from(wrong[i]), INT64_MIN, INT64_MAX, &value), "%s",
                      wrong[i]);
        ck_assert_int_eq(value, 42);
    }
}
END_TEST

START_TEST(integers_outside_their_range_are_refused)
{
    int64_t value = 42;

    ck_assert(cc_str_to_i64(CC_STR("1"), 1, 3, &value));
    ck_assert(cc_str_to_i64(CC_STR("3"), 1, 3, &value));
    ck_assert(!cc_str_to_i64(CC_STR("0"), 1, 3, &value));
    ck_assert(!cc_str_to_i64(CC_STR("4"), 1, 3, &value));
    ck_assert_int_eq(value, 3);
}
END_TEST

START_TEST(copies_end_in_nul_and_join_in_order)
{
    struct cc_arena *arena = cc_arena_new(1 << 16);
    const struct cc_str parts[] = { CC_STR("R#"), CC_STR(""), CC_STR_ABSENT, CC_STR("room") };
    struct cc_str copy = cc_str_copy(arena, cc_check_guarded(CC_STR("abc")));

    cc_check_str(copy, CC_STR("abc"));
    ck_assert_int_eq(copy.at[3], '\0');
    ck_assert_ptr_null(cc_str_copy(arena, CC_STR_ABSENT).at);
    ck_assert_ptr_nonnull(cc_str_copy(arena, CC_STR("")).at);
    cc_check_str(cc_str_join(arena, parts, CC_COUNT(parts)), CC_STR("R#room"));
    cc_check_str(cc_str_format(arena, "%s-%d", "x", 5), CC_STR("x-5"));
    cc_arena_free(arena);
}
END_TEST

/* "key\0.pem" must not open "key". */
START_TEST(nul_never_reaches_the_operating_system)
{
    struct cc_arena *arena = cc_arena_new(1 << 16);

    ck_assert_str_eq(cc_str_z(arena, CC_STR("key")), "key");
    ck_assert_ptr_null(cc_str_z(arena, CC_STR("key\0.pem")));
    ck_assert_ptr_null(cc_str_z(arena, CC_STR_ABSENT));
    cc_arena_free(arena);
}
END_TEST

START_TEST(numbers_become_digits)
{
    struct cc_arena *arena = cc_arena_new(1 << 16);

    cc_check_str(cc_str_from_i64(arena, 0), CC_STR("0"));
    cc_check_str(cc_str_from_i64(arena, -7), CC_STR("-7"));
    cc_check_str(cc_str_from_i64(arena, INT64_MIN), CC_STR("-9223372036854775808"));
    cc_check_str(CC_JOIN(arena, CC_STR("a"), CC_STR_ABSENT, cc_str_from_i64(arena, INT64_MAX)),
                 CC_STR("a9223372036854775807"));
    cc_arena_free(arena);
}
END_TEST

START_TEST(a_format_may_be_of_any_length)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);

    for (int len = 0; len < 600; len++) {
        struct cc_str s = cc_str_format(arena, "%0*d.", len, 0);

        ck_assert_uint_eq(s.len, len > 0 ? (size_t)len + 1 : 2);
        ck_assert_int_eq(s.at[s.len - 1], '.');
        ck_assert_int_eq(s.at[s.len], '\0');
    }
    cc_arena_free(arena);
}
END_TEST

CC_CHECK_MAIN("base/str", absent_is_not_empty, equality_looks_at_every_byte,
              case_is_ignored_for_ascii_only, a_missing_secret_equals_nothing,
              order_is_by_unsigned_bytes, prefixes_and_suffixes, skip_and_take_stop_at_the_end,
              trim_takes_spaces_and_tabs_only, cut_tells_an_empty_rest_from_none,
              integers_are_read_exactly, integers_have_one_spelling,
              integers_outside_their_range_are_refused, copies_end_in_nul_and_join_in_order,
              nul_never_reaches_the_operating_system, a_format_may_be_of_any_length,
              numbers_become_digits)
