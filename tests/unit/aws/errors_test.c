#include "tests/check.h"

#include "aws/errors.h"
#include "aws/xml.h"
#include "base/arena.h"
#include "base/limits.h"

static void read_error(struct cc_arena *arena, int status, const char *type, const char *body,
                       struct aws_error *out)
{
    const struct cc_net_header header = { CC_STR("X-Amzn-ErrorType"), cc_str_from(type) };
    const struct cc_net_answer answer = { .status = status,
                                          .headers = { &header, type ? 1 : 0 },
                                          .body = cc_check_guarded(cc_str_from(body)) };

    aws_error_read(arena, &answer, out);
}

#define S3(code) "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" code "</Code></Error>"

START_TEST(an_error_is_read_wherever_a_service_writes_it)
{
    static const struct {
        const char *type, *body, *name, *message;
        int status;
        enum aws_remedy remedy;
    } rows[] = {
        { NULL, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException\"}",
          "ResourceNotFoundException", NULL, 400, AWS_JUDGE },
        { NULL, "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}",
          "ThrottlingException", "Rate exceeded", 400, AWS_AGAIN },
        { NULL, "{\"__type\":\"x#ValidationException\",\"Message\":\"One or more\"}",
          "ValidationException", "One or more", 400, AWS_JUDGE },
        { NULL, "{\"__type\":\"TransactionInProgressException\"}", "TransactionInProgressException",
          NULL, 400, AWS_AGAIN_UNKNOWN },
        { NULL, " \n{\"code\":\"SlowDown\"}", "SlowDown", NULL, 400, AWS_AGAIN },
        { "AccessDeniedException:http://internal.amazon.com/coral/com.amazon#x/", "",
          "AccessDeniedException", NULL, 403, AWS_DENIED },
        { "ExpiredTokenException", "{", "ExpiredTokenException", NULL, 400, AWS_KEYS },
        { NULL, S3("ConditionalRequestConflict"), "ConditionalRequestConflict", NULL, 409,
          AWS_AGAIN },
        { NULL, S3("NoSuchKey"), "NoSuchKey", NULL, 404, AWS_JUDGE },
        { NULL, "<Error>\n <Code>RequestTimeTooSkewed</Code>\n <Message>a &lt; b</Message></Error>",
          "RequestTimeTooSkewed", "a < b", 403, AWS_CLOCK },
        { NULL,
          "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
          "<Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>No</Message></Error>"
          "<RequestId>1</RequestId></ErrorResponse>",
          "InvalidClientTokenId", "No", 403, AWS_KEYS },
        { NULL, S3("InternalError"), "InternalError", NULL, 500, AWS_AGAIN_UNKNOWN },
        { NULL, "<html><body>Bad Gateway</body></html>", "502", NULL, 502, AWS_AGAIN_UNKNOWN },
        { NULL, "<!DOCTYPE x [<!ENTITY e \"SlowDown\">]><Error><Code>&e;</Code></Error>", "503",
          NULL, 503, AWS_AGAIN_UNKNOWN },
        { NULL, "", "429", NULL, 429, AWS_AGAIN },
        { NULL, "", "404", NULL, 404, AWS_JUDGE },
        { NULL, "{\"__type\":17}", "400", NULL, 400, AWS_JUDGE },
        { NULL, "{\"__type\":\"\"}", "400", NULL, 400, AWS_JUDGE },
        { NULL, "[\"__type\"]", "400", NULL, 400, AWS_JUDGE },
        { NULL, "{\"__type\":\"SlowDown\"}{", "400", NULL, 400, AWS_JUDGE },
        { NULL, "<Error><Code>SlowDown</Code>", "400", NULL, 400, AWS_JUDGE },
        { NULL, S3("PermanentRedirect"), "PermanentRedirect", NULL, 301, AWS_DENIED },
    };
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct aws_error error;

        read_error(arena, rows[i].status, rows[i].type, rows[i].body, &error);
        ck_assert_msg(cc_str_eq(error.name, cc_str_from(rows[i].name)), "%zu: %.*s", i,
                      CC_STR_ARG(error.name));
        cc_check_str(error.message, cc_str_from(rows[i].message));
        ck_assert_int_eq(error.remedy, rows[i].remedy);
    }
    cc_arena_free(arena);
}
END_TEST

START_TEST(success_has_no_error_whatever_its_body_says)
{
    static const int statuses[] = { 200, 204, 206, 304 };
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);

    for (size_t i = 0; i < CC_COUNT(statuses); i++) {
        struct aws_error error;

        read_error(arena, statuses[i], "SlowDown", "{\"__type\":\"SlowDown\"}", &error);
        ck_assert_ptr_null(error.name.at);
        ck_assert_int_eq(error.remedy, AWS_JUDGE);
    }
    cc_arena_free(arena);
}
END_TEST

/* --- XML ---------------------------------------------------------------------------------------
 */

struct pair {
    struct cc_str a, b;
};

static bool find(struct cc_arena *arena, const char *xml, struct pair *out)
{
    const struct aws_xml_want wants[] = { { "A", &out->a }, { "B", &out->b } };

    return aws_xml_find(arena, cc_check_guarded(cc_str_from(xml)), wants, CC_COUNT(wants));
}

START_TEST(the_first_element_of_a_name_counts_without_what_is_nested_in_it)
{
    static const struct {
        const char *xml, *a, *b;
    } rows[] = {
        { "<R><A>1</A><B>2</B></R>", "1", "2" },
        { "<R><A>1</A><A>2</A></R>", "1", NULL },
        { "<R><X><B> &amp;&#65; </B></X><A/></R>", "", " &A " },
        { "<R><A>1<B>2</B>3</A></R>", "13", NULL },
        { "<R><A><![CDATA[<B>]]></A></R>", "<B>", NULL },
        { "<A>1</A>", "1", NULL },
    };
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct pair pair;

        ck_assert_msg(find(arena, rows[i].xml, &pair), "%s", rows[i].xml);
        cc_check_str(pair.a, cc_str_from(rows[i].a));
        cc_check_str(pair.b, cc_str_from(rows[i].b));
    }
    cc_arena_free(arena);
}
END_TEST

START_TEST(what_is_not_well_formed_or_declares_a_type_says_nothing)
{
    static const char *const texts[] = {
        "",
        "<A>1</A",
        "<R><A>1</A></S>",
        "<A>1</A><A>2</A>",
        "<A>\xff</A>",
        "<A>&unknown;</A>",
        "<!DOCTYPE A><A>1</A>",
        "<!DOCTYPE A [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;\">]><A>&b;</A>",
        "<!DOCTYPE A SYSTEM \"file:///etc/passwd\"><A>1</A>",
    };
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);

    for (size_t i = 0; i < CC_COUNT(texts); i++) {
        struct pair pair;

        ck_assert_msg(!find(arena, texts[i], &pair), "%s", texts[i]);
        ck_assert_ptr_null(pair.a.at);
    }
    cc_arena_free(arena);
}
END_TEST

START_TEST(no_document_is_deeper_than_32_levels)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    char text[33 * 7 + 1];
    struct pair pair;

    for (int depth = 32; depth <= 33; depth++) {
        memset(text, 0, sizeof(text));
        for (int i = 0; i < depth; i++)
            memcpy(text + 3 * i, "<A>", 3);
        for (int i = 0; i < depth; i++)
            memcpy(text + 3 * depth + 4 * i, "</A>", 4);
        ck_assert(find(arena, text, &pair) == (depth == 32));
    }
    cc_arena_free(arena);
}
END_TEST

CC_CHECK_MAIN("aws/errors", an_error_is_read_wherever_a_service_writes_it,
              success_has_no_error_whatever_its_body_says,
              the_first_element_of_a_name_counts_without_what_is_nested_in_it,
              what_is_not_well_formed_or_declares_a_type_says_nothing,
              no_document_is_deeper_than_32_levels)
