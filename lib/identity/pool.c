#include "pool.h"

#include "pool_call.h"

#include <json-c/json.h>
#include <string.h>

/* --- sign-up ---------------------------------------------------------------------------------- */

static const struct cc_field sign_up_fields[] = {
    { .name = "UserConfirmed", .type = CC_FIELD_BOOL, .offset = 0 },
    { .name = NULL },
};

enum cc_code cc_pool_sign_up(struct cc_pool *pool, struct cc_arena *arena,
                             const struct cc_pool_user *user, struct cc_err *err)
{
    struct pool_call call;
    bool is_confirmed = false;
    enum cc_code rc;

    pool_begin(&call, pool, arena, POOL_SIGN_UP);
    pool_put_username(&call, user->username);
    pool_put(&call, "Password", user->password);
    cc_jw_key(&call.w, "UserAttributes");
    cc_jw_array(&call.w);
    pool_put_attribute(&call, "name", user->name);
    pool_put_attribute(&call, strcmp(user->login.kind, "phone") == 0 ? "phone_number" : "email",
                       user->login.value);
    cc_jw_array_end(&call.w);
    rc = pool_end(&call, err);
    if (rc == CC_OK)
        rc = pool_read(&call, sign_up_fields, &is_confirmed, err);
    if (rc == CC_OK && is_confirmed)
        return cc_fail(err, CC_UNAVAILABLE, NULL,
                       "SignUp: a trigger of the pool confirms people who have proved nothing");
    return rc;
}

enum cc_code cc_pool_confirm(struct cc_pool *pool, struct cc_arena *arena, struct cc_str username,
                             struct cc_str code, struct cc_err *err)
{
    struct pool_call call;

    pool_begin(&call, pool, arena, POOL_CONFIRM);
    pool_put_username(&call, username);
    pool_put(&call, "ConfirmationCode", code);
    return pool_end(&call, err);
}

static enum cc_code call_for(struct cc_pool *pool, struct cc_arena *arena, enum pool_operation op,
                             struct cc_str username, struct cc_err *err)
{
    struct pool_call call;

    pool_begin(&call, pool, arena, op);
    pool_put_username(&call, username);
    return pool_end(&call, err);
}

enum cc_code cc_pool_resend(struct cc_pool *pool, struct cc_arena *arena, struct cc_str username,
                            struct cc_err *err)
{
    return call_for(pool, arena, POOL_RESEND, username, err);
}

/* --- passwords -------------------------------------------------------------------------------- */

static const struct cc_field delivery_fields[] = {
    { .name = "AttributeName", .type = CC_FIELD_STR, .offset = 0 },
    { .name = NULL },
};

static const struct cc_field forgot_fields[] = {
    { .name = "CodeDeliveryDetails", .type = CC_FIELD_OBJECT, .sub = delivery_fields },
    { .name = NULL },
};

enum cc_code cc_pool_forgot(struct cc_pool *pool, struct cc_arena *arena, struct cc_str username,
                            struct cc_str *attribute, struct cc_err *err)
{
    struct pool_call call;
    enum cc_code rc;

    *attribute = CC_STR_ABSENT;
    pool_begin(&call, pool, arena, POOL_FORGOT);
    pool_put_username(&call, username);
    rc = pool_end(&call, err);
    return rc == CC_OK ? pool_read(&call, forgot_fields, attribute, err) : rc;
}

enum cc_code cc_pool_reset(struct cc_pool *pool, struct cc_arena *arena, struct cc_str username,
                           struct cc_str code, struct cc_str password, struct cc_err *err)
{
    struct pool_call call;

    pool_begin(&call, pool, arena, POOL_RESET);
    pool_put_username(&call, username);
    pool_put(&call, "ConfirmationCode", code);
    pool_put(&call, "Password", password);
    return pool_end(&call, err);
}

enum cc_code cc_pool_change_password(struct cc_pool *pool, struct cc_arena *arena,
                                     struct cc_str access_token, struct cc_str old_password,
                                     struct cc_str password, struct cc_err *err)
{
    struct pool_call call;

    pool_begin(&call, pool, arena, POOL_CHANGE_PASSWORD);
    pool_put(&call, "AccessToken", access_token);
    pool_put(&call, "PreviousPassword", old_password);
    pool_put(&call, "ProposedPassword", password);
    return pool_end(&call, err);
}

/* --- tokens ----------------------------------------------------------------------------------- */

#define SECRET(name_, member)                                                                      \
    {                                                                                              \
        .name = (name_), .type = CC_FIELD_STR, .flags = CC_FIELD_SECRET,                           \
        .offset = offsetof(struct cc_pool_auth, member)                                            \
    }

static const struct cc_field token_fields[] = {
    SECRET("AccessToken", access_token),
    SECRET("RefreshToken", refresh_token),
    { .name = "ExpiresIn",
      .type = CC_FIELD_I64,
      .offset = offsetof(struct cc_pool_auth, expires_in_s) },
    { .name = NULL },
};

static const struct cc_field auth_fields[] = {
    { .name = "AuthenticationResult", .type = CC_FIELD_OBJECT, .sub = token_fields },
    { .name = "ChallengeName",
      .type = CC_FIELD_STR,
      .offset = offsetof(struct cc_pool_auth, challenge) },
    SECRET("Session", session),
    { .name = NULL },
};

static enum cc_code end_auth(struct pool_call *call, struct cc_pool_auth *out, struct cc_err *err)
{
    enum cc_code rc = pool_end(call, err);

    *out = (struct cc_pool_auth){ .expires_in_s = 0 };
    if (rc == CC_OK)
        rc = pool_read(call, auth_fields, out, err);
    if (rc != CC_OK)
        return rc;
    if (!out->access_token.at && !out->challenge.at)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "pool: neither tokens nor a challenge came");
    return CC_OK;
}

/* InitiateAuth has what it is about one level deeper. */
static void begin_auth(struct pool_call *call, const char *flow, struct cc_str username)
{
    cc_jw_put_str(&call->w, "AuthFlow", cc_str_from(flow));
    cc_jw_key(&call->w, "AuthParameters");
    cc_jw_object(&call->w);
    pool_put_secret_hash(call, "SECRET_HASH", username);
}

enum cc_code cc_pool_sign_in(struct cc_pool *pool, struct cc_arena *arena, struct cc_str username,
                             struct cc_str password, struct cc_pool_auth *out, struct cc_err *err)
{
    struct pool_call call;

    pool_begin(&call, pool, arena, POOL_SIGN_IN);
    begin_auth(&call, "USER_PASSWORD_AUTH", username);
    pool_put(&call, "USERNAME", username);
    pool_put(&call, "PASSWORD", password);
    cc_jw_object_end(&call.w);
    return end_auth(&call, out, err);
}

enum cc_code cc_pool_answer(struct cc_pool *pool, struct cc_arena *arena,
                            const struct cc_pool_answer *in, struct cc_pool_auth *out,
                            struct cc_err *err)
{
    struct pool_call call;

    pool_begin(&call, pool, arena, POOL_ANSWER);
    pool_put(&call, "ChallengeName", in->challenge);
    pool_put(&call, "Session", in->session);
    cc_jw_key(&call.w, "ChallengeResponses");
    cc_jw_object(&call.w);
    pool_put(&call, "USERNAME", in->username);
    pool_put(&call, in->parameter, in->code);
    pool_put_secret_hash(&call, "SECRET_HASH", in->username);
    cc_jw_object_end(&call.w);
    return end_auth(&call, out, err);
}

/* A client that rotates takes no REFRESH_TOKEN_AUTH, and wants its secret as it is. */
static enum cc_code rotate(struct cc_pool *pool, struct cc_arena *arena,
                           struct cc_str refresh_token, struct cc_pool_auth *out,
                           struct cc_err *err)
{
    struct pool_call call;

    pool_begin(&call, pool, arena, POOL_ROTATE);
    pool_put(&call, "RefreshToken", refresh_token);
    pool_put(&call, "ClientSecret", pool->client_secret);
    return end_auth(&call, out, err);
}

enum cc_code cc_pool_refresh(struct cc_pool *pool, struct cc_arena *arena, struct cc_str username,
                             struct cc_str refresh_token, struct cc_pool_auth *out,
                             struct cc_err *err)
{
    struct pool_call call;

    if (pool->rotates)
        return rotate(pool, arena, refresh_token, out, err);
    pool_begin(&call, pool, arena, POOL_REFRESH);
    begin_auth(&call, "REFRESH_TOKEN_AUTH", username);
    pool_put(&call, "REFRESH_TOKEN", refresh_token);
    cc_jw_object_end(&call.w);
    return end_auth(&call, out, err);
}

enum cc_code cc_pool_revoke(struct cc_pool *pool, struct cc_arena *arena,
                            struct cc_str refresh_token, struct cc_err *err)
{
    struct pool_call call;
    enum cc_code rc;

    pool_begin(&call, pool, arena, POOL_REVOKE);
    pool_put(&call, "Token", refresh_token);
    pool_put(&call, "ClientSecret", pool->client_secret);
    rc = pool_end(&call, err);
    return rc == CC_NOT_FOUND ? CC_OK : rc;
}

enum cc_code cc_pool_sign_out(struct cc_pool *pool, struct cc_arena *arena,
                              struct cc_str access_token, struct cc_err *err)
{
    struct pool_call call;

    pool_begin(&call, pool, arena, POOL_SIGN_OUT);
    pool_put(&call, "AccessToken", access_token);
    return pool_end(&call, err);
}

/* --- people ----------------------------------------------------------------------------------- */

struct person {
    struct cc_str username, status;
    bool enabled;
    struct json_object *attributes;
};

static const struct cc_field person_fields[] = {
    { .name = "Username", .type = CC_FIELD_STR, .offset = offsetof(struct person, username) },
    { .name = "UserStatus", .type = CC_FIELD_STR, .offset = offsetof(struct person, status) },
    { .name = "Enabled", .type = CC_FIELD_BOOL, .offset = offsetof(struct person, enabled) },
    { .name = "UserAttributes",
      .type = CC_FIELD_JSON,
      .offset = offsetof(struct person, attributes) },
    { .name = NULL },
};

static struct cc_str text_of(struct cc_arena *arena, struct json_object *object, const char *name)
{
    struct json_object *value = json_object_object_get(object, name);

    if (!json_object_is_type(value, json_type_string))
        return CC_STR_ABSENT;
    return cc_str_copy(arena, (struct cc_str){ json_object_get_string(value),
                                               (size_t)json_object_get_string_len(value) });
}

static struct cc_str attribute(struct cc_arena *arena, const struct person *it, const char *name)
{
    size_t count = json_object_is_type(it->attributes, json_type_array)
                       ? json_object_array_length(it->attributes)
                       : 0;

    for (size_t i = 0; i < count; i++) {
        struct json_object *pair = json_object_array_get_idx(it->attributes, i);

        if (json_object_is_type(pair, json_type_object) &&
            cc_str_eq(text_of(arena, pair, "Name"), cc_str_from(name)))
            return text_of(arena, pair, "Value");
    }
    return CC_STR_ABSENT;
}

static bool is_true(struct cc_str text)
{
    return cc_str_eq_nocase(text, CC_STR("true"));
}

static enum cc_code end_person(struct pool_call *call, struct cc_pool_person *out,
                               struct cc_err *err)
{
    struct cc_arena *arena = call->arena;
    struct person it = { .enabled = false };
    enum cc_code rc = pool_end(call, err);

    if (rc == CC_OK)
        rc = pool_read(call, person_fields, &it, err);
    if (rc != CC_OK)
        return rc;
    *out = (struct cc_pool_person){
        .username = it.username,
        .sub = attribute(arena, &it, "sub"),
        .name = attribute(arena, &it, "name"),
        .phone_number = attribute(arena, &it, "phone_number"),
        .email = attribute(arena, &it, "email"),
        .phone_is_verified = is_true(attribute(arena, &it, "phone_number_verified")),
        .email_is_verified = is_true(attribute(arena, &it, "email_verified")),
        .is_enabled = it.enabled,
        .status = it.status,
    };
    return CC_OK;
}

enum cc_code cc_pool_person(struct cc_pool *pool, struct cc_arena *arena,
                            struct cc_str access_token, struct cc_pool_person *out,
                            struct cc_err *err)
{
    struct pool_call call;

    pool_begin(&call, pool, arena, POOL_PERSON);
    pool_put(&call, "AccessToken", access_token);
    return end_person(&call, out, err);
}

/* Not by pool_put_attribute: the name is good here, so what the pool has against it is not told. */
enum cc_code cc_pool_rename(struct cc_pool *pool, struct cc_arena *arena,
                            struct cc_str access_token, struct cc_str name, struct cc_err *err)
{
    struct pool_call call;

    pool_begin(&call, pool, arena, POOL_RENAME);
    pool_put(&call, "AccessToken", access_token);
    cc_jw_key(&call.w, "UserAttributes");
    cc_jw_array(&call.w);
    cc_jw_object(&call.w);
    cc_jw_put_str(&call.w, "Name", CC_STR("name"));
    cc_jw_put_str(&call.w, "Value", name);
    cc_jw_object_end(&call.w);
    cc_jw_array_end(&call.w);
    return pool_end(&call, err);
}

enum cc_code cc_pool_find(struct cc_pool *pool, struct cc_arena *arena, struct cc_str username,
                          struct cc_pool_person *out, struct cc_err *err)
{
    struct pool_call call;

    pool_begin(&call, pool, arena, POOL_FIND);
    pool_put(&call, "Username", username);
    return end_person(&call, out, err);
}

enum cc_code cc_pool_act(struct cc_pool *pool, struct cc_arena *arena, enum cc_pool_action action,
                         struct cc_str username, struct cc_err *err)
{
    static const enum pool_operation of[] = {
        [CC_POOL_DELETE] = POOL_ACT_DELETE,
        [CC_POOL_DISABLE] = POOL_ACT_DISABLE,
        [CC_POOL_ENABLE] = POOL_ACT_ENABLE,
        [CC_POOL_SIGN_OUT] = POOL_ACT_SIGN_OUT,
    };
    struct pool_call call;

    pool_begin(&call, pool, arena, of[action]);
    pool_put(&call, "Username", username);
    return pool_end(&call, err);
}
