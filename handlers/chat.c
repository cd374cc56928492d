/* chat - rooms, messages, cursors and changes. */
#include "app/app.h"
#include "base/digest.h"
#include "base/encode.h"
#include "view/view.h"

#define LIMIT_DEFAULT 50
#define TAG_BYTES 16

static struct cc_caller caller(const struct cc_ctx *cx)
{
    return (struct cc_caller){ cx->app->chat, cx->arena, cx->user };
}

static int64_t limit_or_default(int64_t limit)
{
    return limit > 0 ? limit : LIMIT_DEFAULT;
}

static enum cc_code reply_json(struct cc_ctx *cx, const struct cc_buf *body)
{
    if (body->overflow)
        return cc_fail(&cx->err, CC_INTERNAL, NULL, "the reply outgrew its ceiling");
    return cc_reply_bytes(cx, 200, "application/json", cc_buf_str(body));
}

/* What is polled and has no number that says it all is tagged by the bytes themselves. */
static enum cc_code reply_tagged(struct cc_ctx *cx, const struct cc_buf *body)
{
    unsigned char digest[CC_SHA256_SIZE];

    cc_sha256(cc_buf_str(body), digest);
    if (!body->overflow &&
        cc_reply_etag(
            cx, cc_base64url_encode(cx->arena, (struct cc_str){ (const char *)digest, TAG_BYTES })))
        return cc_reply_not_modified(cx);
    return reply_json(cx, body);
}

/* --- rooms ------------------------------------------------------------------------------------ */

static const struct cc_field room_fields[] = {
    { .name = "participants",
      .type = CC_FIELD_STRS,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct cc_room_draft, participants),
      .min = 2,
      .max = 2,
      .item_min = 1,
      .item_max = 64 },
    { .name = NULL },
};

static enum cc_code room_post(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    struct cc_room_draft in;
    struct cc_room_made made;
    enum cc_code rc = cc_decode(cx, room_fields, &in);

    if (rc == CC_OK)
        rc = cc_room_create(&by, &in, &made, &cx->err);
    if (rc != CC_OK)
        return rc;
    cc_view_room(cc_reply_json(cx, made.is_new ? 201 : 200), &made.room);
    return cc_reply_end(cx);
}

static const struct cc_field room_query_fields[] = {
    { .name = "cursor",
      .type = CC_FIELD_STR,
      .offset = offsetof(struct cc_room_query, cursor),
      .max = 1024 },
    { .name = "limit",
      .type = CC_FIELD_I64,
      .offset = offsetof(struct cc_room_query, limit),
      .min = 1,
      .max = CC_LIST_ITEMS_MAX },
    { .name = NULL },
};

static void link_next(struct cc_ctx *cx, const struct cc_room_query *in, struct cc_str next)
{
    if (next.at)
        cc_reply_link_next(cx, cc_str_format(cx->arena, "/chat/rooms?limit=%lld&cursor=%.*s",
                                             (long long)in->limit, CC_STR_ARG(next)));
}

static enum cc_code room_list(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    struct cc_room_query in;
    struct cc_room_page page;
    struct cc_buf body;
    struct cc_jw w;
    enum cc_code rc = cc_decode_query(cx, room_query_fields, &in);

    in.limit = limit_or_default(in.limit);
    if (rc == CC_OK)
        rc = cc_room_list(&by, &in, &page, &cx->err);
    if (rc != CC_OK)
        return rc;
    link_next(cx, &in, page.next);
    cc_buf_init(&body, cx->arena, CC_REPLY_BYTES_MAX);
    cc_jw_init(&w, &body);
    cc_view_room_page(&w, &page);
    return reply_tagged(cx, &body);
}

static enum cc_code room_get(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    struct cc_room room;
    enum cc_code rc = cc_room_get(&by, cx->param[0], &room, &cx->err);

    if (rc != CC_OK)
        return rc;
    cc_view_room(cc_reply_json(cx, 200), &room);
    return cc_reply_end(cx);
}

/* --- cursors ---------------------------------------------------------------------------------- */

struct cursor_change {
    struct cc_cursor_move move;
    bool has_delivered, has_read;
};

static const struct cc_field cursor_fields[] = {
    { .name = "delivered_seq",
      .type = CC_FIELD_I64,
      .flags = CC_FIELD_NOTED,
      .offset = offsetof(struct cursor_change, move.delivered_seq),
      .max = INT64_MAX,
      .noted = offsetof(struct cursor_change, has_delivered) },
    { .name = "read_seq",
      .type = CC_FIELD_I64,
      .flags = CC_FIELD_NOTED,
      .offset = offsetof(struct cursor_change, move.read_seq),
      .max = INT64_MAX,
      .noted = offsetof(struct cursor_change, has_read) },
    { .name = NULL },
};

static enum cc_code cursor_put(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    struct cursor_change in;
    enum cc_code rc = cc_decode(cx, cursor_fields, &in);

    if (rc == CC_OK && !in.has_delivered && !in.has_read)
        rc = cc_fail_field(&cx->err, "", "needs delivered_seq or read_seq");
    if (rc == CC_OK)
        rc = cc_cursor_move(&by, cx->param[0], &in.move, &cx->err);
    return rc == CC_OK ? cc_reply_empty(cx, 204) : rc;
}

static enum cc_code cursor_list(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    struct cc_cursors cursors;
    enum cc_code rc = cc_cursor_list(&by, cx->param[0], &cursors, &cx->err);

    if (rc != CC_OK)
        return rc;
    cc_view_cursors(cc_reply_json(cx, 200), &cursors);
    return cc_reply_end(cx);
}

/* --- changes ---------------------------------------------------------------------------------- */

static const struct cc_field changes_fields[] = {
    { .name = "since",
      .type = CC_FIELD_STR,
      .offset = offsetof(struct cc_changes_ask, since),
      .max = 128 },
    { .name = "limit",
      .type = CC_FIELD_I64,
      .offset = offsetof(struct cc_changes_ask, limit),
      .min = 1,
      .max = CC_LIST_ITEMS_MAX },
    { .name = NULL },
};

static enum cc_code changes_get(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    struct cc_changes_ask in;
    struct cc_changes changes;
    struct cc_str tag;
    enum cc_code rc = cc_decode_query(cx, changes_fields, &in);

    in.room = cx->param[0];
    in.limit = limit_or_default(in.limit);
    if (rc == CC_OK)
        rc = cc_changes_tag(&by, &in, &tag, &cx->err);
    if (rc == CC_OK && cc_reply_etag(cx, tag))
        return cc_reply_not_modified(cx);
    if (rc == CC_OK)
        rc = cc_changes_read(&by, &in, &changes, &cx->err);
    if (rc != CC_OK)
        return rc;
    cc_view_changes(cc_reply_json(cx, 200), &changes);
    return cc_reply_end(cx);
}

/* --- messages --------------------------------------------------------------------------------- */

static const struct cc_field data_fields[] = {
    { .name = "text",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct cc_message_data, text),
      .min = 1,
      .max = CC_MESSAGE_CHARACTERS_MAX },
    { .name = NULL },
};

static const struct cc_field message_fields[] = {
    { .name = "room_id",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct cc_message_draft, room),
      .min = 1,
      .max = 64 },
    { .name = "type",
      .type = CC_FIELD_ENUM,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct cc_message_draft, type),
      .values = cc_message_type_names },
    { .name = "data",
      .type = CC_FIELD_OBJECT,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct cc_message_draft, data),
      .sub = data_fields },
    { .name = "client_id",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct cc_message_draft, client_id),
      .min = 1,
      .max = 64 },
    { .name = NULL },
};

static enum cc_code message_post(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    struct cc_message_draft in;
    struct cc_sent sent;
    enum cc_code rc = cc_decode(cx, message_fields, &in);

    if (rc == CC_OK)
        rc = cc_message_send(&by, &in, &sent, &cx->err);
    if (rc != CC_OK)
        return rc;
    cc_view_message(cc_reply_json(cx, sent.is_new ? 201 : 200), &sent.message);
    return cc_reply_end(cx);
}

static enum cc_code message_get(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    struct cc_message message;
    enum cc_code rc = cc_message_get(&by, cx->param[0], &message, &cx->err);

    if (rc != CC_OK)
        return rc;
    cc_view_message(cc_reply_json(cx, 200), &message);
    return cc_reply_end(cx);
}

struct message_query {
    struct cc_str room;
    int64_t before, after, around;
    bool has_before, has_after, has_around;
    int64_t limit;
};

#define SEQ(member, least)                                                                         \
    {                                                                                              \
        .name = #member, .type = CC_FIELD_I64, .flags = CC_FIELD_NOTED,                            \
        .offset = offsetof(struct message_query, member), .min = (least), .max = INT64_MAX,        \
        .noted = offsetof(struct message_query, has_##member)                                      \
    }

static const struct cc_field message_query_fields[] = {
    { .name = "room_id",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct message_query, room),
      .min = 1,
      .max = 64 },
    SEQ(before, 1),
    SEQ(after, 0),
    SEQ(around, 1),
    { .name = "limit",
      .type = CC_FIELD_I64,
      .offset = offsetof(struct message_query, limit),
      .min = 1,
      .max = CC_LIST_ITEMS_MAX },
    { .name = NULL },
};

/* The one of before, after, around that was given. */
static enum cc_code choose_from(const struct message_query *in, struct cc_message_query *out,
                                struct cc_err *err)
{
    const struct {
        const char *pointer;
        bool is_there;
        enum cc_page_from from;
        int64_t seq;
    } choices[] = {
        { "/before", in->has_before, CC_PAGE_BEFORE, in->before },
        { "/after", in->has_after, CC_PAGE_AFTER, in->after },
        { "/around", in->has_around, CC_PAGE_AROUND, in->around },
    };
    const bool too_many = in->has_before + in->has_after + in->has_around > 1;

    for (size_t i = 0; i < CC_COUNT(choices); i++) {
        if (!choices[i].is_there)
            continue;
        if (too_many)
            cc_fail_field(err, choices[i].pointer, "excludes the others of before, after, around");
        out->from = choices[i].from;
        out->seq = choices[i].seq;
    }
    return err->code;
}

static enum cc_code reply_page(struct cc_ctx *cx, const struct cc_message_page *page,
                               struct cc_ready_page *out)
{
    struct cc_buf body;
    struct cc_jw w;

    cc_buf_init(&body, cx->arena, CC_REPLY_BYTES_MAX);
    cc_jw_init(&w, &body);
    cc_view_message_page(&w, page);
    out->rev = page->rev;
    out->json = cc_buf_str(&body);
    return reply_json(cx, &body);
}

/* The newest page is what everybody asks for: while the room has not changed, it is sent as it was
 * made. */
static enum cc_code list_messages(struct cc_ctx *cx, struct cc_message_query *query)
{
    const struct cc_caller by = caller(cx);
    const bool is_newest = query->from == CC_PAGE_NEWEST;
    struct cc_ready_page ready = { .room = query->room, .limit = query->limit };
    struct cc_message_page page;
    enum cc_code rc;

    if (is_newest && cc_page_cache_find(cx->app->pages, cx->arena, &ready))
        query->known_rev = ready.rev;
    rc = cc_message_list(&by, query, &page, &cx->err);
    if (rc != CC_OK)
        return rc;
    if (page.unchanged)
        return cc_reply_bytes(cx, 200, "application/json", ready.json);
    rc = reply_page(cx, &page, &ready);
    if (rc == CC_OK && is_newest)
        cc_page_cache_add(cx->app->pages, &ready);
    return rc;
}

static enum cc_code message_list(struct cc_ctx *cx)
{
    struct message_query in;
    struct cc_message_query query = { 0 };
    enum cc_code rc = cc_decode_query(cx, message_query_fields, &in);

    query.room = in.room;
    query.limit = limit_or_default(in.limit);
    if (rc == CC_OK)
        rc = choose_from(&in, &query, &cx->err);
    return rc == CC_OK ? list_messages(cx, &query) : rc;
}

/* --- the routes ------------------------------------------------------------------------------- */

static const struct cc_route routes[] = {
    { CC_GET, "/chat/rooms", room_list, CC_USER },
    { CC_POST, "/chat/rooms", room_post, CC_USER },
    { CC_GET, "/chat/rooms/{id}", room_get, CC_USER },
    { CC_PUT, "/chat/rooms/{id}/cursor", cursor_put, CC_USER },
    { CC_GET, "/chat/rooms/{id}/cursors", cursor_list, CC_USER },
    { CC_GET, "/chat/rooms/{id}/changes", changes_get, CC_USER },
    { CC_GET, "/chat/messages", message_list, CC_USER },
    { CC_POST, "/chat/messages", message_post, CC_USER },
    { CC_GET, "/chat/messages/{id}", message_get, CC_USER },
    { .path = NULL },
};

int main(int argc, char **argv)
{
    return cc_app_main("chat", routes, CC_APP_CHAT, argc, argv);
}
