/* admin/supervise.h - keeps processes running until a signal says stop. What dies is started again:
 * at once, or after a growing delay if it died young: soon, and while no worker of its program had
 * served. They have process groups of their own, so that Ctrl-C reaches the supervisor alone, and
 * they end with it.
 *
 * It holds the listening sockets that they serve, so that the death of one costs only what that one
 * had in its hands: whoever connects meanwhile waits in the socket's queue. */
#ifndef CC_ADMIN_SUPERVISE_H
#define CC_ADMIN_SUPERVISE_H

#include "../base/log.h"

#include <sys/types.h>

struct cc_child {
    const char *name;        /* for the log */
    const char *const *argv; /* argv[0] is a path */
    int socket;              /* becomes its descriptor 0 */
    int stop_signal;         /* asks it to finish what it holds and end */
    bool stops_first;        /* before all others: the web server */
    int served_fd;           /* its descriptor for a byte once it has served; 0: it tells nothing */
    /* the supervisor's own */
    pid_t pid; /* 0: not running */
    int64_t started_ms;
    int64_t restart_ms; /* when to start it again; by the steady clock */
    int64_t delay_ms;
    unsigned young_deaths; /* one after another */
    int64_t served_ms;     /* when it, or who was here before it, was last heard to have served */
    int told;              /* our end of the pipe of served_fd; -1: none */
};

enum cc_stage { CC_STARTING, CC_RUNNING, CC_STOPPING_FIRST, CC_STOPPING_REST, CC_STOPPED };

struct cc_supervisor {
    struct cc_child *children;
    size_t count;
    int64_t start_timeout_ms;
    int64_t stop_timeout_ms; /* for each of the two steps of a stop */
    const struct cc_log *log;
    const struct cc_clock *clock;
    /* Asked some 40 times a second while starting; must not wait. */
    bool (*is_ready)(void *arg);
    void (*when_ready)(void *arg); /* once */
    void (*when_stopping)(void *arg);
    void *arg;
    /* its own */
    enum cc_stage stage;
    int64_t deadline_ms;
    int64_t stop_asked_ms;
    int signals;
    bool failed;
};

/* Runs until SIGINT, SIGTERM or SIGHUP, then stops all children: those that stop first, then the
 * rest, each time waiting for what is in hand, at most stop_timeout_ms, then by SIGKILL; a
 * signal some seconds later does not wait. False: it could not be started (three young deaths of
 * one child, or not ready in time) or not watched; all children are stopped then, too. */
bool cc_supervise(struct cc_supervisor *supervisor);

#endif
