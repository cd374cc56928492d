/* Blobs as objects of a bucket. S3 makes an object whole or not at all, shows it to whoever reads
 * next, and with `If-None-Match: *` makes it only once.
 *
 * Who keeps all blobs has made an object ".kept" (no name of a blob), which holds the time until
 * when, and is written anew while there is reading. Who removes looks for it first. No lock is
 * needed between the two: whoever looked before it was there had taken the name out of the store
 * before that, and so before anything was copied. */
#define _GNU_SOURCE /* memmem */
#include "../aws/aws.h"
#include "../base/encode.h"
#include "../base/id.h"
#include "../base/limits.h"
#include "blob.h"
#include "names.h"

#include <pthread.h>
#include <string.h>

#define KEPT ".kept"
#define KEPT_MS (3600 * 1000) /* a process that was killed holds up removals for as long */
#define KEPT_RENEW_MS (KEPT_MS / 6)
#define PAGE_BYTES_MAX ((size_t)4 * 1024 * 1024) /* 1,000 names of up to 1,024 bytes, encoded */
#define BUCKET_BYTES_MIN 3
#define BUCKET_BYTES_MAX 63
#define PREFIX_BYTES_MAX 200
#define TAG_BYTES_MAX 128

struct s3 {
    struct cc_blobs base;
    struct cc_arena *arena; /* holds this struct */
    struct cc_aws *aws;
    const struct cc_clock *clock;
    const struct cc_random *random;
    struct cc_str bucket, prefix;
    pthread_mutex_t lock;             /* of what follows */
    char kept_tag[TAG_BYTES_MAX + 1]; /* ETag of our own ".kept"; empty: not kept by us */
    int64_t kept_until_ms;
};

/* --- asking ----------------------------------------------------------------------------------- */

/* Whatever did not come to an end is "not now" here: that it may have been done is no news to who
 * calls, since a blob that could not be put is given up, and one that could not be removed is
 * removed later. */
static enum cc_code call(struct s3 *s3, struct cc_arena *arena,
                         const struct cc_aws_request *request, struct cc_aws_answer *out,
                         struct cc_err *err)
{
    struct cc_err mine = { 0 };
    enum cc_code rc = cc_aws_call(s3->aws, arena, request, out, &mine);

    if (rc == CC_OK)
        return CC_OK;
    if (rc == CC_OUTCOME_UNKNOWN)
        rc = CC_UNAVAILABLE;
    return cc_fail_retry(err, rc, mine.retry_after_s, NULL, "%s", mine.cause);
}

static struct cc_str path_of(const struct s3 *s3, struct cc_arena *arena, struct cc_str name)
{
    return CC_JOIN(arena, CC_STR("/"), s3->bucket, CC_STR("/"), s3->prefix, name);
}

static bool failed_as(const struct cc_aws_answer *answer, const char *error)
{
    return cc_str_eq(answer->error, cc_str_from(error));
}

/* An answer that is neither success nor foreseen. */
static enum cc_code refused(const struct cc_aws_answer *answer, const char *what,
                            struct cc_err *err)
{
    return cc_fail(err, CC_UNAVAILABLE, NULL, "blobs: %s: %d %.*s: %.*s", what, answer->status,
                   CC_STR_ARG(answer->error), CC_STR_ARG(answer->message));
}

static enum cc_code get_object(struct s3 *s3, struct cc_arena *arena, struct cc_str name,
                               struct cc_aws_answer *out, struct cc_err *err)
{
    const struct cc_aws_request request = {
        .method = CC_STR("GET"),
        .path = path_of(s3, arena, name),
        .answer_bytes_max = CC_REPLY_BYTES_MAX, /* what is larger is not for us to hand on */
        .effect = CC_AWS_READS,
    };
    enum cc_code rc = call(s3, arena, &request, out, err);

    if (rc != CC_OK || !out->error.at)
        return rc;
    return failed_as(out, "NoSuchKey") ? CC_NOT_FOUND : refused(out, "get", err);
}

static enum cc_code delete_object(struct s3 *s3, struct cc_arena *arena, struct cc_str name,
                                  struct cc_err *err)
{
    const struct cc_aws_request request = {
        .method = CC_STR("DELETE"),
        .path = path_of(s3, arena, name),
        .effect = CC_AWS_REPEATABLE,
    };
    struct cc_aws_answer answer;
    enum cc_code rc = call(s3, arena, &request, &answer, err);

    if (rc != CC_OK || !answer.error.at)
        return rc;
    return refused(&answer, "remove", err);
}

struct condition {
    struct cc_str header, value;
};
static const struct condition is_absent = { CC_STR("if-none-match"), CC_STR("*") };

/* An answer lost on its way makes the second try find what the first has made. CC_EXISTS: it is
 * another one's. */
static enum cc_code check_ours(struct s3 *s3, struct cc_arena *arena, struct cc_str name,
                               struct cc_str bytes, struct cc_aws_answer *answer,
                               struct cc_err *err)
{
    enum cc_code rc = get_object(s3, arena, name, answer, err);

    if (rc == CC_NOT_FOUND || (rc == CC_OK && !cc_str_eq(answer->body, bytes)))
        return CC_EXISTS;
    return rc;
}

/* CC_EXISTS: the condition does not hold. */
static enum cc_code put_object(struct s3 *s3, struct cc_arena *arena, struct cc_str name,
                               struct cc_str bytes, struct condition condition,
                               struct cc_aws_answer *answer, struct cc_err *err)
{
    const struct cc_net_header header = { condition.header, condition.value };
    const struct cc_aws_request request = {
        .method = CC_STR("PUT"),
        .path = path_of(s3, arena, name),
        .headers = { &header, 1 },
        .content_type = CC_STR("application/octet-stream"),
        .body = bytes,
        .effect = CC_AWS_REPEATABLE,
    };
    enum cc_code rc = call(s3, arena, &request, answer, err);

    if (rc != CC_OK || !answer->error.at)
        return rc;
    if (!failed_as(answer, "PreconditionFailed"))
        return refused(answer, "put", err);
    return answer->earlier_unknown ? check_ours(s3, arena, name, bytes, answer, err) : CC_EXISTS;
}

/* --- keeping ---------------------------------------------------------------------------------- */

/* Time first, then what makes it ours alone. */
static struct cc_str kept_body(const struct s3 *s3, struct cc_arena *arena, int64_t until_ms)
{
    return CC_JOIN(arena, cc_str_from_i64(arena, until_ms), CC_STR(" "),
                   cc_id_random(arena, s3->random, 16));
}

static bool is_over(const struct s3 *s3, struct cc_str body)
{
    int64_t until_ms = 0;

    if (!cc_str_to_i64(cc_str_cut(&body, ' '), 0, INT64_MAX, &until_ms))
        return false; /* a person's work: a person may remove it */
    return until_ms <= cc_clock_wall_ms(s3->clock);
}

static enum cc_code fail_kept(struct cc_err *err)
{
    return cc_fail(err, CC_UNAVAILABLE, "Another backup is being made: wait for its end.",
                   "blobs: kept by another process");
}

static struct cc_str tag_of(const struct cc_aws_answer *answer)
{
    return cc_net_header_find(&answer->headers, CC_STR("etag"));
}

/* Makes ".kept", or writes it anew, and notes that it is ours. With the lock held. */
static enum cc_code write_kept(struct s3 *s3, struct cc_arena *arena, struct condition condition,
                               struct cc_err *err)
{
    const int64_t until_ms = cc_clock_wall_ms(s3->clock) + KEPT_MS;
    struct cc_aws_answer answer;
    enum cc_code rc = put_object(s3, arena, CC_STR(KEPT), kept_body(s3, arena, until_ms), condition,
                                 &answer, err);
    struct cc_str tag;

    if (rc != CC_OK)
        return rc;
    tag = tag_of(&answer);
    if (tag.len == 0 || tag.len > TAG_BYTES_MAX)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "blobs: an answer without ETag");
    memcpy(s3->kept_tag, tag.at, tag.len);
    s3->kept_tag[tag.len] = '\0';
    s3->kept_until_ms = until_ms;
    return CC_OK;
}

/* There is a ".kept": takes the place of one whose time is over. */
static enum cc_code take_over(struct s3 *s3, struct cc_arena *arena, struct cc_err *err)
{
    struct cc_aws_answer found;
    struct condition is_same = { .header = CC_STR("if-match") };
    enum cc_code rc = get_object(s3, arena, CC_STR(KEPT), &found, err);

    if (rc == CC_NOT_FOUND)
        return write_kept(s3, arena, is_absent, err);
    if (rc != CC_OK)
        return rc;
    if (!is_over(s3, found.body))
        return CC_EXISTS;
    is_same.value = tag_of(&found);
    return write_kept(s3, arena, is_same, err);
}

static enum cc_code s3_keep(struct cc_blobs *blobs, struct cc_err *err)
{
    struct s3 *s3 = (struct s3 *)blobs;
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    enum cc_code rc;

    pthread_mutex_lock(&s3->lock);
    rc = write_kept(s3, arena, is_absent, err);
    if (rc == CC_EXISTS)
        rc = take_over(s3, arena, err);
    pthread_mutex_unlock(&s3->lock);
    cc_arena_free(arena);
    return rc == CC_EXISTS ? fail_kept(err) : rc;
}

/* What is ours is written anew in time. CC_UNAVAILABLE: it is not ours any more. */
static enum cc_code renew(struct s3 *s3, struct cc_arena *arena, struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    pthread_mutex_lock(&s3->lock);
    if (s3->kept_tag[0] != '\0' &&
        s3->kept_until_ms - cc_clock_wall_ms(s3->clock) < KEPT_MS - KEPT_RENEW_MS) {
        const struct condition is_ours = { CC_STR("if-match"),
                                           cc_str_copy(arena, cc_str_from(s3->kept_tag)) };

        rc = write_kept(s3, arena, is_ours, err);
    }
    pthread_mutex_unlock(&s3->lock);
    return rc == CC_EXISTS ? fail_kept(err) : rc;
}

static enum cc_code remove_kept(struct s3 *s3, struct cc_arena *arena, struct cc_err *err)
{
    struct cc_aws_answer found;
    enum cc_code rc = get_object(s3, arena, CC_STR(KEPT), &found, err);

    if (rc != CC_OK || !cc_str_eq(tag_of(&found), cc_str_from(s3->kept_tag)))
        return rc;
    return delete_object(s3, arena, CC_STR(KEPT), err);
}

/* Only what is still ours. If that fails, its time passes by itself. */
static void s3_release(struct cc_blobs *blobs)
{
    struct s3 *s3 = (struct s3 *)blobs;
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    enum cc_code ignored = CC_OK;

    pthread_mutex_lock(&s3->lock);
    if (s3->kept_tag[0] != '\0')
        ignored = remove_kept(s3, arena, &(struct cc_err){ 0 });
    (void)ignored;
    s3->kept_tag[0] = '\0';
    pthread_mutex_unlock(&s3->lock);
    cc_arena_free(arena);
}

/* --- one blob --------------------------------------------------------------------------------- */

static enum cc_code s3_put(struct cc_blobs *blobs, struct cc_str name, struct cc_str bytes,
                           struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_aws_answer answer;
    enum cc_code rc = put_object((struct s3 *)blobs, arena, name, bytes, is_absent, &answer, err);

    cc_arena_free(arena);
    return rc;
}

static enum cc_code s3_get(struct cc_blobs *blobs, struct cc_arena *arena, struct cc_str name,
                           struct cc_str *out, struct cc_err *err)
{
    struct s3 *s3 = (struct s3 *)blobs;
    struct cc_aws_answer answer;
    enum cc_code rc = renew(s3, arena, err);

    if (rc == CC_OK)
        rc = get_object(s3, arena, name, &answer, err);
    if (rc == CC_OK)
        *out = answer.body;
    return rc;
}

/* CC_UNAVAILABLE: somebody keeps them. */
static enum cc_code check_kept(struct s3 *s3, struct cc_arena *arena, struct cc_err *err)
{
    struct cc_aws_answer found;
    enum cc_code rc = get_object(s3, arena, CC_STR(KEPT), &found, err);

    if (rc == CC_NOT_FOUND || (rc == CC_OK && is_over(s3, found.body)))
        return CC_OK;
    return rc == CC_OK ? cc_fail(err, CC_UNAVAILABLE, NULL, "blobs: kept for a backup") : rc;
}

static enum cc_code s3_remove(struct cc_blobs *blobs, struct cc_str name, struct cc_err *err)
{
    struct s3 *s3 = (struct s3 *)blobs;
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    enum cc_code rc = check_kept(s3, arena, err);

    if (rc == CC_OK)
        rc = delete_object(s3, arena, name, err);
    cc_arena_free(arena);
    return rc;
}

/* --- listing ---------------------------------------------------------------------------------- */

/* What stands between the next `before` and the next `after` behind it; absent without. */
static struct cc_str cut_between(struct cc_str *rest, struct cc_str before, struct cc_str after)
{
    const char *from = rest->len ? memmem(rest->at, rest->len, before.at, before.len) : NULL;
    struct cc_str behind;
    const char *to;

    if (from == NULL)
        return CC_STR_ABSENT;
    behind = cc_str_skip(*rest, (size_t)(from - rest->at) + before.len);
    to = behind.len ? memmem(behind.at, behind.len, after.at, after.len) : NULL;
    if (to == NULL)
        return CC_STR_ABSENT;
    *rest = cc_str_skip(behind, (size_t)(to - behind.at) + after.len);
    return cc_str_take(behind, (size_t)(to - behind.at));
}

static bool holds(struct cc_str s, struct cc_str part)
{
    return s.len && memmem(s.at, s.len, part.at, part.len);
}

/* A page that is not the last has a token, and that is not in XML's own spelling. */
static bool is_page(struct cc_str body, struct cc_str token)
{
    return holds(body, CC_STR("</ListBucketResult>")) && !holds(token, CC_STR("&")) &&
           holds(body, CC_STR("<IsTruncated>true<")) == (token.at != NULL);
}

/* ListBucketResult (API reference of S3). Keys were asked for percent-encoded, so that they hold
 * nothing of XML; a token is opaque, and base64 wherever we have seen one. */
static enum cc_code read_page(const struct s3 *s3, struct cc_str body, struct cc_blob_names *names,
                              struct cc_str *token, struct cc_err *err)
{
    struct cc_str rest = body, key;

    *token =
        cut_between(&rest, CC_STR("<NextContinuationToken>"), CC_STR("</NextContinuationToken>"));
    if (!is_page(body, *token))
        return cc_fail(err, CC_UNAVAILABLE, NULL, "blobs: a list that cannot be read");
    rest = body;
    while ((key = cut_between(&rest, CC_STR("<Key>"), CC_STR("</Key>"))).at) {
        struct cc_str name = cc_percent_decode(names->arena, key);

        if (name.at && cc_str_starts(name, s3->prefix))
            cc_blob_names_add(names, cc_str_skip(name, s3->prefix.len));
    }
    return CC_OK;
}

static enum cc_code ask_page(struct s3 *s3, struct cc_arena *arena, struct cc_str token,
                             struct cc_aws_answer *out, struct cc_err *err)
{
    const struct cc_net_header query[] = {
        { CC_STR("encoding-type"), CC_STR("url") },
        { CC_STR("list-type"), CC_STR("2") },
        { CC_STR("prefix"), s3->prefix },
        { CC_STR("continuation-token"), token },
    };
    const struct cc_aws_request request = {
        .method = CC_STR("GET"),
        .path = CC_JOIN(arena, CC_STR("/"), s3->bucket),
        .query = { query, CC_COUNT(query) - (token.at ? 0 : 1) },
        .answer_bytes_max = PAGE_BYTES_MAX,
        .effect = CC_AWS_READS,
    };
    enum cc_code rc = call(s3, arena, &request, out, err);

    return rc == CC_OK && out->error.at ? refused(out, "list", err) : rc;
}

/* Names are copied, so that of each page only they stay. */
static enum cc_code s3_list(struct cc_blobs *blobs, struct cc_arena *arena, struct cc_strs *out,
                            struct cc_err *err)
{
    struct s3 *s3 = (struct s3 *)blobs;
    struct cc_arena *pages[2] = { cc_arena_new(CC_ARENA_CEILING_BYTES),
                                  cc_arena_new(CC_ARENA_CEILING_BYTES) };
    struct cc_blob_names names = { .arena = arena };
    struct cc_aws_answer answer;
    struct cc_str token = CC_STR_ABSENT;
    enum cc_code rc;

    for (size_t i = 0;; i = !i) { /* the token of a page lives in it */
        cc_arena_reset(pages[i]);
        rc = ask_page(s3, pages[i], token, &answer, err);
        if (rc == CC_OK)
            rc = read_page(s3, answer.body, &names, &token, err);
        if (rc != CC_OK || !token.at)
            break;
    }
    cc_arena_free(pages[0]);
    cc_arena_free(pages[1]);
    if (rc == CC_OK)
        *out = (struct cc_strs){ names.at, names.count };
    return rc;
}

/* --- URLs ------------------------------------------------------------------------------------- */

static enum cc_code url_to_fetch(struct s3 *s3, struct cc_arena *arena,
                                 const struct cc_blob_pass *pass, struct cc_str *out,
                                 struct cc_err *err)
{
    const struct cc_net_header type = { CC_STR("response-content-type"), pass->content_type };
    const struct cc_aws_request request = {
        .method = CC_STR("GET"),
        .path = path_of(s3, arena, pass->name),
        .query = { &type, 1 },
        .effect = CC_AWS_READS,
    };

    return cc_aws_presign(s3->aws, arena, &request, pass->valid_s, out, err);
}

static enum cc_code url_to_bring(struct s3 *s3, struct cc_arena *arena,
                                 const struct cc_blob_pass *pass, struct cc_str *out,
                                 struct cc_err *err)
{
    const struct cc_net_header headers[] = {
        { CC_STR("content-length"), cc_str_from_i64(arena, pass->size_bytes) },
        { is_absent.header, is_absent.value },
    };
    const struct cc_aws_request request = {
        .method = CC_STR("PUT"),
        .path = path_of(s3, arena, pass->name),
        .headers = { headers, CC_COUNT(headers) },
        .content_type = pass->content_type,
    };

    return cc_aws_presign(s3->aws, arena, &request, pass->valid_s, out, err);
}

static enum cc_code s3_url(struct cc_blobs *blobs, struct cc_arena *arena,
                           const struct cc_blob_pass *pass, struct cc_str *out, struct cc_err *err)
{
    struct s3 *s3 = (struct s3 *)blobs;

    return pass->way == CC_BLOB_FETCH ? url_to_fetch(s3, arena, pass, out, err)
                                      : url_to_bring(s3, arena, pass, out, err);
}

/* --- opening ---------------------------------------------------------------------------------- */

static void s3_close(struct cc_blobs *blobs)
{
    struct s3 *s3 = (struct s3 *)blobs;

    s3_release(blobs);
    pthread_mutex_destroy(&s3->lock);
    cc_arena_free(s3->arena);
}

static const struct cc_blobs_ops s3_ops = {
    s3_put, s3_get, s3_remove, s3_list, s3_keep, s3_release, s3_url, s3_close,
};

static bool is_bucket(struct cc_str bucket)
{
    if (bucket.len < BUCKET_BYTES_MIN || bucket.len > BUCKET_BYTES_MAX)
        return false;
    for (size_t i = 0; i < bucket.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789.-", bucket.at[i]) || bucket.at[i] == '\0')
            return false;
    return true;
}

/* Parts that are ids, each followed by a '/': nothing that any encoding would change. */
static bool is_prefix(struct cc_str prefix)
{
    if (prefix.len > PREFIX_BYTES_MAX || (prefix.len && !cc_str_ends(prefix, CC_STR("/"))))
        return false;
    while (prefix.len)
        if (!cc_id_is_wellformed(cc_str_cut(&prefix, '/')))
            return false;
    return true;
}

enum cc_code cc_blobs_open_s3(const struct cc_blobs_s3 *config, struct cc_blobs **out,
                              struct cc_err *err)
{
    struct cc_arena *arena;
    struct s3 *s3;

    if (!is_bucket(config->bucket))
        return cc_fail(err, CC_INVALID, "blob.bucket is not the name of a bucket of S3.", "%.*s",
                       CC_STR_ARG(config->bucket));
    if (!is_prefix(config->prefix))
        return cc_fail(err, CC_INVALID,
                       "blob.prefix is letters, digits, '-', '_', '.' and '/', with a '/' at its "
                       "end.",
                       "%.*s", CC_STR_ARG(config->prefix));
    arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    s3 = CC_NEW(arena, struct s3);
    s3->base.ops = &s3_ops;
    s3->arena = arena;
    s3->aws = config->aws;
    s3->clock = config->clock;
    s3->random = config->random;
    s3->bucket = cc_str_copy(arena, config->bucket);
    s3->prefix = cc_str_copy(arena, config->prefix);
    pthread_mutex_init(&s3->lock, NULL);
    *out = &s3->base;
    return CC_OK;
}
