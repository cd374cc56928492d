#include "json_gate.h"
#include "arena.h"

#include <stdlib.h>

static void skip_space(struct cc_json_gate *g)
{
    while (g->at < g->end && (*g->at == ' ' || *g->at == '\n' || *g->at == '\r' || *g->at == '\t'))
        g->at++;
}

static enum cc_code check_word(struct cc_json_gate *g)
{
    static const char *const words[] = { "true", "false", "null" };

    for (size_t i = 0; i < CC_COUNT(words); i++) {
        struct cc_str word = cc_str_from(words[i]);

        if (cc_str_starts((struct cc_str){ (const char *)g->at, (size_t)(g->end - g->at) }, word)) {
            g->at += word.len;
            g->tally.nulls += words[i][0] == 'n';
            return CC_OK;
        }
    }
    return cc_json_refuse(g, "a value was expected");
}

static int compare_keys(const void *a, const void *b)
{
    return cc_str_cmp(((const struct cc_json_key *)a)->name, ((const struct cc_json_key *)b)->name);
}

/* Of a few keys each pair is compared; more are sorted: without that, a body of nothing but keys
 * would keep us busy for seconds. */
static enum cc_code check_keys(struct cc_json_gate *g, struct cc_json_key *keys, size_t count)
{
    const size_t few = 8;

    if (count > few)
        qsort(keys, count, sizeof(*keys), compare_keys);
    for (size_t i = 1; i < count; i++) {
        for (size_t j = count > few ? i - 1 : 0; j < i; j++) {
            if (cc_str_eq(keys[i].name, keys[j].name)) {
                size_t later = keys[i].offset > keys[j].offset ? i : j;

                return cc_json_refuse_at(g, g->start + keys[later].offset,
                                         "a key that was there before");
            }
        }
    }
    return CC_OK;
}

static void remember_key(struct cc_json_gate *g, struct cc_str name, size_t offset)
{
    if (g->key_count == g->key_room) {
        size_t room = g->key_room ? g->key_room * 2 : 16;

        g->keys = cc_arena_grow(g->arena, g->keys, g->key_room * sizeof(*g->keys),
                                room * sizeof(*g->keys));
        g->key_room = room;
    }
    g->keys[g->key_count++] = (struct cc_json_key){ name, offset };
}

/* A key and its colon. */
static enum cc_code check_key(struct cc_json_gate *g)
{
    size_t offset = (size_t)(g->at - g->start);
    struct cc_str name = CC_STR_ABSENT;
    bool escaped = false;
    enum cc_code rc;

    if (cc_json_peek(g) != '"')
        return cc_json_refuse(g, "a key was expected");
    rc = cc_json_check_string(g, &name, &escaped);
    if (rc != CC_OK)
        return rc;
    remember_key(g, escaped ? cc_json_decode_string(g->arena, name) : name, offset);
    skip_space(g);
    if (cc_json_peek(g) != ':')
        return cc_json_refuse(g, "a colon was expected");
    g->at++;
    skip_space(g);
    return CC_OK;
}

static bool in_object(const struct cc_json_gate *g)
{
    return g->is_object >> (g->depth - 1) & 1;
}

static enum cc_code close_level(struct cc_json_gate *g)
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

static enum cc_code open_level(struct cc_json_gate *g, bool is_object)
{
    uint32_t bit;

    if (g->depth == g->limits->depth || g->depth == CC_JSON_DEPTH_MAX)
        return cc_json_too_large(g, "too many levels");
    bit = UINT32_C(1) << g->depth;
    g->is_object = is_object ? g->is_object | bit : g->is_object & ~bit;
    g->first_key[g->depth++] = g->key_count;
    g->at++;
    return CC_OK;
}

/* Whether the level that was just opened is empty, or a first item follows. */
static enum cc_code enter_level(struct cc_json_gate *g, bool is_object, bool *value_follows)
{
    enum cc_code rc = open_level(g, is_object);

    if (rc != CC_OK)
        return rc;
    skip_space(g);
    *value_follows = cc_json_peek(g) != (is_object ? '}' : ']');
    if (!*value_follows)
        return close_level(g);
    return is_object ? check_key(g) : CC_OK;
}

/* One value, or the beginning of one that holds others. */
static enum cc_code check_value(struct cc_json_gate *g, bool *value_follows)
{
    struct cc_str ignored;
    bool escaped;

    *value_follows = false;
    if (g->tally.values++ == g->limits->nodes)
        return cc_json_too_large(g, "too many values");
    switch (cc_json_peek(g)) {
    case '{':
        return enter_level(g, true, value_follows);
    case '[':
        return enter_level(g, false, value_follows);
    case '"':
        return cc_json_check_string(g, &ignored, &escaped);
    default:
        return cc_json_peek(g) == '-' || cc_json_is_digit(cc_json_peek(g)) ? cc_json_check_number(g)
                                                                           : check_word(g);
    }
}

/* Behind a value: the levels that end here, then a comma if anything is still open. */
static enum cc_code leave_levels(struct cc_json_gate *g)
{
    enum cc_code rc;

    for (skip_space(g); g->depth > 0 && cc_json_peek(g) != ','; skip_space(g)) {
        if (cc_json_peek(g) != (in_object(g) ? '}' : ']'))
            return cc_json_refuse(g, in_object(g) ? "a comma or '}' was expected"
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

enum cc_code cc_json_count(struct cc_arena *arena, struct cc_str text,
                           const struct cc_json_limits *limits, struct cc_json_tally *out,
                           struct cc_err *err)
{
    const unsigned char *start = (const unsigned char *)(text.at ? text.at : "");
    struct cc_json_gate g = { .arena = arena,
                              .limits = limits,
                              .err = err,
                              .start = start,
                              .at = start,
                              .end = start + text.len };
    enum cc_code rc;

    if (cc_str_starts(text, CC_STR("\xEF\xBB\xBF")))
        return cc_json_refuse(&g, "a byte order mark");
    skip_space(&g);
    do {
        bool value_follows;

        rc = check_value(&g, &value_follows);
        if (rc == CC_OK && !value_follows)
            rc = leave_levels(&g);
    } while (rc == CC_OK && g.depth > 0);
    if (rc == CC_OK && g.at < g.end)
        return cc_json_refuse(&g, "something behind the value");
    *out = g.tally;
    return rc;
}

enum cc_code cc_json_check(struct cc_arena *arena, struct cc_str text,
                           const struct cc_json_limits *limits, struct cc_err *err)
{
    struct cc_json_tally ignored;

    return cc_json_count(arena, text, limits, &ignored, err);
}
