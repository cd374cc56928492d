#include "people.h"

#include "../base/text.h"

#define DEVICE_CHARACTERS_MAX 64

static enum cc_code check_device(struct cc_arena *arena, struct cc_str name, struct cc_str *out,
                                 struct cc_err *err)
{
    if (!name.at)
        return CC_OK;
    *out = cc_text_name(arena, name);
    if (out->len == 0 || cc_text_length(*out) > DEVICE_CHARACTERS_MAX)
        return cc_fail_field(err, "/device_name", "A name is one line of 1 to 64 characters.");
    return CC_OK;
}

enum cc_code cc_people_sign_in_check(struct cc_people *people, struct cc_arena *arena,
                                     const struct cc_sign_in *in, struct cc_signing_in *out,
                                     struct cc_err *err)
{
    enum cc_code rc;

    *out = (struct cc_signing_in){ .people = people };
    rc = cc_login_check(arena, &in->login, &out->login, err);
    if (rc == CC_OK)
        rc = check_device(arena, in->device_name, &out->session.device, err);
    if (rc == CC_OK)
        out->attempt = cc_people_attempt(people, arena, &out->login, in->address);
    return rc;
}

/* The same reads for a number that nobody has: his credential is looked for where none can be. */
static enum cc_code look_up(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_signing_in *run = arg;
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
    struct cc_signing_in *run = arg;

    return cc_throttle_wrong(txn, &run->attempt, &run->retry_after_s, err);
}

/* Room for one more: those that were not used for longest go. */
static enum cc_code drop_oldest(struct cc_txn *txn, const struct cc_signing_in *run,
                                struct cc_err *err)
{
    size_t keep = (size_t)run->people->config.sessions_max - 1;
    struct cc_session_items sessions;
    enum cc_code rc = cc_session_list(txn, run->user, &sessions, err);

    for (size_t i = keep; rc == CC_OK && i < sessions.count; i++)
        rc = cc_session_delete(txn, &(struct cc_principal){ run->user, sessions.at[i].id }, err);
    return rc;
}

static enum cc_code put_session(struct cc_txn *txn, struct cc_signing_in *run, struct cc_err *err)
{
    int64_t now_ms = cc_txn_now_ms(txn);
    struct cc_session_item *session = &run->session;

    session->n = 1;
    session->created_ms = session->seen_ms = session->turned_ms = now_ms;
    session->expires_ms = now_ms + run->people->config.session_idle_s * 1000;
    return cc_session_put(txn, run->user, session, err);
}

static bool is_same(const struct cc_credential *a, const struct cc_credential *b)
{
    return cc_str_eq(a->hash, b->hash) && a->state == b->state;
}

/* The password was verified outside: it counts only if the credential is still the same. */
static enum cc_code open_session(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_signing_in *run = arg;
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

/* A verdict of the throttles, where there is one. */
static enum cc_code tell(const struct cc_signing_in *run, enum cc_code rc, struct cc_err *err)
{
    if (rc != CC_OK || run->retry_after_s == 0)
        return rc;
    return cc_people_fail_throttled(run->people, CC_THROTTLED_PASSWORD, run->retry_after_s, err);
}

enum cc_code cc_people_sign_in_look(struct cc_arena *arena, struct cc_signing_in *run,
                                    struct cc_err *err)
{
    run->is_stale = false;
    return tell(run, cc_people_view(run->people, arena, look_up, run, err), err);
}

/* Who is disabled is told nothing: to him, too, any password is a wrong one. */
bool cc_people_may_sign_in(const struct cc_signing_in *run)
{
    return run->user.at && run->credential.hash.at && run->credential.state == CC_ACCOUNT_ACTIVE;
}

enum cc_code cc_people_sign_in_open(struct cc_arena *arena, struct cc_signing_in *run,
                                    struct cc_err *err)
{
    return tell(run, cc_people_run(run->people, arena, open_session, run, err), err);
}

enum cc_code cc_people_sign_in_wrong(struct cc_arena *arena, struct cc_signing_in *run,
                                     struct cc_err *err)
{
    return tell(run, cc_people_run(run->people, arena, count_wrong, run, err), err);
}
