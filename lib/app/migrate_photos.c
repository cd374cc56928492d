#include "migrate.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#define WORKERS_MAX 8
#define PHOTO_ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define REPORT_EVERY_NS (100 * 1000 * 1000)

struct photos {
    const struct cc_migrate_photos *job;
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t changed;
    size_t next, done, working;
    bool stopping;
    struct cc_err err; /* the first failure */
};

/* --- one of them ------------------------------------------------------------------------------ */

static enum cc_code check_copy(const struct photos *self, struct cc_arena *arena,
                               struct cc_str name, struct cc_str bytes, struct cc_err *err)
{
    struct cc_str found;
    enum cc_code rc = cc_blob_get(self->job->to, arena, name, &found, err);

    if (rc == CC_NOT_FOUND || (rc == CC_OK && !cc_str_eq(found, bytes)))
        return cc_fail(err, CC_CONFLICT, "A photo is not what it was: run it again.",
                       "%.*s was copied and reads otherwise", CC_STR_ARG(name));
    return rc;
}

/* A name belongs to its bytes for ever: others have been damaged since, or never were whole. */
static enum cc_code replace(const struct photos *self, struct cc_arena *arena, struct cc_str name,
                            struct cc_str bytes, struct cc_err *err)
{
    struct cc_str found;
    enum cc_code rc = cc_blob_get(self->job->to, arena, name, &found, err);

    if (rc != CC_OK || cc_str_eq(found, bytes))
        return rc;
    rc = cc_blob_remove(self->job->to, name, err);
    return rc == CC_OK ? cc_blob_put(self->job->to, name, bytes, err) : rc;
}

/* One that has gone since the names were read is no loss. */
static enum cc_code copy_photo(const struct photos *self, struct cc_arena *arena,
                               struct cc_str name, struct cc_err *err)
{
    struct cc_str bytes;
    enum cc_code rc = cc_blob_get(self->job->from, arena, name, &bytes, err);

    if (rc != CC_OK)
        return rc == CC_NOT_FOUND ? CC_OK : rc;
    rc = cc_blob_put(self->job->to, name, bytes, err);
    if (rc == CC_EXISTS)
        rc = replace(self, arena, name, bytes, err);
    return rc == CC_OK ? check_copy(self, arena, name, bytes, err) : rc;
}

/* --- side by side ----------------------------------------------------------------------------- */

static bool take(struct photos *self, struct cc_str *name)
{
    if (self->stopping || self->next == self->job->names.count)
        return false;
    *name = self->job->names.at[self->next++];
    return true;
}

static void *work(void *arg)
{
    struct cc_arena *arena = cc_arena_new(PHOTO_ARENA_BYTES);
    struct photos *self = arg;
    struct cc_str name;

    pthread_mutex_lock(&self->mutex);
    while (take(self, &name)) {
        struct cc_err err = { 0 };
        enum cc_code rc;

        pthread_mutex_unlock(&self->mutex);
        rc = copy_photo(self, arena, name, &err);
        cc_arena_reset(arena);
        pthread_mutex_lock(&self->mutex);
        self->done += rc == CC_OK;
        self->stopping |= rc != CC_OK;
        if (rc != CC_OK && self->err.code == CC_OK)
            self->err = err;
    }
    self->working--;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->mutex);
    cc_arena_free(arena);
    return NULL;
}

/* Signals go to the program's own thread. */
static size_t start(struct photos *self, pthread_t threads[WORKERS_MAX])
{
    const size_t count =
        self->job->names.count < WORKERS_MAX ? self->job->names.count : WORKERS_MAX;
    size_t started = 0;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    self->working = count;
    while (started < count && pthread_create(&threads[started], NULL, work, self) == 0)
        started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_mutex_lock(&self->mutex);
    self->working -= count - started;
    pthread_mutex_unlock(&self->mutex);
    return started;
}

static void wait_a_little(struct photos *self)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += REPORT_EVERY_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&self->changed, &self->mutex, &until);
}

static enum cc_code watch(struct photos *self, struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    pthread_mutex_lock(&self->mutex);
    while (self->working > 0) {
        wait_a_little(self);
        if (rc == CC_OK)
            rc = cc_progress_report(self->job->progress, "Copying the photos", (int64_t)self->done,
                                    (int64_t)self->job->names.count, err);
        self->stopping |= rc != CC_OK;
    }
    pthread_mutex_unlock(&self->mutex);
    return rc;
}

enum cc_code cc_migrate_photos(const struct cc_migrate_photos *photos, struct cc_err *err)
{
    struct photos self = { .job = photos };
    pthread_t threads[WORKERS_MAX];
    size_t count;
    enum cc_code rc;

    pthread_mutex_init(&self.mutex, NULL);
    pthread_cond_init(&self.changed, NULL);
    count = start(&self, threads);
    rc = watch(&self, err);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    pthread_cond_destroy(&self.changed);
    pthread_mutex_destroy(&self.mutex);
    if (rc != CC_OK)
        return rc;
    if (self.err.code != CC_OK)
        *err = self.err;
    else if (self.done < photos->names.count)
        (void)!cc_fail(err, CC_UNAVAILABLE, NULL, "no thread could be started");
    return err->code;
}
