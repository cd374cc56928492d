#include "json.h"
#include "arena.h"
#include "die.h"
#include "json_gate.h"
#include "limits.h"

#include <json-c/json.h>
#include <json-c/json_visit.h>
#include <string.h>

const struct cc_json_limits cc_json_default_limits = {
    .depth = CC_JSON_DEPTH_MAX,
    .nodes = CC_JSON_NODES_MAX,
    .string_bytes = CC_JSON_STRING_BYTES_MAX,
};

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

    if (!tokener) /* json-c 0.16 does not free NULL */
        return false;
    if (text.len > INT32_MAX) {
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

/* Visits a node: json_c_visit's shape. */
static int count_node(struct json_object *value, int flags, struct json_object *parent,
                      const char *key, size_t *index, void *arg)
{
    struct cc_json_tally *tally = arg;

    (void)parent;
    (void)index;
    if (flags & JSON_C_VISIT_SECOND)
        return JSON_C_VISIT_RETURN_CONTINUE;
    tally->values++;
    tally->nulls += value == NULL;
    tally->bytes += key ? strlen(key) : 0;
    if (json_object_is_type(value, json_type_string))
        tally->bytes += (size_t)json_object_get_string_len(value);
    return JSON_C_VISIT_RETURN_CONTINUE;
}

/* Without memory json-c 0.16 goes on: members are left out, strings end where their buffer could
 * not grow, and it reports success. A message was acknowledged with half its text. So the tree is
 * held against what the gate counted. (Numbers that outgrow the buffer's first 32 bytes are
 * fractions, and no table takes one.) */
static void require_whole(struct json_object *object, const struct cc_json_tally *expected)
{
    struct cc_json_tally tally = { 0 };

    json_c_visit(object, 0, count_node, &tally);
    if (tally.values != expected->values || tally.nulls != expected->nulls ||
        tally.bytes != expected->bytes)
        cc_die("no memory for a JSON document");
}

enum cc_code cc_json_parse(struct cc_arena *arena, struct cc_str text,
                           const struct cc_json_limits *limits, struct json_object **out,
                           struct cc_err *err)
{
    struct json_object *object;
    struct cc_json_tally tally;
    enum cc_code rc = cc_json_count(arena, text, limits, &tally, err);

    if (rc != CC_OK)
        return rc;
    /* Of a pair whose character ends in 0xD800 to 0xDFFF (U+1DA00 is one) json-c 0.16 makes U+FFFD:
     * what it has put together it takes for a half again. */
    if (tally.pairs)
        text = cc_json_join_pairs(arena, text);
    if (!parse(arena, text, &object))
        return cc_fail(err, CC_UNAVAILABLE, NULL,
                       "json-c had no memory for what the gate let pass");
    require_whole(object, &tally);
    *out = object;
    return CC_OK;
}

enum cc_code cc_json_parse_own(struct cc_arena *arena, struct cc_str text, struct json_object **out,
                               struct cc_err *err)
{
    const struct cc_json_limits none = { CC_JSON_DEPTH_MAX, UINT32_MAX, SIZE_MAX, false };
    struct cc_err fault = { 0 };

    enum cc_code rc = cc_json_parse(arena, text, &none, out, &fault);

    if (rc == CC_OK || rc == CC_UNAVAILABLE)
        return rc == CC_OK ? rc : cc_fail(err, rc, NULL, "%s", fault.cause);
    return cc_fail(err, CC_INTERNAL, NULL, "an item is not JSON: %s", fault.cause);
}
