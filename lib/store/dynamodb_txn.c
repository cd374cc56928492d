/* A transaction over an overlay: what a function reads is asked for once and remembered, what it
 * writes stays here until the commit. */
#include "dynamodb.h"

#include "../base/arena.h"
#include "../base/text.h"

#include <stdlib.h>

static struct dynamo_txn *txn_of(struct cc_txn *txn)
{
    return (struct dynamo_txn *)txn;
}

static bool is_alive(const struct cc_item *item, int64_t now_ms)
{
    return item->expires_ms <= 0 || item->expires_ms > now_ms;
}

/* --- one item --------------------------------------------------------------------------------- */

static void note_row(struct dynamo_entry *entry, struct cc_arena *arena,
                     const struct dynamo_row *row)
{
    entry->arena = arena;
    entry->seen = row->v.at ? DYNAMO_PRESENT : DYNAMO_ABSENT;
    entry->row = *row;
}

/* From what an earlier try has read: the commit says whether it is still so, and the next try asks
 * again where it is not. */
static bool recall(struct dynamo_txn *txn, struct dynamo_entry *entry)
{
    const struct dynamo_entry *known =
        txn->known ? dynamo_overlay_find(txn->known, entry->key) : NULL;

    if (known == NULL || known->seen == DYNAMO_UNREAD)
        return false;
    entry->seen = known->seen;
    entry->row = known->row;
    entry->arena = known->arena;
    entry->checked = true;
    return true;
}

/* What is in the table, unless this commit has written it already. */
static enum cc_code look(struct dynamo_txn *txn, struct dynamo_entry *entry, struct cc_err *err)
{
    struct dynamo_row row;
    enum cc_code rc;

    if (entry->seen != DYNAMO_UNREAD || entry->write != DYNAMO_NOTHING || recall(txn, entry))
        return CC_OK;
    rc = dynamo_get(txn->store, txn->base.arena, entry->key, &row, err);
    if (rc == CC_OK)
        note_row(entry, txn->base.arena, &row);
    return rc;
}

/* The item as the function sees it; NULL: it does not exist. */
static const struct cc_item *visible(const struct dynamo_txn *txn, const struct dynamo_entry *entry)
{
    const struct cc_item *item = NULL;

    if (entry->write == DYNAMO_PUT)
        item = &entry->item;
    else if (entry->write == DYNAMO_NOTHING && entry->seen == DYNAMO_PRESENT)
        item = &entry->row.item;
    return item && is_alive(item, txn->base.now_ms) ? item : NULL;
}

/* The same as a function may keep it: in an arena of its own. What another one has read or written
 * goes with that one, which can be answered first. */
static const struct cc_item *own(const struct dynamo_txn *txn, const struct dynamo_entry *entry)
{
    const struct cc_item *item = visible(txn, entry);
    struct cc_item *copy;

    if (item == NULL || entry->arena == txn->base.arena)
        return item;
    copy = CC_NEW(txn->base.arena, struct cc_item);
    *copy = *item;
    copy->body = cc_str_copy(txn->base.arena, item->body);
    return copy;
}

/* The key stays the caller's, which lives in the transaction's arena. */
static enum cc_code give(const struct cc_item *item, struct cc_item *out)
{
    const struct cc_key key = out->key;

    if (item == NULL)
        return CC_NOT_FOUND;
    *out = *item;
    out->key = key;
    return CC_OK;
}

/* What was read ahead is good once: whoever asks again wants to know what is there by now. */
static enum cc_code get_current(struct dynamo_txn *txn, struct cc_key key, struct cc_item *out,
                                struct cc_err *err)
{
    struct dynamo_entry *ahead = dynamo_overlay_find(&txn->ahead, key);
    struct dynamo_row row;
    enum cc_code rc = CC_OK;

    if (ahead && ahead->seen != DYNAMO_UNREAD) {
        row = ahead->row;
        ahead->seen = DYNAMO_UNREAD;
    } else {
        rc = dynamo_get(txn->store, txn->base.arena, key, &row, err);
    }
    if (rc != CC_OK)
        return rc;
    return give(row.v.at && is_alive(&row.item, txn->base.now_ms) ? &row.item : NULL, out);
}

static enum cc_code get(struct cc_txn *base, struct cc_key key, struct cc_item *out,
                        struct cc_err *err)
{
    struct dynamo_txn *txn = txn_of(base);
    struct dynamo_entry *entry;
    enum cc_code rc;

    if (txn->overlay == NULL)
        return get_current(txn, key, out, err);
    entry = dynamo_overlay_touch(txn->overlay, key);
    rc = look(txn, entry, err);
    return rc == CC_OK ? give(own(txn, entry), out) : rc;
}

/* --- many items ------------------------------------------------------------------------------- */

enum cc_code dynamo_read_ahead(struct dynamo_store *store, struct cc_arena *arena,
                               struct dynamo_overlay *overlay, const struct cc_key *keys,
                               size_t count, struct cc_err *err)
{
    struct cc_key *asked = CC_NEW_ARRAY(arena, struct cc_key, count);
    struct dynamo_row *rows = CC_NEW_ARRAY(arena, struct dynamo_row, count);
    size_t missing = 0;
    enum cc_code rc;

    for (size_t i = 0; i < count; i++) {
        const struct dynamo_entry *entry = dynamo_overlay_touch(overlay, keys[i]);

        if (entry->seen == DYNAMO_UNREAD && entry->write == DYNAMO_NOTHING)
            asked[missing++] = entry->key;
    }
    if (missing == 0)
        return CC_OK;
    rc = dynamo_get_many(store, arena, asked, missing, rows, err);
    for (size_t i = 0; i < missing && rc == CC_OK; i++)
        note_row(dynamo_overlay_find(overlay, asked[i]), arena, &rows[i]);
    return rc;
}

static enum cc_code expect(struct cc_txn *base, const struct cc_key *keys, size_t count,
                           struct cc_err *err)
{
    struct dynamo_txn *txn = txn_of(base);

    if (txn->overlay == NULL)
        return dynamo_read_ahead(txn->store, base->arena, &txn->ahead, keys, count, err);
    for (size_t i = 0; i < count; i++) {
        struct dynamo_entry *entry = dynamo_overlay_touch(txn->overlay, keys[i]);

        if (entry->seen == DYNAMO_UNREAD && entry->write == DYNAMO_NOTHING)
            (void)recall(txn, entry);
    }
    return dynamo_read_ahead(txn->store, base->arena, txn->overlay, keys, count, err);
}

/* In a view: what was read ahead, and all else at once. */
static enum cc_code get_many_current(struct dynamo_txn *txn, const struct cc_key *keys,
                                     size_t count, struct cc_item *out, struct cc_err *err)
{
    struct cc_key *asked = CC_NEW_ARRAY(txn->base.arena, struct cc_key, count);
    struct dynamo_row *rows = CC_NEW_ARRAY(txn->base.arena, struct dynamo_row, count);
    struct cc_item **places = CC_NEW_ARRAY(txn->base.arena, struct cc_item *, count);
    size_t missing = 0;
    enum cc_code rc = CC_OK;

    for (size_t i = 0; i < count; i++) {
        const struct dynamo_entry *ahead = dynamo_overlay_find(&txn->ahead, keys[i]);

        if (ahead && ahead->seen != DYNAMO_UNREAD) {
            (void)get_current(txn, keys[i], &out[i], err);
        } else {
            places[missing] = &out[i];
            asked[missing++] = keys[i];
        }
    }
    if (missing > 0)
        rc = dynamo_get_many(txn->store, txn->base.arena, asked, missing, rows, err);
    for (size_t i = 0; i < missing && rc == CC_OK; i++) {
        if (rows[i].v.at && is_alive(&rows[i].item, txn->base.now_ms))
            (void)give(&rows[i].item, places[i]);
    }
    return rc;
}

static enum cc_code get_many(struct cc_txn *base, const struct cc_key *keys, size_t count,
                             struct cc_item *out, struct cc_err *err)
{
    struct dynamo_txn *txn = txn_of(base);
    enum cc_code rc;

    if (txn->overlay == NULL)
        return get_many_current(txn, keys, count, out, err);
    rc = expect(base, keys, count, err);
    for (size_t i = 0; i < count && rc == CC_OK; i++)
        (void)give(own(txn, dynamo_overlay_find(txn->overlay, keys[i])), &out[i]);
    return rc;
}

/* --- ranges ----------------------------------------------------------------------------------- */

static int compare_sk(const void *a, const void *b)
{
    return cc_str_cmp(((const struct dynamo_row *)a)->item.key.sk,
                      ((const struct dynamo_row *)b)->item.key.sk);
}

static int compare_sk_back(const void *a, const void *b)
{
    return compare_sk(b, a);
}

static int compare_mrev(const void *a, const void *b)
{
    const int64_t first = ((const struct dynamo_row *)a)->item.mrev;
    const int64_t second = ((const struct dynamo_row *)b)->item.mrev;

    return first != second ? (first > second) - (first < second) : compare_sk(a, b);
}

static int (*order_of(const struct dynamo_range *range))(const void *, const void *)
{
    if (range->by_mrev)
        return compare_mrev;
    return range->newest_first ? compare_sk_back : compare_sk;
}

static bool is_in_range(const struct dynamo_range *range, const struct cc_item *item)
{
    if (!cc_str_eq(item->key.pk, range->pk))
        return false;
    if (range->by_mrev)
        return item->mrev > range->after && item->mrev <= range->up_to;
    return (!range->from.at || cc_str_cmp(item->key.sk, range->from) >= 0) &&
           (!range->to.at || cc_str_cmp(item->key.sk, range->to) <= 0);
}

/* DynamoDB refuses a range whose ends are the wrong way round; in it there is nothing. */
static bool is_empty(const struct dynamo_range *range)
{
    if (range->by_mrev)
        return range->after >= range->up_to;
    return range->from.at && range->to.at && cc_str_cmp(range->from, range->to) > 0;
}

/* Of the rows from `from` on, those stay that exist and that this commit has not written. */
static void keep_valid(const struct dynamo_txn *txn, struct dynamo_rows *rows, size_t from)
{
    size_t count = from;

    for (size_t i = from; i < rows->count; i++) {
        const struct dynamo_row *row = &rows->at[i];
        const struct dynamo_entry *entry =
            txn->overlay ? dynamo_overlay_find(txn->overlay, row->item.key) : NULL;

        if (is_alive(&row->item, txn->base.now_ms) &&
            (entry == NULL || entry->write == DYNAMO_NOTHING))
            rows->at[count++] = *row;
    }
    rows->count = count;
}

/* Whether what this commit has written belongs into the part of the range that was read. */
static bool belongs(const struct dynamo_range *range, const struct dynamo_rows *rows, size_t read,
                    const struct cc_item *item)
{
    const struct dynamo_row row = { .item = *item };

    return is_in_range(range, item) &&
           (!range->start.at || (read > 0 && order_of(range)(&row, &rows->at[read - 1]) < 0));
}

static void add_written(const struct dynamo_txn *txn, const struct dynamo_range *range,
                        struct dynamo_rows *rows)
{
    const size_t read = rows->count;

    for (size_t i = 0; txn->overlay && i < txn->overlay->count; i++) {
        const struct dynamo_entry *entry = &txn->overlay->at[i];
        const struct cc_item *item = entry->write == DYNAMO_PUT ? own(txn, entry) : NULL;
        struct dynamo_row row;

        if (item == NULL || !belongs(range, rows, read, item))
            continue;
        row = (struct dynamo_row){ .item = *item };
        row.item.key.pk = cc_str_copy(txn->base.arena, item->key.pk);
        row.item.key.sk = cc_str_copy(txn->base.arena, item->key.sk);
        dynamo_rows_add(txn->base.arena, rows, &row);
    }
    if (rows->count > read)
        qsort(rows->at, rows->count, sizeof(*rows->at), order_of(range));
}

static size_t size_of(const struct dynamo_rows *rows)
{
    size_t size = 0;

    for (size_t i = 0; i < rows->count; i++)
        size += cc_item_size(&rows->at[i].item);
    return size;
}

/* Pages until there are `wanted` rows, 1 MB, or no more. */
static enum cc_code read_pages(struct dynamo_txn *txn, struct dynamo_range *range, size_t wanted,
                               struct dynamo_rows *rows, struct cc_err *err)
{
    enum cc_code rc;

    do {
        const size_t before = rows->count;

        rc = dynamo_query_page(txn->store, txn->base.arena, range, wanted - before, rows, err);
        if (rc == CC_OK)
            keep_valid(txn, rows, before);
    } while (rc == CC_OK && range->start.at && rows->count < wanted &&
             size_of(rows) < CC_QUERY_BYTES_MAX);
    return rc;
}

static struct cc_items first_rows(const struct dynamo_txn *txn, const struct dynamo_range *range,
                                  const struct dynamo_rows *rows, size_t limit)
{
    struct cc_items out = { .at = CC_NEW_ARRAY(txn->base.arena, struct cc_item, rows->count) };
    size_t size = 0;

    while (out.count < rows->count && out.count < limit && size < CC_QUERY_BYTES_MAX) {
        out.at[out.count] = rows->at[out.count].item;
        size += cc_item_size(&out.at[out.count++]);
    }
    out.more = out.count < rows->count || range->start.at != NULL;
    return out;
}

static enum cc_code read_range(struct dynamo_txn *txn, struct dynamo_range *range, size_t limit,
                               struct cc_items *out, struct cc_err *err)
{
    struct dynamo_rows rows = { 0 };
    enum cc_code rc = CC_OK;

    txn->queried = true;
    if (!is_empty(range))
        rc = read_pages(txn, range, limit + 1, &rows, err);
    if (rc != CC_OK)
        return rc;
    add_written(txn, range, &rows);
    *out = first_rows(txn, range, &rows, limit);
    return CC_OK;
}

/* While a commit is under way its rows come into sight one by one, and only a transaction learns
 * that it is: the guard could be the new one, and the rows below it not yet. So the guard is read
 * once more, in a transaction, before its rows are; what begins later changes the guard, and our
 * commit is refused. */
static enum cc_code settle_guard(struct dynamo_txn *txn, struct cc_key guard, struct cc_err *err)
{
    struct dynamo_entry *entry = dynamo_overlay_find(txn->overlay, guard);
    struct dynamo_overlay alone;
    enum dynamo_fate fate;

    if (entry == NULL || entry->settled || entry->seen == DYNAMO_UNREAD)
        return CC_OK;
    dynamo_overlay_init(&alone, txn->base.arena);
    dynamo_overlay_touch(&alone, guard)->row = entry->row;
    alone.at->seen = entry->seen;
    alone.at->checked = true;
    fate = dynamo_confirm(txn->store, &alone, err);
    entry->settled = fate == DYNAMO_COMMITTED;
    entry->failed = txn->raced = fate == DYNAMO_LOST;
    if (txn->raced)
        return cc_fail_retry(err, CC_UNAVAILABLE, 1, NULL, "store: the guard of a range changes");
    return entry->settled ? CC_OK : err->code;
}

static enum cc_code query(struct cc_txn *base, const struct cc_range *asked, struct cc_items *out,
                          struct cc_err *err)
{
    struct dynamo_txn *txn = txn_of(base);
    struct dynamo_range range = {
        .pk = asked->pk, .from = asked->from, .to = asked->to, .newest_first = asked->newest_first
    };
    enum cc_code rc = txn->overlay ? settle_guard(txn, asked->guard, err) : CC_OK;

    return rc == CC_OK ? read_range(txn, &range, asked->limit, out, err) : rc;
}

static enum cc_code changed(struct cc_txn *base, const struct cc_changed *asked,
                            struct cc_items *out, struct cc_err *err)
{
    struct dynamo_txn *txn = txn_of(base);
    struct dynamo_range range = {
        .pk = asked->pk, .by_mrev = true, .after = asked->after, .up_to = asked->up_to
    };
    enum cc_code rc = txn->overlay ? settle_guard(txn, asked->guard, err) : CC_OK;

    return rc == CC_OK ? read_range(txn, &range, asked->limit, out, err) : rc;
}

/* --- writing ---------------------------------------------------------------------------------- */

static bool is_written(struct cc_txn *base, struct cc_key key)
{
    const struct dynamo_overlay *overlay = txn_of(base)->overlay;
    const struct dynamo_entry *entry = overlay ? dynamo_overlay_find(overlay, key) : NULL;

    return entry && entry->write != DYNAMO_NOTHING;
}

/* What is no text DynamoDB would take as another text. */
static enum cc_code check_text(const struct cc_item *item, struct cc_err *err)
{
    if (cc_text_is_utf8(item->key.pk) && cc_text_is_utf8(item->key.sk) &&
        cc_text_is_utf8(item->body))
        return CC_OK;
    return cc_fail(err, CC_INTERNAL, NULL, "store: an item that is not UTF-8");
}

static void write_item(struct dynamo_txn *txn, struct dynamo_entry *entry,
                       const struct cc_item *item)
{
    entry->write = DYNAMO_PUT;
    entry->arena = txn->base.arena;
    entry->item = *item;
    entry->item.key = entry->key;
    entry->item.body = cc_str_copy(txn->base.arena, item->body);
}

static enum cc_code put(struct cc_txn *base, const struct cc_item *item, struct cc_err *err)
{
    struct dynamo_txn *txn = txn_of(base);
    enum cc_code rc = check_text(item, err);

    if (rc == CC_OK)
        write_item(txn, dynamo_overlay_touch(txn->overlay, item->key), item);
    return rc;
}

/* Almost every insert succeeds, so nobody is asked: the commit checks that the item is absent, and
 * if it is not, the function runs again, with the key among those of which something is known. */
static enum cc_code insert(struct cc_txn *base, const struct cc_item *item, struct cc_err *err)
{
    struct dynamo_txn *txn = txn_of(base);
    struct dynamo_entry *entry = dynamo_overlay_touch(txn->overlay, item->key);
    enum cc_code rc = check_text(item, err);

    if (rc == CC_OK && txn->known && dynamo_overlay_find(txn->known, item->key))
        rc = look(txn, entry, err);
    if (rc != CC_OK)
        return rc;
    if (entry->write == DYNAMO_NOTHING) {
        entry->checked |= entry->seen != DYNAMO_UNREAD;
        entry->guessed |= entry->seen == DYNAMO_UNREAD;
    }
    if (visible(txn, entry))
        return CC_EXISTS;
    write_item(txn, entry, item);
    return CC_OK;
}

static enum cc_code remove_item(struct cc_txn *base, struct cc_key key, struct cc_err *err)
{
    (void)err;
    dynamo_overlay_touch(txn_of(base)->overlay, key)->write = DYNAMO_DELETE;
    return CC_OK;
}

static const struct cc_txn_ops ops = {
    .get = get,
    .get_many = get_many,
    .expect = expect,
    .query = query,
    .changed = changed,
    .is_written = is_written,
    .insert = insert,
    .put = put,
    .remove = remove_item,
};

void dynamo_txn_init(struct dynamo_txn *txn, struct dynamo_store *store, struct cc_arena *arena,
                     struct dynamo_overlay *overlay, const struct dynamo_overlay *known)
{
    cc_txn_init(&txn->base, &ops, arena, cc_clock_wall_ms(store->clock), overlay == NULL);
    txn->store = store;
    txn->overlay = overlay;
    txn->known = known;
    txn->queried = txn->raced = false;
    dynamo_overlay_init(&txn->ahead, arena);
}
