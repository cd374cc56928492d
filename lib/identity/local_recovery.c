#include "local.h"

#include "../base/id.h"

enum cc_code cc_local_forgot(struct cc_identity *self, struct cc_arena *arena,
                             const struct cc_forgot *in, struct cc_pending *out, struct cc_err *err)
{
    struct cc_people *people = cc_people_of(self);
    struct cc_recovering run;
    enum cc_code rc = cc_people_forgot(people, arena, in, &run, err);

    if (rc == CC_OK)
        *out = cc_people_pending(people, &run.proof);
    return rc;
}

/* --- reset ------------------------------------------------------------------------------------ */

struct reset {
    struct cc_local *local;
    const struct cc_reset *in;
    struct cc_proof proof;
    struct cc_attempt attempt; /* the place from which the owner proved himself */
    struct cc_str hash;        /* of the new password */
    bool fits;                 /* the code, by the nonce, which never changes */
    bool is_refused;           /* the verdict */
};

static enum cc_code read_recovery(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct reset *run = arg;

    return cc_proof_get(txn, CC_PROOF_RECOVERY, run->in->id, &run->proof, err);
}

static enum cc_code judge_reset(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct reset *run = arg;
    struct cc_proof *proof = &run->proof;
    enum cc_code rc = cc_proof_get(txn, CC_PROOF_RECOVERY, run->in->id, proof, err);

    run->is_refused = true;
    if (rc == CC_NOT_FOUND || (rc == CC_OK && proof->tries >= run->local->people.config.code_tries))
        return CC_OK;
    if (rc != CC_OK)
        return rc;
    if (!run->fits) {
        proof->tries++;
        return cc_proof_put(txn, CC_PROOF_RECOVERY, proof, err);
    }
    run->is_refused = false;
    return cc_people_reset_txn(txn, proof, run->hash, &run->attempt, err);
}

/* With a right code only: a wrong one is answered before anything is hashed, whoever's number it
 * is. */
static enum cc_code prepare(struct cc_arena *arena, struct reset *run, struct cc_err *err)
{
    struct cc_local *local = run->local;
    const struct cc_proof *proof = &run->proof;
    struct cc_identifier login = cc_proof_login(proof);
    struct cc_str password = cc_password_normal(arena, run->in->password);
    enum cc_code rc = cc_password_check(&local->people.rules, password, proof->value, err);

    if (rc != CC_OK)
        return rc;
    run->attempt = cc_people_attempt(&local->people, arena, &login, run->in->address);
    return cc_password_hash(&local->hasher, arena, password, &run->hash, err);
}

enum cc_code cc_local_reset(struct cc_identity *self, struct cc_arena *arena,
                            const struct cc_reset *in, struct cc_err *err)
{
    struct cc_local *local = cc_local_of(self);
    struct reset run = { .local = local, .in = in };
    enum cc_code rc = cc_password_check(
        &local->people.rules, cc_password_normal(arena, in->password), CC_STR_ABSENT, err);

    if (rc != CC_OK)
        return rc;
    if (!cc_id_is_wellformed(in->id))
        return cc_people_fail_code(err);
    rc = cc_people_view(&local->people, arena, read_recovery, &run, err);
    if (rc == CC_NOT_FOUND)
        return cc_people_fail_code(err);
    if (rc != CC_OK)
        return rc;
    run.fits = cc_local_code_fits(local, &run.proof, in->code) && run.proof.user.at &&
               run.proof.tries < local->people.config.code_tries;
    if (run.fits)
        rc = prepare(arena, &run, err);
    if (rc == CC_OK)
        rc = cc_people_run(&local->people, arena, judge_reset, &run, err);
    if (rc == CC_NOT_FOUND || (rc == CC_OK && run.is_refused))
        return cc_people_fail_code(err);
    return rc;
}

/* --- change of password ----------------------------------------------------------------------- */

static enum cc_code check_passwords(struct cc_local *local, struct cc_arena *arena,
                                    const struct cc_change_password *in, struct cc_changing *run,
                                    bool *matches, struct cc_err *err)
{
    struct cc_str password = cc_password_normal(arena, in->password);
    struct cc_str old = cc_password_normal(arena, in->old_password);
    enum cc_code rc = cc_password_check(&local->people.rules, password, run->login, err);

    if (rc == CC_OK)
        rc = cc_password_verify(&local->hasher, arena, old, run->credential.hash, matches, err);
    if (rc == CC_OK && *matches)
        rc = cc_password_hash(&local->hasher, arena, password, &run->new_hash, err);
    return rc;
}

enum cc_code cc_local_change_password(struct cc_identity *self, struct cc_arena *arena,
                                      const struct cc_change_password *in, struct cc_err *err)
{
    struct cc_local *local = cc_local_of(self);
    struct cc_changing run;
    bool matches = false;
    enum cc_code rc = cc_people_change_look(&local->people, arena, &in->who, &run, err);

    if (rc == CC_OK)
        rc = check_passwords(local, arena, in, &run, &matches, err);
    if (rc != CC_OK)
        return rc;
    return matches ? cc_people_change_put(arena, &run, err)
                   : cc_people_change_wrong(arena, &run, err);
}
