/* Blobs as files below one folder. Unfinished ones stand in a folder of their own, each locked
 * (flock) by who writes it, so that what nobody writes any more can be told and removed. Who
 * removes locks the folder itself, shared; who keeps all has it alone. */
#define _GNU_SOURCE /* renameat2 */
#include "blob.h"
#include "names.h"

#include "../base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define UNFINISHED ".unfinished"
#define KEEP_TRIES 200 /* a second */
#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct directory {
    struct cc_blobs base;
    struct cc_arena *arena; /* holds this struct */
    int root;
    int unfinished;
    int kept;         /* the lock of who keeps all; -1: not kept by us */
    atomic_uint next; /* number of the next unfinished file */
};

/* Where a blob is: its folder, and its name in there. */
struct place {
    int folder;
    char name[CC_BLOB_NAME_BYTES_MAX + 1];
};

static enum cc_code fail_errno(struct cc_err *err, const char *what)
{
    int number = errno;

    if (number == ENOSPC || number == EDQUOT)
        return cc_fail(err, CC_STORAGE_FULL, NULL, "blobs: %s: %s", what, strerror(number));
    return cc_fail(err, CC_UNAVAILABLE, NULL, "blobs: %s: %s", what, strerror(number));
}

/* What root puts there for another user is that user's to read. */
static void give_to_owner(int root, int fd)
{
    struct stat info;
    int ignored;

    if (geteuid() != 0 || fstat(root, &info) != 0 || info.st_uid == 0)
        return;
    ignored = fchown(fd, info.st_uid, info.st_gid);
    (void)ignored;
}

/* Opens a folder below `parent`; where there is none, makes it if told to, and sees to it that it
 * is still there after a power cut: also one that was there, whose maker may not have come to that
 * yet. -1 with errno. */
static int open_folder(int parent, const char *name, bool make)
{
    int folder;

    if (make && mkdirat(parent, name, 0700) != 0 && errno != EEXIST)
        return -1;
    if (make && fsync(parent) != 0)
        return -1;
    folder = openat(parent, name, OPEN_FOLDER);
    if (folder >= 0 && make)
        give_to_owner(parent, folder);
    return folder;
}

static void copy_part(char *out, struct cc_str part)
{
    memcpy(out, part.at, part.len);
    out[part.len] = '\0';
}

/* Walks to the folder of a blob. CC_NOT_FOUND when it is not there and not to be made. On success
 * the caller closes place->folder. */
static enum cc_code place_open(const struct directory *dir, struct cc_str name, bool make,
                               struct place *place, struct cc_err *err)
{
    struct cc_str rest = name;
    int folder = dup(dir->root);

    copy_part(place->name, cc_str_cut(&rest, '/'));
    while (folder >= 0 && rest.at) {
        int next = open_folder(folder, place->name, make);
        int number = errno;

        close(folder);
        errno = number;
        folder = next;
        copy_part(place->name, cc_str_cut(&rest, '/'));
    }
    place->folder = folder;
    if (folder >= 0)
        return CC_OK;
    return errno == ENOENT ? CC_NOT_FOUND : fail_errno(err, "open folder");
}

/* A new unfinished file, locked; its name goes into place->name. -1 with errno. A sweeper may take
 * it between creation and lock: then it has no links any more, and there is another try. */
static int unfinished_new(struct directory *dir, struct place *place)
{
    for (;;) {
        struct stat info;
        int fd;

        snprintf(place->name, sizeof(place->name), "%ld-%u", (long)getpid(),
                 atomic_fetch_add(&dir->next, 1));
        fd = openat(dir->unfinished, place->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 && errno == EEXIST)
            continue;
        if (fd < 0)
            return -1;
        give_to_owner(dir->root, fd);
        if (flock(fd, LOCK_EX) != 0 || fstat(fd, &info) != 0) {
            close(fd); /* nobody holds it: the next open of the folder removes it */
            return -1;
        }
        if (info.st_nlink > 0)
            return fd;
        close(fd);
    }
}

/* Never replaces: EEXIST. A file system that cannot promise that in one step (EINVAL) is asked in
 * two, which is enough for names that are random. */
static int rename_to_new(int from_folder, const char *from, int to_folder, const char *to)
{
    if (renameat2(from_folder, from, to_folder, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL)
        return -1;
    if (faccessat(to_folder, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return renameat(from_folder, from, to_folder, to);
}

static enum cc_code fill(int fd, struct cc_str bytes, struct cc_err *err)
{
    if (!cc_file_put(fd, bytes))
        return fail_errno(err, "write");
    return fsync(fd) == 0 ? CC_OK : fail_errno(err, "sync");
}

/* Gives the finished file its name. */
static enum cc_code finish(struct directory *dir, const struct place *from, const struct place *to,
                           struct cc_err *err)
{
    if (rename_to_new(dir->unfinished, from->name, to->folder, to->name) != 0)
        return errno == EEXIST ? CC_EXISTS : fail_errno(err, "rename");
    if (fsync(to->folder) == 0)
        return CC_OK;
    fail_errno(err, "sync folder");
    unlinkat(to->folder, to->name, 0);
    return err->code;
}

static enum cc_code put_at(struct directory *dir, const struct place *place, struct cc_str bytes,
                           struct cc_err *err)
{
    struct place unfinished;
    int fd = unfinished_new(dir, &unfinished);
    enum cc_code rc;

    if (fd < 0)
        return fail_errno(err, "create");
    rc = fill(fd, bytes, err);
    if (rc == CC_OK)
        rc = finish(dir, &unfinished, place, err);
    if (rc != CC_OK)
        unlinkat(dir->unfinished, unfinished.name, 0);
    close(fd);
    return rc;
}

static enum cc_code directory_put(struct cc_blobs *blobs, struct cc_str name, struct cc_str bytes,
                                  struct cc_err *err)
{
    struct directory *dir = (struct directory *)blobs;
    struct place place;
    enum cc_code rc = place_open(dir, name, true, &place, err);

    if (rc != CC_OK)
        return rc;
    rc = put_at(dir, &place, bytes, err);
    close(place.folder);
    return rc;
}

static enum cc_code read_file(int fd, struct cc_arena *arena, struct cc_str *out,
                              struct cc_err *err)
{
    struct stat info;
    char *at;
    size_t len = 0;

    if (fstat(fd, &info) != 0)
        return fail_errno(err, "stat");
    if (S_ISDIR(info.st_mode))
        return CC_NOT_FOUND;
    if (!S_ISREG(info.st_mode))
        return cc_fail(err, CC_UNAVAILABLE, NULL, "blobs: not a regular file");
    at = cc_arena_alloc(arena, (size_t)info.st_size);
    while (len < (size_t)info.st_size) {
        ssize_t count = read(fd, at + len, (size_t)info.st_size - len);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail_errno(err, "read");
        if (count == 0)
            return cc_fail(err, CC_UNAVAILABLE, NULL, "blobs: shorter than its size");
        len += (size_t)count;
    }
    *out = (struct cc_str){ at, len };
    return CC_OK;
}

static enum cc_code directory_get(struct cc_blobs *blobs, struct cc_arena *arena,
                                  struct cc_str name, struct cc_str *out, struct cc_err *err)
{
    struct place place;
    enum cc_code rc = place_open((struct directory *)blobs, name, false, &place, err);
    int fd;

    if (rc != CC_OK)
        return rc;
    fd = openat(place.folder, place.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        rc = errno == ENOENT ? CC_NOT_FOUND : fail_errno(err, "open");
    close(place.folder);
    if (fd < 0)
        return rc;
    rc = read_file(fd, arena, out, err);
    close(fd);
    return rc;
}

/* A lock belongs to the descriptor that it was taken through: each has one of its own. */
static int lock_root(const struct directory *dir, int how)
{
    int fd = openat(dir->root, ".", OPEN_FOLDER);
    int number;

    if (fd < 0 || flock(fd, how) == 0)
        return fd;
    number = errno;
    close(fd);
    errno = number;
    return -1;
}

static enum cc_code remove_named(struct directory *dir, struct cc_str name, struct cc_err *err)
{
    struct place place;
    enum cc_code rc = place_open(dir, name, false, &place, err);

    if (rc == CC_NOT_FOUND)
        return CC_OK;
    if (rc != CC_OK)
        return rc;
    if (unlinkat(place.folder, place.name, 0) != 0)
        rc = errno == ENOENT ? CC_OK : fail_errno(err, "remove");
    else if (fsync(place.folder) != 0)
        rc = fail_errno(err, "sync folder");
    close(place.folder);
    return rc;
}

static enum cc_code directory_remove(struct cc_blobs *blobs, struct cc_str name, struct cc_err *err)
{
    struct directory *dir = (struct directory *)blobs;
    int lock = lock_root(dir, LOCK_SH | LOCK_NB);
    enum cc_code rc;

    if (lock < 0 && errno == EWOULDBLOCK)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "blobs: kept for a backup");
    if (lock < 0)
        return fail_errno(err, "lock");
    rc = remove_named(dir, name, err);
    close(lock);
    return rc;
}

/* A removal under way takes moments, a backup of another process as long as it takes. */
static enum cc_code directory_keep(struct cc_blobs *blobs, struct cc_err *err)
{
    const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
    struct directory *dir = (struct directory *)blobs;

    for (int tries = 0; tries < KEEP_TRIES; tries++) {
        dir->kept = lock_root(dir, LOCK_EX | LOCK_NB);
        if (dir->kept >= 0)
            return CC_OK;
        if (errno != EWOULDBLOCK)
            return fail_errno(err, "lock");
        nanosleep(&pause, NULL);
    }
    return cc_fail(err, CC_UNAVAILABLE, "Another backup is being made: wait for its end.",
                   "blobs: kept by another process");
}

static void directory_release(struct cc_blobs *blobs)
{
    struct directory *dir = (struct directory *)blobs;

    if (dir->kept >= 0)
        close(dir->kept);
    dir->kept = -1;
}

/* --- listing ---------------------------------------------------------------------------------- */

static int list_below(struct cc_blob_names *names, int folder, struct cc_str prefix, size_t depth);

/* What went since its name was read was not there. */
static int list_entry(struct cc_blob_names *names, int folder, struct cc_str prefix,
                      const char *entry, size_t depth)
{
    struct cc_str name = cc_str_format(names->arena, "%s%s%s", prefix.at, depth ? "/" : "", entry);
    struct stat info;
    int below;

    if (fstatat(folder, entry, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : errno;
    if (S_ISREG(info.st_mode))
        cc_blob_names_add(names, name);
    if (!S_ISDIR(info.st_mode) || depth + 1 == CC_BLOB_PARTS_MAX)
        return 0;
    below = openat(folder, entry, OPEN_FOLDER);
    if (below < 0)
        return errno == ENOENT ? 0 : errno;
    return list_below(names, below, name, depth + 1);
}

/* 0 or errno. Closes the folder. */
static int list_below(struct cc_blob_names *names, int folder, struct cc_str prefix, size_t depth)
{
    DIR *list = fdopendir(folder);
    struct dirent *entry;
    int failed = 0;

    if (list == NULL) {
        failed = errno;
        close(folder);
        return failed;
    }
    while (failed == 0 && (errno = 0, entry = readdir(list)) != NULL)
        if (entry->d_name[0] != '.')
            failed = list_entry(names, folder, prefix, entry->d_name, depth);
    failed = failed ? failed : errno;
    closedir(list);
    return failed;
}

static enum cc_code directory_list(struct cc_blobs *blobs, struct cc_arena *arena,
                                   struct cc_strs *out, struct cc_err *err)
{
    struct directory *dir = (struct directory *)blobs;
    struct cc_blob_names names = { .arena = arena };

    int root = openat(dir->root, ".", OPEN_FOLDER);

    errno = root < 0 ? errno : list_below(&names, root, CC_STR(""), 0);
    if (errno != 0)
        return fail_errno(err, "list");
    *out = (struct cc_strs){ names.at, names.count };
    return CC_OK;
}

/* The bytes of a folder come and go through this program alone. */
static enum cc_code directory_url(struct cc_blobs *blobs, struct cc_arena *arena,
                                  const struct cc_blob_pass *pass, struct cc_str *out,
                                  struct cc_err *err)
{
    (void)blobs;
    (void)arena;
    (void)pass;
    (void)err;
    *out = CC_STR_ABSENT;
    return CC_OK;
}

static void directory_close(struct cc_blobs *blobs)
{
    struct directory *dir = (struct directory *)blobs;

    directory_release(blobs);
    if (dir->unfinished >= 0)
        close(dir->unfinished);
    if (dir->root >= 0)
        close(dir->root);
    cc_arena_free(dir->arena);
}

static const struct cc_blobs_ops directory_ops = {
    directory_put,  directory_get,     directory_remove, directory_list,
    directory_keep, directory_release, directory_url,    directory_close,
};

static void sweep_one(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(folder, name, 0);
    close(fd);
}

/* Removes what a killed process left. What cannot be read now goes another time. */
static void sweep(int unfinished)
{
    int copy = openat(unfinished, ".", OPEN_FOLDER);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;

    if (!list) {
        if (copy >= 0)
            close(copy);
        return;
    }
    while ((entry = readdir(list)) != NULL)
        if (entry->d_name[0] != '.')
            sweep_one(unfinished, entry->d_name);
    closedir(list);
}

static struct directory *directory_new(void)
{
    struct cc_arena *arena = cc_arena_new(sizeof(struct directory) + 4096);
    struct directory *dir = CC_NEW(arena, struct directory);

    dir->base.ops = &directory_ops;
    dir->arena = arena;
    dir->root = -1;
    dir->unfinished = -1;
    dir->kept = -1;
    atomic_init(&dir->next, 1);
    return dir;
}

/* Nobody misses this one after a power cut: the next opening makes it. */
static int open_unfinished(int root)
{
    int folder;

    if (mkdirat(root, UNFINISHED, 0700) != 0 && errno != EEXIST)
        return -1;
    folder = openat(root, UNFINISHED, OPEN_FOLDER);
    if (folder >= 0)
        give_to_owner(root, folder);
    return folder;
}

static enum cc_code open_both(struct directory *dir, struct cc_str folder, struct cc_err *err)
{
    const char *path;

    while (folder.len > 1 && folder.at[folder.len - 1] == '/')
        folder.len--;
    path = cc_str_z(dir->arena, folder);
    if (!path)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "blobs: %.*s is no path", CC_STR_ARG(folder));
    if (cc_dir_make(path, 0700, err) != CC_OK)
        return err->code;
    dir->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->root >= 0) {
        cc_file_give_to_owner(dir->root, path);
        dir->unfinished = open_unfinished(dir->root);
    }
    return dir->unfinished >= 0 ? CC_OK : fail_errno(err, path);
}

enum cc_code cc_blobs_open_directory(struct cc_str folder, struct cc_blobs **out,
                                     struct cc_err *err)
{
    struct directory *dir = directory_new();
    enum cc_code rc = open_both(dir, folder, err);

    if (rc != CC_OK) {
        directory_close(&dir->base);
        return rc;
    }
    sweep(dir->unfinished);
    *out = &dir->base;
    return CC_OK;
}
