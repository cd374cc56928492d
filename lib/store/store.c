#include "store.h"

enum cc_code cc_store_run(struct cc_store *store, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                          struct cc_err *err)
{
    return store->ops->run(store, arena, fn, arg, err);
}

enum cc_code cc_store_view(struct cc_store *store, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                           struct cc_err *err)
{
    return store->ops->view(store, arena, fn, arg, err);
}

struct cc_str cc_store_epoch(const struct cc_store *store)
{
    return store->ops->epoch(store);
}

enum cc_code cc_store_sweep(struct cc_store *store, size_t limit, size_t *swept, struct cc_err *err)
{
    return store->ops->sweep(store, limit, swept, err);
}

enum cc_code cc_store_walk(struct cc_store *store, struct cc_str prefix, cc_item_fn *fn, void *arg,
                           struct cc_err *err)
{
    return store->ops->walk(store, prefix, fn, arg, err);
}

enum cc_code cc_store_check(struct cc_store *store, struct cc_arena *arena, struct cc_err *err)
{
    return store->ops->check(store, arena, err);
}

enum cc_code cc_store_verify(struct cc_store *store, struct cc_arena *arena, struct cc_err *err)
{
    return store->ops->verify(store, arena, err);
}

enum cc_code cc_store_copy(struct cc_store *store, const char *path, struct cc_progress *progress,
                           struct cc_err *err)
{
    return store->ops->copy(store, path, progress, err);
}

void cc_store_close(struct cc_store *store)
{
    if (store != NULL)
        store->ops->close(store);
}
