#include "../../check.h"

#include "base/arena.h"
#include "notify/mail.h"

#define NOON_MS INT64_C(1795406706000) /* 2026-11-23T04:05:06Z */

static struct cc_arena *arena;

static void check_words(const char *text, const char *expected)
{
    arena = cc_arena_new((size_t)1 << 20);
    cc_check_str(notify_mail_words(arena, cc_check_guarded(cc_str_from(text))),
                 cc_str_from(expected));
    cc_arena_free(arena);
}

static void check_quoted(const char *text, const char *expected)
{
    arena = cc_arena_new((size_t)1 << 20);
    cc_check_str(notify_mail_quoted(arena, cc_check_guarded(cc_str_from(text))),
                 cc_str_from(expected));
    cc_arena_free(arena);
}

START_TEST(plain_words_stand_as_they_are_and_others_are_encoded)
{
    check_words("Cloud Chat - your code", "Cloud Chat - your code");
    check_words("Caf\xC3\xA9", "=?UTF-8?Q?Caf=C3=A9?=");
    check_words("Ada & Bob", "=?UTF-8?Q?Ada_=26_Bob?=");
    check_words("a=?b?=", "=?UTF-8?Q?a=3D=3Fb=3F=3D?=");
    check_words(" x", "=?UTF-8?Q?_x?=");
}
END_TEST

/* RFC 2047 2 and 5: 75 characters a word, and no character in two of them. */
START_TEST(long_words_are_cut_between_characters)
{
    check_words("\xE4\xB8\x8A\xE6\xB5\xB7\xE8\x81\x8A\xE5\xA4\xA9\xE4\xB8\x8A\xE6\xB5\xB7",
                "=?UTF-8?Q?=E4=B8=8A=E6=B5=B7=E8=81=8A=E5=A4=A9=E4=B8=8A?=\r\n "
                "=?UTF-8?Q?=E6=B5=B7?=");
}
END_TEST

START_TEST(nothing_in_a_header_begins_another)
{
    check_words("x\r\nBcc: eve@example.org", "=?UTF-8?Q?x=0D=0ABcc=3A_eve=40example=2Eorg?=");
    check_words("x\nBcc", "=?UTF-8?Q?x=0ABcc?=");
}
END_TEST

START_TEST(a_body_is_quoted_as_rfc_2045_wants_it)
{
    check_quoted("", "");
    check_quoted("123456 is your code.", "123456 is your code.\r\n");
    check_quoted("a=b\xC3\xA9", "a=3Db=C3=A9\r\n");
    check_quoted("one\ntwo\r\nthree\n", "one\r\ntwo\r\nthree\r\n");
    check_quoted("end \nend ", "end=20\r\nend=20\r\n");
    check_quoted("a\rb\x01", "a=0Db=01\r\n");
}
END_TEST

/* RFC 5321 4.5.2: a dot alone ends the mail; and old servers write '>' in front of "From ". */
START_TEST(no_line_of_a_body_begins_with_what_means_something_on_the_way)
{
    check_quoted(".\r\nQUIT\n", "=2E\r\nQUIT\r\n");
    check_quoted("From me", "=46rom me\r\n");
}
END_TEST

START_TEST(no_line_of_a_body_is_longer_than_76)
{
    const struct cc_str line = CC_STR("\xC3\xA9 abcdefg hijkl. ");
    struct cc_str text, rest;
    size_t longest = 0;

    arena = cc_arena_new((size_t)1 << 20);
    text = CC_STR("");
    for (int i = 0; i < 40; i++)
        text = CC_JOIN(arena, text, line);
    rest = notify_mail_quoted(arena, text);
    while (rest.at) {
        struct cc_str one = cc_str_cut(&rest, '\n');

        longest = one.len > longest ? one.len : longest; /* with its CR */
        ck_assert_msg(one.len == 0 || one.at[0] != '.', "%.*s", CC_STR_ARG(one));
    }
    ck_assert_uint_le(longest, 77);
    ck_assert_uint_gt(longest, 70);
    cc_arena_free(arena);
}
END_TEST

START_TEST(a_mail_is_what_rfc_5322_says)
{
    const struct notify_mail mail = {
        .from_name = CC_STR("Cloud Chat"),
        .from = CC_STR("codes@example.org"),
        .to = CC_STR("ada@example.net"),
        .subject = CC_STR("Cloud Chat - your code"),
        .text = CC_STR("123456 is your code."),
        .id = CC_STR("Abc_-1"),
        .wall_ms = NOON_MS,
    };

    arena = cc_arena_new((size_t)1 << 20);
    cc_check_str(notify_mail_build(arena, &mail),
                 CC_STR("Date: Mon, 23 Nov 2026 04:05:06 +0000\r\n"
                        "From: Cloud Chat\r\n <codes@example.org>\r\n"
                        "To: <ada@example.net>\r\n"
                        "Message-ID: <Abc_-1@example.org>\r\n"
                        "Subject: Cloud Chat - your code\r\n"
                        "Auto-Submitted: auto-generated\r\n"
                        "MIME-Version: 1.0\r\n"
                        "Content-Type: text/plain; charset=utf-8\r\n"
                        "Content-Transfer-Encoding: quoted-printable\r\n"
                        "\r\n"
                        "123456 is your code.\r\n"));
    cc_arena_free(arena);
}
END_TEST

START_TEST(an_address_holds_nothing_but_an_address)
{
    static const char *const wrong[] = {
        "",           "ada",          "@example.org",   "ada@",
        "a b@e.org",  "a@e.org\r\n",  "a@e.org\nBcc:x", "<a@e.org>",
        "a@b@e.org",  "a,b@e.org",    "\"a\"@e.org",    "a@e.org>",
        "\xC3\xA9@e", "a@e.org, b@e", "a(x)@e.org",     "a@[127.0.0.1]",
    };

    for (size_t i = 0; i < CC_COUNT(wrong); i++)
        ck_assert_msg(!notify_mail_is_address(cc_str_from(wrong[i])), "%s", wrong[i]);
    ck_assert(notify_mail_is_address(CC_STR("ada.l+x@mail.example.org")));
}
END_TEST

CC_CHECK_MAIN("notify/mail", plain_words_stand_as_they_are_and_others_are_encoded,
              long_words_are_cut_between_characters, nothing_in_a_header_begins_another,
              a_body_is_quoted_as_rfc_2045_wants_it,
              no_line_of_a_body_begins_with_what_means_something_on_the_way,
              no_line_of_a_body_is_longer_than_76, a_mail_is_what_rfc_5322_says,
              an_address_holds_nothing_but_an_address)
