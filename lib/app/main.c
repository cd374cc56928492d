#include "app.h"

#include "../net/net.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#define EXIT_USAGE 2

static enum cc_code authenticate(struct cc_ctx *cx, struct cc_str token)
{
    struct cc_principal who;
    enum cc_code rc = cc_identity_authenticate(cx->app->identity, cx->arena, token, &who, &cx->err);

    if (rc == CC_OK) {
        cx->user = who.user;
        cx->session = who.session;
    }
    return rc;
}

/* What was asked of others ends at once: it is refused, or its outcome unknown. */
static void hurry(struct cc_app *app)
{
    if (app->aws.net != NULL)
        cc_net_stop(app->aws.net);
    if (app->sender != NULL)
        cc_sender_stop(app->sender);
}

static int serve(const char *program, const struct cc_route *routes, enum cc_app_part part,
                 struct cc_app *app, int served_fd)
{
    const struct cc_server server = {
        .name = program,
        .routes = routes,
        .app = app,
        .authenticate = app->identity == NULL ? NULL : authenticate,
        .tick = app->identity == NULL ? NULL : cc_app_tick,
        .hurry = app->aws.net == NULL && app->sender == NULL ? NULL : hurry,
        .leaves_nothing = part == CC_APP_CHAT,
        .config = &app->config.http,
        .clock = app->clock,
        .random = app->random,
        .log = &app->log,
        .served_fd = served_fd,
    };

    return cc_http_serve(&server);
}

static int usage(const char *program, FILE *out)
{
    fprintf(
        out,
        "usage: %s.fcgi [--help | --version | --routes | " CC_SUPERVISED "]\n\n"
        "A program of Cloud Chat %s. It is started by `cloudchat serve`, spawn-fcgi, systemd or\n"
        "a web server, with a listening FastCGI socket as descriptor 0; else it answers one\n"
        "CGI request. CLOUDCHAT_CONFIG is the path of its configuration. With " CC_SUPERVISED
        "\ndescriptor 3 is a pipe that takes one byte once a request was answered.\n",
        program, CC_VERSION);
    return out == stdout ? EXIT_SUCCESS : EXIT_USAGE;
}

/* METHOD PATH user|public: the API tests hold it against openapi.json. */
static int print_routes(const struct cc_route *routes)
{
    for (const struct cc_route *route = routes; route->path; route++)
        printf("%s %s %s\n", cc_method_name(route->method), route->path,
               route->access == CC_PUBLIC ? "public" : "user");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* RFC 3875 4.4: a CGI program is given the words of a query without '=' as its arguments, so that
 * they are a stranger's where there is a request. */
static bool arguments_are_ours(void)
{
    return getenv("GATEWAY_INTERFACE") == NULL && getenv("REQUEST_METHOD") == NULL;
}

/* glibc raises the size from which it gives memory back at once whenever something that large is
 * freed: after the first password (19 MiB) every thread would keep as much for ever. Set by hand it
 * stays. */
static void give_large_memory_back(void)
{
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
}

/* No child of ours shall keep the pipe open. 0: it is not there. */
static int take_served_fd(void)
{
    return fcntl(CC_SERVED_FD, F_SETFD, FD_CLOEXEC) == 0 ? CC_SERVED_FD : 0;
}

int cc_app_main(const char *program, const struct cc_route *routes, enum cc_app_part part, int argc,
                char **argv)
{
    struct cc_app app;
    struct cc_err err = { 0 };
    struct cc_log log = cc_app_log(program, CC_LOG_INFO);
    int status, served_fd = 0;

    if (argc > 1 && arguments_are_ours()) {
        if (strcmp(argv[1], "--version") == 0)
            return printf("%s %s\n", program, CC_VERSION) < 0;
        if (strcmp(argv[1], "--routes") == 0)
            return print_routes(routes);
        if (strcmp(argv[1], CC_SUPERVISED) != 0)
            return usage(program, strcmp(argv[1], "--help") == 0 ? stdout : stderr);
        served_fd = take_served_fd();
    }
    give_large_memory_back();
    umask(077); /* what is written here is nobody else's to read */
    signal(SIGPIPE, SIG_IGN);
    if (cc_app_open(program, part, NULL, &app, &err) != CC_OK) {
        cc_log_error(&log, "cannot start", CC_LOG_Z("detail", err.detail),
                     CC_LOG_Z("cause", err.cause));
        return err.code == CC_INVALID ? EX_CONFIG : EXIT_FAILURE;
    }
    status = serve(program, routes, part, &app, served_fd);
    cc_app_close(&app);
    return status;
}
