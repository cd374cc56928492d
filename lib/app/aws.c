#include "aws.h"

#include "../net/net.h"

#include <stdlib.h>

static struct cc_str or_else(struct cc_str given, struct cc_str fallback)
{
    return given.len > 0 ? given : fallback;
}

struct cc_str cc_app_aws_region(const struct cc_config *config)
{
    const struct cc_str named = or_else(config->aws.region, cc_str_from(getenv("AWS_REGION")));

    return or_else(named, cc_str_from(getenv("AWS_DEFAULT_REGION")));
}

struct cc_str cc_app_pool_region(const struct cc_config *config)
{
    return cc_str_take(config->cognito.pool, cc_str_find(config->cognito.pool, '_'));
}

struct cc_str cc_app_pool_issuer(struct cc_arena *arena, const struct cc_config *config)
{
    const struct cc_str region = cc_app_pool_region(config);
    const struct cc_str domain = cc_str_starts(region, CC_STR("cn-")) ? CC_STR(".amazonaws.com.cn/")
                                                                      : CC_STR(".amazonaws.com/");

    if (config->cognito.issuer.len > 0)
        return config->cognito.issuer;
    return CC_JOIN(arena, CC_STR("https://cognito-idp."), region, domain, config->cognito.pool);
}

struct cc_str cc_app_pool_keys_url(struct cc_arena *arena, const struct cc_config *config)
{
    const struct cc_str file = CC_STR("/.well-known/jwks.json");
    struct cc_str endpoint = or_else(config->cognito.endpoint, config->aws.endpoint);

    if (endpoint.len == 0)
        return CC_JOIN(arena, cc_app_pool_issuer(arena, config), file);
    if (cc_str_ends(endpoint, CC_STR("/")))
        endpoint.len--;
    return CC_JOIN(arena, endpoint, CC_STR("/"), config->cognito.pool, file);
}

static struct cc_str absent_if_empty(struct cc_str s)
{
    return s.len > 0 ? s : CC_STR_ABSENT;
}

/* AWS's own programs heed the variable, and whoever has set it for them has set it for us. */
static enum cc_code open_net(const struct cc_config *config, struct cc_net **out,
                             struct cc_err *err)
{
    const struct cc_str file = or_else(config->aws.ca_file, cc_str_from(getenv("AWS_CA_BUNDLE")));
    const struct cc_net_config net = { .ca_file = file.len > 0 ? file.at : NULL };
    struct cc_err why = { 0 };
    enum cc_code rc = cc_net_open(&net, out, &why);

    if (rc == CC_INVALID)
        return cc_fail(err, rc,
                       "The certificates that [aws] ca_file names, or AWS_CA_BUNDLE, cannot be "
                       "read.",
                       "%s", why.cause);
    return rc == CC_OK ? CC_OK : cc_fail(err, rc, why.detail, "%s", why.cause);
}

static enum cc_code open_credentials(const struct cc_config *config, const struct cc_log *log,
                                     struct cc_app_aws *aws, struct cc_err *err)
{
    struct cc_aws_credentials_config credentials = {
        .clock = &cc_system_clock,
        .random = &cc_system_random,
        .log = log,
        .region = or_else(cc_app_aws_region(config), cc_app_pool_region(config)),
        .sts_endpoint = absent_if_empty(config->aws.endpoint),
    };
    enum cc_code rc = open_net(config, &aws->net, err);

    credentials.net = aws->net;
    return rc == CC_OK ? cc_aws_credentials_open(&credentials, &aws->credentials, err) : rc;
}

struct service {
    const char *name;
    struct cc_str region, endpoint; /* empty: as [aws] says */
};

static enum cc_code open_service(const struct cc_config *config, const struct cc_log *log,
                                 const struct cc_app_aws *aws, const struct service *service,
                                 struct cc_aws **out, struct cc_err *err)
{
    const struct cc_aws_config one = {
        .net = aws->net,
        .credentials = aws->credentials,
        .clock = &cc_system_clock,
        .random = &cc_system_random,
        .log = log,
        .service = cc_str_from(service->name),
        .region = or_else(service->region, cc_app_aws_region(config)),
        .endpoint = absent_if_empty(or_else(service->endpoint, config->aws.endpoint)),
    };

    return cc_aws_open(&one, out, err);
}

static enum cc_code open_services(const struct cc_config *config, const struct cc_log *log,
                                  struct cc_app_aws *aws, struct cc_err *err)
{
    const struct service dynamodb = { .name = "dynamodb",
                                      .endpoint = config->aws.dynamodb_endpoint };
    const struct service s3 = { .name = "s3", .endpoint = config->aws.s3_endpoint };
    const struct service sns = { "sns", config->sns.region, config->aws.sns_endpoint };
    const struct service cognito = { "cognito-idp", cc_app_pool_region(config),
                                     config->cognito.endpoint };
    enum cc_code rc = open_credentials(config, log, aws, err);

    if (rc == CC_OK && config->store_backend == CC_STORE_DYNAMODB)
        rc = open_service(config, log, aws, &dynamodb, &aws->dynamodb, err);
    if (rc == CC_OK && config->blob_backend == CC_BLOBS_S3)
        rc = open_service(config, log, aws, &s3, &aws->s3, err);
    if (rc == CC_OK && config->codes_sms == CC_SMS_SNS)
        rc = open_service(config, log, aws, &sns, &aws->sns, err);
    if (rc == CC_OK && config->identity_backend == CC_IDENTITY_COGNITO)
        rc = open_service(config, log, aws, &cognito, &aws->cognito, err);
    return rc;
}

enum cc_code cc_app_aws_open(const struct cc_config *config, const struct cc_log *log,
                             struct cc_app_aws *out, struct cc_err *err)
{
    const bool needs_region = config->store_backend == CC_STORE_DYNAMODB ||
                              config->blob_backend == CC_BLOBS_S3 ||
                              config->codes_sms == CC_SMS_SNS;
    struct cc_app_aws aws = { 0 };
    enum cc_code rc = CC_OK;

    if (needs_region && cc_app_aws_region(config).len == 0)
        return cc_fail(err, CC_INVALID, "[aws] region must be set, or AWS_REGION.",
                       "no region for DynamoDB, S3 or SNS");
    if (needs_region || config->identity_backend == CC_IDENTITY_COGNITO)
        rc = open_services(config, log, &aws, err);
    if (rc != CC_OK) {
        cc_app_aws_close(&aws);
        return rc;
    }
    *out = aws;
    return CC_OK;
}

struct cc_dynamodb_config cc_app_table(const struct cc_config *config, const struct cc_app_aws *aws)
{
    return (struct cc_dynamodb_config){
        .aws = aws->dynamodb,
        .table = config->table,
        .group_max = config->store.group_max,
        .wait_ms = config->store.wait_ms,
        .clock = &cc_system_clock,
        .random = &cc_system_random,
    };
}

struct cc_blobs_s3 cc_app_bucket(const struct cc_config *config, const struct cc_app_aws *aws)
{
    return (struct cc_blobs_s3){
        .aws = aws->s3,
        .clock = &cc_system_clock,
        .random = &cc_system_random,
        .bucket = config->bucket,
        .prefix = config->bucket_prefix,
    };
}

enum cc_code cc_app_open_blobs(const struct cc_config *config, const struct cc_app_aws *aws,
                               struct cc_blobs **out, struct cc_err *err)
{
    const struct cc_blobs_s3 s3 = cc_app_bucket(config, aws);

    if (config->blob_backend == CC_BLOBS_S3)
        return cc_blobs_open_s3(&s3, out, err);
    return cc_blobs_open_directory(config->blobs, out, err);
}

void cc_app_aws_close(struct cc_app_aws *aws)
{
    cc_aws_close(aws->cognito);
    cc_aws_close(aws->sns);
    cc_aws_close(aws->s3);
    cc_aws_close(aws->dynamodb);
    cc_aws_credentials_close(aws->credentials);
    cc_net_close(aws->net);
    *aws = (struct cc_app_aws){ 0 };
}
