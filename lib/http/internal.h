/* http/internal.h - what the files of this folder share and nobody else sees. */
#ifndef CC_HTTP_INTERNAL_H
#define CC_HTTP_INTERNAL_H

#include "http.h"

#include <pthread.h>

#define CC_REPLY_HEADER_BYTES_MAX ((size_t)16 * 1024)
#define CC_SEGMENTS_MAX 16

struct cc_reply {
    int status;
    const char *content_type; /* NULL: a reply without a body */
    struct cc_str bytes;      /* the body: borrowed, or what stands in json */
    struct cc_buf json;
    struct cc_jw writer;
    struct cc_buf headers; /* complete lines */
    unsigned allowed;      /* methods of this path, a bit each; 0: no Allow header */
    bool has_cache_control;
    bool ended;
};

/* --- request.c, router.c ---------------------------------------------------------------------- */

struct cc_path {
    struct cc_str segment[CC_SEGMENTS_MAX];
    size_t count;
};

/* Splits, then decodes each segment once. CC_BAD_REQUEST; CC_NOT_FOUND where a segment is empty or
 * there are too many. */
enum cc_code cc_path_split(struct cc_arena *arena, struct cc_str path, struct cc_path *out,
                           struct cc_err *err) CC_NODISCARD;

/* The row for cx->req, into cx->route and cx->param; the methods of its path into reply->allowed.
 * CC_BAD_REQUEST, CC_NOT_FOUND, CC_METHOD_NOT_ALLOWED (for OPTIONS too, which the caller
 * answers). */
enum cc_code cc_route_find(struct cc_ctx *cx) CC_NODISCARD;

/* "GET, HEAD, OPTIONS" */
void cc_methods_write(struct cc_buf *out, unsigned methods);

/* --- status.c --------------------------------------------------------------------------------- */

const char *cc_status_phrase(int status); /* "Not Found" */

/* --- reply.c, problem.c ----------------------------------------------------------------------- */

void cc_reply_reset(struct cc_ctx *cx);
/* Turns cx->err into a problem document (RFC 9457) that takes the place of the reply so far.
 * `with_token`: the caller came with a token, which was then the reason for a 401. */
void cc_reply_problem(struct cc_ctx *cx, enum cc_code code, bool with_token);
/* The whole CGI response. */
void cc_reply_write(const struct cc_ctx *cx, struct cc_buf *out);

/* --- negotiate.c ------------------------------------------------------------------------------ */

/* Whether an Accept header (absent: everything) lets through `type` or application/json. */
bool cc_accepts(struct cc_str accept, struct cc_str type);

/* --- body.c ----------------------------------------------------------------------------------- */

/* What can be said of the body before it is read. CC_TOO_LARGE, CC_UNSUPPORTED_TYPE. */
enum cc_code cc_body_check(struct cc_ctx *cx) CC_NODISCARD;
/* Reads what nobody has read, within a bound. */
void cc_body_drain(struct cc_ctx *cx);

/* --- cors.c ----------------------------------------------------------------------------------- */

void cc_cors_reply(struct cc_ctx *cx);     /* the headers of every reply */
void cc_cors_preflight(struct cc_ctx *cx); /* and those for OPTIONS */

/* --- ticker.c --------------------------------------------------------------------------------- */

struct cc_ticker;

/* Starts the thread that calls server->tick. NULL if there is nothing to call. CC_UNAVAILABLE. */
enum cc_code cc_ticker_start(struct cc_arena *arena, const struct cc_server *server,
                             struct cc_ticker **out, struct cc_err *err) CC_NODISCARD;
void cc_ticker_wake(struct cc_ticker *ticker); /* something may be due; returns at once */
void cc_ticker_stop(struct cc_ticker *ticker); /* waits for a tick that is running */

/* --- hurry.c: a stop that takes too long ------------------------------------------------------ */

/* Stands beside a stop: if that has not ended in time, it calls the server's `hurry`, once. */
struct cc_hurry {
    const struct cc_server *server;
    pthread_t thread;
    pthread_mutex_t lock; /* guards `over` */
    pthread_cond_t changed;
    bool runs, over;
};
void cc_hurry_start(struct cc_hurry *hurry, const struct cc_server *server);
void cc_hurry_end(struct cc_hurry *hurry);

/* --- records of FastCGI ----------------------------------------------------------------------- */

/* FastCGI 1.0, sections 3.3 and 8. */
#define CC_RECORD_HEAD_BYTES 8
enum cc_record_type {
    CC_RECORD_BEGIN_REQUEST = 1,
    CC_RECORD_END_REQUEST = 3,
    CC_RECORD_PARAMS = 4,
    CC_RECORD_STDIN = 5,
    CC_RECORD_STDOUT = 6
};

/* --- guard.c ---------------------------------------------------------------------------------- */

/* libfcgi 2.4.2 believes what it is told: a parameter near INT_MAX long ends the process,
 * parameters are kept however many come, a NUL ends a value, GET_VALUES overruns a buffer on the
 * stack, and records of others are skipped for as long as they come. So it does not read the
 * connection: it reads a pair of sockets, into which goes what has been looked at, unchanged. */
struct cc_guard {
    /* The caller's. */
    struct cc_arena *arena;       /* for the guard alone; reset by cc_guard_open */
    int feed;                     /* what is sent there is what libfcgi reads */
    bool (*gives_way)(void *arg); /* whether another is to be served before a head that waits */
    void *arg;
    /* The guard's. */
    int fd;
    const char *fault;  /* why it refused; NULL: it did not */
    size_t given_bytes; /* of the body, that the caller has not taken; he takes them off */
    char *at;           /* what came and was not given on */
    size_t len, size;
    size_t judged; /* of it, from its start: what may be given on */
    unsigned id;
    size_t content_left, padding_left; /* of a record that has begun */
    bool ended;                        /* the body, as far as given on */
};

/* Begins a connection. */
void cc_guard_open(struct cc_guard *guard, int fd);

/* Waits for the whole head of a request and gives it to libfcgi, with what is there of the body.
 * False: the connection is to be closed. */
bool cc_guard_head(struct cc_guard *guard, struct cc_arena *scratch,
                   int64_t timeout_ms) CC_NODISCARD;

/* Waits until libfcgi has a byte of the body, or its end, and so can read without waiting. 0; -1:
 * it broke off or was refused; -2: nothing came in time. */
long cc_guard_body(struct cc_guard *guard, int64_t timeout_ms) CC_NODISCARD;

/* --- output.c --------------------------------------------------------------------------------- */

/* Sends all that a request is answered with, and the end of the request, where it can in one system
 * call, from where it stands: libfcgi's stream copies it through a buffer of 8 KB and writes that
 * each time it is full, so that the web server is woken for each piece. False: the web server has
 * gone, or takes nothing any more. */
bool cc_output_send(int fd, struct cc_arena *arena, int request, struct cc_str output) CC_NODISCARD;

/* --- transports ------------------------------------------------------------------------------- */

/* NAME=value, as an environment has it, into pairs; at most `max` of them. Returns how many. */
size_t cc_pairs_from_environ(char *const *environ, struct cc_pair *out, size_t max);

/* Seconds that a body, or the web server, may keep us waiting. */
int64_t cc_body_timeout_s(const struct cc_http_config *config);

/* Both return the exit status. */
int cc_fastcgi_serve(const struct cc_server *server, int listener);
int cc_cgi_serve(const struct cc_server *server);

#endif
