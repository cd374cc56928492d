#include "people.h"

#include "../base/id.h"
#include "../base/text.h"
#include "../store/keys.h"

#define ID_BYTES 16
#define NONCE_BYTES 16

/* --- sign-up ---------------------------------------------------------------------------------- */

static enum cc_code check_name(struct cc_str name, struct cc_err *err)
{
    if (name.len == 0 || cc_text_length(name) > CC_PROFILE_NAME_CHARACTERS_MAX)
        return cc_fail_field(err, "/name", "A name is one line of 1 to 64 characters.");
    return CC_OK;
}

static enum cc_code check(struct cc_people *people, struct cc_arena *arena,
                          const struct cc_sign_up *in, struct cc_signing_up *run,
                          struct cc_err *err)
{
    const struct cc_login *login = &in->login;
    enum cc_code rc[3];

    run->proof.name = cc_text_name(arena, in->name);
    run->password = cc_password_normal(arena, in->password);
    rc[0] = check_name(run->proof.name, err);
    rc[1] = cc_login_check(arena, login, &run->login, err);
    if (rc[1] == CC_OK)
        rc[1] = cc_budget_check(&people->config.budget, &run->login, err);
    rc[2] = cc_password_check(&people->rules, run->password,
                              login->phone_number.at ? login->phone_number : login->email, err);
    for (size_t i = 0; i < CC_COUNT(rc); i++)
        if (rc[i] != CC_OK)
            return rc[i];
    return CC_OK;
}

static void set_limits(struct cc_people *people, struct cc_arena *arena, struct cc_str address,
                       struct cc_signing_up *run)
{
    const struct cc_identity_config *config = &people->config;

    run->by_number = (struct cc_limit){
        .what = "sign-up-number",
        .who = cc_people_hashed(people, arena, run->login.kind, run->login.value),
        .max = config->sign_up_number_day,
        .window_ms = CC_DAY_MS,
    };
    run->by_address = (struct cc_limit){
        .what = "sign-up-address",
        .who = cc_people_hashed(people, arena, "address", cc_throttle_address(arena, address)),
        .max = config->sign_up_address_hour,
        .window_ms = CC_HOUR_MS,
    };
    run->budget = cc_people_budget(people, arena, &run->login, address);
}

static void set_proof(struct cc_people *people, struct cc_arena *arena, struct cc_signing_up *run)
{
    struct cc_proof *proof = &run->proof;

    proof->id = cc_id_random(arena, people->config.random, ID_BYTES);
    proof->nonce = cc_id_random(arena, people->config.random, NONCE_BYTES);
    proof->kind = cc_str_from(run->login.kind);
    proof->value = run->login.value;
}

enum cc_code cc_people_sign_up_check(struct cc_people *people, struct cc_arena *arena,
                                     const struct cc_sign_up *in, struct cc_signing_up *out,
                                     struct cc_err *err)
{
    enum cc_code rc;

    *out = (struct cc_signing_up){ .people = people };
    rc = check(people, arena, in, out, err);
    if (rc != CC_OK)
        return rc;
    set_limits(people, arena, in->address, out);
    set_proof(people, arena, out);
    return CC_OK;
}

static enum cc_code take_limits(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_signing_up *run = arg;
    enum cc_code rc = cc_limit_take(txn, &run->by_address, 1, &run->retry_after_s, err);

    if (rc == CC_OK && run->retry_after_s == 0)
        rc = cc_limit_take(txn, &run->by_number, 1, &run->retry_after_s, err);
    if (rc == CC_OK && run->retry_after_s == 0)
        rc = cc_budget_take(txn, &run->people->config.budget, &run->budget, err);
    return rc;
}

enum cc_code cc_people_sign_up_take(struct cc_arena *arena, struct cc_signing_up *run,
                                    struct cc_err *err)
{
    enum cc_code rc = cc_people_run(run->people, arena, take_limits, run, err);

    if (rc == CC_OK && run->retry_after_s > 0)
        return cc_people_fail_throttled(run->people, CC_THROTTLED_SIGN_UP, run->retry_after_s, err);
    return rc == CC_OK ? cc_people_budget_judge(run->people, &run->budget, err) : rc;
}

enum cc_code cc_people_sign_up_txn(struct cc_txn *txn, struct cc_signing_up *run,
                                   struct cc_err *err)
{
    struct cc_proof *proof = &run->proof;
    struct cc_str owner;
    enum cc_code rc = cc_identifier_get(txn, &run->login, &owner, err);

    if (rc != CC_OK)
        return rc;
    proof->taken = owner.at != NULL;
    proof->sends = 1;
    proof->sent_ms = cc_txn_now_ms(txn);
    proof->expires_ms = proof->sent_ms + run->people->config.code_lifetime_s * 1000;
    rc = cc_proof_put(txn, CC_PROOF_SIGN_UP, proof, err);
    return rc == CC_OK ? cc_people_queue_code(run->people, txn, CC_PROOF_SIGN_UP, proof, err) : rc;
}

struct cc_pending cc_people_pending(const struct cc_people *people, const struct cc_proof *proof)
{
    return (struct cc_pending){ proof->id, cc_people_resend_after_s(people, 1),
                                people->config.code_lifetime_s };
}

/* --- the account ------------------------------------------------------------------------------ */

static struct cc_profile profile_of(const struct cc_proof *proof, struct cc_str user,
                                    int64_t now_ms)
{
    bool is_phone = cc_str_eq(proof->kind, CC_STR("phone"));

    return (struct cc_profile){
        .user = user,
        .name = proof->name,
        .phone_number = is_phone ? proof->value : CC_STR_ABSENT,
        .email = is_phone ? CC_STR_ABSENT : proof->value,
        .created_ms = now_ms,
        .updated_ms = now_ms,
    };
}

enum cc_code cc_people_put_account_txn(struct cc_txn *txn, const struct cc_profile *profile,
                                       const struct cc_credential *credential, struct cc_err *err)
{
    enum cc_code rc = cc_profile_put(txn, profile, err);

    if (rc == CC_OK)
        rc = cc_credential_put(txn, profile->user, credential, err);
    if (rc == CC_OK)
        rc =
            cc_txn_put(txn,
                       &(struct cc_item){ .key = cc_key_user_head(cc_txn_arena(txn), profile->user),
                                          .body = CC_STR("{\"rev\":0}") },
                       err);
    return rc;
}

static enum cc_code put_account(struct cc_txn *txn, const struct cc_proof *proof,
                                struct cc_str user, struct cc_err *err)
{
    const struct cc_profile profile = profile_of(proof, user, cc_txn_now_ms(txn));
    const struct cc_credential credential = { .hash = proof->hash, .sub = proof->sub };

    return cc_people_put_account_txn(txn, &profile, &credential, err);
}

enum cc_code cc_people_account_txn(struct cc_txn *txn, const struct cc_proof *proof,
                                   struct cc_str user, bool *is_late, struct cc_err *err)
{
    struct cc_identifier login = cc_proof_login(proof);
    enum cc_code rc = cc_identifier_insert(txn, &login, user, err);

    *is_late = rc == CC_EXISTS;
    if (rc == CC_OK)
        rc = put_account(txn, proof, user, err);
    if (rc != CC_OK && !*is_late)
        return rc;
    return cc_proof_delete(txn, CC_PROOF_SIGN_UP, proof->id, err);
}

enum cc_code cc_people_fail_late(struct cc_err *err)
{
    return cc_fail(err, CC_CONFLICT, "This number or address was confirmed a moment ago.",
                   "identity: another pending account was quicker");
}

/* --- resend ----------------------------------------------------------------------------------- */

static bool channel_fits(const struct cc_proof *proof, struct cc_str channel)
{
    return !channel.at || cc_str_eq(channel, cc_proof_channel(proof));
}

static enum cc_code take_budget(struct cc_txn *txn, struct cc_resending *run,
                                const struct cc_proof *proof, struct cc_err *err)
{
    const struct cc_identifier login = cc_proof_login(proof);

    run->budget = cc_people_budget(run->people, cc_txn_arena(txn), &login, run->in->address);
    return cc_budget_take(txn, &run->people->config.budget, &run->budget, err);
}

static enum cc_code renew(struct cc_txn *txn, struct cc_resending *run, struct cc_proof *proof,
                          struct cc_err *err)
{
    int64_t now_ms = cc_txn_now_ms(txn);
    int64_t due_ms = proof->sent_ms + cc_people_resend_after_s(run->people, proof->sends) * 1000;
    enum cc_code rc;

    if (now_ms < due_ms) {
        run->retry_after_s = (due_ms - now_ms + 999) / 1000;
        return CC_OK;
    }
    rc = take_budget(txn, run, proof, err);
    if (rc != CC_OK || run->budget.retry_after_s > 0)
        return rc;
    proof->sends++;
    proof->sent_ms = now_ms;
    run->resend_after_s = cc_people_resend_after_s(run->people, proof->sends);
    run->proof = *proof;
    rc = cc_proof_put(txn, CC_PROOF_SIGN_UP, proof, err);
    return rc == CC_OK ? cc_people_queue_code(run->people, txn, CC_PROOF_SIGN_UP, proof, err) : rc;
}

/* A pending account that is not there, or whose tries are used up, is answered as any other: what
 * comes of it is for its owner to know. */
static enum cc_code resend_code(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_resending *run = arg;
    struct cc_proof proof;
    enum cc_code rc = cc_proof_get(txn, CC_PROOF_SIGN_UP, run->in->id, &proof, err);

    run->misfit = false;
    run->retry_after_s = 0;
    run->budget = (struct cc_budget_use){ .retry_after_s = 0 };
    run->proof = (struct cc_proof){ .id = CC_STR_ABSENT };
    run->resend_after_s = cc_people_resend_after_s(run->people, 1);
    if (rc == CC_NOT_FOUND || (rc == CC_OK && proof.tries >= run->people->config.code_tries))
        return CC_OK;
    if (rc != CC_OK)
        return rc;
    run->misfit = !channel_fits(&proof, run->in->channel);
    return run->misfit ? CC_OK : renew(txn, run, &proof, err);
}

static enum cc_code check_channel(struct cc_str channel, struct cc_err *err)
{
    if (channel.at && !cc_str_eq(channel, CC_STR("sms")) && !cc_str_eq(channel, CC_STR("email")))
        return cc_fail_field(err, "/channel", "A code goes by sms or email.");
    return CC_OK;
}

enum cc_code cc_people_resend(struct cc_people *people, struct cc_arena *arena,
                              const struct cc_resend *in, struct cc_resending *out,
                              struct cc_err *err)
{
    enum cc_code rc = check_channel(in->channel, err);

    *out = (struct cc_resending){ .people = people, .in = in };
    out->resend_after_s = cc_people_resend_after_s(people, 1);
    if (rc != CC_OK || !cc_id_is_wellformed(in->id))
        return rc;
    rc = cc_people_run(people, arena, resend_code, out, err);
    if (rc != CC_OK)
        return rc;
    if (out->misfit)
        return cc_fail_field(err, "/channel", "This account was not signed up with that.");
    if (out->retry_after_s > 0)
        return cc_people_fail_throttled(people, CC_THROTTLED_RESEND, out->retry_after_s, err);
    return cc_people_budget_judge(people, &out->budget, err);
}
