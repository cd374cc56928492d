#include "internal.h"

#include <errno.h>

/* A call of another service takes milliseconds, or something is wrong with it. */
#define PATIENCE_MS 2000

static void *wait_for_end(void *arg)
{
    struct cc_hurry *hurry = arg;
    const struct timespec end = cc_deadline_in(PATIENCE_MS);
    int late = 0;

    pthread_mutex_lock(&hurry->lock);
    while (!hurry->over && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&hurry->changed, &hurry->lock, &end);
    pthread_mutex_unlock(&hurry->lock);
    if (late == ETIMEDOUT)
        hurry->server->hurry(hurry->server->app);
    return NULL;
}

void cc_hurry_start(struct cc_hurry *hurry, const struct cc_server *server)
{
    *hurry = (struct cc_hurry){ .server = server };
    if (!server->hurry)
        return;
    pthread_mutex_init(&hurry->lock, NULL);
    cc_cond_init(&hurry->changed);
    hurry->runs = pthread_create(&hurry->thread, NULL, wait_for_end, hurry) == 0;
}

void cc_hurry_end(struct cc_hurry *hurry)
{
    if (!hurry->server->hurry)
        return;
    pthread_mutex_lock(&hurry->lock);
    hurry->over = true;
    pthread_cond_signal(&hurry->changed);
    pthread_mutex_unlock(&hurry->lock);
    if (hurry->runs)
        pthread_join(hurry->thread, NULL);
    pthread_cond_destroy(&hurry->changed);
    pthread_mutex_destroy(&hurry->lock);
}
