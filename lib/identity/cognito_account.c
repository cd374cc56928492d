/* What an operator does with an account: in our store, which alone decides who gets in, and at the
 * pool, so that it holds for those who ask it directly. And its name at the pool. */
#include "cognito.h"

/* What it does not take from this token it will not take later either. */
enum cc_code cc_cognito_rename(struct cc_identity *self, struct cc_arena *arena,
                               const struct cc_rename *in, struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    enum cc_code rc = cc_pool_rename(&cognito->pool, arena, in->access_token, in->name, err);

    if (rc != CC_UNAUTHORIZED && rc != CC_TOO_MANY)
        return rc;
    cc_log_warn(cognito->people.config.log, "the pool keeps the old name of somebody",
                CC_LOG_STR("user", in->who.user), CC_LOG_Z("cause", err->cause));
    cc_err_clear(err);
    return CC_OK;
}

struct look {
    struct cc_str user;
    struct cc_credential credential;
};

static enum cc_code find_credential(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct look *run = arg;

    return cc_credential_get(txn, run->user, &run->credential, err);
}

/* CC_OK also for a user whom the pool does not have (any more). */
static enum cc_code act(struct cc_cognito *cognito, struct cc_arena *arena,
                        enum cc_pool_action action, struct cc_str user, struct cc_err *err)
{
    struct look run = { .user = user };
    enum cc_code rc = cc_people_view(&cognito->people, arena, find_credential, &run, err);

    if (rc != CC_OK && rc != CC_NOT_FOUND)
        return rc;
    rc = cc_pool_act(&cognito->pool, arena, action, cc_credential_username(&run.credential, user),
                     err);
    return rc == CC_NOT_FOUND ? CC_OK : rc;
}

enum cc_code cc_cognito_disable(struct cc_identity *self, struct cc_arena *arena,
                                struct cc_str user, struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    enum cc_code rc = cc_account_disable(cognito->people.store, arena, user, err);

    if (rc == CC_OK)
        rc = act(cognito, arena, CC_POOL_DISABLE, user, err);
    return rc == CC_OK ? act(cognito, arena, CC_POOL_SIGN_OUT, user, err) : rc;
}

enum cc_code cc_cognito_enable(struct cc_identity *self, struct cc_arena *arena, struct cc_str user,
                               struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    enum cc_code rc = cc_account_enable(cognito->people.store, arena, user, err);

    return rc == CC_OK ? act(cognito, arena, CC_POOL_ENABLE, user, err) : rc;
}

enum cc_code cc_cognito_end_all(struct cc_identity *self, struct cc_arena *arena,
                                struct cc_str user, struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    enum cc_code rc = cc_account_end_sessions(cognito->people.store, arena, user, err);

    return rc == CC_OK ? act(cognito, arena, CC_POOL_SIGN_OUT, user, err) : rc;
}

enum cc_code cc_cognito_remove_begin(struct cc_identity *self, struct cc_arena *arena,
                                     struct cc_str user, struct cc_err *err)
{
    return cc_account_remove_begin(cc_people_of(self)->store, arena, user, err);
}

/* The pool first: what names its user goes with the account. */
enum cc_code cc_cognito_remove_end(struct cc_identity *self, struct cc_arena *arena,
                                   struct cc_str user, struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    enum cc_code rc = act(cognito, arena, CC_POOL_DELETE, user, err);

    return rc == CC_OK ? cc_account_remove_end(cognito->people.store, arena, user, err) : rc;
}
