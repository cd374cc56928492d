/* JSON from outside: the gate and the tree behind it. Whatever the gate lets pass json-c takes too;
 * each value is the text that it stands for, and all text in it is text. */
#include "fuzz.h"

#include "base/json.h"
#include "base/text.h"

#include <json-c/json.h>

/* The gate may take memory for its keys: 24 bytes each of at least four in the text, doubled as it
 * grows, and once more for red zones. */
#define BYTES_A_BYTE 64
#define BYTES_AT_LEAST 4096

static void require_text(struct cc_str text)
{
    fuzz_require(cc_text_is_utf8(text));
    fuzz_require(cc_str_find(text, '\0') == text.len);
    fuzz_require(text.at[text.len] == '\0');
}

static void require_sound(const struct cc_json *value, unsigned depth)
{
    size_t count = 0;

    fuzz_require(depth <= CC_JSON_DEPTH_MAX);
    if (value->type == CC_JSON_STRING)
        require_text(value->string);
    if (value->type != CC_JSON_ARRAY && value->type != CC_JSON_OBJECT)
        return;
    for (const struct cc_json *item = value->first; item; item = item->next) {
        /* what is inside stands inside */
        fuzz_require(item->text.at > value->text.at);
        fuzz_require(item->text.at + item->text.len < value->text.at + value->text.len);
        if (value->type == CC_JSON_OBJECT) {
            require_text(item->name);
            fuzz_require(cc_json_member(value, item->name) == item);
        }
        require_sound(item, depth + 1);
        count++;
    }
    fuzz_require(count == value->count);
}

static bool is_same(const struct cc_json *a, const struct cc_json *b)
{
    if (a->type != b->type)
        return a->type == CC_JSON_INTEGER && a->integer == 0; /* json-c writes "-0" as "-0.0" */
    switch (a->type) {
    case CC_JSON_BOOL:
        return a->is_true == b->is_true;
    case CC_JSON_INTEGER:
        return a->integer == b->integer;
    case CC_JSON_STRING:
        return cc_str_eq(a->string, b->string);
    case CC_JSON_ARRAY:
    case CC_JSON_OBJECT:
        break;
    default:
        return true;
    }
    if (a->count != b->count)
        return false;
    for (a = a->first, b = b->first; a; a = a->next, b = b->next)
        if (!cc_str_eq(a->name, b->name) || !is_same(a, b))
            return false;
    return true;
}

/* json-c writes what it has read; we read that, and find as much in it. */
static void require_same_of_json_c(struct cc_arena *arena, struct cc_str text,
                                   const struct cc_json *ours)
{
    struct json_tokener *tokener = json_tokener_new_ex(CC_JSON_DEPTH_MAX + 1);
    struct json_object *theirs = json_tokener_parse_ex(tokener, text.at, (int)text.len);
    struct cc_err err = { 0 };
    const struct cc_json *again;
    struct cc_str written;

    if (json_tokener_get_error(tokener) == json_tokener_continue)
        theirs = json_tokener_parse_ex(tokener, "", 1); /* ends a number */
    fuzz_require(json_tokener_get_error(tokener) == json_tokener_success);
    written.at = json_object_to_json_string_length(theirs, JSON_C_TO_STRING_PLAIN, &written.len);
    fuzz_require(cc_json_parse(arena, written, &cc_json_default_limits, &again, &err) == CC_OK);
    fuzz_require(is_same(ours, again));
    json_object_put(theirs);
    json_tokener_free(tokener);
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
    const struct cc_json *value = NULL;
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
    require_same_of_json_c(arena, text, value);
    return 0;
}
