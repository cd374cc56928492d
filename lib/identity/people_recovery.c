#include "people.h"

#include "../base/id.h"

#define ID_BYTES 16
#define NONCE_BYTES 16

/* --- forgot ----------------------------------------------------------------------------------- */

static enum cc_code take_budget(struct cc_txn *txn, struct cc_recovering *run, bool is_known,
                                struct cc_err *err)
{
    run->budget.is_known = is_known;
    run->budget.number = is_known ? run->by_place.who : run->by_number.who;
    return cc_budget_take(txn, &run->people->config.budget, &run->budget, err);
}

/* A place from which somebody signed in to this account has a budget of its own: a stranger can use
 * up the number's, but not keep its owner from a new password. */
static enum cc_code take_limits(struct cc_txn *txn, struct cc_recovering *run, struct cc_err *err)
{
    bool is_known = false;
    enum cc_code rc = cc_limit_take(txn, &run->by_address, 1, &run->retry_after_s, err);

    if (rc == CC_OK)
        rc = cc_throttle_is_known(txn, run->by_place.who, &is_known, err);
    if (rc == CC_OK && run->retry_after_s == 0)
        rc = cc_limit_take(txn, is_known ? &run->by_place : &run->by_number, 1, &run->retry_after_s,
                           err);
    if (rc == CC_OK && run->retry_after_s == 0 && run->reaches)
        rc = take_budget(txn, run, is_known, err);
    return rc;
}

/* The same for a number that nobody has: what is sent is decided when it is sent. */
static enum cc_code make_recovery(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_recovering *run = arg;
    struct cc_proof *proof = &run->proof;
    enum cc_code rc = take_limits(txn, run, err);

    if (rc != CC_OK || run->retry_after_s > 0 || run->budget.retry_after_s > 0)
        return rc;
    rc = cc_identifier_get(txn, &run->login, &proof->user, err);
    if (rc != CC_OK)
        return rc;
    proof->sends = 1;
    proof->sent_ms = cc_txn_now_ms(txn);
    proof->expires_ms = proof->sent_ms + run->people->config.code_lifetime_s * 1000;
    rc = cc_proof_put(txn, CC_PROOF_RECOVERY, proof, err);
    if (rc != CC_OK || !run->reaches)
        return rc;
    return cc_people_queue_code(run->people, txn, CC_PROOF_RECOVERY, proof, err);
}

static void set_limits(struct cc_arena *arena, struct cc_str address, struct cc_recovering *run)
{
    const struct cc_identity_config *config = &run->people->config;
    struct cc_attempt attempt = cc_people_attempt(run->people, arena, &run->login, address);
    struct cc_str place = cc_throttle_address(arena, address);

    run->by_number = (struct cc_limit){ "recover-number", attempt.account,
                                        config->recover_number_day, CC_DAY_MS };
    run->by_place =
        (struct cc_limit){ "recover-place", attempt.place, config->recover_number_day, CC_DAY_MS };
    run->by_address = (struct cc_limit){ "recover-address",
                                         cc_people_hashed(run->people, arena, "address", place),
                                         config->recover_address_hour, CC_HOUR_MS };
    run->reaches = cc_budget_reaches(&config->budget, &run->login);
    run->budget = cc_people_budget(run->people, arena, &run->login, address);
}

static void set_proof(struct cc_arena *arena, struct cc_recovering *run)
{
    const struct cc_random *random = run->people->config.random;

    run->proof.id = cc_id_random(arena, random, ID_BYTES);
    run->proof.nonce = cc_id_random(arena, random, NONCE_BYTES);
    run->proof.kind = cc_str_from(run->login.kind);
    run->proof.value = run->login.value;
}

enum cc_code cc_people_forgot(struct cc_people *people, struct cc_arena *arena,
                              const struct cc_forgot *in, struct cc_recovering *out,
                              struct cc_err *err)
{
    enum cc_code rc;

    *out = (struct cc_recovering){ .people = people };
    rc = cc_login_check(arena, &in->login, &out->login, err);
    if (rc != CC_OK)
        return rc;
    set_limits(arena, in->address, out);
    set_proof(arena, out);
    rc = cc_people_run(people, arena, make_recovery, out, err);
    if (rc == CC_OK && out->retry_after_s > 0)
        return cc_people_fail_throttled(people, CC_THROTTLED_RECOVERY, out->retry_after_s, err);
    return rc == CC_OK ? cc_people_budget_judge(people, &out->budget, err) : rc;
}

/* --- reset ------------------------------------------------------------------------------------ */

enum cc_code cc_people_reset_txn(struct cc_txn *txn, const struct cc_proof *proof,
                                 struct cc_str hash, const struct cc_attempt *attempt,
                                 struct cc_err *err)
{
    struct cc_principal nobody = { proof->user, CC_STR_ABSENT };
    struct cc_credential credential;
    enum cc_code rc = cc_credential_get(txn, proof->user, &credential, err);

    if (rc == CC_OK && credential.state != CC_ACCOUNT_ACTIVE)
        rc = CC_NOT_FOUND;
    credential.hash = hash;
    if (rc == CC_OK)
        rc = cc_session_delete_others(txn, &nobody, &credential, err);
    if (rc == CC_OK)
        rc = cc_throttle_forgive(txn, attempt, err);
    return rc == CC_OK ? cc_proof_delete(txn, CC_PROOF_RECOVERY, proof->id, err) : rc;
}

/* --- change of password ----------------------------------------------------------------------- */

static enum cc_code read_credential(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_changing *run = arg;
    struct cc_profile profile;
    enum cc_code rc = cc_throttle_look(txn, &run->attempt, &run->retry_after_s, err);

    if (rc == CC_OK)
        rc = cc_profile_get(txn, run->who.user, &profile, err);
    if (rc == CC_OK)
        rc = cc_credential_get(txn, run->who.user, &run->credential, err);
    if (rc == CC_OK)
        run->login = profile.phone_number.at ? profile.phone_number : profile.email;
    return rc;
}

static enum cc_code count_wrong(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_changing *run = arg;

    run->verdict = CC_WRONG_CREDENTIALS;
    return cc_throttle_wrong(txn, &run->attempt, &run->retry_after_s, err);
}

/* Both may have ended while the hashes were computed: the session, and the old password. */
static enum cc_code judge_change(struct cc_txn *txn, struct cc_changing *run, struct cc_err *err)
{
    struct cc_session_item session;
    struct cc_credential credential;
    enum cc_code rc = cc_session_get(txn, &run->who, &session, err);

    if (rc == CC_OK)
        rc = cc_credential_get(txn, run->who.user, &credential, err);
    if (rc == CC_NOT_FOUND)
        run->verdict = CC_UNAUTHORIZED;
    else if (rc == CC_OK && !cc_str_eq(credential.hash, run->credential.hash))
        run->verdict = CC_WRONG_CREDENTIALS;
    return rc == CC_NOT_FOUND ? CC_OK : rc;
}

static enum cc_code change_password(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_changing *run = arg;
    struct cc_credential next = run->credential;
    enum cc_code rc = cc_throttle_right(txn, &run->attempt, &run->retry_after_s, err);

    run->verdict = CC_OK;
    if (rc == CC_OK && run->retry_after_s == 0)
        rc = judge_change(txn, run, err);
    if (rc != CC_OK || run->retry_after_s > 0 || run->verdict != CC_OK)
        return rc;
    next.hash = run->new_hash;
    return cc_session_delete_others(txn, &run->who, &next, err);
}

static enum cc_code tell_change(const struct cc_changing *run, struct cc_err *err)
{
    if (run->retry_after_s > 0)
        return cc_people_fail_throttled(run->people, CC_THROTTLED_PASSWORD, run->retry_after_s,
                                        err);
    if (run->verdict == CC_UNAUTHORIZED)
        return cc_fail(err, CC_UNAUTHORIZED, NULL, "identity: the session ended meanwhile");
    if (run->verdict == CC_WRONG_CREDENTIALS)
        return cc_fail(err, CC_WRONG_CREDENTIALS, "The old password is wrong.",
                       "identity: wrong old password");
    return CC_OK;
}

/* An access token in foreign hands must not become a way to guess the password: wrong ones slow
 * this account's changes down, as they do sign-ins. */
static struct cc_attempt attempt_of(const struct cc_people *people, struct cc_arena *arena,
                                    struct cc_str user)
{
    return (struct cc_attempt){
        .place = cc_people_hashed(people, arena, "change of password", user),
        .delay_max_s = people->config.wrong_password_delay_max_s,
        .known_s = people->config.known_address_s,
    };
}

enum cc_code cc_people_change_look(struct cc_people *people, struct cc_arena *arena,
                                   const struct cc_principal *who, struct cc_changing *out,
                                   struct cc_err *err)
{
    enum cc_code rc;

    *out = (struct cc_changing){ .people = people, .who = *who };
    out->attempt = attempt_of(people, arena, who->user);
    rc = cc_people_view(people, arena, read_credential, out, err);
    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_UNAUTHORIZED, NULL, "identity: the account is gone");
    return rc == CC_OK ? tell_change(out, err) : rc;
}

enum cc_code cc_people_change_put(struct cc_arena *arena, struct cc_changing *run,
                                  struct cc_err *err)
{
    enum cc_code rc = cc_people_run(run->people, arena, change_password, run, err);

    return rc == CC_OK ? tell_change(run, err) : rc;
}

enum cc_code cc_people_change_wrong(struct cc_arena *arena, struct cc_changing *run,
                                    struct cc_err *err)
{
    enum cc_code rc = cc_people_run(run->people, arena, count_wrong, run, err);

    return rc == CC_OK ? tell_change(run, err) : rc;
}
