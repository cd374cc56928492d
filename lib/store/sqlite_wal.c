/* The write-ahead log is kept short by the committer, while it holds the lock file: SQLite before
 * 3.51.3 can corrupt a database when one connection checkpoints while another writes. */
#include "sqlite.h"

/* Pages of write-ahead log at which the writer checkpoints. Most pages are in the log more than
 * once: with sends into 100 rooms 4,000 pages of log are 600 of the database, and a log of 8,000
 * carries a tenth more sends a second than one of 4,000. Pages that are all different take longer.
 * The log starts anew only at a moment when no reader is in it. Readers without a pause let it grow
 * for ever (66 MB in two seconds), so the writer waits for that moment, the longer the more the log
 * has grown. */
#define CHECKPOINT_PAGES 8000
#define CHECKPOINT_WAIT_MS 10

/* How often what was deleted is erased from the log too. It is promised within an hour. */
#define ERASE_EVERY_MS (30 * 60 * 1000)

void sqlite_wal_open(struct sqlite_store *store)
{
    store->wal.checkpoint_at = CHECKPOINT_PAGES;
    store->wal.is_synced = true;
    /* The first sweep of a process erases: one that cron starts makes only one. */
    store->wal.erased_ms = cc_clock_mono_ms(store->clock) - ERASE_EVERY_MS;
}

/* false: a reader stayed in the log, or the disk failed. */
static bool checkpoint(struct sqlite_store *store, int mode)
{
    struct sqlite_conn *conn = store->group.conn;
    struct cc_err err = { 0 };
    int failed;

    sqlite3_busy_timeout(conn->db, CHECKPOINT_WAIT_MS * (1 + conn->wal_pages / CHECKPOINT_PAGES));
    failed = sqlite3_wal_checkpoint_v2(conn->db, NULL, mode, NULL, NULL);
    sqlite3_busy_timeout(conn->db, (int)store->settings.wait_ms);
    if (failed == SQLITE_OK || (failed & 0xff) == SQLITE_BUSY)
        return failed == SQLITE_OK;
    (void)!sqlite_conn_fail(conn, "checkpoint", &err);
    cc_log_warn(store->log, "checkpoint failed", CC_LOG_Z("cause", err.cause));
    return false;
}

/* Until a backup has ended the log cannot start anew, however long a writer waits for that: beside
 * one of 1 GB the slowest hundredth of 5,700 sends a second took 183 ms. */
static int mode_now(const struct sqlite_store *store)
{
    return sqlite_lock_has_snapshot(&store->lock) ? SQLITE_CHECKPOINT_PASSIVE
                                                  : SQLITE_CHECKPOINT_RESTART;
}

/* --- a checkpoint in two steps ----------------------------------------------------------------
 *
 * In one step, a pause of 9 ms for the 600 pages above, most of the time goes to the disk: they lie
 * all over the file. In two it is 3 ms and, some commits later, 2.5 ms. Most are copied first,
 * those of a snapshot that is held while the last of them commit: SQLite syncs the database only
 * once it has copied all of the log. A thread syncs it then, beside the commits that follow; and
 * the second step copies what those have changed, syncs and lets the log start anew, as a
 * checkpoint in one step does. Both write under the lock and on the committer's thread. Nothing
 * rests on the sync of ours: it leaves less for SQLite's to do. */

/* What fails here fails again in the second step, whose file has not been told of it. */
static void *sync_when_told(void *arg)
{
    struct sqlite_wal *wal = arg;

    for (;;) {
        while (sem_wait(&wal->work) != 0)
            continue; /* a signal */
        if (atomic_load(&wal->stopping))
            return NULL;
        (void)wal->file->pMethods->xSync(wal->file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
        atomic_store(&wal->is_synced, true);
    }
}

/* false: there is no connection or no thread to be had now. */
static bool has_holder(struct sqlite_store *store)
{
    struct sqlite_wal *wal = &store->wal;
    struct sqlite_conn *conn;
    struct cc_err err = { 0 };

    if (wal->holder != NULL)
        return true;
    if (sqlite_conn_open(&store->settings, false, &conn, &err) != CC_OK)
        return false;
    sqlite3_file_control(conn->db, NULL, SQLITE_FCNTL_FILE_POINTER, &wal->file);
    sem_init(&wal->work, 0, 0);
    if (pthread_create(&wal->thread, NULL, sync_when_told, wal) != 0) {
        sem_destroy(&wal->work);
        sqlite_conn_close(conn);
        return false;
    }
    wal->holder = conn;
    return true;
}

/* A snapshot begins with the first statement, whatever that finds. */
static void hold_snapshot(struct sqlite_conn *holder)
{
    struct cc_err err = { 0 };
    sqlite3_stmt *stmt = sqlite_conn_stmt(holder, SQLITE_STMT_GET, &err);

    if (stmt == NULL || sqlite_conn_do(holder, SQLITE_STMT_BEGIN_READ, &err) != CC_OK)
        return;
    (void)sqlite3_step(stmt);
    sqlite3_reset(stmt);
}

static bool holds_snapshot(const struct sqlite_wal *wal)
{
    return wal->holder != NULL && !sqlite3_get_autocommit(wal->holder->db);
}

static void checkpoint_ahead(struct sqlite_store *store)
{
    struct sqlite_wal *wal = &store->wal;

    (void)checkpoint(store, SQLITE_CHECKPOINT_PASSIVE);
    sqlite_conn_rollback(wal->holder);
    wal->is_ahead = true;
    atomic_store(&wal->is_synced, false);
    sem_post(&wal->work);
}

static bool is_due(const struct sqlite_store *store)
{
    return store->group.conn->wal_pages >= store->wal.checkpoint_at;
}

/* Beside a backup there is but one step, which does not wait for anything. */
void sqlite_wal_before_commit(struct sqlite_store *store)
{
    struct sqlite_wal *wal = &store->wal;

    wal->was_due = is_due(store);
    if (wal->was_due && !wal->is_ahead && atomic_load(&wal->is_synced) &&
        !sqlite_lock_has_snapshot(&store->lock) && has_holder(store))
        hold_snapshot(wal->holder);
}

/* Commits that do not wait for the disk can fill the log faster than it takes the database. */
static bool is_second_due(const struct sqlite_store *store)
{
    const struct sqlite_wal *wal = &store->wal;

    return atomic_load(&wal->is_synced) ||
           store->group.conn->wal_pages >= wal->checkpoint_at + CHECKPOINT_PAGES;
}

/* One that did not succeed is tried again after as many pages. */
void sqlite_wal_after_commit(struct sqlite_store *store)
{
    const struct sqlite_conn *conn = store->group.conn;
    struct sqlite_wal *wal = &store->wal;

    if (conn->wal_pages < CHECKPOINT_PAGES)
        wal->checkpoint_at = CHECKPOINT_PAGES; /* the log has started anew */
    if (holds_snapshot(wal)) {
        checkpoint_ahead(store);
    } else if (wal->is_ahead ? is_second_due(store) : wal->was_due) {
        (void)checkpoint(store, mode_now(store));
        wal->is_ahead = false;
        wal->checkpoint_at = conn->wal_pages + CHECKPOINT_PAGES;
    }
}

void sqlite_wal_close(struct sqlite_store *store)
{
    struct sqlite_wal *wal = &store->wal;

    if (wal->holder == NULL)
        return;
    atomic_store(&wal->stopping, true);
    sem_post(&wal->work);
    pthread_join(wal->thread, NULL);
    sem_destroy(&wal->work);
    sqlite_conn_close(wal->holder);
}

/* --- what was deleted ------------------------------------------------------------------------- */

/* Pages of the log that were checkpointed still hold what has been deleted since; secure_delete
 * reaches the database alone. An empty log holds nothing. */
void sqlite_wal_erase_if_due(struct sqlite_store *store)
{
    struct sqlite_wal *wal = &store->wal;
    const int64_t now_ms = cc_clock_mono_ms(store->clock);

    if (store->settings.network || now_ms - wal->erased_ms < ERASE_EVERY_MS)
        return;
    if (checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE))
        wal->erased_ms = now_ms;
}
