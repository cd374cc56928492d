/* tests/fuzz/serving.h - a server over the routes of routes.h, whose handlers read whatever there
 * is to read of a request. "good" is the one token that is. */
#ifndef CC_TESTS_FUZZ_SERVING_H
#define CC_TESTS_FUZZ_SERVING_H

#include "fuzz.h"
#include "routes.h"
#include "table.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct fuzz_asked {
    struct cc_str room, cursor;
    int64_t limit;
};

static const struct cc_field fuzz_asked_fields[] = {
    { .name = "room_id",
      .type = CC_FIELD_STR,
      .offset = offsetof(struct fuzz_asked, room),
      .max = 64 },
    { .name = "cursor",
      .type = CC_FIELD_STR,
      .offset = offsetof(struct fuzz_asked, cursor),
      .max = 1024 },
    { .name = "limit",
      .type = CC_FIELD_I64,
      .offset = offsetof(struct fuzz_asked, limit),
      .min = 1,
      .max = 100 },
    { .name = NULL },
};

static void fuzz_write_params(struct cc_ctx *cx, struct cc_jw *w)
{
    cc_jw_put_str(w, "user", cx->user);
    cc_jw_put_str(w, "cookie", cc_cookie_find(cx, CC_STR("refresh")));
    cc_jw_key(w, "params");
    cc_jw_array(w);
    for (size_t i = 0; i < CC_PATH_PARAMS_MAX; i++)
        cc_jw_str(w, cx->param[i]);
    cc_jw_array_end(w);
}

static enum cc_code fuzz_read(struct cc_ctx *cx)
{
    struct fuzz_asked asked;
    struct cc_jw *w;
    enum cc_code rc = cc_decode_query(cx, fuzz_asked_fields, &asked);

    if (rc != CC_OK)
        return rc;
    if (cc_reply_etag(cx, CC_STR("t1")))
        return cc_reply_not_modified(cx);
    w = cc_reply_json(cx, 200);
    cc_jw_object(w);
    cc_jw_put_str(w, "room", asked.room);
    cc_jw_put_i64(w, "limit", asked.limit);
    fuzz_write_params(cx, w);
    cc_jw_object_end(w);
    return cc_reply_end(cx);
}

static enum cc_code fuzz_write(struct cc_ctx *cx)
{
    struct fuzz_row row;
    struct cc_jw *w;
    enum cc_code rc = cc_decode(cx, fuzz_fields, &row);

    if (rc != CC_OK)
        return rc;
    w = cc_reply_json(cx, 201);
    cc_jw_object(w);
    cc_jw_key(w, "row");
    cc_jw_raw(w, cc_fields_save(cx->arena, fuzz_fields, &row));
    fuzz_write_params(cx, w);
    cc_jw_object_end(w);
    return cc_reply_end(cx);
}

static enum cc_code fuzz_bytes(struct cc_ctx *cx)
{
    struct cc_str body;
    enum cc_code rc = cc_body_read(cx, &body);

    return rc == CC_OK ? cc_reply_bytes(cx, 200, "application/octet-stream", body) : rc;
}

static enum cc_code fuzz_quick(struct cc_ctx *cx)
{
    return cc_reply_empty(cx, 204);
}

static enum cc_code fuzz_authenticate(struct cc_ctx *cx, struct cc_str token)
{
    if (!cc_str_eq(token, CC_STR("good")))
        return cc_fail(&cx->err, CC_UNAUTHORIZED, NULL, "token");
    cx->user = CC_STR("ada");
    cx->session = CC_STR("session");
    return CC_OK;
}

struct fuzz_server {
    struct cc_http_config config;
    struct cc_log log; /* into memory */
    struct cc_server server;
};

static inline void fuzz_server_init(struct fuzz_server *s)
{
    static const struct cc_str origins[] = { { "https://page.example.org", 24 } };

    s->config = (struct cc_http_config){ .cors_origins = { origins, CC_COUNT(origins) } };
    s->log = (struct cc_log){ .fd = memfd_create("log", MFD_CLOEXEC),
                              .program = "fuzz",
                              .clock = &cc_system_clock };
    s->server = (struct cc_server){ .name = "fuzz",
                                    .routes = fuzz_routes,
                                    .authenticate = fuzz_authenticate,
                                    .config = &s->config,
                                    .clock = &cc_system_clock,
                                    .random = &cc_system_random,
                                    .log = &s->log };
    fuzz_require(s->log.fd >= 0);
}

#endif
