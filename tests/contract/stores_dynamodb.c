#include "tests/contract/stores_dynamodb.h"

#include "base/id.h"
#include "net/net.h"

/* Beyond the present of any counterpart that deletes by its own clock what has expired. */
#define FUTURE_MS INT64_C(4102444800000)

static const char *env_or_ours(void *arg, const char *name)
{
    static const char *const ours[][2] = { { "AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE" },
                                           { "AWS_SECRET_ACCESS_KEY", "not-a-secret" } };
    const bool has_keys = getenv(ours[0][0]) != NULL;

    (void)arg;
    for (size_t i = 0; i < CC_COUNT(ours) && !has_keys; i++) {
        if (strcmp(name, ours[i][0]) == 0)
            return ours[i][1];
    }
    return getenv(name);
}

static void close_net(void *net)
{
    cc_net_close(net);
}

static void close_credentials(void *credentials)
{
    cc_aws_credentials_close(credentials);
}

static void close_aws(void *aws)
{
    cc_aws_close(aws);
}

static struct cc_net *open_net(struct cc_arena *arena)
{
    const struct cc_net_config config = { 0 };
    struct cc_err err = { 0 };
    struct cc_net *net;

    ck_assert_msg(cc_net_open(&config, &net, &err) == CC_OK, "%s", err.cause);
    cc_arena_defer(arena, close_net, net);
    return net;
}

static struct cc_aws_credentials *open_credentials(struct cc_arena *arena, struct cc_net *net,
                                                   const struct cc_log *log)
{
    const struct cc_aws_credentials_config config = { .net = net,
                                                      .clock = &cc_system_clock,
                                                      .random = &cc_system_random,
                                                      .log = log,
                                                      .env = env_or_ours };
    struct cc_aws_credentials *credentials;
    struct cc_err err = { 0 };

    ck_assert_msg(cc_aws_credentials_open(&config, &credentials, &err) == CC_OK, "%s", err.cause);
    cc_arena_defer(arena, close_credentials, credentials);
    return credentials;
}

struct cc_aws *stores_aws_open(struct cc_arena *arena, const struct cc_log *log,
                               const char *endpoint)
{
    const char *region = getenv("AWS_REGION");
    struct cc_net *net = open_net(arena);
    const struct cc_aws_config config = { .net = net,
                                          .credentials = open_credentials(arena, net, log),
                                          .clock = &cc_system_clock,
                                          .random = &cc_system_random,
                                          .log = log,
                                          .service = CC_STR("dynamodb"),
                                          .region = cc_str_from(region ? region : "us-east-1"),
                                          .endpoint = cc_str_from(endpoint) };
    struct cc_err err = { 0 };
    struct cc_aws *aws;

    ck_assert_msg(cc_aws_open(&config, &aws, &err) == CC_OK, "%s", err.cause);
    cc_arena_defer(arena, close_aws, aws);
    return aws;
}

static struct cc_aws *open_aws(struct stores *s)
{
    return stores_aws_open(s->arena, &s->log, getenv("CC_TEST_DYNAMODB"));
}

static void call(struct stores *s, struct cc_aws *aws, const char *operation, const char *more)
{
    const struct cc_aws_request request = {
        .target = cc_str_format(s->arena, "DynamoDB_20120810.%s", operation),
        .content_type = CC_STR("application/x-amz-json-1.0"),
        .body = cc_str_format(s->arena, "{\"TableName\":\"%.*s\"%s}", CC_STR_ARG(s->table), more),
    };
    struct cc_aws_answer answer;
    struct cc_err err = { 0 };

    ck_assert_msg(cc_aws_call(aws, s->arena, &request, &answer, &err) == CC_OK, "%s", err.cause);
}

/* Where DynamoDB takes by itself what has expired, there is nothing to sweep. */
void stores_dynamodb_prepare(struct stores *s)
{
    struct cc_aws *aws = open_aws(s);
    struct cc_dynamodb_table made;
    struct cc_err err = { 0 };

    s->table = CC_JOIN(s->arena, CC_STR("test-"), cc_id_random(s->arena, &cc_system_random, 12));
    atomic_store(&s->clock.now_ms, FUTURE_MS);
    ck_assert_msg(cc_store_create_dynamodb(aws, s->table, &made, &err) == CC_OK, "%s", err.cause);
    ck_assert(made.created);
    if (made.expiry)
        call(s, aws, "UpdateTimeToLive",
             ",\"TimeToLiveSpecification\":{\"Enabled\":false,\"AttributeName\":\"expires\"}");
}

enum cc_code stores_dynamodb_open(struct stores *s, struct cc_store **out, struct cc_err *err)
{
    const struct cc_dynamodb_config config = {
        .aws = open_aws(s),
        .table = s->table,
        .group_max = s->config.group_max,
        .wait_ms = s->config.wait_ms,
        .clock = s->config.clock,
        .random = s->config.random,
    };

    return cc_store_open_dynamodb(&config, out, err);
}

void stores_dynamodb_remove(struct stores *s)
{
    call(s, open_aws(s), "DeleteTable", "");
}
