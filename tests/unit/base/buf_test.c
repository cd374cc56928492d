#include "tests/check.h"

#include "base/arena.h"
#include "base/buf.h"

START_TEST(it_grows_and_keeps_its_bytes)
{
    struct cc_arena *arena = cc_arena_new(1 << 22);
    struct cc_buf buf;

    cc_buf_init(&buf, arena, 200000);
    cc_check_str(cc_buf_str(&buf), CC_STR(""));
    for (int i = 0; i < 10000; i++) {
        cc_buf_add(&buf, CC_STR("0123456789"));
        cc_arena_alloc(arena, 1);
    }
    ck_assert(!buf.overflow);
    ck_assert_uint_eq(buf.len, 100000);
    for (size_t i = 0; i < buf.len; i++)
        ck_assert_int_eq(buf.at[i], '0' + (int)(i % 10));
    cc_arena_free(arena);
}
END_TEST

START_TEST(overflow_is_sticky_and_nothing_follows)
{
    struct cc_arena *arena = cc_arena_new(1 << 16);
    struct cc_buf buf;

    cc_buf_init(&buf, arena, 5);
    cc_buf_add_z(&buf, "abc");
    cc_buf_add_z(&buf, "def");
    ck_assert(buf.overflow);
    cc_buf_add_byte(&buf, 'g');
    cc_buf_add_i64(&buf, 1);
    cc_buf_add_format(&buf, "%d", 1);
    cc_check_str(cc_buf_str(&buf), CC_STR("abc"));
    cc_arena_free(arena);
}
END_TEST

START_TEST(the_ceiling_itself_is_reached)
{
    struct cc_arena *arena = cc_arena_new(1 << 16);
    struct cc_buf buf;

    cc_buf_init(&buf, arena, 5);
    cc_buf_add_format(&buf, "%s%d", "abc", 45);
    cc_check_str(cc_buf_str(&buf), CC_STR("abc45"));
    ck_assert(!buf.overflow);
    cc_buf_add_format(&buf, "%s", "");
    ck_assert(!buf.overflow);
    cc_arena_free(arena);
}
END_TEST

START_TEST(a_hint_reserves_once)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_buf buf;
    const char *at;

    cc_buf_init(&buf, arena, 100000);
    cc_buf_reserve(&buf, 50000);
    at = buf.at;
    for (int i = 0; i < 50000; i++)
        cc_buf_add_byte(&buf, 'x');
    ck_assert_ptr_eq(buf.at, at);
    cc_buf_reserve(&buf, SIZE_MAX);
    ck_assert(!buf.overflow);
    cc_arena_free(arena);
}
END_TEST

START_TEST(integers_are_written_exactly)
{
    char memory[64];
    struct cc_buf buf;

    cc_buf_init_fixed(&buf, memory, sizeof(memory));
    cc_buf_add_i64(&buf, INT64_MIN);
    cc_buf_add_byte(&buf, ' ');
    cc_buf_add_i64(&buf, 0);
    cc_buf_add_byte(&buf, ' ');
    cc_buf_add_i64(&buf, INT64_MAX);
    cc_check_str(cc_buf_str(&buf), CC_STR("-9223372036854775808 0 9223372036854775807"));
}
END_TEST

START_TEST(fixed_memory_is_never_left)
{
    char memory[5] = "zzzz";
    struct cc_buf buf;

    cc_buf_init_fixed(&buf, memory, 4);
    cc_buf_add_format(&buf, "%s", "abc");
    ck_assert(!buf.overflow);
    cc_buf_add_byte(&buf, 'd');
    ck_assert(buf.overflow);
    ck_assert_str_eq(memory, "abc");
}
END_TEST

CC_CHECK_MAIN("base/buf", it_grows_and_keeps_its_bytes, overflow_is_sticky_and_nothing_follows,
              the_ceiling_itself_is_reached, a_hint_reserves_once, integers_are_written_exactly,
              fixed_memory_is_never_left)
