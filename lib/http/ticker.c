#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define IDLE_MS 1000
/* Under load answers come in thousands a second; looking that often for what is due would take a
 * core away from them. */
#define APART_MS 100

struct cc_ticker {
    const struct cc_server *server;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    atomic_bool due; /* also read without the lock, so that most wakes cost nothing */
    bool stopping;
};

/* Until that time, or, if `or_due`, until something may be due. The lock is held. */
static void wait_until(struct cc_ticker *ticker, struct timespec at, bool or_due)
{
    while (!ticker->stopping && !(or_due && atomic_load(&ticker->due)))
        if (pthread_cond_timedwait(&ticker->changed, &ticker->lock, &at) == ETIMEDOUT)
            return;
}

static void *run(void *arg)
{
    struct cc_ticker *ticker = arg;

    pthread_mutex_lock(&ticker->lock);
    while (!ticker->stopping) {
        atomic_store(&ticker->due, false);
        pthread_mutex_unlock(&ticker->lock);
        ticker->server->tick(ticker->server->app);
        pthread_mutex_lock(&ticker->lock);
        wait_until(ticker, cc_deadline_in(APART_MS), false);
        wait_until(ticker, cc_deadline_in(IDLE_MS - APART_MS), true);
    }
    pthread_mutex_unlock(&ticker->lock);
    return NULL;
}

enum cc_code cc_ticker_start(struct cc_arena *arena, const struct cc_server *server,
                             struct cc_ticker **out, struct cc_err *err)
{
    struct cc_ticker *ticker = CC_NEW(arena, struct cc_ticker);
    int failed;

    *out = NULL;
    if (!server->tick)
        return CC_OK;
    ticker->server = server;
    pthread_mutex_init(&ticker->lock, NULL);
    cc_cond_init(&ticker->changed);
    failed = pthread_create(&ticker->thread, NULL, run, ticker);
    if (failed)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "pthread_create: %s", strerror(failed));
    *out = ticker;
    return CC_OK;
}

void cc_ticker_wake(struct cc_ticker *ticker)
{
    if (!ticker || atomic_exchange(&ticker->due, true))
        return;
    pthread_mutex_lock(&ticker->lock);
    pthread_cond_signal(&ticker->changed);
    pthread_mutex_unlock(&ticker->lock);
}

void cc_ticker_stop(struct cc_ticker *ticker)
{
    if (!ticker)
        return;
    pthread_mutex_lock(&ticker->lock);
    ticker->stopping = true;
    pthread_cond_signal(&ticker->changed);
    pthread_mutex_unlock(&ticker->lock);
    pthread_join(ticker->thread, NULL);
    pthread_cond_destroy(&ticker->changed);
    pthread_mutex_destroy(&ticker->lock);
}
