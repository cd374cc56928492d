#include "local.h"

#include "secret.h"

#include "../base/encode.h"
#include "../base/id.h"
#include "../store/keys.h"

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
    const struct cc_str parts[] = { CC_STR("refresh token"), token->user, token->session,
                                    cc_str_format(arena, "%lld", (long long)token->n) };
    unsigned char mac[CC_SHA256_SIZE];

    cc_hmac_sha256(local->secret, parts, CC_COUNT(parts), mac);
    return cc_base64url_encode(arena, (struct cc_str){ (const char *)mac, sizeof(mac) });
}

static struct cc_str write_refresh(const struct cc_local *local, struct cc_arena *arena,
                                   const struct refresh_token *token)
{
    struct cc_str mac = mac_of(local, arena, token);
    struct cc_str text =
        cc_str_format(arena, "%.*s.%.*s.%lld.%.*s", CC_STR_ARG(token->user),
                      CC_STR_ARG(token->session), (long long)token->n, CC_STR_ARG(mac));

    cc_secret_wipe_later(arena, mac);
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

static struct cc_access_token_rules rules_now(const struct cc_local *local)
{
    return (struct cc_access_token_rules){ .issuer = local->config.issuer,
                                           .client_id = local->config.client_id,
                                           .now_s = cc_clock_wall_ms(local->config.clock) / 1000 };
}

enum cc_code cc_local_tokens(struct cc_local *local, struct cc_arena *arena,
                             const struct cc_principal *who, const struct cc_session_item *session,
                             struct cc_tokens *out, struct cc_err *err)
{
    const struct cc_identity_config *config = &local->config;
    struct cc_access_token_rules rules = rules_now(local);
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
    session->expires_ms = now_ms + run->local->config.session_idle_s * 1000;
    return cc_session_put(txn, run->token.user, session, err);
}

/* The previous token again, so soon that the answer to it may have been lost. A clock that was set
 * back does not make it soon until it has caught up. */
static bool is_retry(const struct refresh *run, int64_t now_ms)
{
    const int64_t grace_ms = run->local->config.refresh_grace_s * 1000;
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

static enum cc_code fail_refresh(struct cc_err *err, const char *why)
{
    return cc_fail(err, CC_UNAUTHORIZED, "This session is over: sign in again.",
                   "refresh token: %s", why);
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
        return fail_refresh(err, "not one of ours");
    rc = cc_local_run(local, arena, judge_refresh, &run, err);
    if (rc != CC_OK)
        return rc;
    who = (struct cc_principal){ run.token.user, run.token.session };
    if (run.was_replayed)
        cc_log_warn(local->config.log, "session ended: a used refresh token came again",
                    CC_LOG_STR("user", who.user), CC_LOG_STR("session", who.session));
    if (run.is_refused)
        return fail_refresh(err, "its session is over");
    return cc_local_tokens(local, arena, &who, &run.session, out, err);
}

/* --- asking whose a token is ------------------------------------------------------------------ */

static struct cc_token_cache_key cache_key(const struct cc_local *local, struct cc_str token)
{
    struct cc_token_cache_key key = { .generation = cc_token_keys_generation(
                                          cc_keyring_public(local->ring)) };

    cc_sha256(token, key.digest);
    return key;
}

static enum cc_code verify(struct cc_local *local, struct cc_arena *arena, struct cc_str token,
                           const struct cc_token_cache_key *key, struct cc_principal *out,
                           struct cc_err *err)
{
    struct cc_access_token_rules rules = rules_now(local);
    struct cc_claims claims;
    enum cc_code rc;

    if (cc_token_cache_find(local->cache, arena, key, rules.now_s, out))
        return CC_OK;
    rc = cc_access_token_verify(arena, cc_keyring_public(local->ring), &rules, token, &claims, err);
    if (rc != CC_OK)
        return rc;
    *out = (struct cc_principal){ claims.user, claims.session };
    cc_token_cache_add(local->cache, key, out, claims.expires_s);
    return CC_OK;
}

/* That the row is there is all it takes. */
static enum cc_code find_session(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_principal *who = arg;
    struct cc_item ignored;

    return cc_txn_get(txn, cc_key_session(cc_txn_arena(txn), who->user, who->session), &ignored,
                      err);
}

/* On every request, unless the configuration lets what was found be good for a while. */
static enum cc_code check_session(struct cc_local *local, struct cc_arena *arena,
                                  const struct cc_token_cache_key *key,
                                  const struct cc_principal *who, struct cc_err *err)
{
    const int64_t age_ms = local->config.session_memory_s * 1000;
    const int64_t now_ms = cc_clock_mono_ms(local->config.clock);
    struct cc_principal copy = *who;
    enum cc_code rc;

    if (age_ms > 0 && cc_token_cache_had_session(local->cache, key, now_ms, age_ms))
        return CC_OK;
    rc = cc_local_view(local, arena, find_session, &copy, err);
    if (rc == CC_OK && age_ms > 0)
        cc_token_cache_note_session(local->cache, key, now_ms);
    return rc;
}

enum cc_code cc_local_authenticate(struct cc_identity *self, struct cc_arena *arena,
                                   struct cc_str token, struct cc_principal *out,
                                   struct cc_err *err)
{
    struct cc_local *local = cc_local_of(self);
    const struct cc_token_cache_key key = cache_key(local, token);
    struct cc_principal who;
    enum cc_code rc = verify(local, arena, token, &key, &who, err);

    if (rc == CC_OK)
        rc = check_session(local, arena, &key, &who, err);
    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_UNAUTHORIZED, NULL, "access token: its session is over");
    if (rc == CC_OK)
        *out = who;
    return rc;
}

enum cc_code cc_local_jwks(struct cc_identity *self, struct cc_arena *arena, struct cc_jwks *out,
                           struct cc_err *err)
{
    (void)err;
    cc_keyring_jwks(cc_local_of(self)->ring, arena, out);
    return CC_OK;
}

/* --- the sessions of a user ------------------------------------------------------------------- */

static enum cc_code delete_session(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    return cc_session_delete(txn, arg, err);
}

enum cc_code cc_local_sign_out(struct cc_identity *self, struct cc_arena *arena,
                               const struct cc_sign_out *in, struct cc_err *err)
{
    struct cc_principal copy = in->who;

    return cc_local_run(cc_local_of(self), arena, delete_session, &copy, err);
}

static enum cc_code end_session(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_session_item ignored;
    enum cc_code rc = cc_session_get(txn, arg, &ignored, err);

    return rc == CC_OK ? cc_session_delete(txn, arg, err) : rc;
}

enum cc_code cc_local_session_end(struct cc_identity *self, struct cc_arena *arena,
                                  const struct cc_principal *which, struct cc_err *err)
{
    struct cc_principal copy = *which;
    enum cc_code rc = CC_NOT_FOUND;

    if (cc_id_is_wellformed(which->session))
        rc = cc_local_run(cc_local_of(self), arena, end_session, &copy, err);
    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_NOT_FOUND, NULL, "identity: no such session");
    return rc;
}

static enum cc_code end_others(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_principal *who = arg;
    struct cc_credential credential;
    enum cc_code rc = cc_credential_get(txn, who->user, &credential, err);

    return rc == CC_OK ? cc_session_delete_others(txn, who, &credential, err) : rc;
}

enum cc_code cc_local_sessions_end_others(struct cc_identity *self, struct cc_arena *arena,
                                          const struct cc_principal *who, struct cc_err *err)
{
    struct cc_principal copy = *who;
    enum cc_code rc = cc_local_run(cc_local_of(self), arena, end_others, &copy, err);

    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_UNAUTHORIZED, NULL, "identity: the account is gone");
    return rc;
}

struct listing {
    struct cc_str user;
    struct cc_session_items items;
};

static enum cc_code list_sessions(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct listing *run = arg;
    struct cc_credential ignored;
    enum cc_code rc = cc_credential_get(txn, run->user, &ignored, err);

    return rc == CC_OK ? cc_session_list(txn, run->user, &run->items, err) : rc;
}

enum cc_code cc_local_sessions(struct cc_identity *self, struct cc_arena *arena, struct cc_str user,
                               struct cc_sessions *out, struct cc_err *err)
{
    struct listing run = { .user = user };
    struct cc_session *sessions;
    enum cc_code rc = cc_local_view(cc_local_of(self), arena, list_sessions, &run, err);

    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_UNAUTHORIZED, NULL, "identity: the account is gone");
    if (rc != CC_OK)
        return rc;
    sessions = CC_NEW_ARRAY(arena, struct cc_session, run.items.count);
    for (size_t i = 0; i < run.items.count; i++)
        sessions[i] = (struct cc_session){ .id = run.items.at[i].id,
                                           .device_name = run.items.at[i].device,
                                           .created_ms = run.items.at[i].created_ms,
                                           .seen_ms = run.items.at[i].seen_ms };
    *out = (struct cc_sessions){ sessions, run.items.count };
    return CC_OK;
}
