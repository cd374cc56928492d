#define _GNU_SOURCE /* open-file-description locks */
#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Byte i of the file is place i inside; behind those come the tickets, one for each that is inside
 * or waits. Every caller opens the file anew: so threads exclude one another as processes do. */

static bool lock_byte(int fd, int command, int64_t byte)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1
    };
    int rc;

    do
        rc = fcntl(fd, command, &lock);
    while (rc != 0 && errno == EINTR);
    return rc == 0;
}

/* The first byte of count that is free, or -1. */
static int64_t lock_any(int fd, int64_t start, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (lock_byte(fd, F_OFD_SETLK, start + i))
            return i;
    return -1;
}

static enum cc_code take_place(const struct cc_gate *gate, int fd, struct cc_err *err)
{
    int64_t ticket = lock_any(fd, gate->inside, gate->inside + gate->waiting);

    if (ticket < 0)
        return cc_fail_retry(err, CC_TOO_MANY, 1, "Too many people sign in at this moment.",
                             "gate: all tickets are out");
    if (lock_any(fd, 0, gate->inside) >= 0 || lock_byte(fd, F_OFD_SETLKW, ticket % gate->inside))
        return CC_OK;
    return cc_fail(err, CC_UNAVAILABLE, NULL, "gate: lock %s: %m", gate->path);
}

enum cc_code cc_gate_enter(const struct cc_gate *gate, int *pass, struct cc_err *err)
{
    int fd = open(gate->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    enum cc_code rc;

    if (fd < 0)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "gate: open %s: %m", gate->path);
    rc = take_place(gate, fd, err);
    if (rc == CC_OK)
        *pass = fd;
    else
        close(fd);
    return rc;
}

void cc_gate_leave(int pass)
{
    close(pass);
}
