/* admin/listen.h - what `serve` holds open for as long as it runs: the lock of the data folder and
 * the listening sockets. All are close-on-exec. */
#ifndef CC_ADMIN_LISTEN_H
#define CC_ADMIN_LISTEN_H

#include "../base/str.h"

/* Takes the lock `path`, which holds the number of the process that has it. CC_CONFLICT: another
 * one does; the detail says which. CC_UNAVAILABLE. */
enum cc_code cc_lock_take(const char *path, int *fd, struct cc_err *err) CC_NODISCARD;

/* The folder of the sockets: made, for `group` where one is given, if it is not there. CC_INVALID:
 * other users could exchange what stands in it, and be given what the web server sends to us; or no
 * such group. CC_UNAVAILABLE. */
enum cc_code cc_listen_folder(const char *path, const char *group, struct cc_err *err) CC_NODISCARD;

/* Whether others could do that in a folder that is there. */
enum cc_code cc_listen_check_folder(const char *path, struct cc_err *err) CC_NODISCARD;

/* A Unix socket, in place of one that was left there: 0660, for `group` where one is given.
 * CC_INVALID: the path is longer than a socket's may be, or no such group. CC_UNAVAILABLE. */
enum cc_code cc_listen_unix(const char *path, const char *group, int *fd,
                            struct cc_err *err) CC_NODISCARD;

/* A TCP socket. CC_CONFLICT: the port is in use. CC_INVALID: not an address of this machine, or a
 * port that this user may not have. CC_UNAVAILABLE. */
enum cc_code cc_listen_tcp(const char *address, int64_t port, int *fd,
                           struct cc_err *err) CC_NODISCARD;

#endif
