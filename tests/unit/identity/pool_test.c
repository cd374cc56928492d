/* Calls of a user pool, at a server of the tests that says what Cognito's documentation says. */
#include "pool_scene.h"

#define SECRET_PASSWORD CC_STR("a password that nobody may read")
#define SECRET_CODE CC_STR("424242")
#define SECRET_TOKEN CC_STR("token.that.nobody.may.read")
#define USER CC_STR("0198c0de-0000-7000-8000-000000000001")

#define ERROR(name_, message_) "{\"__type\":\"" name_ "\",\"message\":\"" message_ "\"}"

struct line {
    const char *status; /* NULL: the connection is reset, as if the answer got lost */
    const char *body;
};

struct telephone {
    struct scene scene; /* first */
    struct cc_pool pool;
    const struct line *lines;
    size_t count;                              /* the last one is said from then on */
    pthread_mutex_t mutex;                     /* each connection has a thread */
    struct cc_arena *heard;                    /* theirs, with what follows */
    struct cc_str target, authorization, body; /* of the last request */
};

static bool say(struct fake_http *http, struct fake_peer *peer, const struct fake_request *request)
{
    struct telephone *s = http->arg;
    const struct line *line =
        &s->lines[request->number < s->count ? request->number : s->count - 1];

    pthread_mutex_lock(&s->mutex);
    s->target = cc_str_copy(s->heard, fake_header(request, "X-Amz-Target"));
    s->authorization = cc_str_copy(s->heard, fake_header(request, "Authorization"));
    s->body = cc_str_copy(s->heard, request->body);
    pthread_mutex_unlock(&s->mutex);
    if (!line->status) {
        fake_reset(peer);
        return false;
    }
    return fake_reply(peer, line->status, "", cc_str_from(line->body));
}

static void open_line(struct telephone *s, const struct line *lines, size_t count)
{
    *s = (struct telephone){ .lines = lines,
                             .count = count,
                             .heard = cc_arena_new((size_t)1 << 20) };
    pthread_mutex_init(&s->mutex, NULL);
    house_folder(&s->scene.house);
    scene_open(&s->scene, say, s);
    s->pool = (struct cc_pool){ .aws = s->scene.aws,
                                .id = CC_STR("eu-central-1_Ab12Cd34e"),
                                .client_id = CC_STR("client"),
                                .client_secret = CC_STR("shared") };
}

static void close_line(struct telephone *s)
{
    scene_close(&s->scene);
    nftw(s->scene.house.folder, house_remove, 16, FTW_DEPTH | FTW_PHYS);
    close(s->scene.house.log.fd);
    cc_arena_free(s->scene.house.arena);
    cc_arena_free(s->heard);
    pthread_mutex_destroy(&s->mutex);
}

/* --- one of each ------------------------------------------------------------------------------ */

typedef enum cc_code call_fn(struct telephone *s, struct cc_err *err);

static enum cc_code sign_up_there(struct telephone *s, struct cc_err *err)
{
    const struct cc_pool_user user = { USER, CC_STR("Ada"), SECRET_PASSWORD, { "phone", ADA } };

    return cc_pool_sign_up(&s->pool, s->scene.house.arena, &user, err);
}

static enum cc_code sign_up_by_mail_there(struct telephone *s, struct cc_err *err)
{
    const struct cc_pool_user user = {
        USER, CC_STR("Ada"), SECRET_PASSWORD, { "email", CC_STR("ada@example.org") }
    };

    return cc_pool_sign_up(&s->pool, s->scene.house.arena, &user, err);
}

/* The number is somebody's. */
static enum cc_code sign_up_taken_there(struct telephone *s, struct cc_err *err)
{
    const struct cc_pool_user user = {
        USER, CC_STR("Ada"), SECRET_PASSWORD, { "phone", CC_STR_ABSENT }
    };

    return cc_pool_sign_up(&s->pool, s->scene.house.arena, &user, err);
}

static enum cc_code confirm_there(struct telephone *s, struct cc_err *err)
{
    return cc_pool_confirm(&s->pool, s->scene.house.arena, USER, SECRET_CODE, err);
}

static enum cc_code resend_there(struct telephone *s, struct cc_err *err)
{
    return cc_pool_resend(&s->pool, s->scene.house.arena, USER, err);
}

static enum cc_code forgot_there(struct telephone *s, struct cc_err *err)
{
    struct cc_str ignored;

    return cc_pool_forgot(&s->pool, s->scene.house.arena, USER, &ignored, err);
}

static enum cc_code reset_there(struct telephone *s, struct cc_err *err)
{
    return cc_pool_reset(&s->pool, s->scene.house.arena, USER, SECRET_CODE, SECRET_PASSWORD, err);
}

static enum cc_code change_there(struct telephone *s, struct cc_err *err)
{
    return cc_pool_change_password(&s->pool, s->scene.house.arena, SECRET_TOKEN, SECRET_PASSWORD,
                                   SECRET_PASSWORD, err);
}

static enum cc_code sign_in_there(struct telephone *s, struct cc_err *err)
{
    struct cc_pool_auth auth;

    return cc_pool_sign_in(&s->pool, s->scene.house.arena, USER, SECRET_PASSWORD, &auth, err);
}

static enum cc_code answer_there(struct telephone *s, struct cc_err *err)
{
    const struct cc_pool_answer in = { USER, CC_STR("SMS_MFA"), SECRET_TOKEN, "SMS_MFA_CODE",
                                       SECRET_CODE };
    struct cc_pool_auth auth;

    return cc_pool_answer(&s->pool, s->scene.house.arena, &in, &auth, err);
}

static enum cc_code refresh_there(struct telephone *s, struct cc_err *err)
{
    struct cc_pool_auth auth;

    return cc_pool_refresh(&s->pool, s->scene.house.arena, USER, SECRET_TOKEN, &auth, err);
}

static enum cc_code rotate_there(struct telephone *s, struct cc_err *err)
{
    s->pool.rotates = true;
    return refresh_there(s, err);
}

static enum cc_code revoke_there(struct telephone *s, struct cc_err *err)
{
    return cc_pool_revoke(&s->pool, s->scene.house.arena, SECRET_TOKEN, err);
}

static enum cc_code leave_there(struct telephone *s, struct cc_err *err)
{
    return cc_pool_sign_out(&s->pool, s->scene.house.arena, SECRET_TOKEN, err);
}

static enum cc_code rename_there(struct telephone *s, struct cc_err *err)
{
    return cc_pool_rename(&s->pool, s->scene.house.arena, SECRET_TOKEN, CC_STR("Ada"), err);
}

static enum cc_code person_there(struct telephone *s, struct cc_err *err)
{
    struct cc_pool_person person;

    return cc_pool_person(&s->pool, s->scene.house.arena, SECRET_TOKEN, &person, err);
}

static enum cc_code find_there(struct telephone *s, struct cc_err *err)
{
    struct cc_pool_person person;

    return cc_pool_find(&s->pool, s->scene.house.arena, USER, &person, err);
}

static enum cc_code delete_there(struct telephone *s, struct cc_err *err)
{
    return cc_pool_act(&s->pool, s->scene.house.arena, CC_POOL_DELETE, USER, err);
}

static enum cc_code sign_out_there(struct telephone *s, struct cc_err *err)
{
    return cc_pool_act(&s->pool, s->scene.house.arena, CC_POOL_SIGN_OUT, USER, err);
}

/* --- what its exceptions are to us ------------------------------------------------------------ */

/* As AWS's documentation has the names, and as far as it has them the messages. */
static const struct {
    call_fn *call;
    const char *answer;
    enum cc_code code;
} exceptions[] = {
    { sign_up_there, ERROR("UsernameExistsException", "User already exists"), CC_EXISTS },
    { sign_up_there, ERROR("InvalidPasswordException", "Password did not conform with policy: x"),
      CC_INVALID },
    { sign_up_there, ERROR("InvalidParameterException", "Attributes did not conform to schema"),
      CC_UNAVAILABLE },
    { sign_up_there, ERROR("NotAuthorizedException", "SignUp is not permitted for this user pool"),
      CC_UNAVAILABLE },
    { sign_up_there, ERROR("UserLambdaValidationException", "PreSignUp failed"), CC_UNAVAILABLE },
    { sign_up_there, ERROR("CodeDeliveryFailureException", "no SMS"), CC_NOT_FOUND },
    { sign_up_there, ERROR("InvalidSmsRoleTrustRelationshipException", "x"), CC_NOT_FOUND },
    { sign_up_there, ERROR("InvalidSmsRoleAccessPolicyException", "x"), CC_NOT_FOUND },
    { sign_up_there, ERROR("InvalidEmailRoleAccessPolicyException", "x"), CC_NOT_FOUND },
    { sign_up_there, ERROR("ResourceNotFoundException", "User pool client x does not exist."),
      CC_UNAVAILABLE },

    { confirm_there, ERROR("CodeMismatchException", "Invalid verification code"), CC_WRONG_CODE },
    { confirm_there, ERROR("ExpiredCodeException", "request a code again."), CC_WRONG_CODE },
    { confirm_there,
      ERROR("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"),
      CC_EXISTS },
    { confirm_there, ERROR("UserNotFoundException", "Username/client id combination not found."),
      CC_EXISTS },
    { confirm_there, ERROR("TooManyFailedAttemptsException", "x"), CC_TOO_MANY },
    { confirm_there, ERROR("LimitExceededException", "Attempt limit exceeded"), CC_TOO_MANY },
    { confirm_there, ERROR("NotAuthorizedException", "Unable to verify secret hash for client x"),
      CC_UNAVAILABLE },

    { resend_there, ERROR("InvalidParameterException", "User is already confirmed."),
      CC_NOT_FOUND },
    { resend_there, ERROR("UserNotFoundException", "x"), CC_NOT_FOUND },
    { forgot_there, ERROR("InvalidParameterException", "there is no registered/verified email"),
      CC_NOT_FOUND },
    { forgot_there, ERROR("UserNotFoundException", "x"), CC_NOT_FOUND },
    { forgot_there, ERROR("LimitExceededException", "Attempt limit exceeded"), CC_TOO_MANY },

    { reset_there, ERROR("CodeMismatchException", "x"), CC_WRONG_CODE },
    { reset_there, ERROR("ExpiredCodeException", "x"), CC_WRONG_CODE },
    { reset_there, ERROR("UserNotFoundException", "x"), CC_WRONG_CODE },
    { reset_there, ERROR("InvalidPasswordException", "Password not long enough"), CC_INVALID },

    { change_there, ERROR("NotAuthorizedException", "Incorrect username or password."),
      CC_WRONG_CREDENTIALS },
    { change_there, ERROR("NotAuthorizedException", "Access Token has been revoked"),
      CC_UNAUTHORIZED },
    { change_there, ERROR("NotAuthorizedException", "Invalid Access Token"), CC_UNAUTHORIZED },
    { change_there, ERROR("PasswordHistoryPolicyViolationException", "used previously"),
      CC_INVALID },
    { change_there, ERROR("LimitExceededException", "Attempt limit exceeded"), CC_TOO_MANY },

    { sign_in_there, ERROR("NotAuthorizedException", "Incorrect username or password."),
      CC_WRONG_CREDENTIALS },
    { sign_in_there, ERROR("NotAuthorizedException", "Password attempts exceeded"),
      CC_WRONG_CREDENTIALS },
    { sign_in_there, ERROR("NotAuthorizedException", "User is disabled."), CC_WRONG_CREDENTIALS },
    { sign_in_there, ERROR("UserNotFoundException", "User does not exist."), CC_WRONG_CREDENTIALS },
    { sign_in_there, ERROR("UserNotConfirmedException", "User is not confirmed."),
      CC_WRONG_CREDENTIALS },
    { sign_in_there, ERROR("PasswordResetRequiredException", "x"), CC_WRONG_CREDENTIALS },
    { sign_in_there,
      ERROR("NotAuthorizedException", "Client x is configured with secret but SECRET_HASH was not"),
      CC_UNAVAILABLE },
    { sign_in_there,
      ERROR("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client"),
      CC_UNAVAILABLE },
    { sign_in_there, ERROR("InvalidUserPoolConfigurationException", "x"), CC_UNAVAILABLE },
    { sign_in_there, ERROR("ForbiddenException", "Request not allowed due to WAF block."),
      CC_UNAVAILABLE },
    { sign_in_there, ERROR("SomethingNewException", "x"), CC_UNAVAILABLE },
    { sign_in_there, "{}", CC_UNAVAILABLE },

    { answer_there, ERROR("CodeMismatchException", "x"), CC_WRONG_CODE },
    { answer_there, ERROR("NotAuthorizedException", "Invalid session for the user."),
      CC_WRONG_CODE },

    { refresh_there, ERROR("NotAuthorizedException", "SecretHash does not match for the client: x"),
      CC_UNAVAILABLE },
    { refresh_there, ERROR("NotAuthorizedException", "Refresh Token has been revoked"),
      CC_UNAUTHORIZED },
    { refresh_there, ERROR("NotAuthorizedException", "Refresh Token has expired"),
      CC_UNAUTHORIZED },
    { refresh_there, ERROR("UserNotFoundException", "x"), CC_UNAUTHORIZED },
    { refresh_there, ERROR("NotAuthorizedException", "Unable to verify secret hash for client x"),
      CC_UNAVAILABLE },
    { rotate_there, ERROR("RefreshTokenReuseException", "x"), CC_UNAUTHORIZED },

    { revoke_there, ERROR("UnsupportedTokenTypeException", "x"), CC_OK },
    { revoke_there, ERROR("UnauthorizedException", "x"), CC_OK },
    { leave_there, ERROR("NotAuthorizedException", "Access Token has been revoked"),
      CC_UNAUTHORIZED },
    { leave_there, ERROR("UserNotFoundException", "x"), CC_UNAUTHORIZED },
    { leave_there, ERROR("ForbiddenException", "Request not allowed due to WAF block."),
      CC_UNAVAILABLE },
    { rename_there, ERROR("NotAuthorizedException", "Access Token does not have required scopes"),
      CC_UNAUTHORIZED },
    { rename_there,
      ERROR("NotAuthorizedException", "A client attempted to write unauthorized attribute"),
      CC_UNAUTHORIZED },
    { rename_there, ERROR("InvalidParameterException", "user.name: Attribute cannot be updated."),
      CC_UNAUTHORIZED },
    { rename_there,
      ERROR("InvalidParameterException",
            "Attributes did not conform to the schema: name: String must be shorter"),
      CC_UNAUTHORIZED },
    { rename_there, ERROR("InternalErrorException", "x"), CC_UNAVAILABLE },
    { person_there, ERROR("NotAuthorizedException", "Access Token has expired"), CC_UNAUTHORIZED },
    { find_there, ERROR("UserNotFoundException", "User does not exist."), CC_NOT_FOUND },
    { delete_there, ERROR("UserNotFoundException", "User does not exist."), CC_NOT_FOUND },
    { delete_there, ERROR("AccessDeniedException", "not authorized to perform"), CC_UNAVAILABLE },
};

static bool has(struct cc_str text, struct cc_str part)
{
    return memmem(text.at, text.len, part.at, part.len) != NULL;
}

static void expect_no_secret(const struct cc_err *err)
{
    const struct cc_str secrets[] = { SECRET_PASSWORD, SECRET_CODE, SECRET_TOKEN };

    for (size_t i = 0; i < CC_COUNT(secrets); i++) {
        ck_assert(!has(cc_str_from(err->cause), secrets[i]));
        ck_assert(!has(cc_str_from(err->detail), secrets[i]));
    }
}

START_TEST(each_exception_is_what_the_table_says)
{
    const struct line line = { "400 Bad Request", exceptions[_i].answer };
    struct telephone s;
    enum cc_code rc;

    open_line(&s, &line, 1);
    rc = exceptions[_i].call(&s, anew(&s.scene.house));
    ck_assert_msg(rc == exceptions[_i].code, "%s gave %d: %s", exceptions[_i].answer, rc,
                  s.scene.house.err.cause);
    expect_no_secret(&s.scene.house.err);
    close_line(&s);
}
END_TEST

/* Cognito repeats what it was given where it does not take it. */
START_TEST(no_code_that_cognito_repeats_stands_in_a_cause)
{
    const struct line line = { "400 Bad Request",
                               ERROR("InvalidParameterException",
                                     "1 validation error detected: Value '424242' at "
                                     "'confirmationCode' failed to satisfy constraint") };
    struct telephone s;

    open_line(&s, &line, 1);
    ck_assert_int_eq(confirm_there(&s, anew(&s.scene.house)), CC_WRONG_CODE);
    expect_no_secret(&s.scene.house.err);
    close_line(&s);
}
END_TEST

/* --- attributes ------------------------------------------------------------------------------- */

#define SCHEMA(rules_)                                                                             \
    ERROR("InvalidParameterException", "Attributes did not conform to the schema: " rules_)
#define IS_REQUIRED ": The attribute is required"
#define IS_LONG ": String must be no longer than 5 characters"

/* What the person can mend is his; what an operator must mend is nobody's who asks. */
static const struct {
    call_fn *call;
    const char *answer;
    enum cc_code code;
    const char *pointers[3];
} complaints[] = {
    { sign_up_there,
      ERROR("InvalidParameterException", "Invalid phone number format."),
      CC_INVALID,
      { "/phone_number" } },
    { sign_up_by_mail_there,
      ERROR("InvalidParameterException", "Invalid email address format."),
      CC_INVALID,
      { "/email" } },
    { sign_up_there, SCHEMA("name.formatted" IS_LONG), CC_INVALID, { "/name" } },
    { sign_up_there,
      SCHEMA("name" IS_LONG "\\nphone_number" IS_LONG "\\n"),
      CC_INVALID,
      { "/name", "/phone_number" } },
    { sign_up_there, SCHEMA("email" IS_REQUIRED), CC_UNAVAILABLE, { NULL } },
    { sign_up_there, SCHEMA("custom:phone_number" IS_REQUIRED), CC_UNAVAILABLE, { NULL } },
    { sign_up_by_mail_there, SCHEMA("phone_number" IS_REQUIRED), CC_UNAVAILABLE, { NULL } },
    { sign_up_there, SCHEMA(""), CC_UNAVAILABLE, { NULL } },
    { sign_up_there,
      SCHEMA("Type for attribute {name} could not be determined"),
      CC_UNAVAILABLE,
      { NULL } },
    { sign_up_there,
      ERROR("InvalidParameterException", "Invalid email address format."),
      CC_UNAVAILABLE,
      { NULL } },
    { sign_up_there,
      ERROR("InvalidParameterException", "Username should be an email."),
      CC_UNAVAILABLE,
      { NULL } },
    { forgot_there,
      ERROR("InvalidParameterException", "Invalid phone number format."),
      CC_NOT_FOUND,
      { NULL } },

    /* A number that is taken is not given: that it is missing is nobody's fault. */
    { sign_up_taken_there, SCHEMA("phone_number" IS_REQUIRED), CC_NOT_FOUND, { NULL } },
    { sign_up_taken_there,
      SCHEMA("phone_number" IS_REQUIRED "\\nemail" IS_REQUIRED),
      CC_UNAVAILABLE,
      { NULL } },
    { sign_up_taken_there,
      SCHEMA("email" IS_REQUIRED "\\nphone_number" IS_REQUIRED),
      CC_UNAVAILABLE,
      { NULL } },
    { sign_up_taken_there,
      SCHEMA("phone_number" IS_REQUIRED "\\nname" IS_LONG),
      CC_INVALID,
      { "/name" } },
    { sign_up_taken_there, SCHEMA("name" IS_LONG), CC_INVALID, { "/name" } },
};

START_TEST(what_the_pool_does_not_take_of_a_person_is_told_by_its_field)
{
    const struct line line = { "400 Bad Request", complaints[_i].answer };
    const struct cc_err *err;
    struct telephone s;
    size_t count = 0;

    open_line(&s, &line, 1);
    err = anew(&s.scene.house);
    ck_assert_msg(complaints[_i].call(&s, anew(&s.scene.house)) == complaints[_i].code,
                  "%s gave %d: %s", complaints[_i].answer, err->code, err->cause);
    while (count < CC_COUNT(complaints[_i].pointers) && complaints[_i].pointers[count])
        count++;
    ck_assert_uint_eq(err->invalid_count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_str_eq(err->invalid[i].pointer, complaints[_i].pointers[i]);
    expect_no_secret(err);
    close_line(&s);
}
END_TEST

/* --- the service itself ----------------------------------------------------------------------- */

static call_fn *const all[] = { sign_up_there, confirm_there, resend_there,   forgot_there,
                                reset_there,   change_there,  sign_in_there,  answer_there,
                                refresh_there, rotate_there,  revoke_there,   person_there,
                                find_there,    delete_there,  sign_out_there, leave_there,
                                rename_there };

/* Whoever is told 401 throws his session away, or believes that his password is wrong. */
START_TEST(a_throttled_service_is_never_a_wrong_password_or_code)
{
    const struct line line = { "400 Bad Request",
                               ERROR("TooManyRequestsException", "Rate exceeded") };
    struct telephone s;

    open_line(&s, &line, 1);
    ck_assert_int_eq(all[_i](&s, anew(&s.scene.house)), CC_UNAVAILABLE);
    expect_no_secret(&s.scene.house.err);
    close_line(&s);
}
END_TEST

START_TEST(a_broken_service_is_never_a_wrong_password_or_code)
{
    const struct line lines[] = {
        { "500 Internal Server Error", ERROR("InternalErrorException", "x") },
        { NULL, NULL },
        { "500 Internal Server Error", "" },
    };
    struct telephone s;
    enum cc_code rc;

    open_line(&s, lines, CC_COUNT(lines));
    rc = all[_i](&s, anew(&s.scene.house));
    ck_assert_msg(rc == CC_UNAVAILABLE || rc == CC_OUTCOME_UNKNOWN, "%d", rc);
    expect_no_secret(&s.scene.house.err);
    close_line(&s);
}
END_TEST

/* The first try was carried out and its answer got lost: what the second is told comes of it. */
START_TEST(after_a_lost_answer_what_cannot_be_done_twice_is_not_known)
{
    static const struct {
        call_fn *call;
        const char *answer;
        enum cc_code code;
    } cases[] = {
        { sign_up_there, ERROR("UsernameExistsException", "x"), CC_EXISTS },
        { confirm_there, ERROR("NotAuthorizedException", "Current status is CONFIRMED"),
          CC_EXISTS },
        { reset_there, ERROR("ExpiredCodeException", "x"), CC_OUTCOME_UNKNOWN },
        { change_there, ERROR("NotAuthorizedException", "Incorrect username or password."),
          CC_OUTCOME_UNKNOWN },
        { answer_there, ERROR("CodeMismatchException", "x"), CC_OUTCOME_UNKNOWN },
        { rotate_there, ERROR("RefreshTokenReuseException", "x"), CC_OUTCOME_UNKNOWN },
        { delete_there, ERROR("UserNotFoundException", "x"), CC_NOT_FOUND },
    };

    for (size_t i = 0; i < CC_COUNT(cases); i++) {
        const struct line lines[] = { { NULL, NULL }, { "400 Bad Request", cases[i].answer } };
        struct telephone s;

        open_line(&s, lines, CC_COUNT(lines));
        ck_assert_msg(cases[i].call(&s, anew(&s.scene.house)) == cases[i].code, "case %zu: %d", i,
                      s.scene.house.err.code);
        close_line(&s);
    }
}
END_TEST

START_TEST(an_answer_that_nobody_can_read_is_no_answer)
{
    static const char *const answers[] = { "",
                                           "[]",
                                           "{}",
                                           "{\"AuthenticationResult\":1}",
                                           "{\"AuthenticationResult\":{\"AccessToken\":1}}",
                                           "{\"AuthenticationResult\":{}}" };

    for (size_t i = 0; i < CC_COUNT(answers); i++) {
        const struct line line = { "200 OK", answers[i] };
        struct telephone s;

        open_line(&s, &line, 1);
        ck_assert_int_eq(sign_in_there(&s, anew(&s.scene.house)), CC_UNAVAILABLE);
        ck_assert_int_eq(refresh_there(&s, anew(&s.scene.house)), CC_UNAVAILABLE);
        close_line(&s);
    }
}
END_TEST

/* --- what is asked ---------------------------------------------------------------------------- */

/* base64(HMAC-SHA256("shared", USER "client")), by `openssl dgst`. */
#define HASH "o3eGtSUAA7vAfX4wbE7kJ96P9391nX83Oapw6bsUJ5U="

START_TEST(requests_are_as_the_documentation_has_them)
{
    static const struct {
        call_fn *call;
        const char *target;
        const char *body; /* in the order in which it is written */
        bool is_signed;
    } requests[] = {
        { sign_up_there, "SignUp",
          "{\"ClientId\":\"client\",\"Username\":\"0198c0de-0000-7000-8000-000000000001\","
          "\"SecretHash\":\"" HASH "\",\"Password\":\"a password that nobody may read\","
          "\"UserAttributes\":[{\"Name\":\"name\",\"Value\":\"Ada\"},"
          "{\"Name\":\"phone_number\",\"Value\":\"+4915112345678\"}]}",
          false },
        { sign_in_there, "InitiateAuth",
          "{\"ClientId\":\"client\",\"AuthFlow\":\"USER_PASSWORD_AUTH\",\"AuthParameters\":{"
          "\"SECRET_HASH\":\"" HASH "\",\"USERNAME\":\"0198c0de-0000-7000-8000-000000000001\","
          "\"PASSWORD\":\"a password that nobody may read\"}}",
          false },
        { refresh_there, "InitiateAuth",
          "{\"ClientId\":\"client\",\"AuthFlow\":\"REFRESH_TOKEN_AUTH\",\"AuthParameters\":{"
          "\"SECRET_HASH\":\"" HASH "\",\"REFRESH_TOKEN\":\"token.that.nobody.may.read\"}}",
          false },
        { rotate_there, "GetTokensFromRefreshToken",
          "{\"ClientId\":\"client\",\"RefreshToken\":\"token.that.nobody.may.read\","
          "\"ClientSecret\":\"shared\"}",
          false },
        { change_there, "ChangePassword",
          "{\"AccessToken\":\"token.that.nobody.may.read\",\"PreviousPassword\":"
          "\"a password that nobody may read\",\"ProposedPassword\":"
          "\"a password that nobody may read\"}",
          false },
        { delete_there, "AdminDeleteUser",
          "{\"UserPoolId\":\"eu-central-1_Ab12Cd34e\",\"Username\":"
          "\"0198c0de-0000-7000-8000-000000000001\"}",
          true },
    };
    const struct line line = { "200 OK", "{}" };

    for (size_t i = 0; i < CC_COUNT(requests); i++) {
        struct telephone s;
        enum cc_code rc;

        open_line(&s, &line, 1);
        rc = requests[i].call(&s, anew(&s.scene.house));
        ck_assert(rc == CC_OK || rc == CC_UNAVAILABLE);
        cc_check_str(s.target,
                     cc_str_format(s.scene.house.arena, "AWSCognitoIdentityProviderService.%s",
                                   requests[i].target));
        cc_check_str(s.body, cc_str_from(requests[i].body));
        ck_assert_int_eq(s.authorization.at != NULL, requests[i].is_signed);
        close_line(&s);
    }
}
END_TEST

START_TEST(a_client_without_a_secret_gives_no_hash)
{
    const struct line line = { "200 OK", "{}" };
    struct telephone s;

    open_line(&s, &line, 1);
    s.pool.client_secret = CC_STR_ABSENT;
    ck_assert_int_eq(confirm_there(&s, anew(&s.scene.house)), CC_OK);
    cc_check_str(s.body, CC_STR("{\"ClientId\":\"client\",\"Username\":"
                                "\"0198c0de-0000-7000-8000-000000000001\",\"ConfirmationCode\":"
                                "\"424242\"}"));
    close_line(&s);
}
END_TEST

START_TEST(a_number_that_is_taken_has_no_address_to_send_to)
{
    const struct line line = { "200 OK", "{}" };
    struct telephone s;

    open_line(&s, &line, 1);
    ck_assert_int_eq(sign_up_taken_there(&s, anew(&s.scene.house)), CC_OK);
    ck_assert(!has(s.body, CC_STR("phone_number")));
    ck_assert(has(s.body, CC_STR("\"Name\":\"name\"")));
    close_line(&s);
}
END_TEST

START_TEST(a_person_is_read_with_what_is_verified)
{
    const struct line line = {
        "200 OK", "{\"Username\":\"+4915112345678\",\"UserStatus\":\"CONFIRMED\",\"Enabled\":true,"
                  "\"UserAttributes\":[{\"Name\":\"sub\",\"Value\":\"s\"},"
                  "{\"Name\":\"phone_number\",\"Value\":\"+4915112345678\"},"
                  "{\"Name\":\"phone_number_verified\",\"Value\":\"true\"},"
                  "{\"Name\":\"email_verified\",\"Value\":\"false\"}],\"Surprise\":[]}"
    };
    struct cc_pool_person person;
    struct telephone s;

    open_line(&s, &line, 1);
    ck_assert_int_eq(
        cc_pool_find(&s.pool, s.scene.house.arena, USER, &person, anew(&s.scene.house)), CC_OK);
    cc_check_str(person.username, ADA);
    cc_check_str(person.sub, CC_STR("s"));
    cc_check_str(person.phone_number, ADA);
    cc_check_str(person.status, CC_STR("CONFIRMED"));
    ck_assert(person.phone_is_verified && !person.email_is_verified && person.is_enabled);
    ck_assert_ptr_null(person.email.at);
    close_line(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("identity/pool");
    TCase *tcase = tcase_create("identity/pool");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, each_exception_is_what_the_table_says, 0, CC_COUNT(exceptions));
    tcase_add_test(tcase, no_code_that_cognito_repeats_stands_in_a_cause);
    tcase_add_loop_test(tcase, what_the_pool_does_not_take_of_a_person_is_told_by_its_field, 0,
                        CC_COUNT(complaints));
    tcase_add_loop_test(tcase, a_throttled_service_is_never_a_wrong_password_or_code, 0,
                        CC_COUNT(all));
    tcase_add_loop_test(tcase, a_broken_service_is_never_a_wrong_password_or_code, 0,
                        CC_COUNT(all));
    tcase_add_test(tcase, after_a_lost_answer_what_cannot_be_done_twice_is_not_known);
    tcase_add_test(tcase, an_answer_that_nobody_can_read_is_no_answer);
    tcase_add_test(tcase, requests_are_as_the_documentation_has_them);
    tcase_add_test(tcase, a_client_without_a_secret_gives_no_hash);
    tcase_add_test(tcase, a_number_that_is_taken_has_no_address_to_send_to);
    tcase_add_test(tcase, a_person_is_read_with_what_is_verified);
    suite_add_tcase(suite, tcase);
    return cc_check_run_suite(suite);
}
