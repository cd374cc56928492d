/* Page by page: a snapshot held from one end to the other would keep the log from being emptied. */
#include "sqlite.h"

#include "../base/arena.h"

#define PAGE_ITEMS 1000
#define PAGE_BYTES ((size_t)1024 * 1024)

struct page {
    struct cc_str prefix;
    struct cc_key after; /* where it begins: behind this one */
    struct cc_item items[PAGE_ITEMS];
    size_t count;
    bool is_last;
};

static bool is_alive(const struct cc_item *item, int64_t now_ms)
{
    return item->expires_ms == 0 || item->expires_ms > now_ms;
}

static enum cc_code read_rows(struct cc_txn *txn, struct sqlite_rows *rows, struct page *page,
                              struct cc_err *err)
{
    size_t size_bytes = 0;

    page->count = 0;
    page->is_last = false;
    while (page->count < PAGE_ITEMS && size_bytes < PAGE_BYTES) {
        struct cc_item *item = &page->items[page->count];
        enum cc_code rc = sqlite_rows_next(rows, txn->arena, item, err);

        if (rc != CC_OK && rc != CC_NOT_FOUND)
            return rc;
        page->is_last = rc == CC_NOT_FOUND || !cc_str_starts(item->key.pk, page->prefix);
        if (page->is_last)
            return CC_OK;
        page->after = item->key;
        size_bytes += cc_item_size(item);
        page->count += is_alive(item, txn->now_ms);
    }
    return CC_OK;
}

static enum cc_code read_page(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct page *page = arg;
    struct sqlite_rows rows;
    enum cc_code rc = sqlite_rows_open(((struct sqlite_txn *)txn)->conn, page->after, &rows, err);

    if (rc != CC_OK)
        return rc;
    rc = read_rows(txn, &rows, page, err);
    sqlite_rows_close(&rows);
    return rc;
}

/* Where the next page begins lives in the one before. */
static enum cc_code walk(struct cc_store *store, struct cc_arena *const pages[2], struct page *page,
                         const struct cc_visit *visit, struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    for (size_t i = 0; rc == CC_OK && !page->is_last; i = !i) {
        cc_arena_reset(pages[i]);
        rc = cc_store_view(store, pages[i], read_page, page, err);
        for (size_t at = 0; rc == CC_OK && at < page->count; at++)
            rc = visit->fn(&page->items[at], visit->arg, err);
    }
    return rc;
}

enum cc_code sqlite_walk(struct sqlite_store *store, struct cc_str prefix,
                         const struct cc_visit *visit, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_arena *pages[] = { cc_arena_new(CC_ARENA_CEILING_BYTES),
                                 cc_arena_new(CC_ARENA_CEILING_BYTES) };
    struct page *page = CC_NEW(arena, struct page);
    enum cc_code rc;

    page->prefix = prefix;
    page->after = (struct cc_key){ prefix, CC_STR("") };
    rc = walk(&store->base, pages, page, visit, err);
    cc_arena_free(pages[0]);
    cc_arena_free(pages[1]);
    cc_arena_free(arena);
    return rc;
}
