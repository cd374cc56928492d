#include "internal.h"

#include <assert.h>

/* What every reply says: nothing here is a page, a script or a frame, whatever a browser makes of
 * its bytes. */
static const char FIXED_HEADERS[] =
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";

void cc_reply_reset(struct cc_ctx *cx)
{
    struct cc_reply *reply = cx->reply;
    unsigned allowed = reply->allowed;

    *reply = (struct cc_reply){ .allowed = allowed };
    cc_buf_init(&reply->headers, cx->arena, CC_REPLY_HEADER_BYTES_MAX);
}

struct cc_jw *cc_reply_json(struct cc_ctx *cx, int status)
{
    struct cc_reply *reply = cx->reply;

    reply->status = status;
    reply->content_type = "application/json";
    cc_buf_init(&reply->json, cx->arena, CC_REPLY_BYTES_MAX);
    cc_jw_init(&reply->writer, &reply->json);
    return &reply->writer;
}

enum cc_code cc_reply_end(struct cc_ctx *cx)
{
    struct cc_reply *reply = cx->reply;

    assert(reply->writer.depth == 0);
    if (reply->json.overflow)
        return cc_fail(&cx->err, CC_INTERNAL, NULL, "the reply outgrew %zu bytes",
                       CC_REPLY_BYTES_MAX);
    reply->bytes = cc_buf_str(&reply->json);
    reply->ended = true;
    return CC_OK;
}

enum cc_code cc_reply_empty(struct cc_ctx *cx, int status)
{
    cx->reply->status = status;
    cx->reply->content_type = NULL;
    cx->reply->bytes = CC_STR_ABSENT;
    cx->reply->ended = true;
    return CC_OK;
}

enum cc_code cc_reply_bytes(struct cc_ctx *cx, int status, const char *content_type,
                            struct cc_str body)
{
    if (body.len > CC_REPLY_BYTES_MAX)
        return cc_fail(&cx->err, CC_INTERNAL, NULL, "a reply of %zu bytes", body.len);
    cx->reply->status = status;
    cx->reply->content_type = content_type;
    cx->reply->bytes = body;
    cx->reply->ended = true;
    return CC_OK;
}

/* RFC 9110 5.5: a value is visible characters, spaces and tabs. A line break in one would be a
 * header of somebody else's making. */
static bool is_header_value(struct cc_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.at[i];

        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

static void add_line(struct cc_buf *out, const char *name, struct cc_str value)
{
    cc_buf_add_z(out, name);
    cc_buf_add_z(out, ": ");
    cc_buf_add(out, value);
    cc_buf_add_z(out, "\r\n");
}

void cc_reply_header(struct cc_ctx *cx, const char *name, struct cc_str value)
{
    assert(is_header_value(value));
    if (cc_str_eq_nocase(cc_str_from(name), CC_STR("Cache-Control")))
        cx->reply->has_cache_control = true;
    add_line(&cx->reply->headers, name, value);
}

void cc_reply_link_next(struct cc_ctx *cx, struct cc_str target)
{
    struct cc_str parts[] = { CC_STR("<"), target, CC_STR(">; rel=\"next\"") };

    cc_reply_header(cx, "Link", cc_str_join(cx->arena, parts, CC_COUNT(parts)));
}

static void add_head(const struct cc_ctx *cx, struct cc_buf *out)
{
    const struct cc_reply *reply = cx->reply;

    cc_buf_add_z(out, "Status: ");
    cc_buf_add_i64(out, reply->status);
    cc_buf_add_byte(out, ' ');
    cc_buf_add_z(out, cc_status_phrase(reply->status));
    cc_buf_add_z(out, "\r\n");
    add_line(out, "X-Request-Id", cx->request_id);
    if (reply->allowed) {
        cc_buf_add_z(out, "Allow: ");
        cc_methods_write(out, reply->allowed);
        cc_buf_add_z(out, "\r\n");
    }
    if (!reply->has_cache_control)
        cc_buf_add_z(out, "Cache-Control: no-store\r\n");
    cc_buf_add(out, (struct cc_str){ FIXED_HEADERS, sizeof(FIXED_HEADERS) - 1 });
    cc_buf_add(out, cc_buf_str(&reply->headers));
}

/* RFC 9110 8.6: no Content-Length with 204; with 304 it would be that of the 200, which was not
 * made. The answer to HEAD carries the length and not the bytes. */
void cc_reply_write(const struct cc_ctx *cx, struct cc_buf *out)
{
    const struct cc_reply *reply = cx->reply;

    assert(!reply->headers.overflow);
    cc_buf_reserve(out, 512 + reply->headers.len + reply->bytes.len);
    add_head(cx, out);
    if (reply->content_type)
        add_line(out, "Content-Type", cc_str_from(reply->content_type));
    if (reply->status != 204 && reply->status != 304) {
        cc_buf_add_z(out, "Content-Length: ");
        cc_buf_add_i64(out, (int64_t)reply->bytes.len);
        cc_buf_add_z(out, "\r\n");
    }
    cc_buf_add_z(out, "\r\n");
    if (cx->req->method != CC_HEAD)
        cc_buf_add(out, reply->bytes);
}
