#include "cognito.h"

#include "pool_keys.h"
#include "secret.h"

#include "../base/id.h"

#define REFRESH_BYTES_MAX 4096

/* --- tokens ----------------------------------------------------------------------------------- */

enum cc_code cc_cognito_verify(struct cc_cognito *cognito, struct cc_arena *arena,
                               struct cc_str access_token, struct cc_claims *out,
                               struct cc_err *err)
{
    const struct cc_access_token_rules rules = cc_people_token_rules(&cognito->people);
    struct cc_err why = { 0 };
    enum cc_code rc =
        cc_access_token_verify(arena, cognito->people.keys, &rules, access_token, out, &why);

    if (rc == CC_OK)
        return CC_OK;
    return cc_fail(err, CC_UNAVAILABLE, NULL, "the pool's own token: %.200s", why.cause);
}

struct refresh_token {
    struct cc_principal who;
    struct cc_str pools;
};

static struct cc_str mac_of(const struct cc_cognito *cognito, struct cc_arena *arena,
                            const struct refresh_token *token)
{
    return cc_people_mac(&cognito->people, arena, &token->who, token->pools);
}

/* The mac keeps from the pool what did not come from us: it limits how often it may be asked. */
struct cc_str cc_cognito_write_refresh(const struct cc_cognito *cognito, struct cc_arena *arena,
                                       const struct cc_principal *who, struct cc_str pools)
{
    const struct refresh_token token = { *who, pools };
    struct cc_str text = CC_JOIN(arena, who->user, CC_STR("."), who->session, CC_STR("."),
                                 mac_of(cognito, arena, &token), CC_STR("."), pools);

    cc_secret_wipe_later(arena, text);
    return text;
}

static bool read_refresh(const struct cc_cognito *cognito, struct cc_arena *arena,
                         struct cc_str text, struct refresh_token *out)
{
    struct cc_str rest = text;
    struct cc_str mac;

    if (text.len > REFRESH_BYTES_MAX)
        return false;
    out->who.user = cc_str_cut(&rest, '.');
    out->who.session = cc_str_cut(&rest, '.');
    mac = cc_str_cut(&rest, '.');
    out->pools = rest;
    return rest.len > 0 && cc_id_is_wellformed(out->who.user) &&
           cc_id_is_wellformed(out->who.session) &&
           cc_str_eq_secret(mac_of(cognito, arena, out), mac);
}

void cc_cognito_revoke(struct cc_cognito *cognito, struct cc_arena *arena, struct cc_str pools)
{
    struct cc_err err = { 0 };

    if (pools.at && cc_pool_revoke(&cognito->pool, arena, pools, &err) != CC_OK)
        cc_log_warn(cognito->people.config.log, "a refresh token was not revoked at the pool",
                    CC_LOG_Z("cause", err.cause));
}

/* --- refresh ---------------------------------------------------------------------------------- */

struct refresh {
    struct cc_cognito *cognito;
    struct refresh_token token;
    struct cc_credential credential;
    struct cc_pool_auth auth;
    bool is_refused; /* the verdict: the session is over */
};

/* Who is not there (any more) is CC_NOT_FOUND, whichever of both is missing. */
static enum cc_code find_session(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct refresh *run = arg;
    struct cc_session_item ignored;
    enum cc_code rc = cc_session_get(txn, &run->token.who, &ignored, err);

    return rc == CC_OK ? cc_credential_get(txn, run->token.who.user, &run->credential, err) : rc;
}

/* It may have ended while the pool was asked. */
static enum cc_code keep_session(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct refresh *run = arg;
    struct cc_session_item session;
    enum cc_code rc = cc_session_get(txn, &run->token.who, &session, err);

    run->is_refused = rc == CC_NOT_FOUND;
    if (rc != CC_OK)
        return run->is_refused ? CC_OK : rc;
    session.seen_ms = cc_txn_now_ms(txn);
    session.expires_ms = session.seen_ms + run->cognito->people.config.session_idle_s * 1000;
    return cc_session_put(txn, run->token.who.user, &session, err);
}

static enum cc_code ask_pool(struct refresh *run, struct cc_arena *arena, struct cc_err *err)
{
    struct cc_cognito *cognito = run->cognito;
    struct cc_str username = cc_credential_username(&run->credential, run->token.who.user);
    struct cc_claims claims;
    enum cc_code rc =
        cc_pool_refresh(&cognito->pool, arena, username, run->token.pools, &run->auth, err);

    if (rc == CC_OK && !run->auth.access_token.at)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "pool: a refresh led to a challenge");
    if (rc == CC_OK)
        rc = cc_cognito_verify(cognito, arena, run->auth.access_token, &claims, err);
    if (rc == CC_OK && (!cc_str_eq(claims.session, run->token.who.session) ||
                        !cc_str_eq(claims.user, run->token.who.user)))
        return cc_fail(err, CC_UNAVAILABLE, NULL, "pool: the token is of another session");
    return rc;
}

/* Where the pool has made a new refresh token, whoever is not given it loses the session: that the
 * row could not be written is the lesser evil. Its end is noticed with the access token. */
static enum cc_code keep(struct refresh *run, struct cc_arena *arena, struct cc_err *err)
{
    struct cc_people *people = &run->cognito->people;

    if (!run->auth.refresh_token.at)
        return cc_people_run(people, arena, keep_session, run, err);
    cc_people_run_aside(people, arena, keep_session, run, "a session was not noted as refreshed");
    return CC_OK;
}

/* The pool has ended it: so it ends here. */
static enum cc_code fail_ended(struct refresh *run, struct cc_arena *arena, struct cc_err *err)
{
    enum cc_code rc;

    cc_err_clear(err);
    rc = cc_people_session_delete(&run->cognito->people, arena, &run->token.who, err);
    return rc == CC_OK ? cc_people_fail_refresh(err, "the pool has ended it") : rc;
}

static enum cc_code fail_over(struct refresh *run, struct cc_arena *arena, struct cc_str pools,
                              struct cc_err *err)
{
    cc_cognito_revoke(run->cognito, arena, pools);
    return cc_people_fail_refresh(err, "its session is over");
}

enum cc_code cc_cognito_refresh(struct cc_identity *self, struct cc_arena *arena,
                                struct cc_str refresh_token, struct cc_tokens *out,
                                struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    struct refresh run = { .cognito = cognito };
    struct cc_str next;
    enum cc_code rc;

    if (!read_refresh(cognito, arena, refresh_token, &run.token))
        return cc_people_fail_refresh(err, "not one of ours");
    rc = cc_people_view(&cognito->people, arena, find_session, &run, err);
    if (rc == CC_NOT_FOUND)
        return fail_over(&run, arena, run.token.pools, err);
    if (rc == CC_OK)
        rc = ask_pool(&run, arena, err);
    if (rc == CC_UNAUTHORIZED)
        return fail_ended(&run, arena, err);
    if (rc == CC_OK)
        rc = keep(&run, arena, err);
    if (rc != CC_OK)
        return rc;
    next = run.auth.refresh_token.at ? run.auth.refresh_token : run.token.pools;
    if (run.is_refused)
        return fail_over(&run, arena, next, err);
    *out = (struct cc_tokens){
        .access_token = run.auth.access_token,
        .refresh_token = cc_cognito_write_refresh(cognito, arena, &run.token.who, next),
        .session_id = run.token.who.session,
        .expires_in_s = run.auth.expires_in_s,
    };
    return CC_OK;
}

/* --- sign-out: the rows alone decide; that the pool knows as well is for those who ask it ------
 */

struct leaving {
    struct cc_str user;
    struct cc_str generation; /* the next one: the pool ended what sign-ins under way were given */
    bool is_signed_out;       /* at the pool, from all that it has given him */
};

static enum cc_code end_all(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct leaving *run = arg;
    const struct cc_principal nobody = { run->user, CC_STR_ABSENT };
    struct cc_credential credential;
    enum cc_code rc = cc_credential_get(txn, run->user, &credential, err);

    if (rc != CC_OK)
        return rc;
    credential.hash = run->generation;
    rc = cc_session_delete_others(txn, &nobody, &credential, err);
    if (rc != CC_OK || run->is_signed_out)
        return rc;
    return cc_cognito_queue(txn, CC_COGNITO_SIGN_OUT,
                            cc_credential_username(&credential, run->user), cc_txn_now_ms(txn),
                            err);
}

/* Where it could not be done by the token the job does it, with the operator's rights. */
static bool sign_out_at_pool(struct cc_cognito *cognito, struct cc_arena *arena,
                             const struct cc_sign_out *in)
{
    struct cc_err err = { 0 };

    if (cc_pool_sign_out(&cognito->pool, arena, in->access_token, &err) == CC_OK)
        return true;
    cc_log_warn(cognito->people.config.log, "somebody is signed out at the pool later",
                CC_LOG_STR("user", in->who.user), CC_LOG_Z("cause", err.cause));
    return false;
}

/* The pool first: after the commit it would end the session, too, that he opens next. */
static enum cc_code sign_out_everywhere(struct cc_cognito *cognito, struct cc_arena *arena,
                                        const struct cc_sign_out *in, struct cc_err *err)
{
    struct leaving run = { .user = in->who.user,
                           .generation = cc_cognito_generation(cognito, arena),
                           .is_signed_out = sign_out_at_pool(cognito, arena, in) };
    enum cc_code rc = cc_people_run(&cognito->people, arena, end_all, &run, err);

    if (rc == CC_NOT_FOUND)
        return CC_OK; /* removed a moment ago, and his sessions with him */
    return run.is_signed_out ? cc_cognito_half_done(rc, err) : rc;
}

enum cc_code cc_cognito_sign_out(struct cc_identity *self, struct cc_arena *arena,
                                 const struct cc_sign_out *in, struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    struct refresh_token token;
    enum cc_code rc;

    if (in->everywhere)
        return sign_out_everywhere(cognito, arena, in, err);
    rc = cc_people_session_delete(&cognito->people, arena, &in->who, err);
    if (rc == CC_OK && in->refresh_token.at &&
        read_refresh(cognito, arena, in->refresh_token, &token) &&
        cc_str_eq(token.who.session, in->who.session))
        cc_cognito_revoke(cognito, arena, token.pools);
    return rc;
}

/* --- the rest --------------------------------------------------------------------------------- */

enum cc_code cc_cognito_jwks(struct cc_identity *self, struct cc_arena *arena, struct cc_jwks *out,
                             struct cc_err *err)
{
    return cc_pool_keys_jwks(cc_people_of(self)->keys, arena, out, err);
}
