#include "json.h"
#include "arena.h"
#include "limits.h"
#include "utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

const struct cc_json_limits cc_json_default_limits = {
    .depth = CC_JSON_DEPTH_MAX,
    .nodes = CC_JSON_NODES_MAX,
    .string_bytes = CC_JSON_STRING_BYTES_MAX,
};

/* A key as it stands in the text, or decoded where it holds escapes. */
struct key {
    struct cc_str name;
    size_t offset;
};

/* Reads from `at` to `end`. Keys of the objects that are open stand in `keys`, those of the
 * innermost last. */
struct gate {
    struct cc_arena *arena;
    const struct cc_json_limits *limits;
    struct cc_err *err;
    const unsigned char *start, *at, *end;
    unsigned depth, nodes;
    uint32_t is_object; /* bit per level */
    size_t first_key[CC_JSON_DEPTH_MAX];
    struct key *keys;
    size_t key_count, key_room;
};

_Static_assert(CC_JSON_DEPTH_MAX <= 32, "gate.is_object has a bit per level");

static enum cc_code refuse_at(struct gate *g, const unsigned char *at, const char *what)
{
    char detail[128];
    size_t offset = (size_t)(at - g->start);

    snprintf(detail, sizeof(detail), "Not acceptable JSON: %s at byte %zu.", what, offset);
    return cc_fail(g->err, CC_BAD_REQUEST, detail, "json: %s at byte %zu", what, offset);
}

static enum cc_code refuse(struct gate *g, const char *what)
{
    return refuse_at(g, g->at, g->at < g->end ? what : "it ends too early");
}

static enum cc_code too_large(struct gate *g, const char *what)
{
    char detail[128];

    snprintf(detail, sizeof(detail), "The JSON has %s.", what);
    return cc_fail(g->err, CC_TOO_LARGE, detail, "json: %s", what);
}

/* The next byte; NUL, which is no part of any token, at the end. */
static unsigned char peek(const struct gate *g)
{
    return g->at < g->end ? *g->at : '\0';
}

static void skip_space(struct gate *g)
{
    while (g->at < g->end && (*g->at == ' ' || *g->at == '\n' || *g->at == '\r' || *g->at == '\t'))
        g->at++;
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

/* --- strings ---------------------------------------------------------------------------------- */

static int hex_value(unsigned char c)
{
    if (is_digit(c))
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
static enum cc_code check_unicode_escape(struct gate *g)
{
    int32_t first = hex4(g->at, g->end);
    int32_t second;

    if (first < 0)
        return refuse_at(g, g->at, "an escape without four hexadecimal digits");
    if (first == 0 && !g->limits->only_grammar)
        return refuse_at(g, g->at, "the character U+0000");
    g->at += 4;
    if (first < 0xD800 || first > 0xDFFF)
        return CC_OK;
    if (first > 0xDBFF || g->end - g->at < 6 || g->at[0] != '\\' || g->at[1] != 'u')
        return refuse_at(g, g->at - 4, "half a surrogate pair");
    second = hex4(g->at + 2, g->end);
    if (second < 0xDC00 || second > 0xDFFF)
        return refuse_at(g, g->at - 4, "half a surrogate pair");
    g->at += 6;
    return CC_OK;
}

static enum cc_code check_escape(struct gate *g)
{
    g->at++;
    switch (peek(g)) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        g->at++;
        return CC_OK;
    case 'u':
        g->at++;
        return check_unicode_escape(g);
    default:
        return refuse(g, "an unknown escape");
    }
}

/* Bytes of a string that need no look of their own: ASCII but controls, '"' and '\'. */
static void skip_plain(struct gate *g)
{
    while (g->at < g->end && *g->at >= 0x20 && *g->at < 0x80 && *g->at != '"' && *g->at != '\\')
        g->at++;
}

/* From the opening quote to behind the closing one. `*out` is what stands between them, as it
 * stands there. */
static enum cc_code check_string(struct gate *g, struct cc_str *out, bool *escaped)
{
    const unsigned char *from = ++g->at;

    *escaped = false;
    for (skip_plain(g); peek(g) != '"'; skip_plain(g)) {
        size_t step;

        if (g->at == g->end)
            return refuse(g, "");
        if (*g->at == '\\') {
            enum cc_code rc = check_escape(g);

            if (rc != CC_OK)
                return rc;
            *escaped = true;
            continue;
        }
        if (*g->at < 0x20)
            return refuse(g, "a control character in a string");
        step = cc_utf8_step(g->at, (size_t)(g->end - g->at));
        if (step == 0)
            return refuse(g, "a byte that is not UTF-8");
        g->at += step;
    }
    *out = (struct cc_str){ (const char *)from, (size_t)(g->at - from) };
    g->at++;
    if (out->len > g->limits->string_bytes)
        return too_large(g, "a string that is too long");
    return CC_OK;
}

static size_t put_utf8(unsigned char *out, int32_t c)
{
    if (c < 0x80) {
        out[0] = (unsigned char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (unsigned char)(0xC0 | c >> 6);
        out[1] = (unsigned char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (unsigned char)(0xE0 | c >> 12);
        out[1] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (unsigned char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (unsigned char)(0xF0 | c >> 18);
    out[1] = (unsigned char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (unsigned char)(0x80 | (c & 0x3F));
    return 4;
}

/* Decodes one escape that was checked already; `at` is at the backslash. Returns its length. */
static size_t decode_escape(const unsigned char *at, unsigned char *out, size_t *out_len)
{
    static const char letters[] = "b\bf\fn\nr\rt\t";
    const char *hit = strchr(letters, at[1]);
    int32_t c;

    if (at[1] != 'u') {
        *out_len = put_utf8(out, hit ? hit[1] : at[1]);
        return 2;
    }
    c = hex4(at + 2, at + 6);
    if (c < 0xD800 || c > 0xDFFF) {
        *out_len = put_utf8(out, c);
        return 6;
    }
    c = 0x10000 + ((c - 0xD800) << 10) + (hex4(at + 8, at + 12) - 0xDC00);
    *out_len = put_utf8(out, c);
    return 12;
}

/* Never longer than what it is decoded from. */
static struct cc_str decode_string(struct cc_arena *arena, struct cc_str text)
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

/* --- numbers ---------------------------------------------------------------------------------- */

struct number {
    const unsigned char *from;
    size_t digits;     /* of the significand, leading zeroes left out */
    int64_t magnitude; /* the value is below 10^magnitude; with no digits it is 0 */
    bool is_integer;   /* neither fraction nor exponent */
};

/* Digits of the significand, at least one; `*places` counts them with leading zeroes. */
static enum cc_code scan_digits(struct gate *g, struct number *number, int64_t *places)
{
    if (!is_digit(peek(g)))
        return refuse(g, "a digit is missing");
    while (is_digit(peek(g))) {
        if (number->digits > 0 || *g->at != '0')
            number->digits++;
        (*places)++;
        g->at++;
    }
    return CC_OK;
}

/* An exponent, kept within what no body can outweigh by the length of its significand. */
static enum cc_code scan_exponent(struct gate *g, int64_t *out)
{
    const int64_t bound = INT64_C(1000000000000);
    bool negative = false;
    int64_t value = 0;

    g->at++;
    if (peek(g) == '+' || peek(g) == '-')
        negative = *g->at++ == '-';
    if (!is_digit(peek(g)))
        return refuse(g, "an exponent without digits");
    for (; is_digit(peek(g)); g->at++)
        value = value < bound ? value * 10 + (*g->at - '0') : bound;
    *out = negative ? -value : value;
    return CC_OK;
}

static enum cc_code scan_number(struct gate *g, struct number *number)
{
    int64_t places = 0, leading, exponent = 0;
    enum cc_code rc;

    *number = (struct number){ .from = g->at, .is_integer = true };
    if (peek(g) == '-')
        g->at++;
    if (peek(g) == '0' && g->end - g->at > 1 && is_digit(g->at[1]))
        return refuse(g, "a number with a leading zero");
    rc = scan_digits(g, number, &places);
    leading = places;
    if (rc == CC_OK && peek(g) == '.') {
        number->is_integer = false;
        g->at++;
        places = 0;
        rc = scan_digits(g, number, &places);
        places += leading;
    }
    if (rc == CC_OK && (peek(g) == 'e' || peek(g) == 'E')) {
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
        if (is_digit(*at) && (len > 0 || *at != '0'))
            text[len++] = (char)*at;
    }
    snprintf(text + len, sizeof(text) - len, "e%d", 309 - (int)len);
    return isinf(strtod(text, NULL));
}

static enum cc_code check_number(struct gate *g)
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
            return refuse_at(g, number.from, "a number that is too large");
    } else if (number.digits > 0 && !cc_str_to_i64(text, INT64_MIN, INT64_MAX, &ignored)) {
        return refuse_at(g, number.from, "an integer of more than 64 bits");
    }
    return CC_OK;
}

/* --- structure -------------------------------------------------------------------------------- */

static enum cc_code check_word(struct gate *g)
{
    static const char *const words[] = { "true", "false", "null" };

    for (size_t i = 0; i < CC_COUNT(words); i++) {
        struct cc_str word = cc_str_from(words[i]);

        if (cc_str_starts((struct cc_str){ (const char *)g->at, (size_t)(g->end - g->at) }, word)) {
            g->at += word.len;
            return CC_OK;
        }
    }
    return refuse(g, "a value was expected");
}

static int compare_keys(const void *a, const void *b)
{
    return cc_str_cmp(((const struct key *)a)->name, ((const struct key *)b)->name);
}

/* Of a few keys each pair is compared; more are sorted: without that, a body of nothing but keys
 * would keep us busy for seconds. */
static enum cc_code check_keys(struct gate *g, struct key *keys, size_t count)
{
    const size_t few = 8;

    if (count > few)
        qsort(keys, count, sizeof(*keys), compare_keys);
    for (size_t i = 1; i < count; i++) {
        for (size_t j = count > few ? i - 1 : 0; j < i; j++) {
            if (cc_str_eq(keys[i].name, keys[j].name)) {
                size_t later = keys[i].offset > keys[j].offset ? i : j;

                return refuse_at(g, g->start + keys[later].offset, "a key that was there before");
            }
        }
    }
    return CC_OK;
}

static void remember_key(struct gate *g, struct cc_str name, size_t offset)
{
    if (g->key_count == g->key_room) {
        size_t room = g->key_room ? g->key_room * 2 : 16;

        g->keys = cc_arena_grow(g->arena, g->keys, g->key_room * sizeof(*g->keys),
                                room * sizeof(*g->keys));
        g->key_room = room;
    }
    g->keys[g->key_count++] = (struct key){ name, offset };
}

/* A key and its colon. */
static enum cc_code check_key(struct gate *g)
{
    size_t offset = (size_t)(g->at - g->start);
    struct cc_str name = CC_STR_ABSENT;
    bool escaped = false;
    enum cc_code rc;

    if (peek(g) != '"')
        return refuse(g, "a key was expected");
    rc = check_string(g, &name, &escaped);
    if (rc != CC_OK)
        return rc;
    remember_key(g, escaped ? decode_string(g->arena, name) : name, offset);
    skip_space(g);
    if (peek(g) != ':')
        return refuse(g, "a colon was expected");
    g->at++;
    skip_space(g);
    return CC_OK;
}

static bool in_object(const struct gate *g)
{
    return g->is_object >> (g->depth - 1) & 1;
}

static enum cc_code close_level(struct gate *g)
{
    enum cc_code rc = CC_OK;

    g->at++;
    if (in_object(g)) {
        size_t first = g->first_key[g->depth - 1];

        if (g->key_count - first > 1 && !g->limits->only_grammar)
            rc = check_keys(g, g->keys + first, g->key_count - first);
        g->key_count = first;
    }
    g->depth--;
    return rc;
}

static enum cc_code open_level(struct gate *g, bool is_object)
{
    uint32_t bit;

    if (g->depth == g->limits->depth || g->depth == CC_JSON_DEPTH_MAX)
        return too_large(g, "too many levels");
    bit = UINT32_C(1) << g->depth;
    g->is_object = is_object ? g->is_object | bit : g->is_object & ~bit;
    g->first_key[g->depth++] = g->key_count;
    g->at++;
    return CC_OK;
}

/* Whether the level that was just opened is empty, or a first item follows. */
static enum cc_code enter_level(struct gate *g, bool is_object, bool *value_follows)
{
    enum cc_code rc = open_level(g, is_object);

    if (rc != CC_OK)
        return rc;
    skip_space(g);
    *value_follows = peek(g) != (is_object ? '}' : ']');
    if (!*value_follows)
        return close_level(g);
    return is_object ? check_key(g) : CC_OK;
}

/* One value, or the beginning of one that holds others. */
static enum cc_code check_value(struct gate *g, bool *value_follows)
{
    struct cc_str ignored;
    bool escaped;

    *value_follows = false;
    if (g->nodes++ == g->limits->nodes)
        return too_large(g, "too many values");
    switch (peek(g)) {
    case '{':
        return enter_level(g, true, value_follows);
    case '[':
        return enter_level(g, false, value_follows);
    case '"':
        return check_string(g, &ignored, &escaped);
    default:
        return peek(g) == '-' || is_digit(peek(g)) ? check_number(g) : check_word(g);
    }
}

/* Behind a value: the levels that end here, then a comma if anything is still open. */
static enum cc_code leave_levels(struct gate *g)
{
    enum cc_code rc;

    for (skip_space(g); g->depth > 0 && peek(g) != ','; skip_space(g)) {
        if (peek(g) != (in_object(g) ? '}' : ']'))
            return refuse(g, in_object(g) ? "a comma or '}' was expected"
                                          : "a comma or ']' was expected");
        rc = close_level(g);
        if (rc != CC_OK)
            return rc;
    }
    if (g->depth == 0)
        return CC_OK;
    g->at++;
    skip_space(g);
    return in_object(g) ? check_key(g) : CC_OK;
}

enum cc_code cc_json_check(struct cc_arena *arena, struct cc_str text,
                           const struct cc_json_limits *limits, struct cc_err *err)
{
    const unsigned char *start = (const unsigned char *)(text.at ? text.at : "");
    struct gate g = { .arena = arena,
                      .limits = limits,
                      .err = err,
                      .start = start,
                      .at = start,
                      .end = start + text.len };
    enum cc_code rc;

    if (cc_str_starts(text, CC_STR("\xEF\xBB\xBF")))
        return refuse(&g, "a byte order mark");
    skip_space(&g);
    do {
        bool value_follows;

        rc = check_value(&g, &value_follows);
        if (rc == CC_OK && !value_follows)
            rc = leave_levels(&g);
    } while (rc == CC_OK && g.depth > 0);
    if (rc == CC_OK && g.at < g.end)
        return refuse(&g, "something behind the value");
    return rc;
}

/* --- json-c ----------------------------------------------------------------------------------- */

static void put_object(void *object)
{
    json_object_put(object);
}

/* Without its outer white space: a number is only complete for json-c when something ends it. */
static bool parse(struct cc_arena *arena, struct cc_str text, struct json_object **out)
{
    struct json_tokener *tokener = json_tokener_new_ex(CC_JSON_DEPTH_MAX + 1);
    struct json_object *object;
    enum json_tokener_error error;

    if (!tokener || text.len > INT32_MAX) {
        json_tokener_free(tokener);
        return false;
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    object = json_tokener_parse_ex(tokener, text.at, (int)text.len);
    error = json_tokener_get_error(tokener);
    if (error == json_tokener_continue) {
        object = json_tokener_parse_ex(tokener, "", 1);
        error = json_tokener_get_error(tokener);
    }
    json_tokener_free(tokener);
    if (object)
        cc_arena_defer(arena, put_object, object);
    *out = object;
    return error == json_tokener_success;
}

enum cc_code cc_json_parse(struct cc_arena *arena, struct cc_str text,
                           const struct cc_json_limits *limits, struct json_object **out,
                           struct cc_err *err)
{
    struct json_object *object;
    enum cc_code rc = cc_json_check(arena, text, limits, err);

    if (rc != CC_OK)
        return rc;
    if (!parse(arena, text, &object))
        return cc_fail(err, CC_INTERNAL, NULL, "json-c refused what the gate let pass");
    *out = object;
    return CC_OK;
}

enum cc_code cc_json_parse_own(struct cc_arena *arena, struct cc_str text, struct json_object **out,
                               struct cc_err *err)
{
    struct json_object *object;

    if (!text.at || !parse(arena, text, &object))
        return cc_fail(err, CC_INTERNAL, NULL, "an item is not JSON");
    *out = object;
    return CC_OK;
}
