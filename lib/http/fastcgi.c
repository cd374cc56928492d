#define _GNU_SOURCE /* accept4 */

#include "internal.h"
#include "records.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

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
    atomic_int served_fd; /* 0: told, or nobody asks */
    size_t threads;
    atomic_size_t busy; /* of them: those that have a connection */
    atomic_bool stopping;
    atomic_bool failed;
};

struct worker {
    struct pool *pool;
    pthread_t thread;
    struct cc_arena *arena;
    int epoll;
    struct cc_fcgi fcgi;
};

struct body {
    struct cc_source source;
    struct cc_fcgi *fcgi;
    int64_t timeout_ms;
};

static long body_read(struct cc_source *source, char *out, size_t size)
{
    struct body *body = (struct body *)source;

    return cc_fcgi_read_body(body->fcgi, body->timeout_ms, out, size);
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

/* Reads, answers, and sends the last byte. True if the connection can carry another request. */
static bool answer(struct worker *worker, const struct cc_pair *vars, size_t count)
{
    const struct cc_server *server = worker->pool->server;
    const int64_t timeout_ms = cc_body_timeout_s(server->config) * 1000;
    struct body body = { .source = { .read = body_read }, .fcgi = &worker->fcgi };
    struct cc_ctx cx = context(worker, &body);
    struct cc_request req;
    struct cc_err refused = { 0 };
    struct cc_buf out;
    enum cc_code rc;
    bool goes_on;

    rc = cc_request_from_cgi(vars, count, server->config, &req, &refused);
    body.timeout_ms = req.content_length > 0 ? timeout_ms : HEAD_TIMEOUT_MS;
    cc_buf_init(&out, worker->arena, CC_REPLY_BYTES_MAX + CC_REPLY_HEADER_BYTES_MAX * 2);
    cc_http_answer(&cx, &req, rc == CC_OK ? NULL : &refused, &out);
    assert(!out.overflow);
    goes_on = cc_fcgi_answer(&worker->fcgi, timeout_ms, cc_buf_str(&out));
    tell_served(worker->pool);
    if (req.method != CC_GET && req.method != CC_HEAD && req.method != CC_OPTIONS)
        cc_ticker_wake(worker->pool->ticker); /* something may have become due */
    return goes_on;
}

/* Whether every thread has a connection and somebody waits at the door: then a connection that says
 * nothing holds no thread. */
static bool others_wait(void *arg)
{
    const struct pool *pool = arg;
    struct pollfd door = { .fd = pool->listener, .events = POLLIN };

    return atomic_load(&pool->busy) == pool->threads && poll(&door, 1, 0) > 0;
}

/* One request, on a connection that is open. True if it can carry another. */
static bool serve_request(struct worker *worker)
{
    struct cc_pair *vars = CC_NEW_ARRAY(worker->arena, struct cc_pair, CC_PARAMS_MAX + 1);
    size_t count;
    bool goes_on;

    worker->fcgi.gives_way = others_wait;
    goes_on = cc_fcgi_read_head(&worker->fcgi, worker->arena, HEAD_TIMEOUT_MS, vars,
                                CC_PARAMS_MAX + 1, &count);
    worker->fcgi.gives_way = NULL;
    if (goes_on)
        goes_on = answer(worker, vars, count);
    cc_arena_reset(worker->arena);
    return goes_on;
}

/* True when something is there to read before the time-out and the stop. */
static bool wait_for_next(const struct worker *worker)
{
    const struct cc_fcgi *fcgi = &worker->fcgi;
    struct pollfd ready[] = {
        { .fd = fcgi->fd, .events = POLLIN },
        { .fd = worker->pool->stop_fd, .events = POLLIN },
    };

    if (fcgi->at < fcgi->end)
        return !atomic_load(&worker->pool->stopping);
    return poll(ready, CC_COUNT(ready), KEEP_TIMEOUT_MS) > 0 && !ready[1].revents;
}

static void serve_connection(struct worker *worker, int fd)
{
    int on = 1;

    if (worker->pool->is_tcp)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    atomic_fetch_add(&worker->pool->busy, 1);
    cc_fcgi_open(&worker->fcgi, fd);
    while (serve_request(worker) && wait_for_next(worker))
        ;
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

static void *work(void *arg)
{
    struct worker *worker = arg;
    int fd;

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
    worker->fcgi.arg = pool;
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (worker->epoll < 0)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "epoll_create1: %s", strerror(errno));
    worker->arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
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
        cc_arena_free(workers[i].arena);
    }
}

static size_t thread_count(const struct cc_http_config *config)
{
    if (config->threads < 1)
        return 1;
    return config->threads > THREADS_MAX ? THREADS_MAX : (size_t)config->threads;
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
    stop_workers(pool, workers, started);
    cc_ticker_stop(pool->ticker);
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
