#include "tests/check.h"

#include "base/arena.h"
#include "base/encode.h"

static struct cc_arena *arena;

static void set_up(void)
{
    arena = cc_arena_new(1 << 22);
}

/* RFC 4648 section 10, without padding. */
static const char *const known[][2] = {
    { "", "" },           { "f", "Zg" },          { "fo", "Zm8" },          { "foo", "Zm9v" },
    { "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" },
};

START_TEST(base64url_known_answers)
{
    set_up();
    for (size_t i = 0; i < CC_COUNT(known); i++) {
        cc_check_str(cc_base64url_encode(arena, cc_str_from(known[i][0])),
                     cc_str_from(known[i][1]));
        cc_check_str(cc_base64url_decode(arena, cc_check_guarded(cc_str_from(known[i][1]))),
                     cc_str_from(known[i][0]));
    }
    cc_check_str(cc_base64url_encode(arena, CC_STR("\xFB\xEF\xFF")), CC_STR("--__"));
    cc_arena_free(arena);
}
END_TEST

/* A second spelling of a token would pass a comparison of bytes and fail one of text. */
START_TEST(base64url_has_one_spelling)
{
    static const char *const wrong[] = { "Z",    "Zg==",  "Zh",   "Zm9",  "Zm9v Zg", "Zm9v\n",
                                         "+///", "Zm9vY", "Zm+v", "Zm/v", "Zm9vYmF" };

    set_up();
    for (size_t i = 0; i < CC_COUNT(wrong); i++)
        ck_assert_msg(!cc_base64url_decode(arena, cc_str_from(wrong[i])).at, "%s", wrong[i]);
    ck_assert_ptr_null(cc_base64url_decode(arena, CC_STR("Zm\0v")).at);
    cc_arena_free(arena);
}
END_TEST

START_TEST(every_byte_survives_every_encoding)
{
    char bytes[512];

    set_up();
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(unsigned char)(i < 256 ? i : 511 - i);
    for (size_t len = 0; len <= sizeof(bytes); len += 1 + len / 16) {
        struct cc_str s = cc_check_guarded((struct cc_str){ bytes, len });

        cc_check_str(cc_hex_decode(arena, cc_hex_encode(arena, s)), s);
        cc_check_str(cc_base64url_decode(arena, cc_base64url_encode(arena, s)), s);
        cc_check_str(cc_percent_decode(arena, cc_percent_encode(arena, s)), s);
    }
    cc_arena_free(arena);
}
END_TEST

START_TEST(hex_is_lower_case_and_even)
{
    set_up();
    cc_check_str(cc_hex_encode(arena, CC_STR("\x00\xAF")), CC_STR("00af"));
    ck_assert_ptr_null(cc_hex_decode(arena, CC_STR("AF")).at);
    ck_assert_ptr_null(cc_hex_decode(arena, CC_STR("a")).at);
    ck_assert_ptr_null(cc_hex_decode(arena, CC_STR("0g")).at);
    cc_arena_free(arena);
}
END_TEST

START_TEST(percent_leaves_only_what_is_unreserved)
{
    set_up();
    cc_check_str(cc_percent_encode(arena, CC_STR("aZ09-._~")), CC_STR("aZ09-._~"));
    cc_check_str(cc_percent_encode(arena, CC_STR("a/b +\xC3\xA4")), CC_STR("a%2Fb%20%2B%C3%A4"));
    cc_arena_free(arena);
}
END_TEST

START_TEST(percent_decodes_once_and_strictly)
{
    static const char *const wrong[] = { "%", "a%", "%2", "%g0", "%0g", "%%20", "% 2", "%-1" };

    set_up();
    cc_check_str(cc_percent_decode(arena, CC_STR("%252F%2f%00+")), CC_STR("%2F/\0+"));
    for (size_t i = 0; i < CC_COUNT(wrong); i++) {
        struct cc_str text = cc_check_guarded(cc_str_from(wrong[i]));

        ck_assert_msg(!cc_percent_decode(arena, text).at, "%s", wrong[i]);
    }
    cc_arena_free(arena);
}
END_TEST

START_TEST(absent_stays_absent)
{
    set_up();
    ck_assert_ptr_null(cc_hex_encode(arena, CC_STR_ABSENT).at);
    ck_assert_ptr_null(cc_hex_decode(arena, CC_STR_ABSENT).at);
    ck_assert_ptr_null(cc_base64url_encode(arena, CC_STR_ABSENT).at);
    ck_assert_ptr_null(cc_base64url_decode(arena, CC_STR_ABSENT).at);
    ck_assert_ptr_null(cc_percent_encode(arena, CC_STR_ABSENT).at);
    ck_assert_ptr_null(cc_percent_decode(arena, CC_STR_ABSENT).at);
    cc_arena_free(arena);
}
END_TEST

CC_CHECK_MAIN("base/encode", base64url_known_answers, base64url_has_one_spelling,
              every_byte_survives_every_encoding, hex_is_lower_case_and_even,
              percent_leaves_only_what_is_unreserved, percent_decodes_once_and_strictly,
              absent_stays_absent)
