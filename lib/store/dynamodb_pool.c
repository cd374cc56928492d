/* Batches go out side by side. A call waits for its answer, and connections belong to threads: so
 * there are a few that wait with us. Whoever has work does it too, as long as there is any, so that
 * nothing depends on them but time. */
#include "dynamodb.h"

#include <signal.h>

void dynamo_pool_open(struct dynamo_pool *pool)
{
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->done, NULL);
}

static void take_and_do(struct dynamo_pool *pool)
{
    struct dynamo_task *task = pool->head;

    pool->head = task->next;
    if (!pool->head)
        pool->tail = NULL;
    pthread_mutex_unlock(&pool->mutex);
    task->work(task->arg);
    pthread_mutex_lock(&pool->mutex);
    task->done = true;
    pthread_cond_broadcast(&pool->done);
}

static void *help(void *arg)
{
    struct dynamo_pool *pool = arg;

    pthread_mutex_lock(&pool->mutex);
    while (!pool->stopping) {
        if (pool->head)
            take_and_do(pool);
        else
            pthread_cond_wait(&pool->work, &pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

void dynamo_pool_close(struct dynamo_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < pool->helpers; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->mutex);
}

/* When there is work for them for the first time. Signals go to the program's own threads. */
static void start_helpers(struct dynamo_pool *pool, size_t wanted)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool->helpers < wanted && pool->helpers < DYNAMO_HELPERS_MAX &&
           pthread_create(&pool->threads[pool->helpers], NULL, help, pool) == 0)
        pool->helpers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static bool all_done(const struct dynamo_task *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!tasks[i].done)
            return false;
    }
    return true;
}

void dynamo_pool_run(struct dynamo_pool *pool, struct dynamo_task *tasks, size_t count)
{
    pthread_mutex_lock(&pool->mutex);
    for (size_t i = 0; i < count; i++) {
        tasks[i].next = NULL;
        tasks[i].done = false;
        if (pool->tail)
            pool->tail->next = &tasks[i];
        else
            pool->head = &tasks[i];
        pool->tail = &tasks[i];
    }
    start_helpers(pool, count - 1);
    pthread_cond_broadcast(&pool->work);
    while (!all_done(tasks, count)) {
        if (pool->head)
            take_and_do(pool);
        else
            pthread_cond_wait(&pool->done, &pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
}
