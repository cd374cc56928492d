/* Items as DynamoDB has them: an object of attributes, each a value under the name of its type. The
 * members of a body become attributes of the item, so that the console shows them as columns. Both
 * ways go from text to text, without a tree: a page has a thousand items. */
#include "dynamodb.h"

#include "../base/arena.h"

/* In JSON a level is one; as typed values it is two, and what stands around them comes on top. */
#define BODY_DEPTH_MAX 12
#define BODY_CEILING_BYTES ((size_t)8 * 1024 * 1024)

/* --- writing ---------------------------------------------------------------------------------- */

void dynamo_put_str(struct cc_jw *w, const char *name, struct cc_str value)
{
    cc_jw_key(w, name);
    cc_jw_object(w);
    cc_jw_put_str(w, "S", value);
    cc_jw_object_end(w);
}

/* Numbers travel as strings, so that nobody makes doubles of them on the way. */
static void put_number(struct cc_jw *w, struct cc_str digits)
{
    cc_jw_object(w);
    cc_jw_put_str(w, "N", digits);
    cc_jw_object_end(w);
}

void dynamo_put_i64(struct cc_jw *w, const char *name, int64_t value)
{
    char memory[24];
    struct cc_buf digits;

    cc_buf_init_fixed(&digits, memory, sizeof(memory));
    cc_buf_add_i64(&digits, value);
    cc_jw_key(w, name);
    put_number(w, cc_buf_str(&digits));
}

static bool write_value(struct cc_json_reader *r, struct cc_jw *w, unsigned depth);

static bool write_list(struct cc_json_reader *r, struct cc_jw *w, unsigned depth)
{
    struct cc_json_each each;

    cc_jw_key(w, "L");
    cc_jw_array(w);
    for (each = cc_json_each(r, '['); cc_json_next(&each);)
        each.broken = !write_value(r, w, depth + 1);
    if (each.broken)
        return false;
    cc_jw_array_end(w);
    return true;
}

static bool write_map(struct cc_json_reader *r, struct cc_jw *w, unsigned depth)
{
    struct cc_json_each each;

    cc_jw_key(w, "M");
    cc_jw_object(w);
    for (each = cc_json_each(r, '{'); cc_json_next(&each);) {
        cc_jw_name(w, each.name);
        each.broken = each.name.len == 0 || !write_value(r, w, depth + 1);
    }
    if (each.broken)
        return false;
    cc_jw_object_end(w);
    return true;
}

/* DynamoDB keeps 38 digits and writes a number in its own way; what it would not give back digit by
 * digit is none of its numbers. */
static bool write_number(struct cc_json_reader *r, struct cc_jw *w)
{
    struct cc_str digits;
    int64_t value;

    if (!cc_json_take_number(r, &digits) || !cc_str_to_i64(digits, INT64_MIN, INT64_MAX, &value))
        return false;
    cc_jw_put_str(w, "N", digits);
    return true;
}

static bool write_word(struct cc_json_reader *r, struct cc_jw *w)
{
    const bool is_true = cc_json_take_word(r, CC_STR("true"));

    if (is_true || cc_json_take_word(r, CC_STR("false"))) {
        cc_jw_put_bool(w, "BOOL", is_true);
        return true;
    }
    cc_jw_put_bool(w, "NULL", true);
    return cc_json_take_word(r, CC_STR("null"));
}

static bool write_text(struct cc_json_reader *r, struct cc_jw *w)
{
    struct cc_str text;

    if (!cc_json_take_str(r, &text))
        return false;
    cc_jw_put_str(w, "S", text);
    return true;
}

/* One value of a body as a typed one. false: DynamoDB has no such value, or it is no JSON. */
static bool write_value(struct cc_json_reader *r, struct cc_jw *w, unsigned depth)
{
    bool ok;

    cc_json_skip_space(r);
    if (r->at == r->end || depth > BODY_DEPTH_MAX)
        return false;
    cc_jw_object(w);
    switch (*r->at) {
    case '{':
        ok = write_map(r, w, depth);
        break;
    case '[':
        ok = write_list(r, w, depth);
        break;
    case '"':
        ok = write_text(r, w);
        break;
    default:
        ok = *r->at == '-' || (*r->at >= '0' && *r->at <= '9') ? write_number(r, w)
                                                               : write_word(r, w);
    }
    if (ok)
        cc_jw_object_end(w);
    return ok;
}

/* Ours beside those of the body. One of the body that is called so, or that begins with '_', gets a
 * '_' more. */
static const char *const own_names[] = { "pk", "sk", "v", "mrev", "expires" };

static bool is_own(struct cc_str name)
{
    for (size_t i = 0; i < CC_COUNT(own_names); i++) {
        if (cc_str_eq(name, cc_str_from(own_names[i])))
            return true;
    }
    return false;
}

static struct cc_str outer_name(struct cc_arena *arena, struct cc_str name)
{
    if (name.len > 0 && name.at[0] != '_' && !is_own(name))
        return name;
    return CC_JOIN(arena, CC_STR("_"), name);
}

static bool write_members(struct cc_arena *arena, struct cc_jw *w, struct cc_str body)
{
    struct cc_json_reader r = cc_json_reader_of(arena, body);
    struct cc_json_each each;

    for (each = cc_json_each(&r, '{'); cc_json_next(&each);) {
        cc_jw_name(w, outer_name(arena, each.name));
        each.broken = each.name.len == 0 || !write_value(&r, w, 1);
    }
    cc_json_skip_space(&r);
    return !each.broken && r.at == r.end;
}

/* A body that DynamoDB cannot have as values stands there as the text that it is. */
static void write_body(struct cc_arena *arena, struct cc_jw *w, struct cc_str body)
{
    const struct cc_jw before = *w;
    const size_t len = w->buf->len;

    if (write_members(arena, w, body))
        return;
    *w = before;
    w->buf->len = len;
    dynamo_put_str(w, "_json", body);
}

void dynamo_key_write(struct cc_jw *w, struct cc_key key)
{
    cc_jw_object(w);
    dynamo_put_str(w, "pk", key.pk);
    dynamo_put_str(w, "sk", key.sk);
    cc_jw_object_end(w);
}

/* `expires` is what DynamoDB's time to live goes by, in seconds: never before the instant that
 * counts, which stands beside it. */
void dynamo_item_write(struct cc_arena *arena, struct cc_jw *w, const struct cc_item *item,
                       struct cc_str v)
{
    cc_jw_object(w);
    dynamo_put_str(w, "pk", item->key.pk);
    dynamo_put_str(w, "sk", item->key.sk);
    dynamo_put_str(w, "v", v);
    if (item->mrev > 0)
        dynamo_put_i64(w, "mrev", item->mrev);
    if (item->expires_ms > 0) {
        dynamo_put_i64(w, "expires", item->expires_ms / 1000 + (item->expires_ms % 1000 > 0));
        dynamo_put_i64(w, "_expires_ms", item->expires_ms);
    }
    write_body(arena, w, item->body);
    cc_jw_object_end(w);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool read_value(struct cc_json_reader *r, struct cc_jw *w, unsigned depth);

static bool read_list(struct cc_json_reader *r, struct cc_jw *w, unsigned depth)
{
    struct cc_json_each each;

    cc_jw_array(w);
    for (each = cc_json_each(r, '['); cc_json_next(&each);)
        each.broken = !read_value(r, w, depth + 1);
    if (each.broken)
        return false;
    cc_jw_array_end(w);
    return true;
}

static bool read_map(struct cc_json_reader *r, struct cc_jw *w, unsigned depth)
{
    struct cc_json_each each;

    cc_jw_object(w);
    for (each = cc_json_each(r, '{'); cc_json_next(&each);) {
        cc_jw_name(w, each.name);
        each.broken = !read_value(r, w, depth + 1);
    }
    if (each.broken)
        return false;
    cc_jw_object_end(w);
    return true;
}

/* Whoever works on the table by hand may have put another number there. */
static bool read_number(struct cc_json_reader *r, struct cc_jw *w)
{
    struct cc_json_reader digits;
    struct cc_str text, number;

    if (!cc_json_take_str(r, &text))
        return false;
    digits = cc_json_reader_of(r->arena, text);
    if (!cc_json_take_number(&digits, &number) || digits.at != digits.end)
        return false;
    cc_jw_raw(w, number);
    return true;
}

static bool read_bool(struct cc_json_reader *r, struct cc_jw *w)
{
    const bool is_true = cc_json_take_word(r, CC_STR("true"));

    cc_jw_bool(w, is_true);
    return is_true || cc_json_take_word(r, CC_STR("false"));
}

static bool read_text(struct cc_json_reader *r, struct cc_jw *w)
{
    struct cc_str text;

    if (!cc_json_take_str(r, &text))
        return false;
    cc_jw_str(w, text);
    return true;
}

static bool read_typed(struct cc_json_reader *r, struct cc_jw *w, struct cc_str type,
                       unsigned depth)
{
    if (cc_str_eq(type, CC_STR("S")))
        return read_text(r, w);
    if (cc_str_eq(type, CC_STR("N")))
        return read_number(r, w);
    if (cc_str_eq(type, CC_STR("BOOL")))
        return read_bool(r, w);
    if (cc_str_eq(type, CC_STR("L")))
        return read_list(r, w, depth);
    if (cc_str_eq(type, CC_STR("M")))
        return read_map(r, w, depth);
    cc_jw_null(w);
    return cc_str_eq(type, CC_STR("NULL")) && cc_json_take_word(r, CC_STR("true"));
}

/* {"<type>": value}, up to the value. */
static bool open_typed(struct cc_json_reader *r, struct cc_str *type)
{
    if (!cc_json_take(r, '{') || !cc_json_take_str(r, type) || !cc_json_take(r, ':'))
        return false;
    cc_json_skip_space(r);
    return true;
}

/* One typed value as JSON. false: none that we write. */
static bool read_value(struct cc_json_reader *r, struct cc_jw *w, unsigned depth)
{
    struct cc_str type;

    return depth <= BODY_DEPTH_MAX && open_typed(r, &type) && read_typed(r, w, type, depth) &&
           cc_json_take(r, '}');
}

static bool read_str(struct cc_json_reader *r, struct cc_str *out)
{
    struct cc_str type;

    return open_typed(r, &type) && cc_str_eq(type, CC_STR("S")) && cc_json_take_str(r, out) &&
           cc_json_take(r, '}');
}

static bool read_i64(struct cc_json_reader *r, int64_t *out)
{
    struct cc_str type, digits;

    return open_typed(r, &type) && cc_str_eq(type, CC_STR("N")) && cc_json_take_str(r, &digits) &&
           cc_str_to_i64(digits, INT64_MIN, INT64_MAX, out) && cc_json_take(r, '}');
}

static bool read_attribute(struct cc_json_reader *r, struct cc_str name, struct cc_jw *body,
                           struct dynamo_row *out)
{
    int64_t ignored;

    if (cc_str_eq(name, CC_STR("pk")))
        return read_str(r, &out->item.key.pk);
    if (cc_str_eq(name, CC_STR("sk")))
        return read_str(r, &out->item.key.sk);
    if (cc_str_eq(name, CC_STR("v")))
        return read_str(r, &out->v);
    if (cc_str_eq(name, CC_STR("mrev")))
        return read_i64(r, &out->item.mrev);
    if (cc_str_eq(name, CC_STR("expires")))
        return read_i64(r, &ignored);
    if (cc_str_eq(name, CC_STR("_expires_ms")))
        return read_i64(r, &out->item.expires_ms);
    if (cc_str_eq(name, CC_STR("_json")))
        return read_str(r, &out->item.body);
    cc_jw_name(body, name.len > 0 && name.at[0] == '_' ? cc_str_skip(name, 1) : name);
    return read_value(r, body, 1);
}

static struct cc_str finished(struct cc_jw *w)
{
    cc_jw_object_end(w);
    return cc_buf_str(w->buf);
}

static struct cc_str kept(struct cc_arena *arena, struct cc_str s)
{
    return s.at ? cc_str_copy(arena, s) : s;
}

/* Copies are followed by a NUL that their length does not count, as SQLite's are. */
bool dynamo_item_read(struct cc_json_reader *r, struct cc_arena *arena, struct dynamo_row *out)
{
    struct dynamo_row row = { 0 };
    struct cc_json_each each;
    struct cc_buf buf;
    struct cc_jw body;

    cc_buf_init(&buf, r->arena, BODY_CEILING_BYTES);
    cc_buf_reserve(&buf, 256);
    cc_jw_init(&body, &buf);
    cc_jw_object(&body);
    for (each = cc_json_each(r, '{'); cc_json_next(&each);)
        each.broken = !read_attribute(r, each.name, &body, &row);
    if (each.broken || buf.overflow)
        return false;
    row.item.key.pk = kept(arena, row.item.key.pk);
    row.item.key.sk = kept(arena, row.item.key.sk);
    row.item.body = cc_str_copy(arena, row.item.body.at ? row.item.body : finished(&body));
    row.v = kept(arena, row.v);
    *out = row;
    return true;
}
