#include "tests/contract/power_vfs.h"

#include "tests/check.h"

#include <sqlite3.h>
#include <time.h>

/* Time that a sync takes: about what a good disk does, so that groups gather meanwhile. */
#define SYNC_NS 200000

struct power_vfs {
    sqlite3_vfs base; /* first */
    sqlite3_vfs *real;
    struct power_log *log;
    enum power_lie lie;
};

struct power_file {
    sqlite3_file base;     /* first */
    struct power_log *log; /* NULL: not one of those that are kept */
    int number;
    int type;        /* SQLITE_OPEN_WAL, ... */
    bool sync_names; /* at its first sync, as the system's VFS does with a journal it may create */
    sqlite3_file real[];
};

static struct power_vfs vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct power_file *)file)->real;
}

/* --- what is kept ----------------------------------------------------------------------------- */

/* The name within the folder of the log; NULL if it is elsewhere, or nobody listens. */
static const char *name_within(const char *path)
{
    const size_t len = vfs.log ? strlen(vfs.log->folder) : 0;

    if (!vfs.log || !path || strncmp(path, vfs.log->folder, len) != 0 || path[len] != '/')
        return NULL;
    return path + len + 1;
}

static void keep(const struct power_file *file, struct power_op op)
{
    op.file = file->number;
    if (file->log)
        power_log_add(file->log, op);
}

static bool lies(const struct power_file *file)
{
    return (vfs.lie == POWER_LIE_WAL && file->type == SQLITE_OPEN_WAL) ||
           (vfs.lie == POWER_LIE_DATABASE && file->type == SQLITE_OPEN_MAIN_DB);
}

static void sync_names(struct power_log *log)
{
    if (vfs.lie != POWER_LIE_NAMES)
        power_log_add(log, (struct power_op){ .kind = POWER_SYNC_NAMES });
}

/* --- files ------------------------------------------------------------------------------------ */

static int file_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), out, len, at);
}

static int file_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    int rc = real_of(file)->pMethods->xWrite(real_of(file), bytes, len, at);

    ck_assert_int_eq(rc, SQLITE_OK);
    keep((struct power_file *)file,
         (struct power_op){ .kind = POWER_WRITE, .at = at, .bytes = { bytes, (size_t)len } });
    return rc;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int rc = real_of(file)->pMethods->xTruncate(real_of(file), size);

    ck_assert_int_eq(rc, SQLITE_OK);
    keep((struct power_file *)file, (struct power_op){ .kind = POWER_TRUNCATE, .at = size });
    return rc;
}

/* Whatever was written before it is on disk, as if it took no time; then it takes some. */
static int file_sync(sqlite3_file *base, int flags)
{
    const struct timespec takes = { .tv_nsec = SYNC_NS };
    struct power_file *file = (struct power_file *)base;

    (void)flags;
    if (!file->log)
        return SQLITE_OK;
    if (!lies(file))
        keep(file, (struct power_op){ .kind = POWER_SYNC });
    if (file->sync_names)
        sync_names(file->log);
    file->sync_names = false;
    nanosleep(&takes, NULL);
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int file_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}

static int shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shm_unmap(sqlite3_file *file, int delete)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

/* Version 2: files are not mapped into memory, where writes would pass unseen. */
static const sqlite3_io_methods methods = { 2,
                                            file_close,
                                            file_read,
                                            file_write,
                                            file_truncate,
                                            file_sync,
                                            file_size,
                                            file_lock,
                                            file_unlock,
                                            file_check_lock,
                                            file_control,
                                            file_sector_size,
                                            file_characteristics,
                                            shm_map,
                                            shm_lock,
                                            shm_barrier,
                                            shm_unmap,
                                            NULL,
                                            NULL };

/* --- the VFS ---------------------------------------------------------------------------------- */

static int vfs_open(sqlite3_vfs *base, sqlite3_filename path, sqlite3_file *out, int flags,
                    int *out_flags)
{
    static const int types = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL |
                             SQLITE_OPEN_SUPER_JOURNAL;
    struct power_file *file = (struct power_file *)out;
    const char *name = name_within(path);
    int rc;

    (void)base;
    rc = vfs.real->xOpen(vfs.real, path, file->real, flags, out_flags);
    file->base.pMethods = file->real->pMethods ? &methods : NULL;
    if (rc != SQLITE_OK)
        return rc;
    file->type = flags & types;
    file->log = name ? vfs.log : NULL;
    file->number = name ? power_log_create(vfs.log, name) : -1;
    file->sync_names = (flags & SQLITE_OPEN_CREATE) && file->type != SQLITE_OPEN_MAIN_DB;
    return rc;
}

static int vfs_delete(sqlite3_vfs *base, const char *path, int sync)
{
    const char *name = name_within(path);
    int file = name ? power_log_find(vfs.log, name) : -1;
    int rc = vfs.real->xDelete(vfs.real, path, 0);

    (void)base;
    if (rc != SQLITE_OK || file < 0)
        return rc;
    power_log_add(vfs.log, (struct power_op){ .kind = POWER_DELETE, .file = file });
    if (sync)
        sync_names(vfs.log);
    return rc;
}

void power_vfs_register(void)
{
    vfs.real = sqlite3_vfs_find(NULL);
    vfs.base = *vfs.real; /* what is not replaced below asks for nothing of its own */
    vfs.base.szOsFile = (int)sizeof(struct power_file) + vfs.real->szOsFile;
    vfs.base.pNext = NULL;
    vfs.base.zName = "power";
    vfs.base.xOpen = vfs_open;
    vfs.base.xDelete = vfs_delete;
    ck_assert_int_eq(sqlite3_vfs_register(&vfs.base, 1), SQLITE_OK);
}

void power_vfs_record(struct power_log *log, enum power_lie lie)
{
    vfs.log = log;
    vfs.lie = lie;
}
