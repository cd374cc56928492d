/* Writes to the write-ahead log in one piece. SQLite writes it in two calls a page, a head of 24
 * bytes and the page, and syncs it at the end of a commit: for a group of ten sends a hundred
 * calls, a sixth of what the committer computes. Here they gather and are written when SQLite
 * syncs, which it does before anybody can learn of the commit, or when it looks at the file. Nobody
 * else can miss what has not been written yet: other connections read no further in the log than
 * the last commit in its index, and a commit enters that after the sync.
 *
 * The rest of SQLite's view of the system is left as it is, locks and shared memory above all; but
 * see sqlite_ahead.c. */
#include "sqlite.h"

#include <assert.h>
#include <string.h>

struct sqlite_log {
    sqlite3_vfs base; /* first */
    sqlite3_vfs *real;
    struct cc_arena *arena;
    char *gathered; /* made by the first write: few processes write. A connection has one log */
    struct sqlite_ahead ahead;
};

struct log_file {
    sqlite3_file base; /* first */
    struct sqlite_log *log;
    size_t len;       /* of what is gathered */
    sqlite3_int64 at; /* where in the file `gathered` belongs */
    sqlite3_file real[];
};

static struct log_file *file_of(sqlite3_file *base)
{
    return (struct log_file *)base;
}

/* What cannot be written is forgotten: SQLite undoes the transaction that it belonged to. */
static int write_gathered(struct log_file *file)
{
    const size_t len = file->len;

    file->len = 0;
    if (len == 0)
        return SQLITE_OK;
    return file->real->pMethods->xWrite(file->real, file->log->gathered, (int)len, file->at);
}

static int log_close(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xClose(file_of(base)->real);
}

static int log_read(sqlite3_file *base, void *out, int len, sqlite3_int64 at)
{
    struct log_file *file = file_of(base);
    int rc = write_gathered(file);

    return rc == SQLITE_OK ? file->real->pMethods->xRead(file->real, out, len, at) : rc;
}

static bool continues(const struct log_file *file, size_t len, sqlite3_int64 at)
{
    return at == file->at + (sqlite3_int64)file->len && len <= SQLITE_LOG_BYTES - file->len;
}

static int log_write(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 at)
{
    struct log_file *file = file_of(base);
    int rc = SQLITE_OK;

    if (!continues(file, (size_t)len, at)) {
        rc = write_gathered(file);
        file->at = at;
    }
    if (rc != SQLITE_OK)
        return rc;
    assert((size_t)len <= SQLITE_LOG_BYTES); /* a page has at most 64 KiB */
    if (!file->log->gathered)
        file->log->gathered = cc_arena_alloc(file->log->arena, SQLITE_LOG_BYTES);
    memcpy(file->log->gathered + file->len, bytes, (size_t)len);
    file->len += (size_t)len;
    return SQLITE_OK;
}

static int log_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct log_file *file = file_of(base);
    int rc = write_gathered(file);

    return rc == SQLITE_OK ? file->real->pMethods->xTruncate(file->real, size) : rc;
}

static int log_sync(sqlite3_file *base, int flags)
{
    struct log_file *file = file_of(base);
    int rc = write_gathered(file);

    return rc == SQLITE_OK ? file->real->pMethods->xSync(file->real, flags) : rc;
}

static int log_size(sqlite3_file *base, sqlite3_int64 *out)
{
    struct log_file *file = file_of(base);
    int rc = write_gathered(file);

    return rc == SQLITE_OK ? file->real->pMethods->xFileSize(file->real, out) : rc;
}

static int log_lock(sqlite3_file *base, int level)
{
    return file_of(base)->real->pMethods->xLock(file_of(base)->real, level);
}

static int log_unlock(sqlite3_file *base, int level)
{
    return file_of(base)->real->pMethods->xUnlock(file_of(base)->real, level);
}

static int log_check_lock(sqlite3_file *base, int *out)
{
    return file_of(base)->real->pMethods->xCheckReservedLock(file_of(base)->real, out);
}

static int log_control(sqlite3_file *base, int op, void *arg)
{
    return file_of(base)->real->pMethods->xFileControl(file_of(base)->real, op, arg);
}

static int log_sector_size(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xSectorSize(file_of(base)->real);
}

static int log_characteristics(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xDeviceCharacteristics(file_of(base)->real);
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, /* neither shared memory nor mapped pages: those are the database's */
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_check_lock,
    .xFileControl = log_control,
    .xSectorSize = log_sector_size,
    .xDeviceCharacteristics = log_characteristics,
};

static int open_database(struct sqlite_log *log, const char *name, sqlite3_file *out, int flags,
                         int *out_flags)
{
    int rc = log->real->xOpen(log->real, name, out, flags, out_flags);

    if (rc == SQLITE_OK)
        sqlite_ahead_begin(&log->ahead, out, name);
    return rc;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *out, int flags,
                     int *out_flags)
{
    struct sqlite_log *log = (struct sqlite_log *)vfs;
    struct log_file *file = file_of(out);
    int rc;

    if (flags & SQLITE_OPEN_MAIN_DB)
        return open_database(log, name, out, flags, out_flags);
    if (!(flags & SQLITE_OPEN_WAL))
        return log->real->xOpen(log->real, name, out, flags, out_flags);
    *file = (struct log_file){ .log = log };
    rc = log->real->xOpen(log->real, name, file->real, flags, out_flags);
    file->base.pMethods = file->real->pMethods ? &methods : NULL; /* closed if it has any */
    return rc;
}

const char *sqlite_log_begin(struct cc_arena *arena, struct sqlite_log **out)
{
    struct sqlite_log *log = CC_NEW(arena, struct sqlite_log);

    log->real = sqlite3_vfs_find(NULL);
    log->base = *log->real;
    log->base.pNext = NULL;
    log->base.zName = cc_str_format(arena, "cloud-chat-%p", (void *)log).at;
    log->base.szOsFile += (int)sizeof(struct log_file);
    log->base.xOpen = open_file;
    log->arena = arena;
    sqlite3_vfs_register(&log->base, 0);
    *out = log;
    return log->base.zName;
}

void sqlite_log_end(struct sqlite_log *log)
{
    if (log == NULL)
        return;
    sqlite_ahead_end(&log->ahead);
    sqlite3_vfs_unregister(&log->base);
}
