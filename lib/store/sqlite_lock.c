/* Open-file-description locks on four bytes of <database>.lock. Classic fcntl locks belong to the
 * process and vanish when any descriptor of the file is closed; these belong to our one
 * descriptor, and the kernel drops them when the process dies. */
#define _GNU_SOURCE /* F_OFD_* */
#include "sqlite.h"

#include "../base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* TURNSTILE is held while waiting for WRITE: a process that releases WRITE and wants it again at
 * once finds itself behind those who wait (0.1 ms; without it a neighbour waited 528 ms on
 * average). PRESENCE says that a process has the database open; SNAPSHOT that one reads it for so
 * long that no writer should wait for it. */
enum lock_byte { TURNSTILE, WRITE, PRESENCE, SNAPSHOT };

static int set_byte(int fd, int command, short type, enum lock_byte byte)
{
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
    int failed;

    do
        failed = fcntl(fd, command, &lock);
    while (failed != 0 && errno == EINTR);
    return failed;
}

static enum cc_code lock_fail(const struct sqlite_lock *lock, const char *doing, struct cc_err *err)
{
    return cc_fail(err, CC_UNAVAILABLE, "The lock file of the database cannot be used.",
                   "store: %s %s: %s", doing, lock->path, strerror(errno));
}

static enum cc_code enter(struct sqlite_lock *lock, bool alone, struct cc_err *err)
{
    if (set_byte(lock->fd, F_OFD_SETLK, alone ? F_WRLCK : F_RDLCK, PRESENCE) == 0)
        return CC_OK;
    if (errno != EAGAIN && errno != EACCES)
        return lock_fail(lock, "lock", err);
    if (alone)
        return cc_fail(err, CC_UNAVAILABLE, "Another program has the database open: stop it first.",
                       "store: %s is held by others", lock->path);
    return cc_fail(err, CC_UNAVAILABLE, "The database is being restored or migrated: wait.",
                   "store: %s is held by one alone", lock->path);
}

enum cc_code sqlite_lock_open(struct sqlite_lock *lock, const char *path, bool alone,
                              struct cc_err *err)
{
    enum cc_code rc;

    lock->path = path;
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock->fd < 0)
        return lock_fail(lock, "open", err);
    cc_file_give_to_owner(lock->fd, path);
    rc = enter(lock, alone, err);
    if (rc != CC_OK)
        sqlite_lock_close(lock);
    return rc;
}

void sqlite_lock_close(struct sqlite_lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}

/* Unlocking asks for nothing that could be refused. */
static void unlock(struct sqlite_lock *lock, enum lock_byte byte)
{
    (void)set_byte(lock->fd, F_OFD_SETLK, F_UNLCK, byte);
}

static enum cc_code give_up(struct sqlite_lock *lock, const char *doing, struct cc_err *err)
{
    enum cc_code rc = lock_fail(lock, doing, err);

    unlock(lock, TURNSTILE);
    return rc;
}

enum cc_code sqlite_lock_wait(struct sqlite_lock *lock, struct cc_err *err)
{
    int failed, before;

    /* Who closes the store must not wait for a neighbour that is stopped with the lock in its
     * hand. Closing the descriptor gives up whatever was held. */
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
    failed = set_byte(lock->fd, F_OFD_SETLKW, F_WRLCK, TURNSTILE);
    if (!failed)
        failed = set_byte(lock->fd, F_OFD_SETLKW, F_WRLCK, WRITE);
    pthread_setcancelstate(before, NULL);
    if (failed)
        return give_up(lock, "wait for", err);
    unlock(lock, TURNSTILE);
    return CC_OK;
}

static bool try_both(struct sqlite_lock *lock)
{
    if (set_byte(lock->fd, F_OFD_SETLK, F_WRLCK, TURNSTILE) != 0)
        return false;
    if (set_byte(lock->fd, F_OFD_SETLK, F_WRLCK, WRITE) != 0)
        return false;
    unlock(lock, TURNSTILE);
    return true;
}

enum cc_code sqlite_lock_within(struct sqlite_lock *lock, int64_t wait_ms, struct cc_err *err)
{
    const struct timespec step = { .tv_nsec = 1000 * 1000 };

    for (int64_t waited_ms = 0; waited_ms <= wait_ms; waited_ms++) {
        if (try_both(lock))
            return CC_OK;
        if (errno != EAGAIN && errno != EACCES)
            return give_up(lock, "lock", err);
        nanosleep(&step, NULL);
    }
    unlock(lock, TURNSTILE);
    return cc_fail(err, CC_UNAVAILABLE, "Another program keeps the database locked.",
                   "store: %s not free within %lld ms", lock->path, (long long)wait_ms);
}

void sqlite_lock_release(struct sqlite_lock *lock)
{
    unlock(lock, WRITE);
}

void sqlite_lock_begin_snapshot(struct sqlite_lock *lock)
{
    /* One that cannot be noted costs the writers a little waiting. */
    (void)set_byte(lock->fd, F_OFD_SETLK, F_RDLCK, SNAPSHOT);
}

void sqlite_lock_end_snapshot(struct sqlite_lock *lock)
{
    unlock(lock, SNAPSHOT);
}

static bool is_held_by_others(const struct sqlite_lock *lock, enum lock_byte byte)
{
    struct flock other = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

    return fcntl(lock->fd, F_OFD_GETLK, &other) == 0 && other.l_type != F_UNLCK;
}

bool sqlite_lock_has_snapshot(const struct sqlite_lock *lock)
{
    return is_held_by_others(lock, SNAPSHOT);
}

bool sqlite_lock_has_others(const struct sqlite_lock *lock)
{
    return is_held_by_others(lock, PRESENCE);
}
