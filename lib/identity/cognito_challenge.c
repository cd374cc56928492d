#include "cognito.h"

#include "challenge.h"

#include "../base/id.h"

#include <string.h>

#define ID_BYTES 16

/* What a pool may ask for, and how it is answered. */
struct step {
    const char *challenge; /* the pool's name */
    const char *method;    /* ours; NULL: not here */
    const char *parameter; /* by which the pool takes the code */
    const char *detail;    /* what is to be done, where it cannot be answered here */
};

static const struct step steps[] = {
    { "SOFTWARE_TOKEN_MFA", "totp", "SOFTWARE_TOKEN_MFA_CODE", NULL },
    { "SMS_MFA", "sms", "SMS_MFA_CODE", NULL },
    { .challenge = "NEW_PASSWORD_REQUIRED",
      .detail = "This account needs a new password, which whoever runs this service has to set." },
    { .challenge = "MFA_SETUP",
      .detail =
          "This account needs a second step, which whoever runs this service has to set up." },
    { .challenge = "SELECT_MFA_TYPE",
      .detail = "This account has two second steps: whoever runs this service has to prefer one." },
};

static const struct step *step_of(struct cc_str challenge)
{
    for (size_t i = 0; i < CC_COUNT(steps); i++) {
        if (cc_str_eq(cc_str_from(steps[i].challenge), challenge))
            return &steps[i];
    }
    return NULL;
}

static enum cc_code fail_step(const struct step *step, struct cc_str challenge, struct cc_err *err)
{
    return cc_fail(err, CC_FORBIDDEN,
                   step ? step->detail : "This account signs in in a way that is not known here.",
                   "pool: it asks for %.*s", CC_STR_ARG(challenge));
}

/* --- what it costs ---------------------------------------------------------------------------- */

/* A right password makes the pool send an SMS. So somebody who has one could have as many sent as
 * he likes, at a price of which he gets his part. */
static struct cc_limit sms_of(const struct cc_signing_in *run)
{
    return (struct cc_limit){ "sign-in-sms", run->attempt.account,
                              run->people->config.budget.number_day_max, CC_DAY_MS };
}

static enum cc_code look_at_sms(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_signing_in *run = arg;
    const struct cc_limit limit = sms_of(run);

    return cc_limit_look(txn, &limit, 1, &run->retry_after_s, err);
}

enum cc_code cc_cognito_challenge_look(struct cc_arena *arena, struct cc_signing_in *run,
                                       struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    if (sms_of(run).max > 0)
        rc = cc_people_view(run->people, arena, look_at_sms, run, err);
    if (rc != CC_OK || run->retry_after_s == 0)
        return rc;
    return cc_fail_retry(err, CC_TOO_MANY, (int)run->retry_after_s,
                         "Too many codes were sent to this number today.",
                         "identity: codes of sign-ins");
}

/* It is sent already: it counts as any other, whatever is left. */
static enum cc_code count_sms(struct cc_txn *txn, const struct cc_signing_in *run,
                              struct cc_err *err)
{
    const struct cc_limit limit = sms_of(run);
    struct cc_budget_use use = { .kind = "phone",
                                 .number = run->attempt.account,
                                 .address = run->attempt.address };
    int64_t ignored_s;
    enum cc_code rc = CC_OK;

    if (limit.max > 0)
        rc = cc_limit_take(txn, &limit, 1, &ignored_s, err);
    return rc == CC_OK ? cc_budget_take(txn, &run->people->config.budget, &use, err) : rc;
}

/* --- giving one ------------------------------------------------------------------------------- */

struct giving {
    struct cc_signing_in *run;
    const struct step *step;
    struct cc_challenge_item item;
};

/* That the password was right is told within the throttles, as without a second step. */
static enum cc_code put_challenge(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct giving *it = arg;
    struct cc_signing_in *run = it->run;
    enum cc_code rc = cc_throttle_half(txn, &run->attempt, &run->retry_after_s, err);

    if (rc == CC_OK && strcmp(it->step->method, "sms") == 0)
        rc = count_sms(txn, run, err);
    if (rc != CC_OK || run->retry_after_s > 0)
        return rc;
    it->item.expires_ms = cc_txn_now_ms(txn) + CC_CHALLENGE_MS;
    return cc_challenge_put(txn, &it->item, err);
}

static struct cc_challenge_item item_of(const struct cc_cognito *cognito, struct cc_arena *arena,
                                        const struct cc_signing_in *run,
                                        const struct cc_pool_auth *auth)
{
    return (struct cc_challenge_item){
        .id = cc_id_random(arena, cognito->people.config.random, ID_BYTES),
        .kind = cc_str_from(run->login.kind),
        .value = run->login.value,
        .user = run->user,
        .hash = run->credential.hash,
        .username = cc_cognito_username(cognito, arena, run),
        .name = auth->challenge,
        .session = auth->session,
        .device = run->session.device,
    };
}

enum cc_code cc_cognito_challenge(struct cc_cognito *cognito, struct cc_arena *arena,
                                  struct cc_signing_in *run, const struct cc_pool_auth *auth,
                                  struct cc_signed_in *out, struct cc_err *err)
{
    struct giving it = { .run = run, .step = step_of(auth->challenge) };
    enum cc_code rc;

    if (run->user.at ? !cc_people_may_sign_in(run) : !cognito->existing_people)
        return cc_people_fail_credentials(err);
    if (!it.step || !it.step->method)
        return fail_step(it.step, auth->challenge, err);
    it.item = item_of(cognito, arena, run, auth);
    rc = cc_people_run(&cognito->people, arena, put_challenge, &it, err);
    if (rc == CC_OK && run->retry_after_s > 0)
        return cc_people_fail_throttled(&cognito->people, CC_THROTTLED_PASSWORD, run->retry_after_s,
                                        err);
    if (rc == CC_OK)
        *out = (struct cc_signed_in){ .challenge = { it.item.id, { it.step->method } } };
    return rc;
}

/* --- taking an answer ------------------------------------------------------------------------- */

struct answering {
    const struct cc_answer *in;
    struct cc_challenge_item item;
    struct cc_signing_in run;
};

static enum cc_code find(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct answering *it = arg;

    return cc_challenge_get(txn, it->in->id, &it->item, err);
}

static enum cc_code count_try(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct answering *it = arg;

    return cc_challenge_try(txn, it->in->id, &it->item, err);
}

static enum cc_code use(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct answering *it = arg;

    return cc_challenge_use(txn, it->in->id, err);
}

/* Whoever signs in is still who he was when his password was right, and has not got another. */
static bool is_same_account(const struct answering *it)
{
    const struct cc_signing_in *run = &it->run;

    return cc_str_eq(run->user, it->item.user) && cc_str_eq(run->credential.hash, it->item.hash) &&
           (!run->user.at || cc_people_may_sign_in(run));
}

/* Before the pool is asked. CC_NOT_FOUND: there is nothing to be answered. */
static enum cc_code prepare(struct cc_cognito *cognito, struct cc_arena *arena,
                            struct answering *it, struct cc_err *err)
{
    enum cc_code rc = cc_people_view(&cognito->people, arena, find, it, err);

    if (rc != CC_OK)
        return rc;
    it->run = (struct cc_signing_in){ .people = &cognito->people,
                                      .login = cc_challenge_login(&it->item),
                                      .session.device = it->item.device };
    it->run.attempt = cc_people_attempt(&cognito->people, arena, &it->run.login, it->in->address);
    rc = cc_people_sign_in_look(arena, &it->run, err);
    if (rc == CC_OK && !is_same_account(it))
        return CC_NOT_FOUND;
    return rc == CC_OK ? cc_people_run(&cognito->people, arena, count_try, it, err) : rc;
}

static enum cc_code ask(struct cc_cognito *cognito, struct cc_arena *arena,
                        const struct answering *it, struct cc_pool_auth *out, struct cc_err *err)
{
    const struct step *step = step_of(it->item.name);
    const struct cc_pool_answer answer = {
        .username = it->item.username,
        .challenge = it->item.name,
        .session = it->item.session,
        .parameter = step ? step->parameter : NULL,
        .code = it->in->code,
    };

    if (!step || !step->method || !cc_str_eq(cc_str_from(step->method), it->in->method))
        return cc_people_fail_code(err);
    return cc_pool_answer(&cognito->pool, arena, &answer, out, err);
}

/* A wrong code counts as a wrong password does: who knows the one could else try all of the others,
 * a sign-in at a time. */
static enum cc_code fail_wrong(struct cc_arena *arena, struct answering *it, struct cc_err *err)
{
    enum cc_code rc;

    cc_err_clear(err);
    rc = cc_people_sign_in_wrong(arena, &it->run, err);
    return rc == CC_OK ? cc_people_fail_code(err) : rc;
}

/* The code was right. It counts once: MFA sessions may be good for more at the pool. */
static enum cc_code go_on(struct cc_cognito *cognito, struct cc_arena *arena, struct answering *it,
                          const struct cc_pool_auth *auth, struct cc_signed_in *out,
                          struct cc_err *err)
{
    enum cc_code rc = cc_people_run(&cognito->people, arena, use, it, err);

    if (rc == CC_OK && auth->challenge.at && !auth->access_token.at)
        return cc_cognito_challenge(cognito, arena, &it->run, auth, out, err);
    if (rc == CC_OK)
        return cc_cognito_begin_session(cognito, arena, &it->run, auth, out, err);
    if (auth->refresh_token.at)
        cc_cognito_revoke(cognito, arena, auth->refresh_token);
    return rc;
}

enum cc_code cc_cognito_answer(struct cc_identity *self, struct cc_arena *arena,
                               const struct cc_answer *in, struct cc_signed_in *out,
                               struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    struct answering it = { .in = in };
    struct cc_pool_auth auth = { .access_token = CC_STR_ABSENT };
    enum cc_code rc = prepare(cognito, arena, &it, err);

    if (rc == CC_NOT_FOUND)
        return cc_people_fail_code(err);
    if (rc != CC_OK)
        return rc;
    rc = ask(cognito, arena, &it, &auth, err);
    if (rc == CC_WRONG_CODE || rc == CC_TOO_MANY)
        return fail_wrong(arena, &it, err);
    if (rc == CC_OK)
        rc = go_on(cognito, arena, &it, &auth, out, err);
    if (rc != CC_NOT_FOUND && rc != CC_WRONG_CREDENTIALS)
        return rc;
    cc_err_clear(err);
    return cc_people_fail_code(err);
}
