#define _GNU_SOURCE /* renameat2 */
#include "part.h"

#include "../base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum cc_code fail_errno(struct cc_err *err, const char *call, const char *path)
{
    bool is_full = errno == ENOSPC || errno == EDQUOT;
    const char *detail = is_full ? "The disk is full: the file could not be written."
                                 : "The file cannot be written there.";

    return cc_fail(err, is_full ? CC_STORAGE_FULL : CC_UNAVAILABLE, detail, "%s %s: %s", call, path,
                   strerror(errno));
}

static enum cc_code fail_exists(struct cc_err *err, const char *path)
{
    return cc_fail(err, CC_CONFLICT,
                   "There is such a file already: choose another name, or --force replaces it.",
                   "%s is there", path);
}

/* SQLite's own files beside it, too. */
static void remove_all(const char *part)
{
    static const char *const suffixes[] = { "-wal", "-shm", "-journal", "" };
    char name[4096 + 16];

    for (size_t i = 0; i < CC_COUNT(suffixes); i++)
        if (snprintf(name, sizeof(name), "%s%s", part, suffixes[i]) < (int)sizeof(name))
            unlink(name);
}

static enum cc_code lock(struct cc_part *part, int fd, struct cc_err *err)
{
    struct stat by_name, by_fd;

    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return cc_fail(err, CC_CONFLICT, "Another process is writing this file.", "%s is locked",
                       part->part);
    if (stat(part->part, &by_name) != 0 || fstat(fd, &by_fd) != 0 || by_name.st_ino != by_fd.st_ino)
        return cc_fail(err, CC_CONFLICT, "Another process is writing this file.",
                       "%s was exchanged", part->part);
    return CC_OK;
}

/* Nobody has the lock of what a killed process left. */
static enum cc_code remove_stale(struct cc_part *part, struct cc_err *err)
{
    int fd = open(part->part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    enum cc_code rc;

    if (fd < 0 && errno == ENOENT)
        return CC_OK;
    if (fd < 0)
        return fail_errno(err, "open", part->part);
    rc = lock(part, fd, err);
    if (rc == CC_OK && unlink(part->part) != 0)
        rc = fail_errno(err, "remove", part->part);
    if (rc == CC_OK) {
        remove_all(part->part);
        part->removed_stale = true;
    }
    close(fd);
    return rc;
}

/* New, so that nobody else has it open. */
static enum cc_code create(struct cc_part *part, struct cc_err *err)
{
    int fd = open(part->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum cc_code rc;

    if (fd < 0)
        return fail_errno(err, "create", part->part);
    rc = lock(part, fd, err);
    if (rc != CC_OK) {
        close(fd);
        return rc;
    }
    cc_file_give_to_owner(fd, part->part);
    part->lock = fd;
    return CC_OK;
}

enum cc_code cc_part_open(struct cc_arena *arena, const char *path, bool replaces,
                          struct cc_part *out, struct cc_err *err)
{
    struct cc_part part = { .path = cc_str_copy(arena, cc_str_from(path)).at,
                            .part = cc_str_format(arena, "%s.part", path).at,
                            .replaces = replaces,
                            .lock = -1 };
    enum cc_code rc;

    if (!replaces && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return fail_exists(err, path);
    rc = remove_stale(&part, err);
    if (rc == CC_OK)
        rc = create(&part, err);
    if (rc == CC_OK)
        *out = part;
    return rc;
}

/* A file system that cannot promise in one step that nothing is replaced (EINVAL) is asked in two.
 */
static enum cc_code give_name(const struct cc_part *part, struct cc_err *err)
{
    unsigned flags = part->replaces ? 0 : RENAME_NOREPLACE;

    if (renameat2(AT_FDCWD, part->part, AT_FDCWD, part->path, flags) == 0)
        return CC_OK;
    if (errno == EEXIST)
        return fail_exists(err, part->path);
    if (errno != EINVAL)
        return fail_errno(err, "rename", part->path);
    if (faccessat(AT_FDCWD, part->path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return fail_exists(err, part->path);
    return rename(part->part, part->path) == 0 ? CC_OK : fail_errno(err, "rename", part->path);
}

/* It cannot be taken back: what it replaced is gone. */
static enum cc_code confirm_name(const struct cc_part *part, struct cc_err *err)
{
    struct cc_err why = { 0 };

    if (cc_file_sync_name(part->path, &why) == CC_OK)
        return CC_OK;
    return cc_fail(err, CC_OUTCOME_UNKNOWN,
                   "The file is there and whole, but the disk has not confirmed its name: a power "
                   "cut could take it.",
                   "%s", why.cause);
}

enum cc_code cc_part_finish(struct cc_part *part, struct cc_err *err)
{
    enum cc_code rc = give_name(part, err);

    if (rc != CC_OK) {
        cc_part_give_up(part);
        return rc;
    }
    close(part->lock);
    part->lock = -1;
    return confirm_name(part, err);
}

void cc_part_give_up(struct cc_part *part)
{
    if (part->lock < 0)
        return;
    remove_all(part->part);
    close(part->lock);
    part->lock = -1;
}
