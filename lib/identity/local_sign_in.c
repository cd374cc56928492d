#include "local.h"

#include "../base/id.h"
#include "../base/text.h"

#define SESSION_ID_BYTES 16
#define DEVICE_CHARACTERS_MAX 64
#define TIMES_MAX 3

struct sign_in {
    struct cc_local *local;
    struct cc_identifier login;
    struct cc_attempt attempt;
    struct cc_str user;              /* absent: nobody has this number */
    struct cc_credential credential; /* whose hash was verified; absent likewise */
    struct cc_str new_hash;          /* the same, or made anew with the parameters of today */
    bool matches;
    struct cc_session_item session;
    /* the verdict */
    int64_t retry_after_s;
    bool is_stale; /* the credential changed while the password was verified */
};

/* The same reads for a number that nobody has: his credential is looked for where none can be. */
static enum cc_code look_up(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct sign_in *run = arg;
    enum cc_code rc = cc_throttle_look(txn, &run->attempt, &run->retry_after_s, err);

    run->credential = (struct cc_credential){ 0 };
    if (rc == CC_OK)
        rc = cc_identifier_get(txn, &run->login, &run->user, err);
    if (rc == CC_OK)
        rc = cc_credential_get(txn, run->user.at ? run->user : run->attempt.account,
                               &run->credential, err);
    return rc == CC_NOT_FOUND ? CC_OK : rc;
}

static enum cc_code count_wrong(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct sign_in *run = arg;

    return cc_throttle_wrong(txn, &run->attempt, &run->retry_after_s, err);
}

/* Room for one more: those that were not used for longest go. */
static enum cc_code drop_oldest(struct cc_txn *txn, const struct sign_in *run, struct cc_err *err)
{
    size_t keep = (size_t)run->local->config.sessions_max - 1;
    struct cc_session_items sessions;
    enum cc_code rc = cc_session_list(txn, run->user, &sessions, err);

    for (size_t i = keep; rc == CC_OK && i < sessions.count; i++)
        rc = cc_session_delete(txn, &(struct cc_principal){ run->user, sessions.at[i].id }, err);
    return rc;
}

static enum cc_code put_session(struct cc_txn *txn, struct sign_in *run, struct cc_err *err)
{
    int64_t now_ms = cc_txn_now_ms(txn);
    struct cc_session_item *session = &run->session;

    session->n = 1;
    session->created_ms = session->seen_ms = session->turned_ms = now_ms;
    session->expires_ms = now_ms + run->local->config.session_idle_s * 1000;
    return cc_session_put(txn, run->user, session, err);
}

static bool is_same(const struct cc_credential *a, const struct cc_credential *b)
{
    return cc_str_eq(a->hash, b->hash) && a->state == b->state;
}

/* The password was verified outside: it counts only if the credential is still the same. */
static enum cc_code open_session(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct sign_in *run = arg;
    struct cc_credential credential;
    enum cc_code rc = cc_credential_get(txn, run->user, &credential, err);

    run->is_stale = rc == CC_NOT_FOUND || (rc == CC_OK && !is_same(&credential, &run->credential));
    if (run->is_stale)
        return CC_OK;
    if (rc == CC_OK)
        rc = cc_throttle_right(txn, &run->attempt, &run->retry_after_s, err);
    if (rc != CC_OK || run->retry_after_s > 0)
        return rc;
    rc = drop_oldest(txn, run, err);
    credential.hash = run->new_hash;
    if (rc == CC_OK)
        rc = cc_credential_put(txn, run->user, &credential, err);
    return rc == CC_OK ? put_session(txn, run, err) : rc;
}

/* Who is disabled is told nothing: to him, too, any password is a wrong one. */
static enum cc_code check_password(struct cc_arena *arena, struct cc_str password,
                                   struct sign_in *run, struct cc_err *err)
{
    const struct cc_hasher *hasher = &run->local->hasher;
    struct cc_str normal = cc_password_normal(arena, password);
    const struct cc_str hash = run->credential.hash;
    enum cc_code rc = cc_password_verify(hasher, arena, normal, hash, &run->matches, err);

    run->matches = run->matches && run->credential.state == CC_ACCOUNT_ACTIVE;
    run->new_hash = hash;
    if (rc == CC_OK && run->matches && !cc_password_is_current(hasher, hash))
        rc = cc_password_hash(hasher, arena, normal, &run->new_hash, err);
    return rc;
}

static enum cc_code try_password(struct cc_arena *arena, const struct cc_sign_in *in,
                                 struct sign_in *run, struct cc_err *err)
{
    struct cc_local *local = run->local;
    enum cc_code rc = cc_local_view(local, arena, look_up, run, err);

    if (rc == CC_OK && run->retry_after_s > 0)
        return cc_local_fail_throttled(local, CC_THROTTLED_PASSWORD, run->retry_after_s, err);
    if (rc == CC_OK)
        rc = check_password(arena, in->password, run, err);
    if (rc == CC_OK)
        rc = cc_local_run(local, arena, run->matches ? open_session : count_wrong, run, err);
    if (rc == CC_OK && run->retry_after_s > 0)
        return cc_local_fail_throttled(local, CC_THROTTLED_PASSWORD, run->retry_after_s, err);
    return rc;
}

/* A neighbour who signs in may have hashed the same password anew meanwhile: look again. */
static enum cc_code sign_in(struct cc_arena *arena, const struct cc_sign_in *in,
                            struct sign_in *run, struct cc_err *err)
{
    enum cc_code rc = CC_OK;
    int times = 0;

    do {
        run->is_stale = false;
        rc = try_password(arena, in, run, err);
    } while (rc == CC_OK && run->is_stale && ++times < TIMES_MAX);
    if (rc != CC_OK)
        return rc;
    if (!run->matches || run->is_stale)
        return cc_fail(err, CC_WRONG_CREDENTIALS, NULL, "identity: wrong number or password");
    return CC_OK;
}

enum cc_code cc_local_sign_in(struct cc_identity *self, struct cc_arena *arena,
                              const struct cc_sign_in *in, struct cc_signed_in *out,
                              struct cc_err *err)
{
    struct cc_local *local = cc_local_of(self);
    struct sign_in run = { .local = local };
    struct cc_principal who;
    enum cc_code rc = cc_login_check(arena, &in->login, &run.login, err);

    if (rc != CC_OK)
        return rc;
    if (in->device_name.at) {
        run.session.device = cc_text_name(arena, in->device_name);
        if (run.session.device.len == 0 ||
            cc_text_length(run.session.device) > DEVICE_CHARACTERS_MAX)
            return cc_fail_field(err, "/device_name", "A name is one line of 1 to 64 characters.");
    }
    run.attempt = cc_local_attempt(local, arena, &run.login, in->address);
    run.session.id = cc_id_random(arena, local->config.random, SESSION_ID_BYTES);
    rc = sign_in(arena, in, &run, err);
    if (rc != CC_OK)
        return rc;
    who = (struct cc_principal){ run.user, run.session.id };
    *out = (struct cc_signed_in){ .challenge.id = CC_STR_ABSENT };
    return cc_local_tokens(local, arena, &who, &run.session, &out->tokens, err);
}

/* Nobody was given a challenge here. */
enum cc_code cc_local_answer(struct cc_identity *self, struct cc_arena *arena,
                             const struct cc_answer *in, struct cc_signed_in *out,
                             struct cc_err *err)
{
    (void)self, (void)arena, (void)in, (void)out;
    return cc_local_fail_code(err);
}
