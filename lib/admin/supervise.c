#define _GNU_SOURCE /* pipe2 */

#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define YOUNG_MS 500
#define DELAY_FIRST_MS 100
/* One start takes about 10 ms: at this pace a broken program costs a hundredth of a core. */
#define DELAY_MAX_MS 1000
#define YOUNG_DEATHS_MAX 3 /* while starting */
#define STARTING_POLL_MS 25
/* One wish may arrive twice: Ctrl-C goes to the whole group, and make passes SIGTERM on as well. */
#define SAME_WISH_MS 3000
#define EXIT_CANNOT_RUN 127

/* --- one child -------------------------------------------------------------------------------- */

/* In the child: it survives exec under that number. */
static bool give(int fd, int number)
{
    if (fd == number)
        return fcntl(fd, F_SETFD, 0) == 0;
    return dup2(fd, number) >= 0;
}

/* In the child. Only async-signal-safe calls. */
static void become(const struct cc_child *child, int tell, pid_t parent)
{
    sigset_t none;

    setpgid(0, 0);
    /* The parent may have died before this call: then nobody would send the signal. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (!give(child->socket, STDIN_FILENO) || (tell >= 0 && !give(tell, child->served_fd)))
        _exit(EXIT_CANNOT_RUN);
    execv(child->argv[0], (char *const *)(void *)child->argv);
    _exit(EXIT_CANNOT_RUN);
}

/* The child's end of the pipe at which it says that it has served, or -1. Without one it only seems
 * to have served nothing. */
static int open_pipe(const struct cc_supervisor *self, struct cc_child *child)
{
    int ends[2];

    child->told = -1;
    if (child->served_fd == 0)
        return -1;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        cc_log_warn(self->log, "no pipe", CC_LOG_Z("program", child->name),
                    CC_LOG_Z("cause", strerror(errno)));
        return -1;
    }
    child->told = ends[0];
    return ends[1];
}

static void close_told(struct cc_child *child)
{
    if (child->told >= 0)
        close(child->told);
    child->told = -1;
}

/* Notes who has told that it has served; one that did so long ago may be heard only now. */
static void hear_all(struct cc_supervisor *self)
{
    char byte;

    for (size_t i = 0; i < self->count; i++) {
        struct cc_child *child = &self->children[i];

        if (child->pid > 0 && child->told >= 0 && read(child->told, &byte, 1) == 1)
            child->served_ms = cc_clock_mono_ms(self->clock);
    }
}

/* Whether it, or another worker of its program, has served since it was born. */
static bool program_has_served(const struct cc_supervisor *self, const struct cc_child *child)
{
    for (size_t i = 0; i < self->count; i++) {
        const struct cc_child *other = &self->children[i];

        if (strcmp(other->name, child->name) == 0 && other->served_ms >= child->started_ms)
            return true;
    }
    return false;
}

static void start(struct cc_supervisor *self, struct cc_child *child)
{
    pid_t parent = getpid();
    int tell = open_pipe(self, child);

    child->started_ms = cc_clock_mono_ms(self->clock);
    child->pid = fork();
    if (child->pid == 0)
        become(child, tell, parent);
    if (tell >= 0)
        close(tell);
    if (child->pid > 0) {
        setpgid(child->pid, child->pid); /* here too, so that it holds from now on */
        return;
    }
    child->pid = 0;
    child->restart_ms = child->started_ms + DELAY_MAX_MS;
    cc_log_error(self->log, "cannot fork", CC_LOG_Z("child", child->name),
                 CC_LOG_Z("cause", strerror(errno)));
    close_told(child);
}

static const char *manner_of(const siginfo_t *end)
{
    if (end->si_code == CLD_EXITED)
        return end->si_status == EXIT_CANNOT_RUN ? "could not be executed" : "exit";
    return "signal";
}

/* A delay is for a program that cannot even start, lest it take the machine with it. One that has
 * served is missed by those who wait in the socket's queue, however short its life was. */
static void schedule_restart(struct cc_supervisor *self, struct cc_child *child,
                             const siginfo_t *end)
{
    int64_t now_ms = cc_clock_mono_ms(self->clock);
    bool young = !program_has_served(self, child) && now_ms - child->started_ms < YOUNG_MS;

    child->young_deaths = young ? child->young_deaths + 1 : 0;
    if (child->young_deaths <= 1)
        child->delay_ms = young ? DELAY_FIRST_MS : 0;
    else
        child->delay_ms = child->delay_ms < DELAY_MAX_MS / 2 ? child->delay_ms * 2 : DELAY_MAX_MS;
    child->restart_ms = now_ms + child->delay_ms;
    cc_log_warn(self->log, "program died", CC_LOG_Z("child", child->name),
                CC_LOG_I64("pid", child->pid), CC_LOG_Z("manner", manner_of(end)),
                CC_LOG_I64("status", end->si_status), CC_LOG_I64("restart_in_ms", child->delay_ms));
}

/* --- all of them ------------------------------------------------------------------------------ */

static bool is_running(const struct cc_supervisor *self)
{
    return self->stage == CC_STARTING || self->stage == CC_RUNNING;
}

static void bury(struct cc_supervisor *self, struct cc_child *child, const siginfo_t *end)
{
    hear_all(self);
    close_told(child);
    /* What it has forked goes with it; while it is not reaped its number is nobody else's. */
    kill(-child->pid, SIGKILL);
    waitpid(child->pid, NULL, 0);
    if (is_running(self))
        schedule_restart(self, child, end);
    child->pid = 0;
}

static void reap(struct cc_supervisor *self)
{
    for (size_t i = 0; i < self->count; i++) {
        struct cc_child *child = &self->children[i];
        siginfo_t end = { 0 };

        if (child->pid > 0 &&
            waitid(P_PID, (id_t)child->pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            end.si_pid == child->pid)
            bury(self, child, &end);
    }
}

static void start_due(struct cc_supervisor *self)
{
    int64_t now_ms = cc_clock_mono_ms(self->clock);

    for (size_t i = 0; i < self->count; i++) {
        if (self->children[i].pid == 0 && self->children[i].restart_ms <= now_ms)
            start(self, &self->children[i]);
    }
}

static bool dies_young(const struct cc_supervisor *self)
{
    for (size_t i = 0; i < self->count; i++) {
        if (self->children[i].young_deaths >= YOUNG_DEATHS_MAX)
            return true;
    }
    return false;
}

/* --- stopping --------------------------------------------------------------------------------- */

static bool is_of_stage(const struct cc_supervisor *self, const struct cc_child *child)
{
    return child->pid > 0 && child->stops_first == (self->stage == CC_STOPPING_FIRST);
}

static void enter_stop(struct cc_supervisor *self, enum cc_stage stage)
{
    self->stage = stage;
    self->deadline_ms = cc_clock_mono_ms(self->clock) + self->stop_timeout_ms;
    for (size_t i = 0; i < self->count; i++) {
        if (is_of_stage(self, &self->children[i]))
            kill(self->children[i].pid, self->children[i].stop_signal);
    }
}

static void stop(struct cc_supervisor *self)
{
    self->stop_asked_ms = cc_clock_mono_ms(self->clock);
    self->when_stopping(self->arg);
    enter_stop(self, CC_STOPPING_FIRST);
}

static void kill_late(struct cc_supervisor *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const struct cc_child *child = &self->children[i];

        if (!is_of_stage(self, child))
            continue;
        cc_log_warn(self->log, "did not stop in time: killed", CC_LOG_Z("child", child->name),
                    CC_LOG_I64("pid", child->pid));
        kill(-child->pid, SIGKILL);
    }
}

static bool stage_is_empty(const struct cc_supervisor *self)
{
    for (size_t i = 0; i < self->count; i++) {
        if (is_of_stage(self, &self->children[i]))
            return false;
    }
    return true;
}

static void go_on_stopping(struct cc_supervisor *self)
{
    int64_t now_ms = cc_clock_mono_ms(self->clock);

    if (now_ms >= self->deadline_ms) {
        kill_late(self);
        self->deadline_ms = now_ms + self->stop_timeout_ms;
    }
    if (self->stage == CC_STOPPING_FIRST && stage_is_empty(self))
        enter_stop(self, CC_STOPPING_REST);
    if (self->stage == CC_STOPPING_REST && stage_is_empty(self))
        self->stage = CC_STOPPED;
}

/* --- the loop --------------------------------------------------------------------------------- */

static void go_on_starting(struct cc_supervisor *self)
{
    if (self->is_ready(self->arg)) {
        self->stage = CC_RUNNING;
        self->when_ready(self->arg);
    } else if (dies_young(self) || cc_clock_mono_ms(self->clock) >= self->deadline_ms) {
        self->failed = true;
        stop(self);
    }
}

static int64_t next_wake_ms(const struct cc_supervisor *self, int64_t now_ms)
{
    int64_t wake_ms = INT64_MAX;

    if (self->stage == CC_STARTING)
        return now_ms + STARTING_POLL_MS;
    if (!is_running(self))
        return self->deadline_ms;
    for (size_t i = 0; i < self->count; i++) {
        if (self->children[i].pid == 0 && self->children[i].restart_ms < wake_ms)
            wake_ms = self->children[i].restart_ms;
    }
    return wake_ms;
}

static void take_signals(struct cc_supervisor *self)
{
    struct signalfd_siginfo info;

    while (read(self->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD)
            continue; /* reap() looks after each wake */
        if (is_running(self))
            stop(self);
        else if (cc_clock_mono_ms(self->clock) >= self->stop_asked_ms + SAME_WISH_MS)
            self->stop_timeout_ms = self->deadline_ms = 0; /* asked again: no more waiting */
    }
}

static void wait_for_news(struct cc_supervisor *self)
{
    struct pollfd news = { .fd = self->signals, .events = POLLIN };
    int64_t now_ms = cc_clock_mono_ms(self->clock);
    int64_t wake_ms = next_wake_ms(self, now_ms);
    int timeout_ms = -1;

    if (wake_ms <= now_ms)
        timeout_ms = 0;
    else if (wake_ms != INT64_MAX)
        timeout_ms = (int)(wake_ms - now_ms);
    if (poll(&news, 1, timeout_ms) > 0)
        take_signals(self);
}

static bool watch_signals(struct cc_supervisor *self)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    self->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (self->signals < 0)
        cc_log_error(self->log, "cannot watch signals", CC_LOG_Z("cause", strerror(errno)));
    return self->signals >= 0;
}

bool cc_supervise(struct cc_supervisor *self)
{
    if (!watch_signals(self))
        return false;
    self->stage = CC_STARTING;
    self->deadline_ms = cc_clock_mono_ms(self->clock) + self->start_timeout_ms;
    while (self->stage != CC_STOPPED) {
        if (is_running(self))
            start_due(self);
        wait_for_news(self);
        reap(self);
        if (self->stage == CC_STARTING)
            go_on_starting(self);
        if (!is_running(self))
            go_on_stopping(self);
    }
    close(self->signals);
    return !self->failed;
}
