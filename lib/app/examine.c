#include "examine.h"

#include "app.h"

#include "../aws/examine.h"
#include "../identity/keys.h"

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
    bool keys, dynamodb, s3;
};

/* Both services have the same time: the first that says it will do. */
static void look_for_services(const struct cc_app_aws *aws, struct reachable *out,
                              struct cc_findings *to)
{
    int64_t skew_ms = INT64_MAX, other_ms = INT64_MAX;

    if (aws->dynamodb)
        out->dynamodb = cc_aws_examine(aws->dynamodb, aws->net, "DynamoDB", &skew_ms, to);
    if (aws->s3)
        out->s3 = cc_aws_examine(aws->s3, aws->net, "S3", &other_ms, to);
    cc_aws_clock_examine(skew_ms != INT64_MAX ? skew_ms : other_ms, to);
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

static void examine_aws(const struct cc_config *config, bool whole, struct cc_findings *to)
{
    struct reachable reachable = { .keys = false };
    struct cc_app_aws aws = { .net = NULL };
    struct cc_err err = { 0 };

    if (cc_app_aws_open(config, &silence, &aws, &err) != CC_OK) {
        cc_find_failed(to, "AWS", &err);
        cc_find_unseen(to, "AWS", "Nothing that is kept there was looked at.");
        return;
    }
    reachable.keys = cc_aws_credentials_examine(aws.credentials, to);
    look_for_services(&aws, &reachable, to);
    if (aws.dynamodb && may_use(&reachable, reachable.dynamodb, "table", to))
        examine_table(config, &aws, whole, to);
    if (aws.s3 && may_use(&reachable, reachable.s3, "bucket", to))
        examine_bucket(config, &aws, to);
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

void cc_app_examine(const struct cc_config *config, bool whole, struct cc_findings *to)
{
    examine_keys(config, to);
    if (config->store_backend == CC_STORE_SQLITE)
        examine_file(config, whole, to);
    if (config->blob_backend == CC_BLOBS_DIRECTORY)
        cc_blobs_examine_directory(config->blobs, to);
    if (config->store_backend == CC_STORE_DYNAMODB || config->blob_backend == CC_BLOBS_S3)
        examine_aws(config, whole, to);
}
