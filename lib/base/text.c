#include "text.h"
#include "arena.h"
#include "utf8.h"

#include <utf8proc.h>

#include <string.h>

bool cc_text_is_utf8(struct cc_str s)
{
    const unsigned char *at = (const unsigned char *)s.at;
    size_t left = s.len;

    while (left > 0) {
        size_t step = cc_utf8_step(at, left);

        if (step == 0)
            return false;
        at += step;
        left -= step;
    }
    return true;
}

size_t cc_text_length(struct cc_str utf8)
{
    size_t length = 0;

    for (size_t i = 0; i < utf8.len; i++)
        length += ((unsigned char)utf8.at[i] & 0xC0) != 0x80;
    return length;
}

/* Takes the first character of `*rest`, which is not empty; -1 if it is none. */
static utf8proc_int32_t take(struct cc_str *rest)
{
    utf8proc_int32_t c;
    utf8proc_ssize_t step =
        utf8proc_iterate((const unsigned char *)rest->at, (utf8proc_ssize_t)rest->len, &c);

    *rest = cc_str_skip(*rest, step > 0 ? (size_t)step : 1);
    return step > 0 ? c : -1;
}

struct cc_str cc_text_cut_characters(struct cc_str utf8, size_t max)
{
    struct cc_str rest = utf8;
    utf8proc_int32_t state = 0, before = 0;
    size_t count = 0, boundary = 0;

    if (utf8.len <= max) /* no character is less than a byte */
        return utf8;
    while (rest.len > 0) {
        size_t at = utf8.len - rest.len;
        utf8proc_int32_t c = take(&rest);

        if (at == 0 || utf8proc_grapheme_break_stateful(before, c, &state))
            boundary = at;
        if (++count > max)
            return cc_str_take(utf8, boundary);
        before = c;
    }
    return utf8;
}

static bool is_ascii(struct cc_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.at[i] >= 0x80)
            return false;
    }
    return true;
}

struct cc_str cc_text_nfc(struct cc_arena *arena, struct cc_str utf8)
{
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    const unsigned char *at = (const unsigned char *)utf8.at;
    utf8proc_ssize_t len = (utf8proc_ssize_t)utf8.len;
    utf8proc_ssize_t count;
    utf8proc_int32_t *points;

    if (is_ascii(utf8))
        return utf8;
    count = utf8proc_decompose(at, len, NULL, 0, options);
    if (count < 0)
        return CC_STR_ABSENT;
    /* utf8proc_reencode writes the text and a NUL over the code points. */
    points = CC_NEW_ARRAY(arena, utf8proc_int32_t, (size_t)count + 1);
    count = utf8proc_decompose(at, len, points, count, options);
    count = utf8proc_reencode(points, count, options);
    return count < 0 ? CC_STR_ABSENT : (struct cc_str){ (char *)points, (size_t)count };
}

/* The property White_Space. */
static bool is_white(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);

    return (c >= 0x09 && c <= 0x0D) || c == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

/* Controls; embeddings, overrides and isolates of the bidirectional algorithm. */
static bool is_forbidden(utf8proc_int32_t c)
{
    return c < 0 || utf8proc_category(c) == UTF8PROC_CATEGORY_CC || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

/* Letters that are drawn as nothing: a name of them alone would be no name. */
static bool is_blank_letter(utf8proc_int32_t c)
{
    return c == 0x115F || c == 0x1160 || c == 0x2800 || c == 0x3164 || c == 0xFFA0;
}

static bool is_visible(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);

    return category != UTF8PROC_CATEGORY_CF && category != UTF8PROC_CATEGORY_MN &&
           category != UTF8PROC_CATEGORY_ME && !is_white(c) && !is_blank_letter(c);
}

/* What most texts begin with is told without utf8proc, whose tables take 250 KB of a process. */
static bool is_ascii_mark(utf8proc_int32_t c)
{
    return c > ' ' && c < 0x7F;
}

bool cc_text_is_blank(struct cc_str utf8)
{
    struct cc_str rest = utf8;

    while (rest.len > 0) {
        utf8proc_int32_t c = take(&rest);
        utf8proc_category_t category;

        if (is_ascii_mark(c))
            return false;
        category = utf8proc_category(c);
        if (!is_white(c) && category != UTF8PROC_CATEGORY_CC && category != UTF8PROC_CATEGORY_CF)
            return false;
    }
    return true;
}

struct cc_str cc_text_name(struct cc_arena *arena, struct cc_str utf8)
{
    struct cc_str rest = cc_text_nfc(arena, utf8);
    char *out = cc_arena_alloc(arena, rest.len + 1);
    bool visible = false, gap = false;
    size_t len = 0;

    if (!rest.at)
        return CC_STR_ABSENT;
    while (rest.len > 0) {
        const char *from = rest.at;
        utf8proc_int32_t c = take(&rest);

        if (c >= 0 && is_white(c)) {
            gap = len > 0;
            continue;
        }
        if (is_forbidden(c))
            return CC_STR_ABSENT;
        if (gap)
            out[len++] = ' ';
        gap = false;
        visible = visible || is_visible(c);
        memcpy(out + len, from, (size_t)(rest.at - from));
        len += (size_t)(rest.at - from);
    }
    return (struct cc_str){ out, visible ? len : 0 };
}

static bool is_command(const unsigned char *at, size_t step)
{
    return step == 0 || (step == 1 && (*at < ' ' || *at == 0x7F)) ||
           (step == 2 && at[0] == 0xC2 && at[1] < 0xA0);
}

void cc_text_tame(char *at, size_t len)
{
    for (size_t i = 0, step; i < len; i += step ? step : 1) {
        const unsigned char *here = (const unsigned char *)at + i;

        step = cc_utf8_step(here, len - i);
        if (is_command(here, step))
            memset(at + i, ' ', step ? step : 1);
    }
}
