#include "dynamodb.h"

#include "../base/arena.h"

#include <time.h>

/* A transaction has 4 MB; its JSON escapes and names types. */
#define REQUEST_CEILING_BYTES ((size_t)28 * 1024 * 1024)
/* A page has 1 MB, a batch 16 MB, before JSON is made of it. */
#define ANSWER_CEILING_BYTES ((size_t)20 * 1024 * 1024)
/* The answer as it grows, and what is read from it. */
#define CALL_ARENA_BYTES ((size_t)96 * 1024 * 1024)
#define PAUSE_MS_FIRST 4
#define PAUSE_MS_MAX 250

void dynamo_request_begin(struct dynamo_request *request, struct cc_arena *arena)
{
    cc_buf_init(&request->buf, arena, REQUEST_CEILING_BYTES);
    cc_jw_init(&request->w, &request->buf);
    cc_jw_object(&request->w);
}

void dynamo_request_begin_table(struct dynamo_request *request, struct cc_arena *arena,
                                struct cc_str table)
{
    dynamo_request_begin(request, arena);
    cc_jw_put_str(&request->w, "TableName", table);
}

struct cc_str dynamo_request_end(struct dynamo_request *request)
{
    cc_jw_object_end(&request->w);
    return request->buf.overflow ? CC_STR_ABSENT : cc_buf_str(&request->buf);
}

struct cc_aws_request dynamo_call_make(struct cc_arena *arena, const char *operation,
                                       struct cc_str body)
{
    return (struct cc_aws_request){
        .target = CC_JOIN(arena, CC_STR("DynamoDB_20120810."), cc_str_from(operation)),
        .content_type = CC_STR("application/x-amz-json-1.0"),
        .body = body,
        .answer_bytes_max = ANSWER_CEILING_BYTES,
    };
}

enum cc_code dynamo_call(struct cc_aws *aws, struct cc_arena *arena, const char *operation,
                         enum cc_aws_effect effect, struct cc_str body, struct cc_aws_answer *out,
                         struct cc_err *err)
{
    struct cc_aws_request call = dynamo_call_make(arena, operation, body);

    call.effect = effect;
    if (!body.at)
        return cc_fail(err, CC_INTERNAL, NULL, "dynamodb %s: a request that is too large",
                       operation);
    return cc_aws_call(aws, arena, &call, out, err);
}

struct cc_arena *dynamo_call_arena(void)
{
    return cc_arena_new(CALL_ARENA_BYTES);
}

enum cc_code dynamo_call_read(struct dynamo_store *store, struct cc_arena *arena,
                              const char *operation, struct dynamo_request *request,
                              struct cc_json_reader *out, struct cc_err *err)
{
    struct cc_aws_answer answer;
    enum cc_code rc = dynamo_call(store->aws, arena, operation, CC_AWS_READS,
                                  dynamo_request_end(request), &answer, err);

    if (rc != CC_OK)
        return rc;
    if (answer.error.at)
        return dynamo_fail(&answer, operation, err);
    *out = cc_json_reader_of(arena, answer.body);
    return CC_OK;
}

/* The one table of DynamoDB's own errors and reasons, as far as somebody can do something about
 * them; any other one is our own fault. Those of every service are lib/aws's: they do not come
 * here. */
static const struct {
    const char *name;
    enum dynamo_reason reason;
    enum cc_code code;
    const char *detail;
} errors[] = {
    { "None", DYNAMO_NO_REASON, CC_INTERNAL, NULL },
    { "ConditionalCheckFailed", DYNAMO_RACE, CC_UNAVAILABLE, NULL },
    { "TransactionConflict", DYNAMO_RACE, CC_UNAVAILABLE, NULL },
    { "ThrottlingError", DYNAMO_THROTTLE, CC_UNAVAILABLE, NULL },
    { "ProvisionedThroughputExceeded", DYNAMO_THROTTLE, CC_UNAVAILABLE, NULL },
    { "ItemCollectionSizeLimitExceeded", DYNAMO_REFUSAL, CC_STORAGE_FULL,
      "This room is full: all that is kept of one room is at most 10 GB." },
    { "ResourceNotFound", DYNAMO_REFUSAL, CC_UNAVAILABLE, NULL },
    { "ResourceInUse", DYNAMO_REFUSAL, CC_UNAVAILABLE, NULL },
};

/* Its place in the table; behind its end: it is not there. In the reasons of a cancelled
 * transaction names have no "Exception" at their end. */
static size_t find_error(struct cc_str name)
{
    const struct cc_str end = CC_STR("Exception");
    size_t i = 0;

    if (cc_str_ends(name, end))
        name.len -= end.len;
    while (i < CC_COUNT(errors) && !cc_str_eq(name, cc_str_from(errors[i].name)))
        i++;
    return i;
}

enum dynamo_reason dynamo_reason_of(struct cc_str name)
{
    const size_t at = find_error(name);

    return at < CC_COUNT(errors) ? errors[at].reason : DYNAMO_REFUSAL;
}

enum cc_code dynamo_fail_named(struct cc_str error, struct cc_str message, const char *operation,
                               struct cc_err *err)
{
    const size_t at = find_error(error);
    const enum cc_code code = at < CC_COUNT(errors) ? errors[at].code : CC_INTERNAL;

    return cc_fail_retry(
        err, code, code == CC_UNAVAILABLE, at < CC_COUNT(errors) ? errors[at].detail : NULL,
        "dynamodb %s: %.*s: %.*s", operation, CC_STR_ARG(error), CC_STR_ARG(message));
}

enum cc_code dynamo_fail(const struct cc_aws_answer *answer, const char *operation,
                         struct cc_err *err)
{
    return dynamo_fail_named(answer->error, answer->message, operation, err);
}

enum cc_code dynamo_fail_answer(const char *operation, struct cc_err *err)
{
    return cc_fail(err, CC_INTERNAL, NULL, "dynamodb %s: an answer that is not as it should be",
                   operation);
}

void dynamo_back_off(const struct dynamo_store *store, unsigned attempt)
{
    const int64_t most_ms = attempt > 6 ? PAUSE_MS_MAX : (int64_t)PAUSE_MS_FIRST << attempt;
    const int64_t most_ns = (most_ms < PAUSE_MS_MAX ? most_ms : PAUSE_MS_MAX) * 1000 * 1000;
    uint32_t random;
    struct timespec pause = { 0 };

    cc_random_fill(store->random, &random, sizeof(random));
    pause.tv_nsec = (long)(random % (uint32_t)most_ns);
    nanosleep(&pause, NULL);
}
