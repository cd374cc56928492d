/* A sign-up is a pending account of ours and an unconfirmed user of the pool, whose name is the id
 * that the account will have. The pending account is first: with it the job is left that removes
 * the pool's user if nothing comes of it. */
#include "cognito.h"

#include "../base/id.h"

/* Later than any request that began before the pending account expired, whichever host's clock. */
#define REMOVE_AFTER_MS ((int64_t)60 * 1000)

/* --- sign-up ---------------------------------------------------------------------------------- */

static enum cc_code make_pending(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_signing_up *run = arg;
    enum cc_code rc = cc_people_sign_up_txn(txn, run, err);

    if (rc != CC_OK)
        return rc;
    return cc_cognito_queue(txn, CC_COGNITO_REMOVE, run->proof.user,
                            run->proof.expires_ms + REMOVE_AFTER_MS, err);
}

/* A username is made for one sign-up alone, so it was this one whose answer got lost. With it got
 * lost whether the pool waits for a code. */
static enum cc_code look_at_present(struct cc_cognito *cognito, struct cc_arena *arena,
                                    struct cc_str username, struct cc_err *err)
{
    struct cc_pool_person person;
    enum cc_code rc = cc_pool_find(&cognito->pool, arena, username, &person, err);

    if (rc == CC_OK && cc_str_eq(person.status, CC_STR("UNCONFIRMED")))
        return CC_OK;
    if (rc != CC_OK && rc != CC_NOT_FOUND)
        return rc;
    return cc_fail(err, CC_UNAVAILABLE, NULL, "SignUp: the pool waits for no code of this user");
}

/* For a taken number the pool does the same work, but has no address to send a code to. So that it
 * could not send one to another number, or not today, is not told: it would be said of free numbers
 * alone. That it does not take a number at all may be told: then nobody can ever have got it
 * confirmed. */
static enum cc_code make_user(struct cc_cognito *cognito, struct cc_arena *arena,
                              const struct cc_signing_up *run, struct cc_err *err)
{
    struct cc_pool_user user = {
        .username = run->proof.user,
        .name = run->proof.name,
        .password = run->password,
        .login = run->login,
    };
    enum cc_code rc;

    if (run->proof.taken)
        user.login.value = CC_STR_ABSENT;
    rc = cc_pool_sign_up(&cognito->pool, arena, &user, err);
    if (rc == CC_EXISTS)
        return look_at_present(cognito, arena, user.username, err);
    if (rc != CC_NOT_FOUND && rc != CC_TOO_MANY)
        return rc;
    cc_log_warn(cognito->people.config.log, "the pool sends no code to confirm",
                CC_LOG_STR("user", user.username), CC_LOG_Z("cause", err->cause));
    cc_err_clear(err);
    return CC_OK;
}

enum cc_code cc_cognito_sign_up(struct cc_identity *self, struct cc_arena *arena,
                                const struct cc_sign_up *in, struct cc_pending *out,
                                struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    struct cc_people *people = &cognito->people;
    struct cc_signing_up run;
    enum cc_code rc = cc_people_sign_up_check(people, arena, in, &run, err);

    if (rc == CC_OK)
        rc = cc_people_sign_up_take(arena, &run, err);
    if (rc != CC_OK)
        return rc;
    run.proof.user = cc_id_uuid7(arena, people->config.clock, people->config.random);
    run.proof.hash = cc_cognito_generation(cognito, arena);
    rc = cc_people_run(people, arena, make_pending, &run, err);
    if (rc == CC_OK)
        rc = make_user(cognito, arena, &run, err);
    if (rc == CC_OK)
        *out = cc_people_pending(people, &run.proof);
    return rc;
}

/* --- confirmation ----------------------------------------------------------------------------- */

struct confirm {
    struct cc_cognito *cognito;
    struct cc_str id;
    struct cc_proof proof;
    struct cc_str sub;        /* of the pool's user */
    bool is_refused, is_late; /* the verdict */
};

/* The pending account may have expired meanwhile; and a taken number is never confirmed, whatever
 * code the pool liked. */
static enum cc_code make_account(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct confirm *run = arg;
    struct cc_proof *proof = &run->proof;
    enum cc_code rc = cc_proof_get(txn, CC_PROOF_SIGN_UP, run->id, proof, err);

    run->is_late = false;
    run->is_refused = rc == CC_NOT_FOUND || (rc == CC_OK && proof->taken);
    if (rc != CC_OK || run->is_refused)
        return run->is_refused ? CC_OK : rc;
    proof->sub = run->sub;
    rc = cc_people_account_txn(txn, proof, proof->user, &run->is_late, err);
    if (rc != CC_OK || !run->is_late)
        return rc;
    return cc_cognito_queue(txn, CC_COGNITO_REMOVE, proof->user, cc_txn_now_ms(txn), err);
}

/* Who waits for no code: perhaps because a try before this one got through, but not to the end. */
static enum cc_code look_at_user(struct confirm *run, struct cc_arena *arena, bool has_proved,
                                 struct cc_err *err)
{
    struct cc_pool_person person;
    enum cc_code rc = cc_pool_find(&run->cognito->pool, arena, run->proof.user, &person, err);

    if (rc == CC_NOT_FOUND ||
        (rc == CC_OK && !has_proved && !cc_str_eq(person.status, CC_STR("CONFIRMED"))))
        return cc_people_fail_code(err);
    run->sub = person.sub;
    return rc;
}

/* That the pool has had enough of a user is told of nobody: numbers that are taken have none. */
static enum cc_code ask_pool(struct confirm *run, struct cc_arena *arena, struct cc_str code,
                             struct cc_err *err)
{
    struct cc_cognito *cognito = run->cognito;
    struct cc_str username = run->proof.user;
    enum cc_code rc = cc_pool_confirm(&cognito->pool, arena, username, code, err);

    if (rc == CC_OK || rc == CC_EXISTS)
        rc = look_at_user(run, arena, rc == CC_OK, err);
    if (rc == CC_TOO_MANY) {
        cc_err_clear(err);
        return cc_people_fail_code(err);
    }
    return rc;
}

enum cc_code cc_cognito_confirm(struct cc_identity *self, struct cc_arena *arena,
                                const struct cc_confirm *in, struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    struct cc_trying trying = { .kind = CC_PROOF_SIGN_UP, .id = in->id };
    struct confirm run = { .cognito = cognito, .id = in->id };
    enum cc_code rc;

    if (!cc_id_is_wellformed(in->id))
        return cc_people_fail_code(err);
    rc = cc_cognito_take_try(cognito, arena, &trying, err);
    if (rc == CC_OK && trying.is_refused)
        return cc_people_fail_code(err);
    run.proof = trying.proof;
    if (rc == CC_OK)
        rc = ask_pool(&run, arena, in->code, err);
    if (rc != CC_OK && rc != CC_WRONG_CODE)
        cc_cognito_give_back_try(cognito, arena, &trying);
    if (rc == CC_OK)
        rc = cc_people_run(&cognito->people, arena, make_account, &run, err);
    if (rc == CC_OK && run.is_refused)
        return cc_people_fail_code(err);
    return rc == CC_OK && run.is_late ? cc_people_fail_late(err) : rc;
}

/* --- resend ----------------------------------------------------------------------------------- */

/* What the pool says of this user is nobody's business; the operator is told. */
static enum cc_code resend(struct cc_cognito *cognito, struct cc_arena *arena,
                           const struct cc_proof *proof, struct cc_err *err)
{
    enum cc_code rc = cc_pool_resend(&cognito->pool, arena, proof->user, err);

    if (rc != CC_NOT_FOUND && rc != CC_TOO_MANY)
        return rc;
    if (!proof->taken)
        cc_log_warn(cognito->people.config.log, "the pool sends no code to confirm",
                    CC_LOG_STR("user", proof->user), CC_LOG_Z("cause", err->cause));
    cc_err_clear(err);
    return CC_OK;
}

enum cc_code cc_cognito_resend(struct cc_identity *self, struct cc_arena *arena,
                               const struct cc_resend *in, int64_t *resend_after_s,
                               struct cc_err *err)
{
    struct cc_resending run;
    enum cc_code rc = cc_people_resend(cc_people_of(self), arena, in, &run, err);

    if (rc == CC_OK && run.proof.user.at)
        rc = resend(cc_cognito_of(self), arena, &run.proof, err);
    if (rc == CC_OK)
        *resend_after_s = run.resend_after_s;
    return rc;
}
