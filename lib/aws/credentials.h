/* aws/credentials.h - where AWS's keys come from, in the order of AWS's own SDKs; the first source
 * that is configured is used, and when that one fails there is no silent turn to the next:
 *
 *   1. the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *   2. web identity: AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME
 *   3. the profile AWS_PROFILE ("default") of AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials) and
 *      AWS_CONFIG_FILE (~/.aws/config): keys, or role_arn with web_identity_token_file, or role_arn
 *      with source_profile, which has keys. What else a profile may say (sso, credential_process, a
 *      role by way of another, mfa_serial) is refused.
 *   4. the container's endpoint: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, or _FULL_URI with
 *      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN
 *   5. the machine's role, by IMDSv2 (AWS_EC2_METADATA_SERVICE_ENDPOINT), unless
 *      AWS_EC2_METADATA_DISABLED is "true"
 *
 * Keys that expire are renewed in the last minutes of their life by one thread, while the others go
 * on with those that they have. A renewal that failed is tried again after a while that doubles.
 * Nothing of a key but its id is ever written to the log. */
#ifndef CC_AWS_CREDENTIALS_H
#define CC_AWS_CREDENTIALS_H

#include "sigv4.h"

#include "../base/clock.h"
#include "../base/log.h"
#include "../base/random.h"

struct cc_aws_credentials;

struct cc_aws_credentials_config {
    struct cc_net *net; /* what is pointed at must outlive the credentials */
    const struct cc_clock *clock;
    const struct cc_random *random;
    const struct cc_log *log;
    /* The environment, as something that can be replaced; NULL: getenv. */
    const char *(*env)(void *arg, const char *name);
    void *env_arg;
    struct cc_str region;        /* of STS; absent: AWS_REGION, else "us-east-1" */
    struct cc_str sts_endpoint;  /* for tests and private endpoints; absent: AWS's */
    struct cc_str imds_endpoint; /* the same; absent: http://169.254.169.254 */
};

/* Reads the environment and chooses the source; asks nobody yet. CC_INVALID: what is configured
 * cannot be used, and the detail says what to do. */
enum cc_code cc_aws_credentials_open(const struct cc_aws_credentials_config *config,
                                     struct cc_aws_credentials **out,
                                     struct cc_err *err) CC_NODISCARD;
void cc_aws_credentials_close(struct cc_aws_credentials *credentials); /* NULL is allowed */

/* In words for `cloudchat doctor`: "the environment", "profile default of /root/.aws/credentials"
 */
struct cc_str cc_aws_credentials_source(const struct cc_aws_credentials *credentials);

/* Keys that are good now, with a number that changes when they do; in the arena, wiped with it. May
 * ask the source, within deadline_ms (of the clock's mono_ms). CC_UNAVAILABLE: there are none. */
enum cc_code cc_aws_credentials_get(struct cc_aws_credentials *credentials, struct cc_arena *arena,
                                    int64_t deadline_ms, struct cc_aws_keys *out,
                                    uint64_t *generation, struct cc_err *err) CC_NODISCARD;

/* Until when the keys are good that were got last, by the wall clock; INT64_MAX: nothing says. */
int64_t cc_aws_credentials_until_ms(struct cc_aws_credentials *credentials);

/* The service refused the keys of that generation: the next call asks the source first. */
void cc_aws_credentials_refused(struct cc_aws_credentials *credentials, uint64_t generation);

#endif
