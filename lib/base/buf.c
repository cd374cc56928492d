#include "buf.h"
#include "arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SMALLEST_BYTES ((size_t)256)

void cc_buf_init(struct cc_buf *buf, struct cc_arena *arena, size_t ceiling_bytes)
{
    *buf = (struct cc_buf){ .arena = arena, .ceiling = ceiling_bytes };
}

void cc_buf_init_fixed(struct cc_buf *buf, char *memory, size_t size_bytes)
{
    assert(size_bytes > 0);
    *buf = (struct cc_buf){ .at = memory, .cap = size_bytes - 1, .ceiling = size_bytes - 1 };
}

void cc_buf_init_secret(struct cc_buf *buf, struct cc_arena *arena, size_t size_bytes)
{
    cc_buf_init_fixed(buf, cc_arena_alloc_secret(arena, size_bytes), size_bytes);
}

/* One byte more than `cap` is allocated: vsnprintf ends what it writes with a NUL. */
static void grow(struct cc_buf *buf, size_t needed)
{
    size_t cap = buf->cap < SMALLEST_BYTES ? SMALLEST_BYTES : buf->cap;

    while (cap < needed)
        cap *= 2;
    if (cap > buf->ceiling)
        cap = buf->ceiling;
    buf->at = cc_arena_grow(buf->arena, buf->at, buf->at ? buf->cap + 1 : 0, cap + 1);
    buf->cap = cap;
}

/* Whether `more` bytes may be added; there is room for them then. */
static bool make_room(struct cc_buf *buf, size_t more)
{
    if (buf->overflow || more > buf->ceiling - buf->len) {
        buf->overflow = true;
        return false;
    }
    if (more > buf->cap - buf->len)
        grow(buf, buf->len + more);
    return true;
}

void cc_buf_reserve(struct cc_buf *buf, size_t more_bytes)
{
    size_t left = buf->ceiling - buf->len;

    if (more_bytes > left)
        more_bytes = left;
    if (more_bytes > buf->cap - buf->len)
        grow(buf, buf->len + more_bytes);
}

void cc_buf_add(struct cc_buf *buf, struct cc_str s)
{
    if (s.len == 0 || !make_room(buf, s.len))
        return;
    memcpy(buf->at + buf->len, s.at, s.len);
    buf->len += s.len;
}

void cc_buf_add_z(struct cc_buf *buf, const char *literal)
{
    cc_buf_add(buf, cc_str_from(literal));
}

void cc_buf_add_byte(struct cc_buf *buf, char byte)
{
    if (make_room(buf, 1))
        buf->at[buf->len++] = byte;
}

void cc_buf_add_i64(struct cc_buf *buf, int64_t value)
{
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (value < 0)
        digits[--at] = '-';
    cc_buf_add(buf, (struct cc_str){ digits + at, sizeof(digits) - at });
}

void cc_buf_add_format(struct cc_buf *buf, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len <= 0 || !make_room(buf, (size_t)len))
        return;
    va_start(args, format);
    vsnprintf(buf->at + buf->len, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
}

struct cc_str cc_buf_str(const struct cc_buf *buf)
{
    return (struct cc_str){ buf->at ? buf->at : "", buf->len };
}
