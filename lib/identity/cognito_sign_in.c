#include "cognito.h"

#include <string.h>

struct cc_str cc_cognito_username(const struct cc_cognito *cognito, struct cc_arena *arena,
                                  const struct cc_signing_in *run)
{
    bool is_phone = strcmp(run->login.kind, "phone") == 0;

    if (run->user.at)
        return cc_credential_username(&run->credential, run->user);
    return cognito->existing_people && is_phone ? run->login.value
                                                : cc_cognito_nobody(cognito, arena, &run->login);
}

static enum cc_code fail_wrong(struct cc_arena *arena, struct cc_signing_in *run,
                               struct cc_err *err)
{
    enum cc_code rc;

    cc_err_clear(err);
    rc = cc_people_sign_in_wrong(arena, run, err);
    return rc == CC_OK ? cc_people_fail_credentials(err) : rc;
}

/* That the pool locks a user out for a while is said as of a wrong password: nobody is locked out
 * who does not exist. */
static enum cc_code ask_pool(struct cc_cognito *cognito, struct cc_arena *arena,
                             struct cc_str password, struct cc_signing_in *run,
                             struct cc_pool_auth *out, struct cc_err *err)
{
    enum cc_code rc =
        cc_pool_sign_in(&cognito->pool, arena, cc_cognito_username(cognito, arena, run),
                        cc_password_normal(arena, password), out, err);

    if (rc == CC_OK && run->user.at && !cc_people_may_sign_in(run)) {
        cc_cognito_revoke(cognito, arena, out->refresh_token);
        rc = CC_WRONG_CREDENTIALS;
    }
    return rc == CC_WRONG_CREDENTIALS || rc == CC_TOO_MANY ? fail_wrong(arena, run, err) : rc;
}

enum cc_code cc_cognito_sign_in(struct cc_identity *self, struct cc_arena *arena,
                                const struct cc_sign_in *in, struct cc_signed_in *out,
                                struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    struct cc_signing_in run;
    struct cc_pool_auth auth;
    enum cc_code rc = cc_people_sign_in_check(&cognito->people, arena, in, &run, err);

    if (rc == CC_OK)
        rc = cc_people_sign_in_look(arena, &run, err);
    if (rc == CC_OK)
        rc = cc_cognito_challenge_look(arena, &run, err);
    if (rc == CC_OK)
        rc = ask_pool(cognito, arena, in->password, &run, &auth, err);
    if (rc != CC_OK)
        return rc;
    return auth.access_token.at ? cc_cognito_begin_session(cognito, arena, &run, &auth, out, err)
                                : cc_cognito_challenge(cognito, arena, &run, &auth, out, err);
}

/* --- what follows from tokens ----------------------------------------------------------------- */

/* Who makes users in the pool, and everybody may whose client needs no secret, can give one the
 * name of an account: where the pool never had that user, or has not got him any more. */
static bool is_himself(const struct cc_cognito *cognito, const struct cc_signing_in *run,
                       const struct cc_claims *claims)
{
    if (cc_str_eq(claims->sub, run->credential.sub))
        return true;
    cc_log_warn(cognito->people.config.log, "a user of the pool is not the one who signed up",
                CC_LOG_STR("user", run->user));
    return false;
}

static enum cc_code find_account(struct cc_cognito *cognito, struct cc_arena *arena,
                                 struct cc_signing_in *run, const struct cc_pool_auth *auth,
                                 struct cc_err *err)
{
    struct cc_claims claims;
    enum cc_code rc = cc_cognito_verify(cognito, arena, auth->access_token, &claims, err);

    if (rc == CC_OK && !run->user.at)
        rc = cc_cognito_take_over(cognito, arena, run, auth, &claims, err);
    if (rc != CC_OK)
        return rc;
    if (!cc_people_may_sign_in(run))
        return cc_people_fail_credentials(err);
    if (!cc_str_eq(claims.user, run->user))
        return cc_fail(err, CC_UNAVAILABLE, NULL, "pool: the token is of somebody else");
    if (!is_himself(cognito, run, &claims))
        return cc_people_fail_credentials(err);
    run->session.id = claims.session;
    run->new_hash = run->credential.hash;
    return CC_OK;
}

static void write_tokens(struct cc_cognito *cognito, struct cc_arena *arena,
                         const struct cc_signing_in *run, const struct cc_pool_auth *auth,
                         struct cc_signed_in *out)
{
    const struct cc_principal who = { run->user, run->session.id };

    *out = (struct cc_signed_in){
        .tokens = { .access_token = auth->access_token,
                    .refresh_token =
                        cc_cognito_write_refresh(cognito, arena, &who, auth->refresh_token),
                    .session_id = run->session.id,
                    .expires_in_s = auth->expires_in_s },
    };
}

enum cc_code cc_cognito_begin_session(struct cc_cognito *cognito, struct cc_arena *arena,
                                      struct cc_signing_in *run, const struct cc_pool_auth *auth,
                                      struct cc_signed_in *out, struct cc_err *err)
{
    enum cc_code rc = find_account(cognito, arena, run, auth, err);

    if (rc == CC_OK)
        rc = cc_people_sign_in_open(arena, run, err);
    if (rc == CC_OK && run->is_stale)
        rc = cc_people_fail_credentials(err);
    if (rc == CC_OK)
        write_tokens(cognito, arena, run, auth, out);
    else
        cc_cognito_revoke(cognito, arena, auth->refresh_token);
    return rc;
}
