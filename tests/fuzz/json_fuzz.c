/* JSON from outside: the gate and json-c behind it. Whatever the gate lets pass json-c must take,
 * and what json-c writes of it must be the same again; all text in it is text. */
#include "fuzz.h"

#include "base/json.h"
#include "base/text.h"

#include <json-c/json.h>

/* The gate may take memory for its keys: 24 bytes each of at least four in the text, doubled as it
 * grows, and once more for red zones. */
#define BYTES_A_BYTE 64
#define BYTES_AT_LEAST 4096

static void require_text(struct json_object *value)
{
    struct cc_str text = { json_object_get_string(value),
                           (size_t)json_object_get_string_len(value) };

    fuzz_require(cc_text_is_utf8(text));
    fuzz_require(cc_str_find(text, '\0') == text.len);
}

static void require_sound(struct json_object *value, unsigned depth)
{
    fuzz_require(depth <= CC_JSON_DEPTH_MAX);
    switch (json_object_get_type(value)) {
    case json_type_string:
        require_text(value);
        break;
    case json_type_array:
        for (size_t i = 0; i < json_object_array_length(value); i++)
            require_sound(json_object_array_get_idx(value, i), depth + 1);
        break;
    case json_type_object: {
        json_object_object_foreach(value, name, member)
        {
            fuzz_require(cc_text_is_utf8(cc_str_from(name)));
            require_sound(member, depth + 1);
        }
        break;
    }
    default:
        break;
    }
}

/* What json-c makes of a value it writes such that it reads the same value again. */
static void require_same_again(struct cc_arena *arena, struct json_object *value)
{
    size_t len;
    const char *text = json_object_to_json_string_length(value, JSON_C_TO_STRING_PLAIN, &len);
    struct cc_err err = { 0 };
    struct json_object *again;

    fuzz_require(cc_json_parse(arena, (struct cc_str){ text, len }, &cc_json_default_limits, &again,
                               &err) == CC_OK);
    fuzz_require(json_object_equal(value, again));
}

static void require_refused_with_its_place(const struct cc_err *err, enum cc_code rc)
{
    fuzz_require(rc == CC_BAD_REQUEST || rc == CC_TOO_LARGE);
    fuzz_require_error(err, rc);
    for (const char *c = err->detail; *c; c++)
        fuzz_require(*c >= 0x20 && *c < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cc_json_limits small = { .depth = 3, .nodes = 8, .string_bytes = 16 };
    struct cc_json_limits grammar = cc_json_default_limits;
    struct cc_str text = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();
    struct cc_err err = { 0 }, ignored = { 0 };
    struct json_object *value = NULL;
    enum cc_code rc = cc_json_check(arena, text, &cc_json_default_limits, &err);

    grammar.only_grammar = true;
    fuzz_require(cc_arena_used(arena) <= BYTES_AT_LEAST + BYTES_A_BYTE * text.len);
    if (cc_json_check(arena, text, &small, &ignored) == CC_OK)
        fuzz_require(rc == CC_OK);
    cc_err_clear(&ignored);
    if (rc != CC_OK) {
        require_refused_with_its_place(&err, rc);
        fuzz_require(cc_json_parse(arena, text, &cc_json_default_limits, &value, &ignored) == rc);
        return 0;
    }
    fuzz_require(cc_json_check(arena, text, &grammar, &err) == CC_OK);
    fuzz_require(cc_json_parse(arena, text, &cc_json_default_limits, &value, &err) == CC_OK);
    require_sound(value, 0);
    require_same_again(arena, value);
    return 0;
}
