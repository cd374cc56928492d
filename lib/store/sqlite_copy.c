/* A copy is made page by page within one read snapshot: fast, so that the snapshot, which keeps the
 * write-ahead log from starting anew, is short. Looking it over comes after that. */
#include "sqlite.h"

#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_PAGES 256
/* What the kernel has not yet written of the copy is kept small: a commit's fsync beside it waits
 * for that, too. */
#define SYNC_BYTES ((int64_t)8 * 1024 * 1024)
#define REPORT_ROWS 1000

/* --- copying ---------------------------------------------------------------------------------- */

struct target {
    const char *path;
    sqlite3 *db;
    int fd;
    int64_t synced_bytes;
};

static enum cc_code fail_target(const struct target *to, const char *doing, struct cc_err *err)
{
    int code = sqlite3_extended_errcode(to->db);
    int number = sqlite3_system_errno(to->db);
    bool is_full = (code & 0xff) == SQLITE_FULL || number == EDQUOT;

    return cc_fail(err, is_full ? CC_STORAGE_FULL : CC_UNAVAILABLE,
                   (code & 0xff) == SQLITE_CORRUPT ? SQLITE_DAMAGED : NULL,
                   "sqlite: %s %s: %s (code %d, errno %d)", doing, to->path, sqlite3_errmsg(to->db),
                   code, number);
}

static enum cc_code execute(const struct target *to, const char *sql, struct cc_err *err)
{
    if (sqlite3_exec(to->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return fail_target(to, sql, err);
    return CC_OK;
}

/* Without a journal: a copy that is not whole is thrown away. */
static enum cc_code open_target(struct target *to, struct cc_err *err)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

    to->fd = open(to->path, O_RDWR | O_CLOEXEC);
    if (to->fd < 0)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "open %s: %s", to->path, strerror(errno));
    if (sqlite3_open_v2(to->path, &to->db, flags, NULL) != SQLITE_OK)
        return fail_target(to, "open", err);
    return execute(
        to, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", err);
}

/* What fails here must not be let pass: the kernel tells of pages that it could not write once, and
 * whoever opens the file afterwards to sync it is told that all is well. */
static enum cc_code sync_now_and_then(struct target *to, int64_t done_bytes, struct cc_err *err)
{
    bool is_full;

    if (done_bytes - to->synced_bytes < SYNC_BYTES)
        return CC_OK;
    to->synced_bytes = done_bytes;
    if (fdatasync(to->fd) == 0)
        return CC_OK;
    is_full = errno == ENOSPC || errno == EDQUOT;
    return cc_fail(err, is_full ? CC_STORAGE_FULL : CC_UNAVAILABLE, NULL, "fdatasync %s: %s",
                   to->path, strerror(errno));
}

static enum cc_code copy_pages(struct sqlite_conn *from, struct target *to,
                               struct cc_progress *progress, struct cc_err *err)
{
    sqlite3_backup *run = sqlite3_backup_init(to->db, "main", from->db, "main");
    enum cc_code rc = CC_OK;
    int step = SQLITE_OK;

    if (run == NULL)
        return fail_target(to, "copy to", err);
    while (rc == CC_OK && step == SQLITE_OK) {
        int64_t total, done;

        step = sqlite3_backup_step(run, STEP_PAGES);
        total = (int64_t)sqlite3_backup_pagecount(run) * 4096;
        done = total - (int64_t)sqlite3_backup_remaining(run) * 4096;
        rc = sync_now_and_then(to, done, err);
        if (rc == CC_OK)
            rc = cc_progress_report(progress, "Copying the database", done, total, err);
    }
    /* By its manual a lock that it did not get is no failure to sqlite3_backup_finish. */
    if ((sqlite3_backup_finish(run) != SQLITE_OK || step != SQLITE_DONE) && rc == CC_OK)
        rc = fail_target(to, "copy to", err);
    return rc;
}

/* The copied header says that there is a write-ahead log; a single file has none. */
static enum cc_code leave_wal(const struct target *to, struct cc_err *err)
{
    return execute(to, "PRAGMA journal_mode=DELETE", err);
}

/* The read that fixes the snapshot also looks whether it is ours. */
static enum cc_code copy_snapshot(struct sqlite_conn *from, struct target *to,
                                  struct cc_progress *progress, struct cc_err *err)
{
    struct cc_str ignored;
    enum cc_code rc = sqlite_conn_do(from, SQLITE_STMT_BEGIN_READ, err);

    if (rc == CC_OK)
        rc = sqlite_schema_epoch(from, from->arena, &ignored, err);
    if (rc == CC_OK)
        rc = copy_pages(from, to, progress, err);
    sqlite_conn_rollback(from);
    return rc;
}

enum cc_code sqlite_copy(struct sqlite_store *store, const char *path, struct cc_progress *progress,
                         struct cc_err *err)
{
    struct target to = { .path = path, .fd = -1 };
    struct sqlite_conn *from;
    enum cc_code rc = sqlite_conn_open(&store->settings, false, &from, err);

    if (rc != CC_OK)
        return rc;
    rc = open_target(&to, err);
    sqlite_lock_begin_snapshot(&store->lock);
    if (rc == CC_OK)
        rc = copy_snapshot(from, &to, progress, err);
    sqlite_lock_end_snapshot(&store->lock);
    sqlite_conn_close(from);
    if (rc == CC_OK)
        rc = leave_wal(&to, err);
    sqlite3_close(to.db);
    if (to.fd >= 0)
        close(to.fd);
    return rc;
}

/* --- looking one over ------------------------------------------------------------------------- */

/* As a blob: as text SQLite would first add a NUL, for which it may have no memory, and then give
 * the length of what is not there. */
static struct cc_str column(sqlite3_stmt *stmt, int at)
{
    const void *bytes = sqlite3_column_blob(stmt, at);

    return (struct cc_str){ bytes ? bytes : "", (size_t)sqlite3_column_bytes(stmt, at) };
}

/* How many bytes it has. */
static int64_t add_row(sqlite3_stmt *stmt, struct cc_sha256 *digest, struct cc_copy_sum *sum)
{
    const struct cc_str pk = column(stmt, 0), sk = column(stmt, 1), body = column(stmt, 2);
    const enum cc_kind kind = cc_key_kind((struct cc_key){ pk, sk });

    cc_sha256_add_part(digest, pk);
    cc_sha256_add_part(digest, sk);
    cc_sha256_add_part(digest, body);
    cc_sha256_add_number(digest, sqlite3_column_int64(stmt, 3));
    cc_sha256_add_number(digest, sqlite3_column_int64(stmt, 4));
    sum->users += kind == CC_KIND_PERSON;
    sum->rooms += kind == CC_KIND_ROOM;
    sum->messages += kind == CC_KIND_MESSAGE;
    sum->items++;
    return (int64_t)(pk.len + sk.len + body.len) + 20;
}

static int64_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

static enum cc_code sum_rows(struct sqlite_conn *conn, sqlite3_stmt *stmt,
                             struct cc_progress *progress, struct cc_copy_sum *sum,
                             struct cc_err *err)
{
    const int64_t total = size_of(conn->path);
    struct cc_sha256 *digest = cc_sha256_begin(conn->arena);
    enum cc_code rc = CC_OK;
    int64_t bytes = 0;
    int step = SQLITE_ROW;

    while (rc == CC_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        bytes += add_row(stmt, digest, sum);
        if (sum->items % REPORT_ROWS == 0)
            rc = cc_progress_report(progress, "Verifying the database",
                                    bytes < total ? bytes : total, total, err);
    }
    if (rc == CC_OK && step != SQLITE_DONE)
        rc = sqlite_conn_fail(conn, "read all items", err);
    cc_sha256_end(digest, sum->sha256);
    return rc;
}

enum cc_code sqlite_copy_sum(struct sqlite_conn *conn, struct cc_progress *progress,
                             struct cc_copy_sum *out, struct cc_err *err)
{
    static const char all[] = "SELECT pk, sk, body, mrev, expires_ms FROM item ORDER BY pk, sk";
    struct cc_copy_sum sum = { 0 };
    sqlite3_stmt *stmt;
    enum cc_code rc;

    if (sqlite3_prepare_v2(conn->db, all, -1, &stmt, NULL) != SQLITE_OK)
        return sqlite_conn_fail(conn, "read all items", err);
    rc = sum_rows(conn, stmt, progress, &sum, err);
    sqlite3_finalize(stmt);
    if (rc == CC_OK)
        *out = sum;
    return rc;
}

static enum cc_code examine(struct sqlite_conn *conn, struct cc_progress *progress,
                            struct cc_copy_sum *out, struct cc_err *err)
{
    struct sqlite_txn txn;
    enum cc_code rc = sqlite_schema_check(conn, SQLITE_LAYOUT_OLDEST, err);

    sqlite_txn_init(&txn, conn, conn->arena, 0, true);
    if (rc == CC_OK)
        rc = cc_progress_report(progress, "Verifying the database", 0, size_of(conn->path), err);
    if (rc == CC_OK)
        rc = sqlite_txn_verify(&txn.base, NULL, err);
    conn->examining = true; /* which the check has ended */
    return rc == CC_OK ? sqlite_copy_sum(conn, progress, out, err) : rc;
}

/* A connection speaks of the database that serves; this is a backup. */
static enum cc_code say_backup(const struct cc_err *why, struct cc_err *err)
{
    const char *detail = why->detail;

    if (strcmp(detail, SQLITE_DAMAGED) == 0)
        detail = "The backup is damaged: take another one.";
    else if (why->code == CC_INVALID && strstr(why->cause, "layout") == NULL)
        detail = "The file is not a backup, or it is damaged.";
    return cc_fail(err, why->code, detail, "%s", why->cause);
}

enum cc_code cc_copy_examine(const char *path, struct cc_progress *progress,
                             struct cc_copy_sum *out, struct cc_err *err)
{
    const struct sqlite_settings settings = {
        .path = path, .cache_bytes = 2 * 1024 * 1024, .wait_ms = 1000, .examining = true
    };
    struct cc_err why = { 0 };
    struct sqlite_conn *conn;
    enum cc_code rc = sqlite_conn_open(&settings, false, &conn, &why);

    if (rc != CC_OK)
        return say_backup(&why, err);
    rc = examine(conn, progress, out, &why);
    sqlite_conn_close(conn);
    return rc == CC_OK ? rc : say_backup(&why, err);
}
