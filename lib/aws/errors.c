#include "errors.h"
#include "xml.h"

#include "../base/json.h"
#include "../base/limits.h"

#include <json-c/json.h>

/* The one table. What it does not name is judged by its status: 429 and 408 are AWS_AGAIN, any 5xx
 * is AWS_AGAIN_UNKNOWN, everything else is the caller's.
 *
 * A throttle refuses before anything is done. An internal error does not say (DynamoDB: "the
 * operation may have succeeded or failed"), nor does a service that is unavailable. */
static const struct {
    const char *name;
    enum aws_remedy remedy;
} errors[] = {
    { "BandwidthLimitExceeded", AWS_AGAIN },
    { "ConditionalRequestConflict", AWS_AGAIN },
    { "EC2ThrottledException", AWS_AGAIN },
    { "IDPCommunicationError", AWS_AGAIN },
    { "OperationAborted", AWS_AGAIN },
    { "PriorRequestNotComplete", AWS_AGAIN },
    { "ProvisionedThroughputExceededException", AWS_AGAIN },
    { "RequestLimitExceeded", AWS_AGAIN },
    { "RequestThrottled", AWS_AGAIN },
    { "RequestThrottledException", AWS_AGAIN },
    { "RequestTimeout", AWS_AGAIN },
    { "RequestTimeoutException", AWS_AGAIN },
    { "SlowDown", AWS_AGAIN },
    { "ThrottledException", AWS_AGAIN },
    { "Throttling", AWS_AGAIN },
    { "ThrottlingException", AWS_AGAIN },
    { "TooManyRequestsException", AWS_AGAIN },

    { "InternalError", AWS_AGAIN_UNKNOWN },
    { "InternalFailure", AWS_AGAIN_UNKNOWN },
    { "InternalServerError", AWS_AGAIN_UNKNOWN },
    { "ServiceUnavailable", AWS_AGAIN_UNKNOWN },
    { "ServiceUnavailableException", AWS_AGAIN_UNKNOWN },
    { "TransactionInProgressException", AWS_AGAIN_UNKNOWN },

    { "AuthFailure", AWS_CLOCK },
    { "InvalidSignatureException", AWS_CLOCK },
    { "RequestExpired", AWS_CLOCK },
    { "RequestInTheFuture", AWS_CLOCK },
    { "RequestTimeTooSkewed", AWS_CLOCK },
    { "SignatureDoesNotMatch", AWS_CLOCK },

    { "ExpiredToken", AWS_KEYS },
    { "ExpiredTokenException", AWS_KEYS },
    { "InvalidAccessKeyId", AWS_KEYS },
    { "InvalidClientTokenId", AWS_KEYS },
    { "InvalidToken", AWS_KEYS },
    { "TokenRefreshRequired", AWS_KEYS },
    { "UnrecognizedClientException", AWS_KEYS },

    { "AccessDenied", AWS_DENIED },
    { "AccessDeniedException", AWS_DENIED },
    { "AuthorizationError", AWS_DENIED },
    { "AuthorizationHeaderMalformed", AWS_DENIED },
    { "IncompleteSignature", AWS_DENIED },
    { "IncompleteSignatureException", AWS_DENIED },
    { "MissingAuthenticationToken", AWS_DENIED },
    { "MissingAuthenticationTokenException", AWS_DENIED },
    { "OptInRequired", AWS_DENIED },
    { "PermanentRedirect", AWS_DENIED },
    { "TemporaryRedirect", AWS_DENIED },
};

static enum aws_remedy remedy_of_status(int status)
{
    if (status == 429 || status == 408)
        return AWS_AGAIN;
    return status >= 500 ? AWS_AGAIN_UNKNOWN : AWS_JUDGE;
}

static enum aws_remedy remedy_of(struct cc_str name, int status)
{
    for (size_t i = 0; i < CC_COUNT(errors); i++) {
        if (cc_str_eq(name, cc_str_from(errors[i].name)))
            return errors[i].remedy;
    }
    return remedy_of_status(status);
}

/* "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException" and
 * "ResourceNotFoundException:http://internal.amazon.com/..." without what stands around the name.
 */
static struct cc_str bare_name(struct cc_str type)
{
    struct cc_str rest = type;
    struct cc_str name = cc_str_cut(&rest, ':'); /* the address behind it may have a '#' */

    rest = name;
    cc_str_cut(&rest, '#');
    name = cc_str_trim(rest.at ? rest : name);
    return name.len ? name : CC_STR_ABSENT;
}

static struct cc_str member(struct cc_arena *arena, struct json_object *object, const char *name)
{
    struct json_object *value = json_object_object_get(object, name);

    if (!json_object_is_type(value, json_type_string))
        return CC_STR_ABSENT;
    return cc_str_copy(arena, (struct cc_str){ json_object_get_string(value),
                                               (size_t)json_object_get_string_len(value) });
}

static void read_json(struct cc_arena *arena, struct cc_str body, struct aws_error *out)
{
    struct json_object *object;
    struct cc_err ignored = { 0 };

    if (cc_json_parse(arena, body, &cc_json_default_limits, &object, &ignored) != CC_OK ||
        !json_object_is_type(object, json_type_object))
        return;
    out->name = bare_name(member(arena, object, "__type"));
    if (!out->name.at)
        out->name = bare_name(member(arena, object, "code"));
    out->message = member(arena, object, "message");
    if (!out->message.at)
        out->message = member(arena, object, "Message");
}

static void read_xml(struct cc_arena *arena, struct cc_str body, struct aws_error *out)
{
    const struct aws_xml_want wants[] = { { "Code", &out->name }, { "Message", &out->message } };

    if (aws_xml_find(arena, body, wants, CC_COUNT(wants)))
        out->name = bare_name(out->name);
}

static bool is_success(int status)
{
    return status < 300 || status == 304;
}

void aws_error_read(struct cc_arena *arena, const struct cc_net_answer *answer,
                    struct aws_error *out)
{
    struct cc_str type = cc_net_header_find(&answer->headers, CC_STR("x-amzn-errortype"));
    struct cc_str body = answer->body;

    *out = (struct aws_error){ .remedy = AWS_JUDGE };
    if (is_success(answer->status))
        return;
    while (body.len && (body.at[0] == '\n' || body.at[0] == '\r' || body.at[0] == ' '))
        body = cc_str_skip(body, 1);
    if (body.len && body.at[0] == '{')
        read_json(arena, body, out);
    else if (body.len && body.at[0] == '<')
        read_xml(arena, body, out);
    if (!out->name.at)
        out->name = bare_name(type);
    if (!out->name.at)
        out->name = cc_str_format(arena, "%d", answer->status);
    out->remedy = remedy_of(out->name, answer->status);
}
