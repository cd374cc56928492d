#include "local.h"

#include "secret.h"

#include "../base/id.h"

#define REFRESH_BYTES_MAX 256

/* --- tokens ----------------------------------------------------------------------------------- */

/* user.session.n.mac: nothing of it is stored but n. */
struct refresh_token {
    struct cc_str user, session;
    int64_t n;
};

static struct cc_str mac_of(const struct cc_local *local, struct cc_arena *arena,
                            const struct refresh_token *token)
{
    const struct cc_principal who = { token->user, token->session };

    return cc_people_mac(&local->people, arena, &who,
                         cc_str_format(arena, "%lld", (long long)token->n));
}

static struct cc_str write_refresh(const struct cc_local *local, struct cc_arena *arena,
                                   const struct refresh_token *token)
{
    struct cc_str mac = mac_of(local, arena, token);
    struct cc_str text =
        cc_str_format(arena, "%.*s.%.*s.%lld.%.*s", CC_STR_ARG(token->user),
                      CC_STR_ARG(token->session), (long long)token->n, CC_STR_ARG(mac));

    cc_secret_wipe_later(arena, text);
    return text;
}

static bool read_refresh(const struct cc_local *local, struct cc_arena *arena, struct cc_str text,
                         struct refresh_token *out)
{
    struct cc_str rest = text;
    struct cc_str n;

    if (text.len > REFRESH_BYTES_MAX)
        return false;
    out->user = cc_str_cut(&rest, '.');
    out->session = cc_str_cut(&rest, '.');
    n = cc_str_cut(&rest, '.');
    return rest.at && cc_id_is_wellformed(out->user) && cc_id_is_wellformed(out->session) &&
           cc_str_to_i64(n, 1, INT64_MAX - 1, &out->n) &&
           cc_str_eq_secret(mac_of(local, arena, out), rest);
}

enum cc_code cc_local_tokens(struct cc_local *local, struct cc_arena *arena,
                             const struct cc_principal *who, const struct cc_session_item *session,
                             struct cc_tokens *out, struct cc_err *err)
{
    const struct cc_identity_config *config = &local->people.config;
    struct cc_access_token_rules rules = cc_people_token_rules(&local->people);
    struct cc_claims claims = {
        .user = who->user,
        .session = who->session,
        .token = cc_id_uuid7(arena, config->clock, config->random),
        .event = cc_id_uuid7(arena, config->clock, config->random),
        .signed_in_s = session->created_ms / 1000,
        .issued_s = rules.now_s,
        .expires_s = rules.now_s + config->access_token_s,
    };
    struct refresh_token refresh = { who->user, who->session, session->n };
    enum cc_code rc =
        cc_access_token_sign(arena, local->ring, &rules, &claims, &out->access_token, err);

    if (rc != CC_OK)
        return rc;
    out->refresh_token = write_refresh(local, arena, &refresh);
    out->session_id = who->session;
    out->expires_in_s = config->access_token_s;
    return CC_OK;
}

/* --- refresh ---------------------------------------------------------------------------------- */

struct refresh {
    struct cc_local *local;
    struct refresh_token token;
    struct cc_session_item session;
    bool is_refused; /* the verdict */
    bool was_replayed;
};

static enum cc_code turn(struct cc_txn *txn, struct refresh *run, struct cc_err *err)
{
    struct cc_session_item *session = &run->session;
    int64_t now_ms = cc_txn_now_ms(txn);

    session->n = run->token.n + 1;
    session->seen_ms = session->turned_ms = now_ms;
    session->expires_ms = now_ms + run->local->people.config.session_idle_s * 1000;
    return cc_session_put(txn, run->token.user, session, err);
}

/* The previous token again, so soon that the answer to it may have been lost. A clock that was set
 * back does not make it soon until it has caught up. */
static bool is_retry(const struct refresh *run, int64_t now_ms)
{
    const int64_t grace_ms = run->local->people.config.refresh_grace_s * 1000;
    const int64_t age_ms = now_ms - run->session.turned_ms;

    return run->token.n == run->session.n - 1 && age_ms <= grace_ms && age_ms >= -grace_ms;
}

/* A good mac with n ahead of the row is from before a restore: it counts as the current one. */
static enum cc_code judge_refresh(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct refresh *run = arg;
    struct cc_principal who = { run->token.user, run->token.session };
    enum cc_code rc = cc_session_get(txn, &who, &run->session, err);

    run->is_refused = rc == CC_NOT_FOUND;
    run->was_replayed = false;
    if (rc != CC_OK)
        return run->is_refused ? CC_OK : rc;
    if (run->token.n >= run->session.n)
        return turn(txn, run, err);
    if (is_retry(run, cc_txn_now_ms(txn)))
        return CC_OK;
    run->is_refused = run->was_replayed = true;
    return cc_session_delete(txn, &who, err);
}

enum cc_code cc_local_refresh(struct cc_identity *self, struct cc_arena *arena,
                              struct cc_str refresh_token, struct cc_tokens *out,
                              struct cc_err *err)
{
    struct cc_local *local = cc_local_of(self);
    struct refresh run = { .local = local };
    struct cc_principal who;
    enum cc_code rc;

    if (!read_refresh(local, arena, refresh_token, &run.token))
        return cc_people_fail_refresh(err, "not one of ours");
    rc = cc_people_run(&local->people, arena, judge_refresh, &run, err);
    if (rc != CC_OK)
        return rc;
    who = (struct cc_principal){ run.token.user, run.token.session };
    if (run.was_replayed)
        cc_log_warn(local->people.config.log, "session ended: a used refresh token came again",
                    CC_LOG_STR("user", who.user), CC_LOG_STR("session", who.session));
    if (run.is_refused)
        return cc_people_fail_refresh(err, "its session is over");
    return cc_local_tokens(local, arena, &who, &run.session, out, err);
}

/* --- the rest --------------------------------------------------------------------------------- */

enum cc_code cc_local_sign_out(struct cc_identity *self, struct cc_arena *arena,
                               const struct cc_sign_out *in, struct cc_err *err)
{
    struct cc_people *people = cc_people_of(self);
    enum cc_code rc;

    if (!in->everywhere)
        return cc_people_session_delete(people, arena, &in->who, err);
    rc = cc_account_end_sessions(people->store, arena, in->who.user, err);
    if (rc != CC_NOT_FOUND)
        return rc;
    cc_err_clear(err); /* removed a moment ago, and his sessions with him */
    return CC_OK;
}

enum cc_code cc_local_jwks(struct cc_identity *self, struct cc_arena *arena, struct cc_jwks *out,
                           struct cc_err *err)
{
    (void)err;
    cc_keyring_jwks(cc_local_of(self)->ring, arena, out);
    return CC_OK;
}
