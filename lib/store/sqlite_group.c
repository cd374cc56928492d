/* The committer: one thread a process takes what others queued and commits it in common. The
 * threads that owe somebody an answer by a deadline wait on a semaphore, which has a time-out;
 * the one that waits for the lock file, which has none, owes nobody anything. While one group
 * is on its way to disk the next one gathers by itself. */
#define _GNU_SOURCE /* sem_clockwait */
#include "sqlite.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

struct members {
    struct sqlite_job *at[SQLITE_GROUP_MAX];
    size_t count;
};

/* --- the queue, under its mutex --------------------------------------------------------------- */

static void enqueue(struct sqlite_group *group, struct sqlite_job *job)
{
    job->prev = group->tail;
    job->next = NULL;
    if (group->tail)
        group->tail->next = job;
    else
        group->head = job;
    group->tail = job;
}

static void dequeue(struct sqlite_group *group, struct sqlite_job *job)
{
    if (job->prev)
        job->prev->next = job->next;
    else
        group->head = job->next;
    if (job->next)
        job->next->prev = job->prev;
    else
        group->tail = job->prev;
}

static void take(struct sqlite_store *store, struct members *members)
{
    struct sqlite_group *group = &store->group;

    members->count = 0;
    pthread_mutex_lock(&group->mutex);
    while (group->head && members->count < (size_t)store->group_max) {
        struct sqlite_job *job = group->head;

        dequeue(group, job);
        job->is_queued = false;
        members->at[members->count++] = job;
    }
    pthread_mutex_unlock(&group->mutex);
}

/* Without the mutex of the queue: who is woken while it is held wakes to wait for it. */
static void answer(const struct members *members)
{
    for (size_t i = 0; i < members->count; i++) {
        atomic_store(&members->at[i]->is_done, true);
        sem_post(&members->at[i]->done); /* from now on it may be gone */
    }
}

/* Asked before they are answered: then they are gone. */
static bool has_sweep(const struct members *members)
{
    for (size_t i = 0; i < members->count; i++) {
        if (members->at[i]->fn == sqlite_txn_sweep)
            return true;
    }
    return false;
}

/* --- transactions, on the committer's thread -------------------------------------------------- */

static void run_function(struct sqlite_store *store, struct sqlite_job *job)
{
    struct sqlite_group *group = &store->group;

    cc_err_clear(job->err);
    sqlite_txn_init(&group->txn, group->conn, job->arena, cc_clock_wall_ms(store->clock),
                    job->read_only);
    job->rc = cc_txn_call(&group->txn.base, job->fn, job->arg, job->err);
}

static void fail_all(const struct members *members, const struct cc_err *why)
{
    for (size_t i = 0; i < members->count; i++) {
        *members->at[i]->err = *why;
        members->at[i]->rc = why->code;
    }
}

enum fate {
    COMMITTED,
    NOTHING_DONE, /* and err says why */
    UNKNOWN
};

/* A COMMIT that found no room has put nothing on disk that counts: the frame that makes a
 * transaction valid is the last one written. After any other failure of the disk, fsync's above
 * all, that frame may or may not be there. */
static enum fate commit(struct sqlite_conn *conn, struct cc_err *err)
{
    struct cc_err why = { 0 };
    bool full;

    if (sqlite_conn_do(conn, SQLITE_STMT_COMMIT, &why) == CC_OK)
        return COMMITTED;
    full = why.code == CC_STORAGE_FULL || (sqlite3_errcode(conn->db) & 0xff) == SQLITE_BUSY;
    sqlite_conn_rollback(conn);
    if (full) {
        *err = why;
        return NOTHING_DONE;
    }
    (void)!cc_fail(err, CC_OUTCOME_UNKNOWN, NULL, "%s", why.cause);
    return UNKNOWN;
}

/* One function in a transaction that has begun. */
static void run_alone(struct sqlite_store *store, struct sqlite_job *job)
{
    struct sqlite_conn *conn = store->group.conn;

    run_function(store, job);
    if (job->rc == CC_OK && commit(conn, job->err) != COMMITTED)
        job->rc = job->err->code;
    sqlite_conn_rollback(conn);
}

/* Runs a member, without a savepoint: those are two more statements for each, and a copy of every
 * page that it changes. false: it refused after it had changed something, which our functions do
 * not do, or SQLite has given up the whole transaction (a full disk can do that in the middle):
 * begin again with each by itself. */
static bool run_member(struct sqlite_store *store, struct sqlite_job *job)
{
    const struct sqlite_group *group = &store->group;
    const int changes = sqlite3_total_changes(group->conn->db);

    run_function(store, job);
    if (sqlite3_get_autocommit(group->conn->db))
        return false;
    if (job->rc == CC_OK)
        return true;
    return group->txn.base.first.code == CC_OK && sqlite3_total_changes(group->conn->db) == changes;
}

/* All in one transaction. false: nothing was done, each must run by itself. */
static bool run_together(struct sqlite_store *store, const struct members *members)
{
    struct sqlite_conn *conn = store->group.conn;
    struct cc_err why = { 0 };
    enum fate fate;

    for (size_t i = 0; i < members->count; i++) {
        if (!run_member(store, members->at[i])) {
            sqlite_conn_rollback(conn);
            return false;
        }
    }
    fate = commit(conn, &why);
    /* All of them, also who was refused or only read: it may have seen a neighbour's row. */
    if (fate == UNKNOWN)
        fail_all(members, &why);
    return fate != NOTHING_DONE;
}

static void run_each(struct sqlite_store *store, const struct members *members)
{
    for (size_t i = 0; i < members->count; i++) {
        struct sqlite_job *job = members->at[i];

        cc_err_clear(job->err);
        job->rc = sqlite_conn_do(store->group.conn, SQLITE_STMT_BEGIN_WRITE, job->err);
        if (job->rc == CC_OK)
            run_alone(store, job);
    }
}

static void run_group(struct sqlite_store *store, const struct members *members)
{
    if (members->count == 1)
        run_alone(store, members->at[0]);
    else if (members->count == 0)
        sqlite_conn_rollback(store->group.conn);
    else if (!run_together(store, members))
        run_each(store, members);
}

/* --- the thread ------------------------------------------------------------------------------- */

enum begun { BEGUN, LATER, FAILED };

/* The write lock, then SQLite's own. A shell from outside can hold the latter: those who wait give
 * up by themselves, and the next round tries again. */
static enum begun begin(struct sqlite_store *store, struct cc_err *err)
{
    struct sqlite_group *group = &store->group;
    enum cc_code rc;
    int code;

    atomic_store(&group->waits_for, "the lock file, which another process holds");
    rc = sqlite_lock_wait(&store->lock, err);
    if (rc != CC_OK)
        return FAILED;
    atomic_store(&group->waits_for, "a transaction of a program that does not use the lock file");
    rc = sqlite_conn_do(group->conn, SQLITE_STMT_BEGIN_WRITE, err);
    code = sqlite3_errcode(group->conn->db) & 0xff;
    atomic_store(&group->waits_for, "its turn in the queue");
    if (rc == CC_OK)
        return BEGUN;
    sqlite_lock_release(&store->lock);
    return code == SQLITE_BUSY ? LATER : FAILED;
}

static void refuse(struct sqlite_store *store, const struct cc_err *why)
{
    struct members members;

    take(store, &members);
    fail_all(&members, why);
    answer(&members);
}

/* Whoever is queued by the time the transaction has begun is in it. */
static void serve(struct sqlite_store *store)
{
    struct members members;
    bool sweeps;

    take(store, &members);
    run_group(store, &members);
    sweeps = has_sweep(&members);
    answer(&members);
    sqlite_wal_checkpoint_if_due(store);
    if (sweeps)
        sqlite_wal_erase_if_due(store);
    sqlite_lock_release(&store->lock);
}

static void serve_round(struct sqlite_store *store)
{
    struct cc_err err = { 0 };

    switch (begin(store, &err)) {
    case BEGUN:
        serve(store);
        break;
    case LATER:
        break;
    case FAILED:
        refuse(store, &err);
        break;
    }
}

static void *committer(void *arg)
{
    struct sqlite_store *store = arg;
    struct sqlite_group *group = &store->group;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_mutex_lock(&group->mutex);
    while (!group->stopping) {
        if (group->head == NULL) {
            pthread_cond_wait(&group->work, &group->mutex);
            continue;
        }
        pthread_mutex_unlock(&group->mutex);
        serve_round(store);
        pthread_mutex_lock(&group->mutex);
    }
    pthread_mutex_unlock(&group->mutex);
    return NULL;
}

/* Started by the first function, so that a process that only reads has no such thread. Signals go
 * to the program's own threads. */
static enum cc_code start(struct sqlite_store *store, struct cc_err *err)
{
    struct sqlite_group *group = &store->group;
    sigset_t all, before;
    int failed;

    if (group->started)
        return CC_OK;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&group->thread, NULL, committer, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "store: pthread_create: %s", strerror(failed));
    group->started = true;
    return CC_OK;
}

void sqlite_group_open(struct sqlite_store *store, struct sqlite_conn *conn)
{
    struct sqlite_group *group = &store->group;

    group->conn = conn;
    sqlite_wal_open(store);
    pthread_mutex_init(&group->mutex, NULL);
    pthread_cond_init(&group->work, NULL);
}

void sqlite_group_close(struct sqlite_store *store)
{
    struct sqlite_group *group = &store->group;
    bool started;

    pthread_mutex_lock(&group->mutex);
    group->stopping = true;
    started = group->started;
    pthread_cond_signal(&group->work);
    pthread_mutex_unlock(&group->mutex);
    if (started) {
        pthread_cancel(group->thread); /* only reaches it while it waits for the lock */
        pthread_join(group->thread, NULL);
    }
    pthread_cond_destroy(&group->work);
    pthread_mutex_destroy(&group->mutex);
    sqlite_wal_close(store);
    sqlite_conn_close(group->conn);
}

/* --- those who wait --------------------------------------------------------------------------- */

/* Takes it back. false: it has begun, or is over. */
static bool withdraw(struct sqlite_group *group, struct sqlite_job *job)
{
    bool was_queued;

    pthread_mutex_lock(&group->mutex);
    was_queued = job->is_queued;
    if (was_queued)
        dequeue(group, job);
    pthread_mutex_unlock(&group->mutex);
    return was_queued;
}

static bool wait_until(struct sqlite_job *job, const struct timespec *deadline)
{
    int failed;

    do
        failed = sem_clockwait(&job->done, CLOCK_MONOTONIC, deadline);
    while (failed != 0 && errno == EINTR);
    return failed == 0;
}

static void wait_for_ever(struct sqlite_job *job)
{
    while (sem_wait(&job->done) != 0)
        assert(errno == EINTR);
}

/* Until its outcome is known, or its time is over and it has not begun: a function that is running
 * may yet commit, so that its caller has to hear how it ends. */
static void wait_for(struct sqlite_group *group, struct sqlite_job *job)
{
    const struct timespec deadline = cc_deadline_in(job->wait_ms);

    if (!wait_until(job, &deadline)) {
        if (withdraw(group, job)) {
            job->rc =
                cc_fail_retry(job->err, CC_UNAVAILABLE, 1, NULL, "store: %lld ms of waiting for %s",
                              (long long)job->wait_ms, atomic_load(&group->waits_for));
            return;
        }
        wait_for_ever(job);
    }
    assert(atomic_load(&job->is_done));
}

/* Starts the committer where it is not, and gives it the job. */
static enum cc_code hand_over(struct sqlite_store *store, struct sqlite_job *job)
{
    struct sqlite_group *group = &store->group;
    enum cc_code rc = start(store, job->err);

    if (rc == CC_OK && pthread_equal(group->thread, pthread_self()))
        rc = cc_fail(job->err, CC_INTERNAL, NULL, "store: a run inside a run waits for itself");
    if (rc != CC_OK)
        return rc;
    job->is_queued = true;
    enqueue(group, job);
    pthread_cond_signal(&group->work);
    return CC_OK;
}

enum cc_code sqlite_group_run(struct sqlite_store *store, struct sqlite_job *job)
{
    struct sqlite_group *group = &store->group;
    enum cc_code rc;

    sem_init(&job->done, 0, 0);
    pthread_mutex_lock(&group->mutex);
    rc = hand_over(store, job);
    pthread_mutex_unlock(&group->mutex);
    if (rc == CC_OK) {
        wait_for(group, job);
        rc = job->rc;
    }
    sem_destroy(&job->done);
    return rc;
}
