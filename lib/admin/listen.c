#include "listen.h"

#include "../base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The kernel cuts it to net.core.somaxconn. While a worker is replaced, this many may wait. */
#define BACKLOG 4096

/* --- the lock --------------------------------------------------------------------------------- */

static enum cc_code locked_by_other(int fd, struct cc_err *err)
{
    char holder[24] = "";
    char detail[sizeof(err->detail)];
    ssize_t len = pread(fd, holder, sizeof(holder) - 1, 0);

    holder[len > 0 ? len : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    snprintf(detail, sizeof(detail), "This data folder is being served already, by process %s.",
             holder[0] ? holder : "(unknown)");
    return cc_fail(err, CC_CONFLICT, detail, "the lock is held");
}

enum cc_code cc_lock_take(const char *path, int *fd, struct cc_err *err)
{
    enum cc_code rc = CC_OK;
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (lock < 0)
        return cc_fail(err, CC_UNAVAILABLE, "The lock of the data folder cannot be opened.",
                       "%s: %s", path, strerror(errno));
    if (flock(lock, LOCK_EX | LOCK_NB) != 0)
        rc = locked_by_other(lock, err);
    else if (ftruncate(lock, 0) != 0 || dprintf(lock, "%ld\n", (long)getpid()) < 0)
        rc = cc_fail(err, CC_UNAVAILABLE, "The data folder cannot be written.", "%s: %s", path,
                     strerror(errno));
    if (rc != CC_OK)
        close(lock);
    else
        *fd = lock;
    return rc;
}

/* --- Unix sockets ----------------------------------------------------------------------------- */

static enum cc_code give_to_group(const char *path, const char *group, struct cc_err *err)
{
    struct group *found;

    if (group == NULL || group[0] == '\0')
        return CC_OK;
    found = getgrnam(group);
    if (found == NULL)
        return cc_fail(err, CC_INVALID, "[serve] socket_group: there is no such group.", "group %s",
                       group);
    if (chown(path, (uid_t)-1, found->gr_gid) != 0)
        return cc_fail(err, CC_INVALID, "[serve] socket_group: this user is not in that group.",
                       "chown %s: %s", path, strerror(errno));
    return CC_OK;
}

enum cc_code cc_listen_check_folder(const char *path, struct cc_err *err)
{
    struct stat about;
    bool is_open;

    if (stat(path, &about) != 0)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "stat %s: %s", path, strerror(errno));
    is_open = (about.st_mode & S_IWOTH) && !(about.st_mode & S_ISVTX);
    if (!is_open && (about.st_uid == geteuid() || about.st_uid == 0))
        return CC_OK;
    return cc_fail(err, CC_INVALID,
                   "Other users could exchange the sockets: [serve] sockets must be a folder of "
                   "this user.",
                   "%s has mode %03o, owner %ld", path, (unsigned)(about.st_mode & 0777),
                   (long)about.st_uid);
}

/* One that was there already keeps its mode and group: they are the operator's. */
enum cc_code cc_listen_folder(const char *path, const char *group, struct cc_err *err)
{
    bool is_new = access(path, F_OK) != 0;
    enum cc_code rc = cc_dir_make(path, 0700, err);

    if (rc != CC_OK || !is_new || group == NULL || group[0] == '\0')
        return rc == CC_OK ? cc_listen_check_folder(path, err) : rc;
    rc = give_to_group(path, group, err);
    if (rc == CC_OK && chmod(path, 0750) != 0)
        rc = cc_fail(err, CC_UNAVAILABLE, NULL, "chmod %s: %s", path, strerror(errno));
    return rc;
}

enum cc_code cc_listen_unix(const char *path, const char *group, int *fd, struct cc_err *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t len = strlen(path);
    enum cc_code rc;
    int sock;

    if (len >= sizeof(address.sun_path))
        return cc_fail(err, CC_INVALID,
                       "The path of a socket would be too long: choose a shorter data folder, or "
                       "set [serve] sockets to another one.",
                       "%s has %zu bytes, at most %zu may be", path, len,
                       sizeof(address.sun_path) - 1);
    memcpy(address.sun_path, path, len + 1);
    sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(path);
    if (sock < 0 || bind(sock, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        chmod(path, 0660) != 0 || listen(sock, BACKLOG) != 0)
        rc = cc_fail(err, CC_UNAVAILABLE, "A socket cannot be made.", "%s: %s", path,
                     strerror(errno));
    else
        rc = give_to_group(path, group, err);
    if (rc == CC_OK)
        *fd = sock;
    else if (sock >= 0)
        close(sock);
    return rc;
}

/* --- TCP -------------------------------------------------------------------------------------- */

static enum cc_code not_bound(const char *address, int64_t port, int reason, struct cc_err *err)
{
    char detail[sizeof(err->detail)];
    long long number = (long long)port;

    if (reason == EADDRINUSE) {
        snprintf(detail, sizeof(detail),
                 "Port %lld is in use by another program; choose another (--port).", number);
        return cc_fail(err, CC_CONFLICT, detail, "%s port %lld: %s", address, number,
                       strerror(reason));
    }
    snprintf(detail, sizeof(detail), "This user may not listen on port %lld.", number);
    if (reason != EACCES)
        snprintf(detail, sizeof(detail), "Cannot listen at [server] bind, port %lld.", number);
    return cc_fail(err, CC_INVALID, detail, "%s port %lld: %s", address, number, strerror(reason));
}

/* 0, or errno. */
static int listen_at(const struct addrinfo *at, int *fd)
{
    int sock = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    int reason;

    if (sock < 0)
        return errno;
    /* connections of an earlier run that linger in TIME_WAIT do not count */
    if (setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind(sock, at->ai_addr, at->ai_addrlen) == 0 && listen(sock, BACKLOG) == 0) {
        *fd = sock;
        return 0;
    }
    reason = errno;
    close(sock);
    return reason;
}

enum cc_code cc_listen_tcp(const char *address, int64_t port, int *fd, struct cc_err *err)
{
    const struct addrinfo want = { .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    char service[24];
    int reason;

    snprintf(service, sizeof(service), "%lld", (long long)port);
    reason = getaddrinfo(address, service, &want, &found);
    if (reason != 0)
        return cc_fail(err, CC_INVALID, "[server] bind is not an address.", "%s: %s", address,
                       gai_strerror(reason));
    reason = listen_at(found, fd);
    freeaddrinfo(found);
    return reason == 0 ? CC_OK : not_bound(address, port, reason, err);
}
