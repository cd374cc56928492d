#include "tests/check.h"
#include "tests/tmp.h"

#include "base/arena.h"
#include "net/mail.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

/* --- a mail server that says what a test wants ------------------------------------------------ */

#define HEARD_MAX 16384
#define STALL "stall" /* says nothing any more */
#define CLOSE "close" /* closes instead of an answer */
#define DRIP "drip"   /* says lines that no other follows last, byte by byte, for ever */

/* Each answer without its line end; NULL: what is usual. */
struct script {
    const char *greeting, *hello, *auth, *from, *to, *data, *end, *quit;
};

struct mail_server {
    struct script script;
    int fd;
    int64_t port;
    pthread_t thread;
    atomic_bool ends;
    char heard[HEARD_MAX]; /* all that the client sent */
    atomic_size_t heard_len;
};

/* Never silent for so long that a bound on silence would end it. */
static bool drip(int fd)
{
    static const char lines[] = "250-and\r\n";
    const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };

    for (size_t i = 0; send(fd, lines + i, 1, MSG_NOSIGNAL) == 1; i = (i + 1) % strlen(lines))
        nanosleep(&pause, NULL);
    return false;
}

static bool say(int fd, const char *scripted, const char *usual)
{
    char line[256];
    const char *text = scripted ? scripted : usual;
    int len = snprintf(line, sizeof(line), "%s\r\n", text);

    if (strcmp(text, CLOSE) == 0)
        return false;
    if (strcmp(text, DRIP) == 0)
        return drip(fd);
    return strcmp(text, STALL) == 0 || send(fd, line, (size_t)len, MSG_NOSIGNAL) == len;
}

/* The next line, or with `end` all up to it; NULL: the client has gone. */
static const char *hear(struct mail_server *server, int fd, const char *end)
{
    char *begin = server->heard + server->heard_len;

    for (;;) {
        if (server->heard_len + 1 >= HEARD_MAX ||
            recv(fd, server->heard + server->heard_len, 1, 0) <= 0)
            return NULL;
        server->heard[atomic_fetch_add(&server->heard_len, 1) + 1] = '\0';
        if (strstr(begin, end))
            return begin;
    }
}

static bool answer(struct mail_server *server, int fd, const char *line)
{
    const struct script *script = &server->script;

    if (strncmp(line, "EHLO", 4) == 0)
        return say(fd, script->hello, "250-there\r\n250 AUTH LOGIN PLAIN CRAM-MD5");
    if (strncmp(line, "AUTH", 4) == 0)
        return say(fd, script->auth, "235 welcome");
    if (strncmp(line, "MAIL", 4) == 0)
        return say(fd, script->from, "250 who");
    if (strncmp(line, "RCPT", 4) == 0)
        return say(fd, script->to, "250 to whom");
    if (strncmp(line, "NOOP", 4) == 0)
        return say(fd, NULL, "250 nothing");
    if (strncmp(line, "QUIT", 4) == 0)
        return say(fd, script->quit, "221 bye");
    if (strncmp(line, "DATA", 4) != 0)
        return say(fd, NULL, "502 what");
    if (!say(fd, script->data, "354 go on"))
        return false;
    if (script->data)
        return true;
    return hear(server, fd, "\r\n.\r\n") && say(fd, script->end, "250 taken");
}

static void serve(struct mail_server *server, int fd)
{
    const char *line;

    if (!say(fd, server->script.greeting, "220 there"))
        return;
    while ((line = hear(server, fd, "\r\n")) != NULL) {
        if (!answer(server, fd, line))
            return;
    }
}

static void *run(void *arg)
{
    struct mail_server *server = arg;

    while (!atomic_load(&server->ends)) {
        int fd = accept(server->fd, NULL, NULL);

        if (fd < 0)
            return NULL;
        serve(server, fd);
        close(fd);
    }
    return NULL;
}

static void start_server(struct mail_server *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);

    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(server->fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(server->fd, 4), 0);
    ck_assert_int_eq(getsockname(server->fd, (struct sockaddr *)&address, &len), 0);
    server->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&server->thread, NULL, run, server), 0);
}

static void stop_server(struct mail_server *server)
{
    atomic_store(&server->ends, true);
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->fd);
}

/* --- the client ------------------------------------------------------------------------------- */

struct client {
    struct mail_server server;
    struct cc_net *net;
    struct cc_net_mail mail;
    struct cc_err err;
    struct cc_net_mail_reply reply;
};

static void open_client(struct client *c, struct script script)
{
    const struct cc_net_config config = { .ca_file = NULL };

    *c = (struct client){ .server = { .script = script } };
    ck_assert_int_eq(cc_net_open(&config, &c->net, &c->err), CC_OK);
    start_server(&c->server);
    c->mail = (struct cc_net_mail){
        .host = CC_STR("127.0.0.1"),
        .port = c->server.port,
        .tls = CC_NET_MAIL_CLEAR,
        .hello = CC_STR("example.org"),
        .from = CC_STR("codes@example.org"),
        .to = CC_STR("ada@example.net"),
        .text = CC_STR("Subject: x\r\n\r\n.hidden\r\nend\r\n"),
        .timeout_ms = 5000,
    };
}

static void close_client(struct client *c)
{
    cc_net_close(c->net);
    stop_server(&c->server);
}

static enum cc_code send_mail(struct client *c)
{
    cc_err_clear(&c->err);
    return cc_net_mail(c->net, &c->mail, &c->reply, &c->err);
}

START_TEST(a_mail_is_handed_over_as_rfc_5321_says)
{
    struct client c;

    open_client(&c, (struct script){ 0 });
    ck_assert_msg(send_mail(&c) == CC_OK, "%s", c.err.cause);
    ck_assert_int_eq(c.reply.code, 250);
    ck_assert_str_eq(c.server.heard, "EHLO example.org\r\n"
                                     "MAIL FROM:<codes@example.org>\r\n"
                                     "RCPT TO:<ada@example.net>\r\n"
                                     "DATA\r\n"
                                     "Subject: x\r\n\r\n..hidden\r\nend\r\n.\r\n"
                                     "QUIT\r\n");
    close_client(&c);
}
END_TEST

START_TEST(a_password_goes_by_plain_or_login_and_nothing_else)
{
    struct client c;

    open_client(&c, (struct script){ 0 });
    c.mail.user = CC_STR("ada");
    c.mail.password = CC_STR("s:e\\c ret");
    ck_assert_msg(send_mail(&c) == CC_OK, "%s", c.err.cause);
    ck_assert_msg(strstr(c.server.heard, "AUTH PLAIN") || strstr(c.server.heard, "AUTH LOGIN"),
                  "%s", c.server.heard);
    ck_assert_ptr_null(strstr(c.server.heard, "MD5"));
    close_client(&c);
}
END_TEST

/* What is answered to QUIT is no verdict: some servers are gone by then, or cross. */
START_TEST(an_answer_says_whether_to_try_again)
{
    static const struct {
        struct script script;
        enum cc_code code;
        int reply;
    } rows[] = {
        { { .greeting = "421 later" }, CC_UNAVAILABLE, 421 },
        { { .greeting = "554 never" }, CC_FORBIDDEN, 554 },
        { { .greeting = CLOSE }, CC_UNAVAILABLE, 0 },
        { { .hello = CLOSE }, CC_UNAVAILABLE, 220 },
        { { .from = "451 later", .quit = "500 what" }, CC_UNAVAILABLE, 451 },
        { { .from = "550 never", .quit = "421 what" }, CC_FORBIDDEN, 550 },
        { { .to = "450 greylisted", .quit = "500 what" }, CC_UNAVAILABLE, 450 },
        { { .to = "550 no such user", .quit = CLOSE }, CC_INVALID, 550 },
        { { .to = CLOSE }, CC_UNAVAILABLE, 250 },
        { { .data = "451 later" }, CC_UNAVAILABLE, 451 },
        { { .data = "554 never" }, CC_INVALID, 554 },
        { { .end = "451 greylisted", .quit = "500 what" }, CC_UNAVAILABLE, 451 },
        { { .end = "554 spam", .quit = "221 bye" }, CC_INVALID, 554 },
        { { .end = CLOSE }, CC_OUTCOME_UNKNOWN, 354 },
        { { .quit = CLOSE }, CC_OK, 250 },
        { { .quit = "500 what" }, CC_OK, 250 },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct client c;
        enum cc_code rc;

        open_client(&c, rows[i].script);
        rc = send_mail(&c);
        ck_assert_msg(rc == rows[i].code, "%zu: %d (%s)", i, (int)rc, c.err.cause);
        ck_assert_msg(c.reply.code == rows[i].reply, "%zu: %d", i, c.reply.code);
        close_client(&c);
    }
}
END_TEST

/* A code whose mail is refused for how we are set up is not lost: it is sent when that is put
 * right. Replies as RFC 5321 4.2 and 4.3.2, RFC 4954 6, RFC 3207 4, RFC 7504 and RFC 3463 have
 * them. */
START_TEST(what_would_meet_any_mail_of_ours_is_no_verdict_on_this_one)
{
    static const struct {
        struct script script;
        enum cc_code code;
        enum cc_net_mail_stage stage;
    } rows[] = {
        { { .greeting = "521 no mail here" }, CC_FORBIDDEN, CC_NET_MAIL_GREETING },
        { { .auth = "535 5.7.8 wrong" }, CC_FORBIDDEN, CC_NET_MAIL_AUTH },
        { { .auth = "535-5.7.8 wrong\r\n535 5.7.8 really" }, CC_FORBIDDEN, CC_NET_MAIL_AUTH },
        { { .auth = "534 5.7.9 too weak" }, CC_FORBIDDEN, CC_NET_MAIL_AUTH },
        { { .auth = "538 5.7.11 encrypt" }, CC_FORBIDDEN, CC_NET_MAIL_AUTH },
        { { .auth = "504 5.5.4 what" }, CC_FORBIDDEN, CC_NET_MAIL_AUTH },
        { { .auth = "454 4.7.0 later" }, CC_UNAVAILABLE, CC_NET_MAIL_AUTH },
        { { .auth = "432 4.7.12 change it" }, CC_UNAVAILABLE, CC_NET_MAIL_AUTH },
        { { .hello = "250-there\r\n250 AUTH CRAM-MD5" }, CC_FORBIDDEN, CC_NET_MAIL_AUTH },
        { { .from = "530 5.7.0 who are you" }, CC_FORBIDDEN, CC_NET_MAIL_AUTH },
        { { .from = "553 5.7.1 not yours" }, CC_FORBIDDEN, CC_NET_MAIL_FROM },
        { { .from = "501 5.1.7 what" }, CC_FORBIDDEN, CC_NET_MAIL_FROM },
        { { .to = "530 5.7.0 who are you" }, CC_FORBIDDEN, CC_NET_MAIL_AUTH },
        { { .to = "535 who are you" }, CC_FORBIDDEN, CC_NET_MAIL_AUTH },
        { { .to = "503 AUTH first" }, CC_FORBIDDEN, CC_NET_MAIL_TO },
        { { .to = "554 5.7.1 relay access denied" }, CC_FORBIDDEN, CC_NET_MAIL_TO },
        { { .to = "550-5.7.1 relay\r\n550 denied" }, CC_FORBIDDEN, CC_NET_MAIL_TO },
        { { .to = "553 5.1.8 sender has no domain" }, CC_FORBIDDEN, CC_NET_MAIL_TO },
        { { .to = "550 5.1.1 no such user" }, CC_INVALID, CC_NET_MAIL_TO },
        { { .to = "550-5.1.1 no such\r\n550 5.1.1 user" }, CC_INVALID, CC_NET_MAIL_TO },
        { { .to = "550 4.7.1 of another class" }, CC_INVALID, CC_NET_MAIL_TO },
        { { .to = "550 5.7 short" }, CC_INVALID, CC_NET_MAIL_TO },
        { { .to = "550" }, CC_INVALID, CC_NET_MAIL_TO },
        { { .to = "501 5.1.3 what address" }, CC_INVALID, CC_NET_MAIL_TO },
        { { .to = "551 5.1.6 moved" }, CC_INVALID, CC_NET_MAIL_TO },
        { { .to = "552 5.2.2 full" }, CC_INVALID, CC_NET_MAIL_TO },
        { { .to = "553 5.1.3 what" }, CC_INVALID, CC_NET_MAIL_TO },
        { { .to = "556 5.1.10 takes no mail" }, CC_INVALID, CC_NET_MAIL_TO },
        { { .to = "421 4.7.0 too fast" }, CC_UNAVAILABLE, CC_NET_MAIL_TO },
        { { .data = "530 who are you" }, CC_FORBIDDEN, CC_NET_MAIL_AUTH },
        { { .end = "554 5.7.1 spam" }, CC_INVALID, CC_NET_MAIL_TEXT },
        { { .end = "530 5.7.0 who are you" }, CC_FORBIDDEN, CC_NET_MAIL_AUTH },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct client c;
        enum cc_code rc;

        open_client(&c, rows[i].script);
        c.mail.user = CC_STR("ada");
        c.mail.password = CC_STR("hush");
        rc = send_mail(&c);
        ck_assert_msg(rc == rows[i].code, "%zu: %d (%s)", i, (int)rc, c.err.cause);
        ck_assert_msg(c.reply.stage == rows[i].stage, "%zu: %d", i, (int)c.reply.stage);
        ck_assert_ptr_null(strstr(c.err.cause, "who are you"));
        close_client(&c);
    }
}
END_TEST

START_TEST(who_is_not_let_in_is_told_so)
{
    struct client c;

    open_client(&c, (struct script){ .auth = "535 who are you, ada?" });
    c.mail.user = CC_STR("ada");
    c.mail.password = CC_STR("hush");
    c.mail.to = CC_STR_ABSENT;
    ck_assert_int_eq(send_mail(&c), CC_FORBIDDEN);
    ck_assert_int_eq(c.reply.code, 535);
    ck_assert_ptr_null(strstr(c.err.cause, "who are you"));
    ck_assert_ptr_null(strstr(c.err.cause, "hush"));
    close_client(&c);
}
END_TEST

/* For who looks whether it could be: nothing is sent. */
START_TEST(without_an_addressee_the_server_is_only_greeted)
{
    struct client c;

    open_client(&c, (struct script){ 0 });
    c.mail.to = CC_STR_ABSENT;
    ck_assert_msg(send_mail(&c) == CC_OK, "%s", c.err.cause);
    ck_assert_str_eq(c.server.heard, "EHLO example.org\r\nNOOP\r\nQUIT\r\n");
    close_client(&c);
}
END_TEST

START_TEST(a_server_without_tls_gets_neither_mail_nor_password)
{
    struct client c;

    open_client(&c, (struct script){ 0 });
    c.mail.tls = CC_NET_MAIL_STARTTLS;
    c.mail.user = CC_STR("ada");
    c.mail.password = CC_STR("secret");
    ck_assert_int_eq(send_mail(&c), CC_FORBIDDEN);
    ck_assert_int_eq(c.reply.stage, CC_NET_MAIL_SECURITY);
    ck_assert_ptr_null(strstr(c.server.heard, "AUTH"));
    ck_assert_ptr_null(strstr(c.server.heard, "MAIL"));
    close_client(&c);
}
END_TEST

START_TEST(what_would_end_its_line_is_not_sent)
{
    static const char *const wrong[] = { "a@e.org>\r\nRCPT TO:<b@e.org",
                                         "a@e.org\n",
                                         "a b@e.org",
                                         "a@e.org>",
                                         "<a@e.org",
                                         "a@e.org,b@e.org@",
                                         "",
                                         "a" };
    struct client c;

    open_client(&c, (struct script){ 0 });
    for (size_t i = 0; i < CC_COUNT(wrong); i++) {
        c.mail.to = cc_str_from(wrong[i]);
        ck_assert_msg(send_mail(&c) == CC_INTERNAL, "%s", wrong[i]);
    }
    c.mail.to = CC_STR("ada@example.net");
    c.mail.hello = CC_STR("x\r\nMAIL");
    ck_assert_int_eq(send_mail(&c), CC_INTERNAL);
    ck_assert_uint_eq(c.server.heard_len, 0);
    close_client(&c);
}
END_TEST

/* The answer to the end of the mail, and to QUIT, libcurl waits for by itself. */
START_TEST(a_server_that_says_nothing_is_given_up_in_time)
{
    static const struct {
        struct script script;
        enum cc_code code;
    } rows[] = {
        { { .greeting = STALL }, CC_UNAVAILABLE },
        { { .hello = STALL }, CC_UNAVAILABLE },
        { { .to = STALL }, CC_UNAVAILABLE },
        { { .end = STALL }, CC_OUTCOME_UNKNOWN },
        { { .quit = STALL }, CC_OK },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct client c;
        int64_t began_ms = cc_clock_mono_ms(&cc_system_clock);

        open_client(&c, rows[i].script);
        c.mail.timeout_ms = 600;
        ck_assert_msg(send_mail(&c) == rows[i].code, "%zu: %s", i, c.err.cause);
        ck_assert_int_lt(cc_clock_mono_ms(&cc_system_clock) - began_ms, 4000);
        close_client(&c);
    }
}
END_TEST

/* A bound on each answer, or on silence, would let it go on: the time is for all of the mail. While
 * libcurl waits for the answer to the mail's end, or to QUIT, it does not look at that by itself.
 */
START_TEST(a_server_that_never_ends_its_answer_is_given_up_in_time)
{
    static const struct {
        struct script script;
        enum cc_code code;
    } rows[] = {
        { { .hello = DRIP }, CC_UNAVAILABLE },
        { { .to = DRIP }, CC_UNAVAILABLE },
        { { .end = DRIP }, CC_OUTCOME_UNKNOWN },
        { { .quit = DRIP }, CC_OK },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct client c;
        int64_t began_ms = cc_clock_mono_ms(&cc_system_clock);

        open_client(&c, rows[i].script);
        c.mail.timeout_ms = 1000;
        ck_assert_msg(send_mail(&c) == rows[i].code, "%zu: %s", i, c.err.cause);
        ck_assert_int_lt(cc_clock_mono_ms(&cc_system_clock) - began_ms, 1900);
        close_client(&c);
    }
}
END_TEST

static void *stop_soon(void *arg)
{
    struct client *c = arg;

    cc_wait_until(c->server.heard_len > 0);
    cc_net_stop(c->net);
    return NULL;
}

START_TEST(stopping_ends_a_mail_on_its_way)
{
    static const struct script scripts[] = { { .to = STALL }, { .end = STALL } };

    for (size_t i = 0; i < CC_COUNT(scripts); i++) {
        struct client c;
        pthread_t thread;
        int64_t began_ms = cc_clock_mono_ms(&cc_system_clock);

        open_client(&c, scripts[i]);
        c.mail.timeout_ms = 30000;
        ck_assert_int_eq(pthread_create(&thread, NULL, stop_soon, &c), 0);
        ck_assert_int_ne(send_mail(&c), CC_OK);
        pthread_join(thread, NULL);
        ck_assert_int_lt(cc_clock_mono_ms(&cc_system_clock) - began_ms, 5000);
        ck_assert_int_eq(send_mail(&c), CC_UNAVAILABLE);
        close_client(&c);
    }
}
END_TEST

CC_CHECK_MAIN("net/mail", a_mail_is_handed_over_as_rfc_5321_says,
              a_password_goes_by_plain_or_login_and_nothing_else,
              an_answer_says_whether_to_try_again,
              what_would_meet_any_mail_of_ours_is_no_verdict_on_this_one,
              who_is_not_let_in_is_told_so, without_an_addressee_the_server_is_only_greeted,
              a_server_without_tls_gets_neither_mail_nor_password,
              what_would_end_its_line_is_not_sent, a_server_that_says_nothing_is_given_up_in_time,
              a_server_that_never_ends_its_answer_is_given_up_in_time,
              stopping_ends_a_mail_on_its_way)
