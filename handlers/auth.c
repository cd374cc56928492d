/* auth - accounts: signing up, in and out, recovery, and the devices that are signed in. */
#include "app/app.h"
#include "view/view.h"

#define LOGIN_CHARACTERS_MAX 320
#define PASSWORD_CHARACTERS_MAX 1024
#define DEVICE_CHARACTERS_MAX 64
#define ID_CHARACTERS_MAX 64
#define REFRESH_CHARACTERS_MAX 4096
#define METHOD_CHARACTERS_MAX 32
#define CHALLENGE_CHARACTERS_MAX 2048

#define COOKIE "cc_refresh"

static struct cc_principal caller(const struct cc_ctx *cx)
{
    return (struct cc_principal){ cx->user, cx->session };
}

#define LOGIN_FIELDS(type_)                                                                        \
    { .name = "phone_number",                                                                      \
      .type = CC_FIELD_STR,                                                                        \
      .offset = offsetof(type_, login.phone_number),                                               \
      .max = LOGIN_CHARACTERS_MAX },                                                               \
    {                                                                                              \
        .name = "email", .type = CC_FIELD_STR, .offset = offsetof(type_, login.email),             \
        .max = LOGIN_CHARACTERS_MAX                                                                \
    }

/* What a password may be is decided in identity/, which knows the configuration. */
#define PASSWORD_FIELD(name_, type_, member)                                                       \
    {                                                                                              \
        .name = (name_), .type = CC_FIELD_STR, .flags = CC_FIELD_REQUIRED | CC_FIELD_SECRET,       \
        .offset = offsetof(type_, member), .min = 1, .max = PASSWORD_CHARACTERS_MAX                \
    }

#define ID_FIELD(type_)                                                                            \
    {                                                                                              \
        .name = "id", .type = CC_FIELD_STR, .flags = CC_FIELD_REQUIRED,                            \
        .offset = offsetof(type_, id), .min = 1, .max = ID_CHARACTERS_MAX                          \
    }

#define CODE_FIELD(type_)                                                                          \
    {                                                                                              \
        .name = "code", .type = CC_FIELD_STR, .flags = CC_FIELD_REQUIRED | CC_FIELD_SECRET,        \
        .offset = offsetof(type_, code), .min = 6, .max = 6                                        \
    }

/* --- sign-up ---------------------------------------------------------------------------------- */

static const struct cc_field sign_up_fields[] = {
    { .name = "name",
      .type = CC_FIELD_NAME,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct cc_sign_up, name),
      .min = 1,
      .max = CC_PROFILE_NAME_CHARACTERS_MAX },
    LOGIN_FIELDS(struct cc_sign_up),
    PASSWORD_FIELD("password", struct cc_sign_up, password),
    { .name = NULL },
};

static enum cc_code sign_up(struct cc_ctx *cx)
{
    struct cc_sign_up in = { 0 };
    struct cc_pending pending;
    struct cc_jw *w;
    enum cc_code rc = cc_decode(cx, sign_up_fields, &in);

    in.address = cx->req->remote_addr;
    if (rc == CC_OK)
        rc = cc_identity_sign_up(cx->app->identity, cx->arena, &in, &pending, &cx->err);
    if (rc != CC_OK)
        return rc;
    w = cc_reply_json(cx, 201);
    cc_jw_object(w);
    cc_jw_put_str(w, "id", pending.id);
    cc_jw_put_i64(w, "resend_after_s", pending.resend_after_s);
    cc_jw_put_i64(w, "expires_in_s", pending.expires_in_s);
    cc_jw_object_end(w);
    return cc_reply_end(cx);
}

static const struct cc_field confirm_fields[] = {
    ID_FIELD(struct cc_confirm),
    CODE_FIELD(struct cc_confirm),
    { .name = NULL },
};

static enum cc_code confirm(struct cc_ctx *cx)
{
    struct cc_confirm in = { 0 };
    enum cc_code rc = cc_decode(cx, confirm_fields, &in);

    if (rc == CC_OK)
        rc = cc_identity_confirm(cx->app->identity, cx->arena, &in, &cx->err);
    return rc == CC_OK ? cc_reply_empty(cx, 204) : rc;
}

static const struct cc_field resend_fields[] = {
    ID_FIELD(struct cc_resend),
    { .name = "channel",
      .type = CC_FIELD_STR,
      .offset = offsetof(struct cc_resend, channel),
      .min = 1,
      .max = 16 },
    { .name = NULL },
};

static enum cc_code resend(struct cc_ctx *cx)
{
    struct cc_resend in = { 0 };
    int64_t resend_after_s;
    struct cc_jw *w;
    enum cc_code rc = cc_decode(cx, resend_fields, &in);

    in.address = cx->req->remote_addr;
    if (rc == CC_OK)
        rc = cc_identity_resend(cx->app->identity, cx->arena, &in, &resend_after_s, &cx->err);
    if (rc != CC_OK)
        return rc;
    w = cc_reply_json(cx, 202);
    cc_jw_object(w);
    cc_jw_put_i64(w, "resend_after_s", resend_after_s);
    cc_jw_object_end(w);
    return cc_reply_end(cx);
}

/* --- the cookie of the browser client --------------------------------------------------------- */

/* "https://chat.example.org" of "https://chat.example.org/path" */
static struct cc_str origin_of(struct cc_str url)
{
    struct cc_str rest = url;

    (void)cc_str_cut(&rest, '/');
    (void)cc_str_cut(&rest, '/');
    return cc_str_take(url, url.len - rest.len + cc_str_find(rest, '/'));
}

/* A cookie comes along by itself, whoever's page makes the request: only our own may. */
static enum cc_code check_same_origin(struct cc_ctx *cx)
{
    struct cc_str origin = cx->req->header[CC_H_ORIGIN];
    struct cc_str site = cx->req->header[CC_H_SEC_FETCH_SITE];

    if (origin.at && !cc_str_eq_nocase(origin, origin_of(cx->app->config.public_url)))
        return cc_fail(&cx->err, CC_FORBIDDEN, NULL, "cookie: Origin is another");
    if (site.at && !cc_str_eq(site, CC_STR("same-origin")) && !cc_str_eq(site, CC_STR("none")))
        return cc_fail(&cx->err, CC_FORBIDDEN, NULL, "cookie: Sec-Fetch-Site is another");
    return CC_OK;
}

/* Without TLS on one's own machine a browser would not keep a Secure cookie. */
static bool is_local_http(struct cc_str public_url)
{
    struct cc_str host = origin_of(public_url);
    const struct cc_str local[] = { CC_STR("localhost"), CC_STR("127.0.0.1"), CC_STR("[::1]") };

    if (!cc_str_starts(host, CC_STR("http://")))
        return false;
    host = cc_str_skip(host, sizeof("http://") - 1);
    for (size_t i = 0; i < CC_COUNT(local); i++)
        if (cc_str_starts(host, local[i]) &&
            (host.len == local[i].len || host.at[local[i].len] == ':'))
            return true;
    return false;
}

static void set_cookie(struct cc_ctx *cx, struct cc_str value, int64_t max_age_s)
{
    const char *secure = is_local_http(cx->app->config.public_url) ? "" : "; Secure";

    cc_reply_header(cx, "Set-Cookie",
                    cc_str_format(cx->arena,
                                  COOKIE
                                  "=%.*s; Path=/auth; Max-Age=%lld; HttpOnly; SameSite=Strict%s",
                                  CC_STR_ARG(value), (long long)max_age_s, secure));
}

static enum cc_code reply_tokens(struct cc_ctx *cx, const struct cc_tokens *tokens, bool cookie)
{
    cc_view_tokens(cc_reply_json(cx, 200), tokens, !cookie);
    if (cookie)
        set_cookie(cx, tokens->refresh_token, cx->app->config.identity.session_idle_s);
    return cc_reply_end(cx);
}

/* --- sign-in ---------------------------------------------------------------------------------- */

static enum cc_code reply_signed_in(struct cc_ctx *cx, const struct cc_signed_in *it, bool cookie)
{
    if (!it->challenge.id.at)
        return reply_tokens(cx, &it->tokens, cookie);
    cc_view_challenge(cc_reply_json(cx, 200), &it->challenge);
    return cc_reply_end(cx);
}

struct sign_in_body {
    struct cc_login login;
    struct cc_str password;
    struct cc_str device_name;
    bool cookie;
};

static const struct cc_field sign_in_fields[] = {
    LOGIN_FIELDS(struct sign_in_body),
    PASSWORD_FIELD("password", struct sign_in_body, password),
    { .name = "device_name",
      .type = CC_FIELD_NAME,
      .offset = offsetof(struct sign_in_body, device_name),
      .min = 1,
      .max = DEVICE_CHARACTERS_MAX },
    { .name = "cookie", .type = CC_FIELD_BOOL, .offset = offsetof(struct sign_in_body, cookie) },
    { .name = NULL },
};

static enum cc_code sign_in(struct cc_ctx *cx)
{
    struct sign_in_body body = { 0 };
    struct cc_sign_in in;
    struct cc_signed_in out;
    enum cc_code rc = cc_decode(cx, sign_in_fields, &body);

    if (rc == CC_OK && body.cookie)
        rc = check_same_origin(cx);
    if (rc != CC_OK)
        return rc;
    in = (struct cc_sign_in){ body.login, body.password, body.device_name, cx->req->remote_addr };
    rc = cc_identity_sign_in(cx->app->identity, cx->arena, &in, &out, &cx->err);
    return rc == CC_OK ? reply_signed_in(cx, &out, body.cookie) : rc;
}

struct answer_body {
    struct cc_answer answer;
    bool cookie;
};

static const struct cc_field answer_fields[] = {
    { .name = "challenge_id",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_REQUIRED | CC_FIELD_SECRET,
      .offset = offsetof(struct answer_body, answer.id),
      .min = 1,
      .max = CHALLENGE_CHARACTERS_MAX },
    { .name = "method",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct answer_body, answer.method),
      .min = 1,
      .max = METHOD_CHARACTERS_MAX },
    { .name = "code",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_REQUIRED | CC_FIELD_SECRET,
      .offset = offsetof(struct answer_body, answer.code),
      .min = 1,
      .max = METHOD_CHARACTERS_MAX },
    { .name = "cookie", .type = CC_FIELD_BOOL, .offset = offsetof(struct answer_body, cookie) },
    { .name = NULL },
};

static enum cc_code answer(struct cc_ctx *cx)
{
    struct answer_body body = { .cookie = false };
    struct cc_signed_in out;
    enum cc_code rc = cc_decode(cx, answer_fields, &body);

    if (rc == CC_OK && body.cookie)
        rc = check_same_origin(cx);
    if (rc != CC_OK)
        return rc;
    body.answer.address = cx->req->remote_addr;
    rc = cc_identity_answer(cx->app->identity, cx->arena, &body.answer, &out, &cx->err);
    return rc == CC_OK ? reply_signed_in(cx, &out, body.cookie) : rc;
}

struct refresh_body {
    struct cc_str refresh_token;
};

static const struct cc_field refresh_fields[] = {
    { .name = "refresh_token",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_SECRET,
      .offset = offsetof(struct refresh_body, refresh_token),
      .min = 1,
      .max = REFRESH_CHARACTERS_MAX },
    { .name = NULL },
};

static enum cc_code refresh(struct cc_ctx *cx)
{
    struct refresh_body body = { 0 };
    struct cc_tokens tokens;
    bool cookie;
    enum cc_code rc = cc_decode(cx, refresh_fields, &body);

    cookie = !body.refresh_token.at;
    if (rc == CC_OK && cookie) {
        rc = check_same_origin(cx);
        body.refresh_token = cc_cookie_find(cx, CC_STR(COOKIE));
    }
    if (rc == CC_OK)
        rc = cc_identity_refresh(cx->app->identity, cx->arena, body.refresh_token, &tokens,
                                 &cx->err);
    return rc == CC_OK ? reply_tokens(cx, &tokens, cookie) : rc;
}

static const struct cc_field sign_out_fields[] = {
    { .name = "everywhere",
      .type = CC_FIELD_BOOL,
      .offset = offsetof(struct cc_sign_out, everywhere) },
    { .name = NULL },
};

static enum cc_code sign_out(struct cc_ctx *cx)
{
    struct cc_sign_out in = { .who = caller(cx),
                              .access_token = cx->token,
                              .refresh_token = cc_cookie_find(cx, CC_STR(COOKIE)) };
    enum cc_code rc = cc_decode_optional(cx, sign_out_fields, &in);

    if (rc == CC_OK)
        rc = cc_identity_sign_out(cx->app->identity, cx->arena, &in, &cx->err);
    if (rc != CC_OK)
        return rc;
    set_cookie(cx, CC_STR(""), 0);
    return cc_reply_empty(cx, 204);
}

/* --- recovery --------------------------------------------------------------------------------- */

static const struct cc_field forgot_fields[] = {
    LOGIN_FIELDS(struct cc_forgot),
    { .name = NULL },
};

static enum cc_code forgot(struct cc_ctx *cx)
{
    struct cc_forgot in = { 0 };
    struct cc_pending recovery;
    struct cc_jw *w;
    enum cc_code rc = cc_decode(cx, forgot_fields, &in);

    in.address = cx->req->remote_addr;
    if (rc == CC_OK)
        rc = cc_identity_forgot(cx->app->identity, cx->arena, &in, &recovery, &cx->err);
    if (rc != CC_OK)
        return rc;
    w = cc_reply_json(cx, 200);
    cc_jw_object(w);
    cc_jw_put_str(w, "id", recovery.id);
    cc_jw_put_i64(w, "resend_after_s", recovery.resend_after_s);
    cc_jw_object_end(w);
    return cc_reply_end(cx);
}

static const struct cc_field reset_fields[] = {
    ID_FIELD(struct cc_reset),
    CODE_FIELD(struct cc_reset),
    PASSWORD_FIELD("password", struct cc_reset, password),
    { .name = NULL },
};

static enum cc_code reset(struct cc_ctx *cx)
{
    struct cc_reset in = { 0 };
    enum cc_code rc = cc_decode(cx, reset_fields, &in);

    in.address = cx->req->remote_addr;
    if (rc == CC_OK)
        rc = cc_identity_reset(cx->app->identity, cx->arena, &in, &cx->err);
    return rc == CC_OK ? cc_reply_empty(cx, 204) : rc;
}

static const struct cc_field change_fields[] = {
    PASSWORD_FIELD("old_password", struct cc_change_password, old_password),
    PASSWORD_FIELD("password", struct cc_change_password, password),
    { .name = NULL },
};

static enum cc_code change_password(struct cc_ctx *cx)
{
    struct cc_change_password in = { 0 };
    enum cc_code rc = cc_decode(cx, change_fields, &in);

    in.who = caller(cx);
    in.access_token = cx->token;
    if (rc == CC_OK)
        rc = cc_identity_change_password(cx->app->identity, cx->arena, &in, &cx->err);
    return rc == CC_OK ? cc_reply_empty(cx, 204) : rc;
}

/* --- devices ---------------------------------------------------------------------------------- */

static enum cc_code sessions_list(struct cc_ctx *cx)
{
    struct cc_sessions sessions;
    enum cc_code rc =
        cc_identity_sessions(cx->app->identity, cx->arena, cx->user, &sessions, &cx->err);

    if (rc != CC_OK)
        return rc;
    cc_view_sessions(cc_reply_json(cx, 200), &sessions, cx->session);
    return cc_reply_end(cx);
}

static enum cc_code sessions_delete(struct cc_ctx *cx)
{
    const struct cc_principal who = caller(cx);
    enum cc_code rc = cc_identity_sessions_end_others(cx->app->identity, cx->arena, &who, &cx->err);

    return rc == CC_OK ? cc_reply_empty(cx, 204) : rc;
}

static enum cc_code session_delete(struct cc_ctx *cx)
{
    const struct cc_principal which = { cx->user, cx->param[0] };
    enum cc_code rc = cc_identity_session_end(cx->app->identity, cx->arena, &which, &cx->err);

    return rc == CC_OK ? cc_reply_empty(cx, 204) : rc;
}

/* --- keys ------------------------------------------------------------------------------------- */

static enum cc_code jwks_get(struct cc_ctx *cx)
{
    struct cc_jwks jwks;
    enum cc_code rc = cc_identity_jwks(cx->app->identity, cx->arena, &jwks, &cx->err);

    if (rc != CC_OK)
        return rc;
    cc_reply_header(cx, "Cache-Control", CC_STR("public, max-age=300"));
    if (cc_reply_etag(cx, jwks.tag))
        return cc_reply_not_modified(cx);
    return cc_reply_bytes(cx, 200, "application/json", jwks.json);
}

static const struct cc_route routes[] = {
    { CC_POST, "/auth/sign-up", sign_up, CC_PUBLIC },
    { CC_POST, "/auth/account-confirmation", confirm, CC_PUBLIC },
    { CC_POST, "/auth/account-confirmation/resend", resend, CC_PUBLIC },
    { CC_POST, "/auth/sign-in", sign_in, CC_PUBLIC },
    { CC_POST, "/auth/sign-in/challenge", answer, CC_PUBLIC },
    { CC_POST, "/auth/refresh-token", refresh, CC_PUBLIC },
    { CC_POST, "/auth/sign-out", sign_out },
    { CC_POST, "/auth/forgot-password", forgot, CC_PUBLIC },
    { CC_POST, "/auth/reset-password", reset, CC_PUBLIC },
    { CC_POST, "/auth/change-password", change_password },
    { CC_GET, "/auth/sessions", sessions_list },
    { CC_DELETE, "/auth/sessions", sessions_delete, CC_USER, CC_BODY_NONE },
    { CC_DELETE, "/auth/sessions/{id}", session_delete, CC_USER, CC_BODY_NONE },
    { CC_GET, "/.well-known/jwks.json", jwks_get, CC_PUBLIC },
    { CC_GET, NULL },
};

int main(int argc, char **argv)
{
    return cc_app_main("auth", routes, CC_APP_ALL, argc, argv);
}
