#include "encode.h"
#include "arena.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct cc_str cc_hex_encode(struct cc_arena *arena, struct cc_str bytes)
{
    char *out;

    if (!bytes.at)
        return bytes;
    out = cc_arena_alloc(arena, bytes.len * 2 + 1);
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.at[i];

        out[2 * i] = hex_digits[byte >> 4];
        out[2 * i + 1] = hex_digits[byte & 15];
    }
    return (struct cc_str){ out, bytes.len * 2 };
}

/* 0 to 15; -1 for anything else, upper case among it. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct cc_str cc_hex_decode(struct cc_arena *arena, struct cc_str text)
{
    char *out;

    if (!text.at || text.len % 2)
        return CC_STR_ABSENT;
    out = cc_arena_alloc(arena, text.len / 2 + 1);
    for (size_t i = 0; i < text.len / 2; i++) {
        int high = hex_value(text.at[2 * i]);
        int low = hex_value(text.at[2 * i + 1]);

        if (high < 0 || low < 0)
            return CC_STR_ABSENT;
        out[i] = (char)(high << 4 | low);
    }
    return (struct cc_str){ out, text.len / 2 };
}

struct cc_str cc_base64url_encode(struct cc_arena *arena, struct cc_str bytes)
{
    size_t len = bytes.len / 3 * 4 + (bytes.len % 3 ? bytes.len % 3 + 1 : 0);
    uint32_t bits = 0;
    unsigned held = 0;
    size_t at = 0;
    char *out;

    if (!bytes.at)
        return bytes;
    out = cc_arena_alloc(arena, len + 1);
    for (size_t i = 0; i < bytes.len; i++) {
        bits = bits << 8 | (unsigned char)bytes.at[i];
        for (held += 8; held >= 6; held -= 6)
            out[at++] = base64url_digits[bits >> (held - 6) & 63];
    }
    if (held)
        out[at++] = base64url_digits[bits << (6 - held) & 63];
    return (struct cc_str){ out, len };
}

static int base64url_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

struct cc_str cc_base64url_decode(struct cc_arena *arena, struct cc_str text)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t len = 0;
    char *out;

    if (!text.at || text.len % 4 == 1)
        return CC_STR_ABSENT;
    out = cc_arena_alloc(arena, text.len / 4 * 3 + 3);
    for (size_t i = 0; i < text.len; i++) {
        int value = base64url_value(text.at[i]);

        if (value < 0)
            return CC_STR_ABSENT;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[len++] = (char)(unsigned char)(bits >> held);
        }
    }
    /* RFC 4648 3.5: other trailing bits would be a second spelling of the same bytes. */
    if (bits & ((1u << held) - 1))
        return CC_STR_ABSENT;
    return (struct cc_str){ out, len };
}

static bool is_unreserved(char c)
{
    return base64url_value(c) >= 0 || c == '.' || c == '~';
}

void cc_percent_add(struct cc_buf *buf, struct cc_str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.at[i];

        if (is_unreserved(bytes.at[i])) {
            cc_buf_add_byte(buf, bytes.at[i]);
            continue;
        }
        cc_buf_add_byte(buf, '%');
        cc_buf_add_byte(buf, "0123456789ABCDEF"[byte >> 4]);
        cc_buf_add_byte(buf, "0123456789ABCDEF"[byte & 15]);
    }
}

struct cc_str cc_percent_encode(struct cc_arena *arena, struct cc_str bytes)
{
    const size_t size = bytes.len * 3 + 1;
    struct cc_buf buf;

    if (!bytes.at)
        return bytes;
    cc_buf_init_fixed(&buf, cc_arena_alloc(arena, size), size);
    cc_percent_add(&buf, bytes);
    return cc_buf_str(&buf);
}

/* RFC 3986 2.1: both cases of the digits mean the same. */
static int percent_value(char c)
{
    return hex_value(c >= 'A' && c <= 'F' ? (char)(c + ('a' - 'A')) : c);
}

struct cc_str cc_percent_decode(struct cc_arena *arena, struct cc_str text)
{
    size_t len = 0;
    char *out;

    if (!text.at)
        return text;
    out = cc_arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        int high, low;

        if (text.at[i] != '%') {
            out[len++] = text.at[i];
            continue;
        }
        if (text.len - i < 3)
            return CC_STR_ABSENT;
        high = percent_value(text.at[++i]);
        low = percent_value(text.at[++i]);
        if (high < 0 || low < 0)
            return CC_STR_ABSENT;
        out[len++] = (char)(high << 4 | low);
    }
    return (struct cc_str){ out, len };
}
