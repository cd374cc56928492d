#include "account.h"

#include "items.h"

#include "../base/field.h"
#include "../base/id.h"
#include "../store/keys.h"

/* A removal that was interrupted is finished by whoever does what is due. */
#define FINISHED_AFTER_MS (60 * (int64_t)1000)

/* --- who it is -------------------------------------------------------------------------------- */

static bool has_only_digits(struct cc_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    }
    return text.len > 0;
}

const char *cc_who_read(struct cc_str text, struct cc_who *out)
{
    *out = (struct cc_who){ 0 };
    if (cc_str_starts(text, CC_STR("+")) || has_only_digits(text)) {
        out->login.phone_number = text;
        return cc_phone_fault(text);
    }
    if (cc_str_find(text, '@') < text.len) {
        out->login.email = text;
        return cc_email_fault(text);
    }
    out->user = text;
    return cc_id_is_wellformed(text) ? NULL
                                     : "It is a number like +49..., an e-mail address, or an id.";
}

struct finding {
    const struct cc_who *who;
    struct cc_identifier login;
    struct cc_account account;
};

static enum cc_code read_sessions(struct cc_txn *txn, struct cc_account *account,
                                  struct cc_err *err)
{
    struct cc_session_items items;
    struct cc_session *sessions;
    enum cc_code rc = cc_session_list(txn, account->profile.user, &items, err);

    if (rc != CC_OK)
        return rc;
    sessions = CC_NEW_ARRAY(cc_txn_arena(txn), struct cc_session, items.count);
    for (size_t i = 0; i < items.count; i++)
        sessions[i] = (struct cc_session){ .id = items.at[i].id,
                                           .device_name = items.at[i].device,
                                           .created_ms = items.at[i].created_ms,
                                           .seen_ms = items.at[i].seen_ms };
    account->sessions = (struct cc_sessions){ sessions, items.count };
    account->session_count = items.count;
    return CC_OK;
}

/* What is left of somebody of whom there is no profile: his HEAD, until his removal is finished. */
static enum cc_code read_rest(struct cc_txn *txn, struct cc_account *account, struct cc_err *err)
{
    struct cc_item ignored;

    account->state = CC_ACCOUNT_REMOVING;
    return cc_txn_get(txn, cc_key_user_head(cc_txn_arena(txn), account->profile.user), &ignored,
                      err);
}

static enum cc_code read_account(struct cc_txn *txn, struct cc_str user, struct cc_account *out,
                                 struct cc_err *err)
{
    struct cc_credential credential = { .state = CC_ACCOUNT_REMOVING };
    enum cc_code rc = cc_profile_get(txn, user, &out->profile, err);

    if (rc == CC_NOT_FOUND) {
        out->profile = (struct cc_profile){ .user = user };
        return read_rest(txn, out, err);
    }
    if (rc == CC_OK)
        rc = cc_credential_get(txn, user, &credential, err);
    out->state = credential.state;
    return rc == CC_OK ? read_sessions(txn, out, err) : rc;
}

static enum cc_code find_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct finding *f = arg;
    struct cc_str user = f->who->user;
    enum cc_code rc = CC_OK;

    f->account = (struct cc_account){ 0 };
    if (!user.at)
        rc = cc_identifier_get(txn, &f->login, &user, err);
    if (rc != CC_OK)
        return rc;
    return user.at ? read_account(txn, user, &f->account, err) : CC_NOT_FOUND;
}

enum cc_code cc_account_find(struct cc_store *store, struct cc_arena *arena,
                             const struct cc_who *who, struct cc_account *out, struct cc_err *err)
{
    struct finding f = { .who = who };
    struct cc_err why = { 0 };
    enum cc_code rc = who->user.at ? CC_OK : cc_login_check(arena, &who->login, &f.login, err);

    if (rc != CC_OK)
        return rc;
    rc = cc_store_view(store, arena, find_in, &f, &why);
    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_NOT_FOUND,
                       who->user.at                 ? "Nobody has this id."
                       : who->login.phone_number.at ? "Nobody has this number."
                                                    : "Nobody has this address.",
                       "%s", "");
    if (rc == CC_OK)
        *out = f.account;
    else
        *err = why;
    return rc;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* One person's items come one after another. */
struct gathering {
    struct cc_arena *arena; /* of the account that is being gathered */
    struct cc_str user;     /* whose it is; absent: nobody's yet */
    struct cc_account account;
    cc_account_fn *fn;
    void *arg;
};

static enum cc_code give(struct gathering *g, struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    if (g->account.profile.user.at)
        rc = g->fn(&g->account, g->arg, err);
    cc_arena_reset(g->arena);
    g->account = (struct cc_account){ 0 };
    return rc;
}

static enum cc_code take_profile(struct gathering *g, const struct cc_item *item,
                                 struct cc_err *err)
{
    const struct cc_item copy = { .key = { g->user, item->key.sk },
                                  .body = cc_str_copy(g->arena, item->body) };

    return cc_profile_load(g->arena, &copy, &g->account.profile, err);
}

static enum cc_code take_state(struct gathering *g, const struct cc_item *item, struct cc_err *err)
{
    struct cc_credential credential;
    enum cc_code rc = cc_credential_load(g->arena, item, &credential, err);

    g->account.state = credential.state;
    return rc;
}

static enum cc_code gather(const struct cc_item *item, void *arg, struct cc_err *err)
{
    struct gathering *g = arg;
    const enum cc_kind kind = cc_key_kind(item->key);
    enum cc_code rc = CC_OK;

    if (!cc_str_eq(g->user, item->key.pk)) {
        rc = give(g, err);
        g->user = cc_str_copy(g->arena, item->key.pk);
    }
    if (rc != CC_OK)
        return rc;
    g->account.session_count += kind == CC_KIND_SESSION;
    if (kind == CC_KIND_CREDENTIAL)
        return take_state(g, item, err);
    return kind == CC_KIND_PERSON ? take_profile(g, item, err) : CC_OK;
}

enum cc_code cc_account_walk(struct cc_store *store, cc_account_fn *fn, void *arg,
                             struct cc_err *err)
{
    struct gathering g = { .arena = cc_arena_new(CC_ARENA_CEILING_BYTES), .fn = fn, .arg = arg };
    enum cc_code rc = cc_store_walk(store, CC_KEY_USERS, gather, &g, err);

    if (rc == CC_OK)
        rc = give(&g, err);
    cc_arena_free(g.arena);
    return rc;
}

/* --- changing one ----------------------------------------------------------------------------- */

struct changing {
    struct cc_str user;
    int state; /* enum cc_account_state */
    bool ends_sessions;
};

static enum cc_code end_sessions(struct cc_txn *txn, struct cc_str user,
                                 const struct cc_credential *credential, struct cc_err *err)
{
    const struct cc_principal nobody = { user, CC_STR_ABSENT };

    return cc_session_delete_others(txn, &nobody, credential, err);
}

static enum cc_code change_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct changing *c = arg;
    struct cc_credential credential;
    enum cc_code rc = cc_credential_get(txn, c->user, &credential, err);

    if (rc != CC_OK)
        return rc;
    if (credential.state == CC_ACCOUNT_REMOVING)
        return cc_fail(err, CC_CONFLICT, "This account is being removed.", "%s", "");
    credential.state = c->state;
    if (c->ends_sessions)
        return end_sessions(txn, c->user, &credential, err);
    return cc_credential_put(txn, c->user, &credential, err);
}

enum cc_code cc_account_disable(struct cc_store *store, struct cc_arena *arena, struct cc_str user,
                                struct cc_err *err)
{
    struct changing c = { user, CC_ACCOUNT_DISABLED, true };

    return cc_store_run(store, arena, change_in, &c, err);
}

enum cc_code cc_account_enable(struct cc_store *store, struct cc_arena *arena, struct cc_str user,
                               struct cc_err *err)
{
    struct changing c = { user, CC_ACCOUNT_ACTIVE, false };

    return cc_store_run(store, arena, change_in, &c, err);
}

static enum cc_code end_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_str *user = arg;
    struct cc_credential credential;
    enum cc_code rc = cc_credential_get(txn, *user, &credential, err);

    return rc == CC_OK ? end_sessions(txn, *user, &credential, err) : rc;
}

enum cc_code cc_account_end_sessions(struct cc_store *store, struct cc_arena *arena,
                                     struct cc_str user, struct cc_err *err)
{
    return cc_store_run(store, arena, end_in, &user, err);
}

/* --- removing one ----------------------------------------------------------------------------- */

struct job {
    struct cc_str user;
};

static const struct cc_field job_fields[] = {
    { .name = "user", .type = CC_FIELD_STR, .offset = offsetof(struct job, user) },
    { .name = NULL },
};

enum cc_code cc_account_of_job(struct cc_arena *arena, const struct cc_job *job,
                               struct cc_str *user, struct cc_err *err)
{
    struct job body;
    enum cc_code rc = cc_fields_load(arena, job_fields, job->body, &body, err);

    if (rc == CC_OK)
        *user = body.user;
    return rc;
}

static enum cc_code add_job(struct cc_txn *txn, struct cc_str user, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct job job = { user };

    return cc_timer_add(txn, cc_txn_now_ms(txn) + FINISHED_AFTER_MS, user, CC_JOB_REMOVAL,
                        cc_fields_save(arena, job_fields, &job), err);
}

static enum cc_code begin_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_str *user = arg;
    struct cc_credential credential;
    enum cc_code rc = cc_credential_get(txn, *user, &credential, err);

    if (rc == CC_NOT_FOUND || (rc == CC_OK && credential.state == CC_ACCOUNT_REMOVING))
        return CC_OK;
    credential.state = CC_ACCOUNT_REMOVING;
    if (rc == CC_OK)
        rc = end_sessions(txn, *user, &credential, err);
    return rc == CC_OK ? add_job(txn, *user, err) : rc;
}

enum cc_code cc_account_remove_begin(struct cc_store *store, struct cc_arena *arena,
                                     struct cc_str user, struct cc_err *err)
{
    return cc_store_run(store, arena, begin_in, &user, err);
}

/* Frees it, unless it is another's by now. */
static enum cc_code free_identifier(struct cc_txn *txn, struct cc_str user,
                                    const struct cc_identifier *identifier, struct cc_err *err)
{
    struct cc_str owner = CC_STR_ABSENT;
    enum cc_code rc = CC_OK;

    if (identifier->value.at)
        rc = cc_identifier_get(txn, identifier, &owner, err);
    return rc == CC_OK && cc_str_eq(owner, user) ? cc_identifier_delete(txn, identifier, err) : rc;
}

/* All that stands for him in the world goes in one commit: whoever finds him finds all of him. */
static enum cc_code end_removal_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_str *user = arg;
    struct cc_profile profile;
    enum cc_code rc = cc_profile_get(txn, *user, &profile, err);

    if (rc == CC_NOT_FOUND)
        return CC_OK;
    if (rc == CC_OK)
        rc = free_identifier(txn, *user, &(struct cc_identifier){ "phone", profile.phone_number },
                             err);
    if (rc == CC_OK)
        rc = free_identifier(txn, *user, &(struct cc_identifier){ "email", profile.email }, err);
    if (rc == CC_OK)
        rc = cc_credential_delete(txn, *user, err);
    return rc == CC_OK ? cc_profile_delete(txn, *user, err) : rc;
}

enum cc_code cc_account_remove_end(struct cc_store *store, struct cc_arena *arena,
                                   struct cc_str user, struct cc_err *err)
{
    return cc_store_run(store, arena, end_removal_in, &user, err);
}
