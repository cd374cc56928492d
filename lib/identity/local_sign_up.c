#include "local.h"

#include "../base/id.h"

/* --- sign-up ---------------------------------------------------------------------------------- */

static enum cc_code make_pending(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    return cc_people_sign_up_txn(txn, arg, err);
}

enum cc_code cc_local_sign_up(struct cc_identity *self, struct cc_arena *arena,
                              const struct cc_sign_up *in, struct cc_pending *out,
                              struct cc_err *err)
{
    struct cc_local *local = cc_local_of(self);
    struct cc_signing_up run;
    enum cc_code rc = cc_people_sign_up_check(&local->people, arena, in, &run, err);

    if (rc == CC_OK)
        rc = cc_people_sign_up_take(arena, &run, err);
    if (rc == CC_OK)
        rc = cc_password_hash(&local->hasher, arena, run.password, &run.proof.hash, err);
    if (rc == CC_OK)
        rc = cc_people_run(&local->people, arena, make_pending, &run, err);
    if (rc == CC_OK)
        *out = cc_people_pending(&local->people, &run.proof);
    return rc;
}

/* --- confirmation ----------------------------------------------------------------------------- */

struct confirm {
    struct cc_local *local;
    struct cc_str id;
    struct cc_str user; /* the new account's */
    struct cc_proof proof;
    bool fits;                /* the code, by the nonce, which never changes */
    bool is_refused, is_late; /* the verdict */
};

static enum cc_code read_pending(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct confirm *run = arg;

    return cc_proof_get(txn, CC_PROOF_SIGN_UP, run->id, &run->proof, err);
}

static enum cc_code judge_code(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct confirm *run = arg;
    struct cc_proof *proof = &run->proof;
    enum cc_code rc = cc_proof_get(txn, CC_PROOF_SIGN_UP, run->id, proof, err);

    run->is_refused = true;
    run->is_late = false;
    if (rc == CC_NOT_FOUND || (rc == CC_OK && proof->tries >= run->local->people.config.code_tries))
        return CC_OK;
    if (rc != CC_OK)
        return rc;
    if (!run->fits || proof->taken) {
        proof->tries++;
        return cc_proof_put(txn, CC_PROOF_SIGN_UP, proof, err);
    }
    run->is_refused = false;
    return cc_people_account_txn(txn, proof, run->user, &run->is_late, err);
}

enum cc_code cc_local_confirm(struct cc_identity *self, struct cc_arena *arena,
                              const struct cc_confirm *in, struct cc_err *err)
{
    struct cc_local *local = cc_local_of(self);
    struct confirm run = { .local = local, .id = in->id };
    enum cc_code rc;

    if (!cc_id_is_wellformed(in->id))
        return cc_people_fail_code(err);
    rc = cc_people_view(&local->people, arena, read_pending, &run, err);
    if (rc == CC_NOT_FOUND)
        return cc_people_fail_code(err);
    if (rc != CC_OK)
        return rc;
    run.fits = cc_local_code_fits(local, &run.proof, in->code);
    run.user = cc_id_uuid7(arena, local->people.config.clock, local->people.config.random);
    rc = cc_people_run(&local->people, arena, judge_code, &run, err);
    if (rc == CC_OK && run.is_refused)
        return cc_people_fail_code(err);
    return rc == CC_OK && run.is_late ? cc_people_fail_late(err) : rc;
}

enum cc_code cc_local_resend(struct cc_identity *self, struct cc_arena *arena,
                             const struct cc_resend *in, int64_t *resend_after_s,
                             struct cc_err *err)
{
    struct cc_resending run;
    enum cc_code rc = cc_people_resend(cc_people_of(self), arena, in, &run, err);

    if (rc == CC_OK)
        *resend_after_s = run.resend_after_s;
    return rc;
}
