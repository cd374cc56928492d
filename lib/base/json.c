#include "json.h"
#include "arena.h"
#include "limits.h"

#include <json-c/json.h>

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
