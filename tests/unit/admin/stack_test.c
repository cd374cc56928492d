#include "admin/stack.h"
#include "tests/check.h"
#include "tests/scratch.h"

struct world {
    struct cc_scratch in;
    struct cc_stack stack;
};

static enum cc_code read_text(struct world *w, const char *text)
{
    const char *path = cc_scratch_write(&w->in, "stack.json", text);

    return cc_stack_read(w->in.arena, path, &w->stack, &w->in.err);
}

static void refuses(struct world *w, const char *text, const char *why)
{
    ck_assert_int_eq(read_text(w, text), CC_INVALID);
    ck_assert_msg(strstr(w->in.err.detail, why) != NULL || strstr(w->in.err.cause, why) != NULL,
                  "%s: %s (%s)", text, w->in.err.detail, w->in.err.cause);
}

#define OUTPUT(name, value) "{\"OutputKey\": \"" name "\", \"OutputValue\": \"" value "\"}"
#define OUTPUTS                                                                                    \
    "[{\"OutputKey\": \"CognitoClientId\", \"OutputValue\": \"client\"},"                          \
    " {\"OutputKey\": \"AwsRegion\", \"OutputValue\": \"eu-central-1\"},"                          \
    " {\"OutputKey\": \"StoreTable\", \"OutputValue\": \"chat\"},"                                 \
    " {\"OutputKey\": \"RightsArn\", \"OutputValue\": \"arn:aws:iam::1:policy/x\"},"               \
    " {\"OutputKey\": \"BlobBucket\", \"OutputValue\": \"photos\"},"                               \
    " {\"OutputKey\": \"CognitoPool\", \"OutputValue\": \"eu-central-1_Ab12\"}]"

static void has_all(struct world *w, const char *text)
{
    ck_assert_msg(read_text(w, text) == CC_OK, "%s (%s)", w->in.err.detail, w->in.err.cause);
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

    cc_scratch_open(&w.in);
    has_all(&w, OUTPUTS);
    has_all(&w, "{\"Stacks\": [{\"StackStatus\": \"CREATE_COMPLETE\", \"Outputs\": " OUTPUTS "}]}");
    has_all(&w, "{\"StackName\": \"chat\", \"Outputs\": " OUTPUTS "}");
    cc_scratch_close(&w.in);
}
END_TEST

START_TEST(what_is_no_answer_about_one_stack_is_refused)
{
    struct world w;

    cc_scratch_open(&w.in);
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
    ck_assert_int_eq(cc_stack_read(w.in.arena, "/nowhere/stack.json", &w.stack, &w.in.err),
                     CC_INVALID);
    cc_scratch_close(&w.in);
}
END_TEST

START_TEST(a_stack_that_is_not_made_yet_is_refused_with_its_status)
{
    struct world w;

    cc_scratch_open(&w.in);
    refuses(&w, "{\"Stacks\": [{\"StackStatus\": \"CREATE_IN_PROGRESS\"}]}", "CREATE_IN_PROGRESS");
    refuses(&w, "{\"Stacks\": [{\"StackStatus\": \"ROLLBACK_COMPLETE\", \"Outputs\": []}]}",
            "ROLLBACK_COMPLETE");
    cc_scratch_close(&w.in);
}
END_TEST

START_TEST(another_stack_is_refused)
{
    struct world w;

    cc_scratch_open(&w.in);
    refuses(&w, "[" OUTPUT("VpcId", "vpc-1") "]", "no stack of ours");
    refuses(&w, "[3, null, {\"OutputKey\": 3}, []]", "no stack of ours");
    refuses(&w, "[" OUTPUT("storetable", "x") "," OUTPUT("StoreTables", "x") "]", "no stack of");
    refuses(&w, "[" OUTPUT("StoreTable", "chat") "]", "[aws] region");
    cc_scratch_close(&w.in);
}
END_TEST

START_TEST(a_value_that_would_be_another_line_is_refused)
{
    struct world w;
    char output[400], value[301];

    cc_scratch_open(&w.in);
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
    cc_scratch_close(&w.in);
}
END_TEST

CC_CHECK_MAIN("admin/stack", outputs_are_found_in_each_form_that_the_command_line_gives,
              what_is_no_answer_about_one_stack_is_refused,
              a_stack_that_is_not_made_yet_is_refused_with_its_status, another_stack_is_refused,
              a_value_that_would_be_another_line_is_refused)
