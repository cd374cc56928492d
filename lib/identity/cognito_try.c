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
    return cc_proof_put(txn, run->kind, proof, err);
}

enum cc_code cc_cognito_take_try(struct cc_cognito *cognito, struct cc_arena *arena,
                                 struct cc_trying *trying, struct cc_err *err)
{
    trying->tries_max = cognito->people.config.code_tries;
    return cc_people_run(&cognito->people, arena, take, trying, err);
}

static enum cc_code give_back(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_trying *run = arg;
    struct cc_proof proof;
    enum cc_code rc = cc_proof_get(txn, run->kind, run->id, &proof, err);

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
