/* What the blobs in a bucket make of answers that no counterpart gives when told to. */
#include "tests/unit/aws/house.h"

#include "blob/blob.h"

/* --- a bucket that says what the test has written for it ---------------------------------------
 */

struct line {
    const char *status; /* NULL: the connection is reset instead of an answer */
    const char *body;
};

#define RESET                                                                                      \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }
#define IS_THERE                                                                                   \
    {                                                                                              \
        "412 Precondition Failed", "<Error><Code>PreconditionFailed</Code></Error>"                \
    }
#define ILL                                                                                        \
    {                                                                                              \
        "500 Internal Server Error", "<Error><Code>InternalError</Code></Error>"                   \
    }

#define ASKED_MAX 8

struct bucket {
    struct fake_http http; /* first */
    const struct line *lines;
    size_t count; /* the last one is said from then on */
    char asked[ASKED_MAX][256];
    struct house h;
    struct cc_blobs *blobs;
};

static bool say(struct fake_http *http, struct fake_peer *peer, const struct fake_request *request)
{
    struct bucket *b = (struct bucket *)http;
    const struct line *line =
        &b->lines[request->number < b->count ? request->number : b->count - 1];
    struct cc_str rest = request->head;
    const struct cc_str asked = cc_str_cut(&rest, '\r');

    if (request->number < ASKED_MAX)
        snprintf(b->asked[request->number], sizeof(b->asked[0]), "%.*s", CC_STR_ARG(asked));
    if (!line->status) {
        fake_reset(peer);
        return false;
    }
    return fake_reply(peer, line->status, "ETag: \"tag\"\r\n", cc_str_from(line->body));
}

static void open_service(struct bucket *b)
{
    struct house *h = &b->h;
    const struct cc_aws_config config = {
        .net = h->net,
        .credentials = h->credentials,
        .clock = &h->clock.base,
        .random = &house_random,
        .log = &h->log,
        .service = CC_STR("s3"),
        .region = CC_STR("eu-central-1"),
        .endpoint = cc_str_from(b->http.url),
    };

    ck_assert_int_eq(cc_aws_open(&config, &h->aws, &h->err), CC_OK);
}

static void open_bucket(struct bucket *b, const struct line *lines, size_t count)
{
    struct cc_blobs_s3 config = { .bucket = CC_STR("bucket"), .prefix = CC_STR("chat/") };

    *b = (struct bucket){ .http = { .answer = say }, .lines = lines, .count = count };
    fake_http_start(&b->http);
    house_open(&b->h);
    house_set(&b->h, "AWS_ACCESS_KEY_ID", "A");
    house_set(&b->h, "AWS_SECRET_ACCESS_KEY", "S");
    ck_assert_int_eq(house_open_credentials(&b->h), CC_OK);
    open_service(b);
    config.aws = b->h.aws;
    config.clock = &b->h.clock.base;
    config.random = &house_random;
    ck_assert_int_eq(cc_blobs_open_s3(&config, &b->blobs, &b->h.err), CC_OK);
}

static void close_bucket(struct bucket *b)
{
    cc_blobs_close(b->blobs);
    fake_http_stop(&b->http);
    house_close(&b->h);
}

#define OPEN(bucket, ...)                                                                          \
    const struct line lines[] = { __VA_ARGS__ };                                                   \
    open_bucket((bucket), lines, CC_COUNT(lines))

/* --- listing ---------------------------------------------------------------------------------- */

#define LIST(inside) "<?xml version=\"1.0\"?>\n<ListBucketResult>" inside "</ListBucketResult>"
#define KEY(key) "<Contents><Key>" key "</Key><Size>1</Size></Contents>"
#define MORE(token)                                                                                \
    "<IsTruncated>true</IsTruncated><NextContinuationToken>" token "</NextContinuationToken>"
#define LAST "<IsTruncated>false</IsTruncated>"

START_TEST(a_list_is_read_page_by_page_and_holds_what_is_ours)
{
    struct bucket b;
    struct cc_strs names;

    OPEN(&b, { "200 OK", LIST(MORE("1/+=") KEY("chat/.kept") KEY("chat/photo/ann/x")) },
         { "200 OK", LIST(MORE("2")) },
         { "200 OK", LIST(KEY("chat/photo/a%2Cb/x") KEY("chat/photo/bob/%2E%2E")
                              KEY("chat/photo/%62ob/y") KEY("blah/photo/eve/z") LAST) });
    ck_assert_int_eq(cc_blobs_list(b.blobs, b.h.arena, &names, &b.h.err), CC_OK);
    ck_assert_uint_eq(names.count, 2);
    cc_check_str(names.at[0], CC_STR("photo/ann/x"));
    cc_check_str(names.at[1], CC_STR("photo/bob/y"));
    ck_assert_str_eq(b.asked[0],
                     "GET /bucket?encoding-type=url&list-type=2&prefix=chat%2F HTTP/1.1");
    ck_assert_str_eq(b.asked[1], "GET /bucket?encoding-type=url&list-type=2&prefix=chat%2F&"
                                 "continuation-token=1%2F%2B%3D HTTP/1.1");
    ck_assert_uint_eq(b.http.requests, 3);
    close_bucket(&b);
}
END_TEST

/* Half a list would be a backup without half of the photos. */
START_TEST(what_is_no_whole_list_is_an_error)
{
    static const char *const bodies[] = {
        "",
        "<Error><Code>InternalError</Code></Error>",
        "<ListBucketResult>" KEY("chat/photo/ann/x") LAST,
        LIST("<IsTruncated>true</IsTruncated>" KEY("chat/photo/ann/x")),
        LIST("<NextContinuationToken>t</NextContinuationToken>" LAST),
        LIST(MORE("a&amp;b")),
    };

    for (size_t i = 0; i < CC_COUNT(bodies); i++) {
        struct bucket b;
        struct cc_strs names;

        OPEN(&b, { "200 OK", bodies[i] });
        ck_assert_int_eq(cc_blobs_list(b.blobs, b.h.arena, &names, &b.h.err), CC_UNAVAILABLE);
        close_bucket(&b);
    }
}
END_TEST

/* --- what was there ----------------------------------------------------------------------------
 */

static enum cc_code put(struct bucket *b)
{
    cc_err_clear(&b->h.err);
    return cc_blob_put(b->blobs, CC_STR("photo/ann/x"), CC_STR("abc"), &b->h.err);
}

START_TEST(what_an_earlier_try_has_put_is_ours)
{
    struct bucket b;

    OPEN(&b, RESET, IS_THERE, { "200 OK", "abc" });
    ck_assert_int_eq(put(&b), CC_OK);
    ck_assert_str_eq(b.asked[2], "GET /bucket/chat/photo/ann/x HTTP/1.1");
    close_bucket(&b);
}
END_TEST

START_TEST(what_another_one_has_put_is_not)
{
    struct bucket b;

    OPEN(&b, RESET, IS_THERE, { "200 OK", "abcd" });
    ck_assert_int_eq(put(&b), CC_EXISTS);
    close_bucket(&b);
}
END_TEST

START_TEST(without_an_unknown_outcome_it_is_another_ones)
{
    struct bucket b;

    OPEN(&b, IS_THERE, { "200 OK", "abc" });
    ck_assert_int_eq(put(&b), CC_EXISTS);
    ck_assert_uint_eq(b.http.requests, 1);
    close_bucket(&b);
}
END_TEST

/* It was told that the name was taken, and who kept all that another did, for an hour. */
START_TEST(whose_it_is_stays_open_while_nobody_can_be_asked)
{
    struct bucket b;

    OPEN(&b, RESET, IS_THERE, ILL);
    ck_assert_int_eq(put(&b), CC_UNAVAILABLE);
    close_bucket(&b);
}
END_TEST

START_TEST(a_write_beside_another_one_is_tried_again)
{
    struct bucket b;

    OPEN(&b, { "409 Conflict", "<Error><Code>ConditionalRequestConflict</Code></Error>" },
         { "200 OK", "" });
    ck_assert_int_eq(put(&b), CC_OK);
    close_bucket(&b);
}
END_TEST

START_TEST(a_blob_is_absent_only_where_s3_says_so)
{
    static const struct {
        struct line line;
        enum cc_code code;
    } rows[] = {
        { { "404 Not Found", "<Error><Code>NoSuchKey</Code></Error>" }, CC_NOT_FOUND },
        { { "404 Not Found", "<Error><Code>NoSuchBucket</Code></Error>" }, CC_UNAVAILABLE },
        { { "404 Not Found", "" }, CC_UNAVAILABLE },
        { { "403 Forbidden", "<Error><Code>AccessDenied</Code></Error>" }, CC_UNAVAILABLE },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct cc_str out;
        struct bucket b;

        OPEN(&b, rows[i].line);
        ck_assert_int_eq(cc_blob_get(b.blobs, b.h.arena, CC_STR("photo/ann/x"), &out, &b.h.err),
                         rows[i].code);
        close_bucket(&b);
    }
}
END_TEST

CC_CHECK_MAIN("blob/s3", a_list_is_read_page_by_page_and_holds_what_is_ours,
              what_is_no_whole_list_is_an_error, what_an_earlier_try_has_put_is_ours,
              what_another_one_has_put_is_not, without_an_unknown_outcome_it_is_another_ones,
              whose_it_is_stays_open_while_nobody_can_be_asked,
              a_write_beside_another_one_is_tried_again, a_blob_is_absent_only_where_s3_says_so)
