/* aws/aws.h - one call of an AWS service: signs, sends, tries again where that is safe, and
 * says what came of it. It knows no service's items or rules; it knows which of their errors the
 * call itself has to deal with (one table, in errors.c).
 *
 * A call makes at most 4 tries within 8 seconds, with full jitter between them, and Retry-After
 * where it is given. A clock that is wrong is set right, once a call, by the service's Date. */
#ifndef CC_AWS_AWS_H
#define CC_AWS_AWS_H

#include "credentials.h"

#define CC_AWS_TRIES_MAX 4
#define CC_AWS_CALL_MS_MAX 8000

struct cc_aws;

struct cc_aws_config {
    struct cc_net *net; /* what is pointed at must outlive it */
    struct cc_aws_credentials *credentials;
    const struct cc_clock *clock;
    const struct cc_random *random;
    const struct cc_log *log;
    struct cc_str service; /* "dynamodb", "s3" */
    struct cc_str region;
    struct cc_str endpoint; /* "http://127.0.0.1:4566" (no path); absent: AWS's for the region */
    int64_t try_ms_max;     /* for one try; 0: 3,000 */
};

/* Copies the strings. CC_INVALID: the region or the endpoint is none. */
enum cc_code cc_aws_open(const struct cc_aws_config *config, struct cc_aws **out,
                         struct cc_err *err) CC_NODISCARD;
void cc_aws_close(struct cc_aws *aws); /* NULL is allowed */

enum cc_aws_effect {
    /* Writes, and is not sent again once it may have been carried out. What a request is that does
     * not say. */
    CC_AWS_ONCE = 0,
    /* Writes, and may be sent again after an unknown outcome: it has an idempotency token, or twice
     * is the same as once. */
    CC_AWS_REPEATABLE,
    /* Changes nothing: a failure is always CC_UNAVAILABLE. */
    CC_AWS_READS,
};

/* Names and values as they are meant, not encoded. */
struct cc_aws_request {
    struct cc_str target; /* X-Amz-Target: "DynamoDB_20120810.GetItem"; absent: none */
    struct cc_str method; /* absent: POST */
    struct cc_str path;   /* begins with '/'; absent: "/" */
    struct cc_net_headers query;
    struct cc_net_headers headers; /* further ones; all are signed */
    struct cc_str content_type;    /* absent: none */
    struct cc_str body;            /* absent: none */
    size_t answer_bytes_max;       /* 0: 2 MiB */
    int64_t timeout_ms;            /* for all tries together; 0: CC_AWS_CALL_MS_MAX */
    enum cc_aws_effect effect;
    bool is_public; /* anybody may: it is not signed, and no credentials are needed */
    /* A refusal of keys or rights is the caller's to judge like any other error, and what the
     * service says of an error in words, which may repeat the request, stays out of the cause. */
    bool is_private;
};

/* In the caller's arena. */
struct cc_aws_answer {
    int status;
    struct cc_net_headers headers;
    struct cc_str body;
    /* The error's name without what stands before a '#' or behind a ':'
     * ("ConditionalCheckFailedException", "NoSuchKey"); absent on success (status 2xx, 304). A
     * service that gives no name (HEAD in S3) has an error of its status: "404". */
    struct cc_str error;
    struct cc_str message; /* the error's; for the log */
    bool earlier_unknown;  /* an earlier try may have been carried out: what this answer finds
                              there may be this call's own work */
    unsigned tries;
};

/* CC_OK: the service has answered, and what it answered is the caller's to judge: success, or an
 *   error that is about this request (see `error`).
 * CC_UNAVAILABLE: nothing was done: throttled or not to be reached to the end, credentials refused,
 *   access denied, stopped. retry_after_s is set where the service said so.
 * CC_OUTCOME_UNKNOWN: it may have been done (never with CC_AWS_READS).
 * CC_INTERNAL: the request itself is wrong.
 * The cause names the service, the call and AWS's error; never a key. */
enum cc_code cc_aws_call(struct cc_aws *aws, struct cc_arena *arena,
                         const struct cc_aws_request *request, struct cc_aws_answer *out,
                         struct cc_err *err) CC_NODISCARD;

/* One try, of which nothing is put right and which is not repeated, for who looks for what is
 * wrong: whatever the service answers, a refusal of the keys or of the clock as well, is the
 * caller's to judge. CC_UNAVAILABLE, CC_OUTCOME_UNKNOWN, CC_INTERNAL as above: there is no answer.
 */
enum cc_code cc_aws_probe(struct cc_aws *aws, struct cc_arena *arena,
                          const struct cc_aws_request *request, struct cc_aws_answer *out,
                          struct cc_err *err) CC_NODISCARD;

/* "https://dynamodb.eu-central-1.amazonaws.com". Lives as long as `aws`. */
struct cc_str cc_aws_origin(const struct cc_aws *aws);

/* A URL by which anybody may make this request for so many seconds (1 to 604,800), though not
 * longer than the credentials live. The request's headers and content type must be sent with it as
 * they stand here; its body is not signed. CC_UNAVAILABLE: no credentials. */
enum cc_code cc_aws_presign(struct cc_aws *aws, struct cc_arena *arena,
                            const struct cc_aws_request *request, int64_t expires_s,
                            struct cc_str *out, struct cc_err *err) CC_NODISCARD;

#endif
