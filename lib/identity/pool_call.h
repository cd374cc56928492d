/* identity/pool_call.h - one call of a user pool, for pool.c: the request is written member by
 * member between pool_begin and pool_end. Inside of identity/. */
#ifndef CC_IDENTITY_POOL_CALL_H
#define CC_IDENTITY_POOL_CALL_H

#include "pool.h"

#include "../base/field.h"

#define POOL_ATTRIBUTES_MAX 3

enum pool_operation {
    POOL_SIGN_UP,
    POOL_CONFIRM,
    POOL_RESEND,
    POOL_FORGOT,
    POOL_RESET,
    POOL_CHANGE_PASSWORD,
    POOL_SIGN_IN,
    POOL_ANSWER,
    POOL_REFRESH,
    POOL_ROTATE,
    POOL_REVOKE,
    POOL_SIGN_OUT,
    POOL_PERSON,
    POOL_RENAME,
    POOL_FIND,
    POOL_ACT_DELETE,
    POOL_ACT_DISABLE,
    POOL_ACT_ENABLE,
    POOL_ACT_SIGN_OUT,
};

struct pool_call {
    struct cc_pool *pool;
    struct cc_arena *arena;
    enum pool_operation op;
    struct cc_buf buf;
    struct cc_jw w;
    struct cc_str answer;
    const char *given[POOL_ATTRIBUTES_MAX]; /* attributes of a person */
    size_t given_count;
    const char *withheld; /* one that is left out on purpose */
};

/* Names the client or the pool that the operation is about. */
void pool_begin(struct pool_call *call, struct cc_pool *pool, struct cc_arena *arena,
                enum pool_operation op);
void pool_put(struct pool_call *call, const char *name, struct cc_str value); /* absent: nothing */
/* Where the client has a secret. */
void pool_put_secret_hash(struct pool_call *call, const char *name, struct cc_str username);
void pool_put_username(struct pool_call *call, struct cc_str username);

/* An attribute of a person, in an array that is begun; pool_attributes.c. Absent: it is left out on
 * purpose. `name` outlives the call. */
void pool_put_attribute(struct pool_call *call, const char *name, struct cc_str value);

/* Sends it. What an exception is in our words (pool_call.c); CC_EXISTS and CC_NOT_FOUND leave err
 * alone, but for a code that could not be sent: then the cause says why. */
enum cc_code pool_end(struct pool_call *call, struct cc_err *err) CC_NODISCARD;

/* Inside of pool_end: what a message says of the attributes that were given. CC_INVALID (/name,
 * /phone_number, /email): they break the pool's rules. These two leave err alone: CC_NOT_FOUND, it
 * only misses what was left out on purpose; CC_UNAVAILABLE, something else is wrong. */
enum cc_code pool_judge_attributes(const struct pool_call *call, struct cc_str message,
                                   struct cc_err *err) CC_NODISCARD;

/* The answer, by a table. CC_UNAVAILABLE: nobody can read it. */
enum cc_code pool_read(const struct pool_call *call, const struct cc_field *fields, void *out,
                       struct cc_err *err) CC_NODISCARD;

#endif
