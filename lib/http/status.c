#include "internal.h"

/* Every code has exactly one row: there are as many as codes (asserted), and no code can have two
 * (the enumeration below would not compile). */
#define PROBLEMS(ROW)                                                                              \
    ROW(CC_OK, 200, "ok", "OK")                                                                    \
    ROW(CC_BAD_REQUEST, 400, "bad_request", "Bad Request")                                         \
    ROW(CC_UNAUTHORIZED, 401, "unauthorized", "Unauthorized")                                      \
    ROW(CC_WRONG_CREDENTIALS, 401, "wrong_credentials", "Unauthorized")                            \
    ROW(CC_WRONG_CODE, 401, "wrong_code", "Unauthorized")                                          \
    ROW(CC_FORBIDDEN, 403, "forbidden", "Forbidden")                                               \
    ROW(CC_NOT_FOUND, 404, "not_found", "Not Found")                                               \
    ROW(CC_METHOD_NOT_ALLOWED, 405, "method_not_allowed", "Method Not Allowed")                    \
    ROW(CC_NOT_ACCEPTABLE, 406, "not_acceptable", "Not Acceptable")                                \
    ROW(CC_REQUEST_TIMEOUT, 408, "request_timeout", "Request Timeout")                             \
    ROW(CC_EXISTS, 409, "conflict", "Conflict")                                                    \
    ROW(CC_CONFLICT, 409, "conflict", "Conflict")                                                  \
    ROW(CC_CLIENT_ID_REUSED, 409, "client_id_reused", "Conflict")                                  \
    ROW(CC_GONE, 410, "gone", "Gone")                                                              \
    ROW(CC_LENGTH_REQUIRED, 411, "length_required", "Length Required")                             \
    ROW(CC_PRECONDITION_FAILED, 412, "precondition_failed", "Precondition Failed")                 \
    ROW(CC_TOO_LARGE, 413, "too_large", "Content Too Large")                                       \
    ROW(CC_URI_TOO_LONG, 414, "uri_too_long", "URI Too Long")                                      \
    ROW(CC_UNSUPPORTED_TYPE, 415, "unsupported_media_type", "Unsupported Media Type")              \
    ROW(CC_INVALID, 422, "invalid", "Unprocessable Content")                                       \
    ROW(CC_LOCKED, 423, "locked", "Locked")                                                        \
    ROW(CC_PRECONDITION_REQUIRED, 428, "precondition_required", "Precondition Required")           \
    ROW(CC_TOO_MANY, 429, "too_many_requests", "Too Many Requests")                                \
    ROW(CC_HEADERS_TOO_LARGE, 431, "headers_too_large", "Request Header Fields Too Large")         \
    ROW(CC_INTERNAL, 500, "internal", "Internal Server Error")                                     \
    ROW(CC_UNAVAILABLE, 503, "unavailable", "Service Unavailable")                                 \
    ROW(CC_OUTCOME_UNKNOWN, 504, "outcome_unknown", "Gateway Timeout")                             \
    ROW(CC_STORAGE_FULL, 507, "storage_full", "Insufficient Storage")

#define ROW(code, status, name, title) [code] = { status, name, title },
static const struct cc_problem problems[] = { PROBLEMS(ROW) };
#undef ROW
#define ROW(code, ...) ROW_OF_##code,
enum { PROBLEMS(ROW) ROW_COUNT };
#undef ROW
_Static_assert((int)ROW_COUNT == (int)CC_CODE_COUNT, "each code has one row");

const struct cc_problem *cc_problem_of(enum cc_code code)
{
    return (unsigned)code < CC_COUNT(problems) ? &problems[code] : &problems[CC_INTERNAL];
}

const char *cc_status_phrase(int status)
{
    switch (status) {
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 204:
        return "No Content";
    case 304:
        return "Not Modified";
    default:
        for (size_t i = 0; i < CC_COUNT(problems); i++)
            if (problems[i].status == status)
                return problems[i].title;
        return "Unknown";
    }
}
