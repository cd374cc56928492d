#include "tests/check.h"

#include "base/arena.h"
#include "base/text.h"

#include <stdio.h>

static struct cc_arena *arena;

static void set_up(void)
{
    arena = cc_arena_new(1 << 20);
}

START_TEST(utf8_is_what_rfc_3629_says)
{
    static const struct {
        struct cc_str text;
        bool is_utf8;
    } cases[] = {
        { { "", 0 }, true },
        { { "\0", 1 }, true },
        { { "\x7F\xC2\x80\xDF\xBF", 5 }, true },
        { { "\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF", 12 }, true },
        { { "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8 }, true },
        { { "\x80", 1 }, false },
        { { "\xC1\xBF", 2 }, false },
        { { "\xE0\x9F\xBF", 3 }, false },
        { { "\xED\xA0\x80", 3 }, false },
        { { "\xF0\x8F\xBF\xBF", 4 }, false },
        { { "\xF4\x90\x80\x80", 4 }, false },
        { { "\xF5\x80\x80\x80", 4 }, false },
        { { "\xE2\x82", 2 }, false },
        { { "\xF0\x90\x80", 3 }, false },
        { { "\xE2\x28\xA1", 3 }, false },
        { { "\xE2\x82\x28", 3 }, false },
        { { "\xC2", 1 }, false },
    };

    for (size_t i = 0; i < CC_COUNT(cases); i++)
        ck_assert_msg(cc_text_is_utf8(cc_check_guarded(cases[i].text)) == cases[i].is_utf8,
                      "case %zu", i);
}
END_TEST

START_TEST(length_is_in_code_points)
{
    ck_assert_uint_eq(cc_text_length(CC_STR("")), 0);
    ck_assert_uint_eq(cc_text_length(CC_STR("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80")), 4);
    ck_assert_uint_eq(cc_text_length(CC_STR("e\xCC\x81")), 2);
}
END_TEST

#define FAMILY "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7" /* woman, joiner, girl */
#define FLAG "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA"               /* D, E */
#define E_ACUTE "e\xCC\x81"

START_TEST(a_cut_by_characters_never_tears_a_grapheme)
{
    struct cc_str text = CC_STR("a" FAMILY "z"); /* 1 + 3 + 1 characters */

    cc_check_str(cc_text_cut_characters(text, 0), CC_STR(""));
    cc_check_str(cc_text_cut_characters(text, 1), CC_STR("a"));
    cc_check_str(cc_text_cut_characters(text, 3), CC_STR("a"));
    cc_check_str(cc_text_cut_characters(text, 4), CC_STR("a" FAMILY));
    cc_check_str(cc_text_cut_characters(text, 5), text);
    cc_check_str(cc_text_cut_characters(CC_STR(FLAG FLAG), 3), CC_STR(FLAG));
    cc_check_str(cc_text_cut_characters(CC_STR(E_ACUTE "\xCC\x81\xCC\x81"), 3), CC_STR(""));
    cc_check_str(cc_text_cut_characters(CC_STR(""), 3), CC_STR(""));
}
END_TEST

START_TEST(blank_is_what_nobody_can_see)
{
    ck_assert(cc_text_is_blank(CC_STR("")));
    ck_assert(cc_text_is_blank(CC_STR(" \t\n\xC2\xA0\xE2\x80\xA8")));
    ck_assert(cc_text_is_blank(CC_STR("\xE2\x80\x8B\xE2\x80\x8D\x01")));
    ck_assert(cc_text_is_blank(CC_STR(" \x7F\x1F")));
    ck_assert(!cc_text_is_blank(CC_STR("  .")));
    ck_assert(!cc_text_is_blank(CC_STR("!")));
    ck_assert(!cc_text_is_blank(CC_STR("~")));
    ck_assert(!cc_text_is_blank(CC_STR(FAMILY)));
}
END_TEST

START_TEST(nfc_composes)
{
    set_up();
    cc_check_str(cc_text_nfc(arena, CC_STR("ascii")), CC_STR("ascii"));
    cc_check_str(cc_text_nfc(arena, CC_STR("Ame" E_ACUTE "lie" E_ACUTE)),
                 CC_STR("Ame\xC3\xA9lie\xC3\xA9"));
    cc_check_str(cc_text_nfc(arena, CC_STR("\xE2\x84\xAB")), CC_STR("\xC3\x85"));
    cc_check_str(cc_text_nfc(arena, CC_STR("")), CC_STR(""));
    cc_arena_free(arena);
}
END_TEST

START_TEST(a_name_is_one_clean_line)
{
    set_up();
    cc_check_str(cc_text_name(arena, CC_STR("  Ada \t Lovelace\n")), CC_STR("Ada Lovelace"));
    cc_check_str(cc_text_name(arena, CC_STR("\xC2\xA0"
                                            "Ada\xE2\x80\x83\xE3\x80\x80"
                                            "L")),
                 CC_STR("Ada L"));
    cc_check_str(cc_text_name(arena, CC_STR("Zoe\xCC\x88")), CC_STR("Zo\xC3\xAB"));
    cc_check_str(cc_text_name(arena, CC_STR("\xD7\x9E\xD7\xA9\xD7\x94")),
                 CC_STR("\xD7\x9E\xD7\xA9\xD7\x94"));
    cc_check_str(cc_text_name(arena, CC_STR(FAMILY)), CC_STR(FAMILY));
    cc_arena_free(arena);
}
END_TEST

START_TEST(a_name_that_nobody_can_see_is_empty)
{
    set_up();
    cc_check_str(cc_text_name(arena, CC_STR("")), CC_STR(""));
    cc_check_str(cc_text_name(arena, CC_STR(" \t ")), CC_STR(""));
    cc_check_str(cc_text_name(arena, CC_STR("\xE2\x80\x8B\xE2\x80\x8D")), CC_STR(""));
    cc_check_str(cc_text_name(arena, CC_STR("\xE3\x85\xA4")), CC_STR(""));
    cc_check_str(cc_text_name(arena, CC_STR("\xCC\x81")), CC_STR(""));
    cc_arena_free(arena);
}
END_TEST

/* With U+202E, "gro.live" is shown as "evil.org". */
START_TEST(a_name_cannot_turn_the_text_around)
{
    static const char *const wrong[] = {
        "a\xE2\x80\xAE"
        "b",
        "\xE2\x80\xAA"
        "a",
        "a\xE2\x81\xA6",
        "a\x01",
        "a\x1B[31m",
        "a\x7F",
        "a\xC2\x9B",
    };

    set_up();
    for (size_t i = 0; i < CC_COUNT(wrong); i++)
        ck_assert_msg(!cc_text_name(arena, cc_str_from(wrong[i])).at, "case %zu", i);
    ck_assert_ptr_null(cc_text_name(arena, CC_STR("a\0b")).at);
    cc_arena_free(arena);
}
END_TEST

START_TEST(nothing_that_commands_a_terminal_is_left)
{
    static const char *const rows[][2] = {
        { "Ada \xC3\x9B \xE4\xB8\x8A", "Ada \xC3\x9B \xE4\xB8\x8A" },
        { "a\x1B[31m", "a [31m" },
        { "a\x7F\n", "a  " },
        { "a\xC2\x9B"
          "31m",
          "a  31m" },
        { "a\xC2\xA0", "a\xC2\xA0" },
        { "a\x9B"
          "31m\xE4\xB8",
          "a 31m  " },
    };
    char text[32];

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        snprintf(text, sizeof(text), "%s", rows[i][0]);
        cc_text_tame(text, strlen(text));
        ck_assert_str_eq(text, rows[i][1]);
    }
}
END_TEST

CC_CHECK_MAIN("base/text", utf8_is_what_rfc_3629_says, length_is_in_code_points,
              a_cut_by_characters_never_tears_a_grapheme, blank_is_what_nobody_can_see,
              nfc_composes, a_name_is_one_clean_line, a_name_that_nobody_can_see_is_empty,
              a_name_cannot_turn_the_text_around, nothing_that_commands_a_terminal_is_left)
