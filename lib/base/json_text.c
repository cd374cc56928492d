#include "json_gate.h"
#include "arena.h"
#include "utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum cc_code cc_json_refuse_at(struct cc_json_gate *g, const unsigned char *at, const char *what)
{
    char detail[128];
    size_t offset = (size_t)(at - g->start);

    snprintf(detail, sizeof(detail), "Not acceptable JSON: %s at byte %zu.", what, offset);
    return cc_fail(g->err, CC_BAD_REQUEST, detail, "json: %s at byte %zu", what, offset);
}

enum cc_code cc_json_refuse(struct cc_json_gate *g, const char *what)
{
    return cc_json_refuse_at(g, g->at, g->at < g->end ? what : "it ends too early");
}

enum cc_code cc_json_too_large(struct cc_json_gate *g, const char *what)
{
    char detail[128];

    snprintf(detail, sizeof(detail), "The JSON has %s.", what);
    return cc_fail(g->err, CC_TOO_LARGE, detail, "json: %s", what);
}

/* --- strings ---------------------------------------------------------------------------------- */

static int hex_value(unsigned char c)
{
    if (cc_json_is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The value of the four hexadecimal digits at `at`; -1 if they are not there. */
static int32_t hex4(const unsigned char *at, const unsigned char *end)
{
    int32_t value = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(at[i]);

        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* Behind "\u": a character, or a pair of surrogates that are one (RFC 8259 section 7). */
static enum cc_code check_unicode_escape(struct cc_json_gate *g)
{
    int32_t first = hex4(g->at, g->end);
    int32_t second;

    if (first < 0)
        return cc_json_refuse_at(g, g->at, "an escape without four hexadecimal digits");
    if (first == 0 && !g->limits->only_grammar)
        return cc_json_refuse_at(g, g->at, "the character U+0000");
    g->at += 4;
    if (first < 0xD800 || first > 0xDFFF) {
        g->tally.bytes += cc_utf8_size((uint32_t)first);
        return CC_OK;
    }
    if (first > 0xDBFF || g->end - g->at < 6 || g->at[0] != '\\' || g->at[1] != 'u')
        return cc_json_refuse_at(g, g->at - 4, "half a surrogate pair");
    second = hex4(g->at + 2, g->end);
    if (second < 0xDC00 || second > 0xDFFF)
        return cc_json_refuse_at(g, g->at - 4, "half a surrogate pair");
    g->at += 6;
    g->tally.bytes += 4;
    g->tally.pairs++;
    return CC_OK;
}

static enum cc_code check_escape(struct cc_json_gate *g)
{
    g->at++;
    switch (cc_json_peek(g)) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        g->at++;
        g->tally.bytes++;
        return CC_OK;
    case 'u':
        g->at++;
        return check_unicode_escape(g);
    default:
        return cc_json_refuse(g, "an unknown escape");
    }
}

/* Bytes of a string that need no look of their own: ASCII but controls, '"' and '\'. */
static void skip_plain(struct cc_json_gate *g)
{
    while (g->at < g->end && *g->at >= 0x20 && *g->at < 0x80 && *g->at != '"' && *g->at != '\\')
        g->at++;
}

enum cc_code cc_json_check_string(struct cc_json_gate *g, struct cc_str *out, bool *escaped)
{
    const unsigned char *from = ++g->at;
    size_t escapes = 0; /* bytes */

    *escaped = false;
    for (skip_plain(g); cc_json_peek(g) != '"'; skip_plain(g)) {
        size_t step;

        if (g->at == g->end)
            return cc_json_refuse(g, "");
        if (*g->at == '\\') {
            const unsigned char *start = g->at;
            enum cc_code rc = check_escape(g);

            if (rc != CC_OK)
                return rc;
            escapes += (size_t)(g->at - start);
            *escaped = true;
            continue;
        }
        if (*g->at < 0x20)
            return cc_json_refuse(g, "a control character in a string");
        step = cc_utf8_step(g->at, (size_t)(g->end - g->at));
        if (step == 0)
            return cc_json_refuse(g, "a byte that is not UTF-8");
        g->at += step;
    }
    *out = (struct cc_str){ (const char *)from, (size_t)(g->at - from) };
    g->at++;
    g->tally.bytes += out->len - escapes;
    if (out->len > g->limits->string_bytes)
        return cc_json_too_large(g, "a string that is too long");
    return CC_OK;
}

/* Decodes one escape that was checked already; `at` is at the backslash. Returns its length. */
static size_t decode_escape(const unsigned char *at, unsigned char *out, size_t *out_len)
{
    static const char letters[] = "b\bf\fn\nr\rt\t";
    const char *hit = strchr(letters, at[1]);
    int32_t c;

    if (at[1] != 'u') {
        *out_len = cc_utf8_put(out, (unsigned char)(hit ? hit[1] : at[1]));
        return 2;
    }
    c = hex4(at + 2, at + 6);
    if (c < 0xD800 || c > 0xDFFF) {
        *out_len = cc_utf8_put(out, (uint32_t)c);
        return 6;
    }
    c = 0x10000 + ((c - 0xD800) << 10) + (hex4(at + 8, at + 12) - 0xDC00);
    *out_len = cc_utf8_put(out, (uint32_t)c);
    return 12;
}

struct cc_str cc_json_decode_string(struct cc_arena *arena, struct cc_str text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    unsigned char *out = cc_arena_alloc(arena, text.len + 1);
    size_t len = 0, i = 0;

    while (i < text.len) {
        size_t step = 1, written = 1;

        if (at[i] == '\\')
            step = decode_escape(at + i, out + len, &written);
        else
            out[len] = at[i];
        i += step;
        len += written;
    }
    return (struct cc_str){ (char *)out, len };
}

static bool is_pair(const unsigned char *escape)
{
    int32_t first = escape[1] == 'u' ? hex4(escape + 2, escape + 6) : 0;

    return first >= 0xD800 && first <= 0xDBFF;
}

struct cc_str cc_json_join_pairs(struct cc_arena *arena, struct cc_str text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    unsigned char *out = cc_arena_alloc(arena, text.len + 1);
    size_t len = 0, i = 0;

    while (i < text.len) {
        size_t step = at[i] == '\\' ? 2 : 1, written = step;

        if (step == 2 && is_pair(at + i))
            step = decode_escape(at + i, out + len, &written);
        else
            memcpy(out + len, at + i, step);
        i += step;
        len += written;
    }
    return (struct cc_str){ (char *)out, len };
}

/* --- numbers ---------------------------------------------------------------------------------- */

struct number {
    const unsigned char *from;
    size_t digits;     /* of the significand, leading zeroes left out */
    int64_t magnitude; /* the value is below 10^magnitude; with no digits it is 0 */
    bool is_integer;   /* neither fraction nor exponent */
};

/* Digits of the significand, at least one; `*places` counts them with leading zeroes. */
static enum cc_code scan_digits(struct cc_json_gate *g, struct number *number, int64_t *places)
{
    if (!cc_json_is_digit(cc_json_peek(g)))
        return cc_json_refuse(g, "a digit is missing");
    while (cc_json_is_digit(cc_json_peek(g))) {
        if (number->digits > 0 || *g->at != '0')
            number->digits++;
        (*places)++;
        g->at++;
    }
    return CC_OK;
}

/* An exponent, kept within what no body can outweigh by the length of its significand. */
static enum cc_code scan_exponent(struct cc_json_gate *g, int64_t *out)
{
    const int64_t bound = INT64_C(1000000000000);
    bool negative = false;
    int64_t value = 0;

    g->at++;
    if (cc_json_peek(g) == '+' || cc_json_peek(g) == '-')
        negative = *g->at++ == '-';
    if (!cc_json_is_digit(cc_json_peek(g)))
        return cc_json_refuse(g, "an exponent without digits");
    for (; cc_json_is_digit(cc_json_peek(g)); g->at++)
        value = value < bound ? value * 10 + (*g->at - '0') : bound;
    *out = negative ? -value : value;
    return CC_OK;
}

static enum cc_code scan_number(struct cc_json_gate *g, struct number *number)
{
    int64_t places = 0, leading, exponent = 0;
    enum cc_code rc;

    *number = (struct number){ .from = g->at, .is_integer = true };
    if (cc_json_peek(g) == '-')
        g->at++;
    if (cc_json_peek(g) == '0' && g->end - g->at > 1 && cc_json_is_digit(g->at[1]))
        return cc_json_refuse(g, "a number with a leading zero");
    rc = scan_digits(g, number, &places);
    leading = places;
    if (rc == CC_OK && cc_json_peek(g) == '.') {
        number->is_integer = false;
        g->at++;
        places = 0;
        rc = scan_digits(g, number, &places);
        places += leading;
    }
    if (rc == CC_OK && (cc_json_peek(g) == 'e' || cc_json_peek(g) == 'E')) {
        number->is_integer = false;
        rc = scan_exponent(g, &exponent);
    }
    number->magnitude = (int64_t)number->digits - (places - leading) + exponent;
    return rc;
}

/* The largest double is 1.7...e308: of the numbers with that magnitude, ask strtod, with enough
 * digits (309) to decide it exactly; without a decimal point, so that no locale matters. */
static bool is_infinite(const struct number *number, const unsigned char *end)
{
    char text[320];
    size_t len = 0;

    if (number->digits == 0 || number->magnitude < 309)
        return false;
    if (number->magnitude > 309)
        return true;
    for (const unsigned char *at = number->from; at < end && len < 309; at++) {
        if (*at == 'e' || *at == 'E')
            break;
        if (cc_json_is_digit(*at) && (len > 0 || *at != '0'))
            text[len++] = (char)*at;
    }
    snprintf(text + len, sizeof(text) - len, "e%d", 309 - (int)len);
    return isinf(strtod(text, NULL));
}

enum cc_code cc_json_check_number(struct cc_json_gate *g)
{
    struct number number;
    int64_t ignored;
    enum cc_code rc = scan_number(g, &number);
    struct cc_str text;

    if (rc != CC_OK)
        return rc;
    text = (struct cc_str){ (const char *)number.from, (size_t)(g->at - number.from) };
    if (!number.is_integer) {
        if (is_infinite(&number, g->at))
            return cc_json_refuse_at(g, number.from, "a number that is too large");
    } else if (number.digits > 0 && !cc_str_to_i64(text, INT64_MIN, INT64_MAX, &ignored)) {
        return cc_json_refuse_at(g, number.from, "an integer of more than 64 bits");
    }
    return CC_OK;
}
