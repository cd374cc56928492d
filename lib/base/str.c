#include "str.h"
#include "arena.h"
#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

struct cc_str cc_str_from(const char *z)
{
    return z ? (struct cc_str){ z, strlen(z) } : CC_STR_ABSENT;
}

bool cc_str_eq(struct cc_str a, struct cc_str b)
{
    if (!a.at || !b.at)
        return a.at == b.at;
    return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool cc_str_eq_nocase(struct cc_str a, struct cc_str b)
{
    if (!a.at || !b.at)
        return a.at == b.at;
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    }
    return true;
}

bool cc_str_eq_secret(struct cc_str a, struct cc_str b)
{
    return a.at && b.at && a.len == b.len && CRYPTO_memcmp(a.at, b.at, a.len) == 0;
}

int cc_str_cmp(struct cc_str a, struct cc_str b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared ? memcmp(a.at, b.at, shared) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool cc_str_starts(struct cc_str s, struct cc_str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.at, prefix.at, prefix.len) == 0);
}

bool cc_str_ends(struct cc_str s, struct cc_str suffix)
{
    return s.len >= suffix.len && cc_str_starts(cc_str_skip(s, s.len - suffix.len), suffix);
}

struct cc_str cc_str_skip(struct cc_str s, size_t count)
{
    if (count > s.len)
        count = s.len;
    return s.at ? (struct cc_str){ s.at + count, s.len - count } : s;
}

struct cc_str cc_str_take(struct cc_str s, size_t count)
{
    return count < s.len ? (struct cc_str){ s.at, count } : s;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct cc_str cc_str_trim(struct cc_str s)
{
    while (s.len > 0 && is_blank(s.at[0]))
        s = cc_str_skip(s, 1);
    while (s.len > 0 && is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

struct cc_str cc_str_cut(struct cc_str *rest, char at)
{
    struct cc_str all = *rest;
    size_t end = cc_str_find(all, at);

    *rest = end < all.len ? cc_str_skip(all, end + 1) : CC_STR_ABSENT;
    return cc_str_take(all, end);
}

size_t cc_str_find(struct cc_str s, char byte)
{
    const char *hit = s.len ? memchr(s.at, byte, s.len) : NULL;

    return hit ? (size_t)(hit - s.at) : s.len;
}

/* Digits without a sign, as a negative number: its range holds the other's. */
static bool digits_to_negative(struct cc_str digits, int64_t *out)
{
    int64_t value = 0;

    if (digits.len == 0 || (digits.at[0] == '0' && digits.len > 1))
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.at[i];

        if (c < '0' || c > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, c - '0', &value))
            return false;
    }
    *out = value;
    return true;
}

bool cc_str_to_i64(struct cc_str s, int64_t min, int64_t max, int64_t *out)
{
    bool negative = s.len > 0 && s.at[0] == '-';
    int64_t value;

    if (!digits_to_negative(cc_str_skip(s, negative), &value))
        return false;
    if (negative ? value == 0 : __builtin_sub_overflow(0, value, &value))
        return false;
    if (value < min || value > max)
        return false;
    *out = value;
    return true;
}

struct cc_str cc_str_copy(struct cc_arena *arena, struct cc_str s)
{
    return s.at ? cc_str_join(arena, &s, 1) : s;
}

struct cc_str cc_str_copy_secret(struct cc_arena *arena, struct cc_str s)
{
    char *copy;

    if (!s.at)
        return s;
    copy = cc_arena_alloc_secret(arena, s.len + 1);
    memcpy(copy, s.at, s.len);
    return (struct cc_str){ copy, s.len };
}

struct cc_str cc_str_from_i64(struct cc_arena *arena, int64_t value)
{
    char text[24];
    struct cc_buf buf;

    cc_buf_init_fixed(&buf, text, sizeof(text));
    cc_buf_add_i64(&buf, value);
    return cc_str_copy(arena, cc_buf_str(&buf));
}

/* Most are short: formatted once, then copied. */
struct cc_str cc_str_format(struct cc_arena *arena, const char *format, ...)
{
    char brief[256];
    va_list args;
    char *at;
    int len;

    va_start(args, format);
    len = vsnprintf(brief, sizeof(brief), format, args);
    va_end(args);
    if (len < 0)
        return CC_STR("");
    at = cc_arena_alloc(arena, (size_t)len + 1);
    if ((size_t)len < sizeof(brief)) {
        memcpy(at, brief, (size_t)len + 1);
        return (struct cc_str){ at, (size_t)len };
    }
    va_start(args, format);
    vsnprintf(at, (size_t)len + 1, format, args);
    va_end(args);
    return (struct cc_str){ at, (size_t)len };
}

struct cc_str cc_str_join(struct cc_arena *arena, const struct cc_str *parts, size_t count)
{
    size_t len = 0;
    char *at;

    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    at = cc_arena_alloc(arena, len + 1);
    len = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len)
            memcpy(at + len, parts[i].at, parts[i].len);
        len += parts[i].len;
    }
    return (struct cc_str){ at, len };
}

const char *cc_str_z(struct cc_arena *arena, struct cc_str s)
{
    if (!s.at || cc_str_find(s, '\0') < s.len)
        return NULL;
    return cc_str_copy(arena, s).at;
}
