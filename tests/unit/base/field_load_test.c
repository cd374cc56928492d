#include "base/arena.h"
#include "base/field.h"
#include "tests/check.h"

struct inner {
    struct cc_str text;
};

struct thing {
    struct cc_str text;
    int64_t number;
    bool flag, flag_is_there;
    int kind;
    struct cc_strs strs;
    struct cc_i64s numbers;
    struct inner inner;
};

static const char *const kinds[] = { "one", "two", NULL };

static const struct cc_field inner_fields[] = {
    { .name = "text", .type = CC_FIELD_STR, .offset = offsetof(struct inner, text) },
    { .name = NULL },
};

static const struct cc_field fields[] = {
    { .name = "text", .type = CC_FIELD_STR, .offset = offsetof(struct thing, text) },
    { .name = "number", .type = CC_FIELD_I64, .offset = offsetof(struct thing, number) },
    { .name = "flag",
      .type = CC_FIELD_BOOL,
      .flags = CC_FIELD_NOTED,
      .offset = offsetof(struct thing, flag),
      .noted = offsetof(struct thing, flag_is_there) },
    { .name = "kind",
      .type = CC_FIELD_ENUM,
      .offset = offsetof(struct thing, kind),
      .values = kinds },
    { .name = "strs", .type = CC_FIELD_STRS, .offset = offsetof(struct thing, strs) },
    { .name = "numbers", .type = CC_FIELD_I64S, .offset = offsetof(struct thing, numbers) },
    { .name = "inner",
      .type = CC_FIELD_OBJECT,
      .offset = offsetof(struct thing, inner),
      .sub = inner_fields },
    { .name = NULL },
};

static struct cc_arena *arena;
static struct thing out;

static enum cc_code load(struct cc_str text)
{
    struct cc_err err = { 0 };

    if (!arena)
        arena = cc_arena_new(1 << 26);
    memset(&out, 0xAA, sizeof(out));
    return cc_fields_load(arena, fields, cc_check_guarded(text), &out, &err);
}

static enum cc_code load_z(const char *text)
{
    return load(cc_str_from(text));
}

START_TEST(every_escape_is_read)
{
    ck_assert_int_eq(load_z("{\"text\":\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u00e4\\u20AC"
                            "\\uD83D\\uDE00z\"}"),
                     CC_OK);
    cc_check_str(out.text, CC_STR("a\"\\/\b\f\n\r\t\x01\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z"));
    ck_assert_int_eq(load_z("{\"te\\u0078t\":\"\\u0000\"}"), CC_OK);
    cc_check_str(out.text, CC_STR("\0"));
}
END_TEST

START_TEST(a_string_without_escapes_is_borrowed)
{
    static const char text[] = "{\"text\":\"plain\"}";
    struct cc_err err = { 0 };

    arena = cc_arena_new(1 << 16);
    ck_assert_int_eq(cc_fields_load(arena, fields, CC_STR("{\"text\":\"plain\"}"), &out, &err),
                     CC_OK);
    cc_check_str(out.text, CC_STR("plain"));
    ck_assert_int_eq(cc_fields_load(arena, fields, cc_str_from(text), &out, &err), CC_OK);
    ck_assert_ptr_eq(out.text.at, text + 9);
}
END_TEST

/* What save writes for any byte and character comes back as it was. */
START_TEST(what_was_saved_comes_back)
{
    struct cc_str strs[300], many;
    int64_t numbers[300];
    struct thing in = { .kind = 1, .flag = true };

    arena = cc_arena_new(1 << 26);
    for (size_t i = 0; i < CC_COUNT(strs); i++) {
        char byte = (char)(i % 0x80);

        strs[i] = cc_str_copy(arena, (struct cc_str){ &byte, i % 0x80 ? 1 : 0 });
        numbers[i] = i % 2 ? INT64_MIN + (int64_t)i : INT64_MAX - (int64_t)i;
    }
    many = cc_str_join(arena, strs, CC_COUNT(strs));
    in.text = in.inner.text = many;
    in.strs = (struct cc_strs){ strs, CC_COUNT(strs) };
    in.numbers = (struct cc_i64s){ numbers, CC_COUNT(numbers) };
    in.number = INT64_MIN;
    ck_assert_int_eq(load(cc_fields_save(arena, fields, &in)), CC_OK);
    cc_check_str(out.text, many);
    cc_check_str(out.inner.text, many);
    ck_assert(out.number == INT64_MIN && out.flag && out.flag_is_there && out.kind == 1);
    ck_assert_uint_eq(out.strs.count, CC_COUNT(strs));
    ck_assert_uint_eq(out.numbers.count, CC_COUNT(numbers));
    for (size_t i = 0; i < CC_COUNT(strs); i++) {
        cc_check_str(out.strs.at[i], strs[i]);
        ck_assert(out.numbers.at[i] == numbers[i]);
    }
}
END_TEST

START_TEST(order_space_and_strangers_do_not_matter)
{
    ck_assert_int_eq(load_z(" { \"inner\" : { \"new\" : [ 1.5e3 , { \"a\" : null } , \"\\u0041\" ]"
                            " , \"text\" : \"x\" } ,\n\"flag\" : null , \"strs\" : [ ] , \"new\" :"
                            " { } , \"numbers\" : [ 1 , -2 ] , \"number\" : 7 , \"kind\":\t\"two\""
                            " } \r\n"),
                     CC_OK);
    cc_check_str(out.inner.text, CC_STR("x"));
    ck_assert(!out.text.at && !out.flag && !out.flag_is_there);
    ck_assert_uint_eq(out.strs.count, 0);
    ck_assert_uint_eq(out.numbers.count, 2);
    ck_assert_int_eq(out.numbers.at[1], -2);
    ck_assert_int_eq(out.number, 7);
    ck_assert_int_eq(out.kind, 1);
}
END_TEST

static const char sample[] =
    "{\"text\":\"a\\n\\uD83D\\uDE00\",\"number\":-12,\"flag\":true,\"kind\":\"one\","
    "\"strs\":[\"a\",\"b\\\\\"],\"numbers\":[1,2],\"new\":{\"x\":[null,false,1.0]},"
    "\"inner\":{\"text\":\"\"}}";

START_TEST(no_prefix_is_an_item_nor_read_beyond_its_end)
{
    struct cc_str whole = cc_str_from(sample);

    ck_assert_int_eq(load(whole), CC_OK);
    for (size_t len = 0; len < whole.len; len++)
        ck_assert_msg(load(cc_str_take(whole, len)) == CC_INTERNAL, "%zu bytes", len);
}
END_TEST

START_TEST(any_byte_may_be_any_other)
{
    struct cc_str copy = cc_check_guarded(cc_str_from(sample));
    struct cc_err err = { 0 };

    arena = cc_arena_new(1 << 26);
    for (size_t i = 0; i < copy.len; i++) {
        char *at = (char *)copy.at;
        const char before = at[i];

        for (int value = 0; value < 256; value++) {
            at[i] = (char)value;
            cc_err_clear(&err);
            (void)!cc_fields_load(arena, fields, copy, &out, &err);
        }
        at[i] = before;
        cc_arena_reset(arena);
    }
}
END_TEST

START_TEST(what_we_could_not_have_written_is_refused)
{
    static const char *const refused[] = {
        "{} {}",
        "{}x",
        "{\"text\":\"a\",}",
        "{\"text\" \"a\"}",
        "{\"text\":\"\\x\"}",
        "{\"text\":\"\\uD83D\"}",
        "{\"text\":\"\\uD83Dx\"}",
        "{\"text\":\"\\uD83D\\u0041\"}",
        "{\"text\":\"\\uDE00\"}",
        "{\"text\":\"\\u00g0\"}",
        "{\"number\":1.0}",
        "{\"number\":01}",
        "{\"number\":}",
        "{\"number\":\"1\"}",
        "{\"number\":9223372036854775808}",
        "{\"flag\":1}",
        "{\"flag\":truer}",
        "{\"kind\":\"three\"}",
        "{\"strs\":[\"a\",]}",
        "{\"strs\":[1]}",
        "{\"numbers\":{}}",
        "{\"new\":[1,]}",
        "{\"new\":}",
        "{\"new\":nul}",
        "{\"inner\":[]}",
    };
    char deep[4096];

    for (size_t i = 0; i < CC_COUNT(refused); i++)
        ck_assert_msg(load_z(refused[i]) == CC_INTERNAL, "%s", refused[i]);
    memset(deep, '[', sizeof(deep));
    memcpy(deep, "{\"new\":", 7);
    ck_assert_int_eq(load((struct cc_str){ deep, sizeof(deep) }), CC_INTERNAL);
    ck_assert_int_eq(load(CC_STR_ABSENT), CC_INTERNAL);
}
END_TEST

CC_CHECK_MAIN("base/field_load", every_escape_is_read, a_string_without_escapes_is_borrowed,
              what_was_saved_comes_back, order_space_and_strangers_do_not_matter,
              no_prefix_is_an_item_nor_read_beyond_its_end, any_byte_may_be_any_other,
              what_we_could_not_have_written_is_refused)
