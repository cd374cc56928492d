#include "sqlite.h"

#include <string.h>

/* Binding cannot fail: the indexes are ours, and what is bound is borrowed until the statement is
 * reset. */
static void bind_str(sqlite3_stmt *stmt, int at, struct cc_str s)
{
    sqlite3_bind_text64(stmt, at, s.at, s.len, SQLITE_STATIC, SQLITE_UTF8);
}

/* 0 means "none", which SQLite calls NULL: such rows are in no partial index. */
static void bind_or_null(sqlite3_stmt *stmt, int at, int64_t value)
{
    if (value > 0)
        sqlite3_bind_int64(stmt, at, value);
    else
        sqlite3_bind_null(stmt, at);
}

static struct sqlite_conn *conn_of(struct cc_txn *txn)
{
    return ((struct sqlite_txn *)txn)->conn;
}

/* As a blob: as text SQLite would first add a NUL, for which it may have no memory, and give a row
 * whose text is empty. */
struct cc_str sqlite_column(struct cc_arena *arena, sqlite3_stmt *stmt, int column)
{
    const void *at = sqlite3_column_blob(stmt, column);

    return cc_str_copy(arena,
                       (struct cc_str){ at ? at : "", (size_t)sqlite3_column_bytes(stmt, column) });
}

/* Columns 1 to 3 of a row: body, mrev, expires_ms. Absent columns read as 0. */
static void read_columns(struct cc_arena *arena, sqlite3_stmt *stmt, struct cc_item *out)
{
    out->body = sqlite_column(arena, stmt, 1);
    out->mrev = sqlite3_column_int64(stmt, 2);
    out->expires_ms = sqlite3_column_int64(stmt, 3);
}

enum cc_code sqlite_conn_find(struct sqlite_conn *conn, struct cc_arena *arena, struct cc_key key,
                              int64_t now_ms, struct cc_item *out, struct cc_err *err)
{
    sqlite3_stmt *stmt = sqlite_conn_stmt(conn, SQLITE_STMT_GET, err);
    enum cc_code rc = CC_OK;
    int step;

    if (stmt == NULL)
        return err->code;
    bind_str(stmt, 1, key.pk);
    bind_str(stmt, 2, key.sk);
    sqlite3_bind_int64(stmt, 3, now_ms);
    step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        out->key = key;
        read_columns(arena, stmt, out);
    } else {
        rc = step == SQLITE_DONE ? CC_NOT_FOUND : sqlite_conn_fail(conn, "get", err);
    }
    sqlite3_reset(stmt);
    return rc;
}

static enum cc_code get(struct cc_txn *txn, struct cc_key key, struct cc_item *out,
                        struct cc_err *err)
{
    return sqlite_conn_find(conn_of(txn), txn->arena, key, txn->now_ms, out, err);
}

static enum cc_code get_many(struct cc_txn *txn, const struct cc_key *keys, size_t count,
                             struct cc_item *out, struct cc_err *err)
{
    for (size_t i = 0; i < count; i++) {
        enum cc_code rc = get(txn, keys[i], &out[i], err);

        if (rc != CC_OK && rc != CC_NOT_FOUND)
            return rc;
    }
    return CC_OK;
}

/* Asking costs microseconds. */
static enum cc_code expect(struct cc_txn *txn, const struct cc_key *keys, size_t count,
                           struct cc_err *err)
{
    (void)txn;
    (void)keys;
    (void)count;
    (void)err;
    return CC_OK;
}

struct rows {
    struct cc_item *at;
    size_t count, room, limit;
    size_t size_bytes;
};

static void add_row(struct cc_arena *arena, struct rows *rows, struct cc_str pk, sqlite3_stmt *stmt)
{
    struct cc_item *item;

    if (rows->count == rows->room) {
        size_t room = rows->room ? rows->room * 2 : 16;

        rows->at = cc_arena_grow(arena, rows->at, rows->room * sizeof(*rows->at),
                                 room * sizeof(*rows->at));
        rows->room = room;
    }
    item = &rows->at[rows->count++];
    item->key = (struct cc_key){ pk, sqlite_column(arena, stmt, 0) };
    read_columns(arena, stmt, item);
    rows->size_bytes += cc_item_size(item);
}

/* Steps through the statement, whose LIMIT is one more than asked for, and resets it. */
static enum cc_code collect(struct cc_txn *txn, sqlite3_stmt *stmt, struct rows *rows,
                            struct cc_str pk, struct cc_items *out, struct cc_err *err)
{
    struct cc_str own_pk = cc_str_copy(txn->arena, pk);
    enum cc_code rc = CC_OK;
    bool more = false;
    int step;

    while ((step = sqlite3_step(stmt)) == SQLITE_ROW) {
        more = rows->count == rows->limit || rows->size_bytes >= CC_QUERY_BYTES_MAX;
        if (more)
            break;
        add_row(txn->arena, rows, own_pk, stmt);
    }
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        rc = sqlite_conn_fail(conn_of(txn), "query", err);
    sqlite3_reset(stmt);
    if (rc == CC_OK)
        *out = (struct cc_items){ rows->at, rows->count, more };
    return rc;
}

static enum cc_code query(struct cc_txn *txn, const struct cc_range *range, struct cc_items *out,
                          struct cc_err *err)
{
    enum sqlite_stmt which = range->newest_first ? SQLITE_STMT_DESCENDING : SQLITE_STMT_ASCENDING;
    sqlite3_stmt *stmt = sqlite_conn_stmt(conn_of(txn), which, err);
    struct rows rows = { .limit = range->limit };

    if (stmt == NULL)
        return err->code;
    bind_str(stmt, 1, range->pk);
    /* No text stands before the empty one or behind 0xff, which UTF-8 does not use. */
    bind_str(stmt, 2, range->from.at ? range->from : CC_STR(""));
    bind_str(stmt, 3, range->to.at ? range->to : CC_STR("\xff"));
    sqlite3_bind_int64(stmt, 4, txn->now_ms);
    sqlite3_bind_int64(stmt, 5, (int64_t)range->limit + 1);
    return collect(txn, stmt, &rows, range->pk, out, err);
}

static enum cc_code changed(struct cc_txn *txn, const struct cc_changed *range,
                            struct cc_items *out, struct cc_err *err)
{
    sqlite3_stmt *stmt = sqlite_conn_stmt(conn_of(txn), SQLITE_STMT_CHANGED, err);
    struct rows rows = { .limit = range->limit };

    if (stmt == NULL)
        return err->code;
    bind_str(stmt, 1, range->pk);
    sqlite3_bind_int64(stmt, 2, range->after);
    sqlite3_bind_int64(stmt, 3, range->up_to);
    sqlite3_bind_int64(stmt, 4, txn->now_ms);
    sqlite3_bind_int64(stmt, 5, (int64_t)range->limit + 1);
    return collect(txn, stmt, &rows, range->pk, out, err);
}

static enum cc_code finish_write(struct sqlite_conn *conn, sqlite3_stmt *stmt, const char *doing,
                                 struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    if (sqlite3_step(stmt) != SQLITE_DONE)
        rc = sqlite_conn_fail(conn, doing, err);
    sqlite3_reset(stmt);
    return rc;
}

static void bind_item(sqlite3_stmt *stmt, const struct cc_item *item)
{
    bind_str(stmt, 1, item->key.pk);
    bind_str(stmt, 2, item->key.sk);
    bind_str(stmt, 3, item->body);
    bind_or_null(stmt, 4, item->mrev);
    bind_or_null(stmt, 5, item->expires_ms);
}

static enum cc_code insert(struct cc_txn *txn, const struct cc_item *item, struct cc_err *err)
{
    struct sqlite_conn *conn = conn_of(txn);
    sqlite3_stmt *stmt = sqlite_conn_stmt(conn, SQLITE_STMT_INSERT, err);
    enum cc_code rc;

    if (stmt == NULL)
        return err->code;
    bind_item(stmt, item);
    sqlite3_bind_int64(stmt, 6, txn->now_ms);
    rc = finish_write(conn, stmt, "insert", err);
    if (rc == CC_OK && sqlite3_changes(conn->db) == 0)
        return CC_EXISTS;
    return rc;
}

enum cc_code sqlite_conn_put(struct sqlite_conn *conn, const struct cc_item *item,
                             struct cc_err *err)
{
    sqlite3_stmt *stmt = sqlite_conn_stmt(conn, SQLITE_STMT_PUT, err);

    if (stmt == NULL)
        return err->code;
    bind_item(stmt, item);
    return finish_write(conn, stmt, "put", err);
}

static enum cc_code put(struct cc_txn *txn, const struct cc_item *item, struct cc_err *err)
{
    return sqlite_conn_put(conn_of(txn), item, err);
}

static enum cc_code remove_item(struct cc_txn *txn, struct cc_key key, struct cc_err *err)
{
    struct sqlite_conn *conn = conn_of(txn);
    sqlite3_stmt *stmt = sqlite_conn_stmt(conn, SQLITE_STMT_DELETE, err);

    if (stmt == NULL)
        return err->code;
    bind_str(stmt, 1, key.pk);
    bind_str(stmt, 2, key.sk);
    return finish_write(conn, stmt, "delete", err);
}

/* Readers see one instant: to them it makes no difference. */
static bool is_written(struct cc_txn *base, struct cc_key key)
{
    (void)base, (void)key;
    return false;
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

void sqlite_txn_init(struct sqlite_txn *txn, struct sqlite_conn *conn, struct cc_arena *arena,
                     int64_t now_ms, bool read_only)
{
    cc_txn_init(&txn->base, &ops, arena, now_ms, read_only);
    txn->conn = conn;
}

enum cc_code sqlite_txn_sweep(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct sqlite_conn *conn = conn_of(txn);
    struct sqlite_sweep *sweep = arg;
    sqlite3_stmt *stmt = sqlite_conn_stmt(conn, SQLITE_STMT_SWEEP, err);
    enum cc_code rc;

    if (stmt == NULL)
        return err->code;
    sqlite3_bind_int64(stmt, 1, txn->now_ms);
    sqlite3_bind_int64(stmt, 2, (int64_t)sweep->limit);
    rc = finish_write(conn, stmt, "sweep", err);
    sweep->swept = (size_t)sqlite3_changes(conn->db);
    return rc;
}

/* What is found to be wrong comes as a row of text, or ends the reading. */
static enum cc_code judge(struct sqlite_conn *conn, sqlite3_stmt *stmt, struct cc_err *err)
{
    const char *found;

    if (sqlite3_step(stmt) != SQLITE_ROW)
        return sqlite_conn_fail(conn, "quick_check", err);
    found = (const char *)sqlite3_column_text(stmt, 0);
    if (found != NULL && strcmp(found, "ok") == 0)
        return CC_OK;
    return cc_fail(err, CC_INVALID, SQLITE_DAMAGED, "sqlite: quick_check: %s in %s",
                   found ? found : "no memory", conn->path);
}

enum cc_code sqlite_txn_verify(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct sqlite_conn *conn = conn_of(txn);
    sqlite3_stmt *stmt = sqlite_conn_stmt(conn, SQLITE_STMT_VERIFY, err);
    enum cc_code rc;

    (void)arg;
    if (stmt == NULL)
        return err->code;
    conn->examining = true;
    rc = judge(conn, stmt, err);
    conn->examining = false;
    sqlite3_reset(stmt);
    return rc;
}
