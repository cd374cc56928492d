#include "tests/check.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/jsonw.h"

#include <signal.h>
#include <sys/wait.h>

static char memory[8192];
static struct cc_buf buf;
static struct cc_jw w;

static void start(void)
{
    cc_buf_init_fixed(&buf, memory, sizeof(memory));
    cc_jw_init(&w, &buf);
}

/* What a string is written as. */
static struct cc_str written(struct cc_str value)
{
    start();
    cc_jw_str(&w, cc_check_guarded(value));
    return cc_buf_str(&buf);
}

START_TEST(a_name_may_be_any_text)
{
    start();
    cc_jw_object(&w);
    cc_jw_name(&w, CC_STR("a\"\0"));
    cc_jw_i64(&w, 1);
    cc_jw_name(&w, CC_STR(""));
    cc_jw_i64(&w, 2);
    cc_jw_object_end(&w);
    cc_check_str(cc_buf_str(&buf), CC_STR("{\"a\\\"\\u0000\":1,\"\":2}"));
}
END_TEST

START_TEST(commas_and_nesting_are_its_own)
{
    start();
    cc_jw_object(&w);
    cc_jw_put_str(&w, "s", CC_STR("x"));
    cc_jw_put_i64(&w, "n", -5);
    cc_jw_put_bool(&w, "t", true);
    cc_jw_key(&w, "a");
    cc_jw_array(&w);
    cc_jw_i64(&w, 1);
    cc_jw_object(&w);
    cc_jw_object_end(&w);
    cc_jw_array(&w);
    cc_jw_array_end(&w);
    cc_jw_null(&w);
    cc_jw_bool(&w, false);
    cc_jw_raw(&w, CC_STR("{\"r\":1}"));
    cc_jw_array_end(&w);
    cc_jw_put_str(&w, "absent", CC_STR_ABSENT);
    cc_jw_put_time(&w, "at", 0);
    cc_jw_object_end(&w);
    cc_check_str(cc_buf_str(&buf),
                 CC_STR("{\"s\":\"x\",\"n\":-5,\"t\":true,\"a\":[1,{},[],null,false,{\"r\":1}],"
                        "\"absent\":null,\"at\":\"1970-01-01T00:00:00.000Z\"}"));
}
END_TEST

START_TEST(what_must_be_escaped_is_escaped)
{
    cc_check_str(written(CC_STR("\"\\/")), CC_STR("\"\\\"\\\\/\""));
    cc_check_str(written(CC_STR("\b\f\n\r\t")), CC_STR("\"\\b\\f\\n\\r\\t\""));
    cc_check_str(written(CC_STR("\x00\x1f\x7f")), CC_STR("\"\\u0000\\u001f\x7f\""));
    cc_check_str(written(CC_STR("\xE2\x80\xA7\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA")),
                 CC_STR("\"\xE2\x80\xA7\\u2028\\u2029\xE2\x80\xAA\""));
}
END_TEST

START_TEST(characters_of_every_length_pass)
{
    struct cc_str text = CC_STR("a\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"
                                "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");

    cc_check_str(cc_str_skip(cc_str_take(written(text), text.len + 1), 1), text);
}
END_TEST

/* The second array on a level must not think that it has items already. */
START_TEST(siblings_start_without_a_comma)
{
    start();
    cc_jw_array(&w);
    for (int i = 0; i < 2; i++) {
        cc_jw_array(&w);
        cc_jw_i64(&w, i);
        cc_jw_array_end(&w);
        cc_jw_object(&w);
        cc_jw_put_i64(&w, "a", i);
        cc_jw_object_end(&w);
    }
    cc_jw_array_end(&w);
    cc_check_str(cc_buf_str(&buf), CC_STR("[[0],{\"a\":0},[1],{\"a\":1}]"));
}
END_TEST

#define BAD "\xEF\xBF\xBD"

START_TEST(what_is_not_utf8_becomes_the_replacement_character)
{
    cc_check_str(written(CC_STR("a\xFFz")), CC_STR("\"a" BAD "z\""));
    cc_check_str(written(CC_STR("\xC0\x80")), CC_STR("\"" BAD BAD "\""));
    cc_check_str(written(CC_STR("\xED\xA0\x80")), CC_STR("\"" BAD BAD BAD "\""));
    cc_check_str(written(CC_STR("\xF4\x90\x80\x80")), CC_STR("\"" BAD BAD BAD BAD "\""));
    cc_check_str(written(CC_STR("\xE2\x82")), CC_STR("\"" BAD BAD "\""));
    cc_check_str(written(CC_STR("\xC3\"")), CC_STR("\"" BAD "\\\"\""));
}
END_TEST

/* Strings are searched eight bytes at a time: each special byte, at each place of each length. */
START_TEST(no_special_byte_escapes_at_any_place)
{
    static const char specials[] = { '"', '\\', '\n', '\x1f', '\x80', '\xff', '\0' };
    struct cc_arena *arena = cc_arena_new(1 << 20);

    for (size_t len = 1; len <= 33; len++) {
        for (size_t at = 0; at < len; at++) {
            for (size_t i = 0; i < sizeof(specials); i++) {
                struct cc_err err = { 0 };
                char text[33];
                enum cc_code rc;

                memset(text, '!', sizeof(text));
                text[at] = specials[i];
                rc = cc_json_check(arena, written((struct cc_str){ text, len }),
                                   &cc_json_default_limits, &err);
                ck_assert_msg(rc == CC_OK || specials[i] == '\0', "byte %d at %zu of %zu: %s",
                              specials[i], at, len, err.cause);
            }
        }
        cc_arena_reset(arena);
    }
    cc_arena_free(arena);
}
END_TEST

START_TEST(every_byte_pair_gives_a_document_that_passes_the_gate)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);

    for (int first = 1; first < 256; first++) {
        for (int second = 1; second < 256; second++) {
            const char text[] = { (char)first, (char)second };
            struct cc_err err = { 0 };

            start();
            cc_jw_str(&w, (struct cc_str){ text, 2 });
            ck_assert_int_eq(cc_json_check(arena, cc_buf_str(&buf), &cc_json_default_limits, &err),
                             CC_OK);
        }
    }
    cc_arena_free(arena);
}
END_TEST

START_TEST(overflow_shows_in_the_buffer)
{
    cc_buf_init_fixed(&buf, memory, 8);
    cc_jw_init(&w, &buf);
    cc_jw_object(&w);
    cc_jw_put_str(&w, "k", CC_STR("0123456789"));
    cc_jw_object_end(&w);
    ck_assert(buf.overflow);
    ck_assert_uint_lt(buf.len, 8);
}
END_TEST

START_TEST(thirty_two_levels_are_kept_apart)
{
    start();
    for (int i = 0; i < CC_JW_DEPTH_MAX / 2; i++) {
        cc_jw_array(&w);
        cc_jw_i64(&w, 1);
        cc_jw_object(&w);
        cc_jw_put_i64(&w, "a", 1);
        cc_jw_key(&w, "b");
    }
    cc_jw_null(&w);
    for (int i = 0; i < CC_JW_DEPTH_MAX / 2; i++) {
        cc_jw_object_end(&w);
        cc_jw_i64(&w, 2);
        cc_jw_array_end(&w);
    }
    ck_assert_uint_eq(w.depth, 0);
    cc_check_str(cc_str_take(cc_buf_str(&buf), 21), CC_STR("[1,{\"a\":1,\"b\":[1,{\"a\""));
    cc_check_str(cc_str_skip(cc_buf_str(&buf), buf.len - 8), CC_STR("},2]},2]"));
}
END_TEST

static void write_a_value_without_a_key(void)
{
    cc_jw_object(&w);
    cc_jw_i64(&w, 1);
}

static void write_ends_that_do_not_match(void)
{
    cc_jw_object(&w);
    cc_jw_array_end(&w);
}

static void write_a_key_into_an_array(void)
{
    cc_jw_array(&w);
    cc_jw_key(&w, "k");
}

static void write_too_many_levels(void)
{
    for (int i = 0; i <= CC_JW_DEPTH_MAX; i++)
        cc_jw_array(&w);
}

START_TEST(misuse_ends_the_program)
{
    void (*const misuses[])(void) = { write_a_value_without_a_key, write_ends_that_do_not_match,
                                      write_a_key_into_an_array, write_too_many_levels };

    for (size_t i = 0; i < CC_COUNT(misuses); i++) {
        pid_t child = fork();
        int status;

        if (child == 0) {
            close(STDERR_FILENO);
            start();
            misuses[i]();
            _exit(0);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}
END_TEST

CC_CHECK_MAIN("base/jsonw", commas_and_nesting_are_its_own, a_name_may_be_any_text,
              siblings_start_without_a_comma, what_must_be_escaped_is_escaped,
              characters_of_every_length_pass, what_is_not_utf8_becomes_the_replacement_character,
              no_special_byte_escapes_at_any_place,
              every_byte_pair_gives_a_document_that_passes_the_gate, overflow_shows_in_the_buffer,
              thirty_two_levels_are_kept_apart, misuse_ends_the_program)
