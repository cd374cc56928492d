/* app/aws.h - what is asked of AWS, by the configuration: one client for each service. Of the
 * environment AWS_REGION, AWS_DEFAULT_REGION and AWS_CA_BUNDLE are heeded, and what
 * aws/credentials.h says. */
#ifndef CC_APP_AWS_H
#define CC_APP_AWS_H

#include "config.h"

#include "../aws/aws.h"
#include "../base/log.h"
#include "../blob/blob.h"
#include "../store/store.h"

struct cc_app_aws {
    struct cc_net *net;
    struct cc_aws_credentials *credentials;
    struct cc_aws *dynamodb, *s3, *sns, *cognito; /* NULL: not needed */
};

/* The region of the configuration, else of the environment; absent if neither says one. */
struct cc_str cc_app_aws_region(const struct cc_config *config);

/* Of the user pool's own region, which its name begins with. */
struct cc_str cc_app_pool_region(const struct cc_config *config);
/* "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12Cd34e": who signs its tokens. */
struct cc_str cc_app_pool_issuer(struct cc_arena *arena, const struct cc_config *config);
/* Where its keys are published. */
struct cc_str cc_app_pool_keys_url(struct cc_arena *arena, const struct cc_config *config);

/* A policy of IAM that allows what the programs do with the table, the bucket and the user pool of
 * the configuration: JSON, in the arena. CC_INVALID: nothing is kept at AWS, or there is no region.
 */
enum cc_code cc_app_aws_policy(struct cc_arena *arena, const struct cc_config *config,
                               struct cc_str *out, struct cc_err *err) CC_NODISCARD;

/* Opens what the configuration needs of it, which may be nothing. `log` must outlive it. On failure
 * nothing stays open. CC_INVALID: the configuration or the environment is to be mended. */
enum cc_code cc_app_aws_open(const struct cc_config *config, const struct cc_log *log,
                             struct cc_app_aws *out, struct cc_err *err) CC_NODISCARD;
void cc_app_aws_close(struct cc_app_aws *aws);

/* The table and the bucket that the configuration names, behind `aws`. */
struct cc_dynamodb_config cc_app_table(const struct cc_config *config,
                                       const struct cc_app_aws *aws);
struct cc_blobs_s3 cc_app_bucket(const struct cc_config *config, const struct cc_app_aws *aws);

/* The photos, where the configuration says that they are; `aws` must outlive them. Codes as
 * cc_blobs_open_directory and cc_blobs_open_s3. */
enum cc_code cc_app_open_blobs(const struct cc_config *config, const struct cc_app_aws *aws,
                               struct cc_blobs **out, struct cc_err *err) CC_NODISCARD;

#endif
