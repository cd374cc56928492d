/* identity/limit.h - throttles that hold over processes and hosts: counters in the store that
 * expire. */
#ifndef CC_IDENTITY_LIMIT_H
#define CC_IDENTITY_LIMIT_H

#include "../store/store.h"

struct cc_limit {
    const char *what;  /* "sign-up-address", ... */
    struct cc_str who; /* whom it counts; hashed where it is a number or an address */
    int64_t max;       /* how many in one window */
    int64_t window_ms; /* fixed windows that start with the first use */
};

/* Takes `count` of what is left, in the caller's transaction. *retry_after_s is 0 if there was
 * enough, else the seconds to the next window, and nothing is taken. */
enum cc_code cc_limit_take(struct cc_txn *txn, const struct cc_limit *limit, int64_t count,
                           int64_t *retry_after_s, struct cc_err *err) CC_NODISCARD;

/* Whether cc_limit_take would find enough; takes nothing. */
enum cc_code cc_limit_look(struct cc_txn *txn, const struct cc_limit *limit, int64_t count,
                           int64_t *retry_after_s, struct cc_err *err) CC_NODISCARD;

#endif
