#include "local.h"

#include "../base/id.h"
#include "../base/text.h"
#include "../store/keys.h"

#define ID_BYTES 16
#define NONCE_BYTES 16

/* --- sign-up ---------------------------------------------------------------------------------- */

struct sign_up {
    struct cc_local *local;
    struct cc_limit by_number, by_address;
    struct cc_identifier login;
    struct cc_proof proof;
    int64_t retry_after_s; /* the verdict */
};

/* Before the password is hashed, so that nobody can keep the host busy with hashing. */
static enum cc_code take_limits(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct sign_up *run = arg;
    enum cc_code rc = cc_limit_take(txn, &run->by_address, 1, &run->retry_after_s, err);

    if (rc == CC_OK && run->retry_after_s == 0)
        rc = cc_limit_take(txn, &run->by_number, 1, &run->retry_after_s, err);
    return rc;
}

static enum cc_code make_pending(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct sign_up *run = arg;
    struct cc_proof *proof = &run->proof;
    struct cc_str owner;
    enum cc_code rc = cc_identifier_get(txn, &run->login, &owner, err);

    if (rc != CC_OK)
        return rc;
    proof->taken = owner.at != NULL;
    proof->sends = 1;
    proof->sent_ms = cc_txn_now_ms(txn);
    proof->expires_ms = proof->sent_ms + run->local->config.code_lifetime_s * 1000;
    rc = cc_proof_put(txn, CC_PROOF_SIGN_UP, proof, err);
    return rc == CC_OK ? cc_local_queue_code(txn, CC_PROOF_SIGN_UP, proof, err) : rc;
}

static enum cc_code check_name(struct cc_str name, struct cc_err *err)
{
    if (name.len == 0 || cc_text_length(name) > CC_PROFILE_NAME_CHARACTERS_MAX)
        return cc_fail_field(err, "/name", "A name is one line of 1 to 64 characters.");
    return CC_OK;
}

/* All that is wrong is said at once. */
static enum cc_code check_sign_up(struct cc_arena *arena, const struct cc_sign_up *in,
                                  struct sign_up *run, struct cc_err *err)
{
    const struct cc_login *login = &in->login;
    struct cc_str password = cc_password_normal(arena, in->password);
    enum cc_code rc[3];

    run->proof.name = cc_text_name(arena, in->name);
    rc[0] = check_name(run->proof.name, err);
    rc[1] = cc_login_check(arena, login, &run->login, err);
    rc[2] = cc_password_check(&run->local->rules, password,
                              login->phone_number.at ? login->phone_number : login->email, err);
    for (size_t i = 0; i < CC_COUNT(rc); i++)
        if (rc[i] != CC_OK)
            return rc[i];
    return CC_OK;
}

static void set_limits(struct cc_local *local, struct cc_arena *arena, struct cc_str address,
                       struct sign_up *run)
{
    const struct cc_identity_config *config = &local->config;

    run->by_number = (struct cc_limit){
        .what = "sign-up-number",
        .who = cc_local_hashed(local, arena, run->login.kind, run->login.value),
        .max = config->sign_up_number_day,
        .window_ms = CC_DAY_MS,
    };
    run->by_address = (struct cc_limit){
        .what = "sign-up-address",
        .who = cc_local_hashed(local, arena, "address", cc_throttle_address(arena, address)),
        .max = config->sign_up_address_hour,
        .window_ms = CC_HOUR_MS,
    };
}

static void set_proof(struct cc_local *local, struct cc_arena *arena, struct sign_up *run)
{
    struct cc_proof *proof = &run->proof;

    proof->id = cc_id_random(arena, local->config.random, ID_BYTES);
    proof->nonce = cc_id_random(arena, local->config.random, NONCE_BYTES);
    proof->kind = cc_str_from(run->login.kind);
    proof->value = run->login.value;
}

enum cc_code cc_local_sign_up(struct cc_identity *self, struct cc_arena *arena,
                              const struct cc_sign_up *in, struct cc_pending *out,
                              struct cc_err *err)
{
    struct cc_local *local = cc_local_of(self);
    struct sign_up run = { .local = local };
    enum cc_code rc = check_sign_up(arena, in, &run, err);

    if (rc != CC_OK)
        return rc;
    set_limits(local, arena, in->address, &run);
    set_proof(local, arena, &run);
    rc = cc_local_run(local, arena, take_limits, &run, err);
    if (rc == CC_OK && run.retry_after_s > 0)
        return cc_local_fail_throttled(local, CC_THROTTLED_SIGN_UP, run.retry_after_s, err);
    if (rc == CC_OK)
        rc = cc_password_hash(&local->hasher, arena, cc_password_normal(arena, in->password),
                              &run.proof.hash, err);
    if (rc == CC_OK)
        rc = cc_local_run(local, arena, make_pending, &run, err);
    if (rc != CC_OK)
        return rc;
    *out = (struct cc_pending){ run.proof.id, cc_local_resend_after_s(local, 1),
                                local->config.code_lifetime_s };
    return CC_OK;
}

/* --- confirmation ----------------------------------------------------------------------------- */

struct confirm {
    struct cc_local *local;
    struct cc_str id;
    struct cc_str user; /* the new account's */
    struct cc_proof proof;
    bool fits;            /* the code, by the nonce, which never changes */
    enum cc_code verdict; /* CC_OK, CC_WRONG_CODE, CC_CONFLICT */
};

static enum cc_code read_pending(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct confirm *run = arg;

    return cc_proof_get(txn, CC_PROOF_SIGN_UP, run->id, &run->proof, err);
}

static enum cc_code put_account(struct cc_txn *txn, const struct confirm *run, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_proof *proof = &run->proof;
    bool is_phone = cc_str_eq(proof->kind, CC_STR("phone"));
    struct cc_profile profile = {
        .user = run->user,
        .name = proof->name,
        .phone_number = is_phone ? proof->value : CC_STR_ABSENT,
        .email = is_phone ? CC_STR_ABSENT : proof->value,
        .created_ms = cc_txn_now_ms(txn),
        .updated_ms = cc_txn_now_ms(txn),
    };
    enum cc_code rc = cc_profile_put(txn, &profile, err);

    if (rc == CC_OK)
        rc = cc_credential_put(txn, run->user, &(struct cc_credential){ .hash = proof->hash }, err);
    if (rc == CC_OK)
        rc = cc_txn_put(txn,
                        &(struct cc_item){ .key = cc_key_user_head(arena, run->user),
                                           .body = CC_STR("{\"rev\":0}") },
                        err);
    return rc;
}

static enum cc_code take_identifier(struct cc_txn *txn, struct confirm *run, struct cc_err *err)
{
    struct cc_identifier login = cc_proof_login(&run->proof);
    enum cc_code rc = cc_identifier_insert(txn, &login, run->user, err);

    if (rc == CC_EXISTS) {
        run->verdict = CC_CONFLICT;
        return CC_OK;
    }
    run->verdict = rc;
    return rc == CC_OK ? put_account(txn, run, err) : rc;
}

static enum cc_code judge_code(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct confirm *run = arg;
    struct cc_proof *proof = &run->proof;
    enum cc_code rc = cc_proof_get(txn, CC_PROOF_SIGN_UP, run->id, proof, err);

    run->verdict = CC_WRONG_CODE;
    if (rc == CC_NOT_FOUND || (rc == CC_OK && proof->tries >= run->local->config.code_tries))
        return CC_OK;
    if (rc != CC_OK)
        return rc;
    if (!run->fits || proof->taken) {
        proof->tries++;
        return cc_proof_put(txn, CC_PROOF_SIGN_UP, proof, err);
    }
    rc = take_identifier(txn, run, err);
    return rc == CC_OK ? cc_proof_delete(txn, CC_PROOF_SIGN_UP, run->id, err) : rc;
}

enum cc_code cc_local_confirm(struct cc_identity *self, struct cc_arena *arena,
                              const struct cc_confirm *in, struct cc_err *err)
{
    struct cc_local *local = cc_local_of(self);
    struct confirm run = { .local = local, .id = in->id };
    enum cc_code rc;

    if (!cc_id_is_wellformed(in->id))
        return cc_local_fail_code(err);
    rc = cc_local_view(local, arena, read_pending, &run, err);
    if (rc == CC_NOT_FOUND)
        return cc_local_fail_code(err);
    if (rc != CC_OK)
        return rc;
    run.fits = cc_local_code_fits(local, &run.proof, in->code);
    run.user = cc_id_uuid7(arena, local->config.clock, local->config.random);
    rc = cc_local_run(local, arena, judge_code, &run, err);
    if (rc == CC_OK && run.verdict == CC_WRONG_CODE)
        return cc_local_fail_code(err);
    if (rc == CC_OK && run.verdict == CC_CONFLICT)
        return cc_fail(err, CC_CONFLICT, "This number or address was confirmed a moment ago.",
                       "identity: another pending account was quicker");
    return rc;
}

/* --- resend ----------------------------------------------------------------------------------- */

struct resend {
    struct cc_local *local;
    const struct cc_resend *in;
    int64_t retry_after_s; /* the verdict: too early */
    int64_t resend_after_s;
    bool misfit; /* the verdict: the channel does not fit */
};

static bool channel_fits(const struct cc_proof *proof, struct cc_str channel)
{
    return !channel.at || cc_str_eq(channel, cc_proof_channel(proof));
}

static enum cc_code renew(struct cc_txn *txn, struct resend *run, struct cc_proof *proof,
                          struct cc_err *err)
{
    int64_t now_ms = cc_txn_now_ms(txn);
    int64_t due_ms = proof->sent_ms + cc_local_resend_after_s(run->local, proof->sends) * 1000;
    enum cc_code rc;

    if (now_ms < due_ms) {
        run->retry_after_s = (due_ms - now_ms + 999) / 1000;
        return CC_OK;
    }
    proof->sends++;
    proof->sent_ms = now_ms;
    run->resend_after_s = cc_local_resend_after_s(run->local, proof->sends);
    rc = cc_proof_put(txn, CC_PROOF_SIGN_UP, proof, err);
    return rc == CC_OK ? cc_local_queue_code(txn, CC_PROOF_SIGN_UP, proof, err) : rc;
}

/* A pending account that is not there, or whose tries are used up, is answered as any other: what
 * comes of it is for its owner to know. */
static enum cc_code resend_code(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct resend *run = arg;
    struct cc_proof proof;
    enum cc_code rc = cc_proof_get(txn, CC_PROOF_SIGN_UP, run->in->id, &proof, err);

    run->misfit = false;
    run->retry_after_s = 0;
    run->resend_after_s = cc_local_resend_after_s(run->local, 1);
    if (rc == CC_NOT_FOUND || (rc == CC_OK && proof.tries >= run->local->config.code_tries))
        return CC_OK;
    if (rc != CC_OK)
        return rc;
    run->misfit = !channel_fits(&proof, run->in->channel);
    return run->misfit ? CC_OK : renew(txn, run, &proof, err);
}

enum cc_code cc_local_resend(struct cc_identity *self, struct cc_arena *arena,
                             const struct cc_resend *in, int64_t *resend_after_s,
                             struct cc_err *err)
{
    struct cc_local *local = cc_local_of(self);
    struct resend run = { .local = local, .in = in };
    enum cc_code rc;

    if (in->channel.at && !cc_str_eq(in->channel, CC_STR("sms")) &&
        !cc_str_eq(in->channel, CC_STR("email")))
        return cc_fail_field(err, "/channel", "A code goes by sms or email.");
    if (!cc_id_is_wellformed(in->id)) {
        *resend_after_s = cc_local_resend_after_s(local, 1);
        return CC_OK;
    }
    rc = cc_local_run(local, arena, resend_code, &run, err);
    if (rc != CC_OK)
        return rc;
    if (run.misfit)
        return cc_fail_field(err, "/channel", "This account was not signed up with that.");
    if (run.retry_after_s > 0)
        return cc_local_fail_throttled(run.local, CC_THROTTLED_RESEND, run.retry_after_s, err);
    *resend_after_s = run.resend_after_s;
    return CC_OK;
}
