#include "admin/supervise.h"
#include "tests/check.h"
#include "tests/tmp.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* The supervisor runs in a process of its own; its children are shell scripts that write down what
 * happens to them. */
struct world {
    struct cc_tmp tmp;
    struct cc_arena *arena;
    struct cc_child children[4];
    size_t count;
    int64_t stop_timeout_ms;
    bool (*is_ready)(void *);
    const struct cc_clock *clock;
    pid_t supervisor;
};

static bool at_once(void *arg)
{
    (void)arg;
    return true;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void do_nothing(void *arg)
{
    (void)arg;
}

static void open_world(struct world *w)
{
    *w = (struct world){
        .arena = cc_arena_new(16 << 20),
        .stop_timeout_ms = 10000,
        .is_ready = at_once,
        .clock = &cc_system_clock,
    };
    cc_tmp_make(&w->tmp);
}

static void close_world(struct world *w)
{
    cc_tmp_remove(&w->tmp);
    cc_arena_free(w->arena);
}

/* In the script $d is the test's folder, $n the child's name. */
static struct cc_child *add_child(struct world *w, const char *name, const char *script)
{
    const char **argv = CC_NEW_ARRAY(w->arena, const char *, 4);

    argv[0] = "/bin/sh";
    argv[1] = "-c";
    argv[2] = cc_str_format(w->arena, "d=%s n=%s\n%s", w->tmp.path, name, script).at;
    w->children[w->count] = (struct cc_child){
        .name = name,
        .argv = argv,
        .socket = open("/dev/null", O_RDONLY | O_CLOEXEC),
        .stop_signal = SIGTERM,
    };
    return &w->children[w->count++];
}

/* Notes its process id and stays until SIGTERM, which it notes, too. */
#define STAYS                                                                                      \
    "trap 'echo $n >>$d/stopped; exit 0' TERM INT\n"                                               \
    "echo $$ >$d/$n.new; mv $d/$n.new $d/$n\n"                                                     \
    "while :; do sleep 60 & wait $!; done\n"

static bool supervise(struct world *w, const char *log)
{
    const struct cc_log to = {
        .fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
        .program = "test",
        .clock = &cc_system_clock,
    };
    struct cc_supervisor supervisor = {
        .children = w->children,
        .count = w->count,
        .start_timeout_ms = CC_PATIENCE_MS,
        .stop_timeout_ms = w->stop_timeout_ms,
        .log = &to,
        .clock = w->clock,
        .is_ready = w->is_ready,
        .when_ready = do_nothing,
        .when_stopping = do_nothing,
    };

    return cc_supervise(&supervisor);
}

static const char *in_folder(struct world *w, const char *name)
{
    return cc_str_format(w->arena, "%s/%s", w->tmp.path, name).at;
}

static void start(struct world *w)
{
    const char *log = in_folder(w, "log");

    w->supervisor = fork();
    if (w->supervisor == 0) {
        /* Check's handler ends the whole test; a child has it until it has become a program. */
        signal(SIGTERM, SIG_DFL);
        _exit(supervise(w, log) ? 0 : 1);
    }
    ck_assert_int_gt(w->supervisor, 0);
}

static const char *text_of(struct world *w, const char *name)
{
    struct cc_err err = { 0 };
    struct cc_str text;

    return cc_file_read(w->arena, in_folder(w, name), 1 << 16, &text, &err) == CC_OK ? text.at : "";
}

/* The process that a child has noted; 0: none yet. */
static pid_t process_of(struct world *w, const char *name)
{
    return (pid_t)strtol(text_of(w, name), NULL, 10);
}

/* Each line is one JSON object, and has no name twice: whoever reads it would see only one. */
static void check_log(struct world *w)
{
    struct cc_str rest = cc_str_from(text_of(w, "log"));

    while (rest.len > 0) {
        struct cc_str line = cc_str_cut(&rest, '\n');
        struct cc_err err = { 0 };

        ck_assert_msg(cc_json_check(w->arena, line, &cc_json_default_limits, &err) == CC_OK,
                      "%s in %.*s", err.cause, CC_STR_ARG(line));
    }
}

static bool is_alive(pid_t pid)
{
    return kill(pid, 0) == 0;
}

static int await_end(struct world *w)
{
    int status = -1;

    cc_wait_until(waitpid(w->supervisor, &status, WNOHANG) == w->supervisor);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int stop(struct world *w)
{
    kill(w->supervisor, SIGTERM);
    return await_end(w);
}

START_TEST(a_killed_child_is_replaced_and_no_other_notices)
{
    struct world w;
    pid_t chat, auth;

    open_world(&w);
    add_child(&w, "chat", STAYS);
    add_child(&w, "auth", STAYS);
    start(&w);
    cc_wait_until((chat = process_of(&w, "chat")) != 0);
    cc_wait_until((auth = process_of(&w, "auth")) != 0);
    kill(chat, SIGKILL);
    cc_wait_until(process_of(&w, "chat") != chat);
    ck_assert_int_eq(process_of(&w, "auth"), auth);
    ck_assert(is_alive(auth));
    ck_assert_ptr_nonnull(strstr(text_of(&w, "log"), "\"child\":\"chat\""));
    ck_assert_int_eq(stop(&w), 0);
    close_world(&w);
}
END_TEST

START_TEST(a_child_serves_the_socket_that_it_was_given)
{
    struct world w;
    char text[16] = "";
    int ends[2];

    open_world(&w);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    add_child(&w, "chat", "echo hello >&0\n" STAYS)->socket = ends[1];
    start(&w);
    ck_assert_int_eq(recv(ends[0], text, sizeof(text) - 1, 0), 6);
    ck_assert_str_eq(text, "hello\n");
    ck_assert_int_eq(stop(&w), 0);
    close_world(&w);
}
END_TEST

/* What a worker has in hand came through the web server: that has to stop taking more first. */
START_TEST(the_web_server_stops_before_the_workers)
{
    struct cc_child *web;
    struct world w;

    open_world(&w);
    add_child(&w, "chat", STAYS);
    web = add_child(&w, "web",
                    "trap 'sleep 0.3; echo $n >>$d/stopped; exit 0' INT\n"
                    "echo $$ >$d/web\nwhile :; do sleep 60 & wait $!; done\n");
    web->stops_first = true;
    web->stop_signal = SIGINT;
    start(&w);
    cc_wait_until(process_of(&w, "chat") != 0 && process_of(&w, "web") != 0);
    ck_assert_int_eq(stop(&w), 0);
    ck_assert_str_eq(text_of(&w, "stopped"), "web\nchat\n");
    close_world(&w);
}
END_TEST

START_TEST(who_does_not_stop_in_time_is_killed)
{
    struct world w;
    pid_t deaf;

    open_world(&w);
    w.stop_timeout_ms = 100;
    add_child(&w, "deaf", "trap '' TERM\necho $$ >$d/deaf\nwhile :; do sleep 0.05; done\n");
    start(&w);
    cc_wait_until((deaf = process_of(&w, "deaf")) != 0);
    ck_assert_int_eq(stop(&w), 0);
    ck_assert(!is_alive(deaf));
    ck_assert_ptr_nonnull(strstr(text_of(&w, "log"), "did not stop in time"));
    close_world(&w);
}
END_TEST

/* Ctrl-C under make: the terminal tells everybody, and make passes its own on. */
START_TEST(a_wish_that_arrives_twice_still_waits_for_what_is_in_hand)
{
    struct world w;

    open_world(&w);
    add_child(&w, "slow",
              "trap 'echo 1 >$d/asked; sleep 0.3; echo finished >$d/finished; exit 0' TERM\n"
              "echo $$ >$d/slow\nwhile :; do sleep 60 & wait $!; done\n");
    start(&w);
    cc_wait_until(process_of(&w, "slow") != 0);
    kill(w.supervisor, SIGINT);
    cc_wait_until(process_of(&w, "asked") != 0);
    kill(w.supervisor, SIGTERM);
    ck_assert_int_eq(await_end(&w), 0);
    ck_assert_str_eq(text_of(&w, "finished"), "finished\n");
    close_world(&w);
}
END_TEST

/* Ten seconds of this clock are a tenth of a second. */
static int64_t hurried_ms(const struct cc_clock *clock)
{
    (void)clock;
    return cc_clock_mono_ms(&cc_system_clock) * 100;
}

START_TEST(who_asks_again_after_a_while_does_not_wait)
{
    const struct cc_clock hurried = { hurried_ms, hurried_ms };
    struct world w;
    int64_t again_ms;

    open_world(&w);
    w.clock = &hurried;
    w.stop_timeout_ms = INT32_MAX;
    add_child(&w, "deaf",
              "trap 'echo 1 >$d/asked' TERM\n"
              "echo $$ >$d/deaf\nwhile :; do sleep 60 & wait $!; done\n");
    start(&w);
    cc_wait_until(process_of(&w, "deaf") != 0);
    kill(w.supervisor, SIGTERM);
    cc_wait_until(process_of(&w, "asked") != 0);
    again_ms = cc_clock_mono_ms(&cc_system_clock) + 100;
    cc_wait_until(cc_clock_mono_ms(&cc_system_clock) >= again_ms);
    ck_assert_int_eq(stop(&w), 0);
    close_world(&w);
}
END_TEST

START_TEST(children_do_not_outlive_a_killed_supervisor)
{
    struct world w;
    pid_t chat;

    open_world(&w);
    add_child(&w, "chat", STAYS);
    start(&w);
    cc_wait_until((chat = process_of(&w, "chat")) != 0);
    kill(w.supervisor, SIGKILL);
    waitpid(w.supervisor, NULL, 0);
    cc_wait_until(!is_alive(chat));
    close_world(&w);
}
END_TEST

/* The workers of a web server would go on serving its port. */
START_TEST(what_a_dead_child_has_forked_goes_with_it)
{
    struct world w;
    pid_t web, helper;

    open_world(&w);
    add_child(&w, "web",
              "if [ ! -s $d/helper ]; then\n"
              "sh -c 'echo $$ >$1/helper; while :; do sleep 60 & wait $!; done' sh $d &\n"
              "fi\n"
              "while [ ! -s $d/helper ]; do sleep 0.01; done\n" STAYS);
    start(&w);
    cc_wait_until((web = process_of(&w, "web")) != 0);
    helper = process_of(&w, "helper");
    ck_assert(is_alive(helper));
    kill(web, SIGKILL);
    cc_wait_until(!is_alive(helper));
    cc_wait_until(process_of(&w, "web") != web);
    ck_assert_int_eq(stop(&w), 0);
    close_world(&w);
}
END_TEST

START_TEST(what_cannot_be_executed_ends_the_start)
{
    static const char *const nothing[] = { "/nowhere/to/be/found", NULL };
    struct world w;
    pid_t chat;

    open_world(&w);
    w.is_ready = never;
    add_child(&w, "chat", STAYS);
    add_child(&w, "broken", "")->argv = nothing;
    start(&w);
    ck_assert_int_eq(await_end(&w), 1);
    chat = process_of(&w, "chat");
    ck_assert(chat == 0 || !is_alive(chat));
    ck_assert_ptr_nonnull(strstr(text_of(&w, "log"), "could not be executed"));
    check_log(&w);
    close_world(&w);
}
END_TEST

/* A program that dies at once, for ever, must not take the machine with it. */
START_TEST(what_dies_young_is_started_ever_more_slowly)
{
    const char *log;
    struct world w;

    open_world(&w);
    add_child(&w, "fleeting", "echo . >>$d/starts; exit 3\n");
    start(&w);
    cc_wait_until(strlen(text_of(&w, "starts")) >= strlen(".\n.\n.\n"));
    ck_assert_int_eq(stop(&w), 0);
    log = text_of(&w, "log");
    ck_assert_ptr_nonnull(strstr(log, "\"status\":3,\"restart_in_ms\":100"));
    ck_assert_ptr_nonnull(strstr(log, "\"status\":3,\"restart_in_ms\":200"));
    close_world(&w);
}
END_TEST

/* Killed from outside while it worked well: those who wait for it must not pay for that. */
START_TEST(what_has_served_is_started_again_at_once)
{
    const char *log;
    struct world w;

    open_world(&w);
    add_child(&w, "useful", "printf . >&3; echo . >>$d/starts; exit 3\n")->served_fd = 3;
    start(&w);
    cc_wait_until(strlen(text_of(&w, "starts")) >= strlen(".\n.\n.\n.\n.\n"));
    ck_assert_int_eq(stop(&w), 0);
    log = text_of(&w, "log");
    ck_assert_ptr_nonnull(strstr(log, "\"status\":3,\"restart_in_ms\":0"));
    ck_assert_ptr_null(strstr(log, "\"restart_in_ms\":100"));
    close_world(&w);
}
END_TEST

/* Killed before its first answer while others answer: the program is not a broken one. */
START_TEST(what_dies_young_beside_one_that_serves_is_started_again_at_once)
{
    const char *log;
    struct world w;

    open_world(&w);
    add_child(&w, "chat", "printf . >&3; sleep 0.02; exit 3\n")->served_fd = 3;
    add_child(&w, "chat", "echo . >>$d/starts; sleep 0.2; exit 4\n")->served_fd = 3;
    start(&w);
    cc_wait_until(strlen(text_of(&w, "starts")) >= strlen(".\n.\n.\n.\n"));
    ck_assert_int_eq(stop(&w), 0);
    log = text_of(&w, "log");
    ck_assert_ptr_nonnull(strstr(log, "\"status\":4,\"restart_in_ms\":0"));
    ck_assert_ptr_null(strstr(log, "\"status\":4,\"restart_in_ms\":100"));
    close_world(&w);
}
END_TEST

/* To be given the pipe is not to have used it. */
START_TEST(what_could_have_told_and_did_not_has_not_served)
{
    struct world w;

    open_world(&w);
    add_child(&w, "fleeting", "echo . >>$d/starts; exit 3\n")->served_fd = 3;
    start(&w);
    cc_wait_until(strlen(text_of(&w, "starts")) >= strlen(".\n.\n"));
    ck_assert_int_eq(stop(&w), 0);
    ck_assert_ptr_nonnull(strstr(text_of(&w, "log"), "\"status\":3,\"restart_in_ms\":100"));
    close_world(&w);
}
END_TEST

CC_CHECK_MAIN("admin/supervise", a_killed_child_is_replaced_and_no_other_notices,
              a_child_serves_the_socket_that_it_was_given, the_web_server_stops_before_the_workers,
              who_does_not_stop_in_time_is_killed,
              a_wish_that_arrives_twice_still_waits_for_what_is_in_hand,
              who_asks_again_after_a_while_does_not_wait,
              children_do_not_outlive_a_killed_supervisor,
              what_a_dead_child_has_forked_goes_with_it, what_cannot_be_executed_ends_the_start,
              what_dies_young_is_started_ever_more_slowly, what_has_served_is_started_again_at_once,
              what_dies_young_beside_one_that_serves_is_started_again_at_once,
              what_could_have_told_and_did_not_has_not_served)
