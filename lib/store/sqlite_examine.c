/* For `cloudchat doctor`: the files of the database, the disk below them, and what stands in them.
 */
#include "sqlite.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MIB ((int64_t)1024 * 1024)
#define FREE_WRONG_BYTES (200 * MIB)
/* Read within seconds, also from a slow disk. */
#define WHOLE_BYTES_MAX (512 * MIB)
/* The writer begins the log anew at 16 MiB, unless somebody is in it. */
#define LOG_DOUBTFUL_BYTES (128 * MIB)

struct examiner {
    const struct cc_store_config *config;
    struct cc_arena *arena;
    struct cc_findings *to;
    const char *path; /* resolved */
    int64_t size_bytes;
};

static const char *beside(const struct examiner *e, const char *ending)
{
    return cc_str_format(e->arena, "%s%s", e->path, ending).at;
}

static int64_t size_of(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 ? (int64_t)about.st_size : -1;
}

/* --- the files -------------------------------------------------------------------------------- */

/* A file of the database that is there must be ours alone, to read and to write: one that root has
 * made with a shell of its own is not. */
static bool examine_file(const struct examiner *e, const char *path)
{
    struct stat about;

    if (stat(path, &about) != 0)
        return errno == ENOENT ||
               cc_find_wrong(e->to, "database", strerror(errno), "%s cannot be looked at.", path);
    if (!S_ISREG(about.st_mode))
        return cc_find_wrong(e->to, "database", NULL,
                             "%s is no file: let [store] path name another place.", path);
    if (access(path, R_OK | W_OK) != 0)
        return cc_find_wrong(e->to, "database", strerror(errno),
                             "The service may not read and write %s: chown it to its user.", path);
    if (about.st_mode & (S_IRWXG | S_IRWXO))
        return cc_find_wrong(e->to, "database", NULL, "Other users can read %s: chmod 600 %s.",
                             path, path);
    return true;
}

static bool examine_files(struct examiner *e)
{
    static const char *const endings[] = { "", "-wal", "-shm", "-journal", ".lock" };

    for (size_t i = 0; i < CC_COUNT(endings); i++) {
        if (!examine_file(e, beside(e, endings[i])))
            return false;
    }
    e->size_bytes = size_of(e->path);
    if (e->size_bytes > 0)
        return true;
    if (size_of(beside(e, "-wal")) > 0)
        return cc_find_wrong(e->to, "database", NULL,
                             "%s is missing, but its write-ahead log (-wal) is there: put the file "
                             "back, or move the log away.",
                             e->path);
    cc_find_doubtful(
        e->to, "database",
        "%s is not there yet: the first `cloudchat serve` makes it. If there should be "
        "one, let [store] path name it.",
        e->path);
    return false;
}

/* --- the disk --------------------------------------------------------------------------------- */

/* What statfs(2) calls those that forget. */
static bool is_in_memory(const char *path)
{
    struct statfs system;

    return statfs(path, &system) == 0 &&
           (system.f_type == 0x01021994 || (unsigned long)system.f_type == 0x858458f6UL);
}

static bool examine_place(const struct examiner *e)
{
    struct cc_err err = { 0 };

    if (sqlite_file_check_place(e->arena, e->path, &err) != CC_OK) {
        if (!e->config->network_filesystem)
            return cc_find_failed(e->to, "file system", &err);
        cc_find_doubtful(e->to, "file system", "%s is on a network file system.", e->path);
    }
    return true;
}

static void examine_disk(const struct examiner *e)
{
    const char *slash = strrchr(e->path, '/');
    const char *folder =
        cc_str_copy(e->arena, (struct cc_str){ e->path, (size_t)(slash - e->path) + 1 }).at;
    struct statvfs disk;
    int64_t free_bytes;

    if (statvfs(folder, &disk) != 0) {
        cc_find_wrong(e->to, "disk", strerror(errno), "%s cannot be examined.", folder);
        return;
    }
    free_bytes = (int64_t)((uint64_t)disk.f_bavail * disk.f_frsize);
    if (free_bytes < FREE_WRONG_BYTES)
        cc_find_wrong(e->to, "disk", NULL,
                      "%lld MiB are free below %s: make room, or nothing can be sent any more.",
                      (long long)(free_bytes / MIB), folder);
    else if (is_in_memory(folder))
        cc_find_doubtful(e->to, "disk",
                         "%s is in memory, and gone with the next start of this machine: let "
                         "[server] data or [store] path name a disk.",
                         folder);
    else
        cc_find_well(e->to, "disk", "%lld MiB free, on a disk of this machine",
                     (long long)(free_bytes / MIB));
}

/* --- the log ---------------------------------------------------------------------------------- */

static void examine_log(const struct examiner *e)
{
    const int64_t size_bytes = size_of(beside(e, "-wal"));
    struct cc_str users;

    if (size_bytes <= LOG_DOUBTFUL_BYTES)
        return;
    users = sqlite_users(e->arena, e->path);
    cc_find_doubtful(e->to, "database log",
                     "%s-wal has grown to %lld MiB, because something reads without an end. These "
                     "have the database open: %.*s.",
                     e->path, (long long)(size_bytes / MIB), CC_STR_ARG(users));
}

/* --- what stands in them ---------------------------------------------------------------------- */

static void tell_of_contents(const struct examiner *e, struct cc_store *store, bool whole)
{
    struct cc_err err = { 0 };
    const long long mib = (long long)(e->size_bytes / MIB);
    const struct cc_str epoch = cc_store_epoch(store);

    if (!whole && e->size_bytes > WHOLE_BYTES_MAX)
        cc_find_well(e->to, "database", "%s: %lld MiB, epoch %.*s; not read (--full reads it)",
                     e->path, mib, CC_STR_ARG(epoch));
    else if (cc_store_verify(store, e->arena, &err) != CC_OK)
        cc_find_failed(e->to, "database", &err);
    else
        cc_find_well(e->to, "database", "%s: %lld MiB, epoch %.*s; read to its end and sound",
                     e->path, mib, CC_STR_ARG(epoch));
}

/* As the programs open it: that takes a turn at writing, too. */
static void examine_contents(const struct examiner *e, bool whole)
{
    struct cc_store *store = NULL;
    struct cc_err err = { 0 };
    enum cc_code rc = cc_store_open_sqlite(e->config, &store, &err);

    if (rc == CC_OK)
        ((struct sqlite_store *)store)->wal.is_left = true; /* who looks it over changes nothing */
    if (rc == CC_OK)
        rc = cc_store_check(store, e->arena, &err);
    if (rc == CC_OK)
        tell_of_contents(e, store, whole);
    else
        cc_find_failed(e->to, "database", &err);
    cc_store_close(store);
}

void cc_store_examine_sqlite(const struct cc_store_config *config, bool whole,
                             struct cc_findings *to)
{
    struct examiner e = { .config = config, .arena = cc_arena_new((size_t)1024 * 1024), .to = to };
    struct cc_err err = { 0 };

    if (sqlite_file_resolve(e.arena, config->path, &e.path, &err) != CC_OK) {
        cc_find_failed(to, "database", &err);
    } else {
        bool good = examine_place(&e);

        examine_disk(&e);
        if (examine_files(&e) && good) {
            examine_log(&e);
            examine_contents(&e, whole);
        } else if (!good) {
            cc_find_unseen(to, "database", "Not opened, because of where it is.");
        }
    }
    cc_arena_free(e.arena);
}
