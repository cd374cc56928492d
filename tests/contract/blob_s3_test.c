/* What only blobs in a bucket do: URLs past the program, and keeping all by an object. */
#include "aws/aws.h"
#include "tests/contract/blobs.h"

static const struct cc_blob_pass fetch = { .way = CC_BLOB_FETCH,
                                           .name = CC_STR("photo/ann/x"),
                                           .content_type = CC_STR("image/png"),
                                           .valid_s = 60 };
static const struct cc_blob_pass bring = { .way = CC_BLOB_BRING,
                                           .name = CC_STR("photo/ann/x"),
                                           .content_type = CC_STR("image/png"),
                                           .size_bytes = 3,
                                           .valid_s = 60 };

static struct cc_str url(struct blobs_place *p, struct cc_blob_pass pass)
{
    struct cc_err err = { 0 };
    struct cc_str out;

    ck_assert_msg(cc_blob_url(p->blobs, p->arena, &pass, &out, &err) == CC_OK, "%s", err.cause);
    ck_assert_ptr_nonnull(out.at);
    return out;
}

/* One request without any credentials. */
static struct cc_net_answer ask(struct blobs_place *p, struct cc_str method, struct cc_str at,
                                struct cc_str type, struct cc_str body)
{
    const struct cc_net_header headers[] = { { CC_STR("if-none-match"), CC_STR("*") },
                                             { CC_STR("content-type"), type } };
    const struct cc_net_request request = { .method = method,
                                            .url = at,
                                            .headers = { headers, body.at ? 2 : 0 },
                                            .body = body,
                                            .timeout_ms = 10000,
                                            .answer_bytes_max = 65536 };
    struct cc_net_answer answer;
    struct cc_err err = { 0 };

    ck_assert_msg(cc_net_send(p->net, p->arena, &request, &answer, &err) == CC_OK, "%s", err.cause);
    return answer;
}

static int put_status(struct blobs_place *p, struct cc_str at, struct cc_str type,
                      struct cc_str body)
{
    return ask(p, CC_STR("PUT"), at, type, body).status;
}

START_TEST(who_has_the_url_fetches_that_blob_with_that_type_and_nothing_else)
{
    struct blobs_place p;
    struct cc_net_answer answer;
    struct cc_str at;

    blobs_open(&p, _i);
    ck_assert_int_eq(blobs_put(&p, "photo/ann/x", CC_STR("abc")), CC_OK);
    ck_assert_int_eq(blobs_put(&p, "photo/ann/y", CC_STR("abc")), CC_OK);
    at = url(&p, fetch);
    answer = ask(&p, CC_STR("GET"), at, CC_STR_ABSENT, CC_STR_ABSENT);
    ck_assert_int_eq(answer.status, 200);
    cc_check_str(answer.body, CC_STR("abc"));
    cc_check_str(cc_net_header_find(&answer.headers, CC_STR("content-type")), CC_STR("image/png"));
    ck_assert_int_eq(ask(&p, CC_STR("DELETE"), at, CC_STR_ABSENT, CC_STR_ABSENT).status, 403);
    *strstr((char *)at.at, "ann/x?") = 'A';
    ck_assert_int_eq(ask(&p, CC_STR("GET"), at, CC_STR_ABSENT, CC_STR_ABSENT).status, 403);
    blobs_close(&p);
}
END_TEST

START_TEST(who_has_the_url_brings_that_type_and_length_once)
{
    const struct cc_str png = CC_STR("image/png");
    struct blobs_place p;
    struct cc_str at, out;

    blobs_open(&p, _i);
    at = url(&p, bring);
    ck_assert_int_eq(put_status(&p, at, png, CC_STR("abcd")), 403);
    ck_assert_int_eq(put_status(&p, at, CC_STR("text/html"), CC_STR("abc")), 403);
    ck_assert_int_eq(blobs_get(&p, "photo/ann/x", &out), CC_NOT_FOUND);
    ck_assert_int_eq(put_status(&p, at, png, CC_STR("abc")), 200);
    ck_assert_int_eq(put_status(&p, at, png, CC_STR("xyz")), 412);
    ck_assert_int_eq(blobs_get(&p, "photo/ann/x", &out), CC_OK);
    cc_check_str(out, CC_STR("abc"));
    blobs_close(&p);
}
END_TEST

START_TEST(a_url_ends)
{
    struct cc_blob_pass brief = fetch;
    struct blobs_place p;
    struct cc_str at;

    blobs_open(&p, _i);
    ck_assert_int_eq(blobs_put(&p, "photo/ann/x", CC_STR("abc")), CC_OK);
    brief.valid_s = 1;
    at = url(&p, brief);
    cc_wait_until(ask(&p, CC_STR("GET"), at, CC_STR_ABSENT, CC_STR_ABSENT).status == 403);
    blobs_close(&p);
}
END_TEST

START_TEST(who_was_killed_while_keeping_holds_up_nobody_for_more_than_an_hour)
{
    struct cc_err err = { 0 };
    struct cc_blobs *killed, *next;
    struct cc_str out;
    struct blobs_place p;

    blobs_open(&p, _i);
    ck_assert_int_eq(blobs_put(&p, "a", CC_STR("1")), CC_OK);
    killed = blobs_open_again(&p);
    ck_assert_int_eq(cc_blobs_keep(killed, &err), CC_OK);
    atomic_fetch_add(&p.clock.now_ms, 59 * 60 * 1000);
    ck_assert_int_eq(cc_blob_remove(p.blobs, CC_STR("b"), &err), CC_UNAVAILABLE);
    atomic_fetch_add(&p.clock.now_ms, 2 * 60 * 1000);
    cc_err_clear(&err);
    ck_assert_int_eq(cc_blob_remove(p.blobs, CC_STR("b"), &err), CC_OK);

    next = blobs_open_again(&p);
    ck_assert_int_eq(cc_blobs_keep(next, &err), CC_OK);
    ck_assert_int_eq(cc_blob_get(killed, p.arena, CC_STR("a"), &out, &err), CC_UNAVAILABLE);
    cc_blobs_close(killed); /* and takes nothing of the next one's with it */
    ck_assert_int_eq(cc_blob_remove(p.blobs, CC_STR("b"), &err), CC_UNAVAILABLE);
    cc_blobs_close(next);
    cc_err_clear(&err);
    ck_assert_int_eq(cc_blob_remove(p.blobs, CC_STR("b"), &err), CC_OK);
    blobs_close(&p);
}
END_TEST

START_TEST(who_reads_goes_on_keeping)
{
    struct cc_err err = { 0 };
    struct blobs_place p;
    struct cc_blobs *other;
    struct cc_str out;

    blobs_open(&p, _i);
    ck_assert_int_eq(blobs_put(&p, "a", CC_STR("1")), CC_OK);
    other = blobs_open_again(&p);
    ck_assert_int_eq(cc_blobs_keep(other, &err), CC_OK);
    for (int hour = 0; hour < 4; hour++) {
        atomic_fetch_add(&p.clock.now_ms, 50 * 60 * 1000);
        ck_assert_int_eq(cc_blob_get(other, p.arena, CC_STR("a"), &out, &err), CC_OK);
    }
    ck_assert_int_eq(cc_blob_remove(p.blobs, CC_STR("a"), &err), CC_UNAVAILABLE);
    cc_blobs_close(other);
    blobs_close(&p);
}
END_TEST

START_TEST(what_is_not_below_the_prefix_is_neither_seen_nor_touched)
{
    struct blobs_place p;
    struct cc_blobs *all;
    struct cc_err err = { 0 };
    struct cc_strs names;
    struct cc_str mine;

    blobs_open(&p, _i);
    ck_assert_int_eq(blobs_put(&p, "a", CC_STR("1")), CC_OK);
    mine = p.prefix;
    p.prefix = cc_str_take(mine, mine.len - 2); /* what others' names begin with, too */
    p.prefix = CC_JOIN(p.arena, p.prefix, CC_STR("/"));
    all = blobs_open_again(&p);
    ck_assert_int_eq(cc_blobs_list(all, p.arena, &names, &err), CC_OK);
    ck_assert_uint_eq(names.count, 0);
    cc_blobs_close(all);
    blobs_close(&p);
}
END_TEST

START_TEST(a_bucket_that_is_not_there_is_told_as_that)
{
    struct blobs_place p;
    struct cc_blobs *none;
    struct cc_err err = { 0 };
    struct cc_str out;

    blobs_open(&p, _i);
    p.bucket = CC_STR("there-is-no-such-bucket");
    none = blobs_open_again(&p);
    ck_assert_int_eq(cc_blob_get(none, p.arena, CC_STR("a"), &out, &err), CC_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(err.cause, "NoSuchBucket"));
    cc_blobs_close(none);
    blobs_close(&p);
}
END_TEST

START_TEST(only_names_of_buckets_and_prefixes_are_opened)
{
    static const struct {
        const char *bucket, *prefix;
    } wrong[] = { { "ab", "" },        { "Bucket", "" },     { "buc/ket", "" },
                  { "bucket", "a" },   { "bucket", "/" },    { "", "" },
                  { "bucket", "a//" }, { "bucket", "a b/" }, { "bucket", "../" } };
    struct blobs_place p;

    blobs_open(&p, _i);
    for (size_t i = 0; i < CC_COUNT(wrong); i++) {
        const struct cc_blobs_s3 config = { .aws = p.aws,
                                            .bucket = cc_str_from(wrong[i].bucket),
                                            .prefix = cc_str_from(wrong[i].prefix) };
        struct cc_err err = { 0 };
        struct cc_blobs *blobs;

        ck_assert_msg(cc_blobs_open_s3(&config, &blobs, &err) == CC_INVALID, "%s %s",
                      wrong[i].bucket, wrong[i].prefix);
    }
    blobs_close(&p);
}
END_TEST

BLOBS_MAIN("contract/blob_s3", BLOBS_S3,
           who_has_the_url_fetches_that_blob_with_that_type_and_nothing_else,
           who_has_the_url_brings_that_type_and_length_once, a_url_ends,
           who_was_killed_while_keeping_holds_up_nobody_for_more_than_an_hour,
           who_reads_goes_on_keeping, what_is_not_below_the_prefix_is_neither_seen_nor_touched,
           a_bucket_that_is_not_there_is_told_as_that,
           only_names_of_buckets_and_prefixes_are_opened)
