/* What IAM must allow the programs, and `cloudchat doctor`, to do: not more. */
#include "aws.h"

#include "../base/json.h"
#include "../base/jsonw.h"

#include <json-c/json.h>

#define POLICY_BYTES_MAX ((size_t)8 * 1024)

/* The first two are the doctor's. */
static const char *const pool_actions[] = {
    "cognito-idp:DescribeUserPool",       "cognito-idp:DescribeUserPoolClient",
    "cognito-idp:AdminGetUser",           "cognito-idp:AdminDeleteUser",
    "cognito-idp:AdminDisableUser",       "cognito-idp:AdminEnableUser",
    "cognito-idp:AdminUserGlobalSignOut",
};
/* The last four are asked for by sweeping, starting and the doctor. */
static const char *const table_actions[] = {
    "dynamodb:GetItem",       "dynamodb:BatchGetItem",
    "dynamodb:Query",         "dynamodb:PutItem",
    "dynamodb:DeleteItem",    "dynamodb:ConditionCheckItem",
    "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive",
    "dynamodb:Scan",          "dynamodb:DescribeContinuousBackups",
};
static const char *const object_actions[] = { "s3:GetObject", "s3:PutObject", "s3:DeleteObject" };
static const char *const bucket_actions[] = {
    "s3:ListBucket",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketPolicyStatus",
    "s3:GetBucketVersioning",
};

static const char *const sms_actions[] = { "sns:Publish", "sns:GetSMSSandboxAccountStatus" };

static const char *partition_of(struct cc_str region)
{
    if (cc_str_starts(region, CC_STR("cn-")))
        return "aws-cn";
    return cc_str_starts(region, CC_STR("us-gov-")) ? "aws-us-gov" : "aws";
}

static void begin(struct cc_jw *w, const char *name, const char *const *actions, size_t count)
{
    cc_jw_object(w);
    cc_jw_put_str(w, "Sid", cc_str_from(name));
    cc_jw_put_str(w, "Effect", CC_STR("Allow"));
    cc_jw_key(w, "Action");
    cc_jw_array(w);
    for (size_t i = 0; i < count; i++)
        cc_jw_str(w, cc_str_from(actions[i]));
    cc_jw_array_end(w);
    cc_jw_key(w, "Resource");
    cc_jw_array(w);
}

static void end(struct cc_jw *w)
{
    cc_jw_array_end(w);
    cc_jw_object_end(w);
}

/* The index has a name of its own, without which a query of it is refused. */
static void write_table(struct cc_jw *w, struct cc_arena *arena, const struct cc_config *config,
                        struct cc_str region)
{
    struct cc_str table =
        cc_str_format(arena, "arn:%s:dynamodb:%.*s:*:table/%.*s", partition_of(region),
                      CC_STR_ARG(region), CC_STR_ARG(config->table));

    begin(w, "CloudChatTable", table_actions, CC_COUNT(table_actions));
    cc_jw_str(w, table);
    cc_jw_str(w, CC_JOIN(arena, table, CC_STR("/index/mrev")));
    end(w);
}

static void write_bucket(struct cc_jw *w, struct cc_arena *arena, const struct cc_config *config,
                         struct cc_str region)
{
    struct cc_str bucket =
        cc_str_format(arena, "arn:%s:s3:::%.*s", partition_of(region), CC_STR_ARG(config->bucket));

    begin(w, "CloudChatObjects", object_actions, CC_COUNT(object_actions));
    cc_jw_str(w, CC_JOIN(arena, bucket, CC_STR("/"), config->bucket_prefix, CC_STR("*")));
    end(w);
    begin(w, "CloudChatBucket", bucket_actions, CC_COUNT(bucket_actions));
    cc_jw_str(w, bucket);
    end(w);
}

/* What people do by themselves, such as signing in, needs nobody's rights. */
static void write_pool(struct cc_jw *w, struct cc_arena *arena, const struct cc_config *config)
{
    const struct cc_str region = cc_app_pool_region(config);

    begin(w, "CloudChatPool", pool_actions, CC_COUNT(pool_actions));
    cc_jw_str(w,
              cc_str_format(arena, "arn:%s:cognito-idp:%.*s:*:userpool/%.*s", partition_of(region),
                            CC_STR_ARG(region), CC_STR_ARG(config->cognito.pool)));
    end(w);
}

/* A phone number is no resource that could be named. */
static void write_sms(struct cc_jw *w)
{
    begin(w, "CloudChatSms", sms_actions, CC_COUNT(sms_actions));
    cc_jw_str(w, CC_STR("*"));
    end(w);
}

static struct cc_str indented(struct cc_arena *arena, struct cc_str text)
{
    struct json_object *object;
    struct cc_err ignored = { 0 };
    const int flags =
        JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;

    if (cc_json_parse_own(arena, text, &object, &ignored) != CC_OK)
        return text;
    return cc_str_copy(arena, cc_str_from(json_object_to_json_string_ext(object, flags)));
}

enum cc_code cc_app_aws_policy(struct cc_arena *arena, const struct cc_config *config,
                               struct cc_str *out, struct cc_err *err)
{
    const struct cc_str region = cc_app_aws_region(config);
    const bool has_table = config->store_backend == CC_STORE_DYNAMODB;
    const bool has_bucket = config->blob_backend == CC_BLOBS_S3;
    const bool has_pool = config->identity_backend == CC_IDENTITY_COGNITO;
    const bool has_sms = config->codes_sms == CC_SMS_SNS;
    struct cc_buf buf;
    struct cc_jw w;

    if (!has_table && !has_bucket && !has_pool && !has_sms)
        return cc_fail(err, CC_INVALID, "Nothing is kept at AWS: no rights are needed.",
                       "neither [store] backend is dynamodb nor [blob] backend s3, nor [identity] "
                       "backend cognito, nor [codes] sms sns");
    if ((has_table || has_bucket) && region.len == 0)
        return cc_fail(err, CC_INVALID, "[aws] region must be set, or AWS_REGION.", "no region");
    cc_buf_init(&buf, arena, POLICY_BYTES_MAX);
    cc_jw_init(&w, &buf);
    cc_jw_object(&w);
    cc_jw_put_str(&w, "Version", CC_STR("2012-10-17"));
    cc_jw_key(&w, "Statement");
    cc_jw_array(&w);
    if (has_table)
        write_table(&w, arena, config, region);
    if (has_bucket)
        write_bucket(&w, arena, config, region);
    if (has_pool)
        write_pool(&w, arena, config);
    if (has_sms)
        write_sms(&w);
    cc_jw_array_end(&w);
    cc_jw_object_end(&w);
    *out = indented(arena, cc_buf_str(&buf));
    return CC_OK;
}
