#include "txn.h"

#include <string.h>

void cc_txn_init(struct cc_txn *txn, const struct cc_txn_ops *ops, struct cc_arena *arena,
                 int64_t now_ms, bool read_only)
{
    txn->ops = ops;
    txn->arena = arena;
    txn->now_ms = now_ms;
    txn->read_only = read_only;
    txn->size_bytes = 0;
    txn->count = 0;
    cc_err_clear(&txn->first);
}

enum cc_code cc_txn_call(struct cc_txn *txn, cc_txn_fn *fn, void *arg, struct cc_err *err)
{
    enum cc_code rc = fn(txn, arg, err);

    if (txn->first.code != CC_OK) {
        *err = txn->first;
        return err->code;
    }
    if (rc != CC_OK)
        return cc_fail(err, rc, NULL, "refused by the transaction's function");
    return CC_OK;
}

struct cc_arena *cc_txn_arena(const struct cc_txn *txn)
{
    return txn->arena;
}

int64_t cc_txn_now_ms(const struct cc_txn *txn)
{
    return txn->now_ms;
}

size_t cc_item_size(const struct cc_item *item)
{
    return item->key.pk.len + item->key.sk.len + item->body.len;
}

/* Absence and presence are answers; everything else ends the transaction. */
static enum cc_code note(struct cc_txn *txn, enum cc_code rc, const struct cc_err *err)
{
    if (rc != CC_OK && rc != CC_NOT_FOUND && rc != CC_EXISTS && txn->first.code == CC_OK) {
        txn->first = *err;
        txn->first.code = rc;
    }
    return rc;
}

/* A rule of the interface was broken: our own fault, whatever the function makes of it. `err` may
 * hold an older failure that the function chose to go on after; what ends the transaction is this.
 */
static enum cc_code broken(struct cc_txn *txn, struct cc_err *err, const char *rule,
                           struct cc_str sk)
{
    cc_err_clear(err);
    return note(
        txn, cc_fail(err, CC_INTERNAL, NULL, "store: %s (at \"%.*s\")", rule, CC_STR_ARG(sk)), err);
}

/* After a failure nothing more is done: on SQLite a full disk can end the transaction in the
 * middle, and what came after would commit by itself. */
static enum cc_code go_on(struct cc_txn *txn, struct cc_err *err)
{
    if (txn->first.code == CC_OK)
        return CC_OK;
    *err = txn->first;
    return err->code;
}

static bool part_is_wellformed(struct cc_str part)
{
    return part.at != NULL && part.len > 0 && part.len <= CC_KEY_BYTES_MAX &&
           memchr(part.at, 0, part.len) == NULL;
}

static enum cc_code check_key(struct cc_txn *txn, struct cc_key key, struct cc_err *err)
{
    if (!part_is_wellformed(key.pk) || !part_is_wellformed(key.sk))
        return broken(txn, err, "a key is empty, too long or holds NUL", key.sk);
    return CC_OK;
}

static bool same_key(const struct cc_key *a, const struct cc_key *b)
{
    return cc_str_eq(a->sk, b->sk) && cc_str_eq(a->pk, b->pk);
}

static struct cc_txn_entry *find_entry(struct cc_txn *txn, const struct cc_key *key)
{
    for (size_t i = 0; i < txn->count; i++) {
        if (same_key(&txn->entries[i].key, key))
            return &txn->entries[i];
    }
    return NULL;
}

/* Counts an item once, however often it is read and written. The key is copied: the caller's may
 * be gone when the next one is compared with it. NULL: there are too many. */
static struct cc_txn_entry *touch(struct cc_txn *txn, struct cc_key key, struct cc_err *err)
{
    struct cc_txn_entry *entry = find_entry(txn, &key);

    if (entry != NULL)
        return entry;
    if (txn->count == CC_TXN_ITEMS_MAX) {
        (void)broken(txn, err, "more than 100 items in one transaction", key.sk);
        return NULL;
    }
    entry = &txn->entries[txn->count++];
    *entry = (struct cc_txn_entry){ .key = { cc_str_copy(txn->arena, key.pk),
                                             cc_str_copy(txn->arena, key.sk) } };
    return entry;
}

static enum cc_code weigh(struct cc_txn *txn, struct cc_txn_entry *entry, size_t size_bytes,
                          struct cc_err *err)
{
    if (size_bytes <= entry->size_bytes)
        return CC_OK;
    txn->size_bytes += size_bytes - entry->size_bytes;
    entry->size_bytes = size_bytes;
    if (txn->size_bytes > CC_TXN_BYTES_MAX)
        return broken(txn, err, "more than 4 MB in one transaction", entry->key.sk);
    return CC_OK;
}

/* A read that the commit checks. */
static enum cc_code read_checked(struct cc_txn *txn, struct cc_key key, struct cc_item *out,
                                 struct cc_err *err)
{
    struct cc_txn_entry *entry = touch(txn, key, err);
    struct cc_item item = { .key = key };
    enum cc_code found, rc;

    if (entry == NULL)
        return err->code;
    item.key = entry->key;
    found = note(txn, txn->ops->get(txn, entry->key, &item, err), err);
    if (found != CC_OK && found != CC_NOT_FOUND)
        return found;
    entry->checked = true;
    rc = weigh(txn, entry, cc_item_size(&item), err);
    if (rc == CC_OK && found == CC_OK)
        *out = item;
    return rc != CC_OK ? rc : found;
}

static enum cc_code read_plain(struct cc_txn *txn, struct cc_key key, struct cc_item *out,
                               struct cc_err *err)
{
    struct cc_item item = { .key = { cc_str_copy(txn->arena, key.pk),
                                     cc_str_copy(txn->arena, key.sk) } };
    enum cc_code rc = note(txn, txn->ops->get(txn, item.key, &item, err), err);

    if (rc == CC_OK)
        *out = item;
    return rc;
}

enum cc_code cc_txn_get(struct cc_txn *txn, struct cc_key key, struct cc_item *out,
                        struct cc_err *err)
{
    enum cc_code rc = go_on(txn, err);

    if (rc == CC_OK)
        rc = check_key(txn, key, err);
    if (rc != CC_OK)
        return rc;
    return txn->read_only ? read_plain(txn, key, out, err) : read_checked(txn, key, out, err);
}

/* Makes `out` ready for what will be read. */
static enum cc_code announce(struct cc_txn *txn, struct cc_key key, struct cc_item *out,
                             struct cc_err *err)
{
    const struct cc_txn_entry *entry;
    enum cc_code rc = check_key(txn, key, err);

    if (rc != CC_OK)
        return rc;
    if (txn->read_only) {
        *out = (struct cc_item){ .key = { cc_str_copy(txn->arena, key.pk),
                                          cc_str_copy(txn->arena, key.sk) } };
        return CC_OK;
    }
    entry = touch(txn, key, err);
    if (entry == NULL)
        return err->code;
    *out = (struct cc_item){ .key = entry->key };
    return CC_OK;
}

static enum cc_code note_checked(struct cc_txn *txn, const struct cc_item *item, struct cc_err *err)
{
    struct cc_txn_entry *entry;

    if (txn->read_only)
        return CC_OK;
    entry = find_entry(txn, &item->key);
    entry->checked = true;
    return weigh(txn, entry, cc_item_size(item), err);
}

enum cc_code cc_txn_get_many(struct cc_txn *txn, const struct cc_key *keys, size_t count,
                             struct cc_item *out, struct cc_err *err)
{
    enum cc_code rc = go_on(txn, err);

    for (size_t i = 0; i < count && rc == CC_OK; i++)
        rc = announce(txn, keys[i], &out[i], err);
    if (rc == CC_OK && count > 0)
        rc = note(txn, txn->ops->get_many(txn, keys, count, out, err), err);
    for (size_t i = 0; i < count && rc == CC_OK; i++)
        rc = note_checked(txn, &out[i], err);
    return rc;
}

enum cc_code cc_txn_expect(struct cc_txn *txn, const struct cc_key *keys, size_t count,
                           struct cc_err *err)
{
    enum cc_code rc = go_on(txn, err);

    for (size_t i = 0; i < count && rc == CC_OK; i++)
        rc = check_key(txn, keys[i], err);
    return rc == CC_OK && count > 0 ? note(txn, txn->ops->expect(txn, keys, count, err), err) : rc;
}

/* What the commit does not check is only as good as the item that stands for it. */
static enum cc_code check_guard(struct cc_txn *txn, struct cc_key guard, struct cc_str sk,
                                struct cc_err *err)
{
    const struct cc_txn_entry *entry;

    if (txn->read_only)
        return CC_OK;
    entry = find_entry(txn, &guard);
    if (entry == NULL || !entry->checked)
        return broken(txn, err, "the guard has not been read in this transaction", sk);
    return CC_OK;
}

enum cc_code cc_txn_peek(struct cc_txn *txn, struct cc_key key, struct cc_key guard,
                         struct cc_item *out, struct cc_err *err)
{
    enum cc_code rc = go_on(txn, err);

    if (rc == CC_OK)
        rc = check_key(txn, key, err);
    if (rc == CC_OK)
        rc = check_guard(txn, guard, key.sk, err);
    return rc == CC_OK ? read_plain(txn, key, out, err) : rc;
}

static struct cc_str kind_of(struct cc_str sk)
{
    return cc_str_take(sk, cc_str_find(sk, '#') + 1);
}

static enum cc_code check_range(struct cc_txn *txn, const struct cc_range *range,
                                struct cc_err *err)
{
    if (!part_is_wellformed(range->pk))
        return broken(txn, err, "a range without a partition", range->pk);
    if (range->limit < 1 || range->limit > CC_QUERY_ITEMS_MAX)
        return broken(txn, err, "a range whose limit is not 1 to 1000", range->pk);
    if (range->from.at && range->to.at && !cc_str_eq(kind_of(range->from), kind_of(range->to)))
        return broken(txn, err, "a range over several kinds", range->from);
    return check_guard(txn, range->guard, range->pk, err);
}

enum cc_code cc_txn_query(struct cc_txn *txn, const struct cc_range *range, struct cc_items *out,
                          struct cc_err *err)
{
    enum cc_code rc = go_on(txn, err);

    if (rc == CC_OK)
        rc = check_range(txn, range, err);
    return rc == CC_OK ? note(txn, txn->ops->query(txn, range, out, err), err) : rc;
}

enum cc_code cc_txn_changed(struct cc_txn *txn, const struct cc_changed *changed,
                            struct cc_items *out, struct cc_err *err)
{
    const struct cc_range range = { .pk = changed->pk,
                                    .limit = changed->limit,
                                    .guard = changed->guard };
    enum cc_code rc = go_on(txn, err);

    if (rc == CC_OK)
        rc = check_range(txn, &range, err);
    return rc == CC_OK ? note(txn, txn->ops->changed(txn, changed, out, err), err) : rc;
}

static enum cc_code check_write(struct cc_txn *txn, const struct cc_item *item, struct cc_err *err)
{
    struct cc_txn_entry *entry;
    enum cc_code rc = go_on(txn, err);

    if (rc == CC_OK)
        rc = check_key(txn, item->key, err);
    if (rc != CC_OK)
        return rc;
    if (txn->read_only)
        return broken(txn, err, "a write inside a view", item->key.sk);
    if (cc_item_size(item) > CC_ITEM_BYTES_MAX)
        return broken(txn, err, "an item of more than 180 KB", item->key.sk);
    entry = touch(txn, item->key, err);
    return entry == NULL ? err->code : weigh(txn, entry, cc_item_size(item), err);
}

static enum cc_code check_body(struct cc_txn *txn, const struct cc_item *item, struct cc_err *err)
{
    if (item->body.at == NULL)
        return broken(txn, err, "an item without a body", item->key.sk);
    return check_write(txn, item, err);
}

bool cc_txn_is_written(struct cc_txn *txn, struct cc_key key)
{
    return txn->ops->is_written(txn, key);
}

enum cc_code cc_txn_insert(struct cc_txn *txn, const struct cc_item *item, struct cc_err *err)
{
    enum cc_code rc = check_body(txn, item, err);

    return rc == CC_OK ? note(txn, txn->ops->insert(txn, item, err), err) : rc;
}

enum cc_code cc_txn_put(struct cc_txn *txn, const struct cc_item *item, struct cc_err *err)
{
    enum cc_code rc = check_body(txn, item, err);

    return rc == CC_OK ? note(txn, txn->ops->put(txn, item, err), err) : rc;
}

enum cc_code cc_txn_delete(struct cc_txn *txn, struct cc_key key, struct cc_err *err)
{
    const struct cc_item gone = { .key = key };
    enum cc_code rc = check_write(txn, &gone, err);

    return rc == CC_OK ? note(txn, txn->ops->remove(txn, key, err), err) : rc;
}
