/* One request by the environment and the standard streams (RFC 3875). */
#include "transport.h"

#include <poll.h>

struct script {
    struct cc_app *app;
    pid_t pid;
    int in, out;
};

/* `vars` ends with NULL: "NAME=value". */
static void launch_with(struct script *s, struct cc_app *app, const char *const *vars)
{
    int in[2], out[2];

    s->app = app;
    ck_assert_int_eq(pipe(in), 0);
    ck_assert_int_eq(pipe(out), 0);
    s->pid = fork();
    ck_assert_int_ge(s->pid, 0);
    if (s->pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(in[0]), close(in[1]), close(out[0]), close(out[1]);
        clearenv();
        for (; *vars; vars++)
            putenv((char *)(uintptr_t)*vars);
        serve_and_exit(s->app, (struct cc_http_config){ .body_timeout_s = 1 });
    }
    close(in[0]);
    close(out[1]);
    s->in = in[1];
    s->out = out[0];
}

static void launch(struct script *s, const char *const *vars)
{
    launch_with(s, shared_app(), vars);
}

/* Everything up to the end of standard output. */
static struct cc_str read_output(const struct script *s)
{
    static char at[65536];
    size_t len = 0;
    ssize_t got;

    while (len < sizeof(at) && (got = read(s->out, at + len, sizeof(at) - len)) > 0)
        len += (size_t)got;
    return (struct cc_str){ at, len };
}

static void finish_script(struct script *s)
{
    ck_assert_int_eq(exit_status(s->pid, 5000), 0);
    close(s->in);
    close(s->out);
}

START_TEST(a_request_is_answered_on_standard_output)
{
    struct script s;
    struct cc_str out;

    launch(&s, (const char *const[]){ "REQUEST_METHOD=GET", "REQUEST_URI=/hello", NULL });
    out = read_output(&s);
    ck_assert_int_eq(status_of(out), 200);
    cc_check_str(body_of(out), CC_STR("hello"));
    finish_script(&s);
    ck_assert_int_eq(atomic_load(&s.app->ticks), 1);
}
END_TEST

START_TEST(a_body_is_read_to_its_length_and_no_further)
{
    struct script s;
    struct cc_str out;

    launch(&s, (const char *const[]){ "REQUEST_METHOD=PUT", "REQUEST_URI=/echo", "CONTENT_LENGTH=4",
                                      NULL });
    ck_assert_int_eq(write(s.in, "abcdefgh", 8), 8); /* and standard input stays open */
    out = read_output(&s);
    ck_assert_int_eq(status_of(out), 200);
    cc_check_str(body_of(out), CC_STR("abcd"));
    finish_script(&s);
}
END_TEST

START_TEST(a_body_that_breaks_off_is_malformed)
{
    struct script s;

    launch(&s, (const char *const[]){ "REQUEST_METHOD=PUT", "REQUEST_URI=/echo", "CONTENT_LENGTH=4",
                                      NULL });
    ck_assert_int_eq(write(s.in, "ab", 2), 2);
    close(s.in);
    ck_assert_int_eq(status_of(read_output(&s)), 400);
    finish_script(&s);
}
END_TEST

START_TEST(a_body_that_stalls_is_answered_with_408)
{
    struct script s;

    launch(&s, (const char *const[]){ "REQUEST_METHOD=PUT", "REQUEST_URI=/echo", "CONTENT_LENGTH=4",
                                      NULL });
    ck_assert_int_eq(write(s.in, "ab", 2), 2);
    ck_assert_int_eq(status_of(read_output(&s)), 408);
    finish_script(&s);
}
END_TEST

START_TEST(a_body_without_a_length_is_not_waited_for)
{
    struct script s;

    launch(&s, (const char *const[]){ "REQUEST_METHOD=POST", "REQUEST_URI=/hello", NULL });
    ck_assert_int_eq(status_of(read_output(&s)), 200);
    finish_script(&s);
}
END_TEST

START_TEST(the_output_ends_before_the_tick_begins)
{
    struct cc_app *app = shared_app();
    struct script s;

    atomic_store(&app->tick_waits, true);
    launch_with(&s, app,
                (const char *const[]){ "REQUEST_METHOD=POST", "REQUEST_URI=/hello", NULL });
    ck_assert_int_eq(status_of(read_output(&s)), 200); /* up to the end of file */
    wait_for(atomic_load(&s.app->waiting) == 1);
    ck_assert_int_eq(waitpid(s.pid, NULL, WNOHANG), 0);
    atomic_store(&s.app->released, true);
    finish_script(&s);
}
END_TEST

/* lighttpd sends SIGTERM once it has the whole answer: codes of sign-ups were never sent. */
START_TEST(what_is_due_is_done_although_the_web_server_has_had_enough)
{
    struct cc_app *app = shared_app();
    struct script s;

    atomic_store(&app->tick_waits, true);
    launch_with(&s, app,
                (const char *const[]){ "REQUEST_METHOD=POST", "REQUEST_URI=/hello", NULL });
    ck_assert_int_eq(status_of(read_output(&s)), 200);
    kill(s.pid, SIGTERM);
    wait_for(atomic_load(&s.app->waiting) == 1);
    atomic_store(&s.app->released, true);
    finish_script(&s);
    ck_assert_int_eq(atomic_load(&s.app->ticks), 1);
}
END_TEST

/* CVE-2016-5385: CGI makes HTTP_PROXY of a client's "Proxy:". */
START_TEST(a_proxy_header_is_nobodys_setting)
{
    struct script s;
    struct cc_str out;

    launch(&s, (const char *const[]){ "REQUEST_METHOD=GET", "REQUEST_URI=/environment",
                                      "HTTP_PROXY=http://evil.example", NULL });
    out = read_output(&s);
    ck_assert_int_eq(status_of(out), 200);
    ck_assert(has(body_of(out), "REQUEST_METHOD"));
    ck_assert(!has(body_of(out), "HTTP_PROXY"));
    finish_script(&s);
}
END_TEST

START_TEST(a_request_without_a_method_is_malformed)
{
    struct script s;

    launch(&s, (const char *const[]){ "GATEWAY_INTERFACE=CGI/1.1", NULL });
    ck_assert_int_eq(status_of(read_output(&s)), 400);
    finish_script(&s);
}
END_TEST

START_TEST(without_a_web_server_it_says_so_and_ends)
{
    struct script s;

    launch(&s, (const char *const[]){ "HOME=/", NULL });
    ck_assert_uint_eq(read_output(&s).len, 0);
    ck_assert_int_eq(exit_status(s.pid, 5000), 64);
    ck_assert_int_eq(atomic_load(&s.app->ticks), 0);
}
END_TEST

START_TEST(sigterm_still_ends_it)
{
    struct script s;
    int status;

    launch(&s, (const char *const[]){ "REQUEST_METHOD=GET", "REQUEST_URI=/slow", NULL });
    wait_for(atomic_load(&s.app->waiting) == 1);
    kill(s.pid, SIGTERM);
    ck_assert_int_eq(waitpid(s.pid, &status, 0), s.pid);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGTERM);
}
END_TEST

CC_CHECK_MAIN("http/cgi", a_request_is_answered_on_standard_output,
              a_body_is_read_to_its_length_and_no_further, a_body_that_breaks_off_is_malformed,
              a_body_that_stalls_is_answered_with_408, a_body_without_a_length_is_not_waited_for,
              the_output_ends_before_the_tick_begins,
              what_is_due_is_done_although_the_web_server_has_had_enough,
              a_proxy_header_is_nobodys_setting, a_request_without_a_method_is_malformed,
              without_a_web_server_it_says_so_and_ends, sigterm_still_ends_it)
