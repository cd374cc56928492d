#include "local.h"

#include "../base/id.h"

#define ID_BYTES 16
#define NONCE_BYTES 16

/* --- forgot ----------------------------------------------------------------------------------- */

struct forgot {
    struct cc_local *local;
    struct cc_identifier login;
    struct cc_limit by_address;
    struct cc_limit by_number, by_place; /* which of them counts: see take_limits */
    struct cc_proof proof;
    int64_t retry_after_s; /* the verdict */
};

/* A place from which somebody signed in to this account has a budget of its own: a stranger can use
 * up the number's, but not keep its owner from a new password. */
static enum cc_code take_limits(struct cc_txn *txn, struct forgot *run, struct cc_err *err)
{
    bool is_known = false;
    enum cc_code rc = cc_limit_take(txn, &run->by_address, 1, &run->retry_after_s, err);

    if (rc == CC_OK)
        rc = cc_throttle_is_known(txn, run->by_place.who, &is_known, err);
    if (rc == CC_OK && run->retry_after_s == 0)
        rc = cc_limit_take(txn, is_known ? &run->by_place : &run->by_number, 1, &run->retry_after_s,
                           err);
    return rc;
}

/* The same for a number that nobody has: what is sent is decided when it is sent. */
static enum cc_code make_recovery(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct forgot *run = arg;
    struct cc_proof *proof = &run->proof;
    enum cc_code rc = take_limits(txn, run, err);

    if (rc != CC_OK || run->retry_after_s > 0)
        return rc;
    rc = cc_identifier_get(txn, &run->login, &proof->user, err);
    if (rc != CC_OK)
        return rc;
    proof->sends = 1;
    proof->sent_ms = cc_txn_now_ms(txn);
    proof->expires_ms = proof->sent_ms + run->local->config.code_lifetime_s * 1000;
    rc = cc_proof_put(txn, CC_PROOF_RECOVERY, proof, err);
    return rc == CC_OK ? cc_local_queue_code(txn, CC_PROOF_RECOVERY, proof, err) : rc;
}

static void set_limits(struct cc_arena *arena, struct cc_str address, struct forgot *run)
{
    const struct cc_identity_config *config = &run->local->config;
    struct cc_attempt attempt = cc_local_attempt(run->local, arena, &run->login, address);
    struct cc_str place = cc_throttle_address(arena, address);

    run->by_number = (struct cc_limit){ "recover-number", attempt.account,
                                        config->recover_number_day, CC_DAY_MS };
    run->by_place =
        (struct cc_limit){ "recover-place", attempt.place, config->recover_number_day, CC_DAY_MS };
    run->by_address =
        (struct cc_limit){ "recover-address", cc_local_hashed(run->local, arena, "address", place),
                           config->recover_address_hour, CC_HOUR_MS };
}

enum cc_code cc_local_forgot(struct cc_identity *self, struct cc_arena *arena,
                             const struct cc_forgot *in, struct cc_pending *out, struct cc_err *err)
{
    struct cc_local *local = cc_local_of(self);
    struct forgot run = { .local = local };
    enum cc_code rc = cc_login_check(arena, &in->login, &run.login, err);

    if (rc != CC_OK)
        return rc;
    set_limits(arena, in->address, &run);
    run.proof.id = cc_id_random(arena, local->config.random, ID_BYTES);
    run.proof.nonce = cc_id_random(arena, local->config.random, NONCE_BYTES);
    run.proof.kind = cc_str_from(run.login.kind);
    run.proof.value = run.login.value;
    rc = cc_local_run(local, arena, make_recovery, &run, err);
    if (rc != CC_OK)
        return rc;
    if (run.retry_after_s > 0)
        return cc_local_fail_throttled(local, CC_THROTTLED_RECOVERY, run.retry_after_s, err);
    *out = (struct cc_pending){ run.proof.id, cc_local_resend_after_s(local, 1),
                                local->config.code_lifetime_s };
    return CC_OK;
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

/* CC_NOT_FOUND: who is disabled does not come back by it, nor who was removed meanwhile. */
static enum cc_code put_password(struct cc_txn *txn, const struct reset *run, struct cc_err *err)
{
    struct cc_principal nobody = { run->proof.user, CC_STR_ABSENT };
    struct cc_credential credential;
    enum cc_code rc = cc_credential_get(txn, run->proof.user, &credential, err);

    if (rc == CC_OK && credential.state != CC_ACCOUNT_ACTIVE)
        rc = CC_NOT_FOUND;
    credential.hash = run->hash;
    if (rc == CC_OK)
        rc = cc_session_delete_others(txn, &nobody, &credential, err);
    if (rc == CC_OK)
        rc = cc_throttle_forgive(txn, &run->attempt, err);
    return rc == CC_OK ? cc_proof_delete(txn, CC_PROOF_RECOVERY, run->in->id, err) : rc;
}

static enum cc_code judge_reset(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct reset *run = arg;
    struct cc_proof *proof = &run->proof;
    enum cc_code rc = cc_proof_get(txn, CC_PROOF_RECOVERY, run->in->id, proof, err);

    run->is_refused = true;
    if (rc == CC_NOT_FOUND || (rc == CC_OK && proof->tries >= run->local->config.code_tries))
        return CC_OK;
    if (rc != CC_OK)
        return rc;
    if (!run->fits) {
        proof->tries++;
        return cc_proof_put(txn, CC_PROOF_RECOVERY, proof, err);
    }
    run->is_refused = false;
    return put_password(txn, run, err);
}

/* With a right code only: a wrong one is answered before anything is hashed, whoever's number it
 * is. */
static enum cc_code prepare(struct cc_arena *arena, struct reset *run, struct cc_err *err)
{
    struct cc_local *local = run->local;
    const struct cc_proof *proof = &run->proof;
    struct cc_identifier login = cc_proof_login(proof);
    struct cc_str password = cc_password_normal(arena, run->in->password);
    enum cc_code rc = cc_password_check(&local->rules, password, proof->value, err);

    if (rc != CC_OK)
        return rc;
    run->attempt = cc_local_attempt(local, arena, &login, run->in->address);
    return cc_password_hash(&local->hasher, arena, password, &run->hash, err);
}

enum cc_code cc_local_reset(struct cc_identity *self, struct cc_arena *arena,
                            const struct cc_reset *in, struct cc_err *err)
{
    struct cc_local *local = cc_local_of(self);
    struct reset run = { .local = local, .in = in };
    enum cc_code rc = cc_password_check(&local->rules, cc_password_normal(arena, in->password),
                                        CC_STR_ABSENT, err);

    if (rc != CC_OK)
        return rc;
    if (!cc_id_is_wellformed(in->id))
        return cc_local_fail_code(err);
    rc = cc_local_view(local, arena, read_recovery, &run, err);
    if (rc == CC_NOT_FOUND)
        return cc_local_fail_code(err);
    if (rc != CC_OK)
        return rc;
    run.fits = cc_local_code_fits(local, &run.proof, in->code) && run.proof.user.at &&
               run.proof.tries < local->config.code_tries;
    if (run.fits)
        rc = prepare(arena, &run, err);
    if (rc == CC_OK)
        rc = cc_local_run(local, arena, judge_reset, &run, err);
    if (rc == CC_NOT_FOUND || (rc == CC_OK && run.is_refused))
        return cc_local_fail_code(err);
    return rc;
}

/* --- change of password ----------------------------------------------------------------------- */

struct change {
    struct cc_local *local;
    struct cc_principal who;
    struct cc_attempt attempt;
    struct cc_str login;             /* the person's own number or address */
    struct cc_credential credential; /* whose hash was verified */
    struct cc_str new_hash;          /* of the new password */
    bool matches;
    int64_t retry_after_s; /* the verdict */
    enum cc_code verdict;
};

static enum cc_code read_credential(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct change *run = arg;
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
    struct change *run = arg;

    run->verdict = CC_WRONG_CREDENTIALS;
    return cc_throttle_wrong(txn, &run->attempt, &run->retry_after_s, err);
}

/* Both may have ended while the hashes were computed: the session, and the old password. */
static enum cc_code judge_change(struct cc_txn *txn, struct change *run, struct cc_err *err)
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
    struct change *run = arg;
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

static enum cc_code check_passwords(struct cc_arena *arena, const struct cc_change_password *in,
                                    struct change *run, struct cc_err *err)
{
    struct cc_local *local = run->local;
    struct cc_str password = cc_password_normal(arena, in->password);
    enum cc_code rc = cc_password_check(&local->rules, password, run->login, err);

    if (rc == CC_OK)
        rc = cc_password_verify(&local->hasher, arena, cc_password_normal(arena, in->old_password),
                                run->credential.hash, &run->matches, err);
    if (rc == CC_OK && run->matches)
        rc = cc_password_hash(&local->hasher, arena, password, &run->new_hash, err);
    return rc;
}

static enum cc_code tell_change(const struct change *run, struct cc_err *err)
{
    if (run->retry_after_s > 0)
        return cc_local_fail_throttled(run->local, CC_THROTTLED_PASSWORD, run->retry_after_s, err);
    if (run->verdict == CC_UNAUTHORIZED)
        return cc_fail(err, CC_UNAUTHORIZED, NULL, "identity: the session ended meanwhile");
    if (run->verdict == CC_WRONG_CREDENTIALS)
        return cc_fail(err, CC_WRONG_CREDENTIALS, "The old password is wrong.",
                       "identity: wrong old password");
    return CC_OK;
}

/* An access token in foreign hands must not become a way to guess the password: wrong ones slow
 * this account's changes down, as they do sign-ins. */
enum cc_code cc_local_change_password(struct cc_identity *self, struct cc_arena *arena,
                                      const struct cc_change_password *in, struct cc_err *err)
{
    struct cc_local *local = cc_local_of(self);
    struct change run = { .local = local, .who = in->who };
    enum cc_code rc;

    run.attempt = (struct cc_attempt){
        .place = cc_local_hashed(local, arena, "change of password", in->who.user),
        .delay_max_s = local->config.wrong_password_delay_max_s,
        .known_s = local->config.known_address_s,
    };
    rc = cc_local_view(local, arena, read_credential, &run, err);
    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_UNAUTHORIZED, NULL, "identity: the account is gone");
    if (rc == CC_OK && run.retry_after_s > 0)
        return cc_local_fail_throttled(local, CC_THROTTLED_PASSWORD, run.retry_after_s, err);
    if (rc == CC_OK)
        rc = check_passwords(arena, in, &run, err);
    if (rc == CC_OK)
        rc = cc_local_run(local, arena, run.matches ? change_password : count_wrong, &run, err);
    return rc == CC_OK ? tell_change(&run, err) : rc;
}
