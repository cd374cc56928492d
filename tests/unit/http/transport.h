/* What the tests of both transports share: a server in a process of its own, and memory in which it
 * and the test see each other. */
#ifndef CC_TESTS_TRANSPORT_H
#define CC_TESTS_TRANSPORT_H

#include "exchange.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

struct cc_app {
    atomic_int runs;    /* of handlers */
    atomic_int waiting; /* handlers that wait for `released` */
    atomic_bool released;
    atomic_int ticks;
    atomic_int ticking; /* at this moment */
    atomic_bool ticked_twice_at_once;
    atomic_bool tick_waits;
    int served_fd;
    bool leaves_nothing;
};

static inline struct cc_app *shared_app(void)
{
    struct cc_app *app =
        mmap(NULL, sizeof(*app), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(app, MAP_FAILED);
    return app;
}

static inline int64_t now_ms(void)
{
    return cc_clock_mono_ms(&cc_system_clock);
}

static inline void nap(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

#define wait_for(condition)                                                                        \
    do {                                                                                           \
        int64_t wait_until = now_ms() + 20000;                                                     \
        while (!(condition) && now_ms() < wait_until)                                              \
            nap();                                                                                 \
        ck_assert_msg(condition, "%s", #condition);                                                \
    } while (0)

static inline void hold(struct cc_app *app)
{
    int64_t until = now_ms() + 20000;

    atomic_fetch_add(&app->waiting, 1);
    while (!atomic_load(&app->released) && now_ms() < until)
        nap();
    atomic_fetch_sub(&app->waiting, 1);
}

static inline void count_tick(struct cc_app *app)
{
    if (atomic_fetch_add(&app->ticking, 1) != 0)
        atomic_store(&app->ticked_twice_at_once, true);
    if (atomic_load(&app->tick_waits))
        hold(app);
    nap();
    atomic_fetch_sub(&app->ticking, 1);
    atomic_fetch_add(&app->ticks, 1);
}

static inline enum cc_code hello(struct cc_ctx *cx)
{
    atomic_fetch_add(&cx->app->runs, 1);
    return cc_reply_bytes(cx, 200, "text/plain", CC_STR("hello"));
}

static inline enum cc_code slow(struct cc_ctx *cx)
{
    hold(cx->app);
    return cc_reply_bytes(cx, 200, "text/plain", CC_STR("slow"));
}

static inline enum cc_code echo(struct cc_ctx *cx)
{
    struct cc_str body;
    enum cc_code rc = cc_body_read(cx, &body);

    if (rc != CC_OK)
        return rc;
    return cc_reply_bytes(cx, 200, "application/octet-stream", body);
}

static inline enum cc_code big(struct cc_ctx *cx)
{
    size_t len = 3000000;
    char *at = cc_arena_alloc(cx->arena, len);

    memset(at, 'b', len);
    return cc_reply_bytes(cx, 200, "application/octet-stream", (struct cc_str){ at, len });
}

/* What stands in the environment of the process under the names that a request could choose. */
static inline enum cc_code show_environment(struct cc_ctx *cx)
{
    static const char *const names[] = { "HTTP_PROXY", "HTTP_X_EVIL", "LD_PRELOAD",
                                         "REQUEST_METHOD", "CLOUDCHAT_SERVER_DATA" };
    struct cc_buf text;

    cc_buf_init(&text, cx->arena, 4096);
    for (size_t i = 0; i < CC_COUNT(names); i++)
        if (getenv(names[i])) {
            cc_buf_add_z(&text, names[i]);
            cc_buf_add_byte(&text, ' ');
        }
    return cc_reply_bytes(cx, 200, "text/plain", cc_buf_str(&text));
}

/* Takes every descriptor there is, until released. */
static inline enum cc_code exhaust(struct cc_ctx *cx)
{
    int held[4096];
    size_t count = 0;

    while (count < CC_COUNT(held) && (held[count] = dup(STDERR_FILENO)) >= 0)
        count++;
    hold(cx->app);
    while (count > 0)
        close(held[--count]);
    return cc_reply_bytes(cx, 200, "text/plain", CC_STR("exhausted"));
}

static const struct cc_route transport_routes[] = {
    { CC_GET, "/hello", hello, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_POST, "/hello", hello, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/slow", slow, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_PUT, "/echo", echo, CC_PUBLIC, CC_BODY_RAW, 1000000 },
    { CC_GET, "/big", big, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/environment", show_environment, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/exhaust", exhaust, CC_PUBLIC, CC_BODY_NONE, 0 },
    { 0 },
};

/* In the child: serves and ends the process. */
static inline void serve_and_exit(struct cc_app *app, struct cc_http_config config)
{
    struct cc_log log = { .fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
                          .program = "test",
                          .level = CC_LOG_INFO,
                          .clock = &cc_system_clock };
    struct cc_server server = { .name = "test",
                                .routes = transport_routes,
                                .app = app,
                                .tick = count_tick,
                                .config = &config,
                                .clock = &cc_system_clock,
                                .random = &cc_system_random,
                                .log = &log,
                                .served_fd = app->served_fd,
                                .leaves_nothing = app->leaves_nothing };

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is killed leaves no server behind */
    exit(cc_http_serve(&server));
}

/* The exit status, within `ms`; a process that does not end is killed and the test fails. */
static inline int exit_status(pid_t pid, int64_t ms)
{
    int64_t until = now_ms() + ms;
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (now_ms() > until) {
            kill(pid, SIGKILL);
            ck_abort_msg("the server did not end");
        }
        nap();
    }
    ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

#endif
