#include "removal.h"

/* Codes are awaited by a person; expired items by nobody. */
#define JOBS_EVERY_MS 50
#define SWEEP_EVERY_MS (60 * 1000)
/* Where a table does not delete what has expired, it is read through from end to end, and paid for.
 */
#define SWEEP_TABLE_EVERY_MS (60 * 60 * 1000)

#define JOBS_AT_ONCE 16
#define SWEEP_AT_ONCE 500
/* How long a process may be busy with what it took before another one does it instead. */
#define LEASE_MS (60 * 1000)
#define ATTEMPTS_MAX 10
/* What must be done one day is tried this often when it did not succeed for so long. */
#define PATIENCE_MS (60 * 60 * 1000)

static enum cc_code send_code(struct cc_app *app, const struct cc_job *job, struct cc_err *err)
{
    if (app->sender == NULL)
        return cc_fail(err, CC_INVALID, NULL, "[codes] sender is none: no code can be sent");
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

static enum cc_code run_unknown(struct cc_app *app, const struct cc_job *job, struct cc_err *err)
{
    (void)app;
    (void)job;
    return cc_fail(err, CC_INVALID, NULL, "no such kind of job in this version");
}

struct kind {
    const char *name;
    enum cc_code (*run)(struct cc_app *, const struct cc_job *, struct cc_err *);
    bool stays; /* a code grows old; bytes that were deleted must go, however long it takes */
};

static const struct kind kinds[] = {
    { CC_JOB_CODE, send_code, false },
    { CC_CHAT_JOB_PHOTO, remove_photo, true },
    { CC_JOB_REMOVAL, finish_removal, true },
};

static const struct kind unknown = { "", run_unknown, false };

static const struct kind *kind_of(const struct cc_job *job)
{
    for (size_t i = 0; i < CC_COUNT(kinds); i++) {
        if (cc_str_eq(job->kind, cc_str_from(kinds[i].name)))
            return &kinds[i];
    }
    return &unknown;
}

static void note(struct cc_app *app, const struct cc_job *job, bool put_off)
{
    struct cc_err err = { 0 };
    int64_t due_ms = cc_clock_wall_ms(app->clock) + PATIENCE_MS;
    enum cc_code rc = put_off ? cc_timer_put_off(app->store, app->tick_arena, job, due_ms, &err)
                              : cc_timer_done(app->store, app->tick_arena, job, &err);

    if (rc != CC_OK)
        cc_log_warn(&app->log, "outcome of a job not noted", CC_LOG_STR("kind", job->kind),
                    CC_LOG_Z("cause", err.cause));
}

/* What fails for a passing reason comes back when its lease ends. What never will succeed is
 * dropped; what did not often enough is dropped too or, where it must be done one day, put off. */
static void do_job(struct cc_app *app, const struct cc_job *job)
{
    const struct kind *kind = kind_of(job);
    struct cc_err err = { 0 };
    enum cc_code rc = kind->run(app, job, &err);
    bool failed_often = rc != CC_OK && job->attempt >= ATTEMPTS_MAX;
    bool put_off = failed_often && kind->stays && rc != CC_INVALID;
    bool dropped = rc == CC_INVALID || (failed_often && !put_off);

    if (rc != CC_OK)
        cc_log_warn(&app->log, dropped ? "job dropped" : "job failed",
                    CC_LOG_STR("kind", job->kind), CC_LOG_I64("attempt", job->attempt),
                    CC_LOG_Z("cause", err.cause));
    if (rc == CC_OK || dropped || put_off)
        note(app, job, put_off);
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
        report(app, "jobs not taken", do_jobs(app, &count, &err), &err);
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
