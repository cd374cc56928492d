#include "sqlite.h"

#include "../base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

/* What statfs(2) calls the file systems whose locks and shared memory are not those of one
 * machine. FUSE stands among them: what is behind it (sshfs, s3fs, or a local disk) cannot be
 * told, and a database lost on sshfs weighs more than a setting on a local one. */
static const struct {
    unsigned long magic;
    const char *name;
} network_systems[] = {
    { 0x6969, "NFS" },        { 0x517b, "SMB" },       { 0xff534d42, "CIFS" },
    { 0xfe534d42, "SMB2" },   { 0x01021997, "9P" },    { 0x65735546, "FUSE" },
    { 0x00c36400, "Ceph" },   { 0x5346414f, "AFS" },   { 0x73757245, "Coda" },
    { 0x0bd00bd0, "Lustre" }, { 0x47504653, "GPFS" },  { 0x7461636f, "OCFS2" },
    { 0x01161970, "GFS2" },   { 0x564c, "NetWare" },   { 0x19830326, "BeeGFS" },
    { 0x013111a8, "IBRIX" },  { 0xaad7aaea, "PanFS" },
};

/* The folder of an absolute path, in the arena. */
static const char *folder_of(struct cc_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == path ? 1 : (size_t)(slash - path);

    return cc_str_copy(arena, (struct cc_str){ path, len }).at;
}

static enum cc_code resolve_folder(struct cc_arena *arena, const char *path, char *out,
                                   struct cc_err *err)
{
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? folder_of(arena, path) : ".";

    if (realpath(folder, out) != NULL)
        return CC_OK;
    return cc_fail(err, CC_INVALID, "The folder of the database does not exist: create it.",
                   "store: %s: %s", folder, strerror(errno));
}

/* The longest name is that of the journal, which a database without a log has. */
static enum cc_code check_length(const char *path, struct cc_err *err)
{
    const sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    size_t most;

    if (vfs == NULL) /* SQLite could not be initialised */
        return cc_fail(err, CC_UNAVAILABLE, NULL, "sqlite: no memory");
    most = (size_t)vfs->mxPathname - sizeof("-journal");
    if (strlen(path) <= most)
        return CC_OK;
    return cc_fail(err, CC_INVALID,
                   "The path of the database is too long: choose a shorter data folder, or set "
                   "[store] path to another place.",
                   "store: a path of %zu bytes, at most %zu may be", strlen(path), most);
}

static enum cc_code resolve(struct cc_arena *arena, struct cc_str path, const char **out,
                            struct cc_err *err)
{
    char real[PATH_MAX];
    const char *name, *z = cc_str_z(arena, path);
    enum cc_code rc;

    if (z == NULL || *z == '\0' || z[strlen(z) - 1] == '/')
        return cc_fail(err, CC_INVALID, "The path of the database does not name a file.",
                       "store: path \"%.*s\"", CC_STR_ARG(path));
    if (realpath(z, real) != NULL) {
        *out = cc_str_copy(arena, cc_str_from(real)).at;
        return CC_OK;
    }
    rc = resolve_folder(arena, z, real, err);
    if (rc != CC_OK)
        return rc;
    name = strrchr(z, '/') ? strrchr(z, '/') + 1 : z;
    *out = cc_str_format(arena, "%s/%s", strcmp(real, "/") ? real : "", name).at;
    return CC_OK;
}

enum cc_code sqlite_file_resolve(struct cc_arena *arena, struct cc_str path, const char **out,
                                 struct cc_err *err)
{
    enum cc_code rc = resolve(arena, path, out, err);

    return rc == CC_OK ? check_length(*out, err) : rc;
}

enum cc_code sqlite_file_check_place(struct cc_arena *arena, const char *path, struct cc_err *err)
{
    const char *folder = folder_of(arena, path);
    struct statfs system;

    if (statfs(folder, &system) != 0)
        return cc_fail(err, CC_UNAVAILABLE, "The folder of the database cannot be examined.",
                       "store: statfs %s: %s", folder, strerror(errno));
    for (size_t i = 0; i < CC_COUNT(network_systems); i++) {
        if (((unsigned long)system.f_type & 0xffffffffUL) == network_systems[i].magic)
            return cc_fail(err, CC_INVALID,
                           "The database is on a network file system: put it on a local disk "
                           "(network_filesystem is for one process alone).",
                           "store: %s is on %s", path, network_systems[i].name);
    }
    return CC_OK;
}

/* A file that was just created is there after a power cut only if its folder is on disk too. */
enum cc_code sqlite_file_sync_folder(struct cc_arena *arena, const char *path, struct cc_err *err)
{
    struct cc_err why = { 0 };

    if (cc_dir_sync(folder_of(arena, path), &why) == CC_OK)
        return CC_OK;
    return cc_fail(err, why.code, "The folder of the database cannot be written to disk.",
                   "store: %s", why.cause);
}

static bool is_empty(const char *path)
{
    struct stat st;

    return stat(path, &st) != 0 || st.st_size == 0;
}

/* The log is looked at before the database: a database that is being made at this moment gets its
 * first page before its log. */
static enum cc_code check_orphan(struct cc_arena *arena, const char *path, struct cc_err *err)
{
    const char *wal = cc_str_format(arena, "%s-wal", path).at;

    if (is_empty(wal) || !is_empty(path))
        return CC_OK;
    return cc_fail(err, CC_INVALID,
                   "The database is missing or empty, but its write-ahead log is there: put the "
                   "file back, or move the log (-wal) away.",
                   "store: %s holds data and %s does not", wal, path);
}

enum cc_code sqlite_file_create(struct cc_arena *arena, const char *path, struct cc_err *err)
{
    enum cc_code rc = check_orphan(arena, path, err);
    int fd;

    if (rc != CC_OK)
        return rc;
    /* Only a file that nobody can have open yet: closing a descriptor of a database drops the
     * locks that SQLite holds on it elsewhere in this process. */
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return CC_OK;
    if (fd < 0)
        return cc_fail(err, errno == ENOSPC || errno == EDQUOT ? CC_STORAGE_FULL : CC_UNAVAILABLE,
                       "The database cannot be created.", "store: create %s: %s", path,
                       strerror(errno));
    cc_file_give_to_owner(fd, path);
    close(fd);
    return sqlite_file_sync_folder(arena, path, err);
}

enum cc_code sqlite_file_check_space(const char *path, struct cc_err *err)
{
    struct statvfs space;
    const uint64_t least_bytes = 256 * 1024;

    if (statvfs(path, &space) != 0)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "store: statvfs %s: %s", path, strerror(errno));
    if ((uint64_t)space.f_bavail * space.f_frsize < least_bytes)
        return cc_fail(err, CC_STORAGE_FULL, NULL, "store: %s: %llu bytes free", path,
                       (unsigned long long)space.f_bavail * space.f_frsize);
    return CC_OK;
}
