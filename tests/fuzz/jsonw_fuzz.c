/* The writer: whatever is written, the document is JSON, and json-c finds in it what was given.
 * The input is a list of things to write. */
#include "fuzz.h"

#include "base/json.h"
#include "base/jsonw.h"
#include "base/text.h"

#include <json-c/json.h>

static struct cc_str text_of(struct json_object *value)
{
    return (struct cc_str){ json_object_get_string(value),
                            (size_t)json_object_get_string_len(value) };
}

/* One string in an array, read again: what is not UTF-8 became U+FFFD. */
static void require_string_comes_back(struct cc_arena *arena, struct cc_str value)
{
    const struct cc_json_limits grammar = { CC_JSON_DEPTH_MAX, 16, SIZE_MAX, true };
    struct cc_err err = { 0 };
    struct json_object *array;
    struct cc_buf buf;
    struct cc_jw w;

    cc_buf_init(&buf, arena, 8 * FUZZ_INPUT_MAX);
    cc_jw_init(&w, &buf);
    cc_jw_array(&w);
    cc_jw_str(&w, value);
    cc_jw_array_end(&w);
    fuzz_require(!buf.overflow);
    fuzz_require(cc_json_check(arena, cc_buf_str(&buf), &grammar, &err) == CC_OK);
    array = json_tokener_parse(cc_str_z(arena, cc_buf_str(&buf)));
    fuzz_require(json_object_array_length(array) == 1);
    if (cc_text_is_utf8(value))
        fuzz_require(cc_str_eq(value, text_of(json_object_array_get_idx(array, 0))));
    json_object_put(array);
}

static void write_value(struct cc_jw *w, struct cc_str *in)
{
    struct cc_str text;

    switch (fuzz_byte(in) % 6) {
    case 0:
        cc_jw_i64(w, fuzz_i64(in));
        break;
    case 1:
        cc_jw_bool(w, fuzz_byte(in) & 1);
        break;
    case 2:
        cc_jw_null(w);
        break;
    case 3:
        cc_jw_time(w, fuzz_i64(in));
        break;
    case 4:
        cc_jw_str(w, CC_STR_ABSENT);
        break;
    default:
        text = cc_str_take(*in, fuzz_byte(in));
        cc_jw_str(w, fuzz_copy(w->buf->arena, text));
        *in = cc_str_skip(*in, text.len);
    }
}

static void write_document(struct cc_jw *w, struct cc_str *in)
{
    static const char *const keys[] = { "a", "b", "item", "" };
    bool is_object[CC_JW_DEPTH_MAX];

    cc_jw_array(w);
    is_object[0] = false;
    while (in->len > 0) {
        unsigned what = fuzz_byte(in);

        if (what == 2 && w->depth > 1) {
            is_object[w->depth - 1] ? cc_jw_object_end(w) : cc_jw_array_end(w);
            continue;
        }
        if (is_object[w->depth - 1])
            cc_jw_key(w, keys[what >> 6]);
        if (what < 2 && w->depth < CC_JW_DEPTH_MAX) {
            is_object[w->depth] = what == 1;
            what == 1 ? cc_jw_object(w) : cc_jw_array(w);
            continue;
        }
        write_value(w, in);
    }
    while (w->depth > 0)
        is_object[w->depth - 1] ? cc_jw_object_end(w) : cc_jw_array_end(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cc_json_limits grammar = { CC_JSON_DEPTH_MAX, UINT32_MAX, SIZE_MAX, true };
    struct cc_str in = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();
    struct cc_err err = { 0 };
    struct cc_buf buf;
    struct cc_jw w;

    require_string_comes_back(arena, in);
    cc_buf_init(&buf, arena, 8 * FUZZ_INPUT_MAX);
    cc_jw_init(&w, &buf);
    write_document(&w, &in);
    if (!buf.overflow)
        fuzz_require(cc_json_check(arena, cc_buf_str(&buf), &grammar, &err) == CC_OK);
    return 0;
}
