#include "jsonw.h"
#include "clock.h"
#include "utf8.h"

#include <assert.h>
#include <string.h>

void cc_jw_init(struct cc_jw *w, struct cc_buf *buf)
{
    *w = (struct cc_jw){ .buf = buf };
}

static uint32_t level_bit(const struct cc_jw *w)
{
    return UINT32_C(1) << (w->depth - 1);
}

/* What stands before a value or a key: the comma. */
static void separate(struct cc_jw *w)
{
    if (w->depth == 0)
        return;
    if (w->has_items & level_bit(w))
        cc_buf_add_byte(w->buf, ',');
    w->has_items |= level_bit(w);
}

static void before_value(struct cc_jw *w)
{
    assert(w->after_key || w->depth == 0 || !(w->is_object & level_bit(w)));
    if (!w->after_key)
        separate(w);
    w->after_key = false;
}

static void open_level(struct cc_jw *w, bool is_object)
{
    assert(w->depth < CC_JW_DEPTH_MAX);
    before_value(w);
    w->depth++;
    w->has_items &= ~level_bit(w);
    w->is_object = is_object ? w->is_object | level_bit(w) : w->is_object & ~level_bit(w);
    cc_buf_add_byte(w->buf, is_object ? '{' : '[');
}

static void close_level(struct cc_jw *w, bool is_object)
{
    assert(w->depth > 0 && !w->after_key && !(w->is_object & level_bit(w)) == !is_object);
    w->depth--;
    cc_buf_add_byte(w->buf, is_object ? '}' : ']');
}

void cc_jw_object(struct cc_jw *w)
{
    open_level(w, true);
}

void cc_jw_object_end(struct cc_jw *w)
{
    close_level(w, true);
}

void cc_jw_array(struct cc_jw *w)
{
    open_level(w, false);
}

void cc_jw_array_end(struct cc_jw *w)
{
    close_level(w, false);
}

void cc_jw_key(struct cc_jw *w, const char *key)
{
    assert(w->depth > 0 && (w->is_object & level_bit(w)) && !w->after_key);
    separate(w);
    cc_buf_add_byte(w->buf, '"');
    cc_buf_add_z(w->buf, key);
    cc_buf_add_z(w->buf, "\":");
    w->after_key = true;
}

#define EVERY_BYTE(b) (UINT64_C(0x0101010101010101) * (b))
#define HIGH_BITS EVERY_BYTE(0x80)

/* Whether one of eight bytes is a control byte, a quote, a backslash or not ASCII. A borrow can
 * also mark the byte above a marked one: never a false "no". */
static bool any_special(const unsigned char *at)
{
    uint64_t word, quote, backslash;

    memcpy(&word, at, sizeof(word));
    quote = word ^ EVERY_BYTE('"');
    backslash = word ^ EVERY_BYTE('\\');
    return ((word | (word - EVERY_BYTE(0x20)) | (quote - EVERY_BYTE(1)) |
             (backslash - EVERY_BYTE(1))) &
            HIGH_BITS) != 0;
}

static bool is_special(unsigned char byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\' || byte >= 0x80;
}

/* U+2028 and U+2029 end a line in JavaScript before ES2019. */
static bool is_line_end(const unsigned char *at, size_t len)
{
    return len == 3 && at[0] == 0xE2 && at[1] == 0x80 && (at[2] == 0xA8 || at[2] == 0xA9);
}

/* How many bytes from `at` on can be copied as they are. */
static size_t plain_run(const unsigned char *at, size_t left)
{
    size_t run = 0;

    while (run < left) {
        size_t step;

        while (left - run >= 8 && !any_special(at + run))
            run += 8;
        while (run < left && !is_special(at[run]))
            run++;
        if (run == left || at[run] < 0x80)
            break;
        step = cc_utf8_step(at + run, left - run);
        if (step == 0 || is_line_end(at + run, step))
            break;
        run += step;
    }
    return run;
}

static void add_control(struct cc_buf *buf, unsigned char byte)
{
    static const char letters[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
    };
    const char escape[] = {
        '\\', 'u', '0', '0', "0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]
    };

    if (letters[byte]) {
        cc_buf_add_byte(buf, '\\');
        cc_buf_add_byte(buf, letters[byte]);
        return;
    }
    cc_buf_add(buf, (struct cc_str){ escape, sizeof(escape) });
}

/* Writes what cannot be copied; returns how many bytes of the input that was. */
static size_t add_special(struct cc_buf *buf, const unsigned char *at, size_t left)
{
    size_t step = cc_utf8_step(at, left);

    if (step == 0) {
        cc_buf_add(buf, CC_STR(CC_UTF8_REPLACEMENT));
        return 1;
    }
    if (step == 3) {
        cc_buf_add_z(buf, at[2] == 0xA8 ? "\\u2028" : "\\u2029");
    } else if (at[0] < 0x20) {
        add_control(buf, at[0]);
    } else {
        cc_buf_add_byte(buf, '\\');
        cc_buf_add_byte(buf, (char)at[0]);
    }
    return step;
}

static void add_string(struct cc_buf *buf, struct cc_str value)
{
    const unsigned char *at = (const unsigned char *)value.at;
    size_t left = value.len;

    cc_buf_reserve(buf, left + 2);
    cc_buf_add_byte(buf, '"');
    while (left > 0) {
        size_t run = plain_run(at, left);

        cc_buf_add(buf, (struct cc_str){ (const char *)at, run });
        at += run;
        left -= run;
        if (left > 0) {
            size_t step = add_special(buf, at, left);

            at += step;
            left -= step;
        }
    }
    cc_buf_add_byte(buf, '"');
}

void cc_jw_name(struct cc_jw *w, struct cc_str key)
{
    assert(w->depth > 0 && (w->is_object & level_bit(w)) && !w->after_key);
    separate(w);
    add_string(w->buf, key);
    cc_buf_add_byte(w->buf, ':');
    w->after_key = true;
}

void cc_jw_str(struct cc_jw *w, struct cc_str value)
{
    if (!value.at) {
        cc_jw_null(w);
        return;
    }
    before_value(w);
    add_string(w->buf, value);
}

void cc_jw_i64(struct cc_jw *w, int64_t value)
{
    before_value(w);
    cc_buf_add_i64(w->buf, value);
}

void cc_jw_bool(struct cc_jw *w, bool value)
{
    cc_jw_raw(w, value ? CC_STR("true") : CC_STR("false"));
}

void cc_jw_null(struct cc_jw *w)
{
    cc_jw_raw(w, CC_STR("null"));
}

void cc_jw_time(struct cc_jw *w, int64_t wall_ms)
{
    char text[CC_TIME_TEXT_SIZE];

    cc_jw_str(w, cc_time_format(wall_ms, text));
}

void cc_jw_raw(struct cc_jw *w, struct cc_str json)
{
    assert(json.len > 0);
    before_value(w);
    cc_buf_add(w->buf, json);
}

void cc_jw_put_str(struct cc_jw *w, const char *key, struct cc_str value)
{
    cc_jw_key(w, key);
    cc_jw_str(w, value);
}

void cc_jw_put_i64(struct cc_jw *w, const char *key, int64_t value)
{
    cc_jw_key(w, key);
    cc_jw_i64(w, value);
}

void cc_jw_put_bool(struct cc_jw *w, const char *key, bool value)
{
    cc_jw_key(w, key);
    cc_jw_bool(w, value);
}

void cc_jw_put_time(struct cc_jw *w, const char *key, int64_t wall_ms)
{
    cc_jw_key(w, key);
    cc_jw_time(w, wall_ms);
}
