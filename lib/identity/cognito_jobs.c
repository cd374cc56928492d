/* What follows at the pool from what was committed here. */
#include "cognito.h"

#include "../base/field.h"

struct task {
    int what; /* enum cc_cognito_task */
    struct cc_str username;
};

static const char *const tasks[] = { "remove", "sign-out", NULL };

static const struct cc_field task_fields[] = {
    { .name = "task",
      .type = CC_FIELD_ENUM,
      .offset = offsetof(struct task, what),
      .values = tasks },
    { .name = "username", .type = CC_FIELD_STR, .offset = offsetof(struct task, username) },
    { .name = NULL },
};

enum cc_code cc_cognito_queue(struct cc_txn *txn, enum cc_cognito_task task, struct cc_str username,
                              int64_t due_ms, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct task it = { (int)task, username };
    struct cc_str id = cc_str_format(arena, "pool.%s.%.*s", tasks[task], CC_STR_ARG(username));

    return cc_timer_add(txn, due_ms, id, CC_JOB_POOL, cc_fields_save(arena, task_fields, &it), err);
}

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
    return it.what == CC_COGNITO_REMOVE ? remove_user(cognito, arena, it.username, err)
                                        : sign_out(cognito, arena, it.username, err);
}
