/* A whole request as the transports give it: CGI variables and a body. The input is the variables,
 * one a line, then an empty line and the body. What is refused is refused with a sound answer, and
 * no request is our fault. */
#define _GNU_SOURCE /* memmem, memfd_create */

#include "response.h"
#include "serving.h"

#define VARIABLES_MAX (CC_PARAMS_MAX + 8)
#define PIECE_BYTES 7

/* An environment: each line a variable of its own. */
static char **read_variables(struct cc_arena *arena, struct cc_str *in)
{
    char **variables = CC_NEW_ARRAY(arena, char *, VARIABLES_MAX + 1);

    for (size_t count = 0; in->at && count < VARIABLES_MAX; count++) {
        struct cc_str line = cc_str_cut(in, '\n');

        if (line.len == 0)
            break;
        variables[count] = cc_arena_alloc(arena, line.len + 1);
        memcpy(variables[count], line.at, line.len);
    }
    return variables;
}

struct body {
    struct cc_source source;
    struct cc_str rest;
    unsigned end; /* what read says at the end: 0, -1 or -2 */
};

static long read_body(struct cc_source *source, char *out, size_t size)
{
    struct body *body = (struct body *)source;
    struct cc_str piece = cc_str_take(body->rest, size < PIECE_BYTES ? size : PIECE_BYTES);

    if (piece.len == 0)
        return -(long)body->end;
    memcpy(out, piece.at, piece.len);
    body->rest = cc_str_skip(body->rest, piece.len);
    return (long)piece.len;
}

static void require_request(const struct cc_request *req)
{
    const struct cc_str path = req->path, target = req->target;

    fuzz_require(req->method_text.len >= 1 && req->method_text.len <= 32);
    fuzz_require(target.len <= CC_TARGET_BYTES_MAX && cc_str_starts(target, CC_STR("/")));
    fuzz_require(path.at == target.at && cc_str_find(path, '?') == path.len);
    fuzz_require(path.len + (req->query.at ? 1 + req->query.len : 0) == target.len);
    for (size_t i = 0; i < target.len; i++)
        fuzz_require(target.at[i] > 0x20 && target.at[i] < 0x7f && target.at[i] != '#');
    fuzz_require(req->content_length >= -1);
}

/* The log is lines of JSON; nothing that came with a request can begin one. */
static void require_one_line(struct cc_arena *arena, int fd)
{
    char text[CC_LOG_LINE_MAX + 1];
    ssize_t len = pread(fd, text, sizeof(text), 0);
    struct cc_err err = { 0 };
    struct cc_str line;

    fuzz_require(len > 0 && len <= CC_LOG_LINE_MAX);
    line = (struct cc_str){ text, (size_t)len - 1 };
    fuzz_require(text[len - 1] == '\n' && cc_str_find(line, '\n') == line.len);
    fuzz_require(cc_json_check(arena, line, &cc_json_default_limits, &err) == CC_OK);
    fuzz_require(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
}

static void answer(struct fuzz_server *s, struct cc_arena *arena, char **variables,
                   struct body *body)
{
    struct cc_pair *vars = CC_NEW_ARRAY(arena, struct cc_pair, VARIABLES_MAX);
    size_t count = cc_pairs_from_environ(variables, vars, VARIABLES_MAX);
    struct cc_ctx cx = { .arena = arena, .server = &s->server, .source = &body->source };
    struct fuzz_response response;
    struct cc_err refused = { 0 };
    struct cc_request req;
    struct cc_buf out;
    enum cc_code rc = cc_request_from_cgi(vars, count, &s->config, &req, &refused);

    if (rc == CC_OK)
        require_request(&req);
    else
        fuzz_require_error(&refused, rc);
    cc_buf_init(&out, arena, 4 * FUZZ_INPUT_MAX);
    cc_http_answer(&cx, &req, rc == CC_OK ? NULL : &refused, &out);
    fuzz_require(!out.overflow);
    fuzz_require_response(arena, cc_buf_str(&out), req.method == CC_HEAD, &response);
    fuzz_require(response.status >= 400 || rc == CC_OK);
    fuzz_require(body->source.ended || body->rest.len == 0);
    require_one_line(arena, s->log.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_server server;
    struct cc_str in = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();
    unsigned options = fuzz_byte(&in);
    struct body body = { .source = { .read = read_body }, .end = (options >> 1) % 3 };
    char **variables = read_variables(arena, &in);

    if (!server.server.routes)
        fuzz_server_init(&server);
    server.config.trusted_proxy = options & 1;
    body.rest = fuzz_copy(arena, in);
    answer(&server, arena, variables, &body);
    return 0;
}
