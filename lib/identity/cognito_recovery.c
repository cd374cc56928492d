#include "cognito.h"

#include "../base/id.h"

#define SESSIONS_STAY "sessions stay for a minute that a password, perhaps a new one, ends"

static struct cc_str username_of(struct cc_cognito *cognito, struct cc_arena *arena,
                                 const struct cc_proof *proof,
                                 const struct cc_credential *credential)
{
    const struct cc_identifier login = cc_proof_login(proof);

    if (!proof->user.at || !credential->hash.at)
        return cc_cognito_nobody(cognito, arena, &login);
    return cc_credential_username(credential, proof->user);
}

/* --- forgot ----------------------------------------------------------------------------------- */

struct look {
    struct cc_str user;
    struct cc_credential credential; /* its hash is absent: nobody's, or of who is disabled */
    struct cc_profile profile;       /* absent likewise */
};

/* The same reads for a number that nobody has. */
static enum cc_code find_account(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct look *run = arg;
    enum cc_code rc = cc_profile_get(txn, run->user, &run->profile, err);

    if (rc == CC_NOT_FOUND)
        run->profile = (struct cc_profile){ .user = CC_STR_ABSENT };
    if (rc == CC_OK || rc == CC_NOT_FOUND)
        rc = cc_credential_get(txn, run->user, &run->credential, err);
    if (rc == CC_NOT_FOUND || (rc == CC_OK && run->credential.state != CC_ACCOUNT_ACTIVE))
        run->credential = (struct cc_credential){ .hash = CC_STR_ABSENT };
    return rc == CC_NOT_FOUND ? CC_OK : rc;
}

static enum cc_code look_up(struct cc_cognito *cognito, struct cc_arena *arena,
                            const struct cc_proof *proof, struct look *out, struct cc_err *err)
{
    *out = (struct look){ .user = proof->user.at ? proof->user : proof->id };
    return cc_people_view(&cognito->people, arena, find_account, out, err);
}

/* A number or an address to which a code could go is known here as his. */
static bool is_known(struct cc_str at_pool, bool is_verified, struct cc_str here)
{
    return !is_verified || cc_str_eq_nocase(at_pool, here);
}

/* Whoever holds an access token may change at the pool to which number codes go, behind our back,
 * and prove that it is his own: a token that was lost for minutes must not become a password. */
static bool is_still_his(const struct cc_pool_person *person, const struct cc_proof *proof,
                         const struct look *look)
{
    const bool is_phone = cc_str_eq(proof->kind, CC_STR("phone"));
    const struct cc_profile *profile = &look->profile;

    return cc_str_eq(person->sub, look->credential.sub) &&
           cc_str_eq_nocase(is_phone ? person->phone_number : person->email, proof->value) &&
           is_known(person->phone_number, person->phone_is_verified, profile->phone_number) &&
           is_known(person->email, person->email_is_verified, profile->email);
}

/* As whom the pool is asked: a user that is not there, for a number that nobody has and for a user
 * who is not as he is known here. */
struct asked {
    struct cc_str username;
    bool is_his;
};

static enum cc_code choose_user(struct cc_cognito *cognito, struct cc_arena *arena,
                                const struct cc_proof *proof, const struct look *look,
                                struct asked *out, struct cc_err *err)
{
    const struct cc_identifier login = cc_proof_login(proof);
    struct cc_str username = username_of(cognito, arena, proof, &look->credential);
    struct cc_pool_person person;
    enum cc_code rc = cc_pool_find(&cognito->pool, arena, username, &person, err);
    const bool is_his = rc == CC_OK && is_still_his(&person, proof, look);

    if (rc != CC_OK && rc != CC_NOT_FOUND)
        return rc;
    *out = (struct asked){ is_his ? username : cc_cognito_nobody(cognito, arena, &login), is_his };
    return CC_OK;
}

/* Between the pool's word on him and its code a number may have been added, which is told by where
 * the code went. Then nobody learns the id of this recovery. */
static bool went_astray(struct cc_str attribute, const struct cc_profile *profile)
{
    return cc_str_eq(attribute, CC_STR("phone_number")) && !profile->phone_number.at;
}

static enum cc_code send_code(struct cc_cognito *cognito, struct cc_arena *arena,
                              const struct cc_proof *proof, const struct look *look,
                              struct cc_err *err)
{
    struct asked asked;
    struct cc_str attribute;
    enum cc_code rc = choose_user(cognito, arena, proof, look, &asked, err);

    if (rc == CC_OK)
        rc = cc_pool_forgot(&cognito->pool, arena, asked.username, &attribute, err);
    if (rc != CC_OK)
        return rc;
    if (!asked.is_his)
        return cc_fail(err, CC_NOT_FOUND, NULL, "its user is not as he is known here");
    if (went_astray(attribute, &look->profile))
        return cc_fail(err, CC_UNAVAILABLE, NULL, "ForgotPassword: the code went to another place");
    return CC_OK;
}

/* Whatever the pool says of this user, the answer is the same; the operator is told. */
static enum cc_code ask_for_code(struct cc_cognito *cognito, struct cc_arena *arena,
                                 const struct cc_proof *proof, const struct look *look,
                                 struct cc_err *err)
{
    enum cc_code rc = send_code(cognito, arena, proof, look, err);

    if (rc != CC_NOT_FOUND && rc != CC_TOO_MANY)
        return rc;
    if (look->credential.hash.at)
        cc_log_warn(cognito->people.config.log, "the pool sends no code for a new password",
                    CC_LOG_STR("user", proof->user), CC_LOG_Z("cause", err->cause));
    cc_err_clear(err);
    return CC_OK;
}

enum cc_code cc_cognito_forgot(struct cc_identity *self, struct cc_arena *arena,
                               const struct cc_forgot *in, struct cc_pending *out,
                               struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    struct cc_recovering run;
    struct look look;
    enum cc_code rc = cc_people_forgot(&cognito->people, arena, in, &run, err);

    if (rc == CC_OK && run.reaches)
        rc = look_up(cognito, arena, &run.proof, &look, err);
    if (rc == CC_OK && run.reaches)
        rc = ask_for_code(cognito, arena, &run.proof, &look, err);
    if (rc == CC_OK)
        *out = cc_people_pending(&cognito->people, &run.proof);
    return rc;
}

/* --- reset ------------------------------------------------------------------------------------ */

struct reset {
    struct cc_cognito *cognito;
    const struct cc_reset *in;
    struct cc_trying trying;
    struct cc_attempt attempt; /* the place from which the owner proved himself */
    struct look look;
    bool is_signed_out; /* at the pool, from all that it has given him */
};

static struct cc_str pool_name(const struct reset *run)
{
    return cc_credential_username(&run->look.credential, run->trying.proof.user);
}

static enum cc_code put_password(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct reset *run = arg;
    const struct cc_intent *intent = &run->trying.intent;
    enum cc_code rc =
        cc_people_reset_txn(txn, &run->trying.proof, intent->generation, &run->attempt, err);

    if (rc == CC_OK)
        rc = cc_cognito_drop_intent(txn, intent, err);
    if (rc != CC_OK || run->is_signed_out)
        return rc;
    return cc_cognito_queue(txn, CC_COGNITO_SIGN_OUT, pool_name(run), cc_txn_now_ms(txn), err);
}

/* At once: later it would end the session, too, that he opens with his new password. */
static void sign_out(struct reset *run, struct cc_arena *arena)
{
    struct cc_err ignored = { 0 };
    enum cc_code rc =
        cc_pool_act(&run->cognito->pool, arena, CC_POOL_SIGN_OUT, pool_name(run), &ignored);

    run->is_signed_out = rc == CC_OK || rc == CC_NOT_FOUND;
}

/* Where nobody knows whether the pool has the new password. The recovery stays, for the same
 * request again: most likely nothing was done, and a code that was used up the pool knows by
 * itself. */
static enum cc_code put_perhaps(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct reset *run = arg;
    enum cc_code rc = put_password(txn, arg, err);

    return rc == CC_OK ? cc_proof_put(txn, CC_PROOF_RECOVERY, &run->trying.proof, err) : rc;
}

/* That the number was his when the code was asked for is not enough: it may have become another
 * just before the code was sent. Proved numbers do not come back by themselves, so it shows now. */
static enum cc_code ask_pool(struct reset *run, struct cc_arena *arena, struct cc_str password,
                             struct cc_err *err)
{
    struct cc_cognito *cognito = run->cognito;
    const struct cc_proof *proof = &run->trying.proof;
    struct asked asked = { .is_his = false };
    enum cc_code rc = look_up(cognito, arena, proof, &run->look, err);

    if (rc == CC_OK)
        rc = cc_password_check(&cognito->people.rules, password, proof->value, err);
    if (rc == CC_OK)
        rc = choose_user(cognito, arena, proof, &run->look, &asked, err);
    if (rc == CC_OK)
        rc = cc_pool_reset(&cognito->pool, arena, asked.username, run->in->code, password, err);
    if (rc == CC_TOO_MANY || (rc == CC_OK && !asked.is_his)) {
        cc_err_clear(err);
        return cc_people_fail_code(err);
    }
    return rc;
}

/* Where the answer of the pool got lost the password may be another now: then, too, whoever was
 * signed in must not stay so. */
static enum cc_code settle(struct reset *run, struct cc_arena *arena, enum cc_code asked,
                           struct cc_err *err)
{
    struct cc_people *people = &run->cognito->people;
    enum cc_code rc = asked;

    if (asked == CC_OK) {
        sign_out(run, arena);
        rc = cc_cognito_half_done(cc_people_run(people, arena, put_password, run, err), err);
    } else if (asked == CC_OUTCOME_UNKNOWN && run->look.credential.hash.at) {
        cc_people_run_aside(people, arena, put_perhaps, run, SESSIONS_STAY);
    } else if (asked == CC_WRONG_CODE) {
        cc_cognito_forget_intent(run->cognito, arena, &run->trying.intent);
    } else {
        cc_cognito_give_back_try(run->cognito, arena, &run->trying);
    }
    return rc == CC_NOT_FOUND ? cc_people_fail_code(err) : rc;
}

enum cc_code cc_cognito_reset(struct cc_identity *self, struct cc_arena *arena,
                              const struct cc_reset *in, struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    struct cc_str password = cc_password_normal(arena, in->password);
    struct reset run = { .cognito = cognito, .in = in };
    struct cc_identifier login;
    enum cc_code rc = cc_password_check(&cognito->people.rules, password, CC_STR_ABSENT, err);

    if (rc != CC_OK)
        return rc;
    if (!cc_id_is_wellformed(in->id))
        return cc_people_fail_code(err);
    run.trying = (struct cc_trying){ .kind = CC_PROOF_RECOVERY,
                                     .id = in->id,
                                     .intent.generation = cc_cognito_generation(cognito, arena) };
    rc = cc_cognito_take_try(cognito, arena, &run.trying, err);
    if (rc == CC_OK && run.trying.is_refused)
        return cc_people_fail_code(err);
    if (rc != CC_OK)
        return rc;
    login = cc_proof_login(&run.trying.proof);
    run.attempt = cc_people_attempt(&cognito->people, arena, &login, in->address);
    return settle(&run, arena, ask_pool(&run, arena, password, err), err);
}

/* --- change of password ----------------------------------------------------------------------- */

struct changing {
    struct cc_cognito *cognito;
    struct cc_changing base;
    struct cc_intent intent;
};

static enum cc_code intend(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct changing *run = arg;

    return cc_cognito_intend(txn, &run->intent, err);
}

/* Not as with local identity: the pool has the new password already, so there is nothing left to
 * refuse. */
static enum cc_code end_others(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct changing *run = arg;
    const struct cc_principal *who = &run->intent.keep;
    struct cc_credential credential;
    int64_t ignored_s;
    enum cc_code rc = cc_credential_get(txn, who->user, &credential, err);

    if (rc == CC_OK)
        rc = cc_throttle_right(txn, &run->base.attempt, &ignored_s, err);
    credential.hash = run->intent.generation;
    if (rc == CC_OK)
        rc = cc_session_delete_others(txn, who, &credential, err);
    return rc == CC_OK ? cc_cognito_drop_intent(txn, &run->intent, err) : rc;
}

/* Where the answer of the pool got lost, the password may be another now. */
static enum cc_code settle_change(struct changing *run, struct cc_arena *arena, enum cc_code asked,
                                  struct cc_err *err)
{
    struct cc_people *people = &run->cognito->people;
    enum cc_code rc = asked;

    if (asked == CC_OK)
        rc = cc_cognito_half_done(cc_people_run(people, arena, end_others, run, err), err);
    else if (asked == CC_OUTCOME_UNKNOWN)
        cc_people_run_aside(people, arena, end_others, run, SESSIONS_STAY);
    else
        cc_cognito_forget_intent(run->cognito, arena, &run->intent);
    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_UNAUTHORIZED, NULL, "identity: the account is gone");
    if (rc != CC_WRONG_CREDENTIALS)
        return rc;
    cc_err_clear(err);
    return cc_people_change_wrong(arena, &run->base, err);
}

/* Where nobody knows whether it was noted, the pool is not asked. */
static enum cc_code note_intent(struct changing *run, struct cc_arena *arena, struct cc_err *err)
{
    enum cc_code rc = cc_people_run(&run->cognito->people, arena, intend, run, err);

    if (rc == CC_OUTCOME_UNKNOWN)
        cc_cognito_forget_intent(run->cognito, arena, &run->intent);
    return rc;
}

enum cc_code cc_cognito_change_password(struct cc_identity *self, struct cc_arena *arena,
                                        const struct cc_change_password *in, struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    struct cc_str password = cc_password_normal(arena, in->password);
    struct changing run = { .cognito = cognito };
    enum cc_code rc = cc_people_change_look(&cognito->people, arena, &in->who, &run.base, err);

    if (rc == CC_OK)
        rc = cc_password_check(&cognito->people.rules, password, run.base.login, err);
    run.intent =
        (struct cc_intent){ .keep = in->who, .generation = cc_cognito_generation(cognito, arena) };
    if (rc == CC_OK)
        rc = note_intent(&run, arena, err);
    if (rc != CC_OK)
        return rc;
    rc = cc_pool_change_password(&cognito->pool, arena, in->access_token,
                                 cc_password_normal(arena, in->old_password), password, err);
    return settle_change(&run, arena, rc, err);
}
