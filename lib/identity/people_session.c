#include "people.h"

#include "secret.h"

#include "../base/encode.h"
#include "../base/id.h"
#include "../store/keys.h"

/* --- refresh tokens --------------------------------------------------------------------------- */

struct cc_str cc_people_mac(const struct cc_people *people, struct cc_arena *arena,
                            const struct cc_principal *who, struct cc_str rest)
{
    const struct cc_str parts[] = { CC_STR("refresh token"), who->user, who->session, rest };
    unsigned char mac[CC_SHA256_SIZE];
    struct cc_str text;

    cc_hmac_sha256(people->secret, parts, CC_COUNT(parts), mac);
    text = cc_base64url_encode(arena, (struct cc_str){ (const char *)mac, sizeof(mac) });
    cc_secret_wipe_later(arena, text);
    return text;
}

struct cc_access_token_rules cc_people_token_rules(const struct cc_people *people)
{
    return (struct cc_access_token_rules){
        .issuer = people->config.issuer,
        .client_id = people->config.client_id,
        .now_s = cc_clock_wall_ms(people->config.clock) / 1000,
        .of_pool = people->of_pool,
    };
}

/* --- asking whose a token is ------------------------------------------------------------------ */

static struct cc_token_cache_key cache_key(const struct cc_people *people, struct cc_str token)
{
    struct cc_token_cache_key key = { .generation = cc_token_keys_generation(people->keys) };

    cc_sha256(token, key.digest);
    return key;
}

static enum cc_code verify(struct cc_people *people, struct cc_arena *arena, struct cc_str token,
                           const struct cc_token_cache_key *key, struct cc_principal *out,
                           struct cc_err *err)
{
    struct cc_access_token_rules rules = cc_people_token_rules(people);
    struct cc_claims claims;
    enum cc_code rc;

    if (cc_token_cache_find(people->cache, arena, key, rules.now_s, out))
        return CC_OK;
    rc = cc_access_token_verify(arena, people->keys, &rules, token, &claims, err);
    if (rc != CC_OK)
        return rc;
    *out = (struct cc_principal){ claims.user, claims.session };
    cc_token_cache_add(people->cache, key, out, claims.expires_s);
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
static enum cc_code check_session(struct cc_people *people, struct cc_arena *arena,
                                  const struct cc_token_cache_key *key,
                                  const struct cc_principal *who, struct cc_err *err)
{
    const int64_t age_ms = people->config.session_memory_s * 1000;
    const int64_t now_ms = cc_clock_mono_ms(people->config.clock);
    struct cc_principal copy = *who;
    enum cc_code rc;

    if (age_ms > 0 && cc_token_cache_had_session(people->cache, key, now_ms, age_ms))
        return CC_OK;
    rc = cc_people_view(people, arena, find_session, &copy, err);
    if (rc == CC_OK && age_ms > 0)
        cc_token_cache_note_session(people->cache, key, now_ms);
    return rc;
}

enum cc_code cc_people_authenticate(struct cc_identity *self, struct cc_arena *arena,
                                    struct cc_str token, struct cc_principal *out,
                                    struct cc_err *err)
{
    struct cc_people *people = cc_people_of(self);
    const struct cc_token_cache_key key = cache_key(people, token);
    struct cc_principal who;
    enum cc_code rc = verify(people, arena, token, &key, &who, err);

    if (rc == CC_OK)
        rc = check_session(people, arena, &key, &who, err);
    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_UNAUTHORIZED, NULL, "access token: its session is over");
    if (rc == CC_OK)
        *out = who;
    return rc;
}

/* --- the sessions of a user ------------------------------------------------------------------- */

static enum cc_code delete_session(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    return cc_session_delete(txn, arg, err);
}

enum cc_code cc_people_session_delete(struct cc_people *people, struct cc_arena *arena,
                                      const struct cc_principal *who, struct cc_err *err)
{
    struct cc_principal copy = *who;

    return cc_people_run(people, arena, delete_session, &copy, err);
}

static enum cc_code end_session(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_session_item ignored;
    enum cc_code rc = cc_session_get(txn, arg, &ignored, err);

    return rc == CC_OK ? cc_session_delete(txn, arg, err) : rc;
}

enum cc_code cc_people_session_end(struct cc_identity *self, struct cc_arena *arena,
                                   const struct cc_principal *which, struct cc_err *err)
{
    struct cc_principal copy = *which;
    enum cc_code rc = CC_NOT_FOUND;

    if (cc_id_is_wellformed(which->session))
        rc = cc_people_run(cc_people_of(self), arena, end_session, &copy, err);
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

enum cc_code cc_people_sessions_end_others(struct cc_identity *self, struct cc_arena *arena,
                                           const struct cc_principal *who, struct cc_err *err)
{
    struct cc_principal copy = *who;
    enum cc_code rc = cc_people_run(cc_people_of(self), arena, end_others, &copy, err);

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

enum cc_code cc_people_sessions(struct cc_identity *self, struct cc_arena *arena,
                                struct cc_str user, struct cc_sessions *out, struct cc_err *err)
{
    struct listing run = { .user = user };
    struct cc_session *sessions;
    enum cc_code rc = cc_people_view(cc_people_of(self), arena, list_sessions, &run, err);

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
