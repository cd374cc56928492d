/* What an operator does with an account: in our store, which alone decides who gets in, and at the
 * pool, so that it holds for those who ask it directly. */
#include "cognito.h"

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
