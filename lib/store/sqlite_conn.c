#include "sqlite.h"

#include <errno.h>
#include <string.h>

/* NULL in mrev and expires_ms keeps a row out of the partial indexes. An expired row does not
 * exist: it is not read, and an insert replaces it. */
#define ALIVE "(expires_ms IS NULL OR expires_ms > ?)"
#define COLUMNS "sk, body, mrev, expires_ms"
#define STORED                                                                                     \
    "INSERT INTO item (pk, sk, body, mrev, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5) "               \
    "ON CONFLICT (pk, sk) DO UPDATE SET body = excluded.body, mrev = excluded.mrev, "              \
    "expires_ms = excluded.expires_ms"

#define SWEPT                                                                                      \
    "DELETE FROM item WHERE (pk, sk) IN (SELECT pk, sk FROM item WHERE expires_ms <= ? "           \
    "ORDER BY expires_ms LIMIT ?)"

static const char *const statements[SQLITE_STMT_COUNT] = {
    [SQLITE_STMT_BEGIN_READ] = "BEGIN",
    [SQLITE_STMT_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [SQLITE_STMT_COMMIT] = "COMMIT",
    [SQLITE_STMT_ROLLBACK] = "ROLLBACK",
    [SQLITE_STMT_GET] = "SELECT " COLUMNS " FROM item WHERE pk = ? AND sk = ? AND " ALIVE,
    [SQLITE_STMT_ASCENDING] = "SELECT " COLUMNS " FROM item WHERE pk = ? AND sk BETWEEN ? AND ? "
                              "AND " ALIVE " ORDER BY sk LIMIT ?",
    [SQLITE_STMT_DESCENDING] = "SELECT " COLUMNS " FROM item WHERE pk = ? AND sk BETWEEN ? AND ? "
                               "AND " ALIVE " ORDER BY sk DESC LIMIT ?",
    [SQLITE_STMT_CHANGED] = "SELECT " COLUMNS " FROM item WHERE pk = ? AND mrev > ? AND mrev <= ? "
                            "AND " ALIVE " ORDER BY mrev, sk LIMIT ?",
    [SQLITE_STMT_INSERT] = STORED " WHERE item.expires_ms <= ?6",
    [SQLITE_STMT_PUT] = STORED,
    [SQLITE_STMT_DELETE] = "DELETE FROM item WHERE pk = ? AND sk = ?",
    [SQLITE_STMT_SWEEP] = SWEPT,
    [SQLITE_STMT_VERIFY] = "PRAGMA quick_check(1)",
};

/* SQLite's primary codes; the rest means that we used it wrongly. */
static enum cc_code code_of(int primary)
{
    switch (primary) {
    case SQLITE_FULL:
        return CC_STORAGE_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return CC_UNAVAILABLE;
    default:
        return CC_INTERNAL;
    }
}

/* Whether it said that there is no room. A quota is a full disk under another name, which SQLite
 * does not know. */
static bool is_full(const struct sqlite_conn *conn)
{
    int code = sqlite3_extended_errcode(conn->db);

    return (code & 0xff) == SQLITE_FULL ||
           (code == SQLITE_IOERR_WRITE && sqlite3_system_errno(conn->db) == EDQUOT);
}

/* While the store is being opened or verified an operator reads this: damage is not "try again
 * later". */
static const char *damage(const struct sqlite_conn *conn, int primary)
{
    if (conn->examining && primary == SQLITE_NOTADB)
        return "The file of the database is not a database: give the right path, or move it away "
               "to begin anew.";
    if (conn->examining && primary == SQLITE_CORRUPT)
        return SQLITE_DAMAGED;
    return NULL;
}

enum cc_code sqlite_conn_fail(struct sqlite_conn *conn, const char *doing, struct cc_err *err)
{
    int code = sqlite3_extended_errcode(conn->db);
    const char *detail = damage(conn, code & 0xff);
    enum cc_code ours = is_full(conn) ? CC_STORAGE_FULL : code_of(code & 0xff);

    if (detail != NULL)
        ours = CC_INVALID;
    return cc_fail(err, ours, detail, "sqlite: %s: %s (code %d, errno %d) in %s", doing,
                   sqlite3_errmsg(conn->db), code, sqlite3_system_errno(conn->db), conn->path);
}

sqlite3_stmt *sqlite_conn_stmt(struct sqlite_conn *conn, enum sqlite_stmt which, struct cc_err *err)
{
    sqlite3_stmt **stmt = &conn->stmts[which];

    if (*stmt == NULL && sqlite3_prepare_v3(conn->db, statements[which], -1,
                                            SQLITE_PREPARE_PERSISTENT, stmt, NULL) != SQLITE_OK) {
        (void)!sqlite_conn_fail(conn, statements[which], err);
        *stmt = NULL;
    }
    return *stmt;
}

enum cc_code sqlite_conn_execute(struct sqlite_conn *conn, const char *sql, struct cc_err *err)
{
    if (sqlite3_exec(conn->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_conn_fail(conn, sql, err);
    return CC_OK;
}

enum cc_code sqlite_conn_set_journal(struct sqlite_conn *conn, bool network, struct cc_err *err)
{
    return sqlite_conn_execute(
        conn, network ? "PRAGMA journal_mode=DELETE" : "PRAGMA journal_mode=WAL", err);
}

enum cc_code sqlite_conn_do(struct sqlite_conn *conn, enum sqlite_stmt which, struct cc_err *err)
{
    sqlite3_stmt *stmt = sqlite_conn_stmt(conn, which, err);
    enum cc_code rc = CC_OK;

    if (stmt == NULL)
        return err->code;
    if (sqlite3_step(stmt) != SQLITE_DONE)
        rc = sqlite_conn_fail(conn, statements[which], err);
    sqlite3_reset(stmt);
    return rc;
}

void sqlite_conn_rollback(struct sqlite_conn *conn)
{
    struct cc_err ignored = { 0 };

    /* After SQLite has rolled back by itself there is nothing to do; if this fails, the next BEGIN
     * says so. */
    if (!sqlite3_get_autocommit(conn->db))
        (void)!sqlite_conn_do(conn, SQLITE_STMT_ROLLBACK, &ignored);
}

/* Called by SQLite after each commit; taking this place also means that SQLite does not
 * checkpoint by itself. */
static int note_wal_pages(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct sqlite_conn *conn = arg;

    (void)db;
    (void)name;
    conn->wal_pages = pages;
    return SQLITE_OK;
}

static int set_options(sqlite3 *db)
{
    static const struct {
        int option, value;
    } options[] = {
        { SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 }, { SQLITE_DBCONFIG_DEFENSIVE, 1 },
        { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },   { SQLITE_DBCONFIG_DQS_DML, 0 },
        { SQLITE_DBCONFIG_DQS_DDL, 0 },
    };
    int failed = SQLITE_OK;

    for (size_t i = 0; i < CC_COUNT(options) && failed == SQLITE_OK; i++)
        failed = sqlite3_db_config(db, options[i].option, options[i].value, NULL);
    return failed;
}

/* The writer sees every page that anybody changes, a reader a few: with the cache of one it read
 * eight pages a send anew. */
#define WRITER_CACHES 4

/* A database mapped into memory would turn a disk error into SIGBUS, hence mmap_size 0.
 *
 * EXTRA, not FULL: with a log they are the same, but the end of the journal in which a database
 * begins is on disk before its log is. Else a power cut brings the journal back, it undoes the
 * first page, and a second cut leaves an empty database beside a log, which nobody opens. */
static enum cc_code set_pragmas(struct sqlite_conn *conn, const struct sqlite_settings *settings,
                                bool writes, struct cc_err *err)
{
    struct cc_str sql = cc_str_format(
        conn->arena,
        "PRAGMA mmap_size=0; PRAGMA cache_size=-%lld; PRAGMA synchronous=%s;"
        "PRAGMA secure_delete=ON; PRAGMA wal_autocheckpoint=0; PRAGMA cell_size_check=ON;"
        "PRAGMA temp_store=MEMORY; PRAGMA locking_mode=%s; PRAGMA query_only=%s;",
        (long long)settings->cache_bytes * (writes ? WRITER_CACHES : 1) / 1024,
        settings->durability == 0 ? "EXTRA" : "NORMAL", settings->network ? "EXCLUSIVE" : "NORMAL",
        writes ? "OFF" : "ON");

    if (set_options(conn->db) != SQLITE_OK ||
        sqlite3_exec(conn->db, sql.at, NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_conn_fail(conn, "settings", err);
    sqlite3_wal_hook(conn->db, note_wal_pages, conn);
    return CC_OK;
}

/* What is gathered of the log must be written before the commit is announced: only a sync does
 * that. */
static bool syncs_each_commit(const struct sqlite_settings *settings)
{
    return settings->durability == 0 && !settings->network;
}

enum cc_code sqlite_conn_open(const struct sqlite_settings *settings, bool writes,
                              struct sqlite_conn **out, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(writes ? SQLITE_LOG_BYTES + 24 * 1024 : (size_t)8 * 1024);
    struct sqlite_conn *conn = CC_NEW(arena, struct sqlite_conn);
    const char *vfs = NULL;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    enum cc_code rc = CC_OK;

    conn->arena = arena;
    conn->path = settings->path;
    conn->examining = writes || settings->examining;
    if (writes && syncs_each_commit(settings))
        vfs = sqlite_log_begin(arena, &conn->log);
    if (sqlite3_open_v2(settings->path, &conn->db, flags, vfs) != SQLITE_OK)
        rc = sqlite_conn_fail(conn, "open", err);
    if (rc == CC_OK) {
        sqlite3_busy_timeout(conn->db, (int)settings->wait_ms);
        rc = set_pragmas(conn, settings, writes, err);
    }
    if (rc != CC_OK) {
        sqlite_conn_close(conn);
        return rc;
    }
    *out = conn;
    return CC_OK;
}

void sqlite_conn_close(struct sqlite_conn *conn)
{
    for (size_t i = 0; i < SQLITE_STMT_COUNT; i++)
        sqlite3_finalize(conn->stmts[i]);
    sqlite3_close(conn->db);
    sqlite_log_end(conn->log);
    cc_arena_free(conn->arena);
}
