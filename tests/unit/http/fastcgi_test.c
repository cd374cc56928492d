/* The real socket, record by record (FastCGI 1.0), as no web server would send them. */
#define _GNU_SOURCE /* prlimit */

#include "transport.h"

#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { BEGIN = 1, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6 };

struct running {
    struct cc_app *app;
    pid_t pid;
    struct sockaddr_un address;
    char folder[32];
};

/* What `like` says of a server goes for this one too: served_fd, leaves_nothing. */
static void launch_like(struct running *r, struct cc_http_config config,
                        const struct cc_server *like)
{
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    *r = (struct running){ .app = shared_app(), .address = { .sun_family = AF_UNIX } };
    snprintf(r->folder, sizeof(r->folder), "/tmp/cc-fastcgi-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(r->folder));
    snprintf(r->address.sun_path, sizeof(r->address.sun_path), "%s/s", r->folder);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&r->address, sizeof(r->address)), 0);
    ck_assert_int_eq(listen(listener, 128), 0);
    r->app->served_fd = like->served_fd;
    r->app->leaves_nothing = like->leaves_nothing;
    r->pid = fork();
    ck_assert_int_ge(r->pid, 0);
    if (r->pid == 0) {
        dup2(listener, STDIN_FILENO);
        close(listener);
        serve_and_exit(r->app, config);
    }
    close(listener);
}

static void launch(struct running *r, struct cc_http_config config)
{
    launch_like(r, config, &(struct cc_server){ 0 });
}

static void land(struct running *r)
{
    unlink(r->address.sun_path);
    rmdir(r->folder);
    munmap(r->app, sizeof(*r->app));
}

static void stop(struct running *r)
{
    kill(r->pid, SIGTERM);
    ck_assert_int_eq(exit_status(r->pid, 10000), 0);
    land(r);
}

static int connect_to(const struct running *r)
{
    struct timeval patience = { .tv_sec = 20 };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&r->address, sizeof(r->address)), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

/* --- what is sent ----------------------------------------------------------------------------- */

struct wire {
    unsigned char at[65536];
    size_t len;
};

static void add_record(struct wire *w, int type, const void *content, size_t len)
{
    unsigned char head[8] = {
        1, (unsigned char)type, 0, 1, (unsigned char)(len >> 8), (unsigned char)len, 0, 0
    };

    ck_assert_uint_le(w->len + sizeof(head) + len, sizeof(w->at));
    memcpy(w->at + w->len, head, sizeof(head));
    if (len)
        memcpy(w->at + w->len + sizeof(head), content, len);
    w->len += sizeof(head) + len;
}

static void add_begin(struct wire *w, bool keep)
{
    unsigned char body[8] = { 0, 1, keep };

    add_record(w, BEGIN, body, sizeof(body));
}

/* A record for each parameter, so that a cut between two is a cut between records as well. */
static void add_param(struct wire *w, const char *name, const char *value)
{
    unsigned char pair[4096];
    size_t n = strlen(name), v = strlen(value);

    ck_assert_uint_lt(n, 128);
    ck_assert_uint_lt(v, 128);
    pair[0] = (unsigned char)n;
    pair[1] = (unsigned char)v;
    memcpy(pair + 2, name, n);
    memcpy(pair + 2 + n, value, v);
    add_record(w, PARAMS, pair, 2 + n + v);
}

static void add_head(struct wire *w, const char *method, const char *target, const char *length)
{
    add_param(w, "REQUEST_METHOD", method);
    add_param(w, "REQUEST_URI", target);
    add_param(w, "CONTENT_LENGTH", length);
}

static void add_body(struct wire *w, const char *body)
{
    if (*body)
        add_record(w, STDIN, body, strlen(body));
    add_record(w, STDIN, NULL, 0);
}

/* PUT /echo, up to its body. */
static void add_echo(struct wire *w, bool keep, const char *length)
{
    add_begin(w, keep);
    add_head(w, "PUT", "/echo", length);
    add_record(w, PARAMS, NULL, 0);
}

static void add_request(struct wire *w, const char *method, const char *target, const char *body)
{
    char length[32];

    snprintf(length, sizeof(length), "%zu", strlen(body));
    add_begin(w, false);
    add_head(w, method, target, length);
    add_record(w, PARAMS, NULL, 0);
    add_body(w, body);
}

static void send_all(int fd, const void *at, size_t len)
{
    ck_assert_int_eq(send(fd, at, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void send_wire(int fd, const struct wire *w)
{
    send_all(fd, w->at, w->len);
}

/* A connection on which it was sent. */
static int send_new(const struct running *r, const struct wire *w)
{
    int fd = connect_to(r);

    send_wire(fd, w);
    return fd;
}

/* --- what comes back -------------------------------------------------------------------------- */

struct answer {
    char at[4096]; /* of STDOUT, as much as fits */
    size_t len;
    size_t total;
    bool ended; /* END_REQUEST was there */
};

static bool read_all(int fd, void *out, size_t len)
{
    for (size_t have = 0; have < len;) {
        ssize_t got = recv(fd, (char *)out + have, len - have, 0);

        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    return true;
}

static void keep_output(struct answer *a, const unsigned char *content, size_t len)
{
    size_t room = sizeof(a->at) - a->len;
    size_t take = len < room ? len : room;

    memcpy(a->at + a->len, content, take);
    a->len += take;
    a->total += len;
}

static void read_answer(int fd, struct answer *a)
{
    static _Thread_local unsigned char content[65536 + 256];
    unsigned char head[8];

    *a = (struct answer){ .len = 0 };
    while (!a->ended && read_all(fd, head, sizeof(head))) {
        size_t len = (size_t)(head[4] << 8 | head[5]);

        if (!read_all(fd, content, len + head[6]))
            return;
        if (head[1] == STDOUT)
            keep_output(a, content, len);
        a->ended = head[1] == END;
    }
}

/* 0: there was no answer. */
static int answer_status(const struct answer *a)
{
    return a->ended && a->len ? status_of((struct cc_str){ a->at, a->len }) : 0;
}

static int exchange_wire(const struct running *r, const struct wire *w, struct answer *a)
{
    int fd = send_new(r, w);

    read_answer(fd, a);
    close(fd);
    return answer_status(a);
}

static int request(const struct running *r, const char *method, const char *target,
                   const char *body, struct answer *a)
{
    struct wire w = { .len = 0 };

    add_request(&w, method, target, body);
    return exchange_wire(r, &w, a);
}

static struct cc_str answer_body(const struct answer *a)
{
    return body_of((struct cc_str){ a->at, a->len });
}

/* How many descriptors the process has open; of those whose link is `kind` alone, if one is given.
 */
static int open_descriptors(pid_t pid, const char *kind)
{
    char path[64], link[64];
    int count = 0;
    struct dirent *entry;
    DIR *folder;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    folder = opendir(path);
    ck_assert_ptr_nonnull(folder);
    while ((entry = readdir(folder))) {
        ssize_t len = readlinkat(dirfd(folder), entry->d_name, link, sizeof(link));

        count += len > 0 &&
                 (!kind || cc_str_eq((struct cc_str){ link, (size_t)len }, cc_str_from(kind)));
    }
    closedir(folder);
    return count;
}

/* The first thread may answer before the last one is there. Each has an epoll instance. */
static void wait_for_threads(const struct running *r, int threads)
{
    wait_for(open_descriptors(r->pid, "anon_inode:[eventpoll]") == threads);
}

/* --- tests ------------------------------------------------------------------------------------ */

START_TEST(requests_are_answered_and_leave_nothing_open)
{
    struct running r;
    struct answer a;
    int before;

    launch(&r, (struct cc_http_config){ .threads = 3 });
    ck_assert_int_eq(request(&r, "GET", "/hello", "", &a), 200);
    cc_check_str(answer_body(&a), CC_STR("hello"));
    wait_for_threads(&r, 3);
    before = INT_MAX;
    for (int i = 0; i < 200; i++) {
        if (i == 100) /* what a sanitizer opens when it is first needed is open by now */
            before = open_descriptors(r.pid, NULL);
        ck_assert_int_eq(request(&r, "PUT", "/echo", "some body", &a), 200);
        cc_check_str(answer_body(&a), CC_STR("some body"));
        ck_assert_int_eq(request(&r, "GET", "/nowhere", "unread", &a), 404);
    }
    wait_for(open_descriptors(r.pid, NULL) <= before);
    stop(&r);
}
END_TEST

/* Bytes that were there to read; the pipe does not wait. */
static size_t hear(int pipe, size_t *heard)
{
    char bytes[8];
    ssize_t got = read(pipe, bytes, sizeof(bytes));

    if (got > 0)
        *heard += (size_t)got;
    return *heard;
}

/* One byte, for the first answer; what was not answered does not count. */
START_TEST(a_supervisor_is_told_of_the_first_answer_and_of_no_other)
{
    struct running r;
    struct answer a;
    struct wire cut = { .len = 0 };
    size_t heard = 0;
    int ends[2], fd;
    char byte;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    launch_like(&r, (struct cc_http_config){ .threads = 2 },
                &(struct cc_server){ .served_fd = ends[1] });
    close(ends[1]);
    add_begin(&cut, false);
    fd = send_new(&r, &cut);
    shutdown(fd, SHUT_WR);
    read_answer(fd, &a);
    close(fd);
    ck_assert_uint_eq(hear(ends[0], &heard), 0);
    ck_assert_int_eq(request(&r, "GET", "/nowhere", "", &a), 404);
    wait_for(hear(ends[0], &heard) == 1);
    ck_assert_int_eq(request(&r, "GET", "/hello", "", &a), 200);
    wait_for(read(ends[0], &byte, 1) == 0); /* closed */
    stop(&r);
    close(ends[0]);
}
END_TEST

START_TEST(a_connection_is_closed_without_waiting_for_the_web_server)
{
    struct running r;
    struct answer a;
    struct wire w = { .len = 0 };
    int64_t started;

    launch(&r, (struct cc_http_config){ .threads = 1 });
    add_request(&w, "GET", "/hello", "");
    started = now_ms();
    for (int i = 0; i < 3; i++) {
        int fd = send_new(&r, &w); /* stays open here: the only thread must not mind */

        read_answer(fd, &a);
        ck_assert_int_eq(answer_status(&a), 200);
    }
    ck_assert_int_lt(now_ms() - started, 2000);
    stop(&r);
}
END_TEST

START_TEST(a_request_that_breaks_off_anywhere_is_dropped_quietly)
{
    struct running r;
    struct answer a;
    struct wire w = { .len = 0 };

    launch(&r, (struct cc_http_config){ .threads = 2 });
    add_request(&w, "POST", "/hello", "body");
    for (size_t cut = 0; cut < w.len - 8 - 12 - 8; cut++) { /* until all parameters are there */
        int fd = connect_to(&r);

        send_all(fd, w.at, cut);
        shutdown(fd, SHUT_WR);
        read_answer(fd, &a);
        ck_assert_msg(a.len == 0, "answered after %zu bytes", cut);
        close(fd);
    }
    ck_assert_int_eq(atomic_load(&r.app->runs), 0);
    ck_assert_int_eq(exchange_wire(&r, &w, &a), 200);
    stop(&r);
}
END_TEST

START_TEST(what_is_no_fastcgi_is_dropped_quietly)
{
    static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char wrong_begin[] = { 1, BEGIN, 0, 1, '\xff', '\xff', 0, 0 };
    static const char params_first[] = { 1, PARAMS, 0, 1, 0, 4, 0, 0, '1', '2', '3', '4' };
    const struct cc_str noise[] = { { http, sizeof(http) - 1 },
                                    { wrong_begin, sizeof(wrong_begin) },
                                    { params_first, sizeof(params_first) } };
    struct running r;
    struct answer a;

    launch(&r, (struct cc_http_config){ .threads = 1 });
    for (size_t i = 0; i < CC_COUNT(noise); i++) {
        int fd = connect_to(&r);

        send_all(fd, noise[i].at, noise[i].len);
        shutdown(fd, SHUT_WR);
        read_answer(fd, &a);
        ck_assert_uint_eq(a.len, 0);
        close(fd);
    }
    ck_assert_int_eq(request(&r, "GET", "/hello", "", &a), 200);
    stop(&r);
}
END_TEST

START_TEST(a_request_without_a_method_is_malformed)
{
    struct running r;
    struct answer a;
    struct wire w = { .len = 0 };

    launch(&r, (struct cc_http_config){ .threads = 1 });
    add_begin(&w, false);
    add_record(&w, PARAMS, NULL, 0);
    add_record(&w, STDIN, NULL, 0);
    ck_assert_int_eq(exchange_wire(&r, &w, &a), 400);
    stop(&r);
}
END_TEST

/* libfcgi would give each of these to malloc and assert that it came back. */
START_TEST(a_parameter_longer_than_what_came_is_dropped_quietly)
{
    static const struct cc_str lies[] = {
        { "\xff\xff\xff\xff\xff\xff\xff\xff", 8 },
        { "\xff\xff\xff\xff\1", 5 },
        { "\1\xff\xff\xff\xff", 5 },
        { "\xff\xff\xff", 3 },
        { "\x80\0\0\x7f\x80\0\0\x7f", 8 },
        { "\4\4", 2 },
        { "\1\3Xa\0b", 6 }, /* a NUL */
    };
    struct running r;
    struct answer a;

    launch(&r, (struct cc_http_config){ .threads = 1 });
    for (size_t i = 0; i < CC_COUNT(lies); i++) {
        struct wire w = { .len = 0 };

        add_begin(&w, false);
        add_head(&w, "GET", "/hello", "");
        add_record(&w, PARAMS, lies[i].at, lies[i].len);
        add_record(&w, PARAMS, NULL, 0);
        add_record(&w, STDIN, NULL, 0);
        ck_assert_int_eq(exchange_wire(&r, &w, &a), 0);
        ck_assert_uint_eq(a.len, 0);
    }
    ck_assert_int_eq(request(&r, "GET", "/hello", "", &a), 200);
    stop(&r);
}
END_TEST

/* All threads have a connection that says nothing; who has something to say need not wait until
 * they are given up. */
START_TEST(connections_that_say_nothing_give_way)
{
    struct running r;
    struct answer a;
    struct wire w = { .len = 0 };
    int fds[24];
    int64_t started;

    launch(&r, (struct cc_http_config){ .threads = 4 });
    add_begin(&w, false);
    for (size_t i = 0; i < CC_COUNT(fds); i++)
        fds[i] = send_new(&r, &w);
    started = now_ms();
    ck_assert_int_eq(request(&r, "GET", "/hello", "", &a), 200);
    ck_assert_int_lt(now_ms() - started, 4000);
    for (size_t i = 0; i < CC_COUNT(fds); i++)
        close(fds[i]);
    stop(&r);
}
END_TEST

START_TEST(a_length_that_lies_is_malformed)
{
    static const char *const lengths[] = { "3", "5", "1000" }; /* of 4 bytes */
    struct running r;
    struct answer a;

    launch(&r, (struct cc_http_config){ .threads = 1 });
    for (size_t i = 0; i < CC_COUNT(lengths); i++) {
        struct wire w = { .len = 0 };

        add_echo(&w, false, lengths[i]);
        add_body(&w, "abcd");
        ck_assert_int_eq(exchange_wire(&r, &w, &a), 400);
    }
    stop(&r);
}
END_TEST

START_TEST(a_second_length_is_malformed)
{
    struct running r;
    struct answer a;
    struct wire w = { .len = 0 };

    launch(&r, (struct cc_http_config){ .threads = 1 });
    add_begin(&w, false);
    add_head(&w, "PUT", "/echo", "4");
    add_param(&w, "CONTENT_LENGTH", "0");
    add_record(&w, PARAMS, NULL, 0);
    add_body(&w, "abcd");
    ck_assert_int_eq(exchange_wire(&r, &w, &a), 400);
    stop(&r);
}
END_TEST

START_TEST(a_body_that_stalls_is_answered_with_408)
{
    struct running r;
    struct answer a;
    struct wire w = { .len = 0 };
    int fd;

    launch(&r, (struct cc_http_config){ .threads = 1, .body_timeout_s = 1 });
    add_echo(&w, false, "4");
    add_record(&w, STDIN, "ab", 2);
    fd = send_new(&r, &w);
    read_answer(fd, &a);
    ck_assert_int_eq(answer_status(&a), 408);
    close(fd);
    stop(&r);
}
END_TEST

START_TEST(connections_that_say_nothing_hold_no_thread_for_ever)
{
    struct running r;
    struct answer a;
    struct wire w = { .len = 0 };
    int idle, stalled;

    launch(&r, (struct cc_http_config){ .threads = 2 });
    idle = connect_to(&r);
    stalled = connect_to(&r);
    add_begin(&w, false);
    send_wire(stalled, &w);
    ck_assert_int_eq(request(&r, "GET", "/hello", "", &a), 200);
    read_answer(idle, &a);
    ck_assert_uint_eq(a.len, 0);
    read_answer(stalled, &a);
    ck_assert_uint_eq(a.len, 0);
    close(idle);
    close(stalled);
    stop(&r);
}
END_TEST

START_TEST(a_body_over_the_limit_is_read_to_its_end_and_refused)
{
    static char piece[32768];
    struct running r;
    struct answer a;
    struct wire w = { .len = 0 };
    int fd;

    launch(&r, (struct cc_http_config){ .threads = 1 });
    add_echo(&w, false, "3276800");
    fd = send_new(&r, &w);
    w.len = 0;
    add_record(&w, STDIN, piece, sizeof(piece));
    for (int i = 0; i < 100; i++)
        send_wire(fd, &w);
    w.len = 0;
    add_record(&w, STDIN, NULL, 0);
    send_wire(fd, &w);
    read_answer(fd, &a);
    ck_assert_int_eq(answer_status(&a), 413);
    close(fd);
    stop(&r);
}
END_TEST

START_TEST(a_kept_connection_carries_the_next_request)
{
    struct running r;
    struct answer a;
    struct wire w = { .len = 0 };
    int fd;

    launch(&r, (struct cc_http_config){ .threads = 1 });
    add_echo(&w, true, "4");
    add_body(&w, "abcd");
    fd = connect_to(&r);
    for (int i = 0; i < 5; i++) {
        send_wire(fd, &w);
        read_answer(fd, &a);
        ck_assert_int_eq(answer_status(&a), 200);
        cc_check_str(answer_body(&a), CC_STR("abcd"));
    }
    kill(r.pid, SIGTERM); /* while it waits for a sixth */
    ck_assert_int_eq(exit_status(r.pid, 3000), 0);
    close(fd);
    land(&r);
}
END_TEST

/* What was left of the body would be read as the next request: the client's bytes as records. */
START_TEST(a_kept_connection_whose_body_was_not_read_to_its_end_is_closed)
{
    static char piece[32768];
    struct running r;
    struct answer a;
    struct wire w = { .len = 0 };
    int64_t started;
    int fd;

    launch(&r, (struct cc_http_config){ .threads = 1 });
    add_echo(&w, true, "99999999");
    fd = send_new(&r, &w);
    w.len = 0;
    add_record(&w, STDIN, piece, sizeof(piece));
    for (int i = 0; i < 512; i++) /* 16 MiB: no more is read, and the end has not come */
        send_wire(fd, &w);
    started = now_ms();
    read_answer(fd, &a);
    ck_assert_int_eq(answer_status(&a), 413);
    ck_assert_int_eq(recv(fd, piece, 1, 0), 0);
    ck_assert_int_lt(now_ms() - started, 4000);
    close(fd);
    stop(&r);
}
END_TEST

START_TEST(no_parameter_becomes_an_environment_variable)
{
    struct running r;
    struct answer a;
    struct wire w = { .len = 0 };

    launch(&r, (struct cc_http_config){ .threads = 1 });
    add_begin(&w, false);
    add_head(&w, "GET", "/environment", "");
    add_param(&w, "HTTP_PROXY", "http://evil.example");
    add_param(&w, "HTTP_X_EVIL", "1");
    add_param(&w, "LD_PRELOAD", "/tmp/evil.so");
    add_param(&w, "CLOUDCHAT_SERVER_DATA", "/tmp");
    add_record(&w, PARAMS, NULL, 0);
    add_record(&w, STDIN, NULL, 0);
    ck_assert_int_eq(exchange_wire(&r, &w, &a), 200);
    cc_check_str(answer_body(&a), CC_STR(""));
    ck_assert_int_eq(request(&r, "GET", "/environment", "", &a), 200);
    cc_check_str(answer_body(&a), CC_STR(""));
    stop(&r);
}
END_TEST

START_TEST(sigterm_ends_an_idle_server_at_once)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGUSR1 };
    struct running r;
    struct answer a;

    for (size_t i = 0; i < CC_COUNT(signals); i++) {
        launch(&r, (struct cc_http_config){ .threads = 16 });
        ck_assert_int_eq(request(&r, "GET", "/hello", "", &a), 200);
        kill(r.pid, signals[i]);
        ck_assert_int_eq(exit_status(r.pid, 1000), 0);
        land(&r);
    }
}
END_TEST

START_TEST(sigterm_lets_every_request_in_hand_finish)
{
    struct running r;
    struct answer a;
    struct wire w = { .len = 0 };
    int fds[4];

    launch(&r, (struct cc_http_config){ .threads = 4 });
    add_request(&w, "GET", "/slow", "");
    for (size_t i = 0; i < CC_COUNT(fds); i++)
        fds[i] = send_new(&r, &w);
    wait_for(atomic_load(&r.app->waiting) == 4);
    kill(r.pid, SIGTERM);
    kill(r.pid, SIGTERM); /* an impatient supervisor */
    for (int i = 0; i < 50; i++)
        nap();
    ck_assert_int_eq(waitpid(r.pid, NULL, WNOHANG), 0);
    atomic_store(&r.app->released, true);
    for (size_t i = 0; i < CC_COUNT(fds); i++) {
        read_answer(fds[i], &a);
        ck_assert_int_eq(answer_status(&a), 200);
        cc_check_str(answer_body(&a), CC_STR("slow"));
        close(fds[i]);
    }
    ck_assert_int_eq(exit_status(r.pid, 3000), 0);
    land(&r);
}
END_TEST

START_TEST(a_reader_that_has_gone_harms_nobody)
{
    struct running r;
    struct answer a;
    struct wire w = { .len = 0 };

    launch(&r, (struct cc_http_config){ .threads = 1 });
    add_request(&w, "GET", "/big", "");
    for (int i = 0; i < 5; i++)
        close(send_new(&r, &w));
    ck_assert_int_eq(request(&r, "GET", "/big", "", &a), 200);
    ck_assert_uint_gt(a.total, 3000000);
    stop(&r);
}
END_TEST

START_TEST(a_reader_that_reads_nothing_holds_no_thread_for_ever)
{
    struct running r;
    struct answer a;
    struct wire w = { .len = 0 };
    int fd;

    launch(&r, (struct cc_http_config){ .threads = 1, .body_timeout_s = 1 });
    add_request(&w, "GET", "/big", "");
    fd = send_new(&r, &w);
    ck_assert_int_eq(request(&r, "GET", "/hello", "", &a), 200);
    close(fd);
    stop(&r);
}
END_TEST

START_TEST(running_out_of_descriptors_passes)
{
    struct rlimit few = { 64, 64 };
    struct running r;
    struct answer a;
    struct wire first = { .len = 0 }, second = { .len = 0 };
    int fds[2];

    launch(&r, (struct cc_http_config){ .threads = 2 });
    wait_for_threads(&r, 2);
    ck_assert_int_eq(prlimit(r.pid, RLIMIT_NOFILE, &few, NULL), 0);
    add_request(&first, "GET", "/exhaust", "");
    add_request(&second, "GET", "/hello", "");
    fds[0] = send_new(&r, &first);
    wait_for(atomic_load(&r.app->waiting) == 1);
    fds[1] = send_new(&r, &second);
    ck_assert_int_eq(poll(&(struct pollfd){ .fd = fds[1], .events = POLLIN }, 1, 300), 0);
    atomic_store(&r.app->released, true);
    for (size_t i = 0; i < CC_COUNT(fds); i++) {
        read_answer(fds[i], &a);
        ck_assert_int_eq(answer_status(&a), 200);
        close(fds[i]);
    }
    stop(&r);
}
END_TEST

START_TEST(the_tick_comes_after_answers_and_when_idle_and_never_twice_at_once)
{
    struct running r;
    struct answer a;
    int64_t started;
    int before;

    launch(&r, (struct cc_http_config){ .threads = 4 });
    wait_for(atomic_load(&r.app->ticks) >= 1);
    started = now_ms();
    for (int i = 0; i < 5; i++) {
        before = atomic_load(&r.app->ticks);
        ck_assert_int_eq(request(&r, "POST", "/hello", "", &a), 200);
        wait_for(atomic_load(&r.app->ticks) > before);
    }
    ck_assert_int_lt(now_ms() - started, 2500); /* not by the second alone */
    before = atomic_load(&r.app->ticks);
    wait_for(atomic_load(&r.app->ticks) >= before + 2);
    ck_assert(!atomic_load(&r.app->ticked_twice_at_once));
    stop(&r);
}
END_TEST

START_TEST(where_requests_leave_nothing_the_tick_comes_once_a_second)
{
    struct running r;
    struct answer a;
    int64_t started;
    int before, asked = 0;

    launch_like(&r, (struct cc_http_config){ .threads = 4 },
                &(struct cc_server){ .leaves_nothing = true });
    wait_for(atomic_load(&r.app->ticks) >= 1);
    before = atomic_load(&r.app->ticks);
    for (started = now_ms(); atomic_load(&r.app->ticks) < before + 2; asked++)
        ck_assert_int_eq(request(&r, "POST", "/hello", "", &a), 200);
    ck_assert_int_ge(now_ms() - started, 1000); /* from one tick to the next */
    ck_assert_int_gt(asked, 2);
    stop(&r);
}
END_TEST

START_TEST(a_tick_that_takes_long_delays_no_answer)
{
    struct running r;
    struct answer a;
    int64_t started;

    launch(&r, (struct cc_http_config){ .threads = 1 });
    atomic_store(&r.app->tick_waits, true);
    wait_for(atomic_load(&r.app->waiting) == 1);
    started = now_ms();
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(request(&r, "POST", "/hello", "", &a), 200);
    ck_assert_int_lt(now_ms() - started, 2000);
    atomic_store(&r.app->released, true);
    stop(&r);
}
END_TEST

static void *ask_often(void *arg)
{
    struct running *r = arg;
    struct answer a;
    intptr_t good = 0;

    for (int i = 0; i < 50; i++)
        good += request(r, i % 2 ? "POST" : "GET", "/hello", "x", &a) == 200;
    return (void *)good;
}

START_TEST(many_clients_at_once_are_all_answered)
{
    struct running r;
    pthread_t threads[16];
    void *good;

    launch(&r, (struct cc_http_config){ .threads = 8 });
    for (size_t i = 0; i < CC_COUNT(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_often, &r), 0);
    for (size_t i = 0; i < CC_COUNT(threads); i++) {
        pthread_join(threads[i], &good);
        ck_assert_int_eq((intptr_t)good, 50);
    }
    ck_assert_int_eq(atomic_load(&r.app->runs), 16 * 50);
    ck_assert(!atomic_load(&r.app->ticked_twice_at_once));
    stop(&r);
}
END_TEST

CC_CHECK_MAIN("http/fastcgi", requests_are_answered_and_leave_nothing_open,
              a_supervisor_is_told_of_the_first_answer_and_of_no_other,
              a_connection_is_closed_without_waiting_for_the_web_server,
              a_request_that_breaks_off_anywhere_is_dropped_quietly,
              what_is_no_fastcgi_is_dropped_quietly, a_request_without_a_method_is_malformed,
              a_parameter_longer_than_what_came_is_dropped_quietly,
              connections_that_say_nothing_give_way, a_length_that_lies_is_malformed,
              a_second_length_is_malformed, a_body_that_stalls_is_answered_with_408,
              connections_that_say_nothing_hold_no_thread_for_ever,
              a_body_over_the_limit_is_read_to_its_end_and_refused,
              a_kept_connection_carries_the_next_request,
              a_kept_connection_whose_body_was_not_read_to_its_end_is_closed,
              no_parameter_becomes_an_environment_variable, sigterm_ends_an_idle_server_at_once,
              sigterm_lets_every_request_in_hand_finish, a_reader_that_has_gone_harms_nobody,
              a_reader_that_reads_nothing_holds_no_thread_for_ever,
              running_out_of_descriptors_passes,
              the_tick_comes_after_answers_and_when_idle_and_never_twice_at_once,
              where_requests_leave_nothing_the_tick_comes_once_a_second,
              a_tick_that_takes_long_delays_no_answer, many_clients_at_once_are_all_answered)
