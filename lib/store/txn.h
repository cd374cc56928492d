/* store/txn.h - for backends alone: the part of a transaction that is the same on all of them. It
 * counts what a run touches, holds it to the limits and rules of store.h, and remembers the first
 * failure, so that a function that overlooks one cannot commit half of what it meant. */
#ifndef CC_STORE_TXN_H
#define CC_STORE_TXN_H

#include "store.h"

/* What a backend does once the rules have been checked. Codes as in store.h. */
struct cc_txn_ops {
    enum cc_code (*get)(struct cc_txn *, struct cc_key, struct cc_item *, struct cc_err *);
    /* `out` has the keys; what does not exist keeps an absent body. */
    enum cc_code (*get_many)(struct cc_txn *, const struct cc_key *, size_t, struct cc_item *,
                             struct cc_err *);
    enum cc_code (*expect)(struct cc_txn *, const struct cc_key *, size_t, struct cc_err *);
    enum cc_code (*query)(struct cc_txn *, const struct cc_range *, struct cc_items *,
                          struct cc_err *);
    enum cc_code (*changed)(struct cc_txn *, const struct cc_changed *, struct cc_items *,
                            struct cc_err *);
    bool (*is_written)(struct cc_txn *, struct cc_key);
    enum cc_code (*insert)(struct cc_txn *, const struct cc_item *, struct cc_err *);
    enum cc_code (*put)(struct cc_txn *, const struct cc_item *, struct cc_err *);
    enum cc_code (*remove)(struct cc_txn *, struct cc_key, struct cc_err *);
};

/* An item that a run has read or written; the commit answers for each of them. */
struct cc_txn_entry {
    struct cc_key key;
    size_t size_bytes; /* the largest that was seen or written */
    bool checked;      /* the commit checks it, so it can be a guard */
};

struct cc_txn {
    const struct cc_txn_ops *ops; /* the backend's struct begins with this one */
    struct cc_arena *arena;
    int64_t now_ms;
    bool read_only;
    size_t size_bytes;
    size_t count;
    struct cc_txn_entry entries[CC_TXN_ITEMS_MAX];
    struct cc_err first; /* its code is CC_OK as long as nothing went wrong */
};

/* Makes `txn` ready for one run of a function. */
void cc_txn_init(struct cc_txn *txn, const struct cc_txn_ops *ops, struct cc_arena *arena,
                 int64_t now_ms, bool read_only);

/* Calls fn. CC_OK: commit. Anything else: undo; `err` says why, also where fn did not. A failure
 * that fn overlooked is its outcome nevertheless. */
enum cc_code cc_txn_call(struct cc_txn *txn, cc_txn_fn *fn, void *arg,
                         struct cc_err *err) CC_NODISCARD;

/* Who is given the items of cc_store_walk. */
struct cc_visit {
    cc_item_fn *fn;
    void *arg;
};

/* What an item weighs against the limits: both keys and the body. */
size_t cc_item_size(const struct cc_item *item);

#endif
