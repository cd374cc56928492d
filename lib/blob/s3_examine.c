#define _GNU_SOURCE /* memmem */
#include "blob.h"

#include "../aws/examine.h"
#include "../base/id.h"

#include <string.h>

#define PROBE ".doctor-"
#define PROBE_BYTES CC_STR("Made by `cloudchat doctor`; may be deleted.\n")
#define EXAMINE_ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define POLICY "`cloudchat aws policy` prints what they must."

struct examiner {
    const struct cc_blobs_s3 *config;
    struct cc_str region;
    struct cc_arena *arena;
    struct cc_findings *to;
};

/* --- asking ----------------------------------------------------------------------------------- */

static struct cc_str bucket_path(const struct examiner *e)
{
    return CC_JOIN(e->arena, CC_STR("/"), e->config->bucket);
}

/* false: there is no answer, and that was told. */
static bool ask(const struct examiner *e, const char *what, struct cc_aws_request request,
                struct cc_aws_answer *out)
{
    struct cc_err err = { 0 };

    if (cc_aws_ask(e->config->aws, e->arena, &request, out, &err) == CC_OK)
        return true;
    return cc_find_wrong(e->to, what, err.cause, "S3 gives no answer: try again.");
}

/* A setting of the bucket, as XML. Absent: it has none, or may not be asked. */
static struct cc_str setting(const struct examiner *e, const char *name,
                             struct cc_aws_answer *answer)
{
    const struct cc_net_header query = { cc_str_from(name), CC_STR("") };
    struct cc_aws_request request = { .method = CC_STR("GET"),
                                      .path = bucket_path(e),
                                      .query = { &query, 1 } };
    struct cc_err ignored = { 0 };

    *answer = (struct cc_aws_answer){ .error = CC_STR_ABSENT };
    if (cc_aws_ask(e->config->aws, e->arena, &request, answer, &ignored) != CC_OK)
        return CC_STR_ABSENT;
    return answer->error.at ? CC_STR_ABSENT : answer->body;
}

static bool has(struct cc_str xml, const char *text)
{
    return xml.len > 0 && memmem(xml.at, xml.len, text, strlen(text)) != NULL;
}

/* --- the bucket ------------------------------------------------------------------------------- */

static bool examine_region(const struct examiner *e, const struct cc_aws_answer *answer)
{
    const struct cc_str there = cc_net_header_find(&answer->headers, CC_STR("x-amz-bucket-region"));

    if (!there.at || cc_str_eq(there, e->region))
        return true;
    return cc_find_wrong(e->to, "bucket", NULL,
                         "%.*s is in %.*s, and [aws] region is %.*s: let [blob] bucket name one "
                         "that is there.",
                         CC_STR_ARG(e->config->bucket), CC_STR_ARG(there), CC_STR_ARG(e->region));
}

static bool tell_of_absence(const struct examiner *e, const struct cc_aws_answer *answer)
{
    const struct cc_str bucket = e->config->bucket;

    if (cc_str_eq(answer->error, CC_STR("NoSuchBucket")))
        return cc_find_wrong(e->to, "bucket", NULL,
                             "There is no bucket %.*s: make it (`aws s3 mb s3://%.*s --region "
                             "%.*s`), or let [blob] bucket name another.",
                             CC_STR_ARG(bucket), CC_STR_ARG(bucket), CC_STR_ARG(e->region));
    if (cc_aws_is_denied(answer->error))
        return cc_find_wrong(e->to, "bucket", NULL,
                             "The credentials do not allow s3:ListBucket of %.*s, or it is "
                             "somebody else's: " POLICY,
                             CC_STR_ARG(bucket));
    return cc_aws_find_refused(e->to, "bucket", answer,
                               "S3 does not let us look into the bucket: look at [blob] bucket.");
}

/* Listing, not HEAD: only this tells in words what is wrong. */
static bool examine_bucket(const struct examiner *e)
{
    const struct cc_net_header query[] = {
        { CC_STR("list-type"), CC_STR("2") },
        { CC_STR("max-keys"), CC_STR("1") },
        { CC_STR("prefix"), e->config->prefix },
    };
    const struct cc_aws_request request = { .method = CC_STR("GET"),
                                            .path = bucket_path(e),
                                            .query = { query, CC_COUNT(query) } };
    struct cc_aws_answer answer;

    if (!ask(e, "bucket", request, &answer) || !examine_region(e, &answer))
        return false;
    if (answer.error.at)
        return tell_of_absence(e, &answer);
    cc_find_well(e->to, "bucket", "%.*s%s%.*s", CC_STR_ARG(e->config->bucket),
                 e->config->prefix.len > 0 ? ", below " : "", CC_STR_ARG(e->config->prefix));
    return true;
}

/* --- objects ---------------------------------------------------------------------------------- */

static bool tell_of_refusal(const struct examiner *e, const char *right,
                            const struct cc_aws_answer *answer)
{
    if (cc_aws_is_denied(answer->error))
        return cc_find_wrong(e->to, "objects", NULL,
                             "The credentials do not allow s3:%s in %.*s: " POLICY, right,
                             CC_STR_ARG(e->config->bucket));
    return cc_aws_find_refused(e->to, "objects", answer, "S3 refuses what we ask of an object.");
}

/* As the programs put them: only where there is none. */
static bool put_probe(const struct examiner *e, struct cc_str path)
{
    const struct cc_net_header header = { CC_STR("if-none-match"), CC_STR("*") };
    const struct cc_aws_request request = {
        .method = CC_STR("PUT"),
        .path = path,
        .headers = { &header, 1 },
        .content_type = CC_STR("text/plain"),
        .body = PROBE_BYTES,
    };
    struct cc_aws_answer answer;

    if (!ask(e, "objects", request, &answer))
        return false;
    return !answer.error.at || tell_of_refusal(e, "PutObject", &answer);
}

static bool get_probe(const struct examiner *e, struct cc_str path)
{
    const struct cc_aws_request request = { .method = CC_STR("GET"), .path = path };
    struct cc_aws_answer answer;

    if (!ask(e, "objects", request, &answer))
        return false;
    if (answer.error.at)
        return tell_of_refusal(e, "GetObject", &answer);
    return cc_str_eq(answer.body, PROBE_BYTES) ||
           cc_find_wrong(e->to, "objects", NULL, "What is got is not what was put.");
}

static bool remove_probe(const struct examiner *e, struct cc_str path)
{
    const struct cc_aws_request request = { .method = CC_STR("DELETE"), .path = path };
    struct cc_aws_answer answer;

    if (!ask(e, "objects", request, &answer))
        return false;
    return !answer.error.at || tell_of_refusal(e, "DeleteObject", &answer);
}

static void examine_objects(const struct examiner *e)
{
    const struct cc_str name = CC_JOIN(e->arena, e->config->prefix, CC_STR(PROBE),
                                       cc_id_random(e->arena, e->config->random, 9));
    const struct cc_str path = CC_JOIN(e->arena, bucket_path(e), CC_STR("/"), name);
    bool good, removed;

    if (!put_probe(e, path))
        return;
    good = get_probe(e, path);
    removed = remove_probe(e, path);
    if (good && removed)
        cc_find_well(e->to, "objects", "one was put, got and deleted");
    if (!removed)
        cc_find_doubtful(e->to, "objects", "Delete %.*s by hand: it stayed in the bucket.",
                         CC_STR_ARG(name));
}

/* --- who else sees them ----------------------------------------------------------------------- */

static bool blocks_all(struct cc_str xml)
{
    return has(xml, "<BlockPublicAcls>true<") && has(xml, "<IgnorePublicAcls>true<") &&
           has(xml, "<BlockPublicPolicy>true<") && has(xml, "<RestrictPublicBuckets>true<");
}

static void examine_public(const struct examiner *e)
{
    struct cc_aws_answer block, status;
    const struct cc_str blocked = setting(e, "publicAccessBlock", &block);

    if (blocks_all(blocked)) {
        cc_find_well(e->to, "public access", "blocked");
        return;
    }
    if (has(setting(e, "policyStatus", &status), "<IsPublic>true<"))
        cc_find_wrong(e->to, "public access", NULL,
                      "The policy of %.*s lets everybody in: switch on Block Public Access of the "
                      "bucket, photos need none.",
                      CC_STR_ARG(e->config->bucket));
    else if (blocked.at || cc_str_eq(block.error, CC_STR("NoSuchPublicAccessBlockConfiguration")))
        cc_find_doubtful(e->to, "public access",
                         "The bucket does not block it: switch on Block Public Access, photos need "
                         "none.");
    else
        cc_find_unseen(e->to, "public access",
                       "Whether the bucket blocks it is not told (s3:GetBucketPublicAccessBlock).");
}

static void examine_versions(const struct examiner *e)
{
    struct cc_aws_answer answer;

    if (has(setting(e, "versioning", &answer), "<Status>Enabled<"))
        cc_find_doubtful(e->to, "versions",
                         "The bucket keeps versions of deleted photos: let a rule of its lifecycle "
                         "remove noncurrent versions after some days.");
}

void cc_blobs_examine_s3(const struct cc_blobs_s3 *config, struct cc_str region,
                         struct cc_findings *to)
{
    const struct examiner e = { config, region, cc_arena_new(EXAMINE_ARENA_BYTES), to };
    struct cc_blobs *blobs = NULL;
    struct cc_err err = { 0 };

    if (cc_blobs_open_s3(config, &blobs, &err) != CC_OK) {
        cc_find_failed(to, "bucket", &err);
    } else if (examine_bucket(&e)) {
        examine_objects(&e);
        examine_public(&e);
        examine_versions(&e);
    } else {
        cc_find_unseen(to, "objects", "Not tried: the bucket cannot be used.");
    }
    cc_blobs_close(blobs);
    cc_arena_free(e.arena);
}
