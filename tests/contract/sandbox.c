#define _GNU_SOURCE
#include "tests/contract/sandbox.h"

#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>

static bool write_line(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : write(fd, line, strlen(line));

    if (fd >= 0)
        close(fd);
    return len == (ssize_t)strlen(line);
}

/* Root of a namespace of our own: the same user, called 0 in there. */
static bool become_root_of_own(void)
{
    char uid[32], gid[32];

    snprintf(uid, sizeof(uid), "0 %u 1", (unsigned)getuid());
    snprintf(gid, sizeof(gid), "0 %u 1", (unsigned)getgid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           write_line("/proc/self/setgroups", "deny") && write_line("/proc/self/uid_map", uid) &&
           write_line("/proc/self/gid_map", gid);
}

bool sandbox_enter(const char *test)
{
    bool entered = (getuid() == 0 && unshare(CLONE_NEWNS) == 0) || become_root_of_own();

    /* Nothing that is mounted here is seen outside. */
    if (entered && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
        return true;
    fprintf(stderr, "SKIPPED %s: this machine allows no mount namespace (%s)\n", test,
            strerror(errno));
    return false;
}

void sandbox_small_disk(const char *folder, size_t size_bytes)
{
    char options[64];

    snprintf(options, sizeof(options), "size=%zu,mode=0700", size_bytes);
    ck_assert_msg(mount("none", folder, "tmpfs", 0, options) == 0, "%s", strerror(errno));
}
