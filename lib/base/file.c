#include "file.h"
#include "arena.h"
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* errno becomes ours here and nowhere else. */
static enum cc_code fail_errno(struct cc_err *err, const char *call, const char *path)
{
    bool is_full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;

    return cc_fail(err, is_full ? CC_STORAGE_FULL : CC_UNAVAILABLE, NULL, "%s %s: %m", call, path);
}

static ssize_t read_some(int fd, char *out, size_t size)
{
    ssize_t got;

    do
        got = read(fd, out, size);
    while (got < 0 && errno == EINTR);
    return got;
}

/* The size that the file says it has is a hint: /proc says 0, and a file may grow. */
static enum cc_code read_all(int fd, struct cc_arena *arena, const char *path, size_t max_bytes,
                             struct cc_str *out, struct cc_err *err)
{
    struct stat about;
    size_t room = 4096, len = 0;
    ssize_t got;
    char *at;

    if (fstat(fd, &about) == 0 && about.st_size > 0)
        room = (size_t)about.st_size + 1;
    if (room > max_bytes + 1)
        room = max_bytes + 1;
    at = cc_arena_alloc(arena, room + 1);
    while ((got = read_some(fd, at + len, room - len)) > 0) {
        len += (size_t)got;
        if (len > max_bytes)
            return cc_fail(err, CC_TOO_LARGE, NULL, "%s is larger than %zu bytes", path, max_bytes);
        if (len == room) {
            size_t more = room < max_bytes + 1 - room ? room : max_bytes + 1 - room;

            at = cc_arena_grow(arena, at, room + 1, room + more + 1);
            room += more;
        }
    }
    if (got < 0)
        return fail_errno(err, "read", path);
    at[len] = '\0';
    *out = (struct cc_str){ at, len };
    return CC_OK;
}

enum cc_code cc_file_read(struct cc_arena *arena, const char *path, size_t max_bytes,
                          struct cc_str *out, struct cc_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    enum cc_code rc;

    if (fd < 0 && errno == ENOENT)
        return cc_fail(err, CC_NOT_FOUND, NULL, "there is no %s", path);
    if (fd < 0)
        return fail_errno(err, "open", path);
    rc = read_all(fd, arena, path, max_bytes, out, err);
    close(fd);
    return rc;
}

bool cc_file_put(int fd, struct cc_str bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.at, bytes.len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes = cc_str_skip(bytes, (size_t)put);
    }
    return true;
}

static bool folder_of(const char *path, char out[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    int len = slash ? (int)(slash - path) + 1 : 1;

    if (snprintf(out, PATH_MAX, "%.*s", len, slash ? path : ".") < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

/* A new name is on disk only when the folder that holds it is. */
enum cc_code cc_dir_sync(const char *path, struct cc_err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum cc_code rc = CC_OK;

    if (fd < 0)
        return fail_errno(err, "open", path);
    if (fsync(fd) < 0)
        rc = fail_errno(err, "fsync", path);
    close(fd);
    return rc;
}

enum cc_code cc_file_sync_name(const char *path, struct cc_err *err)
{
    char folder[PATH_MAX];

    if (!folder_of(path, folder))
        return fail_errno(err, "open", path);
    return cc_dir_sync(folder, err);
}

/* Root may write for the user whose folder it is, who could not read what belongs to root: a key
 * that an operator adds would keep the programs from starting. By descriptor: what stands at the
 * path is that user's to exchange. Where root may not give files away they stay its own. */
void cc_file_give_to_owner(int fd, const char *path)
{
    char folder[PATH_MAX];
    struct stat about;
    int ignored;

    if (geteuid() != 0 || !folder_of(path, folder) || stat(folder, &about) != 0 ||
        about.st_uid == 0)
        return;
    ignored = fchown(fd, about.st_uid, about.st_gid);
    (void)ignored;
}

/* Beside the file, so that both are on one file system. */
static bool temporary_name(const char *path, char out[PATH_MAX])
{
    uint64_t random;

    cc_random_fill(&cc_system_random, &random, sizeof(random));
    if (snprintf(out, PATH_MAX, "%s.%016llx.tmp", path, (unsigned long long)random) < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

static enum cc_code write_new(const char *path, struct cc_str bytes, unsigned mode,
                              struct cc_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum cc_code rc = CC_OK;

    if (fd < 0)
        return fail_errno(err, "open", path);
    cc_file_give_to_owner(fd, path);
    if (fchmod(fd, (mode_t)mode) < 0)
        rc = fail_errno(err, "fchmod", path);
    else if (!cc_file_put(fd, bytes))
        rc = fail_errno(err, "write", path);
    else if (fsync(fd) < 0)
        rc = fail_errno(err, "fsync", path);
    if (close(fd) < 0 && rc == CC_OK)
        rc = fail_errno(err, "close", path);
    if (rc != CC_OK)
        unlink(path);
    return rc;
}

/* `place` is rename, or link for a name that must be new. */
static enum cc_code write_and_place(const char *path, struct cc_str bytes, unsigned mode,
                                    int (*place)(const char *, const char *), struct cc_err *err)
{
    char temporary[PATH_MAX];
    enum cc_code rc;

    if (!temporary_name(path, temporary))
        return fail_errno(err, "open", path);
    rc = write_new(temporary, bytes, mode, err);
    if (rc != CC_OK)
        return rc;
    if (place(temporary, path) == 0)
        rc = CC_OK;
    else if (place == link && errno == EEXIST)
        rc = cc_fail(err, CC_EXISTS, NULL, "%s exists", path);
    else
        rc = fail_errno(err, place == link ? "link" : "rename", path);
    if (rc != CC_OK || place == link)
        unlink(temporary);
    return rc == CC_OK ? cc_file_sync_name(path, err) : rc;
}

enum cc_code cc_file_write(const char *path, struct cc_str bytes, unsigned mode, struct cc_err *err)
{
    return write_and_place(path, bytes, mode, rename, err);
}

enum cc_code cc_file_create(const char *path, struct cc_str bytes, unsigned mode,
                            struct cc_err *err)
{
    return write_and_place(path, bytes, mode, link, err);
}

enum cc_code cc_file_append(const char *path, struct cc_str bytes, unsigned mode,
                            struct cc_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, (mode_t)mode);
    enum cc_code rc = CC_OK;

    if (fd < 0)
        return fail_errno(err, "open", path);
    if (!cc_file_put(fd, bytes))
        rc = fail_errno(err, "write", path);
    if (close(fd) < 0 && rc == CC_OK)
        rc = fail_errno(err, "close", path);
    return rc;
}

enum cc_code cc_file_remove(const char *path, struct cc_err *err)
{
    if (unlink(path) == 0)
        return cc_file_sync_name(path, err);
    return errno == ENOENT ? CC_OK : fail_errno(err, "unlink", path);
}

enum cc_code cc_dir_make(const char *path, unsigned mode, struct cc_err *err)
{
    struct stat about;

    if (mkdir(path, (mode_t)mode) == 0)
        return cc_file_sync_name(path, err);
    if (errno != EEXIST)
        return fail_errno(err, "mkdir", path);
    if (stat(path, &about) < 0)
        return fail_errno(err, "stat", path);
    if (!S_ISDIR(about.st_mode))
        return cc_fail(err, CC_UNAVAILABLE, NULL, "%s is not a folder", path);
    return CC_OK;
}
