#include "../../check.h"

#include "base/arena.h"
#include "notify/template.h"

static const struct cc_notice notice = {
    .to = { "+49151", 6 },
    .channel = { "sms", 3 },
    .code = { "123456", 6 },
    .text = { "\"A\" & \xC3\xA9\n=", 10 },
    .id = { "x-1", 3 },
};

static void check_filled(enum cc_hook_content content, const char *template, const char *expected)
{
    struct cc_arena *arena = cc_arena_new((size_t)1 << 20);

    cc_check_str(
        notify_template_fill(arena, cc_check_guarded(cc_str_from(template)), content, &notice),
        cc_str_from(expected));
    cc_arena_free(arena);
}

START_TEST(json_is_filled_in_as_json_escapes)
{
    check_filled(CC_HOOK_JSON, "{\"to\":\"{to}\",\"t\":\"{text}\",\"n\":{\"c\":\"{code}\"}}",
                 "{\"to\":\"+49151\",\"t\":\"\\\"A\\\" & \xC3\xA9\\n=\",\"n\":{\"c\":\"123456\"}}");
}
END_TEST

START_TEST(a_form_is_filled_in_as_forms_escape)
{
    check_filled(CC_HOOK_FORM, "To={to}&From=%2B1&Body={text}&k={id}&c={channel}",
                 "To=%2B49151&From=%2B1&Body=%22A%22%20%26%20%C3%A9%0A%3D&k=x-1&c=sms");
}
END_TEST

START_TEST(what_is_no_placeholder_stands_as_it_is)
{
    check_filled(CC_HOOK_FORM, "{To}{}{to{code}}{cod", "{To}{}{to123456}{cod");
}
END_TEST

/* What is filled in is filled in once: a text that looks like a placeholder is a text. */
START_TEST(what_was_filled_in_is_not_looked_at_again)
{
    const struct cc_notice odd = { .to = CC_STR("{text}"), .text = CC_STR("{to}") };
    struct cc_arena *arena = cc_arena_new((size_t)1 << 20);

    cc_check_str(notify_template_fill(arena, CC_STR("\"{to} {text} {code}\""), CC_HOOK_JSON, &odd),
                 CC_STR("\"{text} {to} \""));
    cc_arena_free(arena);
}
END_TEST

START_TEST(a_template_that_cannot_work_is_refused_with_a_reason)
{
    static const struct {
        enum cc_hook_content content;
        const char *template, *reason;
    } rows[] = {
        { CC_HOOK_JSON, "", "{to}" },
        { CC_HOOK_JSON, "{\"text\":\"{text}\"}", "{to}" },
        { CC_HOOK_JSON, "{\"to\":\"{to}\"}", "{text}" },
        { CC_HOOK_JSON, "{\"to\":\"{to}\",\"text\":{text}}", "quotes" },
        { CC_HOOK_JSON, "{\"to\":\"{to}\",\"code\":{code}}", "quotes" },
        { CC_HOOK_JSON, "{\"to\":\"{to}\",\"text\":\"{text}\"", "JSON" },
        { CC_HOOK_JSON, "To={to}&Body={text}", "JSON" },
        { CC_HOOK_FORM, "{to} {text}", "form" },
        { CC_HOOK_FORM, "To={to}&Body is={text}", "form" },
    };
    struct cc_arena *arena = cc_arena_new((size_t)1 << 20);

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        const char *fault =
            notify_template_fault(arena, cc_str_from(rows[i].template), rows[i].content);

        ck_assert_msg(fault && strstr(fault, rows[i].reason), "%s: %s", rows[i].template, fault);
    }
    ck_assert_ptr_null(
        notify_template_fault(arena, CC_STR("{\"to\":\"{to}\",\"t\":\"{text}\"}"), CC_HOOK_JSON));
    ck_assert_ptr_null(
        notify_template_fault(arena, CC_STR("To={to}&Body={text}&From=%2B1"), CC_HOOK_FORM));
    cc_arena_free(arena);
}
END_TEST

CC_CHECK_MAIN("notify/template", json_is_filled_in_as_json_escapes,
              a_form_is_filled_in_as_forms_escape, what_is_no_placeholder_stands_as_it_is,
              what_was_filled_in_is_not_looked_at_again,
              a_template_that_cannot_work_is_refused_with_a_reason)
