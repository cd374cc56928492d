#define _GNU_SOURCE /* environ */

#include "internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

struct body {
    struct cc_source source;
    int64_t left_bytes; /* RFC 3875 4.2: no more than CONTENT_LENGTH may be read */
    int timeout_ms;
};

static long body_read(struct cc_source *source, char *out, size_t size)
{
    struct body *body = (struct body *)source;
    struct pollfd ready = { .fd = STDIN_FILENO, .events = POLLIN };
    ssize_t got;

    if ((int64_t)size > body->left_bytes)
        size = (size_t)body->left_bytes;
    if (size == 0)
        return 0;
    if (poll(&ready, 1, body->timeout_ms) == 0)
        return -2;
    got = read(STDIN_FILENO, out, size);
    if (got > 0)
        body->left_bytes -= got;
    return got > 0 ? (long)got : -1;
}

static void write_all(struct cc_str out)
{
    while (out.len) {
        ssize_t sent = write(STDOUT_FILENO, out.at, out.len);

        if (sent < 0 && errno != EINTR)
            return; /* nobody is there to read it */
        if (sent > 0)
            out = cc_str_skip(out, (size_t)sent);
    }
}

/* The web server waits for the end of standard output and not for ours. */
static void end_output(void)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (null >= 0) {
        dup2(null, STDOUT_FILENO);
        close(null);
    } else {
        close(STDOUT_FILENO);
    }
}

static void answer(const struct cc_server *server, struct cc_arena *arena)
{
    struct body body = { .source = { .read = body_read } };
    struct cc_ctx cx = {
        .arena = arena, .server = server, .app = server->app, .source = &body.source
    };
    struct cc_pair *vars = CC_NEW_ARRAY(arena, struct cc_pair, CC_PARAMS_MAX + 1);
    size_t count = cc_pairs_from_environ(environ, vars, CC_PARAMS_MAX + 1);
    struct cc_request req;
    struct cc_err refused = { 0 };
    struct cc_buf out;
    enum cc_code rc;

    rc = cc_request_from_cgi(vars, count, server->config, &req, &refused);
    body.left_bytes = req.content_length > 0 ? req.content_length : 0;
    body.timeout_ms = (int)(cc_body_timeout_s(server->config) * 1000);
    cc_buf_init(&out, arena, CC_REPLY_BYTES_MAX + CC_REPLY_HEADER_BYTES_MAX * 2);
    cc_http_answer(&cx, &req, rc == CC_OK ? NULL : &refused, &out);
    assert(!out.overflow);
    /* lighttpd ends a program with SIGTERM as soon as it has the whole answer (tried: 1.4.69); what
     * is due comes after it. */
    signal(SIGTERM, SIG_IGN);
    write_all(cc_buf_str(&out));
}

int cc_cgi_serve(const struct cc_server *server)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);

    answer(server, arena);
    end_output();
    cc_arena_free(arena);
    if (server->tick)
        server->tick(server->app);
    return 0;
}
