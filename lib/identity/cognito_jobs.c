/* What follows at the pool from what was committed here. */
#include "cognito.h"

#include "../base/field.h"

/* Later than any request that began before, whichever host's clock. */
#define INTENT_MS ((int64_t)60 * 1000)

struct task {
    int what;               /* enum cc_cognito_task */
    struct cc_str username; /* at the pool; of an intent: absent */
    struct cc_intent intent;
};

static const char *const tasks[] = { "remove", "sign-out", "new-password", NULL };

#define STR(name_, member)                                                                         \
    {                                                                                              \
        .name = (name_), .type = CC_FIELD_STR, .flags = CC_FIELD_OMIT,                             \
        .offset = offsetof(struct task, member)                                                    \
    }

static const struct cc_field task_fields[] = {
    { .name = "task",
      .type = CC_FIELD_ENUM,
      .offset = offsetof(struct task, what),
      .values = tasks },
    STR("username", username),
    STR("user", intent.keep.user),
    STR("session", intent.keep.session),
    STR("generation", intent.generation),
    { .name = NULL },
};

enum cc_code cc_cognito_queue(struct cc_txn *txn, enum cc_cognito_task task, struct cc_str username,
                              int64_t due_ms, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct task it = { .what = (int)task, .username = username };
    struct cc_str id = cc_str_format(arena, "pool.%s.%.*s", tasks[task], CC_STR_ARG(username));

    return cc_timer_add(txn, due_ms, id, CC_JOB_POOL, cc_fields_save(arena, task_fields, &it), err);
}

/* --- intents ---------------------------------------------------------------------------------- */

static struct cc_str intent_id(struct cc_arena *arena, const struct cc_intent *intent)
{
    return CC_JOIN(arena, CC_STR("pool.new-password."), intent->generation);
}

enum cc_code cc_cognito_intend(struct cc_txn *txn, struct cc_intent *intent, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct task it = { .what = CC_COGNITO_NEW_PASSWORD, .intent = *intent };

    intent->due_ms = cc_txn_now_ms(txn) + INTENT_MS;
    return cc_timer_add(txn, intent->due_ms, intent_id(arena, intent), CC_JOB_POOL,
                        cc_fields_save(arena, task_fields, &it), err);
}

enum cc_code cc_cognito_drop_intent(struct cc_txn *txn, const struct cc_intent *intent,
                                    struct cc_err *err)
{
    return cc_timer_remove(txn, intent->due_ms, intent_id(cc_txn_arena(txn), intent), err);
}

static enum cc_code drop(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    return cc_cognito_drop_intent(txn, arg, err);
}

void cc_cognito_forget_intent(struct cc_cognito *cognito, struct cc_arena *arena,
                              const struct cc_intent *intent)
{
    struct cc_intent copy = *intent;

    cc_people_run_aside(&cognito->people, arena, drop, &copy,
                        "sessions will end although their password is the same");
}

struct settling {
    struct cc_intent intent;
    bool is_done; /* the verdict */
};

/* As the commit would have done that never came. A job may run twice: the second time its
 * generation is there already, and perhaps new sessions that are none of its business. */
static enum cc_code settle(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct settling *run = arg;
    const struct cc_principal *keep = &run->intent.keep;
    struct cc_credential credential;
    enum cc_code rc = cc_credential_get(txn, keep->user, &credential, err);

    run->is_done = rc == CC_OK && !cc_str_eq(credential.hash, run->intent.generation);
    if (!run->is_done)
        return rc == CC_NOT_FOUND ? CC_OK : rc;
    credential.hash = run->intent.generation;
    rc = cc_session_delete_others(txn, keep, &credential, err);
    if (rc != CC_OK || keep->session.at)
        return rc;
    return cc_cognito_queue(txn, CC_COGNITO_SIGN_OUT,
                            cc_credential_username(&credential, keep->user), cc_txn_now_ms(txn),
                            err);
}

static enum cc_code carry_out(struct cc_cognito *cognito, struct cc_arena *arena,
                              const struct cc_intent *intent, struct cc_err *err)
{
    struct settling run = { .intent = *intent };
    enum cc_code rc = CC_OK;

    if (intent->keep.user.at)
        rc = cc_people_run(&cognito->people, arena, settle, &run, err);
    if (rc == CC_OK && run.is_done)
        cc_log_warn(cognito->people.config.log, "sessions ended: perhaps their password is another",
                    CC_LOG_STR("user", intent->keep.user));
    return rc;
}

/* --- the others ------------------------------------------------------------------------------- */

struct look {
    struct cc_str user;
    struct cc_credential ignored;
};

static enum cc_code find_credential(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct look *run = arg;

    return cc_credential_get(txn, run->user, &run->ignored, err);
}

/* Of a sign-up: the username is the user's id, if he became one. */
static enum cc_code remove_user(struct cc_cognito *cognito, struct cc_arena *arena,
                                struct cc_str username, struct cc_err *err)
{
    struct look run = { .user = username };
    enum cc_code rc = cc_people_view(&cognito->people, arena, find_credential, &run, err);

    if (rc != CC_NOT_FOUND)
        return rc;
    rc = cc_pool_act(&cognito->pool, arena, CC_POOL_DELETE, username, err);
    return rc == CC_NOT_FOUND ? CC_OK : rc;
}

static enum cc_code sign_out(struct cc_cognito *cognito, struct cc_arena *arena,
                             struct cc_str username, struct cc_err *err)
{
    enum cc_code rc = cc_pool_act(&cognito->pool, arena, CC_POOL_SIGN_OUT, username, err);

    return rc == CC_NOT_FOUND ? CC_OK : rc;
}

enum cc_code cc_cognito_do_job(struct cc_identity *self, struct cc_arena *arena,
                               const struct cc_job *job, struct cc_err *err)
{
    struct cc_cognito *cognito = cc_cognito_of(self);
    struct task it = { .what = 0 };
    enum cc_code rc = cc_fields_load(arena, task_fields, job->body, &it, err);

    if (rc != CC_OK)
        return rc;
    if (it.what == CC_COGNITO_NEW_PASSWORD)
        return carry_out(cognito, arena, &it.intent, err);
    return it.what == CC_COGNITO_REMOVE ? remove_user(cognito, arena, it.username, err)
                                        : sign_out(cognito, arena, it.username, err);
}
