/* The query of an address by a table: what is accepted keeps the rules of its row and means the
 * same when it is written anew. */
#include "fuzz.h"

#include "base/encode.h"
#include "base/field.h"
#include "base/text.h"

struct query {
    struct cc_str room, text, name;
    int64_t limit, seq;
    bool has_seq, flag;
    int order;
};

static const char *const orders[] = { "oldest", "newest", NULL };

static const struct cc_field fields[] = {
    { .name = "room_id",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct query, room),
      .min = 1,
      .max = 64 },
    { .name = "text", .type = CC_FIELD_STR, .offset = offsetof(struct query, text) },
    { .name = "name", .type = CC_FIELD_NAME, .offset = offsetof(struct query, name), .max = 9 },
    { .name = "limit",
      .type = CC_FIELD_I64,
      .offset = offsetof(struct query, limit),
      .min = 1,
      .max = 100 },
    { .name = "seq",
      .type = CC_FIELD_I64,
      .flags = CC_FIELD_NOTED,
      .offset = offsetof(struct query, seq),
      .noted = offsetof(struct query, has_seq) },
    { .name = "flag", .type = CC_FIELD_BOOL, .offset = offsetof(struct query, flag) },
    { .name = "order",
      .type = CC_FIELD_ENUM,
      .offset = offsetof(struct query, order),
      .values = orders },
    { .name = NULL },
};

static bool is_text(struct cc_str s)
{
    return cc_text_is_utf8(s) && cc_str_find(s, '\0') == s.len;
}

static void require_rules(const struct query *q)
{
    fuzz_require(q->room.len >= 1 && cc_text_length(q->room) <= 64 && is_text(q->room));
    fuzz_require(is_text(q->text) && is_text(q->name) && cc_text_length(q->name) <= 9);
    fuzz_require(q->limit >= 0 && q->limit <= 100);
    fuzz_require(q->has_seq || q->seq == 0);
    fuzz_require(q->order >= 0 && q->order < 2);
}

static void add_text(struct cc_buf *out, const char *name, struct cc_str value)
{
    if (!value.at)
        return;
    cc_buf_add_z(out, name);
    cc_buf_add(out, cc_percent_encode(out->arena, value));
}

static struct cc_str write(struct cc_arena *arena, const struct query *q)
{
    struct cc_buf out;

    cc_buf_init(&out, arena, FUZZ_INPUT_MAX * 4);
    add_text(&out, "room_id=", q->room);
    add_text(&out, "&text=", q->text);
    add_text(&out, "&name=", q->name);
    if (q->limit)
        cc_buf_add_format(&out, "&limit=%lld", (long long)q->limit);
    if (q->has_seq)
        cc_buf_add_format(&out, "&seq=%lld", (long long)q->seq);
    cc_buf_add_format(&out, "&flag=%s&order=%s", q->flag ? "true" : "false", orders[q->order]);
    fuzz_require(!out.overflow);
    return cc_buf_str(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_str text = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();
    struct cc_err err = { 0 };
    struct query query, again;
    struct cc_str written;
    enum cc_code rc = cc_fields_decode_query(arena, fields, text, &query, &err);

    if (rc != CC_OK) {
        fuzz_require(rc == CC_BAD_REQUEST || rc == CC_INVALID);
        fuzz_require_error(&err, rc);
        return 0;
    }
    require_rules(&query);
    written = write(arena, &query);
    fuzz_require(cc_fields_decode_query(arena, fields, written, &again, &err) == CC_OK);
    fuzz_require(cc_str_eq(write(arena, &again), written));
    return 0;
}
