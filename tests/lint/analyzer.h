/* tests/lint/analyzer.h - what clang-tidy cannot see from one file: cc_fail and its relatives never
 * return CC_OK, so that behind them nothing is read that a failed function has not written. */
#include "base/err.h"

#define cc_fail(err, code, ...) (((void)cc_fail((err), (code), __VA_ARGS__)), (code))
#define cc_fail_retry(err, code, ...) (((void)cc_fail_retry((err), (code), __VA_ARGS__)), (code))
#define cc_fail_field(...) (((void)cc_fail_field(__VA_ARGS__)), CC_INVALID)
