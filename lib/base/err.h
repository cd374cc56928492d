/* base/err.h - one vocabulary of outcomes for the whole program, with two audiences: the client
 * reads `detail` (our words, never input or host names), the operator's log reads `cause`.
 *
 * Foreign codes (SQLite, errno, libjwt) become ours at the edge where they arise and nowhere
 * else; the first failure wins and is passed up unchanged. Only http/status.c knows what HTTP
 * status a code is. */
#ifndef CC_BASE_ERR_H
#define CC_BASE_ERR_H

#include <stddef.h>

#define CC_NODISCARD __attribute__((warn_unused_result))
#define CC_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define CC_COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum cc_code {
    CC_OK = 0,
    CC_BAD_REQUEST,           /* 400: not JSON, bad encoding, ambiguous */
    CC_UNAUTHORIZED,          /* 401: no or bad access token */
    CC_WRONG_CREDENTIALS,     /* 401: number or password wrong */
    CC_WRONG_CODE,            /* 401: code wrong, expired, used or never sent: one and the same */
    CC_FORBIDDEN,             /* 403: you may see it but not do this */
    CC_NOT_FOUND,             /* 404: it does not exist, or you may not know that it does */
    CC_METHOD_NOT_ALLOWED,    /* 405 */
    CC_NOT_ACCEPTABLE,        /* 406 */
    CC_REQUEST_TIMEOUT,       /* 408: the body stalled */
    CC_EXISTS,                /* 409: what was to be inserted is there */
    CC_CONFLICT,              /* 409: conflicts with what is there */
    CC_CLIENT_ID_REUSED,      /* 409: the same client_id with another body */
    CC_GONE,                  /* 410 */
    CC_LENGTH_REQUIRED,       /* 411 */
    CC_PRECONDITION_FAILED,   /* 412 */
    CC_TOO_LARGE,             /* 413 */
    CC_URI_TOO_LONG,          /* 414 */
    CC_UNSUPPORTED_TYPE,      /* 415 */
    CC_INVALID,               /* 422: one entry in `invalid` for each wrong field */
    CC_LOCKED,                /* 423 */
    CC_PRECONDITION_REQUIRED, /* 428 */
    CC_TOO_MANY,              /* 429: retry_after_s says when */
    CC_HEADERS_TOO_LARGE,     /* 431 */
    CC_INTERNAL,              /* 500: our fault */
    CC_UNAVAILABLE,           /* 503: cannot take it now; nothing was done */
    CC_OUTCOME_UNKNOWN,       /* 504: it may have been done */
    CC_STORAGE_FULL,          /* 507: the disk is full; nothing was done */
    CC_CODE_COUNT
};

#define CC_INVALID_MAX 8

struct cc_invalid {
    char pointer[96]; /* RFC 6901, e.g. "/phone_number"; cut when longer */
    char detail[96];
};

struct cc_err {
    enum cc_code code;
    int retry_after_s; /* with CC_TOO_MANY and CC_UNAVAILABLE; 0 = not said */
    char detail[160];  /* for the client: a sentence of ours */
    char cause[256];   /* for the log */
    size_t invalid_count;
    struct cc_invalid invalid[CC_INVALID_MAX]; /* further wrong fields are not listed */
};

/* The sentence of a code itself, for the client: what `detail` NULL gives. */
const char *cc_code_sentence(enum cc_code code);

/* Empties `err`. A struct cc_err of all zeroes is empty as well. */
void cc_err_clear(struct cc_err *err);

/* Notes a failure and returns `code`, so that it can be returned in one statement. If `err`
 * already holds a failure it stays as it is and its code is returned. `detail` is shown to the
 * client; NULL takes the code's own sentence. `cause` is a printf format for the log. */
enum cc_code cc_fail(struct cc_err *err, enum cc_code code, const char *detail, const char *cause,
                     ...) CC_PRINTF(4, 5);

/* The same, with the seconds after which a client may try again. */
enum cc_code cc_fail_retry(struct cc_err *err, enum cc_code code, int retry_after_s,
                           const char *detail, const char *cause, ...) CC_PRINTF(5, 6);

/* Adds a wrong field: `pointer` is a JSON Pointer (RFC 6901), `detail` our words. Returns
 * CC_INVALID; fields of one request are collected by calling it again. */
enum cc_code cc_fail_field(struct cc_err *err, const char *pointer, const char *detail);

#endif
