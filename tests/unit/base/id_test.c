#include "tests/check.h"

#include "base/arena.h"
#include "base/id.h"

static int64_t fixed_ms(const struct cc_clock *clock)
{
    (void)clock;
    return 0x017F22E279B0; /* RFC 9562 A.6 */
}

static const struct cc_clock fixed_clock = { fixed_ms, fixed_ms };

static void fill_ff(const struct cc_random *random, void *out, size_t size_bytes)
{
    (void)random;
    memset(out, 0xFF, size_bytes);
}

static void fill_00(const struct cc_random *random, void *out, size_t size_bytes)
{
    (void)random;
    memset(out, 0, size_bytes);
}

static const struct cc_random ones = { fill_ff }, zeroes = { fill_00 };

START_TEST(uuid7_has_time_version_and_variant_whatever_is_random)
{
    struct cc_arena *arena = cc_arena_new(1 << 16);

    cc_check_str(cc_id_uuid7(arena, &fixed_clock, &ones),
                 CC_STR("017f22e2-79b0-7fff-bfff-ffffffffffff"));
    cc_check_str(cc_id_uuid7(arena, &fixed_clock, &zeroes),
                 CC_STR("017f22e2-79b0-7000-8000-000000000000"));
    cc_arena_free(arena);
}
END_TEST

START_TEST(ids_differ_and_are_wellformed)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_str before = CC_STR_ABSENT;

    for (int i = 0; i < 1000; i++) {
        struct cc_str id = cc_id_uuid7(arena, &fixed_clock, &cc_system_random);
        struct cc_str name = cc_id_random(arena, &cc_system_random, 16);

        ck_assert(!cc_str_eq(id, before));
        ck_assert(cc_id_is_wellformed(id));
        ck_assert_uint_eq(name.len, 22);
        ck_assert(cc_id_is_wellformed(name));
        before = id;
    }
    cc_arena_free(arena);
}
END_TEST

/* Ids become keys and names of files: nothing may leave its folder. */
START_TEST(what_could_not_be_ours_is_no_id)
{
    static const char *const wrong[] = { "", ".", "..", "a/b", "a b", "a#b", "\xC3\xA4", "a%2e" };
    char long_id[66];

    for (size_t i = 0; i < CC_COUNT(wrong); i++)
        ck_assert_msg(!cc_id_is_wellformed(cc_str_from(wrong[i])), "%s", wrong[i]);
    ck_assert(!cc_id_is_wellformed(CC_STR_ABSENT));
    ck_assert(!cc_id_is_wellformed(CC_STR("a\0b")));
    memset(long_id, 'a', sizeof(long_id));
    ck_assert(cc_id_is_wellformed((struct cc_str){ long_id, 64 }));
    ck_assert(!cc_id_is_wellformed((struct cc_str){ long_id, 65 }));
    ck_assert(cc_id_is_wellformed(CC_STR("Az09-_.")));
}
END_TEST

CC_CHECK_MAIN("base/id", uuid7_has_time_version_and_variant_whatever_is_random,
              ids_differ_and_are_wellformed, what_could_not_be_ours_is_no_id)
