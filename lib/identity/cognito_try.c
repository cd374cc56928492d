/* Tries of a code that the pool judges are counted here, too. */
#include "cognito.h"

static enum cc_code take(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_trying *run = arg;
    struct cc_proof *proof = &run->proof;
    enum cc_code rc = cc_proof_get(txn, run->kind, run->id, proof, err);

    run->is_refused = rc == CC_NOT_FOUND;
    if (rc != CC_OK)
        return run->is_refused ? CC_OK : rc;
    run->is_refused =
        proof->tries >= run->tries_max || (run->kind == CC_PROOF_SIGN_UP && !proof->user.at);
    if (run->is_refused)
        return CC_OK;
    proof->tries++;
    rc = cc_proof_put(txn, run->kind, proof, err);
    if (rc != CC_OK || run->kind != CC_PROOF_RECOVERY)
        return rc;
    run->intent.keep.user = proof->user;
    return cc_cognito_intend(txn, &run->intent, err);
}

enum cc_code cc_cognito_take_try(struct cc_cognito *cognito, struct cc_arena *arena,
                                 struct cc_trying *trying, struct cc_err *err)
{
    enum cc_code rc;

    trying->tries_max = cognito->people.config.code_tries;
    rc = cc_people_run(&cognito->people, arena, take, trying, err);
    if (rc == CC_OUTCOME_UNKNOWN && trying->kind == CC_PROOF_RECOVERY)
        cc_cognito_forget_intent(cognito, arena, &trying->intent); /* the pool is not asked */
    return rc;
}

static enum cc_code give_back(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_trying *run = arg;
    struct cc_proof proof = { .tries = 0 };
    enum cc_code rc = CC_OK;

    if (run->kind == CC_PROOF_RECOVERY)
        rc = cc_cognito_drop_intent(txn, &run->intent, err);
    if (rc == CC_OK)
        rc = cc_proof_get(txn, run->kind, run->id, &proof, err);
    if (rc != CC_OK || proof.tries == 0)
        return rc == CC_NOT_FOUND ? CC_OK : rc;
    proof.tries--;
    return cc_proof_put(txn, run->kind, &proof, err);
}

void cc_cognito_give_back_try(struct cc_cognito *cognito, struct cc_arena *arena,
                              struct cc_trying *trying)
{
    cc_people_run_aside(&cognito->people, arena, give_back, trying, "a try was not given back");
}
