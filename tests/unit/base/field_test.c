#include "tests/check.h"

#include "base/arena.h"
#include "base/field.h"

#include <json-c/json.h>

static const char *const kinds[] = { "text", "image", NULL };

struct inner {
    int64_t before; /* no row names it: it must stay untouched */
    struct cc_str text;
    int64_t size;
};

static const struct cc_field inner_fields[] = {
    { .name = "text",
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct inner, text),
      .min = 1,
      .max = 5 },
    { .name = "size", .type = CC_FIELD_I64, .offset = offsetof(struct inner, size) },
    { .name = NULL },
};

struct outer {
    struct cc_str id, name, secret;
    int64_t number, plain;
    bool flag;
    int kind;
    struct cc_strs tags;
    struct cc_i64s numbers;
    struct inner inner;
    struct json_object *any;
};

static const struct cc_field fields[] = {
    { .name = "id",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct outer, id),
      .min = 1,
      .max = 4 },
    { .name = "name",
      .type = CC_FIELD_NAME,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct outer, name),
      .min = 1,
      .max = 8 },
    { .name = "secret",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_SECRET | CC_FIELD_OMIT,
      .offset = offsetof(struct outer, secret) },
    { .name = "number",
      .type = CC_FIELD_I64,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct outer, number),
      .min = 1,
      .max = 100 },
    { .name = "plain",
      .type = CC_FIELD_I64,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct outer, plain) },
    { .name = "flag",
      .type = CC_FIELD_BOOL,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct outer, flag) },
    { .name = "kind",
      .type = CC_FIELD_ENUM,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct outer, kind),
      .values = kinds },
    { .name = "tags",
      .type = CC_FIELD_STRS,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct outer, tags),
      .max = 2,
      .item_min = 1,
      .item_max = 3 },
    { .name = "numbers",
      .type = CC_FIELD_I64S,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct outer, numbers) },
    { .name = "a/b~c",
      .type = CC_FIELD_OBJECT,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct outer, inner),
      .sub = inner_fields },
    { .name = "any",
      .type = CC_FIELD_JSON,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct outer, any) },
    { .name = NULL },
};

static struct cc_arena *arena;
static struct cc_err err;
static struct outer out;

static enum cc_code decode(const char *text)
{
    if (!arena)
        arena = cc_arena_new(1 << 22);
    cc_err_clear(&err);
    memset(&out, 0xAA, sizeof(out));
    return cc_fields_decode(arena, fields, cc_check_guarded(cc_str_from(text)), &out, &err);
}

static enum cc_code query(const char *text)
{
    if (!arena)
        arena = cc_arena_new(1 << 22);
    cc_err_clear(&err);
    memset(&out, 0xAA, sizeof(out));
    return cc_fields_decode_query(arena, fields, cc_check_guarded(cc_str_from(text)), &out, &err);
}

static enum cc_code load(const char *text)
{
    if (!arena)
        arena = cc_arena_new(1 << 22);
    cc_err_clear(&err);
    memset(&out, 0xAA, sizeof(out));
    return cc_fields_load(arena, fields, cc_str_from(text), &out, &err);
}

/* The only wrong field is `pointer`. */
static void check_wrong(enum cc_code rc, const char *pointer, const char *detail)
{
    ck_assert_int_eq(rc, CC_INVALID);
    ck_assert_uint_eq(err.invalid_count, 1);
    ck_assert_str_eq(err.invalid[0].pointer, pointer);
    ck_assert_str_eq(err.invalid[0].detail, detail);
}

static const char everything[] =
    "{\"id\":\"\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\",\"name\":\" A  b "
    "\",\"secret\":\"s\",\"number\":100,"
    "\"plain\":-9223372036854775808,\"flag\":true,\"kind\":\"image\",\"tags\":[\"a\",\"bcd\"],"
    "\"numbers\":[1,-2],\"a/b~c\":{\"text\":\"x\",\"size\":7},\"any\":{\"k\":[null]}}";

static void check_everything(void)
{
    cc_check_str(out.id, CC_STR("\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"));
    cc_check_str(out.secret, CC_STR("s"));
    ck_assert_int_eq(out.number, 100);
    ck_assert_int_eq(out.plain, INT64_MIN);
    ck_assert(out.flag);
    ck_assert_int_eq(out.kind, 1);
    ck_assert_uint_eq(out.tags.count, 2);
    cc_check_str(out.tags.at[1], CC_STR("bcd"));
    ck_assert_uint_eq(out.numbers.count, 2);
    ck_assert_int_eq(out.numbers.at[1], -2);
    cc_check_str(out.inner.text, CC_STR("x"));
    ck_assert_int_eq(out.inner.size, 7);
    ck_assert_int_eq(json_object_object_length(out.any), 1);
}

START_TEST(every_type_is_decoded)
{
    ck_assert_msg(decode(everything) == CC_OK, "%s", err.cause);
    check_everything();
    cc_check_str(out.name, CC_STR("A b"));
    ck_assert_int_eq(out.id.at[out.id.len], '\0');
}
END_TEST

START_TEST(what_is_absent_is_zero_and_what_no_row_names_is_left_alone)
{
    ck_assert_int_eq(decode("{\"id\":\"a\"}"), CC_OK);
    ck_assert_ptr_null(out.name.at);
    ck_assert_int_eq(out.number, 0);
    ck_assert(!out.flag);
    ck_assert_uint_eq(out.tags.count, 0);
    ck_assert_ptr_null(out.inner.text.at);
    ck_assert_ptr_null(out.any);
    ck_assert_uint_eq((uint64_t)out.inner.before, UINT64_C(0xAAAAAAAAAAAAAAAA));
}
END_TEST

START_TEST(each_rule_has_its_sentence)
{
    static const char *const cases[][3] = {
        { "{}", "/id", "is required" },
        { "{\"id\":1}", "/id", "must be a string" },
        { "{\"id\":null}", "/id", "must be a string" },
        { "{\"id\":\"\"}", "/id", "must be 1 to 4 characters" },
        { "{\"id\":\"\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\"}", "/id",
          "must be 1 to 4 characters" },
        { "{\"id\":\"a\",\"name\":\"  \"}", "/name", "must be 1 to 8 characters" },
        { "{\"id\":\"a\",\"name\":\"a\\u202eb\"}", "/name", "must not hold control characters" },
        { "{\"id\":\"a\",\"number\":0}", "/number", "must be 1 to 100" },
        { "{\"id\":\"a\",\"number\":101}", "/number", "must be 1 to 100" },
        { "{\"id\":\"a\",\"number\":1.0}", "/number", "must be a whole number" },
        { "{\"id\":\"a\",\"number\":\"1\"}", "/number", "must be a whole number" },
        { "{\"id\":\"a\",\"flag\":1}", "/flag", "must be true or false" },
        { "{\"id\":\"a\",\"kind\":\"Text\"}", "/kind", "must be one of text, image" },
        { "{\"id\":\"a\",\"kind\":0}", "/kind", "must be one of text, image" },
        { "{\"id\":\"a\",\"tags\":\"a\"}", "/tags", "must be an array" },
        { "{\"id\":\"a\",\"tags\":[\"a\",\"b\",\"c\"]}", "/tags", "must have at most 2 items" },
        { "{\"id\":\"a\",\"tags\":[\"a\",2]}", "/tags/1", "must be a string" },
        { "{\"id\":\"a\",\"tags\":[\"a\",\"\"]}", "/tags/1", "must be 1 to 3 characters" },
        { "{\"id\":\"a\",\"numbers\":[1,2.5]}", "/numbers/1", "must be a whole number" },
        { "{\"id\":\"a\",\"a/b~c\":[]}", "/a~1b~0c", "must be an object" },
        { "{\"id\":\"a\",\"a/b~c\":{}}", "/a~1b~0c/text", "is required" },
        { "{\"id\":\"a\",\"a/b~c\":{\"text\":\"x\",\"z/\":1}}", "/a~1b~0c/z~1",
          "is not known here" },
        { "{\"id\":\"a\",\"ID\":1}", "/ID", "is not known here" },
        { "[]", "", "must be an object" },
        { "null", "", "must be an object" },
    };

    for (size_t i = 0; i < CC_COUNT(cases); i++)
        check_wrong(decode(cases[i][0]), cases[i][1], cases[i][2]);
}
END_TEST

START_TEST(all_wrong_fields_are_listed)
{
    ck_assert_int_eq(decode("{\"number\":0,\"flag\":0,\"x\":1}"), CC_INVALID);
    ck_assert_uint_eq(err.invalid_count, 4);
    ck_assert_str_eq(err.invalid[0].pointer, "/id");
    ck_assert_str_eq(err.invalid[1].pointer, "/number");
    ck_assert_str_eq(err.invalid[2].pointer, "/flag");
    ck_assert_str_eq(err.invalid[3].pointer, "/x");
    ck_assert_int_eq(decode("{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1}"),
                     CC_INVALID);
    ck_assert_uint_eq(err.invalid_count, CC_INVALID_MAX);
}
END_TEST

START_TEST(a_long_unknown_name_is_cut_in_its_pointer)
{
    char text[400] = "{\"id\":\"a\",\"";
    size_t len = strlen(text);

    for (; len < 300; len += 2)
        memcpy(text + len, "\xC3\xA4", 2);
    memcpy(text + len, "\":1}", 5);
    ck_assert_int_eq(decode(text), CC_INVALID);
    ck_assert_uint_eq(strlen(err.invalid[0].pointer), 95);
    ck_assert_int_eq((unsigned char)err.invalid[0].pointer[94], 0xA4);
}
END_TEST

START_TEST(what_is_not_json_never_reaches_the_table)
{
    ck_assert_int_eq(decode("{\"id\":\"a\",\"id\":\"b\"}"), CC_BAD_REQUEST);
    ck_assert_int_eq(decode("{\"id\":\"a\",\"plain\":9223372036854775808}"), CC_BAD_REQUEST);
    ck_assert_int_eq(decode("{"), CC_BAD_REQUEST);
    ck_assert_uint_eq(err.invalid_count, 0);
}
END_TEST

START_TEST(a_prefix_stands_before_the_pointers)
{
    struct inner inner;
    struct json_object *value;

    ck_assert_int_eq(decode("{\"id\":\"a\",\"any\":{\"text\":\"\"}}"), CC_OK);
    value = out.any;
    check_wrong(cc_fields_decode_json(arena, inner_fields, value, "/data", &inner, &err),
                "/data/text", "must be 1 to 5 characters");
}
END_TEST

START_TEST(a_query_is_decoded_by_the_same_table)
{
    ck_assert_msg(query("id=%C3%A4&number=7&flag=true&kind=image&name=a%20%20b+c&secret=") == CC_OK,
                  "%s", err.cause);
    cc_check_str(out.id, CC_STR("\xC3\xA4"));
    cc_check_str(out.name, CC_STR("a b+c"));
    cc_check_str(out.secret, CC_STR(""));
    ck_assert_int_eq(out.number, 7);
    ck_assert(out.flag);
    ck_assert_int_eq(out.kind, 1);
    ck_assert_int_eq(out.plain, 0);
}
END_TEST

START_TEST(a_query_is_judged_by_the_same_rules)
{
    check_wrong(query(""), "/id", "is required");
    check_wrong(query("id="), "/id", "must be 1 to 4 characters");
    check_wrong(query("id=a&number=101"), "/number", "must be 1 to 100");
    check_wrong(query("id=a&number=07"), "/number", "must be a whole number");
    check_wrong(query("id=a&number=%2B7"), "/number", "must be a whole number");
    check_wrong(query("id=a&flag=yes"), "/flag", "must be true or false");
    check_wrong(query("id=a&kind=x"), "/kind", "must be one of text, image");
    check_wrong(query("id=a&other=x"), "/other", "is not known here");
    check_wrong(query("id=a&o%2Fther=x"), "/o~1ther", "is not known here");
}
END_TEST

START_TEST(an_ambiguous_query_is_refused)
{
    static const char *const bad[] = { "id=a&id=a", "id=a&%69d=b",     "id",        "id=a&",
                                       "&id=a",     "id=a&&flag=true", "id=%",      "id=%zz",
                                       "id=%00",    "id=%FF",          "id=a&%00=x" };

    for (size_t i = 0; i < CC_COUNT(bad); i++)
        ck_assert_msg(query(bad[i]) == CC_BAD_REQUEST, "%s", bad[i]);
}
END_TEST

struct patch {
    int64_t seq;
    bool seq_is_there;
};

START_TEST(a_noted_field_tells_zero_from_absence)
{
    static const struct cc_field patch_fields[] = {
        { .name = "seq",
          .type = CC_FIELD_I64,
          .flags = CC_FIELD_NOTED,
          .offset = offsetof(struct patch, seq),
          .noted = offsetof(struct patch, seq_is_there) },
        { .name = NULL },
    };
    struct patch patch = { 1, true };

    ck_assert_int_eq(decode("{\"id\":\"a\"}"), CC_OK);
    ck_assert_int_eq(cc_fields_decode(arena, patch_fields, CC_STR("{}"), &patch, &err), CC_OK);
    ck_assert(!patch.seq_is_there);
    ck_assert_int_eq(cc_fields_decode(arena, patch_fields, CC_STR("{\"seq\":0}"), &patch, &err),
                     CC_OK);
    ck_assert(patch.seq_is_there);
    ck_assert_int_eq(cc_fields_decode_query(arena, patch_fields, CC_STR(""), &patch, &err), CC_OK);
    ck_assert(!patch.seq_is_there);
    ck_assert_int_eq(cc_fields_decode_query(arena, patch_fields, CC_STR("seq=0"), &patch, &err),
                     CC_OK);
    ck_assert(patch.seq_is_there);
}
END_TEST

START_TEST(what_is_saved_is_loaded)
{
    struct cc_str saved;

    ck_assert_int_eq(decode(everything), CC_OK);
    saved = cc_fields_save(arena, fields, &out);
    ck_assert_msg(load(cc_str_copy(arena, saved).at) == CC_OK, "%s", err.cause);
    check_everything();
    cc_check_str(cc_fields_save(arena, fields, &out), saved);
}
END_TEST

START_TEST(omitted_members_are_left_out)
{
    struct cc_str saved;

    ck_assert_int_eq(decode("{\"id\":\"a\"}"), CC_OK);
    cc_check_str(cc_fields_save(arena, fields, &out), CC_STR("{\"id\":\"a\"}"));
    ck_assert_int_eq(decode("{\"id\":\"a\",\"secret\":\"\",\"a/b~c\":{\"text\":\"x\"}}"), CC_OK);
    saved = cc_fields_save(arena, fields, &out);
    cc_check_str(saved,
                 CC_STR("{\"id\":\"a\",\"secret\":\"\",\"a/b~c\":{\"text\":\"x\",\"size\":0}}"));
}
END_TEST

/* A newer version wrote a member that this one does not know, and longer ones than it allows. */
START_TEST(loading_ignores_strangers_and_rules)
{
    ck_assert_msg(load("{\"new\":{},\"id\":\"longer than four\",\"number\":5000,\"flag\":null,"
                       "\"tags\":[\"a\",\"b\",\"c\"],\"name\":\" a  b\"}") == CC_OK,
                  "%s", err.cause);
    cc_check_str(out.id, CC_STR("longer than four"));
    cc_check_str(out.name, CC_STR(" a  b"));
    ck_assert_int_eq(out.number, 5000);
    ck_assert_uint_eq(out.tags.count, 3);
    ck_assert(!out.flag);
    ck_assert_int_eq(load("{}"), CC_OK);
}
END_TEST

START_TEST(an_item_of_the_wrong_shape_is_our_fault)
{
    static const char *const bad[] = { "",
                                       "[]",
                                       "{\"id\":1}",
                                       "{\"kind\":\"void\"}",
                                       "{\"tags\":[1]}",
                                       "{\"plain\":9223372036854775808}",
                                       "{\"a/b~c\":1}" };

    for (size_t i = 0; i < CC_COUNT(bad); i++) {
        ck_assert_msg(load(bad[i]) == CC_INTERNAL, "%s", bad[i]);
        ck_assert_uint_eq(err.invalid_count, 0);
    }
}
END_TEST

CC_CHECK_MAIN("base/field", every_type_is_decoded,
              what_is_absent_is_zero_and_what_no_row_names_is_left_alone,
              each_rule_has_its_sentence, all_wrong_fields_are_listed,
              a_long_unknown_name_is_cut_in_its_pointer, what_is_not_json_never_reaches_the_table,
              a_prefix_stands_before_the_pointers, a_query_is_decoded_by_the_same_table,
              a_query_is_judged_by_the_same_rules, an_ambiguous_query_is_refused,
              a_noted_field_tells_zero_from_absence, what_is_saved_is_loaded,
              omitted_members_are_left_out, loading_ignores_strangers_and_rules,
              an_item_of_the_wrong_shape_is_our_fault)
