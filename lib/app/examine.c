#include "examine.h"

#include "app.h"
#include "senders.h"

#include "../aws/examine.h"
#include "../base/id.h"
#include "../identity/keys.h"
#include "../identity/pool_examine.h"

/* What goes wrong is told as a finding: the log would tell it a second time. */
static const struct cc_log silence = { .fd = -1, .level = CC_LOG_ERROR, .clock = &cc_system_clock };

static void examine_keys(const struct cc_config *config, struct cc_findings *to)
{
    const struct cc_keys_folder folder = {
        .path = config->identity.keys,
        .access_token_s = config->identity.access_token_s,
        .clock = &cc_system_clock,
        .random = &cc_system_random,
    };

    cc_keys_examine(&folder, to);
}

/* --- AWS -------------------------------------------------------------------------------------- */

struct reachable {
    bool keys, dynamodb, s3, cognito;
};

/* All services have the same time: the first that says it will do. */
static void look_for_services(const struct cc_app_aws *aws, struct reachable *out,
                              struct cc_findings *to)
{
    int64_t skew_ms[] = { INT64_MAX, INT64_MAX, INT64_MAX };
    size_t first = 0;

    if (aws->dynamodb)
        out->dynamodb = cc_aws_examine(aws->dynamodb, aws->net, "DynamoDB", &skew_ms[0], to);
    if (aws->s3)
        out->s3 = cc_aws_examine(aws->s3, aws->net, "S3", &skew_ms[1], to);
    if (aws->cognito)
        out->cognito = cc_aws_examine(aws->cognito, aws->net, "Cognito", &skew_ms[2], to);
    while (first + 1 < CC_COUNT(skew_ms) && skew_ms[first] == INT64_MAX)
        first++;
    cc_aws_clock_examine(skew_ms[first], to);
}

static bool may_use(const struct reachable *reachable, bool answers, const char *what,
                    struct cc_findings *to)
{
    if (!answers)
        cc_find_unseen(to, what, "Not looked at: the service cannot be reached.");
    else if (!reachable->keys)
        cc_find_unseen(to, what, "Not looked at: there are no credentials.");
    return answers && reachable->keys;
}

static void examine_table(const struct cc_config *config, const struct cc_app_aws *aws, bool whole,
                          struct cc_findings *to)
{
    struct cc_dynamodb_config dynamodb = cc_app_table(config, aws);

    dynamodb.wait_ms = CC_AWS_EXAMINE_MS;
    cc_store_examine_dynamodb(&dynamodb, whole, to);
}

static void examine_bucket(const struct cc_config *config, const struct cc_app_aws *aws,
                           struct cc_findings *to)
{
    const struct cc_blobs_s3 s3 = cc_app_bucket(config, aws);

    cc_blobs_examine_s3(&s3, cc_app_aws_region(config), to);
}

/* The way that a code goes, but for the budgets. */
static void send_test(struct cc_sender *sender, struct cc_str mailbox, struct cc_findings *to)
{
    struct cc_arena *arena = cc_arena_new((size_t)64 * 1024);
    const bool is_email = cc_str_find(mailbox, '@') < mailbox.len;
    const struct cc_notice notice = {
        .to = mailbox,
        .channel = is_email ? CC_STR("email") : CC_STR("sms"),
        .text = CC_STR("This is a test of Cloud Chat: codes reach you here."),
        .id = cc_id_uuid7(arena, &cc_system_clock, &cc_system_random),
        .attempt = 1,
    };
    struct cc_err err = { 0 };
    const enum cc_code rc = cc_sender_send(sender, &notice, &err);

    if (rc == CC_OK)
        cc_find_well(to, "test", "A message is on its way to %.*s.", CC_STR_ARG(mailbox));
    else
        cc_find_wrong(to, "test", err.cause, "No message could be sent to %.*s.%s%s",
                      CC_STR_ARG(mailbox), rc == CC_FORBIDDEN ? " " : "",
                      rc == CC_FORBIDDEN ? err.detail : "");
    cc_arena_free(arena);
}

static void examine_senders(const struct cc_config *config, const struct cc_app_aws *aws,
                            struct cc_str send_to, struct cc_findings *to)
{
    struct cc_sender *sender;
    struct cc_err err = { 0 };

    if (cc_app_open_sender(config, &silence, aws, &sender, &err) != CC_OK) {
        cc_find_failed(to, "codes", &err);
        return;
    }
    if (sender != NULL)
        cc_sender_examine(sender, to);
    if (send_to.at && sender != NULL)
        send_test(sender, send_to, to);
    else if (send_to.at)
        cc_find_wrong(to, "test", NULL, "[codes] sms and email are none: there is nobody to send.");
    cc_sender_close(sender);
}

/* Its keys are there for anybody; all else of it is looked at with credentials. */
static void examine_pool(const struct cc_config *config, const struct cc_app_aws *aws,
                         const struct reachable *reachable, struct cc_findings *to)
{
    struct cc_arena *arena = cc_arena_new((size_t)64 * 1024);
    const struct cc_pool_examine pool = {
        .aws = aws->cognito,
        .net = aws->net,
        .pool = config->cognito.pool,
        .client_id = config->cognito.client_id,
        .client_secret = config->cognito.client_secret,
        .rotation = config->cognito.rotation,
        .session_idle_s = config->identity.session_idle_s,
        .keys_url = cc_app_pool_keys_url(arena, config),
    };

    if (may_use(reachable, reachable->cognito, "pool", to))
        cc_pool_examine(&pool, to);
    cc_pool_keys_examine(&pool, to);
    cc_arena_free(arena);
}

static void examine_aws(const struct cc_config *config, const struct cc_app_examine *what,
                        struct cc_findings *to)
{
    struct reachable reachable = { .keys = false };
    struct cc_app_aws aws = { .net = NULL };
    struct cc_err err = { 0 };

    if (cc_app_aws_open(config, &silence, &aws, &err) != CC_OK) {
        cc_find_failed(to, "AWS", &err);
        cc_find_unseen(to, "AWS", "Nothing that is kept there was looked at, nor who sends codes.");
        return;
    }
    reachable.keys = cc_aws_credentials_examine(aws.credentials, to);
    look_for_services(&aws, &reachable, to);
    if (aws.dynamodb && may_use(&reachable, reachable.dynamodb, "table", to))
        examine_table(config, &aws, what->whole, to);
    if (aws.s3 && may_use(&reachable, reachable.s3, "bucket", to))
        examine_bucket(config, &aws, to);
    if (aws.cognito)
        examine_pool(config, &aws, &reachable, to);
    examine_senders(config, &aws, what->send_to, to);
    cc_app_aws_close(&aws);
}

/* --- all of it -------------------------------------------------------------------------------- */

static void examine_file(const struct cc_config *config, bool whole, struct cc_findings *to)
{
    struct cc_store_config store = config->store;

    store.clock = &cc_system_clock;
    store.random = &cc_system_random;
    store.log = &silence;
    cc_store_examine_sqlite(&store, whole, to);
}

static bool asks_aws(const struct cc_config *config)
{
    return config->store_backend == CC_STORE_DYNAMODB || config->blob_backend == CC_BLOBS_S3 ||
           config->identity_backend == CC_IDENTITY_COGNITO || config->codes_sms == CC_SMS_SNS;
}

void cc_app_examine(const struct cc_config *config, const struct cc_app_examine *what,
                    struct cc_findings *to)
{
    const struct cc_app_aws nothing = { .net = NULL };

    examine_keys(config, to);
    if (config->store_backend == CC_STORE_SQLITE)
        examine_file(config, what->whole, to);
    if (config->blob_backend == CC_BLOBS_DIRECTORY)
        cc_blobs_examine_directory(config->blobs, to);
    if (asks_aws(config))
        examine_aws(config, what, to);
    else
        examine_senders(config, &nothing, what->send_to, to);
}
