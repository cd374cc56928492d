#define _GNU_SOURCE /* memmem */
#include "pool_call.h"

#include "secret.h"

#include "../base/digest.h"

#include <openssl/evp.h>
#include <string.h>

#define SERVICE "AWSCognitoIdentityProviderService."
#define BODY_BYTES_MAX ((size_t)24 * 1024) /* two tokens and two passwords */
#define ANSWER_BYTES_MAX ((size_t)256 * 1024)
#define MESSAGE_BYTES_MAX 100
#define LIMIT_RETRY_S 60 /* the pool does not say when */

/* --- operations ------------------------------------------------------------------------------- */

/* What most answers are about: this user, or what he gave, is refused. And what a parameter that
 * the pool does not take is a sign of. */
static const struct {
    const char *target;
    enum cc_aws_effect effect;
    enum cc_code refused;
    enum cc_code parameter;
    bool once;      /* a second time fails for the first one's sake */
    bool is_admins; /* signed, and about the pool, not a client of it */
    bool by_token;  /* an access token says all */
    bool sends;     /* a code to whoever it is about */
} operations[] = {
    [POOL_SIGN_UP] = { SERVICE "SignUp", CC_AWS_REPEATABLE, CC_UNAVAILABLE, CC_UNAVAILABLE,
                       .sends = true },
    [POOL_CONFIRM] = { SERVICE "ConfirmSignUp", CC_AWS_REPEATABLE, CC_EXISTS, CC_WRONG_CODE },
    [POOL_RESEND] = { SERVICE "ResendConfirmationCode", CC_AWS_REPEATABLE, CC_NOT_FOUND,
                      CC_NOT_FOUND, .sends = true },
    [POOL_FORGOT] = { SERVICE "ForgotPassword", CC_AWS_REPEATABLE, CC_NOT_FOUND, CC_NOT_FOUND,
                      .sends = true },
    [POOL_RESET] = { SERVICE "ConfirmForgotPassword", CC_AWS_REPEATABLE, CC_WRONG_CODE,
                     CC_WRONG_CODE, .once = true },
    [POOL_CHANGE_PASSWORD] = { SERVICE "ChangePassword", CC_AWS_REPEATABLE, CC_WRONG_CREDENTIALS,
                               CC_WRONG_CREDENTIALS, .once = true, .by_token = true },
    [POOL_SIGN_IN] = { SERVICE "InitiateAuth", CC_AWS_READS, CC_WRONG_CREDENTIALS, CC_UNAVAILABLE },
    [POOL_ANSWER] = { SERVICE "RespondToAuthChallenge", CC_AWS_REPEATABLE, CC_WRONG_CODE,
                      CC_WRONG_CODE, .once = true },
    [POOL_REFRESH] = { SERVICE "InitiateAuth", CC_AWS_READS, CC_UNAUTHORIZED, CC_UNAVAILABLE },
    [POOL_ROTATE] = { SERVICE "GetTokensFromRefreshToken", CC_AWS_REPEATABLE, CC_UNAUTHORIZED,
                      CC_UNAVAILABLE, .once = true },
    [POOL_REVOKE] = { SERVICE "RevokeToken", CC_AWS_REPEATABLE, CC_NOT_FOUND, CC_NOT_FOUND },
    [POOL_SIGN_OUT] = { SERVICE "GlobalSignOut", CC_AWS_REPEATABLE, CC_UNAUTHORIZED,
                        CC_UNAUTHORIZED, .once = true, .by_token = true },
    [POOL_PERSON] = { SERVICE "GetUser", CC_AWS_READS, CC_UNAUTHORIZED, CC_UNAUTHORIZED,
                      .by_token = true },
    [POOL_RENAME] = { SERVICE "UpdateUserAttributes", CC_AWS_REPEATABLE, CC_UNAUTHORIZED,
                      CC_UNAUTHORIZED, .by_token = true },
    [POOL_FIND] = { SERVICE "AdminGetUser", CC_AWS_READS, CC_NOT_FOUND, CC_UNAVAILABLE,
                    .is_admins = true },
    [POOL_ACT_DELETE] = { SERVICE "AdminDeleteUser", CC_AWS_REPEATABLE, CC_NOT_FOUND,
                          CC_UNAVAILABLE, .is_admins = true },
    [POOL_ACT_DISABLE] = { SERVICE "AdminDisableUser", CC_AWS_REPEATABLE, CC_NOT_FOUND,
                           CC_UNAVAILABLE, .is_admins = true },
    [POOL_ACT_ENABLE] = { SERVICE "AdminEnableUser", CC_AWS_REPEATABLE, CC_NOT_FOUND,
                          CC_UNAVAILABLE, .is_admins = true },
    [POOL_ACT_SIGN_OUT] = { SERVICE "AdminUserGlobalSignOut", CC_AWS_REPEATABLE, CC_NOT_FOUND,
                            CC_UNAVAILABLE, .is_admins = true },
};

/* --- what its exceptions are to us ------------------------------------------------------------ */

enum verdict {
    REFUSED,   /* as the operation says */
    PARAMETER, /* likewise */
    ATTRIBUTE, /* what was given of a person does not fit the pool's rules, or the pool us */
    TOKEN,     /* the access token is not good (any more) */
    WRONG_CODE,
    PASSWORD,
    THERE,
    LIMIT,
    UNSENT, /* it has sent no code: only of a number that is somebody's, so it must not show */
    FAULT,  /* of the pool, of its configuration or of ours: nobody's who asks */
};

/* The one table. Where a name has several rows the first whose message begins so is taken. What
 * it does not name is a fault. (Throttling and internal errors of the service itself do not come so
 * far: lib/aws tries again, and says CC_UNAVAILABLE in the end.) */
static const struct {
    const char *error;
    const char *message; /* how it begins; NULL: any */
    enum verdict verdict;
} errors[] = {
    { "AliasExistsException", NULL, REFUSED },
    { "CodeDeliveryFailureException", NULL, UNSENT },
    { "CodeMismatchException", NULL, WRONG_CODE },
    { "EnableSoftwareTokenMFAException", NULL, WRONG_CODE },
    { "ExpiredCodeException", NULL, WRONG_CODE },
    { "InvalidEmailRoleAccessPolicyException", NULL, UNSENT },
    { "InvalidParameterException", "1 validation error detected: Value at 'password'", PASSWORD },
    { "InvalidParameterException", "1 validation error detected: Value at 'proposedPassword'",
      PASSWORD },
    { "InvalidParameterException", "Attributes did not conform to the schema", ATTRIBUTE },
    { "InvalidParameterException", "Invalid email", ATTRIBUTE },
    { "InvalidParameterException", "Invalid phone number format", ATTRIBUTE },
    { "InvalidParameterException", NULL, PARAMETER },
    { "InvalidPasswordException", NULL, PASSWORD },
    { "InvalidSmsRoleAccessPolicyException", NULL, UNSENT },
    { "InvalidSmsRoleTrustRelationshipException", NULL, UNSENT },
    { "LimitExceededException", NULL, LIMIT },
    /* These are faults of the configuration. Whoever took them for a wrong password would sign
     * everybody out. */
    { "NotAuthorizedException", "Client ", FAULT },
    { "NotAuthorizedException", "Unable to verify secret hash", FAULT },
    { "NotAuthorizedException", "SecretHash does not match", FAULT },
    { "NotAuthorizedException", "SignUp is not permitted", FAULT },
    { "NotAuthorizedException", "Access Token", TOKEN },
    { "NotAuthorizedException", "Invalid Access Token", TOKEN },
    { "NotAuthorizedException", "Invalid access token", TOKEN },
    { "NotAuthorizedException", "Could not verify signature for Access Token", TOKEN },
    { "NotAuthorizedException", NULL, REFUSED },
    { "PasswordHistoryPolicyViolationException", NULL, PASSWORD },
    { "PasswordResetRequiredException", NULL, REFUSED },
    { "RefreshTokenReuseException", NULL, REFUSED },
    { "TooManyFailedAttemptsException", NULL, LIMIT },
    { "UnauthorizedException", NULL, REFUSED },
    { "UnsupportedTokenTypeException", NULL, REFUSED },
    { "UserNotConfirmedException", NULL, REFUSED },
    { "UserNotFoundException", NULL, REFUSED },
    { "UsernameExistsException", NULL, THERE },
};

static enum verdict verdict_of(const struct cc_aws_answer *answer)
{
    for (size_t i = 0; i < CC_COUNT(errors); i++) {
        if (cc_str_eq(answer->error, cc_str_from(errors[i].error)) &&
            (!errors[i].message || cc_str_starts(answer->message, cc_str_from(errors[i].message))))
            return errors[i].verdict;
    }
    return FAULT;
}

static enum cc_code code_of(enum pool_operation op, enum verdict verdict)
{
    switch (verdict) {
    case REFUSED:
        return operations[op].refused;
    case PARAMETER:
    case ATTRIBUTE:
        return operations[op].parameter;
    case TOKEN:
        return CC_UNAUTHORIZED;
    case WRONG_CODE:
        return CC_WRONG_CODE;
    case PASSWORD:
        return CC_INVALID;
    case THERE:
        return CC_EXISTS;
    case LIMIT:
        return CC_TOO_MANY;
    case UNSENT:
        return operations[op].sends ? CC_NOT_FOUND : CC_UNAVAILABLE;
    case FAULT:
        break;
    }
    return CC_UNAVAILABLE;
}

static bool has(struct cc_str text, struct cc_str part)
{
    return text.len > 0 && memmem(text.at, text.len, part.at, part.len) != NULL;
}

/* The pool's rules in our words; it lists all that are broken, one is enough to go on. */
static enum cc_code fail_password(struct cc_str message, struct cc_err *err)
{
    static const struct {
        const char *has, *detail;
    } rules[] = {
        { "length", "This password is too short or too long." },
        { "uppercase", "A password has an upper-case letter in it." },
        { "lowercase", "A password has a lower-case letter in it." },
        { "numeric", "A password has a digit in it." },
        { "symbol", "A password has a character in it that is neither a letter nor a digit." },
        { "previously", "This password was used before." },
    };

    for (size_t i = 0; i < CC_COUNT(rules); i++)
        if (has(message, cc_str_from(rules[i].has)))
            return cc_fail_field(err, "/password", rules[i].detail);
    return cc_fail_field(err, "/password", "This password is not allowed here.");
}

/* AWS repeats in some of its messages what it was given ("Value '12' at 'confirmationCode'"). */
static struct cc_str harmless(struct cc_str message)
{
    return has(message, CC_STR("alue '")) ? CC_STR_ABSENT : cc_str_take(message, MESSAGE_BYTES_MAX);
}

static const char *name_of(enum pool_operation op)
{
    return operations[op].target + sizeof(SERVICE) - 1;
}

static enum cc_code judge(const struct pool_call *call, const struct cc_aws_answer *answer,
                          struct cc_err *err)
{
    const enum pool_operation op = call->op;
    const enum verdict verdict = verdict_of(answer);
    const bool is_of_attributes = verdict == ATTRIBUTE && call->given_count > 0;
    enum cc_code code =
        is_of_attributes ? pool_judge_attributes(call, answer->message, err) : code_of(op, verdict);
    struct cc_str message = harmless(answer->message);

    /* Perhaps it fails because the try before it, whose answer was lost, did not. */
    if (operations[op].once && answer->earlier_unknown && code != CC_UNAVAILABLE)
        code = CC_OUTCOME_UNKNOWN;
    if (code == CC_EXISTS || (code == CC_NOT_FOUND && verdict != UNSENT && !is_of_attributes))
        return code;
    if (code == CC_INVALID)
        return is_of_attributes ? code : fail_password(answer->message, err);
    return cc_fail_retry(err, code, code == CC_TOO_MANY ? LIMIT_RETRY_S : 0, NULL, "%s: %.*s: %.*s",
                         name_of(op), CC_STR_ARG(answer->error), CC_STR_ARG(message));
}

/* --- one call --------------------------------------------------------------------------------- */

void pool_begin(struct pool_call *call, struct cc_pool *pool, struct cc_arena *arena,
                enum pool_operation op)
{
    *call = (struct pool_call){ .pool = pool, .arena = arena, .op = op };
    cc_buf_init(&call->buf, arena, BODY_BYTES_MAX);
    cc_buf_reserve(&call->buf, BODY_BYTES_MAX - 1); /* it never moves: one wiping is enough */
    cc_jw_init(&call->w, &call->buf);
    cc_jw_object(&call->w);
    if (operations[op].is_admins)
        pool_put(call, "UserPoolId", pool->id);
    else if (!operations[op].by_token)
        pool_put(call, "ClientId", pool->client_id);
}

void pool_put(struct pool_call *call, const char *name, struct cc_str value)
{
    if (value.at)
        cc_jw_put_str(&call->w, name, value);
}

/* base64(HMAC-SHA256(client secret, username and client id)): as Cognito's documentation says. */
void pool_put_secret_hash(struct pool_call *call, const char *name, struct cc_str username)
{
    const struct cc_pool *pool = call->pool;
    unsigned char mac[CC_SHA256_SIZE];
    char text[4 * ((CC_SHA256_SIZE + 2) / 3) + 1];

    if (!pool->client_secret.at)
        return;
    cc_hmac_sha256_bytes(pool->client_secret, CC_JOIN(call->arena, username, pool->client_id), mac);
    EVP_EncodeBlock((unsigned char *)text, mac, sizeof(mac));
    cc_jw_put_str(&call->w, name, cc_str_from(text));
}

void pool_put_username(struct pool_call *call, struct cc_str username)
{
    pool_put(call, "Username", username);
    pool_put_secret_hash(call, "SecretHash", username);
}

enum cc_code pool_end(struct pool_call *call, struct cc_err *err)
{
    struct cc_aws_request request = {
        .target = cc_str_from(operations[call->op].target),
        .content_type = CC_STR("application/x-amz-json-1.1"),
        .answer_bytes_max = ANSWER_BYTES_MAX,
        .effect = operations[call->op].effect,
        .is_public = !operations[call->op].is_admins,
    };
    struct cc_aws_answer answer;
    enum cc_code rc;

    cc_jw_object_end(&call->w);
    request.body = cc_buf_str(&call->buf);
    cc_secret_wipe_later(call->arena, request.body);
    if (call->buf.overflow)
        return cc_fail(err, CC_INTERNAL, NULL, "pool: a request that is too long");
    rc = cc_aws_call(call->pool->aws, call->arena, &request, &answer, err);
    if (rc != CC_OK)
        return rc;
    cc_secret_wipe_later(call->arena, answer.body);
    call->answer = answer.body;
    return answer.error.at ? judge(call, &answer, err) : CC_OK;
}

/* What should never come: then it is as if nothing had come. */
enum cc_code pool_read(const struct pool_call *call, const struct cc_field *fields, void *out,
                       struct cc_err *err)
{
    struct cc_err fault = { 0 };

    if (cc_json_check(call->arena, call->answer, &cc_json_default_limits, &fault) == CC_OK &&
        cc_fields_load(call->arena, fields, call->answer, out, &fault) == CC_OK)
        return CC_OK;
    return cc_fail(err, CC_UNAVAILABLE, NULL, "%s: an answer that nobody can read: %.150s",
                   name_of(call->op), fault.cause);
}
