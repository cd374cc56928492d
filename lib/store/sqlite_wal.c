/* The write-ahead log is kept short by the committer, while it holds the lock file: SQLite before
 * 3.51.3 can corrupt a database when one connection checkpoints while another writes. */
#include "sqlite.h"

#include <sys/stat.h>

/* Pages of write-ahead log at which the writer checkpoints. With 64 senders into 100 rooms:
 *
 *     pages    pause    slowest hundredth of the sends    sends a second
 *      3,000   3.7 ms    8.4 ms                           17,500
 *      5,000   4.7 ms    9.2 ms                           17,600
 *      8,000   5.5 ms    9.6 ms                           18,400
 *     16,000   7.2 ms   10.5 ms                           18,800
 *
 * since most pages are in the log more than once; pages that are all different take longer. Copying
 * most of them beforehand, between commits, does not help: by the time that the disk has them most
 * have changed again.
 *
 * The log starts anew only at a moment when no reader is in it. Readers without a pause let it grow
 * for ever (66 MB in two seconds), so the writer waits for that moment, the longer the more the log
 * has grown. */
#define CHECKPOINT_PAGES 5000
#define CHECKPOINT_WAIT_MS 10

/* After one that the disk refused: it may be the log itself that fills it, so what has been freed
 * must not go into the log before a checkpoint has seen it. */
#define REFUSED_PAGES 100
#define REFUSED_MS 1000

/* How often what was deleted is erased from the log too. It is promised within an hour. */
#define ERASE_EVERY_MS (30 * 60 * 1000)

/* What the last process may leave of the log: 256 pages. While nobody has the database open its
 * index is gone, and the next one to open it reads the log from end to end. Of a plain CGI program,
 * which is mostly the first and the last, that was 7 ms of 10 with 5,000 pages. */
#define LEFT_BYTES ((off_t)1024 * 1024)
#define CLOSE_WAIT_MS 100

void sqlite_wal_open(struct sqlite_store *store)
{
    store->wal.checkpoint_at = CHECKPOINT_PAGES;
    /* The first sweep of a process erases: one that cron starts makes only one. */
    store->wal.erased_ms = cc_clock_mono_ms(store->clock) - ERASE_EVERY_MS;
}

enum copied { COPIED, READ_MEANWHILE, REFUSED };

static enum copied checkpoint(struct sqlite_store *store, int mode)
{
    struct sqlite_conn *conn = store->group.conn;
    struct cc_err err = { 0 };
    int failed;

    sqlite3_busy_timeout(conn->db, CHECKPOINT_WAIT_MS * (1 + conn->wal_pages / CHECKPOINT_PAGES));
    failed = sqlite3_wal_checkpoint_v2(conn->db, NULL, mode, NULL, NULL);
    sqlite3_busy_timeout(conn->db, (int)store->settings.wait_ms);
    if (failed == SQLITE_OK || (failed & 0xff) == SQLITE_BUSY)
        return failed == SQLITE_OK ? COPIED : READ_MEANWHILE;
    (void)!sqlite_conn_fail(conn, "checkpoint", &err);
    cc_log_warn(store->log, "checkpoint failed", CC_LOG_Z("cause", err.cause));
    return REFUSED;
}

/* Until a backup has ended the log cannot start anew, however long a writer waits for that: beside
 * one of 1 GB the slowest hundredth of 5,700 sends a second took 183 ms. */
static int mode_now(const struct sqlite_store *store)
{
    return sqlite_lock_has_snapshot(&store->lock) ? SQLITE_CHECKPOINT_PASSIVE
                                                  : SQLITE_CHECKPOINT_RESTART;
}

/* Where the disk is full no commit adds a page, so then it is a matter of time, too. */
static bool is_due(const struct sqlite_store *store)
{
    const struct sqlite_wal *wal = &store->wal;

    return store->group.conn->wal_pages >= wal->checkpoint_at ||
           (wal->is_refused && cc_clock_mono_ms(store->clock) - wal->refused_ms >= REFUSED_MS);
}

/* One that a reader stood in the way of is tried again after as many pages. */
void sqlite_wal_checkpoint_if_due(struct sqlite_store *store)
{
    const struct sqlite_conn *conn = store->group.conn;
    struct sqlite_wal *wal = &store->wal;

    if (conn->wal_pages < CHECKPOINT_PAGES) {
        wal->checkpoint_at = CHECKPOINT_PAGES; /* the log has started anew */
        wal->is_refused = false;
    }
    if (!is_due(store))
        return;
    wal->is_refused = checkpoint(store, mode_now(store)) == REFUSED;
    wal->refused_ms = cc_clock_mono_ms(store->clock);
    wal->checkpoint_at = conn->wal_pages + (wal->is_refused ? REFUSED_PAGES : CHECKPOINT_PAGES);
}

/* Pages of the log that were checkpointed still hold what has been deleted since; secure_delete
 * reaches the database alone. An empty log holds nothing. */
void sqlite_wal_erase_if_due(struct sqlite_store *store)
{
    struct sqlite_wal *wal = &store->wal;
    const int64_t now_ms = cc_clock_mono_ms(store->clock);

    if (store->settings.network || now_ms - wal->erased_ms < ERASE_EVERY_MS)
        return;
    if (checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE) == COPIED)
        wal->erased_ms = now_ms;
}

static bool is_long(const struct sqlite_conn *conn)
{
    const char *path = sqlite3_filename_wal(sqlite3_db_filename(conn->db, "main"));
    struct stat log;

    return stat(path, &log) == 0 && log.st_size > LEFT_BYTES;
}

/* The lock is kept until its file is closed: of two that end at the same moment the second finds
 * nobody else. Emptied, and not only begun anew: what has been copied is read by the next one as
 * well, until it is written over. */
void sqlite_wal_close(struct sqlite_store *store)
{
    struct cc_err err = { 0 };

    if (store->settings.network || store->wal.is_left || !is_long(store->group.conn))
        return;
    if (sqlite_lock_within(&store->lock, CLOSE_WAIT_MS, &err) != CC_OK)
        return; /* then somebody is there who comes by here, too */
    if (!sqlite_lock_has_others(&store->lock))
        (void)checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE);
}
