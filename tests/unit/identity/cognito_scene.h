/* Accounts with a user pool, for the tests of identity/cognito: who has one, who is signed in, and
 * what a person does about a password. */
#ifndef CC_TESTS_COGNITO_SCENE_H
#define CC_TESTS_COGNITO_SCENE_H

#include "fake_pool.h"

#define NEW_PASSWORD CC_STR("another correct horse")

/* Does what is due, as the tick does. */
static inline void do_jobs(struct fake_pool *p)
{
    struct house *h = &p->scene.house;
    struct cc_jobs jobs;

    do {
        ck_assert_int_eq(cc_timer_take(h->store, h->arena, 60000, 16, &jobs, anew(h)), CC_OK);
        for (size_t i = 0; i < jobs.count; i++) {
            const struct cc_job *job = &jobs.at[i];

            if (cc_str_eq(job->kind, CC_STR(CC_JOB_POOL)))
                ck_assert_int_eq(cc_identity_do_job(h->identity, h->arena, job, anew(h)), CC_OK);
            else
                ck_assert_int_eq(
                    cc_identity_send_code(h->identity, h->arena, job, &h->sender.base, anew(h)),
                    CC_OK);
            ck_assert_int_eq(cc_timer_done(h->store, h->arena, job, anew(h)), CC_OK);
        }
    } while (jobs.count > 0);
}

static inline struct cc_str new_account(struct fake_pool *p, struct cc_str who)
{
    struct house *h = &p->scene.house;
    struct cc_str id;

    ck_assert_msg(sign_up(h, who, &id) == CC_OK, "%s", h->err.cause);
    ck_assert_msg(confirm(h, id, POOL_CODE) == CC_OK, "%s", h->err.cause);
    return id;
}

static inline enum cc_code forgot(struct fake_pool *p, struct cc_str who, struct cc_str *id)
{
    struct house *h = &p->scene.house;
    struct cc_forgot in = { login_of(who), h->address };
    struct cc_pending pending = { .id = CC_STR_ABSENT };
    enum cc_code rc = cc_identity_forgot(h->identity, h->arena, &in, &pending, anew(h));

    *id = pending.id;
    return rc;
}

static inline enum cc_code reset(struct fake_pool *p, struct cc_str id, struct cc_str code)
{
    struct house *h = &p->scene.house;
    struct cc_reset in = { id, code, NEW_PASSWORD, h->address };

    return cc_identity_reset(h->identity, h->arena, &in, anew(h));
}

static inline enum cc_code sign_out(struct fake_pool *p, const struct cc_tokens *tokens,
                                    struct cc_str refresh_token, bool everywhere)
{
    struct house *h = &p->scene.house;
    struct cc_sign_out in = { whose(h, tokens->access_token), tokens->access_token, refresh_token,
                              everywhere };

    return cc_identity_sign_out(h->identity, h->arena, &in, anew(h));
}

static inline enum cc_code change(struct fake_pool *p, const struct cc_tokens *tokens,
                                  struct cc_str old)
{
    struct house *h = &p->scene.house;
    struct cc_change_password in = { whose(h, tokens->access_token), tokens->access_token, old,
                                     NEW_PASSWORD };

    return cc_identity_change_password(h->identity, h->arena, &in, anew(h));
}

static inline void no_job_is_left(struct fake_pool *p)
{
    struct house *h = &p->scene.house;
    struct cc_jobs jobs;

    turn(h, 61);
    ck_assert_int_eq(cc_timer_take(h->store, h->arena, 60000, 16, &jobs, anew(h)), CC_OK);
    ck_assert_uint_eq(jobs.count, 0);
}

/* --- who is there ----------------------------------------------------------------------------- */

/* Ada has an account. */
static inline void open_with_ada(struct fake_pool *p)
{
    pool_open(p, false);
    (void)new_account(p, ADA);
}

static inline struct cc_tokens open_signed_in(struct fake_pool *p)
{
    open_with_ada(p);
    return sign_in(&p->scene.house, ADA);
}

/* Ada, signed in twice. */
static inline void open_with_two(struct fake_pool *p, struct cc_tokens *mine,
                                 struct cc_tokens *other)
{
    *mine = open_signed_in(p);
    *other = sign_in(&p->scene.house, ADA);
}

/* --- a store that takes nothing for now ------------------------------------------------------- */

static const struct cc_store_ops *real_ops;
static int runs_left;

static inline enum cc_code refuse_to_run(struct cc_store *store, struct cc_arena *arena,
                                         cc_txn_fn *fn, void *arg, struct cc_err *err)
{
    if (runs_left-- > 0)
        return real_ops->run(store, arena, fn, arg, err);
    return cc_fail(err, CC_UNAVAILABLE, NULL, "the store was told to fail");
}

/* From the write after the next so many. */
static inline void refuse_writes(struct house *h, struct cc_store_ops *ops, int after)
{
    runs_left = after;
    real_ops = h->store->ops;
    *ops = *real_ops;
    ops->run = refuse_to_run;
    h->store->ops = ops;
}

#endif
