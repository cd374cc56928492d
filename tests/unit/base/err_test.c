#include "tests/check.h"

#include <stdio.h>

START_TEST(the_first_failure_stays)
{
    struct cc_err err = { 0 };

    ck_assert_int_eq(cc_fail(&err, CC_NOT_FOUND, "No such room.", "room %d", 7), CC_NOT_FOUND);
    ck_assert_int_eq(cc_fail(&err, CC_INTERNAL, "Other.", "other"), CC_NOT_FOUND);
    ck_assert_int_eq(cc_fail_field(&err, "/name", "is required"), CC_NOT_FOUND);
    ck_assert_str_eq(err.detail, "No such room.");
    ck_assert_str_eq(err.cause, "room 7");
    ck_assert_uint_eq(err.invalid_count, 0);
}
END_TEST

START_TEST(every_code_has_a_sentence)
{
    for (int code = CC_OK + 1; code < CC_CODE_COUNT; code++) {
        struct cc_err err = { 0 };

        ck_assert_int_eq(cc_fail(&err, (enum cc_code)code, NULL, "x"), code);
        ck_assert_uint_gt(strlen(err.detail), 5);
        ck_assert_int_eq(err.detail[strlen(err.detail) - 1], '.');
    }
}
END_TEST

START_TEST(long_texts_are_cut_between_characters)
{
    struct cc_err err = { 0 };
    char detail[400];

    memset(detail, 'a', sizeof(detail));
    memcpy(detail + sizeof(err.detail) - 2, "\xC3\xA4", 3);
    (void)cc_fail(&err, CC_INTERNAL, detail, "%s%s", detail, detail);
    ck_assert_uint_eq(strlen(err.detail), sizeof(err.detail) - 2);
    ck_assert_uint_eq(strlen(err.cause), sizeof(err.cause) - 1);
}
END_TEST

START_TEST(wrong_fields_are_collected_up_to_a_bound)
{
    struct cc_err err = { 0 };

    for (int i = 0; i < CC_INVALID_MAX + 3; i++) {
        char pointer[16];

        snprintf(pointer, sizeof(pointer), "/f%d", i);
        ck_assert_int_eq(cc_fail_field(&err, pointer, "is required"), CC_INVALID);
    }
    ck_assert_uint_eq(err.invalid_count, CC_INVALID_MAX);
    ck_assert_str_eq(err.invalid[7].pointer, "/f7");
    ck_assert_str_eq(err.invalid[7].detail, "is required");
}
END_TEST

START_TEST(a_retry_says_when_and_clearing_forgets)
{
    struct cc_err err = { 0 };

    ck_assert_int_eq(cc_fail_retry(&err, CC_TOO_MANY, 30, NULL, "x"), CC_TOO_MANY);
    ck_assert_int_eq(err.retry_after_s, 30);
    cc_err_clear(&err);
    ck_assert_int_eq(err.code, CC_OK);
    ck_assert_int_eq(cc_fail(&err, CC_GONE, NULL, "y"), CC_GONE);
    ck_assert_int_eq(err.retry_after_s, 0);
}
END_TEST

CC_CHECK_MAIN("base/err", the_first_failure_stays, every_code_has_a_sentence,
              long_texts_are_cut_between_characters, wrong_fields_are_collected_up_to_a_bound,
              a_retry_says_when_and_clearing_forgets)
