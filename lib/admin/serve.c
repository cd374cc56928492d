#include "lighttpd.h"
#include "listen.h"
#include "supervise.h"

#include "../base/file.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define START_TIMEOUT_MS 30000
#define PORT_PATIENCE_MS 1000
#define CHILDREN_MAX (CC_PROGRAMS_MAX * 64 + 1)

struct serve {
    struct cc_arena *arena;
    struct cc_site site;
    struct cc_log log;
    bool is_new;
    int lock;
    int web_socket; /* -1: no web server is started */
    int sockets[CC_PROGRAMS_MAX];
    struct cc_child *children;
    size_t child_count;
    int probe; /* a GET /config under way; -1: none */
};

/* --- the folder and its configuration --------------------------------------------------------- */

/* What the command line says wins over the file, in this process and in those it starts. */
static enum cc_code set_environment(const struct cc_options *options, const char *config_path,
                                    struct cc_err *err)
{
    char path[PATH_MAX];

    if (realpath(config_path, path) == NULL)
        return cc_fail(err, CC_INVALID, "The configuration cannot be read.", "%s: %s", config_path,
                       strerror(errno));
    if (setenv("CLOUDCHAT_CONFIG", path, 1) != 0 ||
        (options->port != NULL && setenv("CLOUDCHAT_SERVER_PORT", options->port, 1) != 0))
        return cc_fail(err, CC_UNAVAILABLE, NULL, "setenv: %s", strerror(errno));
    return CC_OK;
}

static enum cc_code settle(struct cc_admin *admin, struct serve *self, struct cc_err *err)
{
    enum cc_code rc = CC_OK;
    const char *path;

    if (admin->options.data != NULL && admin->options.config == NULL)
        rc = cc_site_make(admin->arena, admin->options.data, &self->is_new, err);
    if (rc == CC_OK)
        rc = cc_site_config_path(admin, &path, err);
    if (rc == CC_OK)
        rc = set_environment(&admin->options, path, err);
    if (rc == CC_OK)
        rc = cc_site_find(admin, &self->site, err);
    if (rc == CC_OK)
        rc = cc_site_check(&self->site, err);
    if (rc == CC_OK)
        rc = cc_dir_make(self->site.run.at, 0700, err);
    if (rc == CC_OK && !cc_str_eq(self->site.run, self->site.config.sockets))
        rc = cc_listen_folder(self->site.config.sockets.at, self->site.config.socket_group.at, err);
    if (rc == CC_OK)
        rc = cc_lock_take(cc_str_format(admin->arena, "%s/lock", self->site.run.at).at, &self->lock,
                          err);
    return rc;
}

/* Opens and closes everything once: what is wrong is said once and here, and what a first start
 * makes (database, keys) is there before several programs look for it. */
static enum cc_code rehearse(const struct serve *self, struct cc_err *err)
{
    struct cc_app app;
    enum cc_code rc = cc_app_open("serve", CC_APP_ALL, self->site.config_path, &app, err);

    if (rc == CC_OK)
        cc_app_close(&app);
    return rc;
}

/* --- sockets ---------------------------------------------------------------------------------- */

static const char *socket_path(const struct serve *self, const char *program)
{
    return cc_str_format(self->arena, "%.*s/%s.sock", CC_STR_ARG(self->site.config.sockets),
                         program)
        .at;
}

static enum cc_code listen_for_programs(struct serve *self, struct cc_err *err)
{
    const char *group = self->site.config.socket_group.at;
    enum cc_code rc = CC_OK;

    for (size_t i = 0; rc == CC_OK && cc_programs[i].name != NULL; i++)
        rc = cc_listen_unix(socket_path(self, cc_programs[i].name), group, &self->sockets[i], err);
    return rc;
}

/* A web server whose `serve` was killed ends by itself, moments later: its port is asked for until
 * then. */
static enum cc_code listen_for_web(struct serve *self, struct cc_err *err)
{
    const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
    const struct cc_config *config = &self->site.config;
    int64_t until_ms = cc_clock_mono_ms(&cc_system_clock) + PORT_PATIENCE_MS;
    enum cc_code rc;

    for (;;) {
        cc_err_clear(err);
        rc = cc_listen_tcp(config->bind.at, config->port, &self->web_socket, err);
        if (rc != CC_CONFLICT || cc_clock_mono_ms(&cc_system_clock) >= until_ms)
            return rc;
        nanosleep(&pause, NULL);
    }
}

/* --- children --------------------------------------------------------------------------------- */

static const char **worker_arguments(struct cc_arena *arena, const char *path)
{
    const char **argv = CC_NEW_ARRAY(arena, const char *, 3);

    argv[0] = path;
    argv[1] = CC_SUPERVISED;
    return argv;
}

static const char **web_arguments(struct cc_arena *arena, const char *path, const char *config)
{
    const char **argv = CC_NEW_ARRAY(arena, const char *, 5);

    argv[0] = path;
    argv[1] = "-D";
    argv[2] = "-f";
    argv[3] = config;
    return argv;
}

static enum cc_code add_workers(struct serve *self, struct cc_err *err)
{
    for (size_t i = 0; cc_programs[i].name != NULL; i++) {
        const char *path = cc_str_format(self->arena, "%.*s/%s.fcgi",
                                         CC_STR_ARG(self->site.programs), cc_programs[i].name)
                               .at;

        if (access(path, X_OK) != 0)
            return cc_fail(err, CC_INVALID,
                           "The programs are not installed beside this command (make install).",
                           "%s: %s", path, strerror(errno));
        for (int64_t n = 0; n < self->site.config.workers[i]; n++)
            self->children[self->child_count++] = (struct cc_child){
                .name = cc_programs[i].name,
                .argv = worker_arguments(self->arena, path),
                .socket = self->sockets[i],
                .stop_signal = SIGTERM,
                .served_fd = CC_SERVED_FD,
            };
    }
    return CC_OK;
}

static enum cc_code write_web_config(struct serve *self, const char **path, struct cc_err *err)
{
    struct cc_str text;
    const char *log = cc_str_format(self->arena, "%s/lighttpd.log", self->site.run.at).at;
    enum cc_code rc = cc_lighttpd_config(self->arena, &self->site, true, &text, err);

    /* the log of the last run is kept, and no more */
    if (rename(log, cc_str_format(self->arena, "%s.old", log).at) != 0 && errno != ENOENT)
        cc_log_warn(&self->log, "old log not kept", CC_LOG_Z("cause", strerror(errno)));
    *path = cc_str_format(self->arena, "%s/lighttpd.conf", self->site.run.at).at;
    return rc == CC_OK ? cc_file_write(*path, text, 0600, err) : rc;
}

static enum cc_code add_web_server(struct serve *self, struct cc_err *err)
{
    const char *config = NULL;
    const char *path = cc_site_find_program(self->arena, self->site.config.web_server);
    enum cc_code rc;

    if (path == NULL)
        return cc_fail(err, CC_INVALID,
                       "The web server is not installed (apt-get install lighttpd), or [serve] "
                       "web_server is wrong.",
                       "%.*s not found", CC_STR_ARG(self->site.config.web_server));
    rc = write_web_config(self, &config, err);
    if (rc != CC_OK)
        return rc;
    self->children[self->child_count++] = (struct cc_child){
        .name = "lighttpd",
        .argv = web_arguments(self->arena, path, config),
        .socket = self->web_socket,
        .stop_signal = SIGINT, /* its graceful one */
        .stops_first = true,
    };
    return CC_OK;
}

/* --- ready? ----------------------------------------------------------------------------------- */

static void send_probe(struct serve *self)
{
    static const char request[] = "GET /config HTTP/1.0\r\nHost: localhost\r\n\r\n";
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);

    if (getsockname(self->web_socket, (struct sockaddr *)&address, &size) != 0)
        return;
    self->probe = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (self->probe < 0)
        return;
    /* The socket is ours and listens: connecting to it does not wait. */
    if (connect(self->probe, (struct sockaddr *)&address, size) != 0 ||
        send(self->probe, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0) {
        close(self->probe);
        self->probe = -1;
    }
}

static bool probe_succeeded(struct serve *self)
{
    static const char ok[] = " 200 ";
    char answer[16] = "";
    ssize_t len = recv(self->probe, answer, sizeof(answer) - 1, MSG_DONTWAIT);

    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    close(self->probe);
    self->probe = -1;
    return len >= 13 && memcmp(answer + 8, ok, sizeof(ok) - 1) == 0;
}

static bool is_ready(void *arg)
{
    struct serve *self = arg;

    if (self->web_socket < 0)
        return true;
    if (self->probe < 0)
        send_probe(self);
    return self->probe >= 0 && probe_succeeded(self);
}

static void print_codes(const struct cc_config *config)
{
    if (config->identity_backend == CC_IDENTITY_COGNITO)
        return; /* the pool sends them */
    if (config->codes_sms == CC_SMS_OUTBOX || config->codes_email == CC_EMAIL_OUTBOX)
        printf("Codes are not really sent: they appear here and in %s\n", config->outbox.at);
    else if (config->codes_sms == CC_SMS_NONE && config->codes_email == CC_EMAIL_NONE)
        printf("Codes are not sent at all: [codes] sms and email are none. Nobody can sign up.\n");
}

static void when_ready(void *arg)
{
    const struct serve *self = arg;
    const struct cc_config *config = &self->site.config;

    if (self->web_socket >= 0)
        printf("\nCloud Chat %s is ready at %s\n", CC_VERSION, config->public_url.at);
    else
        printf("\nCloud Chat %s is ready: its programs listen at %s/*.sock\n", CC_VERSION,
               config->sockets.at);
    printf("Data: %s%s\n", config->data.at, self->is_new ? " (new)" : "");
    print_codes(config);
    if (geteuid() == 0)
        printf("It runs as root, and so do its programs: well enough for trying out, no more.\n");
    printf("Ctrl-C stops it.\n\n");
    fflush(stdout);
}

/* Whoever connects from now on is refused at once instead of waiting for nothing. */
static void when_stopping(void *arg)
{
    struct serve *self = arg;

    if (self->probe >= 0)
        close(self->probe);
    if (self->web_socket >= 0)
        close(self->web_socket);
    self->probe = self->web_socket = -1;
}

/* --- the command ------------------------------------------------------------------------------ */

static enum cc_code prepare(struct cc_admin *admin, struct serve *self, struct cc_err *err)
{
    bool has_web;
    enum cc_code rc = settle(admin, self, err);

    if (rc != CC_OK)
        return rc;
    has_web = !cc_str_eq(self->site.config.web_server, CC_STR("none"));
    self->log = cc_app_log("serve", self->site.config.log_level);
    self->children = CC_NEW_ARRAY(self->arena, struct cc_child, CHILDREN_MAX);
    if (has_web)
        rc = listen_for_web(self, err);
    if (rc == CC_OK)
        rc = rehearse(self, err);
    if (rc == CC_OK)
        rc = listen_for_programs(self, err);
    if (rc == CC_OK)
        rc = add_workers(self, err);
    if (rc == CC_OK && has_web)
        rc = add_web_server(self, err);
    return rc;
}

/* A web server holds two descriptors a connection. */
static void allow_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void tidy_up(const struct serve *self)
{
    for (size_t i = 0; cc_programs[i].name != NULL; i++)
        unlink(socket_path(self, cc_programs[i].name));
}

int cc_admin_serve(struct cc_admin *admin)
{
    struct serve self = { .arena = admin->arena, .web_socket = -1, .probe = -1 };
    struct cc_supervisor supervisor = {
        .start_timeout_ms = START_TIMEOUT_MS,
        .log = &self.log,
        .clock = &cc_system_clock,
        .is_ready = is_ready,
        .when_ready = when_ready,
        .when_stopping = when_stopping,
        .arg = &self,
    };
    bool good;

    if (prepare(admin, &self, &admin->err) != CC_OK)
        return cc_admin_failed(&admin->err);
    allow_descriptors();
    supervisor.children = self.children;
    supervisor.count = self.child_count;
    supervisor.stop_timeout_ms = self.site.config.stop_timeout_s * 1000;
    good = cc_supervise(&supervisor);
    tidy_up(&self);
    if (good)
        printf("Cloud Chat has stopped.\n");
    else
        fprintf(stderr,
                "cloudchat: it could not be started; the lines above and %s/lighttpd.log "
                "say why.\n",
                self.site.run.at);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
