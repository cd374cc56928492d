#include "json_reader.h"

#include "arena.h"
#include "limits.h"
#include "utf8.h"

#include <string.h>

bool cc_json_take_word(struct cc_json_reader *r, struct cc_str word)
{
    const struct cc_str rest = { r->at, (size_t)(r->end - r->at) };

    if (!cc_str_starts(rest, word))
        return false;
    r->at += word.len;
    return true;
}

/* --- strings ---------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool take_hex4(struct cc_json_reader *r, uint32_t *out)
{
    uint32_t value = 0;

    if (r->end - r->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        const int digit = hex_digit(*r->at++);

        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *out = value;
    return true;
}

/* RFC 8259 7: what lies above U+FFFF is a pair of surrogates. */
static bool take_code_point(struct cc_json_reader *r, uint32_t *out)
{
    uint32_t high, low;

    if (!take_hex4(r, &high))
        return false;
    if (high < 0xD800 || high > 0xDFFF) {
        *out = high;
        return true;
    }
    if (high > 0xDBFF || !cc_json_take_word(r, CC_STR("\\u")) || !take_hex4(r, &low) ||
        low < 0xDC00 || low > 0xDFFF)
        return false;
    *out = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

/* What follows a backslash, written at `*to`. */
static bool take_escape(struct cc_json_reader *r, char **to)
{
    static const char names[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    const char *name;
    uint32_t c;

    if (r->at == r->end)
        return false;
    if (*r->at == 'u') {
        r->at++;
        if (!take_code_point(r, &c))
            return false;
        *to += cc_utf8_put((unsigned char *)*to, c);
        return true;
    }
    name = memchr(names, *r->at++, sizeof(names) - 1);
    if (name)
        *(*to)++ = bytes[name - names];
    return name != NULL;
}

/* The quote that ends a string which goes on at `at`; NULL if there is none. */
static const char *find_quote(const char *at, const char *end)
{
    for (; at < end && *at != '"'; at++) {
        if (*at == '\\' && at + 1 < end)
            at++;
    }
    return at < end ? at : NULL;
}

/* The rest of a string that has escapes, `done` being what came before the first of them. An
 * escape is never shorter than what it stands for. */
static bool take_escaped(struct cc_json_reader *r, struct cc_str done, struct cc_str *out)
{
    const char *quote = find_quote(r->at, r->end);
    char *start, *to;

    if (!quote)
        return false;
    start = cc_arena_alloc(r->arena, (size_t)(quote - done.at));
    to = start + done.len;
    memcpy(start, done.at, done.len);
    while (r->at < r->end && *r->at != '"') {
        if (*r->at != '\\')
            *to++ = *r->at++;
        else if (r->at++, !take_escape(r, &to))
            return false;
    }
    *out = (struct cc_str){ start, (size_t)(to - start) };
    return r->at < r->end && *r->at++ == '"';
}

bool cc_json_take_str(struct cc_json_reader *r, struct cc_str *out)
{
    const char *start, *quote, *escape;

    if (!cc_json_take(r, '"'))
        return false;
    start = r->at;
    quote = memchr(start, '"', (size_t)(r->end - start));
    if (!quote)
        return false;
    escape = memchr(start, '\\', (size_t)(quote - start));
    r->at = escape ? escape : quote + 1;
    *out = (struct cc_str){ start, (size_t)((escape ? escape : quote) - start) };
    return escape ? take_escaped(r, *out, out) : true;
}

/* --- what is not read ------------------------------------------------------------------------- */

bool cc_json_take_number(struct cc_json_reader *r, struct cc_str *out)
{
    static const char part_of_number[] = "+-.0123456789eE";
    const char *start = r->at;

    while (r->at < r->end && memchr(part_of_number, *r->at, sizeof(part_of_number) - 1) != NULL)
        r->at++;
    *out = (struct cc_str){ start, (size_t)(r->at - start) };
    return r->at > start;
}

static bool skip_members(struct cc_json_reader *r, char close, bool has_names)
{
    struct cc_str name;

    if (cc_json_take(r, close))
        return true;
    do {
        if (has_names && (!cc_json_take_str(r, &name) || !cc_json_take(r, ':')))
            return false;
        if (!cc_json_skip(r))
            return false;
    } while (cc_json_take(r, ','));
    return cc_json_take(r, close);
}

bool cc_json_skip(struct cc_json_reader *r)
{
    struct cc_str ignored;
    bool ok;

    if (++r->depth > CC_JSON_DEPTH_MAX)
        return false;
    cc_json_skip_space(r);
    if (cc_json_take(r, '{'))
        ok = skip_members(r, '}', true);
    else if (cc_json_take(r, '['))
        ok = skip_members(r, ']', false);
    else if (r->at < r->end && *r->at == '"')
        ok = cc_json_take_str(r, &ignored);
    else
        ok = cc_json_take_word(r, CC_STR("null")) || cc_json_take_word(r, CC_STR("true")) ||
             cc_json_take_word(r, CC_STR("false")) || cc_json_take_number(r, &ignored);
    r->depth--;
    return ok;
}

/* --- members ---------------------------------------------------------------------------------- */

struct cc_json_each cc_json_each(struct cc_json_reader *r, char open)
{
    return (struct cc_json_each){ .r = r, .open = open, .broken = !cc_json_take(r, open) };
}

bool cc_json_next(struct cc_json_each *each)
{
    const char close = each->open == '{' ? '}' : ']';

    if (each->broken || cc_json_take(each->r, close))
        return false;
    if (each->begun && !cc_json_take(each->r, ','))
        each->broken = true;
    else if (each->open == '{')
        each->broken = !cc_json_take_str(each->r, &each->name) || !cc_json_take(each->r, ':');
    each->begun = true;
    cc_json_skip_space(each->r);
    return !each->broken;
}
