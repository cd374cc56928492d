#include "admin/stack.h"
#include "tests/check.h"
#include "tests/tmp.h"

#include "base/file.h"

struct world {
    struct cc_tmp tmp;
    struct cc_arena *arena;
    struct cc_stack stack;
    struct cc_err err;
};

static void open_world(struct world *w)
{
    *w = (struct world){ .arena = cc_arena_new(1 << 22) };
    cc_tmp_make(&w->tmp);
}

static void close_world(struct world *w)
{
    cc_tmp_remove(&w->tmp);
    cc_arena_free(w->arena);
}

static enum cc_code read_text(struct world *w, const char *text)
{
    struct cc_str path = cc_str_format(w->arena, "%s/stack.json", w->tmp.path);

    cc_err_clear(&w->err);
    ck_assert_int_eq(cc_file_write(path.at, cc_str_from(text), 0600, &w->err), CC_OK);
    return cc_stack_read(w->arena, path.at, &w->stack, &w->err);
}

static void refuses(struct world *w, const char *text, const char *why)
{
    ck_assert_int_eq(read_text(w, text), CC_INVALID);
    ck_assert_msg(strstr(w->err.detail, why) != NULL || strstr(w->err.cause, why) != NULL,
                  "%s: %s (%s)", text, w->err.detail, w->err.cause);
}

#define OUTPUT(name, value) "{\"OutputKey\": \"" name "\", \"OutputValue\": \"" value "\"}"
#define OUTPUTS                                                                                    \
    "[" OUTPUT("CognitoClientId", "client") ", " OUTPUT("AwsRegion", "eu-central-1") ", " OUTPUT(  \
        "StoreTable",                                                                              \
        "chat") ", " OUTPUT("RightsArn",                                                           \
                            "arn:aws:iam::1:policy/x") ", " OUTPUT("BlobBucket",                   \
                                                                   "photos") ", " OUTPUT("Cognito" \
                                                                                         "Pool",   \
                                                                                         "eu-"     \
                                                                                         "central" \
                                                                                         "-1_"     \
                                                                                         "Ab12") "]"

static void has_all(struct world *w, const char *text)
{
    ck_assert_msg(read_text(w, text) == CC_OK, "%s (%s)", w->err.detail, w->err.cause);
    ck_assert_uint_eq(w->stack.setting_count, 5);
    ck_assert_str_eq(cc_stack_value(&w->stack, "aws", "region"), "eu-central-1");
    ck_assert_str_eq(cc_stack_value(&w->stack, "store", "table"), "chat");
    ck_assert_str_eq(cc_stack_value(&w->stack, "blob", "bucket"), "photos");
    ck_assert_str_eq(cc_stack_value(&w->stack, "cognito", "pool"), "eu-central-1_Ab12");
    ck_assert_str_eq(cc_stack_value(&w->stack, "cognito", "client_id"), "client");
    ck_assert_str_eq(cc_stack_value(&w->stack, "store", "path"), "");
}

START_TEST(outputs_are_found_in_each_form_that_the_command_line_gives)
{
    struct world w;

    open_world(&w);
    has_all(&w, OUTPUTS);
    has_all(&w, "{\"Stacks\": [{\"StackStatus\": \"CREATE_COMPLETE\", \"Outputs\": " OUTPUTS "}]}");
    has_all(&w, "{\"StackName\": \"chat\", \"Outputs\": " OUTPUTS "}");
    close_world(&w);
}
END_TEST

START_TEST(what_is_no_answer_about_one_stack_is_refused)
{
    struct world w;

    open_world(&w);
    refuses(&w, "", "not JSON");
    refuses(&w, "Stacks:\n- StackName: chat\n", "not JSON");
    refuses(&w, "{}", "neither");
    refuses(&w, "null", "neither");
    refuses(&w, "[]", "neither");
    refuses(&w, "\"Outputs\"", "neither");
    refuses(&w, "{\"Stacks\": {}}", "neither");
    refuses(&w, "{\"Stacks\": []}", "--stack-name");
    refuses(&w, "{\"Stacks\": [{}, {}]}", "2 stacks");
    refuses(&w, "{\"Stacks\": [3]}", "neither");
    ck_assert_int_eq(cc_stack_read(w.arena, "/nowhere/stack.json", &w.stack, &w.err), CC_INVALID);
    close_world(&w);
}
END_TEST

START_TEST(a_stack_that_is_not_made_yet_is_refused_with_its_status)
{
    struct world w;

    open_world(&w);
    refuses(&w, "{\"Stacks\": [{\"StackStatus\": \"CREATE_IN_PROGRESS\"}]}", "CREATE_IN_PROGRESS");
    refuses(&w, "{\"Stacks\": [{\"StackStatus\": \"ROLLBACK_COMPLETE\", \"Outputs\": []}]}",
            "ROLLBACK_COMPLETE");
    close_world(&w);
}
END_TEST

START_TEST(another_stack_is_refused)
{
    struct world w;

    open_world(&w);
    refuses(&w, "[" OUTPUT("VpcId", "vpc-1") "]", "no stack of ours");
    refuses(&w, "[3, null, {\"OutputKey\": 3}, []]", "no stack of ours");
    refuses(&w, "[" OUTPUT("storetable", "x") "," OUTPUT("StoreTables", "x") "]", "no stack of");
    refuses(&w, "[" OUTPUT("StoreTable", "chat") "]", "[aws] region");
    close_world(&w);
}
END_TEST

START_TEST(a_value_that_would_be_another_line_is_refused)
{
    struct world w;
    char output[400], value[301];

    open_world(&w);
    refuses(&w, "[" OUTPUT("StoreTable", "x\\nbackend = sqlite") "]", "StoreTable");
    refuses(&w, "[" OUTPUT("StoreTable", "x ; y") "]", "StoreTable");
    refuses(&w, "[" OUTPUT("StoreTable", "") "]", "StoreTable");
    refuses(&w, "[" OUTPUT("AwsRegion", "$(reboot)") "]", "AwsRegion");
    refuses(&w, "[" OUTPUT("AwsRegion", "a|b") "]", "AwsRegion");
    refuses(&w, "[{\"OutputKey\": \"StoreTable\", \"OutputValue\": 3}]", "StoreTable");
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    snprintf(output, sizeof(output), "[" OUTPUT("StoreTable", "%s") "]", value);
    refuses(&w, output, "StoreTable");
    close_world(&w);
}
END_TEST

CC_CHECK_MAIN("admin/stack", outputs_are_found_in_each_form_that_the_command_line_gives,
              what_is_no_answer_about_one_stack_is_refused,
              a_stack_that_is_not_made_yet_is_refused_with_its_status, another_stack_is_refused,
              a_value_that_would_be_another_line_is_refused)
