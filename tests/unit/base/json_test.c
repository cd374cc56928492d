#include "tests/check.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/limits.h"

#include <dirent.h>
#include <stdio.h>
#include <time.h>

#include <json-c/json.h>

static enum cc_code check(struct cc_str text, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    enum cc_code rc;

    cc_err_clear(err);
    rc = cc_json_check(arena, cc_check_guarded(text), &cc_json_default_limits, err);
    cc_arena_free(arena);
    return rc;
}

static void check_refused(struct cc_str text, const char *detail)
{
    struct cc_err err;

    ck_assert_msg(check(text, &err) == CC_BAD_REQUEST, "%.*s", CC_STR_ARG(text));
    ck_assert_str_eq(err.detail, detail);
}

static void check_passes(struct cc_str text)
{
    struct cc_err err;

    ck_assert_msg(check(text, &err) == CC_OK, "%.*s: %s", CC_STR_ARG(text), err.cause);
}

/* --- the vectors ------------------------------------------------------------------------------ */

struct vector {
    char name[256];
    struct cc_str text;
};

typedef void vector_fn(const struct vector *);

/* Calls fn for each vector whose name starts with `prefix`; returns how many there were, or -1
 * (and says so) where there are no vectors. */
static int each_vector(const char *prefix, vector_fn *fn)
{
    const char *root = getenv("VECTORS") ? getenv("VECTORS") : "../shared/vectors";
    const struct dirent *entry;
    struct cc_arena *arena;
    struct vector vector;
    char path[4096];
    int count = 0;
    DIR *folder;

    snprintf(path, sizeof(path), "%s/json", root);
    folder = opendir(path);
    if (!folder) {
        printf("SKIPPED base/json %s*: no vectors in %s (make VECTORS=...)\n", prefix, path);
        return -1;
    }
    arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    while ((entry = readdir(folder))) {
        struct cc_err err = { 0 };

        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        snprintf(vector.name, sizeof(vector.name), "%s", entry->d_name);
        snprintf(path, sizeof(path), "%s/json/%s", root, entry->d_name);
        ck_assert_int_eq(cc_file_read(arena, path, 4 << 20, &vector.text, &err), CC_OK);
        fn(&vector);
        cc_arena_reset(arena);
        count++;
    }
    closedir(folder);
    cc_arena_free(arena);
    return count;
}

/* Valid JSON that we refuse all the same: RFC 8259 section 4 calls the behaviour of duplicate keys
 * unpredictable, and U+0000 ends a string for whatever is written in C. */
static const struct {
    const char *name;
    const char *detail;
} valid_but_refused[] = {
    { "y_object_duplicated_key.json",
      "Not acceptable JSON: a key that was there before at byte 9." },
    { "y_object_duplicated_key_and_value.json",
      "Not acceptable JSON: a key that was there before at byte 9." },
    { "y_object_escaped_null_in_key.json", "Not acceptable JSON: the character U+0000 at byte 7." },
    { "y_string_null_escape.json", "Not acceptable JSON: the character U+0000 at byte 4." },
};

static void expect_valid(const struct vector *vector)
{
    struct cc_err err;

    for (size_t i = 0; i < CC_COUNT(valid_but_refused); i++) {
        if (strcmp(vector->name, valid_but_refused[i].name) == 0) {
            check_refused(vector->text, valid_but_refused[i].detail);
            return;
        }
    }
    ck_assert_msg(check(vector->text, &err) == CC_OK, "%s: %s", vector->name, err.cause);
}

START_TEST(our_own_rules_refuse_four_valid_documents)
{
    int count = each_vector("y_", expect_valid);

    ck_assert(count == -1 || count == 95);
}
END_TEST

static const struct cc_json_limits grammar = {
    CC_JSON_DEPTH_MAX,
    CC_JSON_NODES_MAX,
    CC_JSON_STRING_BYTES_MAX,
    .only_grammar = true,
};

static enum cc_code check_grammar(struct cc_str text)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_err err = { 0 };
    enum cc_code rc = cc_json_check(arena, cc_check_guarded(text), &grammar, &err);

    cc_arena_free(arena);
    return rc;
}

static void expect_grammar(const struct vector *vector)
{
    ck_assert_msg(check_grammar(vector->text) == CC_OK, "%s", vector->name);
}

static void expect_no_grammar(const struct vector *vector)
{
    ck_assert_msg(check_grammar(vector->text) != CC_OK, "%s", vector->name);
}

START_TEST(by_the_grammar_alone_all_95_valid_documents_pass_and_none_of_188_invalid)
{
    int valid = each_vector("y_", expect_grammar);
    int invalid = each_vector("n_", expect_no_grammar);

    ck_assert(valid == -1 || valid == 95);
    ck_assert(invalid == -1 || invalid == 188);
}
END_TEST

/* What the gate lets pass, json-c must read: nothing is left for it to refuse. */
static void expect_parsed(const struct vector *vector)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct json_object *value;
    struct cc_err err = { 0 };
    enum cc_code rc = cc_json_parse(arena, vector->text, &cc_json_default_limits, &value, &err);

    ck_assert_msg(rc == CC_OK || rc == CC_BAD_REQUEST, "%s: %s", vector->name, err.cause);
    cc_arena_free(arena);
}

START_TEST(json_c_reads_whatever_the_gate_lets_pass)
{
    int count = each_vector("y_", expect_parsed);

    ck_assert(count == -1 || count == 95);
}
END_TEST

static void expect_invalid(const struct vector *vector)
{
    struct cc_err err;
    enum cc_code rc = check(vector->text, &err);

    ck_assert_msg(rc == CC_BAD_REQUEST || rc == CC_TOO_LARGE, "%s", vector->name);
}

START_TEST(invalid_documents_are_refused)
{
    int count = each_vector("n_", expect_invalid);

    ck_assert(count == -1 || count == 188);
}
END_TEST

#define UTF8_BAD "not UTF-8 (RFC 8259 8.1)"
#define SURROGATE "half a surrogate pair is no character"
#define TOO_BIG "would become infinite, or lose digits"

/* Where RFC 8259 leaves the choice to the implementation: ours, and why. */
static const struct {
    const char *name;
    enum cc_code rc;
    const char *why;
} left_to_us[] = {
    { "i_number_double_huge_neg_exp.json", CC_OK, "rounds to 0, which is finite" },
    { "i_number_huge_exp.json", CC_BAD_REQUEST, TOO_BIG },
    { "i_number_neg_int_huge_exp.json", CC_BAD_REQUEST, TOO_BIG },
    { "i_number_pos_double_huge_exp.json", CC_BAD_REQUEST, TOO_BIG },
    { "i_number_real_neg_overflow.json", CC_BAD_REQUEST, TOO_BIG },
    { "i_number_real_pos_overflow.json", CC_BAD_REQUEST, TOO_BIG },
    { "i_number_real_underflow.json", CC_OK, "rounds to 0, which is finite" },
    { "i_number_too_big_neg_int.json", CC_BAD_REQUEST, TOO_BIG },
    { "i_number_too_big_pos_int.json", CC_BAD_REQUEST, TOO_BIG },
    { "i_number_very_big_negative_int.json", CC_BAD_REQUEST, TOO_BIG },
    { "i_object_key_lone_2nd_surrogate.json", CC_BAD_REQUEST, SURROGATE },
    { "i_string_1st_surrogate_but_2nd_missing.json", CC_BAD_REQUEST, SURROGATE },
    { "i_string_1st_valid_surrogate_2nd_invalid.json", CC_BAD_REQUEST, SURROGATE },
    { "i_string_UTF-16LE_with_BOM.json", CC_BAD_REQUEST, UTF8_BAD },
    { "i_string_UTF-8_invalid_sequence.json", CC_BAD_REQUEST, UTF8_BAD },
    { "i_string_UTF8_surrogate_U+D800.json", CC_BAD_REQUEST, UTF8_BAD },
    { "i_string_incomplete_surrogate_and_escape_valid.json", CC_BAD_REQUEST, SURROGATE },
    { "i_string_incomplete_surrogate_pair.json", CC_BAD_REQUEST, SURROGATE },
    { "i_string_incomplete_surrogates_escape_valid.json", CC_BAD_REQUEST, SURROGATE },
    { "i_string_invalid_lonely_surrogate.json", CC_BAD_REQUEST, SURROGATE },
    { "i_string_invalid_surrogate.json", CC_BAD_REQUEST, SURROGATE },
    { "i_string_invalid_utf-8.json", CC_BAD_REQUEST, UTF8_BAD },
    { "i_string_inverted_surrogates_U+1D11E.json", CC_BAD_REQUEST, SURROGATE },
    { "i_string_iso_latin_1.json", CC_BAD_REQUEST, UTF8_BAD },
    { "i_string_lone_second_surrogate.json", CC_BAD_REQUEST, SURROGATE },
    { "i_string_lone_utf8_continuation_byte.json", CC_BAD_REQUEST, UTF8_BAD },
    { "i_string_not_in_unicode_range.json", CC_BAD_REQUEST, UTF8_BAD },
    { "i_string_overlong_sequence_2_bytes.json", CC_BAD_REQUEST, UTF8_BAD },
    { "i_string_overlong_sequence_6_bytes.json", CC_BAD_REQUEST, UTF8_BAD },
    { "i_string_overlong_sequence_6_bytes_null.json", CC_BAD_REQUEST, UTF8_BAD },
    { "i_string_truncated-utf-8.json", CC_BAD_REQUEST, UTF8_BAD },
    { "i_string_utf16BE_no_BOM.json", CC_BAD_REQUEST, UTF8_BAD },
    { "i_string_utf16LE_no_BOM.json", CC_BAD_REQUEST, UTF8_BAD },
    { "i_structure_500_nested_arrays.json", CC_TOO_LARGE, "deeper than our cap" },
    { "i_structure_UTF-8_BOM_empty_object.json", CC_BAD_REQUEST, "no sender may add a mark (8.1)" },
};

static void expect_as_decided(const struct vector *vector)
{
    struct cc_err err;

    for (size_t i = 0; i < CC_COUNT(left_to_us); i++) {
        if (strcmp(vector->name, left_to_us[i].name) != 0)
            continue;
        ck_assert_msg(check(vector->text, &err) == left_to_us[i].rc, "%s: %s (%s)", vector->name,
                      left_to_us[i].why, err.cause);
        return;
    }
    ck_abort_msg("%s is not decided", vector->name);
}

START_TEST(what_the_rfc_leaves_open_is_as_we_decided)
{
    int count = each_vector("i_", expect_as_decided);

    ck_assert(count == -1 || count == CC_COUNT(left_to_us));
}
END_TEST

/* --- beyond the vectors ----------------------------------------------------------------------- */

/* Every beginning of a document ends at a guard page and must be refused. */
START_TEST(a_document_that_ends_too_early_is_refused_at_every_byte)
{
    struct cc_str whole =
        CC_STR("{\"a\\n\\u00e4\":[-1.5e+3,true,null,\"\\ud834\\udd1e\xE2\x82\xAC\"],"
               "\"b\":{\"c\":false}}");
    struct cc_err err;

    check_passes(whole);
    for (size_t len = 0; len < whole.len; len++)
        ck_assert_int_eq(check(cc_str_take(whole, len), &err), CC_BAD_REQUEST);
}
END_TEST

START_TEST(the_detail_names_what_and_where)
{
    check_refused(CC_STR(""), "Not acceptable JSON: it ends too early at byte 0.");
    check_refused(CC_STR_ABSENT, "Not acceptable JSON: it ends too early at byte 0.");
    check_refused(CC_STR("[1,]"), "Not acceptable JSON: a value was expected at byte 3.");
    check_refused(CC_STR("{\"a\" 1}"), "Not acceptable JSON: a colon was expected at byte 5.");
    check_refused(CC_STR("[1 2]"), "Not acceptable JSON: a comma or ']' was expected at byte 3.");
    check_refused(CC_STR("{} x"), "Not acceptable JSON: something behind the value at byte 3.");
    check_refused(CC_STR("\"\t\""),
                  "Not acceptable JSON: a control character in a string at byte 1.");
    check_refused(CC_STR("\xEF\xBB\xBF{}"), "Not acceptable JSON: a byte order mark at byte 0.");
    check_refused(CC_STR("[01]"), "Not acceptable JSON: a number with a leading zero at byte 1.");
    check_refused(CC_STR("\0"), "Not acceptable JSON: a value was expected at byte 0.");
}
END_TEST

/* "admin" and "\u0061dmin" are one key to whoever reads the document behind the gate. */
START_TEST(duplicate_keys_are_compared_decoded)
{
    check_refused(CC_STR("{\"admin\":1,\"\\u0061dmin\":2}"),
                  "Not acceptable JSON: a key that was there before at byte 11.");
    check_refused(CC_STR("{\"\\ud834\\udd1e\":1,\"\xF0\x9D\x84\x9E\":2}"),
                  "Not acceptable JSON: a key that was there before at byte 18.");
    check_refused(CC_STR("{\"\\/\":1,\"/\":2}"),
                  "Not acceptable JSON: a key that was there before at byte 8.");
    check_refused(CC_STR("{\"\\n\\u20ac\\u00e4\":1,\"\\u000a\xE2\x82\xAC\xC3\xA4\":2}"),
                  "Not acceptable JSON: a key that was there before at byte 20.");
    check_refused(CC_STR("{\"\":1,\"\":2}"),
                  "Not acceptable JSON: a key that was there before at byte 6.");
}
END_TEST

START_TEST(the_same_key_in_other_objects_is_no_duplicate)
{
    check_passes(CC_STR("{\"a\":{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]},\"b\":{\"a\":1}}"));
    check_passes(CC_STR("{\"a\":1,\"A\":2,\"a \":3,\"\":4}"));
    check_refused(CC_STR("{\"a\":{\"b\":1},\"c\":2,\"a\":3}"),
                  "Not acceptable JSON: a key that was there before at byte 19.");
}
END_TEST

/* An object of `count` keys in `text`; key number `same` (unless it is count) is that of 0. */
static struct cc_str object_of(char *text, size_t size, int count, int same)
{
    size_t len = 0;

    for (int i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, size - len, "%c\"key%d\":1", i ? ',' : '{',
                                i == same ? 0 : i);
    len += (size_t)snprintf(text + len, size - len, "}");
    return (struct cc_str){ text, len };
}

START_TEST(duplicates_are_found_among_few_and_many)
{
    static char text[1 << 19];
    struct cc_err err;

    for (int count = 2; count < 40; count++) {
        check_passes(object_of(text, sizeof(text), count, count));
        for (int same = 1; same < count; same++)
            ck_assert_int_eq(check(object_of(text, sizeof(text), count, same), &err),
                             CC_BAD_REQUEST);
    }
}
END_TEST

static double cpu_ms(struct cc_str text)
{
    clock_t start = clock();

    check_passes(text);
    return (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
}

/* Pairwise, 19,000 keys would be compared 180 million times: thousands of times the work of a
 * tenth as many keys instead of ten times and a little. */
START_TEST(a_body_of_nothing_but_keys_costs_little)
{
    static char text[1 << 19];
    double tenth = cpu_ms(object_of(text, sizeof(text), 1900, 1900));
    double whole = cpu_ms(object_of(text, sizeof(text), 19000, 19000));

    ck_assert_msg(whole < 40 * tenth + 40, "%.1f ms for 1900 keys, %.1f for 19000", tenth, whole);
}
END_TEST

START_TEST(integers_end_at_64_bits)
{
    check_passes(CC_STR("[9223372036854775807,-9223372036854775808,0,-0]"));
    check_refused(CC_STR("[9223372036854775808]"),
                  "Not acceptable JSON: an integer of more than 64 bits at byte 1.");
    check_refused(CC_STR("[-9223372036854775809]"),
                  "Not acceptable JSON: an integer of more than 64 bits at byte 1.");
}
END_TEST

/* The largest double, the last number that rounds to it, and the first that does not. */
START_TEST(numbers_end_where_doubles_end)
{
    static const char *const finite[] = {
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "-1.7976931348623158079e+308",
        "17976931348623157e292",
        "0.00017976931348623157e312",
        "9e307",
        "1e-400",
        "0e999999999999",
        "0.0e99999",
        "1e-99999999999999999999999",
        "0.1e309",
        "0.000001e314",
    };
    static const char *const infinite[] = {
        "1.7976931348623159e308",
        "-1.7976931348623159e308",
        "1.79769313486231581e308",
        "1e309",
        "17976931348623159e292",
        "0.00017976931348623159e312",
        "1e99999999999999999999999",
        "10e308",
        "0.1e310",
        "1797693134862315900000000000000000000000e270",
    };

    for (size_t i = 0; i < CC_COUNT(finite); i++)
        check_passes(cc_str_from(finite[i]));
    for (size_t i = 0; i < CC_COUNT(infinite); i++)
        check_refused(cc_str_from(infinite[i]),
                      "Not acceptable JSON: a number that is too large at byte 0.");
}
END_TEST

/* 2^1024 - 2^970 is half way between the largest double and infinity, and rounds up. */
START_TEST(the_border_is_exact_in_all_309_digits)
{
    static const char half_way[] =
        "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664"
        "90179775872070963302864166928879109465555478519404026306574886715058206819089020007083"
        "83676273854845817711531764475730270069855571366959622842914819860834936475292719074168"
        "444365510704342711559699508093042880177904174497792";
    char text[320];
    size_t len = sizeof(half_way) - 1;

    ck_assert_uint_eq(len, 309);
    memcpy(text, half_way, len);
    memcpy(text + len, ".0", 2);
    check_refused((struct cc_str){ text, len + 2 },
                  "Not acceptable JSON: a number that is too large at byte 0.");
    text[len - 1]--;
    check_passes((struct cc_str){ text, len + 2 });
}
END_TEST

/* --- caps ------------------------------------------------------------------------------------- */

static struct cc_str repeated(char *text, size_t count, const char *what)
{
    size_t len = strlen(what);

    for (size_t i = 0; i < count; i++)
        memcpy(text + i * len, what, len);
    return (struct cc_str){ text, count * len };
}

START_TEST(caps_hold_exactly)
{
    static char text[1 << 19];
    const struct cc_json_limits limits = { .depth = 3, .nodes = 5, .string_bytes = 4 };
    struct cc_arena *arena = cc_arena_new(1 << 20);
    const struct {
        const char *text;
        enum cc_code rc;
    } cases[] = {
        { "[[[]]]", CC_OK },    { "[[[[]]]]", CC_TOO_LARGE },    { "[[[]],[[]]]", CC_OK },
        { "[1,2,3,4]", CC_OK }, { "[1,2,3,4,5]", CC_TOO_LARGE }, { "{\"a\":1,\"b\":[2,3]}", CC_OK },
        { "\"1234\"", CC_OK },  { "\"12345\"", CC_TOO_LARGE },   { "{\"12345\":1}", CC_TOO_LARGE },
    };

    for (size_t i = 0; i < CC_COUNT(cases); i++) {
        struct cc_err err = { 0 };

        ck_assert_msg(cc_json_check(arena, cc_str_from(cases[i].text), &limits, &err) ==
                          cases[i].rc,
                      "%s: %s", cases[i].text, err.cause);
    }
    cc_arena_free(arena);
    ck_assert_int_eq(check(repeated(text, 100000, "["), &(struct cc_err){ 0 }), CC_TOO_LARGE);
    ck_assert_int_eq(check(repeated(text, 80000, "{\"\":"), &(struct cc_err){ 0 }), CC_TOO_LARGE);
}
END_TEST

START_TEST(a_document_without_objects_allocates_nothing)
{
    struct cc_arena *arena = cc_arena_new(1 << 16);
    struct cc_err err = { 0 };

    ck_assert_int_eq(
        cc_json_check(arena, CC_STR("[1,[\"\\u00e4\",2.5e3],{}]"), &cc_json_default_limits, &err),
        CC_OK);
    ck_assert_uint_eq(cc_arena_used(arena), 0);
    cc_arena_free(arena);
}
END_TEST

/* --- json-c ----------------------------------------------------------------------------------- */

START_TEST(parsed_values_are_exact)
{
    struct cc_arena *arena = cc_arena_new(1 << 16);
    struct json_object *value, *item;
    struct cc_err err = { 0 };

    ck_assert_int_eq(cc_json_parse(arena,
                                   cc_check_guarded(CC_STR(" [9223372036854775807,"
                                                           "-9223372036854775808,\"\\u00e4\"] ")),
                                   &cc_json_default_limits, &value, &err),
                     CC_OK);
    ck_assert_int_eq(json_object_get_int64(json_object_array_get_idx(value, 0)), INT64_MAX);
    ck_assert_int_eq(json_object_get_int64(json_object_array_get_idx(value, 1)), INT64_MIN);
    item = json_object_array_get_idx(value, 2);
    ck_assert_int_eq(json_object_get_string_len(item), 2);
    ck_assert_str_eq(json_object_get_string(item), "\xC3\xA4");
    cc_arena_free(arena);
}
END_TEST

/* json-c 0.16 by itself makes U+FFFD of each character of a pair that ends in 0xD800 to 0xDFFF. One
 * document for each of the first halves, with all its second halves; a backslash before each pair
 * must not hide it, nor one that is escaped be taken for the beginning of another. */
START_TEST(every_escaped_pair_of_surrogates_is_its_character)
{
    enum { PAIRS = 0x400 };
    struct cc_arena *arena = cc_arena_new(1 << 20);

    for (uint32_t high = 0xD800; high <= 0xDBFF; high++) {
        unsigned char want[PAIRS * 6 + 1];
        struct json_object *value;
        struct cc_buf text;
        size_t len = 0;

        cc_arena_reset(arena);
        cc_buf_init(&text, arena, PAIRS * 16 + 8);
        cc_buf_add_z(&text, "\"");
        for (uint32_t low = 0xDC00; low <= 0xDFFF; low++) {
            cc_buf_add_format(&text, "\\\\u\\u%04x\\u%04X", high, low);
            want[len++] = '\\';
            want[len++] = 'u';
            len += cc_utf8_put(want + len, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
        }
        cc_buf_add_z(&text, "\"");
        ck_assert(!text.overflow);
        ck_assert_int_eq(cc_json_parse(arena, cc_buf_str(&text), &cc_json_default_limits, &value,
                                       &(struct cc_err){ 0 }),
                         CC_OK);
        ck_assert_mem_eq(json_object_get_string(value), want, len);
        ck_assert_uint_eq((size_t)json_object_get_string_len(value), len);
    }
    cc_arena_free(arena);
}
END_TEST

START_TEST(lone_values_and_the_deepest_document_are_parsed)
{
    static const char *const texts[] = { "1", "-0", "2.5", "true", "\"x\"", "{}", " 7 " };
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct json_object *value = NULL;
    struct cc_err err = { 0 };
    char deep[2 * CC_JSON_DEPTH_MAX];

    for (size_t i = 0; i < CC_COUNT(texts); i++) {
        ck_assert_int_eq(cc_json_parse(arena, cc_check_guarded(cc_str_from(texts[i])),
                                       &cc_json_default_limits, &value, &err),
                         CC_OK);
        ck_assert_ptr_nonnull(value);
    }
    ck_assert_int_eq(cc_json_parse(arena, CC_STR("null"), &cc_json_default_limits, &value, &err),
                     CC_OK);
    ck_assert_ptr_null(value);
    memset(deep, '[', CC_JSON_DEPTH_MAX);
    memset(deep + CC_JSON_DEPTH_MAX, ']', CC_JSON_DEPTH_MAX);
    ck_assert_int_eq(cc_json_parse(arena, (struct cc_str){ deep, sizeof(deep) },
                                   &cc_json_default_limits, &value, &err),
                     CC_OK);
    cc_arena_free(arena);
}
END_TEST

START_TEST(an_item_that_is_not_json_is_our_fault)
{
    static const char *const broken[] = { "", "{", "{\"a\":1", "{\"a\":1}x", "nul" };
    struct cc_arena *arena = cc_arena_new(1 << 16);
    struct json_object *value;

    for (size_t i = 0; i < CC_COUNT(broken); i++) {
        struct cc_err err = { 0 };

        ck_assert_msg(cc_json_parse_own(arena, cc_str_from(broken[i]), &value, &err) == CC_INTERNAL,
                      "%s", broken[i]);
    }
    ck_assert_int_eq(cc_json_parse_own(arena, CC_STR_ABSENT, &value, &(struct cc_err){ 0 }),
                     CC_INTERNAL);
    ck_assert_int_eq(cc_json_parse_own(arena, CC_STR("{\"a\":1}"), &value, &(struct cc_err){ 0 }),
                     CC_OK);
    cc_arena_free(arena);
}
END_TEST

CC_CHECK_MAIN("base/json", by_the_grammar_alone_all_95_valid_documents_pass_and_none_of_188_invalid,
              our_own_rules_refuse_four_valid_documents, json_c_reads_whatever_the_gate_lets_pass,
              invalid_documents_are_refused, what_the_rfc_leaves_open_is_as_we_decided,
              a_document_that_ends_too_early_is_refused_at_every_byte,
              the_detail_names_what_and_where, duplicate_keys_are_compared_decoded,
              the_same_key_in_other_objects_is_no_duplicate,
              duplicates_are_found_among_few_and_many, a_body_of_nothing_but_keys_costs_little,
              integers_end_at_64_bits, numbers_end_where_doubles_end,
              the_border_is_exact_in_all_309_digits, caps_hold_exactly,
              a_document_without_objects_allocates_nothing, parsed_values_are_exact,
              every_escaped_pair_of_surrogates_is_its_character,
              lone_values_and_the_deepest_document_are_parsed,
              an_item_that_is_not_json_is_our_fault)
