/* http/http.h - from the bytes of a request to a row of a table of routes, and back. One request is
 * one cc_ctx on one thread with one arena; the reply is complete before its first byte leaves.
 *
 * It refuses what is ambiguous or over a limit before anything else looks at it. It knows neither
 * users nor chats: how to check who is signed in is a function that it is given. */
#ifndef CC_HTTP_HTTP_H
#define CC_HTTP_HTTP_H

#include "../base/arena.h"
#include "../base/clock.h"
#include "../base/field.h"
#include "../base/jsonw.h"
#include "../base/limits.h"
#include "../base/log.h"
#include "../base/random.h"

enum cc_method { CC_GET, CC_HEAD, CC_POST, CC_PUT, CC_PATCH, CC_DELETE, CC_OPTIONS, CC_OTHER };

const char *cc_method_name(enum cc_method method); /* CC_OTHER: "?" */

/* The request headers that somebody reads; all others are dropped at the door. */
enum cc_header {
    CC_H_ACCEPT,
    CC_H_AUTHORIZATION,
    CC_H_CONTENT_ENCODING,
    CC_H_CONTENT_TYPE,
    CC_H_COOKIE,
    CC_H_HOST,
    CC_H_IF_MATCH,
    CC_H_IF_NONE_MATCH,
    CC_H_ORIGIN,
    CC_H_ACCESS_CONTROL_REQUEST_METHOD,
    CC_H_ACCESS_CONTROL_REQUEST_HEADERS,
    CC_H_SEC_FETCH_SITE,
    CC_H_USER_AGENT,
    CC_H_X_FORWARDED_FOR,
    CC_H_X_FORWARDED_PROTO,
    CC_H_X_REQUEST_ID,
    CC_H_COUNT
};

struct cc_request {
    enum cc_method method;
    struct cc_str method_text;
    struct cc_str target; /* REQUEST_URI as it came */
    struct cc_str path;   /* target up to '?', not decoded */
    struct cc_str query;  /* behind '?'; absent without one */
    struct cc_str header[CC_H_COUNT];
    struct cc_str remote_addr; /* of the client; X-Forwarded-For only behind a trusted proxy */
    bool https;
    int64_t content_length; /* -1: none given */
};

struct cc_reply;  /* status, headers, body: reply.c */
struct cc_source; /* the bytes of the body still to come: the transport's */
struct cc_app;    /* what the program opened: app/app.h */
struct cc_server;

struct cc_ctx {
    struct cc_arena *arena;
    const struct cc_server *server;
    struct cc_app *app;
    const struct cc_request *req;
    struct cc_source *source;
    struct cc_reply *reply;
    const struct cc_route *route;
    struct cc_str param[CC_PATH_PARAMS_MAX]; /* captures of the path, in order, decoded once */
    struct cc_str user, session;             /* who is signed in; absent on public routes */
    struct cc_str token;                     /* by which he is known; likewise */
    struct cc_str request_id;
    struct cc_err err;
};

typedef enum cc_code cc_handler_fn(struct cc_ctx *cx);

enum cc_access { CC_USER = 0, CC_PUBLIC };                    /* a row that forgets it is private */
enum cc_body { CC_BODY_JSON = 0, CC_BODY_NONE, CC_BODY_RAW }; /* GET and HEAD never have one */

struct cc_route {
    enum cc_method method; /* a GET row also answers HEAD */
    const char *path;      /* "/chat/rooms/{id}/cursor": each {name} is one segment */
    cc_handler_fn *run;
    enum cc_access access;
    enum cc_body body;
    size_t body_max_bytes; /* 0: as configured */
};

/* The first row whose method and path fit is taken, so a literal row stands before the row with a
 * {name} that would take it too. A path is 400 if a segment is not plain text after decoding once
 * ("%2F", "%00", "..", control bytes, not UTF-8), and 404 if a segment is empty. OPTIONS is
 * answered for every path of the table. */

struct cc_http_config {
    bool trusted_proxy;          /* believe X-Forwarded-For and -Proto */
    struct cc_strs cors_origins; /* exact origins, or "*"; empty = CORS off */
    int64_t body_timeout_s;      /* a body that stalls longer is refused with 408; 0: 30 */
    int64_t body_bytes_max;      /* of a route that has no limit of its own; 0: CC_BODY_BYTES_MAX */
    int64_t threads;             /* 0: 1 */
};

/* A program as the transports see it. */
struct cc_server {
    const char *name;
    const struct cc_route *routes; /* ended by a row whose path is NULL */
    struct cc_app *app;
    /* Sets cx->user and cx->session or fails with CC_UNAUTHORIZED (or CC_UNAVAILABLE, ...). */
    enum cc_code (*authenticate)(struct cc_ctx *cx, struct cc_str token);
    /* Runs after each answer has left, and about once a second when idle: what is due. May be
     * NULL. Never runs twice at once in a process. */
    void (*tick)(struct cc_app *app);
    bool leaves_nothing; /* no request leaves what is due at once: a tick a second is enough */
    /* Ends what requests in hand and the tick wait for elsewhere, so that they end, too. Called
     * from a thread of its own, when it is time to stop and they have not in 2 s. May be NULL. */
    void (*hurry)(struct cc_app *app);
    const struct cc_http_config *config;
    const struct cc_clock *clock;
    const struct cc_random *random;
    const struct cc_log *log;
    /* Where a supervisor hears, by one byte, that a first request was answered; closed then. 0:
     * nobody asks. */
    int served_fd;
};

/* Serves until SIGTERM (finish what is in hand, return 0): FastCGI where descriptor 0 is a
 * listening socket, else one plain CGI request (RFC 3875). Returns the exit status. */
int cc_http_serve(const struct cc_server *server);

/* --- in a handler ----------------------------------------------------------------------------- */

/* The body by a table (field.h). 415 unless Content-Type is application/json, 413, 411, 400, 408,
 * 422. A body can be read once: by this or by cc_body_read. */
enum cc_code cc_decode(struct cc_ctx *cx, const struct cc_field *fields, void *out) CC_NODISCARD;
/* The same where a request may say nothing: without a body it is as if every member were absent. */
enum cc_code cc_decode_optional(struct cc_ctx *cx, const struct cc_field *fields,
                                void *out) CC_NODISCARD;
enum cc_code cc_decode_query(struct cc_ctx *cx, const struct cc_field *fields,
                             void *out) CC_NODISCARD;
/* The whole body of a CC_BODY_RAW route, in the arena. 413, 411, 408, 400. */
enum cc_code cc_body_read(struct cc_ctx *cx, struct cc_str *out) CC_NODISCARD;

/* A JSON reply: write it through the returned writer, then end it.
 *     struct cc_jw *w = cc_reply_json(cx, 201);
 *     cc_view_message(w, &sent);
 *     return cc_reply_end(cx);                                                                  */
struct cc_jw *cc_reply_json(struct cc_ctx *cx, int status);
enum cc_code cc_reply_end(struct cc_ctx *cx)
    CC_NODISCARD; /* CC_INTERNAL if it outgrew its ceiling */
enum cc_code cc_reply_empty(struct cc_ctx *cx, int status) CC_NODISCARD; /* 204, 202: no body */
enum cc_code cc_reply_bytes(struct cc_ctx *cx, int status, const char *content_type,
                            struct cc_str body) CC_NODISCARD;
/* A further header, copied. Control bytes in a value are a programmer's error and asserted. A reply
 * is `Cache-Control: no-store` unless the handler says otherwise here. What a handler that fails
 * has added is dropped with its reply. */
void cc_reply_header(struct cc_ctx *cx, const char *name, struct cc_str value);
/* Sets ETag ("..." around `tag`) and says whether If-None-Match has it; then the handler answers
 * cc_reply_not_modified. RFC 9110 13.1.2, weak comparison. */
bool cc_reply_etag(struct cc_ctx *cx, struct cc_str tag);
enum cc_code cc_reply_not_modified(struct cc_ctx *cx) CC_NODISCARD;
/* One cookie of the request, by name; absent if it is not there or there twice. */
struct cc_str cc_cookie_find(const struct cc_ctx *cx, struct cc_str name);
/* RFC 8288: Link: <path>; rel="next" */
void cc_reply_link_next(struct cc_ctx *cx, struct cc_str target);

/* --- for the transports, and for tests -------------------------------------------------------- */

struct cc_source {
    /* Up to `size` bytes; 0 at the end; -1 broken; -2 stalled beyond the time-out. */
    long (*read)(struct cc_source *, char *out, size_t size);
    int64_t taken_bytes; /* kept by body.c, zero at first: what was read so far, */
    int64_t started_ms;  /* since when, */
    bool ended;          /* and whether there is more. After a failure there is not. */
};

struct cc_pair {
    struct cc_str name, value;
};

/* CGI variables (RFC 3875 4.1) -> a request; caps and contradictions are refused here. `target` and
 * headers are borrowed from `vars`. CC_BAD_REQUEST, CC_LENGTH_REQUIRED, CC_URI_TOO_LONG,
 * CC_HEADERS_TOO_LARGE; `out` is then filled as far as it can be trusted. */
enum cc_code cc_request_from_cgi(const struct cc_pair *vars, size_t count,
                                 const struct cc_http_config *config, struct cc_request *out,
                                 struct cc_err *err) CC_NODISCARD;

/* Answers one request: finds the route, checks the sign-in, runs the handler, turns a failure into
 * a problem document, drains the body, logs one line. Writes the whole CGI response (headers and
 * body) into `out`. Never fails: a failure is an answer. `cx` holds arena, server, app and source
 * (NULL: no body) and is otherwise zero; `refused` is what cc_request_from_cgi said, or NULL. */
void cc_http_answer(struct cc_ctx *cx, const struct cc_request *req, const struct cc_err *refused,
                    struct cc_buf *out);

/* What HTTP a code is (status.c). */
struct cc_problem {
    int status;
    const char *code;  /* stable, for programs: "not_found" */
    const char *title; /* the status's own phrase */
};
const struct cc_problem *cc_problem_of(enum cc_code code);

#endif
