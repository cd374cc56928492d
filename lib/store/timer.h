/* store/timer.h - what is to be done later: an item of the store, added in the transaction that
 * makes it necessary, so that nothing is forgotten and nothing is done for what was undone. Any
 * process's idle tick, or `cloudchat tick`, does what is due. Each job is done at least once. */
#ifndef CC_STORE_TIMER_H
#define CC_STORE_TIMER_H

#include "store.h"

struct cc_job {
    struct cc_key key;
    struct cc_str kind; /* "code", ... */
    struct cc_str body; /* a JSON object, the kind's own */
    int64_t attempt;    /* 1 at the first try */
};

/* Adds a job in `txn`, due at due_ms; `id` makes it unique: the same id for the same instant
 * replaces the job. `body` is copied. CC_INTERNAL, CC_UNAVAILABLE, CC_STORAGE_FULL as cc_txn_put.
 */
enum cc_code cc_timer_add(struct cc_txn *txn, int64_t due_ms, struct cc_str id, const char *kind,
                          struct cc_str body, struct cc_err *err) CC_NODISCARD;

/* Takes a job back, in `txn`: what was added for that instant under that id. Nothing, if some
 * process has taken it meanwhile. Codes as cc_txn_delete. */
enum cc_code cc_timer_remove(struct cc_txn *txn, int64_t due_ms, struct cc_str id,
                             struct cc_err *err) CC_NODISCARD;

#define CC_TIMER_TAKE_MAX 40 /* at once: each is two items of one transaction */

struct cc_jobs {
    struct cc_job *at;
    size_t count;
};

/* Takes up to `limit` due jobs, at most CC_TIMER_TAKE_MAX, the oldest of each shard first: each is
 * moved lease_ms ahead first, so that no other process does it meanwhile and that it comes back if
 * this one dies. They live in `arena`. Codes as cc_store_run. */
enum cc_code cc_timer_take(struct cc_store *store, struct cc_arena *arena, int64_t lease_ms,
                           size_t limit, struct cc_jobs *out, struct cc_err *err) CC_NODISCARD;

/* Tries a taken job again at due_ms, and not when its lease ends. Nothing, if another process has
 * taken it meanwhile. Codes as cc_store_run. */
enum cc_code cc_timer_put_off(struct cc_store *store, struct cc_arena *arena,
                              const struct cc_job *job, int64_t due_ms,
                              struct cc_err *err) CC_NODISCARD;

/* Done, or given up: forget it. */
enum cc_code cc_timer_done(struct cc_store *store, struct cc_arena *arena, const struct cc_job *job,
                           struct cc_err *err) CC_NODISCARD;

#endif
