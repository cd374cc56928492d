/* What the tests of lib/http share: a server that stands in memory, and one request at a time. */
#ifndef CC_TESTS_EXCHANGE_H
#define CC_TESTS_EXCHANGE_H

#include "../../check.h"

#include "base/arena.h"
#include "http/http.h"

#include <fcntl.h>

#define EXCHANGE_VARS_MAX 160

struct memory_source {
    struct cc_source source;
    struct cc_str rest;
    long at_end; /* what read says when nothing is left: 0, -1, -2 */
    size_t piece_max;
};

struct exchange {
    struct cc_arena *arena;
    struct cc_http_config config;
    struct cc_log log;
    struct cc_server server;
    struct cc_pair vars[EXCHANGE_VARS_MAX];
    size_t count;
    struct memory_source body;
    struct cc_str response;
};

static inline void fill_with_ones(const struct cc_random *random, void *out, size_t size)
{
    (void)random;
    memset(out, 1, size);
}

static const struct cc_random exchange_random = { fill_with_ones };

static inline long memory_read(struct cc_source *source, char *out, size_t size)
{
    struct memory_source *memory = (struct memory_source *)source;

    if (memory->rest.len == 0)
        return memory->at_end;
    if (memory->piece_max && size > memory->piece_max)
        size = memory->piece_max;
    if (size > memory->rest.len)
        size = memory->rest.len;
    memcpy(out, memory->rest.at, size);
    memory->rest = cc_str_skip(memory->rest, size);
    return (long)size;
}

static inline void exchange_init(struct exchange *x, const struct cc_route *routes)
{
    *x = (struct exchange){ .arena = cc_arena_new(CC_ARENA_CEILING_BYTES) };
    x->log = (struct cc_log){ .fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
                              .program = "test",
                              .level = CC_LOG_ERROR,
                              .clock = &cc_system_clock };
    x->server = (struct cc_server){ .name = "test",
                                    .routes = routes,
                                    .config = &x->config,
                                    .clock = &cc_system_clock,
                                    .random = &exchange_random,
                                    .log = &x->log };
    x->body.source.read = memory_read;
}

static inline void exchange_close(struct exchange *x)
{
    close(x->log.fd);
    cc_arena_free(x->arena);
}

/* Each variable ends at a guard page of its own. */
static inline void set_str(struct exchange *x, const char *name, struct cc_str value)
{
    ck_assert_uint_lt(x->count, EXCHANGE_VARS_MAX);
    x->vars[x->count++] =
        (struct cc_pair){ cc_check_guarded(cc_str_from(name)), cc_check_guarded(value) };
}

static inline void set(struct exchange *x, const char *name, const char *value)
{
    set_str(x, name, cc_str_from(value));
}

static inline void start(struct exchange *x, const char *method, const char *target)
{
    x->count = 0;
    x->body.rest = CC_STR_ABSENT;
    x->body.source = (struct cc_source){ .read = memory_read };
    set(x, "REQUEST_METHOD", method);
    set(x, "REQUEST_URI", target);
}

static inline void set_body(struct exchange *x, const char *type, const char *body)
{
    set(x, "CONTENT_TYPE", type);
    set_str(x, "CONTENT_LENGTH", cc_str_format(x->arena, "%zu", strlen(body)));
    x->body.rest = cc_str_from(body);
}

static inline int status_of(struct cc_str response)
{
    int64_t status = 0;

    ck_assert(cc_str_starts(response, CC_STR("Status: ")));
    ck_assert(cc_str_to_i64(cc_str_take(cc_str_skip(response, 8), 3), 100, 599, &status));
    return (int)status;
}

/* Sends what was set; the answer stands in x->response. Returns its status. */
static inline int finish(struct exchange *x)
{
    struct cc_err refused = { 0 };
    struct cc_request req;
    struct cc_buf out;
    enum cc_code rc;
    struct cc_ctx cx = {
        .arena = x->arena, .server = &x->server, .app = x->server.app, .source = &x->body.source
    };

    rc = cc_request_from_cgi(x->vars, x->count, &x->config, &req, &refused);
    cc_buf_init(&out, x->arena, 2 * CC_REPLY_BYTES_MAX);
    cc_http_answer(&cx, &req, rc == CC_OK ? NULL : &refused, &out);
    x->response = cc_buf_str(&out);
    return status_of(x->response);
}

static inline int ask(struct exchange *x, const char *method, const char *target)
{
    start(x, method, target);
    return finish(x);
}

static inline size_t end_of_head(struct cc_str response)
{
    size_t at = 0;

    while (at < response.len && !cc_str_starts(cc_str_skip(response, at), CC_STR("\r\n\r\n")))
        at++;
    ck_assert_uint_lt(at, response.len);
    return at;
}

static inline struct cc_str body_of(struct cc_str response)
{
    return cc_str_skip(response, end_of_head(response) + 4);
}

/* The value of a header; absent without one. A second one fails the test. */
static inline struct cc_str header_of(struct cc_str response, const char *name)
{
    struct cc_str rest = cc_str_take(response, end_of_head(response));
    struct cc_str found = CC_STR_ABSENT;

    while (rest.at) {
        struct cc_str value = cc_str_cut(&rest, '\n');
        struct cc_str key = cc_str_cut(&value, ':');

        if (!cc_str_eq_nocase(key, cc_str_from(name)))
            continue;
        ck_assert_msg(!found.at, "%s stands twice", name);
        if (cc_str_ends(value, CC_STR("\r")))
            value.len--;
        found = cc_str_trim(value);
    }
    return found;
}

static inline bool has(struct cc_str text, const char *part)
{
    struct cc_str want = cc_str_from(part);

    for (size_t i = 0; i + want.len <= text.len; i++)
        if (cc_str_starts(cc_str_skip(text, i), want))
            return true;
    return false;
}

#endif
