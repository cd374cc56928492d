/* The database that a backup becomes is made and written to disk beside the present one, and takes
 * its place by one rename. The danger is the old write-ahead log: beside another database it would
 * be replayed into it. So the old one is checkpointed first, after which its log says nothing that
 * is not in the file, and the log is removed before the rename. Whatever is killed at whatever
 * point, the old one is there whole, or the new one is. */
#include "sqlite_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGES_A_REPORT 2000 /* steps of SQLite's machine between two reports */

static enum cc_code fail_errno(const char *call, const char *path, struct cc_err *err)
{
    bool is_full = errno == ENOSPC || errno == EDQUOT;

    return cc_fail(err, is_full ? CC_STORAGE_FULL : CC_UNAVAILABLE, NULL, "store: %s %s: %s", call,
                   path, strerror(errno));
}

static const char *beside(const struct cc_replacing *self, const char *path, const char *suffix)
{
    return cc_str_format(self->arena, "%s%s", path, suffix).at;
}

static enum cc_code remove_name(const char *path, struct cc_err *err)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return CC_OK;
    return fail_errno("remove", path, err);
}

/* --- the old one ------------------------------------------------------------------------------ */

/* A database without people and rooms is one that a first start has made. */
static enum cc_code ask_for_data(struct sqlite_conn *conn, bool *out, struct cc_err *err)
{
    static const char ask[] = "SELECT EXISTS (SELECT 1 FROM item WHERE pk >= 'R#' AND pk < 'R$')"
                              " OR EXISTS (SELECT 1 FROM item WHERE pk >= 'U#' AND pk < 'U$')";
    sqlite3_stmt *stmt = NULL;
    enum cc_code rc = CC_OK;

    if (sqlite3_prepare_v2(conn->db, ask, -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW)
        rc = sqlite_conn_fail(conn, ask, err);
    else
        *out = sqlite3_column_int(stmt, 0) != 0;
    sqlite3_finalize(stmt);
    return rc;
}

static bool is_something(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && st.st_size > 0;
}

/* What cannot be read has data for all we know. */
static void look_at_old(struct cc_replacing *self)
{
    const char *wal = beside(self, self->old.path, "-wal");
    struct cc_err ignored = { 0 };
    struct sqlite_conn *conn;

    if (!is_something(self->old.path)) {
        self->has_data = self->is_damaged = is_something(wal);
        return;
    }
    self->has_data = self->is_damaged = true;
    if (sqlite_conn_open(&self->old, false, &conn, &ignored) != CC_OK)
        return;
    self->is_damaged = ask_for_data(conn, &self->has_data, &ignored) != CC_OK;
    sqlite_conn_close(conn);
}

bool cc_replacing_has_data(const struct cc_replacing *replacing)
{
    return replacing->has_data;
}

/* Moves into the file all that its log holds, and writes it to disk. */
static enum cc_code empty_log(struct sqlite_conn *conn, struct cc_err *err)
{
    int code = sqlite3_wal_checkpoint_v2(conn->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

    if ((code & 0xff) == SQLITE_BUSY)
        return cc_fail(err, CC_UNAVAILABLE, "Another program has the database open: stop it first.",
                       "sqlite: checkpoint of %s: busy", conn->path);
    return code == SQLITE_OK ? CC_OK : sqlite_conn_fail(conn, "checkpoint", err);
}

static enum cc_code settle_old(struct cc_replacing *self, struct cc_err *err)
{
    struct cc_err why = { 0 };
    struct sqlite_conn *conn;
    enum cc_code rc;

    if (self->is_damaged || !is_something(self->old.path))
        return CC_OK;
    rc = sqlite_conn_open(&self->old, true, &conn, err);
    if (rc != CC_OK)
        return rc;
    rc = empty_log(conn, &why);
    sqlite_conn_close(conn);
    self->is_damaged = rc == CC_INVALID; /* then its log stays with it */
    if (rc != CC_OK && !self->is_damaged)
        *err = why;
    return self->is_damaged ? CC_OK : rc;
}

/* A further name. What cannot be linked (a file system without links) is not replaced. */
static enum cc_code keep_file(const char *path, const char *kept, struct cc_err *err)
{
    if (link(path, kept) == 0 || errno == ENOENT)
        return CC_OK;
    return fail_errno("link", kept, err);
}

/* Only a log that could not be emptied is worth keeping. */
static enum cc_code keep_old(struct cc_replacing *self, struct cc_str *kept, struct cc_err *err)
{
    char time[CC_TIME_TEXT_SIZE];
    const char *path;
    enum cc_code rc;

    cc_time_format(cc_clock_wall_ms(self->clock), time);
    path = cc_str_format(self->arena, "%s.replaced-%s", self->old.path, time).at;
    rc = keep_file(self->old.path, path, err);
    if (rc == CC_OK && self->is_damaged)
        rc = keep_file(beside(self, self->old.path, "-wal"), beside(self, path, "-wal"), err);
    if (rc == CC_OK)
        *kept = cc_str_from(path);
    return rc;
}

/* --- the new one ------------------------------------------------------------------------------ */

enum cc_code sqlite_replacing_discard(struct cc_replacing *self, struct cc_err *err)
{
    static const char *const suffixes[] = { "-wal", "-shm", "-journal", "" };
    enum cc_code rc = CC_OK;

    if (self->conn != NULL)
        sqlite_conn_close(self->conn);
    self->conn = NULL;
    for (size_t i = 0; rc == CC_OK && i < CC_COUNT(suffixes); i++)
        rc = remove_name(beside(self, self->fresh.path, suffixes[i]), err);
    return rc;
}

/* Without a journal: it is nothing until it is whole. */
static enum cc_code create_fresh(struct cc_replacing *self, struct cc_err *err)
{
    enum cc_code rc = sqlite_replacing_discard(self, err);

    if (rc == CC_OK)
        rc = sqlite_file_create(self->arena, self->fresh.path, err);
    if (rc == CC_OK)
        rc = sqlite_conn_open(&self->fresh, true, &self->conn, err);
    if (rc == CC_OK)
        rc = sqlite_conn_execute(self->conn,
                                 "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=OFF;"
                                 "PRAGMA synchronous=OFF",
                                 err);
    if (rc == CC_OK)
        rc = sqlite_schema_create(self->conn, self->random, err);
    return rc == CC_OK ? sqlite_conn_execute(self->conn, "DELETE FROM item", err) : rc;
}

struct loading {
    const struct cc_replacing *self;
    struct cc_progress *progress;
    int64_t total;
    struct cc_err *err;
};

static int report_loading(void *arg)
{
    const struct loading *loading = arg;
    struct stat st;

    if (stat(loading->self->fresh.path, &st) != 0)
        st.st_size = 0;
    if (st.st_size > loading->total)
        st.st_size = loading->total;
    return cc_progress_report(loading->progress, "Loading the database", st.st_size, loading->total,
                              loading->err) != CC_OK;
}

static enum cc_code attach(struct sqlite_conn *conn, const char *path, struct cc_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum cc_code rc = CC_OK;

    if (sqlite3_prepare_v2(conn->db, "ATTACH ? AS copy", -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_bind_text(stmt, 1, path, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_DONE)
        rc = sqlite_conn_fail(conn, "attach the backup", err);
    sqlite3_finalize(stmt);
    return rc;
}

/* The rows alone: tables, views and whatever else a file may call its own are made by us. Into a
 * table of the same shape SQLite moves them without taking them apart. */
static enum cc_code copy_rows(struct cc_replacing *self, const char *path,
                              struct cc_progress *progress, struct cc_err *err)
{
    struct loading loading = { .self = self, .progress = progress, .err = err };
    struct sqlite_conn *conn = self->conn;
    enum cc_code rc;
    struct stat st;

    loading.total = stat(path, &st) == 0 ? st.st_size : 0;
    sqlite3_progress_handler(conn->db, PAGES_A_REPORT, report_loading, &loading);
    rc = sqlite_conn_execute(conn, "INSERT INTO main.item SELECT * FROM copy.item", err);
    sqlite3_progress_handler(conn->db, 0, NULL, NULL);
    return rc;
}

static enum cc_code check_sum(struct cc_replacing *self, const struct cc_copy_sum *wanted,
                              struct cc_progress *progress, struct cc_err *err)
{
    struct cc_copy_sum found;
    enum cc_code rc = sqlite_copy_sum(self->conn, progress, &found, err);

    if (rc == CC_OK && memcmp(found.sha256, wanted->sha256, sizeof(found.sha256)) != 0)
        rc = cc_fail(err, CC_INVALID, "The backup is damaged: take another one.",
                     "store: %lld items loaded, and they are not those of the backup",
                     (long long)found.items);
    return rc;
}

enum cc_code cc_replacing_load(struct cc_replacing *replacing, const struct cc_copy *copy,
                               struct cc_progress *progress, struct cc_err *err)
{
    static const char no_sessions[] = "DELETE FROM item WHERE pk >= 'U#' AND pk < 'U$'"
                                      " AND sk >= 'SESSION#' AND sk < 'SESSION$'";
    enum cc_code rc = create_fresh(replacing, err);

    if (rc == CC_OK)
        rc = attach(replacing->conn, copy->path, err);
    if (rc == CC_OK)
        rc = copy_rows(replacing, copy->path, progress, err);
    if (rc == CC_OK)
        rc = check_sum(replacing, copy->sum, progress, err);
    if (rc == CC_OK)
        rc = sqlite_upgrade(replacing->conn, err);
    if (rc == CC_OK)
        rc = sqlite_conn_execute(replacing->conn, "DETACH copy", err);
    if (rc == CC_OK && copy->end_sessions)
        rc = sqlite_conn_execute(replacing->conn, no_sessions, err);
    if (rc == CC_OK)
        rc = sqlite_schema_renew(replacing->conn, replacing->random, err);
    if (rc == CC_OK)
        rc = sqlite_schema_epoch(replacing->conn, replacing->arena, &replacing->epoch, err);
    return rc;
}

struct cc_str cc_replacing_epoch(const struct cc_replacing *replacing)
{
    return replacing->epoch;
}

enum cc_code cc_replacing_run(struct cc_replacing *replacing, struct cc_arena *arena, cc_txn_fn *fn,
                              void *arg, struct cc_err *err)
{
    struct sqlite_txn txn;
    enum cc_code rc = sqlite_conn_do(replacing->conn, SQLITE_STMT_BEGIN_WRITE, err);

    if (rc != CC_OK)
        return rc;
    sqlite_txn_init(&txn, replacing->conn, arena, cc_clock_wall_ms(replacing->clock), false);
    rc = cc_txn_call(&txn.base, fn, arg, err);
    if (rc == CC_OK)
        rc = sqlite_conn_do(replacing->conn, SQLITE_STMT_COMMIT, err);
    sqlite_conn_rollback(replacing->conn);
    return rc;
}

/* --- the one for the other -------------------------------------------------------------------- */

static enum cc_code sync_file(const char *path, struct cc_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum cc_code rc = CC_OK;

    if (fd < 0 || fsync(fd) != 0)
        rc = fail_errno("fsync", path, err);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* In the journal mode of a database that serves, and nothing of it beside the file. */
static enum cc_code finish_fresh(struct cc_replacing *self, struct cc_err *err)
{
    enum cc_code rc = sqlite_conn_set_journal(self->conn, self->old.network, err);

    if (rc == CC_OK && !self->old.network)
        rc = empty_log(self->conn, err);
    sqlite_conn_close(self->conn);
    self->conn = NULL;
    if (rc == CC_OK)
        rc = remove_name(beside(self, self->fresh.path, "-wal"), err);
    if (rc == CC_OK)
        rc = remove_name(beside(self, self->fresh.path, "-shm"), err);
    return rc == CC_OK ? sync_file(self->fresh.path, err) : rc;
}

static enum cc_code confirm(const struct cc_replacing *self, struct cc_err *err)
{
    struct cc_err why = { 0 };

    if (sqlite_file_sync_folder(self->arena, self->old.path, &why) == CC_OK)
        return CC_OK;
    return cc_fail(err, CC_OUTCOME_UNKNOWN,
                   "The new database is in its place, but the disk has not confirmed that: a power "
                   "cut could bring back what was there.",
                   "%s", why.cause);
}

/* Each step is on disk before the next one. */
static enum cc_code exchange(struct cc_replacing *self, struct cc_str *kept, struct cc_err *err)
{
    static const char *const stale[] = { "-wal", "-shm", "-journal" };
    const char *path = self->old.path;
    enum cc_code rc = settle_old(self, err);

    if (rc == CC_OK && self->has_data)
        rc = keep_old(self, kept, err);
    if (rc == CC_OK)
        rc = sqlite_file_sync_folder(self->arena, path, err);
    for (size_t i = 0; rc == CC_OK && i < CC_COUNT(stale); i++)
        rc = remove_name(beside(self, path, stale[i]), err);
    if (rc == CC_OK)
        rc = sqlite_file_sync_folder(self->arena, path, err);
    if (rc == CC_OK && rename(self->fresh.path, path) != 0)
        rc = fail_errno("rename", path, err);
    return rc == CC_OK ? confirm(self, err) : rc;
}

enum cc_code cc_replacing_commit(struct cc_replacing *replacing, struct cc_arena *arena,
                                 struct cc_str *kept, struct cc_err *err)
{
    struct cc_str path = CC_STR_ABSENT;
    enum cc_code rc = finish_fresh(replacing, err);

    if (rc == CC_OK)
        rc = exchange(replacing, &path, err);
    if (rc == CC_OK)
        *kept = path.at ? cc_str_copy(arena, path) : path;
    return rc;
}

/* --- opening and closing ---------------------------------------------------------------------- */

static struct cc_replacing *make(const struct cc_store_config *config)
{
    struct cc_arena *arena = cc_arena_new((size_t)256 * 1024);
    struct cc_replacing *self = CC_NEW(arena, struct cc_replacing);

    self->arena = arena;
    self->lock.fd = -1;
    self->clock = config->clock;
    self->random = config->random;
    self->old = (struct sqlite_settings){
        .cache_bytes = 2 * 1024 * 1024,
        .wait_ms = 1000,
        .network = config->network_filesystem,
        .examining = true,
    };
    return self;
}

static enum cc_code prepare(struct cc_replacing *self, struct cc_str path, const char *suffix,
                            struct cc_err *err)
{
    enum cc_code rc = sqlite_file_resolve(self->arena, path, &self->old.path, err);

    if (rc == CC_OK && !self->old.network)
        rc = sqlite_file_check_place(self->arena, self->old.path, err);
    if (rc != CC_OK)
        return rc;
    self->fresh = self->old;
    self->fresh.path = beside(self, self->old.path, suffix);
    rc = sqlite_lock_alone(&self->lock, self->arena, self->old.path, err);
    if (rc == CC_OK)
        look_at_old(self);
    return rc;
}

enum cc_code sqlite_replacing_open(const struct cc_store_config *config, const char *suffix,
                                   struct cc_replacing **out, struct cc_err *err)
{
    struct cc_replacing *self = make(config);
    enum cc_code rc = prepare(self, config->path, suffix, err);

    if (rc != CC_OK) {
        sqlite_lock_close(&self->lock);
        cc_arena_free(self->arena);
        return rc;
    }
    *out = self;
    return CC_OK;
}

enum cc_code cc_store_open_sqlite_alone(const struct cc_store_config *config,
                                        struct cc_replacing **out, struct cc_err *err)
{
    struct cc_replacing *self;
    enum cc_code rc = sqlite_replacing_open(config, ".restoring", &self, err);

    if (rc != CC_OK)
        return rc;
    rc = sqlite_replacing_discard(self, err); /* of one that was killed */
    if (rc != CC_OK) {
        cc_replacing_close(self);
        return rc;
    }
    *out = self;
    return CC_OK;
}

void cc_replacing_close(struct cc_replacing *replacing)
{
    struct cc_err ignored = { 0 };

    if (replacing == NULL)
        return;
    if (replacing->keeps_fresh && replacing->conn != NULL)
        sqlite_conn_close(replacing->conn);
    else if (!replacing->keeps_fresh)
        (void)!sqlite_replacing_discard(replacing, &ignored);
    sqlite_lock_close(&replacing->lock);
    cc_arena_free(replacing->arena);
}
