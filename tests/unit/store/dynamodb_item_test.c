/* Items as DynamoDB's typed attributes: what a person reads in the console, and what comes back. */
#include "store/dynamodb.h"

#include "base/limits.h"
#include "tests/check.h"

#include <stdio.h>

static struct cc_arena *arena;

static struct cc_str written(const struct cc_item *item)
{
    struct cc_buf buf;
    struct cc_jw w;

    cc_buf_init(&buf, arena, CC_ARENA_CEILING_BYTES / 4);
    cc_jw_init(&w, &buf);
    dynamo_item_write(arena, &w, item, CC_STR("V1"));
    ck_assert(!buf.overflow);
    return cc_buf_str(&buf);
}

static bool read_text(struct cc_str text, struct dynamo_row *out)
{
    struct cc_json_reader r = cc_json_reader_of(arena, cc_check_guarded(text));

    return dynamo_item_read(&r, arena, out) && r.at == r.end;
}

static struct cc_str there_and_back(struct cc_str body)
{
    const struct cc_item item = { .key = { CC_STR("P"), CC_STR("S") }, .body = body };
    struct dynamo_row row;

    ck_assert(read_text(written(&item), &row));
    return row.item.body;
}

START_TEST(a_person_can_read_an_item_in_the_console)
{
    const struct cc_item item = {
        .key = { CC_STR("R#r"), CC_STR("MSG#1") },
        .body = CC_STR("{\"seq\":1,\"text\":\"a\\\"\\n\xc3\xa4\",\"on\":true,\"off\":false,"
                       "\"none\":null,\"of\":[1,\"x\",[]],\"data\":{\"n\":-5,\"e\":\"\"}}"),
        .mrev = 7,
    };

    cc_check_str(written(&item),
                 CC_STR("{\"pk\":{\"S\":\"R#r\"},\"sk\":{\"S\":\"MSG#1\"},\"v\":{\"S\":\"V1\"},"
                        "\"mrev\":{\"N\":\"7\"},\"seq\":{\"N\":\"1\"},"
                        "\"text\":{\"S\":\"a\\\"\\n\xc3\xa4\"},\"on\":{\"BOOL\":true},"
                        "\"off\":{\"BOOL\":false},\"none\":{\"NULL\":true},"
                        "\"of\":{\"L\":[{\"N\":\"1\"},{\"S\":\"x\"},{\"L\":[]}]},"
                        "\"data\":{\"M\":{\"n\":{\"N\":\"-5\"},\"e\":{\"S\":\"\"}}}}"));
}
END_TEST

START_TEST(expiry_is_in_seconds_for_dynamodb_and_exact_for_us)
{
    static const struct {
        int64_t ms;
        const char *seconds;
    } cases[] = { { 1700000000000, "1700000000" },
                  { 1700000000001, "1700000001" },
                  { 1700000000999, "1700000001" },
                  { 1, "1" },
                  { INT64_MAX, "9223372036854776" } };

    for (size_t i = 0; i < CC_COUNT(cases); i++) {
        struct cc_item item = { .key = { CC_STR("P"), CC_STR("S") },
                                .body = CC_STR("{}"),
                                .expires_ms = cases[i].ms };
        struct dynamo_row row;
        struct cc_str text = written(&item);

        ck_assert_ptr_nonnull(
            strstr(cc_str_copy(arena, text).at,
                   cc_str_format(arena, "\"expires\":{\"N\":\"%s\"}", cases[i].seconds).at));
        ck_assert(read_text(text, &row));
        ck_assert_int_eq(row.item.expires_ms, cases[i].ms);
        cc_check_str(row.item.body, CC_STR("{}"));
        cc_check_str(row.v, CC_STR("V1"));
    }
}
END_TEST

START_TEST(bodies_come_back_as_they_were)
{
    static const char *const bodies[] = {
        "{}",
        "{\"a\":[]}",
        "{\"a\":{}}",
        "{\"a\":\"\"}",
        "{\"a\":null}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\u2028\\u2029\\u001f\\\\\\\"/\"}",
        "{\"a\":\"\xf0\x9f\x98\x80\xe4\xb8\x8a\"}",
        "{\"a\":9223372036854775807,\"b\":-9223372036854775808,\"c\":0}",
        "{\"a\":[[[1],[]],{\"b\":[{}]}]}",
        /* names that are ours outside */
        "{\"pk\":1,\"sk\":2,\"v\":3,\"mrev\":4,\"expires\":5}",
        "{\"_pk\":1,\"_json\":2,\"__\":3,\"_\":4,\"_expires_ms\":5,\"json\":6}",
        "{\"a\\\"\\\\\\u0000\":1}",
        /* what DynamoDB has not, or would not give back digit by digit */
        "{\"a\":1.50}",
        "{\"a\":1e300}",
        "{\"a\":-0}",
        "{\"a\":123456789012345678901234567890}",
        "{\"\":1}",
        "{\"a\":{\"\":1}}",
        "{ \"a\" : 1.0 }",
        "[1,2]",
        "7",
        "plain text",
        "\"\"",
        "{\"a\":1} ?",
        "{\"a\":1",
        "",
    };

    for (size_t i = 0; i < CC_COUNT(bodies); i++)
        cc_check_str(there_and_back(cc_str_from(bodies[i])), cc_str_from(bodies[i]));
}
END_TEST

/* As deep as a request has room for, and any deeper one as text. */
START_TEST(a_body_of_any_depth_comes_back)
{
    char body[2 * CC_JSON_DEPTH_MAX + 16];

    for (int depth = 1; depth < CC_JSON_DEPTH_MAX; depth++) {
        int len = snprintf(body, sizeof(body), "{\"a\":");

        memset(body + len, '[', (size_t)depth);
        memset(body + len + depth, ']', (size_t)depth);
        body[len + 2 * depth] = '}';
        cc_check_str(there_and_back((struct cc_str){ body, (size_t)(len + 2 * depth + 1) }),
                     ((struct cc_str){ body, (size_t)(len + 2 * depth + 1) }));
    }
}
END_TEST

START_TEST(a_body_is_followed_by_nul)
{
    const struct cc_str typed = there_and_back(CC_STR("{\"a\":1}"));
    const struct cc_str text = there_and_back(CC_STR("text"));

    ck_assert_int_eq(typed.at[typed.len], '\0');
    ck_assert_int_eq(text.at[text.len], '\0');
}
END_TEST

START_TEST(the_order_of_attributes_does_not_matter)
{
    struct dynamo_row row;

    ck_assert(
        read_text(CC_STR(" { \"b\" : { \"N\" : \"2\" } , \"sk\":{\"S\":\"s\"},\"_expires_ms\":"
                         "{\"N\":\"9\"},\"_v\":{\"BOOL\":true},\"pk\":{\"S\":\"p\"},"
                         "\"mrev\":{\"N\":\"3\"},\"v\":{\"S\":\"x\"}}"),
                  &row));
    cc_check_str(row.item.key.pk, CC_STR("p"));
    cc_check_str(row.item.key.sk, CC_STR("s"));
    cc_check_str(row.item.body, CC_STR("{\"b\":2,\"v\":true}"));
    ck_assert_int_eq(row.item.mrev, 3);
    ck_assert_int_eq(row.item.expires_ms, 9);
}
END_TEST

START_TEST(what_we_do_not_write_is_refused)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{\"pk\":{\"N\":\"1\"}}",
        "{\"mrev\":{\"S\":\"1\"}}",
        "{\"mrev\":{\"N\":\"1.5\"}}",
        "{\"mrev\":{\"N\":\"92233720368547758080\"}}",
        "{\"a\":{\"B\":\"AAAA\"}}",
        "{\"a\":{\"SS\":[\"x\"]}}",
        "{\"a\":{\"NULL\":false}}",
        "{\"a\":{\"N\":\"\"}}",
        "{\"a\":{\"N\":\"1,\\\"b\\\":2\"}}",
        "{\"a\":{\"N\":1}}",
        "{\"a\":{\"BOOL\":\"true\"}}",
        "{\"a\":{\"S\":\"x\",\"N\":\"1\"}}",
        "{\"a\":{}}",
        "{\"a\":1}",
        "{\"a\":{\"S\":\"x\"}",
        "{\"a\":{\"L\":[{\"S\":\"x\"},]}}",
    };
    struct dynamo_row row;

    for (size_t i = 0; i < CC_COUNT(texts); i++)
        ck_assert_msg(!read_text(cc_str_from(texts[i]), &row), "%s", texts[i]);
}
END_TEST

START_TEST(what_ends_anywhere_is_refused_and_read_no_further)
{
    const struct cc_item item = { .key = { CC_STR("P"), CC_STR("S") },
                                  .body = CC_STR("{\"a\":[1,\"x\\n\",{\"b\":null}],\"c\":true}"),
                                  .mrev = 1,
                                  .expires_ms = 1 };
    const struct cc_str text = written(&item);
    struct dynamo_row row;

    for (size_t len = 0; len < text.len; len++)
        ck_assert(!read_text(cc_str_take(text, len), &row));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { a_person_can_read_an_item_in_the_console,
                                   expiry_is_in_seconds_for_dynamodb_and_exact_for_us,
                                   bodies_come_back_as_they_were,
                                   a_body_of_any_depth_comes_back,
                                   a_body_is_followed_by_nul,
                                   the_order_of_attributes_does_not_matter,
                                   what_we_do_not_write_is_refused,
                                   what_ends_anywhere_is_refused_and_read_no_further };

    arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    return cc_check_run("store/dynamodb_item", tests, CC_COUNT(tests));
}
