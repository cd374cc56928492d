#define _GNU_SOURCE /* accept4, SCHED_BATCH */

#include "internal.h"

#include <assert.h>
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

/* We accept, libfcgi speaks the protocol, the guard stands between: FCGX_Accept_r is given one end
 * of a pair of sockets, and reads there what the guard has let through. Its own accept waits 2 s
 * for the first byte while others queue behind it, reads without any time-out, cannot be woken
 * without losing a wake-up, and takes EMFILE for the end. With listen_sock -1 a request that it
 * cannot read makes FCGX_Accept_r close its end and return. */

#define THREADS_MAX 256
/* A web server sends what it has at once; a connection that says nothing is given up. */
#define HEAD_TIMEOUT_MS 5000
/* How long a connection that the web server wants to keep waits for its next request. */
#define KEEP_TIMEOUT_MS 10000
#define RETRY_ACCEPT_MS 100

struct pool {
    const struct cc_server *server;
    struct cc_ticker *ticker;
    int listener;
    int stop_fd; /* an eventfd; readable from the stop on */
    bool is_tcp;
    size_t threads;
    atomic_size_t busy;   /* of them: those that have a connection */
    atomic_int served_fd; /* 0: told, or nobody asks */
    atomic_bool stopping;
    atomic_bool failed;
};

struct worker {
    struct pool *pool;
    pthread_t thread;
    struct cc_arena *arena;
    int epoll;
    int fd; /* the connection */
    struct cc_guard guard;
    FCGX_Request request; /* its ipcFd is what the guard feeds */
};

struct body {
    struct cc_source source;
    FCGX_Stream *in;
    struct cc_guard *guard;
    int64_t timeout_ms;
};

/* FCGX_GetStr waits until it has all that was asked for; so one byte first, then what came with
 * it. */
static long body_read(struct cc_source *source, char *out, size_t size)
{
    struct body *body = (struct body *)source;
    FCGX_Stream *in = body->in;
    size_t have;
    int first;
    long rc = cc_guard_body(body->guard, body->timeout_ms);

    if (rc != 0)
        return rc;
    first = FCGX_GetChar(in);
    if (first == EOF)
        return FCGX_GetError(in) == 0 ? 0 : -1;
    out[0] = (char)first;
    have = (size_t)(in->stop - in->rdNext);
    if (have > size - 1)
        have = size - 1;
    have = 1 + (size_t)FCGX_GetStr(out + 1, (int)have, in);
    body->guard->given_bytes -= have;
    return (long)have;
}

static void set_timeout(int fd, int option, int64_t seconds)
{
    struct timeval timeout = { .tv_sec = seconds };

    setsockopt(fd, SOL_SOCKET, option, &timeout, sizeof(timeout));
}

static struct cc_ctx context(struct worker *worker, struct body *body)
{
    return (struct cc_ctx){
        .arena = worker->arena,
        .server = worker->pool->server,
        .app = worker->pool->server->app,
        .source = &body->source,
    };
}

static void tell_served(struct pool *pool)
{
    int fd = atomic_load(&pool->served_fd);

    if (fd == 0 || !atomic_compare_exchange_strong(&pool->served_fd, &fd, 0))
        return;
    if (write(fd, "", 1) < 0)
        cc_log_warn(pool->server->log, "supervisor not told", CC_LOG_Z("cause", strerror(errno)));
    close(fd);
}

/* --- the answer ------------------------------------------------------------------------------- */

static bool may_leave_work(const struct cc_server *server, enum cc_method method)
{
    return !server->leaves_nothing && method != CC_GET && method != CC_HEAD && method != CC_OPTIONS;
}

/* Reads, answers, and sends the last byte. True if the connection is good for another request. */
static bool answer(struct worker *worker)
{
    FCGX_Request *fcgi = &worker->request;
    const struct cc_server *server = worker->pool->server;
    struct body body = { .source = { .read = body_read },
                         .in = fcgi->in,
                         .guard = &worker->guard,
                         .timeout_ms = HEAD_TIMEOUT_MS };
    struct cc_ctx cx = context(worker, &body);
    struct cc_pair *vars = CC_NEW_ARRAY(worker->arena, struct cc_pair, CC_PARAMS_MAX + 1);
    size_t count = cc_pairs_from_environ(fcgi->envp, vars, CC_PARAMS_MAX + 1);
    struct cc_request req;
    struct cc_err refused = { 0 };
    struct cc_buf out;
    enum cc_code rc;
    bool is_sent;

    rc = cc_request_from_cgi(vars, count, server->config, &req, &refused);
    if (req.content_length > 0)
        body.timeout_ms = cc_body_timeout_s(server->config) * 1000;
    cc_buf_init(&out, worker->arena, CC_REPLY_BYTES_MAX + CC_REPLY_HEADER_BYTES_MAX * 2);
    cc_http_answer(&cx, &req, rc == CC_OK ? NULL : &refused, &out);
    assert(!out.overflow);
    is_sent = cc_output_send(worker->fd, worker->arena, fcgi->requestId, cc_buf_str(&out));
    tell_served(worker->pool);
    if (may_leave_work(server, req.method))
        cc_ticker_wake(worker->pool->ticker);
    /* What is left of this body would be taken for the next request. */
    return is_sent && fcgi->keepConnection && FCGX_HasSeenEOF(fcgi->in);
}

/* --- connections ------------------------------------------------------------------------------ */

/* True when something is there to read before the time-out and the stop. */
static bool wait_for_next(const struct worker *worker)
{
    struct pollfd ready[] = {
        { .fd = worker->fd, .events = POLLIN },
        { .fd = worker->pool->stop_fd, .events = POLLIN },
    };
    bool is_here = worker->guard.len > 0;
    int found = poll(ready, CC_COUNT(ready), is_here ? 0 : KEEP_TIMEOUT_MS);

    return (is_here || found > 0) && !ready[1].revents;
}

/* Whether every thread has a connection and somebody waits at the door: then a connection that says
 * nothing holds no thread. */
static bool others_wait(void *arg)
{
    const struct pool *pool = arg;
    struct pollfd door = { .fd = pool->listener, .events = POLLIN };

    return atomic_load(&pool->busy) == pool->threads && poll(&door, 1, 0) > 0;
}

/* What libfcgi did not read of a request must not be there for the next one. */
static void empty_feed(const struct worker *worker)
{
    char waste[4096];

    while (recv(worker->request.ipcFd, waste, sizeof(waste), MSG_DONTWAIT) > 0)
        continue;
}

/* One request. True if another may follow it. */
static bool serve_request(struct worker *worker)
{
    FCGX_Request *fcgi = &worker->request;
    bool is_kept;

    if (!cc_guard_head(&worker->guard, worker->arena, HEAD_TIMEOUT_MS))
        return false;
    cc_arena_reset(worker->arena);
    fcgi->keepConnection = 1; /* else FCGX_Accept_r closes its end before it reads */
    FCGX_Detach(fcgi);
    if (FCGX_Accept_r(fcgi) != 0 || FCGX_GetError(fcgi->in) != 0) {
        worker->guard.fault = "libfcgi could not read it"; /* padding behind BEGIN_REQUEST */
        return false;
    }
    is_kept = answer(worker);
    FCGX_Free(fcgi, 0);
    return is_kept;
}

/* What libfcgi reads, unless it is there from the request before. It never waits there: were the
 * guard wrong about what it has been given, that request would fail and no thread would be lost. */
static enum cc_code open_feed(struct worker *worker, struct cc_err *err)
{
    int ends[2];

    if (worker->request.ipcFd >= 0)
        return CC_OK;
    if (worker->guard.feed >= 0)
        close(worker->guard.feed);
    worker->guard.feed = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "socketpair: %s", strerror(errno));
    worker->guard.feed = ends[0];
    worker->request.ipcFd = ends[1];
    return CC_OK;
}

static void serve_requests(struct worker *worker)
{
    const struct cc_log *log = worker->pool->server->log;
    struct cc_err err = { 0 };

    if (open_feed(worker, &err) != CC_OK) {
        cc_log_error(log, "connection not served", CC_LOG_Z("cause", err.cause));
        return;
    }
    cc_guard_open(&worker->guard, worker->fd);
    while (serve_request(worker) && wait_for_next(worker))
        cc_arena_reset(worker->arena);
    FCGX_Free(&worker->request, 0);
    cc_arena_reset(worker->arena);
    empty_feed(worker);
    if (worker->guard.fault)
        cc_log_warn(log, "connection refused", CC_LOG_Z("cause", worker->guard.fault));
}

static void serve_connection(struct worker *worker, int fd)
{
    int on = 1;

    if (worker->pool->is_tcp)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    set_timeout(fd, SO_SNDTIMEO, cc_body_timeout_s(worker->pool->server->config));
    atomic_fetch_add(&worker->pool->busy, 1);
    worker->fd = fd;
    serve_requests(worker);
    close(fd);
    atomic_fetch_sub(&worker->pool->busy, 1);
}

static void request_stop(struct pool *pool)
{
    const uint64_t one = 1;

    atomic_store(&pool->stopping, true);
    if (write(pool->stop_fd, &one, sizeof(one)) < 0)
        assert(errno == EAGAIN); /* it is readable already */
}

static bool is_final(int accept_errno)
{
    return accept_errno == EBADF || accept_errno == EINVAL || accept_errno == ENOTSOCK ||
           accept_errno == EOPNOTSUPP;
}

/* Out of descriptors or memory: they come back; a listener that is none does not. */
static void accept_failed(struct pool *pool, int accept_errno)
{
    struct pollfd stop = { .fd = pool->stop_fd, .events = POLLIN };

    if (accept_errno == EINTR || accept_errno == ECONNABORTED)
        return;
    cc_log_error(pool->server->log, "accept failed", CC_LOG_Z("cause", strerror(accept_errno)));
    if (is_final(accept_errno)) {
        atomic_store(&pool->failed, true);
        kill(getpid(), SIGTERM);
    }
    poll(&stop, 1, RETRY_ACCEPT_MS);
}

/* The next connection, or -1 once it is time to stop. The listener is asked first and only then
 * waited for: under load that is one system call. EPOLLEXCLUSIVE: a connection wakes one thread of
 * all that wait, in this process and its siblings. */
static int next_connection(struct worker *worker)
{
    struct pool *pool = worker->pool;
    struct epoll_event event;

    while (!atomic_load(&pool->stopping)) {
        int fd = accept4(pool->listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0)
            return fd;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            epoll_wait(worker->epoll, &event, 1, -1);
        else
            accept_failed(pool, errno);
    }
    return -1;
}

/* A connection wakes a thread that waits, and by default that thread takes the processor from the
 * web server before it has sent the request, or from another of ours that would have come for the
 * connection itself a moment later. SCHED_BATCH has the same share and waits for its turn: with all
 * processors busy that is a third more requests. Where it is refused, it goes without. */
static void wait_for_turns(void)
{
    const struct sched_param none = { 0 };

    if (sched_getscheduler(0) == SCHED_OTHER) /* else somebody chose it */
        sched_setscheduler(0, SCHED_BATCH, &none);
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    int fd;

    wait_for_turns();
    while ((fd = next_connection(worker)) >= 0)
        serve_connection(worker, fd);
    return NULL;
}

static enum cc_code watch(int epoll, int fd, unsigned events, struct cc_err *err)
{
    struct epoll_event event = { .events = events };

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "epoll_ctl: %s", strerror(errno));
    return CC_OK;
}

static enum cc_code start_worker(struct pool *pool, struct worker *worker, struct cc_err *err)
{
    enum cc_code rc;
    int failed;

    worker->pool = pool;
    FCGX_InitRequest(&worker->request, -1, 0);
    worker->request.ipcFd = -1;
    worker->guard = (struct cc_guard){ .feed = -1, .gives_way = others_wait, .arg = pool };
    rc = open_feed(worker, err);
    if (rc != CC_OK)
        return rc;
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (worker->epoll < 0)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "epoll_create1: %s", strerror(errno));
    worker->arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    worker->guard.arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    rc = watch(worker->epoll, pool->listener, EPOLLIN | EPOLLEXCLUSIVE, err);
    if (rc == CC_OK)
        rc = watch(worker->epoll, pool->stop_fd, EPOLLIN, err);
    if (rc != CC_OK)
        return rc;
    failed = pthread_create(&worker->thread, NULL, work, worker);
    if (failed)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "pthread_create: %s", strerror(failed));
    return CC_OK;
}

/* Those that ask us to stop. They stay blocked in every thread, and the main one takes them with
 * sigwait: so none interrupts a request, and none comes between a look and a wait. */
static void block_stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGUSR1); /* what some web servers send for a graceful end */
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

static enum cc_code open_pool(struct pool *pool, struct cc_err *err)
{
    struct sockaddr_storage address = { 0 };
    socklen_t size = sizeof(address);
    int flags = fcntl(pool->listener, F_GETFL);

    /* Siblings share this flag with us; they are the same program. */
    if (flags < 0 || fcntl(pool->listener, F_SETFL, flags | O_NONBLOCK) != 0)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "the listening socket: %s", strerror(errno));
    if (getsockname(pool->listener, (struct sockaddr *)&address, &size) == 0)
        pool->is_tcp = address.ss_family == AF_INET || address.ss_family == AF_INET6;
    pool->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (pool->stop_fd < 0)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "eventfd: %s", strerror(errno));
    return CC_OK;
}

/* Starts as many as asked for, all or an error; *started of them must be joined. */
static enum cc_code start_workers(struct pool *pool, struct worker *workers, size_t count,
                                  size_t *started, struct cc_err *err)
{
    for (*started = 0; *started < count; (*started)++) {
        enum cc_code rc = start_worker(pool, &workers[*started], err);

        if (rc != CC_OK)
            return rc;
    }
    return CC_OK;
}

static void stop_workers(struct pool *pool, struct worker *workers, size_t count)
{
    request_stop(pool);
    for (size_t i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        close(workers[i].epoll);
        close(workers[i].guard.feed);
        close(workers[i].request.ipcFd);
        cc_arena_free(workers[i].guard.arena);
        cc_arena_free(workers[i].arena);
    }
}

static size_t thread_count(const struct cc_http_config *config)
{
    if (config->threads < 1)
        return 1;
    return config->threads > THREADS_MAX ? THREADS_MAX : (size_t)config->threads;
}

static void stop_all(struct pool *pool, struct worker *workers, size_t count)
{
    struct cc_hurry hurry;

    cc_hurry_start(&hurry, pool->server);
    stop_workers(pool, workers, count);
    cc_ticker_stop(pool->ticker);
    cc_hurry_end(&hurry);
}

static enum cc_code run_pool(struct pool *pool, struct cc_arena *arena, const sigset_t *stop_set,
                             struct cc_err *err)
{
    size_t count = pool->threads = thread_count(pool->server->config), started = 0;
    struct worker *workers = CC_NEW_ARRAY(arena, struct worker, count);
    enum cc_code rc = cc_ticker_start(arena, pool->server, &pool->ticker, err);
    int number;

    if (rc == CC_OK)
        rc = start_workers(pool, workers, count, &started, err);
    if (rc == CC_OK) {
        cc_log_info(pool->server->log, "serving", CC_LOG_I64("threads", (int64_t)count));
        sigwait(stop_set, &number);
    }
    stop_all(pool, workers, started);
    return rc;
}

int cc_fastcgi_serve(const struct cc_server *server, int listener)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct pool pool = { .server = server, .listener = listener, .served_fd = server->served_fd };
    struct cc_err err = { 0 };
    sigset_t stop_set;
    enum cc_code rc;

    block_stop_signals(&stop_set);
    rc = open_pool(&pool, &err);
    if (rc == CC_OK) {
        rc = run_pool(&pool, arena, &stop_set, &err);
        close(pool.stop_fd);
    }
    if (rc != CC_OK)
        cc_log_error(server->log, "cannot serve", CC_LOG_Z("cause", err.cause));
    cc_arena_free(arena);
    return rc == CC_OK && !atomic_load(&pool.failed) ? 0 : EX_OSERR;
}
