/* store/sqlite.h - what the files of the SQLite backend share; nobody else includes it.
 *
 *   sqlite.c         the store: open, run, view, check, sweep, close
 *   sqlite_file.c    the database file: where it is, whether it may be used, making it
 *   sqlite_lock.c    the lock file that orders writers of all processes
 *   sqlite_conn.c    a connection, its settings and statements; SQLite's codes become ours
 *   sqlite_schema.c  tables and views of a new database, and whether an old one fits
 *   sqlite_txn.c     items: get, query, insert, ...
 *   sqlite_group.c   the committer: queued functions in common transactions
 *   sqlite_wal.c     the write-ahead log: when it is checkpointed, when emptied
 *   sqlite_log.c     how it is written: a commit in one piece
 *   sqlite_ahead.c   the disk works while a checkpoint copies
 *   sqlite_copy.c    a copy of the database at one instant, and looking one over
 *   sqlite_examine.c what an operator should know of it
 *   sqlite_replace.c such a copy in the place of the database
 *   sqlite_users.c   which processes have the database open
 *   sqlite_rows.c    all items one after another, for who moves them
 *   sqlite_walk.c    the items of some partitions, page by page */
#ifndef CC_STORE_SQLITE_H
#define CC_STORE_SQLITE_H

#include "copy.h"
#include "txn.h"

#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/types.h>

struct sqlite_store;

/* --- the file --------------------------------------------------------------------------------- */

/* The absolute path without symbolic links, so that whoever opens the database, by whatever name,
 * takes the same lock. CC_INVALID where its folder does not exist, or the path is longer than
 * SQLite takes. */
enum cc_code sqlite_file_resolve(struct cc_arena *arena, struct cc_str path, const char **out,
                                 struct cc_err *err) CC_NODISCARD;

/* CC_INVALID on a network file system. */
enum cc_code sqlite_file_check_place(struct cc_arena *arena, const char *path,
                                     struct cc_err *err) CC_NODISCARD;

/* Creates an empty file, 0600, where none is. CC_INVALID if there is none (or an empty one) but a
 * write-ahead log that belongs to one: SQLite would delete it. */
enum cc_code sqlite_file_create(struct cc_arena *arena, const char *path,
                                struct cc_err *err) CC_NODISCARD;

/* What was done to the names in the folder of the database is on disk when it returns. */
enum cc_code sqlite_file_sync_folder(struct cc_arena *arena, const char *path,
                                     struct cc_err *err) CC_NODISCARD;

/* CC_STORAGE_FULL when the disk has no room for even a few pages. */
enum cc_code sqlite_file_check_space(const char *path, struct cc_err *err) CC_NODISCARD;

/* --- the lock --------------------------------------------------------------------------------- */

struct sqlite_lock {
    int fd;
    const char *path;
};

/* Opens <database>.lock and marks this process as one that has the database open: shared, or, if
 * `alone`, as the only one. CC_UNAVAILABLE if others forbid that. */
enum cc_code sqlite_lock_open(struct sqlite_lock *lock, const char *path, bool alone,
                              struct cc_err *err) CC_NODISCARD;
void sqlite_lock_close(struct sqlite_lock *lock);

/* Waits as long as it takes; a point of cancellation, and the only one in the committer. */
enum cc_code sqlite_lock_wait(struct sqlite_lock *lock, struct cc_err *err) CC_NODISCARD;
/* Waits at most wait_ms: CC_UNAVAILABLE. */
enum cc_code sqlite_lock_within(struct sqlite_lock *lock, int64_t wait_ms,
                                struct cc_err *err) CC_NODISCARD;
void sqlite_lock_release(struct sqlite_lock *lock);

/* Says to other processes that a snapshot is held for long (a backup), and asks whether one of them
 * does. */
void sqlite_lock_begin_snapshot(struct sqlite_lock *lock);
void sqlite_lock_end_snapshot(struct sqlite_lock *lock);
bool sqlite_lock_has_snapshot(const struct sqlite_lock *lock);
/* Whether another process has the database open, or this one by another lock. */
bool sqlite_lock_has_others(const struct sqlite_lock *lock);

/* --- a connection ----------------------------------------------------------------------------- */

enum sqlite_stmt {
    SQLITE_STMT_BEGIN_READ,
    SQLITE_STMT_BEGIN_WRITE,
    SQLITE_STMT_COMMIT,
    SQLITE_STMT_ROLLBACK,
    SQLITE_STMT_GET,
    SQLITE_STMT_ASCENDING,
    SQLITE_STMT_DESCENDING,
    SQLITE_STMT_CHANGED,
    SQLITE_STMT_INSERT,
    SQLITE_STMT_PUT,
    SQLITE_STMT_DELETE,
    SQLITE_STMT_SWEEP,
    SQLITE_STMT_VERIFY,
    SQLITE_STMT_COUNT
};

struct sqlite_settings {
    const char *path;
    int durability;
    int64_t cache_bytes;
    int64_t wait_ms;
    bool network;
    bool examining; /* see struct sqlite_conn */
};

/* What is gathered of a log, in the arena it is given. SQLite's own way of writing a file takes
 * less than 128 KiB at once. */
#define SQLITE_LOG_BYTES ((size_t)112 * 1024)

struct sqlite_log;

/* Used by one thread at a time. */
struct sqlite_conn {
    struct cc_arena *arena; /* holds this struct */
    sqlite3 *db;
    const char *path;
    sqlite3_stmt *stmts[SQLITE_STMT_COUNT];
    struct sqlite_log *log;   /* NULL: SQLite writes the log as it likes */
    int wal_pages;            /* after this connection's last commit */
    bool examining;           /* it is being opened or verified: what fails concerns the operator */
    struct sqlite_conn *next; /* in the store's list of readers that are free */
};

enum cc_code sqlite_conn_open(const struct sqlite_settings *settings, bool writes,
                              struct sqlite_conn **out, struct cc_err *err) CC_NODISCARD;
void sqlite_conn_close(struct sqlite_conn *conn);

/* The statement, prepared at its first use. NULL: err says why. */
sqlite3_stmt *sqlite_conn_stmt(struct sqlite_conn *conn, enum sqlite_stmt which,
                               struct cc_err *err);
/* Runs one that gives no rows and takes no parameters, and resets it. */
enum cc_code sqlite_conn_do(struct sqlite_conn *conn, enum sqlite_stmt which,
                            struct cc_err *err) CC_NODISCARD;
/* Statements that give no rows, prepared for this once. */
enum cc_code sqlite_conn_execute(struct sqlite_conn *conn, const char *sql,
                                 struct cc_err *err) CC_NODISCARD;
/* The journal that a database has while it serves: a write-ahead log, but on a network file system
 * the one that SQLite deletes. */
enum cc_code sqlite_conn_set_journal(struct sqlite_conn *conn, bool network,
                                     struct cc_err *err) CC_NODISCARD;
/* Ends whatever transaction is still open. */
void sqlite_conn_rollback(struct sqlite_conn *conn);

#define SQLITE_DAMAGED "The database is damaged. Keep the file as it is and restore a backup."

/* What SQLite said last, in our words. Never CC_OK. */
enum cc_code sqlite_conn_fail(struct sqlite_conn *conn, const char *doing,
                              struct cc_err *err) CC_NODISCARD;

/* --- the log, in one piece -------------------------------------------------------------------- */

/* Of a connection's database file; zero at first. */
struct sqlite_ahead {
    sqlite3_io_methods methods; /* first: the file points here. SQLite's own, but for xWrite */
    int (*write)(sqlite3_file *, const void *, int, sqlite3_int64);
    const char *path;
    int fd;                 /* -1: not needed yet */
    sqlite3_int64 from, to; /* of the present piece */
    int pages;              /* in it */
};

/* From now on the system is asked every few pages to begin to put on disk what is written to `db`.
 * SQLite keeps `path` as long as the file is open. Only for one file: for a second one (an ATTACH)
 * this does nothing. */
void sqlite_ahead_begin(struct sqlite_ahead *ahead, sqlite3_file *db, const char *path);
/* Closes a descriptor of the database. With it go the locks that the process holds on the file, as
 * POSIX has it: its connections must be closed by then. (The locks of the log belong to another
 * file, that of its shared memory.) */
void sqlite_ahead_end(struct sqlite_ahead *ahead);

/* Registers with SQLite, in the process, a way of opening files in which a connection of durability
 * `full` gathers what it writes to its log until it syncs it, and gives its name. For one
 * connection; it lives in `arena`. End it when that is closed. */
const char *sqlite_log_begin(struct cc_arena *arena, struct sqlite_log **out);
void sqlite_log_end(struct sqlite_log *log); /* NULL is allowed */

/* --- the layout ------------------------------------------------------------------------------- */

#define SQLITE_LAYOUT 2 /* META SCHEMA */
#define SQLITE_LAYOUT_OLDEST 1

/* Makes a database that is new and empty ours; checks one that is not. CC_INVALID: not a
 * database, another program's, damaged, an older or newer layout. */
enum cc_code sqlite_schema_open(struct sqlite_conn *conn, struct sqlite_lock *lock,
                                const struct sqlite_settings *settings,
                                const struct cc_random *random, struct cc_err *err) CC_NODISCARD;
/* Makes the layout in a new and empty database. */
enum cc_code sqlite_schema_create(struct sqlite_conn *conn, const struct cc_random *random,
                                  struct cc_err *err) CC_NODISCARD;
/* Whether it is ours, its layout this version's or from `oldest` on. Reads only. CC_INVALID. */
enum cc_code sqlite_schema_check(struct sqlite_conn *conn, int64_t oldest,
                                 struct cc_err *err) CC_NODISCARD;
/* Begins a new history. */
enum cc_code sqlite_schema_renew(struct sqlite_conn *conn, const struct cc_random *random,
                                 struct cc_err *err) CC_NODISCARD;
/* What META SCHEMA says, from 1. CC_INVALID: nothing, or no number. */
enum cc_code sqlite_schema_layout(struct sqlite_conn *conn, int64_t *out,
                                  struct cc_err *err) CC_NODISCARD;
/* Makes it say SQLITE_LAYOUT. */
enum cc_code sqlite_schema_stamp(struct sqlite_conn *conn, struct cc_err *err) CC_NODISCARD;
/* Brings the rows that were loaded from an attached database `copy`, which sqlite_schema_check has
 * found to be good, to this version's layout. What a failure leaves is of no use. CC_STORAGE_FULL,
 * CC_UNAVAILABLE. */
enum cc_code sqlite_upgrade(struct sqlite_conn *conn, struct cc_err *err) CC_NODISCARD;
enum cc_code sqlite_schema_epoch(struct sqlite_conn *conn, struct cc_arena *arena,
                                 struct cc_str *out, struct cc_err *err) CC_NODISCARD;

/* --- items ------------------------------------------------------------------------------------ */

struct sqlite_txn {
    struct cc_txn base; /* first */
    struct sqlite_conn *conn;
};

void sqlite_txn_init(struct sqlite_txn *txn, struct sqlite_conn *conn, struct cc_arena *arena,
                     int64_t now_ms, bool read_only);
/* A cc_txn_fn; arg is a struct sqlite_sweep. */
enum cc_code sqlite_txn_sweep(struct cc_txn *txn, void *arg, struct cc_err *err) CC_NODISCARD;
/* A cc_txn_fn without an argument: PRAGMA quick_check. */
enum cc_code sqlite_txn_verify(struct cc_txn *txn, void *arg, struct cc_err *err) CC_NODISCARD;

/* A column of a row, in the arena. */
struct cc_str sqlite_column(struct cc_arena *arena, sqlite3_stmt *stmt, int column);

/* Whatever is there. */
enum cc_code sqlite_conn_put(struct sqlite_conn *conn, const struct cc_item *item,
                             struct cc_err *err) CC_NODISCARD;
/* CC_NOT_FOUND: nor is what has expired by `now_ms`; at SQLITE_EVER all is there. The text is in
 * the arena, the key is borrowed. */
#define SQLITE_EVER INT64_MIN
enum cc_code sqlite_conn_find(struct sqlite_conn *conn, struct cc_arena *arena, struct cc_key key,
                              int64_t now_ms, struct cc_item *out, struct cc_err *err) CC_NODISCARD;

/* All items in the order of their keys, behind `after` if that is given. Close it before the
 * connection. */
struct sqlite_rows {
    struct sqlite_conn *conn;
    sqlite3_stmt *stmt;
};
enum cc_code sqlite_rows_open(struct sqlite_conn *conn, struct cc_key after,
                              struct sqlite_rows *out, struct cc_err *err) CC_NODISCARD;
/* CC_NOT_FOUND: that was all. */
enum cc_code sqlite_rows_next(struct sqlite_rows *rows, struct cc_arena *arena, struct cc_item *out,
                              struct cc_err *err) CC_NODISCARD;
void sqlite_rows_close(struct sqlite_rows *rows);

struct sqlite_sweep {
    size_t limit;
    size_t swept;
};

/* --- the committer ---------------------------------------------------------------------------- */

struct sqlite_job {
    cc_txn_fn *fn;
    void *arg;
    struct cc_arena *arena;
    bool read_only;
    int64_t wait_ms; /* for its turn */
    struct cc_err *err;
    /* the committer's */
    bool is_queued;      /* under the queue's mutex */
    sem_t done;          /* its caller waits here, and nobody else */
    atomic_bool is_done; /* says what `done` does, in a way that ThreadSanitizer sees */
    enum cc_code rc;
    struct sqlite_job *next, *prev;
};

struct sqlite_group {
    pthread_mutex_t mutex; /* guards everything down to `stopping` */
    pthread_cond_t work;
    struct sqlite_job *head, *tail;
    bool started, stopping;
    _Atomic(const char *) waits_for; /* for the cause of a time-out */
    pthread_t thread;
    /* the committer's own */
    struct sqlite_conn *conn;
    struct sqlite_txn txn;
};

#define SQLITE_GROUP_MAX 256 /* functions in one commit, whatever the configuration says */

/* Takes over `conn` for the committer. */
void sqlite_group_open(struct sqlite_store *store, struct sqlite_conn *conn);
/* Ends the committer. No other thread uses the store any more. */
void sqlite_group_close(struct sqlite_store *store);
/* Queues the job, waits for its outcome. The job's err is filled. */
enum cc_code sqlite_group_run(struct sqlite_store *store, struct sqlite_job *job) CC_NODISCARD;

/* --- the write-ahead log ---------------------------------------------------------------------- */

/* The committer's. */
struct sqlite_wal {
    int checkpoint_at; /* pages */
    int64_t erased_ms; /* when this process emptied the log last */
    int64_t refused_ms;
    bool is_refused; /* the disk did not take the last checkpoint, at refused_ms */
    bool is_left;    /* at close, however long it is */
};

void sqlite_wal_open(struct sqlite_store *store);
/* After a commit, under the lock. */
void sqlite_wal_checkpoint_if_due(struct sqlite_store *store);
/* After a sweep, under the lock. */
void sqlite_wal_erase_if_due(struct sqlite_store *store);
/* Before the last connection is closed, without the lock: empties a long log if no other process
 * has the database open. The lock may be held when it returns, until its file is closed. */
void sqlite_wal_close(struct sqlite_store *store);

/* --- copies ----------------------------------------------------------------------------------- */

/* Other processes that have a file open whose name begins with `path` (the database, its log, its
 * lock): "chat.fcgi (4711), sqlite3 (4712)", in the arena; empty if none can be told. */
struct cc_str sqlite_users(struct cc_arena *arena, const char *path);

/* sqlite_lock_open for the database at `path` as the only one. CC_UNAVAILABLE: another process has
 * it open, also one that knows nothing of the lock; the cause names those that can be told. */
enum cc_code sqlite_lock_alone(struct sqlite_lock *lock, struct cc_arena *arena, const char *path,
                               struct cc_err *err) CC_NODISCARD;

/* Reads all of one through a connection. */
enum cc_code sqlite_copy_sum(struct sqlite_conn *conn, struct cc_progress *progress,
                             struct cc_copy_sum *out, struct cc_err *err) CC_NODISCARD;

/* --- the store -------------------------------------------------------------------------------- */

struct sqlite_store;
enum cc_code sqlite_copy(struct sqlite_store *store, const char *path, struct cc_progress *progress,
                         struct cc_err *err) CC_NODISCARD;
/* cc_store_walk */
enum cc_code sqlite_walk(struct sqlite_store *store, struct cc_str prefix,
                         const struct cc_visit *visit, struct cc_err *err) CC_NODISCARD;

struct sqlite_store {
    struct cc_store base; /* first */
    struct cc_arena *arena;
    struct sqlite_settings settings;
    struct sqlite_lock lock;
    struct sqlite_group group;
    struct sqlite_wal wal;
    int64_t group_max;
    const struct cc_clock *clock;
    const struct cc_log *log;
    struct cc_str epoch;
    pid_t pid; /* a connection never crosses a fork */
    pthread_mutex_t readers_mutex;
    struct sqlite_conn *readers; /* that are free, the one used last first */
};

#endif
