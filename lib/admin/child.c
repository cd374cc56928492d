#define _GNU_SOURCE /* memfd_create, pipe2 */
#include "child.h"

#include "../base/buf.h"
#include "../base/clock.h"
#include "../base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_BYTES_MAX ((size_t)16 * 1024)

/* A file in memory, so that nobody has to write while the program reads; -1 and errno. */
static int open_input(struct cc_str input)
{
    int fd = memfd_create("input", MFD_CLOEXEC);

    if (fd >= 0 && cc_file_put(fd, input) && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* 0, or errno. */
static int spawn(const char *const *argv, int input, int output, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int failed;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, output, 2);
    failed = posix_spawn(pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* Until all have closed the other end. false: out of time, or too much. */
static bool drain(int fd, int64_t deadline_ms, struct cc_buf *out)
{
    char bytes[4096];

    for (;;) {
        struct pollfd waiting = { .fd = fd, .events = POLLIN };
        const int64_t left_ms = deadline_ms - cc_clock_mono_ms(&cc_system_clock);
        ssize_t len;

        if (left_ms <= 0)
            return false;
        if (poll(&waiting, 1, (int)left_ms) <= 0)
            continue;
        len = read(fd, bytes, sizeof(bytes));
        if (len < 0 && errno == EINTR)
            continue;
        if (len <= 0)
            return len == 0;
        cc_buf_add(out, (struct cc_str){ bytes, (size_t)len });
        if (out->overflow)
            return false;
    }
}

/* One that has closed its output may go on all the same. false: until then it did. */
static bool wait_until(pid_t pid, int64_t deadline_ms, int *status)
{
    const struct timespec pause = { .tv_nsec = 2 * 1000 * 1000 };
    pid_t ended;

    while ((ended = waitpid(pid, status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        if (cc_clock_mono_ms(&cc_system_clock) >= deadline_ms)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

static void kill_at_once(pid_t pid, int *status)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        continue;
}

static enum cc_code follow(pid_t pid, int output, int64_t timeout_ms, struct cc_buf *buf,
                           struct cc_ended *out, struct cc_err *err)
{
    const int64_t deadline_ms = cc_clock_mono_ms(&cc_system_clock) + timeout_ms;
    int status = 0;

    if (drain(output, deadline_ms, buf) && wait_until(pid, deadline_ms, &status)) {
        out->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        out->output = cc_buf_str(buf);
        return CC_OK;
    }
    kill_at_once(pid, &status);
    if (buf->overflow)
        return cc_fail(err, CC_TOO_LARGE, NULL, "it wrote more than %zu bytes", OUTPUT_BYTES_MAX);
    return cc_fail(err, CC_UNAVAILABLE, NULL, "it did not end within %lld ms",
                   (long long)timeout_ms);
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

enum cc_code cc_run_to_end(struct cc_arena *arena, const char *const *argv, struct cc_str input,
                           int64_t timeout_ms, struct cc_ended *out, struct cc_err *err)
{
    int in = open_input(input), pipes[2] = { -1, -1 }, failed = EMFILE;
    struct cc_buf buf;
    enum cc_code rc;
    pid_t pid;

    cc_buf_init(&buf, arena, OUTPUT_BYTES_MAX);
    if (in >= 0 && pipe2(pipes, O_CLOEXEC) == 0)
        failed = spawn(argv, in, pipes[1], &pid);
    close_if_open(in);
    close_if_open(pipes[1]);
    if (failed == 0)
        rc = follow(pid, pipes[0], timeout_ms, &buf, out, err);
    else
        rc = cc_fail(err, CC_UNAVAILABLE, NULL, "%s: %s", argv[0], strerror(failed));
    close_if_open(pipes[0]);
    return rc;
}
