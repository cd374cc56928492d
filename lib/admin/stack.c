#include "stack.h"

#include "../base/file.h"
#include "../base/json.h"

#include <json-c/json.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)1024 * 1024)
#define VALUE_BYTES_MAX ((size_t)150) /* with its key it fits a line of the configuration */
#define TEMPLATE "share/cloud-chat/conf/aws/template.yaml"

/* --- finding the outputs ---------------------------------------------------------------------- */

struct reading {
    struct cc_arena *arena;
    const char *path;
    struct json_object *outputs; /* an array */
};

static struct json_object *member(struct json_object *object, const char *name)
{
    return json_object_is_type(object, json_type_object) ? json_object_object_get(object, name)
                                                         : NULL;
}

static const char *text_of(struct json_object *object, const char *name)
{
    struct json_object *text = member(object, name);

    return json_object_is_type(text, json_type_string) ? json_object_get_string(text) : "";
}

/* Of the whole answer, of one stack of it, or of the outputs alone. */
static enum cc_code find_outputs(struct reading *r, struct json_object *all, struct cc_err *err)
{
    struct json_object *stacks = member(all, "Stacks"), *stack = all;

    if (json_object_is_type(stacks, json_type_array)) {
        if (json_object_array_length(stacks) != 1)
            return cc_fail(err, CC_INVALID,
                           "It tells of several stacks, or of none: let describe-stacks have the "
                           "right --stack-name.",
                           "%s: %zu stacks", r->path, json_object_array_length(stacks));
        stack = json_object_array_get_idx(stacks, 0);
    }
    r->outputs = json_object_is_type(all, json_type_array) ? all : member(stack, "Outputs");
    if (json_object_is_type(r->outputs, json_type_array) &&
        json_object_array_length(r->outputs) > 0)
        return CC_OK;
    if (text_of(stack, "StackStatus")[0] != '\0')
        return cc_fail(err, CC_INVALID,
                       "The stack has no outputs: it is not made yet, it failed, or it is none of "
                       "ours.",
                       "%s: its status is %.60s", r->path, text_of(stack, "StackStatus"));
    return cc_fail(err, CC_INVALID,
                   "That is neither what `aws cloudformation describe-stacks` writes nor an array "
                   "of outputs.",
                   "%s", r->path);
}

static enum cc_code read_file(struct reading *r, struct cc_err *err)
{
    struct cc_err why = { 0 };
    struct json_object *all = NULL;
    struct cc_str text;

    if (cc_file_read(r->arena, r->path, FILE_BYTES_MAX, &text, &why) != CC_OK)
        return cc_fail(err, CC_INVALID, "The outputs cannot be read.", "%s", why.cause);
    if (cc_json_parse(r->arena, text, &cc_json_default_limits, &all, &why) != CC_OK)
        return cc_fail(err, CC_INVALID,
                       "The file is not JSON: describe-stacks writes it with --output json.",
                       "%s: %s", r->path, why.detail);
    return find_outputs(r, all, err);
}

/* --- outputs that are keys -------------------------------------------------------------------- */

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

/* Whether `name` begins with `word` in capitalised words, "client_id" as "ClientId"; then without
 * it. */
static bool takes(const char **name, const char *word)
{
    const char *at = *name;
    bool starts = true;

    for (; *word != '\0'; word++) {
        if (*word == '_') {
            starts = true;
            continue;
        }
        if (*at++ != (starts ? upper(*word) : *word))
            return false;
        starts = false;
    }
    *name = at;
    return true;
}

static bool names(const char *output, const struct cc_config_key *key)
{
    return takes(&output, key->section) && takes(&output, key->key) && *output == '\0';
}

static struct json_object *find_output(const struct reading *r, const struct cc_config_key *key)
{
    for (size_t i = 0; i < json_object_array_length(r->outputs); i++) {
        struct json_object *output = json_object_array_get_idx(r->outputs, i);

        if (names(text_of(output, "OutputKey"), key))
            return output;
    }
    return NULL;
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* What AWS calls what it has made, and addresses: nothing in a line of the configuration, or of the
 * command that the operator is told to run, means anything else with them. */
static bool is_plain(struct cc_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (!is_alnum(value.at[i]) && strchr("-._:/", value.at[i]) == NULL)
            return false;
    }
    return value.len > 0 && value.len <= VALUE_BYTES_MAX;
}

static enum cc_code take_outputs(const struct reading *r, struct cc_config_setting *settings,
                                 size_t *count, struct cc_err *err)
{
    *count = 0;
    for (const struct cc_config_key *key = cc_config_keys; key->section != NULL; key++) {
        struct json_object *output = find_output(r, key);
        const char *value = text_of(output, "OutputValue");

        if (output == NULL)
            continue;
        if (!is_plain(cc_str_from(value)))
            return cc_fail(err, CC_INVALID, "An output is no value for the configuration.",
                           "%s: %.60s", r->path, text_of(output, "OutputKey"));
        settings[(*count)++] = (struct cc_config_setting){ key->section, key->key, value };
    }
    return CC_OK;
}

/* --- all of it -------------------------------------------------------------------------------- */

const char *cc_stack_value(const struct cc_stack *stack, const char *section, const char *key)
{
    for (size_t i = 0; i < stack->setting_count; i++) {
        if (strcmp(stack->settings[i].section, section) == 0 &&
            strcmp(stack->settings[i].key, key) == 0)
            return stack->settings[i].value;
    }
    return "";
}

/* Without these it is another stack, or one of another version. */
static enum cc_code check_whole(const struct cc_stack *stack, const char *path, struct cc_err *err)
{
    static const char *const needed[][2] = { { "aws", "region" },
                                             { "store", "table" },
                                             { "blob", "bucket" },
                                             { "cognito", "pool" },
                                             { "cognito", "client_id" } };

    if (stack->setting_count == 0)
        return cc_fail(err, CC_INVALID, "That is no stack of ours: it is made of " TEMPLATE ".",
                       "%s: none of its outputs is named after a key", path);
    for (size_t i = 0; i < CC_COUNT(needed); i++) {
        if (cc_stack_value(stack, needed[i][0], needed[i][1])[0] == '\0')
            return cc_fail(err, CC_INVALID,
                           "An output is missing: was the stack made of " TEMPLATE "?",
                           "%s: nothing for [%s] %s", path, needed[i][0], needed[i][1]);
    }
    return CC_OK;
}

enum cc_code cc_stack_read(struct cc_arena *arena, const char *path, struct cc_stack *out,
                           struct cc_err *err)
{
    struct reading r = { .arena = arena, .path = path };
    struct cc_config_setting *settings;
    struct cc_stack stack = { 0 };
    size_t keys = 0;
    enum cc_code rc = read_file(&r, err);

    if (rc != CC_OK)
        return rc;
    while (cc_config_keys[keys].section != NULL)
        keys++;
    settings = CC_NEW_ARRAY(arena, struct cc_config_setting, keys);
    rc = take_outputs(&r, settings, &stack.setting_count, err);
    stack.settings = settings;
    if (rc == CC_OK)
        rc = check_whole(&stack, path, err);
    if (rc == CC_OK)
        *out = stack;
    return rc;
}
