#include "removal.h"

/* Codes are awaited by a person; expired items by nobody. */
#define JOBS_EVERY_MS 50
#define SWEEP_EVERY_MS (60 * 1000)
/* Where a table does not delete what has expired, it is read through from end to end, and paid for.
 */
#define SWEEP_TABLE_EVERY_MS (60 * 60 * 1000)

/* How long a tick goes on while there is more. */
#define ROUND_MS 100
#define SWEEP_AT_ONCE 500
/* How long a process may be busy with what it took before another one does it instead. */
#define LEASE_MS (60 * 1000)
/* Few enough that the lease of none ends while it waits for the ones before it, however slow a
 * sender is: another process would do it a second time. */
#define JOBS_AT_ONCE 4
#define ATTEMPTS_MAX 10
/* What must be done one day is tried this often when it did not succeed for so long. */
#define PATIENCE_MS (60 * 60 * 1000)
/* Between the tries of a code: 2, 4, 8, ... seconds, up to a minute, half of it by chance, so that
 * what failed together does not come back together. */
#define BACK_OFF_MS 2000
#define BACK_OFF_MS_MAX (60 * 1000)
#define DOUBLINGS_MAX 5
/* A code that may have arrived is not sent for ever: each time may be paid for. */
#define UNKNOWN_MAX 6

_Static_assert((JOBS_AT_ONCE + 1) * CC_NOTICE_MS_MAX < LEASE_MS, "see JOBS_AT_ONCE");

static enum cc_code send_code(struct cc_app *app, const struct cc_job *job, struct cc_err *err)
{
    if (app->sender == NULL)
        return cc_fail(err, CC_INVALID, NULL, "[codes] sms and email are none");
    return cc_identity_send_code(app->identity, app->tick_arena, job, app->sender, err);
}

static enum cc_code remove_photo(struct cc_app *app, const struct cc_job *job, struct cc_err *err)
{
    return cc_chat_do_job(app->chat, app->tick_arena, job, err);
}

static enum cc_code finish_removal(struct cc_app *app, const struct cc_job *job, struct cc_err *err)
{
    return cc_app_finish_removal(app, app->tick_arena, job, err);
}

static enum cc_code tell_pool(struct cc_app *app, const struct cc_job *job, struct cc_err *err)
{
    return cc_identity_do_job(app->identity, app->tick_arena, job, err);
}

static enum cc_code run_unknown(struct cc_app *app, const struct cc_job *job, struct cc_err *err)
{
    (void)app;
    (void)job;
    return cc_fail(err, CC_INVALID, NULL, "no such kind of job in this version");
}

/* --- what comes after a failure --------------------------------------------------------------- */

/* In so many milliseconds it is tried again; or, instead of them: */
enum { NEVER = -1, WHEN_LEASE_ENDS = -2 };

static int64_t back_off_ms(struct cc_app *app, int64_t attempt)
{
    int64_t doublings = attempt - 1 < DOUBLINGS_MAX ? attempt - 1 : DOUBLINGS_MAX;
    int64_t most_ms = (int64_t)BACK_OFF_MS << doublings;
    uint32_t chance;

    if (most_ms > BACK_OFF_MS_MAX)
        most_ms = BACK_OFF_MS_MAX;
    cc_random_fill(app->random, &chance, sizeof(chance));
    return most_ms / 2 + chance % (most_ms / 2 + 1);
}

/* Until it has expired: then there is nothing to send any more, and that is no failure. */
static int64_t code_again_ms(struct cc_app *app, const struct cc_job *job, const struct cc_err *err)
{
    int64_t pause_ms = back_off_ms(app, job->attempt);
    int64_t asked_ms = (int64_t)err->retry_after_s * 1000;

    if (err->code == CC_INVALID || (err->code == CC_OUTCOME_UNKNOWN && job->attempt >= UNKNOWN_MAX))
        return NEVER;
    return asked_ms > pause_ms ? asked_ms : pause_ms;
}

/* What was deleted must go, however long it takes. */
static int64_t one_day_ms(struct cc_app *app, const struct cc_job *job, const struct cc_err *err)
{
    (void)app;
    if (err->code == CC_INVALID)
        return NEVER;
    return job->attempt >= ATTEMPTS_MAX ? PATIENCE_MS : WHEN_LEASE_ENDS;
}

static int64_t never_again(struct cc_app *app, const struct cc_job *job, const struct cc_err *err)
{
    (void)app;
    (void)job;
    (void)err;
    return NEVER;
}

struct kind {
    const char *name;
    enum cc_code (*run)(struct cc_app *, const struct cc_job *, struct cc_err *);
    int64_t (*again_ms)(struct cc_app *, const struct cc_job *, const struct cc_err *);
};

static const struct kind kinds[] = {
    { CC_JOB_CODE, send_code, code_again_ms },
    { CC_CHAT_JOB_PHOTO, remove_photo, one_day_ms },
    { CC_JOB_REMOVAL, finish_removal, one_day_ms },
    { CC_JOB_POOL, tell_pool, one_day_ms },
};

static const struct kind unknown = { "", run_unknown, never_again };

static const struct kind *kind_of(const struct cc_job *job)
{
    for (size_t i = 0; i < CC_COUNT(kinds); i++) {
        if (cc_str_eq(job->kind, cc_str_from(kinds[i].name)))
            return &kinds[i];
    }
    return &unknown;
}

/* --- one job ---------------------------------------------------------------------------------- */

static void note(struct cc_app *app, const struct cc_job *job, int64_t again_ms)
{
    struct cc_err err = { 0 };
    int64_t due_ms = cc_clock_wall_ms(app->clock) + again_ms;
    enum cc_code rc = again_ms >= 0
                          ? cc_timer_put_off(app->store, app->tick_arena, job, due_ms, &err)
                          : cc_timer_done(app->store, app->tick_arena, job, &err);

    if (rc != CC_OK)
        cc_log_warn(&app->log, "outcome of a job not noted", CC_LOG_STR("kind", job->kind),
                    CC_LOG_Z("cause", err.cause));
}

static void do_job(struct cc_app *app, const struct cc_job *job)
{
    const struct kind *kind = kind_of(job);
    struct cc_err err = { 0 };
    int64_t again_ms = NEVER;

    if (kind->run(app, job, &err) != CC_OK) {
        again_ms = kind->again_ms(app, job, &err);
        cc_log_warn(&app->log, again_ms == NEVER ? "job dropped" : "job failed",
                    CC_LOG_STR("kind", job->kind), CC_LOG_I64("attempt", job->attempt),
                    CC_LOG_I64("again_ms", again_ms >= 0 ? again_ms : 0),
                    CC_LOG_Z("cause", err.cause));
    }
    if (again_ms != WHEN_LEASE_ENDS)
        note(app, job, again_ms);
}

static enum cc_code do_jobs(struct cc_app *app, size_t *done, struct cc_err *err)
{
    struct cc_jobs jobs = { 0 };
    enum cc_code rc;

    cc_arena_reset(app->tick_arena);
    rc = cc_timer_take(app->store, app->tick_arena, LEASE_MS, JOBS_AT_ONCE, &jobs, err);
    for (size_t i = 0; rc == CC_OK && i < jobs.count; i++)
        do_job(app, &jobs.at[i]);
    *done = jobs.count;
    return rc;
}

static void report(struct cc_app *app, const char *what, enum cc_code rc, const struct cc_err *err)
{
    if (rc != CC_OK)
        cc_log_warn(&app->log, what, CC_LOG_Z("cause", err->cause));
}

static int64_t sweep_every_ms(const struct cc_app *app)
{
    return app->config.store_backend == CC_STORE_DYNAMODB ? SWEEP_TABLE_EVERY_MS : SWEEP_EVERY_MS;
}

void cc_app_tick(struct cc_app *app)
{
    int64_t now_ms = cc_clock_mono_ms(app->clock);
    struct cc_err err = { 0 };
    size_t count = 0;

    if (now_ms >= app->next_jobs_ms) {
        do
            report(app, "jobs not taken", do_jobs(app, &count, &err), &err);
        while (count == JOBS_AT_ONCE && cc_clock_mono_ms(app->clock) - now_ms < ROUND_MS);
        app->next_jobs_ms = count == JOBS_AT_ONCE ? 0 : now_ms + JOBS_EVERY_MS;
    }
    cc_err_clear(&err);
    if (now_ms >= app->next_sweep_ms) {
        report(app, "not swept", cc_store_sweep(app->store, SWEEP_AT_ONCE, &count, &err), &err);
        app->next_sweep_ms = count == SWEEP_AT_ONCE ? 0 : now_ms + sweep_every_ms(app);
    }
}

enum cc_code cc_app_work(struct cc_app *app, size_t *jobs, size_t *swept, struct cc_err *err)
{
    enum cc_code rc;
    size_t count;

    *jobs = *swept = 0;
    do {
        rc = do_jobs(app, &count, err);
        *jobs += count;
    } while (rc == CC_OK && count > 0);
    while (rc == CC_OK) {
        rc = cc_store_sweep(app->store, SWEEP_AT_ONCE, &count, err);
        *swept += count;
        if (count < SWEEP_AT_ONCE)
            break;
    }
    return rc;
}
