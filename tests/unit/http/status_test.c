#include "../../check.h"

#include "http/http.h"

START_TEST(every_failure_has_a_status_and_a_code_for_programs)
{
    for (int code = CC_OK + 1; code < CC_CODE_COUNT; code++) {
        const struct cc_problem *problem = cc_problem_of((enum cc_code)code);

        ck_assert_msg(problem->status >= 400 && problem->status < 600, "code %d", code);
        ck_assert_uint_gt(strlen(problem->title), 0);
        ck_assert_uint_eq(strspn(problem->code, "abcdefghijklmnopqrstuvwxyz_"),
                          strlen(problem->code));
    }
}
END_TEST

START_TEST(the_codes_that_clients_know_do_not_change)
{
    static const struct {
        enum cc_code code;
        int status;
        const char *name;
    } rows[] = {
        { CC_BAD_REQUEST, 400, "bad_request" },
        { CC_UNAUTHORIZED, 401, "unauthorized" },
        { CC_WRONG_CREDENTIALS, 401, "wrong_credentials" },
        { CC_WRONG_CODE, 401, "wrong_code" },
        { CC_FORBIDDEN, 403, "forbidden" },
        { CC_NOT_FOUND, 404, "not_found" },
        { CC_METHOD_NOT_ALLOWED, 405, "method_not_allowed" },
        { CC_CONFLICT, 409, "conflict" },
        { CC_EXISTS, 409, "conflict" },
        { CC_CLIENT_ID_REUSED, 409, "client_id_reused" },
        { CC_TOO_LARGE, 413, "too_large" },
        { CC_UNSUPPORTED_TYPE, 415, "unsupported_media_type" },
        { CC_INVALID, 422, "invalid" },
        { CC_TOO_MANY, 429, "too_many_requests" },
        { CC_INTERNAL, 500, "internal" },
        { CC_UNAVAILABLE, 503, "unavailable" },
        { CC_OUTCOME_UNKNOWN, 504, "outcome_unknown" },
        { CC_STORAGE_FULL, 507, "storage_full" },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        ck_assert_int_eq(cc_problem_of(rows[i].code)->status, rows[i].status);
        ck_assert_str_eq(cc_problem_of(rows[i].code)->code, rows[i].name);
    }
}
END_TEST

CC_CHECK_MAIN("http/status", every_failure_has_a_status_and_a_code_for_programs,
              the_codes_that_clients_know_do_not_change)
